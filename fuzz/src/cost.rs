//! What the targets for cost ask: bodies, answers and streams that are made of the fuzzer's bytes, at
//! a length at which what is out of proportion shows, take no more memory than is estimated and no
//! more time for each byte than is allowed.
//!
//! Schemas are among the places that `tests/cost/requests.txt` names. The target sets the counting
//! allocator.

#[path = "../../tests/cost/measure.rs"]
mod measure;

use onwards::protocol::Protocol;

/// Reads and writes what is made of the bytes, and fails where it costs too much.
pub fn read_in_proportion(protocol: Protocol, data: &[u8]) {
    let [at, to, piece, unit @ ..] = data else { return };
    let Ok(unit) = std::str::from_utf8(unit) else { return };
    let places = |all: &'static str| -> Vec<&'static str> {
        let its = all.lines().filter_map(|line| line.split_once('\t'));
        its.filter(|(name, _)| *name == protocol.name()).map(|(_, place)| place).collect()
    };
    let requests = places(include_str!("../../tests/cost/requests.txt"));
    let answers = places(include_str!("../../tests/cost/answers.txt"));
    let at = usize::from(*at) % (requests.len() + answers.len() + 1);
    let cost = match at.checked_sub(requests.len()) {
        None => measure::request(protocol, requests[at], filled(requests[at], unit).as_bytes()),
        Some(at) if at < answers.len() => {
            measure::answer(protocol, answers[at], filled(answers[at], unit).as_bytes())
        }
        Some(_) => {
            let to = Protocol::ALL[usize::from(*to) % Protocol::ALL.len()];
            let bytes = repeated(&format!("data: {unit}\n\n"), "");
            let piece = 1 << (piece % 16);
            Some(measure::stream(protocol, to, "of events", bytes.as_bytes(), piece))
        }
    };
    if let Some(fault) = cost.and_then(|cost| cost.fault()) {
        panic!("{fault}");
    }
}

fn filled(place: &str, unit: &str) -> String {
    let (_, body) = place.rsplit_once('\t').unwrap_or_default();
    body.replacen('@', &repeated(unit, ","), 1)
}

/// The unit as often as it fits, with what it leaves open closed.
fn repeated(unit: &str, between: &str) -> String {
    let times = LENGTH / (unit.len() + between.len()).max(1);
    let mut text = vec![unit; times.max(1)].join(between);
    if between.is_empty() {
        return text;
    }
    // What is opened is closed, so that readers come to its end.
    let mut open = Vec::new();
    for byte in text.bytes() {
        match byte {
            b'[' => open.push(']'),
            b'{' => open.push('}'),
            b']' | b'}' => drop(open.pop()),
            _ => {}
        }
    }
    text.extend(open.into_iter().rev());
    text
}

const LENGTH: usize = 64 * 1024;
