//! What a run starts from: recipe, data, weights and devices.

use std::{process, time::Duration};

use clap::Args;
use commands::quoted;
use pretrained::Family;
use trainer::{
    TrainError,
    device::{
        DeviceKind, OpenedDevices,
        remote::{WorkerAddress, open_workers},
    },
};

use super::{
    failure::report,
    locations::{DatasetArguments, ModelsArguments},
    note::note,
    overrides::RecipeArguments,
    token::TokenArguments,
};

/// How long workers are waited for that are not there yet: jobs on several
/// machines do not start at once.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Debug, Args)]
pub struct StartArguments {
    #[command(flatten)]
    pub dataset: DatasetArguments,
    /// Share of the images that is held out for the test where the data set has no test split
    /// (0: none, and nothing tells then how good the model is) [default: 0.2]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub test_fraction: Option<f64>,
    /// Device: auto, cpu, cuda, rocm, metal, vulkan or wgpu, by what was compiled in
    #[arg(long, default_value_t = DeviceKind::Auto, value_name = "NAME")]
    pub device: DeviceKind,
    /// Which devices of that kind, counted from 0; several share the images of every batch
    #[arg(
        long,
        default_value = "0",
        value_delimiter = ',',
        value_name = "NUMBERS"
    )]
    pub devices: Vec<usize>,
    /// Train on the devices of other machines instead, each running `trainer worker`: all
    /// devices of all workers share the images of every batch [default port: 29500]
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "HOST:PORT,...",
        conflicts_with_all = ["device", "devices"]
    )]
    pub workers: Vec<WorkerAddress>,
    #[command(flatten)]
    pub token: TokenArguments,
    /// Padding and batch-norm epsilon of the weights [default: what their file says]
    #[arg(long, value_name = "torch|tensorflow", value_parser = family)]
    pub weights_family: Option<Family>,
    #[command(flatten)]
    pub models: ModelsArguments,
    #[command(flatten)]
    pub recipe: RecipeArguments,
}

impl StartArguments {
    /// The devices to train on.
    ///
    /// # Errors
    /// A device that is not there, or a worker that does not let this run in.
    pub fn open(&self) -> Result<OpenedDevices, TrainError> {
        if self.workers.is_empty() {
            return self.device.open(&self.devices);
        }
        let token = self.token.token()?;
        let waits = |worker: &WorkerAddress, reason: &str| {
            note(format_args!("waiting for the worker {worker}: {reason}"));
        };
        // What is on disk is whole, and the run hangs in a library.
        let given_up = |error: TrainError| {
            report(&error.into());
            process::exit(1);
        };
        open_workers(&self.workers, token.as_ref(), PATIENCE, waits, given_up)
    }

    /// The flags that say which devices to train on, as far as they were given.
    pub fn device_flags(&self) -> String {
        let mut flags = String::new();
        if !self.workers.is_empty() {
            let workers: Vec<String> = self.workers.iter().map(ToString::to_string).collect();
            flags += &format!(" --workers {}", quoted(workers.join(",")));
            return flags + &self.token.flags();
        }
        if self.device != DeviceKind::Auto {
            flags += &format!(" --device {}", self.device);
        }
        if self.devices != [0] {
            let numbers: Vec<String> = self.devices.iter().map(ToString::to_string).collect();
            flags += &format!(" --devices {}", numbers.join(","));
        }
        flags
    }
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(share) if (0.0..1.0).contains(&share) => Ok(share),
        _ => Err("expected a share from 0 to below 1, such as 0.2".to_owned()),
    }
}

fn family(text: &str) -> Result<Family, String> {
    match text {
        "torch" => Ok(Family::torch()),
        "tensorflow" => Ok(Family::tensorflow()),
        _ => Err("expected torch or tensorflow".to_owned()),
    }
}
