use super::*;

#[derive(Debug, Deserialize, Serialize)]
struct File {
    retention_days: Keep,
}

#[test]
fn days_are_a_number_or_forever_and_nothing_else_in_a_file_and_in_the_environment() {
    for (toml, keep) in [("90", "90"), ("\"90\"", "90"), ("\"forever\"", "forever")] {
        let file: File = toml::from_str(&format!("retention_days = {toml}")).unwrap();
        assert_eq!((file.retention_days, file.retention_days.to_string()), (keep.parse().unwrap(), keep.to_owned()));
        let again: File = toml::from_str(&toml::to_string(&file).unwrap()).unwrap();
        assert_eq!(again.retention_days, file.retention_days);
    }
    for toml in ["0", "-1", "\"abc\"", "\"\"", "36501", "1.5", "true"] {
        assert!(toml::from_str::<File>(&format!("retention_days = {toml}")).is_err(), "{toml}");
    }
}

#[test]
fn what_is_asked_for_wins_over_the_configuration_and_that_over_90_days() {
    let asked = |days| Asked { days, ..Asked::default() };
    let ten: Keep = "10".parse().unwrap();
    assert_eq!(asked(Some(5)).days(ten).unwrap().get(), 5);
    assert_eq!(asked(None).days(ten).unwrap().get(), 10);
    assert_eq!(asked(None).days(Keep::default()).unwrap().get(), 90);
    assert!(asked(Some(0)).days(ten).is_err());
}
