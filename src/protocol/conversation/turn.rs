//! One turn of a conversation.

use super::part::Part;

/// One turn.
#[derive(Debug, Clone)]
pub struct Turn {
    /// Who speaks.
    pub role: Role,
    /// The content. Tool results belong to a user's turn.
    pub parts: Vec<Part>,
}

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Instructions in the midst of the turns; those before them are `Conversation::system`.
    System,
    /// The user, and the tools.
    User,
    /// The model.
    Assistant,
}

impl Turn {
    /// A turn.
    pub fn new(role: Role, parts: Vec<Part>) -> Self {
        Self { role, parts }
    }

    /// Whether it is blank.
    pub(super) fn says_nothing(&self) -> bool {
        self.parts.iter().all(Part::is_blank)
    }
}
