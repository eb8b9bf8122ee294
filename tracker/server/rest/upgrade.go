package rest

import (
	"net"
	"net/http"
	"strings"

	"centralizedp2p/netproto"
)

// WantsUpgrade returns nil if a request asks for its connection to become one of that
// protocol (RFC 9110 §7.8).
func WantsUpgrade(w http.ResponseWriter, r *http.Request, protocol string) error {
	if r.Method == http.MethodGet && hasToken(r.Header, "Connection", "upgrade") && hasToken(r.Header, "Upgrade", protocol) {
		return nil
	}
	w.Header().Set("Upgrade", protocol)
	return netproto.Errorf(netproto.CodeBadRequest, "ask for this with GET, Connection: Upgrade and Upgrade: %s; a proxy between has to pass them on", protocol)
}

func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// Upgrade answers 101 and takes the connection from the HTTP server, with the bytes of
// it that were read already. What the HTTP server kept for it is let go. After an error
// nothing more can be answered.
func Upgrade(w http.ResponseWriter, protocol string) (conn net.Conn, early []byte, err error) {
	w.Header().Set("Connection", "Upgrade")
	w.Header().Set("Upgrade", protocol)
	w.WriteHeader(http.StatusSwitchingProtocols)
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early = make([]byte, n)
		buffered.Read(early) // all of it is there
	}
	return conn, early, nil
}
