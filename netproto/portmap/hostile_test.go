package portmap

import (
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAnswersThatAreNotTheRoutersCountForNothing(t *testing.T) {
	change := func(f func(answer []byte) []byte) func(*router) {
		return func(r *router) {
			r.speakPCP(pcpSuccess, 0, 3600)
			speak := r.pcp
			r.pcp = func(b []byte) []byte { return f(speak(b)) }
		}
	}
	// elsewhere would map if it were asked.
	elsewhere := func(t *testing.T) *router {
		r := newRouter(t)
		r.speakUPnP()
		r.network()
		return r
	}
	cases := map[string]func(*router){
		"wrong nonce":         change(func(a []byte) []byte { a[24]++; return a }),
		"wrong internal port": change(func(a []byte) []byte { a[41]++; return a }),
		"for UDP":             change(func(a []byte) []byte { a[36] = 17; return a }),
		"another operation":   change(func(a []byte) []byte { a[1] = pcpAnswer | 2; return a }),
		"a request":           change(func(a []byte) []byte { a[1] = pcpMap; return a }),
		"too short":           change(func(a []byte) []byte { return a[:pcpSize-1] }),
		"too long":            change(func(a []byte) []byte { return append(a, make([]byte, maxDatagram)...) }),
		"empty":               change(func([]byte) []byte { return []byte{} }),
		"a description at another address": func(r *router) {
			r.speakUPnP()
			r.search = func() []string {
				return []string{searchAnswer(strings.Replace(r.server.URL, "127.0.0.1", "127.0.0.2", 1) + "/root.xml")}
			}
		},
		"a description at a name": func(r *router) {
			r.speakUPnP()
			r.search = func() []string {
				return []string{searchAnswer(strings.Replace(r.server.URL, "127.0.0.1", "localhost", 1) + "/root.xml")}
			}
		},
		"a description by https": func(r *router) {
			r.speakUPnP()
			r.search = func() []string { return []string{searchAnswer(strings.Replace(r.server.URL, "http:", "https:", 1))} }
		},
		"a user in the URL": func(r *router) {
			r.speakUPnP()
			r.search = func() []string {
				return []string{searchAnswer(strings.Replace(r.server.URL, "//", "//a:b@", 1) + "/root.xml")}
			}
		},
		"no HTTP": func(r *router) { r.search = func() []string { return []string{"\x00\xff", "HTTP/1.1", ""} } },
		"status 404": func(r *router) {
			r.speakUPnP()
			r.search = func() []string { return []string{"HTTP/1.1 404 No\r\nLOCATION: " + r.server.URL + "/root.xml\r\n\r\n"} }
		},
		"an answer that is too long": func(r *router) {
			r.speakUPnP()
			r.search = func() []string {
				return []string{searchAnswer(r.server.URL + "/root.xml" + "\r\nX: " + strings.Repeat("x", maxSearchAnswer))}
			}
		},
		"a redirect": func(r *router) {
			r.speakUPnP()
			to := elsewhere(r.t).server.URL + "/root.xml"
			r.http = func(w http.ResponseWriter, q *http.Request) { http.Redirect(w, q, to, http.StatusFound) }
		},
		"a description without end": func(r *router) {
			r.speakUPnP()
			r.http = func(w http.ResponseWriter, q *http.Request) {
				fmt.Fprint(w, strings.TrimSuffix(description, "</root>"), strings.Repeat(" ", maxDescription), "</root>")
			}
		},
		"a header without end": func(r *router) {
			r.speakUPnP()
			r.http = func(w http.ResponseWriter, q *http.Request) {
				w.Header().Set("X", strings.Repeat("x", maxHTTPHeader+1))
				fmt.Fprint(w, description)
			}
		},
		"an action at another address": func(r *router) {
			r.speakUPnP()
			r.http = func(w http.ResponseWriter, q *http.Request) {
				fmt.Fprint(w, strings.ReplaceAll(description, "/control<", "http://127.0.0.2:1/control<"))
			}
		},
		"a base at another address": func(r *router) {
			r.speakUPnP()
			r.http = func(w http.ResponseWriter, q *http.Request) {
				if q.Method == http.MethodGet {
					fmt.Fprint(w, strings.Replace(description, "<device>", "<URLBase>http://127.0.0.2:1/</URLBase><device>", 1))
					return
				}
				soapFault(w, notAuthorized) // asked here all the same
			}
		},
		"bombs of XML": func(r *router) {
			r.speakUPnP()
			r.http = func(w http.ResponseWriter, q *http.Request) {
				fmt.Fprint(w, `<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><root><device>`, strings.Repeat("<deviceList><device>", 12000), "&c;")
			}
		},
		"an action's answer without end": func(r *router) {
			r.speakUPnP()
			r.http = func(w http.ResponseWriter, q *http.Request) {
				if q.Method == http.MethodGet {
					fmt.Fprint(w, description)
					return
				}
				fmt.Fprint(w, strings.Repeat("<a>", maxSOAP), "<NewExternalIPAddress>203.0.113.9</NewExternalIPAddress>")
			}
		},
	}
	for name, speak := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRouter(t)
			speak(r)
			n := r.impatient()
			n.search = 500 * time.Millisecond
			if got := until(t, keep(t, n, home), decided); got.Verdict != Unmapped {
				t.Errorf("state %+v", got)
			}
			if got := r.times("AddPortMapping"); got != 0 {
				t.Errorf("%d mappings were asked for", got)
			}
		})
	}
}

// Another computer answers the search first; only the router is believed.
func TestOnlyTheRouterIsBelieved(t *testing.T) {
	liar := newRouter(t)
	liar.speakUPnP()
	liar.network()
	r := newRouter(t)
	r.speakUPnP()
	n := r.impatient()
	other := listen(t, netip.MustParseAddr("127.0.0.2"))
	defer other.Close()
	// The liar sends from 127.0.0.2 to whoever asked: here, to the asker's socket.
	front := listen(t, loopback)
	n.ssdp = portOf(front)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 2048)
		for {
			_, from, err := front.ReadFromUDPAddrPort(b)
			if err != nil {
				return
			}
			_, _ = other.WriteToUDPAddrPort([]byte(searchAnswer("http://127.0.0.2:"+portIn(liar.server)+"/root.xml")), from)
			_, _ = other.WriteToUDPAddrPort([]byte(searchAnswer(liar.server.URL+"/root.xml")), from)
			_, _ = front.WriteToUDPAddrPort([]byte(searchAnswer(r.server.URL+"/root.xml")), from)
		}
	}()
	m := keep(t, n, home)
	got := until(t, m, decided)
	if got.Verdict != Mapped || len(r.list()) != 1 || len(liar.list()) != 0 || liar.times("description") != 0 {
		t.Errorf("state %+v; the router maps %v, the liar %v and was asked %d times", got, r.list(), liar.list(), liar.times("description"))
	}
	m.Close()
	front.Close()
	<-done
}

func portIn(s *httptest.Server) string { return s.URL[strings.LastIndexByte(s.URL, ':')+1:] }

// A life of a hundred years is renewed like one of an hour; one of a second not at once.
func TestTheRouterDoesNotDecideHowOftenItIsAsked(t *testing.T) {
	for life, want := range map[time.Duration]time.Duration{
		0:                         time.Hour / 2,
		time.Second:               time.Minute,
		time.Hour:                 time.Hour / 2,
		(1<<32 - 1) * time.Second: time.Hour / 2,
	} {
		if got := standard.renewal(life); got != want {
			t.Errorf("a life of %s is renewed after %s, want %s", life, got, want)
		}
	}
}

func FuzzPCPAnswer(f *testing.F) {
	c := newPCP(&standard, Route{Own: loopback, Gateway: loopback}, 6881)
	c.nonce = [12]byte{1, 2, 3}
	good := c.question(time.Hour)
	good[1] |= pcpAnswer
	good[3] = 0
	f.Add(good)
	f.Add(good[:pcpSize-1])
	f.Add([]byte{0, pmpAnswer, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, ours, err := c.parse(slices.Clone(b))
		if err != nil && !ours {
			t.Errorf("a foreign answer is an error: %v", err)
		}
		if ours && err == nil && ([12]byte(b[24:36]) != c.nonce || binary.BigEndian.Uint16(b[40:]) != 6881 || len(b) > maxDatagram) {
			t.Errorf("% x is taken for an answer", b)
		}
		if !ours && got != (granted{}) || got.external.Addr().IsMulticast() || got.external.Addr().IsUnspecified() {
			t.Errorf("granted %+v", got)
		}
	})
}

func FuzzNATPMPAnswer(f *testing.F) {
	f.Add([]byte{0, 128, 0, 0, 0, 0, 0, 1, 203, 0, 113, 9}, byte(pmpAddress))
	f.Add([]byte{0, 130, 0, 0, 0, 0, 0, 1, 26, 225, 26, 225, 0, 0, 14, 16}, byte(pmpMapTCP))
	f.Add([]byte{0, 128, 0, 3, 0, 0, 0, 0}, byte(pmpAddress))
	f.Fuzz(func(t *testing.T, b []byte, operation byte) {
		operation &= pmpMapTCP
		ours, err := pmpResult(b, operation, pmpMapSize)
		if ours && err == nil && len(b) != pmpMapSize {
			t.Errorf("% x is taken for an answer", b)
		}
		if err != nil && !ours {
			t.Errorf("a foreign answer is an error: %v", err)
		}
	})
}

func FuzzSearchAnswer(f *testing.F) {
	f.Add([]byte(searchAnswer("http://192.168.1.1:5431/root.xml")))
	f.Add([]byte(searchAnswer("http://192.168.1.1@192.168.1.2/")))
	f.Add([]byte(searchAnswer("http://[::ffff:192.168.1.1]:80/")))
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n"))
	router := netip.MustParseAddr("192.168.1.1")
	f.Fuzz(func(t *testing.T, b []byte) {
		at, err := location(b, router)
		if err != nil {
			return
		}
		if request, err := http.NewRequest(http.MethodGet, at.String(), nil); err == nil && request.URL.Hostname() != router.String() {
			t.Errorf("%q leads to %q", b, request.URL.Host)
		}
	})
}

func FuzzDescription(f *testing.F) {
	f.Add([]byte(description))
	f.Add([]byte(strings.Replace(description, "<device>", "<URLBase>http://192.168.1.1:99/x/</URLBase><device>", 1)))
	f.Add([]byte(strings.ReplaceAll(description, "/control<", "//evil.example/<")))
	router := netip.MustParseAddr("192.168.1.1")
	at, err := location([]byte(searchAnswer("http://192.168.1.1:5431/root.xml")), router)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := services(b, at, router)
		if err == nil && (len(list) == 0 || len(list) > maxServices) {
			t.Errorf("%d services", len(list))
		}
		for _, s := range list {
			if request, err := http.NewRequest(http.MethodPost, s.control, nil); err == nil && request.URL.Hostname() != router.String() {
				t.Errorf("%q leads to %q", s.control, request.URL.Host)
			}
		}
	})
}

func FuzzSOAPAnswer(f *testing.F) {
	f.Add([]byte(`<a><NewExternalIPAddress>203.0.113.9</NewExternalIPAddress></a>`), 200)
	f.Add([]byte(`<a><errorCode>725</errorCode><errorDescription>OnlyPermanentLeasesSupported</errorDescription></a>`), 500)
	f.Fuzz(func(t *testing.T, b []byte, status int) {
		_, err := soapResult(b, status, "NewExternalIPAddress")
		if (err == nil) != (status == http.StatusOK) {
			t.Errorf("status %d: %v", status, err)
		}
		if code := codeOf(err); code < 0 || code > 999 {
			t.Errorf("error %d", code)
		}
	})
}
