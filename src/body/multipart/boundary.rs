//! The boundary that a content type names.
//!
//! It never accepts one that could not stand in a line of its own.

use super::parameters::parameters;

/// The boundary in `multipart/form-data; boundary=…`, or `None` if it is another content
/// type, or its boundary is missing, given twice or unusable.
pub(crate) fn boundary(content_type: &str) -> Option<String> {
    let kind = content_type.split(';').next()?.trim_ascii();
    if !kind.eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    // Some readers look for the word alone, wherever it stands.
    let words = content_type.to_ascii_lowercase();
    if words.matches("boundary").count() != 1 {
        return None;
    }
    let parameters = parameters(content_type.as_bytes()).ok()?;
    let mut boundaries = parameters.into_iter().filter(|(name, _)| name == "boundary");
    let (_, boundary) = boundaries.next()?;
    let usable = |&byte: &u8| byte.is_ascii_graphic() || byte == b' ';
    let sound = (1..=LONGEST).contains(&boundary.len())
        && boundary.iter().all(usable)
        && !boundary.ends_with(b" ")
        && boundaries.next().is_none();
    if sound { String::from_utf8(boundary).ok() } else { None }
}

/// More than the 70 of RFC 2046, since some clients exceed it.
const LONGEST: usize = 200;

#[cfg(test)]
mod tests {
    use super::boundary;

    #[test]
    fn only_what_can_divide_a_form() {
        let cases: &[(&str, Option<&str>)] = &[
            ("multipart/form-data; boundary=abc", Some("abc")),
            ("Multipart/Form-Data;charset=utf-8;BOUNDARY=\"a b:c\"", Some("a b:c")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/form-data; boundary=a; boundary*=utf-8''b", None),
            ("multipart/form-data; x=\"; boundary=b\"; boundary=a", None),
            ("multipart/form-data; boundary=a b", None),
            ("multipart/form-data; boundary=\"a \"", None),
            ("multipart/form-data; boundary=\"a", None),
            ("multipart/mixed; boundary=abc", None),
            ("application/json", None),
        ];
        for (content_type, wanted) in cases {
            assert_eq!(boundary(content_type).as_deref(), *wanted, "{content_type}");
        }
        let long = format!("multipart/form-data; boundary={}", "x".repeat(201));
        assert_eq!(boundary(&long), None);
    }
}
