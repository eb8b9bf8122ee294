package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"centralizedp2p/tracker/store"
)

// share adds what a store tells that several trackers have in common.
func (m *Metrics) share(s store.Shared) {
	for name, of := range map[string]struct {
		help  string
		value func(store.Sharing) float64
	}{
		"lag_seconds":      {"Since this node had all that the database has.", func(s store.Sharing) float64 { return s.Lag.Seconds() }},
		"connections":      {"Connections to the database.", func(s store.Sharing) float64 { return float64(s.Connections) }},
		"connections_busy": {"Connections to the database that are in use.", func(s store.Sharing) float64 { return float64(s.Busy) }},
		"standbys":         {"Standbys that follow the database.", func(s store.Sharing) float64 { return float64(s.Standbys) }},
		"standby_bytes":    {"Bytes of its log that the slowest standby lacks.", func(s store.Sharing) float64 { return float64(s.Behind) }},
		"apart":            {"1 while this node cannot speak with the others.", apart},
	} {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "cp2p", Subsystem: "shared", Name: name, Help: of.help},
			func() float64 { return of.value(s.Sharing()) }))
	}
	for name, of := range map[string]struct {
		help  string
		value func(store.Sharing) int64
	}{
		"groups_total":   {"Groups of changes that this node wrote.", func(s store.Sharing) int64 { return s.Groups }},
		"changes_total":  {"Changes in those groups.", func(s store.Sharing) int64 { return s.Changes }},
		"failures_total": {"Groups that could not be written.", func(s store.Sharing) int64 { return s.Failures }},
		"entries_total":  {"Groups that this node took over from others.", func(s store.Sharing) int64 { return s.Entries }},
		"again_total":    {"Groups that were planned again because another node wrote meanwhile.", func(s store.Sharing) int64 { return s.Again }},
		"reloads_total":  {"Times that everything was read again, because the database had lost something.", func(s store.Sharing) int64 { return s.Reloads }},
	} {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "cp2p", Subsystem: "shared", Name: name, Help: of.help},
			func() float64 { return float64(of.value(s.Sharing())) }))
	}
}

func apart(s store.Sharing) float64 {
	if s.Apart {
		return 1
	}
	return 0
}
