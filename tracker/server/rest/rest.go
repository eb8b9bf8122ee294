// Package rest reads what requests say and writes what answers say: bodies as strict JSON,
// paths, the part after "?", pages of hits, upgrades. It knows no route, and of the store
// only what a search may ask.
package rest

import (
	"net/http"

	"centralizedp2p/tracker/server/origin"
)

// Handler answers a request or returns the error to answer with.
type Handler func(w http.ResponseWriter, r *http.Request, c origin.Caller) error
