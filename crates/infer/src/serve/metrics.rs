//! Counts and times in the OpenMetrics text format.

use std::collections::HashMap;
use std::fmt;
use std::sync::PoisonError;
use std::sync::RwLock;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::{Event, Outcome};

/// What [`Metrics::text`] is.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ModelLabel {
    model: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OutcomeLabels {
    model: String,
    outcome: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct LoadLabels {
    model: String,
    result: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct HttpLabels {
    route: String,
    status: String,
}

/// All metrics of a server.
pub struct Metrics {
    registry: RwLock<Registry>,
    accepted: Family<ModelLabel, Counter>,
    requests: Family<OutcomeLabels, Counter>,
    in_flight: Family<ModelLabel, Gauge>,
    waiting: Family<ModelLabel, Gauge>,
    wait: Family<ModelLabel, Histogram>,
    total: Family<ModelLabel, Histogram>,
    run: Family<ModelLabel, Histogram>,
    batch: Family<ModelLabel, Histogram>,
    loads: Family<LoadLabels, Counter>,
    http: Family<HttpLabels, Counter>,
    http_in_flight: Gauge,
    memory: Gauge,
}

impl Metrics {
    pub fn new() -> Self {
        // 0.1 ms to 26 s.
        let seconds: fn() -> Histogram = || Histogram::new(exponential_buckets(1e-4, 2.0, 19));
        let images: fn() -> Histogram = || Histogram::new(exponential_buckets(1.0, 2.0, 9));
        let mut metrics = Self {
            registry: RwLock::default(),
            accepted: Family::default(),
            requests: Family::default(),
            in_flight: Family::default(),
            waiting: Family::default(),
            wait: Family::new_with_constructor(seconds),
            total: Family::new_with_constructor(seconds),
            run: Family::new_with_constructor(seconds),
            batch: Family::new_with_constructor(images),
            loads: Family::default(),
            http: Family::default(),
            http_in_flight: Gauge::default(),
            memory: Gauge::default(),
        };
        metrics.registry = RwLock::new(metrics.register());
        metrics
    }

    fn register(&self) -> Registry {
        let mut registry = Registry::default();
        registry.register_with_unit(
            "process_resident_memory",
            "Resident memory of the process",
            Unit::Bytes,
            self.memory.clone(),
        );
        let infer = registry.sub_registry_with_prefix("infer");
        infer.register(
            "requests_accepted",
            "Images taken into the queue",
            self.accepted.clone(),
        );
        infer.register(
            "requests",
            "Images asked for, by how it ended",
            self.requests.clone(),
        );
        infer.register(
            "requests_in_flight",
            "Images that were accepted and not answered yet",
            self.in_flight.clone(),
        );
        infer.register(
            "queue_waiting",
            "Images that wait for a worker",
            self.waiting.clone(),
        );
        for (name, help, family) in [
            ("queue", "From acceptance to a worker", &self.wait),
            ("request", "From acceptance to the answer", &self.total),
            ("run", "One run of a session", &self.run),
        ] {
            infer.register_with_unit(name, help, Unit::Seconds, family.clone());
        }
        infer.register("batch_images", "Images in a run", self.batch.clone());
        infer.register(
            "model_loads",
            "Attempts to load a model, by result",
            self.loads.clone(),
        );
        infer.register(
            "http_requests",
            "HTTP requests, by route and status; status closed: the client went away",
            self.http.clone(),
        );
        infer.register(
            "http_requests_in_flight",
            "HTTP requests that are not answered yet",
            self.http_in_flight.clone(),
        );
        registry
    }

    /// The function that counts a model's events.
    pub fn hook(&self, model: &str) -> impl Fn(&Event) + Send + Sync + 'static {
        let label = ModelLabel {
            model: model.to_owned(),
        };
        let requests = |outcome: &str| {
            self.requests.get_or_create_owned(&OutcomeLabels {
                model: model.to_owned(),
                outcome: outcome.to_owned(),
            })
        };
        let finished: HashMap<Outcome, Counter> = Outcome::ALL
            .map(|outcome| (outcome, requests(&outcome.to_string())))
            .into();
        let overloaded = requests("overloaded");
        let accepted = self.accepted.get_or_create_owned(&label);
        let in_flight = self.in_flight.get_or_create_owned(&label);
        let wait = self.wait.get_or_create_owned(&label);
        let total_time = self.total.get_or_create_owned(&label);
        let run_time = self.run.get_or_create_owned(&label);
        let batch = self.batch.get_or_create_owned(&label);
        move |event| match event {
            Event::Accepted { .. } => {
                accepted.inc();
                in_flight.inc();
            }
            Event::Overloaded => {
                overloaded.inc();
            }
            Event::Batch { images, run } => {
                batch.observe(*images as f64);
                run_time.observe(run.as_secs_f64());
            }
            Event::Finished {
                outcome,
                waited,
                total,
            } => {
                in_flight.dec();
                if let Some(counter) = finished.get(outcome) {
                    counter.inc();
                }
                wait.observe(waited.as_secs_f64());
                total_time.observe(total.as_secs_f64());
            }
        }
    }

    /// Counts an attempt to load a model.
    pub fn loaded(&self, model: &str, result: &'static str) {
        let labels = LoadLabels {
            model: model.to_owned(),
            result,
        };
        self.loads.get_or_create(&labels).inc();
    }

    /// Says how many images of a model wait now.
    pub fn set_waiting(&self, model: &str, waiting: usize) {
        let label = ModelLabel {
            model: model.to_owned(),
        };
        self.waiting.get_or_create(&label).set(waiting as i64);
    }

    /// Starts counting an HTTP request.
    pub fn http_started(&self, route: &str) -> HttpRequest<'_> {
        self.http_in_flight.inc();
        HttpRequest {
            metrics: self,
            labels: HttpLabels {
                route: route.to_owned(),
                status: "closed".to_owned(),
            },
        }
    }

    /// All metrics as text.
    pub fn text(&self) -> Result<String, fmt::Error> {
        if let Some(bytes) = resident_memory() {
            self.memory.set(bytes as i64);
        }
        let registry = self.registry.read().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

/// An HTTP request that is counted when it is dropped: under its status, or as
/// closed if it never got one.
pub struct HttpRequest<'a> {
    metrics: &'a Metrics,
    labels: HttpLabels,
}

impl HttpRequest<'_> {
    pub fn answered(mut self, status: u16) {
        self.labels.status = status.to_string();
    }
}

impl Drop for HttpRequest<'_> {
    fn drop(&mut self) {
        self.metrics.http.get_or_create(&self.labels).inc();
        self.metrics.http_in_flight.dec();
    }
}

/// Resident memory in bytes, where the system is Linux.
fn resident_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
