//! The list of models and a single model, in OpenAI's form. The caller decides which models are
//! listed.

use serde::Serialize;

use crate::protocol::codec::{Model, json};

/// Writes the list of models.
pub(in crate::protocol) fn write_models(models: &[Model<'_>]) -> Vec<u8> {
    let data: Vec<_> = models.iter().map(ModelOut::of).collect();
    json(&Models { object: "list", data })
}

/// Writes one model.
pub(in crate::protocol) fn write_model(model: &Model<'_>) -> Vec<u8> {
    json(&ModelOut::of(model))
}

#[derive(Serialize)]
struct Models<'a> {
    object: &'static str,
    data: Vec<ModelOut<'a>>,
}

#[derive(Serialize)]
struct ModelOut<'a> {
    id: &'a str,
    object: &'static str,
    created: u64,
    owned_by: &'a str,
}

impl<'a> ModelOut<'a> {
    fn of(model: &Model<'a>) -> Self {
        let Model { id, created, owned_by } = *model;
        Self { id, object: "model", created, owned_by }
    }
}
