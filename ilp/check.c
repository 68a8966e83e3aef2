/* potoroo-check: an independent checker of certificates. It shares no code with what makes them and uses nothing but GMP.
 *
 * A certificate is words between blanks and line ends:
 *   potoroo-certificate 1
 *   digest HEX                           FNV-1a, 64 bits, of the text of the program that follows
 * then the program: maximise over x ≥ 0, either by its rows
 *   rows VARIABLES ROWS
 *   int|real COST UPPER|- NAME           one a variable, counted from 0
 *   row SENSE RHS N (VARIABLE A)×N       SENSE is < (≤), = or > (≥)
 * or as the flow graph from which the rows are built here
 *   ipet NODES EDGES SINKS LOOPS CONSTRAINTS SOURCE
 *   edge FROM TO COST                    variables 0…; a sink's variable, the flow that ends there, follows them
 *   sink NODE
 *   loop MAX N EDGE×N M EDGE×M           Σ first set ≤ (MAX − 1) · (Σ second set, + 1 if an edge of the first leads to the source)
 *   constraint SENSE RHS N (EDGE A)×N
 * (rows: one a node, out + sink − in = 1 at the source or 0; then loops; then constraints), then the claim
 *   bound B | infeasible
 *   witness VALUE N (VARIABLE COUNT)×N   optional: an integer solution, all others 0
 * then the proof tree in preorder
 *   split K N VARIABLE×N                 first the proof for Σ ≤ K, then that for Σ ≥ K + 1
 *   leaf N (ROW Y)×N M (DEPTH S)×M       duals of rows, and of splits on the way here (0 is the first)
 *   empty …                              the same for the objective 0
 *   end
 * Weak duality: with y ≥ 0 for ≤, y ≤ 0 for ≥, s ≥ 0 and d = c − Σ y·row − Σ s·split, every x of the leaf has
 * cᵀx ≤ Σ y·rhs + Σ s·rhs + Σ over d_j > 0 of d_j·upper_j. A leaf with such a d_j and no upper bound proves nothing. An empty leaf
 * must come out below 0. B must be the greatest leaf rounded down. */
#include <gmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct term {
    size_t column;
    mpq_t a;
};
struct row {
    char sense;
    mpq_t rhs;
    struct term *term;
    size_t terms, room;
};
struct split {
    size_t *column, columns;
    mpz_t at;
    bool above; /* the second branch is being proved */
};
struct check {
    const char *file;
    char *text, *at, *end, *program;
    char word[64];
    bool failed;
    size_t columns, rows, splits, room;
    mpq_t *cost, *d;
    mpz_t *upper;   /* −1: none */
    bool *real;
    struct row *row;
    struct split *split; /* from the root to here */
    bool infeasible, any_leaf;
    mpz_t bound;
    mpq_t highest, t;
};

static bool reject(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool reject(struct check *c, const char *fmt, ...) {
    va_list ap;
    if (c->failed)
        return false;
    c->failed = true;
    printf("%s: rejected: ", c->file);
    va_start(ap, fmt);
    vprintf(fmt, ap);
    va_end(ap);
    putchar('\n');
    return false;
}

static void *grow(void *p, size_t n, size_t size) {
    p = realloc(p, (n + 1) * size);
    if (!p) {
        fprintf(stderr, "potoroo-check: out of memory\n");
        exit(3);
    }
    return p;
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static bool blank(char x) { return x == ' ' || x == '\n'; }

/* The next word, NUL put behind it in place; numbers may be long. */
static char *next(struct check *c) {
    static char nothing[1];
    while (c->at < c->end && blank(*c->at))
        c->at++;
    char *word = c->at;
    while (c->at < c->end && !blank(*c->at))
        c->at++;
    if (c->at == c->end) {
        reject(c, "it is cut short");
        return nothing;
    }
    *c->at++ = '\0';
    return word;
}

static bool expect(struct check *c, const char *word) {
    return !strcmp(next(c), word) || reject(c, "'%s' is missing", word);
}

static bool is_integer(const char *s) {
    s += *s == '-';
    size_t n = strspn(s, "0123456789");
    return n && !s[n];
}

static bool read_z(struct check *c, mpz_t z) {
    char *w = next(c);
    return (is_integer(w) && mpz_set_str(z, w, 10) == 0) || reject(c, "'%.30s' is not an integer", w);
}

static bool read_q(struct check *c, mpq_t q) {
    char *w = next(c), *slash = strchr(w, '/');
    if (slash)
        *slash = '\0';
    bool good = is_integer(w) && mpz_set_str(mpq_numref(q), w, 10) == 0;
    mpz_set_ui(mpq_denref(q), 1);
    if (slash)
        good = good && is_integer(slash + 1) && mpz_set_str(mpq_denref(q), slash + 1, 10) == 0 && mpz_sgn(mpq_denref(q)) > 0;
    if (!good)
        return reject(c, "'%.30s' is not a rational number", w);
    mpq_canonicalize(q);
    return true;
}

/* An index below LIMIT. */
static bool read_index(struct check *c, size_t limit, size_t *out) {
    char *w = next(c), *rest = w;
    *out = *w >= '0' && *w <= '9' && strlen(w) < 18 ? strtoull(w, &rest, 10) : 0;
    return (rest > w && !*rest && *out < limit) || reject(c, "'%.30s' is no index below %zu", w, limit);
}

/* How many of something: each takes at least two bytes of the file. */
static bool read_count(struct check *c, size_t *out) { return read_index(c, (size_t)(c->end - c->text), out); }

/* ---- the program ------------------------------------------------------------------------------------------------------ */

static void add_term(struct row *r, size_t column, const mpq_t a) {
    if (r->terms == r->room)
        r->term = grow(r->term, r->room = 2 * r->room + 4, sizeof *r->term);
    mpq_init(r->term[r->terms].a);
    mpq_set(r->term[r->terms].a, a);
    r->term[r->terms++].column = column;
}

static void make_program(struct check *c, size_t columns, size_t rows) {
    c->columns = columns;
    c->rows = rows;
    c->cost = grow(NULL, columns, sizeof *c->cost);
    c->d = grow(NULL, columns, sizeof *c->d);
    c->upper = grow(NULL, columns, sizeof *c->upper);
    c->real = grow(NULL, columns, sizeof *c->real);
    c->row = grow(NULL, rows, sizeof *c->row);
    for (size_t j = 0; j < columns; j++) {
        mpq_inits(c->cost[j], c->d[j], NULL);
        mpz_init_set_si(c->upper[j], -1);
        c->real[j] = false;
    }
    for (size_t i = 0; i < rows; i++) {
        c->row[i] = (struct row){.sense = '='};
        mpq_init(c->row[i].rhs);
    }
}

/* SENSE RHS N (COLUMN A)×N */
static bool read_row(struct check *c, struct row *r, size_t columns) {
    size_t n, column;
    char *w = next(c);
    if (!*w || w[1] || !strchr("<=>", *w))
        return reject(c, "'%.30s' is not a sense", w);
    r->sense = *w;
    if (!read_q(c, r->rhs) || !read_count(c, &n))
        return false;
    while (n-- && !c->failed)
        if (read_index(c, columns, &column) && read_q(c, c->t))
            add_term(r, column, c->t);
    return !c->failed;
}

static bool read_rows(struct check *c) {
    size_t columns, rows;
    if (!read_count(c, &columns) || !read_count(c, &rows))
        return false;
    make_program(c, columns, rows);
    for (size_t j = 0; j < columns && !c->failed; j++) {
        char *kind = next(c);
        c->real[j] = !strcmp(kind, "real");
        if (!c->real[j] && strcmp(kind, "int"))
            return reject(c, "'%.30s' is not a kind of variable", kind);
        if (!read_q(c, c->cost[j]))
            return false;
        if (c->at + 1 < c->end && *c->at == '-' && blank(c->at[1]))
            next(c);
        else if (read_z(c, c->upper[j]) && mpz_sgn(c->upper[j]) < 0)
            return reject(c, "variable %zu has a negative upper bound", j);
        next(c);
    }
    for (size_t i = 0; i < rows && !c->failed; i++)
        if (expect(c, "row"))
            read_row(c, &c->row[i], columns);
    return !c->failed;
}

static bool read_edges(struct check *c, size_t nodes, size_t edges, size_t sinks, size_t *head) {
    size_t from;
    for (size_t k = 0; k < edges && expect(c, "edge"); k++) {
        if (!read_index(c, nodes, &from) || !read_index(c, nodes, &head[k]) || !read_q(c, c->cost[k]))
            return false;
        mpq_set_si(c->t, 1, 1);
        add_term(&c->row[from], k, c->t);
        mpq_set_si(c->t, -1, 1);
        add_term(&c->row[head[k]], k, c->t);
    }
    for (size_t k = 0; k < sinks && !c->failed && expect(c, "sink"); k++)
        if (read_index(c, nodes, &from)) {
            mpq_set_si(c->t, 1, 1);
            add_term(&c->row[from], edges + k, c->t);
        }
    return !c->failed;
}

static bool read_loop(struct check *c, struct row *r, size_t edges, const size_t *head, size_t source) {
    size_t n, edge;
    mpq_t a;
    bool enters = false;
    if (!expect(c, "loop") || !read_z(c, mpq_numref(r->rhs)) || !read_count(c, &n))
        return false;
    if (mpz_sgn(mpq_numref(r->rhs)) <= 0)
        return reject(c, "a loop's bound is below 1");
    r->sense = '<';
    mpq_init(a);
    for (int set = 0; set < 2 && !c->failed; set++) {
        mpq_set_si(a, 1, 1);
        if (set) { /* 1 − MAX */
            mpq_sub(a, a, r->rhs);
            if (!read_count(c, &n))
                break;
        }
        while (n-- && read_index(c, edges, &edge)) {
            add_term(r, edge, a);
            enters = enters || (!set && head[edge] == source);
        }
    }
    if (enters)
        mpq_neg(r->rhs, a);
    else
        mpq_set_ui(r->rhs, 0, 1);
    mpq_clear(a);
    return !c->failed;
}

static bool read_graph(struct check *c) {
    size_t n[5], source; /* nodes, edges, sinks, loops, constraints */
    for (int k = 0; k < 5; k++)
        if (!read_count(c, &n[k]))
            return false;
    if (!read_index(c, n[0], &source))
        return false;
    make_program(c, n[1] + n[2], n[0] + n[3] + n[4]);
    mpq_set_ui(c->row[source].rhs, 1, 1);
    size_t *head = grow(NULL, n[1], sizeof *head);
    read_edges(c, n[0], n[1], n[2], head);
    for (size_t k = 0; k < n[3] && !c->failed; k++)
        read_loop(c, &c->row[n[0] + k], n[1], head, source);
    for (size_t k = 0; k < n[4] && !c->failed && expect(c, "constraint"); k++)
        read_row(c, &c->row[n[0] + n[3] + k], n[1]);
    free(head);
    return !c->failed;
}

/* Words are cut out of the text by NULs; for the digest these are the blanks and line ends that stood there. */
static bool read_program(struct check *c) {
    char *digest, *copy, word[17];
    uint64_t h = 0xcbf29ce484222325u;
    if (!expect(c, "potoroo-certificate") || !expect(c, "1") || !expect(c, "digest"))
        return false;
    digest = next(c);
    size_t start = (size_t)(c->at - c->text), left = (size_t)(c->end - c->at);
    copy = grow(NULL, left, 1);
    memcpy(copy, c->at, left);
    char *kind = next(c);
    bool good = !strcmp(kind, "rows") ? read_rows(c) : !strcmp(kind, "ipet") ? read_graph(c) : reject(c, "'%.30s' is no program", kind);
    for (size_t k = 0; good && k < (size_t)(c->at - c->text) - start; k++)
        h = (h ^ (unsigned char)copy[k]) * 0x100000001b3u;
    free(copy);
    snprintf(word, sizeof word, "%016llx", (unsigned long long)h);
    return good && (!strcmp(word, digest) || reject(c, "the digest is not that of the program"));
}

/* ---- the claim and its proof ------------------------------------------------------------------------------------------- */

static bool check_witness(struct check *c) {
    size_t n, j;
    mpz_t value, z;
    mpz_inits(value, z, NULL);
    mpq_set_ui(c->highest, 0, 1);
    for (j = 0; j < c->columns; j++)
        mpq_set_ui(c->d[j], 0, 1);
    if (read_z(c, value) && read_count(c, &n))
        while (n-- && read_index(c, c->columns, &j) && read_z(c, z)) {
            mpq_set_z(c->d[j], z);
            if (mpz_sgn(z) < 0 || (mpz_sgn(c->upper[j]) >= 0 && mpz_cmp(z, c->upper[j]) > 0))
                reject(c, "the witness leaves the bounds of variable %zu", j);
        }
    for (j = 0; j < c->columns; j++) {
        mpq_mul(c->t, c->d[j], c->cost[j]);
        mpq_add(c->highest, c->highest, c->t);
    }
    mpz_fdiv_q(z, mpq_numref(c->highest), mpq_denref(c->highest));
    if (mpz_cmp(z, value))
        reject(c, "the witness has another value");
    if (c->infeasible || mpz_cmp(z, c->bound) > 0)
        reject(c, "the witness is above the claim");
    for (size_t i = 0; i < c->rows && !c->failed; i++) {
        const struct row *r = &c->row[i];
        mpq_neg(c->highest, r->rhs);
        for (size_t k = 0; k < r->terms; k++) {
            mpq_mul(c->t, r->term[k].a, c->d[r->term[k].column]);
            mpq_add(c->highest, c->highest, c->t);
        }
        int s = mpq_sgn(c->highest);
        if (r->sense == '<' ? s > 0 : r->sense == '>' ? s < 0 : s != 0)
            reject(c, "the witness breaks row %zu", i);
    }
    mpz_clears(value, z, NULL);
    return !c->failed;
}

/* d −= y·row; sum += y·rhs */
static bool use_row(struct check *c, size_t i, const mpq_t y, mpq_t sum) {
    const struct row *r = &c->row[i];
    if ((r->sense == '<' && mpq_sgn(y) < 0) || (r->sense == '>' && mpq_sgn(y) > 0))
        return reject(c, "the dual of row %zu has the wrong sign", i);
    for (size_t k = 0; k < r->terms; k++) {
        mpq_mul(c->t, y, r->term[k].a);
        mpq_sub(c->d[r->term[k].column], c->d[r->term[k].column], c->t);
    }
    mpq_mul(c->t, y, r->rhs);
    mpq_add(sum, sum, c->t);
    return true;
}

/* The same for Σ ≤ at, or −Σ ≤ −(at + 1). */
static bool use_split(struct check *c, size_t depth, const mpq_t s, mpq_t sum) {
    const struct split *p = &c->split[depth];
    if (mpq_sgn(s) < 0)
        return reject(c, "the dual of split %zu is negative", depth);
    for (size_t k = 0; k < p->columns; k++)
        (p->above ? mpq_add : mpq_sub)(c->d[p->column[k]], c->d[p->column[k]], s);
    mpq_set_z(c->t, p->at);
    if (p->above)
        mpz_add_ui(mpq_numref(c->t), mpq_numref(c->t), 1);
    mpq_mul(c->t, c->t, s);
    (p->above ? mpq_sub : mpq_add)(sum, sum, c->t);
    return true;
}

static bool check_leaf(struct check *c, bool empty) {
    size_t n, index;
    mpq_t sum, y;
    mpq_inits(sum, y, NULL);
    for (size_t j = 0; j < c->columns; j++)
        if (empty)
            mpq_set_ui(c->d[j], 0, 1);
        else
            mpq_set(c->d[j], c->cost[j]);
    for (int set = 0; set < 2 && read_count(c, &n); set++)
        while (n-- && read_index(c, set ? c->splits : c->rows, &index) && read_q(c, y))
            if (!(set ? use_split : use_row)(c, index, y, sum))
                break;
    for (size_t j = 0; j < c->columns && !c->failed; j++) {
        if (mpq_sgn(c->d[j]) <= 0)
            continue;
        if (mpz_sgn(c->upper[j]) < 0)
            reject(c, "the duals of a leaf leave variable %zu without a bound", j);
        mpq_set_z(c->t, c->upper[j]);
        mpq_mul(c->t, c->t, c->d[j]);
        mpq_add(sum, sum, c->t);
    }
    if (empty && mpq_sgn(sum) >= 0)
        reject(c, "an empty leaf is not proved empty");
    if (!empty && (!c->any_leaf || mpq_cmp(sum, c->highest) > 0))
        mpq_set(c->highest, sum);
    c->any_leaf = c->any_leaf || !empty;
    mpq_clears(sum, y, NULL);
    return !c->failed;
}

static bool push_split(struct check *c) {
    if (c->splits == c->room)
        c->split = grow(c->split, c->room = 2 * c->room + 16, sizeof *c->split);
    struct split *s = &c->split[c->splits++];
    *s = (struct split){0};
    mpz_init(s->at);
    if (!read_z(c, s->at) || !read_count(c, &s->columns))
        return false;
    s->column = grow(NULL, s->columns, sizeof *s->column);
    for (size_t k = 0; k < s->columns && read_index(c, c->columns, &s->column[k]); k++)
        if (c->real[s->column[k]])
            reject(c, "a split on variable %zu, which is not an integer", s->column[k]);
    return !c->failed;
}

static void pop_split(struct check *c) {
    struct split *s = &c->split[--c->splits];
    free(s->column);
    mpz_clear(s->at);
}

static bool check_tree(struct check *c, char *word) {
    for (;; word = next(c)) {
        if (!strcmp(word, "split")) {
            if (!push_split(c))
                return false;
            continue;
        }
        if (strcmp(word, "leaf") && strcmp(word, "empty"))
            return reject(c, "'%.30s' is no part of a proof", word);
        if (!check_leaf(c, *word == 'e'))
            return false;
        while (c->splits && c->split[c->splits - 1].above)
            pop_split(c);
        if (!c->splits)
            return true;
        c->split[c->splits - 1].above = true;
    }
}

static bool check_claim(struct check *c) {
    mpz_t floor;
    char *word = next(c);
    c->infeasible = !strcmp(word, "infeasible");
    if (!c->infeasible && (strcmp(word, "bound") ? !reject(c, "there is no claim") : !read_z(c, c->bound)))
        return false;
    word = next(c);
    bool witness = !strcmp(word, "witness");
    if (witness && !check_witness(c))
        return false;
    if (!check_tree(c, witness ? next(c) : word) || !expect(c, "end"))
        return false;
    if (c->at != c->end)
        return reject(c, "there is more behind its end");
    if (c->infeasible)
        return !c->any_leaf || reject(c, "it claims infeasibility without proving it");
    mpz_init(floor);
    mpz_fdiv_q(floor, mpq_numref(c->highest), mpq_denref(c->highest));
    bool good = c->any_leaf && mpz_cmp(floor, c->bound) == 0;
    mpz_clear(floor);
    return good || reject(c, "the proof gives another bound");
}

static void release(struct check *c) {
    while (c->splits)
        pop_split(c);
    for (size_t j = 0; j < c->columns; j++) {
        mpq_clears(c->cost[j], c->d[j], NULL);
        mpz_clear(c->upper[j]);
    }
    for (size_t i = 0; i < c->rows; i++) {
        for (size_t k = 0; k < c->row[i].terms; k++)
            mpq_clear(c->row[i].term[k].a);
        free(c->row[i].term);
        mpq_clear(c->row[i].rhs);
    }
    free(c->cost), free(c->d), free(c->upper), free(c->real), free(c->row), free(c->split), free(c->text);
    mpq_clears(c->highest, c->t, NULL);
    mpz_clear(c->bound);
}

static bool load(struct check *c) {
    FILE *f = fopen(c->file, "rb");
    size_t size = 0, room = 0;
    if (!f)
        return reject(c, "it cannot be opened");
    for (size_t got = 1; got; size += got) {
        if (size == room)
            c->text = grow(c->text, room = 2 * room + 65536, 1);
        got = fread(c->text + size, 1, room - size, f);
    }
    bool bad = ferror(f);
    fclose(f);
    c->at = c->text;
    c->end = c->text + size;
    return !bad || reject(c, "it cannot be read");
}

static bool check_file(const char *file) {
    struct check c = {.file = file};
    mpq_inits(c.highest, c.t, NULL);
    mpz_init(c.bound);
    bool good = load(&c) && read_program(&c) && check_claim(&c);
    if (good && c.infeasible)
        printf("%s: accepted: infeasible\n", file);
    else if (good)
        gmp_printf("%s: accepted: bound %Zd\n", file, c.bound);
    release(&c);
    return good;
}

int main(int argc, char **argv) {
    bool good = true;
    if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
        fprintf(argc < 2 ? stderr : stdout, "usage: potoroo-check CERTIFICATE…\nExit codes: 0 all accepted, 2 usage, 3 one rejected.\n");
        return argc < 2 ? 2 : 0;
    }
    for (int k = 1; k < argc; k++)
        good = check_file(argv[k]) && good;
    return good && fflush(stdout) == 0 ? 0 : 3;
}
