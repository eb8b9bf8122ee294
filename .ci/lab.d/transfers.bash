# shellcheck shell=bash disable=SC2154 # variables of the other files
# Sharing and fetching with the program itself, and the table of what came of it. A host has
# one peer that shares a file of its own; a download is a process with a profile of its own.

SIZE=50000000 # bytes
PATIENCE=12   # seconds until the first byte; the program gives a source up after 10
declare -A PORTS=([open1]=6881 [open2]=6882 [a1]=6883 [a2]=6884 [b1]=6885 [c1]=6886 [d1]=6887 [f1]=6888 [u1]=6889 [v6only]=6890 [h6]=6891)

now() { echo "${EPOCHREALTIME/./}"; } # microseconds

# wait_all: for the jobs in the background, all but servers.
wait_all() {
  local job
  for job in $(jobs -rp); do
    [ -e "$WORK/server.$job" ] || wait "$job" || true
  done
}
# stop PID: asks a process to end and waits for it at most 5 s; it may be another's child.
stop() {
  kill -TERM "$1" 2>/dev/null || return 0
  for _ in $(seq 50); do
    kill -0 "$1" 2>/dev/null || return 0
    sleep 0.1
  done
  kill -KILL "$1" 2>/dev/null || true
}

tracker_up() {
  local relay=()
  if "$TRACKER" --help 2>&1 | grep -q -e '-relay-rate'; then relay=(--relay-rate 0 --relay-total 0); fi
  serve tracker "$WORK/tracker" "$TRACKER" --listen :5000 --listen :443 --data "$WORK/tracker.data" --lan-announce=false --new-keys-address 0 "${relay[@]}"
  echo "$server" >"$WORK/tracker.pid"
  for _ in $(seq 100); do
    kill -0 "$server" 2>/dev/null || break
    if [ -n "$(at tracker ss -Hltn 'sport = :443')" ]; then
      # An older tracker listens only once.
      TRACKER_PORT=5000
      [ -n "$(at tracker ss -Hltn 'sport = :5000')" ] || TRACKER_PORT=443
      return
    fi
    sleep 0.1
  done
  fail "the tracker does not start: $(tail -3 "$WORK/tracker.err")"
}
tracker_down() { stop "$(cat "$WORK/tracker.pid")"; }

# tracker_of NODE: how a peer there knows the tracker; TRACKER_AT says it for all.
tracker_of() {
  local port=$TRACKER_PORT
  if [ -n "${TRACKER_AT:-}" ]; then
    echo "$TRACKER_AT"
    return
  fi
  [ "$1" != f1 ] || port=443
  if [ -z "${ADDRESSES:-}" ]; then
    echo "tracker.lab:$port"
  else
    case $1 in v6only | h6) echo "[$TRACKER6]:$port" ;; *) echo "$TRACKER4:$port" ;; esac
  fi
}

# share HOST [FLAG…]: shares a file of its own until stop_sharing; $WORK/HOST.hash is its hash.
share() {
  local host=$1
  shift
  [ -f "$FILES/$host.bin" ] || head -c $SIZE /dev/urandom >"$FILES/$host.bin"
  : >"$WORK/share-$host.out"
  serve "$host" "$WORK/share-$host" "$CP" share "$FILES/$host.bin" --tracker "$(tracker_of "$host")" --profile "$WORK/share-$host" \
    --listen "${PORTS[$host]}" --seed-clients off --json --verbose "$@"
  echo "$server" >"$WORK/share-$host.pid"
  for _ in $(seq 300); do
    if grep -q '"event":"shared"' "$WORK/share-$host.out"; then
      sed -n 's/.*"event":"shared","hash":"\([0-9a-f]*\)".*/\1/p' "$WORK/share-$host.out" | head -n 1 >"$WORK/$host.hash"
      return
    fi
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  fail "$host does not share: $(tail -n 2 "$WORK/share-$host.err" "$WORK/share-$host.out")"
}
unshare_host() {
  [ -f "$WORK/share-$1.pid" ] || return 0
  stop "$(cat "$WORK/share-$1.pid")"
  rm "$WORK/share-$1.pid"
}
stop_sharing() {
  local host
  for host in $HOSTS; do unshare_host "$host" & done
  wait_all
}

# fetch SHARER GETTER NAME [FLAG…]: downloads what SHARER shares; $WORK/NAME.events gets its events,
# each after the microsecond in which it came, and $WORK/NAME.seconds its processor time. Gives up if nothing came for PATIENCE seconds,
# or if it takes LIMIT.
fetch() {
  local sharer=$1 getter=$2 name=$3 events line pid due first='' status=0
  shift 3
  rm -rf "$FILES/$name.to" "$WORK/$name.profile"
  due=$(($(now) + PATIENCE * 1000000))
  exec {events}< <(exec ip netns exec "$getter" "$CP" get "$(cat "$WORK/$sharer.hash")" --tracker "$(tracker_of "$getter")" \
    --profile "$WORK/$name.profile" --to "$FILES/$name.to" --listen 0 --seed-clients off --json --verbose "$@" 2>"$WORK/$name.err")
  pid=$!
  : >"$WORK/$name.events"
  while read -r -t "$(left "$due")" -u "$events" line; do
    echo "$(now) $line" >>"$WORK/$name.events"
    [[ $line != *'"event":"completed"'* ]] || seconds_of $pid >"$WORK/$name.seconds" 2>/dev/null || true
    if [ -z "$first" ] && [[ $line =~ \"done\":[1-9] ]]; then
      first=1
      due=$(($(now) + ${LIMIT:-90} * 1000000))
    fi
  done
  stop $pid
  wait $pid || status=$?
  exec {events}<&-
  [ $status = 0 ] && cmp -s "$FILES/$sharer.bin" "$FILES/$name.to/$sharer.bin" || status=1
  rm -rf "$FILES/$name.to" "$WORK/$name.profile"
  return $status
}
# seconds_of PID: of processor time that it has taken.
seconds_of() { awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / tick }' "/proc/$1/stat"; }
# left MICROSECOND: seconds until then, for read -t, which does not take 0.
left() {
  local left=$(($1 - $(now)))
  [ $left -gt 1000 ] || left=1000
  printf '%d.%06d\n' $((left / 1000000)) $((left % 1000000))
}

# way NAME: by what the bytes of a download came, as its events say: the ways at work when
# the first had come.
way() {
  awk '/"ways":\{"/ { ways = $0; sub(/.*"ways":\{/, "", ways); sub(/\}.*/, "", ways); gsub(/"|:[0-9]+/, "", ways)
    if (/"done":[1-9]/) exit } END { print ways == "" ? "unknown" : ways }' "$WORK/$1.events"
}
# several SHARER GETTER: whether a download was over several connections that a call began.
several() { grep -hqE '"ways":\{"called":[2-9]' "$WORK/$1-$2."*.events; }
# first_byte NAME, connected NAME: milliseconds from the moment at which a download wanted a
# source until bytes of it came, and until it was connected to it.
first_byte() { said_ms "$1" 'first bytes of a source'; }
connected() { said_ms "$1" 'a source is connected'; }
# waited NAME: milliseconds of them until the program called: in which addresses had a head
# start, and in which it waited for its own line, as its process had only just started.
waited() { sed -n '/msg="a peer is called"/ { s/.* waited=\([0-9]*\).*/\1/p; q; }' "$WORK/$1.err" | grep . || echo 0; }
said_ms() { sed -n "/msg=\"$2\"/ { s/.* ms=\([0-9]*\).*/\1/p; q; }" "$WORK/$1.err" | grep . || echo -; }

# trial SHARER GETTER WAY[,WAY] [WORDS]: a download that must come by that way, or one of them.
trial() {
  local sharer=$1 getter=$2 want=$3 name result=right got
  name=$sharer-$getter.$(now)
  fetch "$sharer" "$getter" "$name" || result=nothing
  got=$(way "$name")
  [ $result = nothing ] || [[ ,$want, = *",$got,"* ]] || result=way
  record "$result" "$sharer" "$getter" "$want" "$got" "$(first_byte "$name")" "${4:-}" "$(reason "$name")" "$(connected "$name")" "$(waited "$name")"
}
# reason NAME: the last thing that a download said.
reason() {
  sed -n 's/.*"state":"\([a-z]*\)".*/state \1/p; s/.*"message":"\([^"]*\)".*/\1/p' "$WORK/$1.events" | tail -n 1
}
# record RESULT SHARER GETTER WANTED GOT MS WORDS REASON [CONNECTED [WAITED]]: a line of the table.
record() {
  (
    flock 9
    local IFS=$'\t'
    echo "$*" >&9
  ) 9>>"$WORK/results"
  local note=''
  case $1 in
    nothing) note="NOTHING CAME: $8" ;;
    way) note='THE WRONG WAY' ;;
  esac
  printf '%-7s → %-7s %-34s wanted %-8s got %-10s %6s ms  %s\n' "$2" "$3" "$7" "$4" "$5" "$6" "$note"
}
# check WORDS CMD…: one line of the table that is no download.
check() {
  local words=$1 result=right why
  shift
  why=$("$@" 2>&1) || result=wrong
  printf '%s\t-\t-\t-\t-\t-\t%s\t%s\n' "$result" "$words" "$why" >>"$WORK/results"
  if [ $result = right ]; then printf '%-52s yes  %s\n' "$words" "$why"; else printf '%-52s NO   %s\n' "$words" "$why"; fi
}

# summary prints what is wrong, and how soon there was a connection and the first byte by
# each way. With LAG it also counts round trips of the way between the two, from when the
# source is known: the waits of the ladder before it calls and before it relays are taken
# out, and that for its own line, which a peer that runs has already.
# It is false if something is wrong or nothing was tried.
summary() {
  [ -s "$WORK/results" ] || fail "nothing was tried"
  echo
  awk -F '\t' '$1 ~ /^(right|way)$/ && $6 ~ /^[0-9]+$/ && $9 ~ /^[0-9]+$/ {
      waits = $10 + ($5 == "relayed" ? 1500 : 0)
      print $5, 1, $9; print $5, 2, $6; print $5, 3, $9 - waits; print $5, 4, $6 - waits }' "$WORK/results" |
    sort -k1,2 -k3n | awk -v rtt=$((2 * LAG)) '
    function at(p) { return ms[int(n * p + 0.999999)] }
    function show() {
      if (n && of == 1) printf "%-10s %9d", way, n
      if (n && of < 3) printf "  %6d %6d", at(0.5), at(0.95)
      if (n && of > 2 && rtt) printf "  %6.1f %6.1f", at(0.5) / rtt, at(0.95) / rtt
      if (n && of == 4) printf "\n"
    }
    NR == 1 { printf "%-10s %9s  connected, ms  first byte, ms%s\n%-20s  %6s %6s  %6s %6s%s\n", "way", "downloads",
      rtt ? "  connected, trips  first byte, trips" : "", "", "p50", "p95", "p50", "p95", rtt ? "     p50    p95     p50    p95" : "" }
    $1 != way || $2 != of { show(); way = $1; of = $2; n = 0 }
    { ms[++n] = $3 }
    END { show() }'
  awk -F '\t' '$1 != "right" && $2 != "-" { print "  " $2 " → " $3 ": wanted " $4 ", " ($1 == "nothing" ? "nothing came: " $8 : "came " $5) }
    $1 == "wrong" { print "  " $7 ": " $8 }' "$WORK/results" >"$WORK/wrong"
  if [ -s "$WORK/wrong" ]; then
    echo "wrong:"
    cat "$WORK/wrong"
  fi
  awk -F '\t' -v seconds=$SECONDS '
    $2 != "-" { pairs++; if ($1 != "nothing") came++ }
    $1 == "right" { right++ }
    END {
      if (pairs) printf "%d of %d downloads came; ", came, pairs
      printf "%d passed, %d failed, in %d s\n", right, NR - right, seconds
      exit right < NR
    }' "$WORK/results"
}
