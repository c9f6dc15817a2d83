//! The requests that wait, and which of them a worker runs together.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::QueueOptions;
use super::job::Job;

/// The bounded line of requests, from which workers take batches.
///
/// Of the workers that have nothing to do the last is woken first: the cache of
/// the core that it ran on still holds what a run needs.
pub(super) struct Batches {
    state: Mutex<State>,
    /// One a worker.
    wake: Vec<Condvar>,
    length: usize,
    max_batch: usize,
    max_wait: Duration,
    sessions: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    is_closed: bool,
    /// Images that were handed out and are not answered yet.
    running: usize,
    /// Workers that have nothing to do, the last one at the end.
    idle: Vec<usize>,
    /// The worker that waits for its batch to fill; only one does, so that two
    /// half-full batches do not wait for the same images.
    gathering: Option<usize>,
}

/// Why a job was not taken.
pub(super) enum Refused {
    Full(Job),
    Closed(Job),
}

impl Batches {
    /// An empty line for `workers` workers that share `sessions` sessions.
    pub fn new(options: &QueueOptions, workers: usize, sessions: usize) -> Self {
        Self {
            state: Mutex::default(),
            wake: (0..workers).map(|_| Condvar::new()).collect(),
            length: options.length,
            max_batch: options.max_batch,
            max_wait: options.max_wait,
            sessions,
        }
    }

    /// Takes a request, or gives it back; returns how many wait now.
    #[expect(
        clippy::result_large_err,
        reason = "the job itself goes back, for its caller to answer"
    )]
    pub fn push(&self, job: Job) -> Result<usize, Refused> {
        let mut state = self.state();
        if state.is_closed {
            return Err(Refused::Closed(job));
        }
        if state.jobs.len() == self.length {
            return Err(Refused::Full(job));
        }
        state.jobs.push_back(job);
        match state.gathering {
            Some(worker) if state.jobs.len() >= self.max_batch => self.wake[worker].notify_one(),
            Some(_) => {}
            None => self.wake_idle(&mut state),
        }
        Ok(state.jobs.len())
    }

    /// Requests that wait.
    pub fn waiting(&self) -> usize {
        self.state().jobs.len()
    }

    /// Takes no more requests. The workers take those that wait, then end.
    pub fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        state.idle.clear();
        self.wake.iter().for_each(Condvar::notify_one);
    }

    /// Waits for a request, and gathers those to be run with it; `None` when
    /// the queue is closed and empty. `worker`: number of the calling worker.
    pub fn next(&self, worker: usize) -> Option<Vec<Job>> {
        let mut state = self.state();
        loop {
            let Some(first) = state.jobs.front() else {
                if state.is_closed {
                    return None;
                }
                state = self.sleep(state, worker);
                continue;
            };
            let wait = (first.accepted() + self.max_wait).saturating_duration_since(Instant::now());
            if wait.is_zero() || state.is_closed || state.jobs.len() >= self.max_batch {
                break;
            }
            if state.gathering.is_some() {
                state = self.sleep(state, worker);
            } else {
                state.gathering = Some(worker);
                let woken = self.wake[worker].wait_timeout(state, wait);
                state = woken.unwrap_or_else(PoisonError::into_inner).0;
                state.gathering = None;
            }
        }
        let size = self.size(&state);
        let batch = state.jobs.drain(..size).collect();
        state.running += size;
        if !state.jobs.is_empty() {
            self.wake_idle(&mut state);
        }
        Some(batch)
    }

    /// Says that a batch of `images` was answered.
    pub fn done(&self, images: usize) {
        self.state().running -= images;
    }

    /// Images to take of those that wait. Without a time to wait for more, a
    /// session takes its share of half of all images under way: the other half
    /// waits, so that no session idles while those whose images were answered
    /// send the next ones.
    fn size(&self, state: &State) -> usize {
        let waiting = state.jobs.len();
        let size = if self.max_wait.is_zero() {
            (waiting + state.running).div_ceil(2 * self.sessions)
        } else {
            waiting
        };
        size.min(waiting).min(self.max_batch)
    }

    /// Blocks until this worker, the last to become idle, is woken.
    fn sleep<'a>(&self, mut state: MutexGuard<'a, State>, worker: usize) -> MutexGuard<'a, State> {
        state.idle.push(worker);
        self.wake[worker]
            .wait_while(state, |state| state.idle.contains(&worker))
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn wake_idle(&self, state: &mut State) {
        if let Some(worker) = state.idle.pop() {
            self.wake[worker].notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::Request;
    use crate::event::Hook;

    fn batches(max_batch: usize, max_wait: Duration, sessions: usize) -> Batches {
        let options = QueueOptions {
            length: 100,
            max_batch,
            max_wait,
            max_pixels: 1,
            hook: Hook::default(),
        };
        Batches::new(&options, 2, sessions)
    }

    fn fill(batches: &Batches, count: usize) {
        for _ in 0..count {
            let (job, _) = Job::new(Request::pixels(Vec::new()), Hook::default());
            assert!(batches.push(job).is_ok());
        }
    }

    fn next(batches: &Batches, worker: usize) -> usize {
        batches.next(worker).map_or(0, |batch| batch.len())
    }

    #[test]
    fn without_a_wait_half_of_what_is_under_way_is_run() {
        let batches = batches(4, Duration::ZERO, 2);
        fill(&batches, 8);
        assert_eq!((next(&batches, 0), next(&batches, 1)), (2, 2));
        // Both sessions are busy; one is done, and its clients ask again.
        batches.done(2);
        fill(&batches, 2);
        assert_eq!(next(&batches, 0), 2);
    }

    #[test]
    fn a_single_image_does_not_wait_and_many_fill_the_batch() {
        let batches = batches(4, Duration::ZERO, 2);
        fill(&batches, 1);
        assert_eq!(next(&batches, 0), 1);
        batches.done(1);
        fill(&batches, 20);
        assert_eq!(next(&batches, 0), 4);
    }

    #[test]
    fn with_a_wait_a_batch_is_full_or_late() {
        let batches = batches(8, Duration::from_millis(1), 2);
        fill(&batches, 13);
        assert_eq!(next(&batches, 0), 8);
        // Five are left, and no more come: it ends although the queue is open.
        assert_eq!(next(&batches, 0), 5);
        batches.close();
        assert!(batches.next(0).is_none());
    }

    #[test]
    fn a_batch_that_fills_does_not_wait_to_the_end() {
        let batches = batches(3, Duration::from_secs(60), 1);
        let start = Instant::now();
        thread::scope(|scope| {
            let worker = scope.spawn(|| next(&batches, 0));
            fill(&batches, 2);
            while batches.state().gathering.is_none() {
                thread::yield_now();
            }
            fill(&batches, 1);
            assert_eq!(worker.join().unwrap(), 3);
        });
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn the_worker_that_became_idle_last_is_woken() {
        let batches = batches(4, Duration::ZERO, 2);
        let idle = |workers: &[usize]| {
            while batches.state().idle != workers {
                thread::yield_now();
            }
        };
        thread::scope(|scope| {
            let first = scope.spawn(|| next(&batches, 1));
            idle(&[1]);
            let last = scope.spawn(|| next(&batches, 0));
            idle(&[1, 0]);
            fill(&batches, 1);
            assert_eq!(last.join().unwrap(), 1);
            assert!(!first.is_finished());
            batches.close();
            assert_eq!(first.join().unwrap(), 0);
        });
    }

    #[test]
    fn what_is_full_or_closed_gives_the_request_back() {
        let batches = batches(1, Duration::ZERO, 1);
        fill(&batches, 100);
        let job = || Job::new(Request::pixels(Vec::new()), Hook::default()).0;
        assert!(matches!(batches.push(job()), Err(Refused::Full(_))));
        assert_eq!(batches.waiting(), 100);
        batches.close();
        assert!(matches!(batches.push(job()), Err(Refused::Closed(_))));
    }
}
