//! Sends commands, and follows those that another node of a cluster answers. Each is asked anew only where it was
//! refused: what was answered once would be told a second time.

use redis::{ConnectionInfo, ErrorKind, Pipeline, RedisError, Value};

use super::{
    super::{address, words::Commands},
    NEWS, Open, SHARE, Wire, loaded,
};
impl Wire {
    /// The connection is kept only where all of it went well.
    pub(super) async fn ask<T>(
        &mut self,
        mut open: Open,
        commands: &Commands<'_>,
        read: impl Fn(&[Value]) -> Option<T>,
    ) -> Result<T, RedisError> {
        let mut values = vec![Value::Nil; commands.count()];
        let mut left: Vec<usize> = (0..values.len()).collect();
        for turn in 0.. {
            let refused = self.sent(&mut open, commands, &left, false, &mut values).await?;
            let Some((_, error)) = refused.first() else { break };
            if turn == TURNS {
                return Err(error.clone());
            }
            left = refused.iter().map(|(nth, _)| *nth).collect();
            if error.code() == Some("NOSCRIPT") {
                // The store was emptied, or another one has taken over.
                open.share = loaded(&mut open.connection, SHARE).await?;
                open.news = loaded(&mut open.connection, NEWS).await?;
            } else if let Some(to) = elsewhere(error, "MOVED", &open.at) {
                // All keys are on one node of a cluster.
                open = self.connect(to).await?;
            } else if let Some(to) = elsewhere(error, "ASK", &open.at) {
                left = self.asked_for(to, commands, &refused, &mut values).await?;
                if left.is_empty() {
                    break;
                }
            } else {
                return Err(error.clone());
            }
        }
        let strange = || RedisError::from((ErrorKind::UnexpectedReturnType, "a strange answer"));
        let answers = read(&values).ok_or_else(strange)?;
        self.open = Some(open);
        Ok(answers)
    }

    /// Asks the node that takes over what has moved to it already; answers what it was not asked for.
    async fn asked_for(
        &mut self,
        to: ConnectionInfo,
        commands: &Commands<'_>,
        refused: &[(usize, RedisError)],
        values: &mut [Value],
    ) -> Result<Vec<usize>, RedisError> {
        let is_there = |next: &Open| next.at.addr().to_string() == to.addr().to_string();
        let mut next = match self.next.take().filter(is_there) {
            Some(next) => next,
            None => self.connect(to).await?,
        };
        let (moved, left): (Vec<_>, Vec<_>) =
            refused.iter().partition(|(_, error)| error.code() == Some("ASK"));
        let moved: Vec<_> = moved.iter().map(|(nth, _)| *nth).collect();
        let refused = self.sent(&mut next, commands, &moved, true, values).await?;
        if let Some((_, error)) = refused.first() {
            return Err(error.clone());
        }
        self.next = Some(next);
        Ok(left.iter().map(|(nth, _)| *nth).collect())
    }

    /// Sends those of the commands; answers which were refused.
    async fn sent(
        &self,
        open: &mut Open,
        commands: &Commands<'_>,
        which: &[usize],
        is_asked_for: bool,
        values: &mut [Value],
    ) -> Result<Vec<(usize, RedisError)>, RedisError> {
        let mut pipe = Pipeline::with_capacity(which.len());
        pipe.ignore_errors();
        for &nth in which {
            if is_asked_for {
                pipe.cmd("ASKING").ignore();
            }
            match commands {
                Commands::Share(asks) => self.asking(&mut pipe, &open.share, asks[nth]),
                Commands::News(known, says) => self.telling(&mut pipe, &open.news, *known, says),
            }
        }
        let answers: Vec<Value> = pipe.query_async(&mut open.connection).await?;
        let mut refused = Vec::new();
        for (&nth, answer) in which.iter().zip(answers) {
            match answer {
                Value::ServerError(error) => refused.push((nth, error.into())),
                answer => values[nth] = answer,
            }
        }
        Ok(refused)
    }
}

/// Where what is asked for is, if another node of a cluster has it.
fn elsewhere(error: &RedisError, how: &str, at: &ConnectionInfo) -> Option<ConnectionInfo> {
    let told = error.detail().filter(|_| error.code() == Some(how))?;
    // As in `MOVED 3999 host:6379`.
    address::moved(at, told.split(' ').nth(1)?)
}

/// So often is one piece sent anew at most.
const TURNS: u8 = 4;
