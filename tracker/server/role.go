package server

import (
	"net/http"
	"slices"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
)

// Role says which part of a tracker's work a node does.
type Role string

// The roles of a node. A tracker needs nodes for both parts.
const (
	RoleBoth   Role = "both"
	RoleSearch Role = "search" // searches, lists and the page
	RoleAPI    Role = "api"    // everything else, without the names in memory
)

// ParseRole reads both, search or api. Any other text is netproto.CodeUsage.
func ParseRole(s string) (Role, error) {
	switch r := Role(s); r {
	case RoleBoth, RoleSearch, RoleAPI:
		return r, nil
	}
	return "", netproto.Errorf(netproto.CodeUsage, "--role is both, search or api, not %q", s)
}

// askedByID are the routes that every node answers, for each has what that takes in memory.
var askedByID = []string{netproto.RouteResource, netproto.RouteSources, netproto.RoutePeer}

// does reports whether a node with this role answers a route of version 1.
func (r Role) does(route, method string) bool {
	switch list := netproto.IsList(method, route); r {
	case RoleSearch:
		return list || slices.Contains(askedByID, route)
	case RoleAPI:
		return !list
	}
	return true
}

// wrongNode refuses what another node does.
func (r Role) wrongNode(http.ResponseWriter, *http.Request, origin.Caller) error {
	if r == RoleAPI {
		return netproto.Errorf(netproto.CodeWrongNode, "it has the role api, and searches are for nodes with the role search")
	}
	return netproto.Errorf(netproto.CodeWrongNode, "it has the role search, and only searches and lists")
}
