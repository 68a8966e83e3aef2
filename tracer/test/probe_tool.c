/* probe_insert on a file, for the golden tests: probe_tool FILE.s prints what it gives, or the error. */
#include "tracer/tracer.h"

int main(int argc, char **argv) {
    struct err e;
    char *text;
    size_t size;
    if (argc != 2 || file_read(argv[1], &text, &size, &e) < 0)
        return ERR_USAGE;
    int rc = probe_insert(text, size, "in.c", PROBES_ALL, stdout, &e);
    free(text);
    if (rc < 0)
        fprintf(stderr, "%d %s\n", (int)e.kind, e.text);
    return rc < 0 ? ERR_INPUT : 0;
}
