//! The machine that is measured on, and who else used it.

use std::fs;

use serde::Serialize;

use super::Throughput;

/// From this spread between rounds on, a figure is not to be relied on.
const SPREAD: f64 = 0.10;
/// Share of the processor time that others may take.
const OTHERS: f64 = 0.03;
/// Share of the processor time that the hypervisor may take.
const STOLEN: f64 = 0.01;

/// What disturbed a measurement. Shares are of the machine's processor time,
/// in `[0, 1]`; `None` where the system does not tell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Noise {
    /// Median over the grid of the spread between rounds.
    pub median_spread: f64,
    /// Taken by other programs.
    pub other_programs: Option<f64>,
    /// Taken by the hypervisor for other machines.
    pub stolen: Option<f64>,
    /// What was too much, in words; empty on a quiet machine.
    pub warnings: Vec<String>,
}

impl Noise {
    /// What happened since `before`, with the points measured meanwhile.
    pub(super) fn since(before: Option<CpuTimes>, points: &[Throughput]) -> Self {
        let mut spreads: Vec<f64> = points.iter().map(|point| point.spread).collect();
        spreads.sort_by(f64::total_cmp);
        let median_spread = spreads.get(spreads.len() / 2).copied().unwrap_or(0.0);
        let shares = before
            .zip(CpuTimes::now())
            .map(|(before, after)| after.shares_since(&before));
        Self::new(
            median_spread,
            shares.map(|(others, _)| others),
            shares.map(|(_, stolen)| stolen),
        )
    }

    fn new(median_spread: f64, other_programs: Option<f64>, stolen: Option<f64>) -> Self {
        let mut warnings = Vec::new();
        if median_spread > SPREAD {
            warnings.push(format!(
                "rounds of the same work differ by {:.0} % (median)",
                100.0 * median_spread
            ));
        }
        if let Some(share) = other_programs.filter(|&share| share > OTHERS) {
            warnings.push(format!(
                "other programs took {:.0} % of the processor time",
                100.0 * share
            ));
        }
        if let Some(share) = stolen.filter(|&share| share > STOLEN) {
            warnings.push(format!(
                "the hypervisor took {:.0} % of the processor time",
                100.0 * share
            ));
        }
        Self {
            median_spread,
            other_programs,
            stolen,
            warnings,
        }
    }
}

/// Processor time in clock ticks, as Linux counts it (`proc_stat(5)`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct CpuTimes {
    /// Of all processors, idle ones too.
    total: u64,
    /// Of all processors, in programs and the kernel.
    busy: u64,
    /// Of this process.
    own: u64,
    stolen: u64,
}

impl CpuTimes {
    /// The times since the machine started; `None` on other systems.
    pub fn now() -> Option<Self> {
        let machine = fs::read_to_string("/proc/stat").ok()?;
        let process = fs::read_to_string("/proc/self/stat").ok()?;
        Self::parse(&machine, &process)
    }

    fn parse(machine: &str, process: &str) -> Option<Self> {
        let numbers = |text: &str| -> Vec<u64> {
            text.split_whitespace()
                .map_while(|word| word.parse().ok())
                .collect()
        };
        let all = numbers(machine.lines().next()?.strip_prefix("cpu ")?);
        // Guest time, the ninth and tenth number, is part of user time.
        let &[
            user,
            nice,
            system,
            idle,
            io_wait,
            interrupts,
            soft_interrupts,
            stolen,
        ] = all.get(..8)?
        else {
            return None;
        };
        let busy = user + nice + system + interrupts + soft_interrupts;
        // The program's name, in brackets, may hold anything.
        let (_, after_name) = process.rsplit_once(')')?;
        // Fields 14 and 15, of which 3 comes first here.
        let mut fields = after_name.split_whitespace().skip(11);
        let mut own = || fields.next()?.parse::<u64>().ok();
        Some(Self {
            total: busy + idle + io_wait + stolen,
            busy,
            own: own()? + own()?,
            stolen,
        })
    }

    /// The shares of other programs and of the hypervisor since `before`.
    fn shares_since(&self, before: &Self) -> (f64, f64) {
        let total = self.total.saturating_sub(before.total).max(1) as f64;
        let busy = self.busy.saturating_sub(before.busy);
        let own = self.own.saturating_sub(before.own);
        let stolen = self.stolen.saturating_sub(before.stolen);
        (
            busy.saturating_sub(own) as f64 / total,
            stolen as f64 / total,
        )
    }
}

/// The processor's name, on Linux.
pub(crate) fn processor() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = info.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MACHINE: &str = "cpu  100 1 50 800 20 3 4 22 7 0\ncpu0 1 2 3\n";
    const PROCESS: &str = "42 (od) d) R 1 42 42 0 -1 4 9 0 0 0 60 12 0 0 20 0 3 0 5 1000 2";

    #[test]
    fn reads_the_kernels_counters() {
        let expected = CpuTimes {
            total: 1000,
            busy: 158,
            own: 72,
            stolen: 22,
        };
        assert_eq!(CpuTimes::parse(MACHINE, PROCESS), Some(expected));
        assert_eq!(CpuTimes::parse("cpu  1 2 3\n", PROCESS), None);
        assert_eq!(CpuTimes::parse(MACHINE, ""), None);
    }

    #[test]
    fn shares_are_of_the_time_that_passed() {
        let before = CpuTimes {
            total: 1000,
            busy: 200,
            own: 50,
            stolen: 0,
        };
        let after = CpuTimes {
            total: 2000,
            busy: 700,
            own: 450,
            stolen: 20,
        };
        assert_eq!(after.shares_since(&before), (0.1, 0.02));
        assert_eq!(before.shares_since(&before), (0.0, 0.0));
    }

    #[test]
    fn warns_of_what_is_too_much_only() {
        assert!(Noise::new(0.05, Some(0.01), Some(0.0)).warnings.is_empty());
        assert!(Noise::new(0.05, None, None).warnings.is_empty());
        let noisy = Noise::new(0.2, Some(0.5), Some(0.1));
        assert_eq!(noisy.warnings.len(), 3);
        assert!(noisy.warnings[1].contains("50 %"), "{noisy:?}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_counters_of_this_machine_run_on() {
        let before = CpuTimes::now().unwrap();
        let after = CpuTimes::now().unwrap();
        assert!(after.total >= before.total && after.own >= before.own);
    }
}
