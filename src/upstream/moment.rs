//! Moments as vendors write them, in Unix seconds.
//!
//! It reads no clock and knows no zone but UTC.

/// Unix seconds of `2030-01-01T00:00:00Z`; fractions are left out, other zones are not read.
pub fn rfc3339(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let time = time.split('.').next()?;
    let mut time = time.splitn(3, ':').map(|part| part.parse().ok());
    let (hour, minute, second) = (time.next()??, time.next()??, time.next()??);
    unix([year, month, day, hour, minute, second])
}

/// Unix seconds of a year, month, day, hour, minute and second; none where there is no such moment.
pub fn unix([year, month, day, hour, minute, second]: [u64; 6]) -> Option<u64> {
    let is_date =
        (1970..10_000).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&day);
    // A second may be one too many in its minute.
    if !(is_date && hour < 24 && minute < 60 && second < 61) {
        return None;
    }
    // Howard Hinnant's `days_from_civil`, for years after 1970.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    Some(days * 86_400 + hour * 3_600 + minute * 60 + second)
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
