package memory

import "centralizedp2p/netproto"

// group is what is kept at once.
type group struct {
	Changes
	planned map[netproto.ContentHash]*planned
	next    Numbers
	claims  claims // on the budget
	notes   noteClaims
}

// planned is a content that gets new rows; they are found here until they are in
// memory.
type planned struct {
	content *content
	rows    []*row
}
