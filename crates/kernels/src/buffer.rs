//! Recycled memory for activations.
//!
//! A training step needs the same few hundred megabytes every time. Asking the
//! system for them anew costs a page fault for every 4 KiB, so buffers go back
//! to a pool of this process and out again.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// One cache line, so that vectors of channels do not straddle two.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct CacheLine([f32; LINE]);

const LINE: usize = 16;

/// Floats in memory that returns to a pool when dropped.
pub struct Buffer {
    lines: Vec<CacheLine>,
    len: usize,
}

impl Buffer {
    /// `len` floats of no particular value.
    pub fn new(len: usize) -> Self {
        Self {
            lines: pool().take(capacity(len.div_ceil(LINE))),
            len,
        }
    }

    /// `len` zeros.
    pub fn zeros(len: usize) -> Self {
        let mut buffer = Self::new(len);
        buffer.fill(0.0);
        buffer
    }
}

/// Gives the memory of buffers that nobody uses back to the system, when
/// training is over and something else needs it.
pub fn release_idle_buffers() {
    let mut pool = pool();
    pool.idle = Vec::new();
    pool.idle_lines = 0;
    pool.peak_used_lines = pool.used_lines;
}

impl Drop for Buffer {
    fn drop(&mut self) {
        pool().give_back(std::mem::take(&mut self.lines));
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a cache line is 16 floats without padding, and `len` never
        // exceeds what `new` took.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.len) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.len) }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} floats)", self.len)
    }
}

/// The next larger of four capacities an octave: buffers of nearly the same
/// length, as tiles have them, then fit each other.
fn capacity(lines: usize) -> usize {
    let step = (lines.next_power_of_two() / 8).max(1);
    lines.next_multiple_of(step)
}

/// Buffers that nobody uses now.
struct Pool {
    idle: Vec<Vec<CacheLine>>,
    idle_lines: usize,
    used_lines: usize,
    peak_used_lines: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool {
    idle: Vec::new(),
    idle_lines: 0,
    used_lines: 0,
    peak_used_lines: 0,
});

fn pool() -> MutexGuard<'static, Pool> {
    // The pool's few numbers are consistent whatever panicked elsewhere.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Pool {
    fn take(&mut self, lines: usize) -> Vec<CacheLine> {
        // The newest of its capacity, which is the likeliest to be cached.
        let fit = self.idle.iter().rposition(|idle| idle.len() == lines);
        let taken = match fit {
            Some(index) => {
                let taken = self.idle.remove(index);
                self.idle_lines -= taken.len();
                taken
            }
            None => {
                self.trim();
                vec![CacheLine([0.0; LINE]); lines]
            }
        };
        self.used_lines += taken.len();
        self.peak_used_lines = self.peak_used_lines.max(self.used_lines);
        taken
    }

    fn give_back(&mut self, lines: Vec<CacheLine>) {
        self.used_lines -= lines.len();
        self.idle_lines += lines.len();
        self.idle.push(lines);
    }

    /// Lets go of what fits nobody, so that used and idle memory together stay
    /// within twice the highest use.
    fn trim(&mut self) {
        let limit = 2 * self.peak_used_lines;
        while self.used_lines + self.idle_lines > limit {
            // The oldest: sizes of another batch size or resolution go first.
            if self.idle.is_empty() {
                break;
            }
            self.idle_lines -= self.idle.remove(0).len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_aligned_and_of_the_asked_length() {
        for len in [0, 1, 15, 16, 17, 1000] {
            let buffer = Buffer::zeros(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr() as usize % 64, 0);
            assert!(buffer.iter().all(|&value| value == 0.0));
        }
    }

    #[test]
    fn capacities_waste_at_most_a_quarter() {
        for lines in 0..5000 {
            let capacity = capacity(lines);
            assert!(capacity >= lines && capacity <= lines + lines.div_ceil(4));
            assert_eq!(super::capacity(capacity), capacity);
        }
    }

    #[test]
    fn memory_comes_back() {
        // A length that no other test of this process asks for.
        let len = 7_654_321;
        let first = Buffer::new(len);
        let address = first.as_ptr();
        drop(first);
        let second = Buffer::new(len);
        assert_eq!(second.as_ptr(), address);
    }
}
