//! The server in a network namespace that has a loopback and no route: from start to answer.
//!
//! The test starts itself once more inside such a namespace, which needs no root where the kernel lets users have
//! namespaces; where it does not, the test says so and ends.

use std::path::Path;
use std::process::Command;

use crate::harness::{Setup, is_answer, shared, shop};

/// Set inside the namespace; holds the answer that is expected there.
const EXPECTED: &str = "AIR_GAP_EXPECTS";
/// Brings the loopback up with what the machine has, then becomes the command in its arguments.
const ENTER: &str = r#"ip link set lo up 2>/dev/null || python3 -c "$LOOPBACK" || exit 9; exec "$@""#;
/// `ip link set lo up` where there is no `ip`: sets the flags UP and RUNNING (SIOCSIFFLAGS, netdevice(7)).
const LOOPBACK: &str = "import fcntl, socket, struct
fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 0x41))";

#[test]
fn a_machine_without_any_network_answers() {
    if let Ok(expected) = std::env::var(EXPECTED) {
        return answer_here(&expected);
    }
    let allowed = Command::new("unshare").args(["-rn", "true"]).output();
    if !allowed.as_ref().is_ok_and(|output| output.status.success()) {
        println!("This machine allows no network namespaces, so the air gap was not tested: {allowed:?}");
        return;
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
        .expect("it started a moment ago");
    let said = String::from_utf8_lossy(&inside.stdout);
    assert!(inside.status.success() && said.contains("1 passed"), "{inside:?}");
}

/// Inside the namespace: the default models, reviews that nobody has embedded yet, and the answer known from outside.
fn answer_here(expected: &str) {
    let routes = std::fs::read_to_string("/proc/self/net/route").expect("the table of routes");
    assert_eq!(routes.lines().count(), 1, "only the heading: {routes}");
    let interfaces = std::fs::read_to_string("/proc/self/net/dev").expect("the list of interfaces");
    assert!(
        interfaces
            .lines()
            .skip(2)
            .all(|line| line.trim_start().starts_with("lo:")),
        "{interfaces}"
    );
    assert!(Path::new("/proc/self/net/tcp").exists());

    let answer = Setup::new().ready().ask(shop::QUESTION);
    assert!(is_answer(answer.only("final")), "no answer");
    assert_eq!(answer.text(), expected);
}
