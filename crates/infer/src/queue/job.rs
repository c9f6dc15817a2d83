//! One accepted request, and the other end that waits for its answer.

use std::time::Instant;

use tracing::Span;

use crate::event::{Event, Hook};
use crate::request::Image;
use crate::{Classification, InferError, Outcome, Request};

type Answer = Result<Classification, InferError>;

/// A request on its way. It is finished exactly once: with an answer, or, if
/// it is dropped without one (a worker panicked), as failed.
pub(super) struct Job {
    image: Option<Image>,
    deadline: Option<Instant>,
    accepted: Instant,
    /// When a worker took it out of the queue.
    taken: Option<Instant>,
    /// `None` once it is finished.
    reply: Option<oneshot::Sender<Answer>>,
    hook: Hook,
    /// The request's span, a child of the caller's.
    pub span: Span,
}

/// Waits for the answer; dropping it cancels the request.
#[derive(Debug)]
pub(crate) struct Pending {
    answer: oneshot::Receiver<Answer>,
    deadline: Option<Instant>,
}

impl Job {
    pub fn new(request: Request, hook: Hook) -> (Self, Pending) {
        let (reply, answer) = oneshot::channel();
        let job = Self {
            image: Some(request.image),
            deadline: request.deadline,
            accepted: Instant::now(),
            taken: None,
            reply: Some(reply),
            hook,
            span: tracing::debug_span!("classify"),
        };
        let pending = Pending {
            answer,
            deadline: request.deadline,
        };
        (job, pending)
    }

    /// When it was accepted.
    pub fn accepted(&self) -> Instant {
        self.accepted
    }

    /// Marks it as taken out of the queue and hands out its image; finishes it
    /// instead if nobody wants the answer any more.
    pub fn take(mut self) -> Option<(Self, Image)> {
        self.taken = Some(Instant::now());
        if self.is_late() {
            self.finish(Err(InferError::DeadlineExceeded));
            return None;
        }
        if self.reply.as_ref().is_some_and(oneshot::Sender::is_closed) {
            // Nobody receives the error; the outcome will be `Cancelled`.
            self.finish(Err(InferError::ShutDown));
            return None;
        }
        let image = self.image.take()?;
        Some((self, image))
    }

    /// Tells the hook how the request ended, then hands over the answer.
    pub fn finish(mut self, answer: Answer) {
        self.finish_once(answer);
    }

    /// Ends a request that was never accepted.
    pub fn forget(mut self) {
        self.reply = None;
    }

    fn finish_once(&mut self, answer: Answer) {
        let Some(reply) = self.reply.take() else {
            return;
        };
        let now = Instant::now();
        let outcome = match &answer {
            _ if reply.is_closed() && !self.is_late() => Outcome::Cancelled,
            _ if reply.is_closed() => Outcome::DeadlineExceeded,
            Ok(_) => Outcome::Classified,
            Err(InferError::DeadlineExceeded) => Outcome::DeadlineExceeded,
            Err(
                InferError::Dataset(_)
                | InferError::TooManyPixels { .. }
                | InferError::PixelLength { .. },
            ) => Outcome::Refused,
            Err(_) => Outcome::Failed,
        };
        let total = now - self.accepted;
        self.hook.tell(&Event::Finished {
            outcome,
            waited: self.taken.map_or(total, |taken| taken - self.accepted),
            total,
        });
        tracing::debug!(
            parent: &self.span,
            %outcome,
            milliseconds = total.as_secs_f64() * 1e3,
            "finished"
        );
        let _ = reply.send(answer);
    }

    fn is_late(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline <= Instant::now())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.finish_once(Err(InferError::Panicked {
            action: "classify the image",
        }));
    }
}

impl Pending {
    /// Blocks until the answer is there or the deadline has passed.
    pub fn wait(self) -> Answer {
        let Some(deadline) = self.deadline else {
            return self.answer.recv().unwrap_or(Err(InferError::ShutDown));
        };
        match self.answer.recv_deadline(deadline) {
            Ok(answer) => answer,
            Err(oneshot::RecvTimeoutError::Timeout) => Err(InferError::DeadlineExceeded),
            Err(oneshot::RecvTimeoutError::Disconnected) => Err(InferError::ShutDown),
        }
    }

    /// Awaits the answer, on any executor.
    pub async fn answer(self) -> Answer {
        self.answer.await.unwrap_or(Err(InferError::ShutDown))
    }
}
