//! Timestamps of vendors, in Unix seconds. Only UTC is supported.

use aws_smithy_types::{DateTime, date_time::Format};

/// Parses `2030-01-01T00:00:00Z`; fractions are ignored, other zones are not parsed.
pub(crate) fn rfc3339(text: &str) -> Option<u64> {
    let moment = DateTime::from_str(text, Format::DateTime).ok()?;
    u64::try_from(moment.secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(rfc3339("2000-02-29T12:30:15Z"), Some(951_827_415));
        assert_eq!(rfc3339("2030-01-01T00:00:00.5Z"), Some(1_893_456_000));
        for none in ["tomorrow", "2030-13-01T00:00:00Z", "9223372036854775807-01-01T00:00:00Z"] {
            assert_eq!(rfc3339(none), None, "{none}");
        }
    }
}
