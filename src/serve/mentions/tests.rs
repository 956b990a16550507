//! Paths, queries and bodies that name models, in every spelling.

use super::*;

fn read(path: &str) -> (Option<String>, Vec<String>, Vec<String>) {
    let mut reader = Reader::new(Some("cheap".into()), None);
    reader.path(path, false).unwrap();
    let (alias, mentions) = reader.finish().unwrap();
    let spans = mentions.in_path().iter().map(|span| path[span.clone()].to_owned()).collect();
    let others = mentions.others().iter().map(|other| other.to_string()).collect();
    (alias.map(String::from), spans, others)
}

#[test]
fn paths_and_queries_name_models() {
    for path in [
        "/openai/deployments/cheap/chat/completions",
        "/v1/engines/ch%65ap/completions",
        "/openai/Deployments/cheap",
        "/openai/deploy%6dents/cheap/x",
        "/openai/deployments//cheap/x",
        "/v1/realtime?model=cheap",
        "/v1/realtime?a=b&mod%65l=che%61p",
        "/openai/realtime?deployment=cheap&x=y",
    ] {
        let (_, spans, others) = read(path);
        assert_eq!((spans.len(), others.len()), (1, 0), "{path}");
        assert_eq!(decoded(&spans[0]), "cheap");
    }
    for path in [
        "/openai/deployments/dear/chat/completions",
        "/openai/deployments/cheap/deployments/dear",
        "/openai/deployments;x/dear/x",
        "/openai/deployments/de%2561r/x",
        "/openai/deployments//dear/x",
        "/openai/deployments%2Fdear/x",
        "/openai%2Fdeployments/dear/x",
        "/ENGINES/dear/x",
        "/v1/realtime?model=cheap&model=dear",
        "/v1/realtime?model=cheap;model=dear",
        "/v1/realtime?MODEL=dear",
        "/v1/realtime?model[]=dear",
        "/v1/realtime?models=dear",
        "/v1/realtime?deploymentId=dear",
        "/v1/realtime?model%5B%5D=dear",
        "/v1/chat/completions?model=dear",
        "/v1/chat/completions?a=b;model.id=dear",
        "/v1/chat/completions?engine-id=dear",
        "/v1/chat/completions?fallback_models=dear",
    ] {
        let others: Vec<_> =
            read(path).2.into_iter().map(|it| it.replace("de%61r", "dear")).collect();
        assert_eq!(others, ["dear"], "{path}");
    }
    for path in ["/v1/files/deploy", "/v1/x?amodel=a&a=model", "/v1/fine_tuning/jobs"] {
        let (_, spans, others) = read(path);
        assert!(spans.is_empty() && others.is_empty(), "{path}");
    }
    let mut reader = Reader::new(None, None);
    assert!(reader.path("/v1/x?$httpMethod=DELETE", false).is_err());
    reader.path("/openai/deployments/dear/x?model=cheap", false).unwrap();
    let (alias, mentions) = reader.finish().unwrap();
    assert_eq!((alias.as_deref(), mentions.others().len()), (Some("dear"), 1));
}

#[test]
fn fields_of_any_path_name_further_models() {
    let read = |json: &str| {
        let body = Pieces::from(bytes::Bytes::from(json.to_owned()));
        let mut scanner = crate::body::Scanner::new();
        scanner.feed(json.as_bytes());
        let mut reader = Reader::new(Some("cheap".into()), None);
        reader.bodies(&body, &[], &scanner.finish().unwrap());
        let (_, mentions) = reader.finish().unwrap();
        (mentions.in_body().len(), mentions.others().join(" "))
    };
    for json in [
        r#"{"models":["cheap","dear"]}"#,
        r#"{"Models":["dear","cheap"]}"#,
        r#"{"fallbacks":["dear","cheap"]}"#,
        r#"{"fallbacks":[{"model":"dear"},{"model":"cheap"}]}"#,
        r#"{"fallbacks":[{"cheap":["dear","cheap"]}]}"#,
        r#"{"context_window_fallbacks":[{"cheap":["dear","cheap"]}]}"#,
        r#"{"plugins":[{"id":"fusion","model":"dear","analysis_models":["cheap"]}]}"#,
        r#"{"extra_body":{"model":"dear","models":["cheap"]}}"#,
        r#"{"providerOptions":{"gateway":{"models":["dear","cheap"]}}}"#,
        r#"{"model_id":"dear","fallback_model":"cheap"}"#,
        r#"{"modelId":"dear","fallbackModels":["cheap"]}"#,
        r#"{"extraBody":{"model":"dear"},"modelList":[{"model_name":"cheap"}]}"#,
        r#"{"models":"dear","fallbacks":[{"x":["cheap"]}]}"#,
        r#"{"models":[{"model":"dear"},{"id":"cheap"}]}"#,
        r#"{"engine":"dear","deployment-id":"cheap"}"#,
        r#"{"tools":[{"type":"image_generation","model":"dear"},{"model":"cheap"}]}"#,
        r#"{"tools":[{"type":"advisor_20260301","mod\u0065l":"dear"}, {"model":"cheap"}]}"#,
        r#"{"TOOLS" : [{"parameters":{"model":"dear","models":["cheap"]}}]}"#,
        r#"{"tools":[{"model":"dear"}],"tools":[{"model":"cheap"}]}"#,
    ] {
        assert_eq!(read(json), (1, "dear".to_owned()), "{json}");
    }
    for name in crate::body::further::ONE {
        let json = format!(r#"{{"{name}":"dear","models":"cheap"}}"#);
        assert_eq!(read(&json), (1, "dear".to_owned()), "{json}");
    }
    for json in [
        r#"{"tools":[{"type":"function","function":{"name":"model","parameters":{"properties":{"model":{"type":"string"}},"required":["model"]}}}]}"#,
        r#"{"tools":[{"name":"f","input_schema":{"properties":{"models":{"enum":["dear"]}}}}]}"#,
        r#"{"messages":[{"model":"dear","tools":[{"model":"dear"}],"models":["dear"]}]}"#,
        r#"{"fallback":"dear","metadata":{"model":"dear"},"tools":null}"#,
    ] {
        assert_eq!(read(json), (0, String::new()), "{json}");
    }
    let many = format!(r#"{{"models":[{}"cheap"]}}"#, r#""cheap","#.repeat(MOST_PLACES));
    let body = Pieces::from(bytes::Bytes::from(many));
    let mut reader = Reader::new(Some("cheap".into()), None);
    reader.body(&body, FURTHER);
    assert!(reader.finish().is_err());
}

#[test]
fn fields_name_models_with_and_without_their_collection() {
    let read = |path: &str, json: &str| {
        let mut reader = Reader::new(Some("cheap".into()), None);
        let surface = Surface::of(path, true, false);
        reader.body(&Pieces::from(bytes::Bytes::from(json.to_owned())), surface.nested);
        let (_, mentions) = reader.finish().unwrap();
        let spans = mentions.in_body().iter().map(|it| &json[it.start as usize..it.end as usize]);
        (spans.collect::<Vec<_>>().join(" "), mentions.others().join(" "))
    };
    for (path, json, spans, others) in [
        ("/v1/realtime/client_secrets", r#"{"session":{"model":"cheap"}}"#, "cheap", ""),
        ("/v1/realtime/sessions", r#"{"Session":{"mod\u0065l":"dear"}}"#, "", "dear"),
        (
            "/v1/messages/batches",
            r#"{"requests":[{"params":{"model":"cheap"}},{"params":{"model":"dear"}}]}"#,
            "cheap",
            "dear",
        ),
        ("/async-invoke", r#"{"modelId":"arn:aws:bedrock:r::foundation-model/dear"}"#, "", "dear"),
        ("/async-invoke", r#"{"modelId":"ch\u0065ap"}"#, "ch\\u0065ap", ""),
        ("/v1beta/cachedContents", r#"{"model":"models/cheap"}"#, "cheap", ""),
        (
            "/v1beta/models/cheap:batchGenerateContent",
            r#"{"batch":{"input_config":{"requests":{"requests":[{"request":{"model":"models/dear"}}]}}}}"#,
            "",
            "dear",
        ),
        (
            "/v1beta/models/cheap:batchEmbedContents",
            r#"{"requests":[{"model":"models/dear"}]}"#,
            "",
            "dear",
        ),
        ("/v1/evals", r#"{"testing_criteria":[{"model":"dear"}]}"#, "", "dear"),
        (
            "/v1/fine_tuning/jobs",
            r#"{"model":"x","method":{"reinforcement":{"grader":{"model":"dear"}}}}"#,
            "",
            "dear",
        ),
    ] {
        assert_eq!(read(path, json), (spans.to_owned(), others.to_owned()), "{path} {json}");
    }
}

#[test]
fn names_in_a_query_are_read_in_every_spelling_and_in_one_pass() {
    for name in ["model", "Model-ID", "model_name", "deploymentId", "models[]", "%6dodel"] {
        assert!(may_name_model(decoded(name).as_bytes()), "{name}");
    }
    // As deep as a head is long: quadratic, this took seconds.
    let deep = format!("%{}41", "25".repeat(1 << 20));
    let began = std::time::Instant::now();
    assert_eq!(decoded(&deep), "A");
    assert!(began.elapsed().as_secs() < 5);
}
