#!/bin/sh
# Versions of the analysis that are wrong in one place must fail the golden programs. Usage: mutants.sh WORKDIR RV_PREFIX "CC FLAGS" "LIBS" [N]
# A mutant is: file @ what the line has @ what stands there instead. N: only the first N.
work=$1 prefix=$2 flags=$3 libs=$4 most=${5:-99}
here=$(dirname "$0")
passed=0 failed=0 count=0
mkdir -p "$work" || exit 1
while IFS='@' read -r file from to; do
    [ -n "$file" ] || continue
    count=$((count + 1))
    [ $count -le "$most" ] || break
    rm -rf "$work/src"
    mkdir -p "$work/src"
    cp -r base cfg "$work/src/"
    ${PYTHON:-/usr/bin/python3} - "$work/src/$file" "$from" "$to" <<'PY' || { echo "$file: '$from' is not there once"; failed=$((failed + 1)); continue; }
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
if text.count(old) != 1:
    sys.exit(1)
open(path, "w").write(text.replace(old, new))
PY
    (cd "$work/src" && ${CC:-gcc} $flags -w -O1 -o ../tool base/*.c cfg/*.c cfg/arch/*.c cfg/test/cfg_tool.c $libs) || exit 1
    if sh "$here/golden.sh" "$work/tool" "$work/golden" "$prefix" >/dev/null 2>&1; then
        echo "$file: '$to' for '$from' went unnoticed"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done <<'LIST'
cfg/ranges.c@lower.shi = y.shi - strict;@lower.shi = y.shi - strict - 1;
cfg/ranges.c@lower.hi = y.hi - strict;@lower.hi = y.hi;
cfg/values.c@(!differ && r == *in)@(r == *in)
cfg/bounds.c@s->best = (uint64_t)stays + 1;@s->best = (uint64_t)stays;
cfg/bounds.c@        if (!values_dominates(s->v, x, s->latch.data[i]))@        if (0)
cfg/bounds.c@return m - 1 + i->fast > highest ? -1 : ceiling@return ceiling
cfg/bounds.c@return k % step == 0;@return true;
cfg/bounds.c@if (!induction_find(s, t->e, i) || !search_invariant(s, t->n, 0))@if (!induction_find(s, t->e, i))
cfg/values.c@        lost |= v->unsaved[v->g->calls.data[i]];@        lost |= 0;
cfg/values.c@    if (v->escaped || !in_frame(v, loc[X_SP], &bottom))@    if (!in_frame(v, loc[X_SP], &bottom))
cfg/graph.c@        add_edge(g, b, block, kind);@{ if (kind != EDGE_TAKEN) add_edge(g, b, block, kind); }
cfg/flow.c@        s->end = END_TRAP_RETURN;@        s->end = END_RETURN;
cfg/tables.c@        if (k == i.hi)@        if (k == i.hi || k + 1 == i.hi)
cfg/image.c@        return !s->write;@        return true;
cfg/loops.c@            enters = n->region[pred[p]] != r->id;@            enters = n->region[pred[p]] != r->id && !l->entries.len;
cfg/memory.c@                p->cell[at] = abs_join(n * 8, p->cell[at], v);@                ;
cfg/memory.c@    if (addr.i.hi > UINT64_MAX - 2 * PAGE)@    if (addr.i.hi > UINT64_MAX - 2 * PAGE) (void)0; else if (0)
cfg/execute.c@map_get(&g->own->flow.named, addr, &unused);@0;
cfg/execute.c@    x->max[loop] = entries > x->max[loop] ? entries : x->max[loop];@    x->max[loop] = entries;
cfg/execute.c@        if (k->end == END_TRAP_RETURN)@        if (0)
cfg/abstract.c@    r.low = (uint8_t)least_u(same, agree);@    r.low = (uint8_t)same;
cfg/callers.c@        c->args[callee].of[i] = interval_join(c->args[callee].of[i], ranges_of(@        c->args[callee].of[i] = (ranges_of(
cfg/callers.c@                      map_get(&f->taken, addr, &unused) || map_get(&f->named, addr, &unused);@                      0;
cfg/callers.c@        c->root[block_of(c->g, b)->function] = true;@        (void)b;
cfg/values.c@    memcpy(v->given + (size_t)b * 8, loc + X_A0, 8 * sizeof *loc);@    memcpy(v->given + (size_t)b * 8, v->in + (size_t)b * v->locs + X_A0, 8 * sizeof *loc);
cfg/tables.c@other->op == IR_LOAD && other->a == n->a && other->b@other->op == IR_LOAD && other->b
cfg/prove.c@    ir_ref holds = keeps(j, state); /* before the turn is taken */@    ir_ref holds = keeps(j, j->t->next);
cfg/prove.c@    bad = either(t, bad, both(t, round, ir_not(ir, keeps(j, state))));@    (void)0;
cfg/prove.c@    return either(t, bad, both(t, round, ir_not(ir, fallen)));@    return bad;
cfg/prove.c@    for (size_t i = 0; j->t->ways.len == 1 && i@    for (size_t i = 0; i
cfg/guess.c@    return rounds >= UINT64_MAX / 4 ? UINT64_MAX : m->every * rounds + 1;@    return rounds >= UINT64_MAX / 4 ? UINT64_MAX : m->every * rounds;
cfg/turn.c@        if (!comes_before(s, s->v->pred[p], b))@        if (0)
cfg/turn.c@    return ir_binary(ir, IR_AND, r, bit);@    return bit;
cfg/turn.c@    if (round ? !m->s->inside[from] ||@    if (round ? m->s->latch.data[0] != from ||
cfg/turn.c@        bit = o.value ? translate(m, o.bit)@        bit = !o.value ? translate(m, o.bit)
cfg/turn.c@    bool fixed = ir_at(m->s->v->ir, r)->op != IR_CSR &&@    bool fixed = ir_at(m->s->v->ir, r)->op == IR_LOAD ||
LIST
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
