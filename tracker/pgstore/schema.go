package pgstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/record"
)

// schema is the version of the tables. A program refuses tables that say that they need a
// newer one; a new schema that old programs can go on with leaves least as it is.
const (
	schema = 3
	least  = 1 // the oldest schema whose programs may use these tables
)

// migrations lead from the schema that is their place to the next. A released one never
// changes.
var migrations = []string{`
create table cp2p_meta (name text primary key, value text not null);
create table cp2p_entries (key bytea primary key, value bytea not null);
create table cp2p_log (
	seq bigint generated always as identity (cache 1) primary key,
	nonce bigint not null,
	at timestamptz not null default now(),
	told bytea not null
);
alter table cp2p_log alter column told set storage external;
alter table cp2p_entries set (autovacuum_vacuum_scale_factor = 0.05);
insert into cp2p_log (nonce, told) values (0, '');
`, `
create unlogged table cp2p_nodes (id bigint primary key, at text not null, seen timestamptz not null default now());
create unlogged table cp2p_mail (
	seq bigint generated always as identity,
	receiver bigint not null,
	sender bigint not null,
	said bytea not null,
	told timestamptz not null default now()
);
create index on cp2p_mail (receiver, seq);
`,
	// A standby that takes over cannot go on with a sequence that is not logged: of PostgreSQL
	// 15 and later, it has "bad magic number in sequence". So this one is logged, and made again
	// where that has happened.
	`
alter table cp2p_mail alter column seq drop identity, alter column seq add generated always as identity (sequence name cp2p_mail_order);
alter sequence cp2p_mail_order set logged;
`}

const (
	oldestServer = 150000 // PostgreSQL 15
	connectTime  = 5 * time.Second
	openTime     = 30 * time.Second // to connect and to migrate
	connections  = 5                // at most, besides the one that listens: for a write, a ping, letters, upkeep and a backup
)

// turn is the lock of whoever writes, for the tables in the schema of this connection.
const turn = "pg_advisory_xact_lock(1668296304, hashtext(current_schema()))"

// config reads the address of a database.
func config(address string) (*pgxpool.Config, error) {
	if u, err := url.Parse(address); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return nil, netproto.Errorf(netproto.CodeUsage, "a password does not belong in the address of a database, where others can read it: "+
				"put it into the variable PGPASSWORD, or into a file that PGPASSFILE names")
		}
	}
	c, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, netproto.Errorf(netproto.CodeUsage, "%s is not the address of a database, such as postgres://tracker@db.example/tracker", Display(address))
	}
	c.MaxConns = connections
	c.ConnConfig.ConnectTimeout = connectTime
	// PgBouncer gives each transaction another connection: nothing may be prepared.
	c.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	if c.ConnConfig.ValidateConnect == nil {
		c.ConnConfig.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if c.ConnConfig.RuntimeParams["application_name"] == "" {
		c.ConnConfig.RuntimeParams["application_name"] = "centralizedp2p tracker"
	}
	return c, nil
}

// Display returns an address as it may be shown: without its query, and without a
// password. Any other text stays as it is.
func Display(address string) string {
	scheme, _, is := strings.Cut(address, "://")
	if !is {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return scheme + "://…"
	}
	u.RawQuery = ""
	return u.Redacted()
}

// prepare checks the server and brings the tables up to date.
func prepare(ctx context.Context, pool *pgxpool.Pool) error {
	var server int
	if err := pool.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&server); err != nil {
		return err
	}
	if server < oldestServer {
		return netproto.Errorf(netproto.CodeStore, "it is PostgreSQL %d; a tracker needs %d or newer", server/10000, oldestServer/10000)
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select "+turn); err != nil {
			return err
		}
		return migrate(ctx, tx)
	})
}

func migrate(ctx context.Context, tx pgx.Tx) error {
	found, needed, err := versions(ctx, tx)
	if err != nil {
		return err
	}
	if needed > schema {
		return newer(needed)
	}
	if found >= schema {
		return nil
	}
	for _, step := range migrations[found:] {
		if _, err := tx.Exec(ctx, step); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "insert into cp2p_meta (name, value) values ('schema', $1), ('least', $2) on conflict (name) do update set value = excluded.value",
		strconv.Itoa(schema), strconv.Itoa(least))
	return err
}

// versions returns the schema of the tables, and the oldest whose programs may use them;
// without tables they are 0.
func versions(ctx context.Context, tx pgx.Tx) (found, needed int, err error) {
	var tables bool
	if err := tx.QueryRow(ctx, "select to_regclass('cp2p_meta') is not null").Scan(&tables); err != nil || !tables {
		return 0, 0, err
	}
	rows, err := tx.Query(ctx, "select name, value from cp2p_meta where name in ('schema', 'least')")
	if err != nil {
		return 0, 0, err
	}
	said := map[string]int{}
	var name, value string
	_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
		said[name], err = strconv.Atoi(value)
		return err
	})
	if err == nil && (said["schema"] < 1 || said["least"] < 1) {
		err = netproto.Errorf(netproto.CodeStore, "its tables are not those of a tracker")
	}
	return said["schema"], said["least"], err
}

func newer(needed int) error {
	return netproto.Errorf(netproto.CodeStore, "it was written by a newer version (its schema is %d, this program knows %d): update this program",
		needed, schema)
}

// explain returns why a database could not be opened, in words.
func explain(address string, err error) error {
	if known, ok := errors.AsType[*netproto.Error](err); ok {
		return netproto.Errorf(known.Code, "the database %s: %w", Display(address), err)
	}
	return &netproto.Error{Code: netproto.CodeStore, Detail: fmt.Sprintf("the database %s cannot be used: %s", Display(address), reason(err)), Cause: err}
}

// reason returns what is wrong with a database, and what its owner can do.
func reason(err error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case strings.HasPrefix(refused.Code, "28"):
			return "it does not let this user in: check the name, and the password in PGPASSWORD or in the file that PGPASSFILE names"
		case refused.Code == "3D000":
			return "there is no database of this name: create it with createdb"
		case refused.Code == "42501":
			return "this user may not do that there: give it the right to create tables, or make it the owner of the schema"
		case refused.Code == "53300":
			return "it has no connection left: raise max_connections"
		case refused.Code == "53100":
			return "its disk is full"
		case refused.Code == "25006":
			return "it only reads: it is a standby, or has been set to read-only"
		case strings.HasPrefix(refused.Code, "57"), refused.Code == "55P03":
			return "it is starting, stopping or too busy"
		}
		return refused.Message
	}
	if _, missing := errors.AsType[*net.DNSError](err); missing {
		return "there is no computer of this name"
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "it does not answer"
	case errors.Is(err, record.ErrDamaged):
		return "an entry of its log is damaged"
	}
	if _, dialled := errors.AsType[*net.OpError](err); dialled {
		return "it cannot be reached"
	}
	return "it cannot be reached (" + err.Error() + ")"
}
