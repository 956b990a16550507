//! The `onwards` binary: arguments in, exit code out.

#[global_allocator]
static HEAP: onwards_heap::Keeping = onwards_heap::Keeping;

fn main() -> std::process::ExitCode {
    onwards::cli::main()
}
