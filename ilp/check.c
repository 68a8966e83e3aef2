/* potoroo-check: an independent checker of certificates (CERTIFICATES.md). It shares no code with what makes them and uses nothing
 * but GMP. Weak duality: with y ≥ 0 for ≤, y ≤ 0 for ≥, s ≥ 0 and d = c − Σ y·row − Σ s·split, every x of a leaf has
 * cᵀx ≤ Σ y·rhs + Σ s·rhs + Σ over d_j > 0 of d_j·upper_j. Each file is checked in a process of its own. */
#include <gmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct term { size_t column; mpq_t a; };
struct row { char sense; mpq_t rhs; struct term *term; size_t terms, room; };
struct split { struct row form; bool above; }; /* form.rhs: K; above: the second branch is being proved */
static const char *file;
static char *text, *at, *end;
static size_t columns, rows, row_room, splits, split_room;
static mpq_t *cost, *d, t; /* d, t: scratch */
static mpz_t *upper;       /* −1: none */
static bool *real;
static struct row *row;
static struct split *split; /* from the root to here */

#define deny(bad, ...) ((bad) ? (printf("%s: rejected: ", file), printf(__VA_ARGS__), putchar('\n'), exit(3)) : (void)0)

static void *grow(void *p, size_t n, size_t size) {
    p = n < SIZE_MAX / size ? realloc(p, (n + 1) * size) : NULL;
    deny(!p, "out of memory");
    return p;
}

static bool blank(char x) { return x == ' ' || x == '\n'; }
/* The next word, with a NUL put behind it in place. */
static char *next(void) {
    while (at < end && blank(*at))
        at++;
    char *word = at;
    while (at < end && !blank(*at))
        at++;
    deny(at == end, "it is cut short");
    *at++ = '\0';
    return word;
}

static void expect(const char *word) { deny(strcmp(next(), word), "'%s' is missing", word); }

static bool is_integer(const char *s) {
    s += *s == '-';
    return *s && !s[strspn(s, "0123456789")];
}

static void parse_z(mpz_t z, const char *w) {
    deny(!is_integer(w) || mpz_set_str(z, w, 10), "'%.30s' is not an integer", w);
}

static void read_z(mpz_t z) { parse_z(z, next()); }

static void read_q(mpq_t q) {
    char *w = next(), *slash = strchr(w, '/');
    if (slash)
        *slash = '\0';
    parse_z(mpq_numref(q), w);
    parse_z(mpq_denref(q), slash ? slash + 1 : "1");
    deny(mpz_sgn(mpq_denref(q)) <= 0, "'%.30s' has no denominator", w);
    mpq_canonicalize(q);
}

static size_t read_index(size_t limit) {
    char *w = next(), *rest = w;
    size_t n = *w >= '0' && *w <= '9' && strlen(w) < 18 ? strtoull(w, &rest, 10) : 0;
    deny(rest == w || *rest || n >= limit, "'%.30s' is no index below %zu", w, limit);
    return n;
}

/* How many of something: each takes a byte of the file at least. */
static size_t read_count(void) { return read_index((size_t)(end - text)); }

static void round_down(mpq_t q) {
    mpz_fdiv_q(mpq_numref(q), mpq_numref(q), mpq_denref(q));
    mpz_set_ui(mpq_denref(q), 1);
}

static void add_term(struct row *r, size_t column, const mpq_t a) {
    if (r->terms == r->room)
        r->term = grow(r->term, r->room = 2 * r->room + 4, sizeof *r->term);
    mpq_init(r->term[r->terms].a);
    mpq_set(r->term[r->terms].a, a);
    r->term[r->terms++].column = column;
}

/* N (COLUMN A)×N */
static void read_terms(struct row *r, size_t limit) {
    for (size_t n = read_count(); n--;) {
        size_t column = read_index(limit);
        read_q(t);
        add_term(r, column, t);
    }
}

static struct row *new_row(char sense) {
    if (rows == row_room)
        row = grow(row, row_room = 2 * row_room + 16, sizeof *row);
    row[rows] = (struct row){.sense = sense};
    mpq_init(row[rows].rhs);
    return &row[rows++];
}

static void make_columns(size_t n) {
    columns = n;
    cost = grow(NULL, n, sizeof *cost);
    d = grow(NULL, n, sizeof *d);
    upper = grow(NULL, n, sizeof *upper);
    real = grow(NULL, n, sizeof *real);
    for (size_t j = 0; j < n; j++) {
        mpq_inits(cost[j], d[j], NULL);
        mpz_init_set_si(upper[j], -1);
        real[j] = false;
    }
}

/* SENSE RHS and terms */
static void read_row(size_t limit) {
    char *w = next();
    deny(!*w || w[1] || !strchr("<=>", *w), "'%.30s' is not a sense", w);
    struct row *r = new_row(*w);
    read_q(r->rhs);
    read_terms(r, limit);
}

static void read_rows(void) {
    make_columns(read_count());
    size_t n = read_count();
    for (size_t j = 0; j < columns; j++) {
        char *kind = next();
        real[j] = !strcmp(kind, "real");
        deny(!real[j] && strcmp(kind, "int"), "'%.30s' is not a kind of variable", kind);
        read_q(cost[j]);
        char *bound = next();
        if (strcmp(bound, "-")) {
            parse_z(upper[j], bound);
            deny(mpz_sgn(upper[j]) < 0, "variable %zu has a negative upper bound", j);
        }
        next();
    }
    for (; n; n--)
        expect("row"), read_row(columns);
}

static void read_loop(size_t edges, const size_t *head, size_t source) {
    struct row *r = new_row('<');
    bool enters = false;
    mpq_t max, a;
    mpq_inits(max, a, NULL);
    expect("loop");
    read_z(mpq_numref(max));
    deny(mpq_sgn(max) <= 0, "a loop's bound is below 1");
    mpq_set_ui(a, 1, 1);
    for (int set = 0; set < 2; set++) {
        for (size_t n = read_count(); n--;) {
            size_t edge = read_index(edges);
            add_term(r, edge, a);
            enters = enters || (!set && head[edge] == source);
        }
        mpz_ui_sub(mpq_numref(a), 1, mpq_numref(max));
    }
    if (enters)
        mpq_neg(r->rhs, a);
}

static void read_graph(void) {
    size_t nodes = read_count(), edges = read_count(), sinks = read_count(), loops = read_count(), constraints = read_count();
    size_t source = read_index(nodes), *head = grow(NULL, edges, sizeof *head);
    make_columns(edges + sinks);
    for (size_t v = 0; v < nodes; v++)
        mpq_set_ui(new_row('=')->rhs, v == source, 1);
    mpq_t one, minus;
    mpq_inits(one, minus, NULL);
    mpq_set_si(one, 1, 1), mpq_set_si(minus, -1, 1);
    for (size_t k = 0; k < edges; k++) {
        expect("edge");
        add_term(&row[read_index(nodes)], k, one);
        add_term(&row[head[k] = read_index(nodes)], k, minus);
        read_q(cost[k]);
    }
    for (size_t k = 0; k < sinks; k++) {
        expect("sink");
        add_term(&row[read_index(nodes)], edges + k, one);
    }
    for (; loops; loops--)
        read_loop(edges, head, source);
    for (; constraints; constraints--)
        expect("constraint"), read_row(edges);
}

/* Words are cut out of the text by NULs, so the digest needs a copy. */
static void read_program(void) {
    uint64_t h = 0xcbf29ce484222325u;
    expect("potoroo-certificate"), expect("1"), expect("digest");
    char *digest = next(), *start = at, *copy = grow(NULL, (size_t)(end - at), 1);
    memcpy(copy, at, (size_t)(end - at));
    char *kind = next();
    bool rows_given = !strcmp(kind, "rows");
    deny(!rows_given && strcmp(kind, "ipet"), "'%.30s' is no program", kind);
    (rows_given ? read_rows : read_graph)();
    for (const char *s = copy; s < copy + (at - start); s++)
        h = (h ^ (unsigned char)*s) * 0x100000001b3u;
    deny(strlen(digest) != 16 || strtoull(digest, NULL, 16) != h, "the digest is not that of the program");
}

/* d −= y·row; sum += y·rhs */
static void subtract(const struct row *r, const mpq_t y, mpq_t sum) {
    for (size_t k = 0; k < r->terms; k++) {
        mpq_mul(t, y, r->term[k].a);
        mpq_sub(d[r->term[k].column], d[r->term[k].column], t);
    }
    mpq_mul(t, y, r->rhs);
    mpq_add(sum, sum, t);
}

static void use_row(size_t i, mpq_t y, mpq_t sum) {
    deny((row[i].sense == '<' && mpq_sgn(y) < 0) || (row[i].sense == '>' && mpq_sgn(y) > 0), "the dual of row %zu has the wrong sign", i);
    subtract(&row[i], y, sum);
}

/* The same for Σ ≤ K, or Σ ≥ K + 1 with −s. */
static void use_split(size_t depth, mpq_t s, mpq_t sum) {
    struct split *p = &split[depth];
    deny(mpq_sgn(s) < 0, "the dual of split %zu is negative", depth);
    if (p->above)
        mpq_neg(s, s), mpq_add(sum, sum, s);
    subtract(&p->form, s, sum);
}

/* Proves Σ form·x ≤ SUM on this leaf; FORM NULL: the objective; EMPTY: 0. */
static void check_leaf(bool empty, const struct row *form, mpq_t sum) {
    mpq_t y;
    mpq_init(y);
    mpq_set_ui(sum, 0, 1), mpq_set_ui(t, 0, 1);
    for (size_t j = 0; j < columns; j++)
        mpq_set(d[j], empty || form ? t : cost[j]);
    for (size_t k = 0; !empty && form && k < form->terms; k++)
        mpq_add(d[form->term[k].column], d[form->term[k].column], form->term[k].a);
    for (int set = 0; set < 2; set++)
        for (size_t n = read_count(); n--;) {
            size_t index = read_index(set ? splits : rows);
            read_q(y);
            (set ? use_split : use_row)(index, y, sum);
        }
    for (size_t j = 0; j < columns; j++) {
        if (mpq_sgn(d[j]) <= 0)
            continue;
        deny(mpz_sgn(upper[j]) < 0, "the duals of a leaf leave variable %zu without a bound", j);
        mpq_set_z(t, upper[j]);
        mpq_mul(t, t, d[j]);
        mpq_add(sum, sum, t);
    }
    deny(empty && mpq_sgn(sum) >= 0, "an empty leaf is not proved empty");
    mpq_clear(y);
}

/* Is the form an integer at every solution? */
static bool is_whole(const struct row *form) {
    bool whole = true;
    for (size_t k = 0; k < form->terms; k++)
        whole = whole && !real[form->term[k].column] && !mpz_cmp_ui(mpq_denref(form->term[k].a), 1);
    return whole;
}

static void push_split(void) {
    if (splits == split_room)
        split = grow(split, split_room = 2 * split_room + 16, sizeof *split);
    struct split *s = &split[splits++];
    *s = (struct split){0};
    mpq_init(s->form.rhs);
    read_z(mpq_numref(s->form.rhs));
    read_terms(&s->form, columns);
    deny(!is_whole(&s->form), "a split on what is not an integer");
}

static void pop_split(void) {
    struct row *r = &split[--splits].form;
    while (r->terms)
        mpq_clear(r->term[--r->terms].a);
    free(r->term);
    mpq_clear(r->rhs);
}

/* The greatest leaf; false: all are empty. */
static bool check_tree(char *word, const struct row *form, mpq_t highest) {
    bool any = false;
    mpq_t sum;
    for (mpq_init(sum);; word = next()) {
        for (; !strcmp(word, "split"); word = next())
            push_split();
        deny(strcmp(word, "leaf") && strcmp(word, "empty"), "'%.30s' is no part of a proof", word);
        check_leaf(*word == 'e', form, sum);
        if (*word == 'l' && (!any || mpq_cmp(sum, highest) > 0))
            mpq_set(highest, sum);
        any = any || *word == 'l';
        while (splits && split[splits - 1].above)
            pop_split();
        if (!splits)
            break;
        split[splits - 1].above = true;
    }
    mpq_clear(sum);
    return any;
}

static void check_lemma(void) {
    struct row form = {.sense = '<'};
    mpq_init(form.rhs);
    read_terms(&form, columns);
    deny(!check_tree(next(), &form, form.rhs), "a lemma about nothing");
    if (is_whole(&form))
        round_down(form.rhs);
    *new_row('<') = form;
}

/* Reads the witness and leaves Σ cost·x, rounded down, in VALUE. */
static void check_witness(mpq_t value) {
    mpq_t claimed, sum;
    mpq_inits(claimed, sum, NULL);
    read_z(mpq_numref(claimed));
    for (size_t n = read_count(); n--;) {
        size_t j = read_index(columns);
        read_z(mpq_numref(d[j]));
        deny(mpq_sgn(d[j]) < 0 || (mpz_sgn(upper[j]) >= 0 && mpz_cmp(mpq_numref(d[j]), upper[j]) > 0), "the witness leaves the bounds of variable %zu", j);
    }
    for (size_t j = 0; j < columns; j++) {
        mpq_mul(t, d[j], cost[j]);
        mpq_add(value, value, t);
    }
    round_down(value);
    deny(!mpq_equal(value, claimed), "the witness has another value");
    for (size_t i = 0; i < rows; i++) {
        mpq_neg(sum, row[i].rhs);
        for (size_t k = 0; k < row[i].terms; k++) {
            mpq_mul(t, row[i].term[k].a, d[row[i].term[k].column]);
            mpq_add(sum, sum, t);
        }
        int s = mpq_sgn(sum);
        deny(row[i].sense == '<' ? s > 0 : row[i].sense == '>' ? s < 0 : s != 0, "the witness breaks row %zu", i);
    }
}

static void check_claim(void) {
    mpq_t bound, value, highest;
    mpq_inits(bound, value, highest, NULL);
    char *word = next();
    bool infeasible = !strcmp(word, "infeasible");
    deny(!infeasible && strcmp(word, "bound"), "'%.30s' is no claim", word);
    if (!infeasible)
        read_z(mpq_numref(bound));
    word = next();
    bool witness = !strcmp(word, "witness");
    if (witness)
        check_witness(value), word = next();
    for (; !strcmp(word, "lemma"); word = next())
        check_lemma();
    bool any = check_tree(word, NULL, highest);
    round_down(highest);
    expect("end");
    deny(at != end, "there is more behind its end");
    deny(any == infeasible || (witness && (infeasible || mpq_cmp(value, bound) > 0)) || !mpq_equal(highest, bound),
         "the proof is not one of its claim");
    gmp_printf(infeasible ? "%s: accepted: infeasible\n" : "%s: accepted: bound %Qd\n", file, bound);
}

static int check_file(void) {
    FILE *f = fopen(file, "rb");
    size_t room = 0;
    ssize_t size = f ? getdelim(&text, &room, '\0', f) : -1; /* no certificate has a NUL: the whole file, or nothing that passes */
    deny(size < 0 || ferror(f) || fgetc(f) != EOF, "it cannot be read");
    at = text, end = text + size;
    mpq_init(t);
    read_program();
    check_claim();
    return fflush(stdout) ? 3 : 0;
}

int main(int argc, char **argv) {
    int bad = 0, status;
    if (argc < 2 || !strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")) {
        fprintf(argc < 2 ? stderr : stdout, "usage: potoroo-check CERTIFICATE…\nExit codes: 0 all accepted, 2 usage, 3 one rejected.\n");
        return argc < 2 ? 2 : 0;
    }
    for (int k = 1; k < argc; k++) {
        file = argv[k];
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            exit(check_file());
        if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
            printf("%s: rejected: checking it failed\n", file);
        bad |= child < 0 || status != 0;
    }
    return bad ? 3 : 0;
}
