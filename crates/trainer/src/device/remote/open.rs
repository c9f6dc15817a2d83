//! All devices of several workers.

use std::{
    thread,
    time::{Duration, Instant},
};

use burn::tensor::Device;

use super::{
    Token, WorkerAddress,
    lease::{Lease, Refused},
};
use crate::{device::OpenedDevices, error::TrainError};

/// Before a worker is asked again.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// Asks the workers at `addresses` for all their devices, in that order. A worker
/// that does not answer may still be starting, and one that is busy be ending:
/// they are asked again until `patience` is over, and `waits` is told once why.
///
/// A worker that goes away ends [`OpenedDevices::run`]; where it cannot, because
/// burn waits for something that will never come, `given_up` is called with what
/// the run would have ended with.
///
/// # Errors
/// A worker that cannot be reached, or that refuses the token or this version;
/// a build without the feature `remote`.
pub fn open_workers(
    addresses: &[WorkerAddress],
    token: Option<&Token>,
    patience: Duration,
    waits: impl Fn(&WorkerAddress, &str),
    given_up: impl FnOnce(TrainError) + Clone + Send + 'static,
) -> Result<OpenedDevices, TrainError> {
    // Before anyone is waited for.
    if cfg!(not(feature = "remote")) {
        return Err(TrainError::RemoteNotCompiled);
    }
    let deadline = Instant::now() + patience;
    let mut opened = OpenedDevices {
        name: "remote".to_owned(),
        note: None,
        devices: Vec::new(),
        leases: Vec::with_capacity(addresses.len()),
    };
    let mut counts = Vec::with_capacity(addresses.len());
    for address in addresses {
        let (lease, port) = take(address, token, deadline, &waits)?;
        let devices = devices(&address.with_port(port), token)?;
        let watched = lease.watch(given_up.clone());
        watched.map_err(|error| unreachable(address, error.to_string()))?;
        counts.push(format!("{address} has {}", devices.len()));
        opened.devices.extend(devices);
        opened.leases.push(lease);
    }
    opened.note = Some(counts.join(", "));
    Ok(opened)
}

fn take(
    address: &WorkerAddress,
    token: Option<&Token>,
    deadline: Instant,
    waits: impl Fn(&WorkerAddress, &str),
) -> Result<(Lease, u16), TrainError> {
    let mut told = false;
    loop {
        let reason = match Lease::take(address, token) {
            Ok(taken) => return Ok(taken),
            Err(Refused::NotYet(reason)) => reason,
            Err(Refused::ForGood(reason)) => {
                return Err(TrainError::WorkerRefuses {
                    worker: address.to_string(),
                    reason,
                });
            }
        };
        if Instant::now() + BETWEEN_TRIES > deadline {
            return Err(unreachable(address, reason));
        }
        if !std::mem::replace(&mut told, true) {
            waits(address, &reason);
        }
        thread::sleep(BETWEEN_TRIES);
    }
}

fn unreachable(address: &WorkerAddress, reason: String) -> TrainError {
    TrainError::WorkerUnreachable {
        worker: address.to_string(),
        reason,
    }
}

/// The devices that burn serves at `address`.
#[cfg(feature = "remote")]
fn devices(address: &WorkerAddress, token: Option<&Token>) -> Result<Vec<Device>, TrainError> {
    let mut host = burn::remote::RemoteHost::websocket(&format!("ws://{address}"));
    if let Some(token) = token {
        host = host.with_credential(token.as_str());
    }
    let devices = host.devices();
    let devices = devices.map_err(|error| unreachable(address, error.to_string()))?;
    Ok(devices.into_vec())
}

#[cfg(not(feature = "remote"))]
fn devices(_address: &WorkerAddress, _token: Option<&Token>) -> Result<Vec<Device>, TrainError> {
    Err(TrainError::RemoteNotCompiled)
}

#[cfg(all(test, not(feature = "remote")))]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_the_feature_says_so_at_once() {
        let nobody = ["127.0.0.1:1".parse().unwrap()];
        let hour = Duration::from_secs(3600);
        let error = open_workers(&nobody, None, hour, |_, _| {}, drop).unwrap_err();
        assert!(error.hint().unwrap().contains("--features remote"));
    }
}
