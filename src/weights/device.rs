//! The device that inference runs on.
//!
//! In: the operator's choice. Out: a candle device and its label for metrics. This is the only file that depends on the
//! feature `cuda`. If a GPU was chosen and there is none, that is an error; the CPU is never used instead without a
//! word. (On a machine without a driver, the system's loader refuses to start a binary that was built with `cuda`.)

use candle_core::Device;

use super::WeightsError;

/// The operator's choice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceChoice {
    /// The first GPU, if this binary was built with `cuda` and the GPU can be used; otherwise the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// The first GPU; an error if it cannot be used.
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

/// The chosen device, and its label `cpu` or `cuda`.
///
/// # Errors
/// [`WeightsError::Device`] if a GPU was chosen and cannot be used.
pub(crate) fn select(choice: DeviceChoice) -> Result<(Device, &'static str), WeightsError> {
    match choice {
        DeviceChoice::Cpu => Ok((Device::Cpu, "cpu")),
        DeviceChoice::Cuda => Ok((gpu().map_err(WeightsError::Device)?, "cuda")),
        DeviceChoice::Auto => match gpu() {
            Ok(device) => Ok((device, "cuda")),
            Err(reason) => {
                tracing::info!(reason, "Models run on the CPU.");
                Ok((Device::Cpu, "cpu"))
            }
        },
    }
}

/// A handle on the same hardware for another thread. candle's handle on a GPU holds a handle of cuBLAS, whose workspace
/// two threads must not use at the same time.
pub(crate) fn for_another_thread(device: &Device) -> Result<Device, WeightsError> {
    match device {
        Device::Cpu => Ok(Device::Cpu),
        _ => gpu().map_err(WeightsError::Device),
    }
}

/// Bytes of the GPU's memory in use, by this process and others; 0 for a CPU.
#[cfg(feature = "cuda")]
pub(crate) fn memory_used(device: &Device) -> u64 {
    let Device::Cuda(device) = device else { return 0 };
    match device.cuda_stream().context().mem_get_info() {
        Ok((free, total)) => (total - free) as u64,
        // If the GPU no longer responds, generations fail and report it.
        Err(_) => 0,
    }
}

/// Bytes of the GPU's memory in use, by this process and others; 0 for a CPU.
#[cfg(not(feature = "cuda"))]
pub(crate) fn memory_used(_: &Device) -> u64 {
    0
}

#[cfg(feature = "cuda")]
fn gpu() -> Result<Device, String> {
    Device::new_cuda(0).map_err(|error| {
        // With RUST_BACKTRACE, a backtrace follows the first line of candle's errors.
        let error = error.to_string();
        let reason = error.lines().next().unwrap_or_default();
        format!("no NVIDIA GPU could be used: {reason}")
    })
}

#[cfg(not(feature = "cuda"))]
fn gpu() -> Result<Device, String> {
    Err("this binary was built without the feature `cuda`".to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weights::testing::assert_error;

    #[test]
    fn a_device_choice_is_parsed_as_it_is_displayed() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda] {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
        assert_error("gpu".parse::<DeviceChoice>(), &["auto, cpu or cuda"]);
    }

    #[test]
    fn the_cpu_can_always_be_selected() {
        let (device, label) = select(DeviceChoice::Cpu).unwrap();
        assert!(device.is_cpu());
        assert_eq!(memory_used(&device), 0);
        assert_eq!(label, "cpu");
    }

    #[test]
    fn another_thread_gets_the_same_hardware() {
        let (device, label) = select(DeviceChoice::Auto).unwrap();
        let other = for_another_thread(&device).unwrap();
        assert_eq!(
            (other.is_cuda(), other.is_cpu()),
            (label == "cuda", label == "cpu")
        );
    }

    #[cfg(feature = "cuda")]
    #[test]
    fn a_gpu_is_selected_or_the_error_says_what_to_do() {
        match select(DeviceChoice::Cuda) {
            Ok((device, label)) => assert!(device.is_cuda() && label == "cuda"),
            Err(error) => {
                let message = error.to_string();
                assert!(
                    message.contains("no NVIDIA GPU could be used: ")
                        && message.contains("choose the device cpu")
                        && !message.contains('\n'),
                    "{message}"
                );
                assert_eq!(select(DeviceChoice::Auto).unwrap().1, "cpu");
            }
        }
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn without_cuda_choosing_a_gpu_is_an_error() {
        assert_error(select(DeviceChoice::Cuda), &["without the feature `cuda`", "cpu"]);
        assert_eq!(select(DeviceChoice::Auto).unwrap().1, "cpu");
    }
}
