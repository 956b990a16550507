//! What reading and writing openai_responses costs for every byte.

#![no_main]

use libfuzzer_sys::fuzz_target;
use onwards::protocol::Protocol;
use onwards_heap::counting::Counting;

#[global_allocator]
static HEAP: Counting = Counting;

fuzz_target!(|data: &[u8]| onwards_fuzz::read_in_proportion(Protocol::OpenAiResponses, data));
