//! `health`: asks a running server whether it is ready, over a plain socket, because this program must not contain an
//! HTTP client.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::config::Config;

/// Timeout for connecting, for reading and for writing.
const TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn run(config: &Config) -> anyhow::Result<bool> {
    let address = reachable(config.listen);
    match status(address) {
        Ok(200) => {
            println!("ready");
            Ok(true)
        }
        Ok(status) => {
            println!("{address} answers /readyz with {status}: not ready");
            Ok(false)
        }
        Err(error) => {
            println!("{address} does not answer: {error}");
            Ok(false)
        }
    }
}

/// The address at which this machine reaches a server that listens on `listen`.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn status(address: SocketAddr) -> std::io::Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    write!(
        stream,
        "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let digits = head
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|digits| std::str::from_utf8(digits).ok());
    digits
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| std::io::Error::other("the response is not HTTP/1.1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_reached_on_loopback() {
        for (listen, asked) in [
            ("0.0.0.0:5000", "127.0.0.1:5000"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.7:80", "10.0.0.7:80"),
        ] {
            assert_eq!(reachable(listen.parse().expect("an address")).to_string(), asked);
        }
    }

    #[test]
    fn only_a_ready_server_is_healthy() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("bound");
        let server = std::thread::spawn(move || {
            for answer in ["HTTP/1.1 503 Service Unavailable\r\n\r\n", "SSH-2.0-OpenSSH_9.2"] {
                let (mut stream, _) = listener.accept().expect("a client");
                let _ = stream.read(&mut [0; 512]);
                stream.write_all(answer.as_bytes()).expect("a client that reads");
            }
        });
        assert_eq!(status(address).expect("an HTTP server"), 503);
        assert!(status(address).is_err(), "no HTTP server");
        server.join().expect("no panic");
    }
}
