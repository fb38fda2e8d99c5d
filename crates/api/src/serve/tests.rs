use super::*;
use axum::routing::{get, post};
use bytes::Bytes;
use futures_util::stream;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PIECE: usize = 64 << 10;
const SHORT: Patience = Patience {
    head: Duration::from_millis(150),
    body: Duration::from_millis(150),
    end: Duration::from_millis(150),
};

struct Server {
    folder: tempfile::TempDir,
    /// Pieces of the endless answer that were asked for.
    pulled: Arc<AtomicUsize>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    fn start() -> Self {
        let pulled = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&pulled);
        let endless = move || {
            let counter = Arc::clone(&counter);
            let pieces = stream::repeat_with(move || {
                counter.fetch_add(1, Ordering::SeqCst);
                Ok::<_, io::Error>(Bytes::from(vec![b'x'; PIECE]))
            });
            std::future::ready(Body::from_stream(pieces))
        };
        let router = Router::new()
            .route("/short", get(|| async { "short" }))
            .route("/body", post(|body: String| async { body }))
            .route("/endless", get(endless));
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("s")).unwrap();
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(accept(listener, router, SHORT, stop.clone()));
        Self {
            folder,
            pulled,
            stop,
            tasks,
        }
    }

    /// Sends this and no more.
    async fn send(&self, bytes: &str) -> UnixStream {
        let mut stream = UnixStream::connect(self.folder.path().join("s"))
            .await
            .unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream
    }

    async fn answers(&self) {
        let stream = self
            .send("GET /short HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n")
            .await;
        assert!(read_to_end(stream).await.ends_with("short"));
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        soon(self.tasks.wait()).await;
    }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), future)
        .await
        .expect("it takes too long")
}

/// Until the server closes.
async fn read_to_end(mut stream: UnixStream) -> String {
    let mut answer = String::new();
    soon(stream.read_to_string(&mut answer)).await.unwrap();
    answer
}

#[tokio::test]
async fn a_client_that_sends_nothing_or_half_a_head_is_closed() {
    let server = Server::start();
    let silent = server.send("").await;
    let half = server.send("GET /short HTTP/1.1\r\nhos").await;
    server.answers().await;
    assert_eq!(read_to_end(silent).await, "");
    let answer = read_to_end(half).await;
    assert!(answer.is_empty() || answer.contains("408"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_asks_nothing_more_is_closed() {
    let server = Server::start();
    let idle = server.send("GET /short HTTP/1.1\r\nhost: g\r\n\r\n").await;
    assert!(read_to_end(idle).await.ends_with("short"));
    server.stop().await;
}

#[tokio::test]
async fn half_a_body_is_not_waited_for() {
    let server = Server::start();
    let half = server
        .send("POST /body HTTP/1.1\r\nhost: g\r\ncontent-length: 9\r\n\r\nhalf")
        .await;
    let answer = read_to_end(half).await;
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn one_that_does_not_read_holds_nothing_up_and_costs_little() {
    let server = Server::start();
    let request = "GET /endless HTTP/1.1\r\nhost: g\r\n\r\n";
    let mut stalled = server.send(request).await;
    sleep(SHORT.head * 3).await;
    let pulled = server.pulled.load(Ordering::SeqCst);
    assert!((1..64).contains(&pulled), "{pulled} pieces of {PIECE}");
    server.answers().await;
    // It is not closed for it: it may read on.
    let mut some = vec![0; 4 << 20];
    soon(stalled.read_exact(&mut some)).await.unwrap();
    assert!(server.pulled.load(Ordering::SeqCst) > pulled);
    server.stop().await;
}

#[tokio::test]
async fn what_was_asked_before_the_end_is_answered() {
    let server = Server::start();
    let mut asked = server
        .send("POST /body HTTP/1.1\r\nhost: g\r\ncontent-length: 4\r\n\r\n")
        .await;
    // Until the request has been taken.
    sleep(Duration::from_millis(50)).await;
    server.stop.cancel();
    asked.write_all(b"done").await.unwrap();
    assert!(read_to_end(asked).await.ends_with("done"));
    server.stop().await;
}
