//! How many different values there are, about, in little room: a HyperLogLog with Ertl's estimator.
//!
//! The standard error is 0.8 %: of a hundred answers, 95 are within 1.6 % of the truth. Sketches of parts give, brought
//! together, the sketch of the whole.

/// Bits of a hash that choose a register.
const INDEX_BITS: u32 = 14;
/// Registers of a sketch, a byte each.
pub const REGISTERS: usize = 1 << INDEX_BITS;
/// The largest register: all other bits of a hash are zero.
pub(crate) const RANK_MAX: u8 = (u64::BITS - INDEX_BITS) as u8 + 1;

/// The different values of something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sketch(pub(crate) Vec<u8>);

impl Default for Sketch {
    fn default() -> Self {
        Self(vec![0; REGISTERS])
    }
}

/// What a text counts as: FNV-1a of its bytes, mixed so that every bit depends on all.
pub fn hash(text: &str) -> u64 {
    let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    mix(text.bytes().fold(0xcbf2_9ce4_8422_2325, fnv))
}

/// The finalizer of SplitMix64.
fn mix(mut word: u64) -> u64 {
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

impl Sketch {
    /// Takes in a value by its hash.
    pub fn add(&mut self, hash: u64) {
        let rank = (hash << INDEX_BITS).leading_zeros().min(u64::BITS - INDEX_BITS) as u8 + 1;
        if let Some(register) = self.0.get_mut((hash >> (u64::BITS - INDEX_BITS)) as usize) {
            *register = rank.max(*register);
        }
    }

    /// Takes in the values of another one.
    pub fn absorb(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(register, other)| *register = (*register).max(*other));
    }

    /// About how many values were taken in.
    pub fn count(&self) -> u64 {
        let mut counts = [0u32; RANK_MAX as usize + 1];
        for &register in &self.0 {
            if let Some(count) = counts.get_mut(usize::from(register)) {
                *count += 1;
            }
        }
        let share = |count: u32| f64::from(count) / REGISTERS as f64;
        let [none, between @ .., full] = counts;
        let mut sum = REGISTERS as f64 * tau(1.0 - share(full));
        for count in between.into_iter().rev() {
            sum = 0.5 * (sum + f64::from(count));
        }
        sum += REGISTERS as f64 * sigma(share(none));
        let scale = (REGISTERS * REGISTERS) as f64 / (2.0 * std::f64::consts::LN_2);
        (scale / sum).round() as u64
    }
}

/// x + x^2 + 2 x^4 + 4 x^8 + ...
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut weight, mut sum, mut before) = (1.0, x, f64::NAN);
    while sum != before {
        x *= x;
        before = sum;
        sum += x * weight;
        weight *= 2.0;
    }
    sum
}

/// A third of 1 - x - (1 - x^(1/2))^2 / 2 - (1 - x^(1/4))^2 / 4 - ...
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut weight, mut sum, mut before) = (1.0, 1.0 - x, f64::NAN);
    while sum != before {
        x = x.sqrt();
        before = sum;
        weight *= 0.5;
        sum -= (1.0 - x).powi(2) * weight;
    }
    sum / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_within_five_standard_errors_from_nothing_to_millions() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.count(), 0);
        let mut next = 1;
        for n in 1..=2_000_000u64 {
            sketch.add(hash(&format!("10.{}", n)));
            if n == next {
                let off = (sketch.count() as f64 - n as f64).abs();
                assert!(off <= 1.0 + 0.041 * n as f64, "{} instead of {n}", sketch.count());
                next = next * 3 / 2 + 1;
            }
        }
    }

    #[test]
    fn parts_brought_together_are_the_whole_however_they_overlap() {
        let sketch = |range: std::ops::Range<u32>| {
            let mut sketch = Sketch::default();
            range.for_each(|n| sketch.add(hash(&n.to_string())));
            sketch
        };
        let mut all = sketch(0..30_000);
        all.absorb(&sketch(20_000..70_000));
        assert_eq!(all, sketch(0..70_000));
    }

    /// It is on disk.
    #[test]
    fn the_hash_stays_what_it_is() {
        assert_eq!(
            [hash(""), hash("a"), hash("203.0.113.9")].map(|hash| format!("{hash:016x}")),
            ["f52a15e9a9b5e89b", "02c0bdbf481420f8", "7f5ef37a56745ed9"]
        );
    }
}
