/* A diff for machines: JSON, JUnit, SARIF 2.1.0. */
#include "analyzer/diff_match.h"

#include <inttypes.h>

/* ---- JSON ------------------------------------------------------------------------------------------------------------ */

static json_t *side(const struct result *r) { return json_pack("{s:s,s:s,s:s}", "file", r->path, "kernel", r->kernel, "build_id", r->build_id); }

static json_t *entry_side(const json_t *entry) {
    if (!entry)
        return json_null();
    return json_pack("{s:O?,s:O?,s:O?}", "bound", json_object_get(entry, "bound"), "observed_max", json_object_get(entry, "observed_max"), "status",
                     json_object_get(entry, "status"));
}

static json_t *cause_json(const struct cause *c) {
    return json_pack("{s:s,s:s,s:s,s:i,s:I,s:I,s:I,s:I,s:I}", "part", part_name[c->part], "function", c->function, "file", c->file, "line", c->line, "cycles",
                     (json_int_t)c->cycles, "old_count", (json_int_t)c->old_count, "old_cost", (json_int_t)c->old_cost, "new_count", (json_int_t)c->new_count,
                     "new_cost", (json_int_t)c->new_cost);
}

static json_t *entry_json(const struct entry_diff *x) {
    static const char *const verdict[] = {"pass", "fail", "new"};
    const struct cause *lead = diff_lead(x);
    json_t *parts = json_object(), *causes = json_array(), *constraints = json_array(), *reasons = json_array();
    for (int k = 0; k < PARTS; k++)
        json_object_set_new(parts, part_name[k], json_integer((json_int_t)x->part[k]));
    for (size_t i = 0; i < x->causes.len; i++)
        json_array_append_new(causes, cause_json(&x->causes.data[i]));
    for (size_t i = 0; i < x->constraints.len; i++)
        json_array_append_new(constraints, json_pack("{s:s,s:s,s:s}", "change", x->constraints.data[i].added ? "added" : "removed", "kind",
                                                     x->constraints.data[i].kind, "text", x->constraints.data[i].text));
    for (size_t i = 0; i < x->reasons.len; i++)
        json_array_append_new(reasons, json_string(x->reasons.data[i]));
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "name", x->name, "verdict", verdict[x->verdict], "reasons", reasons, "old",
                     entry_side(x->old_entry), "new", entry_side(x->new_entry), "change", (json_int_t)x->change, "work", (json_int_t)x->work, "observed_change",
                     (json_int_t)(x->new_observed - x->old_observed), "parts", parts, "causes", causes, "constraints", constraints, "lead", lead ? cause_json(lead) : json_null());
}

json_t *diff_json(const struct diff *d) {
    static const char *const change[] = {"changed", "added", "removed"};
    json_t *entries = json_array(), *functions = json_array();
    for (size_t i = 0; i < d->entries.len; i++)
        json_array_append_new(entries, entry_json(&d->entries.data[i]));
    for (size_t i = 0; i < d->functions.len; i++)
        json_array_append_new(functions, json_pack("{s:s,s:s,s:s,s:i}", "name", d->functions.data[i].name, "change", change[d->functions.data[i].change], "file",
                                                   d->functions.data[i].file, "line", d->functions.data[i].line));
    return json_pack("{s:s,s:o,s:o,s:b,s:I,s:o,s:o,s:{s:I,s:I}}", "tool", "potoroo 0.1", "old", side(d->from), "new", side(d->to), "same_binary", d->same_binary, "line_cost", (json_int_t)d->line_cost, "entries",
                     entries, "functions", functions, "summary", "entries", (json_int_t)d->entries.len, "failed", (json_int_t)d->failed);
}

/* ---- JUnit ----------------------------------------------------------------------------------------------------------- */

/* XML 1.0 has no control characters but tab and newline, escaped or not. */
static void xml_print(const char *s, FILE *out) {
    for (; *s; s++)
        switch (*s) {
        case '&': fputs("&amp;", out); break;
        case '<': fputs("&lt;", out); break;
        case '>': fputs("&gt;", out); break;
        case '"': fputs("&quot;", out); break;
        default: fputc((unsigned char)*s < ' ' && *s != '\n' && *s != '\t' ? '?' : *s, out);
        }
}

static void junit_failure(const struct entry_diff *x, FILE *out) {
    char text[512] = "";
    fputs("    <failure type=\"latency\" message=\"", out);
    xml_print(x->reasons.data[0], out);
    fputs("\">", out);
    for (size_t i = 0; i < x->reasons.len; i++) {
        xml_print(x->reasons.data[i], out);
        fputc('\n', out);
    }
    const struct cause *lead = diff_lead(x);
    if (lead)
        cause_describe(lead, text, sizeof text);
    xml_print(text, out);
    fputs("</failure>\n", out);
}

void diff_print_junit(const struct diff *d, FILE *out) {
    fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"potoroo\" tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", d->entries.len, d->failed);
    fprintf(out, "  <testsuite name=\"worst-case latency\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"0\">\n", d->entries.len, d->failed);
    for (size_t i = 0; i < d->entries.len; i++) {
        const struct entry_diff *x = &d->entries.data[i];
        fputs("    <testcase classname=\"wcet\" name=\"", out);
        xml_print(x->name, out);
        fputs(x->verdict == VERDICT_FAIL ? "\">\n" : "\"/>\n", out);
        if (x->verdict != VERDICT_FAIL)
            continue;
        fputs("  ", out);
        junit_failure(x, out);
        fputs("    </testcase>\n", out);
    }
    fputs("  </testsuite>\n</testsuites>\n", out);
}

/* ---- SARIF ----------------------------------------------------------------------------------------------------------- */

static json_t *sarif_location(const struct cause *c) {
    return json_pack("{s:{s:{s:s},s:{s:i}},s:[{s:s,s:s}]}", "physicalLocation", "artifactLocation", "uri", c->file, "region", "startLine", c->line > 0 ? c->line : 1,
                     "logicalLocations", "name", c->function, "kind", "function");
}

static json_t *sarif_result(const struct entry_diff *x) {
    char cause[512] = "";
    const struct cause *lead = diff_lead(x);
    json_t *locations = json_array();
    if (lead)
        cause_describe(lead, cause, sizeof cause);
    if (lead && *lead->file)
        json_array_append_new(locations, sarif_location(lead));
    return json_pack("{s:s,s:i,s:s,s:{s:o},s:o,s:{s:s}}", "ruleId", "latency", "ruleIndex", 0, "level", "error", "message", "text",
                     json_sprintf("%s: %s%s%s", x->name, x->reasons.data[0], *cause ? ". " : "", cause), "locations", locations, "partialFingerprints", "entry/v1", x->name);
}

json_t *diff_sarif(const struct diff *d) {
    json_t *results = json_array();
    for (size_t i = 0; i < d->entries.len; i++)
        if (d->entries.data[i].verdict == VERDICT_FAIL)
            json_array_append_new(results, sarif_result(&d->entries.data[i]));
    json_t *rule = json_pack("{s:s,s:s,s:{s:s}}", "id", "latency", "name", "WorstCaseLatency", "shortDescription", "text",
                             "The worst-case execution time of a kernel entry grew, exceeds its budget or is lost.");
    json_t *driver = json_pack("{s:s,s:s,s:[o]}", "name", "potoroo", "version", "0.1", "rules", rule);
    return json_pack("{s:s,s:s,s:[{s:{s:o},s:s,s:o}]}", "$schema", "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs", "tool", "driver",
                     driver, "columnKind", "utf16CodeUnits", "results", results);
}
