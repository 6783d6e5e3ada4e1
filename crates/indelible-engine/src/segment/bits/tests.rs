use proptest::prelude::*;

use super::{pack, packed_len, unpack, width_of};

proptest! {
    #[test]
    fn integers_of_any_width_come_back(width in 0u32..=64, values in proptest::collection::vec(any::<u64>(), 0..300)) {
        let mask = u64::MAX.checked_shr(64 - width).unwrap_or(0);
        let values: Vec<u64> = values.into_iter().map(|value| value & mask).collect();
        let mut bytes = Vec::new();
        pack(values.iter().copied(), width, &mut bytes);
        prop_assert_eq!(bytes.len(), packed_len(values.len(), width));
        let mut back = Vec::new();
        unpack(&bytes, width, values.len(), |value| back.push(value));
        prop_assert_eq!(back, values);
    }

    #[test]
    fn any_bytes_unpack_to_integers_within_the_width(width in 0u32..=64, bytes in any::<Vec<u8>>()) {
        unpack(&bytes, width, 50, |value| assert!(width_of(value) <= width));
    }
}
