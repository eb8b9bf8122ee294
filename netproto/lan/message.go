package lan

import (
	"errors"
	"net/netip"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/dns/dnsmessage"

	"centralizedp2p/netproto"
)

// Names of DNS-SD (RFC 6763). The instance is named after the key of the tracker,
// so two trackers with the same display name stay apart.
const (
	service      = "_cp2p._tcp.local."
	serviceTypes = "_services._dns-sd._udp.local."

	maxPacket    = 9000 // bytes (RFC 6762 §17)
	maxRecords   = 64   // read from one packet
	maxInstances = 16   // read from one packet
	ttl          = 120  // seconds (RFC 6762 §10)
	maxName      = 63   // bytes of a tracker's name

	// The top bit of a class: in a record "forget what you knew about this", in a
	// question "answer me alone" (RFC 6762 §10.2, §5.4).
	cacheFlush = 1 << 15
	unicast    = 1 << 15
)

// Tracker is a tracker that announces itself.
type Tracker struct {
	Name        string // shown to people: no control characters, at most 63 bytes
	Fingerprint netproto.Fingerprint
	Port        uint16
	Address     netip.Addr // where the announcement came from; for Announce, the only address it listens on
}

func (t Tracker) instance() string { return "cp2p-" + t.Fingerprint.String()[:16] + "." + service }
func (t Tracker) host() string     { return "cp2p-" + t.Fingerprint.String()[:16] + ".local." }

// asked reports whether a packet asks for trackers, and whether all such questions
// want an answer to the asker alone.
func asked(packet []byte) (wanted, alone bool) {
	var p dnsmessage.Parser
	head, err := p.Start(packet)
	if err != nil || head.Response || head.OpCode != 0 {
		return false, false
	}
	alone = true
	for range maxRecords {
		q, err := p.Question()
		if err != nil {
			break
		}
		name := strings.ToLower(q.Name.String())
		if (q.Type == dnsmessage.TypePTR || q.Type == dnsmessage.TypeALL) && (name == service || name == serviceTypes) {
			wanted = true
			alone = alone && q.Class&unicast != 0
		}
	}
	return wanted, wanted && alone
}

// question returns a packet that asks all trackers to answer the asker alone.
func question() []byte {
	message := dnsmessage.Message{Questions: []dnsmessage.Question{
		{Name: dnsmessage.MustNewName(service), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET | unicast},
	}}
	packed, err := message.Pack()
	if err != nil {
		panic(err) // the packet is always the same
	}
	return packed
}

// announcement returns a packet that says that a tracker is at these addresses or,
// with gone, that it is no longer there.
func announcement(t Tracker, addresses []netip.Addr, gone bool) ([]byte, error) {
	lasts := uint32(ttl)
	if gone {
		lasts = 0
	}
	instance, err := dnsmessage.NewName(t.instance())
	if err != nil {
		return nil, err
	}
	host, err := dnsmessage.NewName(t.host())
	if err != nil {
		return nil, err
	}
	head := func(name dnsmessage.Name, shared bool) dnsmessage.ResourceHeader {
		h := dnsmessage.ResourceHeader{Name: name, Class: dnsmessage.ClassINET, TTL: lasts}
		if !shared {
			h.Class |= cacheFlush
		}
		return h
	}
	serviceName := dnsmessage.MustNewName(service)
	message := dnsmessage.Message{
		Header: dnsmessage.Header{Response: true, Authoritative: true},
		Answers: []dnsmessage.Resource{
			{Header: head(serviceName, true), Body: &dnsmessage.PTRResource{PTR: instance}},
			{Header: head(dnsmessage.MustNewName(serviceTypes), true), Body: &dnsmessage.PTRResource{PTR: serviceName}},
		},
		Additionals: []dnsmessage.Resource{
			{Header: head(instance, false), Body: &dnsmessage.SRVResource{Port: t.Port, Target: host}},
			{Header: head(instance, false), Body: &dnsmessage.TXTResource{TXT: []string{
				"txtvers=1", "fingerprint=" + t.Fingerprint.String(), "name=" + cutName(t.Name),
			}}},
		},
	}
	for _, a := range addresses {
		body := dnsmessage.ResourceBody(&dnsmessage.AAAAResource{AAAA: a.As16()})
		if a.Is4() {
			body = &dnsmessage.AResource{A: a.As4()}
		}
		message.Additionals = append(message.Additionals, dnsmessage.Resource{Header: head(host, false), Body: body})
	}
	return message.Pack()
}

// heard returns the trackers that a packet announces and those that it withdraws,
// which have port 0. It ignores everything else in the packet. The receiver must
// fill in the address: one in the packet could lead anybody anywhere.
func heard(packet []byte) ([]Tracker, error) {
	var p dnsmessage.Parser
	head, err := p.Start(packet)
	if err != nil {
		return nil, err
	}
	if !head.Response || head.OpCode != 0 || head.RCode != 0 {
		return nil, errors.New("the packet is not an answer")
	}
	if err := p.SkipAllQuestions(); err != nil {
		return nil, err
	}
	found := map[string]*Tracker{}
	var order []string
	entry := func(name string) *Tracker {
		name = strings.ToLower(name)
		if !strings.HasSuffix(name, "."+service) {
			return nil
		}
		if found[name] == nil && len(found) < maxInstances {
			found[name] = &Tracker{}
			order = append(order, name)
		}
		return found[name]
	}
	gone := map[string]bool{}
	read := func(r dnsmessage.Resource) {
		t := entry(r.Header.Name.String())
		if t == nil {
			return
		}
		switch body := r.Body.(type) {
		case *dnsmessage.SRVResource:
			t.Port = body.Port
			gone[strings.ToLower(r.Header.Name.String())] = r.Header.TTL == 0
		case *dnsmessage.TXTResource:
			t.readTXT(body.TXT)
		}
	}
	if err := eachRecord(&p, read); err != nil {
		return nil, err
	}
	var list []Tracker
	for _, name := range order {
		t := found[name]
		if t.Fingerprint.IsZero() || t.Port == 0 {
			continue
		}
		if gone[name] {
			t.Port = 0
		}
		list = append(list, *t)
	}
	return list, nil
}

// eachRecord passes the answers and the additional records to read.
func eachRecord(p *dnsmessage.Parser, read func(dnsmessage.Resource)) error {
	left := maxRecords
	for _, next := range []func() (dnsmessage.Resource, error){p.Answer, p.Authority, p.Additional} {
		for {
			r, err := next()
			if errors.Is(err, dnsmessage.ErrSectionDone) {
				break
			}
			if err != nil {
				return err
			}
			if left--; left < 0 {
				return errors.New("there are too many records")
			}
			read(r)
		}
	}
	return nil
}

func (t *Tracker) readTXT(pairs []string) {
	for _, pair := range pairs {
		key, value, _ := strings.Cut(pair, "=")
		switch strings.ToLower(key) {
		case "fingerprint":
			if print, err := netproto.ParseFingerprint(value); err == nil {
				t.Fingerprint = print
			}
		case "name":
			t.Name = cutName(value)
		}
	}
}

// cutName makes a name fit to be shown and sent.
func cutName(name string) string {
	name = netproto.Printable(strings.ToValidUTF8(name, ""))
	for len(name) > maxName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}
