use proptest::prelude::*;

use super::{get, pack, packed_len, unpack, unpack_u32, width_of};

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
        prop_assert_eq!(&back, &values);
        let one_by_one: Vec<u64> = (0..values.len()).map(|nth| get(&bytes, width, nth)).collect();
        prop_assert_eq!(one_by_one, values);
    }

    #[test]
    fn short_integers_are_unpacked_as_long_ones_are(
        width in 0u32..=32, low: u32, bytes in proptest::collection::vec(any::<u8>(), 0..2000), count in 0usize..700,
    ) {
        let (mut short, mut long) = (vec![7], vec![7]);
        unpack_u32(&bytes, width, low, count, &mut short);
        unpack(&bytes, width, count, |value| long.push(low.wrapping_add(value as u32)));
        prop_assert_eq!(short, long);
    }

    #[test]
    fn any_bytes_unpack_to_integers_within_the_width(width in 0u32..=64, bytes in any::<Vec<u8>>()) {
        unpack(&bytes, width, 50, |value| assert!(width_of(value) <= width));
    }
}
