//! The styles of the screen.

use ratatui::style::{Color, Modifier, Style};

/// By `none`, `degraded` or `down`.
pub(super) fn colour(trouble: &str) -> Style {
    match trouble {
        "down" => Style::new().fg(Color::Red),
        "degraded" => Style::new().fg(Color::Yellow),
        _ => Style::new().fg(Color::Green),
    }
}

pub(super) const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
