#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(const char *path, struct err *e) { return err_set(e, ERR_INPUT, "%s: %s", path, strerror(errno)); }

static int open_regular(const char *path, size_t *size, struct err *e) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(path, e);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return err_set(e, ERR_INPUT, "%s: not a regular file", path);
    }
    *size = (size_t)st.st_size;
    return fd;
}

int file_read(const char *path, char **data, size_t *size, struct err *e) {
    int fd = open_regular(path, size, e);
    if (fd < 0)
        return -1;
    char *p = mem_alloc(*size + 1);
    size_t got = 0;
    for (ssize_t n; got < *size && (n = read(fd, p + got, *size - got)) != 0; got += (size_t)n)
        if (n < 0) {
            fail(path, e);
            free(p);
            close(fd);
            return -1;
        }
    close(fd);
    *size = got; /* the file may have shrunk */
    *data = p;
    return 0;
}

static const uint8_t nothing[1];

int file_map(const char *path, const uint8_t **data, size_t *size, struct err *e) {
    int fd = open_regular(path, size, e);
    if (fd < 0)
        return -1;
    void *p = *size ? mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0) : (void *)nothing;
    close(fd);
    if (p == MAP_FAILED)
        return fail(path, e);
    *data = p;
    return 0;
}

void file_unmap(const uint8_t *data, size_t size) {
    if (data && data != nothing)
        munmap((void *)(uintptr_t)data, size);
}

void file_let_go(const uint8_t *data, size_t from, size_t to) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE), first = (from + page - 1) / page * page, last = to / page * page;
    if (data != nothing && first < last)
        madvise((void *)(uintptr_t)(data + first), last - first, MADV_DONTNEED);
}

int file_hash(const char *path, uint64_t *hash, struct err *e) {
    enum { PIECE = 1 << 18 };
    size_t size;
    int fd = open_regular(path, &size, e);
    if (fd < 0)
        return -1;
    char *piece = mem_alloc(PIECE);
    struct hash_stream *h = hash_begin();
    ssize_t n;
    while ((n = read(fd, piece, PIECE)) > 0)
        hash_add(h, piece, (size_t)n);
    int rc = n < 0 ? fail(path, e) : 0;
    close(fd);
    free(piece);
    *hash = hash_end(h);
    return rc;
}

struct atomic_file {
    FILE *stream;
    char *path, *beside;
};

struct atomic_file *atomic_open(const char *path, struct err *e) {
    struct atomic_file *f = mem_alloc(sizeof *f);
    f->path = str_dup(path);
    f->beside = str_printf("%s.tmp%ld", path, (long)getpid());
    f->stream = fopen(f->beside, "we");
    if (f->stream)
        return f;
    fail(path, e);
    atomic_abort(f);
    return NULL;
}

FILE *atomic_stream(struct atomic_file *f) { return f->stream; }

void atomic_abort(struct atomic_file *f) {
    if (!f)
        return;
    if (f->stream) {
        fclose(f->stream);
        unlink(f->beside);
    }
    free(f->path);
    free(f->beside);
    free(f);
}

int atomic_commit(struct atomic_file *f, struct err *e) {
    bool bad = ferror(f->stream) || fflush(f->stream) != 0;
    bad = fclose(f->stream) != 0 || bad;
    f->stream = NULL;
    bad = bad || rename(f->beside, f->path) < 0;
    int rc = 0;
    if (bad) {
        rc = fail(f->path, e);
        unlink(f->beside);
    }
    atomic_abort(f);
    return rc;
}

/* inih does not tell its handler the line, but it asks our reader for one line at a time. */
struct ini_state {
    FILE *in;
    int line;
    bool failed, long_line;
    ini_entry_fn *handler;
    void *user;
    char section[128];
    struct err *e;
};

static char *next_line(char *buffer, int size, void *stream) {
    struct ini_state *s = stream;
    if (s->failed || !fgets(buffer, size, s->in))
        return NULL;
    s->line++;
    size_t n = strlen(buffer);
    if (n + 1 == (size_t)size && buffer[n - 1] != '\n') {
        s->failed = true;
        err_set(s->e, ERR_INPUT, "the line is longer than %d bytes", size - 2);
        return NULL;
    }
    return buffer;
}

static int on_entry(void *user, const char *section, const char *key, const char *value) {
    struct ini_state *s = user;
    if (s->failed)
        return 1;
    if (strcmp(section, s->section) != 0) {
        snprintf(s->section, sizeof s->section, "%s", section);
        s->failed = s->handler(s->user, section, NULL, NULL, s->line, s->e) < 0;
    }
    if (!s->failed)
        s->failed = s->handler(s->user, section, key, value, s->line, s->e) < 0;
    return 1;
}

int ini_each(const char *path, ini_entry_fn *handler, void *user, struct err *e) {
    struct ini_state s = {.handler = handler, .user = user, .e = e};
    size_t size;
    int fd = open_regular(path, &size, e);
    if (fd < 0)
        return -1;
    s.in = fdopen(fd, "r");
    int bad = ini_parse_stream(next_line, &s, on_entry, &s);
    fclose(s.in);
    if (s.failed)
        return err_wrap(e, "%s:%d", path, s.line);
    if (bad)
        return err_set(e, ERR_INPUT, "%s:%d: neither a [section] nor key = value", path, bad);
    return 0;
}

int json_write(const json_t *value, const char *path, struct err *e) {
    const size_t flags = JSON_INDENT(2) | JSON_SORT_KEYS;
    if (!path) {
        bool bad = json_dumpf(value, stdout, flags) < 0 || putchar('\n') == EOF || fflush(stdout) != 0;
        return bad ? err_set(e, ERR_INPUT, "standard output: %s", strerror(errno)) : 0;
    }
    struct atomic_file *f = atomic_open(path, e);
    if (!f)
        return -1;
    json_dumpf(value, f->stream, flags);
    fputc('\n', f->stream);
    return atomic_commit(f, e);
}

int parse_u64(const char *s, uint64_t *out) {
    char *end;
    if (*s < '0' || *s > '9')
        return -1;
    bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
    errno = 0;
    unsigned long long v = strtoull(s, &end, hex ? 16 : 10);
    if (errno || *end || (hex && !s[2]))
        return -1;
    *out = v;
    return 0;
}
