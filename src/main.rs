//! The `seatledger` program: see the library.

fn main() -> std::process::ExitCode {
    seatledger::run(std::env::args_os())
}
