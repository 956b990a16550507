//! The fixed requests for embeddings and the fixed answers that every vendor's writer is reviewed over.
//!
//! It never grows by a case that shows nothing new for any vendor.

use serde_json::value::RawValue;

use onwards::protocol::conversation::Extra;
use onwards::protocol::embedding::{
    Embedded, Embedding, Form, Input, Piece, Task, Truncate, Vector,
};

/// Requests, by name.
pub(crate) fn requests() -> Vec<(&'static str, Embedding)> {
    let of = |piece| Input { parts: vec![piece], title: None };
    let image = of(Piece::Image("data:image/png;base64,iVBORw0KGgo=".to_owned()));
    let titled = Input { title: Some("A title".to_owned()), ..Input::of_text("Hello") };
    let extra = Extra { name: "new".to_owned(), value: RawValue::TRUE.to_owned() };
    vec![
        ("one", asks(&["Hello"])),
        ("many", Embedding { is_list: true, ..asks(&["Hello", "there"]) }),
        ("tokens", Embedding { inputs: vec![of(Piece::Tokens(vec![1, 2, 3]))], ..asks(&[]) }),
        ("image", Embedding { inputs: vec![image.clone()], ..asks(&[]) }),
        (
            "text_and_image",
            Embedding { is_list: true, inputs: vec![Input::of_text("Hello"), image], ..asks(&[]) },
        ),
        ("titled", Embedding { inputs: vec![titled], ..asks(&[]) }),
        ("dimensions", Embedding { dimensions: Some(256), ..asks(&["Hello"]) }),
        ("query", Embedding { task: Some(Task::Query), ..asks(&["Hello"]) }),
        ("question", Embedding { task: Some(Task::Question), ..asks(&["Hello"]) }),
        (
            "tasks_that_differ",
            Embedding { task: Some(Task::Query), tasks_differ: true, ..asks(&["Hello"]) },
        ),
        ("truncate_start", Embedding { truncate: Some(Truncate::Start), ..asks(&["Hello"]) }),
        ("truncate_never", Embedding { truncate: Some(Truncate::Never), ..asks(&["Hello"]) }),
        ("normalize_off", Embedding { normalize: Some(false), ..asks(&["Hello"]) }),
        ("base64", Embedding { forms: vec![Form::Base64], ..asks(&["Hello"]) }),
        (
            "int8_beside_floats",
            Embedding { forms: vec![Form::Float, Form::Compressed("int8")], ..asks(&["Hello"]) },
        ),
        (
            "user_and_extras",
            Embedding { user: Some("user-1".to_owned()), extras: vec![extra], ..asks(&["Hello"]) },
        ),
    ]
}

/// Answers, by name, each with what was asked for.
pub(crate) fn answers() -> Vec<(&'static str, Embedding, Embedded)> {
    let written = |text: &str| {
        Vector::Written(RawValue::from_string(text.to_owned()).expect("the text is JSON"))
    };
    let counted = |vectors| Embedded {
        id: Some("up_1".to_owned()),
        tokens: Some(7),
        ..Embedded::of(Form::Float, vectors)
    };
    let many = || Embedding { is_list: true, ..asks(&["Hello", "there"]) };
    let base64 = Embedding { forms: vec![Form::Base64], ..asks(&["Hello"]) };
    let int8 = Embedding { forms: vec![Form::Compressed("int8")], ..asks(&["Hello"]) };
    let both = vec![written("[0.25,-1e-3]"), written("[1,2]")];
    let compressed = Embedded::of(Form::Compressed("int8"), vec![written("[1,-2]")]);
    let uncounted = Embedded::of(Form::Float, vec![written("[0.25]")]);
    vec![
        ("one", asks(&["Hello"]), counted(vec![written("[0.25,-1e-3]")])),
        ("many", many(), counted(both)),
        ("base64", base64, counted(vec![Vector::Floats(vec![0.25, -1.5])])),
        ("floats_from_base64", asks(&["Hello"]), counted(vec![Vector::Floats(vec![0.25])])),
        ("tokens_estimated", asks(&["Hello"]), uncounted),
        ("int8", int8.clone(), compressed),
        ("int8_that_did_not_come", int8, counted(vec![written("[1]")])),
    ]
}

fn asks(texts: &[&str]) -> Embedding {
    let inputs = texts.iter().map(|text| Input::of_text(*text)).collect();
    Embedding { model: "alias".to_owned(), inputs, ..Embedding::default() }
}
