//! The parameters of a header value: `form-data; name="model"; filename=a.wav`.
//!
//! It never guesses: what is not a parameter ends the reading with an error.

/// Not a list of parameters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong;

/// The names (in lower case) and values (unquoted) after the first semicolon.
pub(super) fn parameters(value: &[u8]) -> Result<Vec<(String, Vec<u8>)>, Wrong> {
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
        let (value, after) = if let Some(quoted) = after.strip_prefix(b"\"") {
            unquote(quoted)?
        } else {
            let end = after.iter().position(|&byte| byte == b';').unwrap_or(after.len());
            let (value, after) = after.split_at(end);
            (value.trim_ascii_end().to_vec(), after)
        };
        found.push((name.to_ascii_lowercase(), value));
        rest = after.trim_ascii_start();
    }
    if rest.is_empty() || rest.trim_ascii() == b";" { Ok(found) } else { Err(Wrong) }
}

/// The text of a quoted string after its first quote, and what follows the last one.
fn unquote(quoted: &[u8]) -> Result<(Vec<u8>, &[u8]), Wrong> {
    let mut text = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, &byte)) = bytes.next() {
        match byte {
            b'"' => return Ok((text, quoted.get(at + 1..).unwrap_or_default())),
            b'\\' => text.push(*bytes.next().ok_or(Wrong)?.1),
            _ => text.push(byte),
        }
    }
    Err(Wrong)
}

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
            read(r#"form-data; name="a\"b;c"; filename="x=y.wav""#).unwrap(),
            "name=a\"b;c|filename=x=y.wav"
        );
        for wrong in [
            "form-data; name",
            "form-data; =x",
            "form-data; name=\"x",
            "form-data; name=\"x\" y=z",
            "form-data; name=\"x\\",
        ] {
            assert_eq!(read(wrong), Err(Wrong), "{wrong}");
        }
    }
}
