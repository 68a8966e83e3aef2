/* Other programs' formats for `potoroo dump`. Internal to the command. */
#ifndef POTOROO_ANALYZER_DUMP_FORMAT_H
#define POTOROO_ANALYZER_DUMP_FORMAT_H

#include "tracer/tracer.h"

/* What a record is of. Unknown without the kernel for probes; then everything is a point. */
enum record_kind { RECORD_POINT, RECORD_ENTER, RECORD_LEAVE };

struct format_sink;
/* One format: made for one trace, takes its records in order. PLACE: where the point is in the kernel, "" if not known. */
struct format {
    /* OUTPUT: where to write, NULL for standard output. NULL on failure. */
    struct format_sink *(*open)(const char *output, const struct trace_info *info, struct err *e);
    int (*record)(struct format_sink *s, const struct trace_record *r, enum record_kind kind, const char *place, struct err *e);
    int (*close)(struct format_sink *s, uint64_t lost_at_end, struct err *e); /* frees it in any case */
};
extern const struct format format_ctf;    /* a folder: CTF 1.8 */
extern const struct format format_chrome; /* JSON of Chrome's tracing and of Perfetto */

#endif
