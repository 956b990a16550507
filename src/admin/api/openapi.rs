//! `GET /admin/openapi.json`: the OpenAPI document, which is `docs/openapi.json`; tests compare it
//! with the code.

use super::{answered::Answered, asked::Asked, denied::Denied};

/// The document.
pub(super) fn read(asked: &Asked) -> Result<Answered, Denied> {
    asked.only(&[])?;
    Ok(Answered::text(DOCUMENT.to_owned()))
}

const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{super::routes::ROUTES, DOCUMENT};

    fn document() -> Value {
        serde_json::from_str(DOCUMENT).unwrap()
    }

    #[test]
    fn every_route_is_described_and_none_else() {
        let document = document();
        assert_eq!(document["openapi"], "3.1.0");
        let described: BTreeSet<(String, String)> = document["paths"]
            .as_object()
            .unwrap()
            .iter()
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
            })
            .collect();
        let routed: BTreeSet<(String, String)> = ROUTES
            .iter()
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        assert_eq!(described, routed);
    }

    #[test]
    fn every_name_in_a_path_and_every_reference_is_there() {
        let document = document();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let none = Vec::new();
                let parameters = operation["parameters"].as_array().unwrap_or(&none);
                let told: Vec<&str> = parameters
                    .iter()
                    .filter(|it| it["in"] == "path")
                    .map(|it| it["name"].as_str().unwrap())
                    .collect();
                let named: Vec<&str> =
                    path.split('{').skip(1).map(|it| it.split('}').next().unwrap()).collect();
                assert_eq!(told, named, "{method} {path}");
                assert!(operation["summary"].is_string(), "{method} {path}");
            }
        }
        for (_, reference) in DOCUMENT
            .match_indices("\"$ref\": \"#")
            .map(|(at, it)| it.len() + at)
            .map(|at| (at, &DOCUMENT[at..]))
        {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn every_code_is_told() {
        let source = include_str!("denied.rs");
        let told = document()["components"]["schemas"]["Refused"].to_string();
        let codes = source.split("S::").skip(1).filter_map(|rest| rest.split('"').nth(1));
        let codes: BTreeSet<&str> =
            codes.filter(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '_')).collect();
        assert!(codes.len() > 12, "{codes:?}");
        for code in codes.iter().filter(|code| **code != "internal_error") {
            assert!(told.contains(&format!("\"{code}\"")), "{code}");
        }
    }
}
