/* The child holds the program since the fork; a request is a list of bounds, the answer a basis and a point. When it takes too
 * long or finds no basis it is killed, and the next way (scaling, first basis, method) is tried. */
#include "ilp/engine.h"

#include <errno.h>
#include <glpk.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAYS = 4 };

struct engine {
    const struct lp *p;
    double deadline, longest; /* the longest answer so far, seconds */
    pid_t child;
    int fd;
    int way;
    struct suggestion last;
    unsigned char *stat;
};

struct request {
    enum { ASK_SOLVE, ASK_ADD_ROW, ASK_MULTIPLIERS, ASK_OWN_BOUNDS } kind;
    uint32_t n, costs, rational; /* bounds or terms that follow, then costs; of ASK_MULTIPLIERS n is the column */
    double rhs;
};
struct cost { /* also a term of a row */
    uint32_t column;
    double value;
};

struct lp *lp_new(const struct core *s, bool elastic) {
    struct lp *p = mem_alloc(sizeof *p);
    p->s = s;
    p->elastic = elastic;
    for (uint32_t i = 0; i < s->rows; i++)
        if (s->row[i].alive) {
            vec_push(&p->rows, i);
            p->elastics += elastic ? 1 + s->row[i].equality : 0;
        }
    return p;
}

mpq_srcptr lp_cost(const struct lp *p, uint32_t column) { return p->objective ? p->objective[column] : p->s->column[column].cost; }

void lp_free(struct lp *p) {
    if (!p)
        return;
    vec_free(&p->rows);
    free(p);
}

/* ---- in the child ------------------------------------------------------------------------------------------------- */

static bool read_all(int fd, void *to, size_t n) {
    for (char *at = to; n;) {
        ssize_t got = read(fd, at, n);
        if (got <= 0 && !(got < 0 && errno == EINTR))
            return false;
        at += got > 0 ? got : 0, n -= got > 0 ? (size_t)got : 0;
    }
    return true;
}

static bool write_all(int fd, const void *from, size_t n) {
    for (const char *at = from; n;) {
        ssize_t put = send(fd, at, n, MSG_NOSIGNAL);
        if (put <= 0 && !(put < 0 && errno == EINTR))
            return false;
        at += put > 0 ? put : 0, n -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static void set_bounds(glp_prob *g, struct bounds b) {
    int type = b.high < 0 ? GLP_LO : b.low < b.high ? GLP_DB : GLP_FX;
    glp_set_col_bnds(g, (int)b.column + 1, type, b.low, b.high < 0 ? 0 : b.high);
}

static struct bounds own_bounds(const struct lp *p, uint32_t column) {
    const struct core_column *c = &p->s->column[column];
    return (struct bounds){column, mpq_get_d(c->low), c->bounded ? mpq_get_d(c->upper) : -1};
}

static void load_row(glp_prob *g, const struct lp *p, size_t i, int *elastic) {
    const struct fact *r = &p->s->row[p->rows.data[i]];
    int *index = mem_alloc((r->terms.len + 3) * sizeof *index), n = 0;
    double *value = mem_alloc((r->terms.len + 3) * sizeof *value), unit = r->unit; /* long numbers are sent in units of it */
    for (size_t k = 0; k < r->terms.len; k++) {
        index[++n] = (int)r->terms.data[k].index + 1;
        value[n] = unit * r->a[k];
    }
    for (int side = 0; p->elastic && side < 1 + r->equality; side++) {
        index[++n] = ++*elastic;
        value[n] = side ? 1 : -1; /* in the unit too: basis.c knows */
        glp_set_obj_coef(g, *elastic, -1);
        glp_set_col_bnds(g, *elastic, GLP_LO, 0, 0);
    }
    glp_set_row_bnds(g, (int)i + 1, r->equality ? GLP_FX : GLP_UP, unit * mpq_get_d(r->rhs), unit * mpq_get_d(r->rhs));
    glp_set_mat_row(g, (int)i + 1, n, index, value);
    free(index);
    free(value);
}

static glp_prob *load(const struct lp *p) {
    glp_prob *g = glp_create_prob();
    int elastic = (int)p->s->columns;
    glp_set_obj_dir(g, GLP_MAX);
    if (p->rows.len)
        glp_add_rows(g, (int)p->rows.len);
    if (p->s->columns + p->elastics)
        glp_add_cols(g, (int)(p->s->columns + p->elastics));
    for (size_t j = 0; j < p->s->columns; j++) {
        glp_set_obj_coef(g, (int)j + 1, p->elastic ? 0 : mpq_get_d(p->s->column[j].cost));
        set_bounds(g, own_bounds(p, (uint32_t)j));
    }
    for (size_t i = 0; i < p->rows.len; i++)
        load_row(g, p, i, &elastic);
    return g;
}

static void first_basis(glp_prob *g, int way) {
    if (way == 0 || way == 2)
        glp_scale_prob(g, way == 0 ? GLP_SF_AUTO : GLP_SF_2N | GLP_SF_EQ);
    if (way == 3)
        glp_unscale_prob(g);
    if (way == 0 && glp_get_num_rows(g) && glp_get_num_cols(g))
        glp_adv_basis(g, 0);
    else
        glp_std_basis(g);
}

/* FRESH: the basis is the first, or the objective is not that of the last answer: there the primal simplex is the faster, if it does not get
 * stuck on the degeneracy of flows; after new bounds and rows the dual one. */
static int run(glp_prob *g, int way, bool first, bool fresh, bool rational) {
    glp_smcp how;
    glp_init_smcp(&how);
    how.msg_lev = GLP_MSG_OFF;
    how.meth = way == 3 || (way == 0 && fresh) ? GLP_PRIMAL : GLP_DUALP;
    how.presolve = way == 1 && first ? GLP_ON : GLP_OFF;
    if (way == 0 && fresh && !rational)
        how.it_lim = 2 * (glp_get_num_rows(g) + glp_get_num_cols(g)) + 1000;
    int bad = rational ? glp_exact(g, &how) : glp_simplex(g, &how);
    if (way == 1 && first && (bad == GLP_ENOPFS))
        return LP_INFEASIBLE;
    if ((bad || (way == 0 && fresh && glp_get_status(g) != GLP_OPT)) && !rational && glp_get_num_rows(g)) { /* a singular basis, say: from scratch */
        if (first)
            first_basis(g, way);
        else
            glp_std_basis(g);
        how.meth = GLP_DUALP;
        how.it_lim = INT_MAX;
        bad = glp_simplex(g, &how);
    }
    int status = glp_get_status(g);
    return bad ? LP_FAILED : status == GLP_OPT ? LP_OPTIMAL : status == GLP_NOFEAS ? LP_INFEASIBLE : status == GLP_UNBND ? LP_UNBOUNDED : LP_FAILED;
}

static bool answer(glp_prob *g, int fd, int status, int *steps) {
    size_t m = (size_t)glp_get_num_rows(g), n = (size_t)glp_get_num_cols(g);
    unsigned char *stat = mem_alloc(m + n + 1);
    double *x = mem_alloc((n + 1) * sizeof *x), *y = mem_alloc((m + 1) * sizeof *y);
    for (size_t i = 0; i < m; i++) {
        stat[i] = glp_get_row_stat(g, (int)i + 1) == GLP_BS;
        y[i] = glp_get_row_dual(g, (int)i + 1);
    }
    for (size_t j = 0; j < n; j++) {
        stat[m + j] = glp_get_col_stat(g, (int)j + 1) == GLP_BS;
        x[j] = glp_get_col_prim(g, (int)j + 1);
    }
    int taken = glp_get_it_cnt(g) - *steps;
    *steps += taken;
    bool good = write_all(fd, &status, sizeof status) && write_all(fd, &taken, sizeof taken) && write_all(fd, stat, m + n) && write_all(fd, x, n * sizeof *x) && write_all(fd, y, m * sizeof *y);
    free(stat);
    free(x);
    free(y);
    return good;
}

static void receive_row(glp_prob *g, int fd, const struct request *r) {
    int *index = mem_alloc((r->n + 1) * sizeof *index), n = 0, row = glp_add_rows(g, 1);
    double *value = mem_alloc((r->n + 1) * sizeof *value);
    struct cost c;
    while (n < (int)r->n && read_all(fd, &c, sizeof c)) {
        index[++n] = (int)c.column + 1;
        value[n] = c.value;
    }
    glp_set_row_bnds(g, row, GLP_UP, 0, r->rhs);
    glp_set_mat_row(g, row, n, index, value);
    free(index);
    free(value);
}

/* OTHER: the objective is not the program's now. */
static bool receive_costs(glp_prob *g, const struct lp *p, int fd, uint32_t n, bool other) {
    struct cost c;
    for (size_t j = 0; (n || other) && !p->elastic && j < p->s->columns; j++)
        glp_set_obj_coef(g, (int)j + 1, n ? 0 : mpq_get_d(p->s->column[j].cost));
    for (uint32_t k = 0; k < n && read_all(fd, &c, sizeof c); k++)
        glp_set_obj_coef(g, (int)c.column + 1, c.value);
    return n > 0;
}

/* GLPK's basis matrix is of (I | −A), hence the sign. */
static bool answer_multipliers(glp_prob *g, int fd, int column) {
    int m = glp_get_num_rows(g), status = -1;
    double *h = mem_alloc(((size_t)m + 1) * sizeof *h);
    if (glp_bf_exists(g) || glp_factorize(g) == 0) {
        int place = glp_get_col_bind(g, column);
        if (place > 0) {
            h[place] = -1;
            glp_btran(g, h);
            status = 0;
        }
    }
    bool good = write_all(fd, &status, sizeof status) && write_all(fd, h + 1, (size_t)m * sizeof *h);
    free(h);
    return good;
}

static void serve(const struct lp *p, int fd, int way) {
    glp_term_out(GLP_OFF);
    glp_prob *g = load(p);
    struct request r;
    struct bounds b;
    struct indices touched = {0};
    bool other = false;
    int steps = 0;
    struct bounds *own = mem_alloc((p->s->columns + 1) * sizeof *own);
    for (uint32_t j = 0; j < p->s->columns; j++)
        own[j] = own_bounds(p, j);
    first_basis(g, way);
    for (bool first = true; read_all(fd, &r, sizeof r);) {
        if (r.kind != ASK_SOLVE) {
            if (r.kind == ASK_ADD_ROW)
                receive_row(g, fd, &r);
            else if (r.kind == ASK_OWN_BOUNDS && read_all(fd, &b, sizeof b))
                set_bounds(g, own[b.column] = b);
            else if (!answer_multipliers(g, fd, (int)r.n + 1))
                break;
            continue;
        }
        for (size_t k = 0; k < touched.len; k++)
            set_bounds(g, own[touched.data[k]]);
        touched.len = 0;
        for (uint32_t k = 0; k < r.n && read_all(fd, &b, sizeof b); k++) {
            set_bounds(g, b);
            vec_push(&touched, b.column);
        }
        bool was_other = other;
        other = receive_costs(g, p, fd, r.costs, other);
        if (!answer(g, fd, run(g, way, first, first || other || was_other, r.rational), &steps))
            break;
        first = false;
    }
    _exit(0);
}

/* ---- in the parent ------------------------------------------------------------------------------------------------ */

static void stop(struct engine *e) {
    if (e->child > 0) {
        close(e->fd);
        kill(e->child, SIGKILL);
        while (waitpid(e->child, NULL, 0) < 0 && errno == EINTR)
            ;
    }
    e->child = 0;
}

static bool start(struct engine *e) {
    int pair[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return false;
    fflush(NULL);
    e->child = fork();
    if (e->child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGINT, SIG_DFL);
        close(pair[0]);
        if (getppid() == parent)
            serve(e->p, pair[1], e->way);
        _exit(0);
    }
    close(pair[1]);
    e->fd = pair[0];
    if (e->child < 0)
        close(pair[0]);
    return e->child > 0;
}

/* Reads N bytes unless that takes until UNTIL. */
static bool read_until(int fd, void *to, size_t n, double until) {
    for (char *at = to; n;) {
        double left = until - seconds_now();
        struct pollfd f = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&f, 1, (int)(left * 1000) + 1) : 0;
        if (ready < 0 && errno == EINTR)
            continue;
        ssize_t got = ready > 0 ? read(fd, at, n) : 0;
        if (got <= 0)
            return false;
        at += got, n -= (size_t)got;
    }
    return true;
}

static bool send_costs(const struct engine *e, uint32_t n) {
    bool good = true;
    for (uint32_t j = 0; n && good && j < e->p->s->columns; j++) {
        struct cost c = {j, mpq_get_d(lp_cost(e->p, j))};
        good = c.value == 0 || write_all(e->fd, &c, sizeof c);
    }
    return good;
}

static uint32_t count_costs(const struct lp *p) {
    uint32_t n = 0;
    for (uint32_t j = 0; p->objective && j < p->s->columns; j++)
        n += mpq_get_d(lp_cost(p, j)) != 0;
    return n;
}

void engine_add_row(struct engine *e) {
    const struct lp *p = e->p;
    const struct fact *r = &p->s->row[p->rows.data[p->rows.len - 1]];
    double unit = r->unit; /* long numbers are sent in units of it */
    struct request q = {.kind = ASK_ADD_ROW, .n = (uint32_t)r->terms.len, .rhs = unit * mpq_get_d(r->rhs)};
    e->stat = mem_resize(e->stat, p->rows.len + p->s->columns + p->elastics + 1);
    e->last.row_basic = mem_resize(e->last.row_basic, (p->rows.len + 1) * sizeof(bool));
    e->last.y = mem_resize(e->last.y, (p->rows.len + 1) * sizeof(double));
    bool good = e->child > 0 && write_all(e->fd, &q, sizeof q);
    for (size_t k = 0; good && k < r->terms.len; k++) {
        struct cost c = {r->terms.data[k].index, unit * r->a[k]};
        good = write_all(e->fd, &c, sizeof c);
    }
    if (!good)
        stop(e);
}

void engine_set_bounds(struct engine *e, uint32_t column) {
    struct request q = {.kind = ASK_OWN_BOUNDS};
    struct bounds b = own_bounds(e->p, column);
    if (e->child > 0 && (!write_all(e->fd, &q, sizeof q) || !write_all(e->fd, &b, sizeof b)))
        stop(e);
}

int engine_multipliers(struct engine *e, uint32_t column, double *h) {
    struct request q = {.kind = ASK_MULTIPLIERS, .n = column};
    double until = seconds_now() + 2 + 20 * e->longest;
    int status = -1;
    if (e->child <= 0)
        return -1;
    if (!write_all(e->fd, &q, sizeof q) || !read_until(e->fd, &status, sizeof status, until < e->deadline ? until : e->deadline) ||
        !read_until(e->fd, h, e->p->rows.len * sizeof *h, until < e->deadline ? until : e->deadline)) {
        stop(e);
        return -1;
    }
    for (size_t i = 0; i < e->p->rows.len; i++)
        if (h[i] != 0)
            h[i] *= e->p->s->row[e->p->rows.data[i]].unit;
    return status;
}

static bool ask(struct engine *e, const struct bounds *b, size_t n, bool rational) {
    size_t rows = e->p->rows.len, columns = e->p->s->columns + e->p->elastics;
    struct request r = {ASK_SOLVE, (uint32_t)n, count_costs(e->p), rational, 0};
    double begin = seconds_now(), until = e->deadline;
    int status;
    if (e->way + 1 < WAYS && !rational) { /* leave time for the other ways */
        double share = (e->deadline - begin) / 3, slow = 20 * e->longest + 2;
        until = begin + (e->longest > 0 && slow < share ? slow : share);
    }
    if (!write_all(e->fd, &r, sizeof r) || !write_all(e->fd, b, n * sizeof *b) || !send_costs(e, r.costs) ||
        !read_until(e->fd, &status, sizeof status, until) || !read_until(e->fd, &e->last.steps, sizeof e->last.steps, until) ||
        !read_until(e->fd, e->stat, rows + columns, until) || !read_until(e->fd, e->last.x, columns * sizeof *e->last.x, until) ||
        !read_until(e->fd, e->last.y, rows * sizeof *e->last.y, until))
        return false;
    for (size_t i = 0; i < rows; i++) {
        e->last.row_basic[i] = e->stat[i];
        if (e->last.y[i] != 0)
            e->last.y[i] *= e->p->s->row[e->p->rows.data[i]].unit;
    }
    for (size_t j = 0; j < columns; j++)
        e->last.column_basic[j] = e->stat[rows + j];
    e->last.status = (unsigned)status;
    if (seconds_now() - begin > e->longest)
        e->longest = seconds_now() - begin;
    return true;
}

const struct suggestion *engine_solve(struct engine *e, const struct bounds *b, size_t n, bool rational) {
    for (; e->way < WAYS && seconds_now() < e->deadline; e->way++) {
        if ((e->child || start(e)) && ask(e, b, n, rational) && e->last.status != LP_FAILED)
            return &e->last;
        stop(e);
        if (rational)
            break;
    }
    if (e->way == WAYS)
        e->way = 0;
    e->last.status = LP_FAILED;
    e->last.steps = 0;
    return &e->last;
}

struct engine *engine_new(const struct lp *p, double deadline) {
    struct engine *e = mem_alloc(sizeof *e);
    size_t rows = p->rows.len, columns = p->s->columns + p->elastics;
    e->p = p;
    e->deadline = deadline;
    e->stat = mem_alloc(rows + columns + 1);
    e->last.row_basic = mem_alloc((rows + 1) * sizeof(bool));
    e->last.column_basic = mem_alloc((columns + 1) * sizeof(bool));
    e->last.x = mem_alloc((columns + 1) * sizeof(double));
    e->last.y = mem_alloc((rows + 1) * sizeof(double));
    return e;
}

void engine_free(struct engine *e) {
    if (!e)
        return;
    stop(e);
    free(e->stat);
    free(e->last.row_basic);
    free(e->last.column_basic);
    free(e->last.x);
    free(e->last.y);
    free(e);
}
