/* Benchmark: 1,000 units of 10,000 support points each, combined by curve_sum, against the straightforward convolution (one unit
 * after the other, every pair of support points, then back to 10,000 points), both in this run.
 *
 *   bench-combine [N]     convolve N units only the straightforward way: all 1,000, the default, take ten minutes */
#include "analyzer/combine.h"

#include <time.h>

enum { UNITS = 1000, POINTS = 10000 };

static uint64_t seed = 5;

static uint32_t draw(uint32_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((seed >> 33) % below);
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Dense at the bottom, thin towards a far maximum, as caches make them. */
static struct curve unit(void) {
    struct bin *bins = mem_alloc(POINTS * sizeof *bins);
    uint64_t cycles = 20 + draw(100);
    for (int i = 0; i < POINTS; i++) {
        bins[i] = (struct bin){cycles, 1 + draw(1 + (uint32_t)(POINTS - i) * 10)};
        cycles += 1 + draw(i > POINTS * 9 / 10 ? 20 : 2);
    }
    struct curve c = curve_of_bins(bins, POINTS);
    free(bins);
    return c;
}

/* Masses on a grid of POINTS cells from 0 to its top; every pair of cells is multiplied. */
struct plain {
    double mass[POINTS];
    double width;
};

static void plain_of(const struct curve *c, struct plain *p) {
    double before = 1;
    memset(p, 0, sizeof *p);
    p->width = (double)curve_max(c) / (POINTS - 1);
    for (size_t i = 0; i < c->steps.len; i++) {
        size_t cell = (size_t)((double)c->steps.data[i].cycles / p->width + 0.999999);
        p->mass[cell < POINTS ? cell : POINTS - 1] += before - c->steps.data[i].above;
        before = c->steps.data[i].above;
    }
}

static void plain_convolve(struct plain *sum, const struct plain *x) {
    static double out[POINTS];
    double width = sum->width + x->width;
    double to_a = sum->width / width, to_b = x->width / width;
    memset(out, 0, sizeof out);
    for (size_t i = 0; i < POINTS; i++)
        for (size_t k = 0; k < POINTS; k++)
            out[(size_t)((double)i * to_a + (double)k * to_b + 0.999999)] += sum->mass[i] * x->mass[k];
    memcpy(sum->mass, out, sizeof out);
    sum->width = width;
}

static double straightforward(const struct curve *units, int n) {
    struct plain *sum = mem_alloc(sizeof *sum), *x = mem_alloc(sizeof *x);
    double begin = now();
    plain_of(&units[0], sum);
    for (int i = 1; i < n; i++) {
        plain_of(&units[i], x);
        plain_convolve(sum, x);
    }
    double took = now() - begin;
    free(sum);
    free(x);
    return took;
}

int main(int argc, char **argv) {
    static struct curve units[UNITS];
    static const struct curve *all[UNITS];
    static const char *const name[] = {"dependence unknown (Makarov)", "independent (convolution)"};
    int n = argc > 1 ? atoi(argv[1]) : UNITS;
    double slowest = 0;
    if (n < 2 || n > UNITS)
        n = UNITS;
    for (int i = 0; i < UNITS; i++) {
        units[i] = unit();
        all[i] = &units[i];
    }
    printf("%d units of %zu support points each\n", UNITS, units[0].steps.len);
    for (int d = 0; d < 2; d++) {
        double begin = now();
        struct curve sum = curve_sum((enum dependence)d, all, UNITS, CURVE_POINTS);
        double took = now() - begin;
        slowest = took > slowest ? took : slowest;
        printf("%-30s %8.3f s, %zu points, maximum %llu, quantiles too high by at most %llu cycles (%.2f %%)\n", name[d], took, sum.steps.len,
               (unsigned long long)curve_max(&sum), (unsigned long long)sum.error, 100.0 * (double)sum.error / (double)curve_max(&sum));
        curve_free(&sum);
    }
    double plain = straightforward(units, n), whole = plain * (UNITS - 1) / (n - 1);
    printf("straightforward convolution    %8.3f s for %d units%s; %.0f times the slower of the two above\n", plain, n,
           n < UNITS ? ", so as many times longer for all as there are more" : "", whole / slowest);
    bool good = slowest < 5 && whole >= 20 * slowest;
    printf("%s: under 5 s, 20 times faster\n", good ? "met" : "MISSED");
    for (int i = 0; i < UNITS; i++)
        curve_free(&units[i]);
    return !good;
}
