//! What inference computes on.
//!
//! In: the operator's choice. Out: a candle device and its label for metrics. The only file that asks whether the
//! binary was built with `cuda`. A GPU that was asked for and is not there is an error, never a quiet fallback.

use candle_core::Device;

use super::WeightsError;

/// What the operator asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The first GPU if this binary was built for it and it can be used, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first GPU, or nothing.
    Cuda,
}

impl std::fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            DeviceChoice::Auto => "auto",
            DeviceChoice::Cpu => "cpu",
            DeviceChoice::Cuda => "cuda",
        })
    }
}

impl std::str::FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda]
            .into_iter()
            .find(|choice| choice.to_string() == text)
            .ok_or_else(|| format!("`{text}` is not a device; give auto, cpu or cuda"))
    }
}

/// The device, and its label `cpu` or `cuda`.
pub fn select(choice: DeviceChoice) -> Result<(Device, &'static str), WeightsError> {
    match choice {
        DeviceChoice::Cpu => Ok((Device::Cpu, "cpu")),
        DeviceChoice::Cuda => Ok((gpu().map_err(WeightsError::Device)?, "cuda")),
        DeviceChoice::Auto => match gpu() {
            Ok(device) => Ok((device, "cuda")),
            Err(reason) => {
                tracing::info!(reason, "computing on the CPU");
                Ok((Device::Cpu, "cpu"))
            }
        },
    }
}

#[cfg(feature = "cuda")]
fn gpu() -> Result<Device, String> {
    Device::new_cuda(0).map_err(|error| format!("no NVIDIA GPU could be used: {error}"))
}

#[cfg(not(feature = "cuda"))]
fn gpu() -> Result<Device, String> {
    Err("this binary was built without the feature `cuda`".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_as_it_is_written() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert!(
            "gpu"
                .parse::<DeviceChoice>()
                .unwrap_err()
                .contains("auto, cpu or cuda")
        );
    }

    #[test]
    fn the_cpu_is_always_there() {
        let (device, label) = select(DeviceChoice::Cpu).unwrap();
        assert!(device.is_cpu());
        assert_eq!(label, "cpu");
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_gpu_that_cannot_be_had_is_an_error_and_not_the_cpu() {
        let message = select(DeviceChoice::Cuda).unwrap_err().to_string();
        assert!(
            message.contains("without the feature `cuda`") && message.contains("cpu"),
            "{message}"
        );
        assert_eq!(select(DeviceChoice::Auto).unwrap().1, "cpu");
    }
}
