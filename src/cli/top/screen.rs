//! The state of the screen, and how a key press changes it. It draws nothing.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde_json::{Map, Value};

use super::{
    source::News,
    told::{self, each},
};

/// A pane whose rows can be selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pane {
    /// Aliases with their providers.
    Providers,
    /// The last requests.
    Requests,
    /// Teams and keys.
    Keys,
}

/// An overlay over the panes.
#[derive(Debug, PartialEq)]
pub(super) enum Over {
    /// A request with its attempts. It is a copy, so it stays when the process has dropped the
    /// request.
    Request(Box<Value>),
    /// Why the last edit of the configuration was refused.
    Problems,
}

/// What happens after a key press.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The screen stays open.
    Stay,
    /// The user quits.
    Quit,
}

/// The state of the screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) status: Value,
    /// Why the process cannot be reached at the moment.
    pub(super) lost: Option<String>,
    pub(super) pane: Pane,
    /// The selected row of each pane.
    picked: [usize; 3],
    /// The number of the selected request, so that new requests do not move the selection; `None`
    /// selects the newest.
    request: Option<u64>,
    pub(super) over: Option<Over>,
    /// How many lines of the overlay are scrolled away.
    pub(super) scrolled: u16,
    /// The search text for requests.
    pub(super) sought: String,
    /// Whether keys are added to the search text.
    pub(super) is_typing: bool,
}

impl Screen {
    pub(super) fn new(status: Value) -> Self {
        Self {
            status,
            lost: None,
            pane: Pane::Providers,
            picked: [0; 3],
            request: None,
            over: None,
            scrolled: 0,
            sought: String::new(),
            is_typing: false,
        }
    }

    /// Applies an update from the process.
    pub(super) fn hear(&mut self, news: News) {
        match news {
            News::Status(status) => (self.status, self.lost) = (status, None),
            News::Lost(why) => self.lost = Some(why),
        }
    }

    /// Handles a key press.
    pub(super) fn key(&mut self, key: KeyEvent) -> After {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if control => return After::Quit,
            _ if self.is_typing => self.typed(key.code),
            _ if self.over.is_some() => self.over_key(key.code),
            KeyCode::Char('q') => return After::Quit,
            code => self.pane_key(code),
        }
        After::Stay
    }

    fn typed(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(c) => self.sought.push(c),
            KeyCode::Backspace => drop(self.sought.pop()),
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.sought.clear();
                self.is_typing = false;
            }
            _ => return,
        }
        self.request = None;
    }

    fn over_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Down | KeyCode::Char('j') => self.scrolled = self.scrolled.saturating_add(1),
            KeyCode::Up | KeyCode::Char('k') => self.scrolled = self.scrolled.saturating_sub(1),
            KeyCode::PageDown => self.scrolled = self.scrolled.saturating_add(PAGE),
            KeyCode::PageUp => self.scrolled = self.scrolled.saturating_sub(PAGE),
            KeyCode::Enter | KeyCode::Esc | KeyCode::Char('q' | 'p') => self.over = None,
            _ => {}
        }
    }

    fn pane_key(&mut self, code: KeyCode) {
        match code {
            KeyCode::Tab => self.pane = self.pane.next(),
            KeyCode::BackTab => self.pane = self.pane.next().next(),
            KeyCode::Char('1') => self.pane = Pane::Providers,
            KeyCode::Char('2') => self.pane = Pane::Requests,
            KeyCode::Char('3') => self.pane = Pane::Keys,
            KeyCode::Down | KeyCode::Char('j') => self.pick(|at| at + 1),
            KeyCode::Up | KeyCode::Char('k') => self.pick(|at| at.saturating_sub(1)),
            KeyCode::PageDown => self.pick(|at| at + usize::from(PAGE)),
            KeyCode::PageUp => self.pick(|at| at.saturating_sub(PAGE.into())),
            KeyCode::Home => self.pick(|_| 0),
            KeyCode::End => self.pick(|_| usize::MAX),
            KeyCode::Enter => self.enter(),
            KeyCode::Char('/') => (self.pane, self.is_typing) = (Pane::Requests, true),
            KeyCode::Char('p') if !told::problems(&self.status).is_empty() => {
                self.lay_over(Over::Problems);
            }
            KeyCode::Esc => self.seek(String::new()),
            _ => {}
        }
    }

    /// Opens the selected request, or searches for the requests of the selected alias, provider or
    /// key.
    fn enter(&mut self) {
        let at = self.picked(self.pane);
        let name = |row: Option<&Value>, key: &str| {
            row.and_then(|row| row[key].as_str()).map(str::to_owned)
        };
        let sought = match self.pane {
            Pane::Requests => {
                let request = self.requests().into_iter().nth(at).cloned();
                if let Some(request) = request {
                    self.lay_over(Over::Request(Box::new(request)));
                }
                return;
            }
            Pane::Providers => {
                let row = self.providers().into_iter().nth(at);
                row.and_then(|row| name(Some(row), "provider").or(name(Some(row), "alias")))
            }
            Pane::Keys => name(self.spenders().get(at).copied(), "key"),
        };
        if let Some(sought) = sought {
            self.seek(sought);
            self.pane = Pane::Requests;
        }
    }

    fn lay_over(&mut self, over: Over) {
        (self.over, self.scrolled) = (Some(over), 0);
    }

    fn seek(&mut self, sought: String) {
        (self.sought, self.request) = (sought, None);
    }

    /// Each alias, followed by its providers.
    pub(super) fn providers(&self) -> Vec<&Value> {
        let pools = each(&self.status["aliases"]);
        pools.flat_map(|pool| std::iter::once(pool).chain(each(&pool["providers"]))).collect()
    }

    /// Teams, then keys.
    pub(super) fn spenders(&self) -> Vec<&Value> {
        each(&self.status["teams"]).chain(each(&self.status["keys"])).collect()
    }

    /// The last requests that match the search, the newest first.
    pub(super) fn requests(&self) -> Vec<&Value> {
        let sought = self.sought.to_lowercase();
        each(&self.status["requests"]).filter(|it| has(it.as_object(), &sought)).collect()
    }

    /// The selected row of a pane.
    pub(super) fn picked(&self, pane: Pane) -> usize {
        let at = match (pane, self.request) {
            (Pane::Requests, None) => 0,
            (Pane::Requests, Some(nth)) => {
                let place = self.requests().iter().position(|it| it["nth"].as_u64() == Some(nth));
                place.unwrap_or(usize::MAX)
            }
            _ => self.picked[pane as usize],
        };
        at.min(self.rows(pane).saturating_sub(1))
    }

    fn pick(&mut self, to: impl FnOnce(usize) -> usize) {
        let at = to(self.picked(self.pane)).min(self.rows(self.pane).saturating_sub(1));
        self.picked[self.pane as usize] = at;
        if self.pane == Pane::Requests {
            // With the newest request selected, the selection follows the newest.
            let request = self.requests().get(at).and_then(|it| it["nth"].as_u64());
            self.request = request.filter(|_| at > 0);
        }
    }

    fn rows(&self, pane: Pane) -> usize {
        match pane {
            Pane::Providers => self.providers().len(),
            Pane::Requests => self.requests().len(),
            Pane::Keys => self.spenders().len(),
        }
    }
}

impl Pane {
    fn next(self) -> Self {
        match self {
            Self::Providers => Self::Requests,
            Self::Requests => Self::Keys,
            Self::Keys => Self::Providers,
        }
    }
}

/// Whether the search text is in the id, key, alias, provider or status of a request, as on the
/// status page.
fn has(request: Option<&Map<String, Value>>, sought: &str) -> bool {
    let Some(request) = request else { return false };
    let is_in = |value: Option<&Value>| {
        value.and_then(Value::as_str).is_some_and(|text| text.to_lowercase().contains(sought))
    };
    sought.is_empty()
        || ["id", "key", "alias", "served_alias", "provider"]
            .iter()
            .any(|it| is_in(request.get(*it)))
        || request.get("status").map(Value::to_string).as_deref() == Some(sought)
        || request.get("attempts").is_some_and(|all| each(all).any(|it| is_in(it.get("provider"))))
}

/// Rows that a page key moves.
const PAGE: u16 = 10;

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
    use serde_json::{Value, json};

    use super::{super::source::News, After, Over, Pane, Screen};

    fn status(newest: u64) -> Value {
        let requests: Vec<_> = (0..newest)
            .rev()
            .map(|nth| json!({"nth": nth, "id": format!("r{nth}"), "status": 200, "alias": "m"}))
            .collect();
        json!({"aliases": [{"alias": "m", "providers": [{"provider": "p"}]}],
               "keys": [{"key": "team-a"}], "requests": requests})
    }

    fn press(screen: &mut Screen, codes: &[KeyCode]) {
        for code in codes {
            assert_eq!(screen.key(KeyEvent::from(*code)), After::Stay);
        }
    }

    fn letters(text: &str) -> Vec<KeyCode> {
        text.chars().map(KeyCode::Char).collect()
    }

    #[test]
    fn a_picked_request_stays_picked_when_new_ones_come() {
        let mut screen = Screen::new(status(5));
        press(&mut screen, &[KeyCode::Tab, KeyCode::Down, KeyCode::Down]);
        assert_eq!((screen.pane, screen.picked(Pane::Requests)), (Pane::Requests, 2));
        screen.hear(News::Status(status(8)));
        assert_eq!(screen.picked(Pane::Requests), 5);
        press(&mut screen, &[KeyCode::Enter]);
        assert!(matches!(&screen.over, Some(Over::Request(it)) if it["id"] == "r2"));
        // It stays open when it is forgotten.
        screen.hear(News::Status(status(0)));
        assert!(matches!(&screen.over, Some(Over::Request(it)) if it["id"] == "r2"));
        press(&mut screen, &[KeyCode::Esc]);
        assert_eq!((&screen.over, screen.picked(Pane::Requests)), (&None, 0));
    }

    #[test]
    fn the_newest_is_followed_until_another_is_picked() {
        let mut screen = Screen::new(status(3));
        press(&mut screen, &[KeyCode::Char('2'), KeyCode::Down, KeyCode::Up]);
        screen.hear(News::Status(status(9)));
        press(&mut screen, &[KeyCode::Enter]);
        assert!(matches!(&screen.over, Some(Over::Request(it)) if it["id"] == "r8"));
    }

    #[test]
    fn requests_are_sought_by_what_is_typed_and_by_what_is_picked() {
        let mut screen = Screen::new(status(12));
        press(&mut screen, &letters("/R1"));
        assert_eq!(screen.requests().len(), 3, "r1, r10, r11; q would be a letter, too");
        press(&mut screen, &[KeyCode::Backspace, KeyCode::Char('7'), KeyCode::Enter]);
        assert_eq!(screen.requests().len(), 1);
        press(&mut screen, &[KeyCode::Esc]);
        assert_eq!(screen.requests().len(), 12);
        press(&mut screen, &[KeyCode::Char('3'), KeyCode::Enter]);
        assert_eq!((screen.pane, &*screen.sought), (Pane::Requests, "team-a"));
        assert_eq!(screen.requests().len(), 0);
        press(&mut screen, &[KeyCode::Char('1'), KeyCode::Down, KeyCode::Enter]);
        assert_eq!(&*screen.sought, "p");
    }

    #[test]
    fn no_pane_is_left_at_its_ends() {
        for mut screen in [Screen::new(status(3)), Screen::new(json!({}))] {
            for pane in ['1', '2', '3'] {
                press(&mut screen, &[KeyCode::Char(pane), KeyCode::End, KeyCode::Down]);
                press(&mut screen, &[KeyCode::PageUp, KeyCode::Up, KeyCode::Home, KeyCode::Enter]);
                press(&mut screen, &[KeyCode::Esc, KeyCode::BackTab, KeyCode::Tab, KeyCode::Esc]);
            }
        }
    }

    #[test]
    fn q_and_control_c_end_it() {
        let mut screen = Screen::new(status(1));
        assert_eq!(screen.key(KeyEvent::from(KeyCode::Char('q'))), After::Quit);
        let control = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        press(&mut screen, &letters("/q"));
        assert_eq!(&*screen.sought, "q", "a letter, while it is typed");
        assert_eq!(screen.key(control), After::Quit);
    }
}
