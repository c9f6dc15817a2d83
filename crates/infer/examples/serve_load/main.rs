//! Load on a running service, from another process, each answer checked.
//!
//! ```text
//! cargo run --release -p infer --example serve_load -- bare MODEL DATASET IMAGES SESSIONS BATCH
//! cargo run --release -p infer --example serve_load -- tensor|file ADDRESS MODEL DATASET SECONDS CONNECTIONS...
//! ```
//!
//! `bare`: images a second of sessions without a service, for comparison.
//! `tensor`: binary tensors to `/v2/models/model/infer`, probabilities compared
//! with the library's. `file`: PNG files to `/classify`, the best class compared.
//!
//! Each connection sends one request after the other for SECONDS, and waits as
//! long as a 503 asks it to. Prints one line a number of connections, with the
//! processor time that this program took itself from a service on the same
//! machine; exits with 1 if an answer was wrong, lost or an error other than 503.
//! Linux.

#[path = "../bare_loop/mod.rs"]
mod bare_loop;
mod connection;
mod requests;
mod tally;

use std::env;
use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use requests::{Kind, Requests};
use tally::Tally;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const USAGE: &str = "usage: serve_load bare MODEL DATASET IMAGES SESSIONS BATCH, or \
    serve_load tensor|file ADDRESS MODEL DATASET SECONDS CONNECTIONS...";

fn main() -> Result<ExitCode> {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["bare", model, dataset, images, sessions, batch] => {
            let runtime = infer::load_runtime(None)?.path;
            let runtime = runtime.to_str().ok_or("ONNX Runtime's path is no text")?;
            println!(
                "{}",
                bare_in_child(&[runtime, model, dataset, images, sessions, batch])?
            );
            Ok(ExitCode::SUCCESS)
        }
        // A process has one ONNX Runtime environment, and this one is not the
        // library's.
        [
            "bare-child",
            runtime,
            model,
            dataset,
            images,
            sessions,
            batch,
        ] => {
            let speed = bare_loop::bare_loop(
                Path::new(runtime),
                Path::new(model),
                &bare_loop::test_split(dataset)?,
                images.parse()?,
                sessions.parse()?,
                batch.parse()?,
            )?;
            println!("{speed:.1}");
            Ok(ExitCode::SUCCESS)
        }
        [kind, address, model, dataset, seconds, connections @ ..] if !connections.is_empty() => {
            let kind = match *kind {
                "tensor" => Kind::Tensor,
                "file" => Kind::File,
                _ => return Err(USAGE.into()),
            };
            let requests = Requests::new(kind, Path::new(model), &bare_loop::test_split(dataset)?)?;
            let connections: Vec<usize> = connections
                .iter()
                .map(|text| text.parse())
                .collect::<std::result::Result<_, _>>()?;
            load(address.parse()?, requests, seconds.parse()?, &connections)
        }
        _ => Err(USAGE.into()),
    }
}

/// The processor time of this process, in user mode and in the system.
fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The program's name, which may hold spaces, ends with the last `)`; utime and
    // stime are the fields 14 and 15 (man proc_pid_stat), in hundredths of a second.
    let fields = stat.rsplit(')').next().unwrap_or_default().split(' ');
    let ticks = fields.skip(12).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<std::result::Result<u64, _>>()?;
    Ok(Duration::from_millis(10 * ticks))
}

fn bare_in_child(args: &[&str]) -> Result<String> {
    let child = Command::new(env::current_exe()?)
        .arg("bare-child")
        .args(args)
        .output()?;
    if !child.status.success() {
        return Err(String::from_utf8_lossy(&child.stderr).into());
    }
    Ok(String::from_utf8(child.stdout)?.trim().to_owned())
}

/// Runs each number of connections in turn.
fn load(
    address: SocketAddr,
    requests: Requests,
    seconds: f64,
    connections: &[usize],
) -> Result<ExitCode> {
    let requests = Arc::new(requests);
    let time = Duration::from_secs_f64(seconds);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    println!("{}", Tally::HEADER);
    let mut all_well = true;
    for &count in connections {
        let used = processor_time()?;
        let tally = runtime.block_on(connection::run_all(address, &requests, count, time));
        let used = processor_time()? - used;
        all_well &= tally.is_well();
        println!("{}", tally.line(count, time, used));
    }
    Ok(if all_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
