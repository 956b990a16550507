//! The client's side: accepts connections, finds the endpoint of each request, and gives it to its stages.
//!
//! It does not see the configuration, only the compiled table.

pub(crate) mod context;
pub(crate) mod connection;
pub mod routes;
pub(crate) mod proxy;
pub(crate) mod endpoint;
mod own_path;
pub(crate) mod encoding;
pub(crate) mod medium;
pub(crate) mod mentions;
pub(crate) mod intake;
pub(crate) mod door;
pub(crate) mod token;
pub(crate) mod signature;
pub(crate) mod counted;
pub(crate) mod output_cap;
pub(crate) mod demand;
pub(crate) mod pacing;
pub(crate) mod permits;
pub(crate) mod sharing;
pub(crate) mod admit;
pub(crate) mod limits;
pub(crate) mod waiting;
pub(crate) mod policy;
pub(crate) mod guardrails;
mod edits;
mod strict;
pub(crate) mod affinity;
mod conversation;
pub(crate) mod outages;
pub(crate) mod rounds;
pub(crate) mod early_head;
pub(crate) mod keepalive;
pub(crate) mod respond;
pub(crate) mod estimate;
pub(crate) mod telling;
pub(crate) mod relay;
pub(crate) mod reply;
pub(crate) mod break_off;
pub(crate) mod last_word;
pub(crate) mod whole_events;
pub(crate) mod answer;
pub(crate) mod stage;
pub(crate) mod cors;

use std::{net::IpAddr, panic::AssertUnwindSafe, pin::Pin, sync::Arc};

pub use self::stage::Stage;
pub(crate) use self::{context::Context, intake::BodyLimits};
use self::{cors::CrossOrigin, reply::Reply};
use crate::{
    path,
    protocol::{Endpoint, Protocol},
    rare::Rare,
    record::{Asks, Finished, Record, Report, RequestId},
    refusal::Refusal,
};
use futures_util::FutureExt;
use http::{Method, Request, Response, Uri, uri::PathAndQuery};
use hyper::body::Incoming;

impl Context {
    /// Serves all connections of some listeners until the router closes and each has ended, or is
    /// cut off.
    pub(crate) async fn listen(
        self: Arc<Self>,
        listeners: Vec<connection::Listener>,
        timeouts: connection::Timeouts,
    ) {
        let sweeper = tokio::spawn(sweep(Arc::clone(&self)));
        let accept =
            |listener| connection::accept(Arc::clone(&self), listener, timeouts, usize::MAX);
        let serves = async {
            futures_util::future::join_all(listeners.into_iter().map(accept)).await;
            self.stage.drained().await;
        };
        tokio::select! {
            biased;
            () = serves => {}
            () = self.stage.cut_off() => {}
        }
        sweeper.abort();
    }

    /// What the request asks for, and which part serves it.
    fn route(
        self: Arc<Self>,
        mut request: Request<Incoming>,
        mut rare: Rare,
        id: RequestId,
        client: Option<IpAddr>,
    ) -> (Protocol, Served) {
        if let Some(base) = self.gateway.base_path()
            && !strip(base, &mut request)
        {
            let asks = Asks { client, ..Asks::default() };
            let record = Record::begin(Arc::clone(&self.report), id, asks);
            let refused = async move { answer::refuse(&Refusal::NotFound, record) };
            return (Protocol::default(), Box::pin(refused));
        }
        let mut endpoint = endpoint::of(&request);
        if endpoint.is_none() {
            endpoint = endpoint_with_single_slashes(&mut request);
        }
        let target = self.target(&request);
        let at_own_path = endpoint.is_none()
            && self.gateway.has_paths()
            && own_path::lead(&self.gateway.snapshot(), &mut request);
        if at_own_path {
            rare = Rare::of(request.headers());
            endpoint = endpoint::of(&request);
        } else if endpoint.is_none() {
            endpoint = endpoint::as_read(&mut request);
        }
        let path = request.uri().path();
        if routes::owns(request.method(), path) {
            let protocol = routes::speaks(path, request.headers());
            let asks = Asks { protocol, operation: None, client, target, trace: None };
            (protocol, Box::pin(routes::serve(self, request, asks, id)))
        } else {
            let protocol = endpoint.as_ref().map(|it| it.protocol).unwrap_or_default();
            let operation = endpoint.as_ref().map(|it| it.operation);
            let sampled = self.sampling.and_then(|it| it.begin(request.headers()));
            let trace = sampled.map(Arc::new);
            let asks = Asks { protocol, operation, client, target, trace };
            (protocol, Box::pin(proxy::proxy(self, request, rare, endpoint, asks, id, at_own_path)))
        }
    }

    fn target(&self, request: &Request<Incoming>) -> Option<(Method, PathAndQuery)> {
        if !self.report.shows_target() {
            return None;
        }
        Some((request.method().clone(), request.uri().path_and_query()?.clone()))
    }

    /// The response after a panic. The panic has already finished and reported the request's own
    /// record.
    fn after_panic(id: RequestId, protocol: Protocol) -> Response<Reply> {
        let asks = Asks { protocol, ..Asks::default() };
        answer::refuse(&Refusal::Internal, Record::begin(Arc::new(Unreported), id, asks))
    }
}

impl connection::Service for Context {
    /// Serves a request. A panic costs only this request.
    fn serve(
        self: Arc<Self>,
        request: Request<Incoming>,
        client: Option<IpAddr>,
    ) -> impl Future<Output = Response<Reply>> + Send {
        let rare = Rare::of(request.headers());
        let id = RequestId::of(request.headers(), rare);
        let cross = match self.gateway.has_cors() {
            true => CrossOrigin::of(self.gateway.snapshot(), &request),
            false => None,
        };
        let (protocol, served) = self.route(request, rare, id.clone(), client);
        async move {
            if let Some(answer) = cross.as_ref().and_then(|cross| cross.preflight()) {
                return answer;
            }
            let served = AssertUnwindSafe(served).catch_unwind().await;
            let mut response = served.unwrap_or_else(|_| Self::after_panic(id, protocol));
            if let Some(cross) = cross {
                cross.permit(response.headers_mut());
            }
            response
        }
    }

    fn stage(&self) -> &Stage {
        &self.stage
    }

    fn tls(&self) -> Option<Arc<rustls::ServerConfig>> {
        self.gateway.tls()
    }
}

/// The report for a response to a request that is already reported.
struct Unreported;

impl Report for Unreported {
    fn finished(&self, _: &Finished<'_>) {}
}

/// Removes the base path; `false` if the path does not have it. Liveness checks need not have it.
fn strip(base: &str, request: &mut Request<Incoming>) -> bool {
    let path = request.uri().path();
    let Some(rest) = path.strip_prefix(base) else { return LIFE.contains(&path) };
    if !(rest.is_empty() || rest.starts_with('/')) {
        return false;
    }
    let rest = if rest.is_empty() { "/" } else { rest };
    let below = match request.uri().query() {
        None => rest.parse::<PathAndQuery>(),
        Some(query) => format!("{rest}?{query}").parse(),
    };
    let Ok(below) = below else { return false };
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.path_and_query = Some(below);
    let Ok(uri) = Uri::from_parts(parts) else { return false };
    *request.uri_mut() = uri;
    true
}

/// The health checks.
const LIFE: [&str; 2] = ["/healthz", "/readyz"];

/// The endpoint of a path that is unknown as written, with repeated slashes merged, as most servers read it. The path
/// stays merged if it is known then.
fn endpoint_with_single_slashes(request: &mut Request<Incoming>) -> Option<Endpoint> {
    let single = with_single_slashes(request.uri())?;
    let as_it_came = std::mem::replace(request.uri_mut(), single);
    let endpoint = endpoint::of(request);
    // Where paths name models, a path in an unusual spelling does not name one.
    let is_odd = |it: &Endpoint| it.model.is_some() && !as_it_came.path().starts_with("//");
    let is_known = endpoint.as_ref().is_some_and(|it| !is_odd(it));
    if is_known || routes::owns(request.method(), request.uri().path()) {
        return endpoint;
    }
    *request.uri_mut() = as_it_came;
    None
}

fn with_single_slashes(uri: &Uri) -> Option<Uri> {
    let single = path::with_single_slashes(uri.path_and_query()?.as_str())?;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(single.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// Boxed, since what a request needs until its response begins is large. Otherwise a connection
/// would keep space for it through a whole stream, and every wrapper would move it.
type Served = Pin<Box<dyn Future<Output = Response<Reply>> + Send>>;

/// Closes connections that are idle for too long, and gives memory back.
async fn sweep(context: Arc<Context>) {
    let mut beat = tokio::time::interval(SWEEP);
    loop {
        for _ in 0..SWEEPS_A_HEAP {
            beat.tick().await;
            context.client.sweep().await;
        }
        onwards_heap::give_back_end();
    }
}

const SWEEP: std::time::Duration = std::time::Duration::from_secs(1);
const SWEEPS_A_HEAP: u32 = 10;
