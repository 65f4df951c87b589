//! Reads the command line and runs the verb.

use clap::Parser;
use portcullis::cli;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cli::run(&cli::Arguments::parse())
}
