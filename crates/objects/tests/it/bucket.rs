//! Against a small server that speaks as much of S3 as is needed.

use crate::world::{all, attempt, pieces, read, tar};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{DefaultBodyLimit, Query, State},
    http::{HeaderMap, Method, Response, StatusCode, Uri},
};
use gofer_core::id::Epoch;
use gofer_objects::{Error, Limits, Objects};
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex},
};

#[derive(Default)]
struct Kept {
    objects: BTreeMap<String, Vec<u8>>,
    parts: BTreeMap<u32, Vec<u8>>,
    requests: Vec<String>,
}

type Shared = Arc<Mutex<Kept>>;
type Words = BTreeMap<String, String>;

async fn answer(
    State(kept): State<Shared>,
    method: Method,
    uri: Uri,
    Query(query): Query<Words>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let mut kept = kept.lock().unwrap();
    let signed = headers.get("authorization").is_some();
    kept.requests
        .push(format!("{method} {uri} signed={signed}"));
    let key = uri
        .path()
        .trim_start_matches("/bucket")
        .trim_start_matches('/');
    let key = key.to_owned();
    match (
        method.as_str(),
        query.get("uploadId"),
        query.get("partNumber"),
    ) {
        ("PUT", Some(_), Some(part)) => {
            kept.parts.insert(part.parse().unwrap(), body.to_vec());
            reply(200, Vec::new())
        }
        ("PUT", ..) => {
            kept.objects.insert(key, body.to_vec());
            reply(200, Vec::new())
        }
        ("POST", Some(_), _) => {
            let parts = std::mem::take(&mut kept.parts);
            let whole: Vec<u8> = parts.into_values().flatten().collect();
            kept.objects.insert(key, whole);
            let xml =
                "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>";
            reply(200, xml.into())
        }
        ("POST", ..) if query.contains_key("delete") => {
            let text = String::from_utf8(body.to_vec()).unwrap();
            let mut xml = "<DeleteResult>".to_owned();
            for key in text.split("<Key>").skip(1) {
                let key = key.split('<').next().unwrap();
                kept.objects.remove(key);
                write!(xml, "<Deleted><Key>{key}</Key></Deleted>").unwrap();
            }
            reply(200, (xml + "</DeleteResult>").into())
        }
        ("POST", ..) => {
            let xml = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>";
            reply(200, xml.into())
        }
        ("DELETE", Some(_), _) => {
            kept.parts.clear();
            reply(204, Vec::new())
        }
        ("GET", ..) if query.contains_key("list-type") => {
            reply(200, list(&kept, &query["prefix"]).into())
        }
        ("GET", ..) => get(&kept, &key, &headers),
        _ => reply(400, Vec::new()),
    }
}

fn list(kept: &Kept, prefix: &str) -> String {
    let mut xml = "<ListBucketResult><IsTruncated>false</IsTruncated>".to_owned();
    for (key, bytes) in kept
        .objects
        .iter()
        .filter(|(key, _)| key.starts_with(prefix))
    {
        let size = bytes.len();
        let when = "2026-11-24T00:00:00.000Z";
        write!(xml, "<Contents><Key>{key}</Key><LastModified>{when}</LastModified><ETag>e</ETag><Size>{size}</Size></Contents>").unwrap();
    }
    xml + "</ListBucketResult>"
}

fn get(kept: &Kept, key: &str, headers: &HeaderMap) -> Response<Body> {
    let Some(bytes) = kept.objects.get(key) else {
        return reply(404, Vec::new());
    };
    let Some(range) = headers.get("range") else {
        return reply(200, bytes.clone());
    };
    let range = range.to_str().unwrap().trim_start_matches("bytes=");
    let (from, to) = range.split_once('-').unwrap();
    let (from, to): (usize, usize) = (from.parse().unwrap(), to.parse().unwrap());
    let to = to.min(bytes.len() - 1);
    let mut answer = reply(206, bytes[from..=to].to_vec());
    let said = format!("bytes {from}-{to}/{}", bytes.len());
    answer
        .headers_mut()
        .insert("content-range", said.parse().unwrap());
    answer
}

fn reply(status: u16, body: Vec<u8>) -> Response<Body> {
    Response::builder()
        .status(StatusCode::from_u16(status).unwrap())
        .header("etag", "\"e\"")
        .header("last-modified", "Tue, 24 Nov 2026 00:00:00 GMT")
        .header("content-length", body.len())
        .body(body.into())
        .unwrap()
}

async fn server() -> (Shared, Objects) {
    let kept = Shared::default();
    let router = Router::new()
        .fallback(answer)
        .layer(DefaultBodyLimit::disable())
        .with_state(Arc::clone(&kept));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let variables = [
        ("AWS_ACCESS_KEY_ID", "me".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "secret".to_owned()),
        ("AWS_REGION", "here".to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{at}")),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("HOME", "/root".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let serving = tokio_util::task::TaskTracker::new();
    serving.spawn(async move { axum::serve(listener, router).await });
    let objects = Objects::in_bucket("s3://bucket/some/prefix", variables).unwrap();
    (kept, objects)
}

#[tokio::test]
async fn artifacts_go_into_a_bucket_in_parts_and_come_out_again() {
    let (kept, objects) = server().await;
    let large = vec![b'x'; 20 << 20];
    let files: &[(&str, &[u8])] = &[("artifacts/small", b"one"), ("artifacts/large", &large)];
    let (one, two) = (attempt(1, None, 1), attempt(2, None, 1));
    for id in [&one, &two] {
        let left = objects.keep((id, Epoch(1)), pieces(&tar(files)), Limits::default());
        assert_eq!(left.await.unwrap().unwrap().files, 2);
    }
    let index = objects.index(&one).await.unwrap();
    let (_, file) = objects.file(&one, &index, "small").unwrap();
    assert_eq!(all(file).await.unwrap(), b"one");
    let whole = all(objects.tar(&one).await.unwrap()).await.unwrap();
    assert_eq!(read(&whole)[1].1.len(), 20 << 20);
    objects.remove_run(one.run).await.unwrap();
    assert!(matches!(objects.index(&one).await, Err(Error::Gone(_))));
    assert!(objects.index(&two).await.is_ok());

    let kept = kept.lock().unwrap();
    let parts = kept.requests.iter().filter(|it| it.contains("partNumber"));
    assert_eq!(parts.count(), 6, "three parts each");
    assert!(kept.requests.iter().all(|it| it.ends_with("signed=true")));
    let mut keys = kept.objects.keys();
    assert!(keys.all(|key| key.starts_with("some/prefix/runs/")));
}

#[test]
fn a_place_that_is_none_is_refused_with_how_to_write_it() {
    for place in ["", "s3://", "s3:///prefix", "/srv/objects", "http://bucket"] {
        let refused = Objects::in_bucket(place, []).map(drop).unwrap_err();
        assert!(matches!(refused, Error::NoPlace(_)), "{place}: {refused}");
    }
}
