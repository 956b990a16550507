//! Puts the secrets of a document back into a value that was shown masked. A secret is never
//! restored to another URL.

use serde_json::Value;

use super::{
    super::{
        edit::Document,
        json::{Entry, Kind, Node, Span},
        path::Path,
    },
    MASK,
};

impl Document {
    /// Replaces each `***` in a value for `path` by the secret that the document holds there.
    ///
    /// # Errors
    /// The path of a `***` without a secret, or whose secret belongs to another URL.
    pub(crate) fn unmask(&self, path: &Path, value: &mut Value) -> Result<(), Path> {
        self.unmask_at(self.node(path), value, path)
    }

    fn unmask_at(&self, node: Option<&Node>, value: &mut Value, at: &Path) -> Result<(), Path> {
        match value {
            Value::String(text) if text == MASK => match node.map(|node| &node.kind) {
                Some(Kind::Text) => {
                    let span = node.map_or(Span { start: 0, end: 0 }, |node| node.span);
                    *text = self.source.string(span).into_owned();
                    Ok(())
                }
                _ => Err(at.clone()),
            },
            Value::Object(members) => {
                let entries = self.entries(node.filter(|node| {
                    let url = members.get("url").and_then(Value::as_str);
                    url.is_none_or(|url| url == MASK || self.url(node).as_deref() == Some(url))
                }));
                for (key, value) in members {
                    let entry = entries.iter().find(|it| self.source.string(it.key) == *key);
                    self.unmask_at(entry.map(|entry| &entry.value), value, &at.key(key.as_str()))?;
                }
                Ok(())
            }
            Value::Array(items) => {
                let nodes = match node.map(|node| &node.kind) {
                    Some(Kind::List(nodes)) => nodes.as_slice(),
                    _ => &[],
                };
                let is_same_length = nodes.len() == items.len();
                for (index, item) in items.iter_mut().enumerate() {
                    let node = match item.is_object() {
                        true => self.counterpart(nodes, index, item),
                        false => nodes.get(index).filter(|_| is_same_length),
                    };
                    self.unmask_at(node, item, &at.index(index))?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The old list entry that a new one replaces: the one of the same name, otherwise the only one
    /// of the same URL, otherwise an equal one at the same index.
    fn counterpart<'a>(&self, nodes: &'a [Node], index: usize, item: &Value) -> Option<&'a Node> {
        let same = |key: &'static str| {
            let wanted = item.get(key)?.as_str()?.to_owned();
            let is_it = move |node: &&Node| self.text(node, key).as_deref() == Some(&*wanted);
            let mut all = nodes.iter().filter(is_it);
            let first = all.next()?;
            all.next().is_none().then_some(first)
        };
        if item.get("name").is_some() {
            return same("name");
        }
        let is_unchanged = |node: &&Node| {
            let shown = serde_json::from_str::<Value>(self.source.written(node.span)).ok();
            shown.is_some_and(|mut shown| {
                hide(&mut shown, item);
                shown == *item
            })
        };
        same("url").or_else(|| nodes.get(index).filter(is_unchanged))
    }

    fn entries<'a>(&self, node: Option<&'a Node>) -> &'a [Entry] {
        match node.map(|node| &node.kind) {
            Some(Kind::Object(entries)) => entries,
            _ => &[],
        }
    }

    fn url(&self, node: &Node) -> Option<String> {
        self.text(node, "url")
    }

    fn text(&self, node: &Node, key: &str) -> Option<String> {
        let mut entries = self.entries(Some(node)).iter();
        let text = &entries.find(|entry| self.source.string(entry.key) == key)?.value;
        matches!(text.kind, Kind::Text).then(|| self.source.string(text.span).into_owned())
    }
}

/// Puts `***` wherever `like` has it.
fn hide(value: &mut Value, like: &Value) {
    match (value, like) {
        (value @ Value::String(_), Value::String(text)) if text == MASK => *value = MASK.into(),
        (Value::Object(members), Value::Object(like)) => {
            for (key, value) in members {
                like.get(key).into_iter().for_each(|like| hide(value, like));
            }
        }
        (Value::Array(items), Value::Array(like)) => {
            items.iter_mut().zip(like).for_each(|(item, like)| hide(item, like));
        }
        _ => {}
    }
}
