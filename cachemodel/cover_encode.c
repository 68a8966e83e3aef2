/* Cache look-ups as bit vectors: the distinct-conflict window.
 *
 * Under LRU a line's age is the number of distinct lines of its set that were touched since it was; it is there as long as that is below the
 * associativity (Mattson et al. 1970). So with E(k,i): same line, C(k,i): same set but another line, T(k): k touches its line (it hits or
 * fills), for look-ups k < i:
 *     newer(k,i) = T(k) and C(k,i) and no later look-up before i touches k's line again and none behind k touches i's line
 *     age(i)     = the number of k with newer(k,i), if i's line was touched before
 *                = G(i) + the number of k with newer(k,i) and G(k) >= G(i), if not: G, the line's age in the state at the beginning, is
 *                  a variable, ways meaning that it is not there; lines that were younger than i's from the beginning are counted in G(i)
 *     hit(i)     = age(i) < ways
 * G is the same for equal lines and different for different lines of a set that are there. Any such G is a cache state: the positions that
 * it leaves free hold other lines, or are empty at the old end (a fill of an empty way evicts nothing that the unit looks up).
 * Under FIFO only fills count, each of them, and a fill of the line itself begins its age; until then every fill of the set counts. */
#include "cachemodel/cover.h"

#include <inttypes.h>

static const char *flag(bool b) { return b ? "true" : "false"; }

static const struct cover_access *access_of(const struct cover *c, size_t i) { return &c->q.access[c->parts.data[i].access]; }
static const struct cover_side *side_of(const struct cover *c, size_t i) { return &c->side[access_of(c, i)->fetch]; }

static bool related(const struct cover *c, size_t k, size_t i) {
    struct cover_relation r = cover_relate(c, k, i);
    return r.may_equal || r.may_conflict;
}

static void encode_line(struct cover *c, size_t i) {
    const struct cover_access *a = access_of(c, i);
    const struct cover_side *d = side_of(c, i);
    unsigned bits = 64 - d->shift;
    struct smt *s = c->q.smt;
    if (a->fetch) {
        smt_text(s, "(define-fun cL%zu () (_ BitVec %u) (_ bv%" PRIu64 " %u))", i, bits, a->addr >> d->shift, bits);
    } else {
        struct smt_name at = smt_term(s, a->at);
        smt_text(s, "(define-fun cL%zu () (_ BitVec %u) ((_ extract 63 %u) (bvadd %s (_ bv%u 64))))", i, bits, d->shift, at.text,
                 c->parts.data[i].second ? a->size - 1 : 0);
    }
    if (c->parts.data[i].second)
        smt_text(s, "(define-fun cP%zu () Bool (distinct cL%zu cL%zu))", i, i - 1, i);
    else
        smt_text(s, "(define-fun cP%zu () Bool true)", i);
}

/* Of two look-ups of one base less than a line apart, the base's low bits decide: no need to compare whole addresses. */
static void encode_near(struct cover *c, size_t k, size_t i) {
    const struct cover_part *p = &c->parts.data[k], *q = &c->parts.data[i];
    unsigned shift = side_of(c, i)->shift, bits = shift + 2; /* low bits + distance below 2 lines */
    bool up = q->offset - p->offset < 1ull << 63;
    uint64_t distance = up ? q->offset - p->offset : p->offset - q->offset;
    struct smt_name at = smt_term(c->q.smt, access_of(c, up ? k : i)->at);
    unsigned more = c->parts.data[up ? k : i].second ? access_of(c, up ? k : i)->size - 1 : 0;
    smt_text(c->q.smt, "(define-fun cE%zu_%zu () Bool (bvult (bvadd (concat #b00 ((_ extract %u 0) (bvadd %s (_ bv%u 64)))) (_ bv%" PRIu64 " %u)) (_ bv%" PRIu64 " %u)))",
             k, i, shift - 1, at.text, more, distance, bits, (uint64_t)1 << shift, bits);
}

static void encode_equal(struct cover *c, size_t k, size_t i, bool apart) {
    struct cover_relation r = cover_relate(c, k, i);
    bool same_base = c->parts.data[k].base == c->parts.data[i].base;
    if (r.must_equal || !r.may_equal || (apart && !same_base))
        smt_text(c->q.smt, "(define-fun cE%zu_%zu () Bool %s)", k, i, flag(r.must_equal));
    else if (same_base && c->parts.data[i].base)
        encode_near(c, k, i);
    else
        smt_text(c->q.smt, "(define-fun cE%zu_%zu () Bool (= cL%zu cL%zu))", k, i, k, i);
}

/* The first look-ups of two bases (or a constant) are further from each other than all offsets are. */
static void encode_apart(struct cover *c) {
    uint64_t span = 0;
    for (size_t i = 0; i < c->parts.len; i++)
        for (size_t k = 0; k < i; k++)
            if (cover_same_base(c, k, i) && c->parts.data[i].base) {
                uint64_t d = c->parts.data[i].offset - c->parts.data[k].offset;
                d = d >> 63 ? -d : d;
                span = d > span ? d : span;
            }
    for (size_t i = 0; i < c->parts.len; i++)
        for (size_t k = 0; k < i; k++) {
            if (access_of(c, i)->fetch || access_of(c, k)->fetch || cover_same_base(c, k, i) || !cover_first_of_base(c, i) || !cover_first_of_base(c, k))
                continue;
            struct smt_name a = smt_term(c->q.smt, access_of(c, i)->at), b = smt_term(c->q.smt, access_of(c, k)->at);
            uint64_t far = 2 * span + 2 * c->side[0].shape.line + 16;
            smt_assert_text(c->q.smt, NONE, "(and (bvuge (bvsub %s %s) (_ bv%" PRIu64 " 64)) (bvuge (bvsub %s %s) (_ bv%" PRIu64 " 64)))", a.text, b.text, far, b.text,
                            a.text, far);
        }
}

static void encode_pair(struct cover *c, size_t k, size_t i) {
    const struct cover_side *d = side_of(c, i);
    struct smt *s = c->q.smt;
    encode_equal(c, k, i, false);
    if (!cover_relate(c, k, i).may_conflict)
        smt_text(s, "(define-fun cC%zu_%zu () Bool false)", k, i);
    else if (d->set_bits)
        smt_text(s, "(define-fun cC%zu_%zu () Bool (and (not cE%zu_%zu) (= ((_ extract %u 0) cL%zu) ((_ extract %u 0) cL%zu))))", k, i, k, i,
                 d->set_bits - 1, k, d->set_bits - 1, i);
    else
        smt_text(s, "(define-fun cC%zu_%zu () Bool (not cE%zu_%zu))", k, i, k, i);
    smt_assert_text(s, NONE, "(=> cE%zu_%zu (= cG%zu cG%zu))", k, i, k, i);
    smt_assert_text(s, NONE, "(=> (and cC%zu_%zu (bvult cG%zu #x%02x)) (distinct cG%zu cG%zu))", k, i, k, (unsigned)d->shape.ways, k, i);
}

/* Where k's last "touched again" is defined: cR<k>_<again[k] - 1>, false if again[k] is 0. */
static const char *again_name(const size_t *again, size_t k, char *name, size_t size) {
    if (again[k])
        snprintf(name, size, "cR%zu_%zu", k, again[k] - 1);
    else
        snprintf(name, size, "false");
    return name;
}

/* cN: newer(k,i). cB: i's line is touched from k on; so cA: it is touched before i. */
static void encode_window(struct cover *c, size_t i, const size_t *again) {
    struct smt *s = c->q.smt;
    bool fifo = side_of(c, i)->policy == MODEL_FIFO;
    char since[48] = "false", later[48];
    for (size_t k = i; k-- > 0;) {
        if (!related(c, k, i))
            continue;
        smt_text(s, "(define-fun cN%zu_%zu () Bool (and cT%zu cC%zu_%zu (not %s) (not %s)))", k, i, k, k, i, since,
                 fifo ? "false" : again_name(again, k, later, sizeof later));
        smt_text(s, "(define-fun cB%zu_%zu () Bool (or %s (and cT%zu cE%zu_%zu)))", k, i, since, k, k, i);
        snprintf(since, sizeof since, "cB%zu_%zu", k, i);
    }
    smt_text(s, "(define-fun cA%zu () Bool %s)", i, since);
}

static void encode_hit(struct cover *c, size_t i) {
    struct smt *s = c->q.smt;
    const struct cover_side *d = side_of(c, i);
    bool fifo = d->policy == MODEL_FIFO, fills = !access_of(c, i)->store || d->allocate;
    char sum[48];
    snprintf(sum, sizeof sum, "(ite cA%zu #x00 cG%zu)", i, i);
    for (size_t k = 0, n = 0; k < i; k++) {
        if (!related(c, k, i))
            continue;
        smt_text(s, "(define-fun cW%zu_%zu () (_ BitVec 8) (bvadd %s (ite (and cN%zu_%zu (or %s cA%zu (bvuge cG%zu cG%zu))) #x01 #x00)))", i, n, sum, k, i,
                 flag(fifo), i, k, i);
        snprintf(sum, sizeof sum, "cW%zu_%zu", i, n++);
    }
    smt_text(s, "(define-fun cH%zu () Bool (and cP%zu (bvult %s #x%02x)))", i, i, sum, (unsigned)d->shape.ways);
    const char *touches = fifo ? (fills ? "(not cH" : "(and false cH") : (fills ? "(or true cH" : "(and cH");
    smt_text(s, "(define-fun cT%zu () Bool (and cP%zu %s%zu)))", i, i, touches, i);
}

static void encode_again(struct cover *c, size_t i, size_t *again) {
    char name[48];
    for (size_t k = 0; k < i; k++) {
        if (!related(c, k, i))
            continue;
        again_name(again, k, name, sizeof name);
        smt_text(c->q.smt, "(define-fun cR%zu_%zu () Bool (or %s (and cT%zu cE%zu_%zu)))", k, i, name, i, k, i);
        again[k] = i + 1;
    }
}

static void encode_count(struct cover *c) {
    char sum[32] = "#x00";
    for (size_t i = 0, n = 0; i < c->parts.len; i++) {
        if (!access_of(c, i)->counted)
            continue;
        smt_text(c->q.smt, "(define-fun cM%zu () (_ BitVec 8) (bvadd %s (ite (and cP%zu (not cH%zu)) #x01 #x00)))", n, sum, i, i);
        snprintf(sum, sizeof sum, "cM%zu", n++);
    }
    smt_text(c->q.smt, "(define-fun cMisses () (_ BitVec 8) %s)", sum);
}

/* Plain: a line hits if it was looked up before or is there at the beginning (cG 0), which is anybody's choice, line by line. */
static void encode_plain(struct cover *c, size_t i, bool apart) {
    struct smt *s = c->q.smt;
    char before[48] = "false";
    smt_assert_text(s, NONE, "(or (= cG%zu #x00) (= cG%zu #x%02x))", i, i, (unsigned)side_of(c, i)->shape.ways);
    for (size_t k = 0; k < i; k++) {
        if (!cover_relate(c, k, i).may_equal || (apart && c->parts.data[k].base != c->parts.data[i].base))
            continue;
        encode_equal(c, k, i, apart);
        smt_assert_text(s, NONE, "(=> cE%zu_%zu (= cG%zu cG%zu))", k, i, k, i);
        smt_text(s, "(define-fun cB%zu_%zu () Bool (or %s (and cP%zu cE%zu_%zu)))", k, i, before, k, k, i);
        snprintf(before, sizeof before, "cB%zu_%zu", k, i);
    }
    smt_text(s, "(define-fun cH%zu () Bool (and cP%zu (or %s (= cG%zu #x00))))", i, i, before, i);
}

static void encode_full(struct cover *c, size_t i, size_t *again) {
    smt_assert_text(c->q.smt, NONE, "(bvule cG%zu #x%02x)", i, (unsigned)side_of(c, i)->shape.ways);
    for (size_t k = 0; k < i; k++)
        if (related(c, k, i))
            encode_pair(c, k, i);
    encode_window(c, i, again);
    encode_hit(c, i);
    encode_again(c, i, again);
}

void cover_encode(struct cover *c, bool apart) {
    struct smt *s = c->q.smt;
    size_t again[COVER_MOST_LOOKUPS] = {0};
    for (size_t i = 0; i < c->parts.len; i++) {
        encode_line(c, i);
        smt_text(s, "(declare-const cG%zu (_ BitVec 8))", i);
        if (c->plain || apart)
            encode_plain(c, i, apart);
        else
            encode_full(c, i, again);
    }
    encode_count(c);
    if (apart)
        encode_apart(c);
    c->asked = c->callers;
    for (size_t i = 0; i < c->parts.len; i++) {
        smt_ask_text(s, "cL%zu", i);
        smt_ask_text(s, "cG%zu", i);
        smt_ask_text(s, "cP%zu", i);
        smt_ask_text(s, "cH%zu", i);
    }
    smt_ask_text(s, "cMisses");
}
