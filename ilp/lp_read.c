/* CPLEX LP format, the part that maximisations over non-negative variables need. What is outside of it is an error, not ignored:
 * minimisation, negative lower bounds, free variables, ranges, quadratic terms, special sections. */
#include "ilp/program.h"

#include <ctype.h>
#include <stdarg.h>
#include <strings.h>

enum token { END_OF_FILE, NUMBER, NAME, COLON, PLUS, MINUS, LESS, GREATER, EQUAL, SECTION, BAD };
enum section { SECTION_MAXIMISE, SECTION_MINIMISE, SECTION_ROWS, SECTION_BOUNDS, SECTION_INTEGERS, SECTION_BINARIES, SECTION_END };

struct reader {
    const char *path, *at, *end;
    int line;          /* of the token at hand */
    int next_line, bound_line;
    bool fresh;        /* nothing but blanks before on this line */
    enum token token;
    enum section section;
    const char *text;
    size_t length;
    mpq_t number;
    struct ilp *p;
    struct map names;  /* hash → 1 + the last variable with it */
    struct indices older; /* per variable: 1 + the one before with the same hash */
    struct {
        bool *data;
        size_t len, cap;
    } integer;
    struct err *e;
};

static int complain(const struct reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int complain(const struct reader *r, const char *fmt, ...) {
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    return err_set(r->e, ERR_INPUT, "%s:%d: %s", r->path, r->line, text);
}

static const struct {
    const char *word;
    enum section section;
} words[] = {
    {"maximize", SECTION_MAXIMISE}, {"maximise", SECTION_MAXIMISE}, {"maximum", SECTION_MAXIMISE}, {"max", SECTION_MAXIMISE},
    {"minimize", SECTION_MINIMISE}, {"minimise", SECTION_MINIMISE}, {"minimum", SECTION_MINIMISE}, {"min", SECTION_MINIMISE},
    {"subject to", SECTION_ROWS}, {"such that", SECTION_ROWS}, {"st", SECTION_ROWS}, {"s.t.", SECTION_ROWS}, {"st.", SECTION_ROWS},
    {"bounds", SECTION_BOUNDS}, {"bound", SECTION_BOUNDS}, {"general", SECTION_INTEGERS}, {"generals", SECTION_INTEGERS},
    {"gen", SECTION_INTEGERS}, {"integer", SECTION_INTEGERS}, {"integers", SECTION_INTEGERS}, {"int", SECTION_INTEGERS},
    {"binary", SECTION_BINARIES}, {"binaries", SECTION_BINARIES}, {"bin", SECTION_BINARIES}, {"end", SECTION_END},
};

static bool is_name(int c) { return isalnum(c) || (c && strchr("!\"#$%&(),.;?@_'`{}~[]/|^", c)); }

/* Length of WORD at S (a blank in it matches any run of blanks), not followed by more of a name or a colon; 0 if it is not there. */
static size_t match_word(const char *s, const char *end, const char *word) {
    const char *at = s;
    for (; *word; word++) {
        if (*word == ' ') {
            if (at == end || (*at != ' ' && *at != '\t'))
                return 0;
            while (at < end && (*at == ' ' || *at == '\t'))
                at++;
            continue;
        }
        if (at == end || tolower((unsigned char)*at) != *word)
            return 0;
        at++;
    }
    const char *after = at;
    while (after < end && (*after == ' ' || *after == '\t'))
        after++;
    if ((at < end && is_name((unsigned char)*at)) || (after < end && *after == ':'))
        return 0;
    return (size_t)(at - s);
}

static void skip_blanks(struct reader *r) {
    while (r->at < r->end) {
        if (*r->at == '\n')
            r->next_line++, r->fresh = true;
        else if (*r->at == '\\')
            while (r->at + 1 < r->end && r->at[1] != '\n')
                r->at++;
        else if (!isspace((unsigned char)*r->at))
            break;
        r->at++;
    }
}

/* digits [. digits] [e [sign] digits], exactly. Exponents beyond four digits are refused: they only serve to exhaust memory. */
static enum token scan_number(struct reader *r) {
    const char *s = r->at;
    long scale = 0, exponent = 0;
    mpz_ptr num = mpq_numref(r->number);
    mpq_set_ui(r->number, 0, 1);
    for (bool point = false; s < r->end && (isdigit((unsigned char)*s) || (*s == '.' && !point)); s++) {
        if (*s == '.') {
            point = true;
            continue;
        }
        mpz_mul_ui(num, num, 10);
        mpz_add_ui(num, num, (unsigned long)(*s - '0'));
        scale -= point;
    }
    if (s - r->at > 4000)
        return BAD;
    if (s + 1 < r->end && tolower((unsigned char)*s) == 'e') {
        const char *x = s + 1;
        bool minus = *x == '-';
        x += *x == '-' || *x == '+';
        const char *digits = x;
        for (; x < r->end && isdigit((unsigned char)*x); x++)
            exponent = exponent > 9999 ? exponent : exponent * 10 + (*x - '0');
        if (exponent > 9999)
            return BAD;
        if (x > digits)
            s = x, scale += minus ? -exponent : exponent;
    }
    mpz_t power;
    mpz_init(power);
    mpz_ui_pow_ui(power, 10, (unsigned long)labs(scale));
    if (scale < 0)
        mpz_set(mpq_denref(r->number), power);
    else
        mpz_mul(num, num, power);
    mpz_clear(power);
    mpq_canonicalize(r->number);
    r->length = (size_t)(s - r->at);
    r->at = s;
    return NUMBER;
}

static enum token scan_comparison(struct reader *r) {
    enum token t = *r->at == '<' ? LESS : *r->at == '>' ? GREATER : EQUAL;
    r->at++;
    if (r->at < r->end && t != EQUAL && *r->at == '=')
        r->at++;
    else if (r->at < r->end && t == EQUAL && (*r->at == '<' || *r->at == '>'))
        t = *r->at++ == '<' ? LESS : GREATER;
    r->length = (size_t)(r->at - r->text);
    return t;
}

static bool scan_section(struct reader *r) {
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t n = match_word(r->at, r->end, words[k].word);
        if (n) {
            r->section = words[k].section;
            r->length = n;
            r->at += n;
            return true;
        }
    }
    return false;
}

static void next(struct reader *r) {
    skip_blanks(r);
    bool fresh = r->fresh;
    r->fresh = false;
    r->line = r->next_line;
    r->text = r->at;
    r->length = 1;
    if (r->at == r->end) {
        r->token = END_OF_FILE;
        r->length = 0;
        return;
    }
    int c = (unsigned char)*r->at;
    if (fresh && scan_section(r)) {
        r->token = SECTION;
    } else if (isdigit(c) || (c == '.' && r->at + 1 < r->end && isdigit((unsigned char)r->at[1]))) {
        r->token = scan_number(r);
    } else if (c == '<' || c == '>' || c == '=') {
        r->token = scan_comparison(r);
    } else if (c == '+' || c == '-' || c == ':') {
        r->token = c == '+' ? PLUS : c == '-' ? MINUS : COLON;
        r->at++;
    } else if (is_name(c) && c != '.') {
        while (r->at < r->end && is_name((unsigned char)*r->at))
            r->at++;
        r->length = (size_t)(r->at - r->text);
        r->token = NAME;
    } else {
        r->token = BAD;
    }
}

static int unexpected(const struct reader *r, const char *what) {
    unsigned char c = r->token == END_OF_FILE ? 0 : (unsigned char)*r->text;
    if (r->token == END_OF_FILE)
        return complain(r, "the file ends where %s should be", what);
    if (!isprint(c))
        return complain(r, "byte 0x%02x where %s should be", c, what);
    return complain(r, "'%.*s' where %s should be", (int)(r->length < 40 ? r->length : 40), r->text, what);
}

/* ---- names -------------------------------------------------------------------------------------------------------- */

static bool find_name(const struct reader *r, uint64_t hash, uint32_t *index) {
    uint64_t at = 0;
    map_get(&r->names, hash, &at);
    for (; at; at = r->older.data[at - 1]) {
        const char *name = ilp_variable_name(r->p, (uint32_t)at - 1);
        if (strlen(name) == r->length && memcmp(name, r->text, r->length) == 0) {
            *index = (uint32_t)at - 1;
            return true;
        }
    }
    return false;
}

/* The variable of the name at hand, new if need be. */
static uint32_t variable_here(struct reader *r) {
    uint64_t hash = hash_bytes(r->text, r->length, 0), before = 0;
    uint32_t index;
    if (find_name(r, hash, &index))
        return index;
    char *name = str_printf("%.*s", (int)r->length, r->text);
    mpq_t zero;
    mpq_init(zero);
    index = ilp_variable(r->p, name, zero, NULL);
    mpq_clear(zero);
    free(name);
    map_get(&r->names, hash, &before);
    vec_push(&r->older, (uint32_t)before);
    vec_push(&r->integer, false);
    map_put(&r->names, hash, index + 1);
    return index;
}

/* ---- grammar ------------------------------------------------------------------------------------------------------ */

/* Any number of signs; 1 or −1. */
static int read_signs(struct reader *r) {
    int sign = 1;
    for (; r->token == PLUS || r->token == MINUS; next(r))
        sign = r->token == MINUS ? -sign : sign;
    return sign;
}

static bool at_expression(const struct reader *r) {
    return r->token == NUMBER || r->token == NAME || r->token == PLUS || r->token == MINUS;
}

/* A sum of terms, to T; constants are added to CONSTANT. */
static int read_sum(struct reader *r, struct terms *t, mpq_t constant) {
    mpq_t a;
    int bad = 0;
    mpq_init(a);
    for (bool first = true; at_expression(r) && !bad; first = false) {
        if (!first && r->token != PLUS && r->token != MINUS) {
            bad = unexpected(r, "a sign");
            break;
        }
        int sign = read_signs(r);
        bool number = r->token == NUMBER;
        mpq_set_si(a, sign, 1);
        if (number) {
            mpq_mul(a, a, r->number);
            next(r);
        }
        if (r->token == NAME) {
            terms_add(t, variable_here(r), a);
            next(r);
        } else if (number) {
            mpq_add(constant, constant, a);
        } else {
            bad = unexpected(r, "a number or a name");
        }
    }
    mpq_clear(a);
    return bad;
}

/* "NAME:" if it is there; *NAME is the caller's. */
static void read_label(struct reader *r, char **name) {
    const char *s = r->at;
    while (s < r->end && (*s == ' ' || *s == '\t'))
        s++;
    if (r->token != NAME || s == r->end || *s != ':')
        return;
    *name = str_printf("%.*s", (int)r->length, r->text);
    next(r);
    next(r);
}

static int read_objective(struct reader *r) {
    struct terms t = {0};
    char *label = NULL;
    mpq_t constant;
    mpq_init(constant);
    read_label(r, &label);
    int bad = read_sum(r, &t, constant);
    if (!bad && mpq_sgn(constant))
        bad = complain(r, "a constant in the objective");
    for (size_t k = 0; k < t.len; k++) {
        mpq_ptr cost = r->p->variables.data[t.data[k].index].cost;
        mpq_add(cost, cost, t.data[k].a);
    }
    free(label);
    mpq_clear(constant);
    terms_free(&t);
    return bad;
}

static int read_sense(struct reader *r, char *sense) {
    *sense = r->token == LESS ? '<' : r->token == GREATER ? '>' : '=';
    if (r->token != LESS && r->token != GREATER && r->token != EQUAL)
        return unexpected(r, "a sign or a comparison");
    next(r);
    return 0;
}

static int read_right_side(struct reader *r, mpq_t rhs) {
    int sign = read_signs(r);
    if (r->token != NUMBER)
        return unexpected(r, "a number");
    mpq_set(rhs, r->number);
    if (sign < 0)
        mpq_neg(rhs, rhs);
    next(r);
    return 0;
}

static int read_row(struct reader *r) {
    struct terms t = {0};
    char *label = NULL, sense;
    mpq_t constant, rhs;
    int line = r->line;
    mpq_inits(constant, rhs, NULL);
    read_label(r, &label);
    int bad = read_sum(r, &t, constant) || read_sense(r, &sense) || read_right_side(r, rhs) ? -1 : 0;
    if (!bad && !t.len) {
        r->line = line;
        bad = complain(r, "a row without variables");
    }
    if (!bad) {
        char *name = label ? str_dup(label) : str_printf("r%zu", r->p->rows.len + 1);
        mpq_sub(rhs, rhs, constant);
        uint32_t row = ilp_row(r->p, name, sense, rhs);
        r->p->rows.data[row].terms = t;
        t = (struct terms){0};
        free(name);
    }
    free(label);
    terms_free(&t);
    mpq_clears(constant, rhs, NULL);
    return bad;
}

static bool here_is(const struct reader *r, const char *word) {
    return r->token == NAME && r->length == strlen(word) && strncasecmp(r->text, word, r->length) == 0;
}

static bool here_is_infinity(const struct reader *r) { return here_is(r, "inf") || here_is(r, "infinity"); }

/* One side of a bound: a number, or ±infinity (then *FINITE is false and *SIGN tells which). */
static int read_bound_value(struct reader *r, mpq_t value, bool *finite, int *sign) {
    *sign = read_signs(r);
    *finite = !here_is_infinity(r);
    if (*finite && r->token != NUMBER)
        return unexpected(r, "a number");
    mpq_set(value, r->number);
    if (*sign < 0)
        mpq_neg(value, value);
    next(r);
    return 0;
}

/* x SENSE value. */
static int apply_bound(struct reader *r, uint32_t variable, char sense, mpq_t value, bool finite, int sign) {
    r->line = r->bound_line;
    if (!finite && sense == '<' && sign > 0)
        return 0;
    if (!finite)
        return complain(r, "variable %s: only bounds of 0 or more from below are supported", ilp_variable_name(r->p, variable));
    if (sense == '>' && mpq_sgn(value) < 0)
        return complain(r, "variable %s may be negative", ilp_variable_name(r->p, variable));
    if (sense == '>' && mpq_sgn(value) == 0)
        return 0;
    mpq_t one;
    mpq_init(one);
    mpq_set_ui(one, 1, 1);
    char *name = str_printf("bound_%s_%zu", ilp_variable_name(r->p, variable), r->p->rows.len + 1);
    ilp_term(r->p, ilp_row(r->p, name, sense, value), variable, one);
    free(name);
    mpq_clear(one);
    return 0;
}

static int read_bound_name(struct reader *r, uint32_t *variable) {
    if (r->token != NAME || here_is_infinity(r))
        return unexpected(r, "a variable");
    *variable = variable_here(r);
    next(r);
    return 0;
}

/* value <= x [<= value] · x <= value · x = value · x free (refused). */
static int read_bound_line(struct reader *r, mpq_t left, mpq_t right) {
    uint32_t x = 0;
    char sense;
    int sign = 1, left_sign = 1;
    bool finite, left_finite = true, from_left = r->token != NAME || here_is_infinity(r);
    char left_sense = 0;
    if (from_left) {
        if (read_bound_value(r, left, &left_finite, &left_sign) || read_sense(r, &left_sense))
            return -1;
    }
    if (read_bound_name(r, &x))
        return -1;
    if (here_is(r, "free")) {
        r->line = r->bound_line;
        return complain(r, "variable %s may be negative", ilp_variable_name(r->p, x));
    }
    if (from_left) {
        left_sense = left_sense == '<' ? '>' : left_sense == '>' ? '<' : '=';
        if (apply_bound(r, x, left_sense, left, left_finite, left_sign))
            return -1;
        if (r->token != LESS && r->token != GREATER && r->token != EQUAL)
            return 0;
    }
    if (read_sense(r, &sense) || read_bound_value(r, right, &finite, &sign))
        return -1;
    return apply_bound(r, x, sense, right, finite, sign);
}

static int read_bound(struct reader *r) {
    mpq_t left, right;
    mpq_inits(left, right, NULL);
    r->bound_line = r->line;
    int bad = read_bound_line(r, left, right);
    mpq_clears(left, right, NULL);
    return bad;
}

static int read_integer(struct reader *r, bool binary) {
    if (r->token != NAME)
        return unexpected(r, "a variable or a section");
    uint32_t x = variable_here(r);
    r->integer.data[x] = true;
    if (binary) {
        mpz_set_ui(r->p->variables.data[x].upper, 1);
        r->p->variables.data[x].bounded = true;
    }
    next(r);
    return 0;
}

static int read_section(struct reader *r) {
    enum section s = r->section;
    int bad = 0;
    next(r);
    while (!bad && r->token != SECTION && r->token != END_OF_FILE)
        bad = s == SECTION_ROWS ? read_row(r) : s == SECTION_BOUNDS ? read_bound(r) : read_integer(r, s == SECTION_BINARIES);
    return bad;
}

static int read_program(struct reader *r) {
    next(r);
    if (r->token == SECTION && r->section == SECTION_MINIMISE)
        return complain(r, "a minimisation: only maximisations are solved");
    if (r->token != SECTION || r->section != SECTION_MAXIMISE)
        return unexpected(r, "'maximize'");
    next(r);
    if (read_objective(r))
        return -1;
    if (r->token != SECTION || r->section != SECTION_ROWS)
        return unexpected(r, "'subject to'");
    while (r->token == SECTION && r->section != SECTION_END) {
        if (r->section < SECTION_ROWS)
            return complain(r, "a second objective");
        if (read_section(r))
            return -1;
    }
    if (r->token != SECTION)
        return unexpected(r, "a section or 'end'");
    next(r);
    if (r->token != END_OF_FILE)
        return unexpected(r, "the end of the file");
    for (uint32_t j = 0; j < r->p->variables.len; j++)
        r->p->variables.data[j].real = !r->integer.data[j];
    return 0;
}

struct ilp *ilp_read_lp(const char *path, struct err *e) {
    char *data;
    size_t size;
    if (file_read(path, &data, &size, e))
        return NULL;
    struct reader r = {.path = path, .at = data, .end = data + size, .next_line = 1, .fresh = true, .p = ilp_new(), .e = e};
    mpq_init(r.number);
    int bad = read_program(&r);
    mpq_clear(r.number);
    map_free(&r.names);
    vec_free(&r.older);
    vec_free(&r.integer);
    free(data);
    if (bad) {
        ilp_free(r.p);
        return NULL;
    }
    return r.p;
}

/* ---- writing ------------------------------------------------------------------------------------------------------ */

/* Numbers as decimals are exact only for some rationals: a row is scaled by its common denominator, the objective must be integral. */
static void write_term(FILE *f, const mpq_t a, const char *name, size_t n) {
    mpz_t z;
    mpz_init(z);
    mpz_abs(z, mpq_numref(a));
    fprintf(f, "%s%s ", n % 8 == 7 ? "\n " : " ", mpq_sgn(a) < 0 ? "-" : "+");
    mpz_out_str(f, 10, z);
    fprintf(f, " %s", name);
    mpz_clear(z);
}

static void write_row(FILE *f, const struct ilp *p, const struct row *r) {
    mpz_t scale;
    mpq_t q, by;
    mpz_init(scale);
    mpq_inits(q, by, NULL);
    mpz_set(scale, mpq_denref(r->rhs));
    for (size_t k = 0; k < r->terms.len; k++)
        mpz_lcm(scale, scale, mpq_denref(r->terms.data[k].a));
    mpq_set_z(by, scale);
    fprintf(f, " %s:", r->name);
    for (size_t k = 0; k < r->terms.len; k++) {
        mpq_mul(q, r->terms.data[k].a, by);
        write_term(f, q, p->variables.data[r->terms.data[k].index].name, k);
    }
    mpq_mul(q, r->rhs, by);
    fprintf(f, " %s ", r->sense == '<' ? "<=" : r->sense == '>' ? ">=" : "=");
    mpz_out_str(f, 10, mpq_numref(q));
    fputc('\n', f);
    mpz_clear(scale);
    mpq_clears(q, by, NULL);
}

static void write_program(FILE *f, const struct ilp *p) {
    fputs("maximize\n cost:", f);
    for (size_t j = 0; j < p->variables.len; j++)
        write_term(f, p->variables.data[j].cost, p->variables.data[j].name, j);
    fputs("\nsubject to\n", f);
    for (size_t i = 0; i < p->rows.len; i++)
        if (p->rows.data[i].terms.len)
            write_row(f, p, &p->rows.data[i]);
    fputs("bounds\n", f);
    for (size_t j = 0; j < p->variables.len; j++)
        if (p->variables.data[j].bounded) {
            fprintf(f, " %s <= ", p->variables.data[j].name);
            mpz_out_str(f, 10, p->variables.data[j].upper);
            fputc('\n', f);
        }
    fputs("general\n", f);
    for (size_t j = 0; j < p->variables.len; j++)
        if (!p->variables.data[j].real)
            fprintf(f, " %s\n", p->variables.data[j].name);
    fputs("end\n", f);
}

int ilp_write_lp(const struct ilp *p, const char *path, struct err *e) {
    for (size_t j = 0; j < p->variables.len; j++)
        if (mpz_cmp_ui(mpq_denref(p->variables.data[j].cost), 1))
            return err_set(e, ERR_INPUT, "%s: the cost of %s is not an integer", path, p->variables.data[j].name);
    struct atomic_file *f = atomic_open(path, e);
    if (!f)
        return -1;
    write_program(atomic_stream(f), p);
    return atomic_commit(f, e);
}
