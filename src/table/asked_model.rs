//! The model sent upstream, if it depends on the name that the client sent.

/// `before`, the asked-for name without `strips`, and `after`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AskedModel {
    before: Box<str>,
    strips: Box<str>,
    after: Box<str>,
}

impl AskedModel {
    /// Parses `onwards_model`; `None` if it is a fixed name.
    ///
    /// # Errors
    /// What is wrong with a text that contains `${model}`.
    pub(crate) fn read(text: &str) -> Result<Option<Self>, &'static str> {
        let Some((before, rest)) = text.split_once(START) else { return Ok(None) };
        let Some((inner, after)) = rest.split_once('}') else { return Ok(None) };
        let strips = match inner.strip_prefix('#') {
            Some(strips) => strips,
            None if inner.is_empty() => "",
            None => return Ok(None),
        };
        if after.contains(START) {
            return Err("it contains `${model}` twice");
        }
        Ok(Some(Self { before: before.into(), strips: strips.into(), after: after.into() }))
    }

    /// The model for a name.
    pub(crate) fn of(&self, asked: &str) -> String {
        let stripped = asked.strip_prefix(&*self.strips).unwrap_or(asked);
        [&self.before, stripped, &self.after].concat()
    }
}

const START: &str = "${model";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asked_for_name_is_sent_on_whole_or_without_its_prefix() {
        for (text, asked, expected) in [
            ("${model}", "claude-x", "claude-x"),
            ("${model#openai/}", "openai/gpt-5", "gpt-5"),
            ("${model#openai/}", "gpt-5", "gpt-5"),
            ("models/${model}@eu", "m", "models/m@eu"),
        ] {
            let model = AskedModel::read(text).unwrap().unwrap();
            assert_eq!(model.of(asked), expected, "{text}");
        }
        assert_eq!(AskedModel::read("gpt-4"), Ok(None));
        assert_eq!(AskedModel::read("${models}"), Ok(None));
        assert!(AskedModel::read("${model}${model}").is_err());
    }
}
