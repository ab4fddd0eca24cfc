//! The two endpoints of the system that this one replaces.

use crate::harness::{shared, shop};

const FORM: &str = "application/x-www-form-urlencoded";

#[test]
fn a_form_is_answered_in_plain_text() {
    let form = format!("msg={}", shop::QUESTION.replace(' ', "+").replace('?', "%3F"));
    let reply = shared().send("POST", "/get", FORM, &form);
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(reply.body, shared().ask(shop::QUESTION).text());
}

#[test]
fn an_empty_message_is_refused_as_in_the_old_system() {
    for form in ["msg=", "msg=+", ""] {
        let reply = shared().send("POST", "/get", FORM, form);
        assert_eq!(
            (reply.status, reply.body.as_str()),
            (400, "{\"error\":\"Empty message\"}"),
            "{form}"
        );
    }
}

#[test]
fn health_says_ok() {
    let reply = shared().get("/health");
    assert_eq!((reply.status, reply.body.as_str()), (200, "{\"status\":\"ok\"}"));
}
