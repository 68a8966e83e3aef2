/* A result's worst paths in forms for other tools. Reads the JSON contract alone, so it needs neither kernel nor profile. */
#include "analyzer/command.h"

#include <getopt.h>
#include <inttypes.h>

enum format { FORMAT_TEXT, FORMAT_FOLDED, FORMAT_CSV, FORMAT_DOT, FORMATS };

static const char *text_of(const json_t *j, const char *key) {
    const char *s = json_string_value(json_object_get(j, key));
    return s ? s : "";
}

static json_int_t number_of(const json_t *j, const char *key) { return json_integer_value(json_object_get(j, key)); }

/* "f+0x12" is f. */
static int name_length(const char *symbol) {
    const char *plus = strstr(symbol, "+0x");
    return plus ? (int)(plus - symbol) : (int)strlen(symbol);
}

/* ---- text ------------------------------------------------------------------------------------------------------------ */

static const json_t *block_at(const json_t *result, const char *addr) {
    size_t i, k;
    json_t *f, *b;
    json_array_foreach(json_object_get(result, "functions"), i, f)
        json_array_foreach(json_object_get(f, "blocks"), k, b)
            if (strcmp(text_of(b, "addr"), addr) == 0)
                return b;
    return NULL;
}

static void print_code(const json_t *result, const json_t *step) {
    const json_t *b = block_at(result, text_of(step, "addr"));
    const json_t *lines = json_object_get(b, "lines");
    json_int_t before = -1;
    size_t i;
    json_t *insn;
    json_array_foreach(json_object_get(b, "text"), i, insn) {
        json_int_t line = json_integer_value(json_array_get(lines, i));
        if (line != before)
            printf("    %s:%" JSON_INTEGER_FORMAT "\n", text_of(b, "file"), line);
        printf("        %s\n", json_string_value(insn));
        before = line;
    }
}

static void print_ledger(const json_t *entry) {
    size_t i;
    json_t *l;
    puts("it rests on");
    json_array_foreach(json_object_get(entry, "ledger"), i, l)
        printf("  %s (%s): %s\n", text_of(l, "kind"), text_of(l, "grounds"), text_of(l, "text"));
}

static void print_text(const json_t *result, const json_t *entry, bool code) {
    json_int_t bound = number_of(entry, "bound");
    size_t i;
    json_t *s;
    printf("%s: %s", text_of(entry, "name"), text_of(entry, "status"));
    if (json_is_integer(json_object_get(entry, "bound")))
        printf(", bound %" JSON_INTEGER_FORMAT, bound);
    printf(", observed max %" JSON_INTEGER_FORMAT " in %" JSON_INTEGER_FORMAT " observations\n", number_of(entry, "observed_max"), number_of(entry, "observations"));
    printf("%7s %7s %9s %6s  %-36s %s\n", "count", "cost", "cycles", "share", "place", "source");
    json_array_foreach(json_object_get(entry, "worst_path"), i, s) {
        json_int_t total = number_of(s, "total");
        printf("%7" JSON_INTEGER_FORMAT " %7" JSON_INTEGER_FORMAT " %9" JSON_INTEGER_FORMAT " %5.1f%%  %-36s %s:%" JSON_INTEGER_FORMAT "\n", number_of(s, "count"),
               number_of(s, "cost"), total, bound ? 100.0 * (double)total / (double)bound : 0, text_of(s, "symbol"), text_of(s, "file"), number_of(s, "line"));
        if (code)
            print_code(result, s);
    }
    print_ledger(entry);
}

/* ---- folded stacks --------------------------------------------------------------------------------------------------- */

/* "a;b;c CYCLES": the call string's functions, outermost first, then the function of the step. A context is "a/a+0x10>b/b+0x8>c". */
static void print_folded(const json_t *entry) {
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(entry, "worst_path"), i, s) {
        const char *context = text_of(s, "context"), *symbol = text_of(s, "symbol"), *last = context;
        printf("%s", text_of(entry, "name"));
        for (const char *at = context; *at;) {
            size_t frame = strcspn(at, ">"), name = strcspn(at, "/>");
            printf(";%.*s", (int)name, at);
            last = at;
            at += frame + (at[frame] == '>');
        }
        if ((size_t)name_length(symbol) != strcspn(last, "/>") || strncmp(last, symbol, (size_t)name_length(symbol)) != 0)
            printf(";%.*s", name_length(symbol), symbol);
        printf(" %" JSON_INTEGER_FORMAT "\n", number_of(s, "total"));
    }
}

/* ---- CSV (RFC 4180) and DOT ------------------------------------------------------------------------------------------- */

static void print_quoted(const char *s) {
    putchar('"');
    for (; *s; s++) {
        if (*s == '"')
            putchar('"');
        putchar(*s);
    }
    putchar('"');
}

static void print_csv(const json_t *entry) {
    static const char *const texts[] = {"addr", "to", "symbol", "file", "context", "origin"}, *const numbers[] = {"line", "count", "cost", "total", "observations"};
    size_t i;
    json_t *s;
    json_array_foreach(json_object_get(entry, "worst_path"), i, s) {
        print_quoted(text_of(entry, "name"));
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++) {
            putchar(',');
            print_quoted(text_of(s, texts[k]));
        }
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            printf(",%" JSON_INTEGER_FORMAT, number_of(s, numbers[k]));
        putchar('\n');
    }
}

static void dot_quoted(const char *s) {
    for (; *s; s++) {
        if (*s == '"' || *s == '\\')
            putchar('\\');
        putchar(*s);
    }
}

static void print_dot(const json_t *entry) {
    double bound = (double)number_of(entry, "bound");
    size_t i;
    json_t *s;
    printf("digraph \"");
    dot_quoted(text_of(entry, "name"));
    printf("\" {\n  node [shape=box, fontname=\"monospace\", style=filled];\n");
    json_array_foreach(json_object_get(entry, "worst_path"), i, s) {
        printf("  \"%s\" [label=\"", text_of(s, "addr"));
        dot_quoted(text_of(s, "symbol"));
        printf("\\n%s:%" JSON_INTEGER_FORMAT "\", fillcolor=\"0.05 %.3f 1.0\"];\n", text_of(s, "file"), number_of(s, "line"),
               bound > 0 ? (double)number_of(s, "total") / bound : 0);
        printf("  \"%s\" -> \"%s\" [label=\"%" JSON_INTEGER_FORMAT " × %" JSON_INTEGER_FORMAT "\"];\n", text_of(s, "addr"), text_of(s, "to"), number_of(s, "count"), number_of(s, "cost"));
    }
    puts("}");
}

/* ---- the command -------------------------------------------------------------------------------------------------------- */

static bool wanted(const char *name, char **only) {
    bool any = *only != NULL;
    for (; *only; only++)
        if (strcmp(*only, name) == 0)
            return true;
    return !any;
}

static int explain(const char *path, char **only, enum format f, bool code) {
    struct err e;
    json_error_t je;
    json_t *result = json_load_file(path, 0, &je), *entry;
    size_t i, shown = 0;
    if (!json_is_array(json_object_get(result, "entries"))) {
        err_set(&e, ERR_INPUT, "%s: %s", path, result ? "it has no 'entries': not a result of potoroo wcet" : je.text);
        json_decref(result);
        return command_fail(&command_explain, &e);
    }
    if (f == FORMAT_CSV)
        puts("entry,addr,to,symbol,file,context,origin,line,count,cost,total,observations");
    json_array_foreach(json_object_get(result, "entries"), i, entry) {
        if (!wanted(text_of(entry, "name"), only))
            continue;
        if (f == FORMAT_TEXT && shown++)
            putchar('\n');
        shown += f != FORMAT_TEXT;
        f == FORMAT_TEXT ? print_text(result, entry, code) : f == FORMAT_FOLDED ? print_folded(entry) : f == FORMAT_CSV ? print_csv(entry) : print_dot(entry);
    }
    json_decref(result);
    return shown ? command_done(&command_explain, 0) : command_usage(&command_explain, "%s has no such entry", path);
}

static int run(int argc, char **argv) {
    static const char *const names[FORMATS] = {"text", "folded", "csv", "dot"};
    static const struct option options[] = {{"format", required_argument, NULL, 'f'}, {"code", no_argument, NULL, 'c'}, {NULL, 0, NULL, 0}};
    int format = FORMAT_TEXT;
    bool code = false;
    for (int c; (c = getopt_long(argc, argv, "f:", options, NULL)) != -1;) {
        if (c == 'c') {
            code = true;
            continue;
        }
        if (c != 'f')
            return command_bad_option(&command_explain);
        for (format = 0; format < FORMATS && strcmp(names[format], optarg) != 0;)
            format++;
        if (format == FORMATS)
            return command_usage(&command_explain, "no format '%s'", optarg);
    }
    if (optind == argc)
        return command_usage(&command_explain, "a result is needed");
    return explain(argv[optind], argv + optind + 1, (enum format)format, code);
}

const struct command command_explain = {
    "explain", "a result's worst paths, for people and other tools", run,
    "usage: potoroo explain R.json [ENTRY…] [--format=text|folded|csv|dot] [--code]\n"
    "\n"
    "Prints the worst path of each entry (all, or those named) of a result of potoroo wcet, and what its bound\n"
    "rests on. It reads nothing but R.json.\n"
    "\n"
    "  -f, --format text    a table: count, cost, cycles, share of the bound, place, source (the default)\n"
    "               folded  call stacks weighted by cycles, for flame graphs\n"
    "               csv     a line a step\n"
    "               dot     a graph for Graphviz, one digraph an entry\n"
    "      --code           with text: the disassembly of each step by source line\n"};
