/* Profile files (.prof). Text, one thing a line, closed by a checksum:
 *
 *   potoroo-profile 2
 *   kernel BUILD_ID isa ISA platform DIGEST clock HZ port 0|1
 *   trace DIGEST records N entries N boot N lost N cut N interrupted N
 *   context NAME                                             indices are by order, from 0
 *   edge CONTEXT FROM TO TURN low TRACE POSITION high TRACE POSITION : BINS  points in hexadecimal; BINS: [~GRAIN:]CYCLES*COUNT,…
 *   path START END [cause CAUSE] low TRACE POSITION high TRACE POSITION : BINS : EDGE*COUNT=BINS …  whole entries; each unit passed on it
 *   loop HEADER max N at TRACE POSITION
 *   replay FROM TO WAY misses N cycles N runs N              a run from a state of coverage's: beside the histograms, not in them
 *   end XXH3                                                 of all bytes before this line */
#include "analyzer/analyzer.h"

#include <ctype.h>
#include <inttypes.h>

/* ---- writing ------------------------------------------------------------------------------------------------------- */

/* Text on its way into the file, and its checksum so far. */
struct text {
    FILE *out;
    struct hash_stream *sum;
    size_t len;
    char data[1 << 16];
};

static void flush(struct text *t) {
    fwrite(t->data, 1, t->len, t->out);
    hash_add(t->sum, t->data, t->len);
    t->len = 0;
}

static void put(struct text *t, const char *s) {
    for (; *s; s++) {
        t->data[t->len++] = *s;
        if (t->len == sizeof t->data)
            flush(t);
    }
}

/* S, of at most 16 characters, then V in BASE. */
static inline void put_number(struct text *t, const char *s, uint64_t v, unsigned base) {
    char digits[24], *p = digits + sizeof digits;
    if (sizeof t->data - t->len < 40)
        flush(t);
    while (*s)
        t->data[t->len++] = *s++;
    do
        *--p = "0123456789abcdef"[v % base];
    while (v /= base);
    while (p < digits + sizeof digits)
        t->data[t->len++] = *p++;
}

static void put_decimal(struct text *t, const char *s, uint64_t v) {
    if (v > UINT32_MAX)
        put_number(t, s, v, 10);
    else
        put_number(t, s, (uint32_t)v, 10);
}
static void put_hex(struct text *t, const char *s, uint64_t v) { put_number(t, s, v, 16); }

static void put_header(const struct profile *p, struct text *t) {
    const struct trace_info *i = &p->info;
    char *head = str_printf("potoroo-profile 2\nkernel %s isa %s platform %s clock %" PRIu64 " port %d\n", i->build_id, i->isa, i->platform, i->clock_hz, i->port);
    put(t, head);
    free(head);
    for (size_t k = 0; k < p->traces.len; k++) {
        const struct profile_trace *x = &p->traces.data[k];
        put(t, "trace ");
        put(t, x->digest);
        put_decimal(t, " records ", x->records);
        put_decimal(t, " entries ", x->entries);
        put_decimal(t, " boot ", x->boot);
        put_decimal(t, " lost ", x->lost);
        put_decimal(t, " cut ", x->cut);
        put_decimal(t, " interrupted ", x->interrupted);
        put(t, "\n");
    }
    for (size_t k = 0; k < p->contexts.len; k++) {
        put(t, "context ");
        put(t, p->contexts.data[k]);
        put(t, "\n");
    }
}

/* Most of a profile are bins' numbers, and most of these are short. */
static char *decimal(char *to, uint64_t v) {
    static const char two[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960616263646566676869"
                              "707172737475767778798081828384858687888990919293949596979899";
    char digits[20], *p = digits + sizeof digits;
    for (; v >= 100; v /= 100)
        memcpy(p -= 2, two + v % 100 * 2, 2);
    if (v >= 10)
        *to++ = two[v * 2];
    *to++ = two[v * 2 + 1];
    for (; p < digits + sizeof digits; p += 2, to += 2)
        memcpy(to, p, 2);
    return to;
}

static void put_bins(struct text *t, const bin_list *bins) {
    if (bins->grain) {
        put_decimal(t, "~", bins->grain);
        put(t, ":");
    }
    const struct bin *bin = bins_of(bins);
    for (size_t k = 0; k < bins->len; k++) {
        if (sizeof t->data - t->len < 44)
            flush(t);
        char *to = t->data + t->len;
        if (k)
            *to++ = ',';
        to = decimal(to, bin[k].cycles);
        *to++ = '*';
        t->len = (size_t)(decimal(to, bin[k].count) - t->data);
    }
}

static void put_sightings(struct text *t, struct sighting low, struct sighting high) {
    put_decimal(t, " low ", low.trace);
    put_decimal(t, " ", low.position);
    put_decimal(t, " high ", high.trace);
    put_decimal(t, " ", high.position);
    put(t, " : ");
}

static void put_edge(struct text *t, const struct profile_edge *x) {
    put_decimal(t, "edge ", x->context);
    put_hex(t, " ", x->from);
    put_hex(t, " ", x->to);
    put_decimal(t, " ", x->turn);
    put_sightings(t, x->min_at, x->max_at);
    put_bins(t, &x->bins);
    put(t, "\n");
}

static void put_path(struct text *t, const struct profile_path *x) {
    put_hex(t, "path ", x->start);
    put_hex(t, " ", x->end);
    if (x->cause != NO_CAUSE)
        put_hex(t, " cause ", x->cause);
    put_sightings(t, x->min_at, x->max_at);
    put_bins(t, &x->bins);
    put(t, " :");
    for (size_t k = 0; k < x->edges.len; k++) {
        put_decimal(t, " ", x->edges.data[k].edge);
        put_decimal(t, "*", x->edges.data[k].count);
        put(t, "=");
        put_bins(t, &x->edges.data[k].bins);
    }
    put(t, "\n");
}

static void put_loop(struct text *t, const struct profile_loop *x) {
    put_hex(t, "loop ", x->header);
    put_decimal(t, " max ", x->max);
    put_decimal(t, " at ", x->max_at.trace);
    put_decimal(t, " ", x->max_at.position);
    put(t, "\n");
}

static void put_replay(struct text *t, const struct profile_replay *x) {
    put_hex(t, "replay ", x->from);
    put_hex(t, " ", x->to);
    put_hex(t, " ", x->way);
    put_decimal(t, " misses ", x->misses);
    put_decimal(t, " cycles ", x->cycles);
    put_decimal(t, " runs ", x->runs);
    put(t, "\n");
}

int profile_write(const struct profile *p, const char *path, struct err *e) {
    struct atomic_file *f = atomic_open(path, e);
    if (!f)
        return -1;
    struct text *t = mem_alloc(sizeof *t);
    t->out = atomic_stream(f);
    t->sum = hash_begin();
    put_header(p, t);
    for (size_t i = 0; i < p->edges.len; i++)
        put_edge(t, &p->edges.data[i]);
    for (size_t i = 0; i < p->paths.len; i++)
        put_path(t, &p->paths.data[i]);
    for (size_t i = 0; i < p->loops.len; i++)
        put_loop(t, &p->loops.data[i]);
    for (size_t i = 0; i < p->replays.len; i++)
        put_replay(t, &p->replays.data[i]);
    flush(t);
    fprintf(t->out, "end %016" PRIx64 "\n", hash_end(t->sum));
    free(t);
    return atomic_commit(f, e);
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

/* A cursor over the text: every take_ function advances or sets `bad`, which sticks. Lines are ended by take_line. */
struct cursor {
    const char *at, *end;
    int line;
    bool bad;
};

static void take_word(struct cursor *c, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(c->end - c->at) < n || memcmp(c->at, word, n) != 0)
        c->bad = true;
    else
        c->at += n;
}

static uint64_t take_number(struct cursor *c, unsigned base) {
    uint64_t value = 0;
    const char *first = c->at;
    for (; c->at < c->end && isxdigit((unsigned char)*c->at); c->at++) {
        unsigned d = *c->at <= '9' ? (unsigned)(*c->at - '0') : (unsigned)((*c->at | 32) - 'a' + 10);
        if (d >= base || __builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, d, &value))
            c->bad = true;
    }
    c->bad = c->bad || c->at == first;
    return value;
}

static uint64_t take_field(struct cursor *c, const char *word, unsigned base) {
    take_word(c, word);
    return take_number(c, base);
}

static void take_text(struct cursor *c, char *out, size_t room) {
    size_t n = 0;
    while (c->at < c->end && *c->at != ' ' && *c->at != '\n' && n + 1 < room)
        out[n++] = *c->at++;
    out[n] = 0;
    c->bad = c->bad || n == 0;
}

static void take_line(struct cursor *c) {
    take_word(c, "\n");
    c->line++;
}

static bool next_is(const struct cursor *c, const char *word) {
    size_t n = strlen(word);
    return !c->bad && (size_t)(c->end - c->at) >= n && memcmp(c->at, word, n) == 0;
}

static struct sighting take_sighting(struct cursor *c, const char *word, const struct profile *p) {
    uint64_t trace = take_field(c, word, 10), position = take_field(c, " ", 10);
    c->bad = c->bad || trace >= p->traces.len;
    return (struct sighting){(uint32_t)trace, position};
}

static void take_header(struct cursor *c, struct profile *p) {
    take_word(c, "potoroo-profile 2\nkernel ");
    c->line = 2;
    take_text(c, p->info.build_id, sizeof p->info.build_id);
    take_word(c, " isa ");
    take_text(c, p->info.isa, sizeof p->info.isa);
    take_word(c, " platform ");
    take_text(c, p->info.platform, sizeof p->info.platform);
    p->info.clock_hz = take_field(c, " clock ", 10);
    p->info.port = take_field(c, " port ", 10) == 1;
    take_line(c);
    while (next_is(c, "trace ")) {
        struct profile_trace t = {0};
        take_word(c, "trace ");
        take_text(c, t.digest, sizeof t.digest);
        t.records = take_field(c, " records ", 10);
        t.entries = take_field(c, " entries ", 10);
        t.boot = take_field(c, " boot ", 10);
        t.lost = take_field(c, " lost ", 10);
        t.cut = take_field(c, " cut ", 10);
        t.interrupted = next_is(c, " interrupted ") ? take_field(c, " interrupted ", 10) : 0;
        take_line(c);
        vec_push(&p->traces, t);
    }
    while (next_is(c, "context ")) {
        take_word(c, "context ");
        const char *eol = memchr(c->at, '\n', (size_t)(c->end - c->at));
        if (!eol || eol == c->at || memchr(c->at, 0, (size_t)(eol - c->at))) {
            c->bad = true;
            return;
        }
        vec_push(&p->contexts, str_printf("%.*s", (int)(eol - c->at), c->at));
        c->at = eol;
        take_line(c);
    }
}

/* Returns how many observations there are. */
static uint64_t take_bins(struct cursor *c, bin_list *bins) {
    uint64_t last = 0, total = 0, grain = next_is(c, "~") ? take_field(c, "~", 10) : 0;
    if (grain)
        take_word(c, ":");
    c->bad = c->bad || grain > 63;
    bins->grain = grain & 63;
    do {
        struct bin b = {.cycles = take_number(c, 10), .count = 0};
        b.count = take_field(c, "*", 10);
        c->bad = c->bad || b.count == 0 || (bins->len && b.cycles <= last) || __builtin_add_overflow(total, b.count, &total);
        last = b.cycles;
        bins_push(bins, b);
    } while (next_is(c, ",") && (c->at++, true));
    for (size_t i = 1; i + 1 < bins->len; i++)
        c->bad = c->bad || (bins_of(bins)[i].cycles & (((uint64_t)1 << bins->grain) - 1));
    return total;
}

static void take_edge(struct cursor *c, struct profile *p) {
    struct profile_edge x = {0};
    x.context = (uint32_t)take_field(c, "edge ", 10);
    x.from = take_field(c, " ", 16);
    x.to = take_field(c, " ", 16);
    x.turn = (uint32_t)take_field(c, " ", 10);
    x.min_at = take_sighting(c, " low ", p);
    x.max_at = take_sighting(c, " high ", p);
    take_word(c, " : ");
    x.count = take_bins(c, &x.bins);
    c->bad = c->bad || x.context >= p->contexts.len || x.turn >= 8;
    take_line(c);
    vec_push(&p->edges, x);
}

static void take_path(struct cursor *c, struct profile *p) {
    struct profile_path x = {0};
    x.start = take_field(c, "path ", 16);
    x.end = take_field(c, " ", 16);
    x.cause = next_is(c, " cause ") ? take_field(c, " cause ", 16) : NO_CAUSE;
    x.min_at = take_sighting(c, " low ", p);
    x.max_at = take_sighting(c, " high ", p);
    take_word(c, " : ");
    x.count = take_bins(c, &x.bins);
    x.min = bins_least(&x.bins);
    x.max = bins_most(&x.bins);
    take_word(c, " :");
    while (next_is(c, " ")) {
        struct path_edge k = {.edge = (uint32_t)take_field(c, " ", 10)};
        k.count = take_field(c, "*", 10);
        take_word(c, "=");
        take_bins(c, &k.bins);
        c->bad = c->bad || k.edge >= p->edges.len || k.count == 0 || (x.edges.len && k.edge <= x.edges.data[x.edges.len - 1].edge);
        vec_push(&x.edges, k);
    }
    take_line(c);
    vec_push(&p->paths, x);
}

static void take_loop(struct cursor *c, struct profile *p) {
    struct profile_loop x = {.header = take_field(c, "loop ", 16), .max = 0};
    x.max = take_field(c, " max ", 10);
    x.max_at = take_sighting(c, " at ", p);
    take_line(c);
    vec_push(&p->loops, x);
}

static void take_replay(struct cursor *c, struct profile *p) {
    struct profile_replay x = {.from = take_field(c, "replay ", 16), .to = 0};
    x.to = take_field(c, " ", 16);
    x.way = take_field(c, " ", 16);
    x.misses = take_field(c, " misses ", 10);
    x.cycles = take_field(c, " cycles ", 10);
    x.runs = take_field(c, " runs ", 10);
    c->bad = c->bad || x.runs == 0;
    take_line(c);
    profile_add_replay(p, &x);
}

struct profile *profile_read(const char *path, struct err *e) {
    char *text;
    size_t size;
    if (file_read(path, &text, &size, e) < 0)
        return NULL;
    struct profile *p = mem_alloc(sizeof *p);
    struct cursor c = {text, text + size, 1, false};
    take_header(&c, p);
    while (next_is(&c, "edge "))
        take_edge(&c, p);
    while (next_is(&c, "path "))
        take_path(&c, p);
    while (next_is(&c, "loop "))
        take_loop(&c, p);
    while (next_is(&c, "replay "))
        take_replay(&c, p);
    uint64_t sum = hash_bytes(text, (size_t)(c.at - text), 0), told = take_field(&c, "end ", 16);
    take_line(&c);
    if (c.bad || c.at != c.end)
        err_set(e, ERR_INPUT, "%s:%d: not what a profile has here (cut short or edited?)", path, c.line);
    else if (sum != told)
        err_set(e, ERR_INPUT, "%s: the checksum does not match: the file was changed", path);
    bool good = !c.bad && c.at == c.end && sum == told;
    free(text);
    if (good)
        return p;
    profile_free(p);
    return NULL;
}

/* ---- looking ------------------------------------------------------------------------------------------------------- */

static json_t *hex(uint64_t addr) { return json_sprintf("0x%" PRIx64, addr); }

static json_t *sighting_json(const struct profile *p, struct sighting s) {
    return json_pack("{s:s,s:I}", "trace", p->traces.data[s.trace].digest, "record", (json_int_t)s.position);
}

json_t *profile_json(const struct profile *p) {
    json_t *traces = json_array(), *edges = json_array(), *loops = json_array(), *replays = json_array();
    for (size_t i = 0; i < p->traces.len; i++) {
        const struct profile_trace *t = &p->traces.data[i];
        json_array_append_new(traces, json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:I}", "digest", t->digest, "records", (json_int_t)t->records, "entries",
                                                (json_int_t)t->entries, "boot", (json_int_t)t->boot, "lost", (json_int_t)t->lost, "cut", (json_int_t)t->cut, "interrupted",
                                                (json_int_t)t->interrupted));
    }
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        json_t *bins = json_array();
        for (size_t k = 0; k < x->bins.len; k++)
            json_array_append_new(bins, json_pack("[I,I]", (json_int_t)bins_of(&x->bins)[k].cycles, (json_int_t)bins_of(&x->bins)[k].count));
        json_array_append_new(edges, json_pack("{s:s,s:o,s:o,s:i,s:I,s:I,s:o,s:o,s:o}", "context", p->contexts.data[x->context], "from", hex(x->from), "to",
                                               hex(x->to), "turn", (int)x->turn, "coarsening", (json_int_t)bins_error(&x->bins), "count", (json_int_t)x->count,
                                               "profile", bins, "min_at",
                                               sighting_json(p, x->min_at), "max_at", sighting_json(p, x->max_at)));
    }
    for (size_t i = 0; i < p->loops.len; i++)
        json_array_append_new(loops, json_pack("{s:o,s:I,s:o}", "header", hex(p->loops.data[i].header), "max", (json_int_t)p->loops.data[i].max,
                                               "max_at", sighting_json(p, p->loops.data[i].max_at)));
    for (size_t i = 0; i < p->replays.len; i++) {
        const struct profile_replay *x = &p->replays.data[i];
        json_array_append_new(replays, json_pack("{s:o,s:o,s:o,s:I,s:I,s:I}", "from", hex(x->from), "to", hex(x->to), "way", hex(x->way), "misses",
                                                 (json_int_t)x->misses, "cycles", (json_int_t)x->cycles, "runs", (json_int_t)x->runs));
    }
    return json_pack("{s:s,s:s,s:b,s:I,s:o,s:o,s:o,s:I,s:o}", "build_id", p->info.build_id, "platform", p->info.platform, "port", p->info.port, "clock",
                     (json_int_t)p->info.clock_hz, "traces", traces, "edges", edges, "loops", loops, "paths", (json_int_t)p->paths.len,
                     "replays", replays);
}

/* The symbol that ADDR is in, else the address. The caller frees it. */
static char *place_name(const struct image *img, uint64_t addr) {
    const struct symbol *symbols, *best = NULL;
    size_t n = img ? image_symbols(img, &symbols) : 0;
    for (size_t i = 0; i < n && symbols[i].addr <= addr; i++)
        if (symbols[i].function && (symbols[i].size == 0 || addr < symbols[i].addr + symbols[i].size))
            best = &symbols[i];
    if (!best)
        return str_printf("%" PRIx64, addr);
    return best->addr == addr ? str_dup(best->name) : str_printf("%s+0x%" PRIx64, best->name, addr - best->addr);
}

/* The time that one execution in 1/RISK exceeds at most. */
static uint64_t bins_quantile(const bin_list *bins, uint64_t count, double risk) {
    uint64_t seen = 0;
    for (size_t i = 0; i < bins->len; i++)
        if ((double)(count - (seen += bins_of(bins)[i].count)) <= risk * (double)count)
            return bins_of(bins)[i].cycles;
    return bins_most(bins);
}

void profile_print(const struct profile *p, const struct image *names, FILE *out) {
    fprintf(out, "kernel %s\n", p->info.build_id);
    for (size_t i = 0; i < p->traces.len; i++)
        fprintf(out, "trace %zu is %s: %" PRIu64 " records, %" PRIu64 " kernel entries, %" PRIu64 " lost, %" PRIu64 " cut, %" PRIu64 " interrupted\n", i,
                p->traces.data[i].digest, p->traces.data[i].records, p->traces.data[i].entries, p->traces.data[i].lost, p->traces.data[i].cut,
                p->traces.data[i].interrupted);
    fputs("Times in cycles. `turn`: bit n is set in later iterations of the nth loop from outside. `at`: the trace and the record that showed it.\n", out);
    fprintf(out, "%24s %-24s %4s %10s %6s %6s %6s %6s %16s %16s  %s\n", "from", "to", "turn", "count", "min", "50%", "99%", "max", "min at", "max at", "context");
    for (size_t i = 0; i < p->edges.len; i++) {
        const struct profile_edge *x = &p->edges.data[i];
        char *from = place_name(names, x->from), *to = place_name(names, x->to), at[2][40];
        snprintf(at[0], sizeof at[0], "%" PRIu32 ":%" PRIu64, x->min_at.trace, x->min_at.position);
        snprintf(at[1], sizeof at[1], "%" PRIu32 ":%" PRIu64, x->max_at.trace, x->max_at.position);
        fprintf(out, "%24s %-24s %4" PRIu32 " %10" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %6" PRIu64 " %16s %16s  %s\n", from, to, x->turn, x->count,
                bins_least(&x->bins), bins_quantile(&x->bins, x->count, 0.5), bins_quantile(&x->bins, x->count, 0.01), bins_most(&x->bins),
                at[0], at[1], p->contexts.data[x->context]);
        if (x->bins.grain)
            fprintf(out, "%24s times between the least and the most are rounded up, by %" PRIu64 " cycles at most\n", "", bins_error(&x->bins));
        free(from);
        free(to);
    }
    for (size_t i = 0; i < p->replays.len; i++) {
        const struct profile_replay *x = &p->replays.data[i];
        char *from = place_name(names, x->from), *to = place_name(names, x->to);
        fprintf(out, "%24s %-24s replayed from a state that no trace showed: %" PRIu64 " misses, %" PRIu64 " cycles\n", from, to, x->misses, x->cycles);
        free(from);
        free(to);
    }
}
