//! The bounded queue of single images, and the workers that answer it in
//! batches.

mod batch;
mod job;
mod prepare;
mod worker;

use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{Sender, TrySendError, bounded};

use crate::engine::Engine;
use crate::event::{Event, Hook};
use crate::{InferError, Request};
use batch::Batches;
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
#[derive(Debug)]
pub(crate) struct Queue {
    /// `None` once the queue is closed.
    jobs: RwLock<Option<Sender<Job>>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
    options: QueueOptions,
}

impl Queue {
    /// Starts the workers.
    pub fn start(engine: &Arc<Engine>, options: QueueOptions) -> Result<Self, InferError> {
        let (jobs, incoming) = bounded(options.length);
        let batches = Arc::new(Batches::new(incoming, &options, engine.pool.size()));
        let workers = (0..engine.workers())
            .map(|_| {
                let worker = Worker {
                    engine: Arc::clone(engine),
                    batches: Arc::clone(&batches),
                    max_batch: options.max_batch,
                    max_pixels: options.max_pixels,
                    hook: options.hook.clone(),
                };
                thread::Builder::new()
                    .name("infer-worker".to_owned())
                    .spawn(move || worker.work())
                    .map_err(|source| InferError::Thread { source })
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            jobs: RwLock::new(Some(jobs)),
            workers: Mutex::new(workers),
            options,
        })
    }

    /// Takes a request into the queue, or refuses it at once.
    pub fn submit(&self, request: Request) -> Result<Pending, InferError> {
        let (job, pending) = Job::new(request, self.options.hook.clone());
        let jobs = self.jobs.read().unwrap_or_else(PoisonError::into_inner);
        let Some(jobs) = jobs.as_ref() else {
            job.forget();
            return Err(InferError::ShutDown);
        };
        match jobs.try_send(job) {
            Ok(()) => {
                let waiting = jobs.len();
                self.options.hook.tell(&Event::Accepted { waiting });
                Ok(pending)
            }
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
                job.forget();
                self.options.hook.tell(&Event::Overloaded);
                Err(InferError::Overloaded {
                    length: self.options.length,
                })
            }
        }
    }

    /// Requests that wait for a worker.
    pub fn waiting(&self) -> usize {
        let jobs = self.jobs.read().unwrap_or_else(PoisonError::into_inner);
        jobs.as_ref().map_or(0, Sender::len)
    }

    /// Requests that may wait.
    pub fn length(&self) -> usize {
        self.options.length
    }

    /// Accepts nothing more, and returns when everything accepted is answered
    /// and the workers have ended. May be called again.
    pub fn close(&self) {
        // The workers take what is left in the channel, then see that it is
        // disconnected.
        drop(
            self.jobs
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        for worker in workers.drain(..) {
            // A worker that drops the last classifier (in a hook or a waker)
            // cannot wait for itself; it ends when it has seen the channel.
            if worker.thread().id() != thread::current().id() {
                let _ = worker.join();
            }
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.close();
    }
}
