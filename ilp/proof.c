/* Proof trees, and what they prove. */
#include "ilp/program.h"

struct proof_node *proof_push(struct proof *p, enum proof_kind kind) {
    struct proof_node n = {.kind = kind};
    mpz_init(n.at);
    vec_push(p, n);
    return &p->data[p->len - 1];
}

void proof_free(struct proof *p) {
    for (size_t i = 0; i < p->len; i++) {
        terms_free(&p->data[i].form);
        mpz_clear(p->data[i].at);
        terms_free(&p->data[i].y);
        terms_free(&p->data[i].splits);
    }
    vec_free(p);
}

/* A split above the node at hand: form ≤ at, or form ≥ at + 1. */
struct branch {
    const struct proof_node *split;
    bool above;
};
struct walk {
    const struct ilp *p;
    const struct proof *proof;
    struct {
        struct row *data; /* terms borrowed from the proof */
        size_t len, cap;
    } lemmas;
    const struct terms *form; /* objective of the tree at hand; NULL: the program's */
    size_t next;
    struct {
        struct branch *data;
        size_t len, cap;
    } path;
    mpq_t *d;      /* reduced costs of one leaf; 0 between leaves */
    bool *seen;    /* of each variable: in touched */
    struct indices touched;
    bool some;     /* a leaf with a bound was seen */
    mpq_t highest; /* of those */
};

static mpq_ptr touch(struct walk *w, uint32_t j) {
    if (!w->seen[j]) {
        w->seen[j] = true;
        vec_push(&w->touched, j);
    }
    return w->d[j];
}

/* d −= y·row, sum += y·rhs. */
static bool use_row(struct walk *w, const struct term *y, mpq_t sum) {
    size_t rows = w->p->rows.len;
    if (y->index >= rows + w->lemmas.len)
        return false;
    const struct row *r = y->index < rows ? &w->p->rows.data[y->index] : &w->lemmas.data[y->index - rows];
    mpq_t t;
    if ((r->sense == '<' && mpq_sgn(y->a) < 0) || (r->sense == '>' && mpq_sgn(y->a) > 0))
        return false;
    mpq_init(t);
    for (size_t k = 0; k < r->terms.len; k++) {
        mpq_mul(t, y->a, r->terms.data[k].a);
        mpq_ptr d = touch(w, r->terms.data[k].index);
        mpq_sub(d, d, t);
    }
    mpq_mul(t, y->a, r->rhs);
    mpq_add(sum, sum, t);
    mpq_clear(t);
    return true;
}

static bool use_split(struct walk *w, const struct term *y, mpq_t sum) {
    if (y->index >= w->path.len || mpq_sgn(y->a) < 0)
        return false;
    struct branch b = w->path.data[y->index];
    mpq_t t;
    mpq_init(t);
    for (size_t k = 0; k < b.split->form.len; k++) {
        const struct term *f = &b.split->form.data[k];
        mpq_mul(t, y->a, f->a);
        mpq_ptr d = touch(w, f->index);
        (b.above ? mpq_add : mpq_sub)(d, d, t);
    }
    mpq_set_z(t, b.split->at);
    if (b.above) { /* −form ≤ −(at + 1) */
        mpz_add(mpq_numref(t), mpq_numref(t), mpq_denref(t));
        mpq_neg(t, t);
    }
    mpq_mul(t, t, y->a);
    mpq_add(sum, sum, t);
    mpq_clear(t);
    return true;
}

static void leaf_costs(struct walk *w, const struct proof_node *n) {
    for (uint32_t j = 0; n->kind == PROOF_LEAF && !w->form && j < w->p->variables.len; j++)
        if (mpq_sgn(w->p->variables.data[j].cost))
            mpq_set(touch(w, j), w->p->variables.data[j].cost);
    for (size_t k = 0; n->kind == PROOF_LEAF && w->form && k < w->form->len; k++) {
        mpq_ptr d = touch(w, w->form->data[k].index);
        mpq_add(d, d, w->form->data[k].a);
    }
}

/* Adds what the variables can contribute, and clears d. */
static bool leaf_rest(struct walk *w, mpq_t sum) {
    mpq_t t;
    bool finite = true;
    mpq_init(t);
    for (size_t k = 0; k < w->touched.len; k++) {
        uint32_t j = w->touched.data[k];
        if (mpq_sgn(w->d[j]) > 0) {
            finite = finite && w->p->variables.data[j].bounded;
            mpq_set_z(t, w->p->variables.data[j].upper);
            mpq_mul(t, t, w->d[j]);
            mpq_add(sum, sum, t);
        }
        w->seen[j] = false;
        mpq_set_ui(w->d[j], 0, 1);
    }
    w->touched.len = 0;
    mpq_clear(t);
    return finite;
}

static bool leaf_bound(struct walk *w, const struct proof_node *n, mpq_t sum) {
    bool good = true;
    mpq_set_ui(sum, 0, 1);
    leaf_costs(w, n);
    for (size_t k = 0; k < n->y.len && good; k++)
        good = use_row(w, &n->y.data[k], sum);
    for (size_t k = 0; k < n->splits.len && good; k++)
        good = use_split(w, &n->splits.data[k], sum);
    return leaf_rest(w, sum) && good;
}

static bool is_integral(const struct ilp *p, const struct terms *form) {
    for (size_t k = 0; k < form->len; k++)
        if (p->variables.data[form->data[k].index].real || mpz_cmp_ui(mpq_denref(form->data[k].a), 1))
            return false;
    return true;
}

static bool walk_node(struct walk *w) {
    if (w->next >= w->proof->len || w->proof->data[w->next].kind == PROOF_LEMMA)
        return false;
    const struct proof_node *n = &w->proof->data[w->next++];
    if (n->kind == PROOF_SPLIT) {
        if (!is_integral(w->p, &n->form))
            return false;
        for (int above = 0; above < 2; above++) {
            vec_push(&w->path, ((struct branch){n, above}));
            bool good = walk_node(w);
            w->path.len--;
            if (!good)
                return false;
        }
        return true;
    }
    mpq_t sum;
    mpq_init(sum);
    bool good = leaf_bound(w, n, sum);
    if (n->kind == PROOF_EMPTY)
        good = good && mpq_sgn(sum) < 0;
    else if (good && (!w->some || mpq_cmp(sum, w->highest) > 0)) {
        w->some = true;
        mpq_set(w->highest, sum);
    }
    mpq_clear(sum);
    return good;
}

/* An empty program proves any lemma; none is made of it. */
static bool walk_lemma(struct walk *w) {
    const struct proof_node *n = &w->proof->data[w->next++];
    struct row r = {.sense = '<', .terms = n->y};
    w->form = &n->y;
    w->some = false;
    if (!walk_node(w) || !w->some)
        return false;
    mpq_init(r.rhs);
    mpq_set(r.rhs, w->highest);
    if (is_integral(w->p, w->form)) {
        mpz_fdiv_q(mpq_numref(r.rhs), mpq_numref(w->highest), mpq_denref(w->highest));
        mpz_set_ui(mpq_denref(r.rhs), 1);
    }
    vec_push(&w->lemmas, r);
    w->form = NULL;
    w->some = false;
    return true;
}

int proof_bound(const struct ilp *p, const struct proof *proof, mpq_t bound) {
    struct walk w = {.p = p, .proof = proof, .d = mpq_array_new(p->variables.len), .seen = mem_alloc(p->variables.len + 1)};
    bool good = true;
    mpq_init(w.highest);
    while (good && w.next < proof->len && proof->data[w.next].kind == PROOF_LEMMA)
        good = walk_lemma(&w);
    good = good && walk_node(&w) && w.next == proof->len;
    for (size_t k = 0; k < w.lemmas.len; k++)
        mpq_clear(w.lemmas.data[k].rhs);
    vec_free(&w.lemmas);
    mpq_set(bound, w.highest);
    mpq_clear(w.highest);
    mpq_array_free(w.d, p->variables.len);
    free(w.seen);
    vec_free(&w.touched);
    vec_free(&w.path);
    return !good ? -1 : w.some ? 0 : 1;
}
