//! A worker's devices, for as long as a run has them.

use std::{
    io::{self, ErrorKind},
    net::{Shutdown, TcpStream, ToSocketAddrs},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use super::{
    Token, WorkerAddress,
    line::{self, Answer, Greeting, VERSION},
};
use crate::error::TrainError;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a run may take to notice by itself that a worker is gone, before it
/// is ended: burn waits for ever for a tensor of a worker whose step failed.
const NOTICES_WITHIN: Duration = Duration::from_secs(10);

/// Why there is no lease.
pub(super) enum Refused {
    /// It may be there later.
    NotYet(String),
    /// It will not be another time.
    ForGood(String),
}

/// What the thread that listens has heard.
#[derive(Debug, Default)]
struct Watch {
    gone: Mutex<bool>,
    changed: Condvar,
    /// The run does not need the devices any more.
    over: AtomicBool,
}

/// A worker that computes for this run until this is dropped.
#[derive(Debug)]
pub struct Lease {
    worker: WorkerAddress,
    stream: TcpStream,
    watch: Arc<Watch>,
}

impl Lease {
    /// Asks `worker` for its devices; gives the port that they are at.
    pub(super) fn take(
        worker: &WorkerAddress,
        token: Option<&Token>,
    ) -> Result<(Self, u16), Refused> {
        let not_yet = |error: io::Error| Refused::NotYet(error.to_string());
        let stream = connect(worker).map_err(not_yet)?;
        let greeting = Greeting {
            version: VERSION.to_owned(),
            token: token.cloned(),
        };
        line::say(&stream, &greeting).map_err(not_yet)?;
        let port = match line::hear(&stream) {
            Ok(Answer::Yours { port }) => port,
            Ok(Answer::Busy { with }) => {
                return Err(Refused::NotYet(format!(
                    "it computes for a run from {with}"
                )));
            }
            Ok(Answer::WrongToken) => {
                return Err(Refused::ForGood("it has another token".to_owned()));
            }
            Ok(Answer::OtherVersion { version }) => {
                let reason = format!("it is trainer {version}, this is {VERSION}");
                return Err(Refused::ForGood(reason));
            }
            Err(error) if error.kind() == ErrorKind::InvalidData => {
                return Err(Refused::ForGood(error.to_string()));
            }
            Err(error) => return Err(not_yet(error)),
        };
        line::keep_alive(stream.try_clone().map_err(not_yet)?);
        let lease = Self {
            worker: worker.clone(),
            stream,
            watch: Arc::default(),
        };
        Ok((lease, port))
    }

    /// Listens for the worker's end. A run that does not notice it is `given_up`.
    pub(super) fn watch(
        &self,
        given_up: impl FnOnce(TrainError) + Send + 'static,
    ) -> io::Result<()> {
        let (stream, watch) = (self.stream.try_clone()?, Arc::clone(&self.watch));
        let worker = self.worker.to_string();
        thread::spawn(move || {
            line::wait_for_end(&stream);
            *watch.gone.lock().unwrap_or_else(PoisonError::into_inner) = true;
            watch.changed.notify_all();
            thread::sleep(NOTICES_WITHIN);
            if !watch.over.load(Ordering::Relaxed) {
                given_up(TrainError::WorkerLost {
                    worker,
                    reason: "the line to it is cut".to_owned(),
                });
            }
        });
        Ok(())
    }

    /// The worker.
    pub fn worker(&self) -> &WorkerAddress {
        &self.worker
    }

    /// Whether the worker is gone, or is `within` that time.
    pub(in crate::device) fn is_gone(&self, within: Duration) -> bool {
        let gone = self.watch.gone.lock();
        let gone = gone.unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .watch
            .changed
            .wait_timeout_while(gone, within, |gone| !*gone);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// The run does without the devices from here on.
    pub(in crate::device) fn is_over(&self) {
        self.watch.over.store(true, Ordering::Relaxed);
    }

    /// Lets the worker know that the run came to its end, and not just away.
    pub(in crate::device) fn finish(&self) {
        // A worker that is gone needs no telling.
        let _ = line::finish(&self.stream);
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.is_over();
        // The threads hold the stream too.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

fn connect(worker: &WorkerAddress) -> io::Result<TcpStream> {
    let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
    for address in worker.to_string().to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}
