package portmap

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	maxDescription = 256 << 10 // bytes
	maxSOAP        = 64 << 10  // bytes of an answer
	maxHTTPHeader  = 16 << 10
	maxServices    = 8 // of a router that are looked at
	maxErrorText   = 100
)

// Kinds of services, without their versions.
const (
	ipConnection  = "urn:schemas-upnp-org:service:WANIPConnection:"
	pppConnection = "urn:schemas-upnp-org:service:WANPPPConnection:"
	firewall6     = "urn:schemas-upnp-org:service:WANIPv6FirewallControl:"
)

// gateway is a router that speaks UPnP.
type gateway struct {
	network  *network
	route    Route
	client   *http.Client
	services []service // those of use here
}

type service struct {
	kind    string // URN
	control string // URL
}

// describe reads the description of a router.
func describe(ctx context.Context, n *network, route Route, at *url.URL) (*gateway, error) {
	g := &gateway{network: n, route: route, client: clientFor(n, route)}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, &refusal{Failed, err.Error()}
	}
	response, err := g.client.Do(request)
	if err != nil {
		return nil, &refusal{Failed, err.Error()}
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, &refusal{Failed, "the description has status " + response.Status}
	}
	text, err := readAtMost(response.Body, maxDescription)
	if err != nil {
		return nil, &refusal{Failed, "the description: " + err.Error()}
	}
	if g.services, err = services(text, at, route.Gateway); err != nil {
		return nil, &refusal{Failed, "the description: " + err.Error()}
	}
	return g, nil
}

// clientFor returns a client that speaks to the router alone, follows no redirects and
// uses no proxy.
func clientFor(n *network, route Route) *http.Client {
	dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(route.Own, 0))}
	return &http.Client{
		Timeout:       n.search,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DisableKeepAlives:      true,
			DisableCompression:     true, // so that a bound of bytes is one
			MaxResponseHeaderBytes: maxHTTPHeader,
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				if to, err := netip.ParseAddrPort(address); err != nil || to.Addr() != route.Gateway {
					return nil, fmt.Errorf("%s is not the router", address)
				}
				return dialer.DialContext(ctx, network, address)
			},
		},
	}
}

func readAtMost(r io.Reader, most int64) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return text, err
}

// device is the part of a description that is read (UPnP Device Architecture 2.0 §2.3).
type device struct {
	Services []struct {
		Type    string `xml:"serviceType"`
		Control string `xml:"controlURL"`
	} `xml:"serviceList>service"`
	Devices []device `xml:"deviceList>device"`
}

// services returns the services of a description that are of use: connections, those of
// IP first, and firewalls. All are at the router.
func services(text []byte, at *url.URL, router netip.Addr) ([]service, error) {
	var root struct {
		Base   string `xml:"URLBase"`
		Device device `xml:"device"`
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil } // what is read is ASCII
	decoder.Strict = false
	if err := decoder.Decode(&root); err != nil {
		return nil, err
	}
	base := at
	if u, err := url.Parse(strings.TrimSpace(root.Base)); err == nil && root.Base != "" && atRouter(u, router) == nil {
		base = u
	}
	var found []service
	for _, kind := range []string{ipConnection, pppConnection, firewall6} {
		root.Device.each(func(d *device) {
			for _, s := range d.Services {
				s.Type = strings.TrimSpace(s.Type)
				if version, ok := strings.CutPrefix(s.Type, kind); !ok || version != "1" && version != "2" || len(found) == maxServices {
					continue
				}
				if u, err := base.Parse(strings.TrimSpace(s.Control)); err == nil && atRouter(u, router) == nil {
					found = append(found, service{s.Type, u.String()})
				}
			}
		})
	}
	if len(found) == 0 {
		return nil, errors.New("no connection that could map a port")
	}
	return found, nil
}

func (d *device) each(f func(*device)) {
	f(d)
	for i := range d.Devices {
		d.Devices[i].each(f)
	}
}

// Errors of UPnP that are answered (WANIPConnection:2 §2.5, and Device Architecture §3.2.2).
const (
	invalidArgs      = 402 // what some routers say to a lease with an end
	notAuthorized    = 606
	conflict         = 718 // another computer has the port
	samePortRequired = 724
	onlyPermanent    = 725 // the router knows only leases without end
)

// soapError is an error that a router answers.
type soapError struct {
	code int
	text string
}

func (e *soapError) Error() string { return fmt.Sprintf("UPnP error %d %s", e.code, e.text) }

func codeOf(err error) int {
	if e, ok := errors.AsType[*soapError](err); ok {
		return e.code
	}
	return 0
}

// argument is one of an action; their order counts.
type argument struct{ name, value string }

// call has the router do something and returns one of the results.
func (g *gateway) call(ctx context.Context, s service, action, result string, arguments ...argument) (string, error) {
	var body bytes.Buffer
	fmt.Fprintf(&body, `<?xml version="1.0"?>`+"\r\n"+
		`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">`+
		`<s:Body><u:%s xmlns:u="%s">`, action, s.kind)
	for _, a := range arguments {
		fmt.Fprintf(&body, "<%s>", a.name)
		_ = xml.EscapeText(&body, []byte(a.value))
		fmt.Fprintf(&body, "</%s>", a.name)
	}
	fmt.Fprintf(&body, "</u:%s></s:Body></s:Envelope>\r\n", action)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.control, &body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", `text/xml; charset="utf-8"`)
	request.Header["SOAPACTION"] = []string{`"` + s.kind + "#" + action + `"`} // some routers know it only like that
	response, err := g.client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	text, err := readAtMost(response.Body, maxSOAP)
	if err != nil {
		return "", err
	}
	return soapResult(text, response.StatusCode, result)
}

// soapResult reads one result from what a router answered, or its error.
func soapResult(text []byte, status int, result string) (string, error) {
	values := map[string]string{}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	decoder.CharsetReader = func(_ string, r io.Reader) (io.Reader, error) { return r, nil }
	decoder.Strict = false
	name := ""
	for {
		token, err := decoder.RawToken() // without a stack of what is open
		if err != nil {
			break // what came until then counts
		}
		switch t := token.(type) {
		case xml.StartElement:
			name = t.Name.Local
		case xml.EndElement:
			name = ""
		case xml.CharData:
			if name == result || name == "errorCode" || name == "errorDescription" {
				values[name] = strings.TrimSpace(string(t))
			}
		}
	}
	if status == http.StatusOK {
		return values[result], nil
	}
	code, _ := strconv.Atoi(values["errorCode"])
	if code <= 0 || code > 999 {
		return "", fmt.Errorf("HTTP status %d", status)
	}
	about := []byte(values["errorDescription"])
	return "", &soapError{code, strconv.QuoteToASCII(string(about[:min(len(about), maxErrorText)]))}
}

// igdClient asks one connection of a router by UPnP.
type igdClient struct {
	gateway     *gateway
	service     service
	port        int
	description string
	address     netip.Addr // of the router outside; invalid if it does not say
	have        int        // external port, as granted last
}

// newIGD chooses the connection of a router that is up.
func newIGD(ctx context.Context, g *gateway, port int, description string) (*igdClient, error) {
	var why error = &refusal{Failed, "the router has only a firewall"}
	for _, s := range g.services {
		if strings.HasPrefix(s.kind, firewall6) {
			continue
		}
		text, err := g.call(ctx, s, "GetExternalIPAddress", "NewExternalIPAddress")
		if code := codeOf(err); code == notAuthorized {
			why = &refusal{Refused, err.Error()}
			continue
		} else if code != 0 {
			why = &refusal{Shared, err.Error()} // it has no address: miniupnpd answers 501 behind another NAT
			continue
		}
		if err != nil {
			why = &refusal{Failed, err.Error()}
			continue
		}
		c := &igdClient{gateway: g, service: s, port: port, description: description}
		if ip, err := netip.ParseAddr(text); err == nil && !ip.IsUnspecified() && !ip.IsMulticast() {
			c.address = ip.Unmap().WithZone("")
			return c, nil
		}
		if text != "" {
			why = &refusal{Shared, "the router's connection has no address"}
			continue
		}
		return c, nil
	}
	return nil, why
}

func (c *igdClient) protocol() Protocol { return UPnP }

func (c *igdClient) request(ctx context.Context, life time.Duration) (granted, error) {
	if life == 0 {
		if c.have == 0 {
			return granted{}, nil
		}
		_, err := c.gateway.call(ctx, c.service, "DeletePortMapping", "",
			argument{"NewRemoteHost", ""}, argument{"NewExternalPort", strconv.Itoa(c.have)}, argument{"NewProtocol", "TCP"})
		return granted{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.gateway.network.search)
	defer cancel()
	ports := candidates(c.port)
	if c.have != 0 {
		ports[0] = c.have
	}
	var err error
	for _, port := range ports {
		c.have = port // the router may do it and be too late to say so
		var got granted
		if got, err = c.add(ctx, port, life); err == nil {
			return got, nil
		}
		if codeOf(err) != 0 {
			c.have = 0
		}
		if code := codeOf(err); code != conflict && code != invalidArgs {
			break
		}
	}
	switch codeOf(err) {
	case 0:
		return granted{}, &refusal{Failed, err.Error()}
	case conflict, samePortRequired:
		return granted{}, &refusal{Taken, err.Error()}
	}
	return granted{}, &refusal{Refused, err.Error()}
}

// add asks for an external port, for ever if the router knows no end of leases.
func (c *igdClient) add(ctx context.Context, port int, life time.Duration) (granted, error) {
	at := netip.AddrPortFrom(c.address, uint16(port))
	_, err := c.addFor(ctx, port, life)
	if code := codeOf(err); code == onlyPermanent || code == invalidArgs {
		_, err = c.addFor(ctx, port, 0)
		life = 0
	}
	return granted{at, life}, err
}

func (c *igdClient) addFor(ctx context.Context, port int, life time.Duration) (string, error) {
	return c.gateway.call(ctx, c.service, "AddPortMapping", "",
		argument{"NewRemoteHost", ""},
		argument{"NewExternalPort", strconv.Itoa(port)},
		argument{"NewProtocol", "TCP"},
		argument{"NewInternalPort", strconv.Itoa(c.port)},
		argument{"NewInternalClient", c.gateway.route.Own.String()},
		argument{"NewEnabled", "1"},
		argument{"NewPortMappingDescription", c.description},
		argument{"NewLeaseDuration", strconv.Itoa(int(life / time.Second))})
}

// pinholeClient asks the IPv6 firewall of a router by UPnP (WANIPv6FirewallControl:1).
type pinholeClient struct {
	gateway *gateway
	service service
	own     netip.Addr
	port    int
	id      string // "" before the firewall was opened
}

func newPinhole(g *gateway, own netip.Addr, port int) (*pinholeClient, error) {
	for _, s := range g.services {
		if strings.HasPrefix(s.kind, firewall6) {
			return &pinholeClient{gateway: g, service: s, own: own, port: port}, nil
		}
	}
	return nil, &refusal{Silent, "the router offers no firewall"}
}

func (c *pinholeClient) protocol() Protocol { return UPnP }

func (c *pinholeClient) request(ctx context.Context, life time.Duration) (granted, error) {
	at := granted{netip.AddrPortFrom(c.own, uint16(c.port)), life}
	if life == 0 {
		if c.id == "" {
			return granted{}, nil
		}
		_, err := c.gateway.call(ctx, c.service, "DeletePinhole", "", argument{"UniqueID", c.id})
		return granted{}, err
	}
	seconds := argument{"NewLeaseTime", strconv.Itoa(int(life / time.Second))}
	if c.id != "" {
		if _, err := c.gateway.call(ctx, c.service, "UpdatePinhole", "", argument{"UniqueID", c.id}, seconds); err == nil {
			return at, nil
		}
	}
	seconds.name = "LeaseTime"
	id, err := c.gateway.call(ctx, c.service, "AddPinhole", "UniqueID",
		argument{"RemoteHost", ""}, argument{"RemotePort", "0"}, argument{"InternalClient", c.own.String()},
		argument{"InternalPort", strconv.Itoa(c.port)}, argument{"Protocol", "6"}, seconds)
	if codeOf(err) != 0 {
		return granted{}, &refusal{Refused, err.Error()}
	}
	if err != nil || id == "" {
		return granted{}, &refusal{Failed, fmt.Sprintf("the firewall answers with no id (%v)", err)}
	}
	c.id = id
	return at, nil
}
