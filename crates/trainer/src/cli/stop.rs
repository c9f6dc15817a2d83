//! Ctrl-C: once to end cleanly, twice to leave at once.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context;

/// Catches SIGINT and SIGTERM. The flag is set at the first one; the second
/// ends the process with exit code 130.
pub fn on_interrupt() -> anyhow::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        eprintln!(
            "\nstopping: this epoch ends here, is validated and kept; again to leave at once"
        );
    })
    .context("cannot catch Ctrl-C")?;
    Ok(stop)
}
