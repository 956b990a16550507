//! Whether bytes are valid JSON.

use serde::de::IgnoredAny;

use super::machine::Machine;

/// Whether the bytes are JSON, however deep.
pub(crate) fn is_json(bytes: &[u8]) -> bool {
    // The machine takes a third of the time, but takes objects alone, and of these not all that are
    // JSON: a number may be beyond any double.
    let mut machine = Machine::new(&[]);
    machine.feed(bytes);
    machine.finish().is_ok() || serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_what_serde_json_takes() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(120), "]".repeat(120));
        let texts = ["{}", " {\"a\":[1,\"b\",null]}\n", "[1,{}]", "3", "{\"a\":1e999}", &deep];
        let broken = ["", "{", "{}x", "[DONE]", "{\"a\":}", "{'a':1}", "{\"a\":\"\n\"}", "<html>"];
        for text in texts.into_iter().chain(broken) {
            let wanted = serde_json::from_str::<IgnoredAny>(text).is_ok();
            assert_eq!(is_json(text.as_bytes()), wanted, "{text}");
        }
        assert!(texts.iter().all(|text| is_json(text.as_bytes())));
        assert!(!broken.iter().any(|text| is_json(text.as_bytes())));
    }
}
