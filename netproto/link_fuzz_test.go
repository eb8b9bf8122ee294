package netproto

import (
	"net"
	"strconv"
	"testing"
)

// FuzzParseLink checks that an accepted link is written and read back as the same
// value, and that its text then stays the same.
func FuzzParseLink(f *testing.F) {
	for _, link := range goldenLines(f, "links.txt") {
		f.Add(link)
	}
	for _, c := range refusedLinks {
		f.Add(c.link)
	}
	for _, c := range looseLinks {
		f.Add(c.link)
	}
	f.Fuzz(func(t *testing.T, s string) {
		link, err := ParseLink(s)
		if err != nil {
			return
		}
		if link.Name != "" {
			if err := CheckName(link.Name); err != nil {
				t.Fatalf("the name %q was let in: %v", link.Name, err)
			}
		}
		if link.Size < -1 || link.Size > MaxContentSize {
			t.Fatalf("the size %d was let in", link.Size)
		}
		text := link.String()
		again, err := ParseLink(text)
		if err != nil {
			t.Fatalf("%q was accepted, its own text %q is not: %v", s, text, err)
		}
		if again != link {
			t.Fatalf("%q gave %+v, its own text %q gave %+v", s, link, text, again)
		}
		if again.String() != text {
			t.Fatalf("%q became %q", text, again.String())
		}
	})
}

// FuzzTrackerAddress checks that an accepted address is complete and stays the same.
func FuzzTrackerAddress(f *testing.F) {
	for _, c := range trackerAddresses {
		f.Add(c.in)
	}
	for _, s := range refusedAddresses {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		address, err := TrackerAddress(s)
		if err != nil {
			return
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil || host == "" {
			t.Fatalf("%q became %q, which is not host:port", s, address)
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			t.Fatalf("%q became %q, which has no port", s, address)
		}
		if again, err := TrackerAddress(address); err != nil || again != address {
			t.Fatalf("%q became %q, that became %q (%v)", s, address, again, err)
		}
		if link, err := ParseLink(Link{Tracker: address}.String()); err != nil || link.Tracker != address {
			t.Fatalf("the address %q does not survive in a link: %+v, %v", address, link, err)
		}
	})
}
