//! Endpoints that mean no good. A file of another place must not be written, and nothing lands.

use pretrained::PretrainedError;

use super::{config, failure, fetch, hub_with, names, weights_file};
use crate::server::{Behaviour, Hub, REPO};

/// Expects that what such a hub sends is refused, with a line that has `part` in it.
fn assert_refused(behaviour: Behaviour, part: &str) {
    let hub = Hub::start(behaviour);
    let error = failure(REPO, &hub.endpoint);
    assert!(
        matches!(error, PretrainedError::HubFile { .. }),
        "{error:?}"
    );
    assert!(error.to_string().contains(part), "{error}");
}

/// hf-hub 0.5 wrote the weights to the etag, if that was an absolute path.
#[test]
fn an_etag_that_is_a_path() {
    let victim = tempfile::tempdir().unwrap();
    let file = victim.path().join("victim");
    std::fs::write(&file, "precious").unwrap();
    for etag in [
        file.display().to_string(),
        "../../victim".into(),
        String::new(),
    ] {
        let behaviour = Behaviour {
            etag: Some(etag),
            ..hub_with(weights_file())
        };
        assert_refused(behaviour, "which is no hash");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(names(victim.path()), ["victim"]);
}

/// hf-hub 0.5 made folders and a link at the commit, if that was an absolute path.
#[test]
fn a_commit_that_is_a_path() {
    let victim = tempfile::tempdir().unwrap();
    let planted = victim.path().join("planted");
    for commit in [planted.display().to_string(), "../..".into(), "main".into()] {
        let behaviour = Behaviour {
            commit: Some(commit),
            ..hub_with(weights_file())
        };
        assert_refused(behaviour, "which is no hash");
    }
    assert!(names(victim.path()).is_empty());
}

/// hf-hub 0.5 panicked on the first and third, and followed the second for ever.
#[test]
fn redirects_that_lead_nowhere() {
    for (location, part) in [
        ("X-Nothing: here", "without saying where"),
        (
            "Location: /timm/efficientnet_b0.ra_in1k/resolve/main/model.safetensors",
            "10 times",
        ),
        ("Location: http://", "no valid address"),
    ] {
        let behaviour = Behaviour {
            location: Some(location.into()),
            ..hub_with(weights_file())
        };
        assert_refused(behaviour, part);
    }
}

/// hf-hub 0.5 took as many bytes as came.
#[test]
fn more_bytes_than_announced() {
    let behaviour = Behaviour {
        length: Some(10),
        ..hub_with(weights_file())
    };
    assert_refused(behaviour, "where 10 were announced");
}

#[test]
fn a_length_that_is_not_taken() {
    let behaviour = Behaviour {
        length: Some(3 << 30),
        ..hub_with(weights_file())
    };
    assert_refused(behaviour, "more than the 2147483648 that are taken");
}

#[test]
fn a_configuration_that_is_too_long_or_of_no_use() {
    let behaviour = Behaviour {
        config: Some(config("efficientnet_b0").replace("ra_in1k", &"x".repeat(2 << 20))),
        ..hub_with(weights_file())
    };
    assert_refused(behaviour, "more than 1048576 bytes");
    let hub = Hub::start(Behaviour {
        config: Some(config("efficientnet_b0").replace("0.3", "0")),
        ..hub_with(weights_file())
    });
    let error = failure(REPO, &hub.endpoint);
    assert!(error.to_string().contains("normalise"), "{error}");
}

/// A file that is at the download's place under the models folder stays.
#[test]
fn weights_that_are_there_are_not_lost() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("efficientnet_b0.ra_in1k.safetensors");
    std::fs::write(&target, "mine").unwrap();
    let hub = Hub::start(hub_with(b"not weights".to_vec()));
    fetch(REPO, &hub.endpoint, dir.path()).unwrap_err();
    assert_eq!(std::fs::read_to_string(target).unwrap(), "mine");
}
