use super::*;

fn action(set: &RuleSet, method: &Method, path: &str) -> Option<String> {
    Index::new(set.clone()).unwrap().find(method, path).and_then(|found| found.rule().action.clone())
}

#[test]
fn a_rule_is_found_by_path_and_method() {
    let set = RuleSet::new([
        Rule::post("/users/{id}", "account.updated"),
        Rule::new(&[Method::DELETE], "/users/{user}", "account.deleted"),
        Rule::new(&[], "/any", "resource.read"),
    ]);
    assert_eq!(action(&set, &Method::POST, "/users/7").as_deref(), Some("account.updated"));
    assert_eq!(action(&set, &Method::DELETE, "/users/7").as_deref(), Some("account.deleted"));
    assert_eq!(action(&set, &Method::GET, "/users/7"), None);
    assert_eq!(action(&set, &Method::POST, "/users"), None);
    assert_eq!(action(&set, &Method::PATCH, "/any").as_deref(), Some("resource.read"));
    let found = Index::new(set).unwrap().find(&Method::DELETE, "/users/a%20b").unwrap();
    assert_eq!(found.params().collect::<Vec<_>>(), [("user", "a b")]);
}

#[test]
fn the_later_rule_counts_and_a_narrow_one_goes_before_a_wide_one() {
    let set = RuleSet::new([
        Rule::post("/{*path}", "auth.endpoint.called"),
        Rule::post("/login", "auth.login.succeeded"),
        Rule::post("/login", "session.created"),
        Rule::ignore("/quiet/{*rest}"),
    ]);
    assert_eq!(action(&set, &Method::POST, "/login").as_deref(), Some("session.created"));
    assert_eq!(action(&set, &Method::POST, "/login/other").as_deref(), Some("auth.endpoint.called"));
    assert_eq!(action(&set, &Method::POST, "/quiet/one/two"), None);
}

#[test]
fn a_path_is_found_in_every_spelling_that_a_service_may_take() {
    let set = RuleSet::new([Rule::post("/api/sign-in", "auth.login.succeeded")]);
    for path in ["/api/sign-in", "/api/sign-in/", "//api///sign-in", "/api/sign%2Din", "/%61pi/sign-in//"] {
        assert!(action(&set, &Method::POST, path).is_some(), "{path}");
    }
    assert!(action(&set, &Method::POST, "/api%2Fsign-in").is_some());
    for path in ["/api/sign+in", "/API/sign-in", "/api", "*", ""] {
        assert!(action(&set, &Method::POST, path).is_none(), "{path}");
    }
}

#[test]
fn a_slash_inside_a_parameter_hides_nothing() {
    let index = Index::new(RuleSet::new([Rule::post("/sessions/{id}", "session.revoked")])).unwrap();
    for path in ["/sessions/a%2Fb", "//sessions/a%2fb/"] {
        let found = index.find(&Method::POST, path).unwrap();
        assert_eq!(found.params().collect::<Vec<_>>(), [("id", "a/b")], "{path}");
    }
}

#[test]
fn who_serves_get_serves_head() {
    let set =
        RuleSet::new([Rule::get("/verify", "auth.login.succeeded"), Rule::post("/login", "auth.login.succeeded")]);
    assert!(action(&set, &Method::HEAD, "/verify").is_some());
    assert!(action(&set, &Method::HEAD, "/login").is_none());
}

#[test]
fn a_path_that_does_not_read_is_refused_by_its_name() {
    let error = Index::new(RuleSet::new([Rule::post("/a/{*rest}/b", "x.y")])).unwrap_err();
    assert_eq!(error.path, "/a/{*rest}/b");
}
