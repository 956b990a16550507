//! Compiles guardrails, and the references to them.

use std::{collections::BTreeMap, sync::Arc};

use super::Compiler;
use crate::{
    config::{Path, nearest::nearest, path::shown, raw},
    guard::{Finder, Guardrails, Pattern, Rule, Rules},
};

impl Compiler<'_> {
    pub(super) fn guardrails(&mut self, raw: Option<&BTreeMap<String, raw::Guardrail>>) -> Rules {
        let mut rules = Rules::new();
        for (name, raw) in raw.into_iter().flatten() {
            let path = Path::root().key("guardrails").key(name);
            if let Some(rule) = self.guardrail(name, raw, &path) {
                rules.insert(name.as_str().into(), Arc::new(rule));
            }
        }
        rules
    }

    fn guardrail(&mut self, name: &str, raw: &raw::Guardrail, path: &Path) -> Option<Rule> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(plain) {
            let message = "the name of a guardrail may have only letters, digits, `-`, `_` and `.`";
            let hint = format!("clients see it; use at most {LONGEST_NAME} characters");
            self.problem(path, message, Some(hint));
        }
        let on = raw.on.unwrap_or_default();
        let finder = match (&raw.r#match, &raw.webhook) {
            (None, None) => {
                let hint = "write what it searches for, as in `{\"match\": \"secrets\"}`, or set `webhook`";
                self.problem(path, "`match` is missing", Some(hint.into()));
                return None;
            }
            (Some(_), Some(_)) => {
                let hint = "split it into two guardrails";
                self.problem(path, "`match` and `webhook` exclude each other", Some(hint.into()));
                return None;
            }
            (None, Some(webhook)) => self.finder_by_webhook(webhook, raw.action, path)?,
            (Some(raw::Match::Set(set)), _) => Finder::Set(*set),
            (Some(raw::Match::Pattern(pattern)), _) => {
                let compiled = self.pattern(&pattern.regex, path)?;
                if on.has_output() && compiled.longest().is_none_or(|most| most > LONGEST_MATCH) {
                    let message =
                        format!("a pattern for responses may match at most {LONGEST_MATCH} bytes");
                    let hint = "limit its repetitions, as in `[0-9]{1,20}`";
                    self.problem(&path.key("match").key("regex"), message, Some(hint.into()));
                }
                Finder::Pattern(Box::new(compiled))
            }
        };
        let action = raw.action.unwrap_or_default();
        Some(Rule { name: name.into(), finder, on, action })
    }

    fn pattern(&mut self, text: &str, path: &Path) -> Option<Pattern> {
        let place = path.key("match").key("regex");
        match Pattern::new(text) {
            Ok(pattern) => Some(pattern),
            Err(wrong) => {
                let at = wrong.at.map(|at| format!(" at character {at}")).unwrap_or_default();
                let message = format!("this is not a valid pattern{at}: {}", wrong.what);
                let hint = "the syntax is that of the `regex` crate; a backslash is `\\\\` in JSON";
                self.problem(&place, message, Some(hint.into()));
                None
            }
        }
    }

    /// The rules of an alias, its own or from `defaults`.
    pub(super) fn pool_guardrails(
        &mut self,
        keys: &raw::PoolKeys,
        own: bool,
        path: &Path,
    ) -> Option<Guardrails> {
        let path = if own { path.clone() } else { Path::root().key("defaults") };
        self.named_guardrails(keys.guardrails.as_deref(), &path)
    }

    /// The rules that a list names.
    pub(super) fn named_guardrails(
        &mut self,
        names: Option<&[String]>,
        path: &Path,
    ) -> Option<Guardrails> {
        let mut rules = Vec::new();
        for (nth, name) in names?.iter().enumerate() {
            match self.rules.get(name.as_str()) {
                Some(rule) => rules.push(Arc::clone(rule)),
                None if self.written_rules.contains(name.as_str()) => {}
                None => {
                    let place = path.key("guardrails").index(nth);
                    // Problems in `defaults` are reported only for the first alias.
                    if self.problems.iter().any(|problem| problem.path == place) {
                        continue;
                    }
                    let near = nearest(name, self.written_rules.iter().copied());
                    let hint = near.map(|near| format!("did you mean `{}`?", shown(near)));
                    self.problem(&place, format!("there is no guardrail `{}`", shown(name)), hint);
                }
            }
        }
        self.has_guardrails |= !rules.is_empty();
        (!rules.is_empty()).then(|| rules.into())
    }
}

const LONGEST_NAME: usize = 64;
/// A stream holds back at most 256 bytes, including what surrounds a match.
const LONGEST_MATCH: usize = 240;
