//! A server that speaks S3, on this machine.

use crate::{harness::Since, packages};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::Duration,
};

pub(super) const BUCKET: &str = "gofer-e2e";

/// A server that listens has its bucket: whoever waits for it asks at once.
const WITH_BUCKET: &str = r#"
import sys
from moto.s3.models import s3_backends
from moto.server import main
s3_backends["123456789012"]["aws"].create_bucket(sys.argv[1], "us-east-1")
main(sys.argv[2:])
"#;

pub(super) struct Server {
    /// `127.0.0.1:PORT`
    host: String,
    process: Option<Child>,
}

impl Server {
    /// With an empty bucket. One that is `strict` lets in only whom it knows, which is nobody.
    pub(super) fn new(strict: bool) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = free.local_addr().unwrap().to_string();
        drop(free);
        let mut server = Self {
            host,
            process: None,
        };
        server.begin(strict);
        server
    }

    fn begin(&mut self, strict: bool) {
        let server = packages::python(&["moto[s3]==5.2.5", "flask", "flask-cors"], "moto_server");
        let (address, port) = self.host.split_once(':').unwrap();
        let process = Command::new(server.with_file_name("python"))
            .args(["-c", WITH_BUCKET, BUCKET, "-H", address, "-p", port])
            .env(
                "INITIAL_NO_AUTH_ACTION_COUNT",
                if strict { "0" } else { "1000000" },
            )
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        let begun = Since::now();
        while TcpStream::connect(&self.host).is_err() {
            assert!(begun.elapsed() < Duration::from_mins(1), "no server");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Another one at the same place.
    pub(super) fn again(&mut self) {
        self.begin(false);
    }

    /// Nobody answers any more.
    pub(super) fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.host)
    }

    /// The names of all that is in the bucket.
    pub(super) fn keys(&self) -> Vec<String> {
        let listed = self.ask("GET", &format!("/{BUCKET}?list-type=2&prefix="));
        let keys = listed.split("<Key>").skip(1);
        keys.map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect()
    }

    /// Uploads that were begun and not ended.
    pub(super) fn halves(&self) -> usize {
        let listed = self.ask("GET", &format!("/{BUCKET}?uploads"));
        listed.matches("<UploadId>").count()
    }

    fn ask(&self, method: &str, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {}\r\nContent-Length: 0\r\n\r\n",
            self.host
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}
