//! Files that load, and what they load as.

use super::super::path::Path;
use super::super::raw::{Action, Credentials, Strategy, Target};
use super::{pool, provider, read, target};

#[test]
fn everything_that_may_be_written() {
    let loaded = read(include_str!("good.json")).unwrap();
    assert_eq!(loaded.aliases().collect::<Vec<_>>(), ["list", "nobody", "pool", "single"]);
    for (alias, holds) in
        [("pool", is_pool as fn(&Target)), ("single", is_single), ("list", is_list)]
    {
        loaded.with_target(alias, holds).unwrap();
    }
    let definitions = loaded.file.auth.unwrap().key_definitions.unwrap();
    assert_eq!(definitions["basic"].key.as_ref().unwrap().expose(), "sk-from-env");
    assert_eq!(definitions["basic"].labels.as_ref().unwrap()["cooldown"], "a label, not a key");
}

fn is_pool(target: &Target) {
    let Target::Pool(pool) = target else { panic!("a pool") };
    assert_eq!(pool.keys.strategy, Some(Strategy::Priority));
    assert_eq!(pool.providers[1].endpoint.weight, Some(0));
    assert_eq!(pool.providers[1].rate_limit.unwrap().requests_per_second, 0.2);
    let Some(Credentials::Many(keys)) = &pool.providers[1].endpoint.onwards_key else {
        panic!("a list of credentials")
    };
    assert_eq!(keys.iter().map(|key| key.expose()).collect::<Vec<_>>(), ["sk-a", "sk-b"]);
    let Action::Redirect { target } = &pool.keys.routing_rules.as_ref().unwrap()[1].action else {
        panic!("a redirect")
    };
    assert_eq!(target, "single");
}

fn is_single(target: &Target) {
    let Target::Single(single) = target else { panic!("a single provider") };
    assert_eq!(single.endpoint.url, "https://api.example.com");
    assert_eq!(single.keys.rate_limit.unwrap().burst_size, Some(10));
}

fn is_list(target: &Target) {
    let Target::List(list) = target else { panic!("a list") };
    assert_eq!(list.len(), 2);
}

#[test]
fn small_files_and_harmless_values() {
    for text in [
        r#"{"targets":{}}"#.to_owned(),
        "\u{feff}{\"targets\":{}}\n".to_owned(),
        r#"{"$schema":"./schema.json","targets":{}}"#.to_owned(),
        r#"{"targets":{},"strict_mode":false,"auth":null}"#.to_owned(),
        r#"{"targets":{},"strict_mode":true,"defaults":{"sanitize_response":true}}"#.to_owned(),
        pool(r#""sanitize_response":true,"strict":{"unknown_fields":"refuse"}"#),
        target("[]"),
        pool(r#""sanitize_response":false,"cooldown":null,"strategy":"least_busy""#),
        provider(r#""open_responses":{"adapter":false},"protocol":"openai","aws":null"#),
        provider(r#""weight":4294967295,"onwards_key":null"#),
        pool(r#""fallback":{"on_status":[5,50,502],"backoff":{"initial_ms":1e2,"factor":1.5}}"#),
    ] {
        if let Err(problems) = read(&text) {
            panic!("{text}\n{problems}");
        }
    }
}

#[test]
fn rates_may_be_fractions_and_whole_numbers_may_be_written_as_5_0() {
    for (written, rate) in [("5", 5.0), ("5.0", 5.0), ("0.2", 0.2), ("1e3", 1000.0)] {
        let text =
            pool(&format!(r#""rate_limit":{{"requests_per_second":{written},"burst_size":5.0}}"#));
        let limit = read(&text).unwrap().with_target("a", |target| match target {
            Target::Pool(pool) => pool.keys.rate_limit.unwrap(),
            _ => panic!("a pool"),
        });
        let limit = limit.unwrap();
        assert_eq!((limit.requests_per_second, limit.burst_size), (rate, Some(5)));
    }
}

#[test]
fn a_later_problem_finds_its_place() {
    let text = "{\"targets\": {\n  \"é\": {\"url\": \"u\",\n    \"weight\": 3}}}";
    let source = read(text).unwrap().source;
    let alias = Path::root().key("targets").key("é");
    let value = source.problem(&alias.clone().key("weight"), "too heavy", None);
    assert_eq!(value.to_string(), "conf/targets.json:3:15: targets[\"é\"].weight: too heavy");
    // What is not written is told at the nearest thing that is.
    let absent = source.problem(&alias.key("timeouts").key("idle_ms"), "short", None);
    assert_eq!((absent.line, absent.column), (2, 8));
    assert_eq!(source.problem(&Path::root().index(9), "odd", None).column, 1);
}
