#!/bin/sh
# The latency gate of a change, for any CI: compares two results and leaves what CI systems read.
#   gate.sh OLD.json NEW.json FOLDER [OPTION OF potoroo diff]…
# FOLDER gets diff.json, junit.xml, diff.sarif and diff.md; the text goes to standard output.
# Exit code: that of potoroo diff (0 fine, 1 regressed, 3 bad input, 4 an entry without a bound).
# POTOROO names the command (default: potoroo).
set -u
[ $# -ge 3 ] || { echo "usage: gate.sh OLD.json NEW.json FOLDER [OPTION]…" >&2; exit 2; }
potoroo=${POTOROO:-potoroo} old=$1 new=$2 folder=$3
shift 3
mkdir -p "$folder" || exit 3
for pair in json:diff.json junit:junit.xml sarif:diff.sarif markdown:diff.md; do
	"$potoroo" diff "$old" "$new" "$@" --format="${pair%%:*}" >"$folder/${pair#*:}" 2>/dev/null
done
exec "$potoroo" diff "$old" "$new" "$@"
