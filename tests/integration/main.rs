//! Black-box tests: the real binary runs as a process and gets requests over HTTP, on a port that the system chooses.
//!
//! `harness` starts servers and sends requests; each other module contains the tests of one subject. The models are in
//! `models/`, or in the folder `RECOMMENDER_TEST_MODELS`; `make models` downloads them.
#![allow(unreachable_pub, reason = "nothing outside can use a test")]

mod harness;

mod air_gap;
mod chat_answers;
mod question_understanding;
mod catalogue_api;
mod chunked_prefill;
mod commands;
mod damage;
mod access_control;
mod errors;
mod exposition;
mod search_api;
mod hostile;
mod client_disconnect;
mod live_reload;
mod logs;
mod bench_command;
mod legacy_endpoints;
mod openai;
mod overload;
mod page_assets;
mod readiness;
mod restart;
mod resuming;
mod stopping;
mod tidy;
mod eval_command;
