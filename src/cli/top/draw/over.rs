//! What is laid over the panes: all details of a request, or why an edit was refused.

use ratatui::{
    Frame,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Borders, Clear, Paragraph},
};
use serde_json::Value;

use super::{
    super::{
        screen::{Over, Screen},
        told::{self, each, word},
    },
    styles::{BOLD, colour},
};

/// Draws it and returns how far it is scrolled, which its length limits.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, over: &Over, screen: &Screen) -> u16 {
    let (title, lines) = match over {
        Over::Request(request) => (" request ", request_lines(request, area.width)),
        Over::Problems => {
            (" why the last edit is not live ", problem_lines(&screen.status, area.width))
        }
    };
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let scrolled = screen.scrolled.min(rows.saturating_sub(area.height.saturating_sub(1)));
    let block = Block::new().borders(Borders::TOP).title(Span::styled(title, BOLD));
    frame.render_widget(Clear, area);
    frame.render_widget(Paragraph::new(lines).block(block).scroll((scrolled, 0)), area);
    scrolled
}

/// The problems, wrapped to the width.
fn problem_lines(status: &Value, width: u16) -> Vec<Line<'static>> {
    let width = usize::from(width.max(1));
    let rows = |line: String| {
        let letters: Vec<char> = line.chars().collect();
        let rows = letters.chunks(width).map(|row| Line::from(row.iter().collect::<String>()));
        rows.collect::<Vec<_>>()
    };
    told::problems(status).into_iter().flat_map(rows).collect()
}

/// All details of a request, with its attempts on a time line.
fn request_lines(request: &Value, width: u16) -> Vec<Line<'static>> {
    let whole = request["ms"].as_f64().unwrap_or_default();
    let first_byte = request["ttfb_ms"].as_f64();
    let facts = [
        ("id", word(&request["id"]).into_owned()),
        ("time", format!("{} UTC", word(&request["time"]).replace(['T', 'Z'], " ").trim_end())),
        ("alias", told::alias_of(request)),
        ("key", word(&request["key"]).into_owned()),
        ("status", told::ended(request)),
        ("stopped", word(&request["finish_reason"]).into_owned()),
        ("provider", word(&request["provider"]).into_owned()),
        ("first byte", first_byte.map(told::millis).unwrap_or_default()),
        ("took", told::millis(whole)),
        ("tokens", told::usage(request)),
        ("cost", told::dollars(request)),
    ];
    let facts = facts.into_iter().filter(|(_, text)| !text.is_empty());
    let mut lines: Vec<Line<'static>> =
        facts.map(|(name, text)| Line::from(format!("{name:<11}{text}"))).collect();
    lines.push(Line::default());
    lines.push(Line::styled("attempts", BOLD));
    for (attempt, text) in each(&request["attempts"]).zip(told::attempts(request)) {
        let good = attempt["outcome"].as_str().is_some_and(|it| it.starts_with('2'));
        let style = colour(if good { "none" } else { "down" });
        let mut spans = vec![Span::styled(format!("  {text:<28}"), style)];
        match (attempt["at_ms"].as_f64(), attempt["ms"].as_f64()) {
            (Some(at), Some(took)) => {
                let when =
                    format!(" after {:>8} for {:>8}  ", told::millis(at), told::millis(took));
                spans.push(Span::from(when));
                let room = usize::from(width).saturating_sub(66).max(1);
                spans.push(Span::styled(bar(at, took, whole, room), style));
            }
            _ => spans.push(Span::from(" passed over")),
        }
        lines.push(Line::from(spans));
    }
    lines
}

/// A part of the time line.
fn bar(at: f64, took: f64, whole: f64, room: usize) -> String {
    let cells = |time: f64| match whole > 0.0 {
        true => (time / whole * room as f64).round().clamp(0.0, room as f64) as usize,
        false => 0,
    };
    let left = cells(at).min(room - 1);
    let long = cells(took).clamp(1, room - left);
    format!("{}{}", " ".repeat(left), "━".repeat(long))
}
