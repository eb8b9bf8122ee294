package origin

import (
	"crypto/ed25519"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

func TestProxiesAreAddressesAndRanges(t *testing.T) {
	for text, want := range map[string]string{
		"": "", " , ": "", "10.0.0.1": "10.0.0.1/32", "::1": "::1/128", "10.1.2.3/8, ::ffff:192.0.2.1": "10.0.0.0/8 192.0.2.1/32",
		"10.0.0.0/33": "no", "0.0.0.0/0": "no", "::/0": "no", "proxy.example": "no", "fe80::1%eth0": "no", "::ffff:10.0.0.0/104": "no",
	} {
		list, err := ParseProxies(text)
		var got []string
		for _, p := range list {
			got = append(got, p.String())
		}
		if want == "no" {
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Errorf("%q: %v, %v", text, list, err)
			}
		} else if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}

func FuzzClientCert(f *testing.F) {
	for _, seed := range []string{"::", ":AAAA:", ":!:", "", ":", "MCowBQYDK2VwAyEA", ":MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=:"} {
		f.Add(seed)
	}
	if _, key, err := ed25519.GenerateKey(nil); err != nil {
		f.Fatal(err)
	} else if id, err := identity.New(key); err != nil {
		f.Fatal(err)
	} else {
		f.Add(":" + base64.StdEncoding.EncodeToString(id.ClientTLS(identity.HTTP, nil).Certificates[0].Certificate[0]) + ":")
	}
	f.Fuzz(func(t *testing.T, header string) {
		key, err := clientCert(&http.Request{Header: http.Header{"Client-Cert": {header}}})
		if err == nil && len(key) != ed25519.PublicKeySize || err != nil && netproto.CodeOf(err) != netproto.CodeBadRequest {
			t.Fatalf("%q gives %x, %v", header, key, err)
		}
	})
}

func FuzzForwarded(f *testing.F) {
	for _, seed := range []string{"198.51.100.9", "1.2.3.4, [2001:db8::1]:5, 10.9.0.1", ",,", "unknown", "fe80::1%x", " 127.0.0.1 ,\t10.9.9.9"} {
		f.Add(seed)
	}
	proxies := Proxies{netip.MustParsePrefix("10.9.0.0/16")}
	f.Fuzz(func(t *testing.T, header string) {
		addr, err := proxies.forwarded(&http.Request{Header: http.Header{"X-Forwarded-For": {header}}}, netip.MustParseAddr("10.9.0.1"))
		switch {
		case err != nil && netproto.CodeOf(err) != netproto.CodeBadRequest:
			t.Fatal(err)
		case err == nil && (!addr.IsValid() || addr.Zone() != "" || addr.Is4In6()):
			t.Fatalf("%q gives %v", header, addr)
		}
	})
}

// FuzzProxies checks that a list of proxies trusts what it names and nothing else.
func FuzzProxies(f *testing.F) {
	for _, text := range []string{"", "10.0.0.0/8, ::1", "::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "1.2.3.4/33", "fe80::1%eth0", ",,", "0.0.0.0/0"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		list, err := ParseProxies(text)
		if err != nil {
			if netproto.CodeOf(err) != netproto.CodeInvalid {
				t.Fatal(err)
			}
			return
		}
		for _, p := range list {
			if !p.IsValid() || p.Addr().Zone() != "" || p.Addr().Is4In6() {
				t.Fatalf("%q names %v", text, p)
			}
			if !list.Trust(p.Addr()) {
				t.Fatalf("%q does not trust %v", text, p)
			}
		}
		if len(list) == 0 && list.Trust(netip.MustParseAddr("127.0.0.1")) {
			t.Fatalf("%q trusts", text)
		}
	})
}
