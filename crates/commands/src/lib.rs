//! Commands as `trainer` and `infer` print them for a person to copy.
//!
//! What is printed works where it is printed: words are quoted for a shell
//! ([`quoted`], [`quoted_path`]), and the programs are called as the person can call them
//! ([`Programs`]): by name if the shell finds them, else by their path.
//!
//! Libraries write `` `trainer data fetch cifar100` `` into their hints, by name and in
//! backticks; the programs put every text that they print through
//! [`Programs::spell`].

#![cfg_attr(
    test,
    expect(clippy::unwrap_used, reason = "a test may panic: that is how it fails")
)]

#[cfg(feature = "clap")]
mod help;
mod programs;
mod quote;
mod spell;

#[cfg(feature = "clap")]
pub use help::spelled;
pub use programs::Programs;
pub use quote::{quoted, quoted_path};
