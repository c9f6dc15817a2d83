//! The models by name, and their exchange while requests are running.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::ServeError;
use super::metrics::Metrics;
use crate::{Classifier, ClassifierBuilder, InferError};

/// How often to look whether the last request of a replaced model has ended.
const RETIRE_POLL: Duration = Duration::from_millis(20);

/// A model to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelSpec {
    /// Its name in URLs: letters, digits, `.`, `_` and `-`.
    pub name: String,
    /// The ONNX file, which is read again by each load.
    pub path: PathBuf,
}

/// Models by name, in the order given; the first is the default of
/// `POST /classify`. See the [module](super) for an example.
pub struct Models {
    slots: Vec<Slot>,
    metrics: Metrics,
}

/// A name and the classifier that answers for it now.
struct Slot {
    spec: ModelSpec,
    builder: ClassifierBuilder,
    /// `None` while the model is unloaded.
    current: RwLock<Option<Arc<Classifier>>>,
    /// One load at a time.
    loading: Mutex<()>,
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.slots.iter().map(|slot| &slot.spec))
            .finish()
    }
}

impl Models {
    /// Opens all models with the options of `builder` (its event hook is
    /// replaced by the metrics').
    ///
    /// # Errors
    /// [`ServeError::Name`], [`ServeError::Duplicate`], or
    /// [`ServeError::Model`] for the first model that cannot be opened.
    pub fn open(specs: Vec<ModelSpec>, builder: &ClassifierBuilder) -> Result<Self, ServeError> {
        let mut models = Self {
            slots: Vec::with_capacity(specs.len()),
            metrics: Metrics::new(),
        };
        for spec in specs {
            if !is_name(&spec.name) {
                return Err(ServeError::Name { name: spec.name });
            }
            if models.slot(&spec.name).is_ok() {
                return Err(ServeError::Duplicate { name: spec.name });
            }
            let slot = Slot {
                builder: builder.clone().on_event(models.metrics.hook(&spec.name)),
                spec,
                current: RwLock::new(None),
                loading: Mutex::new(()),
            };
            let classifier = models.counted(&slot.spec.name, slot.open())?;
            slot.replace(Some(Arc::new(classifier)));
            models.slots.push(slot);
        }
        Ok(models)
    }

    /// The models' names, in order.
    pub fn names(&self) -> Vec<String> {
        self.slots
            .iter()
            .map(|slot| slot.spec.name.clone())
            .collect()
    }

    /// The model of this name, `Ok(None)` if it is unloaded. The caller keeps
    /// it until the request is answered, whatever is loaded meanwhile.
    ///
    /// # Errors
    /// [`ServeError::Unknown`].
    pub fn get(&self, name: &str) -> Result<Option<Arc<Classifier>>, ServeError> {
        Ok(self.slot(name)?.current())
    }

    /// Reads the model's file again. Requests go on with the old one until the
    /// new one is ready, and those that it has taken are answered by it.
    ///
    /// # Errors
    /// [`ServeError::Unknown`], or [`ServeError::Model`] if the file cannot be
    /// opened; then the old model stays.
    pub async fn load(self: &Arc<Self>, name: &str) -> Result<(), ServeError> {
        let slot = self.slot(name)?;
        let _one_at_a_time = slot.loading.lock().await;
        let (models, owned) = (Arc::clone(self), name.to_owned());
        let opened = spawn_blocking(move || models.slot(&owned)?.open())
            .await
            .unwrap_or_else(|_| {
                Err(slot.failed(InferError::Panicked {
                    action: "open the model",
                }))
            });
        let classifier = self.counted(name, opened)?;
        let old = slot.replace(Some(Arc::new(classifier)));
        tracing::info!(
            "model `{name}` was loaded from {}",
            slot.spec.path.display()
        );
        retire(old);
        Ok(())
    }

    /// Loads every model again; what fails is logged and stays as it is.
    pub async fn load_all(self: &Arc<Self>) {
        for slot in &self.slots {
            if let Err(error) = self.load(&slot.spec.name).await {
                tracing::error!("{error}; the model in use stays");
            }
        }
    }

    /// Takes a model out of service until it is loaded again. Requests that it
    /// has taken are answered.
    ///
    /// # Errors
    /// [`ServeError::Unknown`].
    pub async fn unload(&self, name: &str) -> Result<(), ServeError> {
        let slot = self.slot(name)?;
        let _one_at_a_time = slot.loading.lock().await;
        retire(slot.replace(None));
        tracing::info!("model `{name}` was unloaded");
        Ok(())
    }

    /// The counts of all models.
    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// All metrics as text, with the queues as they are now.
    pub(super) fn metrics_text(&self) -> Result<String, fmt::Error> {
        for slot in &self.slots {
            let waiting = slot.current().map_or(0, |classifier| classifier.waiting());
            self.metrics.set_waiting(&slot.spec.name, waiting);
        }
        self.metrics.text()
    }

    /// Shuts all classifiers down; blocks until what they accepted is answered.
    pub(super) fn shutdown(&self) {
        for slot in &self.slots {
            if let Some(classifier) = slot.current() {
                classifier.shutdown();
            }
        }
    }

    fn slot(&self, name: &str) -> Result<&Slot, ServeError> {
        let slot = self.slots.iter().find(|slot| slot.spec.name == name);
        slot.ok_or_else(|| ServeError::Unknown {
            name: name.to_owned(),
            known: self.names(),
        })
    }

    fn counted(
        &self,
        name: &str,
        result: Result<Classifier, ServeError>,
    ) -> Result<Classifier, ServeError> {
        let word = if result.is_ok() { "ok" } else { "error" };
        self.metrics.loaded(name, word);
        result
    }
}

impl Slot {
    fn open(&self) -> Result<Classifier, ServeError> {
        self.builder
            .from_file(&self.spec.path)
            .map_err(|error| self.failed(error))
    }

    fn failed(&self, source: InferError) -> ServeError {
        ServeError::Model {
            name: self.spec.name.clone(),
            source,
        }
    }

    fn current(&self) -> Option<Arc<Classifier>> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn replace(&self, new: Option<Arc<Classifier>>) -> Option<Arc<Classifier>> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *current, new)
    }
}

/// Drops a replaced classifier when its last request has ended, on a thread
/// that may block: it joins the workers.
fn retire(old: Option<Arc<Classifier>>) {
    let Some(old) = old else { return };
    tokio::spawn(async move {
        while Arc::strong_count(&old) > 1 {
            sleep(RETIRE_POLL).await;
        }
        let _ = spawn_blocking(move || drop(old)).await;
    });
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
