# shellcheck shell=bash disable=SC2154 # variables of the other files
# A small internet in network namespaces: hosts, homes, a carrier, an office. Nothing
# leaves the namespaces, and no interface of this computer is touched. .ci/lab sources
# this file inside `unshare`, as root of its own user namespace.
#
#   public segment 7.7.7.0/24 and 2001:db8:1::/64
#     tracker .10  open1 .21  open2 .22    public addresses of both families
#     v6only ::60                          no IPv4
#     ra .101 ── a1 a2   rb .102 ── b1     homes, both on 192.168.1.0/24 as in life
#     cgn .103 ── rc ── c1, rd ── d1       two homes behind a carrier's NAT (100.64.0.0/10)
#     rf .104 ── f1                        an office: only TCP 80 and 443 go out
#     ru .105 ── u1                        a home without UDP
#     r6 ── h6 (2001:db8:6::/64)           IPv6 only: no NAT, but nothing comes in unasked
#
# LAG=MS delays each frame on a public uplink by that much, and LOSS=SHARE loses that
# share of them; both need root, for /dev/net/tun.

NODES="inet tracker open1 open2 v6only ra a1 a2 rb b1 cgn rc c1 rd d1 rf f1 ru u1 r6 h6"
PUBLIC=7.7.7 # miniupnpd maps nothing at addresses that are reserved for examples
FAST=400 # Mbit/s, of every host, so that a download lasts long enough to be watched
TRACKER4=$PUBLIC.10 TRACKER6=2001:db8:1::10

# at NODE CMD…: runs a command in a node.
at() { ip netns exec "$@"; }

# serve NODE LOG CMD…: a server in the background; its process is $server, and it writes to
# LOG.out and LOG.err.
serve() {
  local node=$1 log=$2
  shift 2
  ip netns exec "$node" "$@" >"$log.out" 2>"$log.err" &
  server=$!
  : >"$WORK/server.$server"
}

net_up() {
  local n
  for n in $NODES; do
    ip netns add "$n"
    at "$n" ip link set lo up
    at "$n" sysctl -qw net.ipv4.ip_unprivileged_port_start=0 net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
  done
  uplinks tracker open1 open2 v6only ra rb cgn rf ru r6
  address tracker wan $TRACKER4/24 $TRACKER6/64
  address open1 wan $PUBLIC.21/24 2001:db8:1::21/64
  address open2 wan $PUBLIC.22/24 2001:db8:1::22/64
  address v6only wan 2001:db8:1::60/64
  address ra wan $PUBLIC.101/24
  address rb wan $PUBLIC.102/24
  address cgn wan $PUBLIC.103/24
  address rf wan $PUBLIC.104/24
  address ru wan $PUBLIC.105/24
  address r6 wan 2001:db8:1::66/64

  home ra 192.168.1 a1 a2
  home rb 192.168.1 b1
  home rf 10.0.0 f1
  home ru 192.168.1 u1
  bridge cgn 100.64.0.1/10
  customer rc 100.64.0.11 192.168.0 c1
  customer rd 100.64.0.12 192.168.0 d1
  home6
  for n in ra rb rc rd rf ru; do nat "$n" port; done
  nat cgn portrnd
  at rf nft 'table ip office { chain forw { type filter hook forward priority -5; iifname "lan" tcp dport { 80, 443 } accept; iifname "lan" icmp type echo-request accept; iifname "lan" drop; }; }'
  for n in $HOSTS; do slow "$n" $FAST; done
  at ru nft 'table ip office { chain forw { type filter hook forward priority -5; iifname "lan" udp dport != 53 drop; }; }'
  acquaint
  for n in open1 a1 b1 c1 d1 f1 u1; do at $n ping -c1 -w5 -i0.2 -q $TRACKER4 >/dev/null || fail "$n does not reach the tracker's computer: the lab is wrong"; done
  for n in v6only h6; do at $n ping -6 -c1 -w5 -i0.2 -q $TRACKER6 >/dev/null || fail "$n does not reach the tracker's computer: the lab is wrong"; done
}

# acquaint: all on the public segment learn each other's link addresses. A computer in the
# world asks only its own router for one, long before it looks for a peer; here it would
# ask at its first packet to each of the others, which would cost that a round trip.
acquaint() {
  local from to
  for from in tracker open1 open2 ra rb cgn rf ru; do
    for to in 10 21 22 101 102 103 104 105; do at $from ping -c1 -W2 -q $PUBLIC.$to >/dev/null 2>&1 & done
  done
  for from in tracker open1 open2 v6only r6; do
    for to in 10 21 22 60 66; do at $from ping -6 -c1 -W2 -q 2001:db8:1::$to >/dev/null 2>&1 & done
  done
  wait_all
}

# uplinks NODE…: connects the interface wan of each to the public segment, over a bridge of
# the kernel or, with LAG or LOSS, over a switch of ours: kernels for CI often lack netem.
uplinks() {
  local n
  if [ "$LAG" = 0 ] && [ "$LOSS" = 0 ]; then
    at inet ip link add br0 type bridge
    at inet ip link set br0 up
    for n; do
      cable "$n" wan inet "p-$n"
      at inet ip link set "p-$n" master br0
    done
    return
  fi
  serve inet "$WORK/lag" "$LAB/lag" -delay "${LAG}ms" -loss "$LOSS" "$@"
  echo "$server" >"$WORK/lag.pid"
  for _ in $(seq 100); do
    ! grep -q ready "$WORK/lag.out" || break
    kill -0 "$server" 2>/dev/null || fail "the switch does not start: $(cat "$WORK/lag.err")"
    sleep 0.1
  done
  for n; do
    at inet ip link set "t-$n" netns "$n" name wan
    at "$n" ip link set wan up
  done
}

# cable A IFA B IFB: between two nodes.
cable() {
  ip link add "$2" netns "$1" type veth peer name "$4" netns "$3"
  at "$1" ip link set "$2" up
  at "$3" ip link set "$4" up
}

# address NODE INTERFACE ADDRESS/BITS…
address() {
  local node=$1 interface=$2 ip
  shift 2
  for ip; do
    case $ip in
      *:*) at "$node" ip -6 addr add "$ip" dev "$interface" nodad ;;
      *) at "$node" ip addr add "$ip" dev "$interface" ;;
    esac
  done
}

# bridge ROUTER ADDRESS/BITS: makes a router with a LAN.
bridge() {
  at "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
  at "$1" ip link add lan type bridge
  at "$1" ip addr add "$2" dev lan
  at "$1" ip link set lan up
}

# home ROUTER NETWORK HOST…: a router, and hosts at .10, .11, …
home() {
  local router=$1 net=$2 i=10 host
  shift 2
  bridge "$router" "$net.1/24"
  for host; do
    cable "$host" eth0 "$router" "l-$host"
    at "$router" ip link set "l-$host" master lan
    address "$host" eth0 "$net.$i/24"
    at "$host" ip route add default via "$net.1"
    i=$((i + 1))
  done
}

# customer ROUTER ADDRESS NETWORK HOST: a home behind the carrier's NAT.
customer() {
  cable "$1" wan cgn "l-$1"
  at cgn ip link set "l-$1" master lan
  address "$1" wan "$2/10"
  at "$1" ip route add default via 100.64.0.1
  home "$1" "$3" "$4"
}

# home6: behind its router, addresses are public, but only answers come in.
home6() {
  local n
  at r6 sysctl -qw net.ipv6.conf.all.forwarding=1
  cable h6 eth0 r6 lan
  address r6 lan 2001:db8:6::1/64
  address h6 eth0 2001:db8:6::10/64
  at h6 ip -6 route add default via 2001:db8:6::1
  for n in tracker open1 open2 v6only; do at $n ip -6 route add 2001:db8:6::/64 via 2001:db8:1::66; done
  at r6 nft -f - <<'NFT'
table ip6 firewall {
  chain forw { type filter hook forward priority 0; policy drop; ct state established,related accept; iifname "lan" accept; meta l4proto ipv6-icmp accept; meta mark 6 accept; }
  chain inp { type filter hook input priority 0; policy accept; iifname "wan" meta l4proto { tcp, udp } ct state new drop; }
}
NFT
  address r6 lan 192.168.6.1/24 # without IPv4, miniupnpd does not start
  address r6 wan $PUBLIC.106/24
}

# nat ROUTER TYPE: makes the router's NAT one of these and forgets its connections. In the
# words of RFC 4787 and RFC 5382, mapping and filtering:
#   full     independent of the endpoint, both; the port stays, the mapping is made from inside
#   addr     mapping independent of the endpoint, filtering by address
#   port     as Linux does it: the port stays while it is free; filtering by address and port,
#            and what nobody expects is dropped silently. Most routers in homes
#   portrnd  as port, but independent of the endpoint at another port. Most carriers
#   sym      a new random port for each destination ("symmetric")
#   reject   as port, but what nobody expects is answered with RST
nat() {
  local router=$1 type=$2 wan unasked=drop may='' note=''
  wan=$(at "$router" ip -4 -o addr show dev wan | awk '{ sub("/.*", "", $4); print $4; exit }')
  [ "$type" != reject ] || unasked='meta l4proto tcp reject with tcp reset; iifname "wan" reject'
  at "$router" nft -f - <<NFT
table ip nat; delete table ip nat
table ip guard; delete table ip guard
table ip guard {
  chain inp { type filter hook input priority 0; policy accept; iifname "wan" ct state established,related accept; iifname "wan" icmp type echo-request accept; iifname "wan" $unasked; }
  chain forw { type filter hook forward priority 0; policy accept; iifname "wan" ct state established,related accept; iifname "wan" ct status dnat accept; iifname "wan" drop; }
}
NFT
  case $type in
    port | reject) at "$router" nft 'table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }; }' ;;
    sym) at "$router" nft 'table ip nat { chain post { type nat hook postrouting priority 100; oifname "wan" masquerade fully-random; }; }' ;;
    portrnd) at "$router" nft -f - <<NFT
table ip nat {
  # Two inside must not get one port, or the second finds its way taken.
  map outside { type ipv4_addr . inet_service : inet_service; flags dynamic,timeout; timeout 1h; size 65535; }
  chain remember {
    type filter hook postrouting priority 90;
    oifname "wan" ct state new meta l4proto { tcp, udp } add @outside { ip saddr . th sport : numgen inc mod 40000 offset 20000 }
  }
  chain post {
    type nat hook postrouting priority 100;
    oifname "wan" meta l4proto { tcp, udp } snat to $wan : ip saddr . th sport map @outside
    oifname "wan" masquerade;
  }
}
NFT
      ;;
    full | addr)
      if [ "$type" = addr ]; then
        may='ip saddr . meta l4proto . th dport @talked'
        note='oifname "wan" meta l4proto { tcp, udp } update @talked { ip daddr . meta l4proto . th sport timeout 5m }'
      fi
      at "$router" nft -f - <<NFT
table ip nat {
  map inside { type inet_proto . inet_service : ipv4_addr . inet_service; flags dynamic,timeout; timeout 5m; size 65535; }
  set talked { type ipv4_addr . inet_proto . inet_service; flags dynamic,timeout; timeout 5m; size 65535; }
  chain remember {
    type filter hook postrouting priority 90;
    oifname "wan" meta l4proto { tcp, udp } update @inside { meta l4proto . th sport timeout 5m : ip saddr . th sport }
    $note
  }
  chain pre { type nat hook prerouting priority -100; iifname "wan" meta l4proto { tcp, udp } $may dnat to meta l4proto . th dport map @inside; }
  chain post { type nat hook postrouting priority 100; oifname "wan" masquerade; }
}
NFT
      ;;
    *) fail "unknown NAT type: $type" ;;
  esac
  forget "$router"
}

# forget ROUTER: it loses all its connections, as in a restart.
forget() { at "$1" conntrack -F >/dev/null 2>&1 || fail "conntrack does not work in $1: is the package conntrack installed?"; }

# port_mapping ROUTER on|off [OPTION=VALUE…]: Debian's miniupnpd, with UPnP, NAT-PMP and PCP.
# Behind a carrier it maps nothing, as it has no public address.
port_mapping() {
  local router=$1 dir=$WORK/upnp-$1
  if [ -f "$dir/pid" ]; then
    stop "$(cat "$dir/pid")"
    rm "$dir/pid"
  fi
  at "$router" nft 'table inet miniupnpd; delete table inet miniupnpd'
  [ "$2" = on ] || return 0
  shift 2
  mkdir -p "$dir"
  at "$router" nft -f - <<'NFT'
table inet miniupnpd {
  chain miniupnpd { }
  chain prerouting_miniupnpd { }
  chain postrouting_miniupnpd { }
  # What its rules accept keeps the mark, by which the firewall of r6 lets it pass.
  chain forw { type filter hook forward priority -10; meta mark set 6; jump miniupnpd; meta mark set 0; }
  chain pre { type nat hook prerouting priority -110; iifname "wan" jump prerouting_miniupnpd; }
  chain post { type nat hook postrouting priority 90; oifname "wan" jump postrouting_miniupnpd; }
}
NFT
  {
    printf '%s\n' "$@"
    # A flag that was switched on cannot be switched off.
    awk -F = -v given="$*" '!index(" " given, " " $1 "=")' <<CONF
ext_ifname=wan
listening_ip=lan
http_port=5431
enable_natpmp=yes
enable_upnp=yes
secure_mode=yes
system_uptime=yes
uuid=00000000-0000-0000-0000-0000000000${router: -1}a
min_lifetime=120
max_lifetime=86400
lease_file=$dir/leases
upnp_table_name=miniupnpd
upnp_nat_table_name=miniupnpd
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
allow 1024-65535 0.0.0.0/0 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
CONF
  } >"$dir/conf"
  serve "$router" "$dir/log" /usr/sbin/miniupnpd -d -f "$dir/conf" -P "$dir/miniupnpd.pid"
  echo "$server" >"$dir/pid"
  for _ in $(seq 50); do
    [ -z "$(at "$router" ss -Hlun 'sport = :5351 or sport = :1900')" ] || return 0
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  fail "miniupnpd does not start: $(tail -n 3 "$dir/log.err")"
}

# mappings ROUTER: what its miniupnpd maps now, one a line; pinholes: what it lets in.
mappings() { at "$1" nft list chain inet miniupnpd prerouting_miniupnpd | grep dnat || true; }
pinholes() { at "$1" nft list chain inet miniupnpd miniupnpd | grep accept || true; }

# slow HOST MBIT: what comes to a host is that slow; 0 is not limited. A public host behind the switch stays
# as it is.
slow() {
  local node link
  case $1 in
    a?) node=ra link=l-$1 ;;
    b1) node=rb link=l-b1 ;;
    c1) node=rc link=l-c1 ;;
    d1) node=rd link=l-d1 ;;
    f1) node=rf link=l-f1 ;;
    u1) node=ru link=l-u1 ;;
    h6) node=r6 link=lan ;;
    *) node=inet link=p-$1; [ "$LAG$LOSS" = 00 ] || return 0 ;;
  esac
  if [ "$2" = 0 ]; then
    at $node tc qdisc del dev "$link" root 2>/dev/null || true
    return
  fi
  at $node tc qdisc replace dev "$link" root tbf rate "$2mbit" burst 256kb latency 100ms
}
