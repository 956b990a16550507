//! Series as Prometheus text.

use std::fmt::Write as _;

use crate::secret::names::label;

/// What writes series of one metric.
pub(super) struct Lines<'a> {
    pub(super) text: &'a mut String,
    pub(super) prefix: &'a str,
    pub(super) name: &'a str,
}

impl Lines<'_> {
    /// One series. Labels that have a credential's form are masked.
    pub(super) fn line(&mut self, labels: &[(&str, &str)], value: f64) {
        self.part("", labels, value);
    }

    /// The same of a part of the metric, such as the buckets of a histogram.
    pub(super) fn part(&mut self, part: &str, labels: &[(&str, &str)], value: f64) {
        let _ = write!(self.text, "{}_{}{part}", self.prefix, self.name);
        let mut before = '{';
        for (name, value) in labels {
            let _ = write!(self.text, "{before}{name}=\"");
            escape(&label(value), self.text);
            self.text.push('"');
            before = ',';
        }
        let _ = writeln!(self.text, "}} {value}");
    }
}

fn escape(value: &str, text: &mut String) {
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            _ => text.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn labels_are_escaped() {
        let mut text = String::new();
        escape("a\\b\"c\nd", &mut text);
        assert_eq!(text, r#"a\\b\"c\nd"#);
    }
}
