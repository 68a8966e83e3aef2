/* A board that runs bare-metal guests from an image in its RAM: QEMU with the platform's plugin, once for each power-on.
 * This is the runner of measurements that must not know the platform file: what it gives away of it is struct board_facts. */
#include "tracer/run.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>
#include <unistd.h>

struct guest_board {
    char *path;
    struct platform platform;
    int ram;          /* -1: none yet */
    uint8_t *mapping; /* of it, whole */
};

static int read_facts(struct guest_board *b, struct board_facts *facts, struct err *e) {
    const struct platform *p = &b->platform;
    char why[PLATFORM_ERROR_SIZE], *text;
    size_t size;
    if (platform_load(b->path, &b->platform, why) < 0)
        return err_set(e, ERR_INPUT, "%s", why);
    if (!p->ram)
        return err_set(e, ERR_INPUT, "%s: [memory] ram is missing: how large is the board's RAM?", b->path);
    if (!p->counter)
        return err_set(e, ERR_INPUT, "%s: [counter] address is missing: a guest could not measure anything", b->path);
    if (file_read(b->path, &text, &size, e) < 0)
        return -1;
    *facts = (struct board_facts){0x80000000, p->ram, p->uncached_base, p->uncached_size, p->counter, p->clock_hz, ""};
    snprintf(facts->digest, sizeof facts->digest, "%016" PRIx64 "%016" PRIx64, hash_bytes(text, size, 0), hash_bytes(text, size, 1));
    free(text);
    return 0;
}

struct guest_board *guest_open(const char *platform, struct board_facts *facts, struct err *e) {
    struct guest_board *b = mem_alloc(sizeof *b);
    b->path = str_dup(platform);
    b->ram = -1;
    if (read_facts(b, facts, e) < 0) {
        guest_close(b);
        return NULL;
    }
    return b;
}

static void drop_ram(struct guest_board *b) {
    if (b->mapping)
        munmap(b->mapping, b->platform.ram);
    if (b->ram >= 0)
        close(b->ram);
    b->mapping = NULL;
    b->ram = -1;
}

void guest_close(struct guest_board *b) {
    if (!b)
        return;
    drop_ram(b);
    free(b->path);
    free(b);
}

uint8_t *guest_reset(struct guest_board *b, struct err *e) {
    drop_ram(b);
    b->ram = memfd_create("potoroo-ram", 0); /* QEMU inherits it */
    if (b->ram < 0 || ftruncate(b->ram, (off_t)b->platform.ram) < 0) {
        err_set(e, ERR_INPUT, "%" PRIu64 " bytes of RAM: %s", b->platform.ram, strerror(errno));
        return NULL;
    }
    void *at = mmap(NULL, b->platform.ram, PROT_READ | PROT_WRITE, MAP_SHARED, b->ram, 0);
    if (at == MAP_FAILED) {
        err_set(e, ERR_INPUT, "mapping %" PRIu64 " bytes of RAM: %s", b->platform.ram, strerror(errno));
        return NULL;
    }
    return b->mapping = at;
}

static int run_child(struct guest_board *b, int words, double seconds, struct child_result *result, struct err *e) {
    struct qemu_line line = {0};
    char ram[40];
    snprintf(ram, sizeof ram, "/proc/self/fd/%d", b->ram);
    int rc = qemu_line_make_bare(&line, b->path, &b->platform, ram, e);
    if (rc == 0)
        rc = child_run(line.argv.data, (struct child_limits){.seconds = seconds}, -1, words, result, e);
    qemu_line_free(&line);
    return rc;
}

static int explain(struct guest_board *b, int words, double seconds, const struct child_result *result, struct err *e) {
    char text[600];
    ssize_t n = pread(words, text, sizeof text - 1, 0);
    if (result->timed_out)
        return err_set(e, ERR_INPUT, "%s: the guest did not power off within %g s", b->path, seconds);
    if (qemu_check_version(e) < 0)
        return -1;
    text[n > 0 ? n : 0] = 0;
    text[strcspn(text, "\n")] = 0;
    return err_set(e, ERR_INPUT, "%s: the guest or QEMU failed with status %d%s%s", b->path, result->status, *text ? ": " : "", text);
}

int guest_run(struct guest_board *b, double seconds, struct err *e) {
    struct child_result result = {0};
    int words = memfd_create("potoroo-words", 0);
    if (words < 0)
        return err_set(e, ERR_INPUT, "memfd_create: %s", strerror(errno));
    int rc = run_child(b, words, seconds, &result, e);
    if (rc == 0 && (result.timed_out || result.status))
        rc = explain(b, words, seconds, &result, e);
    close(words);
    return rc;
}

static int read_stamps(int fd, struct guest_stamp **stamps, size_t *n, struct err *e) {
    off_t size = lseek(fd, 0, SEEK_END);
    *n = size > 0 ? (size_t)size / sizeof **stamps : 0;
    *stamps = mem_alloc((*n + 1) * sizeof **stamps);
    if (size >= 0 && pread(fd, *stamps, *n * sizeof **stamps, 0) == (ssize_t)(*n * sizeof **stamps))
        return 0;
    free(*stamps);
    return err_set(e, ERR_INPUT, "the board's stamps cannot be read");
}

int guest_run_stamped(struct guest_board *b, double seconds, struct guest_stamp **stamps, size_t *n, struct err *e) {
    char path[40];
    int fd = memfd_create("potoroo-stamps", 0); /* QEMU inherits it */
    if (fd < 0)
        return err_set(e, ERR_INPUT, "memfd_create: %s", strerror(errno));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    setenv("POTOROO_STAMPS", path, 1);
    int rc = guest_run(b, seconds, e);
    unsetenv("POTOROO_STAMPS");
    if (rc == 0)
        rc = read_stamps(fd, stamps, n, e);
    close(fd);
    return rc;
}
