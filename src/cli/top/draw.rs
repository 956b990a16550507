//! Draws the screen. The essentials fit 80 × 24; a wider terminal shows more columns.
//!
//! No state is shown by colour alone.

mod over;
mod styles;

use std::borrow::Cow;

use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Cell, Paragraph, Row, Table, TableState},
};
use serde_json::Value;

use self::styles::{BOLD, colour};
use super::{
    screen::{Pane, Screen},
    told::{self, word},
};

/// Draws the whole screen.
pub(super) fn draw(frame: &mut Frame<'_>, screen: &mut Screen) {
    let rows = [Constraint::Length(3), Constraint::Min(0), Constraint::Length(1)];
    let [head, middle, foot] = Layout::vertical(rows).areas(frame.area());
    draw_head(frame, head, screen);
    draw_foot(frame, foot, screen);
    if let Some(over) = &screen.over {
        screen.scrolled = over::draw(frame, middle, over, screen);
        return;
    }
    let shares = match screen.pane {
        Pane::Providers => [Constraint::Fill(3), Constraint::Fill(2)],
        _ => [Constraint::Fill(2), Constraint::Fill(3)],
    };
    let [upper, lower] = Layout::vertical(shares).areas(middle);
    draw_providers(frame, upper, screen);
    match screen.pane {
        Pane::Keys => draw_keys(frame, lower, screen),
        _ => draw_requests(frame, lower, screen),
    }
}

fn draw_head(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let status = &screen.status;
    let is_live = status["config"]["live"] == true;
    let live = if is_live { Style::new() } else { colour("down") };
    let (summary, worst) = told::summary(status);
    let lines = vec![
        Line::from(Span::styled(told::process(status), BOLD)),
        Line::from(Span::styled(told::config(status), live)),
        Line::from(Span::styled(summary, colour(worst).add_modifier(Modifier::BOLD))),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_foot(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let line = match &screen.lost {
        _ if screen.is_typing => Line::from(format!("search: {}█", screen.sought)),
        Some(why) => Line::styled(format!("NOT LIVE: {why}"), colour("down")),
        None if screen.over.is_some() => Line::from("↑↓ scroll  esc back"),
        None => {
            let refused = screen.status["config"]["problems"].is_string();
            let problems = if refused { "  p problems" } else { "" };
            Line::from(format!("tab pane  ↑↓ row  enter open  / search{problems}  q quit"))
        }
    };
    frame.render_widget(Paragraph::new(line), area);
}

fn draw_providers(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let wide = area.width >= WIDE;
    let row = |it: &Value| {
        let is_pool = it["provider"].is_null();
        let (name, state, asked, failed) = match is_pool {
            true => {
                let fell_back = match it["fallbacks"].as_u64() {
                    Some(count) if count > 0 => format!(", fell back {count} times"),
                    _ => String::new(),
                };
                let state = format!("{}{fell_back}", told::pool_state(it));
                (word(&it["alias"]).into_owned(), state, &it["requests"], &it["errors"])
            }
            false => {
                let name = format!("  {}", word(&it["provider"]));
                (name, told::state(it), &it["attempts"], &it["failed"])
            }
        };
        let mut cells = vec![
            Cell::from(name),
            Cell::from(state).style(colour(told::trouble(it))),
            right(told::flight(it)),
            right(told::number(asked)),
            right(told::number(failed)),
            right(told::latency(it)),
        ];
        if wide {
            cells.extend([told::level(it), told::tokens(it), told::dollars(it)].map(right));
        }
        Row::new(cells).style(if is_pool { BOLD } else { Style::new() })
    };
    let mut head = vec!["alias / provider", "state", "flight", "asked", "failed", "latency"];
    let mut widths = vec![Length(18), Fill(1), Length(7), Length(7), Length(6), Length(7)];
    if wide {
        head.extend(["limit", "tokens", "cost"]);
        widths.extend([Length(6), Length(16), Length(10)]);
    }
    let rows = screen.providers().into_iter().map(row).collect();
    draw_table(frame, area, screen, Pane::Providers, "1 providers", (head, widths, rows));
}

fn draw_requests(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let wide = area.width >= WIDE;
    let row = |it: &Value| {
        let ended = told::ended(it);
        let style = colour(told::trouble_of_request(it));
        let mut cells = vec![
            Cell::from(time_of(it).to_owned()),
            Cell::from(ended).style(style),
            Cell::from(told::alias_of(it)),
            Cell::from(told::attempts(it).join(" ")),
            right(told::millis(it["ms"].as_f64().unwrap_or_default())),
            Cell::from(word(&it["key"]).into_owned()),
        ];
        if wide {
            cells.extend([right(told::usage(it)), right(told::dollars(it))]);
            cells.push(Cell::from(word(&it["id"]).into_owned()));
        }
        Row::new(cells)
    };
    let mut head = vec!["UTC", "status", "alias", "attempts", "time", "key"];
    let mut widths = vec![Length(8), Length(10), Length(12), Fill(1), Length(7), Length(10)];
    if wide {
        head.extend(["tokens", "cost", "id"]);
        widths.extend([Length(12), Length(9), Length(20)]);
    }
    let rows = screen.requests().into_iter().map(row).collect();
    let title = match &*screen.sought {
        "" => Cow::from("2 requests"),
        sought => format!("2 requests with “{sought}”; esc shows all").into(),
    };
    draw_table(frame, area, screen, Pane::Requests, &title, (head, widths, rows));
}

fn draw_keys(frame: &mut Frame<'_>, area: Rect, screen: &Screen) {
    let row = |it: &Value| {
        let is_team = it["team"].is_string();
        let flight = if is_team { String::new() } else { told::flight(it) };
        let (today, level) = (told::today(it), told::level(it));
        let numbers = [today, flight, level, told::tokens(it), told::dollars(it)];
        let row = Row::new(std::iter::once(told::spender(it).into()).chain(numbers.map(right)));
        row.style(if is_team { BOLD } else { Style::new() })
    };
    let head = vec!["team / key", "cost today", "flight", "limit", "tokens in→out", "cost"];
    let widths = vec![Fill(1), Length(10), Length(8), Length(6), Length(20), Length(10)];
    let rows = screen.spenders().into_iter().map(row).collect();
    let title = format!("3 keys by cost today, {}", told::since(&screen.status));
    draw_table(frame, area, screen, Pane::Keys, &title, (head, widths, rows));
}

/// The content of a table: head, columns, rows.
type Content<'a> = (Vec<&'a str>, Vec<Constraint>, Vec<Row<'a>>);

fn draw_table(
    frame: &mut Frame<'_>,
    area: Rect,
    screen: &Screen,
    pane: Pane,
    title: &str,
    (head, widths, rows): Content<'_>,
) {
    let has_focus = screen.pane == pane;
    let border = if has_focus { BOLD } else { Style::new().add_modifier(Modifier::DIM) };
    let marked = if has_focus { format!("▶ {title} ") } else { format!("  {title} ") };
    let block =
        Block::new().borders(Borders::TOP).border_style(border).title(Span::styled(marked, border));
    let picked = Style::new().add_modifier(Modifier::REVERSED);
    let table = Table::new(rows, widths)
        .header(Row::new(head).style(Style::new().add_modifier(Modifier::UNDERLINED)))
        .block(block)
        .row_highlight_style(if has_focus { picked } else { Style::new() });
    let mut state = TableState::new().with_selected(screen.picked(pane));
    frame.render_stateful_widget(table, area, &mut state);
}

fn time_of(request: &Value) -> &str {
    told::time_of_day(request["time"].as_str().unwrap_or_default())
}

fn right(text: String) -> Cell<'static> {
    Cell::from(Line::from(text).right_aligned())
}

use Constraint::{Fill, Length};

/// The number of columns from which tables show every column.
const WIDE: u16 = 120;

#[cfg(test)]
mod tests {
    use ratatui::{
        Terminal,
        backend::TestBackend,
        crossterm::event::{KeyCode, KeyEvent},
    };
    use serde_json::{Value, json};

    use super::super::{screen::Screen, source::News};

    /// A pool that has failed over, and one that is well.
    fn status() -> Value {
        let first = json!({"provider": "first", "trouble": "down", "state": "resting",
            "words": "resting 60 s after a 503", "until": "2026-01-02T12:00:01.000Z",
            "in_flight": 0, "attempts": 1, "failed": 1, "cost": 0.0});
        let second = json!({"provider": "second", "trouble": "none", "state": "ready",
            "words": "ready", "in_flight": 3, "cap": 8, "attempts": 1, "failed": 0,
            "latency_secs": 0.21, "input_tokens": 1204, "output_tokens": 311, "cost": 0.0061});
        json!({"version": "0.1.0", "uptime_secs": 100,
            "config": {"file": "targets.json", "version": 2, "live": true},
            "aliases": [{"alias": "gpt-4", "trouble": "degraded", "state": "ready", "in_flight": 3,
                "requests": 1, "errors": 0, "fallbacks": 1, "providers": [first, second]}],
            "started": "2026-01-01T12:00:00.000Z", "today_since": "2026-01-02T00:00:00.000Z",
            "keys": [{"key": "team-a", "in_flight": 1, "input_tokens": 1204, "output_tokens": 311,
                "cost": 0.0061, "cost_today": 0.0012}],
            "teams": [{"team": "research", "keys": 1, "cost": 0.0061, "cost_today": 0.0012}],
            "requests": [{"nth": 0, "time": "2026-01-02T12:00:00.234Z", "id": "req_4f1c",
                "alias": "gpt-4", "provider": "second", "key": "team-a", "status": 200,
                "end": "complete", "ms": 812.0, "ttfb_ms": 210.0,
                "usage": {"input": 1204, "output": 311}, "cost": 0.0061,
                "attempts": [{"provider": "first", "outcome": "503", "at_ms": 0.4, "ms": 12.0},
                    {"provider": "third", "outcome": "cooling"},
                    {"provider": "second", "outcome": "200", "at_ms": 13.0, "ms": 799.0}]}]})
    }

    fn shown(screen: &mut Screen, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| super::draw(frame, screen)).unwrap();
        terminal.backend().to_string()
    }

    fn holds(text: &str, wanted: &[&str]) {
        for part in wanted {
            assert!(text.contains(part), "`{part}` is missing:\n{text}");
        }
    }

    #[test]
    fn at_80_by_24_the_trouble_and_the_failover_are_seen_at_once() {
        let text = shown(&mut Screen::new(status()), 80, 24);
        holds(&text, &["gpt-4 / first: resting 60 s after a 503, until 12:00:01"]);
        holds(&text, &["targets.json, version 2: the last edit is live", "3/8", "210 ms"]);
        holds(&text, &["12:00:00 200", "first=503 third=cooling", "812 ms", "team-a", "q quit"]);
        let lines = text.lines().map(|line| line.trim_matches('"'));
        assert!(lines.clone().count() == 24 && lines.clone().all(|it| it.chars().count() == 80));
    }

    #[test]
    fn enter_shows_the_attempts_of_a_request() {
        let mut screen = Screen::new(status());
        for code in [KeyCode::Tab, KeyCode::Enter] {
            screen.key(KeyEvent::from(code));
        }
        let text = shown(&mut screen, 80, 24);
        holds(&text, &["req_4f1c", "team-a", "1204→311", "$0.0061", "first byte 210 ms"]);
        holds(
            &text,
            &["first=503", "after     0 ms for    12 ms  ━", "third=cooling", "passed over"],
        );
        holds(&text, &["second=200", "after    13 ms for   799 ms  ━━━━━━"]);
    }

    #[test]
    fn a_refused_edit_is_told_and_its_problems_are_shown_in_full() {
        let mut told = status();
        told["config"] = json!({"file": "targets.json", "version": 1, "live": false,
            "problems": (1..40).map(|nth| format!("problem {nth}\n")).collect::<String>()});
        let mut screen = Screen::new(told);
        holds(&shown(&mut screen, 80, 24), &["THE LAST EDIT IS NOT LIVE", "p problems"]);
        screen.key(KeyEvent::from(KeyCode::Char('p')));
        holds(&shown(&mut screen, 80, 24), &["problem 1 ", "problem 19 "]);
        for _ in 0..200 {
            screen.key(KeyEvent::from(KeyCode::Down));
        }
        holds(&shown(&mut screen, 80, 24), &["problem 21 ", "problem 39 "]);
        screen.key(KeyEvent::from(KeyCode::Up));
        holds(&shown(&mut screen, 80, 24), &["problem 38 "]);
    }

    #[test]
    fn a_process_that_is_lost_is_told_and_the_last_status_stays() {
        let mut screen = Screen::new(status());
        screen.hear(News::Lost("127.0.0.1:9090 has ended".to_owned()));
        holds(&shown(&mut screen, 80, 24), &["NOT LIVE: 127.0.0.1:9090 has ended", "first"]);
        screen.hear(News::Status(status()));
        assert!(!shown(&mut screen, 80, 24).contains("NOT LIVE"));
    }

    #[test]
    fn every_size_and_every_pane_is_drawn() {
        for (width, height) in [(1, 1), (10, 3), (40, 8), (80, 24), (120, 30), (250, 80)] {
            for told in [status(), json!({}), json!({"aliases": 3, "requests": [null, {}]})] {
                let mut screen = Screen::new(told);
                for code in ['1', '2', '3', '/', 'x'] {
                    screen.key(KeyEvent::from(KeyCode::Char(code)));
                    shown(&mut screen, width, height);
                }
                for code in [KeyCode::Esc, KeyCode::Enter] {
                    screen.key(KeyEvent::from(code));
                    shown(&mut screen, width, height);
                }
            }
        }
        let mut screen = Screen::new(status());
        screen.key(KeyEvent::from(KeyCode::Char('3')));
        let text = shown(&mut screen, 80, 24);
        holds(&text, &["▶ 3 keys by cost today, since 00:00 UTC ", "cost today", "team research"]);
        holds(&text, &["team-a", "$0.0012", "1204→311", "$0.0061"]);
        holds(&shown(&mut Screen::new(status()), 160, 24), &["req_4f1c", "tokens", "$0.0061"]);
    }
}
