use super::*;

#[test]
fn every_format_is_found_by_its_name() {
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(*format));
    }
}
