//! The listening socket, the connections, and their end.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::{sleep, timeout};

use super::patience::Patience;
use super::routes::{Service, router};
use super::{Models, ServeError, ServeOptions};

/// How long to pause when the system has no file descriptor for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// At the end, how long to look for connections that the system had already
/// set up, and at most how long to take them.
const LAST_CONNECTION: Duration = Duration::from_millis(5);
const LAST_CONNECTIONS: Duration = Duration::from_millis(200);
/// How long a new connection may be silent before a shutdown closes it.
const FIRST_BYTES: Duration = Duration::from_millis(200);

/// A server that listens. See the [module](super) for an example.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    service: Arc<Service>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .field("models", &self.service.models)
            .finish_non_exhaustive()
    }
}

impl Server {
    /// Opens the socket. Runs on a tokio runtime with I/O and time.
    ///
    /// # Errors
    /// [`ServeError::Listen`].
    pub async fn bind(models: Models, options: ServeOptions) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Listen {
            address: options.listen,
            source,
        };
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            service: Arc::new(Service {
                models: Arc::new(models),
                options,
                draining: AtomicBool::new(false),
            }),
        })
    }

    /// The address that it listens on, with the port that port 0 became.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The models, to load them again while the server runs.
    pub fn models(&self) -> Arc<Models> {
        Arc::clone(&self.service.models)
    }

    /// Serves until `shutdown` is ready; then accepts nothing more, lets
    /// running requests end within [`ServeOptions::grace`] and shuts the
    /// classifiers down. Returns the number of connections that were still open
    /// when the grace was over.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> usize {
        let options = &self.service.options;
        let connections = Connections {
            permits: Arc::new(Semaphore::new(options.max_connections)),
            graceful: GracefulShutdown::new(),
            header_timeout: options.header_timeout,
            write_timeout: options.write_timeout,
            router: router(Arc::clone(&self.service)),
        };
        let mut shutdown = pin!(shutdown);
        while let Some((stream, permit)) =
            or_shutdown(connections.accept(&self.listener), shutdown.as_mut()).await
        {
            connections.serve(stream, permit);
        }

        self.service.draining.store(true, Ordering::Relaxed);
        connections.take_last(&self.listener).await;
        drop(self.listener);
        let Connections {
            graceful, permits, ..
        } = connections;
        // Each connection holds a permit to its end.
        let open = || options.max_connections - permits.available_permits();
        tracing::info!("shutting down; {} connection(s) open", open());
        let unfinished = match timeout(options.grace, graceful.shutdown()).await {
            Ok(()) => 0,
            Err(_) => open(),
        };
        let models = Arc::clone(&self.service.models);
        let _ = spawn_blocking(move || models.shutdown()).await;
        unfinished
    }
}

/// What `work` gives, or `None` as soon as `shutdown` is ready.
async fn or_shutdown<T>(
    work: impl Future<Output = T>,
    shutdown: Pin<&mut impl Future<Output = ()>>,
) -> Option<T> {
    tokio::select! {
        biased;
        () = shutdown => None,
        done = work => Some(done),
    }
}

/// The connections that are open, and how they are served.
struct Connections {
    permits: Arc<Semaphore>,
    graceful: GracefulShutdown,
    header_timeout: Duration,
    write_timeout: Duration,
    router: Router,
}

impl Connections {
    /// The next connection, once there may be one more.
    async fn accept(&self, listener: &TcpListener) -> (TcpStream, Option<OwnedSemaphorePermit>) {
        // The semaphore is never closed, so this is always a permit.
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        loop {
            match listener.accept().await {
                Ok((stream, _)) => return (stream, permit),
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!("cannot accept a connection: {error}");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    /// Takes the connections that clients believe to have been accepted.
    async fn take_last(&self, listener: &TcpListener) {
        let take = async {
            while let Ok((stream, permit)) = timeout(LAST_CONNECTION, self.accept(listener)).await {
                self.serve(stream, permit);
            }
        };
        let _ = timeout(LAST_CONNECTIONS, take).await;
    }

    /// Serves a connection on a task of its own.
    fn serve(&self, stream: TcpStream, permit: Option<OwnedSemaphorePermit>) {
        // An answer is one small write; it is not to wait for an
        // acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout);
        let service = TowerToHyperService::new(self.router.clone());
        let watcher = self.graceful.watcher();
        let write_timeout = self.write_timeout;
        tokio::spawn(async move {
            // At the shutdown hyper closes a connection that it has read nothing
            // of, even if a request is there or on its way. So it begins to read
            // before it is told.
            let _ = timeout(FIRST_BYTES, stream.readable()).await;
            let stream = TokioIo::new(Patience::new(stream, write_timeout));
            let mut connection = builder.serve_connection(stream, service);
            let begun = poll_fn(|context| {
                Poll::Ready(match Pin::new(&mut connection).poll(context) {
                    Poll::Ready(ended) => Some(ended),
                    Poll::Pending => None,
                })
            });
            let ended = match begun.await {
                Some(ended) => ended,
                None => watcher.watch(connection).await,
            };
            if let Err(error) = ended {
                tracing::debug!("a connection ended early: {error}");
            }
            drop(permit);
        });
    }
}

/// Whether a failed accept says something of one client only.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}
