# shellcheck shell=bash disable=SC2154 # variables of the other files
# How fast each way is, from one home to another and so over one path, in rounds. First
# without limits, where all programs share the processors of this computer, then with a
# getter whose line is the limit. Nothing touches a disk. Fails only if the way is wrong.

ROUNDS=3
RATES="0 ${RATE:-2000}" # Mbit/s; 0 is not limited

speed_cases() {
  local rate round
  for rate in $RATES; do
    slow a1 "$rate"
    for ((round = 0; round < ROUNDS; round++)); do
      speed "$rate" direct full full --no-calls
      speed "$rate" called port port
      speed "$rate" relayed sym sym
    done
  done
  awk '{ print index("direct called relayed", $2), $0 }' "$WORK/speeds" | sort -k2n -k1n -k4n | cut -d' ' -f2- | awk '
    function show() {
      if (!n) return
      middle = mbs[int((n + 1) / 2)]
      if (way == "direct") direct = middle
      printf "%-12s %-8s %8.0f %9.2f %14.2f %14.2f %14.2f\n", rate ? rate " Mbit/s" : "none", way, middle, middle / direct, owner / n, tracker / n, seen ? getter / seen : 0
    }
    NR == 1 { print "limit        way          MB/s to direct  sharer s/GiB  tracker s/GiB   getter s/GiB" }
    $1 " " $2 != rate " " way { if (NR > 1) show(); rate = $1; way = $2; n = owner = tracker = getter = seen = 0 }
    { mbs[++n] = $3; owner += $4; tracker += $5; getter += $6; seen += $6 > 0 }
    END { show() }'
  awk '{ key = $1 " " $2 } !(key in least) || $3 < least[key] { least[key] = $3 } $3 > most[key] { most[key] = $3 }
    END { for (key in least) printf "  %s: from %d to %d MB/s\n", key, least[key], most[key] }' "$WORK/speeds" | sort
}

# speed RATE WAY TYPE TYPE [FLAG…]: one download by that way, behind NATs of these types.
speed() {
  local name owner tracker getter result=right got
  name=b1-a1.$2.$(now)
  unshare_host b1
  rm -rf "$WORK/share-b1" # a new key, as a relay passes on 2 GiB a day for each
  renat "$3" "$4"
  owner=$(seconds_of "$(cat "$WORK/share-b1.pid")") tracker=$(seconds_of "$(cat "$WORK/tracker.pid")")
  fetch b1 a1 "$name" "${@:5}" || result=nothing
  getter=$(awk '{ print $1 * 1073741824 / '$SIZE' }' "$WORK/$name.seconds" 2>/dev/null || echo 0)
  owner=$(echo "$(seconds_of "$(cat "$WORK/share-b1.pid")") $owner" | awk '{ print ($1 - $2) * 1073741824 / '$SIZE' }')
  tracker=$(echo "$(seconds_of "$(cat "$WORK/tracker.pid")") $tracker" | awk '{ print ($1 - $2) * 1073741824 / '$SIZE' }')
  got=$(way "$name")
  [ $result = nothing ] || [ "$got" = "$2" ] || result=way
  record $result b1 a1 "$2" "$got" "$(first_byte "$name")" "$([ "$1" = 0 ] || echo "$1 Mbit/s")" "$(reason "$name")" "$(connected "$name")"
  [ $result != right ] || echo "$1 $2 $(rate_of "$name") $owner $tracker $getter" >>"$WORK/speeds"
}
# rate_of NAME: MB/s of a download, from its first bytes to its end.
rate_of() {
  awk '/"done":[1-9]/ && !from { from = $1; sub(/.*"done":/, ""); had = $0 + 0; next } /"event":"completed"/ { printf "%.1f\n", ('$SIZE' - had) / ($1 - from) }' "$WORK/$1.events"
}
