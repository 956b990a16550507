//! Numbers written with a unit, such as `"30s"` or `"5xx"`.
//!
//! A message repeats the text only if it is such a number.

/// What to write instead of a text that is a number with a unit.
pub(super) fn plain(text: &str, key: &str) -> Option<String> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (digits, unit) = (&text[..end], text[end..].trim());
    if digits.is_empty() || digits.len() > LONGEST || unit.len() > LONGEST {
        return None;
    }
    if unit.is_empty() {
        return None;
    }
    if unit.bytes().all(|byte| matches!(byte, b'x' | b'X')) && digits.len() + unit.len() == 3 {
        return Some(format!("write {digits}, which stands for {digits}{unit}"));
    }
    let number: f64 = digits.parse().ok()?;
    let millis = number * MILLIS.iter().find(|(name, _)| name.contains(&unit))?.1;
    let (written, what) = if key.ends_with("_ms") {
        (millis, "milliseconds")
    } else if key.ends_with("_secs") {
        (millis / 1_000.0, "seconds")
    } else {
        return Some(format!("write a number without `{unit}`"));
    };
    if written.fract() != 0.0 {
        return Some(format!("write whole {what}, without a unit"));
    }
    Some(format!("write {written}: it is in {what}"))
}

const LONGEST: usize = 12;

const MILLIS: &[(&[&str], f64)] = &[
    (&["ms", "msec", "millis", "milliseconds"], 1.0),
    (&["s", "sec", "secs", "second", "seconds"], 1_000.0),
    (&["m", "min", "mins", "minute", "minutes"], 60_000.0),
    (&["h", "hour", "hours"], 3_600_000.0),
];

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn number_with_a_unit_is_told_as_the_key_wants_it() {
        for (text, key, expected) in [
            ("30s", "response_ms", Some("write 30000: it is in milliseconds")),
            ("30s", "window_secs", Some("write 30: it is in seconds")),
            ("1.5 min", "window_secs", Some("write 90: it is in seconds")),
            ("500ms", "interval_secs", Some("write whole seconds, without a unit")),
            ("5xx", "on_status", Some("write 5, which stands for 5xx")),
            ("50x", "on_status", Some("write 50, which stands for 50x")),
            ("429", "on_status", None),
            ("sk-secret", "weight", None),
            ("", "weight", None),
        ] {
            assert_eq!(plain(text, key).as_deref(), expected, "{text}");
        }
    }
}
