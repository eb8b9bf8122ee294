package portmap

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	loopback = netip.MustParseAddr("127.0.0.1")
	outside  = netip.MustParseAddr("203.0.113.9") // the router's address there
)

// router is a fake one on loopback. What it speaks and how is set before it is used.
type router struct {
	t   *testing.T
	pcp func(request []byte) []byte // nil: silent
	pmp func(request []byte) []byte
	// search returns the answers to a search; nil: silent.
	search func() []string
	soap   map[string]func(arguments map[string]string) (code int, result string) // by action
	http   http.HandlerFunc                                                       // instead of the description and the actions; may be nil

	start  sync.Once
	server *httptest.Server
	udp    *net.UDPConn // PCP and NAT-PMP
	ssdp   *net.UDPConn

	mu       sync.Mutex
	mappings map[int]string // by external port: protocol and lease
	asked    map[string]int // requests, by protocol or action
}

// newRouter returns one that is silent, until its network is asked for.
func newRouter(t *testing.T) *router {
	r := &router{t: t, mappings: map[int]string{}, asked: map[string]int{}, soap: map[string]func(map[string]string) (int, string){}}
	r.udp, r.ssdp = listen(t, loopback), listen(t, loopback)
	r.server = httptest.NewUnstartedServer(http.HandlerFunc(r.serve))
	return r
}

// work answers from now on.
func (r *router) work() {
	r.server.Start()
	var work sync.WaitGroup
	work.Go(func() { answer(r.udp, r.datagram) })
	work.Go(func() { answer(r.ssdp, r.searched) })
	r.t.Cleanup(func() {
		r.udp.Close()
		r.ssdp.Close()
		r.server.Close()
		work.Wait()
	})
}

func listen(t *testing.T, ip netip.Addr) *net.UDPConn {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil && ip != loopback {
		t.Skipf("this system has only one loopback address: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func portOf(c *net.UDPConn) netip.AddrPort { return c.LocalAddr().(*net.UDPAddr).AddrPort() }

func answer(c *net.UDPConn, answers func([]byte) [][]byte) {
	b := make([]byte, 64<<10)
	for {
		n, from, err := c.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		for _, a := range answers(b[:n]) {
			_, _ = c.WriteToUDPAddrPort(a, from)
		}
	}
}

func (r *router) datagram(b []byte) [][]byte {
	f, name := r.pcp, "PCP"
	if b[0] == 0 {
		f, name = r.pmp, "NAT-PMP"
	}
	r.count(name)
	if f == nil {
		return nil
	}
	if a := f(b); a != nil {
		return [][]byte{a}
	}
	return nil
}

func (r *router) searched([]byte) (list [][]byte) {
	r.count("search")
	if r.search == nil {
		return nil
	}
	for _, text := range r.search() {
		list = append(list, []byte(text))
	}
	return list
}

func (r *router) count(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked[what]++
}

func (r *router) times(what string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asked[what]
}

func (r *router) set(port int, lease string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if lease == "" {
		delete(r.mappings, port)
	} else {
		r.mappings[port] = lease
	}
}

func (r *router) list() map[int]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.mappings)
}

// speakPCP answers with a result, an external port (0: the one asked for) and a life.
func (r *router) speakPCP(result byte, port int, life uint32) {
	r.pcp = func(b []byte) []byte {
		a := slices.Clone(b)
		a[1] |= pcpAnswer
		a[2], a[3] = 0, result
		clear(a[8:24])
		if result != pcpSuccess {
			return a
		}
		external := int(binary.BigEndian.Uint16(b[42:]))
		if port != 0 {
			external = port
		}
		if binary.BigEndian.Uint32(b[4:]) == 0 {
			r.count("given back by " + netip.AddrFrom16([16]byte(b[8:24])).Unmap().String())
			r.mu.Lock()
			clear(r.mappings)
			r.mu.Unlock()
			return a
		}
		binary.BigEndian.PutUint32(a[4:], life)
		binary.BigEndian.PutUint16(a[42:], uint16(external))
		ip := outside.As16()
		copy(a[44:], ip[:])
		r.set(external, fmt.Sprintf("PCP %d", life))
		return a
	}
}

// speakPMP answers with a result; PCP is told that it is not spoken.
func (r *router) speakPMP(result uint16) {
	r.pcp = func(b []byte) []byte { return []byte{0, pmpAnswer, 0, pmpUnsuppVersion, 0, 0, 0, 0} }
	r.pmp = func(b []byte) []byte {
		a := make([]byte, pmpAddressSize)
		if b[1] == pmpMapTCP {
			a = make([]byte, pmpMapSize)
		}
		a[1] = pmpAnswer | b[1]
		binary.BigEndian.PutUint16(a[2:], result)
		if b[1] == pmpAddress {
			ip := outside.As4()
			copy(a[8:], ip[:])
			return a
		}
		copy(a[8:10], b[4:6])
		if life := binary.BigEndian.Uint32(b[8:]); life == 0 {
			r.mu.Lock()
			clear(r.mappings)
			r.mu.Unlock()
		} else if result == pmpSuccess {
			copy(a[10:], b[6:])
			r.set(int(binary.BigEndian.Uint16(b[6:])), fmt.Sprintf("NAT-PMP %d", life))
		}
		return a
	}
}

// speakUPnP answers the search and has a connection that maps.
func (r *router) speakUPnP() {
	r.search = func() []string { return []string{searchAnswer(r.server.URL + "/root.xml")} }
	r.soap["GetExternalIPAddress"] = func(map[string]string) (int, string) {
		return 0, "<NewExternalIPAddress>" + outside.String() + "</NewExternalIPAddress>"
	}
	r.soap["AddPortMapping"] = func(a map[string]string) (int, string) {
		port, _ := strconv.Atoi(a["NewExternalPort"])
		if a["NewInternalClient"] != loopback.String() || a["NewProtocol"] != "TCP" || a["NewEnabled"] != "1" || a["NewRemoteHost"] != "" {
			return invalidArgs, ""
		}
		r.set(port, "UPnP "+a["NewLeaseDuration"])
		return 0, ""
	}
	r.soap["DeletePortMapping"] = func(a map[string]string) (int, string) {
		port, _ := strconv.Atoi(a["NewExternalPort"])
		r.set(port, "")
		return 0, ""
	}
}

func searchAnswer(location string) string {
	return "HTTP/1.1 200 OK\r\nCACHE-CONTROL: max-age=120\r\nST: " + searched[0] + "\r\nEXT:\r\nLOCATION: " + location + "\r\n\r\n"
}

const description = `<?xml version="1.0" encoding="ISO-8859-1"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
<device><deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:1</deviceType>
<serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/l3f</controlURL></service></serviceList>
<deviceList><device><deviceList><device><serviceList>
<service><serviceType>urn:schemas-upnp-org:service:WANIPConnection:1</serviceType><controlURL>/control</controlURL></service>
<service><serviceType>urn:schemas-upnp-org:service:WANIPv6FirewallControl:1</serviceType><controlURL>/control</controlURL></service>
</serviceList></device></deviceList></device></deviceList></device></root>`

var argumentPattern = regexp.MustCompile(`<(\w+)>([^<]*)</\w+>`)

func (r *router) serve(w http.ResponseWriter, q *http.Request) {
	if r.http != nil {
		r.http(w, q)
		return
	}
	if q.URL.Path == "/root.xml" {
		r.count("description")
		fmt.Fprint(w, description)
		return
	}
	header := q.Header.Get("SOAPAction")
	_, action, _ := strings.Cut(strings.Trim(header, `"`), "#")
	body, _ := io.ReadAll(q.Body)
	arguments := map[string]string{}
	for _, m := range argumentPattern.FindAllStringSubmatch(string(body), -1) {
		arguments[m[1]] = m[2]
	}
	r.count(action)
	f := r.soap[action]
	if f == nil {
		soapFault(w, 401)
		return
	}
	code, result := f(arguments)
	if code != 0 {
		soapFault(w, code)
		return
	}
	fmt.Fprintf(w, `<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><u:%sResponse>%s</u:%[1]sResponse></s:Body></s:Envelope>`, action, result)
}

func soapFault(w http.ResponseWriter, code int) {
	w.WriteHeader(http.StatusInternalServerError)
	fmt.Fprintf(w, `<s:Envelope><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError xmlns="urn:schemas-upnp-org:control-1-0">`+
		`<errorCode>%d</errorCode><errorDescription>No &amp; never</errorDescription></UPnPError></detail></s:Fault></s:Body></s:Envelope>`, code)
}

// network is one in which this is the router. Waits for answers that come are long.
func (r *router) network() *network {
	r.start.Do(r.work)
	return &network{port: portOf(r.udp).Port(), ssdp: portOf(r.ssdp), local: true, patience: 20 * time.Second, search: 20 * time.Second,
		life: time.Hour, least: time.Millisecond, retry: time.Hour, goodbye: 2 * time.Second}
}

// impatient is the same if one of the protocols does not answer.
func (r *router) impatient() *network {
	n := r.network()
	n.patience = 100 * time.Millisecond
	if r.search == nil {
		n.search = 500 * time.Millisecond
	}
	return n
}

func home() ([]Route, error) { return []Route{{Own: loopback, Gateway: loopback}}, nil }

func keep(t *testing.T, n *network, routes func() ([]Route, error)) *Mapping {
	m := Keep(t.Context(), Options{Port: 6881, Description: "a <peer> & more", Log: slog.New(slog.DiscardHandler), Routes: routes, network: n})
	t.Cleanup(m.Close)
	return m
}

// until waits for a state.
func until(t *testing.T, m *Mapping, good func(State) bool) State {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		if s := m.State(); good(s) {
			return s
		}
		select {
		case <-m.Changed():
		case <-deadline:
			t.Fatalf("the state is still %+v", m.State())
		}
	}
}

func decided(s State) bool { return s.Verdict != Searching && s.Verdict != Off }

// eventually polls.
func eventually(t *testing.T, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !good(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what)
		}
	}
}
