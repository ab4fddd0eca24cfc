//! Black-box tests: the real binary runs as a process and gets requests over HTTP, on a port that the system chooses.
//!
//! `harness` starts servers and sends requests; each other module contains the tests of one subject. The models are in
//! `models/`, or in the folder `RECOMMENDER_TEST_MODELS`; `make models` downloads them.
#![allow(unreachable_pub, reason = "nothing outside can use a test")]

mod harness;

mod access_control;
mod air_gap;
mod bench_command;
mod catalogue_api;
mod chat_answers;
mod chunked_prefill;
mod client_disconnect;
mod commands;
mod damage;
mod errors;
mod eval_command;
mod exposition;
mod findings;
mod hostile;
mod legacy_endpoints;
mod live_reload;
mod logs;
mod openai;
mod overload;
mod page_assets;
mod question_understanding;
mod readiness;
mod restart;
mod resuming;
mod search_api;
mod stopping;
mod tidy;
