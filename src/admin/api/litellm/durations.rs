//! Durations as LiteLLM writes them: `30s`, `15m`, `24h`, `30d`, `2w`, `1mo`.

/// A duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Duration {
    Seconds(u64),
    /// A month of the calendar.
    Month,
}

/// Reads a duration.
pub(super) fn read(text: &str) -> Option<Duration> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let count: u64 = text[..end].parse().ok().filter(|count| *count > 0)?;
    let unit = match &text[end..] {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 24 * 3600,
        "w" => 7 * 24 * 3600,
        "mo" if count == 1 => return Some(Duration::Month),
        "mo" => 30 * 24 * 3600,
        _ => return None,
    };
    count.checked_mul(unit).filter(|seconds| *seconds <= LONGEST).map(Duration::Seconds)
}

/// Ten years.
const LONGEST: u64 = 10 * 366 * 24 * 3600;

#[cfg(test)]
mod tests {
    use super::{Duration, read};

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, seconds) in [("30s", 30), ("2m", 120), ("1h", 3600), ("30d", 2_592_000)] {
            assert_eq!(read(text), Some(Duration::Seconds(seconds)), "{text}");
        }
        assert_eq!(read("1mo"), Some(Duration::Month));
        for text in ["", "d", "0d", "1.5h", "1y", "-1d", "99999999999w"] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
