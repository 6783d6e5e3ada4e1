use super::*;

fn problem(query: &str) -> String {
    List::parse(query).unwrap_err().to_string()
}

#[test]
fn every_wrong_field_is_named_in_the_order_of_the_plugin() {
    assert_eq!(
        problem("limit=0&offset=-1&status=bogus&userId=a&userId=b"),
        "[query.userId] Invalid input: expected string, received array; \
         [query.status] Invalid option: expected one of \"success\"|\"failed\"; \
         [query.limit] Too small: expected number to be >=1; [query.offset] Too small: expected number to be >=0"
    );
}

#[test]
fn numbers_are_whole_and_within_bounds() {
    for (query, told) in [
        ("limit=0", "[query.limit] Too small: expected number to be >=1"),
        ("limit=", "[query.limit] Too small: expected number to be >=1"),
        ("limit=501", "[query.limit] Too big: expected number to be <=500"),
        ("limit=1e300", "[query.limit] Too big: expected number to be <=500"),
        ("limit=abc", "[query.limit] Invalid input: expected number, received NaN"),
        ("limit=1&limit=2", "[query.limit] Invalid input: expected number, received NaN"),
        ("limit=-Infinity", "[query.limit] Invalid input: expected number, received -Infinity"),
        ("limit=1.5", "[query.limit] Invalid input: expected int, received number"),
        ("offset=100001", "[query.offset] Too big: expected number to be <=100000"),
        ("from=garbage", "[query.from] Invalid date"),
        ("to=2026-13", "[query.to] Invalid date"),
    ] {
        assert_eq!(problem(query), told, "{query}");
    }
    for (query, limit, offset) in
        [("", 50, 0), ("limit=1e2", 100, 0), ("limit=0x10&offset=", 16, 0), ("limit=500&offset=100000", 500, 100_000)]
    {
        let list = List::parse(query).unwrap();
        assert_eq!((list.limit, list.offset), (limit, offset), "{query}");
    }
}

#[test]
fn unknown_names_and_empty_values_say_nothing() {
    let nothing = List::parse("").unwrap();
    assert_eq!(List::parse("severity=critical&action=&from=&to=&foo&%zz=%zz").unwrap(), nothing);
}

#[test]
fn both_ends_of_a_span_are_inclusive_to_the_millisecond() {
    let list = List::parse("from=2026-01-01T00:00:00.001Z&to=2026-01-01T00:00:00.002999Z").unwrap();
    let filter = list.filter("acme", None);
    assert_eq!(filter.since, Some("2026-01-01T00:00:00.001Z".parse().unwrap()));
    assert_eq!(filter.until, Some("2026-01-01T00:00:00.003Z".parse().unwrap()));
    assert_eq!(filter.tenant.as_deref(), Some("acme"));
    let filter = List::parse("from=0001-01-01&to=1969-12-31").unwrap().filter("acme", None);
    assert_eq!((filter.since, filter.until), (Some(Timestamp::MIN), Some(Timestamp::MIN)));
}
