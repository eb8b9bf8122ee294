package pgstore

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"centralizedp2p/tracker/memory"
)

// recentBytes bounds what a node remembers of the log. That is more than a standby lacks
// as long as it keeps up.
const (
	recentBytes = 16 << 20
	entryBytes  = 64 // of an entry, besides what it tells
)

// recent is the end of the log as memory has it, the oldest entry first. A database that
// lost its last entries, as after a failover, mostly has one of these as its last.
type recent struct {
	entries []taken
	bytes   int
}

// taken is an entry of the log.
type taken struct {
	position
	told []byte
}

// last returns the last entry that memory has.
func (r *recent) last() position { return r.entries[len(r.entries)-1].position }

func (r *recent) add(at position, told []byte) {
	r.entries = append(r.entries, taken{at, told})
	r.bytes += len(told) + entryBytes
	for r.bytes > recentBytes && len(r.entries) > 1 {
		r.bytes -= len(r.entries[0].told) + entryBytes
		r.entries[0] = taken{}
		r.entries = r.entries[1:]
	}
}

// cut forgets the entries from that place on.
func (r *recent) cut(n int) {
	for _, e := range r.entries[n:] {
		r.bytes -= len(e.told) + entryBytes
	}
	clear(r.entries[n:])
	r.entries = r.entries[:n]
}

// keysFrom returns the keys that entries from that place on changed, in their order.
func (r *recent) keysFrom(n int) ([]string, error) {
	keys := map[string]bool{}
	for _, e := range r.entries[n:] {
		changes, err := parseChanges(e.told)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			if c.what != heard {
				keys[string(c.key)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(keys)), nil
}

// rewind has memory take back what the database lost, and reports whether the two have an
// entry of the log in common. Memory then follows from there.
func (k *keeper) rewind(ctx context.Context) (common bool, err error) {
	err = pgx.BeginTxFunc(ctx, k.pool, snapshot, func(tx pgx.Tx) error {
		kept, err := k.keptEntries(ctx, tx)
		if err != nil || kept == 0 {
			return err
		}
		keys, err := k.recent.keysFrom(kept)
		if err != nil {
			return err
		}
		if err := restore(ctx, tx, k.memory.Follower(), keys); err != nil {
			return err
		}
		common = true
		k.log.Info("what the database lost was taken back", slog.Int("entries", len(k.recent.entries)-kept), slog.Int("changes", len(keys)))
		k.recent.cut(kept)
		return nil
	})
	if common {
		k.lost.Store(false)
	}
	return common, err
}

// keptEntries returns how many of the recent entries there are up to the last that the
// database has, too.
func (k *keeper) keptEntries(ctx context.Context, tx pgx.Tx) (int, error) {
	rows, err := tx.Query(ctx, "select seq, nonce from cp2p_log where seq between $1 and $2", k.recent.entries[0].seq, k.recent.last().seq)
	if err != nil {
		return 0, err
	}
	has := map[position]bool{}
	var at position
	if _, err := pgx.ForEachRow(rows, []any{&at.seq, &at.nonce}, func() error {
		has[at] = true
		return nil
	}); err != nil {
		return 0, err
	}
	n := len(k.recent.entries)
	for n > 0 && !has[k.recent.entries[n-1].position] {
		n--
	}
	return n, nil
}

// restore has memory keep under some sorted keys what the database does.
func restore(ctx context.Context, tx pgx.Tx, f memory.Follower, keys []string) error {
	asked := make([][]byte, len(keys))
	for i, key := range keys {
		asked[i] = []byte(key)
	}
	rows, err := tx.Query(ctx, "select key, value from cp2p_entries where key = any($1::bytea[])", asBytes, asked)
	if err != nil {
		return err
	}
	defer rows.Close()
	values := map[string][]byte{}
	for rows.Next() {
		raw := rows.RawValues() // until the next row
		values[string(raw[0])] = bytes.Clone(raw[1])
	}
	if err := rows.Err(); err != nil {
		return err
	}
	changes := make([]change, len(keys))
	for i, key := range asked {
		value, there := values[keys[i]]
		changes[i] = change{what: drop, key: key}
		if there {
			changes[i] = change{put, key, value}
		}
	}
	return apply(f, changes, nobody{})
}
