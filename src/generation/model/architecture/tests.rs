//! Which architecture files and their metadata give, and which files are refused.

use candle_core::quantized::QTensor;
use candle_core::quantized::gguf_file::Value;

use super::testing::{Tiny, named, text};
use super::*;
use crate::kernels::elementwise::Curve;
use crate::kernels::rotary::Pairs;
use crate::weights::testing::chat_model;

fn read(tiny: &Tiny) -> Result<Architecture, String> {
    let (_file, gguf) = tiny.gguf();
    Architecture::read(&gguf).map_err(|error| error.to_string())
}

#[test]
fn the_default_model_is_a_small_llama() {
    let architecture = Architecture::read(&Gguf::read(&chat_model()).unwrap()).unwrap();
    let Architecture {
        layers,
        width,
        heads,
        kv_heads,
        head_dim,
        feed_forward,
        vocabulary,
        ..
    } = architecture;
    assert_eq!((layers, width, heads, kv_heads, head_dim), (30, 576, 9, 3, 64));
    assert_eq!((feed_forward, vocabulary), (1536, 49_152));
    assert_eq!(
        (architecture.family, architecture.traits().pairs),
        (Family::Llama, Pairs::Neighbours)
    );
    assert!(architecture.tied_head && !architecture.biases && !architecture.traits().qk_norm);
    assert_eq!(
        (architecture.attention_scale, architecture.sliding),
        (0.125, None)
    );
    // SmolLM2's base is 100,000: the slowest pair turns by 100000^(-62/64).
    assert_eq!(architecture.rotation.frequencies.len(), 32);
    assert!((architecture.rotation.frequencies[31] - 1.433e-5).abs() < 1e-8);
}

#[test]
fn each_family_has_its_traits() {
    for (name, tiny) in Tiny::all() {
        let architecture = read(&tiny).unwrap();
        let traits = architecture.traits();
        let (llama, gemma) = (tiny.family == Family::Llama, tiny.family == Family::Gemma3);
        let qk_norm = gemma || tiny.family == Family::Qwen3;
        let scale = if gemma { 96_f32.sqrt() } else { 1.0 };
        assert_eq!(architecture.biases, tiny.biases, "{name}");
        assert_eq!(architecture.tied_head, tiny.tied_head, "{name}");
        assert_eq!((traits.qk_norm, traits.post_norms), (qk_norm, gemma), "{name}");
        assert_eq!(traits.activation == Curve::GeluTanh, gemma, "{name}");
        assert_eq!(traits.pairs == Pairs::Neighbours, llama, "{name}");
        assert_eq!(architecture.embedding_scale, scale, "{name}");
        assert_eq!(
            (architecture.query_width(), architecture.key_width()),
            (6 * tiny.head_dim, tiny.kv_heads * tiny.head_dim)
        );
    }
}

#[test]
fn sliding_layers_have_their_own_window_and_rotation() {
    let tiny = Tiny::sliding();
    let architecture = read(&tiny).unwrap();
    let windows: Vec<_> = (0..4).map(|layer| architecture.window(layer)).collect();
    assert_eq!(windows, [Some(5), Some(5), None, Some(5)]);
    // Pair 1 of 8 turns by base^(-1/8); the global layers' base is 1e6, divided by the factor 8.
    let near = |at: usize, expected: f64| {
        let frequency = f64::from(architecture.rotation(at).frequencies[1]);
        assert!(
            (frequency / expected - 1.0).abs() < 1e-6,
            "{frequency} {expected}"
        );
    };
    near(2, 1e6_f64.powf(-0.125) / 8.0);
    near(3, 1e4_f64.powf(-0.125));

    let flags = Value::Array([true, false, false, true].map(Value::Bool).to_vec());
    let listed = Tiny {
        metadata: vec![
            ("attention.sliding_window", Value::U32(5)),
            ("attention.sliding_window_pattern", flags),
        ],
        ..tiny
    };
    assert_eq!(
        read(&listed).unwrap().sliding.unwrap().layers,
        [true, false, false, true]
    );
}

#[test]
fn rotary_frequencies_are_scaled_as_the_metadata_says() {
    let base = read(&Tiny::new(Family::Llama)).unwrap().rotation;
    let expected: Vec<f32> = (0..8)
        .map(|pair| 1e4_f64.powf(-f64::from(pair) / 8.0) as f32)
        .collect();
    assert_eq!((base.frequencies.clone(), base.magnitude), (expected, 1.0));

    let scaled = |metadata: &[(&'static str, Value)], factors: Option<Vec<f32>>| {
        let tiny = Tiny {
            metadata: metadata.to_vec(),
            rotary_factors: factors,
            ..Tiny::new(Family::Llama)
        };
        let rotation = read(&tiny).unwrap().rotation;
        let ratios: Vec<f32> = base
            .frequencies
            .iter()
            .zip(&rotation.frequencies)
            .map(|(base, scaled)| base / scaled)
            .collect();
        (ratios, rotation.magnitude)
    };
    let factor = ("rope.scaling.factor", Value::F32(4.0));
    let kind = |kind| ("rope.scaling.type", text(kind));
    assert_eq!(
        scaled(&[kind("linear"), factor.clone()], None),
        (vec![4.0; 8], 1.0)
    );
    assert_eq!(scaled(std::slice::from_ref(&factor), None), (vec![4.0; 8], 1.0));
    assert_eq!(scaled(&[kind("none"), factor.clone()], None), (vec![1.0; 8], 1.0));
    let factors: Vec<f32> = (0..8).map(|pair| f32::from(1_u16 << pair)).collect();
    assert_eq!(scaled(&[], Some(factors.clone())), (factors, 1.0));

    // A pair that turns n times within the 64 tokens of the first training has the number
    // 16 · ln(64 / (n · 2π)) / (2 · ln 10⁴): 0.81 for 4 turns, rounded down; 2.62 for half a turn, rounded up.
    let yarn = [
        kind("yarn"),
        factor,
        ("rope.scaling.original_context_length", Value::U32(64)),
        ("rope.scaling.yarn_beta_fast", Value::F32(4.0)),
        ("rope.scaling.yarn_beta_slow", Value::F32(0.5)),
    ];
    let (ratios, magnitude) = scaled(&yarn, None);
    // Between 0 and 3 a third of the way each: f · (1 - t) + f/4 · t.
    let expected = [1.0, 4.0 / 3.0, 2.0, 4.0, 4.0, 4.0, 4.0, 4.0];
    for (ratio, expected) in ratios.iter().zip(expected) {
        assert!((ratio - expected).abs() < 1e-5, "{ratios:?}");
    }
    assert!((magnitude - 1.138_629_4).abs() < 1e-6, "{magnitude}");
}

#[test]
fn angles_are_the_positions_times_the_frequencies() {
    let rotation = Rotation {
        frequencies: vec![1.0, 0.5],
        magnitude: 2.0,
    };
    let angles: Vec<_> = rotation.angles(3).collect();
    let expected = [
        (3_f32.cos() * 2.0, 3_f32.sin() * 2.0),
        (1.5_f32.cos() * 2.0, 1.5_f32.sin() * 2.0),
    ];
    for (angle, expected) in angles.iter().zip(expected) {
        assert!(
            (angle.0 - expected.0).abs() < 1e-6 && (angle.1 - expected.1).abs() < 1e-6,
            "{angles:?}"
        );
    }
    assert_eq!(angles.len(), 2);
}

#[test]
fn unsupported_metadata_is_named_in_the_error() {
    use Family::{Gemma3, Llama, Qwen2};
    let (u32, f32) = (Value::U32, Value::F32);
    let lengths = Value::Array(vec![u32(160), u32(96)]);
    let formats = "`longrope`, and supported are none, linear and yarn";
    let cases = [
        (Llama, "expert_count", u32(8), "mixture of 8 experts"),
        (Llama, "rope.scaling.type", text("longrope"), formats),
        (
            Qwen2,
            "rope.scaling.type",
            text("yarn"),
            "qwen2.rope.scaling.factor",
        ),
        (
            Gemma3,
            "final_logit_softcapping",
            f32(30.0),
            "gemma3.final_logit_softcapping",
        ),
        (Llama, "attention.value_length", u32(8), "values of 8"),
        (Llama, "rope.dimension_count", u32(8), "8 of them rotated"),
        (
            Llama,
            "attention.layer_norm_rms_epsilon",
            f32(0.0),
            "layer_norm_rms_epsilon",
        ),
        (
            Llama,
            "feed_forward_length",
            lengths,
            "models whose layers differ",
        ),
        (
            Llama,
            "rope.scaling.factor",
            Value::F64(1e-300),
            "llama.rope.scaling is out of range",
        ),
        (
            Llama,
            "rope.freq_base",
            f32(f32::INFINITY),
            "llama.rope.freq_base",
        ),
        (Llama, "attention.key_length", u32(u32::MAX), "4294967295 numbers"),
    ];
    for (family, key, value, expected) in cases {
        let tiny = Tiny {
            metadata: vec![(key, value)],
            ..Tiny::new(family)
        };
        let message = read(&tiny).unwrap_err();
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn the_error_for_an_unknown_architecture_lists_the_supported_ones() {
    let bytes = crate::weights::testing::gguf(
        &[
            ("general.architecture", text("phi3")),
            ("phi3.context_length", Value::U32(64)),
            ("phi3.embedding_length", Value::U32(32)),
            ("phi3.block_count", Value::U32(1)),
            ("phi3.attention.head_count", Value::U32(4)),
        ],
        &[("a.weight", &Tiny::new(Family::Llama).tensors()[0].1)],
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let message = Architecture::read(&Gguf::read(file.path()).unwrap())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("`phi3`") && message.contains("llama, qwen2, qwen3, gemma3"),
        "{message}"
    );
}

#[test]
fn missing_unknown_and_misshapen_tensors_are_named_in_the_error() {
    let tiny = Tiny::new(Family::Llama);
    let tensors = tiny.tensors();
    let named = named(&tensors);
    let problem = |tensors: &[(&str, &QTensor)]| {
        let file = tiny.write_tensors(tensors);
        Architecture::read(&Gguf::read(file.path()).unwrap())
            .unwrap_err()
            .to_string()
    };
    for left_out in ["blk.1.ffn_down.weight", "output_norm.weight", "token_embd.weight"] {
        let rest: Vec<_> = named
            .iter()
            .copied()
            .filter(|(name, _)| *name != left_out)
            .collect();
        assert!(
            problem(&rest).contains(&format!("no tensor {left_out}")),
            "{left_out}"
        );
    }
    for (extra, expected) in [
        ("blk.0.ffn_gate_exps.weight", "blk.0.ffn_gate_exps.weight"),
        // The first layer's queries decide whether there are biases; all others must agree.
        ("blk.1.attn_q.bias", "blk.1.attn_q.bias"),
        ("blk.2.attn_norm.weight", "blk.2.attn_norm.weight"),
        ("blk.0.attn_q.bias", "no tensor blk.0.attn_k.bias"),
    ] {
        let message = problem(&[&named[..], &[(extra, &tensors[1].1)]].concat());
        assert!(message.contains(expected), "{message}");
    }
    let swapped: Vec<_> = named
        .iter()
        .map(|(name, tensor)| match *name {
            "blk.0.ffn_up.weight" => (*name, named[0].1),
            _ => (*name, *tensor),
        })
        .collect();
    let message = problem(&swapped);
    assert!(
        message.contains("blk.0.ffn_up.weight has the shape [50, 96], and [160, 96] follows"),
        "{message}"
    );
}
