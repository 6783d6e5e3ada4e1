use super::*;
use crate::vocabulary;

#[test]
fn tables_are_sorted_and_name_each_thing_once() {
    for (product, names) in PRODUCTS {
        for pair in names.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{product}: {} stands before {}", pair[0].0, pair[1].0);
        }
    }
}

#[test]
fn every_alias_means_a_known_action() {
    for (product, names) in PRODUCTS {
        for (name, action) in *names {
            assert!(vocabulary::is_action(action), "{product}: {name} means {action}");
        }
    }
}

#[test]
fn products_are_named_once() {
    let mut names: Vec<_> = products().collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), PRODUCTS.len());
}

#[test]
fn a_name_that_products_use_differently_needs_its_product() {
    let users = |name: &str| products().filter(|product| action_of_product(product, name).is_some()).count();
    assert!(users("CREATE_ROLE") > 1);
    assert_eq!(action_of("CREATE_ROLE"), Some("role.created"), "these agree");
    assert_eq!(action_of_product("google-workspace", "CHANGE_PASSWORD"), Some("auth.password.reset"));

    let names: std::collections::BTreeSet<_> = products().flat_map(aliases).map(|(name, _)| name).collect();
    for name in names {
        let meanings: std::collections::BTreeSet<_> =
            products().filter_map(|product| action_of_product(product, name)).collect();
        assert_eq!(action_of(name).is_some(), meanings.len() == 1 && name.len() >= TELLING_BYTES_MIN, "{name}");
    }
}

#[test]
fn a_code_means_nothing_without_its_product() {
    assert_eq!(action_of("f"), None);
    assert_eq!(action_of_product("auth0", "f"), Some("auth.login.failed"));
    assert_eq!(action_of_product("onelogin", "6"), Some("auth.login.failed"));
}

#[test]
fn every_endpoint_of_better_auth_is_known_in_both_forms() {
    for (name, action) in aliases("better-auth") {
        let path = format!("/{}", name.replace(':', "/"));
        let path = path.replace("//", "/:");
        assert_eq!(action_of_product("better-auth", &path), Some(action), "{path}");
    }
}

#[test]
fn the_typescript_package_has_the_same_words() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../clients/typescript/packages/better-auth/src/words.ts");
    let words = std::fs::read_to_string(path).unwrap();
    let table = |name: &str| -> Vec<String> {
        let (_, rest) = words.split_once(&format!("export const {name}: ")).unwrap();
        rest.lines().skip(1).take_while(|line| *line != "};").map(|line| line.replace('"', "")).collect()
    };
    // A name is in quotes there where it has to be.
    let row = |(name, meaning): (&str, &str)| format!("  {name}: {meaning},");
    let used: std::collections::BTreeSet<_> =
        aliases("better-auth").map(|(_, action)| action).chain(["auth.endpoint.called"]).collect();
    let failed: Vec<_> = used.iter().filter_map(|name| Some((*name, vocabulary::failed_form(name)?))).collect();
    let told = |name| used.contains(name) || failed.iter().any(|(_, failure)| *failure == name);
    let severities = vocabulary::actions().filter(|action| told(action.name));

    assert_eq!(table("ACTIONS"), aliases("better-auth").map(row).collect::<Vec<_>>());
    assert_eq!(table("FAILED"), failed.iter().copied().map(row).collect::<Vec<_>>());
    let severities: Vec<_> = severities.map(|action| row((action.name, action.severity.as_str()))).collect();
    assert_eq!(table("SEVERITIES"), severities);
}
