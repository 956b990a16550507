//! Whether an object of a JSON document is a medium that cannot be read.
//!
//! Tool arguments may have the same keys, so a name alone does not make a medium: data, a URL or a
//! file must be beside it.

use crate::guard::data::{Named, is_address, is_unreadable_format, is_unreadable_medium};

/// An object that has begun.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Object {
    /// It is what a document or a picture is made of: what is known of it is known of that.
    is_source: bool,
    /// Its key says that it is sound or video.
    is_medium: bool,
    /// Its format or its media type is one that cannot be read.
    has_medium: bool,
    /// It holds data.
    has_data: bool,
    /// It says where something is to be fetched.
    has_address: bool,
    /// It names a file that is kept elsewhere.
    has_file: bool,
    /// It says that it is a file or a document.
    is_file: bool,
    /// It says that it is a picture.
    is_picture: bool,
    /// It says that it is a proof, which only its own vendor reads.
    is_proof: bool,
    /// It holds data that cannot be read.
    has_unknown: bool,
    /// It holds a text that is not base64: data that cannot be read if it also has a media type, unless it says that it
    /// is text.
    has_undecoded: bool,
    /// It has a media type.
    has_type: bool,
    /// It says that it is text.
    is_text: bool,
    /// It repeats a text, token by token: what is taken out of the text would stand there.
    is_tokens: bool,
    /// It has something about tokens.
    has_tokens: bool,
}

impl Object {
    /// One that stands under a key of this name.
    pub(super) fn under(named: Named) -> Self {
        Self {
            is_source: named == Named::Source,
            is_medium: named == Named::Medium,
            is_file: matches!(named, Named::FileObject | Named::FileData),
            is_tokens: named == Named::Tokens,
            ..Self::default()
        }
    }

    /// It holds a text under a key of this name.
    pub(super) fn holds(&mut self, named: Named, value: &[u8]) {
        match named {
            Named::Format => self.has_medium |= is_unreadable_format(value),
            Named::MediaType => {
                self.has_medium |= is_unreadable_medium(value);
                self.is_picture |= value.starts_with(b"image/");
                self.has_type |= value.contains(&b'/');
            }
            Named::Type => {
                self.is_file |= matches!(value, b"document" | b"file" | b"input_file");
                self.is_picture |= matches!(value, b"image" | b"input_image" | b"image_file");
                self.is_proof |= value.starts_with(b"redacted") || value == SEALED;
                self.is_text |= value == b"text";
            }
            Named::Data | Named::FileData => self.has_data |= !value.is_empty(),
            Named::Url => self.has_address |= is_address(value) || value.starts_with(b"data:"),
            Named::File => self.has_file |= !value.is_empty(),
            Named::Other | Named::Medium | Named::Source | Named::FileObject | Named::Tokens => {}
        }
    }

    /// It holds a text or an object that says anything.
    pub(super) fn says(&mut self) {
        self.has_tokens |= self.is_tokens;
    }

    /// It holds data that cannot be read.
    pub(super) fn holds_unknown(&mut self) {
        self.has_unknown = true;
    }

    /// It holds a text that is not base64.
    pub(super) fn holds_undecoded(&mut self) {
        self.has_undecoded = true;
    }

    /// It ends inside of another: whether it cannot be read.
    pub(super) fn ends_in(self, mut around: Option<&mut Self>) -> bool {
        if let Some(around) = &mut around {
            around.says();
        }
        if let Some(around) = around.filter(|_| self.is_source) {
            around.has_medium |= self.has_medium;
            around.has_data = true;
            let is_unknown = self.has_unknown || self.is_undecoded();
            around.has_unknown |= is_unknown && !self.is_picture;
            around.has_address |= self.has_address;
            around.has_file |= self.has_file;
            around.is_file |= self.has_file;
            return false;
        }
        self.is_unreadable()
    }

    fn is_undecoded(self) -> bool {
        self.has_undecoded && self.has_type && !self.is_text
    }

    fn is_unreadable(self) -> bool {
        let holds = self.has_data || self.has_address;
        let refers = self.is_file && !self.is_picture && (self.has_file || self.has_address);
        let unknown =
            (self.has_unknown || self.is_undecoded()) && !self.is_picture && !self.is_proof;
        (self.is_medium || self.has_medium) && holds || refers || unknown || self.has_tokens
    }
}

/// The type of a sealed thought that servers of the Chat protocol hand on for other vendors.
const SEALED: &[u8] = b"reasoning.encrypted";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use crate::guard::{
        Action, Finder, Rule, Set, Side,
        body::{Verdict, look},
        data,
    };

    fn looked(body: &Value) -> Verdict {
        let (name, finder) = ("r".into(), Finder::Set(Set::PaymentCard));
        let rule = Rule { name, finder, on: Side::Both, action: Action::Deny };
        look(body.to_string().as_bytes(), &[Arc::new(rule)], &[])
    }

    #[test]
    fn a_sealed_thought_passes_and_other_data_that_cannot_be_read_does_not() {
        let sealed = data::encoded(&[0xff, 7, 0, 200].repeat(100));
        for (kind, is_proof) in [
            ("reasoning.encrypted", true),
            ("redacted_thinking", true),
            ("reasoning.text", false),
            ("reasoning.encrypted.audio", false),
            ("document", false),
        ] {
            let details = json!([{"type": kind, "data": sealed, "id": "r_1", "format": "x-v1"}]);
            for body in [
                json!({"choices": [{"message": {"content": "x", "reasoning_details": details}}]}),
                json!({"choices": [{"delta": {"content": "x", "reasoning_details": details}}]}),
                json!({"messages": [{"role": "assistant", "reasoning_details": details}]}),
            ] {
                let unreadable = looked(&body).unreadable;
                assert_eq!(unreadable, !is_proof, "{body}");
            }
        }
        // What it holds is searched all the same.
        let text = data::encoded(b"card 4111 1111 1111 1111");
        let body = json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": text}]});
        assert!(!looked(&body).hits.is_empty());
    }
}
