//! Signals, scarce descriptors, full disks, taken ports and restarts: rows D1 to D14.
//!
//! Never: a stop or a shortage is felt by a request that could have been served.

mod access_log;
mod alerts;
mod attempts;
mod books;
mod browser;
mod ends;
mod estimates;
mod given_up;
mod ledger;
mod life;
mod page;
mod places;
mod port;
mod queries;
mod series;
mod shortage;
mod spenders;
mod start;
mod telling;
mod top;
mod traces;
mod usage;
