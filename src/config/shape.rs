//! The schema in a form that is fast to walk: what each place of the file may hold.
//!
//! It is compiled from [`schema()`] once and adds no rules.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::schema::schema;

/// What a place may hold.
#[derive(Debug)]
pub(super) enum Shape {
    Any,
    Null,
    Bool,
    Text {
        secret: bool,
        shortest: u64,
    },
    Number(Bounds),
    /// One of these words.
    Word(Vec<String>),
    List {
        item: Arc<Shape>,
        fewest: u64,
    },
    /// An object with any keys, each of the same shape.
    Map(Arc<Shape>),
    Object(Object),
    OneOf(Vec<Arc<Shape>>),
}

/// An object with known keys.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) properties: HashMap<String, Arc<Shape>>,
    pub(super) required: Vec<String>,
    /// The shape of all other keys, if they are allowed.
    pub(super) others: Option<Arc<Shape>>,
    /// The name of this spelling, if there are several.
    pub(super) title: Option<String>,
}

/// A number's range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) whole: bool,
    pub(super) above: Option<f64>,
    pub(super) least: Option<f64>,
    pub(super) most: Option<f64>,
}

/// The shape of the whole file.
pub(super) fn root() -> &'static Shape {
    &SHAPES.root
}

/// Whether any object of the file knows this key.
pub(super) fn knows(key: &str) -> bool {
    SHAPES.keys.contains(key)
}

/// Whether a key of a target belongs to its pool in every spelling.
pub(crate) fn is_pool_key(key: &str) -> bool {
    let of = |shape: &Shape, key: &str| match shape {
        Shape::Object(object) => object.properties.get(key).map(Arc::clone),
        _ => None,
    };
    let pool = root().alternatives().into_iter().find_map(|shape| of(shape, "defaults"));
    let is_known = |shape: &&Shape| of(shape, key).is_some();
    OF_THE_TARGET.contains(&key)
        || pool.is_some_and(|pool| pool.alternatives().iter().any(is_known))
}

/// Whether the value of this key is a credential at every place.
pub(super) fn holds_secret(key: &str) -> bool {
    SHAPES.secrets.contains(key)
}

impl Shape {
    fn is_secret(&self) -> bool {
        self.alternatives().into_iter().any(|shape| match shape {
            Self::Text { secret, .. } => *secret,
            Self::List { item, .. } => item.is_secret(),
            _ => false,
        })
    }

    /// The alternatives of a choice, or this shape alone.
    pub(super) fn alternatives(&self) -> Vec<&Self> {
        match self {
            Self::OneOf(shapes) => shapes.iter().flat_map(|shape| shape.alternatives()).collect(),
            shape => vec![shape],
        }
    }
}

impl Object {
    pub(super) fn knows(&self, key: &str) -> bool {
        self.properties.contains_key(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.properties.keys().map(String::as_str)
    }

    /// The value of `type` in this variant of a tagged choice.
    pub(super) fn tag(&self) -> Option<&str> {
        match self.properties.get("type").map(|shape| &**shape) {
            Some(Shape::Word(words)) if words.len() == 1 => words.first().map(String::as_str),
            _ => None,
        }
    }
}

/// Keys of a target beside those of its pool.
const OF_THE_TARGET: [&str; 2] = ["default", "paths"];

struct Shapes {
    root: Shape,
    keys: HashSet<String>,
    secrets: HashSet<String>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| {
    let schema = schema();
    let mut compiler = Compiler {
        definitions: schema.get("$defs").and_then(Value::as_object),
        named: HashMap::new(),
        keys: HashSet::new(),
        secrets: HashSet::new(),
    };
    let root = compiler.shape(&schema);
    Shapes { root, keys: compiler.keys, secrets: compiler.secrets }
});

struct Compiler<'a> {
    definitions: Option<&'a Map<String, Value>>,
    named: HashMap<String, Arc<Shape>>,
    keys: HashSet<String>,
    secrets: HashSet<String>,
}

impl Compiler<'_> {
    fn shape(&mut self, schema: &Value) -> Shape {
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            return Shape::OneOf(vec![self.named(name)]);
        }
        if let Some(word) = schema.get("const").and_then(Value::as_str) {
            return Shape::Word(vec![word.to_owned()]);
        }
        for several in ["anyOf", "oneOf"] {
            if let Some(several) = schema.get(several).and_then(Value::as_array) {
                return self.one_of(several);
            }
        }
        match schema.get("type") {
            Some(Value::Array(kinds)) => Shape::OneOf(
                kinds.iter().map(|kind| Arc::new(self.of_kind(kind.as_str(), schema))).collect(),
            ),
            kind => self.of_kind(kind.and_then(Value::as_str), schema),
        }
    }

    fn of_kind(&mut self, kind: Option<&str>, schema: &Value) -> Shape {
        let count = |key: &str| schema.get(key).and_then(Value::as_u64).unwrap_or(0);
        match kind {
            Some("null") => Shape::Null,
            Some("boolean") => Shape::Bool,
            Some("string") => Shape::Text {
                secret: schema.get("writeOnly") == Some(&Value::Bool(true)),
                shortest: count("minLength"),
            },
            Some("integer") => Shape::Number(bounds(schema, true)),
            Some("number") => Shape::Number(bounds(schema, false)),
            Some("array") => Shape::List {
                item: Arc::new(self.shape(schema.get("items").unwrap_or(&Value::Null))),
                fewest: count("minItems"),
            },
            Some("object") => self.object(schema),
            _ => Shape::Any,
        }
    }

    fn object(&mut self, schema: &Value) -> Shape {
        let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
            let entry = schema.get("additionalProperties").unwrap_or(&Value::Null);
            return Shape::Map(Arc::new(self.shape(entry)));
        };
        let properties = properties
            .iter()
            .map(|(key, schema)| {
                self.keys.insert(key.clone());
                let shape = Arc::new(self.shape(schema));
                if shape.is_secret() {
                    self.secrets.insert(key.clone());
                }
                (key.clone(), shape)
            })
            .collect();
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        let others = schema.get("additionalProperties").filter(|others| others.is_object());
        let others = others.map(|others| Arc::new(self.shape(others)));
        Shape::Object(Object {
            properties,
            others,
            required: required.filter_map(Value::as_str).map(str::to_owned).collect(),
            title: schema.get("title").and_then(Value::as_str).map(str::to_owned),
        })
    }

    fn one_of(&mut self, schemas: &[Value]) -> Shape {
        let words: Option<Vec<String>> = schemas
            .iter()
            .map(|schema| schema.get("const").and_then(Value::as_str).map(str::to_owned))
            .collect();
        match words {
            Some(words) => Shape::Word(words),
            None => {
                Shape::OneOf(schemas.iter().map(|schema| Arc::new(self.shape(schema))).collect())
            }
        }
    }

    /// Compiles a definition once; the definitions have no cycles.
    fn named(&mut self, reference: &str) -> Arc<Shape> {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        if let Some(shape) = self.named.get(name) {
            return Arc::clone(shape);
        }
        let schema = self.definitions.and_then(|definitions| definitions.get(name));
        let shape = Arc::new(schema.map_or(Shape::Any, |schema| self.shape(schema)));
        self.named.insert(name.to_owned(), Arc::clone(&shape));
        shape
    }
}

fn bounds(schema: &Value, whole: bool) -> Bounds {
    let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
    Bounds {
        whole,
        above: bound("exclusiveMinimum"),
        least: bound("minimum"),
        most: bound("maximum"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::schema::schema;

    #[test]
    fn every_credential_is_known_to_be_one() {
        for key in ["key", "keys", "global_keys", "onwards_key", "secret_access_key"] {
            assert!(super::holds_secret(key), "{key}");
        }
        assert!(!super::holds_secret("weight"));
    }

    /// A keyword that the compiler does not read would be a rule that the loader does not hold.
    #[test]
    fn the_schema_uses_only_keywords_that_are_compiled() {
        const READ: &[&str] = &[
            "$ref",
            "const",
            "anyOf",
            "oneOf",
            "type",
            "minLength",
            "writeOnly",
            "items",
            "minItems",
            "properties",
            "additionalProperties",
            "required",
            "exclusiveMinimum",
            "minimum",
            "maximum",
            "$defs",
            // Annotations.
            "$schema",
            "title",
            "description",
            "default",
        ];
        fn walk(schema: &Value) {
            let Value::Object(schema) = schema else { return };
            for (keyword, value) in schema {
                assert!(READ.contains(&keyword.as_str()), "{keyword}: {value}");
                match keyword.as_str() {
                    "properties" | "$defs" => value.as_object().unwrap().values().for_each(walk),
                    "anyOf" | "oneOf" => value.as_array().unwrap().iter().for_each(walk),
                    "items" | "additionalProperties" => walk(value),
                    _ => {}
                }
            }
        }
        walk(&schema());
    }
}
