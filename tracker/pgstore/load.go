package pgstore

import (
	"context"
	"log/slog"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// snapshot has all queries of a transaction see the same instant.
var snapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// load fills a memory with what the database has at one instant, and returns the last
// entry of the log that is in it. It leaves out damaged entries: their peers notice that
// their counts differ and announce again.
func load(ctx context.Context, pool *pgxpool.Pool, s *memory.Store, log *slog.Logger) (loaded *memory.Loader, at position, err error) {
	l := loader{Loader: s.Load()}
	err = pgx.BeginTxFunc(ctx, pool, snapshot, func(tx pgx.Tx) error {
		if err := tx.QueryRow(ctx, "select seq, nonce from cp2p_log order by seq desc limit 1").Scan(&at.seq, &at.nonce); err != nil {
			return err
		}
		// Peers come first, whose holdings need them.
		if err := l.read(ctx, tx, "select key, value from cp2p_entries where key < $1"); err != nil {
			return err
		}
		return l.read(ctx, tx, "select key, value from cp2p_entries where key >= $1")
	})
	if err != nil {
		return nil, at, err
	}
	slices.SortStableFunc(l.seeds, func(a, b store.SeedRow) int { return a.Added.Compare(b.Added) })
	for _, r := range l.seeds {
		l.Seed(l.Next.Seed, r)
		l.Next.Seed++
	}
	slices.SortStableFunc(l.notes, func(a, b store.Note) int { return a.Left.Compare(b.Left) })
	for _, n := range l.notes {
		l.Note(l.Next.Note, n)
		l.Next.Note++
	}
	if l.damaged > 0 {
		log.Warn("damaged entries were left out: the peers that made them are asked to announce again", slog.Int("entries", l.damaged))
	}
	return l.Loader, at, nil
}

// loader fills a memory.
type loader struct {
	*memory.Loader
	seeds   []store.SeedRow
	notes   []store.Note
	damaged int
}

func (l *loader) read(ctx context.Context, tx pgx.Tx, query string) error {
	rows, err := tx.Query(ctx, query, asBytes, []byte{ofHolding})
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		raw := rows.RawValues() // until the next row
		if len(raw[0]) == 0 || !l.take(raw[0], raw[1]) {
			l.damaged++
		}
	}
	return rows.Err()
}

// take adds an entry, and reports whether it was whole.
func (l *loader) take(key, value []byte) bool {
	var err error
	switch key[0] {
	case ofPeer:
		var p memory.Peer
		if p, err = parsePeer(key, value); err == nil {
			p.Number = l.Next.Peer
			l.Next.Peer++
			l.Peer(p)
		}
	case ofHolding:
		h, mime, err := parseHolding(key, value)
		return err == nil && l.Named(h, mime)
	case ofSeed:
		var r store.SeedRow
		if r, err = parseSeed(key, value); err == nil {
			l.seeds = append(l.seeds, r)
		}
	case ofNote:
		var n store.Note
		if n, err = parseNote(key, value); err == nil {
			l.notes = append(l.notes, n)
		}
	case ofInvite:
		var i store.Invite
		if i, err = parseInvite(key, value); err == nil {
			l.Invite(i)
		}
	case ofMember:
		var m store.Member
		if m, err = parseMember(key, value); err == nil {
			l.Member(m)
		}
	case ofBan:
		var b store.Ban
		if b, err = parseBan(key, value); err == nil {
			l.Ban(b)
		}
	}
	return err == nil
}
