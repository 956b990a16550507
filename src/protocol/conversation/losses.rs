//! Fields that a provider's protocol cannot express: dropped and named, or refused. The writers
//! decide what is lost.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::protocol::misfit::Refused;
pub use crate::words::Lossy;

/// The lost fields of one written request.
#[derive(Debug)]
pub(crate) struct Losses {
    policy: Lossy,
    /// In order, with repetitions.
    names: Vec<String>,
}

impl Losses {
    /// Nothing is lost yet.
    pub(crate) fn new(policy: Lossy) -> Self {
        Self { policy, names: Vec::new() }
    }

    /// This field is lost. Names are the neutral form's, which are OpenAI's where it has one.
    ///
    /// # Errors
    /// The field, when losing is refused.
    pub(crate) fn lose<'a>(&mut self, field: impl Into<Cow<'a, str>>) -> Result<(), Refused> {
        let field = field.into().into_owned();
        match self.policy {
            Lossy::Refuse => return Err(Refused { field }),
            Lossy::Warn => self.names.push(field),
        }
        Ok(())
    }

    /// The field is lost if it is there.
    ///
    /// # Errors
    /// As [`Losses::lose`].
    pub(crate) fn lose_if(&mut self, there: bool, field: &str) -> Result<(), Refused> {
        if there { self.lose(field) } else { Ok(()) }
    }

    /// The names, each once, in the order of their loss.
    pub(crate) fn into_names(mut self) -> Vec<String> {
        let mut known = HashSet::new();
        self.names.retain(|name| known.insert(name.clone()));
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_named_once_or_refused() {
        let mut losses = Losses::new(Lossy::Warn);
        losses.lose("seed").unwrap();
        losses.lose_if(false, "top_k").unwrap();
        losses.lose_if(true, "seed").unwrap();
        assert_eq!(losses.into_names(), ["seed"]);
        let refused = Losses::new(Lossy::Refuse).lose("seed").unwrap_err();
        assert_eq!(refused.field, "seed");
    }
}
