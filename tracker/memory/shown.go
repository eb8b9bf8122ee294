package memory

import "sync/atomic"

// shown counts what is online and not hidden, as index.Index.Online does, for a memory
// without an index.
type shown struct{ contents, bytes atomic.Int64 }

// count notes that a row has more or fewer sources that are online.
func (m *memory) count(r *row, delta int) {
	if m.names != nil || r.hidden {
		return
	}
	m.weigh(r.content, -1)
	r.content.online += int32(delta)
	m.weigh(r.content, 1)
}

// weigh counts a content in (1) or out (-1) if it has an online source, for a change out
// first. Its size is that of its oldest name.
func (m *memory) weigh(c *content, sign int64) {
	if c.online == 0 {
		return
	}
	for _, r := range c.rows.all() {
		if !r.hidden {
			m.shown.contents.Add(sign)
			m.shown.bytes.Add(sign * r.size)
			return
		}
	}
}
