use indelible_proof::Timestamp;
use proptest::{collection::vec, prelude::*, sample::select};

use crate::{
    column::{Column, Kind},
    query::{Clause, Field, Filter, Match, Role, RoleMatch, Test},
};

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn parse(line: &str) -> Filter {
    Filter::parse(line, now()).unwrap_or_else(|error| panic!("{}", error.render(line)))
}

/// What a line is understood as, in the long form.
fn understood(line: &str) -> String {
    parse(line).to_string()
}

#[test]
fn a_line_is_understood() {
    for (line, expected) in [
        ("", ""),
        ("  action:token.revoked ", "action:token.revoked"),
        ("action=token.revoked outcome!=success", "action:token.revoked -outcome:success"),
        ("-outcome!=success", "outcome:success"),
        ("action:token.*,auth.login.failed", "action:token.*,auth.login.failed"),
        ("-action:*.failed", "-action:*.failed"),
        ("reason:a?c*", "reason:a?c*"),
        (r#"agent:"Mozilla "*"5.0""#, r#"context.user_agent:"Mozilla "*5.0"#),
        (r#"path:"/a*b""#, r#"http.path:"/a*b""#),
        (r#"path:"/a*b"*"#, r#"http.path:"/a*b"*"#),
        ("ip:10.0.0.0/8", "context.ip:10.0.0.0/8"),
        ("ip:::ffff:10.0.0.0/104", "context.ip:10.0.0.0/8"),
        ("ip:::ffff:10.0.0.1", "context.ip:10.0.0.1"),
        ("ip:2001:DB8::0/32", "context.ip:2001:db8::/32"),
        ("-ip:*", "-context.ip:*"),
        ("status:500", "http.status:500"),
        ("status:>=500", "http.status:500.."),
        ("http.status<500", "http.status:..499"),
        ("http.status:500..599,404", "http.status:500..599,404"),
        ("severity:>=high", "severity:high,critical"),
        ("severity<low", "severity:info"),
        ("actor:42", "actor:42"),
        ("actor:user:42", "actor:user:42"),
        ("actor:user:4*,alice@example.com", "actor:user:4*,alice@example.com"),
        ("actor:auth0|42", r#"actor:"auth0|42""#),
        ("actor:urn:x:42", r#"actor:"urn:x:42""#),
        (r#"actor:"urn":x:42"#, r#"actor:"urn":"x:42""#),
        (r#"target:document:7,"a:b""#, r#"target:document:7,"a:b""#),
        ("target:hmac:5f", r#"target:"hmac:5f""#),
        (r#"target:"hmac":5f"#, r#"target:"hmac":5f"#),
        ("target:token:hmac:5f", r#"target:token:"hmac:5f""#),
        ("on_behalf_of:user:7", "on_behalf_of:user:7"),
        (r#"metadata.endpoint:"/v1/pay""#, "metadata.endpoint:/v1/pay"),
        ("metadata.amount:>100", "metadata.amount:101.."),
        ("metadata.amount:5..5", "metadata.amount:5..5"),
        (r#"metadata."a b".c:1"#, r#"metadata."a b".c:1"#),
        ("attrs.pages:3 changes.after.role:admin", "targets.attrs.pages:3 changes.after.role:admin"),
        ("since:7d", "since:2026-11-13T12:00:00.000000Z"),
        ("since:30m until:2026-11-20", "since:2026-11-20T11:30:00.000000Z until:2026-11-20T00:00:00.000000Z"),
        ("since:99999999999999999999w", "since:1970-01-01T00:00:00.000000Z"),
        ("seq:100..200", "seq:100..200"),
        ("seq:7", "seq:7..7"),
        ("seq:>=7", "seq:7.."),
        ("seq:<7", "seq:..6"),
        ("tenant:acme", "tenant:acme"),
        ("tenant:acme tenant:b*", "tenant:acme tenant:b*"),
        ("-tenant:acme", "-tenant:acme"),
        ("recorded_at:2026-11-20", "recorded_at:2026-11-20T00:00:00.000000Z..2026-11-20T23:59:59.999999Z"),
        ("recorded_at:>2026-11-20", "recorded_at:2026-11-21T00:00:00.000000Z.."),
        (r#"failed -"not found" "a \"b\"""#, r#""failed" -"not found" "a \"b\"""#),
        (
            "token:tok_1 user:7 session:s client:c service:api email:alice@example.com",
            "credential.id:tok_1 actor.id:7 session_id:s client.id:c source.service:api actor.email:alice@example.com",
        ),
        ("user:1..5", "actor.id:1..5"),
        ("path:/a/../b", r#"http.path:"/a/../b""#),
        ("metadata.grün:ja", "metadata.grün:ja"),
    ] {
        assert_eq!(understood(line), expected, "{line}");
        assert_eq!(parse(expected), parse(line), "{expected} reads back as {line}");
    }
}

#[test]
fn a_mistake_is_shown_where_it_is_with_what_was_meant() {
    for (line, expected) in [
        ("acton:x", r#"unknown field "acton" at column 1; did you mean "action"?"#),
        ("ü -acton:x", r#"unknown field "acton" at column 4; did you mean "action"?"#),
        ("latency_us:5", r#"unknown field "latency_us" at column 1; did you mean "http.latency_us"?"#),
        ("https://example.com", r#"unknown field "https" (to look for a text, put it in quotes) at column 1"#),
        ("action:", "a value is missing (for events without the field, write -field:*) at column 8"),
        ("action:a,,b", "a value is missing (for events without the field, write -field:*) at column 10"),
        (r#"action:"" "#, "a value is missing (for events without the field, write -field:*) at column 8"),
        (r#"path:"/a"#, "this quote is never closed at column 6"),
        (r#""a"b"#, "expected a space after the closing quote at column 4"),
        (r#"ab"c""#, "a quote inside a word: put all of the text in quotes at column 3"),
        ("-", "a text to look for is missing at column 2"),
        (
            "token.*",
            "a star works only behind a field, as in action:token.*; to look for a star, use quotes at column 1",
        ),
        ("outcome:sucess", r#"unknown outcome "sucess" at column 9; did you mean "success"?"#),
        ("outcome:ok", r#"unknown outcome "ok": write success, failure, denied, unknown at column 9"#),
        ("severity:>=hihg", r#"unknown severity "hihg" at column 12; did you mean "high"?"#),
        ("severity:>critical", "no severity lies beyond critical at column 11"),
        ("severity:>=low,high", "one value only is possible here at column 16"),
        (
            "ip:10.0.0.0/33",
            r#""10.0.0.0/33" is no address or network: write 203.0.113.9, 10.0.0.0/8 or 10.0.* at column 4"#,
        ),
        ("ip:10.0.0", r#""10.0.0" is no address or network: write 203.0.113.9, 10.0.0.0/8 or 10.0.* at column 4"#),
        ("ip>=10", "context.ip has no order to compare by: write context.ip:value at column 5"),
        ("outcome:<success", "outcome has no order to compare by: write outcome:value at column 10"),
        ("status:abc", r#""abc" is no number: write 500, >=500 or 500..599 at column 8"#),
        ("status:599..500", "this range ends before it begins at column 8"),
        ("since:soon", r#""soon" is no time: write 7d, 24h, 30m, 2026-11-20 or 2026-11-20T12:00:00Z at column 7"#),
        (
            "recorded_at:soon",
            r#""soon" is no time: write 7d, 24h, 30m, 2026-11-20 or 2026-11-20T12:00:00Z at column 13"#,
        ),
        ("since>=7d", "write since:7d or since:2026-11-20 at column 1"),
        ("-since:7d", "since cannot be negated at column 1"),
        ("since:7d since:8d", "since is given twice at column 10"),
        ("seq:1 seq:2", "seq is given twice at column 7"),
        ("metadata:x", "metadata holds free data: name a path in it, such as metadata.key, at column 1"),
        ("metadata.a..b:x", r#""metadata.a..b" is no path: separate at most 16 names by single dots, at column 1"#),
        ("actor:user:", "write actor:ID or actor:TYPE:ID at column 7"),
        ("target::7", "write target:ID or target:TYPE:ID at column 8"),
    ] {
        let error = Filter::parse(line, now()).expect_err(line);
        assert_eq!(error.to_string(), expected, "{line}");
    }
}

#[test]
fn a_caret_stands_below_the_mistake() {
    let line = "ä\tacton:x";
    let error = Filter::parse(line, now()).unwrap_err();
    assert_eq!(error.render(line), "ä acton:x\n  ^\nunknown field \"acton\" at column 3; did you mean \"action\"?");
}

#[test]
fn length_conditions_and_values_are_limited() {
    let error = |line: &str| Filter::parse(line, now()).unwrap_err().to_string();
    assert!(error(&"a".repeat(4097)).starts_with("a filter has at most 4096 bytes"));
    assert!(error(&"a ".repeat(65)).starts_with("a filter has at most 64 conditions at column 129"));
    assert!(error(&format!("user:{}", vec!["1"; 1001].join(","))).starts_with("a condition has at most 1000 values"));
    assert!(Filter::parse(&"a ".repeat(64), now()).is_ok());
}

#[test]
fn a_filter_kept_inside_a_tenant_cannot_leave_it() {
    let filter = parse("tenant:globex x").within_tenant("acme");
    assert_eq!(filter.to_string(), r#"tenant:acme "x" tenant:globex"#);
    assert_eq!(parse("tenant:acme").within_tenant("acme").to_string(), "tenant:acme");
    assert_eq!(parse("").within_tenant("acme").to_string(), "tenant:acme");
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z0-9.:/*?\\\\\" ,|<>=-]{1,12}",
        "[äß日🦀\n\t]{1,4}",
        select(vec!["..", "1..2", "5", "user:7"]).prop_map(str::to_owned)
    ]
}

/// As the parser would make them.
fn text_match() -> impl Strategy<Value = Match> {
    prop_oneof![
        4 => text().prop_map(Match::Is),
        2 => prop_oneof![text(), Just(String::new())].prop_map(Match::Prefix),
        1 => (text(), text()).prop_map(|(a, b)| {
            let escape = |text: String| text.replace('\\', r"\\").replace('*', r"\*").replace('?', r"\?");
            Match::Glob(format!("{}*{}?", escape(a), escape(b)))
        }),
        1 => (any::<i64>(), any::<i64>()).prop_map(|(a, b)| Match::Between(a.min(b), a.max(b))),
    ]
}

fn clause() -> impl Strategy<Value = Clause> {
    let of_kind = |kind| Column::ALL.iter().copied().filter(|column| column.kind() == kind).collect::<Vec<_>>();
    let plain =
        |column: &Column| !matches!(column, Column::ContextIp | Column::Outcome | Column::Severity | Column::Tenant);
    let terms: Vec<Column> = of_kind(Kind::Terms).into_iter().filter(plain).collect();
    let field = |field: Field| move |matches| Test::Field(field.clone(), matches);
    let roles = (proptest::option::of(text()), text_match()).prop_map(|(r#type, id)| RoleMatch { r#type, id });
    let bounds = (0..=Timestamp::MAX.as_micros(), 0..=Timestamp::MAX.as_micros());
    let bounds = bounds.prop_map(|(a, b)| Match::Between(a.min(b), a.max(b)));
    let network = (any::<u32>(), 0u8..=32)
        .prop_map(|(ip, prefix)| Match::Cidr { network: std::net::Ipv4Addr::from(ip).into(), prefix });
    let test = prop_oneof![
        4 => (select(terms), vec(text_match(), 1..4)).prop_map(move |(column, matches)| field(Field::Column(column))(matches)),
        2 => (select(of_kind(Kind::Ints)), vec(bounds, 1..4)).prop_map(move |(column, matches)| Test::Field(Field::Column(column), matches)),
        2 => (select(of_kind(Kind::Blob)), vec(text(), 1..4), vec(text_match(), 1..4))
            .prop_map(|(column, path, matches)| Test::Field(Field::Json(column, path), matches)),
        1 => vec(network, 1..3).prop_map(|matches| Test::Field(Field::Column(Column::ContextIp), matches)),
        2 => (select(vec![Role::Actor, Role::OnBehalfOf, Role::Target]), vec(roles, 1..3)).prop_map(|(role, all)| Test::Role(role, all)),
        1 => text().prop_map(Test::Text),
    ];
    (any::<bool>(), test).prop_map(|(negated, test)| Clause { negated, test })
}

#[test]
fn a_filter_that_finds_nothing_still_does_when_it_is_read_back() {
    for line in ["seq:..-5", "seq:-10..-1", "seq:-3"] {
        let filter = parse(line);
        assert_eq!((filter.seq_from, filter.seq_to), (None, Some(0)), "{line}");
        assert_eq!(parse(&filter.to_string()), filter, "{line}");
    }
    let upside_down = Filter { seq_from: Some(5), seq_to: Some(3), ..Filter::default() };
    assert_eq!(parse(&upside_down.to_string()).seq_to, Some(0));
}

proptest! {
    #[test]
    fn a_filter_as_text_reads_back_as_the_same(
        tenant in proptest::option::of(text()),
        since in proptest::option::of(0..=Timestamp::MAX.as_micros()),
        seq in proptest::option::of((1u64..1000, 0u64..1000)),
        clauses in vec(clause(), 0..6),
    ) {
        let filter = Filter {
            tenant,
            since: since.map(Timestamp::saturating_from_micros),
            until: None,
            seq_from: seq.map(|(from, _)| from),
            seq_to: seq.map(|(from, more)| from + more + 1),
            clauses,
        };
        let line = filter.to_string();
        prop_assume!(line.len() <= crate::limits::FILTER_BYTES_MAX);
        prop_assert_eq!(Filter::parse(&line, now()).map_err(|error| error.render(&line)), Ok(filter), "{}", line);
    }

    #[test]
    fn no_line_makes_the_parser_panic(line in "(since|seq|ip|actor|severity|status|metadata|[a-z.:,\"\\\\*?<>=!-]| |\\PC){0,40}") {
        if let Err(error) = Filter::parse(&line, now()) {
            prop_assert!(error.column <= line.chars().count() + 1);
        }
    }
}
