//! The parameters of a header value: `form-data; name="model"; filename=a.wav`. A value that
//! readers could read differently is an error.

/// Not a list of parameters.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wrong;

/// The names (in lower case) and values (unquoted) after the first semicolon.
///
/// # Errors
/// They are not a list of parameters, or readers could understand it differently.
pub(crate) fn parameters(value: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Wrong> {
    let mut found = Vec::new();
    let Some(start) = value.iter().position(|&byte| byte == b';') else { return Ok(found) };
    let mut rest = value.get(start..).unwrap_or_default();
    while let Some(after) = rest.strip_prefix(b";") {
        let after = after.trim_ascii_start();
        if after.is_empty() {
            break;
        }
        let equals = after.iter().position(|&byte| byte == b'=').ok_or(Wrong)?;
        let (name, after) = after.split_at(equals);
        let name = std::str::from_utf8(name).map_err(|_| Wrong)?.trim_ascii_end();
        if name.is_empty() || name.contains([';', '"', ' ', '\t']) {
            return Err(Wrong);
        }
        let after = after.get(1..).unwrap_or_default().trim_ascii_start();
        let name = name.to_ascii_lowercase();
        let decides = DECIDES.contains(&&*name);
        let (value, after) = if let Some(quoted) = after.strip_prefix(b"\"") {
            unquote(quoted, decides)?
        } else {
            let end = after.iter().position(|&byte| byte == b';').unwrap_or(after.len());
            let (value, after) = after.split_at(end);
            let value = value.trim_ascii_end();
            // Some readers end such a value here, others read on.
            let ends_early = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
            if value.iter().any(|byte| b"\"\\".contains(byte))
                || (decides && value.iter().any(ends_early))
            {
                return Err(Wrong);
            }
            (value.to_vec(), after)
        };
        found.push((name, value));
        rest = after.trim_ascii_start();
    }
    if rest.is_empty() || rest.trim_ascii() == b";" { Ok(found) } else { Err(Wrong) }
}

/// The text of a quoted string after its first quote, and what follows the last one. To some readers
/// a backslash is a letter like any other, so before a quote it says two things.
fn unquote(quoted: &[u8], decides: bool) -> Result<(Vec<u8>, &[u8]), Wrong> {
    let end = quoted.iter().position(|&byte| byte == b'"').ok_or(Wrong)?;
    let (text, after) = quoted.split_at(end);
    if text.ends_with(b"\\") || (decides && text.contains(&b'\\')) {
        return Err(Wrong);
    }
    Ok((text.to_vec(), after.get(1..).unwrap_or_default()))
}

/// Whether this charset is UTF-8 or a part of it.
pub(crate) fn is_utf8(charset: &[u8]) -> bool {
    [&b"utf-8"[..], b"utf8", b"us-ascii"].iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// Parameters that decide how something is read.
const DECIDES: [&str; 3] = ["name", "boundary", "charset"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_quoted_or_bare_are_read() {
        let read = |value: &str| {
            parameters(value.as_bytes()).map(|list| {
                let text = |(name, value): &(String, Vec<u8>)| {
                    format!("{name}={}", String::from_utf8_lossy(value))
                };
                list.iter().map(text).collect::<Vec<_>>().join("|")
            })
        };
        assert_eq!(read("form-data").unwrap(), "");
        assert_eq!(read("form-data; ").unwrap(), "");
        assert_eq!(read("form-data; Name=model").unwrap(), "name=model");
        assert_eq!(read("form-data;name = \"model\" ;").unwrap(), "name=model");
        assert_eq!(
            read(r#"form-data; name="a;b c"; filename="x=\y.wav""#).unwrap(),
            r"name=a;b c|filename=x=\y.wav"
        );
        assert_eq!(read("form-data; filename=my file.wav").unwrap(), "filename=my file.wav");
        for wrong in [
            "form-data; name",
            "form-data; =x",
            "form-data; name=\"x",
            "form-data; name=\"x\" y=z",
            "form-data; name=\"x\\",
            "form-data; name=\"x\\y\"",
            "form-data; name=x\\y",
            "form-data; name=x y",
            "form-data; name=x\"y\"",
            "form-data; filename=\"a\\\"; name=\\\"model\"",
            "form-data; filename=\"a\\\\\"",
            "form-data; filename=a\"b",
        ] {
            assert_eq!(read(wrong), Err(Wrong), "{wrong}");
        }
    }
}
