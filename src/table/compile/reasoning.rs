//! Compiles `reasoning_translation`: each effort is mapped or unsupported, and each path is
//! allowed.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiler;
use crate::{
    config::{Path, nearest::nearest, raw},
    models::Effort,
    protocol::Protocol,
    table::reasoning::{Efforts, Reasoning, Write},
};

impl Compiler<'_> {
    /// How efforts are written for a provider.
    pub(super) fn reasoning(
        &mut self,
        raw: Option<&raw::ReasoningTranslation>,
        path: &Path,
    ) -> Option<Reasoning> {
        let raw = raw?;
        let path = path.key("reasoning_translation");
        let each = [("chat_completions", &raw.chat_completions), ("responses", &raw.responses)];
        if each.iter().all(|(_, efforts)| efforts.is_none()) {
            let message = "expected `chat_completions` or `responses`";
            self.problem(&path, message, None);
        }
        let mut all = Vec::new();
        for (key, efforts) in each {
            let Some(efforts) = efforts else { continue };
            let place = path.key(key);
            let efforts = self.efforts(efforts, &place);
            let is_its = |it: &&Protocol| {
                it.profile().effort.as_ref().is_some_and(|effort| effort.key == key)
            };
            let protocol = Protocol::ALL.iter().find(is_its);
            all.extend(protocol.map(|protocol| (*protocol, efforts)));
        }
        Some(Reasoning(all))
    }

    fn efforts(&mut self, raw: &raw::EffortTranslation, path: &Path) -> Efforts {
        let none = Vec::new();
        let listed = path.key("unsupported_efforts");
        let mut unsupported = Vec::new();
        for (at, name) in raw.unsupported_efforts.as_deref().unwrap_or(&none).iter().enumerate() {
            let Some(effort) = self.effort(name, &listed.index(at)) else { continue };
            if unsupported.contains(&effort) {
                self.problem(&listed.index(at), format!("`{name}` is listed twice"), None);
            }
            unsupported.push(effort);
        }
        let mut writes = Vec::new();
        for (at, write) in raw.writes.as_deref().unwrap_or_default().iter().enumerate() {
            let write = self.write(write, &path.key("writes").index(at));
            writes.push(write);
        }
        self.check_efforts(&unsupported, &writes, path);
        self.check_paths(&mut writes, &path.key("writes"));
        Efforts { unsupported, writes }
    }

    fn effort(&mut self, name: &str, path: &Path) -> Option<Effort> {
        let found = Effort::ALL.into_iter().find(|effort| effort.name() == name);
        if found.is_none() {
            let known = Effort::ALL.map(Effort::name);
            let hint = nearest(name, known).map(|near| format!("did you mean `{near}`?"));
            let all = known.map(|name| format!("`{name}`")).join(", ");
            self.problem(path, format!("expected one of {all}"), hint);
        }
        found
    }

    fn write(&mut self, raw: &raw::EffortWrite, path: &Path) -> Write {
        let mut values = Vec::new();
        for (name, value) in &raw.values {
            let effort = self.effort(name, &path.key("values").key(name));
            values.extend(effort.map(|effort| (effort, value.clone())));
        }
        let place = path.key("target_path");
        let segments = raw.target_path.strip_prefix('/').unwrap_or_default();
        let segments: Vec<Box<str>> = segments.split('/').map(Box::from).collect();
        if let Err(why) = check_path(&segments) {
            self.problem(&place, why, None);
        }
        let is_budget = is_only(&segments, "thinking_token_budget");
        if is_budget {
            for (name, value) in &raw.values {
                if value.as_u64().is_none() {
                    let message = "a token budget must be a whole number";
                    self.problem(&path.key("values").key(name), message, None);
                }
            }
        }
        Write { path: segments, values, is_budget }
    }

    /// Each effort is mapped or unsupported, and all writes map the same efforts.
    fn check_efforts(&mut self, unsupported: &[Effort], writes: &[Write], path: &Path) {
        let mapped = |write: &Write| write.values.iter().map(|(effort, _)| *effort).collect();
        let sets: Vec<BTreeSet<Effort>> = writes.iter().map(mapped).collect();
        let first = sets.first().cloned().unwrap_or_default();
        let names = |efforts: &mut dyn Iterator<Item = Effort>| {
            efforts.map(|effort| format!("`{}`", effort.name())).collect::<Vec<_>>().join(", ")
        };
        for (at, set) in sets.iter().enumerate().skip(1) {
            let differing = names(&mut set.symmetric_difference(&first).copied());
            if !differing.is_empty() {
                let place = path.key("writes").index(at).key("values");
                let message = format!("the first write and this one differ in {differing}");
                self.problem(&place, message, Some("map the same efforts in each".into()));
            }
        }
        let both = names(&mut unsupported.iter().copied().filter(|it| first.contains(it)));
        if !both.is_empty() {
            let message = format!("{both} is also mapped by the writes");
            self.problem(&path.key("unsupported_efforts"), message, None);
        }
        let is_missing = |it: &Effort| !first.contains(it) && !unsupported.contains(it);
        let missing = names(&mut Effort::ALL.into_iter().filter(is_missing));
        if !missing.is_empty() {
            let message = format!("{missing} is neither mapped nor in `unsupported_efforts`");
            self.problem(path, message, None);
        }
    }

    fn check_paths(&mut self, writes: &mut [Write], path: &Path) {
        let mut seen: BTreeMap<usize, Vec<Box<str>>> = BTreeMap::new();
        for (at, write) in writes.iter().enumerate() {
            let overlaps = |other: &Vec<Box<str>>| {
                other.starts_with(&write.path) || write.path.starts_with(other)
            };
            if let Some((other, _)) = seen.iter().find(|(_, other)| overlaps(other)) {
                let message = format!("this path and that of write {other} overlap");
                self.problem(&path.index(at).key("target_path"), message, None);
            }
            seen.insert(at, write.path.clone());
        }
        let is_effort = |write: &Write| is_only(&write.path, "reasoning_effort");
        let budget = writes.iter().position(|write| write.is_budget);
        if let Some(at) = budget.filter(|_| !writes.iter().any(is_effort)) {
            let message = "a budget needs a write to `/reasoning_effort` beside it";
            self.problem(&path.index(at).key("target_path"), message, None);
        }
    }
}

fn is_only(path: &[Box<str>], key: &str) -> bool {
    matches!(path, [only] if **only == *key)
}

/// Whether the path is allowed.
fn check_path(segments: &[Box<str>]) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let is_plain = |it: &str| !it.is_empty() && it.bytes().all(plain);
    if segments.len() > MOST_SEGMENTS || !segments.iter().all(|it| is_plain(it)) {
        return Err(format!(
            "expected a JSON pointer of at most {MOST_SEGMENTS} segments of letters, digits, `-` and `_`"
        ));
    }
    let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
    match segments[..] {
        ["reasoning_effort" | "thinking_token_budget"]
        | ["reasoning" | "thinking", ..]
        | ["chat_template_kwargs", "thinking" | "enable_thinking"] => Ok(()),
        _ => Err("this path is not allowed; allowed are `/reasoning_effort`, \
            `/thinking_token_budget`, below `/reasoning` or `/thinking`, \
            `/chat_template_kwargs/thinking` or `/chat_template_kwargs/enable_thinking`"
            .into()),
    }
}

const MOST_SEGMENTS: usize = 8;
