//! The neutral form as text for reviewers: a line for each thing that is said, and no line for what
//! is absent.
//!
//! It never leaves a field out: each type is taken apart whole, so a new field does not compile here
//! until it has its place.

use std::fmt::{Debug, Display, Write};

use onwards::protocol::conversation::{
    CacheMark, Content, Conversation, Delivery, Event, Extra, Failure, Media, OutputFormat, Part,
    Reply, Sampling, Signature, Source, Tool, ToolCall, ToolResult, Turn, Usage,
};
use onwards::protocol::embedding::{Embedded, Embedding, Input, Vector};

/// A request.
pub(crate) fn conversation(of: &Conversation) -> String {
    let Conversation {
        model,
        system,
        turns,
        tools,
        search,
        tool_choice,
        parallel_tool_calls,
        sampling,
        max_tokens,
        stop,
        format,
        thinking,
        user,
        cache,
        delivery,
        include_usage,
        extras,
        extra_places: _,
    } = of;
    let mut out = Lines(String::new());
    out.line("model", model);
    if *delivery != Delivery::Whole || *include_usage {
        let usage = if *include_usage { ", with usage" } else { "" };
        out.line("delivery", format!("{delivery:?}{usage}"));
    }
    if let Some(mark) = cache {
        out.line("cache", ttl(mark));
    }
    for shown in system {
        out.line("system", part(shown));
    }
    for Turn { role, parts } in turns {
        out.line(&format!("{role:?}").to_lowercase(), "");
        parts.iter().for_each(|shown| out.line(" ", part(shown)));
    }
    if let Some(search) = search {
        out.line("search", format!("{search:?}"));
    }
    for Tool { name, description, schema, strict, cache } in tools {
        out.line("tool", name);
        out.some("  description", description);
        if let Some(schema) = schema {
            out.line("  schema", compact(schema.get()));
        }
        out.some("  strict", strict);
        out.some("  cache", &cache.as_ref().map(ttl));
    }
    out.some("tool_choice", tool_choice);
    out.some("parallel_tool_calls", parallel_tool_calls);
    let Sampling { temperature, top_p, top_k, seed, presence_penalty, frequency_penalty } =
        sampling;
    out.some("temperature", temperature);
    out.some("top_p", top_p);
    out.some("top_k", top_k);
    out.some("seed", seed);
    out.some("presence_penalty", presence_penalty);
    out.some("frequency_penalty", frequency_penalty);
    out.some("max_tokens", max_tokens);
    stop.iter().for_each(|text| out.line("stop", format!("{text:?}")));
    match format {
        None => {}
        Some(OutputFormat::JsonObject) => out.line("format", "JsonObject"),
        Some(OutputFormat::JsonSchema { name, description, schema, strict }) => {
            out.line("format", compact(schema.get()));
            out.some("  name", name);
            out.some("  description", description);
            out.some("  strict", strict);
        }
    }
    out.some("thinking", thinking);
    out.some("user", user);
    for Extra { name, value } in extras {
        out.line("extra", format!("{name} {}", compact(value.get())));
    }
    out.0
}

/// A whole answer.
pub(crate) fn reply(of: &Reply) -> String {
    let Reply { id, model, parts, finish, stop_sequence, usage } = of;
    let mut out = Lines(String::new());
    out.some("id", id);
    out.some("model", model);
    parts.iter().for_each(|shown| out.line("part", part(shown)));
    out.line("finish", format!("{finish:?}"));
    out.some("stop_sequence", stop_sequence);
    out.line("usage", used(usage));
    out.0
}

/// A stream.
pub(crate) fn events(of: &[Event]) -> String {
    let mut out = Lines(String::new());
    for event in of {
        match event {
            Event::Start { id, model } => {
                out.line("start", "");
                out.some("  id", id);
                out.some("  model", model);
            }
            Event::Text(text) => out.line("text", format!("{text:?}")),
            Event::Reasoning(text) => out.line("reasoning", format!("{text:?}")),
            Event::ReasoningSignature(proof) => out.line("  proof", signature(proof)),
            Event::Redacted(proof) => out.line("redacted", signature(proof)),
            Event::Refusal(text) => out.line("refusal", format!("{text:?}")),
            Event::ToolCallStart { index, id, name, signature: proof } => {
                out.line("call", format!("{index} {id} {name}"));
                out.some("  proof", &proof.as_ref().map(signature));
            }
            Event::ToolCallDelta { index, json } => {
                out.line("  arguments", format!("{index} {json:?}"));
            }
            Event::PartEnd => out.line("end", "of the part"),
            Event::Finish { reason, stop_sequence } => {
                out.line("finish", format!("{reason:?}"));
                out.some("  stop_sequence", stop_sequence);
            }
            Event::Usage(usage) => out.line("usage", used(usage)),
            Event::Ping => out.line("ping", ""),
            Event::Done => out.line("done", ""),
            Event::Failure(shown) => out.0.push_str(&failure(shown)),
        }
    }
    out.0
}

/// A request for embeddings.
pub(crate) fn embedding(of: &Embedding) -> String {
    let Embedding {
        model,
        inputs,
        is_list,
        dimensions,
        task,
        tasks_differ,
        truncate,
        normalize,
        forms,
        user,
        extras,
    } = of;
    let mut out = Lines(String::new());
    out.line("model", model);
    for Input { parts, title } in inputs {
        out.line("input", format!("{parts:?}"));
        out.some("  title", title);
    }
    out.line("is_list", is_list);
    out.some("dimensions", dimensions);
    out.some("task", task);
    out.some("tasks_differ", &tasks_differ.then_some(true));
    out.some("truncate", truncate);
    out.some("normalize", normalize);
    forms.iter().for_each(|form| out.line("form", format!("{form:?}")));
    out.some("user", user);
    for Extra { name, value } in extras {
        out.line("extra", format!("{name} {}", compact(value.get())));
    }
    out.0
}

/// A provider's vectors.
pub(crate) fn embedded(of: &Embedded) -> String {
    let Embedded { id, vectors, tokens } = of;
    let mut out = Lines(String::new());
    out.some("id", id);
    for (form, vectors) in vectors {
        out.line("form", format!("{form:?}"));
        vectors.iter().for_each(|vector| match vector {
            Vector::Written(text) => out.line("  vector", compact(text.get())),
            Vector::Floats(numbers) => out.line("  vector from base64", format!("{numbers:?}")),
        });
    }
    out.some("tokens", tokens);
    out.0
}

/// An error.
pub(crate) fn failure(of: &Failure) -> String {
    // What is decided by its codes is in `failures.rs`.
    let Failure { status, kind, message, code, param, retry_after, told: _ } = of;
    let mut out = Lines(String::new());
    out.line("failure", format!("{kind:?} {status} {message:?}"));
    out.some("  code", code);
    out.some("  param", param);
    out.some("  retry_after", retry_after);
    out.0
}

/// JSON in as few characters as it has: numbers and the order of keys stay as they were written.
fn compact(json: &str) -> String {
    let (mut in_text, mut escaped) = (false, false);
    let kept = json.chars().filter(|c| {
        let was_text = in_text;
        if *c == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && *c == '\\' && !escaped;
        was_text || !c.is_whitespace()
    });
    kept.collect()
}

fn part(of: &Part) -> String {
    let Part { content, signature: proof, cache } = of;
    let mut shown = match content {
        Content::Text(text) => format!("{text:?}"),
        Content::Media(shown) => media(shown),
        Content::ToolCall(ToolCall { id, name, arguments }) => {
            format!("call {id} {name} {arguments}")
        }
        Content::ToolResult(ToolResult { call_id, name, content, is_error }) => {
            let parts: Vec<_> = content.iter().map(part).collect();
            let name = name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
            let failed = if *is_error { " failed" } else { "" };
            format!("result {call_id}{name}{failed} {}", parts.join(" + "))
        }
        Content::Reasoning(text) => format!("reasoning {text:?}"),
        Content::Redacted => "redacted".to_owned(),
        Content::Refusal(text) => format!("refusal {text:?}"),
    };
    if let Some(proof) = proof {
        write!(shown, " proof {}", signature(proof)).unwrap();
    }
    if let Some(mark) = cache {
        write!(shown, " cache {}", ttl(mark)).unwrap();
    }
    shown
}

fn media(of: &Media) -> String {
    let Media { kind, source, media_type, name, detail } = of;
    let mut shown = match source {
        Source::Base64(data) => format!("{kind:?} base64 {data}"),
        Source::Text(text) => format!("{kind:?} text {text:?}"),
        Source::Url(url) => format!("{kind:?} url {url}"),
        Source::File(id) => format!("{kind:?} file {id}"),
    };
    for (word, value) in [("type", media_type), ("name", name), ("detail", detail)] {
        if let Some(value) = value {
            write!(shown, " {word} {value}").unwrap();
        }
    }
    shown
}

fn signature(of: &Signature) -> String {
    let Signature { vendor, value, made_at, of_call } = of;
    let at = made_at.to_string();
    let at = if at.is_empty() { at } else { format!(" at {at}") };
    format!("{vendor} {value:?}{at}{}", if *of_call { " of its call" } else { "" })
}

fn ttl(of: &CacheMark) -> String {
    let CacheMark { ttl } = of;
    ttl.clone().unwrap_or_else(|| "default".to_owned())
}

fn used(of: &Usage) -> String {
    let Usage { input, output, cache_read, cache_write, reasoning } = of;
    let mut shown = format!("{input} in, {output} out");
    let parts =
        [("cache_read", cache_read), ("cache_write", cache_write), ("reasoning", reasoning)];
    for (word, tokens) in parts.into_iter().filter(|(_, tokens)| **tokens > 0) {
        write!(shown, ", {word} {tokens}").unwrap();
    }
    shown
}

struct Lines(String);

impl Lines {
    fn line(&mut self, word: &str, value: impl Display) {
        let line = format!("{word} {value}");
        writeln!(self.0, "{}", line.trim_end()).unwrap();
    }

    fn some(&mut self, word: &str, value: &Option<impl Debug>) {
        if let Some(value) = value {
            self.line(word, format!("{value:?}"));
        }
    }
}
