//! The service tier of an answer that is passed on unchanged, found by its key in the bytes.

/// The service tier that an answer or a stream names in these bytes, the last one where there are several.
pub(crate) fn service_tier(bytes: &[u8]) -> Option<&str> {
    SERVICE_TIERS.iter().find_map(|key| {
        let places = memchr::memmem::rfind_iter(bytes, key);
        places.take(A_FEW).find_map(|at| {
            let is_escaped = at > 0 && bytes[at - 1] == b'\\';
            let rest = bytes[at + key.len()..].trim_ascii_start().strip_prefix(b":")?;
            let text = rest.trim_ascii_start().strip_prefix(b"\"")?;
            let text = &text[..memchr::memchr(b'"', text)?];
            let is_name = !is_escaped && !text.is_empty() && text.len() < LONGEST_TIER;
            std::str::from_utf8(text).ok().filter(|_| is_name)
        })
    })
}

/// The names that vendors have for it.
const SERVICE_TIERS: [&[u8]; 2] = [b"\"service_tier\"", b"\"serviceTier\""];
const LONGEST_TIER: usize = 64;
const A_FEW: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_tier_is_read_where_an_answer_names_one() {
        for (body, tier) in [
            (r#"{"usage":{},"service_tier":"priority"}"#, Some("priority")),
            (r#"{"usage":{"service_tier" : "standard","input_tokens":1}}"#, Some("standard")),
            (r#"{"service_tier":null}"#, None),
            (r#"{"text":"\"service_tier\":\"priority\""}"#, None),
            (
                "data: {\"service_tier\":\"auto\"}\n\ndata: {\"service_tier\":\"flex\"}\n\n",
                Some("flex"),
            ),
        ] {
            assert_eq!(service_tier(body.as_bytes()), tier, "{body}");
        }
    }
}
