//! Models behind HTTP: what `infer serve` runs, for programs that bring their
//! own command line or runtime.
//!
//! | route | |
//! |---|---|
//! | `GET /` | a page to drop a picture on |
//! | `POST /classify?model=NAME&top=K` | an image file as the body, or as multipart form data |
//! | `GET /v2`, `/v2/health/live`, `/v2/health/ready` | Open Inference Protocol: server, health |
//! | `GET /v2/models/{model}`, `…/config`, `…/ready` | metadata, configuration and readiness of a model |
//! | `POST /v2/models/{model}/infer` | inference, JSON or binary tensors |
//! | `POST /v2/repository/index`, `…/models/{model}/load`, `…/unload` | Triton's model repository extension |
//! | `GET /metrics` | counts and times, for Prometheus |
//!
//! - [`Models`]: the models by name, and how one is loaded again;
//! - [`Server`]: the listening socket, the connections and their end;
//! - [`ServeOptions`]: its limits.
//!
//! ```
//! use infer::serve::{ModelSpec, Models, ServeOptions, Server};
//! use infer::{Classifier, Device};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let builder = Classifier::builder().device(Device::Cpu);
//! let digits = ModelSpec {
//!     name: "digits".to_owned(),
//!     path: "tests/fixtures/digits.onnx".into(),
//! };
//! let models = Models::open(vec![digits], &builder)?;
//! let options = ServeOptions {
//!     listen: "127.0.0.1:0".parse()?,
//!     ..ServeOptions::default()
//! };
//! let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
//! runtime.block_on(async {
//!     let server = Server::bind(models, options).await?;
//!     println!("http://{}", server.address());
//!     // A service waits for a signal here.
//!     server.run(std::future::ready(())).await;
//!     Ok(())
//! })
//! # }
//! ```
//!
//! Protocol: <https://github.com/kserve/open-inference-protocol>, and Triton's
//! extensions `binary_tensor_data`, `classification`, `model_configuration` and
//! `model_repository`
//! (<https://github.com/triton-inference-server/server/tree/main/docs/protocol>).

mod access;
mod api_error;
mod body;
mod classify;
mod error;
mod metrics;
mod models;
mod options;
mod page;
mod patience;
mod routes;
mod server;
mod v2;

pub use error::ServeError;
pub use models::{ModelSpec, Models};
pub use options::ServeOptions;
pub use server::Server;
