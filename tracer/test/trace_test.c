/* Trace files: what is written is read; whatever happens to a file, no record is invented and none before the damage is lost.
 * Built with a writer whose frames have FRAME_LIMIT = 40 tokens, so that small files have many. */
#include "tracer/trace_format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

enum { RECORDS = 170 };

static const struct trace_info info = {.isa = "rv64", .build_id = "00ff", .platform = "abcd", .clock_hz = 100000000, .port = true};

static char dir[] = "/tmp/potoroo-trace-XXXXXX";
static char path[64], other[64];

static uint64_t state = 88172645463325252u;

static uint64_t rnd(void) {
    state ^= state << 13;
    state ^= state >> 7;
    return state ^= state << 17;
}

/* A walk over a few points with some regularity, rare large steps and some losses. */
static void make_records(struct trace_record *r, size_t n) {
    uint64_t cycle = 1000, at = 0;
    for (size_t i = 0; i < n; i++) {
        at = rnd() % 8 ? (at * 7 + 3) % 40 : rnd() % 40;
        cycle += rnd() % 50 ? 10 + at + (rnd() % 4 ? 0 : 40) : rnd() >> (20 + rnd() % 40);
        r[i] = (struct trace_record){(rnd() % 100 ? 0xffffffc080001000 + 26 * at : rnd()), cycle, i && rnd() % 20 == 0 ? 1 + rnd() % 500 : 0,
                                      info.port && rnd() % 9 == 0, 0};
        r[i].addr &= ~(uint64_t)info.port; /* an instruction's address is even */
        if (!r[i].mark)
            continue;
        r[i].addr = (uint64_t)((int64_t)(r[i].addr << 7) >> 7);
        r[i].cause = rnd() % 3 ? (rnd() % 2) << 63 | rnd() % 64 : 0;
    }
}

static void write_trace(const struct trace_record *r, size_t n) {
    struct err e;
    struct trace_writer *w = trace_create(path, &info, &e);
    assert_non_null(w);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(trace_append_lost(w, r[i].lost, &e), 0);
        if (r[i].addr % 3 == 0) /* some with losses in them, some too long for their frame */
            assert_int_equal(trace_phrase(w, &e), 0);
        assert_int_equal(r[i].mark ? trace_append_mark(w, r[i].addr, r[i].cause, r[i].cycle, &e) : trace_append(w, r[i].addr, r[i].cycle, &e), 0);
    }
    assert_int_equal(trace_commit(w, &e), 0);
}

static void assert_same(const struct trace_record *a, const struct trace_record *b) {
    assert_int_equal(a->addr, b->addr);
    assert_int_equal(a->cycle, b->cycle);
    assert_int_equal(a->lost, b->lost);
    assert_int_equal(a->mark, b->mark);
    assert_int_equal(a->cause, b->cause);
}

static void store(const char *where, const char *data, size_t size) {
    FILE *f = fopen(where, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static void test_round_trip(void **unused) {
    (void)unused;
    static const size_t sizes[] = {0, 1, 2, 39, 40, 41, RECORDS, 5000};
    struct trace_record *r = mem_alloc(5000 * sizeof *r), got;
    struct err e;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        make_records(r, sizes[k]);
        write_trace(r, sizes[k]);
        struct trace_reader *t = trace_open(path, &e);
        assert_non_null(t);
        assert_memory_equal(trace_get_info(t), &info, sizeof info);
        for (size_t i = 0; i < sizes[k]; i++) {
            assert_int_equal(trace_next(t, &got, &e), 1);
            assert_same(&got, &r[i]);
            assert_int_equal(trace_position(t), i);
        }
        assert_int_equal(trace_next(t, &got, &e), 0);
        assert_int_equal(trace_next(t, &got, &e), 0);
        assert_false(trace_cut(t));
        assert_int_equal(trace_offset(t), trace_size(t));
        trace_close(t);
    }
    free(r);
}

/* The same records many at a time; phrases met again have what was said of them. */
static void test_batches(void **unused) {
    (void)unused;
    struct trace_record *r = mem_alloc(20000 * sizeof *r);
    struct trace_batch b;
    struct err e;
    size_t i = 0, again = 0;
    make_records(r, 20000);
    write_trace(r, 20000);
    struct trace_reader *t = trace_open(path, &e);
    while (trace_next_batch(t, &b, &e) > 0) {
        uint64_t cycle = b.cycle;
        assert_int_equal(b.position, i);
        assert_int_equal(b.lost, r[i].lost);
        for (uint32_t k = 0; k < b.count; k++, i++) {
            struct trace_record got = {.cycle = cycle += b.near ? b.near[k] : b.step[k], .lost = k ? 0 : b.lost};
            trace_point(t, b.point[k], &got);
            assert_same(&got, &r[i]);
        }
        assert_int_equal(b.last, cycle);
        if (!b.known)
            continue;
        struct trace_record first;
        trace_point(t, b.point[0], &first);
        assert_int_equal(first.addr % 3, 0);
        again += *b.known != 0;
        assert_true(!*b.known || *b.known == (uint32_t)hash_bytes(b.point, b.count * sizeof *b.point, 0));
        *b.known = (uint32_t)hash_bytes(b.point, b.count * sizeof *b.point, 0);
    }
    assert_int_equal(i, 20000);
    assert_true(again > 200);
    trace_close(t);
    free(r);
}

static void test_same_bytes(void **unused) {
    (void)unused;
    struct trace_record r[RECORDS];
    struct err e;
    char *a, *b;
    size_t n, m;
    make_records(r, RECORDS);
    write_trace(r, RECORDS);
    assert_int_equal(file_read(path, &a, &n, &e), 0);
    write_trace(r, RECORDS);
    assert_int_equal(file_read(path, &b, &m, &e), 0);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(a);
    free(b);
}

static void test_loss_at_the_end(void **unused) {
    (void)unused;
    struct trace_record got;
    struct err e;
    struct trace_writer *w = trace_create(path, &info, &e);
    trace_append(w, 4, 5, &e);
    trace_append_lost(w, 77, &e);
    assert_int_equal(trace_commit(w, &e), 0);
    struct trace_reader *t = trace_open(path, &e);
    assert_int_equal(trace_next(t, &got, &e), 1);
    assert_int_equal(trace_next(t, &got, &e), 0);
    assert_int_equal(trace_lost(t), 77);
    trace_close(t);
}

static void test_time_backwards(void **unused) {
    (void)unused;
    struct err e;
    struct trace_writer *w = trace_create(path, &info, &e);
    assert_int_equal(trace_append(w, 4, 5, &e), 0);
    assert_int_equal(trace_append(w, 4, 4, &e), -1);
    assert_string_equal(e.text, "record 1: time runs backwards, from cycle 5 to 4");
    trace_abort(w);
}

struct outcome {
    size_t records, errors;
    bool cut, in_order;       /* in_order: each record was RECORDS[its position] */
    size_t before_damage;     /* records handed out before the first error */
    uint64_t lost, marked;
};

/* Read all of it. Every record must be the one that was written at that position. */
static struct outcome read_all(const struct trace_record *r, size_t n) {
    struct outcome o = {.in_order = true};
    struct trace_record got;
    struct err e;
    struct trace_reader *t = trace_open(other, &e);
    if (!t)
        return (struct outcome){.errors = 1, .in_order = true};
    for (int rc; (rc = trace_next(t, &got, &e)) != 0;) {
        if (rc < 0) {
            o.before_damage = o.errors++ ? o.before_damage : o.records;
            assert_int_equal(e.kind, ERR_INPUT);
            assert_true(o.errors < 100);
            continue;
        }
        uint64_t i = trace_position(t);
        o.in_order = o.in_order && i < n && got.addr == r[i].addr && got.cycle == r[i].cycle;
        o.records++;
        o.marked += i < n ? r[i].lost : 0;
    }
    o.cut = trace_cut(t);
    o.lost = trace_lost(t);
    trace_close(t);
    return o;
}

/* How many records the frames hold that lie wholly within SIZE bytes of the file. */
static size_t whole_records(const char *file, size_t size) {
    size_t at = CHUNK_HEAD + HEADER_SIZE, records = 0;
    while (at + CHUNK_HEAD + FRAME_SIZE <= size && memcmp(file + at + CHUNK_HEAD, FRAME_MARK, 8) == 0) {
        const uint8_t *body = (const uint8_t *)file + at + CHUNK_HEAD;
        at += CHUNK_HEAD + FRAME_SIZE + get32(body + 52);
        if (at <= size)
            records += get32(body + 44);
    }
    return records;
}

static void test_cut_at_every_byte(void **unused) {
    (void)unused;
    struct trace_record r[RECORDS];
    struct err e;
    char *file;
    size_t size;
    make_records(r, RECORDS);
    write_trace(r, RECORDS);
    assert_int_equal(file_read(path, &file, &size, &e), 0);
    assert_int_equal(whole_records(file, size), RECORDS);
    for (size_t cut = 0; cut < size; cut++) {
        store(other, file, cut);
        struct outcome o = read_all(r, RECORDS);
        assert_true(o.in_order);
        assert_int_equal(o.records, whole_records(file, cut));
        if (cut >= CHUNK_HEAD + HEADER_SIZE) {
            assert_true(o.cut);
            assert_int_equal(o.errors, 0);
        } else
            assert_int_equal(o.errors, 1);
    }
    free(file);
}

static void test_every_bit_flipped(void **unused) {
    (void)unused;
    struct trace_record r[RECORDS];
    struct err e;
    char *file;
    size_t size, silent = 0;
    make_records(r, RECORDS);
    write_trace(r, RECORDS);
    assert_int_equal(file_read(path, &file, &size, &e), 0);
    for (size_t bit = 0; bit < size * 8; bit++) {
        file[bit / 8] ^= (char)(1 << bit % 8);
        store(other, file, size);
        file[bit / 8] ^= (char)(1 << bit % 8);
        struct outcome o = read_all(r, RECORDS);
        assert_true(o.in_order);
        silent += !o.errors && !o.cut;
        if (bit / 8 < CHUNK_HEAD + HEADER_SIZE)
            continue;
        assert_true(o.records >= RECORDS - FRAME_LIMIT);         /* the reader finds the next frame */
        assert_true(o.records == RECORDS || o.cut || o.lost >= RECORDS - o.records); /* and what is missing is counted */
        if (o.errors)
            assert_true(o.before_damage >= whole_records(file, bit / 8));
    }
    assert_int_equal(silent, 0);
    free(file);
}

static void test_bad_files(void **unused) {
    (void)unused;
    struct err e;
    store(other, "hello", 5);
    assert_null(trace_open(other, &e));
    assert_non_null(strstr(e.text, "not a potoroo trace"));
    store(other, "", 0);
    assert_null(trace_open(other, &e));
    assert_null(trace_open("/nonexistent/t.ptrace", &e));
    assert_null(trace_create("/nonexistent/t.ptrace", &info, &e));
    assert_null(trace_open("/tmp", &e));
}

static void test_full_disk(void **unused) {
    (void)unused;
    struct err e;
    if (access("/dev/full", W_OK) < 0)
        skip();
    char beside[96];
    snprintf(beside, sizeof beside, "%s.tmp%ld", path, (long)getpid());
    unlink(beside);
    assert_int_equal(symlink("/dev/full", beside), 0); /* where the writer writes until it commits */
    struct trace_writer *w = trace_create(path, &info, &e);
    assert_non_null(w);
    int rc = 0;
    for (uint64_t i = 0; i < 20000 && rc == 0; i++)
        rc = trace_append(w, rnd(), i * 1000, &e);
    if (rc == 0)
        rc = trace_commit(w, &e);
    else
        trace_abort(w);
    assert_int_equal(rc, -1);
    assert_int_equal(e.kind, ERR_INPUT);
    assert_non_null(strstr(e.text, "No space left on device"));
    unlink(beside);
}

static int make_dir(void **unused) {
    (void)unused;
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/t.ptrace", dir);
    snprintf(other, sizeof other, "%s/other.ptrace", dir);
    return 0;
}

static int remove_dir(void **unused) {
    (void)unused;
    unlink(path);
    unlink(other);
    return rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batches), cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_same_bytes),        cmocka_unit_test(test_loss_at_the_end),
        cmocka_unit_test(test_time_backwards),  cmocka_unit_test(test_cut_at_every_byte), cmocka_unit_test(test_every_bit_flipped),
        cmocka_unit_test(test_bad_files),       cmocka_unit_test(test_full_disk),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
