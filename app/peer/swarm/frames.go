package swarm

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"centralizedp2p/app/peer/session"
	"centralizedp2p/app/piece"
	"centralizedp2p/netproto"
)

// The frames of a connection find the stream or request that they are about.

// Manifest takes a part of a manifest, and bans a peer whose manifest does not fold to
// its hash.
func (r *reader) Manifest(f netproto.Manifest) error {
	s := r.stream(f.Stream)
	if s == nil {
		return nil
	}
	err := s.onManifest(f)
	if errors.Is(err, piece.ErrManifest) {
		r.swarms.config.Conns.Ban(r.conn.Key, err)
	}
	return err
}

// Have takes the pieces that a source has.
func (r *reader) Have(f netproto.Have) {
	if s := r.stream(f.Stream); s != nil {
		s.onHave(int(f.First), f.Bits)
	}
}

// Update takes the pieces that a source has got since then.
func (r *reader) Update(f netproto.Update) {
	if s := r.stream(f.Stream); s != nil {
		s.onUpdate(f.Pieces)
	}
}

// Fetching takes the pieces that a source will have soon.
func (r *reader) Fetching(f netproto.Fetching) {
	if s := r.stream(f.Stream); s != nil {
		s.onFetching(f.Pieces)
	}
}

// Turn takes the word of a source that it serves a stream that waited.
func (r *reader) Turn(f netproto.Turn) {
	if s := r.stream(f.Stream); s != nil {
		s.onTurn()
	}
}

// Attributes takes those of the files of a folder.
func (r *reader) Attributes(f netproto.Attributes) {
	if s := r.stream(f.Stream); s != nil {
		s.onAttributes(f)
	}
}

// Refuse takes the refusal of a request or of a content.
func (r *reader) Refuse(f netproto.Refuse) {
	s := r.stream(f.Stream)
	if s == nil {
		return
	}
	q := r.request(f.Request)
	if f.Request != 0 && (q == nil || q.stream != s) {
		return // cancelled meanwhile
	}
	s.onRefuse(q, f.Code, int(f.Place))
}

// Data passes the bytes of a data frame to the request that they answer.
func (r *reader) Data(in *bufio.Reader, length int) error {
	var raw [4]byte
	if length <= len(raw) {
		return fmt.Errorf("%w: data of %d bytes", netproto.ErrFrame, length)
	}
	if _, err := io.ReadFull(in, raw[:]); err != nil {
		return err
	}
	n := length - len(raw)
	id := binary.BigEndian.Uint32(raw[:])
	q := r.request(id)
	if q != nil && q.lane.first.IsZero() {
		q.lane.first = time.Now()
	}
	if q != nil && (q.opened != nil || q.lane.limited.Load()) {
		q.await()
		q.lane.applyLimits()
		q = r.request(id)
	}
	if q == nil {
		if !r.late(n) {
			return fmt.Errorf("%w: data that nobody asked for", netproto.ErrFrame)
		}
		_, err := in.Discard(n)
		return err
	}
	// Under a limit, a piece is asked for in parts. What is more than the whole piece is for the
	// writer to find, since that is no piece of the content.
	if int64(n) > q.unanswered() && int64(n) <= q.owed.Load() {
		return fmt.Errorf("%w: data that nobody asked for yet", netproto.ErrFrame)
	}
	buf := session.Buffers.Get().(*[]byte)
	defer session.Buffers.Put(buf)
	b := (*buf)[:n]
	for got := 0; got < n; { // in TLS records: each is hashed while the cache has it
		m, err := in.Read(b[got:])
		if got += m; err != nil && got < n {
			return err
		}
		q.writer.Hash(b[:got])
	}
	r.swarms.config.Traffic.DownMeter.Add(n)
	r.swarms.config.Got(q.lane.conn.Key, n)
	return q.lane.receive(q, id, b)
}

// End tells the lanes of the connection that it is over.
func (r *reader) End(err error) {
	r.mu.Lock()
	r.over = true
	var lanes []*lane
	for _, s := range r.streams {
		if !slices.Contains(lanes, s.lane) {
			lanes = append(lanes, s.lane)
		}
	}
	r.mu.Unlock()
	for _, l := range lanes {
		l.lost(err)
	}
}
