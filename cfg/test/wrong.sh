#!/bin/sh
# Wrong versions of what is asked of the solver: each must fail smt_test or trail_test. Usage: wrong.sh WORKDIR "CC FLAGS" "LIBS" PATHS.elf [N]
# One a line: file @ what it has @ what stands there instead. N: only each Nth.
work=$1 flags=$2 libs=$3 paths=$4 each=${5:-1}
passed=0 failed=0 count=0
mkdir -p "$work" || exit 1
while IFS='@' read -r file from to; do
    [ -n "$from" ] || continue
    count=$((count + 1))
    [ $((count % each)) = 0 ] || continue
    name=$(basename "$file" .c)
    ${PYTHON:-/usr/bin/python3} - "$file" "$work/$name.c" "$from" "$to" <<'PY' || { echo "$file: '$from' is not there once"; failed=$((failed + 1)); continue; }
import sys
source, path, old, new = sys.argv[1:]
text = open(source).read()
if text.count(old) != 1:
    sys.exit(1)
open(path, "w").write(text.replace(old, new))
PY
    others=$(ls cfg/*.c cfg/arch/*.c base/*.c | grep -v "^$file\$")
    # shellcheck disable=SC2086 # one word a file or flag
    ${CC:-gcc} $flags -w -O1 -o "$work/${name}_test" "cfg/test/${name}_test.c" "$work/$name.c" $others $libs || exit 1
    [ "$name" = smt ] && argument= || argument=$paths
    # shellcheck disable=SC2086
    if "$work/${name}_test" $argument >/dev/null 2>&1; then
        echo "$file: '$to' for '$from' went unnoticed"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done <<'LIST'
cfg/smt.c@put(s, "(bvnot (_ bv0 %u))", n->width);@put(s, "(_ bv0 %u)", n->width);
cfg/smt.c@"(ite (bvslt %s %s) #b1 #b0)"@"(ite (bvsle %s %s) #b1 #b0)"
cfg/smt.c@(bvurem %s (_ bv%u %u))@(bvurem %s (bvadd (_ bv%u %u) #b1))
cfg/smt.c@"sign", *right = n->op == IR_MULH ?@"sign", *right = n->op != IR_MULHU ?
cfg/smt.c@"zero" : "sign", *right@"sign" : "sign", *right
cfg/smt.c@8 * i + 7, 8 * i, value@8 * (width / 8 - 1 - i) + 7, 8 * (width / 8 - 1 - i), value
cfg/smt.c@for (unsigned i = bytes; i-- > 1;)@for (unsigned i = bytes; --i > 1;)
cfg/smt.c@"bvlshr" : "bvashr"@"bvashr" : "bvlshr"
cfg/smt.c@case IR_REMU: return "bvurem";@case IR_REMU: return "bvurem + 0";
cfg/smt.c@n->op == IR_ZEXT ? "zero" : "sign"@n->op == IR_SEXT ? "zero" : "sign"
cfg/smt.c@(n->op == IR_LOAD && (n->imm || s->opaque)) ||@(n->op == IR_LOAD && s->opaque) ||
cfg/smt.c@(n->op == IR_CSR && n->imm >> 12)@n->op == IR_CSR
cfg/smt.c@"(ite (= %s #b1) %s %s)", a, b, c@"(ite (= %s #b1) %s %s)", a, c, b
cfg/smt.c@n->imm, n->width, widths);@0ull, n->width, widths);
cfg/smt.c@n->op == IR_CONST && (n->width % 4 == 0 || n->width == 1)@n->op == IR_CONST && (n->width % 2 == 0 || n->width == 1)
cfg/smt.c@        *number_of(s, d.node, d.sort) = 0;@        (void)d;
cfg/smt.c@(bvlshr %s (_ bv1 %u)))))))@(bvlshr %s (_ bv2 %u)))))))
cfg/smt.c@" (and (bvult %s %s) (bvule %s %s) (=> (bvule@" (and (bvult %s %s) (bvult %s %s) (=> (bvule
cfg/smt.c@(and (bvule %s %s) (bvule %s %s)))\n", r, a, r, b@(and (bvult %s %s) (bvule %s %s)))\n", r, a, r, b
cfg/trail.c@return have - want >= bytes &&@return have - want > bytes - 1 ||
cfg/trail.c@&& want - have >= ir_at(t->ir, n->c)->width / 8u;@;
cfg/trail.c@return !t->escaped && (@return (
cfg/trail.c@(stack && other && !stored)@(other && !stored)
cfg/trail.c@to == jumped ? s->l.condition : ir_not(ir, s->l.condition)@to != jumped ? s->l.condition : ir_not(ir, s->l.condition)
cfg/trail.c@    if (!ir_is_const(s->l.ir, term, &v) || !v)@    if (!ir_is_const(s->l.ir, term, &v))
cfg/trail.c@v = ir_low(ir, n->c, width); /*@v = ir_zext(ir, ir_low(ir, n->c, width > 8 ? width : 7), width); /*
cfg/trail.c@&& n->b == addr && ir_at@&& ir_at
cfg/trail.c@return is_value(ir, n.a, (k - c) & ir_mask(n.width));@return is_value(ir, n.a, (k + c) & ir_mask(n.width));
cfg/trail.c@        return n->b;@        return ir_csr(l->ir, n->a, number, 0);
cfg/trail.c@ir_load(l->ir, 0, at, width, 0), v);@ir_load(l->ir, 0, ir_const(l->ir, 64, table), width, 0), v);
cfg/trail.c@        s.l.slot = t->moments++;@        s.l.slot = t->moments;
LIST
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
