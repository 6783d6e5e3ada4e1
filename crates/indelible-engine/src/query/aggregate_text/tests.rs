use crate::query::{Aggregate, AggregateText, Filter, OrderBy};

fn parse(text: AggregateText<'_>) -> Result<Aggregate, String> {
    Aggregate::parse(Filter::default(), &text).map_err(|error| error.to_string())
}

#[test]
fn texts_are_understood() {
    let text = AggregateText {
        group_by: "day, ip ,metadata.endpoint",
        measure: "count,distinct( user ),p95(http.latency_us),first,last",
        having: "count > 9",
        order: "-day",
        time_zone: "Europe/Vienna",
        limit: Some(5),
    };
    let aggregate = parse(text).unwrap();
    let names = |all: Vec<String>| all.join(" ");
    assert_eq!(names(aggregate.group_by.iter().map(ToString::to_string).collect()), "day context.ip metadata.endpoint");
    assert_eq!(
        names(aggregate.measures.iter().map(ToString::to_string).collect()),
        "count distinct(actor.id) p95(http.latency_us) first last"
    );
    assert_eq!(aggregate.having.map(|having| (having.measure, having.at_least)), Some((0, 10)));
    assert_eq!((aggregate.order, aggregate.limit), (Some(OrderBy::KeyDescending(0)), 5));
    assert_eq!(aggregate.time_zone.iana_name(), Some("Europe/Vienna"));
    assert_eq!(parse(AggregateText::default()).unwrap(), Aggregate::count(Filter::default()));
}

#[test]
fn the_field_count_can_be_a_key_beside_the_measure() {
    let by_count = |measure, order| {
        parse(AggregateText { group_by: "action,count", measure, order, ..AggregateText::default() }).unwrap().order
    };
    assert_eq!(by_count("last", "-count"), Some(OrderBy::KeyDescending(1)));
    assert_eq!(by_count("last,count", "-count"), Some(OrderBy::MeasureDescending(1)));
}

#[test]
fn a_mistake_names_its_text_and_column() {
    let none = AggregateText::default();
    for (text, expected) in [
        (
            AggregateText { group_by: "dya", ..none },
            r#"group_by: unknown field "dya" at column 1; did you mean "day"?"#,
        ),
        (
            AggregateText { group_by: "day, acton", ..none },
            r#"group_by: unknown field "acton" at column 6; did you mean "action"?"#,
        ),
        (
            AggregateText { group_by: "actor", ..none },
            r#"group_by: actor has several fields at column 1; did you mean "actor.id"?"#,
        ),
        (
            AggregateText { group_by: "a,b,c,d,e,f", ..none },
            r#"group_by: unknown field "a" (to look for a text, put it in quotes) at column 1"#,
        ),
        (AggregateText { group_by: "ip,ip,ip,ip,ip,ip", ..none }, "group_by: at most 5 are possible at column 16"),
        (
            AggregateText { measure: "conut", ..none },
            r#"measure: unknown measure "conut" at column 1; did you mean "count"?"#,
        ),
        (
            AggregateText { measure: "median", ..none },
            r#"measure: unknown measure "median": write count, distinct(field), first, last or p95(http.latency_us) at column 1"#,
        ),
        (
            AggregateText { measure: "distinct(acton)", ..none },
            r#"measure: unknown field "acton" at column 10; did you mean "action"?"#,
        ),
        (
            AggregateText { measure: "p101(latency)", ..none },
            "measure: p101 is no percentile: write p0 to p100 at column 1",
        ),
        (
            AggregateText { measure: "p95(action)", ..none },
            "measure: action is no number: take http.latency_us at column 5",
        ),
        (
            AggregateText { having: "count", ..none },
            "having: write a measure and its smallest value, such as count>=10 at column 1",
        ),
        (
            AggregateText { having: "last>=10", measure: "last", ..none },
            "having: last is a time: only numbers can be bounded at column 1",
        ),
        (
            AggregateText { having: "p50(first_at)>=10", measure: "p50(first_at)", ..none },
            "having: p50(first_at) is a time: only numbers can be bounded at column 1",
        ),
        (
            AggregateText { having: "first>=10", ..none },
            "having: first is not measured: add it to the measures at column 1",
        ),
        (AggregateText { order: "-last", ..none }, "order: last is not measured: add it to the measures at column 2"),
        (AggregateText { order: "-action", ..none }, "order: action is no key: add it to group_by at column 2"),
        (
            AggregateText { time_zone: "Vienna", ..none },
            r#"time_zone: unknown time zone "Vienna": write one such as Europe/Vienna at column 1"#,
        ),
        (AggregateText { limit: Some(0), ..none }, "limit: 0 is not from 1 to 100000 at column 1"),
    ] {
        assert_eq!(parse(text).unwrap_err(), expected);
    }
}
