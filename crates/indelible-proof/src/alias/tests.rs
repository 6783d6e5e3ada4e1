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
