//! The bounded queue of single images, and the workers that answer it in
//! batches.

mod batch;
mod job;
mod prepare;
mod worker;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::engine::Engine;
use crate::event::{Event, Hook};
use crate::{InferError, Request};
use batch::{Batches, Refused};
use job::Job;
pub(crate) use job::Pending;
pub(crate) use prepare::decoded;
use worker::Worker;

/// How a queue behaves.
#[derive(Debug, Clone)]
pub(crate) struct QueueOptions {
    /// Requests that may wait, at least 1.
    pub length: usize,
    /// Most images a run, at least 1.
    pub max_batch: usize,
    /// How long the first image of a batch may wait for others.
    pub max_wait: Duration,
    /// Most pixels of an encoded image.
    pub max_pixels: u64,
    /// Who is told what happens.
    pub hook: Hook,
}

/// A running queue. Dropping it answers what was accepted, then joins the
/// workers.
pub(crate) struct Queue {
    batches: Arc<Batches>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    options: QueueOptions,
}

impl Queue {
    /// Starts the workers.
    pub fn start(engine: &Arc<Engine>, options: QueueOptions) -> Result<Self, InferError> {
        let workers = engine.workers();
        let batches = Arc::new(Batches::new(&options, workers, engine.pool.size()));
        let queue = Self {
            batches: Arc::clone(&batches),
            workers: Mutex::default(),
            options,
        };
        // If a thread is refused, dropping the queue ends the others.
        for number in 0..workers {
            let worker = Worker {
                number,
                engine: Arc::clone(engine),
                batches: Arc::clone(&batches),
                max_batch: queue.options.max_batch,
                max_pixels: queue.options.max_pixels,
                hook: queue.options.hook.clone(),
            };
            let thread = thread::Builder::new()
                .name("infer-worker".to_owned())
                .spawn(move || worker.work())
                .map_err(|source| InferError::Thread { source })?;
            queue.workers().push(thread);
        }
        Ok(queue)
    }

    /// Takes a request into the queue, or refuses it at once.
    pub fn submit(&self, request: Request) -> Result<Pending, InferError> {
        let hook = &self.options.hook;
        let (job, pending) = Job::new(request, hook.clone());
        match self.batches.push(job) {
            Ok(waiting) => {
                hook.tell(&Event::Accepted { waiting });
                Ok(pending)
            }
            Err(Refused::Full(job)) => {
                job.forget();
                hook.tell(&Event::Overloaded);
                Err(InferError::Overloaded {
                    length: self.options.length,
                })
            }
            Err(Refused::Closed(job)) => {
                job.forget();
                Err(InferError::ShutDown)
            }
        }
    }

    /// Requests that wait for a worker.
    pub fn waiting(&self) -> usize {
        self.batches.waiting()
    }

    /// Requests that may wait.
    pub fn length(&self) -> usize {
        self.options.length
    }

    /// Accepts nothing more, and returns when everything accepted is answered
    /// and the workers have ended. May be called again.
    pub fn close(&self) {
        self.batches.close();
        for worker in self.workers().drain(..) {
            // A worker that drops the last classifier (in a hook or a waker)
            // cannot wait for itself; it ends when it has seen the end.
            if worker.thread().id() != thread::current().id() {
                let _ = worker.join();
            }
        }
    }

    fn workers(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("waiting", &self.waiting())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}
