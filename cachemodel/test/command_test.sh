#!/bin/sh
# `potoroo model` as a user meets it: the same bytes twice, show gives back what infer wrote, exit codes and one clear line for errors.
#   command_test.sh POTOROO PLATFORM.ini
set -u
potoroo=$1 platform=$2 passed=0 failed=0
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

check() { # WHAT CONDITION...
    what=$1; shift
    if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $what"; fi
}
fails() { # STATUS TEXT ARGUMENT...
    status=$1 text=$2; shift 2
    "$potoroo" model "$@" > "$work/out" 2> "$work/err"
    [ $? = "$status" ] && grep -q -- "$text" "$work/err" && [ ! -s "$work/out" ]
}

check "infer" "$potoroo" model infer -p "$platform" -o "$work/a.model" --json > "$work/a.json"
check "infer --json prints the model" cmp -s "$work/a.json" "$work/a.model"
"$potoroo" model infer -p "$platform" -o "$work/b.model" > "$work/words"
check "the same bytes again" cmp -s "$work/a.model" "$work/b.model"
check "words" grep -q '^L1D: 64-byte lines, 64 sets, 4 ways, policy lru, miss +24, write back, allocate yes, dirty eviction +10$' "$work/words"
"$potoroo" model show "$work/a.model" --json > "$work/c.model"
check "show gives it back" cmp -s "$work/a.model" "$work/c.model"
"$potoroo" model show "$work/a.model" > "$work/shown"
check "show in words" cmp -s "$work/words" "$work/shown"

check "nothing to do" fails 2 "infer or show" 
check "no platform" fails 2 "which platform" infer -o "$work/x"
check "no output" fails 2 "where shall" infer -p "$platform"
check "unknown option" fails 2 "usage" infer --colour
check "no such platform" fails 3 "No such file" infer -p "$work/none.ini" -o "$work/x"
check "no such model" fails 3 "No such file" show "$work/none.model"
head -c 200 "$work/a.model" > "$work/short.model"
check "cut short" fails 3 "short.model:" show "$work/short.model"
check "nowhere to write" fails 3 "No such file" infer -p "$platform" -o "$work/none/x"

spoil() { sed "$1" "$platform" > "$work/board.ini"; }
spoil '/^\[counter\]/,/^$/d'
check "no counter" fails 3 "board.ini: \[counter\] address is missing" infer -p "$work/board.ini" -o "$work/x"
spoil '/^\[uncached\]/,/^$/d'
check "no uncached memory" fails 3 "board.ini: the board's uncached range must offer 1 MiB" infer -p "$work/board.ini" -o "$work/x"
spoil 's/^ways = 4/ways = many/'
check "a bad value" fails 3 "board.ini:[0-9]*: ways = many" infer -p "$work/board.ini" -o "$work/x"
check "no model was left behind" test ! -e "$work/x"

# This machine: what the C library says of it, or "not certain", but nothing else.
honest_host() {
    "$potoroo" model infer -p host -o "$work/host.model" > "$work/host" || return 1
    grep -q '"status": "estimate"' "$work/host.model" || return 1
    grep -q '^unknown: L1D: not certain' "$work/host" && ! grep -q '^L1D: [0-9]' "$work/host" && return 0
    line=$(getconf LEVEL1_DCACHE_LINESIZE) ways=$(getconf LEVEL1_DCACHE_ASSOC) size=$(getconf LEVEL1_DCACHE_SIZE)
    grep -q "^L1D: $line-byte lines, $((size / line / ways)) sets, $ways ways," "$work/host"
}
if [ "$(uname -m)" = x86_64 ]; then check "host" honest_host; else check "host" fails 2 "no x86-64" infer -p host -o "$work/x"; fi

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
