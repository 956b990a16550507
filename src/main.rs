<<<<<<< Updated upstream
fn main(){}
=======
//! The `onwards` binary: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    onwards::cli::main()
}
>>>>>>> Stashed changes
