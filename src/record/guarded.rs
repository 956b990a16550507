//! The matches of guardrails in a request and its answer. No text is kept.

use std::sync::Arc;

use crate::guard::{Rule, stream::Watch};

/// A guardrail that has found something.
#[derive(Debug, Clone)]
pub(crate) struct Guarded {
    /// Which one.
    pub(crate) rule: Arc<Rule>,
    /// The action.
    pub(crate) did: &'static str,
}

/// All of them.
#[derive(Debug, Default)]
pub(crate) struct GuardedBy {
    all: Vec<Guarded>,
    /// The inspector of a running stream.
    watch: Option<Arc<Watch>>,
}

impl GuardedBy {
    /// A guardrail has found something.
    pub(crate) fn found(&mut self, rule: &Arc<Rule>, did: &'static str) {
        let again = |it: &Guarded| Arc::ptr_eq(&it.rule, rule) && it.did == did;
        if !self.all.iter().any(again) {
            self.all.push(Guarded { rule: Arc::clone(rule), did });
        }
    }

    /// A stream is looked at while it goes on.
    pub(crate) fn watches(&mut self, watch: Arc<Watch>) {
        self.watch = Some(watch);
    }

    /// Nothing more will be found.
    pub(super) fn finish(&mut self) {
        if let Some(watch) = self.watch.take() {
            watch.hits().for_each(|rule| self.found(rule, rule.action.name()));
        }
    }

    /// Each, in its order.
    pub(super) fn all(&self) -> &[Guarded] {
        &self.all
    }
}
