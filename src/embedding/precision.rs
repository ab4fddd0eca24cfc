//! The precision in which embedding models are computed.

use candle_core::Device;

/// The number format of an embedding model's weights and activations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// Eight-bit weights and activations, by our own kernels, on the CPU: several times faster.
    #[default]
    Int8,
    /// Single precision, by candle.
    F32,
}

impl Precision {
    /// The precision on this device if `self` is requested: our kernels run only on the CPU.
    pub fn on(self, device: &Device) -> Self {
        if device.is_cpu() { self } else { Self::F32 }
    }

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::F32 => "f32",
        }
    }
}

impl std::fmt::Display for Precision {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Precision {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Self::Int8, Self::F32]
            .into_iter()
            .find(|precision| precision.as_str() == text)
            .ok_or_else(|| format!("`{text}` is not a precision; give int8 or f32"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_precision_reads_as_it_is_written() {
        for precision in [Precision::Int8, Precision::F32] {
            assert_eq!(precision.to_string().parse(), Ok(precision));
            assert_eq!(precision.on(&Device::Cpu), precision);
        }
        assert!("f16".parse::<Precision>().unwrap_err().contains("int8 or f32"));
    }
}
