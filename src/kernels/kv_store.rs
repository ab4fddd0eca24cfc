//! The store of keys and values: half floats, in blocks of sixteen tokens.
//!
//! Within a block and head, the keys have the token as the fast index, so that sixteen products with a query are formed
//! at once. The values have the head's numbers as the fast index, because weighted values of one token are added up.

use super::simd::{Kernel, LANES, Lanes, Level};

/// Tokens in a block.
pub const BLOCK: usize = LANES;

/// The place of a token's keys and values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The block.
    pub block: u32,
    /// The number of the token within the block.
    pub slot: usize,
}

/// Keys and values of all layers.
#[derive(Debug)]
pub struct Store {
    layers: usize,
    kv_heads: usize,
    head_dim: usize,
    blocks: usize,
    /// `[layers, blocks, kv_heads, 2, padded head_dim · BLOCK]`.
    data: Vec<u16>,
    /// For each block a mask of the slots that the current batch uses; zero between batches.
    taken: Vec<u16>,
}

impl Store {
    /// A store of `blocks` blocks. The operating system provides the zeroed memory only when it is written.
    ///
    /// # Panics
    /// If the size is more than can be addressed.
    pub fn new(layers: usize, kv_heads: usize, head_dim: usize, blocks: usize) -> Self {
        // Checked, because unsafe code relies on the size when it writes.
        let numbers = [layers, blocks, kv_heads, 2, BLOCK]
            .into_iter()
            .try_fold(head_dim.next_multiple_of(LANES).max(head_dim), usize::checked_mul)
            .expect("a store that can be addressed");
        Self {
            layers,
            kv_heads,
            head_dim,
            blocks,
            data: vec![0; numbers],
            taken: vec![0; blocks],
        }
    }

    /// Bytes of one block, all layers together.
    pub fn block_bytes(layers: usize, kv_heads: usize, head_dim: usize) -> usize {
        layers * kv_heads * 2 * padded(head_dim) * BLOCK * size_of::<u16>()
    }

    /// Blocks of the store.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Heads of keys and values.
    pub fn kv_heads(&self) -> usize {
        self.kv_heads
    }

    /// Numbers of a head.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    fn head_size(&self) -> usize {
        2 * padded(self.head_dim) * BLOCK
    }

    /// The index in `data` at which a head's keys and values start.
    fn at(&self, layer: usize, block: u32, head: usize) -> usize {
        let block = block as usize;
        assert!(
            layer < self.layers && block < self.blocks && head < self.kv_heads,
            "a block of the store"
        );
        ((layer * self.blocks + block) * self.kv_heads + head) * self.head_size()
    }

    /// Keys (`[padded head_dim, BLOCK]`) and values (`[BLOCK, padded head_dim]`) of a block and head.
    pub(super) fn head(&self, layer: usize, block: u32, head: usize) -> (&[u16], &[u16]) {
        let at = self.at(layer, block, head);
        self.data[at..at + self.head_size()].split_at(self.head_size() / 2)
    }

    /// A writer through which several threads write tokens of a layer, each token to one of `places`.
    ///
    /// # Panics
    /// If a place is not in the store, or two are the same.
    pub(super) fn writer<'a>(&'a mut self, layer: usize, places: &'a [Place]) -> Writer<'a> {
        assert!(
            places
                .iter()
                .all(|place| (place.block as usize) < self.blocks && place.slot < BLOCK),
            "places of the store"
        );
        assert!(self.differ(places), "two tokens for one place");
        Writer {
            data: self.data.as_mut_ptr(),
            store: self,
            layer,
            places,
        }
    }

    /// Whether no two of the places are the same. It is fast, because every layer of a step checks this.
    fn differ(&mut self, places: &[Place]) -> bool {
        let mut differ = true;
        for place in places {
            let (taken, slot) = (&mut self.taken[place.block as usize], 1 << place.slot);
            differ &= *taken & slot == 0;
            *taken |= slot;
        }
        for place in places {
            self.taken[place.block as usize] = 0;
        }
        differ
    }
}

/// The size of a head, rounded up to whole vectors.
fn padded(head_dim: usize) -> usize {
    head_dim.next_multiple_of(LANES)
}

/// Writes single tokens of one layer of a [`Store`].
pub(super) struct Writer<'a> {
    data: *mut u16,
    store: &'a Store,
    layer: usize,
    /// All in the store, and no two the same.
    places: &'a [Place],
}

// SAFETY: it stands for a `&mut Store`, and nothing is read through it; callers of `write` promise that no two threads
// write the same token.
unsafe impl Send for Writer<'_> {}
// SAFETY: as above.
unsafe impl Sync for Writer<'_> {}

impl Writer<'_> {
    /// Writes keys and values, `[kv_heads, head_dim]` each, to the place with this number in `places`.
    ///
    /// # Safety
    /// No other thread writes to this place at the same time.
    ///
    /// # Panics
    /// If there is no such place or layer, or if keys or values do not have their shape.
    pub(super) unsafe fn write(&self, level: Level, place: usize, keys: &[f32], values: &[f32]) {
        let size = self.store.head_dim;
        let Place { block, slot } = self.places[place];
        assert_eq!(keys.len(), self.store.kv_heads * size, "a key for each head");
        assert_eq!(keys.len(), values.len(), "as many values as keys");
        for head in 0..self.store.kv_heads {
            let own = head * size..(head + 1) * size;
            // SAFETY: `at` has checked block and head, so the store holds `head_size` numbers from there.
            let to = unsafe { self.data.add(self.store.at(self.layer, block, head)) };
            level.run(WriteHead {
                keys: &keys[own.clone()],
                values: &values[own],
                slot,
                to,
            });
        }
    }
}

/// Writes one head of one token. Only [`Writer::write`] makes it, which says why `to` is valid.
struct WriteHead<'a> {
    keys: &'a [f32],
    values: &'a [f32],
    slot: usize,
    to: *mut u16,
}

impl Kernel for WriteHead<'_> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<L: Lanes>(self) {
        let size = self.keys.len();
        // SAFETY: promised by the caller; `to` points to the keys and then the values of this head,
        // `padded(size) · BLOCK` numbers each. Every sixteenth number of the keys belongs to this token, and
        // `padded(size)` neighbouring numbers of the values.
        unsafe {
            let values = self.to.add(padded(size) * BLOCK + self.slot * padded(size));
            for from in (0..size).step_by(LANES) {
                let count = (size - from).min(LANES);
                let mut keys = [0; LANES];
                finite(L::load_some(self.keys.as_ptr().add(from), count)).store_f16(keys.as_mut_ptr());
                for (number, key) in keys.into_iter().enumerate().take(count) {
                    self.to.add((from + number) * BLOCK + self.slot).write(key);
                }
                finite(L::load_some(self.values.as_ptr().add(from), count)).store_f16(values.add(from));
            }
        }
    }
}

/// Limits numbers to the range of half floats: an infinity times a weight of zero would make a sum NaN.
///
/// # Safety
/// The processor has the instructions of `L`.
#[inline(always)]
unsafe fn finite<L: Lanes>(numbers: L) -> L {
    const LARGEST: f32 = 65_504.0;
    // SAFETY: promised by the caller.
    unsafe { numbers.min(L::splat(LARGEST)).max(L::splat(-LARGEST)) }
}
