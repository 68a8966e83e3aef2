#include "cfg/ir.h"
#include "cfg/image.h"

#include <inttypes.h>

/* ---- nodes ------------------------------------------------------------------------------------------------------------- */

void ir_init(struct ir *ir, const struct image *img) {
    *ir = (struct ir){.img = img};
    ir_reset(ir);
}

void ir_reset(struct ir *ir) {
    struct ir_node none = {0};
    ir->nodes.len = 0;
    vec_push(&ir->nodes, none);
    if (!ir->table) {
        ir->capacity = 1024;
        ir->table = mem_alloc(ir->capacity * sizeof *ir->table);
    }
    memset(ir->table, 0, ir->capacity * sizeof *ir->table);
    map_free(&ir->lows);
}

void ir_free(struct ir *ir) {
    vec_free(&ir->nodes);
    free(ir->table);
    map_free(&ir->lows);
}

static uint64_t node_hash(const struct ir_node *n) {
    uint64_t h = n->imm * 0x9e3779b97f4a7c15ull ^ ((uint64_t)n->op << 56 | (uint64_t)n->width << 48);
    h = (h ^ (h >> 29) ^ n->a) * 0xbf58476d1ce4e5b9ull;
    h = (h ^ (h >> 32) ^ n->b) * 0x94d049bb133111ebull;
    h = (h ^ (h >> 31) ^ n->c) * 0x9e3779b97f4a7c15ull;
    return h ^ h >> 32;
}

static bool same_node(const struct ir_node *x, const struct ir_node *y) {
    return x->op == y->op && x->width == y->width && x->a == y->a && x->b == y->b && x->c == y->c && x->imm == y->imm;
}

static void rehash(struct ir *ir) {
    ir->capacity *= 2;
    free(ir->table);
    ir->table = mem_alloc(ir->capacity * sizeof *ir->table);
    for (uint32_t r = 1; r < ir->nodes.len; r++) {
        size_t i = node_hash(&ir->nodes.data[r]) & (ir->capacity - 1);
        while (ir->table[i])
            i = (i + 1) & (ir->capacity - 1);
        ir->table[i] = r;
    }
}

static ir_ref intern(struct ir *ir, struct ir_node n) {
    size_t i = node_hash(&n) & (ir->capacity - 1);
    for (; ir->table[i]; i = (i + 1) & (ir->capacity - 1))
        if (same_node(&ir->nodes.data[ir->table[i]], &n))
            return ir->table[i];
    n.stack = ir_at(ir, n.a)->stack || ir_at(ir, n.b)->stack || ir_at(ir, n.c)->stack;
    if (n.op == IR_LOAD || n.width == 0)
        n.stack = false; /* what memory holds is watched where it is stored */
    ir->table[i] = (uint32_t)ir->nodes.len;
    vec_push(&ir->nodes, n);
    if (ir->nodes.len * 2 > ir->capacity)
        rehash(ir);
    return (ir_ref)ir->nodes.len - 1;
}

bool ir_is_const(const struct ir *ir, ir_ref r, uint64_t *v) {
    *v = ir_at(ir, r)->imm;
    return ir_at(ir, r)->op == IR_CONST;
}

ir_ref ir_const(struct ir *ir, unsigned width, uint64_t v) {
    return intern(ir, (struct ir_node){.op = IR_CONST, .width = (uint8_t)width, .imm = v & ir_mask(width)});
}

ir_ref ir_var(struct ir *ir, unsigned width, uint64_t id) {
    return intern(ir, (struct ir_node){.op = IR_VAR, .width = (uint8_t)width, .imm = id});
}

void ir_mark_stack(struct ir *ir, ir_ref var) { ir->nodes.data[var].stack = true; }

/* ---- arithmetic on constants --------------------------------------------------------------------------------------------- */

static uint64_t fold_divide(enum ir_op op, unsigned w, uint64_t a, uint64_t b) {
    int64_t x = ir_signed(a, w), y = ir_signed(b, w);
    bool overflow = y == -1; /* the least number has no negative: it stays, with remainder 0, as does x / -1 = -x in general */
    switch (op) {
    case IR_DIVU: return b ? a / b : UINT64_MAX;
    case IR_REMU: return b ? a % b : a;
    case IR_DIV: return !b ? UINT64_MAX : overflow ? 0 - a : (uint64_t)(x / y);
    default: return !b ? a : overflow ? 0 : (uint64_t)(x % y);
    }
}

static uint64_t fold_high(enum ir_op op, unsigned w, uint64_t a, uint64_t b) {
    if (op == IR_MULHU)
        return (uint64_t)((unsigned __int128)a * b >> w);
    __int128 x = ir_signed(a, w), y = op == IR_MULH ? (__int128)ir_signed(b, w) : (__int128)b;
    return (uint64_t)(x * y >> w);
}

uint64_t ir_fold(enum ir_op op, unsigned w, uint64_t a, uint64_t b) {
    uint64_t r;
    unsigned amount = (unsigned)(b % w);
    switch (op) {
    case IR_ADD: r = a + b; break;
    case IR_SUB: r = a - b; break;
    case IR_MUL: r = a * b; break;
    case IR_MULH: case IR_MULHSU: case IR_MULHU: r = fold_high(op, w, a, b); break;
    case IR_DIV: case IR_DIVU: case IR_REM: case IR_REMU: r = fold_divide(op, w, a, b); break;
    case IR_AND: r = a & b; break;
    case IR_OR: r = a | b; break;
    case IR_XOR: r = a ^ b; break;
    case IR_SHL: r = a << amount; break;
    case IR_SHR: r = a >> amount; break;
    case IR_SAR: r = (uint64_t)(ir_signed(a, w) >> amount); break;
    case IR_EQ: return a == b;
    case IR_ULT: return a < b;
    case IR_SLT: return ir_signed(a, w) < ir_signed(b, w);
    default: abort();
    }
    return r & ir_mask(w);
}

/* ---- simplifying constructors ---------------------------------------------------------------------------------------------- */

static ir_ref raw(struct ir *ir, enum ir_op op, unsigned width, ir_ref a, ir_ref b) {
    return intern(ir, (struct ir_node){.op = (uint8_t)op, .width = (uint8_t)width, .a = a, .b = b});
}

/* X = base + constant: the base, and the constant by *c. */
static ir_ref peel(const struct ir *ir, ir_ref x, uint64_t *c) {
    const struct ir_node *n = ir_at(ir, x);
    if (n->op == IR_ADD && ir_at(ir, n->b)->op == IR_CONST) {
        *c = ir_at(ir, n->b)->imm;
        return n->a;
    }
    *c = 0;
    return x;
}

static ir_ref plus(struct ir *ir, ir_ref x, unsigned w, uint64_t c) {
    uint64_t k, inner;
    if (ir_is_const(ir, x, &k))
        return ir_const(ir, w, k + c);
    ir_ref base = peel(ir, x, &inner);
    c = (c + inner) & ir_mask(w);
    return c ? raw(ir, IR_ADD, w, base, ir_const(ir, w, c)) : base;
}

/* Constants are carried outwards, so that an address is always base + constant. */
static ir_ref make_add(struct ir *ir, unsigned w, ir_ref a, ir_ref b) {
    uint64_t ca, cb, k;
    if (ir_is_const(ir, a, &k))
        return plus(ir, b, w, k);
    if (ir_is_const(ir, b, &k))
        return plus(ir, a, w, k);
    ir_ref x = peel(ir, a, &ca), y = peel(ir, b, &cb);
    if (ir_at(ir, x)->op == IR_SUB && ir_at(ir, x)->b == y)
        return plus(ir, ir_at(ir, x)->a, w, ca + cb);
    if (ir_at(ir, y)->op == IR_SUB && ir_at(ir, y)->b == x)
        return plus(ir, ir_at(ir, y)->a, w, ca + cb);
    return plus(ir, x < y ? raw(ir, IR_ADD, w, x, y) : raw(ir, IR_ADD, w, y, x), w, ca + cb);
}

static ir_ref make_sub(struct ir *ir, unsigned w, ir_ref a, ir_ref b) {
    uint64_t ca, cb, k;
    if (ir_is_const(ir, b, &k))
        return plus(ir, a, w, 0 - k);
    ir_ref x = peel(ir, a, &ca), y = peel(ir, b, &cb);
    const struct ir_node *n = ir_at(ir, x);
    if (x == y)
        return ir_const(ir, w, ca - cb);
    if (n->op == IR_ADD && n->a == y)
        return plus(ir, n->b, w, ca - cb);
    if (n->op == IR_ADD && n->b == y)
        return plus(ir, n->a, w, ca - cb);
    return plus(ir, raw(ir, IR_SUB, w, x, y), w, ca - cb);
}

static ir_ref make_mul(struct ir *ir, unsigned w, ir_ref a, ir_ref b) {
    uint64_t k;
    if (ir_is_const(ir, a, &k)) {
        ir_ref t = a;
        a = b, b = t;
    }
    if (!ir_is_const(ir, b, &k))
        return raw(ir, IR_MUL, w, a < b ? a : b, a < b ? b : a);
    if (k == 0 || k == 1)
        return k ? a : b;
    if ((k & (k - 1)) == 0)
        return ir_binary(ir, IR_SHL, a, ir_const(ir, w, (uint64_t)__builtin_ctzll(k)));
    return raw(ir, IR_MUL, w, a, b);
}

static ir_ref make_logic(struct ir *ir, enum ir_op op, unsigned w, ir_ref a, ir_ref b) {
    uint64_t k, inner;
    if (a == b)
        return op == IR_XOR ? ir_const(ir, w, 0) : a;
    if (ir_is_const(ir, a, &k)) {
        ir_ref t = a;
        a = b, b = t;
    }
    if (!ir_is_const(ir, b, &k))
        return raw(ir, op, w, a < b ? a : b, a < b ? b : a);
    if (k == 0)
        return op == IR_AND ? b : a;
    if (k == ir_mask(w) && op != IR_XOR)
        return op == IR_AND ? a : b;
    const struct ir_node n = *ir_at(ir, a);
    if (n.op == op && ir_is_const(ir, n.b, &inner))
        return make_logic(ir, op, w, n.a, ir_const(ir, w, ir_fold(op, w, inner, k)));
    if (op == IR_AND && (k & (k + 1)) == 0) /* the low bits */
        return ir_zext(ir, ir_low(ir, a, (unsigned)__builtin_popcountll(k)), w);
    return raw(ir, op, w, a, b);
}

/* (x << s) >> t is a field of x moved into place. */
static ir_ref make_field(struct ir *ir, enum ir_op op, unsigned w, const struct ir_node *shl, unsigned s, unsigned t) {
    ir_ref field = ir_low(ir, shl->a, w - s);
    field = op == IR_SHR ? ir_zext(ir, field, w) : ir_sext(ir, field, w);
    return s > t ? ir_binary(ir, IR_SHL, field, ir_const(ir, w, s - t)) : ir_binary(ir, op, field, ir_const(ir, w, t - s));
}

static ir_ref make_shift(struct ir *ir, enum ir_op op, unsigned w, ir_ref a, ir_ref b) {
    uint64_t k, s, c;
    if (!ir_is_const(ir, b, &k))
        return raw(ir, op, w, a, b);
    k %= w;
    if (!k)
        return a;
    b = ir_const(ir, w, k);
    const struct ir_node n = *ir_at(ir, a);
    bool constant_shift = (n.op == IR_SHL || n.op == IR_SHR || n.op == IR_SAR) && ir_is_const(ir, n.b, &s);
    if (op != IR_SHL && n.op == IR_SHL && constant_shift)
        return make_field(ir, op, w, &n, (unsigned)s, (unsigned)k);
    if (n.op == op && constant_shift)
        return s + k < w ? make_shift(ir, op, w, n.a, ir_const(ir, w, s + k)) : op == IR_SAR ? raw(ir, op, w, n.a, ir_const(ir, w, w - 1)) : ir_const(ir, w, 0);
    if (op == IR_SHL && n.op == IR_ADD && ir_is_const(ir, n.b, &c))
        return plus(ir, make_shift(ir, op, w, n.a, b), w, c << k);
    if (op == IR_SHR && n.op == IR_ZEXT && ir_at(ir, n.a)->width <= k)
        return ir_const(ir, w, 0);
    return raw(ir, op, w, a, b);
}

static ir_ref make_eq(struct ir *ir, unsigned w, ir_ref a, ir_ref b) {
    uint64_t k, c;
    if (a == b)
        return ir_const(ir, 1, 1);
    if (ir_is_const(ir, a, &k)) {
        ir_ref t = a;
        a = b, b = t;
    }
    if (!ir_is_const(ir, b, &k))
        return raw(ir, IR_EQ, 1, a < b ? a : b, a < b ? b : a);
    const struct ir_node n = *ir_at(ir, a);
    if (w == 1)
        return k ? a : ir_not(ir, a);
    if (n.op == IR_ADD && ir_is_const(ir, n.b, &c))
        return make_eq(ir, w, n.a, ir_const(ir, w, k - c));
    if (k == 0 && (n.op == IR_SUB || n.op == IR_XOR))
        return make_eq(ir, w, n.a, n.b);
    if (n.op == IR_ZEXT || n.op == IR_SEXT) {
        unsigned inner = ir_at(ir, n.a)->width;
        uint64_t fits = n.op == IR_ZEXT ? k & ir_mask(inner) : (uint64_t)ir_signed(k, inner) & ir_mask(w);
        return fits == k ? make_eq(ir, inner, n.a, ir_const(ir, inner, k)) : ir_const(ir, 1, 0);
    }
    return raw(ir, IR_EQ, 1, a, b);
}

static ir_ref make_less(struct ir *ir, enum ir_op op, unsigned w, ir_ref a, ir_ref b) {
    uint64_t k;
    if (a == b || (op == IR_ULT && ir_is_const(ir, b, &k) && k == 0))
        return ir_const(ir, 1, 0);
    if (op == IR_ULT && ir_is_const(ir, b, &k) && k == 1)
        return make_eq(ir, w, a, ir_const(ir, w, 0));
    if (op == IR_ULT && ir_is_const(ir, a, &k) && k == 0)
        return ir_not(ir, make_eq(ir, w, b, a));
    return raw(ir, op, 1, a, b);
}

ir_ref ir_binary(struct ir *ir, enum ir_op op, ir_ref a, ir_ref b) {
    unsigned w = ir_at(ir, a)->width;
    uint64_t x, y;
    if (ir_is_const(ir, a, &x) && ir_is_const(ir, b, &y))
        return ir_const(ir, op == IR_EQ || op == IR_ULT || op == IR_SLT ? 1 : w, ir_fold(op, w, x, y));
    switch (op) {
    case IR_ADD: return make_add(ir, w, a, b);
    case IR_SUB: return make_sub(ir, w, a, b);
    case IR_MUL: return make_mul(ir, w, a, b);
    case IR_AND: case IR_OR: case IR_XOR: return make_logic(ir, op, w, a, b);
    case IR_SHL: case IR_SHR: case IR_SAR: return make_shift(ir, op, w, a, b);
    case IR_EQ: return make_eq(ir, w, a, b);
    case IR_ULT: case IR_SLT: return make_less(ir, op, w, a, b);
    default: return raw(ir, op, w, a, b);
    }
}

ir_ref ir_not(struct ir *ir, ir_ref bit) { return ir_binary(ir, IR_XOR, bit, ir_const(ir, 1, 1)); }

ir_ref ir_ite(struct ir *ir, ir_ref bit, ir_ref a, ir_ref b) {
    uint64_t k;
    if (a == b)
        return a;
    if (ir_is_const(ir, bit, &k))
        return k ? a : b;
    return intern(ir, (struct ir_node){.op = IR_ITE, .width = ir_at(ir, a)->width, .a = bit, .b = a, .c = b});
}

ir_ref ir_zext(struct ir *ir, ir_ref a, unsigned width) {
    const struct ir_node n = *ir_at(ir, a);
    if (n.width == width)
        return a;
    if (n.op == IR_CONST)
        return ir_const(ir, width, n.imm);
    return raw(ir, IR_ZEXT, width, n.op == IR_ZEXT ? n.a : a, 0);
}

ir_ref ir_sext(struct ir *ir, ir_ref a, unsigned width) {
    const struct ir_node n = *ir_at(ir, a);
    if (n.width == width)
        return a;
    if (n.op == IR_CONST)
        return ir_const(ir, width, (uint64_t)ir_signed(n.imm, n.width));
    if (n.op == IR_ZEXT)
        return ir_zext(ir, n.a, width);
    return raw(ir, IR_SEXT, width, n.op == IR_SEXT ? n.a : a, 0);
}

/* The low bits of a sum are the sum of the low bits, and so on: carried inwards, so that 32-bit arithmetic looks the same whatever the
 * registers' upper halves hold. Remembered, because terms share subterms; not deeper than DEEP, because C's stack is finite. */
enum { DEEP = 64 };
static ir_ref low(struct ir *ir, ir_ref a, unsigned width, int depth);

static ir_ref low_inner(struct ir *ir, ir_ref a, unsigned width, int depth) {
    const struct ir_node n = *ir_at(ir, a);
    uint64_t k;
    switch (n.op) {
    case IR_CONST: return ir_const(ir, width, n.imm);
    case IR_LOW: return low(ir, n.a, width, depth + 1);
    case IR_ZEXT: case IR_SEXT:
        if (ir_at(ir, n.a)->width >= width)
            return low(ir, n.a, width, depth + 1);
        return n.op == IR_ZEXT ? ir_zext(ir, n.a, width) : ir_sext(ir, n.a, width);
    case IR_ADD: case IR_SUB: case IR_MUL: case IR_AND: case IR_OR: case IR_XOR:
        if (depth < DEEP) {
            ir_ref x = low(ir, n.a, width, depth + 1), y = low(ir, n.b, width, depth + 1);
            return ir_binary(ir, (enum ir_op)n.op, x, y);
        }
        break;
    case IR_SHL:
        if (depth < DEEP && ir_is_const(ir, n.b, &k))
            return k < width ? ir_binary(ir, IR_SHL, low(ir, n.a, width, depth + 1), ir_const(ir, width, k)) : ir_const(ir, width, 0);
        break;
    }
    return raw(ir, IR_LOW, width, a, 0);
}

static ir_ref low(struct ir *ir, ir_ref a, unsigned width, int depth) {
    uint64_t key = (uint64_t)a << 8 | width, known;
    if (ir_at(ir, a)->width == width)
        return a;
    if (map_get(&ir->lows, key, &known))
        return (ir_ref)known;
    ir_ref r = low_inner(ir, a, width, depth);
    map_put(&ir->lows, key, r);
    return r;
}

ir_ref ir_low(struct ir *ir, ir_ref a, unsigned width) { return low(ir, a, width, 0); }

/* ---- memory ------------------------------------------------------------------------------------------------------------- */

static bool constant_bytes(const struct ir *ir, uint64_t addr, unsigned width, uint64_t *v) {
    if (!ir->img || !image_is_constant(ir->img, addr, width / 8))
        return false;
    *v = 0;
    memcpy(v, image_at(ir->img, addr, width / 8), width / 8);
    return true;
}

ir_ref ir_load(struct ir *ir, ir_ref mem, ir_ref addr, unsigned width, uint64_t tag) {
    uint64_t at, v;
    if (ir_is_const(ir, addr, &at) && constant_bytes(ir, at, width, &v))
        return ir_const(ir, width, v);
    return intern(ir, (struct ir_node){.op = IR_LOAD, .width = (uint8_t)width, .a = mem, .b = addr, .imm = tag});
}

ir_ref ir_store(struct ir *ir, ir_ref mem, ir_ref addr, ir_ref value) {
    return intern(ir, (struct ir_node){.op = IR_STORE, .a = mem, .b = addr, .c = value});
}

ir_ref ir_csr(struct ir *ir, ir_ref file, uint32_t number, uint64_t tag) {
    return intern(ir, (struct ir_node){.op = IR_CSR, .width = 64, .a = file, .imm = number | tag << 12});
}

ir_ref ir_set_csr(struct ir *ir, ir_ref file, uint32_t number, ir_ref value) {
    return intern(ir, (struct ir_node){.op = IR_SETCSR, .a = file, .b = value, .imm = number});
}

ir_ref ir_apply(struct ir *ir, unsigned width, uint64_t function, ir_ref a, ir_ref b, ir_ref c) {
    return intern(ir, (struct ir_node){.op = IR_APPLY, .width = (uint8_t)width, .a = a, .b = b, .c = c, .imm = function});
}

/* ---- evaluation ------------------------------------------------------------------------------------------------------------ */

static bool eval_byte(const struct ir *ir, ir_ref mem, const struct ir_env *env, uint64_t addr, uint8_t *v) {
    const struct ir_node *n = ir_at(ir, mem);
    uint64_t at, value, bit;
    switch (n->op) {
    case IR_STORE:
        if (!ir_eval(ir, n->b, env, &at) || !ir_eval(ir, n->c, env, &value))
            return false;
        if (addr - at < ir_at(ir, n->c)->width / 8u) {
            *v = (uint8_t)(value >> 8 * (addr - at));
            return true;
        }
        return eval_byte(ir, n->a, env, addr, v);
    case IR_ITE:
        return ir_eval(ir, n->a, env, &bit) && eval_byte(ir, bit ? n->b : n->c, env, addr, v);
    default:
        return env->byte && env->byte(env->user, addr, v);
    }
}

static bool eval_load(const struct ir *ir, const struct ir_node *n, const struct ir_env *env, uint64_t *v) {
    uint64_t at;
    if (!ir_eval(ir, n->b, env, &at))
        return false;
    if (constant_bytes(ir, at, n->width, v))
        return true;
    *v = 0;
    for (unsigned i = 0; i < n->width / 8u; i++) {
        uint8_t b;
        if (!eval_byte(ir, n->a, env, at + i, &b))
            return false;
        *v |= (uint64_t)b << 8 * i;
    }
    return true;
}

static bool eval_csr(const struct ir *ir, const struct ir_node *n, const struct ir_env *env, uint64_t *v) {
    uint32_t number = (uint32_t)n->imm & 4095;
    for (const struct ir_node *f = ir_at(ir, n->a);; f = ir_at(ir, f->a)) {
        if (f->op != IR_SETCSR)
            return env->csr && env->csr(env->user, number, v);
        if (f->imm == number)
            return ir_eval(ir, f->b, env, v);
    }
}

bool ir_eval(const struct ir *ir, ir_ref r, const struct ir_env *env, uint64_t *v) {
    const struct ir_node *n = ir_at(ir, r);
    uint64_t a, b;
    if (r == env->given) {
        *v = env->given_value;
        return true;
    }
    switch (n->op) {
    case IR_CONST: *v = n->imm; return true;
    case IR_VAR: return env->var && env->var(env->user, n->imm, v);
    case IR_LOAD: return eval_load(ir, n, env, v);
    case IR_CSR: return eval_csr(ir, n, env, v);
    case IR_STORE: case IR_SETCSR: case IR_APPLY: return false;
    case IR_ITE: return ir_eval(ir, n->a, env, &a) && ir_eval(ir, a ? n->b : n->c, env, v);
    }
    if (!ir_eval(ir, n->a, env, &a))
        return false;
    switch (n->op) {
    case IR_ZEXT: *v = a; return true;
    case IR_SEXT: *v = (uint64_t)ir_signed(a, ir_at(ir, n->a)->width) & ir_mask(n->width); return true;
    case IR_LOW: *v = a & ir_mask(n->width); return true;
    }
    if (!ir_eval(ir, n->b, env, &b))
        return false;
    *v = ir_fold((enum ir_op)n->op, ir_at(ir, n->a)->width, a, b);
    return true;
}

/* ---- text ------------------------------------------------------------------------------------------------------------------ */

static const char *const op_text[] = {
#define X(name, text) text,
    IR_OPS(X)
#undef X
};

static void print_constant(const struct ir_node *n, FILE *out) {
    int64_t v = ir_signed(n->imm, n->width);
    if (v > -4096 && v < 4096)
        fprintf(out, "%" PRId64, n->width == 1 ? (int64_t)n->imm : v);
    else
        fprintf(out, "0x%" PRIx64, n->imm);
}

void ir_print(const struct ir *ir, ir_ref r, ir_named_fn *named, void *user, FILE *out) {
    const struct ir_node *n = ir_at(ir, r);
    char name[96];
    if (n->op == IR_CONST) {
        print_constant(n, out);
        return;
    }
    if (named(user, r, name, sizeof name)) {
        fputs(name, out);
        return;
    }
    ir_ref kids[3] = {n->a, n->b, n->c};
    bool infix = (n->op >= IR_ADD && n->op <= IR_MUL) || (n->op >= IR_DIV && n->op <= IR_SLT);
    if (infix) {
        fputc('(', out);
        ir_print(ir, n->a, named, user, out);
        fprintf(out, " %s ", op_text[n->op]);
        ir_print(ir, n->b, named, user, out);
        fputc(')', out);
        return;
    }
    fputs(op_text[n->op], out);
    if (n->width && n->op != IR_ITE && n->op != IR_CSR)
        fprintf(out, "%u", n->width);
    fputc('(', out);
    if (n->op == IR_CSR || n->op == IR_SETCSR)
        fprintf(out, "0x%" PRIx64 ", ", n->imm & 4095);
    if (n->op == IR_APPLY)
        fprintf(out, "0x%" PRIx64 ", ", n->imm);
    for (int i = 0; i < 3 && kids[i]; i++) {
        if (i)
            fputs(", ", out);
        ir_print(ir, kids[i], named, user, out);
    }
    fputc(')', out);
}
