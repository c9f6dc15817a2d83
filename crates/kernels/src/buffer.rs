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
        let lines = len.div_ceil(LINE);
        Self {
            lines: pool().take(lines),
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
        // The tightest fit, unless it wastes more than a quarter.
        let fit = (0..self.idle.len())
            .filter(|&i| (lines..=lines + lines / 4 + LINE).contains(&self.idle[i].len()))
            .min_by_key(|&i| self.idle[i].len());
        let taken = match fit {
            Some(index) => {
                let taken = self.idle.swap_remove(index);
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
    /// within a quarter above the highest use.
    fn trim(&mut self) {
        let limit = self.peak_used_lines + self.peak_used_lines / 4;
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
