//! Values that many providers share, kept once: a large table consists mostly of them.

use std::{collections::HashMap, sync::Arc};

use http::HeaderValue;

use crate::{
    failure::ErrorClasses,
    live::Number,
    table::{Origin, route::Route},
};

/// Shared values of the table being compiled.
#[derive(Default)]
pub(super) struct Shared {
    origins: HashMap<u32, Arc<Origin>>,
    names: HashMap<Box<str>, Named>,
    no_classes: Arc<ErrorClasses>,
    /// Routes by their digests.
    pub(crate) ways: HashMap<String, Way>,
}

/// A route, and a digest that no other route has and that reveals nothing.
#[derive(Clone, Default)]
pub(super) struct Way {
    pub(crate) route: Option<Arc<Route>>,
    pub(crate) digest: String,
}

/// A provider's name in headers.
#[derive(Clone)]
pub(super) struct Named {
    pub(crate) value: HeaderValue,
    pub(crate) served: HeaderValue,
}

impl Shared {
    /// The origin and its number.
    pub(super) fn origin(
        &mut self,
        id: Arc<Number>,
        make: impl FnOnce(Arc<Number>) -> Origin,
    ) -> Arc<Origin> {
        let entry = self.origins.entry(id.get());
        Arc::clone(entry.or_insert_with(|| Arc::new(make(id))))
    }

    /// A name as a header value; `None` if it is not valid there.
    pub(super) fn named(&mut self, name: &str) -> Option<Named> {
        if let Some(known) = self.names.get(name) {
            return Some(known.clone());
        }
        let value = HeaderValue::try_from(name).ok()?;
        let served = HeaderValue::try_from(format!("{name}=200")).ok()?;
        let named = Named { value, served };
        self.names.insert(name.into(), named.clone());
        Some(named)
    }

    /// A provider's own error codes; most have none.
    pub(super) fn classes(&self, own: ErrorClasses) -> Arc<ErrorClasses> {
        if own == ErrorClasses::default() { Arc::clone(&self.no_classes) } else { Arc::new(own) }
    }
}
