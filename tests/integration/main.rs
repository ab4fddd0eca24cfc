//! Black-box tests: the real binary as a process of its own, asked over HTTP on a port that the system chose.
//!
//! `harness` starts servers and talks to them; each other module holds the tests of one subject. The models are
//! those of `models/`, or of the folder in `RECOMMENDER_TEST_MODELS`; `make models` gets them.

mod harness;

mod air_gap;
mod answers;
mod asked;
mod catalogue;
mod chat_model;
mod commands;
mod damage;
mod doors;
mod errors;
mod exposition;
mod found;
mod hostile;
mod leaving;
mod living;
mod logs;
mod measurements;
mod old_page;
mod openai;
mod overload;
mod page;
mod readiness;
mod restart;
mod resuming;
mod stopping;
mod tidy;
mod yardsticks;
