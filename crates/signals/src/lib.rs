//! Signals that ask a program to end, unless whoever started it had them ignored.
//!
//! `nohup` ignores SIGHUP for the program that it starts, and a shell without job control SIGINT
//! for what it starts in the background. A handler of the program's own would undo that: the
//! program would end when its terminal is closed after all.

use std::io;

/// A signal that asks a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: the terminal is gone.
    HangUp,
    /// SIGINT: Ctrl-C.
    Interrupt,
    /// SIGTERM: from a service manager, or `kill`.
    Terminate,
}

impl Signal {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::HangUp, Self::Interrupt, Self::Terminate];

    /// Whether it is ignored. Asked before a handler is there, it says what whoever started the
    /// program wants.
    pub fn is_ignored(self) -> bool {
        system::is_ignored(self)
    }
}

/// Calls `handle` on a thread of its own, for each signal of [`Signal::ALL`] that comes from here
/// on. Those that are ignored stay so.
///
/// # Errors
/// The system refuses the handler or the thread.
pub fn on_each(handle: impl FnMut() + Send + 'static) -> io::Result<()> {
    system::on_each(handle)
}

#[cfg(unix)]
mod system {
    use std::{io, mem::MaybeUninit, ptr, thread};

    use libc::c_int;
    use signal_hook::iterator::Signals;

    use super::Signal;

    fn number(signal: Signal) -> c_int {
        match signal {
            Signal::HangUp => libc::SIGHUP,
            Signal::Interrupt => libc::SIGINT,
            Signal::Terminate => libc::SIGTERM,
        }
    }

    pub fn is_ignored(signal: Signal) -> bool {
        let mut action = MaybeUninit::<libc::sigaction>::zeroed();
        // SAFETY: without a new action the call changes nothing; it writes the one in force to
        // `action`, for which all zeros are a valid value should it fail.
        let action = unsafe {
            libc::sigaction(number(signal), ptr::null(), action.as_mut_ptr());
            action.assume_init()
        };
        action.sa_sigaction == libc::SIG_IGN
    }

    pub fn on_each(mut handle: impl FnMut() + Send + 'static) -> io::Result<()> {
        let wanted = Signal::ALL
            .into_iter()
            .filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(wanted.map(number))?;
        let work = move || signals.forever().for_each(|_| handle());
        let thread = thread::Builder::new().name("signals".to_owned());
        thread.spawn(work).map(drop)
    }
}

/// Nothing is inherited there.
#[cfg(not(unix))]
mod system {
    use std::io;

    use super::Signal;

    pub fn is_ignored(_signal: Signal) -> bool {
        false
    }

    pub fn on_each(handle: impl FnMut() + Send + 'static) -> io::Result<()> {
        ctrlc::set_handler(handle).map_err(io::Error::other)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_handler_is_not_taken_for_what_is_ignored() {
        // Whatever the test itself was started with.
        let before = Signal::ALL.map(Signal::is_ignored);
        on_each(|| ()).expect("a handler");
        assert_eq!(Signal::ALL.map(Signal::is_ignored), before);
    }
}
