//! A client's choice of the parts of an answer. It is widened by the parts that the router reads: the tokens, and why
//! an answer ended. The provider leaves out what is not in it.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::Operation;
use crate::path::{decoded, query};

/// How a client of a protocol says which parts of an answer it wants.
#[derive(Debug)]
pub(crate) struct Mask {
    /// Parameters of the query.
    pub(crate) parameters: &'static [&'static str],
    /// A header.
    pub(crate) header: &'static str,
    /// What is read of every answer.
    pub(crate) read: &'static [&'static str],
    /// What is also read of an answer of a conversation, each as a path of names.
    pub(crate) read_of_turns: &'static [&'static [&'static str]],
}

impl Mask {
    /// The query with every such parameter widened; `None` if it has none.
    pub(crate) fn widen_query(&self, query: &str, operation: Operation) -> Option<String> {
        let is_mask = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name = decoded(name).to_ascii_lowercase();
            !value.is_empty() && self.parameters.contains(&&*name)
        };
        query::pairs(query).any(is_mask).then(|| {
            let pieces = query.split_inclusive(['&', ';']).map(|piece| {
                let pair = piece.strip_suffix(['&', ';']).unwrap_or(piece);
                let mark = piece.get(pair.len()..).unwrap_or_default();
                let more = if is_mask(pair) { self.more(operation, "/") } else { String::new() };
                format!("{pair}{more}{mark}")
            });
            pieces.collect()
        })
    }

    /// Widens the header, if it is there.
    pub(crate) fn widen_header(&self, headers: &mut HeaderMap, operation: Operation) {
        let Some(first) = headers.get(self.header) else { return };
        let mut text = first.as_bytes().to_vec();
        for value in headers.get_all(self.header).iter().skip(1) {
            text.push(b',');
            text.extend_from_slice(value.as_bytes());
        }
        text.extend_from_slice(self.more(operation, ".").as_bytes());
        if let Ok(value) = HeaderValue::from_bytes(&text) {
            headers.insert(HeaderName::from_static(self.header), value);
        }
    }

    fn more(&self, operation: Operation, mark: &str) -> String {
        let of_turns = self.read_of_turns.iter().filter(|_| operation == Operation::Generate);
        let paths = of_turns.map(|path| path.join(mark));
        let all = self.read.iter().map(|name| (*name).to_owned()).chain(paths);
        all.flat_map(|name| [",".to_owned(), name]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: Mask = Mask {
        parameters: &["fields", "$fields"],
        header: "x-mask",
        read: &["usage"],
        read_of_turns: &[&["all", "why"]],
    };

    #[test]
    fn parameter_is_widened_in_every_spelling_and_all_else_stays() {
        let widened = |query| MASK.widen_query(query, Operation::Generate);
        for (query, wanted) in [
            ("fields=all", "fields=all,usage,all/why"),
            ("a=1&%66ields=all(text)&b=2", "a=1&%66ields=all(text),usage,all/why&b=2"),
            ("$Fields=x;%24fields=y", "$Fields=x,usage,all/why;%24fields=y,usage,all/why"),
        ] {
            assert_eq!(widened(query).as_deref(), Some(wanted), "{query}");
        }
        for query in ["fields=", "fields", "a=fields", "alt=sse", ""] {
            assert_eq!(widened(query), None, "{query}");
        }
        let of_vectors = MASK.widen_query("fields=x", Operation::Embed);
        assert_eq!(of_vectors.as_deref(), Some("fields=x,usage"));
    }

    #[test]
    fn header_is_widened_as_one() {
        let mut headers = HeaderMap::new();
        MASK.widen_header(&mut headers, Operation::Generate);
        assert!(headers.is_empty());
        headers.append("x-mask", HeaderValue::from_static("a"));
        headers.append("x-mask", HeaderValue::from_static("b.c"));
        MASK.widen_header(&mut headers, Operation::Generate);
        let values: Vec<_> = headers.get_all("x-mask").iter().collect();
        assert_eq!(values, ["a,b.c,usage,all.why"]);
    }
}
