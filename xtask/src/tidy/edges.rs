//! Who may know whom in the core: the table of ARCHITECTURE.md, held against the imports.

use std::collections::BTreeSet;

use super::rust::{Token, reads, without_tests};
use super::tree::{Finding, Tree};

const SOURCES: &str = "crates/ndbytes/src";

/// Each part of the core with the parts it may name. `lib` may name all of them.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("limits", &["error"]),
    ("wide", &[]),
    ("cursor", &["error", "limits"]),
    ("array", &["error", "limits", "wide"]),
    ("formats/raw", &["array", "error", "limits"]),
    ("formats/pickle", &["array", "cursor", "error", "limits"]),
    ("formats/npy", &["array", "cursor", "error", "limits", "formats/pickle"]),
    ("formats/npz", &["array", "cursor", "error", "limits", "wide", "formats/npy"]),
    (
        "formats",
        &[
            "formats/raw",
            "formats/npy",
            "formats/npz",
            "formats/pickle",
            "array",
            "error",
            "limits",
        ],
    ),
    ("inspect", &["formats", "formats/npz", "array", "error", "limits"]),
    (
        "verify",
        &[
            "inspect",
            "formats",
            "formats/npy",
            "formats/npz",
            "formats/pickle",
            "array",
            "error",
            "limits",
        ],
    ),
    ("compare", &["array", "error", "limits", "wide"]),
    ("guess", &["array", "error", "limits"]),
    ("files", &["formats", "formats/npz", "array"]),
    ("diagnosis", &["guess", "array", "error"]),
];

/// Files in which a word must not occur, not even in a comment.
const MUST_NOT_SAY: &[(&str, &str)] = &[("crates/ndbytes/src/formats/pickle/machine.rs", "numpy")];

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let modules: BTreeSet<Vec<&str>> =
        tree.paths().filter_map(module_of).chain([Vec::new()]).collect();
    let mut findings = Vec::new();
    for (path, tokens) in tree.rust(SOURCES) {
        let Some(module) = module_of(path) else {
            continue;
        };
        let part = part_of(&module);
        if part == "lib" || module.last() == Some(&"tests") {
            continue;
        }
        let Some((_, allowed)) = MAY_KNOW.iter().find(|(name, _)| *name == part) else {
            let what = format!("`{part}` is not in the table of xtask/src/tidy/edges.rs");
            findings.push(Finding::new(path, 0, what));
            continue;
        };
        for (line, name) in names(&without_tests(tokens), &module) {
            let target = (0..=name.len()).rev().find(|&n| modules.contains(&name[..n]));
            let known = part_of(&name[..target.unwrap_or(0)]);
            if known == part || allowed.contains(&known.as_str()) {
                continue;
            }
            let what = match known.as_str() {
                "lib" => format!(
                    "`{part}` names crate::{}: name it where it is defined",
                    name.join("::")
                ),
                _ => format!("`{part}` must not know `{known}` (crate::{})", name.join("::")),
            };
            findings.push(Finding::new(path, line, what));
        }
    }
    for &(path, word) in MUST_NOT_SAY {
        for (line, text) in (1..).zip(tree.text(path).unwrap_or_default().lines()) {
            if text.to_lowercase().contains(word) {
                findings.push(Finding::new(path, line, format!("must not say `{word}`")));
            }
        }
    }
    findings
}

/// `crates/ndbytes/src/formats/npy/mod.rs` as `[formats, npy]`.
fn module_of(path: &str) -> Option<Vec<&str>> {
    let path = path.strip_prefix(SOURCES)?.strip_prefix('/')?.strip_suffix(".rs")?;
    let mut module: Vec<&str> = path.split('/').collect();
    if matches!(module.as_slice(), [.., "mod"] | ["lib"]) {
        module.pop();
    }
    Some(module)
}

/// The name by which the table knows a module: its top module, or its format.
fn part_of(module: &[&str]) -> String {
    match module {
        [] => "lib".into(),
        ["formats", format, ..] => format!("formats/{format}"),
        [top, ..] => (*top).into(),
    }
}

/// Every path that begins with `crate`, `self` or `super`, as seen from the root of the crate.
fn names<'a>(tokens: &[Token<'a>], module: &[&'a str]) -> Vec<(usize, Vec<&'a str>)> {
    let mut found = Vec::new();
    // Modules written inside the file move what `self` and `super` mean.
    let mut inside: Vec<(&str, usize)> = Vec::new();
    let mut depth = 0;
    for at in 0..tokens.len() {
        match tokens[at].text {
            "{" => {
                depth += 1;
                if at >= 2 && tokens[at - 2].text == "mod" {
                    inside.push((tokens[at - 1].text, depth));
                }
            }
            "}" => {
                inside.pop_if(|(_, opened)| *opened == depth);
                depth = depth.saturating_sub(1);
            }
            start @ ("crate" | "self" | "super") if reads(tokens, at + 1, &["::"]) => {
                let continues = at >= 1 && tokens[at - 1].text == "::";
                let visibility = at >= 1 && tokens[at - 1].text == "in";
                if continues || visibility {
                    continue;
                }
                let mut here = module.to_vec();
                here.extend(inside.iter().map(|(name, _)| name));
                let mut base = if start == "crate" { Vec::new() } else { here };
                let mut next = at;
                while reads(tokens, next, &["super"]) && reads(tokens, next + 1, &["::"]) {
                    base.pop();
                    next += 2;
                }
                if start != "super" {
                    next += 2;
                }
                branch(tokens, next, &base, &mut found);
            }
            _ => {}
        }
    }
    found
}

/// One path of a use tree from `at` on; returns where it ends.
fn branch<'a>(
    tokens: &[Token<'a>],
    mut at: usize,
    base: &[&'a str],
    found: &mut Vec<(usize, Vec<&'a str>)>,
) -> usize {
    let mut path = base.to_vec();
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => {
                at += 1;
                while at < tokens.len() && tokens[at].text != "}" {
                    at = branch(tokens, at, &path, found);
                    // Past `as name` and the comma.
                    while at < tokens.len() && !matches!(tokens[at].text, "," | "}") {
                        at += 1;
                    }
                    at += usize::from(reads(tokens, at, &[","]));
                }
                return at + 1;
            }
            "*" | "self" => at += 1,
            name if name.starts_with(|c: char| c.is_alphabetic() || c == '_') => {
                path.push(name);
                at += 1;
            }
            _ => break,
        }
        if !reads(tokens, at, &["::"]) {
            break;
        }
        at += 1;
    }
    let line = tokens.get(at.saturating_sub(1)).map_or(0, |token| token.line);
    found.push((line, path));
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings for one file, among files that make all modules known.
    fn found(path: &str, text: &str) -> Vec<String> {
        let path = format!("{SOURCES}/{path}");
        let others = [
            "lib.rs",
            "error.rs",
            "limits.rs",
            "cursor.rs",
            "array/mod.rs",
            "array/dtype.rs",
            "formats/mod.rs",
            "formats/raw.rs",
            "formats/npy/mod.rs",
            "formats/npy/header.rs",
            "formats/pickle/mod.rs",
            "formats/npz/mod.rs",
            "inspect.rs",
            "compare.rs",
            "guess.rs",
        ];
        let others = others.map(|name| format!("{SOURCES}/{name}"));
        let mut files: Vec<(&str, &str)> = others.iter().map(|name| (name.as_str(), "")).collect();
        files.retain(|(name, _)| *name != path);
        files.push((&path, text));
        check(&Tree::of(&files)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn allowed_edges_pass() {
        for (path, text) in [
            ("lib.rs", "pub use crate::formats::npy; use error::X;"),
            ("limits.rs", "use crate::error::{DecodeError, Kind};"),
            ("array/dtype.rs", "use super::layout::Layout; use crate::error::X; use super::*;"),
            ("array/mod.rs", "mod dtype; pub use self::dtype::Dtype; use std::fmt;"),
            (
                "formats/npy/header.rs",
                "use crate::{array::{Layout as L, dtype::*}, cursor::Cursor};",
            ),
            ("formats/npy/mod.rs", "use super::pickle; fn f() { crate::formats::pickle::read() }"),
            ("formats/npz/mod.rs", "use super::npy::read; use super::super::array::Array;"),
            ("formats/mod.rs", "use self::npy::X; pub(in crate::inspect) fn f() {}"),
            ("inspect.rs", "use crate::formats::{self, Format};"),
            (
                "error.rs",
                "// use crate::array::X\n/// [x](crate::array)\nconst S: &str = \"crate::array\";",
            ),
            ("compare.rs", "#[cfg(test)] mod tests { use crate::formats::npy; use super::*; }"),
        ] {
            assert_eq!(found(path, text), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn other_edges_are_found_with_their_line() {
        for (path, text, edge) in [
            ("error.rs", "\nuse crate::array::X;", ":2: `error` must not know `array`"),
            ("limits.rs", "use super::array;", ":1: `limits` must not know `array`"),
            ("array/dtype.rs", "use super::super::formats::X;", "must not know `formats`"),
            ("cursor.rs", "use crate::{\n error::X,\n formats::npy::Y,\n};", ":3: `cursor`"),
            ("formats/raw.rs", "use super::npy::X;", "`formats/raw` must not know `formats/npy`"),
            ("formats/raw.rs", "use super::X;", "`formats/raw` must not know `formats` "),
            (
                "formats/pickle/mod.rs",
                "fn f(x: crate::formats::npy::X) {}",
                "must not know `formats/npy`",
            ),
            ("inspect.rs", "use crate::formats::npy::header;", "must not know `formats/npy`"),
            ("guess.rs", "mod inner { use super::super::cursor; }", "must not know `cursor`"),
            ("guess.rs", "use crate::Array;", "names crate::Array: name it where"),
            ("compare.rs", "use crate::{array::{A}, guess::B as C, error::D};", "know `guess`"),
            ("utils.rs", "", "`utils` is not in the table"),
        ] {
            let findings = found(path, text);
            assert!(findings.len() == 1 && findings[0].contains(edge), "{path}: {findings:?}");
        }
    }

    #[test]
    fn the_pickle_machine_does_not_say_numpy() {
        let findings = found("formats/pickle/machine.rs", "\n// as NumPy does");
        assert!(findings.len() == 1 && findings[0].contains("machine.rs:2"), "{findings:?}");
    }
}
