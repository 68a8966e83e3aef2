/* The diagnostic: it finds the law that a sample was made of, tells when there is none, and is no bound. */
#include "analyzer/evt.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* N observations at the quantiles of a law whose upper tenth is a generalised Pareto over 1000. */
static bin_list law(double shape, double scale, uint32_t n) {
    bin_list b = {0};
    for (uint32_t i = 0; i < n; i++) {
        double p = (n - i - 0.5) / n; /* P(X > x) */
        double y = fabs(shape) < 1e-9 ? -scale * log(p * 10) : scale * (pow(p * 10, -shape) - 1) / shape;
        bins_add(&b, p >= 0.1 ? 990 + i % 10 : 1000 + (uint64_t)ceil(y), 1);
    }
    return b;
}

static void a_law_is_found_again(void **state) {
    (void)state;
    static const double shapes[] = {-0.4, -0.2, 0, 0.2};
    for (int i = 0; i < 4; i++) {
        bin_list b = law(shapes[i], 2000, 20000);
        struct evt_fit f, again;
        assert_true(evt_fit(&b, &f) && evt_fit(&b, &again));
        assert_memory_equal(&f, &again, sizeof f);
        assert_int_equal(f.of, 20000);
        assert_true(f.peaks <= EVT_MOST_PEAKS && f.peaks > 1900);
        assert_true(fabs(f.shape - shapes[i]) < 0.05 && fabs(f.scale - 2000) < 100);
        assert_true(f.p > EVT_REJECT);
        double exact = 1000 + (shapes[i] == 0 ? 2000 * log(1e5) : 2000 * (pow(1e5, shapes[i]) - 1) / shapes[i]);
        assert_true(fabs(evt_quantile(&f, 1e-6) / exact - 1) < 0.25);
        bins_free(&b);
    }
}

/* Few costs, far apart, as caches make them: no law of the family. */
static void what_is_no_such_law_is_rejected(void **state) {
    (void)state;
    bin_list b = {0};
    bins_add(&b, 100, 9000);
    for (uint64_t i = 0; i < 6; i++)
        bins_add(&b, 1000 + i * i * 400, 150);
    struct evt_fit f;
    assert_true(evt_fit(&b, &f));
    assert_true(f.p <= EVT_REJECT);
    bins_free(&b);
}

/* Almost all peaks in one place, a few beyond: by its moments the law would end below those. */
static void what_ends_below_the_largest_is_rejected(void **state) {
    (void)state;
    bin_list b = {0};
    bins_add(&b, 100, 9200);
    bins_add(&b, 1000, 700);
    for (uint64_t i = 0; i < 5; i++)
        bins_add(&b, 1001 + i * 40, 1);
    struct evt_fit f;
    assert_true(evt_fit(&b, &f));
    assert_true(evt_quantile(&f, 1e-9) < 1161 && f.p == 0);
    bins_free(&b);
}

static void too_little_is_not_fitted(void **state) {
    (void)state;
    bin_list few = law(0, 2000, 250), same = {0}, none = {0};
    struct evt_fit f;
    assert_false(evt_fit(&few, &f));
    bins_add(&same, 1, 1000);
    bins_add(&same, 2, 50);
    bins_add(&same, 3, 50);
    assert_false(evt_fit(&same, &f));
    assert_false(evt_fit(&none, &f));
    bins_free(&few);
    bins_free(&same);
}

/* Why it is only looked at: a way taken once in a million is not in the sample, and the best of fits says that it cannot be. */
static void it_is_no_bound(void **state) {
    (void)state;
    bin_list b = law(-0.4, 2000, 20000);
    struct evt_fit f;
    assert_true(evt_fit(&b, &f) && f.p > EVT_REJECT);
    assert_true(evt_quantile(&f, 1e-15) < 50000);
    bins_free(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_law_is_found_again), cmocka_unit_test(what_is_no_such_law_is_rejected),
                                       cmocka_unit_test(what_ends_below_the_largest_is_rejected),
                                       cmocka_unit_test(too_little_is_not_fitted), cmocka_unit_test(it_is_no_bound)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
