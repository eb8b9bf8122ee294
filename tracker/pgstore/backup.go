package pgstore

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/boltstore"
	"centralizedp2p/tracker/memory"
	"centralizedp2p/tracker/store"
)

// Backup writes what the database has at one instant, as a file of a tracker without
// PostgreSQL: it can be opened by one, and be put into another database by Import.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	return dump(ctx, s.pool, s.address, w, s.log)
}

// Dump is Backup for a database that no tracker need run on.
func Dump(ctx context.Context, address string, w io.Writer) error {
	settings, err := config(address)
	if err != nil {
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return explain(address, err)
	}
	defer pool.Close()
	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		found, needed, err := versions(ctx, tx)
		switch {
		case err == nil && found == 0:
			return netproto.Errorf(netproto.CodeStore, "it has no data of a tracker")
		case err == nil && needed > schema:
			return newer(needed)
		}
		return err
	})
	if err != nil {
		return explain(address, err)
	}
	return dump(ctx, pool, address, w, slog.New(slog.DiscardHandler))
}

func dump(ctx context.Context, pool *pgxpool.Pool, address string, w io.Writer, log *slog.Logger) error {
	folder, err := os.MkdirTemp("", "centralizedp2p-backup-")
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "the backup cannot be written: %w", err)
	}
	defer os.RemoveAll(folder)
	copied := memory.New(store.Config{}, nil)
	defer copied.Close()
	loaded, _, err := load(ctx, pool, copied, log)
	if err != nil {
		return explain(address, err)
	}
	loaded.Done()
	file := filepath.Join(folder, "tracker.db")
	if err := boltstore.Create(file, copied.Export); err != nil {
		return err
	}
	from, err := os.Open(file)
	if err != nil {
		return netproto.Errorf(netproto.CodeStore, "the backup cannot be read: %w", err)
	}
	defer from.Close()
	_, err = io.Copy(w, reader{ctx, from})
	return err
}

// reader stops when its context ends.
type reader struct {
	ctx context.Context
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.Reader.Read(p)
}

// importAtOnce is how many entries of a file are sent at a time.
const importAtOnce = 10_000

// Import puts all that the file of a tracker without PostgreSQL has into the database at
// the address, whose tables must be empty: all of it or nothing. Errors are as of Open,
// and of boltstore.Load.
func Import(ctx context.Context, file, address string) error {
	settings, err := config(address)
	if err != nil {
		return err
	}
	loaded, err := boltstore.Load(file, store.Config{})
	if err != nil {
		return err
	}
	defer loaded.Close()
	conn, err := pgx.ConnectConfig(ctx, settings.ConnConfig)
	if err != nil {
		return explain(address, err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	err = pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select "+turn); err != nil {
			return err
		}
		if err := migrate(ctx, tx); err != nil {
			return err
		}
		var full bool
		if err := tx.QueryRow(ctx, "select exists (select from cp2p_entries)").Scan(&full); err != nil {
			return err
		}
		if full {
			return netproto.Errorf(netproto.CodeStore, "it has the data of a tracker already: use an empty one")
		}
		into := &importer{ctx: ctx, tx: tx, group: newGroup()}
		if err := loaded.Export(into); err != nil {
			return err
		}
		return into.send(0)
	})
	if err != nil {
		return explain(address, err)
	}
	return nil
}

// importer sends entries a few thousand at a time.
type importer struct {
	*group
	ctx context.Context
	tx  pgx.Tx
}

// PutHolding sends what is there once it is much; all other entries are few.
func (i *importer) PutHolding(h memory.Holding) error {
	if err := i.group.PutHolding(h); err != nil {
		return err
	}
	return i.send(importAtOnce)
}

// send sends the entries if there are that many.
func (i *importer) send(least int) error {
	if len(i.values) < least || len(i.values) == 0 {
		return nil
	}
	keys, values, _, _ := i.changes()
	clear(i.values)
	_, err := i.tx.CopyFrom(i.ctx, pgx.Identifier{"cp2p_entries"}, []string{"key", "value"}, pgx.CopyFromSlice(len(keys), func(n int) ([]any, error) {
		return []any{keys[n], values[n]}, nil
	}))
	return err
}
