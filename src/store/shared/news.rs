//! Messages between replicas about providers: rests, trials, probes, decisions of operators.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use super::{
    Teller,
    wire::Wire,
    words::{Said, Say},
};
use crate::{
    live::health::{
        news::Untold,
        told::{Told, Topic},
    },
    moment,
};

impl Teller {
    /// Periodic work: asks the store for messages that may have been missed.
    pub(super) async fn look_for_news(&mut self, wire: &mut Wire) {
        self.news.drop_claims(Instant::now());
        if self.heard.is_due(wire.is_called()) {
            self.tell_news(wire).await;
        }
    }

    /// Sends findings, requests turns, and receives messages.
    pub(super) async fn tell_news(&mut self, wire: &mut Wire) {
        // While the store is out, what is told now and then finds out whether it is back.
        if !self.desk.is_out() {
            let _ = self.exchange_news(wire).await;
        }
    }

    /// The same, whether the store answered before or not.
    pub(super) async fn exchange_news(&mut self, wire: &mut Wire) -> Result<(), ()> {
        let mut untold = self.news.take();
        let found = self.news.found(&untold, Instant::now());
        let tells = found.iter().map(|(id, topic, told)| Say {
            verb: "tell",
            field: field(topic.letter(), *id),
            lasts: told.left(),
            text: told.text(),
        });
        let trials = untold.trials.iter().map(|(id, lasts)| ask('t', *id, *lasts));
        let turns = untold.turns.iter().map(|(id, lasts, _)| ask('q', *id, *lasts));
        let says: Vec<_> = tells.chain(trials).chain(turns).collect();
        match self.say(wire, &says).await {
            Ok(said) => {
                let turns = std::mem::take(&mut untold.turns);
                self.hear(said, &untold, turns);
                Ok(())
            }
            Err(why) => {
                self.is_gone(&why);
                self.news.put_back(untold, Instant::now());
                Err(())
            }
        }
    }

    async fn say(&mut self, wire: &mut Wire, says: &[Say]) -> Result<Said, String> {
        wire.connected().await?;
        let here = moment::now();
        let heard = std::mem::take(&mut self.heard);
        let said = self.timed(wire.news(heard.known(), says)).await;
        self.heard = heard;
        let said = said?;
        self.desk.put_right(said.now_us, here);
        Ok(said)
    }

    fn hear(
        &mut self,
        said: Said,
        untold: &Untold,
        turns: Vec<(u64, Duration, oneshot::Sender<bool>)>,
    ) {
        let now = Instant::now();
        let mut asked = said.asked.iter().map(|left| Duration::from_micros(*left));
        for (id, left) in untold.trials.keys().zip(asked.by_ref()) {
            self.news.claimed(*id, Some(left).filter(|left| !left.is_zero()), now);
        }
        for ((_, _, answer), left) in turns.into_iter().zip(asked) {
            let _ = answer.send(left.is_zero());
        }
        for (field, left, text) in &said.heard {
            let Some((id, told)) = read(field, *left, text) else { continue };
            self.news.heard(id, told, now);
        }
        let has_forgotten = self.heard.is_of_another_life(&said);
        self.heard.up_to(&said);
        if has_forgotten {
            self.news.tell_all();
        }
    }
}

fn ask(letter: char, id: u64, lasts: Duration) -> Say {
    Say { verb: "ask", field: field(letter, id), lasts, text: String::new() }
}

fn field(letter: char, id: u64) -> String {
    format!("{letter}:{id:016x}")
}

fn read(field: &str, left: Duration, text: &str) -> Option<(u64, Told)> {
    let (letter, id) = field.split_once(':')?;
    let is_known = Topic::ALL.iter().any(|topic| letter.chars().eq([topic.letter()]));
    let id = u64::from_str_radix(id, 16).ok().filter(|_| is_known)?;
    Some((id, Told::read(text, left)?))
}
