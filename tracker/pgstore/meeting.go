package pgstore

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// What nodes say to each other goes through two tables that PostgreSQL does not log: a
// failover empties them, and nodes say again what matters. A letter is deleted by the node
// that it is for, as it reads it.
const (
	helloEvery  = time.Second
	nodeGone    = "interval '4 seconds'"  // after its last hello
	lettersLast = "interval '20 seconds'" // not taken by then, they are lost
	maxLetters  = 4096                    // that wait to be sent
	lettersOnce = 500                     // taken or sent in one statement
)

// mailChannel is what nodes listen at; its payload are the names of those that have mail.
const mailChannel = "cp2p_mail"

// meeting is how this node speaks with the others.
type meeting struct {
	self store.NodeID
	mail waker // something is to be sent, or has come

	mu      sync.Mutex
	letters []letter
	lost    bool           // one was left out
	failing error          // why the others are not met now; nil if they are
	to      *store.Meeting // nil but during Meet
}

type letter struct {
	to   store.NodeID
	said []byte
}

func newMeeting() *meeting {
	return &meeting{self: store.NodeID(rand.Int64()), mail: make(waker, 1)}
}

// Self is one of store.Nodes.
func (s *Store) Self() store.NodeID { return s.meeting.self }

// Say is one of store.Nodes.
func (s *Store) Say(to store.NodeID, said []byte) {
	m := s.meeting
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.letters) == maxLetters || len(said) > store.MaxSaid {
		m.lost = true
		return
	}
	m.letters = append(m.letters, letter{to, said})
	m.mail.up()
}

// Meet is one of store.Nodes.
func (s *Store) Meet(ctx context.Context, at string, to store.Meeting) {
	s.meeting.tell(&to)
	defer s.meeting.tell(nil)
	defer s.depart(context.WithoutCancel(ctx))
	var hello time.Time
	for ctx.Err() == nil {
		var err error
		if time.Since(hello) >= helloEvery {
			if err = s.hello(ctx, at, to.Others); err == nil {
				hello = time.Now()
			}
		}
		more := false
		if err == nil {
			more, err = s.exchangeMail(ctx, to)
		}
		if s.meeting.went(err) && ctx.Err() == nil {
			s.log.Warn("other nodes are not met", slog.String("why", reason(s.contact.blame(err))))
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
		case <-s.meeting.mail:
		case <-time.After(pollEvery):
		}
	}
}

func (m *meeting) tell(to *store.Meeting) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.to = to
}

// told returns who hears what others wrote; nil if nobody does.
func (m *meeting) told() *store.Meeting {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.to
}

// went notes how it went to meet the others, and reports whether it fails since now.
func (m *meeting) went(err error) (fails bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fails = err != nil && m.failing == nil
	m.failing = err
	return fails
}

// apart returns why the others are not met now, or nil.
func (m *meeting) apart() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failing
}

// barred tells whom another node cut off.
func (m *meeting) barred(t store.Target) {
	if to := m.told(); to != nil {
		to.Barred(t)
	}
}

// announced tells what a peer announced elsewhere and shows to others.
func (m *meeting) announced(id netproto.PeerID, put []memory.Holding) {
	to := m.told()
	if to == nil {
		return
	}
	rs := make([]netproto.Resource, 0, len(put))
	for _, h := range put {
		if !h.Hidden {
			rs = append(rs, netproto.Resource{Hash: h.Hash, Size: h.Size, Name: h.Text, MIME: h.MIME, Folder: h.Folder, Part: h.Part})
		}
	}
	if len(rs) > 0 {
		to.Announced(id, rs)
	}
}

// hello says that this node lives, finds out whether letters can be left, since there may be
// none for long, and asks who else lives.
func (s *Store) hello(ctx context.Context, at string, others func([]store.Node)) error {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	var list []store.Node
	var batch pgx.Batch
	batch.Queue("insert into cp2p_nodes (id, at) values ($1, $2) on conflict (id) do update set at = excluded.at, seen = now()", int64(s.meeting.self), at)
	batch.Queue("delete from cp2p_nodes where seen < now() - " + lettersLast)
	batch.Queue("delete from cp2p_mail where told < now() - " + lettersLast)
	batch.Queue("insert into cp2p_mail (receiver, sender, said) values (0, 0, '')")
	batch.Queue("delete from cp2p_mail where receiver = 0") // of the same transaction, so nobody sees it
	listed := batch.Queue("select id, at from cp2p_nodes where id <> $1 and seen > now() - "+nodeGone+" order by id", int64(s.meeting.self))
	listed.Query(func(rows pgx.Rows) error {
		var id int64
		var at string
		_, err := pgx.ForEachRow(rows, []any{&id, &at}, func() error {
			list = append(list, store.Node{ID: store.NodeID(id), At: at})
			return nil
		})
		return err
	})
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return err
	}
	others(list)
	return nil
}

// depart says that this node ends.
func (s *Store) depart(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, retryAfter)
	defer cancel()
	if _, err := s.pool.Exec(ctx, "delete from cp2p_nodes where id = $1", int64(s.meeting.self)); err != nil {
		s.log.Debug("other nodes were not told of the end", slog.Any("error", err))
	}
}

// next takes the letters that are sent next, and reports whether there are more, and whether
// one was left out since the last time.
func (m *meeting) next() (some []letter, more, lost bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	some = m.letters[:min(len(m.letters), lettersOnce)]
	m.letters = m.letters[len(some):]
	lost, m.lost = m.lost, false
	return some, len(m.letters) > 0, lost
}

// exchangeMail sends what waits and takes what has come, and reports whether there is more.
// What could not be sent is lost; if the transaction fails late, what was heard comes again.
func (s *Store) exchangeMail(ctx context.Context, with store.Meeting) (more bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	m := s.meeting
	some, more, lost := m.next()
	defer func() {
		if lost || err != nil && len(some) > 0 {
			with.Lost()
		}
	}()
	var batch pgx.Batch
	if len(some) > 0 {
		to, said, names := make([]int64, len(some)), make([][]byte, len(some)), map[string]bool{}
		for i, l := range some {
			to[i], said[i] = int64(l.to), l.said
			names[fmt.Sprint(uint64(l.to))] = true
		}
		batch.Queue("insert into cp2p_mail (receiver, sender, said) select r, $1, s from unnest($2::bigint[], $3::bytea[]) as t(r, s)", int64(m.self), to, said)
		for name := range names {
			batch.Queue("select pg_notify($1, $2)", mailChannel, name)
		}
	}
	batch.Queue("with taken as (delete from cp2p_mail where ctid = any(array(select ctid from cp2p_mail where receiver = $1 order by seq limit "+
		strconv.Itoa(lettersOnce)+")) returning *) select sender, case when octet_length(said) <= "+strconv.Itoa(store.MaxSaid)+
		" and told > now() - "+lettersLast+" then said end from taken order by seq", int64(m.self)).Query(func(rows pgx.Rows) error {
		n := 0
		for ; rows.Next(); n++ {
			var from int64
			var said []byte
			if err := rows.Scan(&from, &said); err != nil {
				return err
			}
			if said != nil { // neither too large nor too old
				with.Heard(store.NodeID(from), said)
			}
		}
		more = more || n == lettersOnce
		return rows.Err()
	})
	return more, s.pool.SendBatch(ctx, &batch).Close()
}

// notified wakes whoever waits for what a notification is about.
func (s *Store) notified(channel, payload string) {
	switch {
	case channel != mailChannel:
		s.wake.up()
	case payload == fmt.Sprint(uint64(s.meeting.self)):
		s.meeting.mail.up()
	}
}
