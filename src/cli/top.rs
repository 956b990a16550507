//! `onwards top`: shows the status of a running process in a terminal. It reads `/status` and
//! `/events` of the operations port and changes nothing.

mod draw;
mod screen;
mod source;
mod told;

use std::{
    io::{self, IsTerminal as _},
    process::ExitCode,
    sync::mpsc::Receiver,
    time::Duration,
};

use ratatui::{
    DefaultTerminal,
    crossterm::event::{self, Event, KeyEventKind},
};

use self::{
    screen::{After, Screen},
    source::News,
};
use super::{
    port::{self, Place},
    terminal,
};

#[derive(Debug, clap::Args)]
#[group(id = "top")]
pub(super) struct Arguments {
    /// The URL of the operations port of the process.
    #[arg(long, value_name = "http://HOST:PORT", default_value = "http://127.0.0.1:9090")]
    url: String,
    /// Print the status once as text, for scripts.
    #[arg(long)]
    once: bool,
}

pub(super) fn run(arguments: &Arguments) -> ExitCode {
    let shown = port::place(&arguments.url).and_then(|place| match arguments.once {
        true => source::once(&place).map(|status| terminal::say(told::text(&status).trim_end())),
        false => follow(place),
    });
    match shown {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            terminal::complain(&format!("onwards: {why}"));
            ExitCode::FAILURE
        }
    }
}

/// Shows the status until the user quits.
fn follow(place: Place) -> Result<(), String> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err("this is not a terminal; `--once` prints text".to_owned());
    }
    // The first response is awaited before the screen changes, so that an error stays readable.
    let first = source::once(&place)?;
    let news = source::follow(place)?;
    let shown = ratatui::try_init().and_then(|mut terminal| {
        let shown = watch(&mut terminal, Screen::new(first), &news);
        ratatui::try_restore().and(shown)
    });
    shown.map_err(|error| format!("the terminal: {error}"))
}

fn watch(
    terminal: &mut DefaultTerminal,
    mut screen: Screen,
    news: &Receiver<News>,
) -> io::Result<()> {
    loop {
        for told in news.try_iter() {
            screen.hear(told);
        }
        terminal.draw(|frame| draw::draw(frame, &mut screen))?;
        if !event::poll(BEAT)? {
            continue;
        }
        if let Event::Key(key) = event::read()?
            && key.kind != KeyEventKind::Release
            && screen.key(key) == After::Quit
        {
            return Ok(());
        }
    }
}

/// The longest delay between a change and its drawing.
const BEAT: Duration = Duration::from_millis(200);
