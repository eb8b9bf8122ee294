// Package metrics counts what a tracker does, for Prometheus, and logs requests if the owner
// asks for that. It is the only room that knows Prometheus, and it knows no route.
package metrics

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// Policy says who may read /metrics.
type Policy string

// The policies of --metrics.
const (
	Private Policy = "private" // loopback and private addresses
	Public  Policy = "public"  // everybody
)

// ParsePolicy reads private or public. Any other text is netproto.CodeUsage.
func ParsePolicy(s string) (Policy, error) {
	switch p := Policy(s); p {
	case Private, Public:
		return p, nil
	}
	return "", netproto.Errorf(netproto.CodeUsage, "--metrics is private or public, not %q", s)
}

// Config says what the metrics are about and who may read them.
type Config struct {
	Policy    Policy
	AccessLog bool // log every request
	Log       *slog.Logger
	Store     store.Store
	Searches  bool // the store has the names in memory
}

// metricsTimeout bounds the calls to the store in one scrape.
const metricsTimeout = 2 * time.Second

const maxScrapes = 2 // at once

// Metrics is what Prometheus reads. No label comes from a request, so the number
// of series is bounded and none identifies a person.
type Metrics struct {
	policy    Policy
	accessLog bool
	log       *slog.Logger
	handler   http.Handler
	readers   chan struct{}            // holds one for each scrape under way
	durations *prometheus.HistogramVec // by route, method and status
	refusals  *prometheus.CounterVec   // by reason
	beats     *prometheus.CounterVec   // by what the peer was told to do
	announced prometheus.Counter
	withdrawn prometheus.Counter
	calls     *prometheus.CounterVec // by what became of them
	notes     *prometheus.CounterVec // likewise
	met       *prometheus.CounterVec // peers, by the way in which they met
	registry  *prometheus.Registry
}

// New returns metrics that have counted nothing.
func New(c Config) *Metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "cp2p", Name: name, Help: help}
	}
	m := &Metrics{
		policy: c.Policy, accessLog: c.AccessLog, log: c.Log, readers: make(chan struct{}, maxScrapes),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "cp2p", Name: "request_duration_seconds",
			Help: "From the end of a request's header to the end of its answer.",
			// From a heartbeat (0.1 ms) to a full body on a slow line.
			Buckets: []float64{.0001, .00025, .001, .0025, .01, .025, .1, .25, 1, 2.5, 10, 30},
		}, []string{"route", "method", "status"}),
		refusals:  prometheus.NewCounterVec(counter("refusals_total", "Requests and connections that were refused, by reason."), []string{"reason"}),
		beats:     prometheus.NewCounterVec(counter("heartbeats_total", "Heartbeats, by what the peer was told to do."), []string{"status"}),
		announced: prometheus.NewCounter(counter("announced_total", "Resources that were announced and accepted.")),
		withdrawn: prometheus.NewCounter(counter("withdrawn_total", "Resources that were withdrawn.")),
		calls:     prometheus.NewCounterVec(counter("calls_total", "Calls between peers, by what became of them."), []string{"result"}),
		notes:     prometheus.NewCounterVec(counter("notes_total", "Notes from peer to peer, by what became of them."), []string{"result"}),
		met:       prometheus.NewCounterVec(counter("ways_total", "Connections between peers, by how they came about, as peers say."), []string{"way"}),
	}
	m.registry = prometheus.NewRegistry()
	m.registry.MustRegister(m.durations, m.refusals, m.beats, m.announced, m.withdrawn, m.calls, m.notes, m.met,
		newStoreCollector(c), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if shared, is := c.Store.(store.Shared); is {
		m.share(shared)
	}
	m.handler = promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Timeout: 2 * metricsTimeout})
	return m
}

// Ways adds how many lines and circuits there are now, and the bytes that were relayed.
func (m *Metrics) Ways(lines, circuits func() int, relayed func() int64) {
	gauge := func(name, help string, value func() int) {
		options := prometheus.GaugeOpts{Namespace: "cp2p", Name: name, Help: help}
		m.registry.MustRegister(prometheus.NewGaugeFunc(options, func() float64 { return float64(value()) }))
	}
	gauge("lines", "Lines that peers keep.", lines)
	gauge("relay_circuits", "Circuits of the relay.", circuits)
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "cp2p", Name: "relay_bytes_total", Help: "Bytes that were relayed."},
		func() float64 { return float64(relayed()) }))
}

// Met adds up what a peer says about its ways to others.
func (m *Metrics) Met(w *netproto.Ways) {
	if w == nil {
		return
	}
	for way, n := range map[string]int{"direct": w.Direct, "mapped": w.Mapped, "called": w.Called, "relayed": w.Relayed, "none": w.None} {
		if n > 0 {
			m.met.WithLabelValues(way).Add(float64(min(n, netproto.MaxWays)))
		}
	}
}

// Beat counts a heartbeat by what the peer was told to do.
func (m *Metrics) Beat(status netproto.HeartbeatStatus) {
	m.beats.WithLabelValues(string(status)).Inc()
}

// Announced counts resources that were announced and accepted.
func (m *Metrics) Announced(n int) { m.announced.Add(float64(n)) }

// Withdrawn counts resources that were withdrawn.
func (m *Metrics) Withdrawn(n int) { m.withdrawn.Add(float64(n)) }

// Called counts a call by what became of it.
func (m *Metrics) Called(result string) { m.calls.WithLabelValues(result).Inc() }

// Noted counts a note by what became of it.
func (m *Metrics) Noted(result string) { m.notes.WithLabelValues(result).Inc() }

// Refuse counts a refusal. A reason is a netproto.Code or the name of a limit,
// never text from the other side.
func (m *Metrics) Refuse(reason string) { m.refusals.WithLabelValues(reason).Inc() }

// Observe counts a request that was answered. Its route is the pattern of the mux,
// so there are only as many label values as routes.
func (m *Metrics) Observe(r *http.Request, w *Recorder, c origin.Caller, took time.Duration) {
	method, route := r.Method, r.Pattern
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodPost, http.MethodDelete:
	default:
		method = "other"
	}
	if route == "" {
		route = "/" // refused before the mux
	}
	m.durations.WithLabelValues(route, method, strconv.Itoa(w.status)).Observe(took.Seconds())
	if m.accessLog {
		m.log.Info("request", slog.String("method", netproto.Printable(r.Method)), slog.String("path", netproto.Printable(r.URL.Path)),
			slog.Int("status", w.status), slog.Int64("bytes", w.bytes), slog.Duration("took", took), slog.Any("from", c.Addr))
	}
}

// Serve answers only the tracker's own network, unless the owner chose
// otherwise: how busy a tracker is helps anybody who wants to bring it down.
func (m *Metrics) Serve(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	if m.policy != Public && !c.Near() {
		return netproto.Errorf(netproto.CodeDenied, "metrics are for the tracker's own network; --metrics public shows them to everybody")
	}
	select {
	case m.readers <- struct{}{}:
		defer func() { <-m.readers }()
	default:
		return &netproto.Error{Code: netproto.CodeFull, Detail: "others are reading the metrics", RetryAfter: time.Second}
	}
	m.handler.ServeHTTP(w, r)
	return nil
}
