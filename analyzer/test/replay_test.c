/* The ways to replay a trace against the plainest one: record by record, by one thread, nothing counted in bulk.
 *
 *   replay_test ROUNDS SEED (ELF TRACE)...
 *
 * Makes traces out of the pieces of TRACE: entries again and again in any order, with other times, within one another, cut, with records lost, told
 * of or not; then damages some of the files. Whatever comes out of the plainest replay, profile or error, must come out of all others, byte for
 * byte. Frames are small (FRAME_LIMIT), so that the parts of a trace begin at many places. */
#include "analyzer/known.h"
#include "tracer/tracer.h"

#include <inttypes.h>
#include <unistd.h>

struct piece {
    size_t first, records;    /* from a kernel entry's first record up to the next's, in between nothing is under way */
};
struct source {
    struct image *img;
    struct cfg *g;
    struct trace_info info;
    VEC(struct trace_record) records;
    VEC(struct piece) pieces;
};

static char dir[] = "/tmp/potoroo-replay-XXXXXX";
static uint64_t state;

static uint64_t rnd(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

static void need(bool good, const char *what) {
    if (good)
        return;
    printf("replay_test: %s\n0 passed, 1 failed\n", what);
    exit(1);
}

/* ---- pieces -------------------------------------------------------------------------------------------------------- */

static enum point_kind kind_at(const struct image *img, uint64_t addr) {
    const struct point *p;
    size_t n = image_points(img, &p), i = 0;
    while (i < n && p[i].addr != addr)
        i++;
    need(i < n, "a record is at no point");
    return p[i].kind;
}

static void load(struct source *s, const char *elf, const char *trace) {
    struct err e = {0};
    struct trace_record rec;
    int depth = 0;
    need(kernel_open(elf, NULL, false, &s->img, &s->g, &e) == 0, e.text);
    struct trace_reader *r = trace_open(trace, &e);
    need(r, e.text);
    s->info = *trace_get_info(r);
    for (size_t i = 0; i < 60000 && trace_next(r, &rec, &e) > 0; i++) {
        enum point_kind kind = kind_at(s->img, rec.addr);
        if (kind == POINT_ENTER && depth == 0)
            vec_push(&s->pieces, ((struct piece){i, 0}));
        if (s->pieces.len)
            s->pieces.data[s->pieces.len - 1].records++;
        depth = kind == POINT_ENTER ? depth + 1 : kind == POINT_LEAVE && depth ? depth - 1 : kind == POINT_SWITCH ? 0 : depth;
        vec_push(&s->records, rec);
    }
    trace_close(r);
    need(s->pieces.len > 100, "too few kernel entries");
    s->pieces.len--; /* it may be cut */
}

/* ---- traces -------------------------------------------------------------------------------------------------------- */

/* Two files of the same records, one without phrases. */
struct target {
    const struct source *s;
    struct trace_writer *out[2];
    uint64_t cycle;
    size_t favourites[12], favourite_count; /* pieces that come again and again */
    unsigned faults;          /* of a thousand records, so many are left out, told of or not, or met again */
};

static void put(struct target *t, const struct trace_record *rec) {
    struct err e;
    for (int i = 0; i < 2; i++)
        need(trace_append(t->out[i], rec->addr, t->cycle, &e) == 0, e.text);
}

static void put_lost(struct target *t) {
    struct err e;
    uint64_t n = 1 + rnd(100);
    for (int i = 0; i < 2; i++)
        need(trace_append_lost(t->out[i], n, &e) == 0, e.text);
}

static uint64_t some_step(uint64_t usual) {
    switch (rnd(2000)) {
    case 0: return usual + rnd((uint64_t)1 << 34);
    case 1: return UINT32_MAX - rnd(3);
    case 2: return INT32_MAX - 2 + rnd(5);
    default: return rnd(8) ? usual : usual + rnd(rnd(8) ? 3 : 4000);
    }
}

static enum point_kind kind_before(const struct source *s, size_t i) { return i ? kind_at(s->img, s->records.data[i - 1].addr) : POINT_PROBE; }

/* Phrases begin where entries do, and at other places that could be taken for that. */
static void put_piece(struct target *t, const struct piece *p, int depth) {
    struct err e;
    const struct trace_record *first = t->s->records.data + p->first;
    const struct piece *favourite = &t->s->pieces.data[t->favourites[rnd(t->favourite_count)]];
    size_t within = depth < 3 && rnd(40) == 0 ? 1 + rnd(p->records) : 0;
    for (size_t i = t->faults && rnd(20) == 0 ? rnd(p->records) : 0; i < p->records; i++) {
        uint64_t usual = p->first + i ? first[i].cycle - first[i - 1 + (p->first + i == 0)].cycle : 0;
        bool nested = within && i == within;
        if (nested)
            put_piece(t, favourite, depth + 1);
        if (rnd(1000) < t->faults && rnd(2))
            put_lost(t);
        else if (rnd(1000) < t->faults)
            continue;
        if (nested || kind_at(t->s->img, first[i].addr) == POINT_ENTER || kind_before(t->s, p->first + i) == POINT_SWITCH || rnd(500) == 0)
            need(trace_phrase(t->out[0], &e) == 0, e.text);
        t->cycle += some_step(usual);
        put(t, &first[i]);
    }
}

static void make_trace(const struct source *s, char *const paths[2]) {
    struct target t = {.s = s, .faults = rnd(3) ? 0 : (unsigned)rnd(2)};
    struct err e;
    t.favourite_count = 1 + rnd(12);
    for (size_t i = 0; i < t.favourite_count; i++)
        t.favourites[i] = rnd(s->pieces.len);
    for (int i = 0; i < 2; i++)
        need((t.out[i] = trace_create(paths[i], &s->info, &e)) != NULL, e.text);
    if (rnd(2)) /* what is before the first entry */
        for (size_t i = 0; i < s->pieces.data[0].first; i++)
            put(&t, &s->records.data[i]);
    for (size_t pieces = 1 + rnd(400); pieces; pieces--)
        put_piece(&t, &s->pieces.data[rnd(10) ? t.favourites[rnd(t.favourite_count)] : rnd(s->pieces.len)], 0);
    for (int i = 0; i < 2; i++)
        need(trace_commit(t.out[i], &e) == 0, e.text);
}

static void damage(const char *path) {
    FILE *f = fopen(path, "r+b");
    need(f && fseek(f, 0, SEEK_END) == 0, "cannot damage a trace");
    long size = ftell(f);
    if (rnd(2)) {
        need(truncate(path, (off_t)rnd((uint64_t)size)) == 0, "cannot cut a trace");
    } else {
        fseek(f, (long)rnd((uint64_t)size), SEEK_SET);
        fputc((int)rnd(256), f);
    }
    fclose(f);
}

/* ---- comparison ---------------------------------------------------------------------------------------------------- */

/* The profile's text, or the error's. The caller frees it. */
static char *outcome(const struct source *s, const char *trace, unsigned jobs, bool *measured) {
    struct err e = {0};
    char *traces[] = {(char *)(uintptr_t)trace, NULL}, *file = str_printf("%s/p.prof", dir), *text;
    size_t size;
    struct profile *p = profile_replay_all(s->g, traces, jobs, &e);
    *measured = p;
    if (!p) {
        free(file);
        return str_dup(e.text);
    }
    need(profile_write(p, file, &e) == 0 && file_read(file, &text, &size, &e) == 0, e.text);
    profile_free(p);
    free(file);
    return text;
}

/* Behind the digest: another file of the same records has another. */
static const char *behind(const char *text, const char *what) {
    const char *at = strstr(text, what);
    return at ? at : text;
}

static bool same_but_file(const char *a, const char *b) {
    const char *x = behind(a, " records "), *y = behind(b, " records "), *end = strstr(x, "\nend ");
    return end ? strncmp(x, y, (size_t)(end - x)) == 0 : strcmp(behind(a, ": record"), behind(b, ": record")) == 0;
}

static bool compare(const struct source *s, char *const paths[2], bool damaged, bool *measured) {
    size_t limit = known_limit;
    static const unsigned jobs[] = {1, 1, 2, 5, 13};
    known_limit = 0;
    char *plain = outcome(s, paths[0], 1, measured);
    bool same = true;
    for (unsigned i = 0; i < 5 && same; i++) {
        known_limit = i == 1 || i == 3 ? 1 + rnd(600) : limit;
        char *other = outcome(s, paths[0], jobs[i], measured);
        same = strcmp(plain, other) == 0;
        if (!same)
            printf("by %u threads, limit %zu:\n%.600s\nplainly:\n%.600s\n", jobs[i], known_limit, other, plain);
        free(other);
    }
    known_limit = 0;
    char *without = damaged || !same ? NULL : outcome(s, paths[1], 1, measured);
    if (without && !same_but_file(plain, without)) {
        same = false;
        printf("with phrases:\n%.600s\nwithout:\n%.600s\n", plain, without);
    }
    known_limit = limit;
    free(without);
    free(plain);
    return same;
}

int main(int argc, char **argv) {
    uint64_t rounds = 0, seed = 0, measured = 0;
    if (argc < 5 || argc % 2 == 0 || parse_u64(argv[1], &rounds) < 0 || parse_u64(argv[2], &seed) < 0 || !mkdtemp(dir))
        return ERR_USAGE;
    state = seed * 2654435769u + 1;
    size_t sources = ((size_t)argc - 3) / 2;
    struct source *s = mem_alloc(sources * sizeof *s);
    for (size_t i = 0; i < sources; i++)
        load(&s[i], argv[3 + 2 * i], argv[4 + 2 * i]);
    char *paths[2] = {str_printf("%s/a.ptrace", dir), str_printf("%s/b.ptrace", dir)};
    bool same = true;
    for (uint64_t i = 0; i < rounds && same; i++) {
        bool damaged = rnd(4) == 0, good;
        bins_limit = rnd(3) ? 1024 : 4 + rnd(8);
        make_trace(&s[i % sources], paths);
        if (damaged)
            damage(paths[0]);
        same = compare(&s[i % sources], paths, damaged, &good);
        measured += good;
        if (!same)
            printf("round %" PRIu64 " of seed %" PRIu64 "\n", i, seed);
    }
    for (int i = 0; i < 2; i++) {
        unlink(paths[i]);
        free(paths[i]);
    }
    char *last = str_printf("%s/p.prof", dir);
    unlink(last);
    free(last);
    rmdir(dir);
    for (size_t i = 0; i < sources; i++) {
        cfg_free(s[i].g);
        image_free(s[i].img);
        vec_free(&s[i].records);
        vec_free(&s[i].pieces);
    }
    free(s);
    printf("  %" PRIu64 " traces, %" PRIu64 " of them gave a profile\n", rounds, measured);
    same = same && measured > rounds / 4 && measured < rounds;
    printf("%d passed, %d failed\n", same, !same);
    return !same;
}
