#include "analyzer/combine.h"

#include <float.h>
#include <math.h>

/* ---- rounding ------------------------------------------------------------------------------------------------------- */

/* At least the exact value of which X is the result of one correctly rounded operation on non-negative numbers: rounding to
 * nearest loses at most half a unit in the last place. */
static double up(double x) { return x > 0 ? x + x * DBL_EPSILON : x; }

/* The same after OPS such operations in a row. */
static double up_after(double x, size_t ops) { return x > 0 ? x * (1 + ((double)ops + 2) * DBL_EPSILON) : x; }

static double capped(double x) { return x < 1 ? x : 1; }

static uint64_t plus(uint64_t a, uint64_t b) {
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* ---- single curves -------------------------------------------------------------------------------------------------- */

void curve_free(struct curve *c) { vec_free(&c->steps); }

struct curve curve_copy(const struct curve *c) {
    struct curve copy = {.error = c->error};
    vec_reserve(&copy.steps, c->steps.len);
    memcpy(copy.steps.data, c->steps.data, c->steps.len * sizeof *c->steps.data);
    copy.steps.len = c->steps.len;
    return copy;
}

/* Append in order of cycles; a step that is not below the one before it adds nothing. */
static void put(struct curve *c, uint64_t cycles, double above) {
    double before = c->steps.len ? c->steps.data[c->steps.len - 1].above : 1;
    if (above < before || (above == 0 && c->steps.len == 0))
        vec_push(&c->steps, ((struct curve_step){cycles, above}));
}

struct curve curve_constant(uint64_t cycles) {
    struct curve c = {0};
    put(&c, cycles, 0);
    return c;
}

struct curve curve_of_bins(const struct bin *bins, size_t n) {
    struct curve c = {0};
    uint64_t total = 0, above;
    for (size_t i = 0; i < n; i++)
        total += bins[i].count;
    above = total;
    for (size_t i = 0; i < n; i++) {
        above -= bins[i].count;
        double exact = (double)above / (double)total;
        put(&c, bins[i].cycles, fma(exact, (double)total, -(double)above) < 0 ? up(exact) : exact);
    }
    return c;
}

struct curve curve_of_histogram(const bin_list *bins) {
    struct curve c = curve_of_bins(bins_of(bins), bins->len);
    c.error = bins_error(bins);
    return c;
}

uint64_t curve_max(const struct curve *c) { return c->steps.data[c->steps.len - 1].cycles; }

double curve_above(const struct curve *c, uint64_t t) {
    size_t lo = 0, hi = c->steps.len;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->steps.data[mid].cycles <= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo ? c->steps.data[lo - 1].above : 1;
}

uint64_t curve_quantile(const struct curve *c, double risk) {
    size_t lo = 0, hi = c->steps.len - 1;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (c->steps.data[mid].above > risk)
            lo = mid + 1;
        else
            hi = mid;
    }
    return risk < 1 ? c->steps.data[lo].cycles : 0;
}

void curve_cut(struct curve *c, uint64_t wall) {
    while (c->steps.len > 1 && c->steps.data[c->steps.len - 2].cycles >= wall)
        c->steps.len--;
    struct curve_step *last = &c->steps.data[c->steps.len - 1];
    if (last->cycles >= wall)
        *last = (struct curve_step){wall, 0};
}

/* Steps in one interval of the grid move to its last one: P(X > t) only grows. The maximum stays. */
void curve_coarsen(struct curve *c, size_t limit) {
    size_t n = c->steps.len, kept = 0;
    if (n <= limit)
        return;
    uint64_t first = c->steps.data[0].cycles, range = curve_max(c) - first, width = (range - 1) / (limit - 1) + 1, moved = 0;
    for (size_t i = 0; i < n;) {
        uint64_t cell = (c->steps.data[i].cycles - first) / width;
        size_t last = i;
        while (last + 1 < n && (c->steps.data[last + 1].cycles - first) / width == cell)
            last++;
        uint64_t by = c->steps.data[last].cycles - c->steps.data[i].cycles;
        moved = by > moved ? by : moved;
        c->steps.data[kept++] = c->steps.data[last];
        i = last + 1;
    }
    c->steps.len = kept;
    c->error = plus(c->error, moved);
}

struct curve curve_either(const struct curve *x, const struct curve *y) {
    struct curve c = {.error = x->error > y->error ? x->error : y->error};
    size_t i = 0, k = 0;
    double a = 1, b = 1;
    while (i < x->steps.len || k < y->steps.len) {
        uint64_t tx = i < x->steps.len ? x->steps.data[i].cycles : UINT64_MAX, ty = k < y->steps.len ? y->steps.data[k].cycles : UINT64_MAX;
        uint64_t t = tx < ty ? tx : ty;
        if (i < x->steps.len && tx == t)
            a = x->steps.data[i++].above;
        if (k < y->steps.len && ty == t)
            b = y->steps.data[k++].above;
        put(&c, t, a > b ? a : b);
    }
    return c;
}

/* ---- adding on a grid ------------------------------------------------------------------------------------------------ */

/* A curve on a grid: slot k stands for `first + k × width`; p[k] bounds P(X > that time). */
struct grid {
    double *p;
    size_t slots;
    uint64_t moved;           /* most cycles that a step was rounded up by */
};

static struct grid grid_of(const struct curve *c, uint64_t width) {
    uint64_t first = c->steps.data[0].cycles;
    struct grid g = {.slots = (size_t)((curve_max(c) - first + width - 1) / width) + 1};
    g.p = mem_alloc(g.slots * sizeof *g.p);
    size_t at = 0;
    double above = 1;
    for (size_t k = 0; k < g.slots; k++) {
        uint64_t time = first + k * width;
        for (; at < c->steps.len && c->steps.data[at].cycles <= time; at++) {
            above = c->steps.data[at].above;
            if (time - c->steps.data[at].cycles > g.moved)
                g.moved = time - c->steps.data[at].cycles;
        }
        g.p[k] = above;
    }
    return g;
}

/* P(X+Y > slot i + k) ≤ p[i] + q[k]: the inner loop is a run of sums and minima. Rounding is monotone, so one `up` on the least of the
 * rounded sums covers the least of the exact ones. */
static void grid_makarov(const struct grid *a, const struct grid *b, double *out) {
    size_t n = a->slots + b->slots - 1;
    for (size_t k = 0; k < n; k++)
        out[k] = 1;
    for (size_t i = 0; i < a->slots; i++) {
        if (i && a->p[i] == a->p[i - 1])
            continue;         /* a later slot of the same risk: only more time */
        double p = a->p[i], *restrict o = out + i;
        const double *restrict q = b->p;
        for (size_t k = 0; k < b->slots; k++) {
            double s = p + q[k];
            o[k] = o[k] < s ? o[k] : s;
        }
    }
    for (size_t k = 0; k < n; k++) {
        out[k] = k && out[k - 1] < out[k] ? out[k - 1] : out[k];
    }
    for (size_t k = 0; k < n; k++)
        out[k] = capped(up(out[k]));
}

/* What the curve says of X is the law whose probability of slot k is p[k−1] − p[k]. Every product and sum is of non-negative numbers,
 * so relative errors add: at most one rounding a term that is not 0, and 8, reach any result. What underflows is put back as TINY. */
static void grid_convolve(const struct grid *a, const struct grid *b, double *out) {
    static const double tiny = 1e-290;
    size_t n = a->slots + b->slots - 1, terms = 8;
    double *mass = mem_alloc(b->slots * sizeof *mass);
    for (size_t k = 0; k < b->slots; k++)
        mass[k] = (k ? b->p[k - 1] : 1) - b->p[k];
    memset(out, 0, n * sizeof *out);
    for (size_t i = 0; i < a->slots; i++) {
        double p = (i ? a->p[i - 1] : 1) - a->p[i], *restrict o = out + i;
        const double *restrict q = mass;
        terms += p > 0;
        for (size_t k = 0; p > 0 && k < b->slots; k++)
            o[k] += p * q[k];
    }
    double above = 0;
    for (size_t k = n; k-- > 0;) {
        double here = out[k];
        out[k] = k + 1 == n ? 0 : capped(up_after(above, terms) + tiny);
        above += here;
        terms += here > 0;
    }
    free(mass);
}

static struct curve add_on_grid(enum dependence d, const struct curve *x, const struct curve *y, size_t limit) {
    uint64_t first = x->steps.data[0].cycles + y->steps.data[0].cycles, max = curve_max(x) + curve_max(y);
    uint64_t width = max - first < limit ? 1 : (max - first + limit - 3) / (limit - 2);
    const struct curve *small = curve_max(x) - x->steps.data[0].cycles < curve_max(y) - y->steps.data[0].cycles ? x : y;
    struct grid a = grid_of(small, width), b = grid_of(small == x ? y : x, width);
    size_t n = a.slots + b.slots - 1;
    double *out = mem_alloc(n * sizeof *out);
    (d == DEPENDENCE_INDEPENDENT ? grid_convolve : grid_makarov)(&a, &b, out);
    struct curve c = {.error = plus(plus(x->error, y->error), a.moved + b.moved)};
    for (size_t k = 0; k < n; k++)
        put(&c, first + k * width, out[k]);
    curve_cut(&c, max);
    free(out);
    free(a.p);
    free(b.p);
    return c;
}

static struct curve add_quantiles(const struct curve *x, const struct curve *y, size_t limit) {
    struct curve c = {.error = plus(x->error, y->error)};
    size_t i = 0, k = 0;
    for (;;) {
        double a = x->steps.data[i].above, b = y->steps.data[k].above;
        put(&c, x->steps.data[i].cycles + y->steps.data[k].cycles, a > b ? a : b);
        if (a == 0 && b == 0)
            break;
        i += a >= b;
        k += b >= a;
    }
    curve_coarsen(&c, limit);
    return c;
}

/* A constant only shifts. */
static struct curve shifted(const struct curve *c, const struct curve *constant) {
    struct curve r = curve_copy(c);
    r.error = plus(r.error, constant->error);
    for (size_t i = 0; i < r.steps.len; i++)
        r.steps.data[i].cycles = plus(r.steps.data[i].cycles, constant->steps.data[0].cycles);
    return r;
}

struct curve curve_add(enum dependence d, const struct curve *x, const struct curve *y, size_t limit) {
    limit = limit ? limit : CURVE_POINTS;
    if (x->steps.len == 1 || y->steps.len == 1)
        return x->steps.len == 1 ? shifted(y, x) : shifted(x, y);
    return d == DEPENDENCE_COMONOTONIC ? add_quantiles(x, y, limit) : add_on_grid(d, x, y, limit);
}

/* Times are not negative, so fewer terms take no longer than n. */
struct curve curve_times(enum dependence d, const struct curve *x, uint64_t n, size_t limit) {
    struct curve sum = curve_constant(0), power = curve_copy(x);
    for (; n; n >>= 1) {
        if (n & 1) {
            struct curve next = curve_add(d, &sum, &power, limit);
            curve_free(&sum);
            sum = next;
        }
        if (n > 1) {
            struct curve next = curve_add(d, &power, &power, limit);
            curve_free(&power);
            power = next;
        }
    }
    curve_free(&power);
    return sum;
}

struct curve curve_sum(enum dependence d, const struct curve *const *x, size_t n, size_t limit) {
    if (n == 1)
        return curve_copy(x[0]);
    struct curve a = curve_sum(d, x, n / 2, limit), b = curve_sum(d, x + n / 2, n - n / 2, limit), c = curve_add(d, &a, &b, limit);
    curve_free(&a);
    curve_free(&b);
    return c;
}

double curve_band(double alpha, uint64_t n) { return n ? capped(up_after(sqrt(log(1 / alpha) / (2 * (double)n)), 8)) : 1; }
