package node_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"testing"

	"centralizedp2p/netproto"
	"centralizedp2p/netproto/identity"
)

func TestTheContentOfALinkIsAskedForAtTheSameTimeAsTheTracker(t *testing.T) {
	id, err := identity.LoadOrCreate(filepath.Join(t.TempDir(), "key"))
	check(t, err)
	asked := make(chan struct{})
	routes := http.NewServeMux()
	routes.HandleFunc(netproto.RouteResource, func(w http.ResponseWriter, _ *http.Request) {
		close(asked)
		fmt.Fprintf(w, `{"hash":%q,"name":"a.txt","sources":1,"added":"2026-01-01T00:00:00Z","names":["a.txt"]}`, netproto.ContentHash{1})
	})
	routes.HandleFunc(netproto.RouteTracker, func(w http.ResponseWriter, r *http.Request) {
		select { // who asks one after the other gets no answer
		case <-asked:
			io.WriteString(w, `{"name":"town"}`)
		case <-r.Context().Done():
		}
	})
	raw, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	server := http.Server{Handler: routes, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(tls.NewListener(raw, id.ServerTLS(identity.HTTP, true, nil)))
	defer server.Close()
	l := openLibrary(t, t.TempDir())
	link := at(raw.Addr().String(), id.Fingerprint())
	link.Hash = netproto.ContentHash{1}
	check(t, ask(t, l, link))
	wantKnown(t, l, link.Tracker, id.Fingerprint())
}
