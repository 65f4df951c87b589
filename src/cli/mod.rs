//! The command line: every verb and its arguments, and the way to each verb's code.

mod ask;
pub mod audit;
mod completions;
pub mod demo;
mod explain;
pub mod locks;
mod man;
pub mod operations;
mod probe;
mod reload;
mod report;
mod schema;
mod serve;
pub mod settings;
pub mod state;
mod test;
pub mod validate;
mod version;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use tracing::Level;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The command line as it was written.
#[derive(Debug, Parser)]
#[command(
    name = "portcullis",
    version,
    about = "An S3 gateway that verifies, decides, re-signs, streams and records every request",
    disable_help_subcommand = true
)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the gateway.
    Serve(Serve),
    /// Run the gateway with an upstream of its own, sample accounts and policies.
    Demo(Demo),
    /// Check configuration, identities and policies; report all problems at once.
    ///
    /// Exits with 0 if there is nothing to report, 1 if there is, 2 if there is nothing to check or it cannot be read.
    Validate(Validate),
    /// Run decision cases: policies and a request each, with what must come of it.
    ///
    /// Exits with 0 if all come out as expected, 1 if some do not, 2 if something cannot be read or is no case.
    Test(Test),
    /// Count what other modes would have decided, from JSON access logs: who would have been denied what, by which
    /// statement.
    ///
    /// Exits with 0, or 2 if a log cannot be read.
    Report(Report),
    /// Say why a request was decided as it was, or how one would be.
    ///
    /// Exits with 0 if it is allowed, 1 if it is denied, 2 if that cannot be decided or the gateway not be asked.
    Explain(Explain),
    /// Make the running gateway read its files again.
    ///
    /// Exits with 0 if they are in force now, 1 if they are broken or need a restart, 2 if the gateway cannot be asked.
    Reload(Reload),
    /// Carry the settings of buckets and accounts: from a running gateway to files, from files to a running gateway, from an
    /// upstream to files.
    ///
    /// Exits with 0 if all was done, 1 if something was refused or could not be carried over, 2 if it cannot run.
    Settings(settings::Settings),
    /// Look at the state of the running gateway, copy it, put a copy back.
    ///
    /// Exits with 0 if it was done, 1 if it was refused, 2 if it cannot run.
    State(state::State),
    /// Look at the object locks that the running gateway has on record, compare them with the upstreams, win them back after
    /// the state was restored, and end a doubt for which locks hold on.
    ///
    /// Exits with 0 if it was done and nothing is wrong, 1 if something was found or refused, 2 if it cannot run.
    Locks(locks::Locks),
    /// Verify an audit log, offline; make the key that signs one.
    ///
    /// `verify` exits with 0 if the log is untouched, 1 if it is not, 2 if it cannot be read, 3 if nothing is wrong up to a
    /// checkpoint but no anchor says that this was all, 4 if no key was given to trust.
    Audit(audit::Audit),
    /// Print the operation table: requests, permissions, names in logs, and which upstreams have them.
    Operations(Operations),
    /// Print the JSON schema of the configuration file.
    Schema {
        /// That of what guardrails in Rego read instead.
        #[arg(long)]
        guardrails: bool,
    },
    /// Print completions for a shell.
    Completions(Completions),
    /// Print the manual page.
    Man,
    /// Print the version.
    Version(Version),
}

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub struct Serve {
    /// The configuration file.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: PathBuf,
}

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// Keeps data, logs, configuration and credentials here; without it they go with the process.
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The port to listen on, on the loopback address.
    #[arg(long, value_name = "N", default_value_t = 8080)]
    pub port: u16,
}

/// Arguments of `validate`.
#[derive(Debug, Args)]
pub struct Validate {
    /// The configuration file; everything it names is checked too.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: Option<PathBuf>,
    /// More files or folders: configurations, identities, policies.
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// How findings are printed.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Warnings fail too; notes never do.
    #[arg(long)]
    pub strict: bool,
    /// Ask each upstream of the configuration whether it can be used as configured. Nothing is changed there; what is
    /// wrong is a warning.
    #[arg(long, requires = "config")]
    pub probe_upstream: bool,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// `file:line:column: error: message`, a line each.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands of GitHub Actions, which annotate a change.
    Github,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// Access logs in JSON; `-` is standard input, as is no file at all.
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How the report is printed.
    #[arg(long, value_enum, default_value_t = Layout::Text)]
    pub format: Layout,
    /// Count what was denied, too.
    #[arg(long)]
    pub all: bool,
}

/// How a report is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// A page of a hundred columns.
    Text,
    /// One JSON object.
    Json,
}

/// Which gateway to ask.
#[derive(Debug, Args)]
pub struct Running {
    /// Its admin listener: `unix:PATH`, `http://ADDRESS:PORT` or `https://NAME:PORT`. Default: that of the configuration.
    #[arg(long, value_name = "ADDRESS")]
    pub admin: Option<String>,
    /// A file with the token of an admin listener over TCP. Default: that of the configuration.
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Authorities that the admin listener's certificate must come from, in PEM.
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A certificate to present to the admin listener, with those behind it, in PEM.
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// Its key, in PEM.
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// The gateway's configuration file.
    #[arg(long, value_name = "FILE", env = "PORTCULLIS_CONFIG")]
    pub config: Option<PathBuf>,
}

/// Arguments of `reload`.
#[derive(Debug, Args)]
pub struct Reload {
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
}

/// Arguments of `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The request id of an exchange, `x-amz-request-id`; or a file of decision cases, `*.json`, `*.yaml` or `*.yml`.
    #[arg(value_name = "ID|CASE", required_unless_present_any = ["record", "principal"], conflicts_with_all = ["record", "principal"])]
    pub id: Option<String>,
    /// Only the case of this name.
    #[arg(long, value_name = "NAME", requires = "id")]
    pub case: Option<String>,
    /// Which gateway.
    #[command(flatten)]
    pub running: Running,
    /// A JSON record, the first line of this file or, for `-`, of standard input. No gateway is asked.
    #[arg(long, value_name = "FILE", conflicts_with = "principal")]
    pub record: Option<PathBuf>,
    /// Ask the policies of the configuration: the caller's ARN, or `anonymous`.
    #[arg(long, value_name = "ARN", requires_all = ["action", "resource", "config"])]
    pub principal: Option<String>,
    /// E.g. `s3:GetObject`.
    #[arg(long, requires = "principal")]
    pub action: Option<String>,
    /// E.g. `arn:aws:s3:::bucket/key`.
    #[arg(long, value_name = "ARN", requires = "principal")]
    pub resource: Option<String>,
    /// A condition key and its value, e.g. `s3:prefix=home/`; may be given again, also for more values of one key.
    #[arg(long, value_name = "KEY=VALUE", requires = "principal")]
    pub context: Vec<String>,
    /// `aws:SourceIp`.
    #[arg(long, value_name = "IP", requires = "principal")]
    pub source_ip: Option<std::net::IpAddr>,
    /// How the explanation is printed.
    #[arg(long, value_enum, default_value_t = Layout::Text)]
    pub format: Layout,
}

/// Arguments of `test`.
#[derive(Debug, Args)]
pub struct Test {
    /// Files of decision cases, in JSON or YAML, or folders with such files.
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// How the result is printed.
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub format: TestFormat,
}

/// How the result of a test is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TestFormat {
    /// A line for each case that fails, and their number.
    Text,
    /// One JSON object.
    Json,
    /// A JUnit report in XML, for continuous integration.
    Junit,
}

/// Arguments of `operations`.
#[derive(Debug, Args)]
pub struct Operations {
    /// How the table is printed.
    #[arg(long, value_enum, default_value_t = Shape::Markdown)]
    pub format: Shape,
}

/// How a table is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// A page with one table.
    Markdown,
    /// One JSON object.
    Json,
}

/// Arguments of `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}

/// Arguments of `version`.
#[derive(Debug, Args)]
pub struct Version {
    /// As one JSON object.
    #[arg(long)]
    pub json: bool,
}

/// Runs the verb.
pub fn run(arguments: &Arguments) -> ExitCode {
    match &arguments.verb {
        Verb::Serve(serve) => serve::run(serve),
        Verb::Demo(demo) => demo::run(demo),
        Verb::Validate(validate) => validate::run(validate),
        Verb::Test(arguments) => test::run(arguments),
        Verb::Report(arguments) => report::run(arguments),
        Verb::Explain(arguments) => explain::run(arguments),
        Verb::Reload(arguments) => reload::run(arguments),
        Verb::Settings(arguments) => settings::run(arguments),
        Verb::State(arguments) => state::run(arguments),
        Verb::Locks(arguments) => locks::run(arguments),
        Verb::Audit(arguments) => audit::run(arguments),
        Verb::Operations(arguments) => print(&operations::text(arguments)),
        Verb::Schema { guardrails: false } => print(&schema::text()),
        Verb::Schema { guardrails: true } => print(schema::GUARDRAILS),
        Verb::Completions(completions) => print(&completions::text(completions.shell)),
        Verb::Man => print(&man::text()),
        Verb::Version(version) => print(&version::text(version)),
    }
}

/// The definition of the command line, for completions and the manual.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Crates that print keys, tokens or whole signed requests below this level, whatever `RUST_LOG` asks of them.
const DISCREET: &[&str] = &["aws_", "s3s"];

/// Diagnostics go to standard error; records alone go to standard output. `RUST_LOG` chooses more or less.
fn diagnostics() {
    let filter = EnvFilter::builder()
        .with_default_directive(LevelFilter::INFO.into())
        .from_env_lossy();
    let discreet = filter_fn(|event| may_be_printed(event.target(), *event.level()));
    let subscriber = tracing_subscriber::registry()
        .with(filter)
        .with(discreet)
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr));
    // A second gateway in one process, as in tests, keeps the first one's.
    let _ = subscriber.try_init();
}

fn may_be_printed(target: &str, level: Level) -> bool {
    level <= Level::INFO || !DISCREET.iter().any(|name| target.starts_with(name))
}

/// The exit code of a verb that may fail; says why on standard error.
fn finish(result: anyhow::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("portcullis: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output; a reader that has gone away is a failure, not a panic.
fn print(text: &str) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t48_crates_that_print_secrets_are_never_heard_below_info() {
        for target in [
            "aws_sigv4::http_request::sign",
            "s3s",
            "s3s_fs::s3",
            "aws_config",
        ] {
            assert!(!may_be_printed(target, Level::TRACE), "{target}");
            assert!(!may_be_printed(target, Level::DEBUG), "{target}");
            assert!(may_be_printed(target, Level::INFO), "{target}");
        }
        assert!(may_be_printed("portcullis::gateway", Level::TRACE));
    }
}
