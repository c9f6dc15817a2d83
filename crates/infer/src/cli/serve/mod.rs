//! `infer serve`: models behind HTTP.

mod model;
mod signals;
mod token;

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use clap::Args;
use infer::ClassifierBuilder;
use infer::serve::{ModelSpec, Models, ServeError, ServeOptions, Server};

use super::classifier::{ClassifierArgs, tell_fallback};
use super::{Failure, Verbosity, verbosity};
use signals::{End, Signals};

/// What `infer serve --help` ends with.
pub const HELP: &str = "\
Examples:
  infer serve --model b0.onnx
  infer serve --model pets=runs/pets/model.onnx --model digits=digits.onnx --listen 0.0.0.0:8000
  curl --data-binary @cat.jpg 'http://127.0.0.1:8000/classify?top=3'
  curl -F file=@cat.jpg 'http://127.0.0.1:8000/classify?model=pets'

Routes: / (a page for people), /classify, /v2/... (Open Inference Protocol, for
clients of Triton and KServe), /metrics (Prometheus). There is no encryption: leave
the address at loopback, or put a reverse proxy in front. At loopback, requests have
to name localhost, an address or an --allow-host; a page of another origin may use the
service only with --cors.

Signals: SIGTERM and Ctrl-C answer what was accepted, then end (a second one ends
at once); SIGHUP reads all models again without dropping a request.

Prints the URL to stdout when it is ready; the log goes to stderr.

Exit codes: 0 ended by SIGTERM, 1 failure, 2 wrong usage, 130 interrupted.";

/// Exit code of a run that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Arguments of `infer serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// ONNX file exported by `trainer`, or the folder of its run, with its name
    /// in URLs [default name: the file's, without extension, or the folder's].
    /// May be given several times; the first is the default of /classify.
    #[arg(long = "model", value_name = "[NAME=]FILE|RUN", required = true, value_parser = model::parse)]
    models: Vec<ModelSpec>,

    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// Most images a run [default: 64 on a GPU, on the CPU 1 to 16, fewer the
    /// larger the images that the network sees].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    max_batch: Option<u16>,

    /// Milliseconds that an image waits for others to be run with [default: 0
    /// on the CPU, 2 on a GPU].
    #[arg(long, value_name = "MS")]
    max_wait: Option<u16>,

    /// Images that may wait for a run, for each model; more are answered with
    /// 503.
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    queue: u32,

    /// Seconds for a request, from its header to its answer.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    timeout: u16,

    /// Seconds that a client may keep the service waiting: for a request's header,
    /// for the next request, or without reading its answer.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..))]
    idle_timeout: u16,

    /// Largest body of a request in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..))]
    max_body: u16,

    /// Most pixels of an image file in millions.
    #[arg(long, value_name = "MILLIONS", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..))]
    max_pixels: u16,

    /// Connections at the same time; others wait.
    #[arg(long, value_name = "N", default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,

    /// Seconds that running requests have to end at shutdown.
    #[arg(long, value_name = "S", default_value_t = 30)]
    grace: u16,

    /// Another name of the service that requests may have as their host, for example
    /// the one that a reverse proxy passes on. May be given several times. Once given,
    /// other names are refused whatever the address.
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,

    /// Origin (https://app.example) whose pages may use the service from a browser, or
    /// * for all. May be given several times.
    #[arg(long, value_name = "ORIGIN")]
    cors: Vec<String>,

    /// File with a token that inference and model control ask for (Authorization:
    /// Bearer TOKEN).
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,

    /// Let clients load and unload models (/v2/repository/models/...).
    #[arg(long)]
    model_control: bool,

    #[command(flatten)]
    classifier: ClassifierArgs,
}

impl ServeArgs {
    fn builder(&self) -> ClassifierBuilder {
        let mut builder = self
            .classifier
            .builder()
            .queue_length(self.queue as usize)
            .max_pixels(u64::from(self.max_pixels) * 1_000_000)
            .warm_up(true);
        if let Some(images) = self.max_batch {
            builder = builder.max_batch(images.into());
        }
        if let Some(milliseconds) = self.max_wait {
            builder = builder.max_wait(Duration::from_millis(milliseconds.into()));
        }
        builder
    }

    fn options(&self) -> Result<ServeOptions, Failure> {
        let idle_timeout = Duration::from_secs(self.idle_timeout.into());
        Ok(ServeOptions {
            listen: self.listen,
            max_body: usize::from(self.max_body) << 20,
            timeout: Duration::from_secs(self.timeout.into()),
            header_timeout: idle_timeout,
            write_timeout: idle_timeout,
            max_connections: self.max_connections as usize,
            grace: Duration::from_secs(self.grace.into()),
            allowed_hosts: self.allowed_hosts.clone(),
            cors: self.cors.clone(),
            token: self.token_file.as_deref().map(token::read).transpose()?,
            model_control: self.model_control,
        })
    }
}

/// Runs the command until a signal ends it.
pub fn run(args: &ServeArgs, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let options = args.options()?;
    let specs = args.models.iter().map(model::with_file);
    let models = Models::open(specs.collect::<Result<_, _>>()?, &args.builder())?;
    for name in models.names() {
        if let Ok(Some(classifier)) = models.get(&name) {
            tell_fallback(&classifier, verbosity);
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(http_threads())
        .enable_all()
        .build()
        .map_err(|error| Failure::system("cannot start the service", &error))?;
    let end = runtime.block_on(serve(models, options))?;
    // Requests that were given up at the end of the grace are not waited for.
    runtime.shutdown_background();
    Ok(match end {
        End::Terminated => ExitCode::SUCCESS,
        End::Interrupted => ExitCode::from(INTERRUPTED),
    })
}

/// A quarter of the cores: a request costs a few percent of a run's time on a
/// processor, and threads beyond that only take the sessions' cores in turns.
fn http_threads() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().div_ceil(4))
}

async fn serve(models: Models, options: ServeOptions) -> Result<End, Failure> {
    // Before the URL is printed: whoever reads it may send a signal.
    let mut signals =
        Signals::new().map_err(|error| Failure::system("cannot listen for signals", &error))?;
    let server = Server::bind(models, options).await?;
    // Whoever started it may not read along; it can be reached all the same.
    if let Err(error) = announce(server.address()) {
        verbosity::warn(&format!("cannot write the URL to stdout: {error}"));
    }
    if !server.address().ip().is_loopback() {
        verbosity::warn("other machines can reach this service, without encryption or log-in");
    }

    let models = server.models();
    let mut end = End::Terminated;
    let shutdown = async {
        end = signals.end(|| reload(Arc::clone(&models))).await;
        tokio::spawn(signals.leave_on_next());
    };
    let unfinished = server.run(shutdown).await;
    if unfinished > 0 {
        verbosity::warn(&format!(
            "{unfinished} connection(s) were cut off at the end of the grace"
        ));
    }
    Ok(end)
}

/// Reads all models again while requests go on.
fn reload(models: Arc<Models>) {
    tokio::spawn(async move { models.load_all().await });
}

/// Prints the URL for whoever started the service.
fn announce(address: SocketAddr) -> std::io::Result<()> {
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "http://{address}")?;
    stdout.flush()
}

impl From<ServeError> for Failure {
    fn from(error: ServeError) -> Self {
        Self::with_optional_hint(error.to_string(), error.hint())
    }
}
