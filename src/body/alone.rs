//! Whether a JSON object has a key and none of certain others.

use super::machine::{Kind, Machine};

/// Whether the bytes are a JSON object whose first of these keys has a value that is neither `null`
/// nor `false`, and which has none of the other keys.
pub(crate) fn stands_alone<const N: usize>(body: &[u8], keys: &'static [&'static str; N]) -> bool {
    let mut machine = Machine::new(keys);
    machine.feed(body);
    let Ok(object) = machine.finish() else { return false };
    let [first, others @ ..] = &object.seen[..] else { return false };
    let is_said = first.times > 0 && !matches!(first.kind, Kind::Null | Kind::False);
    is_said && others.iter().all(|other| other.times == 0)
}
