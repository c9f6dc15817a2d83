//! The hub's protocol against a server on this machine.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

mod hostile;
mod server;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::Duration;

use fetch::{Client, Patience};
use pretrained::{
    Family, IMAGENET_MEAN, IMAGENET_STD, NamedTensor, PretrainedError, Sidecar, Statistics,
    Weights, hub, read, write,
};
use server::{Behaviour, COMMIT, Hub, REPO};

/// [`hub::fetch`] without its pauses.
fn fetch(repo: &str, endpoint: &str, models: &Path) -> Result<PathBuf, PretrainedError> {
    let patience = Patience {
        silence: Duration::from_secs(2),
        pause: Duration::from_millis(1),
    };
    hub::fetch_by(
        &Client::new("test", patience),
        repo,
        Some(endpoint),
        models,
        false,
    )
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
    let path = fetch(REPO, &hub.endpoint, &models).unwrap();
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
    assert_eq!(fetch(REPO, &hub.endpoint, &models).unwrap(), path);
    assert_eq!(hub.requests.load(Ordering::Relaxed), requests);
}

#[test]
fn tensorflows_architectures_get_their_family() {
    let hub = Hub::start(Behaviour {
        config: Some(config("tf_efficientnet_b0")),
        ..hub_with(weights_file())
    });
    let dir = tempfile::tempdir().unwrap();
    let path = fetch(REPO, &hub.endpoint, dir.path()).unwrap();
    assert_eq!(read(&path, None).unwrap().family, Family::tensorflow());
}

#[test]
fn a_repository_without_config_has_the_family_of_its_name() {
    let hub = Hub::start(hub_with(weights_file()));
    let dir = tempfile::tempdir().unwrap();
    // A slash at the end of the endpoint does no harm.
    let endpoint = format!("{}/", hub.endpoint);
    let path = fetch(REPO, &endpoint, dir.path()).unwrap();
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
        break_after: vec![1000, 500],
        ..hub_with(bytes.clone())
    });
    let dir = tempfile::tempdir().unwrap();
    let path = fetch(REPO, &hub.endpoint, dir.path()).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert_eq!(hub.ranges(), [None, Some(1000), Some(1500)]);
}

/// The network is cut at each request in turn: for what the hub announces, the configuration, the
/// weights' redirect and the weights.
#[test]
fn a_cut_at_any_request_costs_another_run_and_nothing_else() {
    let bytes = weights_file();
    for cut in 0..4 {
        let hub = Hub::start(Behaviour {
            config: Some(config("efficientnet_b0")),
            cut: Some(cut),
            ..hub_with(bytes.clone())
        });
        let dir = tempfile::tempdir().unwrap();
        let error = fetch(REPO, &hub.endpoint, dir.path()).unwrap_err();
        assert!(
            matches!(error, PretrainedError::Hub { .. }),
            "{cut}: {error}"
        );
        assert!(error.hint().is_some());
        assert!(names(dir.path()).is_empty(), "{cut}");
        let path = fetch(REPO, &hub.endpoint, dir.path()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{cut}");
        assert_eq!(read(&path, None).unwrap().mean, [0.5, 0.25, 0.125]);
    }
}

/// The network is gone for good; the next run goes on from what has arrived.
#[test]
fn a_download_that_was_given_up_goes_on_in_the_next_run() {
    let bytes = weights_file();
    let hub = Hub::start(Behaviour {
        // One time with bytes, and all tries after it without.
        break_after: vec![1000, 0, 0, 0, 0, 0],
        ..hub_with(bytes.clone())
    });
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(REPO, &hub.endpoint, dir.path()).unwrap_err();
    assert!(matches!(error, PretrainedError::Hub { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("1000 bytes that arrived are kept")
    );
    assert_eq!(names(dir.path()), [".hub"]);

    let tried = hub.ranges().len();
    let path = fetch(REPO, &hub.endpoint, dir.path()).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
    assert_eq!(hub.ranges()[tried..], [Some(1000)]);
    assert_eq!(names(dir.path()).len(), 2, "the cache is gone");
}

/// What was left of another file is not gone on with.
#[test]
fn another_file_begins_anew() {
    let hub = Hub::start(Behaviour {
        break_after: vec![1000, 0, 0, 0, 0, 0],
        ..hub_with(weights_file())
    });
    let dir = tempfile::tempdir().unwrap();
    fetch(REPO, &hub.endpoint, dir.path()).unwrap_err();
    let mut other = weights_file();
    *other.last_mut().unwrap() = 0;
    let hub = Hub::start(hub_with(other.clone()));
    let path = fetch(REPO, &hub.endpoint, dir.path()).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), other);
    assert_eq!(hub.ranges(), [None]);
    assert_eq!(names(dir.path()).len(), 2, "the cache is gone");
}

/// A mirror may send files itself, without the hub's own headers for large ones.
#[test]
fn a_mirror_without_redirects() {
    let bytes = weights_file();
    let hub = Hub::start(Behaviour {
        direct: true,
        ..hub_with(bytes.clone())
    });
    let dir = tempfile::tempdir().unwrap();
    let path = fetch(REPO, &hub.endpoint, dir.path()).unwrap();
    assert_eq!(std::fs::read(path).unwrap(), bytes);
}

/// Fetches and expects an error of one line; nothing may have landed, in the models folder or
/// beside it.
fn failure(repo: &str, endpoint: &str) -> PretrainedError {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("models");
    let error = fetch(repo, endpoint, &dir).unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
    assert!(error.hint().is_some());
    if dir.exists() {
        assert!(names(&dir).is_empty(), "{:?}", names(&dir));
    }
    assert!(names(place.path()).iter().all(|name| name == "models"));
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
    let prefix = format!("cannot fetch {endpoint}/{REPO}/");
    assert!(error.to_string().starts_with(&prefix), "{error}");
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
