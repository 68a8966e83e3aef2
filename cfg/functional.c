/* A function printed as the purely functional program that it is: one function a block, its parameters the φs, one `let` a line. */
#include "cfg/values.h"

#include <inttypes.h>

struct printer {
    struct values v;
    FILE *out;
    uint32_t *let;      /* number of the let that binds it + 1 */
    bool *needed;       /* nodes that some block's outcome depends on */
    uint32_t lets;
};

/* Variables are named by what and where they are. */
static void variable_name(const struct values *v, uint64_t id, char *name, size_t size) {
    static const char *const kinds[] = {"?", "entry", "", "after", "stored", "remapped", "trapped", "lost"};
    const struct code *c = &v->g->own->flow.code;
    char loc[48];
    uint64_t addr = 0;
    values_location_name(v, var_loc(id), loc, sizeof loc);
    for (size_t r = 0; r < c->ranges; r++)
        if (var_index(id) >= c->first[r])
            addr = c->range[r].lo + (uint64_t)(var_index(id) - c->first[r]) * 2;
    if (var_kind(id) == VAR_ENTRY)
        snprintf(name, size, "%s_0", loc);
    else
        snprintf(name, size, "%s%s%s@%" PRIx64, loc, *kinds[var_kind(id)] ? "." : "", kinds[var_kind(id)], addr);
}

static bool named(void *user, ir_ref r, char *name, size_t size) {
    struct printer *p = user;
    const struct ir_node *n = ir_at(p->v.ir, r);
    if (n->op == IR_VAR)
        variable_name(&p->v, n->imm, name, size);
    else if (p->let[r])
        snprintf(name, size, "v%u", p->let[r]);
    return n->op == IR_VAR || p->let[r];
}

static void bind(struct printer *p, ir_ref root) {
    VEC(ir_ref) path = {0};
    vec_push(&path, root);
    while (path.len) { /* children first */
        ir_ref r = path.data[path.len - 1];
        const struct ir_node n = *ir_at(p->v.ir, r);
        ir_ref kids[3] = {n.a, n.b, n.c}, todo = 0;
        bool leaf = n.op == IR_CONST || n.op == IR_VAR || p->let[r];
        for (int i = 0; i < 3 && !leaf && !todo; i++) {
            const struct ir_node *k = ir_at(p->v.ir, kids[i]);
            if (kids[i] && !p->let[kids[i]] && k->op != IR_CONST && k->op != IR_VAR)
                todo = kids[i];
        }
        if (todo) {
            vec_push(&path, todo);
            continue;
        }
        path.len--;
        if (leaf)
            continue;
        fprintf(p->out, "    let v%u = ", p->lets + 1);
        ir_print(p->v.ir, r, named, p, p->out);
        fputc('\n', p->out);
        p->let[r] = ++p->lets;
    }
    vec_free(&path);
}

static bool is_parameter(const struct printer *p, uint32_t b, uint32_t loc) {
    const struct ir_node *n = ir_at(p->v.ir, value_in(&p->v, b, loc));
    uint32_t slot = code_slot(&p->v.g->own->flow.code, block_of(p->v.g, p->v.global[b])->addr);
    return n->op == IR_VAR && n->imm == var_id(VAR_PHI, slot, loc) && p->needed[value_in(&p->v, b, loc)];
}

static void goto_block(struct printer *p, uint32_t from, uint32_t to, bool print) {
    char name[96];
    if (print)
        fprintf(p->out, "b_%" PRIx64 "(", block_of(p->v.g, p->v.global[to])->addr);
    bool comma = false;
    for (uint32_t loc = 1; loc < p->v.locs; loc++) {
        if (!is_parameter(p, to, loc))
            continue;
        if (!print) {
            bind(p, value_out(&p->v, from, loc));
            continue;
        }
        values_location_name(&p->v, loc, name, sizeof name);
        fprintf(p->out, "%s%s = ", comma ? ", " : "", name);
        ir_print(p->v.ir, value_out(&p->v, from, loc), named, p, p->out);
        comma = true;
    }
    if (print)
        fputc(')', p->out);
}

/* What leaves the function: results, memory, and the callee's arguments. */
static bool leaves(uint32_t loc) { return (loc >= 10 && loc <= 17) || loc == LOC_MEM || loc == LOC_CSR; }

static void print_result(struct printer *p, uint32_t b, const char *how, bool print) {
    char name[96];
    if (print)
        fprintf(p->out, "%s(", how);
    for (uint32_t loc = 1, n = 0; loc < LOCS; loc++) {
        if (!leaves(loc) || (loc < LOC_MEM && loc > 11 && strcmp(how, "return") == 0))
            continue;
        if (!print) {
            bind(p, value_out(&p->v, b, loc));
            continue;
        }
        values_location_name(&p->v, loc, name, sizeof name);
        fprintf(p->out, "%s%s = ", n++ ? ", " : "", name);
        ir_print(p->v.ir, value_out(&p->v, b, loc), named, p, p->out);
    }
    if (print)
        fputc(')', p->out);
}

static void print_end(struct printer *p, uint32_t b, bool print) {
    const struct block *k = block_of(p->v.g, p->v.global[b]);
    const struct edge *e = k->edges ? &p->v.g->edges.data[k->edge] : NULL;
    uint32_t to[2] = {k->edges > 0 ? values_local(&p->v, e[0].to) : NONE, k->edges > 1 ? values_local(&p->v, e[1].to) : NONE};
    bool branch = k->end == END_BRANCH && p->v.condition[b];
    if (branch)
        bind(p, p->v.condition[b]);
    if (p->v.target[b] && k->end != END_RETURN)
        bind(p, p->v.target[b]);
    for (uint32_t i = 0; i < k->edges && !print; i++)
        goto_block(p, b, values_local(&p->v, e[i].to), false);
    if (!k->edges && !print)
        print_result(p, b, "return", false);
    if (!print)
        return;
    fputs("    ", p->out);
    if (branch && k->edges == 2) {
        uint32_t taken = e[0].kind == EDGE_TAKEN ? 0 : 1;
        fputs("if ", p->out);
        ir_print(p->v.ir, p->v.condition[b], named, p, p->out);
        fputs("\n      then ", p->out);
        goto_block(p, b, to[taken], true);
        fputs("\n      else ", p->out);
        goto_block(p, b, to[!taken], true);
    } else if (k->edges > 1) {
        fputs("goto ", p->out);
        ir_print(p->v.ir, p->v.target[b], named, p, p->out);
        for (uint32_t i = 0; i < k->edges; i++) {
            fputs("\n      | ", p->out);
            goto_block(p, b, values_local(&p->v, e[i].to), true);
        }
    } else if (k->edges) {
        goto_block(p, b, to[0], true);
    } else {
        print_result(p, b, k->end == END_RETURN ? "return" : k->end == END_TAIL ? "tail" : "end", true);
    }
    fputc('\n', p->out);
}

static void print_block(struct printer *p, uint32_t b) {
    const struct block *k = block_of(p->v.g, p->v.global[b]);
    char name[96];
    bool comma = false;
    memset(p->let, 0, p->v.ir->nodes.len * sizeof *p->let);
    p->lets = 0;
    fprintf(p->out, "  b_%" PRIx64 "(", k->addr);
    for (uint32_t loc = 1; loc < p->v.locs; loc++)
        if (is_parameter(p, b, loc)) {
            variable_name(&p->v, ir_at(p->v.ir, value_in(&p->v, b, loc))->imm, name, sizeof name);
            fprintf(p->out, "%s%s", comma ? ", " : "", name);
            comma = true;
        }
    fputs(") =\n", p->out);
    for (uint32_t i = k->call; i < k->call + k->calls; i++)
        fprintf(p->out, "    call %s\n", p->v.g->functions.data[p->v.g->calls.data[i]].name);
    print_end(p, b, false);
    print_end(p, b, true);
}

static bool need(struct printer *p, ir_ref r) {
    VEC(ir_ref) work = {0};
    bool news = false;
    vec_push(&work, r);
    while (work.len) {
        ir_ref x = work.data[--work.len];
        if (!x || p->needed[x])
            continue;
        p->needed[x] = news = true;
        vec_push(&work, ir_at(p->v.ir, x)->a);
        vec_push(&work, ir_at(p->v.ir, x)->b);
        vec_push(&work, ir_at(p->v.ir, x)->c);
    }
    vec_free(&work);
    return news;
}

/* φs that something visible depends on, found backwards from conditions, targets and results. */
static void find_needed(struct printer *p) {
    const struct values *v = &p->v;
    for (uint32_t b = 0; b < v->blocks; b++) {
        const struct block *k = block_of(v->g, v->global[b]);
        need(p, v->condition[b]);
        need(p, k->end == END_RETURN ? 0 : v->target[b]);
        for (uint32_t loc = 1; loc < LOCS && !k->edges && v->number[b] != NONE; loc++)
            if (leaves(loc) && (loc < 12 || loc >= LOC_MEM || k->end != END_RETURN))
                need(p, value_out(v, b, loc));
    }
    for (bool more = true; more;) {
        more = false;
        for (uint32_t b = 0; b < v->blocks; b++)
            for (uint32_t loc = 1; loc < v->locs && v->number[b] != NONE; loc++)
                for (uint32_t i = v->first[b]; i < v->first[b + 1] && is_parameter(p, b, loc); i++)
                    more |= need(p, value_out(v, v->pred[i], loc));
    }
}

void cfg_print_functional(const struct cfg *g, uint32_t function, FILE *out) {
    struct ir ir;
    struct printer p = {.out = out};
    ir_init(&ir, g->image);
    uint32_t *unsaved = values_unsaved(g);
    values_find(&p.v, (struct cfg *)(uintptr_t)g, function, &ir, unsaved);
    p.let = mem_alloc(ir.nodes.len * sizeof *p.let);
    p.needed = mem_alloc(ir.nodes.len);
    find_needed(&p);
    fprintf(out, "%s =\n", g->functions.data[function].name);
    for (uint32_t b = 0; b < p.v.blocks; b++)
        if (p.v.number[b] != NONE)
            print_block(&p, b);
    free(p.let);
    free(p.needed);
    values_free(&p.v);
    free(unsaved);
    ir_free(&ir);
}
