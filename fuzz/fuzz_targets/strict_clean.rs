//! Strict mode's cleaning of answers and streams, for every endpoint whose fields are declared.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| onwards_fuzz::clean_strictly(data));
