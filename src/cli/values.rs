//! How sizes and times are written on the command line.

use std::time::Duration;

/// `32MiB`, `1.5GiB`, `500kB`, `1024`.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        _ => {
            return Err(format!(
                "unknown unit `{unit}`; write `32MiB`, `500kB` or a number of bytes"
            ));
        }
    };
    let number: f64 = number.parse().map_err(|_| "write a number, as in `32MiB`".to_owned())?;
    Ok((number * factor) as u64)
}

/// `30s`, `200ms`, `2m`, `30`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds: f64 = match unit {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(format!("unknown unit `{unit}`; write `30s`, `200ms` or `2m`")),
    };
    let number: f64 = number.parse().map_err(|_| "write a number, as in `30s`".to_owned())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| "this is too long".to_owned())
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    (text[..end].trim(), text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times() {
        assert_eq!(bytes("32MiB"), Ok(32 << 20));
        assert_eq!(bytes("500kB"), Ok(500_000));
        assert_eq!(bytes("1024"), Ok(1024));
        assert!(bytes("32 parsecs").is_err() && bytes("MiB").is_err());
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert!(duration("soon").is_err() && duration("-1s").is_err());
    }
}
