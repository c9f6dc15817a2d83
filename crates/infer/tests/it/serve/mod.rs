//! `infer serve` from the outside.

mod access;
mod client;
mod faults;
mod log;
mod overload;
mod process;
mod protocol;
mod reload;
mod repository;
mod routes;
mod signals;
mod storm;
