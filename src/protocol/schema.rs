//! Fits a JSON Schema to a vendor: refused keywords are removed, and required ones are added. The
//! vendor's rules are a [`Rule`], which is data.
//!
//! It works without a tree and keeps the order of keys. One walk visits every byte once with an
//! explicit stack.

pub(in crate::protocol) mod text;
pub(in crate::protocol) mod refs;
mod rule;
mod walk;

use std::borrow::Cow;

use serde_json::value::RawValue;

use self::rule::CHOICES;
pub(in crate::protocol) use self::rule::Rule;
use self::text::Text;
use self::walk::Walk;
use super::codec::Refused;
use super::conversation::Losses;
use super::conversation::tool::raw;

/// A schema as a vendor takes it.
#[derive(Debug)]
pub(in crate::protocol) struct Fitted<'a> {
    pub(in crate::protocol) schema: Cow<'a, RawValue>,
    /// The keywords that were lost, each once.
    pub(in crate::protocol) lost: Vec<&'static str>,
    /// Whether some property need not be there.
    pub(in crate::protocol) has_optional: bool,
}

impl Rule {
    /// The schema as this vendor takes it.
    pub(in crate::protocol) fn fit<'a>(&self, schema: &'a RawValue) -> Fitted<'a> {
        if !schema.get().starts_with('{') {
            let schema = Cow::Borrowed(schema);
            return Fitted { schema, lost: Vec::new(), has_optional: false };
        }
        let mut walk = Walk::new(self, schema.get());
        walk.run();
        let Walk { out, lost, has_optional, .. } = walk;
        let schema =
            if out == schema.get() { Cow::Borrowed(schema) } else { Cow::Owned(raw(&out)) };
        Fitted { schema, lost, has_optional }
    }
}

/// The schema of a tool, complete.
///
/// # Errors
/// The first keyword that is lost, when losing is refused.
pub(in crate::protocol) fn complete<'a>(
    schema: Cow<'a, RawValue>,
    losses: &mut Losses,
) -> Result<Cow<'a, RawValue>, Refused> {
    if is_complete(&schema) {
        return Ok(schema);
    }
    let Fitted { schema: fitted, lost, .. } = TOOLS.fit(&schema);
    for keyword in lost {
        losses.lose(format!("tools.schema.{keyword}"))?;
    }
    Ok(Cow::Owned(fitted.into_owned()))
}

/// Whether the schema is an object's and names its properties. Looks at its own keys alone.
pub(in crate::protocol) fn is_complete(schema: &RawValue) -> bool {
    let mut text = Text::of(schema.get());
    if text.peek() != Some(b'{') {
        return false;
    }
    text.pass();
    let (mut is_object, mut has_properties) = (false, false);
    while let Some(byte) = text.peek() {
        match byte {
            b'}' | b']' => break,
            b',' => text.pass(),
            _ => {
                let (key, value) = (text.key(), text.value());
                if CHOICES.contains(&key.trim_matches('"')) {
                    return false;
                }
                is_object |= key == "\"type\"" && value == "\"object\"";
                has_properties |= key == "\"properties\"" && value.starts_with('{');
            }
        }
    }
    is_object && has_properties && !may_lack_items(schema.get().as_bytes())
}

/// Whether there are more lists than `items`.
fn may_lack_items(schema: &[u8]) -> bool {
    let number = |word: &str| memchr::memmem::find_iter(schema, word).count();
    let lists = number("\"array\"");
    lists > 0 && lists > number("\"items\"")
}

/// A tool's schema, which must be an object's for every vendor.
static TOOLS: Rule = Rule { completes: true, ..Rule::ANY };

#[cfg(test)]
mod tests;
