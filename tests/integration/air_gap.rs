//! The server in a network namespace with a loopback interface and no route: from start to answer.
//!
//! The test starts itself again inside such a namespace. This needs no root where the kernel allows namespaces to
//! users; elsewhere the test is skipped.

use std::path::Path;
use std::process::Command;

use crate::harness::{Setup, shared, shop, skipped};

/// An environment variable that is set inside the namespace: the answer that is expected there.
const EXPECTED: &str = "AIR_GAP_EXPECTS";
/// Enables the loopback interface with a tool of the machine, then runs the command in its arguments.
const ENTER: &str = r#"ip link set lo up 2>/dev/null || python3 -c "$LOOPBACK" || exit 9; exec "$@""#;
/// `ip link set lo up` for machines without `ip`: sets the flags UP and RUNNING (SIOCSIFFLAGS, netdevice(7)).
const LOOPBACK: &str = "import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41))";

#[test]
fn a_machine_without_any_network_answers() {
    if let Ok(expected) = std::env::var(EXPECTED) {
        return answer_here(&expected);
    }
    let allowed = Command::new("unshare").args(["-rn", "true"]).output();
    if !allowed.as_ref().is_ok_and(|output| output.status.success()) {
        return skipped(&format!("this machine allows no network namespaces: {allowed:?}"));
    }
    let name = concat!(module_path!(), "::a_machine_without_any_network_answers");
    let (_, name) = name.split_once("::").expect("the crate's name comes first");
    let inside = Command::new("unshare")
        .args(["-rn", "sh", "-c", ENTER, "sh"])
        .arg(std::env::current_exe().expect("this test"))
        .args([name, "--exact", "--nocapture"])
        .env("LOOPBACK", LOOPBACK)
        .env(EXPECTED, shared().ask(shop::QUESTION).text())
        .output()
        .expect("unshare starts, as it did before");
    let output = String::from_utf8_lossy(&inside.stdout);
    assert!(
        inside.status.success() && output.contains("1 passed"),
        "{inside:?}"
    );
}

/// Inside the namespace: the default models, reviews without embeddings, and the answer that was given outside.
fn answer_here(expected: &str) {
    let routes = std::fs::read_to_string("/proc/self/net/route").expect("the table of routes");
    assert_eq!(routes.lines().count(), 1, "only the heading: {routes}");
    let interfaces = std::fs::read_to_string("/proc/self/net/dev").expect("the list of interfaces");
    let mut names = interfaces.lines().skip(2).map(str::trim_start);
    assert!(names.all(|line| line.starts_with("lo:")), "{interfaces}");
    assert!(Path::new("/proc/self/net/tcp").exists());

    let answer = Setup::new().ready().ask(shop::QUESTION);
    answer.assert_answered();
    assert_eq!(answer.text(), expected);
}
