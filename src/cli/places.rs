//! The listening addresses that the command line gives. Nothing is bound here.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

/// A listening address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listen {
    /// An IP address and port of this machine.
    At(SocketAddr),
    /// A Unix socket.
    Path(PathBuf),
}

/// What one `--listen` gives; nothing for an empty variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Further(pub(super) Vec<Listen>);

/// All addresses that these flags give.
pub(super) fn listens(host: Option<IpAddr>, port: Option<u16>, further: &[Further]) -> Vec<Listen> {
    let further: Vec<_> = further.iter().flat_map(|it| &it.0).collect();
    let mut listens = Vec::with_capacity(further.len() + 1);
    if host.is_some() || port.is_some() || further.is_empty() {
        let host = host.unwrap_or(Ipv4Addr::LOCALHOST.into());
        listens.push(Listen::At(SocketAddr::new(host, port.unwrap_or(USUAL_PORT))));
    }
    for listen in further {
        if !listens.contains(listen) {
            listens.push(listen.clone());
        }
    }
    listens
}

const USUAL_PORT: u16 = 3000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn further_places_stand_in_the_place_of_the_usual_one() {
        let at = |text: &str| Listen::At(text.parse().unwrap());
        let socket = Listen::Path("/run/o.sock".into());
        assert_eq!(listens(None, None, &[]), [at("127.0.0.1:3000")]);
        let further = |all: &[Listen]| [Further(all.to_vec())];
        assert_eq!(listens(None, None, &further(&[])), [at("127.0.0.1:3000")]);
        let only = [socket.clone()];
        assert_eq!(listens(None, None, &further(&only)), only);
        let both = further(&[socket.clone(), at("127.0.0.1:80")]);
        assert_eq!(listens(None, Some(80), &both), [at("127.0.0.1:80"), socket]);
    }
}
