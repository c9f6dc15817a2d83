//! Devices of other machines, over burn's remote backend.
//!
//! A machine that runs a [`Worker`] lends its devices to one run and ends with
//! it: burn's servers keep sessions and connections of runs that are gone. The
//! run holds a line to each worker (`line.rs`): who hears nothing on it any more
//! knows that the other one is gone, whatever burn waits for.

mod address;
mod lease;
mod line;
mod open;
mod token;
mod worker;

pub use self::{
    address::{DEFAULT_PORT, WorkerAddress},
    lease::Lease,
    open::open_workers,
    token::Token,
    worker::{End, News, Worker},
};
