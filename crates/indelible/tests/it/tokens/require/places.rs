//! From where, for what, and around which service.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    net::SocketAddr,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::{
    Router,
    body::Body,
    extract::ConnectInfo,
    http::{Request, Response, StatusCode, header, request},
};
use indelible::{
    capture::Proxies,
    tokens::{AllowedDomains, AllowedIps, Entity, RequireToken},
};
use tower::{Layer as _, Service};

use super::{Bench, app, bearer, order, send, sk};

#[tokio::test]
async fn a_token_is_held_to_the_address_that_trusted_proxies_tell() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().allowed_ips(AllowedIps::new(["203.0.113.0/24"]).unwrap())).unwrap();
    let proxies = Proxies::trusting(["10.0.0.0/8"]).unwrap();
    let app = app(RequireToken::new(bench.tokens.clone()).proxies(proxies));
    for (peer, forwarded, status) in [
        ("10.0.0.1:1", "198.51.100.1, 203.0.113.9", 200),
        ("10.0.0.1:1", "203.0.113.9, 198.51.100.1", 403),
        // No proxy of ours.
        ("198.51.100.7:1", "203.0.113.9", 403),
        ("203.0.113.9:1", "198.51.100.1", 200),
    ] {
        let peer: SocketAddr = peer.parse().unwrap();
        let request = order().header(header::AUTHORIZATION, bearer(&issued)).header("x-forwarded-for", forwarded);
        let request = request.extension(ConnectInfo(peer)).body(Body::empty()).unwrap();
        assert_eq!(send(&app, request).await.status.as_u16(), status, "{peer} {forwarded}");
    }
    assert_eq!(bench.events("action:token.authenticated ip:203.0.113.9").len(), 2);
    assert_eq!(bench.events("action:token.ip_blocked ip:198.51.100.7").len(), 1);
}

#[tokio::test]
async fn a_token_is_held_to_origin_or_else_referer() {
    let bench = Bench::new();
    let issued = bench.tokens.issue(&sk().allowed_domains(AllowedDomains::new(["*.example.com"]).unwrap())).unwrap();
    let app = app(RequireToken::new(bench.tokens.clone()));
    for (headers, status) in [
        (&[("origin", "https://app.example.com:8443")][..], 200),
        (&[("referer", "https://app.example.com/page")], 200),
        (&[("origin", "https://example.org"), ("referer", "https://app.example.com/")], 403),
        (&[("origin", "\u{e9}"), ("referer", "https://app.example.com/")], 403),
        (&[("origin", "http:///app.example.com")], 403),
        (&[], 403),
    ] {
        let mut request = order().header(header::AUTHORIZATION, bearer(&issued));
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        assert_eq!(send(&app, request.body(Body::empty()).unwrap()).await.status.as_u16(), status, "{headers:?}");
    }
}

#[tokio::test]
async fn a_boundary_is_read_from_the_request() {
    let bench = Bench::new();
    let team = |parts: &request::Parts| {
        let id = parts.uri.path().strip_prefix("/teams/")?.split('/').next()?;
        Some(Entity::new("team", id))
    };
    let layer = RequireToken::new(bench.tokens.clone()).boundary(team);
    let app = Router::new().fallback(async || "there").layer(layer);
    let confined = bench.tokens.issue(&sk().boundary(Entity::new("team", "7"))).unwrap();
    let free = bench.secret_key();
    for (issued, path, status) in [
        (&confined, "/teams/7/orders", 200),
        (&confined, "/teams/8/orders", 403),
        (&confined, "/orders", 403),
        (&free, "/teams/7/orders", 403),
        (&free, "/orders", 200),
    ] {
        let request = Request::get(path).header(header::AUTHORIZATION, bearer(issued)).body(Body::empty()).unwrap();
        assert_eq!(send(&app, request).await.status.as_u16(), status, "{path}");
    }
}

/// A service that may only be called after it was made ready, and whose clones are not.
#[derive(Debug, Default)]
struct Strict {
    is_ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service<Request<String>> for Strict {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<String>) -> Self::Future {
        assert!(self.is_ready, "called without being ready");
        ready(Ok(Response::new(request.into_body())))
    }
}

/// Without axum, without Tokio, in one step: a token that is in memory is checked where the request is.
#[test]
fn any_service_is_guarded_and_it_is_the_ready_one_that_is_called() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let mut service = RequireToken::new(bench.tokens.clone()).route("/echo").layer(Strict::default());
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..2 {
        assert!(service.poll_ready(&mut context).is_ready());
        let request = Request::post("/echo").header(header::AUTHORIZATION, bearer(&issued)).body("hello".to_owned());
        let future = pin!(service.call(request.unwrap()));
        let Poll::Ready(response) = future.poll(&mut context) else { panic!("not done in one step") };
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    assert_eq!(bench.events("action:token.authenticated http.route:/echo http.method:POST").len(), 2);
}

#[tokio::test]
async fn a_token_that_is_in_memory_is_checked_without_leaving_the_thread() {
    let bench = Bench::new();
    let issued = bench.secret_key();
    let mut service = RequireToken::new(bench.tokens.clone()).layer(Strict::default());
    let mut call = || {
        let mut context = Context::from_waker(Waker::noop());
        assert!(service.poll_ready(&mut context).is_ready());
        let request = Request::post("/echo").header(header::AUTHORIZATION, bearer(&issued)).body(String::new());
        service.call(request.unwrap())
    };
    call().await.unwrap();
    let future = pin!(call());
    assert!(future.poll(&mut Context::from_waker(Waker::noop())).is_ready());
}
