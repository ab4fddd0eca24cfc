//! Metadata → [`Architecture`]: reads and checks each number, and refuses metadata that is not supported.

use super::family::REFUSED_METADATA;
use super::metadata::DecoderMetadata;
use super::rope_metadata::ROTARY_BASE;
use super::rotation::{Rotation, Scaling};
use super::tensor_names::{self, EMBEDDING, HEAD, LayerTensor};
use super::{Architecture, Family, Sliding};
use crate::weights::gguf::Gguf;

/// The largest `head_dim` that is plausible; known models have up to 256.
const MAX_HEAD_DIM: usize = 1 << 12;

pub(super) fn read(gguf: &Gguf, family: Family) -> Result<Architecture, String> {
    let traits = family.traits();
    let metadata = DecoderMetadata { gguf, family };
    metadata.refuse_unsupported()?;
    let (layers, width) = (
        metadata.number("block_count")?,
        metadata.number("embedding_length")?,
    );
    let heads = metadata.number("attention.head_count")?;
    let head_dim = metadata.head_dim(width, heads)?;
    let scaled_by = match traits.attention_scale_exception == Some(layers) {
        true => width / heads,
        false => head_dim,
    };
    Ok(Architecture {
        family,
        layers,
        width,
        heads,
        kv_heads: metadata.optional("attention.head_count_kv")?.unwrap_or(heads),
        head_dim,
        feed_forward: metadata.number("feed_forward_length")?,
        vocabulary: gguf
            .tensor(EMBEDDING)
            .and_then(|tensor| tensor.shape.first().copied())
            .filter(|rows| *rows > 0)
            .ok_or_else(|| format!("it has no tensor {EMBEDDING}, or an empty one"))?,
        context_length: gguf.context_length(),
        norm_epsilon: metadata
            .positive("attention.layer_norm_rms_epsilon")?
            .ok_or_else(|| format!("it has no {family}.attention.layer_norm_rms_epsilon"))?
            as f32,
        attention_scale: (scaled_by as f32).sqrt().recip(),
        embedding_scale: match traits.scaled_embedding {
            true => (width as f32).sqrt(),
            false => 1.0,
        },
        biases: gguf
            .tensor(&tensor_names::layer(0, LayerTensor::QueryBias))
            .is_some(),
        tied_head: gguf.tensor(HEAD).is_none(),
        rotation: metadata.rotation(head_dim)?,
        sliding: match traits.sliding_pattern {
            Some(pattern) => metadata.sliding(layers, head_dim, pattern)?,
            None => None,
        },
    })
}

impl DecoderMetadata<'_> {
    fn head_dim(&self, width: usize, heads: usize) -> Result<usize, String> {
        let keys = self.optional("attention.key_length")?.unwrap_or(width / heads);
        let values = self.optional("attention.value_length")?.unwrap_or(width / heads);
        let rotated = self.optional("rope.dimension_count")?.unwrap_or(keys);
        if keys != values || rotated != keys || !keys.is_multiple_of(2) || keys > MAX_HEAD_DIM {
            return Err(format!(
                "its heads have keys of {keys} numbers, {rotated} of them rotated, and values of {values}; supported \
                 are heads that have the same, even number of all three, at most {MAX_HEAD_DIM}"
            ));
        }
        Ok(keys)
    }

    fn sliding(&self, layers: usize, head_dim: usize, pattern: usize) -> Result<Option<Sliding>, String> {
        let Some(window) = self.optional("attention.sliding_window")? else {
            return Ok(None);
        };
        let key = self.key("attention.sliding_window_pattern");
        let slides = match self.gguf.flags(&key) {
            Some(flags) if flags.len() == layers => flags,
            Some(flags) => return Err(format!("its {key} has {} flags for {layers} layers", flags.len())),
            None => {
                let pattern = self
                    .optional("attention.sliding_window_pattern")?
                    .unwrap_or(pattern);
                (0..layers).map(|layer| layer % pattern < pattern - 1).collect()
            }
        };
        let base = self.positive("rope.freq_base_swa")?.unwrap_or(ROTARY_BASE);
        Ok(Some(Sliding {
            window,
            layers: slides,
            rotation: Rotation::new(head_dim, base, None, Scaling::None),
        }))
    }

    /// Refuses entries that change the computation in ways that are not built in.
    fn refuse_unsupported(&self) -> Result<(), String> {
        let number = |name| self.gguf.number(&self.key(name)).unwrap_or(0);
        let float = |name| self.gguf.float(&self.key(name)).unwrap_or(0.0);
        let experts = number("expert_count");
        if experts > 0 {
            return Err(format!(
                "it is a mixture of {experts} experts, and only dense models are supported"
            ));
        }
        for name in REFUSED_METADATA {
            if float(name) != 0.0 {
                return Err(format!("it uses {}, which is not supported", self.key(name)));
            }
        }
        Ok(())
    }
}
