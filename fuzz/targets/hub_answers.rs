//! What a hub answers, heads and bodies: the input is cut at `SEPARATOR` into one answer for each
//! request. Whatever it says, nothing is written but the weights, their sidecar and a broken
//! download.

#![no_main]

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use fetch::{Client, Patience};
use libfuzzer_sys::fuzz_target;

const SEPARATOR: &[u8] = b"\n====\n";
/// A server that is silent for longer has nothing more to say.
const SILENCE: Duration = Duration::from_millis(100);

fuzz_target!(|bytes: &[u8]| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    let address = listener.local_addr().expect("it is bound");
    let folder = fuzz::Folder::new();
    let models = folder.path("models");
    std::thread::scope(|scope| {
        scope.spawn(|| serve(&listener, bytes));
        let patience = Patience {
            silence: SILENCE,
            pause: Duration::ZERO,
        };
        let client = Client::new("fuzz", patience);
        let endpoint = format!("http://{address}");
        let repo = pretrained::hub::DEFAULT_REPO;
        let result = pretrained::hub::fetch_by(&client, repo, Some(&endpoint), &models, false);
        if let Err(error) = result {
            fuzz::one_line(&error);
        }
        // Tells the server that nobody asks any more.
        drop(TcpStream::connect(address));
    });
    let allowed = [".hub", "efficientnet_b0.ra_in1k.safetensors"];
    for (place, allowed) in [(folder.path(""), &["models"][..]), (models, &allowed)] {
        let names = names(&place);
        assert!(
            names
                .iter()
                .all(|name| allowed.contains(&name.trim_end_matches(".json"))),
            "written where it must not be: {names:?}"
        );
    }
});

/// Answers a request with each part of `bytes`, then with nothing until a client says nothing.
fn serve(listener: &TcpListener, bytes: &[u8]) {
    let mut rest = Some(bytes);
    loop {
        let Ok((mut stream, _)) = listener.accept() else {
            return;
        };
        let _ = stream.set_read_timeout(Some(SILENCE));
        let mut request = [0; 1 << 12];
        if !matches!(stream.read(&mut request), Ok(1..)) {
            return;
        }
        let answers = rest.unwrap_or_default();
        let end = answers
            .windows(SEPARATOR.len())
            .position(|window| window == SEPARATOR);
        let answer = &answers[..end.unwrap_or(answers.len())];
        rest = end.map(|end| &answers[end + SEPARATOR.len()..]);
        let _ = stream.write_all(answer);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}
