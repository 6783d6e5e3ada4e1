use clap::Parser;

use super::{Config, File, Options, parse};

#[derive(Parser)]
struct Typed {
    #[command(flatten)]
    options: Options,
}

fn typed(arguments: &[&str]) -> Options {
    Typed::parse_from(std::iter::once(&"serve").chain(arguments)).options
}

fn file(text: &str) -> Result<File, String> {
    parse("indelible.toml".as_ref(), text).map_err(|error| error.to_string())
}

#[test]
fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
    let config = Config::merged(typed(&["--tails-max", "3"]), file("tails_max = 5\nexports_max = 6").unwrap());
    assert_eq!((config.tails_max, config.exports_max, config.connections_max), (3, 6, 1024));
}

#[test]
fn the_printed_configuration_is_a_file_that_gives_the_same_configuration() {
    let config = Config::merged(typed(&["--listen", "0.0.0.0:80", "--log-format", "json"]), File::default());
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

#[test]
fn types_of_tokens_are_added_to_those_there_are_and_nonsense_is_refused() {
    let text = "[tokens]\nenvironment = \"live\"\ngrace = \"30m\"\n[tokens.rates.environments]\ntest = 10\n\
                [tokens.types.int]\nname = \"Integration\"\nprefix = \"int\"\n";
    let config = Config::merged(Options::default(), file(text).unwrap());
    assert!(config.tokens.types.get("int").is_some() && config.tokens.types.get("sk").is_some());
    assert_eq!(config.tokens.grace.to_string(), "30m");
    assert_eq!(Config::merged(Options::default(), file(&config.to_toml()).unwrap()), config);
    for (text, problem) in [
        ("[tokens]\ngrase = \"1h\"", "grase"),
        ("[tokens]\ngrace = \"soon\"", "write a number and a unit"),
        ("[tokens.types.int]\nname = \"x\"\nprefix = \"sk\"", "prefix sk"),
        ("[tokens.rates]\nglobal = 0", "global"),
        ("[token]\nx = 1", "did you mean `tokens`?"),
    ] {
        let error = file(text).unwrap_err();
        assert!(error.contains(problem), "{error}");
    }
}

#[test]
fn senders_are_read_and_printed_and_a_format_that_nobody_has_is_refused() {
    let text = "[webhooks.okta]\nformat = \"google_workspace\"\nsecret_file = \"s\"\n\
                [security_events.idp]\nissuer = \"https://idp\"\naudience = \"https://log\"\njwks = \"keys.json\"\n";
    let config = Config::merged(Options::default(), file(text).unwrap());
    assert_eq!(config.receivers.webhooks["okta"].tenant, "default");
    assert_eq!(Config::merged(Options::default(), file(&config.to_toml()).unwrap()), config);
    let error = file(&text.replace("google_workspace", "google")).unwrap_err();
    assert!(error.contains("did you mean google-workspace"), "{error}");
    assert!(file(&text.replace("secret_file", "secret")).unwrap_err().contains("secret"));
}

const WITNESS: &str = "
[[witness]]
name = \"one\"
url = \"https://witness.example.com\"
key = \"witness.example.com/w1+KEY\"
";

fn witness(name: &str) -> String {
    let key = indelible_proof::cosignature::Cosigner::new(name, &[name.len() as u8; 32]).unwrap();
    WITNESS.replace("witness.example.com/w1+KEY", &key.verifier().to_string())
}

#[test]
fn witnesses_are_read_and_printed_and_more_than_half_have_to_sign() {
    let text = format!("tails_max = 3\n{}{}", witness("a"), witness("bb"));
    let config = Config::merged(Options::default(), file(&text).unwrap());
    assert_eq!(config.witnesses.witness.len(), 2);
    assert_eq!(Config::merged(Options::default(), file(&config.to_toml()).unwrap()), config);
    let quorum = config.witnesses.quorum().unwrap();
    assert_eq!(format!("{quorum:?}").split("needed: ").nth(1), Some("2 }"));
    assert!(file(&format!("quorum = 0\n{text}")).is_ok());
}

#[test]
fn witnesses_that_could_not_do_their_part_are_refused() {
    let refused = |text: &str| file(text).unwrap_err();
    assert!(refused(WITNESS).contains("the key of the witness one"));
    assert!(refused("quorum = 1").contains("there are 0 witnesses"));
    assert!(refused(&format!("quorum = 2\n{}", witness("a"))).contains("there are 1 witnesses"));
    assert!(refused(&format!("{}{}", witness("a"), witness("a"))).contains("a is named twice"));
    assert!(refused(&witness("a").replace("https://", "")).contains("write http:// or https://"));
    assert!(refused(&witness("a").replace("url", "uri")).contains("uri"));
    assert!(refused("qorum = 1").contains("did you mean `quorum`?"));
}

#[test]
fn drivers_are_read_and_printed() {
    let text = "[drivers.cloud]\ndriver = \"cloudwatch\"\nlog_group = \"audit\"\nevent_bytes_max = 1000\n";
    let config = Config::merged(Options::default(), file(&format!("tails_max = 3\n{text}{}", witness("a"))).unwrap());
    assert_eq!(config.followers.drivers["cloud"].options["event_bytes_max"], 1000);
    assert_eq!(Config::merged(Options::default(), file(&config.to_toml()).unwrap()), config);
    assert!(file("[drivers.cloud]\nlog_group = \"audit\"").unwrap_err().contains("missing field `driver`"));
    assert!(file("[driver.cloud]\ndriver = \"null\"").unwrap_err().contains("did you mean `drivers`?"));
}

#[test]
fn databases_of_places_are_read_and_printed() {
    let config = Config::merged(Options::default(), file("[geo]\ncity = \"city.mmdb\"\n").unwrap());
    assert!(config.to_toml().contains("[geo]\ncity = \"city.mmdb\"\n"));
    assert_eq!(Config::merged(Options::default(), file(&config.to_toml()).unwrap()), config);
    assert!(file("[geo]\nasm = \"asn.mmdb\"").unwrap_err().contains("asm"));
}
