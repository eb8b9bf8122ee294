package peer

import "centralizedp2p/netproto"

// Shared tells whether a whole content is offered from this computer.
func (e *Engine) Shared(hash netproto.ContentHash) bool {
	return e.contents.shared(hash) != nil
}

// NameOf is how a content is called here, its hash where it has no name.
func (e *Engine) NameOf(hash netproto.ContentHash) string {
	if r, ok := e.membership().holding(hash); ok {
		return r.Name
	}
	return hash.String()
}
