//! What the connections saw.

use std::io;
use std::time::Duration;

/// Counts and times.
#[derive(Debug, Default)]
pub struct Tally {
    /// Times of right answers.
    pub answers: Vec<Duration>,
    /// How many of them came before the end of the load.
    pub in_time: usize,
    /// Times of refusals (503).
    pub refusals: Vec<Duration>,
    /// Answers that were not those of the image.
    pub wrong: usize,
    /// Other statuses.
    pub errors: usize,
    /// Requests without an answer.
    pub lost: usize,
}

impl Tally {
    pub const HEADER: &str = "connections   answers  answers/s   p50 ms   p99 ms      503  503 p99 ms  503 max ms  wrong  errors  lost  client s";

    pub fn add(&mut self, other: Self) {
        self.answers.extend(other.answers);
        self.in_time += other.in_time;
        self.refusals.extend(other.refusals);
        self.wrong += other.wrong;
        self.errors += other.errors;
        self.lost += other.lost;
    }

    /// One more request is lost, and with it the connection.
    pub fn lose(mut self, error: &io::Error) -> Self {
        eprintln!("a connection ended: {error}");
        self.lost += 1;
        self
    }

    /// Whether every request was answered rightly or refused.
    pub fn is_well(&self) -> bool {
        self.wrong + self.errors + self.lost == 0
    }

    /// One line under [`HEADER`](Self::HEADER). `time` is that of the load,
    /// `used` the processor time that the connections took.
    pub fn line(mut self, connections: usize, time: Duration, used: Duration) -> String {
        let answers = self.answers.len();
        let speed = self.in_time as f64 / time.as_secs_f64();
        let refusals = self.refusals.len();
        format!(
            "{connections:11} {answers:9} {speed:10.1} {:8.1} {:8.1} {refusals:8} {:11.1} {:11.1} {:6} {:7} {:5} {:9.2}",
            percentile(&mut self.answers, 0.5),
            percentile(&mut self.answers, 0.99),
            percentile(&mut self.refusals, 0.99),
            percentile(&mut self.refusals, 1.0),
            self.wrong,
            self.errors,
            self.lost,
            used.as_secs_f64()
        )
    }
}

/// In milliseconds; 0 of nothing.
fn percentile(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let index = (last as f64 * share).round() as usize;
    times
        .get(index)
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}
