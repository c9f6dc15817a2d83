//! The hub's protocol against a server on this machine.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;

use pretrained::{
    Family, IMAGENET_MEAN, IMAGENET_STD, NamedTensor, PretrainedError, Sidecar, Statistics,
    Weights, hub, read, write,
};

const REPO: &str = "timm/efficientnet_b0.ra_in1k";
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What the server does.
#[derive(Clone, Default)]
struct Behaviour {
    /// `model.safetensors`; 404 without it.
    weights: Option<Vec<u8>>,
    /// `config.json`; 404 without it.
    config: Option<String>,
    /// The weights' etag, instead of their SHA-256.
    etag: Option<String>,
    /// Bytes after which the first download breaks off.
    break_after: Option<usize>,
}

/// As the hub does it: small files come at once, large ones by a redirect to another place,
/// with the etag (SHA-256) and the commit in the redirect's headers.
struct Hub {
    endpoint: String,
    requests: Arc<AtomicUsize>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Hub {
    fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let stopped = Arc::new(AtomicBool::new(false));
        let thread = std::thread::spawn({
            let (endpoint, requests) = (endpoint.clone(), requests.clone());
            let stopped = stopped.clone();
            let mut behaviour = behaviour;
            move || {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::Relaxed) {
                        break;
                    }
                    requests.fetch_add(1, Ordering::Relaxed);
                    // A client that has gone away concerns the test, not the server.
                    let _ = answer(stream.unwrap(), &mut behaviour, &endpoint);
                }
            }
        });
        Self {
            endpoint,
            requests,
            stopped,
            thread: Some(thread),
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Wakes the listener up.
        let address = self.endpoint.strip_prefix("http://").unwrap();
        let _ = TcpStream::connect(address);
        let result = self.thread.take().unwrap().join();
        assert!(result.is_ok() || std::thread::panicking());
    }
}

/// Answers one request and closes the connection.
fn answer(mut stream: TcpStream, behaviour: &mut Behaviour, endpoint: &str) -> io::Result<()> {
    let lines: Vec<String> = BufReader::new(&stream)
        .lines()
        .take_while(|line| line.as_ref().map_or(true, |line| !line.is_empty()))
        .collect::<io::Result<_>>()?;
    let url = lines[0].split(' ').nth(1).unwrap();
    let range = lines.iter().find_map(|line| {
        let (name, value) = line.split_once(": ")?;
        name.eq_ignore_ascii_case("range").then_some(value)
    });
    let range = range.unwrap();

    let resolve = format!("/{REPO}/resolve/main/");
    match (
        url.strip_prefix(&resolve),
        &behaviour.config,
        &behaviour.weights,
    ) {
        (Some("config.json"), Some(config), _) => part(&mut stream, range, config.as_bytes(), None),
        (Some("model.safetensors"), _, Some(weights)) => {
            let sha256 = contract::fs::sha256_hex(weights);
            let etag = behaviour.etag.as_ref().unwrap_or(&sha256);
            write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {endpoint}/cdn/blob\r\n\
                 X-Repo-Commit: {COMMIT}\r\nX-Linked-Etag: \"{etag}\"\r\n\
                 X-Linked-Size: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                weights.len()
            )
        }
        (None, _, Some(weights)) if url == "/cdn/blob" => {
            let download = range != "bytes=0-0";
            let break_after = behaviour.break_after.take_if(|_| download);
            part(&mut stream, range, weights, break_after)
        }
        _ => status(&mut stream, "404 Not Found"),
    }
}

fn status(stream: &mut TcpStream, status: &str) -> io::Result<()> {
    let rest = "Content-Length: 0\r\nConnection: close";
    write!(stream, "HTTP/1.1 {status}\r\n{rest}\r\n\r\n")
}

/// Answers a range request; with `break_after`, with no more than so many bytes.
fn part(
    stream: &mut TcpStream,
    range: &str,
    bytes: &[u8],
    break_after: Option<usize>,
) -> io::Result<()> {
    let (start, end) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let start: usize = start.parse().unwrap();
    let end = end.parse().map_or(bytes.len(), |last: usize| last + 1);
    if start >= bytes.len() {
        return status(stream, "416 Range Not Satisfiable");
    }
    write!(
        stream,
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {start}-{}/{}\r\n\
         X-Repo-Commit: {COMMIT}\r\nETag: \"no-sha256\"\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        end - 1,
        bytes.len(),
        end - start,
    )?;
    let body = &bytes[start..end];
    stream.write_all(&body[..break_after.unwrap_or(body.len())])
}

/// A weights file's bytes: what the hub would hold.
fn weights_file() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let tensor = NamedTensor {
        shape: vec![1000],
        values: vec![0.5; 1000],
    };
    let weights = Weights {
        tensors: [("conv_stem.weight".to_owned(), tensor)].into(),
        family: Family::tensorflow(),
        source: "the file's own metadata".into(),
        sha256: String::new(),
        statistics: Statistics::Trained,
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
    };
    write(&path, &weights).unwrap();
    std::fs::read(path).unwrap()
}

/// timm's `config.json`, shortened.
fn config(architecture: &str) -> String {
    serde_json::json!({
        "architecture": architecture,
        "num_classes": 1000,
        "pretrained_cfg": {
            "tag": "ra_in1k", "input_size": [3, 224, 224],
            "mean": [0.5, 0.25, 0.125], "std": [0.1, 0.2, 0.3],
        },
    })
    .to_string()
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = (std::fs::read_dir(dir).unwrap())
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn hub_with(weights: Vec<u8>) -> Behaviour {
    Behaviour {
        weights: Some(weights),
        ..Behaviour::default()
    }
}

#[test]
fn the_file_lands_under_the_repositorys_name_with_its_sidecar() {
    let bytes = weights_file();
    let hub = Hub::start(Behaviour {
        config: Some(config("efficientnet_b0")),
        ..hub_with(bytes.clone())
    });
    let dir = tempfile::tempdir().unwrap();
    let models = dir.path().join("models");
    let path = hub::fetch(REPO, Some(&hub.endpoint), &models, false).unwrap();
    assert_eq!(path, models.join("efficientnet_b0.ra_in1k.safetensors"));
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert_eq!(
        names(&models),
        [
            "efficientnet_b0.ra_in1k.safetensors",
            "efficientnet_b0.ra_in1k.safetensors.json"
        ]
    );
    let sidecar = Sidecar::of(&path).unwrap().unwrap();
    assert_eq!(sidecar.source, format!("hub {REPO}@{COMMIT}"));
    assert_eq!(sidecar.sha256, contract::fs::sha256_hex(&bytes));
    let weights = read(&path, None).unwrap();
    assert_eq!(weights.family, Family::torch());
    assert_eq!(weights.mean, [0.5, 0.25, 0.125]);

    // What is there is not fetched again.
    let requests = hub.requests.load(Ordering::Relaxed);
    assert_eq!(
        hub::fetch(REPO, Some(&hub.endpoint), &models, false).unwrap(),
        path
    );
    assert_eq!(hub.requests.load(Ordering::Relaxed), requests);
}

#[test]
fn tensorflows_architectures_get_their_family() {
    let hub = Hub::start(Behaviour {
        config: Some(config("tf_efficientnet_b0")),
        ..hub_with(weights_file())
    });
    let dir = tempfile::tempdir().unwrap();
    let path = hub::fetch(REPO, Some(&hub.endpoint), dir.path(), false).unwrap();
    assert_eq!(read(&path, None).unwrap().family, Family::tensorflow());
}

#[test]
fn a_repository_without_config_has_the_family_of_its_name() {
    let hub = Hub::start(hub_with(weights_file()));
    let dir = tempfile::tempdir().unwrap();
    // A slash at the end of the endpoint does no harm.
    let endpoint = format!("{}/", hub.endpoint);
    let path = hub::fetch(REPO, Some(&endpoint), dir.path(), false).unwrap();
    let weights = read(&path, None).unwrap();
    assert_eq!(
        (weights.family, weights.mean),
        (Family::torch(), IMAGENET_MEAN)
    );
}

#[test]
fn a_download_that_breaks_off_goes_on() {
    let bytes = weights_file();
    let hub = Hub::start(Behaviour {
        break_after: Some(1000),
        ..hub_with(bytes.clone())
    });
    let dir = tempfile::tempdir().unwrap();
    let path = hub::fetch(REPO, Some(&hub.endpoint), dir.path(), false).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
}

/// An earlier run got all bytes and ended before it could rename the file.
#[test]
fn what_an_earlier_run_left_is_no_trap() {
    let bytes = weights_file();
    let hub = Hub::start(hub_with(bytes.clone()));
    let dir = tempfile::tempdir().unwrap();
    let blobs = dir
        .path()
        .join(".hub/models--timm--efficientnet_b0.ra_in1k/blobs");
    std::fs::create_dir_all(&blobs).unwrap();
    let partial = format!("{}.part", contract::fs::sha256_hex(&bytes));
    std::fs::write(blobs.join(partial), &bytes).unwrap();

    let error = hub::fetch(REPO, Some(&hub.endpoint), dir.path(), false).unwrap_err();
    assert!(error.hint().unwrap().contains("run it again"), "{error}");
    hub::fetch(REPO, Some(&hub.endpoint), dir.path(), false).unwrap();
}

/// Fetches and expects an error of one line; nothing may have landed.
fn failure(repo: &str, endpoint: &str) -> PretrainedError {
    let dir = tempfile::tempdir().unwrap();
    let error = hub::fetch(repo, Some(endpoint), dir.path(), false).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert!(error.hint().is_some());
    let landed = names(dir.path());
    assert!(landed.is_empty() || landed == [".hub"], "{landed:?}");
    error
}

#[test]
fn an_unknown_repository_is_named() {
    let hub = Hub::start(hub_with(weights_file()));
    let error = failure("timm/no_such_net", &hub.endpoint);
    assert_eq!(
        error.to_string(),
        format!(
            "{}/timm/no_such_net/resolve/main/model.safetensors: \
             not found on the hub (status 404)",
            hub.endpoint
        )
    );
    let without_weights = Hub::start(Behaviour {
        config: Some(config("efficientnet_b0")),
        ..Behaviour::default()
    });
    let error = failure(REPO, &without_weights.endpoint);
    assert!(
        matches!(error, PretrainedError::HubNotFound { status: 404, .. }),
        "{error}"
    );
}

#[test]
fn no_connection_is_one_line_with_a_hint() {
    // A port that was free a moment ago.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = failure(REPO, &endpoint);
    assert!(
        error
            .to_string()
            .starts_with(&format!("cannot fetch {endpoint}/{REPO}/"))
    );
    assert!(error.hint().unwrap().contains("weights fetch npm"));
}

#[test]
fn a_file_that_is_not_what_the_hub_announced_is_not_kept() {
    let other = "0".repeat(64);
    let hub = Hub::start(Behaviour {
        etag: Some(other.clone()),
        ..hub_with(weights_file())
    });
    let error = failure(REPO, &hub.endpoint);
    assert!(
        error
            .to_string()
            .contains(&format!("the hub announced {other}")),
        "{error}"
    );

    let hub = Hub::start(hub_with(b"<html>not weights</html>".to_vec()));
    let error = failure(REPO, &hub.endpoint);
    assert!(matches!(error, PretrainedError::HubFile { .. }), "{error}");
}

#[test]
fn a_broken_config_is_reported() {
    let hub = Hub::start(Behaviour {
        config: Some("{".into()),
        ..hub_with(weights_file())
    });
    let error = failure(REPO, &hub.endpoint);
    assert!(
        error
            .to_string()
            .contains("config.json: not a valid timm config file: "),
        "{error}"
    );
}
