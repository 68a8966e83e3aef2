/* Hostile traces: the reader, built without its checks of checksums (TRACE_UNCHECKED) and with sanitizers, on mutated files.
 *
 *   trace_fuzz ROUNDS [SEED]    mutates a small trace: its bytes, or the unpacked contents of its frames, packed again
 * Built with -fsanitize=fuzzer -DLIBFUZZER it is a libFuzzer target instead. Whatever the bytes: no crash, no undefined behaviour, an
 * end, and time that never runs backwards. */
#include "tracer/trace_format.h"

#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

static void check(bool good, const char *what) {
    if (!good) {
        fprintf(stderr, "trace_fuzz: %s\n", what);
        abort();
    }
}

/* PART NULL: from the beginning. */
static void read_part(const char *path, size_t size, const struct trace_part *part) {
    struct trace_record r;
    struct err e;
    uint64_t last = 0, records = 0, errors = 0;
    struct trace_reader *t = trace_open(path, &e);
    if (t && part)
        trace_seek(t, part);
    for (int rc; t && (rc = trace_next(t, &r, &e)) != 0;) {
        check(rc < 0 || r.cycle >= last, "time ran backwards");
        last = rc < 0 ? last : r.cycle;
        records += rc > 0;
        errors += rc < 0;
        check(errors <= size && records <= (uint64_t)FRAME_TOKENS * size, "no end");
    }
    trace_close(t);
}

static void read_bytes(const uint8_t *data, size_t size) {
    struct trace_part part[4];
    struct err e;
    char path[40];
    int fd = memfd_create("trace_fuzz", 0);
    check(fd >= 0 && write(fd, data, size) == (ssize_t)size, "memfd");
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct trace_reader *t = trace_open(path, &e);
    unsigned parts = t ? trace_split(t, part, 4) : 0;
    trace_close(t);
    read_part(path, size, NULL);
    for (unsigned i = 1; i < parts; i++)
        read_part(path, size, &part[i]);
    close(fd);
}

#ifdef LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    read_bytes(data, size);
    return 0;
}
#else

static uint64_t state;

static uint64_t rnd(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static void mutate(uint8_t *p, size_t size) {
    static const uint8_t values[] = {0, 1, 3, 4, 5, 6, 7, 8, 0x7f, 0x80, 0x85, 0xfe, 0xff};
    for (uint64_t n = 1 + rnd(4); size && n; n--)
        p[rnd(size)] = rnd(2) ? values[rnd(sizeof values)] : (uint8_t)rnd(256);
}

/* Behind the head: its frames again, each unpacked, mutated, packed, and its sizes put right. Returns the new size. */
static size_t mutate_frames(const uint8_t *in, size_t size, uint8_t *out) {
    static uint8_t raw[1 << 16];
    size_t at = CHUNK_HEAD + HEADER_SIZE, to = at;
    memcpy(out, in, at);
    while (at + CHUNK_HEAD + FRAME_SIZE < size && memcmp(in + at + CHUNK_HEAD, FRAME_MARK, 8) == 0) {
        const uint8_t *packed = in + at + CHUNK_HEAD + FRAME_SIZE;
        uint8_t *body = out + to + CHUNK_HEAD;
        uint32_t from = get32(in + at + CHUNK_HEAD + 52);
        memcpy(out + to, in + at, CHUNK_HEAD + FRAME_SIZE);
        size_t n = ZSTD_decompress(raw, sizeof raw, packed, from);
        check(!ZSTD_isError(n), "the trace that all begins with");
        if (rnd(2))
            mutate(raw, n);
        if (rnd(8) == 0)
            mutate(body + 8, 48);
        size_t m = ZSTD_compress(body + FRAME_SIZE, ZSTD_compressBound(sizeof raw), raw, n, 1);
        put32(body + 52, (uint32_t)m);
        at += CHUNK_HEAD + FRAME_SIZE + from;
        to += CHUNK_HEAD + FRAME_SIZE + m;
    }
    memcpy(out + to, in + at, size - at);
    return to + size - at;
}

static void make_trace(const char *path) {
    static const struct trace_info info = {.isa = "rv64", .build_id = "00", .platform = "11", .clock_hz = 1};
    struct err e;
    struct trace_writer *w = trace_create(path, &info, &e);
    check(w, "cannot write");
    for (uint64_t i = 0, cycle = 0; i < 400; i++) {
        if (rnd(30) == 0)
            trace_append_lost(w, 1 + rnd(1000), &e);
        if (i % 5 == 0)
            trace_phrase(w, &e);
        trace_append(w, 0x80000000 + 4 * (rnd(8) ? i % 10 : rnd(12)), cycle += rnd(20) ? rnd(60) : rnd(1u << 30), &e);
    }
    check(trace_commit(w, &e) == 0, "cannot write");
}

int main(int argc, char **argv) {
    struct err e;
    char *file, path[] = "/tmp/potoroo-fuzz-XXXXXX";
    size_t size, n;
    uint64_t rounds = 0, seed = 1;
    if (argc < 2 || parse_u64(argv[1], &rounds) < 0 || (argc > 2 && parse_u64(argv[2], &seed) < 0))
        return ERR_USAGE;
    state = seed * 2654435769u + 1;
    int fd = mkstemp(path);
    check(fd >= 0, "mkstemp");
    close(fd);
    make_trace(path);
    check(file_read(path, &file, &size, &e) == 0, "cannot read");
    unlink(path);
    uint8_t *mutant = mem_alloc(4 * size + (1 << 20));
    for (uint64_t i = 0; i < rounds; i++) {
        if (rnd(2)) {
            n = mutate_frames((uint8_t *)file, size, mutant);
        } else {
            memcpy(mutant, file, n = size);
            mutate(mutant + CHUNK_HEAD + HEADER_SIZE, size - CHUNK_HEAD - HEADER_SIZE);
            if (rnd(4) == 0)
                mutate(mutant, size);
            n = rnd(4) ? n : rnd(n);
        }
        read_bytes(mutant, n);
    }
    free(mutant);
    free(file);
    printf("  %llu mutated traces\n1 passed, 0 failed\n", (unsigned long long)rounds);
    return 0;
}
#endif
