/* base: what every room needs and nothing that knows of WCET.
 *
 * Errors.   A function that can fail takes a `struct err *` last and returns 0, or a negative value after saying why in it.
 *           A caller that knows more adds to the chain with err_wrap and passes the failure on. Only the command prints.
 * Memory.   Running out of it ends the program with one line: there is no sensible way on. An arena owns all that an analysis
 *           makes and is released at once; a vector or map owns its storage until vec_free or map_free.
 * Files.    Results appear whole or not at all (written beside, then renamed); a full disk is an error with nothing lost. */
#ifndef POTOROO_BASE_H
#define POTOROO_BASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

/* ---- errors ------------------------------------------------------------------------------------------------------- */

/* The kinds are the command's exit codes. */
enum err_kind { ERR_NONE = 0, ERR_EXCEEDED = 1, ERR_USAGE = 2, ERR_INPUT = 3, ERR_INCOMPLETE = 4 };

struct err {
    enum err_kind kind;
    char text[1024]; /* outermost context first: "t.ptrace: frame 3: checksum does not match" */
};

/* Say what failed. Returns -1, so that a function can end with `return err_set(...)`. */
int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Put context before what is there, followed by ": ". Returns -1. */
int err_wrap(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- memory ------------------------------------------------------------------------------------------------------- */

void *mem_alloc(size_t size);              /* zeroed; the caller frees it with free() */
void *mem_resize(void *old, size_t size);  /* as realloc */
void *mem_aligned(size_t alignment, size_t size); /* not zeroed; a multiple of the power of two ALIGNMENT, as must be SIZE */
void *mem_large(size_t size);              /* not zeroed, aligned to 64 bytes, in large pages where the system has them: for what is touched here and there */
char *str_dup(const char *s);              /* the caller frees it */
char *str_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2))); /* the caller frees it */

struct arena; /* everything taken from it lives until arena_free */
struct arena *arena_new(void);
void arena_free(struct arena *a); /* a may be NULL */
void *arena_alloc(struct arena *a, size_t size); /* zeroed, aligned for any type */
char *arena_strdup(struct arena *a, const char *s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A growable array of T. All-zero is the empty vector.
 *   VEC(int) v = {0}; vec_push(&v, 3); for (size_t i = 0; i < v.len; i++) use(v.data[i]); vec_free(&v); */
#define VEC(T)            \
    struct {              \
        T *data;          \
        size_t len, cap;  \
    }
void *vec_grow_(void *data, size_t *cap, size_t need, size_t size);
#define vec_reserve(v, n) \
    ((n) > (v)->cap ? ((v)->data = vec_grow_((v)->data, &(v)->cap, (n), sizeof *(v)->data), (void)0) : (void)0)
#define vec_push(v, x)                   \
    do {                                 \
        vec_reserve((v), (v)->len + 1);  \
        (v)->data[(v)->len++] = (x);     \
    } while (0)
#define vec_free(v) (free((v)->data), (v)->data = NULL, (v)->len = (v)->cap = 0)

/* A hash map from u64 to u64. All-zero is the empty map. Iteration order is not defined: sort before printing. */
struct map {
    uint64_t *keys, *values;
    unsigned char *used;
    size_t len, cap;
};
bool map_get(const struct map *m, uint64_t key, uint64_t *value); /* false: not there, *value untouched */
void map_put(struct map *m, uint64_t key, uint64_t value);        /* adds or replaces */
void map_free(struct map *m);
uint64_t hash_bytes(const void *data, size_t size, uint64_t seed); /* xxHash, XXH3 64 */
/* hash_bytes with seed 0 of all that is added, a piece at a time. */
struct hash_stream;
struct hash_stream *hash_begin(void);
void hash_add(struct hash_stream *h, const void *data, size_t size);
uint64_t hash_end(struct hash_stream *h);  /* frees h */

/* ---- files -------------------------------------------------------------------------------------------------------- */

/* The whole file, followed by a NUL that *size does not count. The caller frees *data. */
int file_read(const char *path, char **data, size_t *size, struct err *e);
/* The same for a large file that is only read: mapped. Undo with file_unmap. An empty file maps to a non-NULL pointer. */
int file_map(const char *path, const uint8_t **data, size_t *size, struct err *e);
void file_unmap(const uint8_t *data, size_t size);
/* The memory that holds bytes FROM to TO of a mapped file may be used otherwise: they are read again when they are needed. */
void file_let_go(const uint8_t *data, size_t from, size_t to);
/* hash_bytes, with seed 0, of the whole file. */
int file_hash(const char *path, uint64_t *hash, struct err *e);

/* Write beside PATH; atomic_commit flushes, checks every write and renames; atomic_abort leaves no trace. */
struct atomic_file;
struct atomic_file *atomic_open(const char *path, struct err *e); /* NULL on failure */
FILE *atomic_stream(struct atomic_file *f);                       /* borrowed */
int atomic_commit(struct atomic_file *f, struct err *e);          /* frees f in either case */
void atomic_abort(struct atomic_file *f);                         /* frees f; f may be NULL */

/* An INI file, entry by entry (inih). The handler gets section "" before the first header and key NULL at each section's header;
 * it returns 0, or -1 after err_set: the file and line are added to the chain here. */
typedef int ini_entry_fn(void *user, const char *section, const char *key, const char *value, int line, struct err *e);
int ini_each(const char *path, ini_entry_fn *handler, void *user, struct err *e);

/* Canonical JSON: sorted keys, two spaces, a newline at the end. PATH NULL writes to standard output. */
int json_write(const json_t *value, const char *path, struct err *e);

/* A number in decimal or 0x… hexadecimal, the whole string. -1 if it is not one or does not fit. */
int parse_u64(const char *s, uint64_t *out);

/* ---- child processes ---------------------------------------------------------------------------------------------- */

struct child_limits {
    double seconds;   /* wall clock; required, > 0 */
    uint64_t bytes;   /* address space (RLIMIT_AS); 0 = unlimited */
};
struct child_result {
    int status;       /* exit status, or 128 + signal */
    bool timed_out;
};
/* Run ARGV to its end in a process group of its own that dies with us, standard input from /dev/null. OUT_FD and ERR_FD
 * (-1: /dev/null) become its standard output and error. -1 if it could not be started. */
int child_run(char *const argv[], struct child_limits limits, int out_fd, int err_fd, struct child_result *result, struct err *e);
/* The same without waiting: *pid is the group's leader; end it with child_wait (which kills the group at the deadline). */
int child_start(char *const argv[], struct child_limits limits, int out_fd, int err_fd, pid_t *pid, struct err *e);
int child_wait(pid_t pid, struct child_limits limits, struct child_result *result, struct err *e);
void child_kill(pid_t pid); /* the whole group, then reaps the leader */

/* ---- progress ----------------------------------------------------------------------------------------------------- */

/* On a terminal's standard error only, and only after two seconds; otherwise silent. */
struct progress;
struct progress *progress_begin(const char *what, uint64_t total); /* total 0: unknown */
void progress_at(struct progress *p, uint64_t done);
void progress_end(struct progress *p);

#endif
