//! Loading models again while requests run.

use std::fs;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::client::post;
use super::process::{Service, digit_png, wait_until};
use crate::tiny;

/// The tiny model with its first class renamed.
pub fn renamed() -> Vec<u8> {
    let mut contract = tiny::contract(&tiny::digits());
    contract
        .classes
        .iter_mut()
        .for_each(|class| class.push('!'));
    tiny::model_with(&contract).to_bytes()
}

#[test]
fn a_reload_under_load_drops_no_request() {
    let service = Service::start(&[]);
    let file = digit_png(0);
    let best = || {
        let response = post(service.address, "/classify?top=1", &file);
        assert_eq!(response.status, 200);
        response.json()["top"][0]["class"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert!(!best().ends_with('!'));
    let (done, answers) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    best();
                    answers.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        fs::write(&service.model, renamed()).unwrap();
        service.signal("HUP");
        service.wait_for("infer_model_loads_total", "ok", 2);
        // The garbage is refused, and the model in use stays.
        fs::write(&service.model, "garbage").unwrap();
        service.signal("HUP");
        service.wait_for("infer_model_loads_total", "error", 1);
        let before = answers.load(Ordering::Relaxed);
        wait_until("answers after the failed reload", || {
            answers.load(Ordering::Relaxed) > before + 20
        });
        done.store(true, Ordering::Relaxed);
    });
    assert!(best().ends_with('!'));
    let classified = service.metric("infer_requests_total", "classified");
    assert_eq!(classified as usize, answers.load(Ordering::Relaxed) + 2);
    assert_eq!(service.metric("infer_requests_in_flight", ""), 0);
}
