#!/bin/sh
# Hand-written programs and what is to be known of them: PROGRAM.S beside PROGRAM.expected. With `write` the answers are written anew: read them.
# Usage: golden.sh CFG_TOOL WORKDIR RV_PREFIX [write]
tool=$1 out=$2 prefix=$3 here=$(dirname "$0")
passed=0 failed=0
mkdir -p "$out" || exit 1
for source in "$here"/golden/*.S; do
    name=$(basename "$source" .S)
    "${prefix}gcc" -march=rv64imac_zicsr -mabi=lp64 -nostdlib -T "$here/programs/link.ld" -o "$out/$name.elf" "$source" || exit 1
    { "$tool" print "$out/$name.elf"; "$tool" json "$out/$name.elf" | ${PYTHON:-/usr/bin/python3} "$here/golden_blocks.py"; } >"$out/$name.got" 2>&1
    if [ "$4" = write ]; then cp "$out/$name.got" "$here/golden/$name.expected"; fi
    if diff -u "$here/golden/$name.expected" "$out/$name.got"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
