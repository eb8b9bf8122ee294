package lan

import (
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"centralizedp2p/netproto/nametest"
)

// claims is the announcement of a tracker that says any name, whole.
func claims(t *testing.T, name string) []byte {
	t.Helper()
	tracker := attic(5000)
	instance := dnsmessage.MustNewName(tracker.instance())
	head := dnsmessage.ResourceHeader{Name: instance, Class: dnsmessage.ClassINET, TTL: ttl}
	message := dnsmessage.Message{
		Header:  dnsmessage.Header{Response: true},
		Answers: []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(service), Class: dnsmessage.ClassINET, TTL: ttl}, Body: &dnsmessage.PTRResource{PTR: instance}}},
		Additionals: []dnsmessage.Resource{
			{Header: head, Body: &dnsmessage.SRVResource{Port: 5000, Target: dnsmessage.MustNewName(tracker.host())}},
			{Header: head, Body: &dnsmessage.TXTResource{TXT: []string{"fingerprint=" + tracker.Fingerprint.String(), "name=" + name}}},
		},
	}
	packet, err := message.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return packet
}

func TestATrackerInTheNetworkMayCallItselfAnything(t *testing.T) {
	tried := 0
	for _, n := range nametest.Names() {
		ours := attic(5000)
		ours.Name = n.Text
		packet, err := announcement(ours, nil, false)
		if err != nil {
			t.Fatalf("a tracker called %.100q: %v", n.Text, err)
		}
		packets := [][]byte{packet}
		if len("name="+n.Text) <= 255 { // what fits into a record
			packets = append(packets, claims(t, n.Text))
		}
		for _, packet := range packets {
			found, err := heard(packet)
			if err != nil || len(found) != 1 || found[0].Fingerprint != ours.Fingerprint {
				t.Fatalf("%.100q hides the tracker: %+v, %v", n.Text, found, err)
			}
			nametest.Shown(t, "the name of a tracker", found[0].Name)
			if len(found[0].Name) > maxName || n.Accept && len(n.Text) <= maxName && found[0].Name != n.Text {
				t.Errorf("%.100q is heard as %q", n.Text, found[0].Name)
			}
			tried++
		}
	}
	nametest.Tried(t, tried, "mDNS")
}
