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
    Ok((amount(number, "32MiB")? * factor) as u64)
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
    Duration::try_from_secs_f64(amount(number, "30s")? * seconds)
        .map_err(|_| "this is too long".to_owned())
}

fn amount(number: &str, example: &str) -> Result<f64, String> {
    match number.parse::<f64>() {
        Ok(number) if number < 0.0 => Err(format!("no negative number; write `{example}`")),
        Ok(number) => Ok(number),
        Err(_) => Err(format!("write a number, as in `{example}`")),
    }
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
        assert!(duration("soon").is_err());
    }

    #[test]
    fn what_is_below_zero_is_refused_as_that() {
        for told in [bytes("-1MiB").map(drop), bytes("-1").map(drop), duration("-1s").map(drop)] {
            assert!(told.as_ref().is_err_and(|told| told.contains("no negative")), "{told:?}");
        }
    }
}
