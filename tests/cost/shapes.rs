//! Bodies of the worst shapes that are known, of any length.
//!
//! `requests.txt` and `answers.txt` have a line for each place: the protocol, a name, what fills the
//! place (`text`, any JSON `value`, or a small piece that is repeated), and the body with `@` there.

use std::collections::BTreeSet;

/// A request of each shape.
pub(crate) fn requests(protocol: &str, length: usize) -> Vec<(String, String)> {
    filled(include_str!("requests.txt"), protocol, length)
}

/// A whole answer of each shape.
pub(crate) fn answers(protocol: &str, length: usize) -> Vec<(String, String)> {
    filled(include_str!("answers.txt"), protocol, length)
}

/// Every place for a small piece that is repeated, in requests and in answers, with what is made of each of
/// the protocol's pieces.
pub(crate) fn tiny(protocol: &str, fill: impl Fn(&str) -> String) -> [Vec<(String, String)>; 2] {
    [include_str!("requests.txt"), include_str!("answers.txt")].map(|all| {
        let columns = all.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let is_tiny = |it: &Vec<&str>| it[0] == protocol && !["text", "value"].contains(&it[2]);
        let places: Vec<_> = columns.filter(is_tiny).collect();
        let units: BTreeSet<_> = places.iter().map(|it| it[2]).collect();
        let cross = units.iter().flat_map(|unit| {
            let filling = fill(unit);
            let bodies = places.iter().map(move |it| (it[1], it[3].replace('@', &filling)));
            bodies.map(move |(name, body)| (format!("{name} of {unit}"), body))
        });
        cross.collect()
    })
}

fn filled(places: &str, protocol: &str, length: usize) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for line in places.lines() {
        let mut columns = line.split('\t');
        let [its, name, kind, body] = std::array::from_fn(|_| columns.next().unwrap_or_default());
        if its != protocol {
            continue;
        }
        let room = length.saturating_sub(body.len());
        let fillings = match kind {
            "text" => texts(room),
            "value" => values(room),
            unit => vec![("", repeat(unit, ",", room))],
        };
        for (filling, value) in fillings {
            all.push((format!("{name} {filling}"), body.replace('@', &value)));
        }
    }
    assert!(!all.is_empty(), "{protocol} has no places");
    all
}

/// The inside of a JSON text of about that length.
fn texts(room: usize) -> Vec<(&'static str, String)> {
    vec![
        ("plain", "a".repeat(room)),
        ("escaped", "\\n".repeat(room / 2)),
        ("high", "\\u00e4".repeat(room / 6)),
    ]
}

/// JSON values of about that length.
fn values(room: usize) -> Vec<(&'static str, String)> {
    let nest = |open: &str, middle: &str, close: &str, most: usize| {
        let n = (room / (open.len() + close.len())).min(most);
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let deep = |open: &str, close: &str| {
        let one = nest(open, "0", close, 100);
        format!(
            "{{\"type\":\"object\",\"properties\":{{\"a\":{{\"enum\":[{}]}}}}}}",
            repeat(&one, ",", room.saturating_sub(60))
        )
    };
    vec![
        (
            "lists",
            format!(
                "{{\"type\":\"object\",\"x\":[{}]}}",
                repeat("[]", ",", room.saturating_sub(30))
            ),
        ),
        (
            "numbers",
            format!(
                "{{\"type\":\"object\",\"enum\":[{}]}}",
                repeat("0", ",", room.saturating_sub(30))
            ),
        ),
        (
            "fields",
            format!("{{\"type\":\"object\",{}}}", repeat("\"a\":0", ",", room.saturating_sub(30))),
        ),
        (
            "distinct",
            format!(
                "{{\"type\":\"object\",\"properties\":{{{}}}}}",
                distinct("{}", room.saturating_sub(40))
            ),
        ),
        (
            "properties",
            format!(
                "{{\"type\":\"object\",\"properties\":{{{}}}}}",
                distinct("{\"type\":\"string\"}", room.saturating_sub(40))
            ),
        ),
        (
            "required",
            format!(
                "{{\"type\":\"object\",\"required\":[{}]}}",
                repeat("\"a\"", ",", room.saturating_sub(40))
            ),
        ),
        (
            "anyof",
            format!(
                "{{\"type\":\"object\",\"properties\":{{\"a\":{{\"anyOf\":[{}]}}}}}}",
                repeat("{}", ",", room.saturating_sub(60))
            ),
        ),
        ("types", format!("{{\"type\":[{}]}}", repeat("\"a\"", ",", room.saturating_sub(60)))),
        ("deep lists", deep("[", "]")),
        ("deep objects", deep("{\"a\":", "}")),
        (
            "string",
            format!(
                "{{\"type\":\"object\",\"description\":\"{}\"}}",
                "a".repeat(room.saturating_sub(60))
            ),
        ),
    ]
}

fn repeat(unit: &str, between: &str, room: usize) -> String {
    let n = room / (unit.len() + between.len());
    vec![unit; n.max(1)].join(between)
}

fn distinct(value: &str, room: usize) -> String {
    let mut text = String::with_capacity(room + 32);
    let mut n = 0;
    while text.len() + value.len() + 12 < room || n == 0 {
        if n > 0 {
            text.push(',');
        }
        text.push_str(&format!("\"{n:x}\":{value}"));
        n += 1;
    }
    text
}
