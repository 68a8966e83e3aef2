/* The LP reader: what it takes, what it refuses and where; and programs with known optima. */
#include "ilp/ilp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/potoroo-lp-XXXXXX";

static struct ilp *read_text(const char *text, struct err *e) {
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    return ilp_read_lp(path, e);
}

static void expect_error(const char *text, int line, const char *words) {
    struct err e = {0};
    char where[64];
    snprintf(where, sizeof where, "%s:%d: ", path, line);
    struct ilp *p = read_text(text, &e);
    if (p)
        fail_msg("accepted: %s", text);
    assert_int_equal(e.kind, ERR_INPUT);
    if (!strstr(e.text, where) || !strstr(e.text, words))
        fail_msg("'%s' is not '%s%s'", e.text, where, words);
}

static void errors_name_their_line(void **state) {
    (void)state;
    expect_error("", 1, "'maximize'");
    expect_error("\n\nminimize x\nst\nx <= 1\nend\n", 3, "minimisation");
    expect_error("max x\nx <= 1\nend\n", 2, "where a sign should be");
    expect_error("max x\nst\nx <= 1\n", 4, "'end'");
    expect_error("max x\nst\nx y <= 1\nend\n", 3, "sign");
    expect_error("max x\nst\nx <= y\nend\n", 3, "a number");
    expect_error("max x\nst\nx\nend\n", 4, "comparison");
    expect_error("max x\nst\n3 <= 4\nend\n", 3, "without variables");
    expect_error("max x\nst\nx <= 1\nbounds\nx >= -1\nend\n", 5, "negative");
    expect_error("max x\nst\nx <= 1\nbounds\nx free\nend\n", 5, "negative");
    expect_error("max x\nst\nx <= 1\nbounds\n-inf <= x <= 1\nend\n", 5, "bounds of 0 or more");
    expect_error("max x\nst\nx <= 1\ngeneral\n3\nend\n", 5, "a variable");
    expect_error("max x\nst\nx <= 1\nend\nmore\n", 5, "end of the file");
    expect_error("max x\nst\nx <= 1e99999\nend\n", 3, "number");
    expect_error("max x\nst\nx <= 1 * 3\nend\n", 3, "*");
    expect_error("max x\nst\nx <= 1\nmax y\nend\n", 4, "second objective");
    expect_error("max x + 3\nst\nx <= 1\nend\n", 2, "constant");
    struct err e = {0};
    assert_null(ilp_read_lp("/nonexistent/x.lp", &e));
    assert_non_null(strstr(e.text, "/nonexistent/x.lp"));
}

static void expect_answer(const char *text, enum ilp_status status, const char *bound) {
    struct err e = {0};
    struct ilp_result r;
    struct ilp *p = read_text(text, &e);
    if (!p)
        fail_msg("%s", e.text);
    assert_int_equal(ilp_solve(p, (struct ilp_limits){.seconds = 20}, NULL, &r, &e), 0);
    assert_int_equal(r.status, status);
    if (bound) {
        char *got = mpz_get_str(NULL, 10, r.bound);
        assert_string_equal(got, bound);
        free(got);
    }
    ilp_result_free(&r);
    ilp_free(p);
}

static void known_optima_come_out(void **state) {
    (void)state;
    expect_answer("MAXIMIZE\n obj: 3 x + 2 y \\ comment\nSubject To\n c1: x + y <= 4\n c2: x <= 2.5\nGenerals\n x y\nEnd\n", ILP_OPTIMAL, "10");
    expect_answer("max x\nst\n2 x + 2 y = 3\ngeneral\nx y\nend\n", ILP_INFEASIBLE, NULL);
    expect_answer("max x\nst\nx + y >= 3\nx + y <= 2\ngeneral\nx y\nend\n", ILP_INFEASIBLE, NULL);
    expect_answer("max x\nst\nx - y <= 3\ngeneral\nx y\nend\n", ILP_UNBOUNDED, NULL);
    expect_answer("max x\nst\nx <= 2.5\nend\n", ILP_BOUNDED, "2"); /* not declared an integer: 2.5, rounded down */
    expect_answer("max x\nst\nx + y = 5\nbounds\n1 <= y <= 3\ngeneral\nx\ny\nend\n", ILP_OPTIMAL, "4");
    expect_answer("max x + y\nst\nx + 2 y <= 9\nbinary\ny\ngeneral\nx\nend\n", ILP_OPTIMAL, "9");
    expect_answer("max 4 x\nst\n2 x <= 5\ngeneral\nx\nend\n", ILP_OPTIMAL, "8"); /* x is at most 2, not 5/2 */
    expect_answer("max 1e3 x\nst\n- x >= - 1.5e1\ngeneral\nx\nend\n", ILP_OPTIMAL, "15000");
}

static void cuts_and_branches_close_gaps(void **state) {
    (void)state;
    expect_answer("max x + y + z\nst\nx + y <= 1\ny + z <= 1\nx + z <= 1\ngeneral\nx y z\nend\n", ILP_OPTIMAL, "1");
    expect_answer("max 5 x + 4 y + 3 z\nst\n2 x + 3 y + z <= 5\n4 x + y + 2 z <= 11\n3 x + 4 y + 2 z <= 8\ngeneral\nx y z\nend\n", ILP_OPTIMAL, "13");
    expect_answer("max 7 a + 9 b + 11 c\nst\n5 a + 7 b + 9 c <= 23\n3 a - 2 b <= 2\ngeneral\na b c\nend\n", ILP_OPTIMAL, "29");
}

/* 3^n nested trips of a loop, far beyond 2^64, exactly. */
static void numbers_of_any_size_are_exact(void **state) {
    (void)state;
    char text[8192] = "max x60\nst\nx0 = 1\n", expected[64];
    mpz_t power;
    mpz_init(power);
    for (int k = 1; k <= 60; k++)
        sprintf(text + strlen(text), "x%d - 3 x%d <= 0\n", k, k - 1);
    strcat(text, "general\n");
    for (int k = 0; k <= 60; k++)
        sprintf(text + strlen(text), "x%d\n", k);
    strcat(text, "end\n");
    mpz_ui_pow_ui(power, 3, 60);
    mpz_get_str(expected, 10, power);
    expect_answer(text, ILP_OPTIMAL, expected);
    mpz_clear(power);
}

/* Two programs are the same if their texts are. */
static void writing_and_reading_agree(void **state) {
    (void)state;
    struct err e = {0};
    char copy[] = "/tmp/potoroo-lp-XXXXXX", *first, *second;
    size_t n, m;
    close(mkstemp(copy));
    struct ilp *p = read_text("max 3 x - 2 y\nst\nc: x - 2.5 y <= 1\nd: x + y = 7\nbounds\nx <= 5\ngeneral\nx y\nend\n", &e);
    assert_int_equal(ilp_write_lp(p, copy, &e), 0);
    ilp_free(p);
    assert_int_equal(file_read(copy, &first, &n, &e), 0);
    p = ilp_read_lp(copy, &e);
    assert_non_null(p);
    assert_int_equal(ilp_write_lp(p, copy, &e), 0);
    ilp_free(p);
    assert_int_equal(file_read(copy, &second, &m, &e), 0);
    assert_non_null(strstr(first, "c: + 2 x - 5 y <= 2"));
    unlink(copy);
    free(first);
    free(second);
}

static uint64_t step(uint64_t *s) { return *s = *s * 6364136223846793005u + 1442695040888963407u; }

/* Damaged text is read or refused, never worse (run under the sanitizers by make fuzz-ilp). */
static void damaged_text_is_survived(void **state) {
    (void)state;
    static const char base[] = "maximize cost: 195 x2 + 163 x3\nsubject to\nz = 0\n+1 x1 = +1\n+1 x1 -1 x2 -1 x3 = +0\n+1 x2 -3 x3 <= +0\n"
                               "bounds\nx1 >= 0\n0 <= x2 <= 1e2\ngeneral\nz\nx1\nx2\nx3\nend\n";
    static const char spice[] = "<>=+-.:\\\n \t0eE9xX*/(\"";
    const char *runs = getenv("LP_FUZZ_RUNS");
    uint64_t s = 7;
    unsigned accepted = 0, n = runs ? (unsigned)atoi(runs) : 20000;
    for (unsigned k = 0; k < n; k++) {
        char text[sizeof base + 16];
        struct err e = {0};
        size_t len = sizeof base - 1;
        memcpy(text, base, sizeof base);
        for (uint64_t edits = 1 + step(&s) % 4; edits; edits--) {
            size_t at = (step(&s) >> 33) % len;
            switch (step(&s) >> 62) {
            case 0: text[at] = spice[(step(&s) >> 33) % (sizeof spice - 1)]; break;
            case 1: memmove(text + at, text + at + 1, len - at); len -= len > 1; break;
            case 2: text[at] = (char)(step(&s) >> 56); break;
            default: text[len = at + 1] = '\0';
            }
        }
        text[len] = '\0';
        struct ilp *p = read_text(text, &e);
        accepted += p != NULL;
        assert_true(p || e.kind == ERR_INPUT);
        ilp_free(p);
    }
    printf("lp: %u damaged texts, %u still programs\n", n, accepted);
    assert_true(accepted > 0 && accepted < n);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_their_line), cmocka_unit_test(known_optima_come_out), cmocka_unit_test(cuts_and_branches_close_gaps),
        cmocka_unit_test(numbers_of_any_size_are_exact), cmocka_unit_test(writing_and_reading_agree), cmocka_unit_test(damaged_text_is_survived),
    };
    close(mkstemp(path));
    int bad = cmocka_run_group_tests(tests, NULL, NULL);
    unlink(path);
    return bad;
}
