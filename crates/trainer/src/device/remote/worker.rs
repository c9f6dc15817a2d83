//! This machine's devices for a run on another one.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use burn::tensor::Device;

use super::{
    Token,
    line::{self, Answer, Greeting, VERSION},
};
use crate::error::TrainError;

/// Threads of burn's that compute for a run. A panic on another one is a
/// stranger's doing, and nobody waits for it.
const SESSION_THREADS: &str = "burn-remote-session";

/// What a worker has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// A run from there has the devices.
    Taken(SocketAddr),
    /// A run from there asked for them, with another token.
    WrongToken(SocketAddr),
    /// A run from there, of another version, asked for them.
    OtherVersion(SocketAddr, String),
    /// Told to end while a run has the devices: the end is the run's.
    EndsWithRun,
}

/// What ended a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The run is done.
    RunFinished,
    /// The run ended before it was done: it failed, was stopped, or was not heard
    /// any more.
    RunLeft,
    /// SIGINT, Ctrl-C.
    Interrupted,
    /// SIGTERM, from a cluster's scheduler or a service manager.
    Terminated,
}

/// What the threads of a worker tell the one that serves.
enum Event {
    News(News),
    RunEnded {
        finished: bool,
    },
    #[cfg_attr(
        all(not(feature = "remote"), not(test)),
        expect(dead_code, reason = "burn's server says it")
    )]
    ToldToEnd(End),
    Failed(String),
}

/// Sockets that listen: one for the run's line, one for tensors.
#[derive(Debug)]
pub struct Worker {
    runs: TcpListener,
    tensors: TcpListener,
    token: Option<Token>,
}

impl Worker {
    /// Listens at `address` and at the port after it. Without a token only this
    /// machine may come in.
    ///
    /// # Errors
    /// The address is taken or not this machine's; it is open to others, and
    /// there is no token; a build without the feature `remote`.
    pub fn bind(address: SocketAddr, token: Option<Token>) -> Result<Self, TrainError> {
        if cfg!(not(feature = "remote")) {
            return Err(TrainError::RemoteNotCompiled);
        }
        if token.is_none() && !address.ip().is_loopback() {
            return Err(TrainError::WorkerWithoutToken { address });
        }
        let next = match address.port() {
            // Both as the system chooses.
            0 => 0,
            port => port.checked_add(1).unwrap_or(1024),
        };
        Ok(Self {
            runs: listen(address)?,
            tensors: listen((address.ip(), next).into())?,
            token,
        })
    }

    /// Where runs find it: with the port that the system chose, if it was asked
    /// for port 0.
    ///
    /// # Errors
    /// The system does not say.
    pub fn address(&self) -> Result<SocketAddr, TrainError> {
        self.runs.local_addr().map_err(failed)
    }

    /// Lends `devices` to the first run that has the token, until its end;
    /// `tell` hears what happens.
    ///
    /// While a run has the devices, the first signal to end changes nothing: the
    /// run, which may have been told too, needs them for its last epoch.
    ///
    /// # Errors
    /// A computation failed, for want of memory for example; the devices are of
    /// several backends; the system refuses sockets or threads.
    pub fn lend(self, devices: Vec<Device>, tell: impl Fn(&News)) -> Result<End, TrainError> {
        let (events, happened) = mpsc::channel();
        fail_with_sessions(events.clone());
        let port = self.tensors.local_addr().map_err(failed)?.port();
        let _server = serve(self.tensors, devices, self.token.as_ref(), events.clone())?;
        let desk = Desk {
            token: self.token,
            port,
            run: Mutex::new(None),
            events,
        };
        let runs = self.runs;
        thread::spawn(move || desk.attend(&runs));
        end(&happened, tell)
    }
}

/// Waits for what ends the worker.
fn end(happened: &Receiver<Event>, tell: impl Fn(&News)) -> Result<End, TrainError> {
    let mut lent = false;
    let mut told = false;
    loop {
        match happened.recv().map_err(failed)? {
            Event::News(news) => {
                lent |= matches!(news, News::Taken(_));
                tell(&news);
            }
            Event::RunEnded { finished: true } => return Ok(End::RunFinished),
            Event::RunEnded { finished: false } => return Ok(End::RunLeft),
            Event::ToldToEnd(_) if lent && !told => {
                told = true;
                tell(&News::EndsWithRun);
            }
            Event::ToldToEnd(end) => return Ok(end),
            Event::Failed(reason) => return Err(TrainError::WorkerFailed { reason }),
        }
    }
}

/// Who answers to runs.
struct Desk {
    token: Option<Token>,
    /// Where tensors go.
    port: u16,
    /// Where the run comes from that has the devices.
    run: Mutex<Option<SocketAddr>>,
    events: Sender<Event>,
}

impl Desk {
    fn attend(self, runs: &TcpListener) {
        let desk = Arc::new(self);
        for stream in runs.incoming().flatten() {
            let desk = Arc::clone(&desk);
            // One that says nothing is not to keep the others waiting.
            thread::spawn(move || desk.receive(&stream));
        }
    }

    fn receive(&self, stream: &TcpStream) {
        let (Ok(from), Ok(greeting)) = (stream.peer_addr(), line::hear(stream)) else {
            // Not one of us.
            return;
        };
        let answer = self.answer(from, greeting);
        let lent = matches!(answer, Answer::Yours { .. });
        let said = line::say(stream, &answer);
        if !lent {
            return;
        }
        let beats = stream.try_clone().map(line::keep_alive);
        let finished = said.is_ok() && beats.is_ok() && line::wait_for_end(stream);
        self.tell(Event::RunEnded { finished });
    }

    fn answer(&self, from: SocketAddr, greeting: Greeting) -> Answer {
        let known = match (&self.token, &greeting.token) {
            (Some(ours), Some(theirs)) => ours.is(theirs),
            (Some(_), None) => false,
            (None, _) => true,
        };
        if !known {
            self.tell(Event::News(News::WrongToken(from)));
            return Answer::WrongToken;
        }
        if greeting.version != VERSION {
            self.tell(Event::News(News::OtherVersion(from, greeting.version)));
            return Answer::OtherVersion {
                version: VERSION.to_owned(),
            };
        }
        let mut run = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = *run {
            return Answer::Busy {
                with: other.to_string(),
            };
        }
        *run = Some(from);
        self.tell(Event::News(News::Taken(from)));
        Answer::Yours { port: self.port }
    }

    fn tell(&self, event: Event) {
        // Nobody listens once the worker ends.
        let _ = self.events.send(event);
    }
}

/// Makes a panic of a computation the worker's end. burn ends its session alone,
/// and other workers would wait for its tensors for ever.
fn fail_with_sessions(events: Sender<Event>) {
    let events = Mutex::new(events);
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let thread = thread::current();
        match thread.name() {
            Some(name) if name.starts_with(SESSION_THREADS) => {
                let reason = crate::device::panics::one_line(info);
                let events = events.lock().unwrap_or_else(PoisonError::into_inner);
                let _ = events.send(Event::Failed(reason));
            }
            // A connection that broke off.
            Some(name) if name.starts_with("tokio") => {}
            _ => before(info),
        }
    }));
}

fn listen(address: SocketAddr) -> Result<TcpListener, TrainError> {
    TcpListener::bind(address).map_err(|source| TrainError::CannotListen { address, source })
}

fn failed(error: impl ToString) -> TrainError {
    TrainError::WorkerFailed {
        reason: error.to_string(),
    }
}

/// burn's server of `devices`, until it is dropped.
#[cfg(feature = "remote")]
fn serve(
    tensors: TcpListener,
    devices: Vec<Device>,
    token: Option<&Token>,
    events: Sender<Event>,
) -> Result<tokio::runtime::Runtime, TrainError> {
    use burn::server::{RemoteServer, TokenAuthorizer, WebSocketTransport};
    use tokio::signal;

    let mut server = RemoteServer::new(devices);
    if let Some(token) = token {
        let authorizer = TokenAuthorizer::new(token.as_str()).map_err(failed)?;
        server = server.with_authorizer(authorizer);
    }
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = builder.enable_all().build().map_err(failed)?;
    let _inside = runtime.enter();
    #[cfg(unix)]
    {
        let terminate = signal::unix::SignalKind::terminate();
        let mut terminate = signal::unix::signal(terminate).map_err(failed)?;
        let events = events.clone();
        runtime.spawn(async move {
            while terminate.recv().await.is_some() {
                let _ = events.send(Event::ToldToEnd(End::Terminated));
            }
        });
    }
    let interrupts = events.clone();
    runtime.spawn(async move {
        while signal::ctrl_c().await.is_ok() {
            let _ = interrupts.send(Event::ToldToEnd(End::Interrupted));
        }
    });
    // Not burn's blocking `serve`, which logs to stdout.
    let serving = server.serve_async(WebSocketTransport::from_listener(tensors));
    runtime.spawn(async move {
        let reason = match serving.await {
            Ok(()) => "burn's server ended".to_owned(),
            Err(error) => error.to_string(),
        };
        let _ = events.send(Event::Failed(reason));
    });
    Ok(runtime)
}

#[cfg(not(feature = "remote"))]
fn serve(
    _tensors: TcpListener,
    _devices: Vec<Device>,
    _token: Option<&Token>,
    _events: Sender<Event>,
) -> Result<NoServer, TrainError> {
    Err(TrainError::RemoteNotCompiled)
}

/// What stands for burn's server in a build without it.
#[cfg(not(feature = "remote"))]
struct NoServer;

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(feature = "remote"))]
    #[test]
    fn a_build_without_the_feature_says_how_to_get_it() {
        let error = Worker::bind("127.0.0.1:0".parse().unwrap(), None).unwrap_err();
        assert!(error.hint().unwrap().contains("--features remote"));
    }

    #[cfg(feature = "remote")]
    #[test]
    fn only_a_token_opens_a_worker_to_others() {
        let open = "0.0.0.0:0".parse().unwrap();
        let error = Worker::bind(open, None).unwrap_err();
        assert!(error.hint().unwrap().contains("--token-file"), "{error}");
        assert!(Worker::bind(open, Token::new("secret")).is_ok());
        assert!(Worker::bind("127.0.0.1:0".parse().unwrap(), None).is_ok());
        assert!(Worker::bind("[::1]:0".parse().unwrap(), None).is_ok());
    }

    #[cfg(feature = "remote")]
    #[test]
    fn a_port_that_is_taken_is_named() {
        let first = Worker::bind("127.0.0.1:0".parse().unwrap(), None).unwrap();
        let address = first.address().unwrap();
        let error = Worker::bind(address, None).unwrap_err();
        assert!(error.to_string().contains(&address.to_string()), "{error}");
        assert!(error.hint().is_some());
    }

    fn desk(token: Option<&str>) -> (Desk, Receiver<Event>) {
        let (events, happened) = mpsc::channel();
        let desk = Desk {
            token: token.and_then(Token::new),
            port: 7,
            run: Mutex::new(None),
            events,
        };
        (desk, happened)
    }

    fn greeting(version: &str, token: &str) -> Greeting {
        Greeting {
            version: version.to_owned(),
            token: Token::new(token),
        }
    }

    #[test]
    fn one_run_gets_the_devices_and_the_others_hear_who_has_them() {
        let (desk, happened) = desk(Some("secret"));
        let first: SocketAddr = "10.0.0.1:1".parse().unwrap();
        let second: SocketAddr = "10.0.0.2:2".parse().unwrap();
        assert_eq!(
            desk.answer(first, greeting(VERSION, "")),
            Answer::WrongToken
        );
        let wrong = greeting(VERSION, "another");
        assert_eq!(desk.answer(first, wrong), Answer::WrongToken);
        let version = VERSION.to_owned();
        let older = greeting("0.0.1", "secret");
        assert_eq!(desk.answer(first, older), Answer::OtherVersion { version });
        let right = || greeting(VERSION, "secret");
        assert_eq!(desk.answer(first, right()), Answer::Yours { port: 7 });
        let with = first.to_string();
        assert_eq!(desk.answer(second, right()), Answer::Busy { with });
        let events: Vec<Event> = happened.try_iter().collect();
        assert!(matches!(events[0], Event::News(News::WrongToken(_))));
        assert!(matches!(events[2], Event::News(News::OtherVersion(..))));
        assert!(matches!(&events[3], Event::News(News::Taken(from)) if *from == first));
        assert_eq!(events.len(), 4);
    }

    #[test]
    fn a_signal_ends_an_idle_worker_and_the_second_one_a_busy_one() {
        let (tell, happened) = mpsc::channel();
        tell.send(Event::ToldToEnd(End::Terminated)).unwrap();
        assert_eq!(end(&happened, |_| {}).unwrap(), End::Terminated);

        let run = News::Taken("10.0.0.1:1".parse().unwrap());
        for (last, expected) in [
            (Event::ToldToEnd(End::Interrupted), End::Interrupted),
            (Event::RunEnded { finished: true }, End::RunFinished),
            (Event::RunEnded { finished: false }, End::RunLeft),
        ] {
            tell.send(Event::News(run.clone())).unwrap();
            tell.send(Event::ToldToEnd(End::Terminated)).unwrap();
            tell.send(last).unwrap();
            let news = Mutex::new(Vec::new());
            let ended = end(&happened, |event| news.lock().unwrap().push(event.clone()));
            assert_eq!(ended.unwrap(), expected);
            assert_eq!(news.into_inner().unwrap(), [run.clone(), News::EndsWithRun]);
        }
    }
}
