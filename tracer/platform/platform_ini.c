/* Reading the platform file. Every key has one row in a table: section, name, where it goes and how it is read. */
#include "tracer/platform/platform.h"

#include <errno.h>
#include <ini.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { U32, U64, TEXT, POLICY, WRITE, YESNO };

struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset, size; /* size: of a TEXT field */
    bool required;       /* wherever its section is present */
};

#define AT(field) offsetof(struct platform, field)
#define CORE(name, cls) {"core", name, U32, AT(cost) + (cls) * sizeof(uint32_t), 0, false}
#define CACHE(c) \
    {#c, "line", U32, AT(c.line), 0, true}, {#c, "sets", U32, AT(c.sets), 0, true}, {#c, "ways", U32, AT(c.ways), 0, true}, \
    {#c, "policy", POLICY, AT(c.policy), 0, false}, {#c, "write", WRITE, AT(c.write_back), 0, false}, \
    {#c, "allocate", YESNO, AT(c.allocate), 0, false}, {#c, "miss", U32, AT(c.miss), 0, true}, \
    {#c, "evict_dirty", U32, AT(c.evict_dirty), 0, false}
#define TLB(t) \
    {#t, "entries", U32, AT(t.entries), 0, true}, {#t, "page", U32, AT(t.page), 0, true}, \
    {#t, "policy", POLICY, AT(t.policy), 0, false}, {#t, "miss", U32, AT(t.miss), 0, true}

static const struct key keys[] = {
    {"core", "isa", TEXT, AT(isa), sizeof ((struct platform *)0)->isa, true},
    {"core", "clock_hz", U64, AT(clock_hz), 0, true},
    CORE("alu", CLASS_ALU), CORE("mul", CLASS_MUL), CORE("div", CLASS_DIV), CORE("load", CLASS_LOAD), CORE("store", CLASS_STORE),
    CORE("branch", CLASS_BRANCH), CORE("jump", CLASS_JUMP), CORE("csr", CLASS_CSR), CORE("fence", CLASS_FENCE),
    CORE("fp", CLASS_FP), CORE("return", CLASS_RETURN),
    {"core", "branch_taken", U32, AT(branch_taken), 0, false},
    {"core", "trap", U32, AT(trap), 0, false},
    {"core", "device_access", U32, AT(device_access), 0, false},
    {"core", "jitter", U32, AT(jitter), 0, false},
    CACHE(l1i), CACHE(l1d), CACHE(l2), TLB(itlb), TLB(dtlb),
    {"memory", "ram", U64, AT(ram), 0, false},
    {"uncached", "base", U64, AT(uncached_base), 0, true},
    {"uncached", "size", U64, AT(uncached_size), 0, true},
    {"counter", "address", U64, AT(counter), 0, true},
    {"run", "qemu", TEXT, AT(qemu), sizeof ((struct platform *)0)->qemu, false},
};
enum { KEYS = sizeof keys / sizeof *keys };

static const char *const section_names[] = {"core", "l1i", "l1d", "l2", "itlb", "dtlb", "memory", "uncached", "counter", "run"};
enum { SECTIONS = sizeof section_names / sizeof *section_names };
static const char *const class_names[CLASS_COUNT] = {"alu", "mul", "div", "load", "store", "branch", "jump", "csr", "fence", "fp", "return"};
static const char *const policy_names[POLICY_COUNT] = {"lru", "fifo", "plru", "nru", "mru", "srrip", "random"};

const char *platform_class_name(enum platform_class c)
{
    return class_names[c];
}

const char *platform_policy_name(enum platform_policy p)
{
    return policy_names[p];
}

struct reading {
    const char *path;
    FILE *file;
    int line;       /* of the text that inih saw last */
    bool continued; /* it begins with a blank: a value may go on in it */
    int seen[KEYS]; /* line of each key, 0 = absent */
    int section[SECTIONS]; /* line of each section's first header, 0 = absent */
    bool failed;
    char *error;
    struct platform *p;
};

static void reading_fail(struct reading *r, int line, const char *format, ...)
{
    if (r->failed) return;
    r->failed = true;
    int n = line ? snprintf(r->error, PLATFORM_ERROR_SIZE, "%s:%d: ", r->path, line) : snprintf(r->error, PLATFORM_ERROR_SIZE, "%s: ", r->path);
    if (n < 0 || n >= PLATFORM_ERROR_SIZE) return;
    va_list args;
    va_start(args, format);
    vsnprintf(r->error + n, (size_t)(PLATFORM_ERROR_SIZE - n), format, args);
    va_end(args);
}

static int section_index(const char *name, size_t length)
{
    for (int i = 0; i < SECTIONS; i++)
        if (strlen(section_names[i]) == length && !strncmp(section_names[i], name, length)) return i;
    return -1;
}

/* inih tells of keys only; an empty section is seen here. */
static void note_section(struct reading *r, const char *text)
{
    text += strspn(text, " \t");
    const char *end = strchr(text, ']');
    if (*text != '[' || !end) return;
    int i = section_index(text + 1, (size_t)(end - text - 1));
    if (i < 0) reading_fail(r, r->line, "unknown section %.*s", (int)(end - text + 1), text);
    else if (!r->section[i]) r->section[i] = r->line;
}

/* inih's reader: hands over one line of the file and counts it, which is how errors know where they are. */
static char *read_line(char *buffer, int size, void *stream)
{
    struct reading *r = stream;
    if (r->failed || !fgets(buffer, size, r->file)) return NULL;
    r->line++;
    size_t length = strlen(buffer);
    if (length + 1 == (size_t)size && buffer[length - 1] != '\n') {
        reading_fail(r, r->line, "line longer than %d bytes (a value may go on in the next line, indented)", size - 2);
        return NULL;
    }
    r->continued = buffer[0] == ' ' || buffer[0] == '\t';
    note_section(r, buffer);
    return buffer;
}

static bool parse_number(const char *text, uint64_t max, uint64_t *out)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    const char *digits = hex ? text + 2 : text;
    size_t length = strlen(digits);
    if (!length || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != length) return false;
    errno = 0;
    unsigned long long v = strtoull(digits, NULL, hex ? 16 : 10);
    if (errno || v > max) return false;
    *out = v;
    return true;
}

static int parse_word(const char *value, const char *const *words, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(value, words[i])) return i;
    return -1;
}

/* False: VALUE is not of the key's kind. */
static bool store_value(const struct key *k, void *field, const char *value)
{
    static const char *const write_words[] = {"through", "back"}, *const yes_words[] = {"no", "yes"};
    uint64_t number;
    int word;
    switch (k->kind) {
    case U32:
        if (!parse_number(value, 1u << 30, &number)) return false;
        *(uint32_t *)field = (uint32_t)number;
        return true;
    case U64:
        return parse_number(value, UINT64_MAX, field);
    case POLICY:
        word = parse_word(value, policy_names, POLICY_COUNT);
        if (word >= 0) *(enum platform_policy *)field = (enum platform_policy)word;
        return word >= 0;
    case WRITE:
    case YESNO:
        word = parse_word(value, k->kind == WRITE ? write_words : yes_words, 2);
        if (word >= 0) *(bool *)field = word == 1;
        return word >= 0;
    case TEXT:
        break;
    }
    return false;
}

static const char *kind_wants(enum kind k)
{
    switch (k) {
    case U32: return "a number of at most 1073741824";
    case U64: return "a number";
    case POLICY: return "one of lru fifo plru nru mru srrip random";
    case WRITE: return "back or through";
    case YESNO: return "yes or no";
    case TEXT: break;
    }
    return "text";
}

/* A second line of the same text key is a continuation: joined by a space. */
static void store_text(struct reading *r, const struct key *k, char *field, const char *value)
{
    size_t used = strlen(field), room = k->size - used;
    int n = snprintf(field + used, room, "%s%s", used ? " " : "", value);
    if (n < 0 || (size_t)n >= room) reading_fail(r, r->line, "%s: longer than %zu bytes", k->name, k->size - 1);
}

static int take_entry(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (r->failed || !name) return 1;
    for (int i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].section, section) || strcmp(keys[i].name, name)) continue;
        void *field = (char *)r->p + keys[i].offset;
        if (r->seen[i] && !(keys[i].kind == TEXT && r->continued)) reading_fail(r, r->line, "%s: set twice (first in line %d)", name, r->seen[i]);
        else if (keys[i].kind == TEXT) store_text(r, &keys[i], field, value);
        else if (!store_value(&keys[i], field, value)) reading_fail(r, r->line, "%s = %s: must be %s", name, value, kind_wants(keys[i].kind));
        r->seen[i] = r->line;
        return 1;
    }
    if (*section) reading_fail(r, r->line, "unknown key %s in [%s]", name, section);
    else reading_fail(r, r->line, "%s stands before the first section", name);
    return 1;
}

/* 0 if the file has no such section. */
static int section_line(const struct reading *r, const char *section)
{
    return r->section[section_index(section, strlen(section))];
}

static int key_line(const struct reading *r, const char *section, const char *name)
{
    for (int i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name)) return r->seen[i];
    return 0;
}

static void check_required(struct reading *r)
{
    for (int i = 0; i < KEYS; i++) {
        int line = section_line(r, keys[i].section);
        if (keys[i].required && !r->seen[i] && (line || !strcmp(keys[i].section, "core")))
            reading_fail(r, line, "[%s] has no %s", keys[i].section, keys[i].name);
    }
}

static bool power_of_two(uint64_t v)
{
    return v && !(v & (v - 1));
}

static void check_cache(struct reading *r, const char *name, struct platform_cache *c)
{
    c->present = section_line(r, name) != 0;
    if (!c->present) return;
    if (!power_of_two(c->line) || c->line < 8) reading_fail(r, key_line(r, name, "line"), "line = %u: must be a power of two, at least 8", c->line);
    if (!power_of_two(c->sets)) reading_fail(r, key_line(r, name, "sets"), "sets = %u: must be a power of two", c->sets);
    if (c->ways < 1) reading_fail(r, key_line(r, name, "ways"), "ways = 0: must be at least 1");
    if ((uint64_t)c->sets * c->ways > 1u << 24) reading_fail(r, key_line(r, name, "sets"), "[%s] has more than 16777216 lines", name);
    if (c->policy == POLICY_PLRU && (!power_of_two(c->ways) || c->ways > 64))
        reading_fail(r, key_line(r, name, "ways"), "ways = %u: plru needs a power of two of at most 64", c->ways);
}

static void check_tlb(struct reading *r, const char *name, struct platform_tlb *t)
{
    t->present = section_line(r, name) != 0;
    if (!t->present) return;
    if (t->entries < 1 || t->entries > 65536) reading_fail(r, key_line(r, name, "entries"), "entries = %u: must be 1 to 65536", t->entries);
    if (!power_of_two(t->page) || t->page < 4096) reading_fail(r, key_line(r, name, "page"), "page = %u: must be a power of two, at least 4096", t->page);
    if (t->policy == POLICY_PLRU && (!power_of_two(t->entries) || t->entries > 64))
        reading_fail(r, key_line(r, name, "entries"), "entries = %u: plru needs a power of two of at most 64", t->entries);
}

static void check_l2(struct reading *r)
{
    const struct platform *p = r->p;
    if (!p->l2.present) return;
    int line = key_line(r, "l2", "line");
    if (!p->l1i.present && !p->l1d.present) reading_fail(r, line, "[l2] without [l1i] or [l1d]");
    if ((p->l1i.present && p->l1i.line > p->l2.line) || (p->l1d.present && p->l1d.line > p->l2.line))
        reading_fail(r, line, "line = %u: must be at least that of the first level", p->l2.line);
}

static void check_addresses(struct reading *r)
{
    const struct platform *p = r->p;
    if ((p->uncached_base | p->uncached_size) & 4095)
        reading_fail(r, section_line(r, "uncached"), "[uncached] must begin and end at multiples of 4096");
    if (p->uncached_base + p->uncached_size < p->uncached_base) reading_fail(r, section_line(r, "uncached"), "[uncached] passes the end of the address space");
    if (p->counter & 4095) reading_fail(r, key_line(r, "counter", "address"), "address = 0x%" PRIx64 ": must be a multiple of 4096", p->counter);
    if (section_line(r, "counter") && !p->counter) reading_fail(r, key_line(r, "counter", "address"), "address = 0: must lie in RAM");
}

static void check_all(struct reading *r)
{
    struct platform *p = r->p;
    check_required(r);
    if (strncmp(p->isa, "rv64i", 5) && strncmp(p->isa, "rv64g", 5)) reading_fail(r, key_line(r, "core", "isa"), "isa = %s: this board is rv64 only", p->isa);
    if (!p->clock_hz) reading_fail(r, key_line(r, "core", "clock_hz"), "clock_hz = 0: must be positive");
    check_cache(r, "l1i", &p->l1i);
    check_cache(r, "l1d", &p->l1d);
    check_cache(r, "l2", &p->l2);
    check_tlb(r, "itlb", &p->itlb);
    check_tlb(r, "dtlb", &p->dtlb);
    check_l2(r);
    check_addresses(r);
}

static void set_defaults(struct platform *p)
{
    struct platform_cache *caches[] = {&p->l1i, &p->l1d, &p->l2};
    memset(p, 0, sizeof *p);
    for (int i = 0; i < CLASS_COUNT; i++) p->cost[i] = 1;
    for (int i = 0; i < 3; i++) caches[i]->write_back = caches[i]->allocate = true;
}

int platform_load(const char *path, struct platform *out, char error[PLATFORM_ERROR_SIZE])
{
    struct reading r = {.path = path, .error = error, .p = out};
    set_defaults(out);
    r.file = fopen(path, "r");
    if (!r.file) {
        reading_fail(&r, 0, "%s", strerror(errno));
        return -1;
    }
    int bad_line = ini_parse_stream(read_line, &r, take_entry, &r);
    if (ferror(r.file)) reading_fail(&r, 0, "cannot be read");
    fclose(r.file);
    if (bad_line) reading_fail(&r, bad_line, "neither a section, a key = value nor a comment");
    check_all(&r);
    return r.failed ? -1 : 0;
}
