//! Where a key of a pool stands: in the pool, or beside `pools`.
//!
//! It knows no key except `targets`, `pools` and `default`.

use super::{
    path::{Path, Segment},
    source::Source,
};

impl Source {
    /// The place of a pool key: beside `pools` if the pool itself does not have it, and in the
    /// default pool if it is not there either.
    pub(crate) fn settled(&self, path: &Path) -> Path {
        let [Segment::Key(targets), Segment::Key(alias), below @ ..] = path.segments() else {
            return path.clone();
        };
        if targets != "targets" {
            return path.clone();
        }
        let target = Path::root().key("targets").key(alias);
        let (here, elsewhere, key) = match below {
            [Segment::Key(pools), Segment::Key(class), key @ ..] if pools == "pools" => {
                (target.key("pools").key(class), target, key)
            }
            key => (target.clone(), target.key("pools").key("default"), key),
        };
        let Some(Segment::Key(first)) = key.first() else { return path.clone() };
        match !self.has(&here.key(first)) && self.has(&elsewhere.key(first)) {
            true => elsewhere.join(key),
            false => path.clone(),
        }
    }
}
