use clap::Parser;

use super::{Config, Options, parse};

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    options: Options,
}

fn typed(arguments: &[&str]) -> Options {
    Typed::parse_from(std::iter::once(&"serve").chain(arguments)).options
}

fn file(text: &str) -> Result<Options, String> {
    parse("indelible.toml".as_ref(), text).map_err(|error| error.to_string())
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let config = Config::merged(typed(&["--tails-max", "3"]), file("tails_max = 5\nexports_max = 6").unwrap());
    assert_eq!((config.tails_max, config.exports_max, config.connections_max), (3, 6, 1024));
}

#[test]
fn the_printed_configuration_is_a_file_that_gives_the_same_configuration() {
    let config = Config::merged(typed(&["--listen", "0.0.0.0:80", "--log-format", "json"]), Options::default());
    assert_eq!(Config::merged(Options::default(), file(&config.to_toml()).unwrap()), config);
}

#[test]
fn a_misspelt_option_is_refused_with_the_one_that_was_meant() {
    let error = file("lisen = \"127.0.0.1:1\"").unwrap_err();
    assert!(error.contains("unknown option `lisen`, did you mean `listen`?"), "{error}");
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_with_its_line() {
    let error = file("\ntails_max = \"many\"").unwrap_err();
    assert!(error.contains("line 2"), "{error}");
}
