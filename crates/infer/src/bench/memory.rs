//! The process's peak memory, as Linux counts it.

use std::fs;

/// Largest resident set in bytes since the last [`reset_peak`]; `None` on
/// other systems.
pub(super) fn peak() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

/// Starts counting again from what is resident now (`proc_pid_clear_refs(5)`);
/// does nothing where that is not possible.
pub(super) fn reset_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// `VmHWM` of `/proc/self/status`, which is in KiB.
fn parse(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_high_water_mark() {
        let status = "VmPeak:\t  900 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 1000 kB\n";
        assert_eq!(parse(status), Some(1234 * 1024));
        assert_eq!(parse("Name:\tinfer\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_takes_a_megabyte_at_least() {
        assert!(peak().unwrap() > 1 << 20);
    }
}
