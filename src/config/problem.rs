//! A problem in a file and its place.
//!
//! Neither its message nor its source line holds a value that could be a secret.

use std::fmt;

use serde_json::{Value, json};

use super::excerpt::Excerpt;
use super::path::{Path, shown};
use crate::secret::names::label;

/// One problem in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file's name as it was passed.
    pub(crate) file: String,
    /// The line, from 1; 0 if the file could not be read.
    pub line: usize,
    /// The column in characters, from 1; 0 if the file could not be read.
    pub(crate) column: usize,
    /// The place in the configuration.
    pub(crate) path: Path,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    pub(super) excerpt: Option<Excerpt>,
}

/// All problems of a file in the order of their places. Displayed one per line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problem {
    pub(crate) fn without_place(file: &str, message: String) -> Self {
        Self {
            file: file.to_owned(),
            line: 0,
            column: 0,
            path: Path::root(),
            message,
            hint: None,
            excerpt: None,
        }
    }

    /// The problem as JSON. Except for names, it holds no value from the file.
    pub(crate) fn told(&self) -> Value {
        json!({
            "file": shown(&self.file), "line": self.line, "column": self.column,
            "path": self.path.to_string(), "message": self.message, "hint": self.hint,
        })
    }
}

impl Problems {
    /// The problems for a terminal: each with its masked source line and a caret.
    pub fn rendered(&self) -> String {
        let mut out = String::new();
        for problem in &self.0 {
            out.push_str(&format!("{problem}\n"));
            if let Some(excerpt) = &problem.excerpt {
                out.push_str(&excerpt.rendered(problem.line));
            }
        }
        out
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", label(&self.file))?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        if !self.path.segments().is_empty() {
            write!(f, " {}:", self.path)?;
        }
        write!(f, " {}", self.message)?;
        match &self.hint {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.0.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl From<Vec<Problem>> for Problems {
    fn from(mut problems: Vec<Problem>) -> Self {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Self(problems)
    }
}
