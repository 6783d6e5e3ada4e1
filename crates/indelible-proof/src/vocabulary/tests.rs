use super::*;

#[test]
fn reasons_are_sorted_and_stand_once() {
    assert!(REASONS.is_sorted_by(|a, b| a < b));
}

#[test]
fn actions_are_sorted_stand_once_and_keep_the_form() {
    assert!(ACTIONS.is_sorted_by(|a, b| a.name < b.name));
    for action in actions() {
        Event::new(action.name).validate().unwrap();
    }
}

#[test]
fn the_name_of_a_failure_is_a_known_action_that_implies_one() {
    for failed in actions().filter_map(|action| failed_form(action.name)) {
        assert!(matches!(outcome_of(failed), Outcome::Failure | Outcome::Denied), "{failed}");
    }
}

#[test]
fn what_did_not_succeed_matters_at_least_as_much_as_what_did() {
    for action in actions() {
        let [success, failure, denied] = [Outcome::Success, Outcome::Failure, Outcome::Denied]
            .map(|outcome| severity_of(&Event::new(action.name).outcome(outcome)));
        assert!(failure >= success && denied >= success, "{}", action.name);
    }
}
