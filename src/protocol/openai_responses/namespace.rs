//! Tools in a namespace, such as those of Codex's MCP servers. For other protocols the tool's name
//! contains its namespace, since the client does not recognize a call without it.

/// The name that a tool of that namespace has in a conversation.
pub(super) fn mark(name: &str, namespace: Option<&str>) -> String {
    match namespace.filter(|namespace| !namespace.is_empty()) {
        Some(namespace) => format!("{name}{MARK}{namespace}"),
        None => name.to_owned(),
    }
}

/// The client's name of a tool, and its namespace if it is in one.
pub(super) fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once(MARK) {
        Some((name, namespace)) => (name, Some(namespace)),
        None => (name, None),
    }
}

/// OpenAI's names do not hold it.
const MARK: char = '@';

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_name_in_a_namespace_reads_back() {
        for (name, namespace) in [("search", Some("mcp__docs__")), ("shell", None)] {
            assert_eq!(split(&mark(name, namespace)), (name, namespace));
        }
        assert_eq!(mark("shell", Some("")), "shell");
    }
}
