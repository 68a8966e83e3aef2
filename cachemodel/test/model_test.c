#include "cachemodel/sim.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <unistd.h>

/* ---- policies by hand -------------------------------------------------------------------------------------------------------- */

/* Accesses as letters, one set; returns 'h' and 'm'. */
static void run(enum model_policy p, uint64_t ways, const char *letters, const char *outcome) {
    struct sim *s = sim_new((struct shape){64, 1, ways}, p, false, true);
    for (size_t i = 0; letters[i]; i++) {
        uint64_t victim;
        bool hit = sim_access(s, (uint64_t)letters[i] * 64, false, &victim) & SIM_HIT;
        if (hit != (outcome[i] == 'h'))
            fail_msg("%s, %d ways: access %zu of %s", model_policy_name(p), (int)ways, i, letters);
    }
    sim_free(s);
}

static void test_policies(void **state) {
    (void)state;
    run(MODEL_LRU, 3, "abcadbacd", "mmmhmmhmm");
    run(MODEL_FIFO, 3, "abcadabcd", "mmmhmmmmm");
    /* full of abcd, root and right node point left: e takes a's way, f takes c's */
    run(MODEL_PLRU, 4, "abcdefbdac", "mmmmmmhhmm");
    /* d's miss clears all and takes a's way; then b is the lowest clear one, then c */
    run(MODEL_NRU, 3, "abcdcab", "mmmmhmm");
    /* c sets the last bit, so a and b are clear: d takes a's way; a then b's, setting the last bit again: c's and d's are clear */
    run(MODEL_MRU, 3, "abcdacd", "mmmmmhh");
    /* a is hit (0), b and c are at 2: b goes first, then c, and a outlives both */
    run(MODEL_SRRIP, 3, "abcadeabc", "mmmhmmhmm");
    run(MODEL_FIFO, 1, "aabab", "mhmmm");
}

static void test_dirty(void **state) {
    (void)state;
    struct sim *s = sim_new((struct shape){32, 2, 1}, MODEL_LRU, true, true);
    uint64_t victim = 0;
    assert_int_equal(sim_access(s, 0, true, &victim), SIM_HELD);
    assert_int_equal(sim_access(s, 32, false, &victim), SIM_HELD);
    assert_int_equal(sim_access(s, 64, false, &victim), SIM_HELD | SIM_EVICTED | SIM_WROTE_BACK);
    assert_int_equal(victim, 0);
    assert_int_equal(sim_access(s, 96, false, &victim), SIM_HELD | SIM_EVICTED);
    assert_int_equal(victim, 32);
    sim_post(s, 64);
    sim_post(s, 0); /* not there: nothing */
    assert_int_equal(sim_access(s, 0, false, &victim), SIM_HELD | SIM_EVICTED | SIM_WROTE_BACK);
    sim_free(s);
    s = sim_new((struct shape){32, 2, 1}, MODEL_LRU, false, false);
    assert_int_equal(sim_access(s, 0, true, &victim), 0);
    assert_int_equal(sim_access(s, 0, false, &victim), SIM_HELD);
    assert_int_equal(sim_access(s, 0, true, &victim), SIM_HELD | SIM_HIT);
    assert_int_equal(sim_access(s, 64, false, &victim), SIM_HELD | SIM_EVICTED);
    sim_free(s);
}

static void test_equivalence(void **state) {
    (void)state;
    const enum model_policy two[] = {MODEL_LRU, MODEL_PLRU, MODEL_MRU};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++) {
            assert_true(policy_equivalent(two[i], two[k], 2));
            assert_int_equal(policy_equivalent(two[i], two[k], 4), i == k);
        }
    for (int p = 0; p < MODEL_POLICIES; p++)
        assert_true(policy_equivalent(MODEL_LRU, (enum model_policy)p, 1));
    const enum model_policy others[] = {MODEL_FIFO, MODEL_NRU, MODEL_SRRIP};
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < MODEL_RANDOM; k++)
            for (uint64_t ways = 2; ways <= 8; ways *= 2)
                assert_int_equal(policy_equivalent(others[i], (enum model_policy)k, ways), (int)others[i] == k);
    assert_false(policy_equivalent(MODEL_LRU, MODEL_RANDOM, 2));
}

/* ---- model files ------------------------------------------------------------------------------------------------------------- */

static struct model *sample(void) {
    struct model *m = mem_alloc(sizeof *m);
    m->platform = str_dup("sample");
    snprintf(m->digest, sizeof m->digest, "%032d", 7);
    m->clock = 1000000;
    m->counter_overhead = 7;
    for (int c = 0; c < MODEL_CLASSES; c++)
        m->latency[c] = c % 3 ? c : MODEL_UNKNOWN;
    struct model_cache d = {.name = "L1D", .line = 64, .sets = 16, .ways = 2, .policies = 1u << MODEL_LRU | 1u << MODEL_PLRU, .miss = 9, .cold = 30,
                            .stores = true, .write_back = 1, .allocate = 0, .evict_dirty = MODEL_UNKNOWN};
    struct model_cache i = {.name = "L1I", .line = 32, .sets = MODEL_UNKNOWN, .ways = 2, .policies = 1u << MODEL_PERMUTATION, .miss = 3,
                            .table = memcpy(mem_alloc(4), (uint8_t[]){0, 1, 1, 0}, 4)};
    struct model_tlb t = {.name = "DTLB", .entries = 8, .page = 4096, .miss = 20, .policies = 1u << MODEL_FIFO};
    vec_push(&d.evidence, str_dup("seen"));
    vec_push(&m->caches, d);
    vec_push(&m->caches, i);
    vec_push(&m->tlbs, t);
    vec_push(&m->absent, str_dup("L2"));
    vec_push(&m->unknown, str_dup("something"));
    return m;
}

static char *text_of(const struct model *m) {
    json_t *j = model_json(m);
    char *text = json_dumps(j, JSON_SORT_KEYS);
    json_decref(j);
    return text;
}

static struct model *load_text(const char *text, struct err *e) {
    char path[] = "/tmp/model-test-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    struct model *m = model_load(path, e);
    unlink(path);
    return m;
}

static void test_round_trip(void **state) {
    (void)state;
    struct err e;
    struct model *m = sample();
    char *text = text_of(m);
    struct model *again = load_text(text, &e);
    assert_non_null(again);
    char *second = text_of(again);
    assert_string_equal(text, second);
    assert_int_equal(model_find(again, "L1I")->table[2], 1);
    assert_null(model_find(again, "L3"));
    model_free(m);
    model_free(again);
    free(text);
    free(second);
}

/* FROM is replaced by TO in the sample's text; then it must not load, and the error must say WHERE. */
static void spoil(const char *from, const char *to, const char *where) {
    struct err e;
    struct model *m = sample();
    char *text = text_of(m), *at = strstr(text, from);
    assert_non_null(at);
    char *bad = str_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    assert_null(load_text(bad, &e));
    assert_int_equal(e.kind, ERR_INPUT);
    if (!strstr(e.text, where))
        fail_msg("\"%s\" does not say \"%s\"", e.text, where);
    model_free(m);
    free(text);
    free(bad);
}

static void test_bad_files(void **state) {
    (void)state;
    spoil("\"line\": 64", "\"line\": -64", "line");
    spoil("\"line\": 64", "\"line\": \"about 64\"", "line");
    spoil("\"line\": 64, ", "", "line");
    spoil("\"write\": \"back\"", "\"write\": \"sideways\"", "write");
    spoil("\"plru\"", "\"optimal\"", "policy_class");
    spoil("[1, 0]", "[1, 1]", "permutation");
    spoil("[1, 0]", "[1]", "permutation");
    spoil("\"caches\": [", "\"cashes\": [", "caches");
    spoil("\"absent\": [\"L2\"]", "\"absent\": [2]", "absent");
    spoil("\"platform\": \"sample\"", "\"platform\": 1", "platform");
    spoil("\"unknown\": [\"something\"]", "\"unknown\": \"something\"", "unknown");
    spoil("}", "", ":1:");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_policies),  cmocka_unit_test(test_dirty),     cmocka_unit_test(test_equivalence),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_bad_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
