package server

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/seed-9f7c7091/concordat/registry"
)

// metrics are what /metrics tells, in a registry of the server's own.
type metrics struct {
	all      *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	held     prometheus.Counter
	inFlight prometheus.Gauge
}

// routeMetrics are the counters of one route, looked up once.
type routeMetrics struct {
	method, path string
	m            *metrics
	ok           prometheus.Counter // status 200
	duration     prometheus.Observer
	mu           sync.Mutex
	byStatus     map[int]prometheus.Counter
}

func newMetrics(reg *registry.Registry, version string) *metrics {
	m := &metrics{
		all:      prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "concordat_http_requests_total", Help: "Requests answered, by method, route and status."}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "concordat_http_request_duration_seconds", Help: "Time from a request's header to its answer, by method and route.",
			Buckets: []float64{.00005, .0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 5}}, []string{"method", "route"}),
		held:     prometheus.NewCounter(prometheus.CounterOpts{Name: "concordat_http_answers_held_total", Help: "Requests answered from answers held ready."}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "concordat_http_requests_in_flight", Help: "Requests being answered now."}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "concordat_build_info", Help: "Always 1; the label tells the version.", ConstLabels: prometheus.Labels{"version": version}})
	info.Set(1)
	m.all.MustRegister(m.requests, m.duration, m.held, m.inFlight, info,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	count := func(name, help string, of func(registry.Stats) int) {
		m.all.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			st, err := reg.Stats()
			if err != nil {
				return -1
			}
			return float64(of(st))
		}))
	}
	count("concordat_subjects", "Subjects stored, those with deleted versions alone included.", func(s registry.Stats) int { return s.Subjects })
	count("concordat_schemas", "Versions stored, deleted ones included.", func(s registry.Stats) int { return s.Schemas })
	return m
}

func (m *metrics) route(method, path string) *routeMetrics {
	return &routeMetrics{method: method, path: path, m: m,
		ok:       m.requests.WithLabelValues(method, path, "200"),
		duration: m.duration.WithLabelValues(method, path),
		byStatus: map[int]prometheus.Counter{},
	}
}

// done counts a request.
func (rm *routeMetrics) done(status int, took time.Duration) {
	rm.duration.Observe(took.Seconds())
	if status == http.StatusOK {
		rm.ok.Inc()
		return
	}
	rm.mu.Lock()
	c := rm.byStatus[status]
	if c == nil {
		c = rm.m.requests.WithLabelValues(rm.method, rm.path, strconv.Itoa(status))
		rm.byStatus[status] = c
	}
	rm.mu.Unlock()
	c.Inc()
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.all, promhttp.HandlerOpts{})
}
