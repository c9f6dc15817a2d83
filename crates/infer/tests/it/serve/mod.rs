//! `infer serve` from the outside.

mod client;
mod faults;
mod overload;
mod process;
mod protocol;
mod reload;
mod repository;
mod routes;
mod storm;
