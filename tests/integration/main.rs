//! Black-box tests: the real binary as a process of its own, asked over HTTP on a port that the system chose.
//!
//! `harness` starts servers and talks to them; each other module holds the tests of one subject. The models are
//! those of `models/`, or of the folder in `RECOMMENDER_TEST_MODELS`; `make models` gets them.

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
