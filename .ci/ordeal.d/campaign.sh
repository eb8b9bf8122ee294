# shellcheck shell=bash
# Sourced by parts whose campaigns are tests in Go.
set -euo pipefail
: "${WORK:?}"
export CGO_ENABLED=0 TMPDIR=$WORK
# shellcheck source-path=SCRIPTDIR source=programs.sh
. "${BASH_SOURCE[0]%/*}/programs.sh"
tried=0
fell=0

# campaign PACKAGE TEST [VARIABLE=VALUE...] runs the tests whose names match, and adds
# up what they say after "tried"; a test that says nothing has tried nothing: it fell.
# PARALLEL is how many subtests run at once.
campaign() {
  local package=$1 test=$2 log=$WORK/log n program
  shift 2
  program=$(test_program "$package") || { fell=$((fell + 1)); return 0; }
  (cd "$package" && env "$@" "$program" -test.parallel "${PARALLEL:-8}" -test.timeout 40m -test.v -test.run "$test") >"$log" 2>&1 || fell=$((fell + 1))
  grep -vE '^ *(=== (RUN|PAUSE|CONT|NAME)|PASS$)' "$log" || true
  n=$(grep -oE '\btried [0-9]+$' "$log" | awk '{n += $2} END {printf "%d", n}')
  [ "$n" -gt 0 ] || fell=$((fell + 1))
  tried=$((tried + n))
}

# result WORDS ends a part.
result() {
  echo "RESULT tried=$tried fell=$fell what=$*"
  exit $((fell > 0))
}
