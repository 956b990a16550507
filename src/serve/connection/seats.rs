//! The places of a port with a limit on connections. If all are taken and another client waits, the connection
//! that has been open longest is asked to end; its requests in flight are still answered.
//!
//! So clients that hold all places with a request now and then cannot keep others out.

use std::{
    collections::VecDeque,
    sync::{Arc, Weak},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use crate::serve::stage::Stage;

/// The places of a port.
#[derive(Debug)]
pub(super) enum Seats {
    /// As many as clients want.
    Any,
    /// A limited number of them.
    Few {
        /// Those that are free.
        free: Arc<Semaphore>,
        /// The connections that have the others, in the order in which they came.
        taken: VecDeque<(Weak<OwnedSemaphorePermit>, Stage)>,
    },
}

/// A place, held for as long as the connection lives, and the stage of the connection.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) stage: Stage,
    pub(super) _permit: Option<Arc<OwnedSemaphorePermit>>,
}

impl Seats {
    pub(super) fn new(most: usize) -> Self {
        if most >= Semaphore::MAX_PERMITS {
            return Self::Any;
        }
        Self::Few { free: Arc::new(Semaphore::new(most)), taken: VecDeque::new() }
    }

    /// A place, once there is one.
    pub(super) async fn take(&mut self, port: &Stage) -> Seat {
        let Self::Few { free, taken } = self else {
            return Seat { stage: port.clone(), _permit: None };
        };
        taken.retain(|(permit, _)| permit.strong_count() > 0);
        let mut permit = Arc::clone(free).try_acquire_owned().ok();
        while permit.is_none() {
            if let Some((_, longest)) = taken.pop_front() {
                longest.close();
            }
            let freed = timeout(PATIENCE, Arc::clone(free).acquire_owned()).await;
            permit = freed.ok().and_then(Result::ok);
        }
        let (stage, permit) = (port.of_its_own(), permit.map(Arc::new));
        if let Some(permit) = &permit {
            taken.push_back((Arc::downgrade(permit), stage.clone()));
        }
        Seat { stage, _permit: permit }
    }
}

/// How long a connection that is asked to end may take before the next one is asked, too.
const PATIENCE: Duration = Duration::from_millis(100);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_one_that_came_first_makes_room_for_one_that_waits() {
        let (port, mut seats) = (Stage::default(), Seats::new(2));
        let first = seats.take(&port).await;
        let second = seats.take(&port).await;
        assert!(!first.stage.closes() && !second.stage.closes());
        let leaves = async {
            first.stage.closed_for(Duration::ZERO).await;
            drop(first);
        };
        let (third, ()) = tokio::join!(seats.take(&port), leaves);
        assert!(!second.stage.closes() && !third.stage.closes());
        // One that does not end holds up none but itself.
        drop(tokio::spawn(async move {
            third.stage.closed_for(Duration::ZERO).await;
            drop(third);
        }));
        let fourth = seats.take(&port).await;
        assert!(second.stage.closes() && !fourth.stage.closes());
    }

    #[tokio::test]
    async fn a_port_for_any_number_asks_none_to_end() {
        let (port, mut seats) = (Stage::default(), Seats::new(usize::MAX));
        let mut all = Vec::new();
        for _ in 0..1000 {
            all.push(seats.take(&port).await);
        }
        assert!(all.iter().all(|seat| !seat.stage.closes()));
    }
}
