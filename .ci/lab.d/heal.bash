# shellcheck shell=bash disable=SC2154 # variables of the other files
# What fails in the middle of a download, and that its bytes flow again within 10 s of the
# repair; what fails while a sharer has nothing to do, and that it is reached within 10 s. Downloads are slowed to 3 MB/s, so that there is a middle.

HEALED=10 # seconds

heal_cases() {
  local host
  for host in open1 b1 d1; do share "$host" & done
  wait_all
  for host in a1 c1 open2; do slow $host 24; done
  heal open1 a1 direct "the getter's router restarts" router_off\ ra router_on\ ra
  heal b1 a1 called "the getter's router restarts" router_off\ ra router_on\ ra
  heal b1 a1 called "the sharer's router restarts" router_off\ rb router_on\ rb
  heal d1 c1 relayed "the getter's router restarts" router_off\ rc router_on\ rc
  heal b1 a1 called "the provider gives the home another address" router_off\ ra "router_moves ra 111"
  heal open1 open2 direct "the getter's computer gets another address" "host_moves open2 23" true
  heal b1 a1 called "the getter's computer has no way out" "way_off a1" way_on\ a1
  heal open1 a1 direct "the getter's router hangs for 35 s" router_hangs\ ra router_wakes\ ra 35
  heal b1 a1 called "the getter's router hangs for 35 s" router_hangs\ ra router_wakes\ ra 35
  heal b1 a1 called "the sharer's router hangs for 35 s" router_hangs\ rb router_wakes\ rb 35
  heal d1 c1 relayed "the getter's router hangs for 35 s" router_hangs\ rc router_wakes\ rc 35
  heal d1 c1 relayed "the tracker restarts" tracker_down tracker_up
  wait_for_line "$PUBLIC.102:${PORTS[b1]}"
  slow a1 "$FAST"
  idle b1 a1 called "the idle sharer's router restarts" 2 router_off\ rb router_on\ rb
  idle b1 a1 called "the same, for 40 s" 40 router_off\ rb router_on\ rb
  idle b1 a1 called "the idle sharer's router forgets" 0 forget\ rb true
  idle b1 a1 called "the idle sharer has no way out" 20 way_off\ b1 way_on\ b1
  slow a1 24
  heal b1 a1 called "the tracker is gone" tracker_down true
  tracker_up
  wait_for_line "$PUBLIC.102:${PORTS[b1]}"
  slow a1 "$FAST"
  trial b1 a1 called "the tracker is back"
}

router_off() {
  at "$1" ip link set wan down
  forget "$1"
}
router_on() {
  at "$1" ip link set wan up
  case $1 in rc | rd) at "$1" ip route replace default via 100.64.0.1 ;; esac
}
# router_moves ROUTER N: it comes back with the public address .N.
router_moves() {
  at "$1" ip addr flush dev wan
  address "$1" wan "$PUBLIC.$2/24"
  router_on "$1"
}
# host_moves HOST N: the same for a host with an address of its own.
host_moves() {
  at "$1" ip addr flush dev wan scope global
  address "$1" wan "$PUBLIC.$2/24" "2001:db8:1::$2/64"
  at "$1" ip -6 route replace 2001:db8:6::/64 via 2001:db8:1::66
}
# router_hangs ROUTER, router_wakes ROUTER: it passes nothing on, and tells nobody; afterwards
# it knows no connection.
router_hangs() { at "$1" nft 'table inet hang { chain forw { type filter hook forward priority -10; drop; }; }'; }
router_wakes() {
  forget "$1"
  at "$1" nft delete table inet hang
}
# way_off HOST, way_on HOST: its default route goes and comes; its address stays.
way_off() {
  WAY=$(at "$1" ip route show default)
  at "$1" ip route del default
}
# shellcheck disable=SC2086 # words
way_on() { at "$1" ip route add $WAY; }
# wait_for_line OUTSIDE: until the tracker sees a line from that ip:port; a peer tries it
# again more and more rarely while the tracker is gone.
wait_for_line() {
  for _ in $(seq 600); do
    [ -z "$(at tracker ss -Htn state established "dst $1")" ] || return 0
    sleep 0.1
  done
}

# heal SHARER GETTER WAY WORDS BREAK MEND [SECONDS]: BREAK is done in the middle of a
# download, and MEND two seconds later, or after so many.
heal() {
  local sharer=$1 getter=$2 want=$3 words=$4 break=$5 mend=$6 name fetching before mended took result=right got
  name=$sharer-$getter.$(now)
  : >"$WORK/$name.events"
  fetch "$sharer" "$getter" "$name" &
  fetching=$!
  if ! until_done "$name" 6000000 30; then
    wait $fetching || true
    record nothing "$sharer" "$getter" "$want" "$(way "$name")" - "$words" "nothing to interrupt: $(reason "$name")"
    return
  fi
  got=$(way "$name")
  $break
  sleep "${7:-2}"
  before=$(done_of "$name")
  mended=$(now)
  $mend
  if until_done "$name" $((before + 1)) $HEALED; then
    took=$((($(now) - mended) / 1000))
    wait $fetching || result=nothing
  else
    kill $fetching 2>/dev/null || true
    wait $fetching || true
    result=nothing took=-
  fi
  [ $result = nothing ] || [ "$got" = "$want" ] || result=way
  record $result "$sharer" "$getter" "$want" "$got" "$took" "$words" "not healed: $(reason "$name")"
}
# idle SHARER GETTER WAY WORDS SECONDS BREAK MEND: BREAK is done while the sharer has nothing
# to do, and MEND that much later. Then the getter wants something, which must come in time.
idle() {
  local sharer=$1 getter=$2 want=$3 words=$4 seconds=$5 break=$6 mend=$7 name mended result=right got took
  name=$sharer-$getter.$(now)
  sleep 3 # with what came before
  $break
  sleep "$seconds"
  mended=$(now)
  $mend
  fetch "$sharer" "$getter" "$name" || result=nothing
  got=$(way "$name")
  took=$(awk -v from="$mended" '/"done":[1-9]/ { printf "%d", ($1 - from) / 1000; exit }' "$WORK/$name.events")
  [ $result = nothing ] || [ "$got" = "$want" ] || result=way
  [ "${took:-$((HEALED * 1000 + 1))}" -le $((HEALED * 1000)) ] || result=nothing
  record $result "$sharer" "$getter" "$want" "$got" "${took:--}" "$words" "not healed: $(reason "$name")"
}
# done_of NAME: bytes that have come.
done_of() { sed -n 's/.*"done":\([0-9]*\).*/\1/p' "$WORK/$1.events" | tail -n 1 | grep . || echo 0; }
# until_done NAME BYTES SECONDS
until_done() {
  local due=$(($(now) + $3 * 1000000))
  while [ "$(now)" -lt $due ]; do
    [ "$(done_of "$1")" -lt "$2" ] && ! grep -q '"event":"completed"' "$WORK/$1.events" || return 0
    sleep 0.05
  done
  return 1
}
