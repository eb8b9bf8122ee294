package metrics

import (
	"context"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"centralizedp2p/tracker/store"
)

// storeCollector asks the store at each scrape.
type storeCollector struct {
	store    store.Store
	searches bool
	log      *slog.Logger
	online, known, seeds, resources, bytes,
	file, names, notes, memory *prometheus.Desc
}

func newStoreCollector(c Config) *storeCollector {
	gauge := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("cp2p_"+name, help, nil, nil)
	}
	return &storeCollector{
		store: c.Store, searches: c.Searches, log: c.Log,
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
