#!/bin/sh
# A run whose misses the board itself counts at each stamp, held against the costs; and two analyses that say one look-up less can miss.
#   misses.sh POTOROO BOARD KERNEL TEST FOLDER ANALYSIS.ini ENTRIES
set -eu
potoroo=$1 board=$2 kernel=$3 test=$4 folder=$5 analysis=$6 entries=$7
mkdir -p "$folder"
trap 'rm -f "$folder/t.ptrace" "$folder/stamps"' EXIT
trap 'exit 130' INT TERM
POTOROO_STAMPS=$folder/stamps "$potoroo" run -p "$board" -k "$kernel" -o "$folder/t.ptrace" --timeout 1800 -- \
    -device loader,addr=0x87e08000,data=4242,data-len=8 -device loader,addr=0x87e08008,data="$entries",data-len=8 2>"$folder/log" || { cat "$folder/log" >&2; exit 1; }
passed=0 failed=0
if "$test" "$analysis" "$folder/t.ptrace" "$folder/stamps"; then passed=1; else failed=1; fi
for fool in i d; do
    code=0
    "$test" "$analysis" "$folder/t.ptrace" "$folder/stamps" $fool >"$folder/fooled" || code=$?
    if [ $code = 1 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "one $fool look-up less is not noticed"; fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
