#include "analyzer/evt.h"

#include <math.h>

/* Excesses, sorted; `n` of them with their numbers. */
struct excesses {
    struct bin *bins;
    size_t len;
    uint64_t n;
};

/* Of the j-th smallest of n: a₀ is the mean of y, a₁ that of y·(n − j)/(n − 1). False if no law of the family has these moments. */
static bool fit(const struct excesses *x, double *shape, double *scale) {
    double sum = 0, weighted = 0, n = (double)x->n, below = 0;
    for (size_t i = 0; i < x->len; i++) {
        double count = (double)x->bins[i].count, y = (double)x->bins[i].cycles, middle = below + (count + 1) / 2; /* mean rank of equal ones */
        sum += y * count;
        weighted += y * count * (n - middle) / (n - 1);
        below += count;
    }
    double a0 = sum / n, a1 = weighted / n;
    if (!(a0 > 2 * a1))
        return false;
    *shape = 2 - a0 / (a0 - 2 * a1);
    *scale = 2 * a0 * a1 / (a0 - 2 * a1);
    return *scale > 0;
}

/* P(Y > y). */
static double above(double shape, double scale, double y) {
    if (fabs(shape) < 1e-9)
        return exp(-y / scale);
    double base = 1 + shape * y / scale;
    return base > 0 ? pow(base, -1 / shape) : 0;
}

/* The y that is exceeded with probability P. */
static double inverse(double shape, double scale, double p) {
    return fabs(shape) < 1e-9 ? -scale * log(p) : scale * (pow(p, -shape) - 1) / shape;
}

/* Both functions rise; the observed one is level from one value to the cycle before the next. */
static double distance_of(const struct excesses *x, double shape, double scale) {
    double most = 0, seen = 0;
    for (size_t i = 0; i < x->len; i++) {
        double before = fabs(seen / (double)x->n - (1 - above(shape, scale, (double)x->bins[i].cycles - 1)));
        seen += (double)x->bins[i].count;
        double at = fabs(seen / (double)x->n - (1 - above(shape, scale, (double)x->bins[i].cycles)));
        most = fmax(most, fmax(before, at));
    }
    return most;
}

static int by_value(const void *va, const void *vb) {
    double a = *(const double *)va, b = *(const double *)vb;
    return (a > b) - (a < b);
}

/* splitmix64 (Steele, Lea, Flood 2014): a fixed stream for every fit. In (0, 1). */
static double draw(uint64_t *state) {
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return ((double)((z ^ (z >> 31)) >> 12) + 0.5) * 0x1p-52;
}

/* N draws from the law, rounded up to cycles. VALUES and X's bins have room for N. */
static void sample(const struct evt_fit *f, uint64_t n, uint64_t *state, double *values, struct excesses *x) {
    for (uint64_t i = 0; i < n; i++)
        values[i] = fmin(ceil(inverse(f->shape, f->scale, draw(state))), 0x1p60);
    qsort(values, n, sizeof *values, by_value);
    x->len = 0;
    x->n = n;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t cycles = (uint64_t)values[i];
        if (x->len == 0 || x->bins[x->len - 1].cycles != cycles)
            x->bins[x->len++] = (struct bin){cycles, 0};
        x->bins[x->len - 1].count++;
    }
}

static double resampled(const struct evt_fit *f) {
    struct excesses x = {.bins = mem_alloc(f->peaks * sizeof *x.bins)};
    double *values = mem_alloc(f->peaks * sizeof *values);
    uint64_t state = 1;
    int as_far = 1;           /* the observed one counts too */
    for (int i = 0; i < EVT_SAMPLES; i++) {
        double shape, scale;
        sample(f, f->peaks, &state, values, &x);
        as_far += !fit(&x, &shape, &scale) || distance_of(&x, shape, scale) >= f->distance;
    }
    free(values);
    free(x.bins);
    return as_far / (EVT_SAMPLES + 1.0);
}

/* The smallest threshold among the observed times that not more than the largest tenth, nor EVT_MOST_PEAKS, exceed. */
static size_t first_peak(const bin_list *bins, struct evt_fit *f) {
    size_t first = bins->len;
    f->of = f->peaks = 0;
    for (size_t i = 0; i < bins->len; i++)
        f->of += bins_of(bins)[i].count;
    while (first > 1 && f->peaks + bins_of(bins)[first - 1].count <= f->of / 10 && f->peaks + bins_of(bins)[first - 1].count <= EVT_MOST_PEAKS)
        f->peaks += bins_of(bins)[--first].count;
    return first;
}

bool evt_fit(const bin_list *bins, struct evt_fit *f) {
    *f = (struct evt_fit){0};
    size_t first = first_peak(bins, f);
    if (f->peaks < EVT_LEAST_PEAKS || bins->len - first < EVT_LEAST_VALUES)
        return false;
    struct excesses x = {mem_alloc((bins->len - first) * sizeof *x.bins), bins->len - first, f->peaks};
    f->threshold = bins_of(bins)[first - 1].cycles;
    for (size_t i = 0; i < x.len; i++)
        x.bins[i] = (struct bin){bins_of(bins)[first + i].cycles - f->threshold, bins_of(bins)[first + i].count};
    bool good = fit(&x, &f->shape, &f->scale);
    if (good) {
        f->distance = distance_of(&x, f->shape, f->scale);
        bool possible = above(f->shape, f->scale, (double)x.bins[x.len - 1].cycles - 1) > 0; /* not if the law ends below what was seen */
        f->p = possible ? resampled(f) : 0;
    }
    free(x.bins);
    return good;
}

double evt_quantile(const struct evt_fit *f, double risk) {
    double peaks = (double)f->peaks / (double)f->of;
    return (double)f->threshold + (risk < peaks ? inverse(f->shape, f->scale, risk / peaks) : 0);
}
