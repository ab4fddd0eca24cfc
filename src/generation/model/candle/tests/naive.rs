//! The formulas in the documentation of `architecture` as scalar loops in f64, without cache and batch.
//! [`Architecture`] reads the metadata; everything after that is independent of the decoders.

use crate::generation::model::architecture::{
    Architecture, EMBEDDING, HEAD, LAST_NORM, LayerTensor, Rotation, layer,
};
use crate::kernels::elementwise::Curve;
use crate::kernels::rotary::Pairs;
use crate::weights::gguf::Gguf;

type Row = Vec<f64>;

/// Logits of all tokens, `[tokens, vocabulary]`.
pub(super) fn logits(gguf: &Gguf, tokens: &[u32]) -> Vec<f32> {
    let architecture = Architecture::read(gguf).unwrap();
    let naive = Naive {
        gguf,
        architecture: &architecture,
    };
    let embedding = naive.rows(EMBEDDING);
    let mut hidden: Vec<Row> = tokens
        .iter()
        .map(|token| {
            let scale = f64::from(architecture.embedding_scale);
            embedding[*token as usize]
                .iter()
                .map(|number| number * scale)
                .collect()
        })
        .collect();
    for at in 0..architecture.layers {
        naive.layer(at, &mut hidden);
    }
    let head = if architecture.tied_head {
        embedding
    } else {
        naive.rows(HEAD)
    };
    let norm = naive.floats(LAST_NORM);
    hidden
        .iter()
        .flat_map(|row| multiply(&head, &naive.normed(row, &norm)))
        .map(|logit| logit as f32)
        .collect()
}

struct Naive<'a> {
    gguf: &'a Gguf,
    architecture: &'a Architecture,
}

impl Naive<'_> {
    fn layer(&self, at: usize, hidden: &mut [Row]) {
        let Architecture {
            heads,
            kv_heads,
            head_dim,
            ..
        } = *self.architecture;
        let norm = self.floats(&layer(at, LayerTensor::AttentionNorm));
        let normed: Vec<Row> = hidden.iter().map(|row| self.normed(row, &norm)).collect();
        let projected = |weight, bias, norm: Option<LayerTensor>, rotated: bool| -> Vec<Vec<Row>> {
            let weight = self.rows(&layer(at, weight));
            let bias = self.optional(&layer(at, bias));
            let norm = norm.and_then(|norm| self.optional(&layer(at, norm)));
            normed
                .iter()
                .enumerate()
                .map(|(position, row)| {
                    let mut all = multiply(&weight, row);
                    if let Some(bias) = &bias {
                        add(&mut all, bias);
                    }
                    let heads = all.chunks(head_dim).map(|head| {
                        let head = norm
                            .as_ref()
                            .map_or(head.to_vec(), |norm| self.normed(head, norm));
                        if rotated {
                            self.rotated(&head, position, self.architecture.rotation(at))
                        } else {
                            head
                        }
                    });
                    heads.collect()
                })
                .collect()
        };
        let queries = projected(
            LayerTensor::Query,
            LayerTensor::QueryBias,
            Some(LayerTensor::QueryNorm),
            true,
        );
        let keys = projected(
            LayerTensor::Key,
            LayerTensor::KeyBias,
            Some(LayerTensor::KeyNorm),
            true,
        );
        let values = projected(LayerTensor::Value, LayerTensor::ValueBias, None, false);
        let output = self.rows(&layer(at, LayerTensor::AttentionOutput));
        for (position, row) in hidden.iter_mut().enumerate() {
            let window = self.architecture.window(at).unwrap_or(usize::MAX);
            let first = (position + 1).saturating_sub(window);
            let mut seen = Vec::new();
            for (head, query) in queries[position].iter().enumerate() {
                let shared = head / (heads / kv_heads);
                let scale = f64::from(self.architecture.attention_scale);
                let weights: Row = (first..=position)
                    .map(|other| (dot(query, &keys[other][shared]) * scale).exp())
                    .collect();
                let sum: f64 = weights.iter().sum();
                seen.extend((0..head_dim).map(|number| {
                    let of = |(weight, other): (&f64, usize)| weight / sum * values[other][shared][number];
                    weights.iter().zip(first..=position).map(of).sum::<f64>()
                }));
            }
            let attended = multiply(&output, &seen);
            add(
                row,
                &self.post_normed(attended, &layer(at, LayerTensor::AttentionPostNorm)),
            );
        }
        self.feed_forward(at, hidden);
    }

    fn feed_forward(&self, at: usize, hidden: &mut [Row]) {
        let norm = self.floats(&layer(at, LayerTensor::FeedForwardNorm));
        let [gate, up, down] = [LayerTensor::Gate, LayerTensor::Up, LayerTensor::Down]
            .map(|tensor| self.rows(&layer(at, tensor)));
        for row in hidden {
            let normed = self.normed(row, &norm);
            let (gate, up) = (multiply(&gate, &normed), multiply(&up, &normed));
            let inner: Row = gate
                .iter()
                .zip(up)
                .map(|(gate, up)| self.activated(*gate) * up)
                .collect();
            let fed = multiply(&down, &inner);
            add(
                row,
                &self.post_normed(fed, &layer(at, LayerTensor::FeedForwardPostNorm)),
            );
        }
    }

    fn activated(&self, x: f64) -> f64 {
        match self.architecture.traits().activation {
            Curve::Silu => x / (1.0 + (-x).exp()),
            Curve::GeluTanh => {
                let inner = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3));
                x / 2.0 * (1.0 + inner.tanh())
            }
        }
    }

    fn rotated(&self, head: &[f64], position: usize, rotation: &Rotation) -> Row {
        let mut rotated = head.to_vec();
        for (pair, frequency) in rotation.frequencies.iter().enumerate() {
            let (a, b) = match self.architecture.traits().pairs {
                Pairs::Neighbours => (2 * pair, 2 * pair + 1),
                Pairs::Halves => (pair, pair + head.len() / 2),
            };
            let (sine, cosine) = (position as f64 * f64::from(*frequency)).sin_cos();
            let magnitude = f64::from(rotation.magnitude);
            rotated[a] = (head[a] * cosine - head[b] * sine) * magnitude;
            rotated[b] = (head[a] * sine + head[b] * cosine) * magnitude;
        }
        rotated
    }

    fn normed(&self, row: &[f64], weight: &[f64]) -> Row {
        let mean = dot(row, row) / row.len() as f64;
        let size = (mean + f64::from(self.architecture.norm_epsilon)).sqrt();
        row.iter()
            .zip(weight)
            .map(|(number, weight)| number / size * weight)
            .collect()
    }

    fn post_normed(&self, row: Row, name: &str) -> Row {
        match self.optional(name) {
            Some(norm) => self.normed(&row, &norm),
            None => row,
        }
    }

    fn floats(&self, name: &str) -> Row {
        self.gguf
            .read_floats(name)
            .unwrap()
            .into_iter()
            .map(f64::from)
            .collect()
    }

    fn optional(&self, name: &str) -> Option<Row> {
        self.gguf.tensor(name).map(|_| self.floats(name))
    }

    fn rows(&self, name: &str) -> Vec<Row> {
        let columns = self.gguf.tensor(name).unwrap().shape[1];
        self.floats(name).chunks(columns).map(<[f64]>::to_vec).collect()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn multiply(matrix: &[Row], row: &[f64]) -> Row {
    matrix.iter().map(|weights| dot(weights, row)).collect()
}

fn add(to: &mut [f64], what: &[f64]) {
    assert_eq!(to.len(), what.len());
    to.iter_mut().zip(what).for_each(|(to, what)| *to += what);
}
