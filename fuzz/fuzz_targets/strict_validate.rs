//! Strict mode's check of requests, for every endpoint whose fields are declared.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| onwards_fuzz::validate_strictly(data));
