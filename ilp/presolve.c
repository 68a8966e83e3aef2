/* Each reduction is one of linear programming's: what it does to an optimal dual is undone exactly in presolve_back.c, so a proof
 * for the reduced program becomes one for the source. None of them relies on more of the integers than that an eliminated
 * variable is an integer whenever the rest are.
 *
 *   SUBSTITUTE  x_j = (b − Σ a_k x_k)/a_j by an equality; its row goes (x_j ≥ 0 is implied) or becomes that inequality
 *   FLIP        that inequality had to be negated
 *   UPPER       a row a·x_j ≤ b becomes a bound of the column
 *   FORCE       a row of one sign with right side 0 fixes its variables at 0
 *   ZERO        a column that only costs is 0
 *   MERGE       two equal columns: their sum at the better price; branching is on the sum, so both see the same duals
 * (Savelsbergh 1994; Andersen & Andersen 1995.) */
#include "ilp/presolve.h"
#include "ilp/exact.h"

static struct undo *undo_push(struct presolve *s, enum undo_kind kind, uint32_t row, uint32_t column) {
    if (s->undos == s->undo_cap)
        s->undo = vec_grow_(s->undo, &s->undo_cap, s->undos + 1, sizeof *s->undo);
    struct undo *u = &s->undo[s->undos++];
    *u = (struct undo){.kind = kind, .row = row, .column = column};
    mpq_inits(u->a, u->cost, u->rhs, NULL);
    return u;
}

static void mark_dirty(struct presolve *s, uint32_t row) {
    if (!s->row_is_dirty[row]) {
        s->row_is_dirty[row] = true;
        vec_push(&s->dirty_rows, row);
    }
}

static struct term *entry(struct presolve *s, uint32_t row, uint32_t column) {
    return s->row[row].alive ? terms_find(&s->row[row].terms, column) : NULL;
}

static int ascending(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Drops what is stale or double. */
static void tidy_column(struct presolve *s, uint32_t j) {
    struct indices *rows = &s->column[j].rows;
    size_t n = 0;
    if (rows->len)
        qsort(rows->data, rows->len, sizeof *rows->data, ascending);
    for (size_t k = 0; k < rows->len; k++)
        if ((n == 0 || rows->data[n - 1] != rows->data[k]) && entry(s, rows->data[k], j))
            rows->data[n++] = rows->data[k];
    rows->len = n;
}

static void save_column(struct presolve *s, struct undo *u) {
    struct column *c = &s->column[u->column];
    tidy_column(s, u->column);
    mpq_set(u->cost, c->cost);
    for (size_t k = 0; k < c->rows.len; k++) {
        struct term *t = entry(s, c->rows.data[k], u->column);
        if (c->rows.data[k] == u->row)
            mpq_set(u->a, t->a);
        else
            terms_add(&u->entries, c->rows.data[k], t->a);
    }
}

static void drop_row(struct presolve *s, uint32_t i) {
    struct reduced_row *r = &s->row[i];
    for (size_t k = 0; k < r->terms.len; k++)
        s->column[r->terms.data[k].index].count--;
    terms_free(&r->terms);
    r->alive = false;
}

static void remove_term(struct presolve *s, uint32_t i, uint32_t j) {
    struct terms *t = &s->row[i].terms;
    struct term *e = terms_find(t, j);
    mpq_clear(e->a);
    memmove(e, e + 1, (size_t)(t->data + t->len - (e + 1)) * sizeof *e);
    t->len--;
    s->column[j].count--;
    mark_dirty(s, i);
}

/* x_j = 0 from here on. */
static void drop_column(struct presolve *s, uint32_t j) {
    tidy_column(s, j);
    for (size_t k = 0; k < s->column[j].rows.len; k++)
        remove_term(s, s->column[j].rows.data[k], j);
    s->column[j].alive = false;
}

static void column_changed(void *user, uint32_t j, int by) {
    struct presolve *s = user;
    s->column[j].count += (uint32_t)by;
    if (by > 0)
        vec_push(&s->column[j].rows, s->at_row);
}

/* Every other row and the objective, free of x_j. */
static void replace_variable(struct presolve *s, uint32_t i, uint32_t j, const mpq_t pivot) {
    struct reduced_row *r = &s->row[i];
    mpq_t factor, t;
    mpq_inits(factor, t, NULL);
    tidy_column(s, j);
    struct indices rows = s->column[j].rows;
    s->column[j].rows = (struct indices){0};
    for (size_t k = 0; k < rows.len; k++) {
        uint32_t other = rows.data[k];
        if (other == i)
            continue;
        mpq_div(factor, entry(s, other, j)->a, pivot);
        mpq_neg(factor, factor);
        s->at_row = other;
        terms_combine(&s->row[other].terms, &r->terms, factor, column_changed, s);
        mpq_mul(t, factor, r->rhs);
        mpq_add(s->row[other].rhs, s->row[other].rhs, t);
        mark_dirty(s, other);
    }
    vec_free(&rows);
    mpq_div(factor, s->column[j].cost, pivot);
    for (size_t k = 0; k < r->terms.len; k++) {
        mpq_mul(t, factor, r->terms.data[k].a);
        mpq_sub(s->column[r->terms.data[k].index].cost, s->column[r->terms.data[k].index].cost, t);
    }
    mpq_mul(t, factor, r->rhs);
    mpq_add(s->constant, s->constant, t);
    mpq_clears(factor, t, NULL);
}

static void negate_row(struct presolve *s, uint32_t i) {
    struct reduced_row *r = &s->row[i];
    for (size_t k = 0; k < r->terms.len; k++)
        mpq_neg(r->terms.data[k].a, r->terms.data[k].a);
    mpq_neg(r->rhs, r->rhs);
}

/* IMPLIED: x_j ≥ 0 follows from the others' being so. */
static void substitute(struct presolve *s, uint32_t i, uint32_t j, bool implied) {
    struct undo *u = undo_push(s, UNDO_SUBSTITUTE, i, j);
    struct reduced_row *r = &s->row[i];
    save_column(s, u);
    mpq_set(u->rhs, r->rhs);
    for (size_t k = 0; k < r->terms.len; k++)
        if (r->terms.data[k].index != j)
            terms_add(&u->others, r->terms.data[k].index, r->terms.data[k].a);
    replace_variable(s, i, j, u->a);
    if (implied) {
        drop_row(s, i);
    } else {
        bool flip = mpq_sgn(u->a) < 0; /* u dies at the next undo_push */
        vec_push(&s->column[j].rows, i);
        remove_term(s, i, j);
        r->equality = false;
        if (flip) {
            negate_row(s, i);
            undo_push(s, UNDO_FLIP, i, j);
        }
    }
    s->column[j].alive = false;
}

/* May x_j be eliminated by row i? Then whether its sign is implied. */
static bool can_substitute(const struct presolve *s, uint32_t i, const struct term *pivot, bool *implied) {
    const struct reduced_row *r = &s->row[i];
    const struct column *c = &s->column[pivot->index];
    bool good = true;
    mpq_t q;
    mpq_init(q);
    mpq_div(q, r->rhs, pivot->a);
    *implied = mpq_sgn(q) >= 0;
    if (c->bounded && (r->terms.len > 1 || mpq_cmp(q, c->upper) > 0))
        good = false;
    if (!c->real && mpz_cmp_ui(mpq_denref(q), 1))
        good = false;
    for (size_t k = 0; k < r->terms.len && good; k++) {
        const struct term *t = &r->terms.data[k];
        const struct column *other = &s->column[t->index];
        if (t == pivot)
            continue;
        mpq_div(q, t->a, pivot->a);
        *implied = *implied && mpq_sgn(q) < 0;
        good = c->real || (!other->real && mpz_cmp_ui(mpq_denref(q), 1) == 0);
    }
    mpq_clear(q);
    return good && (*implied || (c->count == 1 && r->terms.len > 1));
}

static bool try_substitute(struct presolve *s, uint32_t i) {
    const struct reduced_row *r = &s->row[i];
    bool found = false, implied, best_implied = false;
    uint32_t best = 0;
    long best_fill = 4, length = (long)r->terms.len;
    for (size_t k = 0; k < r->terms.len; k++) {
        const struct term *t = &r->terms.data[k];
        long count = s->column[t->index].count, fill = (length - 1) * (count - 1) - (length + count - 1);
        if (length <= 2)
            fill = count - 100000;
        if (fill < best_fill && can_substitute(s, i, t, &implied)) {
            best_fill = fill, best = t->index, best_implied = implied, found = true;
        }
    }
    if (found)
        substitute(s, i, best, best_implied);
    return found;
}

/* 1 or −1 if all coefficients have that sign, 0 if mixed or none. */
static int common_sign(const struct terms *t) {
    int sign = t->len ? mpq_sgn(t->data[0].a) : 0;
    for (size_t k = 1; k < t->len; k++)
        if (mpq_sgn(t->data[k].a) != sign)
            return 0;
    return sign;
}

/* Row i says that all its variables are 0. */
static void force_zero(struct presolve *s, uint32_t i) {
    struct indices all = {0};
    for (size_t k = 0; k < s->row[i].terms.len; k++)
        vec_push(&all, s->row[i].terms.data[k].index);
    for (size_t k = 0; k < all.len; k++)
        save_column(s, undo_push(s, UNDO_FORCE, i, all.data[k]));
    for (size_t k = 0; k < all.len; k++)
        drop_column(s, all.data[k]);
    drop_row(s, i);
    vec_free(&all);
}

static void bound_column(struct presolve *s, uint32_t i) {
    struct term *t = &s->row[i].terms.data[0];
    struct column *c = &s->column[t->index];
    mpq_t q;
    mpq_init(q);
    mpq_div(q, s->row[i].rhs, t->a);
    if (!c->bounded || mpq_cmp(q, c->upper) < 0) {
        save_column(s, undo_push(s, UNDO_UPPER, i, t->index));
        mpq_set(c->upper, q);
        c->bounded = true;
    }
    drop_row(s, i);
    mpq_clear(q);
}

/* 0 if nothing could be done with the row. */
static bool reduce_row(struct presolve *s, uint32_t i) {
    struct reduced_row *r = &s->row[i];
    int sign = common_sign(&r->terms), right = mpq_sgn(r->rhs);
    if (r->terms.len == 0) {
        if (r->equality ? right == 0 : right >= 0)
            drop_row(s, i);
    } else if (!r->equality && sign < 0 && right >= 0) {
        drop_row(s, i);
    } else if (right == 0 && sign && (r->equality || sign > 0)) {
        force_zero(s, i);
    } else if (!r->equality && r->terms.len == 1 && sign > 0 && right > 0) {
        bound_column(s, i);
    } else if (r->equality) {
        return try_substitute(s, i);
    } else {
        return false;
    }
    return true;
}

static bool reduce_rows(struct presolve *s) {
    bool any = false;
    while (s->dirty_rows.len) {
        uint32_t i = s->dirty_rows.data[--s->dirty_rows.len];
        s->row_is_dirty[i] = false;
        if (s->row[i].alive && reduce_row(s, i))
            any = true;
    }
    return any;
}

static bool only_costs(struct presolve *s, uint32_t j) {
    struct column *c = &s->column[j];
    if (mpq_sgn(c->cost) > 0)
        return false;
    for (size_t k = 0; k < c->rows.len; k++)
        if (s->row[c->rows.data[k]].equality || mpq_sgn(entry(s, c->rows.data[k], j)->a) < 0)
            return false;
    return true;
}

static bool zero_columns(struct presolve *s) {
    bool any = false;
    for (uint32_t j = 0; j < s->columns; j++) {
        if (!s->column[j].alive)
            continue;
        tidy_column(s, j);
        if (only_costs(s, j)) {
            undo_push(s, UNDO_ZERO, 0, j);
            drop_column(s, j);
            any = true;
        }
    }
    return any;
}

static uint64_t column_hash(struct presolve *s, uint32_t j) {
    struct column *c = &s->column[j];
    uint64_t h = c->rows.len;
    for (size_t k = 0; k < c->rows.len; k++) {
        mpq_ptr a = entry(s, c->rows.data[k], j)->a;
        uint64_t part[3] = {c->rows.data[k], mpz_get_ui(mpq_numref(a)) * 2 + (mpq_sgn(a) < 0), mpz_get_ui(mpq_denref(a))};
        h = hash_bytes(part, sizeof part, h);
    }
    return h;
}

static bool columns_equal(struct presolve *s, uint32_t j, uint32_t k) {
    struct column *a = &s->column[j], *b = &s->column[k];
    if (a->bounded || b->bounded || a->real != b->real || a->rows.len != b->rows.len)
        return false;
    for (size_t x = 0; x < a->rows.len; x++)
        if (a->rows.data[x] != b->rows.data[x] || !mpq_equal(entry(s, a->rows.data[x], j)->a, entry(s, b->rows.data[x], k)->a))
            return false;
    return true;
}

/* Of two equal columns the dearer one stays and stands for both. */
static void merge_columns(struct presolve *s, uint32_t j, uint32_t k) {
    uint32_t keep = mpq_cmp(s->column[j].cost, s->column[k].cost) >= 0 ? j : k, gone = keep == j ? k : j;
    struct column *c = &s->column[keep], *g = &s->column[gone];
    for (size_t x = 0; x < g->merged.len; x++)
        vec_push(&c->merged, g->merged.data[x]);
    undo_push(s, UNDO_MERGE, 0, gone);
    drop_column(s, gone);
}

struct hashed {
    uint64_t hash;
    uint32_t column;
};

static int by_hash(const void *a, const void *b) {
    const struct hashed *x = a, *y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static bool merge_equal_columns(struct presolve *s) {
    struct {
        struct hashed *data;
        size_t len, cap;
    } all = {0};
    bool any = false;
    for (uint32_t j = 0; j < s->columns; j++)
        if (s->column[j].alive && !s->column[j].bounded) {
            tidy_column(s, j);
            vec_push(&all, ((struct hashed){column_hash(s, j), j}));
        }
    if (all.len)
        qsort(all.data, all.len, sizeof *all.data, by_hash);
    for (size_t x = 0; x + 1 < all.len; x++) {
        struct hashed *h = &all.data[x];
        if (h[0].hash == h[1].hash && columns_equal(s, h[0].column, h[1].column)) {
            merge_columns(s, h[0].column, h[1].column);
            if (s->column[h[0].column].alive)
                h[1].column = h[0].column;
            any = true;
        }
    }
    vec_free(&all);
    return any;
}

static void load_columns(struct presolve *s, const struct ilp *p) {
    s->columns = p->variables.len;
    s->column = mem_alloc((s->columns + 1) * sizeof *s->column);
    for (uint32_t j = 0; j < s->columns; j++) {
        const struct variable *v = &p->variables.data[j];
        struct column *c = &s->column[j];
        *c = (struct column){.bounded = v->bounded, .alive = true, .real = v->real};
        mpq_inits(c->cost, c->upper, NULL);
        mpq_set(c->cost, v->cost);
        mpq_set_z(c->upper, v->upper);
        vec_push(&c->merged, j);
    }
}

static void load_rows(struct presolve *s, const struct ilp *p) {
    s->rows = p->rows.len;
    s->row = mem_alloc((s->rows + 1) * sizeof *s->row);
    s->row_is_dirty = mem_alloc(s->rows + 1);
    for (uint32_t i = (uint32_t)s->rows; i-- > 0;) {
        const struct row *from = &p->rows.data[i];
        struct reduced_row *r = &s->row[i];
        *r = (struct reduced_row){.equality = from->sense == '=', .alive = true};
        mpq_init(r->rhs);
        mpq_set(r->rhs, from->rhs);
        for (size_t k = 0; k < from->terms.len; k++)
            terms_add(&r->terms, from->terms.data[k].index, from->terms.data[k].a);
        terms_sort(&r->terms);
        if (from->sense == '>')
            negate_row(s, i);
        for (size_t k = 0; k < r->terms.len; k++) {
            vec_push(&s->column[r->terms.data[k].index].rows, i);
            s->column[r->terms.data[k].index].count++;
        }
        mark_dirty(s, i);
    }
}

struct presolve *presolve_new(const struct ilp *p) {
    struct presolve *s = mem_alloc(sizeof *s);
    s->source = p;
    mpq_init(s->constant);
    load_columns(s, p);
    load_rows(s, p);
    for (bool again = true; again;) {
        again = reduce_rows(s);
        again = zero_columns(s) || again;
        again = merge_equal_columns(s) || again;
        again = again || s->dirty_rows.len;
    }
    for (uint32_t j = 0; j < s->columns; j++)
        tidy_column(s, j);
    return s;
}

void presolve_free(struct presolve *s) {
    if (!s)
        return;
    for (size_t j = 0; j < s->columns; j++) {
        mpq_clears(s->column[j].cost, s->column[j].upper, NULL);
        vec_free(&s->column[j].rows);
        vec_free(&s->column[j].merged);
    }
    for (size_t i = 0; i < s->rows; i++) {
        mpq_clear(s->row[i].rhs);
        terms_free(&s->row[i].terms);
    }
    for (size_t k = 0; k < s->undos; k++) {
        mpq_clears(s->undo[k].a, s->undo[k].cost, s->undo[k].rhs, NULL);
        terms_free(&s->undo[k].entries);
        terms_free(&s->undo[k].others);
    }
    free(s->undo);
    free(s->column);
    free(s->row);
    free(s->row_is_dirty);
    vec_free(&s->dirty_rows);
    mpq_clear(s->constant);
    free(s);
}
