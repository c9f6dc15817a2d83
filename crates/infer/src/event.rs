//! What a classifier's queue reports to whoever keeps count.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// Something that happened to a request of
/// [`Classifier::classify`](crate::Classifier::classify) or
/// [`Classifier::classify_async`](crate::Classifier::classify_async), told to
/// [`ClassifierBuilder::on_event`](crate::ClassifierBuilder::on_event).
///
/// Each accepted request is finished exactly once, so `accepted = finished +
/// waiting or running` at any time.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use infer::{Classifier, Device, Event, Request};
///
/// # fn main() -> Result<(), infer::InferError> {
/// let finished = Arc::new(AtomicUsize::new(0));
/// let count = Arc::clone(&finished);
/// let classifier = Classifier::builder()
///     .device(Device::Cpu)
///     .on_event(move |event| {
///         if let Event::Finished { .. } = event {
///             count.fetch_add(1, Ordering::Relaxed);
///         }
///     })
///     .from_file(Path::new("tests/fixtures/digits.onnx"))?;
/// classifier.classify(Request::pixels(vec![0; 8 * 8 * 3]))?;
/// assert_eq!(finished.load(Ordering::Relaxed), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request was taken into the queue.
    Accepted {
        /// Requests that wait now, this one included unless it was taken out
        /// at once.
        waiting: usize,
    },
    /// A request was refused because the queue is full.
    Overloaded,
    /// A batch was run.
    Batch {
        /// Images in it.
        images: usize,
        /// Time that the session took.
        run: Duration,
    },
    /// An accepted request was answered or given up. It is told before the
    /// answer is handed over.
    Finished {
        /// How it ended.
        outcome: Outcome,
        /// From its acceptance until it was taken out of the queue.
        waited: Duration,
        /// From its acceptance until now.
        total: Duration,
    },
}

/// How an accepted request ended.
///
/// ```
/// assert_eq!(infer::Outcome::DeadlineExceeded.to_string(), "deadline_exceeded");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// With a classification.
    Classified,
    /// Its image could not be decoded.
    Refused,
    /// Its turn came after its deadline, or the answer did.
    DeadlineExceeded,
    /// Nobody waited for the answer any more.
    Cancelled,
    /// ONNX Runtime failed, or a worker panicked.
    Failed,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 5] = [
        Self::Classified,
        Self::Refused,
        Self::DeadlineExceeded,
        Self::Cancelled,
        Self::Failed,
    ];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classified => "classified",
            Self::Refused => "refused",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        })
    }
}

type Function = dyn Fn(&Event) + Send + Sync;

/// The function that is told of events, if there is one.
#[derive(Clone, Default)]
pub(crate) struct Hook(Option<Arc<Function>>);

impl Hook {
    pub fn new(function: impl Fn(&Event) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(function)))
    }

    /// Tells the function. Its panic is logged: a request must not be lost to
    /// a counter.
    pub fn tell(&self, event: &Event) {
        let Some(function) = &self.0 else { return };
        if catch_unwind(AssertUnwindSafe(|| function(event))).is_err() {
            tracing::error!("the event hook panicked on {event:?}");
        }
    }
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Hook" } else { "no hook" })
    }
}
