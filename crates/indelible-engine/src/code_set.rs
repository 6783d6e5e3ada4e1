//! A set of codes, to look for among those of a column.

/// Some codes of a column.
#[derive(Debug, Clone)]
pub enum CodeSet {
    /// This one alone.
    One(u32),
    /// A bit for each code, and how many are set.
    Many(Vec<u64>, u32),
}

impl CodeSet {
    /// Those of a list.
    pub fn new(codes: &[u32]) -> Self {
        if let [code] = codes {
            return Self::One(*code);
        }
        let mut bits = vec![0; codes.iter().max().map_or(0, |&max| max as usize / 64 + 1)];
        for &code in codes {
            if let Some(word) = bits.get_mut(code as usize / 64) {
                *word |= 1 << (code % 64);
            }
        }
        let count = bits.iter().map(|word: &u64| word.count_ones()).sum();
        Self::Many(bits, count)
    }

    /// Whether a code is among them.
    #[inline]
    pub fn contains(&self, code: u32) -> bool {
        match self {
            Self::One(one) => *one == code,
            Self::Many(bits, _) => bits.get(code as usize / 64).is_some_and(|word| word >> (code % 64) & 1 == 1),
        }
    }

    /// How many they are.
    pub(crate) fn count(&self) -> u32 {
        match self {
            Self::One(_) => 1,
            Self::Many(_, count) => *count,
        }
    }

    /// All, rising.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        let (one, many): (Option<u32>, &[u64]) = match self {
            Self::One(code) => (Some(*code), &[]),
            Self::Many(bits, _) => (None, bits),
        };
        let of_word = |(word, nth): (&u64, u32)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| nth * 64 + bit)
        };
        one.into_iter().chain(many.iter().zip(0..).flat_map(of_word))
    }
}
