//! The `onwards` binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    onwards::cli::main()
}
