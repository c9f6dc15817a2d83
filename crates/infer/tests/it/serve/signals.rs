//! Signals that whoever started the service had ignored.

use std::process::{Command, Stdio};

use super::client::get;
use super::process::Service;

#[test]
fn an_ignored_signal_stays_ignored_and_sigterm_ends_the_service() {
    let mut service = Service::start_on("127.0.0.1:0", &[], |command| {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", "trap '' HUP INT; exec \"$@\"", "sh"])
            .arg(command.get_program())
            .args(command.get_args())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        *command = shell;
    });
    // SIGHUP would read the model again, which is not there any more.
    std::fs::remove_file(&service.model).unwrap();
    service.signal("HUP");
    service.signal("INT");
    #[cfg(target_os = "linux")]
    assert_eq!(service.ignored_signals() & 0b11, 0b11);
    assert_eq!(get(service.address, "/v2/health/ready").status, 200);
    service.signal("TERM");
    assert_eq!(service.wait().code(), Some(0));
}
