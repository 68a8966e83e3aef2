/* A diff for people: text for a terminal, Markdown for a pull request. */
#include "analyzer/diff.h"

#include <inttypes.h>

enum { CAUSES_SHOWN = 5 };

const char *diff_verdict(const struct entry_diff *x) { return x->verdict == VERDICT_FAIL ? "FAIL" : x->verdict == VERDICT_NEW ? "new" : "ok"; }

static bool is_noise(enum part p) { return p == PART_LINES || p == PART_LAYOUT || p == PART_MEASURED; }

/* Of work: the largest growth in the function whose net growth is largest (a change often removes some blocks and adds others). */
static const struct cause *lead_of_work(const struct entry_diff *x) {
    const struct cause *lead = NULL;
    int64_t most = 0;
    for (size_t i = 0; i < x->causes.len; i++) {
        const struct cause *c = &x->causes.data[i];
        int64_t net = 0;
        for (size_t k = 0; k < x->causes.len; k++)
            if (!is_noise(x->causes.data[k].part) && strcmp(x->causes.data[k].function, c->function) == 0)
                net += x->causes.data[k].cycles;
        if (!is_noise(c->part) && c->cycles > 0 && net > most) {
            most = net;
            lead = c;
        }
    }
    return lead;
}

const struct cause *diff_lead(const struct entry_diff *x) {
    const struct cause *c = x->work > 0 ? lead_of_work(x) : NULL;
    return c ? c : x->causes.len ? &x->causes.data[0] : NULL;
}

void cause_describe(const struct cause *c, char *text, size_t size) {
    static const char *const words[PARTS] = {
        [PART_CODE] = "its code changed", [PART_ADDED] = "new code", [PART_REMOVED] = "code that is gone", [PART_COUNT] = "runs more or less often",
        [PART_PATH] = "the worst path goes another way", [PART_LINES] = "its code lies on more or fewer cache lines",
        [PART_LAYOUT] = "same instructions, other cache contents", [PART_MEASURED] = "same binary, measured again",
        [PART_REST] = "bound above its path"};
    int n = snprintf(text, size, "%+" PRId64 " cycles in %s (%s:%d): %s", c->cycles, c->function, *c->file ? c->file : "?", c->line, words[c->part]);
    if (n < 0 || (size_t)n >= size)
        return;
    if (c->part == PART_COUNT)
        snprintf(text + n, size - (size_t)n, ", %" PRId64 " → %" PRId64 " times", c->old_count, c->new_count);
    else if (c->old_count && c->new_count)
        snprintf(text + n, size - (size_t)n, ", %" PRId64 " → %" PRId64 " cycles, %" PRId64 " times", c->old_cost, c->new_cost, c->new_count);
}

static void bound_text(char *text, size_t size, bool has, int64_t v) {
    if (has)
        snprintf(text, size, "%" PRId64, v);
    else
        snprintf(text, size, "-");
}

struct cells {
    char from[24], to[24], change[24], share[24], observed[64];
};

static struct cells cells_of(const struct entry_diff *x) {
    struct cells c = {.change = "-", .share = "-"};
    bound_text(c.from, sizeof c.from, x->has_old, x->old_bound);
    bound_text(c.to, sizeof c.to, x->has_new, x->new_bound);
    if (x->has_old && x->has_new) {
        snprintf(c.change, sizeof c.change, "%+" PRId64, x->change);
        if (x->old_bound)
            snprintf(c.share, sizeof c.share, "%+.2f%%", 100.0 * (double)x->change / (double)x->old_bound);
    }
    snprintf(c.observed, sizeof c.observed, "%" PRId64 " → %" PRId64, x->old_observed, x->new_observed);
    return c;
}

static void print_parts(const struct entry_diff *x, FILE *out) {
    const char *comma = "";
    for (int k = 0; k < PARTS; k++)
        if (x->part[k]) {
            fprintf(out, "%s%s %+" PRId64, comma, part_name[k], x->part[k]);
            comma = ", ";
        }
}

/* The causes in order of size; those of work first where work is what failed. */
static void print_why(const struct entry_diff *x, const char *indent, FILE *out) {
    char text[512];
    const struct cause *lead = diff_lead(x);
    for (size_t i = 0; i < x->reasons.len; i++)
        fprintf(out, "%s%s\n", indent, x->reasons.data[i]);
    if (x->change || x->work) {
        fprintf(out, "%sthe change of %+" PRId64 " is: ", indent, x->change);
        print_parts(x, out);
        fputc('\n', out);
    }
    if (lead) {
        cause_describe(lead, text, sizeof text);
        fprintf(out, "%s%s\n", indent, text);
    }
    for (size_t i = 0, shown = 1; i < x->causes.len && shown < CAUSES_SHOWN; i++) {
        if (&x->causes.data[i] == lead || (is_noise(x->causes.data[i].part) && !x->part[x->causes.data[i].part]))
            continue;
        cause_describe(&x->causes.data[i], text, sizeof text);
        fprintf(out, "%s%s\n", indent, text);
        shown++;
    }
    for (size_t i = 0; i < x->constraints.len; i++)
        fprintf(out, "%s%s constraint: %s\n", indent, x->constraints.data[i].added ? "new" : "dropped", x->constraints.data[i].text);
}

static void print_functions(const struct diff *d, const char *indent, FILE *out) {
    static const char *const words[] = {"changed", "new", "gone"};
    for (size_t i = 0; i < d->functions.len; i++)
        fprintf(out, "%s%s: %s (%s:%d)\n", indent, words[d->functions.data[i].change], d->functions.data[i].name, d->functions.data[i].file, d->functions.data[i].line);
}

static void print_summary(const struct diff *d, FILE *out) {
    fprintf(out, "%zu entries, %zu failed%s\n", d->entries.len, d->failed, d->same_binary ? " (the same binary)" : "");
}

void diff_print_text(const struct diff *d, bool color, bool quiet, FILE *out) {
    int width = 5;
    for (size_t i = 0; i < d->entries.len; i++)
        width = (int)strlen(d->entries.data[i].name) > width ? (int)strlen(d->entries.data[i].name) : width;
    if (!quiet)
        fprintf(out, "%-*s %10s %10s %9s %9s  %-6s %s\n", width, "entry", "old", "new", "change", "", "gate", "observed max");
    for (size_t i = 0; i < d->entries.len; i++) {
        const struct entry_diff *x = &d->entries.data[i];
        struct cells c = cells_of(x);
        const char *on = !color ? "" : x->verdict == VERDICT_FAIL ? "\033[31m" : x->change < 0 ? "\033[32m" : "", *off = *on ? "\033[0m" : "";
        if (!quiet || x->verdict == VERDICT_FAIL)
            fprintf(out, "%s%-*s %10s %10s %9s %9s  %-6s%s %s\n", on, width, x->name, c.from, c.to, c.change, c.share, diff_verdict(x), off, c.observed);
    }
    for (size_t i = 0; i < d->entries.len; i++) {
        const struct entry_diff *x = &d->entries.data[i];
        if (x->verdict != VERDICT_FAIL && (quiet || (!x->change && !x->constraints.len)))
            continue;
        fprintf(out, "\n%s: %s\n", x->name, diff_verdict(x));
        print_why(x, "  ", out);
    }
    if (d->functions.len && !quiet) {
        fputs("\ncode\n", out);
        print_functions(d, "  ", out);
    }
    if (!quiet)
        fputc('\n', out);
    print_summary(d, out);
}

void diff_print_markdown(const struct diff *d, FILE *out) {
    fprintf(out, "### Worst-case latency: %s\n\n", d->failed ? "regressed" : "fine");
    fputs("| entry | old bound | new bound | change | | observed max | gate |\n|---|---:|---:|---:|---:|---:|---|\n", out);
    for (size_t i = 0; i < d->entries.len; i++) {
        const struct entry_diff *x = &d->entries.data[i];
        struct cells c = cells_of(x);
        fprintf(out, "| `%s` | %s | %s | %s | %s | %s | %s |\n", x->name, c.from, c.to, c.change, c.share, c.observed, x->verdict == VERDICT_FAIL ? "**FAIL**" : diff_verdict(x));
    }
    for (size_t i = 0; i < d->entries.len; i++) {
        const struct entry_diff *x = &d->entries.data[i];
        if (x->verdict != VERDICT_FAIL)
            continue;
        fprintf(out, "\n**`%s`**\n\n", x->name);
        print_why(x, "- ", out);
    }
    if (d->functions.len) {
        fputs("\n<details><summary>Changed code</summary>\n\n", out);
        print_functions(d, "- ", out);
        fputs("\n</details>\n", out);
    }
    fputc('\n', out);
    print_summary(d, out);
}
