//! Processor and memory.

use std::fs;
use std::thread;

use super::Check;
use crate::bench::processor;

/// Free memory below which EfficientNet-B0 on one core is a squeeze.
const ENOUGH: u64 = 512 << 20;

/// Cores, vector units and memory.
pub fn machine() -> Vec<Check> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let processor = processor().unwrap_or_else(|| "unknown processor".to_owned());
    vec![
        Check::ok("processor", format!("{processor}, {cores} logical cores")),
        vector_units(),
        memory(fs::read_to_string("/proc/meminfo").ok().as_deref()),
    ]
}

fn vector_units() -> Check {
    let found = present();
    if found.is_empty() {
        let remedy = "a processor with AVX2 (x86) or NEON (ARM) is several times as fast";
        return Check::missing("vector units", "none", remedy);
    }
    Check::ok("vector units", found.join(", "))
}

#[cfg(target_arch = "x86_64")]
fn present() -> Vec<&'static str> {
    let units = [
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("AVX-512F", is_x86_feature_detected!("avx512f")),
        ("AVX-512 VNNI", is_x86_feature_detected!("avx512vnni")),
        ("AVX-512 BF16", is_x86_feature_detected!("avx512bf16")),
    ];
    units
        .into_iter()
        .filter(|unit| unit.1)
        .map(|unit| unit.0)
        .collect()
}

#[cfg(target_arch = "aarch64")]
fn present() -> Vec<&'static str> {
    vec!["NEON"]
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn present() -> Vec<&'static str> {
    Vec::new()
}

/// From the text of `/proc/meminfo`, where there is such a file.
fn memory(meminfo: Option<&str>) -> Check {
    let bytes = |key: &str| -> Option<u64> {
        let line = meminfo?.lines().find_map(|line| line.strip_prefix(key))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        Some(kibibytes << 10)
    };
    let (Some(total), Some(available)) = (bytes("MemTotal:"), bytes("MemAvailable:")) else {
        return Check::ok("memory", "unknown on this system");
    };
    let gibibytes = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let found = format!(
        "{:.1} GiB, {:.1} GiB of it available",
        gibibytes(total),
        gibibytes(available)
    );
    if available < ENOUGH {
        return Check::missing("memory", found, "end other programs, or use --sessions 1");
    }
    Check::ok("memory", found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Status;

    #[test]
    fn memory_is_what_the_kernel_says() {
        let text = "MemTotal:       16777216 kB\nMemFree: 1 kB\nMemAvailable:    8388608 kB\n";
        let check = memory(Some(text));
        assert_eq!(check.found, "16.0 GiB, 8.0 GiB of it available");
        assert_eq!(check.status, Status::Ok);
        let little = text.replace("8388608", "100000");
        assert_eq!(memory(Some(&little)).status, Status::Missing);
        assert_eq!(memory(None).status, Status::Ok);
    }

    #[test]
    fn every_machine_has_a_processor() {
        let checks = machine();
        assert_eq!(checks.len(), 3);
        assert!(checks[0].found.ends_with("logical cores"), "{checks:?}");
    }
}
