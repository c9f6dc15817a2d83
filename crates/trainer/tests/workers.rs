//! A run on two other machines, here two processes: the losses of one device
//! with the joint batch; a worker that is killed ends the run with a line that
//! names it, and the run goes on with another one; strangers are refused.

#![cfg(feature = "remote")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "common/run.rs"]
mod common;

use std::{
    cell::Cell,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::PoisonError,
    time::{Duration, Instant},
};

use burn::tensor::{Device, Tensor, TensorData};
use trainer::{
    TrainError,
    device::{
        OpenedDevices,
        remote::{Token, WorkerAddress, open_workers},
    },
    train::Recipe,
};

use common::{GENERATOR, Ran, STEPS, assert_same_losses, recipe, run};

const SECRET: &str = "an open secret";

/// A worker process with the processor as its devices.
struct Worker {
    process: Child,
    address: WorkerAddress,
}

impl Worker {
    fn start(devices: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_trainer"))
            .args(["worker", "--listen", "127.0.0.1:0", "--device", "cpu"])
            .args(["--devices", devices])
            .env("TRAINER_TOKEN", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = process.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        Self {
            process,
            address: line.trim().parse().unwrap(),
        }
    }

    fn pair() -> [Self; 2] {
        [Self::start("0"), Self::start("0")]
    }

    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// The exit code, which is to come soon.
    fn ends_with(&mut self) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(20) {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the worker at {} does not end", self.address);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn open(workers: &[Worker], secret: &str) -> Result<OpenedDevices, TrainError> {
    let addresses: Vec<WorkerAddress> = workers
        .iter()
        .map(|worker| worker.address.clone())
        .collect();
    let token = Token::new(secret);
    open_workers(
        &addresses,
        token.as_ref(),
        Duration::ZERO,
        |_, _| {},
        |error| panic!("the run had to be given up: {error}"),
    )
}

/// The run that the others are held against.
fn on_one_device(recipe: &Recipe, folder: &Path) -> Ran {
    run(recipe, &[Device::flex()], &folder.join("one"), |_| false).unwrap()
}

#[test]
fn the_losses_are_those_of_one_device_with_the_joint_batch() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let recipe = recipe(true);
    let folder = tempfile::tempdir().unwrap();
    let one = on_one_device(&recipe, folder.path());
    let mut workers = Worker::pair();
    let opened = open(&workers, SECRET).unwrap();
    let shown = opened.to_string();
    assert!(
        shown.starts_with("remote, 2 of them share every batch (127.0.0.1:"),
        "{shown}"
    );
    let path = folder.path().join("two");
    let several = opened
        .run(|| run(&recipe, &opened.devices, &path, |_| false))
        .unwrap();
    assert_same_losses("two workers", &several, &one);
    opened.finish();
    assert_eq!(workers[0].ends_with(), Some(0));
    assert_eq!(workers[1].ends_with(), Some(0));
}

#[test]
fn tensors_go_between_devices_of_one_worker_and_of_two() {
    let workers = [Worker::start("0,1"), Worker::start("0")];
    let opened = open(&workers, SECRET).unwrap();
    let [first, second, third] = &opened.devices[..] else {
        panic!("{opened}");
    };
    let tensor = Tensor::<1>::from_floats([1.0, 2.0, 3.0], first);
    let tensor = (tensor.to_device(second) * 2.0).to_device(third) + 1.0;
    let values = tensor.to_device(first).into_data();
    values.assert_eq(&TensorData::from([3.0f32, 5.0, 7.0]), true);
}

#[test]
fn a_run_goes_on_after_a_worker_was_killed() {
    let _alone = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let recipe = recipe(true);
    let folder = tempfile::tempdir().unwrap();
    let one = on_one_device(&recipe, folder.path());
    let mut workers = Worker::pair();
    let opened = open(&workers, SECRET).unwrap();
    let path = folder.path().join("run");
    let began = Instant::now();
    let failed = opened.run(|| {
        run(&recipe, &opened.devices, &path, |steps| {
            // The state after the first epoch is there.
            if steps == STEPS / 2 + 1 {
                workers[1].kill();
            }
            false
        })
    });
    let Err(TrainError::WorkerLost { worker, reason }) = &failed else {
        panic!("{:?}", failed.err());
    };
    assert_eq!(*worker, workers[1].address.to_string());
    assert!(!reason.contains('\n'), "{reason}");
    assert!(
        began.elapsed() < Duration::from_secs(120),
        "{:?}",
        began.elapsed()
    );
    drop(opened);
    assert_eq!(workers[0].ends_with(), Some(1));

    let workers = Worker::pair();
    let opened = open(&workers, SECRET).unwrap();
    let mut resumed = run(&recipe, &opened.devices, &path, |_| false).unwrap();
    assert_eq!(resumed.losses.len(), STEPS / 2);
    resumed
        .losses
        .splice(..0, one.losses[..STEPS / 2].iter().copied());
    assert_same_losses("after a worker was killed", &resumed, &one);
}

/// burn-fusion 0.22 gives a permutation of floats the name of one of integers
/// (see `Pixels::into_tensor`), on which a worker with the processor fails.
#[cfg(feature = "gpu")]
#[test]
fn a_computation_that_fails_ends_the_worker_and_those_that_wait_for_it() {
    let mut workers = Worker::pair();
    let opened = open(&workers, SECRET).unwrap();
    let failed = opened.run(|| {
        let tensor = Tensor::<2>::ones([2, 3], &opened.devices[0]).permute([1, 0]);
        let tensor = tensor.to_device(&opened.devices[1]);
        Ok(tensor.sum().into_scalar::<f32>())
    });
    assert!(
        matches!(failed, Err(TrainError::WorkerLost { .. })),
        "{failed:?}"
    );
    drop(opened);
    assert_eq!(workers[0].ends_with(), Some(1));
    assert_eq!(workers[1].ends_with(), Some(1));
}

#[test]
fn strangers_are_refused_and_a_second_run_hears_of_the_first() {
    let mut workers = [Worker::start("0")];
    for secret in ["another secret", ""] {
        let error = open(&workers, secret).unwrap_err();
        assert!(matches!(error, TrainError::WorkerRefuses { .. }), "{error}");
        assert!(
            error.to_string().contains(&workers[0].address.to_string()),
            "{error}"
        );
        assert!(error.hint().unwrap().contains("--token-file"));
    }
    let opened = open(&workers, SECRET).unwrap();
    let error = open(&workers, SECRET).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it computes for a run from 127.0.0.1:"),
        "{error}"
    );
    let ones = Tensor::<1>::ones([3], &opened.devices[0]);
    assert_eq!(ones.sum().into_scalar::<f32>(), 3.0);
    opened.finish();
    assert_eq!(workers[0].ends_with(), Some(0));
}

#[test]
fn a_worker_that_is_not_there_is_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address: WorkerAddress = listener.local_addr().unwrap().to_string().parse().unwrap();
    drop(listener);
    let waited = Cell::new(0);
    let began = Instant::now();
    let waits = |_: &WorkerAddress, _: &str| waited.set(waited.get() + 1);
    let error = open_workers(&[address], None, Duration::from_secs(2), waits, drop).unwrap_err();
    assert!(
        matches!(error, TrainError::WorkerUnreachable { .. }),
        "{error}"
    );
    assert_eq!(waited.get(), 1);
    assert!(
        began.elapsed() >= Duration::from_secs(1),
        "{:?}",
        began.elapsed()
    );
}

/// A scheduler ends workers with SIGTERM: one that has nothing to do ends well,
/// another with its run.
#[cfg(unix)]
#[test]
fn a_worker_that_is_told_to_end_ends_with_its_run() {
    let mut workers = Worker::pair();
    let opened = open(&workers[..1], SECRET).unwrap();
    for worker in &workers {
        let process = worker.process.id().to_string();
        assert!(
            Command::new("kill")
                .arg(&process)
                .status()
                .unwrap()
                .success()
        );
    }
    assert_eq!(workers[1].ends_with(), Some(0));
    let ones = Tensor::<1>::ones([3], &opened.devices[0]);
    assert_eq!(ones.sum().into_scalar::<f32>(), 3.0);
    opened.finish();
    assert_eq!(workers[0].ends_with(), Some(0));
}
