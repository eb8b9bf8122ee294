# shellcheck shell=bash disable=SC2154 # variables of the other files
# Mapping ports on a real router, Debian's miniupnpd. First the mapping alone, in each
# protocol, then the program: what is mapped can be fetched.

portmap_cases() {
  port_mapping ra on enable_upnp=no
  check "PCP maps the port and gives it back" mapped_by PCP
  port_mapping ra on enable_natpmp=no
  check "UPnP maps the port and gives it back" mapped_by UPnP
  nat_pmp_only on
  port_mapping ra on enable_upnp=no
  check "NAT-PMP maps the port and gives it back" mapped_by NAT-PMP
  nat_pmp_only off
  port_mapping ra on min_lifetime=2
  check "a lease is renewed until the end" renewed
  check "a router that restarts maps again" restarted
  port_mapping ra on
  check "a port that another computer has gives way" other_port
  port_mapping rc on
  check "behind a carrier's NAT the reason is said" unmapped_because shared-address c1 20
  unshare_host c1
  share c1 # which the tracker finds unreachable within half a minute
  port_mapping ra off
  check "without any daemon, the router is silent" unmapped_because silent a1 20

  port_mapping ra on
  port_mapping r6 on
  unshare_host a1
  unshare_host h6
  share a1 &
  share h6 &
  wait_all
  check "the program maps its port" mapped_to "192.168.1.10:${PORTS[a1]}"
  check "the program opens the IPv6 firewall" program_opens
  trial a1 open1 router "a mapped port"
  trial a1 u1 router "a mapped port"
  trial h6 v6only router "an open port of the IPv6 firewall"
  unshare_host a1
  check "the program gives its port back" program_gives_back
  household_cases
  port_mapping ra off

  check "behind a carrier's NAT the program says so" program_says c1 "a port cannot be opened"
  port_mapping rc off
}

# household_cases: a tracker at a2 behind its router, which passes its port on; a1 beside
# it shares, and people outside fetch.
household_cases() {
  local TRACKER_AT=192.168.1.11:5000
  unshare_host a2
  serve a2 "$WORK/home-tracker" "$TRACKER" --listen :5000 --map-port --data "$WORK/home-tracker.data" --lan-announce=false --new-keys-address 0
  local home=$server
  check "a tracker maps its port" mapped_to 192.168.1.11:5000
  share a1
  check "a peer beside it maps its own" mapped_to "192.168.1.10:${PORTS[a1]}"
  check "its link leads to the router" grep -q "cp2p://$PUBLIC.101:5000/" "$WORK/share-a1.out"
  TRACKER_AT=$PUBLIC.101:5000
  trial a1 open1 router "a household behind its own tracker" # two at once would fetch from each other
  trial a1 b1 router "a household behind its own tracker"
  unshare_host a1
  TRACKER_AT=192.168.1.11:5000
  share a1 --no-router-port
  # shellcheck disable=SC2034 # tracker_of
  TRACKER_AT=$PUBLIC.101:5000
  trial a1 open1 called "and without a mapping of its own"
  trial a1 b1 called "and without a mapping of its own"
  unshare_host a1
  stop "$home"
  check "the tracker gives its port back" program_gives_back
}

# mapped_to IP:PORT: within 10 s, the router of the first home passes a port on there.
mapped_to() {
  for _ in $(seq 100); do
    ! mappings ra | grep -q "$1" || return 0
    sleep 0.1
  done
  echo "the router has: $(mappings ra)"
  return 1
}
# program_says HOST WORDS: in what it says about how others reach it, within 45 s.
program_says() {
  for _ in $(seq 450); do
    ! grep '"event":"reachability"' "$WORK/share-$1.out" | grep -q "$2" || return 0
    sleep 0.1
  done
  echo "it says: $(grep '"event":"reachability"' "$WORK/share-$1.out" | tail -n 1)"
  return 1
}

# keeper HOST [LIFE]: keeps port 7001 of a host mapped; its states are in $WORK/keeper.out.
keeper() {
  serve "$1" "$WORK/keeper" env PORTMAP_LAB_PORT=7001 PORTMAP_LAB_LIFE="${2:-}" "$LAB/portmap.test" -test.run '^TestKeepInTheLab$' -test.v
  keeping=$server
}
# until_said PATTERN SECONDS: in a line of the keeper
until_said() {
  for _ in $(seq $(($2 * 10))); do
    ! grep -q "$1" "$WORK/keeper.out" || return 0
    sleep 0.1
  done
  echo "not said within $2 s: $1; but $(tail -n 1 "$WORK/keeper.out")"
  stop "$keeping"
  return 1
}
mapped_by() {
  local status=0
  keeper a1
  until_said "\"Verdict\":\"mapped\",\"Protocol\":\"$1\",\"ExternalPort\":7001,\"External\":\"$PUBLIC.101:7001\"" 20 || return 1
  mappings ra | grep -q "dport 7001 dnat ip to 192.168.1.10:7001" || { status=1; echo "the router has: $(mappings ra)"; }
  stop "$keeping"
  [ -z "$(mappings ra)" ] || { status=1; echo "it is not given back: $(mappings ra)"; }
  return $status
}
# unmapped_because REASON HOST SECONDS
unmapped_because() {
  keeper "$2"
  until_said "\"Verdict\":\"unmapped\".*\"Reason\":\"$1\"" "$3" || return 1
  stop "$keeping"
}
# renewed: a lease of 4 s is still there after 7.
renewed() {
  keeper a1 4
  until_said '"Verdict":"mapped"' 20 || return 1
  sleep 7
  mappings ra | grep -q "dport 7001" || { echo "it is gone"; stop "$keeping"; return 1; }
  kill -KILL "$keeping" # nobody gives it back
  for _ in $(seq 150); do
    [ -n "$(mappings ra)" ] || return 0
    sleep 0.1
  done
  echo "the lease of a process that was killed is still there after 15 s"
  return 1
}
# restarted: the router has forgotten everything.
restarted() {
  keeper a1 4
  until_said '"Verdict":"mapped"' 20 || return 1
  port_mapping ra off
  rm -f "$WORK/upnp-ra/leases"
  port_mapping ra on min_lifetime=2
  for _ in $(seq 100); do
    [ -z "$(mappings ra)" ] || break
    sleep 0.1
  done
  [ -n "$(mappings ra)" ] || { echo "after 10 s it is not mapped"; stop "$keeping"; return 1; }
  stop "$keeping"
}
# other_port: a2 has mapped the port before.
other_port() {
  local first
  keeper a2
  first=$keeping
  until_said '"Verdict":"mapped"' 20 || return 1
  keeper a1
  until_said '"Verdict":"mapped"' 20 || { stop "$first"; return 1; }
  ! grep -q '"ExternalPort":7001' "$WORK/keeper.out" || { echo "both have it"; return 1; }
  stop "$keeping"
  stop "$first"
  [ -z "$(mappings ra)" ] || { echo "left: $(mappings ra)"; return 1; }
}
# nat_pmp_only on|off: a router that knows no PCP answers version 2 with version 0; one
# that drops it is as good here.
nat_pmp_only() {
  at ra nft 'table inet old; delete table inet old'
  [ "$1" = off ] || at ra nft 'table inet old { chain inp { type filter hook input priority -20; iifname "lan" udp dport 5351 @th,64,8 2 drop; }; }'
}
program_opens() {
  for _ in $(seq 100); do
    ! pinholes r6 | grep -q "dport ${PORTS[h6]}" || return 0
    sleep 0.1
  done
  echo "the router has: $(pinholes r6)"
  return 1
}
program_gives_back() { [ -z "$(mappings ra)" ] || { mappings ra; return 1; }; }
