/* bench_trace T.ptrace: how fast the reader goes through a trace, against zstd unpacking the same file. Exit code 1 below a quarter. */
#include "tracer/tracer.h"

#include <time.h>
#include <zstd.h>

static double cpu(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Seconds; *bytes unpacked. */
static double unpack(const char *path, uint64_t *bytes) {
    static char out[1 << 17];
    struct err e;
    const uint8_t *data;
    size_t size;
    if (file_map(path, &data, &size, &e) < 0)
        return -1;
    double begun = cpu();
    ZSTD_DCtx *z = ZSTD_createDCtx();
    ZSTD_inBuffer in = {data, size, 0};
    *bytes = 0;
    while (in.pos < in.size) {
        ZSTD_outBuffer o = {out, sizeof out, 0};
        if (ZSTD_isError(ZSTD_decompressStream(z, &o, &in)))
            return -1;
        *bytes += o.pos;
    }
    ZSTD_freeDCtx(z);
    double took = cpu() - begun;
    file_unmap(data, size);
    return took;
}

static double ingest(const char *path, uint64_t *records, uint64_t *size) {
    struct trace_batch b;
    struct err e;
    double begun = cpu();
    struct trace_reader *t = trace_open(path, &e);
    uint64_t last = 0;
    int rc;
    if (!t)
        return -1;
    for (*records = 0; (rc = trace_next_batch(t, &b, &e)) > 0; *records += b.count)
        for (uint32_t i = 0; i < b.count; i++)
            last += (b.near ? b.near[i] : b.step[i]) + b.point[i];
    *size = trace_size(t);
    trace_close(t);
    return rc < 0 || (*records && !last) ? -1 : cpu() - begun;
}

int main(int argc, char **argv) {
    uint64_t bytes = 0, records = 0, size = 0;
    double zstd = 1e9, own = 1e9;
    if (argc != 2)
        return ERR_USAGE;
    for (int i = 0; i < 15; i++) { /* the least of many: others share this machine */
        double a = unpack(argv[1], &bytes), b = ingest(argv[1], &records, &size);
        if (a < 0 || b < 0)
            return ERR_INPUT;
        zstd = a < zstd ? a : zstd;
        own = b < own ? b : own;
    }
    printf("%llu records, %.2f bytes each; read at %.1f ns a record, %.2f of the rate of zstd alone\n", (unsigned long long)records,
           (double)size / (double)(records ? records : 1), own * 1e9 / (double)(records ? records : 1), zstd / own);
    return own > 4 * zstd;
}
