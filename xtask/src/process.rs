//! Other programs: shown before they run, and one clear line when they fail.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::process::{Command, ExitStatus, Stdio};

pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// Shows the command, then runs it with its output going where ours goes.
pub(crate) fn run(command: &mut Command) -> Result {
    show(command);
    let status = command.stdin(Stdio::null()).status();
    outcome(command, status)
}

/// As [`run`], and returns what went to standard output as well, even when the command failed.
pub(crate) fn run_and_keep(command: &mut Command) -> (Result, String) {
    show(command);
    let mut kept = String::new();
    let status =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().and_then(|mut child| {
            let mut out = std::io::stdout().lock();
            let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
            let mut line = Vec::new();
            while lines.read_until(b'\n', &mut line)? > 0 {
                out.write_all(&line)?;
                kept.push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
            out.flush()?;
            child.wait()
        });
    (outcome(command, status), kept)
}

/// Runs quietly and returns standard output; all that was said is shown only on failure.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| absent(command, &error))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}\n{}{}", failed(command, output.status), said, errors).trim_end().to_owned())
}

/// Whether the command can be run and succeeds, without a word.
pub(crate) fn works(command: &mut Command) -> bool {
    output(command).is_ok()
}

fn show(command: &Command) {
    println!("$ {}", line(command));
}

fn line(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit(['/', '\\']).next().unwrap_or(&program).to_owned();
    let args = command.get_args().map(|arg| format!(" {}", arg.to_string_lossy()));
    name + &args.collect::<String>()
}

fn outcome(command: &Command, status: std::io::Result<ExitStatus>) -> Result {
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failed(command, status)),
        Err(error) => Err(absent(command, &error)),
    }
}

fn failed(command: &Command, status: ExitStatus) -> String {
    format!("`{}` failed ({status})", line(command))
}

fn absent(command: &Command, error: &std::io::Error) -> String {
    let program = command.get_program().to_string_lossy();
    match error.kind() {
        ErrorKind::NotFound => format!("`{program}` was not found"),
        _ => format!("`{program}` could not be run: {error}"),
    }
}
