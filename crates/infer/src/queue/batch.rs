//! Which waiting requests are run together.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::Receiver;

use super::QueueOptions;
use super::job::Job;

/// Forms batches from the queue, for several workers.
///
/// Only one worker at a time collects, so that two half-full batches do not
/// wait for the same images.
pub(super) struct Batches {
    jobs: Mutex<Receiver<Job>>,
    max_batch: usize,
    max_wait: Duration,
    sessions: usize,
    /// Images that were handed out and are not answered yet.
    running: AtomicUsize,
}

impl Batches {
    pub fn new(jobs: Receiver<Job>, options: &QueueOptions, sessions: usize) -> Self {
        Self {
            jobs: Mutex::new(jobs),
            max_batch: options.max_batch,
            max_wait: options.max_wait,
            sessions,
            running: AtomicUsize::new(0),
        }
    }

    /// Waits for a request, and gathers those to be run with it; `None` when
    /// the queue is closed and empty.
    pub fn next(&self) -> Option<Vec<Job>> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let first = jobs.recv().ok()?;
        let until = first.accepted() + self.max_wait;
        let size = self.size(1 + jobs.len());
        let mut batch = vec![first];
        while batch.len() < size
            // Takes what is there even when the time is over.
            && let Ok(job) = jobs.recv_deadline(until)
        {
            batch.push(job);
        }
        self.running.fetch_add(batch.len(), Ordering::Relaxed);
        Some(batch)
    }

    /// Says that a batch of `images` was answered.
    pub fn done(&self, images: usize) {
        self.running.fetch_sub(images, Ordering::Relaxed);
    }

    /// Images to gather when `waiting` are there. Without a time to wait for
    /// more, a session takes its share of half of all images under way: the
    /// other half waits, so that no session idles while those whose images were
    /// answered send the next ones.
    fn size(&self, waiting: usize) -> usize {
        if self.max_wait.is_zero() {
            let under_way = waiting + self.running.load(Ordering::Relaxed);
            under_way.div_ceil(2 * self.sessions).min(self.max_batch)
        } else {
            self.max_batch
        }
    }
}

#[cfg(test)]
mod tests {
    use crossbeam_channel::{Sender, bounded};

    use super::*;
    use crate::Request;
    use crate::event::Hook;

    fn batches(max_batch: usize, max_wait: Duration, sessions: usize) -> (Sender<Job>, Batches) {
        let (sender, jobs) = bounded(100);
        let batches = Batches {
            jobs: Mutex::new(jobs),
            max_batch,
            max_wait,
            sessions,
            running: AtomicUsize::new(0),
        };
        (sender, batches)
    }

    fn fill(sender: &Sender<Job>, count: usize) {
        for _ in 0..count {
            let (job, _) = Job::new(Request::pixels(Vec::new()), Hook::default());
            sender.send(job).unwrap();
        }
    }

    #[test]
    fn without_a_wait_half_of_what_is_under_way_is_run() {
        let (sender, batches) = batches(4, Duration::ZERO, 2);
        fill(&sender, 8);
        let next = || batches.next().map_or(0, |batch| batch.len());
        assert_eq!((next(), next()), (2, 2));
        // Both sessions are busy; one is done, and its clients ask again.
        batches.done(2);
        fill(&sender, 2);
        assert_eq!(next(), 2);
    }

    #[test]
    fn a_single_image_does_not_wait_and_many_fill_the_batch() {
        let (sender, batches) = batches(4, Duration::ZERO, 2);
        fill(&sender, 1);
        assert_eq!(batches.next().map(|batch| batch.len()), Some(1));
        batches.done(1);
        fill(&sender, 20);
        assert_eq!(batches.next().map(|batch| batch.len()), Some(4));
    }

    #[test]
    fn with_a_wait_a_batch_is_full_or_late() {
        let (sender, batches) = batches(8, Duration::from_millis(1), 2);
        fill(&sender, 13);
        assert_eq!(batches.next().map(|batch| batch.len()), Some(8));
        // Five are left, and no more come: it ends although the queue is open.
        assert_eq!(batches.next().map(|batch| batch.len()), Some(5));
        drop(sender);
        assert!(batches.next().is_none());
    }
}
