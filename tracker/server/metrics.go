package server

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"centralizedp2p/netproto"
	"centralizedp2p/tracker/line"
	"centralizedp2p/tracker/relay"
	"centralizedp2p/tracker/server/origin"
	"centralizedp2p/tracker/store"
)

// MetricsPolicy says who may read /metrics.
type MetricsPolicy string

// The policies of --metrics.
const (
	MetricsPrivate MetricsPolicy = "private" // loopback and private addresses
	MetricsPublic  MetricsPolicy = "public"  // everybody
)

// ParseMetricsPolicy reads private or public.
func ParseMetricsPolicy(s string) (MetricsPolicy, error) {
	switch p := MetricsPolicy(s); p {
	case MetricsPrivate, MetricsPublic:
		return p, nil
	}
	return "", netproto.Errorf(netproto.CodeUsage, "--metrics is private or public, not %q", s)
}

// metricsTimeout bounds the calls to the store in one scrape.
const metricsTimeout = 2 * time.Second

const maxScrapes = 2 // at once

// metrics is what Prometheus reads. No label comes from a request, so the number
// of series is bounded and none identifies a person.
type metrics struct {
	policy    MetricsPolicy
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

func newMetrics(c *Config) *metrics {
	counter := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "cp2p", Name: name, Help: help}
	}
	m := &metrics{
		policy: c.Metrics, accessLog: c.AccessLog, log: c.Logger, readers: make(chan struct{}, maxScrapes),
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

// ways adds what there is to tell about the ways to peers.
func (m *metrics) ways(lines *line.Lines, relayed *relay.Relay) {
	gauge := func(name, help string, value func() int) {
		options := prometheus.GaugeOpts{Namespace: "cp2p", Name: name, Help: help}
		m.registry.MustRegister(prometheus.NewGaugeFunc(options, func() float64 { return float64(value()) }))
	}
	gauge("lines", "Lines that peers keep.", lines.Len)
	gauge("relay_circuits", "Circuits of the relay.", relayed.Circuits)
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "cp2p", Name: "relay_bytes_total", Help: "Bytes that were relayed."},
		func() float64 { return float64(relayed.Bytes()) }))
}

// meetings adds up what a peer says about its ways to others.
func (m *metrics) meetings(w *netproto.Ways) {
	if w == nil {
		return
	}
	for way, n := range map[string]int{"direct": w.Direct, "mapped": w.Mapped, "called": w.Called, "relayed": w.Relayed, "none": w.None} {
		if n > 0 {
			m.met.WithLabelValues(way).Add(float64(min(n, netproto.MaxWays)))
		}
	}
}

// refuse counts a refusal. A reason is a netproto.Code or the name of a limit,
// never text from the other side.
func (m *metrics) refuse(reason string) { m.refusals.WithLabelValues(reason).Inc() }

// observe counts a request that was answered. Its route is the pattern of the mux,
// so there are only as many label values as routes.
func (m *metrics) observe(r *http.Request, w *recorder, c origin.Caller, took time.Duration) {
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

// serve answers only the tracker's own network, unless the owner chose
// otherwise: how busy a tracker is helps anybody who wants to bring it down.
func (m *metrics) serve(w http.ResponseWriter, r *http.Request, c origin.Caller) error {
	if m.policy != MetricsPublic && !c.Near() {
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

// storeCollector asks the store at each scrape.
type storeCollector struct {
	store    store.Store
	searches bool
	log      *slog.Logger
	online, known, seeds, resources, bytes,
	file, names, notes, memory *prometheus.Desc
}

func newStoreCollector(c *Config) *storeCollector {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("cp2p_"+name, help, nil, nil)
	}
	return &storeCollector{
		store: c.Store, searches: c.Role != RoleAPI, log: c.Logger,
		online:    gauge("peers_online", "Peers with a lease."),
		known:     gauge("peers_known", "Peers known to the store."),
		seeds:     gauge("seed_peers_online", "Seed clients with a lease."),
		resources: gauge("resources_online", "Distinct contents with an online source."),
		bytes:     gauge("resources_online_bytes", "Total size of those contents."),
		file:      gauge("store_bytes", "Size of the database on disk."),
		names:     gauge("index_names", "Names in the search index."),
		notes:     gauge("notes_waiting", "Notes that wait for their receivers."),
		memory:    gauge("store_memory_bytes", "Memory for what peers and seed clients announced, roughly, as it counts for --memory."),
	}
}

// Describe implements prometheus.Collector.
func (c *storeCollector) Describe(descs chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{c.online, c.known, c.seeds, c.resources, c.bytes, c.file, c.names, c.notes, c.memory} {
		descs <- desc
	}
}

// Collect implements prometheus.Collector. It omits what the store cannot tell.
func (c *storeCollector) Collect(out chan<- prometheus.Metric) {
	tell := func(desc *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout)
	defer cancel()
	stats, err := c.store.Stats(ctx)
	if err != nil {
		c.log.Warn("the metrics lack the store's counts", slog.Any("error", err))
	} else {
		tell(c.online, float64(stats.PeersOnline))
		tell(c.known, float64(stats.PeersKnown))
		tell(c.seeds, float64(stats.SeedPeers))
		tell(c.resources, float64(stats.Resources))
		tell(c.bytes, float64(stats.Bytes))
	}
	sizes := c.store.Sizes()
	if c.searches {
		tell(c.names, float64(sizes.Names))
	}
	tell(c.file, float64(sizes.File))
	tell(c.notes, float64(sizes.Notes))
	tell(c.memory, float64(sizes.Memory))
}

// recorder remembers the status of an answer and the bytes of its body.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *recorder) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
