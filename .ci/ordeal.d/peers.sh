# Sourced by parts that run a tracker and peers as processes, and look at their words.
# shellcheck shell=bash disable=SC2034 # others read links and hashes
set -euo pipefail
: "${CP:?}" "${WORK:?}"
# shellcheck source-path=SCRIPTDIR source=programs.sh
. "${BASH_SOURCE[0]%/*}/programs.sh"
peer=(--json --listen 0 --seed-clients off)
others=()
root=$PWD
tried=0 fell=0

# poll waits, for at most so many tenths of a second, until a command succeeds.
poll() {
  local n tenths=$1
  shift
  for ((n = 0; n < tenths; n++)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  return 1
}

# start runs a command in the background; its words go to NAME.out and NAME.err. Its
# process is in pid.
start() {
  local name=$1
  shift
  : >"$WORK/$name.out"
  "$@" >"$WORK/$name.out" 2>"$WORK/$name.err" &
  pid=$!
  others+=("$pid")
}

# ended waits until a process has ended, for at most so many tenths of a second, and
# returns its exit code; one that does not end is killed, and that is 124.
ended() {
  local code=0
  if ! poll "$2" sh -c "! kill -0 $1"; then
    kill -KILL "$1" 2>/dev/null || true
    wait "$1" 2>/dev/null || true
    return 124
  fi
  wait "$1" || code=$?
  return "$code"
}

# halt ends a process at once.
halt() {
  kill -KILL "$1" 2>/dev/null || true
  wait "$1" 2>/dev/null || true
}

# said reports whether somebody has said a thing.
said() { grep -qE -- "$2" "$WORK/$1.out" "$WORK/$1.err"; }

# run_tracker starts the tracker of everybody; its link is in tracker.
run_tracker() {
  start tracker "$CP" tracker --json --listen 127.0.0.1:0 --lan-announce=false --data "$WORK/tracker-data"
  poll 300 said tracker '"link"' || { cat "$WORK/tracker.err" >&2; return 1; }
  tracker=$(jq -r 'select(.link).link' "$WORK/tracker.out")
}

# share PATH... offers paths as the peer NAME; the link of each is then in links.

declare -A links=() hashes=()
share() {
  local name=$1 path
  shift
  start "$name" "$CP" share "$@" "${peer[@]}" --tracker "$tracker" --profile "$WORK/profile-$name"
  for path in "$@"; do
    # shellcheck disable=SC2016 # jq's
    if ! poll 600 jq -es --arg path "$path" 'any(.event == "shared" and .path == $path)' "$WORK/$name.out"; then
      tail -n 5 "$WORK/$name.out" "$WORK/$name.err" >&2
      return 1
    fi
    # shellcheck disable=SC2016
    links[$path]=$(jq -r --arg path "$path" 'select(.event == "shared" and .path == $path).link' "$WORK/$name.out" | tail -n 1)
    # shellcheck disable=SC2016
    hashes[$path]=$(jq -r --arg path "$path" 'select(.event == "shared" and .path == $path).hash' "$WORK/$name.out" | tail -n 1)
  done
}

# get starts a download as the peer NAME; its process is in pid.
get() {
  local name=$1 link=$2 to=$3
  start "$name" "$CP" get "$link" "${peer[@]}" --to "$to" --profile "$WORK/profile-$name"
}

# await starts a download as the peer NAME, which waits while its disk is the trouble, as
# the window does; its process is in pid.
await() {
  local name=$1 link=$2 to=$3
  local program
  program=$(cd "$root" && test_program app/load)
  start "$name" ${as:+setpriv --reuid="$as" --clear-groups} env CP2P_LOAD_PROGRAM=1 "$program" waiter "$WORK/profile-$name" "$to" "$link"
}

# right notes a case that went well, and wrong one that did not, with the last words of
# somebody.
right() {
  tried=$((tried + 1))
  echo "right: $1"
}
wrong() {
  tried=$((tried + 1)) fell=$((fell + 1))
  echo "WRONG: $1"
  [ -z "${2:-}" ] || tail -qn 3 "$WORK/$2.out" "$WORK/$2.err" 2>/dev/null | cut -c 1-300 | sed 's/^/    /'
}

# check SENTENCE WHOSE COMMAND... notes whether a command succeeds.
check() {
  local sentence=$1 whose=$2
  shift 2
  if "$@" >"$WORK/check.out" 2>&1; then
    right "$sentence"
  else
    wrong "$sentence" "$whose"
    head -n 3 "$WORK/check.out" | cut -c 1-300 | sed 's/^/    /'
  fi
}

# only DIR NAME... succeeds if a folder has these entries and no others.
only() {
  local dir=$1
  shift
  diff <(find "$dir" -mindepth 1 -maxdepth 1 -printf '%f\n' | sort) <(printf '%s\n' "$@" | sort)
}

end_others() {
  local one
  for one in "${others[@]}"; do kill -KILL "$one" 2>/dev/null || true; done
  for one in "${others[@]}"; do wait "$one" 2>/dev/null || true; done # what else runs here is ended by its part
}

# result WORDS ends a part.
result() {
  echo "RESULT tried=$tried fell=$fell what=$*"
  [ "$fell" = 0 ] && [ "$tried" -gt 0 ]
}
