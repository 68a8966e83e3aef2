#!/bin/sh
# Wrong versions of what narrows candidates: each must fail pointers.py. Usage: pointers_wrong.sh WORKDIR RV_PREFIX QEMU "CC FLAGS" "LIBS" [N]
# One a line: file @ what it has @ what stands there instead. N: only each Nth.
work=$1 prefix=$2 qemu=$3 flags=$4 libs=$5 each=${6:-1}
here=$(dirname "$0")
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
    # shellcheck disable=SC2086 # one word a file or flag
    ${CC:-gcc} $flags -w -O1 -o "$work/tool" cfg/test/cfg_tool.c "$work/$name.c" $libs || exit 1
    if ${PYTHON:-/usr/bin/python3} "$here/pointers.py" "$work/tool" "$work/out" "$prefix" "$qemu" quick >/dev/null 2>&1; then
        echo "$file: '$to' for '$from' went unnoticed"
        failed=$((failed + 1))
    else
        passed=$((passed + 1))
    fi
done <<'LIST'
cfg/narrow.c@        s->reads |= part[v.condition[b]] | part[v.target[b]];@        s->reads |= 0xff;
cfg/narrow.c@    bool all = k->calls != 0 && !k->open;@    bool all = k->calls != 0 || k->open;
cfg/narrow.c@        if (entry && !ir_at(@        if (0 && !ir_at(
cfg/narrow.c@        o->set |= a < 2 && @        o->set |= a < 1 && 
cfg/narrow.c@        if (may_keep(n, v->global[at], a))@        if (0)
cfg/narrow.c@        o->through = true;@        ;
cfg/narrow.c@reads >> c->gives &&@reads >> (c->gives - 1) &&
cfg/narrow.c@    uint8_t writes = k->open ? 0xff : 0;@    uint8_t writes = 0;
cfg/narrow.c@        least = count < least ? count : least;@        least = 0;
cfg/places.c@    if (s && addr - s->addr < offset)@    if (0)
cfg/places.c@map_get(&p->pointed, addr - offset, &unused)@map_get(&p->pointed, addr, &unused)
cfg/places.c@(s && common_divisor(s->size, addr - s->addr - offset) >= least)@(s && common_divisor(s->size, addr - s->addr) >= least)
cfg/print.c@template_names(g, c, LEFT_OUT, out);@template_names(g, c, KEPT, out);
LIST
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
