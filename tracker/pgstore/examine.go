package pgstore

import (
	"context"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/store"
)

// Bounds of what is well.
const (
	examineTime  = 5 * time.Second
	spareClients = 2 * (connections + 1) // connections that should be left: those of two more nodes
	clockSkew    = 2 * time.Second
	farBehind    = 64 << 20 // bytes of the log
	refusedLong  = 10 * time.Minute
)

// Examine is of store.Examined.
func (s *Store) Examine(ctx context.Context) []store.Fact {
	ctx, cancel := context.WithTimeout(ctx, examineTime)
	defer cancel()
	facts := []store.Fact{s.examineFollowing()}
	for _, examine := range []func(context.Context) (store.Fact, error){
		s.examineServer, s.examineRights, s.examineConnections, s.examineClock, s.examineStandbys,
	} {
		fact, err := examine(ctx)
		if err != nil {
			return append(facts, store.Fact{State: netproto.FindingBad, Text: "the database " + Display(s.address) + ": " + reason(err)})
		}
		facts = append(facts, fact)
	}
	return facts
}

func good(form string, args ...any) store.Fact {
	return store.Fact{State: netproto.FindingGood, Text: fmt.Sprintf(form, args...)}
}

func warning(form string, args ...any) store.Fact {
	return store.Fact{State: netproto.FindingWarning, Text: fmt.Sprintf(form, args...)}
}

// examineFollowing is about what this node sees of the others, and whether it can write.
func (s *Store) examineFollowing() store.Fact {
	lag := s.lag()
	if last := s.counts.refused.Load(); last != nil && time.Since(last.at) < refusedLong {
		return warning("%s ago a change could not be written: %s", time.Since(last.at).Round(time.Second), last.why)
	}
	if lag > lagging {
		return store.Fact{State: netproto.FindingBad, Text: fmt.Sprintf("this node has heard nothing of its database for %s", lag.Round(time.Second))}
	}
	if apart := s.meeting.apart(); apart != nil {
		return store.Fact{State: netproto.FindingBad, Text: "this node can say nothing to other nodes: " + reason(apart)}
	}
	return good("this node has all that its database had %s ago", lag.Round(time.Millisecond))
}

func (s *Store) examineServer(ctx context.Context) (store.Fact, error) {
	var version string
	var size int64
	if err := s.pool.QueryRow(ctx, "select current_setting('server_version'), pg_database_size(current_database())").Scan(&version, &size); err != nil {
		return store.Fact{}, err
	}
	return good("its database is PostgreSQL %s and takes %s", version, humanize.IBytes(uint64(size))), nil
}

func (s *Store) examineRights(ctx context.Context) (store.Fact, error) {
	var who, schema string
	var writes, creates bool
	err := s.pool.QueryRow(ctx, `select current_user, current_schema(),
		(select bool_and(has_table_privilege(t, p))
			from unnest('{cp2p_entries,cp2p_log,cp2p_meta,cp2p_nodes,cp2p_mail}'::text[]) t, unnest('{select,insert,update,delete}'::text[]) p),
		has_schema_privilege(current_schema(), 'create')`).Scan(&who, &schema, &writes, &creates)
	switch {
	case err != nil:
		return store.Fact{}, err
	case !writes:
		text := fmt.Sprintf("the user %s may not write to its tables: grant all on all tables in schema %s to %[1]s", who, schema)
		return store.Fact{State: netproto.FindingBad, Text: text}, nil
	case !creates:
		return warning("the user %s may not create tables, which an update of this program may need: grant create on schema %s to %[1]s", who, schema), nil
	}
	return good("the user %s has the rights that a tracker needs", who), nil
}

func (s *Store) examineConnections(ctx context.Context) (store.Fact, error) {
	var most, used int
	err := s.pool.QueryRow(ctx, "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int, "+
		"(select count(*)::int from pg_stat_activity where backend_type = 'client backend')").Scan(&most, &used)
	if err != nil {
		return store.Fact{}, err
	}
	if most-used < spareClients {
		return warning("%d of its %d connections are in use, and each node needs up to %d: "+
			"raise max_connections, or put PgBouncer between", used, most, connections+1), nil
	}
	return good("%d of its %d connections are in use", used, most), nil
}

func (s *Store) examineClock(ctx context.Context) (store.Fact, error) {
	began := time.Now()
	var there time.Time
	if err := s.pool.QueryRow(ctx, "select clock_timestamp()").Scan(&there); err != nil {
		return store.Fact{}, err
	}
	took := time.Since(began)
	ahead := began.Add(took / 2).Sub(there)
	if ahead.Abs() > clockSkew+took {
		return warning("the clock of this computer is %s ahead of that of the database: "+
			"set both by NTP, or leases and bans end at the wrong time", ahead.Round(time.Second/10)), nil
	}
	return good("its clock and that of this computer agree, and it answers in %s", took.Round(10*time.Microsecond)), nil
}

func (s *Store) examineStandbys(ctx context.Context) (store.Fact, error) {
	var standbys int32
	var behind int64
	if err := s.pool.QueryRow(ctx, standbysBehind).Scan(&standbys, &behind); err != nil {
		return store.Fact{}, err
	}
	switch {
	case standbys == 0:
		return good("no standby follows it: if it is lost, what was announced since the last backup is announced again"), nil
	case behind > farBehind:
		return warning("a standby is %s behind: look at its disk and its network, "+
			"as what it lacks is lost if it is promoted", humanize.IBytes(uint64(behind))), nil
	}
	return good("%d standbys follow it, the slowest of them %s behind", standbys, humanize.IBytes(uint64(behind))), nil
}
