#!/bin/sh
# For `git bisect run`: is this commit's latency good?
#   bisect.sh GOOD.json BUILD-COMMAND RESULT.json [OPTION OF potoroo diff]…
# BUILD-COMMAND, run by sh, builds, measures and bounds this commit: it leaves RESULT.json. A commit that cannot be built or
# has no bound is skipped (exit code 125), a regression is bad (1), all else good (0).
set -u
[ $# -ge 3 ] || { echo "usage: bisect.sh GOOD.json BUILD-COMMAND RESULT.json [OPTION]…" >&2; exit 128; }
good=$1 build=$2 result=$3
shift 3
rm -f "$result"
sh -c "$build" || exit 125
"${POTOROO:-potoroo}" diff --quiet "$good" "$result" "$@"
case $? in
0) exit 0 ;;
1) exit 1 ;;
*) exit 125 ;;
esac
