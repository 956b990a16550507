//! How long to wait, from an error message: OpenAI, Azure and others say it nowhere else in a
//! stream. Only messages of limits are read.

use std::time::Duration;

/// The time in the message, at most a day.
pub(super) fn told_in(sentence: &str) -> Option<Duration> {
    let sentence = sentence.to_ascii_lowercase();
    let after = STARTS.iter().find_map(|start| sentence.split_once(start))?.1;
    let (mut rest, mut seconds) = (after, None);
    while let Some((number, unit, behind)) = step(rest) {
        let factor = UNITS.iter().find(|(names, _)| names.contains(&unit))?.1;
        seconds = Some(seconds.unwrap_or(0.0) + number * factor);
        rest = behind;
    }
    Duration::try_from_secs_f64(seconds?).ok().map(|wait| wait.min(LONGEST))
}

/// A number, its unit, and the rest.
fn step(text: &str) -> Option<(f64, &str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, rest) = text.split_at_checked(end)?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at_checked(end)?;
    Some((number.parse().ok()?, unit, rest))
}

const STARTS: &[&str] = &["try again in ", "retry after ", "retry in "];
const UNITS: &[(&[&str], f64)] = &[
    (&["ms", "milliseconds"], 0.001),
    (&["s", "sec", "second", "seconds"], 1.0),
    (&["m", "min", "minute", "minutes"], 60.0),
    (&["h", "hour", "hours"], 3_600.0),
];
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_read_as_vendors_say_them() {
        for (sentence, millis) in [
            (
                "Rate limit reached for gpt-5 on tokens per min (TPM). Please try again in 11.054s. Visit",
                Some(11_054),
            ),
            ("Please try again in 6ms.", Some(6)),
            ("Please try again in 1m30.5s.", Some(90_500)),
            ("Please retry after 6 seconds.", Some(6_000)),
            ("Please retry in 38.5s.", Some(38_500)),
            ("Try again in 2 hours", Some(7_200_000)),
            ("try again in 99999999h", Some(86_400_000)),
            ("Try again in a moment", None),
            ("try again in 5 parsecs", None),
            ("retry after", None),
            ("slow", None),
        ] {
            assert_eq!(told_in(sentence).map(|wait| wait.as_millis()), millis, "{sentence}");
        }
    }
}
