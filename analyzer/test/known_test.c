/* Entries counted against counting each record by itself: few and many times to a step, steps too long, names forgotten. */
#include "analyzer/known.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

enum { WAYS = 6, LENGTH = 9, ROUNDS = 20000 };

static uint64_t seed = 5;
static uint32_t draw(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

/* Way W passes the points 100 W, 100 W + 1, …, and the units 10 W + 1, …, the last of them twice; step s has s + 1 different times, the last one 2000. */
static uint32_t length(uint32_t w) { return LENGTH - w % 3; }
static uint32_t unit_of_step(uint32_t w, uint32_t s) { return 10 * w + (s + 1 == length(w) ? s - 1 : s); }
static uint32_t time_of(uint32_t s) { return 10 * s + (s + 1 == LENGTH ? draw(2000) : draw(s + 1)); }

struct seen {
    uint64_t count, first;
};
static struct {
    struct map index;         /* way << 40 | step << 32 | time → seen; step 0: the whole */
    VEC(struct seen) seen;
    uint32_t way, step;
    uint64_t handed;
} book;

static void note(uint32_t way, uint32_t step, uint64_t cycles, uint64_t position) {
    uint64_t at, key = (uint64_t)way << 40 | (uint64_t)step << 32 | cycles;
    if (!map_get(&book.index, key, &at)) {
        map_put(&book.index, key, at = book.seen.len);
        vec_push(&book.seen, ((struct seen){0, position}));
    }
    book.seen.data[at].count++;
}

static void check(const replay_seen_list *l) {
    for (size_t i = 0; i < l->len; i++) {
        uint64_t at, key = (uint64_t)book.way << 40 | (uint64_t)book.step << 32 | l->data[i].cycles;
        assert_true(map_get(&book.index, key, &at));
        assert_int_equal(book.seen.data[at].count, l->data[i].count);
        assert_int_equal(book.seen.data[at].first, l->data[i].first);
        book.seen.data[at].count = 0; /* no time is told of twice */
        book.handed += l->data[i].count;
    }
}

static void on_repeated(void *user, const struct replay_entry *entry, const replay_seen_list *whole) {
    (void)user;
    book.way = entry->start;
    book.step = 0;
    uint32_t units = length(book.way) - 2;
    assert_int_equal(entry->touches, units);
    for (uint32_t i = 1; i <= units; i++) {
        assert_int_equal(entry->touched[i - 1], 10 * book.way + i);
        assert_int_equal(entry->times[10 * book.way + i], 1 + (i == units));
    }
    check(whole);
}

static void on_step(void *user, uint32_t unit, const replay_seen_list *seen) {
    (void)user;
    book.step++;
    assert_int_equal(unit, unit_of_step(book.way, book.step));
    check(seen);
}

static uint32_t learn(struct known *k, uint32_t w, const uint32_t *point) {
    struct replay_step steps[LENGTH];
    for (uint32_t i = 1; i < length(w); i++)
        steps[i - 1] = (struct replay_step){unit_of_step(w, i), 0};
    struct replay_entry x = {.start = w, .steps = steps, .step_count = length(w) - 1};
    return known_add(k, point, length(w), &x);
}

static void end(struct known *k) {
    uint64_t times[10 * WAYS + LENGTH] = {0};
    struct replay_events events = {.repeated = on_repeated, .repeated_step = on_step};
    known_end(k, &events, times);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        assert_int_equal(times[i], 0);
    for (size_t i = 0; i < book.seen.len; i++)
        assert_int_equal(book.seen.data[i].count, 0);
    map_free(&book.index);
    book.seen.len = 0;
}

static uint64_t sum_of(const uint32_t *steps, uint32_t n) {
    uint64_t sum = 0;
    for (uint32_t i = 1; i < n; i++)
        sum += steps[i];
    return sum;
}

static void counts_are_those_of_each_record(void **state) {
    (void)state;
    struct known *k = known_new();
    uint32_t old = 0, point[LENGTH], steps[LENGTH + STEPS_SLACK] = {0};
    uint64_t position = (uint64_t)1 << 40, counted = 0;
    for (int i = 0; i < ROUNDS; i++, position += LENGTH) {
        uint32_t w = draw(WAYS), n = length(w), name;
        for (uint32_t s = 0; s < n; s++)
            point[s] = 100 * w + s;
        for (uint32_t s = 0; s < n; s++)
            steps[s] = s ? time_of(s) : draw(UINT32_MAX);
        if (draw(3000) == 0) {
            end(k);
            assert_false(known_count(k, old, steps, n, sum_of(steps, n), position));
            assert_int_equal(known_find(k, point, n), 0);
        }
        if (!(name = known_find(k, point, n)))
            name = learn(k, w, point);
        assert_int_equal(known_find(k, point, n), name);
        old = name;
        bool far = draw(50) == 0;
        if (far)
            steps[1 + draw(n - 1)] = UINT32_MAX - draw(1000);
        assert_int_equal(known_count(k, name, steps, n, sum_of(steps, n), position), !far);
        uint64_t whole = 0;
        for (uint32_t s = 1; s < n && !far; s++) {
            note(w, s, steps[s], position + s);
            whole += steps[s];
        }
        if (!far)
            note(w, 0, whole, position);
        counted += far ? 0 : n;
    }
    end(k);
    assert_int_equal(book.handed, counted);
    known_free(k);
    vec_free(&book.seen);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts_are_those_of_each_record)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
