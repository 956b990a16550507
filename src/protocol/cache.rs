//! Prompt caches: where clients set marks, how many a vendor accepts, and where they are set for
//! clients that set none. Marks do not change what a model reads.

use super::codec::ReadError;
use super::conversation::{CacheMark, Content, Conversation, Part, Role};
use super::object::Object;
use crate::models::tools::hash_of_all;

pub use crate::words::Cache;

/// The mark that a `cache_control` is.
pub(crate) fn read_mark(object: &mut Object<'_>) -> Result<Option<CacheMark>, ReadError> {
    object.with("cache_control", |mut mark| Ok(CacheMark { ttl: mark.take("ttl")? }))
}

/// Marks the end of what has been read so far.
pub(crate) fn mark_end(mark: Option<CacheMark>, to: &mut Conversation) {
    let end = match to.turns.last_mut() {
        Some(turn) => turn.parts.last_mut(),
        None => to.system.last_mut(),
    };
    if let (Some(part), Some(mark)) = (end, mark) {
        part.cache = Some(mark);
    }
}

/// A mark inside a result moves behind it, since vendors accept none inside.
pub(crate) fn hoisted(content: &mut [Part]) -> Option<CacheMark> {
    content.iter_mut().rev().fold(None, |found, part| found.or(part.cache.take()))
}

/// Where marks are set for a client that sets none: after the tools, the instructions, and the last
/// two user turns, so that the next request finds the cache.
pub(crate) fn is_marked_for(from: &Conversation, cache: Cache) -> bool {
    let asks = cache == Cache::Auto || from.cache.is_some();
    asks && !has_marks(from)
}

/// The places of the last two turns of the user among turns with these roles.
pub(crate) fn last_turns<'a>(
    users: impl DoubleEndedIterator<Item = bool> + ExactSizeIterator + 'a,
) -> Vec<usize> {
    let count = users.len();
    let places = users.rev().enumerate().filter(|(_, is_user)| *is_user).take(2);
    places.map(|(behind, _)| count - 1 - behind).collect()
}

/// Which of the marks are kept at the vendor's limit: the first, and those at the end.
pub(crate) fn stays(at: usize, all: usize) -> bool {
    all <= MOST || at == 0 || at + MOST > all
}

fn has_marks(from: &Conversation) -> bool {
    let turns = from.turns.iter().flat_map(|turn| &turn.parts);
    let marked = |part: &Part| match &part.content {
        Content::ToolResult(result) => {
            part.cache.is_some() || result.content.iter().any(|inner| inner.cache.is_some())
        }
        _ => part.cache.is_some(),
    };
    from.tools.iter().any(|tool| tool.cache.is_some())
        || from.system.iter().chain(turns).any(marked)
}

/// A cache key that is the same for all requests of a session; `None` if the client sets one, or
/// the session is unknown.
pub(crate) fn key_of(from: &Conversation, cache: Cache) -> Option<String> {
    if from.extra_places.contains_key("prompt_cache_key") {
        return None;
    }
    let hash = match from.user.as_deref() {
        Some(user) if user.contains("session") => hash_of_all([user]),
        _ if cache == Cache::Auto => hash_of_all(beginning(from)),
        _ => return None,
    };
    Some(format!("onwards-{hash:016x}"))
}

/// How every request of a session begins.
fn beginning(from: &Conversation) -> impl Iterator<Item = &str> {
    let first = from.turns.iter().find(|turn| turn.role == Role::User);
    let said = first.into_iter().flat_map(|turn| &turn.parts);
    let texts = from.system.iter().chain(said).filter_map(Part::as_text);
    texts.take(FEW).map(|text| text.get(..LONG).unwrap_or(text))
}

/// As many ends of a prompt as Anthropic and Bedrock take.
const MOST: usize = 4;
/// How much of a prompt distinguishes sessions.
const FEW: usize = 16;
const LONG: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_marks_stay_than_are_taken() {
        let kept = |all| (0..all).filter(|at| stays(*at, all)).collect::<Vec<_>>();
        assert_eq!(kept(4), [0, 1, 2, 3]);
        assert_eq!(kept(6), [0, 3, 4, 5]);
        assert_eq!(last_turns([true, false, true, false, true].into_iter()), [4, 2]);
        assert_eq!(last_turns([true].into_iter()), [0]);
    }
}
