package metrics_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/metrics"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// together is a store that says what one of several nodes says.
type together struct{ store.Store }

func (together) Stats(context.Context) (netproto.Stats, error) { return netproto.Stats{}, nil }

func (together) Sizes() store.Sizes { return store.Sizes{} }

func (together) Sharing() store.Sharing {
	return store.Sharing{Lag: 1500 * time.Millisecond, Groups: 1, Changes: 2, Failures: 3, Entries: 4, Again: 5, Reloads: 6, Connections: 7, Busy: 8, Standbys: 9, Behind: 10, Apart: true}
}

func TestTheMetricsTellHowItGoesWithASharedStore(t *testing.T) {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	owner := origin.Caller{Addr: netip.MustParseAddr("127.0.0.1")}
	if err := metrics.New(metrics.Config{Policy: metrics.Private, Store: together{}}).Serve(w, r, owner); err != nil {
		t.Fatal(err)
	}
	said := w.Body.String()
	for _, want := range []string{
		"cp2p_shared_lag_seconds 1.5", "cp2p_shared_groups_total 1", "cp2p_shared_changes_total 2", "cp2p_shared_failures_total 3",
		"cp2p_shared_entries_total 4", "cp2p_shared_again_total 5", "cp2p_shared_reloads_total 6", "cp2p_shared_connections 7",
		"cp2p_shared_connections_busy 8", "cp2p_shared_standbys 9", "cp2p_shared_standby_bytes 10", "cp2p_shared_apart 1",
	} {
		if !strings.Contains(said, "\n"+want+"\n") {
			t.Errorf("the metrics lack %q", want)
		}
	}
}
