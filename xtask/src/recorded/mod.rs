//! `cargo xtask readme`: what pages show of the command line, recorded anew.
//!
//! In a code block that is marked `console recorded`, what follows each line that starts with `$ ` is
//! what that command says. A picture in SVG whose text is a command, as in
//! `![ndbytes diff a.npy b.npy](docs/images/diff.svg)`, shows what it says in colour. The commands of
//! a page run one after another in one folder, which holds the files below.

mod picture;
mod terminal;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::args::Args;
use crate::process::{self, Result};
use crate::workspace::Workspace;

/// A file that commands of pages name, where it comes from, and what is changed in it.
type File = (&'static str, &'static str, fn(&mut [u8]));

const FILES: &[File] = &[
    ("heights.npy", "fixtures/real/npy/dem_elevation.npy", |_| {}),
    ("edited.npy", "fixtures/real/npy/dem_elevation.npy", raise),
    ("several.npz", "fixtures/golden/npz/py313-numpy2.4/several_compressed.npz", |_| {}),
    ("damaged.npz", "fixtures/hostile/npz/flip_stored.npz", |_| {}),
    ("evil.pkl", "fixtures/hostile/pickle/call_os_system.pkl", |_| {}),
];

/// Some heights of a region are others: a row has 403 of two bytes.
fn raise(npy: &mut [u8]) {
    let start = 10 + usize::from(npy[8]);
    for (row, column) in (100..160).flat_map(|row| (220..300).map(move |column| (row, column))) {
        let at = start + 2 * (403 * row + column);
        let height = i16::from_le_bytes([npy[at], npy[at + 1]]);
        let raised = if (row + column) % 7 < 3 { height + 5 } else { height };
        npy[at..at + 2].copy_from_slice(&raised.to_le_bytes());
    }
}

pub(crate) fn command(workspace: &Workspace, mut args: Args) -> Result {
    let check = args.flag("--check");
    args.words(&[])?;
    if check {
        return self::check(workspace).map(|note| println!("{note}"));
    }
    for (path, bytes) in record(workspace)? {
        write(&workspace.root.join(&path), &bytes)?;
        println!("{}: recorded anew", path.display());
    }
    Ok(())
}

/// Whether all that is recorded is what is said now.
pub(crate) fn check(workspace: &Workspace) -> Result<String> {
    let changed = record(workspace)?;
    if changed.is_empty() {
        return Ok("pages show what the command line says".to_owned());
    }
    let names: Vec<String> = changed.iter().map(|(path, _)| path.display().to_string()).collect();
    let names = names.join(", ");
    Err(format!("{names}: not what the command line says now. Record it: cargo xtask readme"))
}

/// The files that would be others, and what they would be.
fn record(workspace: &Workspace) -> Result<Vec<(PathBuf, Vec<u8>)>> {
    process::run(&mut workspace.cargo(&["build", "--locked", "-p", "ndbytes-cli"]))?;
    let mut changed = Vec::new();
    for page in pages(workspace)? {
        let path = workspace.root.join(&page);
        let text = read(&path)?;
        let text =
            String::from_utf8(text).map_err(|error| format!("{}: {error}", path.display()))?;
        if !text.lines().any(|line| line == MARK || picture_in(line).is_some()) {
            continue;
        }
        let session = Session::new(workspace)?;
        let mut pictures = Vec::new();
        let renewed =
            renew(&text, &mut |command, colored| session.run(command, colored), &mut pictures)
                .map_err(|why| format!("{}: {why}", page.display()))?;
        if renewed != text {
            changed.push((page.clone(), renewed.into_bytes()));
        }
        for (target, svg) in pictures {
            let target = page.parent().unwrap_or(Path::new("")).join(target);
            if read(&workspace.root.join(&target)).ok().as_deref() != Some(svg.as_bytes()) {
                changed.push((target, svg.into_bytes()));
            }
        }
    }
    Ok(changed)
}

/// The pages of the repository: at its root, and below `docs`.
fn pages(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![(workspace.root.clone(), false), (workspace.root.join("docs"), true)];
    while let Some((folder, deep)) = folders.pop() {
        let entries = std::fs::read_dir(&folder);
        let entries = entries.map_err(|error| format!("{}: {error}", folder.display()))?;
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() && deep {
                folders.push((path, true));
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let path = path.strip_prefix(&workspace.root).unwrap_or(&path);
                found.push(path.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

const MARK: &str = "```console recorded";

/// The page with what its commands say now, and the pictures that it shows.
fn renew(
    page: &str,
    run: &mut dyn FnMut(&str, bool) -> Result<String>,
    pictures: &mut Vec<(String, String)>,
) -> Result<String> {
    let mut renewed = String::with_capacity(page.len());
    let mut push = |line: &str| {
        renewed.push_str(line.trim_end());
        renewed.push('\n');
    };
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        push(line);
        if let Some((command, target)) = picture_in(line) {
            let said = run(command, true)?;
            pictures.push((target.to_owned(), picture::svg(&terminal::lines(command, &said))));
        }
        if line != MARK {
            continue;
        }
        loop {
            match lines.next() {
                None => return Err("a recorded block without an end".to_owned()),
                Some("```") => {
                    push("```");
                    break;
                }
                Some(line) => {
                    if let Some(command) = line.strip_prefix("$ ") {
                        push(line);
                        run(command, false)?.lines().for_each(&mut push);
                    }
                }
            }
        }
    }
    Ok(renewed)
}

/// The command of which a line shows a picture, and where that is.
fn picture_in(line: &str) -> Option<(&str, &str)> {
    let (command, target) = line.strip_prefix("![")?.split_once("](")?;
    let target = target.strip_suffix(')').filter(|target| target.ends_with(".svg"))?;
    command.starts_with("ndbytes ").then_some((command, target))
}

/// A folder in which the commands of one page run.
struct Session {
    folder: PathBuf,
    path: std::ffi::OsString,
}

impl Session {
    fn new(workspace: &Workspace) -> Result<Self> {
        let folder = workspace.scratch("recorded")?;
        std::fs::remove_dir_all(&folder)
            .and_then(|()| std::fs::create_dir(&folder))
            .map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, source, change) in FILES {
            let mut bytes = read(&workspace.root.join(source))?;
            change(&mut bytes);
            write(&folder.join(name), &bytes)?;
        }
        let old = std::env::var_os("PATH").unwrap_or_default();
        let program = workspace.target.join("debug");
        let path =
            std::env::join_paths(std::iter::once(program).chain(std::env::split_paths(&old)))
                .map_err(|error| error.to_string())?;
        Ok(Self { folder, path })
    }

    /// What a command says, on stdout and on stderr, whatever its exit code is.
    fn run(&self, command: &str, colored: bool) -> Result<String> {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec 2>&1; {command}")]).current_dir(&self.folder);
        shell.env("PATH", &self.path).env("COLUMNS", "100").env("TERM", "xterm-256color");
        shell.env("COLORTERM", "truecolor");
        let (wanted, other) = match colored {
            true => ("CLICOLOR_FORCE", "NO_COLOR"),
            false => ("NO_COLOR", "CLICOLOR_FORCE"),
        };
        shell.env(wanted, "1").env_remove(other);
        let done = shell.output().map_err(|error| format!("sh: {error}"))?;
        let said = String::from_utf8(done.stdout).map_err(|error| format!("{command}: {error}"))?;
        match done.status.code() {
            Some(0..=2) if !said.is_empty() || done.status.success() => Ok(said),
            _ => Err(format!("{command}: {}\n{said}", done.status)),
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn write(path: &Path, bytes: &[u8]) -> Result {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(path, bytes))
        .map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_say_replaces_what_they_said() {
        let page = "a\n```console recorded\n$ one\nold\n\n$ two\n```\n$ three\nb\n\
                    ![ndbytes four](x.svg)\n![five](y.svg)\n```console\n$ six\n```\n";
        let mut asked = Vec::new();
        let mut pictures = Vec::new();
        let renewed = renew(
            page,
            &mut |command, colored| {
                asked.push((command.to_owned(), colored));
                Ok(format!("{command} says \n"))
            },
            &mut pictures,
        );
        let expected = "a\n```console recorded\n$ one\none says\n$ two\ntwo says\n```\n$ three\nb\n\
                        ![ndbytes four](x.svg)\n![five](y.svg)\n```console\n$ six\n```\n";
        assert_eq!(renewed.as_deref(), Ok(expected));
        let wanted = [("one", false), ("two", false), ("ndbytes four", true)];
        assert_eq!(asked, wanted.map(|(command, colored)| (command.to_owned(), colored)));
        assert_eq!(pictures[0].0, "x.svg");
        assert!(pictures.len() == 1 && pictures[0].1.contains("ndbytes four says"));
        let open =
            renew("```console recorded\n$ one\n", &mut |_, _| Ok(String::new()), &mut pictures);
        assert!(open.is_err());
    }
}
