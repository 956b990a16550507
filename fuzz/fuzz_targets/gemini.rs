//! Gemini: requests, answers, streams and errors, written again in every protocol.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onwards::protocol::Protocol;

fuzz_target!(|data: &[u8]| onwards_fuzz::read_all(Protocol::Gemini, data));
