/* What terms mean to the solver against the evaluator of the ir: every operation at many widths, memories and CSR files; cores, rewinding,
 * limits. cfg/test/smt_wrong.sh has wrong translations, each of which must fail here. */
#include "cfg/smt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static const struct smt_limits limits = {.steps = 500u * 1000 * 1000, .seconds = 120, .bytes = 4ull << 30};

static uint64_t seed = 88172645463325252ull;
static uint64_t next_random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    return seed ^= seed << 17;
}

static uint64_t interesting(unsigned width) {
    uint64_t r = next_random(), top = 1ull << (width - 1);
    uint64_t edge[] = {0, 1, 2, width, width - 1, width + 1, top, top - 1, top + 1, UINT64_MAX, UINT64_MAX - 1};
    if (r & 1)
        return edge[(r >> 8) % (sizeof edge / sizeof *edge)] & ir_mask(width);
    return next_random() >> (r >> 8 & 63) & ir_mask(width);
}

/* ---- terms whose variables are given values ---------------------------------------------------------------------------------- */

enum { MOST_VARS = 8192, BASE = 0x1000, NEAR = 24 };
static uint64_t value_of_var[MOST_VARS];
static uint32_t vars;

static bool var_value(void *user, uint64_t id, uint64_t *v) {
    (void)user;
    *v = value_of_var[id];
    return true;
}
static uint8_t byte_at(uint64_t addr) { return (uint8_t)(addr * 0x9e3779b1u >> 7); }
static bool byte_value(void *user, uint64_t addr, uint8_t *v) {
    (void)user;
    *v = byte_at(addr);
    return true;
}
static bool csr_value(void *user, uint32_t number, uint64_t *v) {
    (void)user;
    *v = number * 0x9e3779b97f4a7c15ull;
    return true;
}
static const struct ir_env env = {.var = var_value, .byte = byte_value, .csr = csr_value};

struct fixture {
    struct ir ir;
    struct smt *s;
    VEC(ir_ref) terms;
};

static void setup(struct fixture *f) {
    *f = (struct fixture){0};
    ir_init(&f->ir, NULL);
    f->s = smt_new(&f->ir);
    vars = 0;
}

static void teardown(struct fixture *f) {
    smt_free(f->s);
    ir_free(&f->ir);
    vec_free(&f->terms);
}

static ir_ref known(struct fixture *f, unsigned width, uint64_t v) {
    assert_true(vars < MOST_VARS);
    value_of_var[vars] = v;
    ir_ref x = ir_var(&f->ir, width, vars++);
    smt_assert(f->s, ir_binary(&f->ir, IR_EQ, x, ir_const(&f->ir, width, v)), NONE);
    return x;
}

static void compare(struct fixture *f, ir_ref term) {
    smt_ask(f->s, term);
    vec_push(&f->terms, term);
}

static void agree(struct fixture *f) {
    struct err e = {0};
    enum smt_answer answer;
    if (smt_solve(f->s, limits, &answer, NULL, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(answer, SMT_SAT);
    for (size_t i = 0; i < f->terms.len; i++) {
        const struct ir_node *n = ir_at(&f->ir, f->terms.data[i]);
        uint64_t v;
        assert_true(ir_eval(&f->ir, f->terms.data[i], &env, &v));
        if (v != smt_value(f->s, i))
            fail_msg("op %u of width %u: the ir says 0x%llx, the solver 0x%llx", n->op, ir_at(&f->ir, n->a)->width, (unsigned long long)v,
                     (unsigned long long)smt_value(f->s, i));
    }
}

static void operators(void **state) {
    static const uint8_t widths[] = {1, 2, 7, 8, 16, 31, 32, 33, 63, 64};
    (void)state;
    for (size_t k = 0; k < sizeof widths; k++) {
        struct fixture f;
        unsigned w = widths[k];
        setup(&f);
        for (unsigned op = IR_ADD; op <= IR_SLT; op++)
            for (int i = 0; i < 24; i++)
                compare(&f, ir_binary(&f.ir, (enum ir_op)op, known(&f, w, interesting(w)), known(&f, w, interesting(w))));
        for (int i = 0; i < 12; i++) {
            ir_ref a = known(&f, w, interesting(w)), b = known(&f, w, interesting(w));
            compare(&f, ir_ite(&f.ir, known(&f, 1, (uint64_t)i & 1), a, b));
            compare(&f, ir_low(&f.ir, a, 1 + (unsigned)next_random() % w));
            if (w < 64) {
                compare(&f, ir_zext(&f.ir, a, w + 1 + (unsigned)next_random() % (64 - w)));
                compare(&f, ir_sext(&f.ir, a, w + 1 + (unsigned)next_random() % (64 - w)));
            }
        }
        agree(&f);
        teardown(&f);
    }
}

/* Constants stand in the text as literals or, of odd widths, definitions. */
static void constants(void **state) {
    struct fixture f;
    (void)state;
    setup(&f);
    for (unsigned w = 1; w <= 64; w++)
        for (int i = 0; i < 3; i++)
            compare(&f, ir_binary(&f.ir, IR_XOR, known(&f, w, interesting(w)), ir_const(&f.ir, w, interesting(w))));
    agree(&f);
    teardown(&f);
}

/* Sums of products of differences … of shared operands. */
static void nested(void **state) {
    struct fixture f;
    VEC(ir_ref) pool = {0};
    (void)state;
    setup(&f);
    for (int i = 0; i < 16; i++)
        vec_push(&pool, known(&f, 64, interesting(64)));
    for (int i = 0; i < 300; i++) {
        ir_ref a = pool.data[next_random() % pool.len], b = pool.data[next_random() % pool.len];
        enum ir_op op = (enum ir_op)(IR_ADD + next_random() % (IR_SLT - IR_ADD + 1));
        ir_ref t = ir_zext(&f.ir, ir_binary(&f.ir, op, a, b), 64);
        vec_push(&pool, t);
        compare(&f, t);
    }
    agree(&f);
    vec_free(&pool);
    teardown(&f);
}

static ir_ref near(struct fixture *f) { return known(f, 64, BASE + next_random() % NEAR); }

static void memory(void **state) {
    struct fixture f;
    ir_ref begin, mem;
    (void)state;
    setup(&f);
    begin = mem = ir_var(&f.ir, 0, 1u << 20);
    for (uint64_t i = BASE; i < BASE + NEAR + 8; i++)
        smt_assert_text(f.s, NONE, "(= (select %s #x%016llx) #x%02x)", smt_term(f.s, mem).text, (unsigned long long)i, byte_at(i));
    for (int i = 0; i < 60; i++) {
        unsigned bytes = 1u << next_random() % 4;
        ir_ref other = mem;
        mem = ir_store(&f.ir, mem, near(&f), known(&f, 8 * bytes, interesting(8 * bytes)));
        if (i % 7 == 3)
            mem = ir_ite(&f.ir, known(&f, 1, next_random() & 1), i % 2 ? other : begin, mem);
        for (unsigned n = 1; n <= 8; n++)
            compare(&f, ir_load(&f.ir, mem, near(&f), 8 * n, 0));
    }
    agree(&f);
    teardown(&f);
}

static void csr_files(void **state) {
    struct fixture f;
    static const uint32_t numbers[] = {3, 0x100, 0x140, 0x142, 0xfff};
    uint64_t v;
    (void)state;
    setup(&f);
    ir_ref file = ir_var(&f.ir, 0, 1u << 20);
    for (size_t i = 0; i < 5; i++) {
        ir_ref r = ir_csr(&f.ir, file, numbers[i], 0);
        csr_value(NULL, numbers[i], &v);
        smt_assert(f.s, ir_binary(&f.ir, IR_EQ, r, ir_const(&f.ir, 64, v)), NONE);
    }
    for (int i = 0; i < 40; i++) {
        ir_ref other = file;
        file = ir_set_csr(&f.ir, file, numbers[next_random() % 5], known(&f, 64, next_random()));
        (void)other;
        compare(&f, ir_csr(&f.ir, file, numbers[next_random() % 5], 0));
    }
    agree(&f);
    teardown(&f);
}

/* ---- answers ----------------------------------------------------------------------------------------------------------------------- */

static enum smt_answer ask(struct smt *s) {
    struct err e = {0};
    enum smt_answer answer;
    if (smt_solve(s, limits, &answer, NULL, &e) < 0)
        fail_msg("%s", e.text);
    return answer;
}

/* x < 5 and x > 9 cannot be, whatever else is asserted; rewound, it can. */
static void cores(void **state) {
    struct fixture f;
    const uint32_t *core;
    (void)state;
    setup(&f);
    ir_ref x = ir_var(&f.ir, 64, 1), y = ir_var(&f.ir, 64, 2);
    smt_assert(f.s, ir_binary(&f.ir, IR_ULT, x, ir_const(&f.ir, 64, 5)), 7);
    smt_assert(f.s, ir_binary(&f.ir, IR_ULT, y, x), 3);
    struct smt_mark m = smt_mark(f.s);
    assert_int_equal(ask(f.s), SMT_SAT);
    smt_assert(f.s, ir_binary(&f.ir, IR_ULT, ir_const(&f.ir, 64, 9), x), 40);
    assert_int_equal(ask(f.s), SMT_UNSAT);
    assert_int_equal(smt_core(f.s, &core), 2);
    assert_int_equal(core[0], 7);
    assert_int_equal(core[1], 40);
    smt_rewind(f.s, m);
    size_t q = smt_ask(f.s, ir_binary(&f.ir, IR_SUB, x, y));
    assert_int_equal(ask(f.s), SMT_SAT);
    assert_true(smt_value(f.s, q) <= 4 && smt_value(f.s, q) > 0);
    teardown(&f);
}

/* Loads with a tag are anything, each its own; without one, memory is one moment's. */
static void unknowns(void **state) {
    struct fixture f;
    (void)state;
    setup(&f);
    ir_ref mem = ir_var(&f.ir, 0, 1), at = ir_var(&f.ir, 64, 2);
    ir_ref first = ir_load(&f.ir, mem, at, 64, 1), second = ir_load(&f.ir, mem, at, 64, 2), plain = ir_load(&f.ir, mem, at, 64, 0);
    smt_assert(f.s, ir_not(&f.ir, ir_binary(&f.ir, IR_EQ, first, second)), NONE);
    assert_int_equal(ask(f.s), SMT_SAT);
    ir_ref p = ir_var(&f.ir, 64, 3), q = ir_var(&f.ir, 64, 4);
    struct smt_mark m = smt_mark(f.s);
    smt_assert(f.s, ir_binary(&f.ir, IR_EQ, p, at), 1);
    smt_assert(f.s, ir_not(&f.ir, ir_binary(&f.ir, IR_EQ, plain, ir_load(&f.ir, mem, p, 64, 0))), 2);
    assert_int_equal(ask(f.s), SMT_UNSAT);
    smt_rewind(f.s, m);
    smt_assert(f.s, ir_binary(&f.ir, IR_EQ, p, q), 1);
    smt_assert(f.s, ir_not(&f.ir, ir_binary(&f.ir, IR_EQ, ir_apply(&f.ir, 64, 5, p, 0, 0), ir_apply(&f.ir, 64, 5, q, 0, 0))), 2);
    assert_int_equal(ask(f.s), SMT_UNSAT);
    smt_rewind(f.s, m);
    smt_assert(f.s, ir_not(&f.ir, ir_binary(&f.ir, IR_EQ, ir_apply(&f.ir, 64, 5, p, 0, 0), ir_apply(&f.ir, 64, 6, p, 0, 0))), 2);
    assert_int_equal(ask(f.s), SMT_SAT);
    teardown(&f);
}

/* A question that is too hard is unknown, and the limit in steps says so again and again; text that is no SMT-LIB is an error. */
static void limits_and_errors(void **state) {
    struct fixture f;
    struct err e = {0};
    enum smt_answer answer;
    const char *why;
    (void)state;
    setup(&f);
    ir_ref x = ir_var(&f.ir, 64, 1), y = ir_var(&f.ir, 64, 2), one = ir_const(&f.ir, 64, 1);
    smt_assert(f.s, ir_binary(&f.ir, IR_EQ, ir_binary(&f.ir, IR_MUL, x, y), ir_const(&f.ir, 64, 0xffffffffffffffc5ull)), NONE);
    smt_assert(f.s, ir_binary(&f.ir, IR_ULT, one, ir_low(&f.ir, x, 64)), NONE);
    smt_assert(f.s, ir_binary(&f.ir, IR_EQ, ir_binary(&f.ir, IR_MULHU, x, y), ir_const(&f.ir, 64, 0)), NONE);
    smt_assert(f.s, ir_binary(&f.ir, IR_ULT, one, y), NONE);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(smt_solve(f.s, (struct smt_limits){.steps = 200000, .seconds = 60}, &answer, &why, &e), 0);
        assert_int_equal(answer, SMT_UNKNOWN);
        assert_string_equal(why, "the solver gave up");
    }
    assert_int_equal(smt_solve(f.s, (struct smt_limits){.seconds = 0.3}, &answer, &why, &e), 0);
    assert_int_equal(answer, SMT_UNKNOWN);
    assert_string_equal(why, "the solver ran out of time");
    struct smt_mark m = smt_mark(f.s);
    smt_text(f.s, "(assert (no-such-thing true))");
    assert_int_equal(smt_solve(f.s, limits, &answer, &why, &e), -1);
    assert_non_null(strstr(e.text, "no-such-thing"));
    smt_rewind(f.s, m);
    smt_use_solver("no-such-solver");
    assert_int_equal(smt_solve(f.s, limits, &answer, &why, &e), -1);
    assert_non_null(strstr(e.text, "no-such-solver"));
    smt_use_solver(NULL);
    teardown(&f);
}

/* The same questions of an ir that has seen other things before are the same bytes; the file can be given to the solver. */
static void same_bytes(void **state) {
    struct fixture f, g;
    (void)state;
    setup(&f);
    setup(&g);
    for (unsigned i = 0; i < 50; i++)
        ir_var(&g.ir, 64, 1000 + i);
    for (int k = 0; k < 2; k++) {
        struct fixture *h = k ? &g : &f;
        ir_ref x = ir_var(&h->ir, 64, 1), c = ir_const(&h->ir, 33, 5);
        smt_assert(h->s, ir_binary(&h->ir, IR_EQ, ir_low(&h->ir, x, 33), c), 1);
        smt_assert(h->s, ir_binary(&h->ir, IR_ULT, x, ir_const(&h->ir, 64, 3)), 2);
    }
    assert_string_equal(smt_script(f.s), smt_script(g.s));
    char path[] = "/tmp/smt_test.XXXXXX";
    struct err e = {0};
    close(mkstemp(path));
    assert_int_equal(smt_write(f.s, path, "one\ntwo", SMT_UNSAT, &e), 0);
    char *text;
    size_t size;
    assert_int_equal(file_read(path, &text, &size, &e), 0);
    assert_int_equal(strncmp(text, "; one\n; two\n(set-logic QF_AUFBV)\n(set-info :status unsat)\n", 58), 0);
    char *argv[] = {"z3", path, NULL};
    struct child_result r;
    assert_int_equal(child_run(argv, (struct child_limits){.seconds = 60}, -1, 2, &r, &e), 0);
    assert_int_equal(r.status, 0);
    assert_int_equal(ask(f.s), SMT_UNSAT);
    unlink(path);
    free(text);
    teardown(&f);
    teardown(&g);
}

/* ---- without arrays: products and quotients are said in part -------------------------------------------------------------------------- */

/* Of every value that an operation can have, what is said is true: else the question would have no answer. */
static void what_is_said_in_part_is_true(void **state) {
    (void)state;
    static const enum ir_op ops[] = {IR_MUL, IR_MULH, IR_MULHSU, IR_MULHU, IR_DIV, IR_DIVU, IR_REM, IR_REMU};
    static const unsigned widths[] = {17, 20, 32, 64};
    struct fixture f;
    for (size_t o = 0; o < sizeof ops / sizeof *ops; o++)
        for (size_t k = 0; k < 4; k++) {
            unsigned w = widths[k];
            setup(&f);
            smt_without_arrays(f.s);
            for (int i = 0; i < 60; i++) {
                uint64_t a = interesting(w), b = i % 4 ? interesting(w) : 2 + next_random() % 100;
                ir_ref x = known(&f, w, a), y = i % 3 ? known(&f, w, b) : ir_const(&f.ir, w, b);
                ir_ref r = ir_binary(&f.ir, ops[o], x, y);
                smt_assert(f.s, ir_binary(&f.ir, IR_EQ, r, ir_const(&f.ir, w, ir_fold(ops[o], w, a, b))), NONE);
            }
            enum smt_answer answer;
            struct err e = {0};
            assert_int_equal(smt_solve(f.s, limits, &answer, NULL, &e), 0);
            assert_int_equal(answer, SMT_SAT);
            teardown(&f);
        }
}

/* What is enough for a bound: remainders are below their divisor, quotients at most the part. */
static void what_is_said_in_part_is_enough(void **state) {
    (void)state;
    struct fixture f;
    setup(&f);
    smt_without_arrays(f.s);
    ir_ref x = ir_var(&f.ir, 64, 1), y = ir_var(&f.ir, 64, 2), ten = ir_const(&f.ir, 64, 10);
    ir_ref small = ir_not(&f.ir, ir_binary(&f.ir, IR_EQ, y, ir_const(&f.ir, 64, 0)));
    ir_ref below = ir_binary(&f.ir, IR_ULT, ir_binary(&f.ir, IR_REMU, x, y), y), q = ir_binary(&f.ir, IR_DIVU, x, ten);
    ir_ref part = ir_not(&f.ir, ir_binary(&f.ir, IR_ULT, x, ir_binary(&f.ir, IR_MUL, q, ten)));
    smt_assert(f.s, small, NONE);
    smt_assert(f.s, ir_not(&f.ir, ir_binary(&f.ir, IR_AND, below, part)), NONE);
    enum smt_answer answer;
    struct err e = {0};
    assert_int_equal(smt_solve(f.s, limits, &answer, NULL, &e), 0);
    assert_int_equal(answer, SMT_UNSAT);
    teardown(&f);
}

/* Several questions at once are each answered as if alone. */
static void several_at_once(void **state) {
    (void)state;
    enum { N = 7 };
    struct fixture f[N];
    struct smt *list[N];
    enum smt_answer answers[N];
    struct err e = {0};
    for (int i = 0; i < N; i++) {
        setup(&f[i]);
        ir_ref x = known(&f[i], 64, (uint64_t)i * 1000);
        if (i % 3 == 1)
            smt_assert(f[i].s, ir_binary(&f[i].ir, IR_ULT, x, ir_const(&f[i].ir, 64, (uint64_t)i)), NONE);
        smt_ask(f[i].s, x);
        list[i] = f[i].s;
    }
    assert_int_equal(smt_solve_all(list, N, limits, answers, &e), 0);
    for (int i = 0; i < N; i++) {
        assert_int_equal(answers[i], i % 3 == 1 ? SMT_UNSAT : SMT_SAT);
        if (i % 3 != 1)
            assert_int_equal(smt_value(list[i], 0), i * 1000);
        assert_true(smt_steps(list[i]) > 0);
        teardown(&f[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_in_part_is_true), cmocka_unit_test(what_is_said_in_part_is_enough), cmocka_unit_test(several_at_once),
        cmocka_unit_test(operators), cmocka_unit_test(constants), cmocka_unit_test(nested), cmocka_unit_test(memory), cmocka_unit_test(csr_files),
        cmocka_unit_test(cores), cmocka_unit_test(unknowns), cmocka_unit_test(limits_and_errors), cmocka_unit_test(same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
