#include "base/base.h"

#include <stdarg.h>

int err_set(struct err *e, enum err_kind kind, const char *fmt, ...) {
    va_list ap;
    e->kind = kind;
    va_start(ap, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    return -1;
}

int err_wrap(struct err *e, const char *fmt, ...) {
    char text[sizeof e->text];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (n >= 0 && (size_t)n < sizeof text - 3)
        snprintf(text + n, sizeof text - (size_t)n, ": %s", e->text);
    memcpy(e->text, text, sizeof text);
    return -1;
}
