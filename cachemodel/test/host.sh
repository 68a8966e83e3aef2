#!/bin/sh
# The host's L1D, RUNS times: each time what the CPU reports, or unknown; never anything else.
#   host.sh POTOROO RUNS
set -eu
potoroo=$1 runs=$2 folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cpu=/sys/devices/system/cpu/cpu0/cache
index=
for i in "$cpu"/index*; do
    if [ "$(cat "$i/level" 2>/dev/null)" = 1 ] && [ "$(cat "$i/type")" = Data ]; then index=$i; fi
done
[ -n "$index" ] || { echo "this CPU does not say what its L1D is"; echo "0 passed, 0 failed"; exit 0; }
right="$(cat "$index/coherency_line_size") $(cat "$index/number_of_sets") $(cat "$index/ways_of_associativity")"
passed=0 failed=0 known=0
for run in $(seq "$runs"); do
    "$potoroo" model infer -p host -o "$folder/host.model" >/dev/null
    found=$(python3 -c '
import json, sys
c = [c for c in json.load(open(sys.argv[1]))["caches"] if c["name"] == "L1D"]
print(*([c[0][k] for k in ("line", "sets", "ways")] if c else ["unknown"] * 3))' "$folder/host.model")
    wrong=
    set -- $right
    for value in $found; do
        [ "$value" = "$1" ] || [ "$value" = unknown ] || wrong=yes
        shift
    done
    [ "$found" = "$right" ] && known=$((known + 1))
    if [ -n "$wrong" ]; then failed=$((failed + 1)); echo "run $run: found $found, the CPU reports $right"; else passed=$((passed + 1)); fi
done
echo "line, sets and ways all found in $known of $runs runs: $right"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
