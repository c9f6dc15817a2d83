//! A running `infer serve`, and what is sent to it.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use assert_cmd::cargo::CommandCargoExt as _;
use image::{ImageFormat, RgbImage};
use tempfile::TempDir;

use super::client::get;
use crate::tiny;

/// How long to wait for something that has to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// The service's log, in its folder.
const LOG: &str = "log";

/// A service with the tiny model as `digits`, killed when it is dropped.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
    /// The model's file.
    pub model: PathBuf,
    folder: TempDir,
}

impl Service {
    /// Starts on a free port, with more arguments.
    pub fn start(arguments: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", arguments, |_| ())
    }

    /// Starts with something changed of how it is started: where its log goes, or its
    /// stdout, from which its URL is read otherwise.
    pub fn start_on(listen: &str, arguments: &[&str], change: impl FnOnce(&mut Command)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("digits.onnx");
        fs::write(&model, tiny::model().to_bytes()).unwrap();
        let mut command = Command::cargo_bin("infer").unwrap();
        command
            .args(["serve", "--device", "cpu", "--model"])
            .arg(format!("digits={}", model.display()))
            .args(["--listen", listen])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(File::create(folder.path().join(LOG)).unwrap());
        change(&mut command);
        let mut child = command.spawn().unwrap();
        let address = match child.stdout.take() {
            Some(stdout) => {
                let mut url = String::new();
                BufReader::new(stdout).read_line(&mut url).unwrap();
                let address = url.trim().strip_prefix("http://").map(str::parse);
                address.unwrap_or_else(|| panic!("no URL: {url}")).unwrap()
            }
            None => {
                let free = listen.parse().unwrap();
                wait_until("a connection", || TcpStream::connect(free).is_ok());
                free
            }
        };
        Self {
            child,
            address,
            model,
            folder,
        }
    }

    /// Goes away as a reader of its log.
    pub fn close_log(&mut self) {
        self.child.stderr = None;
    }

    /// Sends a signal: TERM, INT, HUP.
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// The signals that it ignores: bit 0 is SIGHUP, bit 1 SIGINT.
    #[cfg(target_os = "linux")]
    pub fn ignored_signals(&self) -> u64 {
        let status = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(status).unwrap();
        let mut lines = status.lines();
        let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
        u64::from_str_radix(mask.unwrap().trim(), 16).unwrap()
    }

    /// What it has written to stderr.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join(LOG)).unwrap()
    }

    /// Waits for the process to end.
    pub fn wait(&mut self) -> ExitStatus {
        let start = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(start.elapsed() < PATIENCE, "the service does not end");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// The sum of all series of a metric whose labels contain `labels`.
    pub fn metric(&self, name: &str, labels: &str) -> u64 {
        let response = get(self.address, "/metrics");
        assert_eq!(response.status, 200);
        let text = String::from_utf8(response.body).unwrap();
        let value = |line: &str| {
            let rest = line.strip_prefix(name)?;
            let (series, value) = rest.rsplit_once(' ')?;
            let is_metric = series.is_empty() || series.starts_with('{');
            (is_metric && series.contains(labels)).then(|| value.parse::<u64>().unwrap())
        };
        text.lines().filter_map(value).sum()
    }

    /// Waits until a metric has a value.
    pub fn wait_for(&self, name: &str, labels: &str, expected: u64) {
        wait_until(&format!("{name}{labels} = {expected}"), || {
            self.metric(name, labels) == expected
        });
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until something is so.
pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The pixels of a test digit.
pub fn digit(i: usize) -> Vec<u8> {
    tiny::digits().test.unwrap().pixels(i).unwrap().to_vec()
}

/// The same as a PNG file.
pub fn digit_png(i: usize) -> Vec<u8> {
    let image = RgbImage::from_raw(8, 8, digit(i)).unwrap();
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// One of the awkward image files.
pub fn awkward(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/awkward");
    fs::read(folder.join(name)).unwrap()
}
