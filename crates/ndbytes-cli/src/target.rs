//! `FILE[:NAME][SLICE]`: which file, which of its arrays, and which part of that.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use ndbytes::Format;

use crate::trouble::Trouble;

/// `FILE[:NAME]`: a file, and which of its arrays, for whoever takes no parts of them.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    pub(crate) path: PathBuf,
    name: Option<String>,
}

impl Named {
    /// A file that is there is meant as a whole, whatever it is called.
    pub(crate) fn new(asked: &Path) -> Self {
        let Target { path, rest } = Target::new(asked.as_os_str(), Path::exists);
        match rest.strip_prefix(':') {
            Some(name) if path == Path::new("-") || path.exists() => {
                Self { path, name: Some(name.to_owned()) }
            }
            _ => Self { path: asked.to_owned(), name: None },
        }
    }

    /// The name of the array that is wanted, if one is said.
    pub(crate) fn array(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The name of the array that is wanted, which may be said by `option` instead.
    pub(crate) fn name<'n>(&'n self, option: Option<&'n str>) -> Result<Option<&'n str>, Trouble> {
        match (self.name.as_deref(), option) {
            (Some(one), Some(other)) => Err(two_names(one, other)),
            (one, other) => Ok(one.or(other)),
        }
    }

    /// A name is a misunderstanding where there is one array, which has none.
    pub(crate) fn refuse_name(&self, format: Format) -> Result<(), Trouble> {
        match &self.name {
            Some(name) if format != Format::Npz => Err(Trouble::new(nameless(name))),
            _ => Ok(()),
        }
    }
}

pub(crate) fn two_names(one: &str, other: &str) -> Trouble {
    Trouble::new(format!("two names are given: {one:?} and {other:?}"))
}

pub(crate) fn no_array() -> Trouble {
    Trouble::new("the archive holds no array. Hint: ndbytes inspect tells what is in it")
}

pub(crate) fn nameless(name: &str) -> String {
    format!("there is one array here, and no name for it: not {name:?}")
}

/// What to try where no file has the name that was asked for, but one has its beginning.
pub(crate) fn instead_of(missing: &Path) -> Option<String> {
    let Target { path, rest } = Target::new(missing.as_os_str(), Path::exists);
    let said = match rest.chars().next().filter(|_| path.is_file())? {
        '[' => "parts of arrays are for ndbytes show",
        _ => "here it is taken as a whole",
    };
    Some(format!("{} is there; {said}", path.display()))
}

/// What is to be shown, before the file is opened.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Target {
    pub(crate) path: PathBuf,
    /// What follows the file's name: `:NAME`, `[SLICE]`, both or nothing.
    pub(crate) rest: String,
}

/// One array of a file, or a part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Part {
    pub(crate) name: Option<String>,
    /// What is between the first bracket and the last.
    pub(crate) slice: Option<String>,
}

impl Target {
    /// Finds the file in what was asked for. What is there wins: of several files that it may
    /// mean, the one with the longest name.
    pub(crate) fn new(asked: &OsStr, is_there: impl Fn(&Path) -> bool) -> Self {
        let whole = Self { path: asked.into(), rest: String::new() };
        let Some(text) = asked.to_str().filter(|_| !is_there(Path::new(asked))) else {
            return whole;
        };
        let cuts = text.char_indices().filter(|&(at, c)| at > 0 && (c == ':' || c == '['));
        let cuts: Vec<usize> = cuts.map(|(at, _)| at).collect();
        let cut =
            cuts.iter().rev().find(|&&at| text[..at] == *"-" || is_there(text[..at].as_ref()));
        // Where there is none, the error is to name what was meant: a drive's letter is no file.
        let cut = cut.or_else(|| cuts.iter().find(|&&at| at > 1));
        cut.map_or(whole, |&at| Self { path: text[..at].into(), rest: text[at..].to_owned() })
    }

    /// Which array is meant, and which part: `is_name` tells what the file's arrays are called.
    pub(crate) fn part(&self, is_name: impl Fn(&str) -> bool) -> Result<Part, String> {
        let rest = match self.rest.strip_prefix(':') {
            None => return slice_of(&self.rest).map(|slice| Part { name: None, slice }),
            Some(rest) => rest,
        };
        let named = |name: &str, slice| Part { name: Some(name.to_owned()), slice };
        if is_name(rest) || !rest.ends_with(']') {
            return Ok(named(rest, None));
        }
        // The longest name that there is, or all before the first bracket.
        let brackets = || rest.match_indices('[').map(|(at, _)| at);
        match brackets().rev().find(|&at| is_name(&rest[..at])).or_else(|| brackets().next()) {
            Some(at) => Ok(named(&rest[..at], slice_of(&rest[at..])?)),
            None => Ok(named(rest, None)),
        }
    }
}

fn slice_of(text: &str) -> Result<Option<String>, String> {
    match (text, text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'))) {
        ("", _) => Ok(None),
        (_, Some(inside)) => Ok(Some(inside.to_owned())),
        (_, None) => Err(format!(
            "{text:?} is no slice. Hint: NumPy's slices, in brackets and in quotes: 'x.npy[3, ..., ::2]'"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(asked: &str, there: &[&str]) -> (String, String) {
        let found =
            Target::new(asked.as_ref(), |path| there.iter().any(|&it| Path::new(it) == path));
        (found.path.to_str().unwrap().to_owned(), found.rest)
    }

    #[test]
    fn what_is_there_wins() {
        for (asked, there, path, rest) in [
            ("x.npy", &["x.npy"][..], "x.npy", ""),
            ("x.npy[0]", &["x.npy"], "x.npy", "[0]"),
            ("x.npy[0]", &["x.npy", "x.npy[0]"], "x.npy[0]", ""),
            ("a.npz:b", &["a.npz"], "a.npz", ":b"),
            ("a.npz:b[::2]", &["a.npz"], "a.npz", ":b[::2]"),
            ("a:b.npz:c:d[0]", &["a:b.npz", "a"], "a:b.npz", ":c:d[0]"),
            ("C:\\x.npz:y", &["C:\\x.npz"], "C:\\x.npz", ":y"),
            ("-[1]", &[], "-", "[1]"),
            ("-:x", &[], "-", ":x"),
            ("-", &[], "-", ""),
            ("no.npy[0]", &[], "no.npy", "[0]"),
            ("C:\\no.npz:y", &[], "C:\\no.npz", ":y"),
            ("no.npy", &[], "no.npy", ""),
        ] {
            assert_eq!(target(asked, there), (path.to_owned(), rest.to_owned()), "{asked}");
        }
    }

    #[test]
    fn names_and_slices_are_told_apart() {
        let part = |rest: &str, names: &[&str]| {
            let target = Target { path: "x".into(), rest: rest.to_owned() };
            let part = target.part(|name| names.contains(&name))?;
            Ok::<_, String>((part.name, part.slice))
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(part("", &[]), Ok((None, None)));
        assert_eq!(part("[0, 1]", &[]), Ok((None, some("0, 1"))));
        assert_eq!(part(":x", &[]), Ok((some("x"), None)));
        assert_eq!(part(":x[0]", &["x"]), Ok((some("x"), some("0"))));
        assert_eq!(part(":x[0]", &["x", "x[0]"]), Ok((some("x[0]"), None)));
        assert_eq!(part(":x[0][::2]", &["x[0]"]), Ok((some("x[0]"), some("::2"))));
        assert_eq!(part(":x[0][::2]", &["x"]), Ok((some("x"), some("0][::2"))));
        assert_eq!(part(":y[0][1]", &["x"]), Ok((some("y"), some("0][1"))));
        assert!(part("[0", &[]).unwrap_err().contains("quotes"));
        assert!(part("[0]:x", &[]).is_err());
    }
}
