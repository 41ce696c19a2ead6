//! The files of the repository, read once.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use super::rust::{Token, tokens};
use crate::process::Result;

/// Folders that hold what tools left behind.
const NOT_OURS: &[&str] = &["target", "node_modules", "__pycache__", "venv"];
/// Folders that are ours although their names begin with a dot.
const OURS: &[&str] = &[".cargo", ".ci", ".github"];
const TEXT: &[&str] =
    &["rs", "py", "pyi", "toml", "lock", "md", "json", "sh", "yml", "yaml", "txt", "typed", "cfg"];

/// Paths, with `/` on every system, and the text of those files that have any.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    /// From 1; 0 is the file as a whole.
    pub(crate) line: usize,
    pub(crate) what: String,
}

impl Tree {
    pub(crate) fn read(root: &Path, target: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.add(root, "", target)
            .map_err(|error| format!("the source tree could not be read: {error}"))?;
        Ok(tree)
    }

    fn add(&mut self, folder: &Path, prefix: &str, target: &Path) -> std::io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let (path, full) = (format!("{prefix}{name}"), entry.path());
            if entry.file_type()?.is_dir() {
                let hidden = name.starts_with('.') && !OURS.contains(&name.as_str());
                if !hidden && !NOT_OURS.contains(&name.as_str()) && full != target {
                    self.add(&full, &format!("{path}/"), target)?;
                }
            } else {
                let text = if is_text(&path) { std::fs::read_to_string(full).ok() } else { None };
                self.files.insert(path, text);
            }
        }
        Ok(())
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|&(path, text)| {
            let text = is_text(path).then(|| text.to_owned());
            (path.to_owned(), text)
        });
        Self { files: files.collect() }
    }

    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    pub(crate) fn has_folder(&self, path: &str) -> bool {
        path.is_empty() || self.paths().any(|file| folder_holds(path, file))
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Every file that is text, with its text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// Every Rust file under a folder (`""` is all), with its tokens.
    pub(crate) fn rust(&self, folder: &str) -> impl Iterator<Item = (&str, Vec<Token<'_>>)> {
        self.texts()
            .filter(move |(path, _)| path.ends_with(".rs"))
            .filter(move |(path, _)| folder.is_empty() || folder_holds(folder, path))
            .map(|(path, text)| (path, tokens(text)))
    }
}

impl Finding {
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

pub(crate) fn folder_holds(folder: &str, file: &str) -> bool {
    file.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn is_text(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    path.starts_with(".ci/")
        || name.starts_with("LICENSE")
        || extension.is_some_and(|extension| TEXT.contains(&extension))
}
