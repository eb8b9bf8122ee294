# shellcheck shell=bash disable=SC2154 # variables of the other files
# Minutes of ordinary trouble: sharers come and go, routers restart, providers and hosts
# change addresses, the tracker restarts, and downloads go on all the time. Each must end,
# and in the end nothing may be left: no descriptors, goroutines, lines, circuits, or ports
# on the router.

SOAK_SHARERS="open1 a2 b1 c1 d1 u1 h6"
SOAK_GETTERS="open2 a1 f1 v6only"
SLACK=12 # descriptors and goroutines that a process may have more than a fresh one

soak() {
  local minutes=$1 host getter before after
  PATIENCE=100 LIMIT=100 # a sharer, a router and the tracker may be away in turn
  port_mapping ra on
  sleep 1
  before="$(tracker_gauge go_goroutines) $(descriptors tracker)"
  for host in $SOAK_SHARERS; do share "$host" & done
  wait_all
  for getter in $SOAK_GETTERS; do slow "$getter" 80; done
  UNTIL=$(($(now) + minutes * 60000000))
  for getter in $SOAK_GETTERS; do soak_getter "$getter" & done
  trouble
  wait_all
  # A download that is refused in the midst of trouble fails nothing, so each sharer has to be
  # reached once the trouble is over, by its way.
  for host in $SOAK_SHARERS; do trial "$host" a1 "$(expected "$host" a1)" "after the soak"; done
  sleep 3
  check "an old sharer has no more than a fresh one" as_fresh open1
  stop_sharing
  sleep 5
  after="$(tracker_gauge go_goroutines) $(descriptors tracker)"
  check "the tracker has what it had (goroutines, descriptors)" no_more "$before" "$after"
  check "no line and no circuit is left" test "$(tracker_gauge cp2p_lines) $(tracker_gauge cp2p_relay_circuits)" = "0 0"
  check "the router has taken its ports back" test -z "$(mappings ra)"
  port_mapping ra off
  echo
  sort "$WORK/troubles" | uniq -c | awk '{ n = $1; $1 = ""; printf "%4d times:%s\n", n, $0 }'
  awk '{ count[$1 " " $2]++; if ($3 > most[$1 " " $2]) most[$1 " " $2] = $3 }
    END { for (k in count) printf "%4d downloads %s, the slowest in %d s\n", count[k], k, most[k] }' "$WORK/soaked" | sort -k3
}

# soak_getter HOST: downloads from one sharer after the other until the time is over.
soak_getter() {
  local getter=$1 sharer name began status
  # shellcheck disable=SC2086 # words
  set -- $SOAK_SHARERS
  while [ "$(now)" -lt "$UNTIL" ]; do
    sharer=$1
    set -- "${@:2}" "$1"
    name=$sharer-$getter.$(now) began=$(now) status=0
    fetch "$sharer" "$getter" "$name" || status=$?
    soaked=$((($(now) - began) / 1000000))
    if [ $status = 0 ]; then
      echo "ended $(way "$name") $soaked" >>"$WORK/soaked"
    elif grep -qE '"code":"(no-source|not-found|tracker-unreachable)"' "$WORK/$name.events"; then
      echo "refused - $soaked" >>"$WORK/soaked" # nobody shares it now, or the tracker is away
      sleep 1
    else
      echo "failed - $soaked" >>"$WORK/soaked"
      record nothing "$sharer" "$getter" - - - "in the soak" "after $soaked s: $(reason "$name")"
      continue
    fi
    rm -f "$WORK/$name".*
  done
}

# trouble: one after the other until the time is over; all is mended when it returns.
trouble() {
  local n=0 moved=0
  : >"$WORK/troubles"
  while [ "$(now)" -lt "$UNTIL" ]; do
    case $((n % 7)) in
      0) troubled "a sharer leaves and comes back" soak_restart "$(nth $((n / 7)) a2 b1 c1 d1 u1 h6)" ;;
      1) troubled "a getter's router restarts" soak_router "$(nth $((n / 7)) ra rf)" ;;
      2) troubled "a sharer's router restarts" soak_router "$(nth $((n / 7)) rb rc rd ru)" ;;
      3)
        moved=$((1 - moved))
        troubled "a provider gives a home another address" soak_move rb $((102 + 10 * moved))
        ;;
      4) troubled "the tracker restarts" soak_tracker ;;
      5) troubled "the carrier's NAT restarts" soak_router cgn ;;
      6) troubled "a getter's computer gets another address" host_moves open2 $((22 + moved)) ;;
    esac
    n=$((n + 1))
    sleep 6
  done
}
troubled() {
  echo "$1" >>"$WORK/troubles"
  "${@:2}"
}
# nth N WORD…: the N-th word, round and round.
nth() {
  local n=$1
  shift
  shift $((n % $#))
  echo "$1"
}
soak_restart() {
  unshare_host "$1"
  sleep 2
  share "$1"
}
soak_router() {
  router_off "$1"
  sleep 2
  router_on "$1"
}
soak_move() {
  router_off "$1"
  sleep 1
  router_moves "$1" "$2"
  nat "$1" port
}
soak_tracker() {
  tracker_down
  sleep 1
  tracker_up
}

# tracker_gauge NAME: a metric of the tracker, as a whole number.
tracker_gauge() {
  # shellcheck disable=SC2016 # bash in the node expands it
  at tracker bash -c 'exec 3<>/dev/tcp/127.0.0.1/5000 && printf "GET /metrics HTTP/1.0\r\n\r\n" >&3 && cat <&3' |
    awk -v name="$1" '$1 == name { printf "%d\n", $2 }'
}
# descriptors LOG: how many the process has whose pid is in LOG.pid.
descriptors() { find "/proc/$(cat "$WORK/$1.pid")/fd" -mindepth 1 | wc -l; }
# goroutines LOG: of a process of the program, which ends with that.
goroutines() {
  local pid
  pid=$(cat "$WORK/$1.pid")
  kill -QUIT "$pid"
  for _ in $(seq 100); do
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.1
  done
  grep -c '^goroutine [0-9]' "$WORK/$1.err"
}
# as_fresh HOST: what its sharer has, and what another one has after a start.
as_fresh() {
  local old fresh
  old=$(descriptors "share-$1")
  old="$(goroutines "share-$1") $old"
  rm "$WORK/share-$1.pid"
  share "$1"
  sleep 4
  fresh=$(descriptors "share-$1")
  fresh="$(goroutines "share-$1") $fresh"
  rm "$WORK/share-$1.pid"
  no_more "$fresh" "$old"
}
# no_more "N N" "N N": the second numbers are hardly above the first.
no_more() {
  echo "$1 at first, $2 in the end"
  # shellcheck disable=SC2086 # words
  set -- $1 $2
  [ "$3" -le $(($1 + SLACK)) ] && [ "$4" -le $(($2 + SLACK)) ]
}
