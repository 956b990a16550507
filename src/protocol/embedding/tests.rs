//! Vectors and their base64, and what the neutral form promises of calls and answers.

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::*;
use crate::protocol::conversation::Lossy;

fn read(text: &str) -> Option<Vector> {
    Vector::read(&RawValue::from_string(text.to_owned()).unwrap())
}

fn written(vector: &Vector) -> String {
    serde_json::to_string(vector).unwrap()
}

#[test]
fn numbers_stay_as_they_were_written() {
    for text in ["[0.1, -2e-3,3]", "[ 0.12345678901234567890 ]", "[-128,127]"] {
        assert_eq!(written(&read(text).unwrap()), text);
    }
}

#[test]
fn what_is_no_list_of_numbers_is_no_vector() {
    for text in ["[]", "[ ]", "[[1]]", "[1,null]", "[1,\"2\"]", "[true]", "{}", "null", "1"] {
        assert!(read(text).is_none(), "{text}");
    }
    // Not base64, not a multiple of four bytes, nothing, not a number.
    for text in ["\"?\"", "\"AAA=\"", "\"\"", "\"AADAfw==\"", "\"AACAfw==\""] {
        assert!(read(text).is_none(), "{text}");
    }
}

#[test]
fn base64_is_floats_with_the_least_byte_first() {
    let vector = read("[1, -0.5, 1.5]").unwrap();
    assert_eq!(vector.to_base64().unwrap(), "AACAPwAAAL8AAMA/");
    let vector = read("\"AACAPwAAAL8AAMA/\"").unwrap();
    assert_eq!(written(&vector), "[1.0,-0.5,1.5]");
    // Some leave the padding out.
    assert_eq!(written(&read("\"AACAPw\"").unwrap()), "[1.0]");
    // Too large for 32 bits.
    assert!(read("[1e39]").unwrap().to_base64().is_none());
}

proptest! {
    #[test]
    fn vector_in_base64_reads_back(floats in prop::collection::vec(-1e3_f32..1e3, 1..50)) {
        let encoded = Vector::Floats(floats.clone()).to_base64().unwrap();
        let Some(Vector::Floats(again)) = Vector::from_base64(&encoded) else {
            return Err(TestCaseError::fail("no floats"));
        };
        prop_assert_eq!(&again, &floats);
        // Through JSON, too: each float is written so that it reads back as itself.
        let through = read(&written(&Vector::Floats(floats))).unwrap();
        prop_assert_eq!(through.to_base64().unwrap(), encoded);
    }

    #[test]
    fn calls_hold_every_input_once_and_in_order(inputs in 1_usize..600, most in 1_usize..120) {
        let numbers: Vec<usize> = (0..inputs).collect();
        let cut = Calls::cut(String::new(), &numbers, most, Losses::new(Lossy::Warn), |some| {
            some.iter().flat_map(|number| number.to_le_bytes()).collect()
        });
        if inputs.div_ceil(most) > 256 {
            prop_assert_eq!(cut.unwrap_err().field, "input");
            return Ok(());
        }
        let calls = cut.unwrap().calls;
        prop_assert!(calls.iter().all(|call| (1..=most).contains(&call.inputs)));
        prop_assert_eq!(calls.iter().map(|call| call.inputs).sum::<usize>(), inputs);
        let sent = calls.iter().flat_map(|call| call.body.chunks(8));
        prop_assert!(sent.eq(numbers.iter().map(|number| number.to_le_bytes())));
    }
}

#[test]
fn answers_are_joined_in_order_and_counted() {
    let one = |text: &str, tokens| Embedded {
        tokens,
        ..Embedded::of(Form::Float, vec![read(text).unwrap()])
    };
    let mut all = one("[1]", Some(3));
    all.append(one("[2]", Some(4)));
    assert_eq!(all.floats().unwrap().iter().map(written).collect::<Vec<_>>(), ["[1]", "[2]"]);
    assert_eq!(all.tokens, Some(7));
    all.append(one("[3]", None));
    assert_eq!(all.tokens, None);
    assert!(all.clone().counted(3).is_ok());
    for wrong in [2, 4] {
        assert!(all.clone().counted(wrong).is_err());
    }
    assert!(Embedded::default().counted(0).is_err());
}

#[test]
fn tokens_that_nobody_counted_are_estimated() {
    let input = |part| Input { parts: vec![part], title: None };
    let asked = Embedding {
        inputs: vec![
            input(Piece::Text("eight by".into())),
            input(Piece::Tokens(vec![1, 2, 3])),
            input(Piece::Image(String::new())),
        ],
        ..Embedding::default()
    };
    assert_eq!(Embedded::default().tokens_of(&asked), 2 + 3 + 1_600);
    assert_eq!(Embedded { tokens: Some(5), ..Embedded::default() }.tokens_of(&asked), 5);
}
