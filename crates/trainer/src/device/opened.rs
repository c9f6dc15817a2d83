//! The devices of a run, and what becomes of one that fails.

use std::{fmt, time::Duration};

use burn::tensor::Device;

use super::{panics, remote::Lease};
use crate::error::TrainError;

/// A step that fails because a worker is gone may be known to have failed before
/// the worker is known to be gone, by this much.
const KNOWN_WITHIN: Duration = Duration::from_secs(2);

/// The devices of a run.
#[derive(Debug)]
pub struct OpenedDevices {
    /// Their kind, never `auto`; `remote` for those of workers.
    pub name: String,
    /// Why `auto` chose this kind, or which worker has how many of them.
    pub note: Option<String>,
    /// The devices, without autodiff, in the order asked for.
    pub devices: Vec<Device>,
    /// The workers that have them; empty for those of this machine.
    pub leases: Vec<Lease>,
}

impl OpenedDevices {
    /// Does `work` on the devices, after which a worker may go: as
    /// [`prepare`](Self::prepare) else.
    ///
    /// # Errors
    /// Those of `work`, or a device failed.
    pub fn run<T>(&self, work: impl FnOnce() -> Result<T, TrainError>) -> Result<T, TrainError> {
        let result = self.prepare(work);
        self.leases.iter().for_each(Lease::is_over);
        result
    }

    /// Does `work` on devices that are needed again, and makes an error of a panic,
    /// which is what burn's backends answer with once memory runs out or a worker is
    /// gone.
    ///
    /// On the processor a panic is a defect, and stays one.
    ///
    /// # Errors
    /// Those of `work`, or a device failed.
    pub fn prepare<T>(
        &self,
        work: impl FnOnce() -> Result<T, TrainError>,
    ) -> Result<T, TrainError> {
        if operators::supports(&self.devices[0]) {
            return work();
        }
        let result =
            panics::caught(work).unwrap_or_else(|reason| Err(TrainError::DeviceFailed { reason }));
        match result {
            Err(TrainError::DeviceFailed { reason }) => Err(match self.lost() {
                Some(worker) => TrainError::WorkerLost { worker, reason },
                None => TrainError::DeviceFailed { reason },
            }),
            result => result,
        }
    }

    /// Lets workers know that the run came to its end, and not just away.
    pub fn finish(&self) {
        self.leases.iter().for_each(Lease::finish);
    }

    /// The first worker that is gone.
    fn lost(&self) -> Option<String> {
        let within = |lease: &&Lease| lease.is_gone(KNOWN_WITHIN / self.leases.len() as u32);
        let lost = self.leases.iter().find(within);
        lost.map(|lease| lease.worker().to_string())
    }
}

impl fmt::Display for OpenedDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if self.devices.len() > 1 {
            write!(f, ", {} of them share every batch", self.devices.len())?;
        }
        match &self.note {
            Some(note) => write!(f, " ({note})"),
            None => Ok(()),
        }
    }
}
