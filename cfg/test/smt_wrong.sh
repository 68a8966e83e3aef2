#!/bin/sh
# Wrong translations of terms for the solver: each must fail smt_test. Usage: smt_wrong.sh WORKDIR "CC FLAGS" "LIBS" [N]
# One a line: what cfg/smt.c has @ what stands there instead. N: only the first N.
work=$1 flags=$2 libs=$3 most=${4:-99}
passed=0 failed=0 count=0
mkdir -p "$work" || exit 1
while IFS='@' read -r from to; do
    [ -n "$from" ] || continue
    count=$((count + 1))
    [ $count -le "$most" ] || break
    ${PYTHON:-/usr/bin/python3} - "$work/smt.c" "$from" "$to" <<'PY' || { echo "cfg/smt.c: '$from' is not there once"; failed=$((failed + 1)); continue; }
import sys
path, old, new = sys.argv[1:]
text = open("cfg/smt.c").read()
if text.count(old) != 1:
    sys.exit(1)
open(path, "w").write(text.replace(old, new))
PY
    ${CC:-gcc} $flags -w -O1 -o "$work/smt_test" cfg/test/smt_test.c "$work/smt.c" cfg/ir.c cfg/image.c base/*.c $libs || exit 1
    if "$work/smt_test" >/dev/null 2>&1; then
        echo "cfg/smt.c: '$to' for '$from' went unnoticed"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done <<'LIST'
put(s, "(bvnot (_ bv0 %u))", n->width);@put(s, "(_ bv0 %u)", n->width);
"(ite (bvslt %s %s) #b1 #b0)"@"(ite (bvsle %s %s) #b1 #b0)"
(bvurem %s (_ bv%u %u))@(bvurem %s (bvadd (_ bv%u %u) #b1))
"sign", *right = n->op == IR_MULH ?@"sign", *right = n->op != IR_MULHU ?
"zero" : "sign", *right@"sign" : "sign", *right
8 * i + 7, 8 * i, value@8 * (width / 8 - 1 - i) + 7, 8 * (width / 8 - 1 - i), value
for (unsigned i = bytes; i-- > 1;)@for (unsigned i = bytes; --i > 1;)
"bvlshr" : "bvashr"@"bvashr" : "bvlshr"
case IR_REMU: return "bvurem";@case IR_REMU: return "bvurem + 0";
n->op == IR_ZEXT ? "zero" : "sign"@n->op == IR_SEXT ? "zero" : "sign"
(n->op == IR_LOAD && n->imm) ||@
(n->op == IR_CSR && n->imm >> 12)@n->op == IR_CSR
"(ite (= %s #b1) %s %s)", a, b, c@"(ite (= %s #b1) %s %s)", a, c, b
n->imm, n->width, widths);@0ull, n->width, widths);
n->op == IR_CONST && (n->width % 4 == 0 || n->width == 1)@n->op == IR_CONST && (n->width % 2 == 0 || n->width == 1)
        *number_of(s, d.node, d.sort) = 0;@        (void)d;
LIST
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
