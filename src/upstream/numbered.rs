//! Values by the registry's numbers, kept as long as something holds the number: connections for an
//! origin, a credential for an identity.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, Weak},
};

use super::locked::locked;
use crate::live::Number;

/// One value for each number.
#[derive(Debug)]
pub(super) struct Numbered<T>(Mutex<Kept<T>>);

#[derive(Debug)]
struct Kept<T> {
    /// A tree: with few entries it is one short row, faster than hashing.
    by_number: BTreeMap<u32, (Weak<Number>, Arc<T>)>,
    /// The size at which entries whose number nothing holds are removed.
    most: usize,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self(Mutex::new(Kept { by_number: BTreeMap::new(), most: FEW }))
    }
}

impl<T: Default> Numbered<T> {
    /// The value for this number.
    pub(super) fn of(&self, number: &Arc<Number>) -> Arc<T> {
        let mut kept = locked(&self.0);
        if let Some((_, it)) = kept.by_number.get(&number.get()) {
            return Arc::clone(it);
        }
        if kept.by_number.len() >= kept.most {
            kept.by_number.retain(|_, (number, _)| number.strong_count() > 0);
            kept.most = FEW.max(2 * kept.by_number.len());
        }
        let it = Arc::<T>::default();
        kept.by_number.insert(number.get(), (Arc::downgrade(number), Arc::clone(&it)));
        it
    }

    /// All values.
    pub(super) fn all(&self) -> Vec<Arc<T>> {
        locked(&self.0).by_number.values().map(|(_, it)| Arc::clone(it)).collect()
    }
}

const FEW: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::{Meters, Registry};

    #[test]
    fn what_is_kept_goes_once_nothing_holds_its_number() {
        let registry = Registry::new(Meters::new("test").unwrap());
        let kept = Numbered::<()>::default();
        let stays = registry.draft().origin("stays");
        let first = kept.of(&stays);
        for nth in 0..1_000 {
            let number = registry.draft().origin(&nth.to_string());
            kept.of(&number);
            drop(number);
            registry.sweep();
        }
        assert!(kept.all().len() <= 2 * FEW, "{}", kept.all().len());
        assert!(Arc::ptr_eq(&first, &kept.of(&stays)));
    }
}
