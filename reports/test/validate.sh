#!/bin/sh
# SARIF and JUnit of a gate that fails and of one that passes, read by other people's programs: the SARIF multitool (npm, kept below
# FOLDER) and junitparser (Debian). Not in make check: it downloads.
#
# Usage: validate.sh POTOROO RESULT.json FOLDER
set -eu
potoroo=$1 result=$2 folder=$3
passed=0 failed=0
mkdir -p "$folder"
command -v npm >/dev/null || { echo "validate: npm is not there: install the package npm" >&2; exit 1; }
/usr/bin/python3 -c 'import junitparser' 2>/dev/null || { echo "validate: install the package python3-junitparser" >&2; exit 1; }
[ -x "$folder/node_modules/.bin/sarif-multitool" ] || (cd "$folder" && npm install --silent --no-audit --no-fund @microsoft/sarif-multitool@5 >/dev/null)
/usr/bin/python3 - "$result" "$folder/slower.json" <<'END'
import json, sys
r = json.load(open(sys.argv[1]))
e = next(e for e in r["entries"] if e["worst_path"])
e["bound"] += 1000
e["worst_path"][0]["cost"] += 1000
e["worst_path"][0]["total"] += 1000 * e["worst_path"][0]["count"]
json.dump(r, open(sys.argv[2], "w"))
END

check() { # NAME COMMAND...
	name=$1
	shift
	if "$@" >"$folder/told" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $name"; cat "$folder/told"; fi
}

# The multitool tells of errors in the exit code; its own word "error" in a line is looked for as well.
sarif_valid() {
	DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$folder/node_modules/.bin/sarif-multitool" validate "$1" >"$folder/multitool" 2>&1 || { cat "$folder/multitool"; return 1; }
	! grep ': error ' "$folder/multitool"
}
broken_refused() { ! sarif_valid "$folder/broken.sarif"; }
junit_counts() { /usr/bin/python3 -c 'import sys, junitparser as j; s = j.JUnitXml.fromstring(open(sys.argv[1], "rb").read()); sys.exit(s.failures != int(sys.argv[2]) or not s.tests)' "$1" "$2"; }

for new in "$result:0" "$folder/slower.json:1"; do
	for f in sarif junit; do
		"$potoroo" diff "$result" "${new%:*}" --format=$f >"$folder/${new##*:}.$f" || [ $? = 1 ]
	done
	check "SARIF with ${new##*:} failures" sarif_valid "$folder/${new##*:}.sarif"
	check "JUnit with ${new##*:} failures" junit_counts "$folder/${new##*:}.junit" "${new##*:}"
done
sed 's/"startLine": *[0-9]*/"startLine": -1/' "$folder/1.sarif" >"$folder/broken.sarif"
check "a broken SARIF is told" broken_refused
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
