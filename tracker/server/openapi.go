package server

import (
	_ "embed"
	"net/http"

	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/server/webpages"
)

// openAPI describes the REST API; a test compares it with the routes and with the
// types of netproto.
//
//go:embed openapi.yaml
var openAPI []byte

func describe(w http.ResponseWriter, _ *http.Request, _ origin.Caller) error {
	webpages.Write(w, http.StatusOK, "application/yaml", openAPI)
	return nil
}
