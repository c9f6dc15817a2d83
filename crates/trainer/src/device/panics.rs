//! Panics as errors: burn's backends panic where a driver, memory or a worker is missing.

use std::{
    panic::{self, AssertUnwindSafe, PanicHookInfo},
    sync::{Arc, Mutex, PoisonError},
};

/// There is one hook in a process: who puts its own in puts the other back.
static HOOK: Mutex<()> = Mutex::new(());

/// Does `work`, which is not to come here again; of a panic, its first line and where
/// it was. Of several, on whatever thread, the first one: the others follow from it.
pub(super) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    let _alone = HOOK.lock().unwrap_or_else(PoisonError::into_inner);
    let first = Arc::new(Mutex::new(None));
    let hook = panic::take_hook();
    let kept = Arc::clone(&first);
    panic::set_hook(Box::new(move |info| {
        let mut first = kept.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| one_line(info));
    }));
    let result = panic::catch_unwind(AssertUnwindSafe(work));
    panic::set_hook(hook);
    result.map_err(|_| {
        let mut first = first.lock().unwrap_or_else(PoisonError::into_inner);
        first.take().unwrap_or_else(|| "it panicked".to_owned())
    })
}

/// What `info` says, in its first line, and where.
pub(super) fn one_line(info: &PanicHookInfo<'_>) -> String {
    let text = info.payload_as_str().unwrap_or("it panicked");
    let line = text.lines().next().unwrap_or_default();
    match info.location() {
        Some(location) => format!(
            "{line} ({}:{})",
            crate_file(location.file()),
            location.line()
        ),
        None => line.to_owned(),
    }
}

/// The path from the crate's folder on: what stands before it is the machine
/// that built this.
fn crate_file(file: &str) -> &str {
    match file.rfind("/src/") {
        Some(src) => &file[file[..src].rfind('/').map_or(0, |slash| slash + 1)..],
        None => file,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_one_line_with_its_place() {
        let error = caught(|| panic!("no library\nand a second line")).unwrap_err();
        assert!(
            error.starts_with("no library (trainer/src/device/panics.rs:"),
            "{error}"
        );
        assert_eq!(caught(|| 7), Ok(7));
    }

    #[test]
    fn the_first_of_several_threads_counts() {
        let error = caught(|| {
            let lost = std::thread::spawn(|| panic!("the cause")).join();
            lost.expect("what followed");
        });
        assert!(error.unwrap_err().starts_with("the cause"));
    }
}
