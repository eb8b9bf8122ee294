package daemon

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"
	"net/netip"
	"time"

	"golang.org/x/sync/errgroup"

	"centralizedp2p/netproto"
)

// listenPprof opens the port of the profiler. A profile reveals what is in
// memory, so only this computer may ask for one.
func listenPprof(address string) (net.Listener, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, netproto.Errorf(netproto.CodeUsage, "--pprof is a loopback address, for example 127.0.0.1:6060, not %q", address)
	}
	return listen(address)
}

// servePprof answers on the listener until ctx ends, and closes it.
func servePprof(ctx context.Context, ln net.Listener) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{
		Handler: loopbackHost(mux), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 5 * time.Minute, // recording a profile takes as long as the request asks for
		BaseContext:  func(net.Listener) context.Context { return ctx },
	}
	var group errgroup.Group
	group.Go(func() error { return served(server.Serve(ln)) })
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	return group.Wait()
}

// loopbackHost refuses requests that a web page makes a browser on this computer
// send under a name that resolves to this computer.
func loopbackHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if ip := net.ParseIP(host); err != nil || (host != "localhost" && (ip == nil || !ip.IsLoopback())) {
			http.Error(w, "ask for this as localhost", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
