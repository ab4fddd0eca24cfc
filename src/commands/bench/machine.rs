//! The processor of this machine and the memory of this process, from Linux. Missing values are left out; cannot fail.

use std::fs;

/// The processor's name, or an empty text.
pub(super) fn processor() -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    field(&cpus, "model name").unwrap_or_default().to_string()
}

/// The peak memory of this process in bytes (`VmHWM`).
pub(super) fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    kibibytes(field(&status, "VmHWM")?)
}

/// The value of the line `name : value`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .find_map(|(key, value)| (key.trim_end() == name).then_some(value.trim()))
}

fn kibibytes(text: &str) -> Option<u64> {
    let number: u64 = text.strip_suffix("kB")?.trim_end().parse().ok()?;
    number.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_linux_writes_them() {
        let text = "Name:\tserver\nVmPeak:\t  9 kB\nVmHWM:\t  418000 kB\nmodel name\t: Some CPU: 2 cores\n";
        assert_eq!(field(text, "VmHWM").and_then(kibibytes), Some(418_000 << 10));
        assert_eq!(field(text, "model name"), Some("Some CPU: 2 cores"));
        assert_eq!(field(text, "Vm"), None);
        assert_eq!((kibibytes("9 MB"), kibibytes("kB")), (None, None));
    }
}
