//! Rules on files as text: their length, their names, and what must not be left in them.

use super::rust::{reads, without_tests};
use super::tree::{Finding, Tree, folder_holds};

const LONGEST: usize = 800;
/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &["util", "utils", "common", "helper", "helpers", "misc"];
const MACHINE_PATHS: &[&str] = &["/work/", "/root/", "/home/"];
const LEFT_WORDS: &[&str] = &["TODO", "FIXME", "XXX"];
const LEFT_MACROS: &[&str] = &["todo", "unimplemented", "dbg"];
const CODE: &[&str] = &["rs", "py", "pyi", "toml", "sh", "yml"];
/// These files spell out what they look for.
const RULES: &str = "xtask/src/tidy";

pub(crate) fn sizes(tree: &Tree) -> Vec<Finding> {
    tree.texts()
        .filter(|(path, _)| path.ends_with(".rs") || path.ends_with(".py"))
        .filter(|(path, _)| !path.starts_with("fixtures/"))
        .filter_map(|(path, text)| {
            let lines = text.lines().count();
            let what = format!("{lines} lines; {LONGEST} is the most");
            (lines > LONGEST).then(|| Finding::new(path, 0, what))
        })
        .collect()
}

pub(crate) fn names(tree: &Tree) -> Vec<Finding> {
    let empty = |name: &str| EMPTY_NAMES.contains(&name);
    let complain = |path, line, name| {
        Finding::new(path, line, format!("a module named `{name}` says nothing about what it is"))
    };
    let mut findings = Vec::new();
    for path in tree.paths().filter(|path| path.ends_with(".rs") || path.ends_with(".py")) {
        let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
        findings
            .extend(stem.split('/').filter(|name| empty(name)).map(|name| complain(path, 0, name)));
    }
    for (path, tokens) in tree.rust("") {
        for (at, token) in tokens.iter().enumerate().skip(1) {
            if empty(token.text) && reads(&tokens, at - 1, &["mod"]) {
                findings.push(complain(path, token.line, token.text));
            }
        }
    }
    findings
}

pub(crate) fn machine_paths(tree: &Tree) -> Vec<Finding> {
    lines(tree, |_| true)
        .filter_map(|(path, number, line)| {
            let found = MACHINE_PATHS.iter().find(|found| begins_path(line, found))?;
            Some(Finding::new(path, number, format!("`{found}` is a path of one machine")))
        })
        .collect()
}

pub(crate) fn leftovers(tree: &Tree) -> Vec<Finding> {
    let code = |path: &str| path.rsplit_once('.').is_some_and(|(_, end)| CODE.contains(&end));
    let mut findings: Vec<Finding> = lines(tree, |path| code(path) || path.starts_with(".ci/"))
        .filter_map(|(path, number, line)| {
            let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '_');
            let word = words.find(|word| LEFT_WORDS.contains(word))?;
            Some(Finding::new(path, number, format!("`{word}` is left over")))
        })
        .collect();
    for (path, tokens) in tree.rust("") {
        for (at, token) in tokens.iter().enumerate() {
            if LEFT_MACROS.contains(&token.text) && reads(&tokens, at + 1, &["!"]) {
                let what = format!("`{}!` is left over", token.text);
                findings.push(Finding::new(path, token.line, what));
            }
        }
    }
    findings
}

/// The core answers with an error; it does not stop the caller's program.
pub(crate) fn unwraps(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, tokens) in tree.rust("crates/ndbytes/src") {
        if path.ends_with("/tests.rs") {
            continue;
        }
        let tokens = without_tests(tokens);
        for (at, token) in tokens.iter().enumerate() {
            if reads(&tokens, at, &[".", "unwrap", "(", ")"]) {
                findings.push(Finding::new(path, token.line, "`.unwrap()` outside tests"));
            }
        }
    }
    findings
}

fn lines<'a>(
    tree: &'a Tree,
    wanted: impl Fn(&str) -> bool + 'a,
) -> impl Iterator<Item = (&'a str, usize, &'a str)> {
    tree.texts()
        .filter(move |(path, _)| wanted(path) && !folder_holds(RULES, path))
        .flat_map(|(path, text)| (1..).zip(text.lines()).map(move |(n, line)| (path, n, line)))
}

/// Whether the folder is where a path begins, and not the middle of a longer one, and something
/// follows it.
fn begins_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let inside = |c: char| c.is_alphanumeric() || "_-.~}/".contains(c);
        let follows = line[at + folder.len()..].starts_with(|c: char| c.is_alphanumeric());
        follows && !line[..at].ends_with(inside)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(rule: fn(&Tree) -> Vec<Finding>, path: &str, text: &str) -> usize {
        rule(&Tree::of(&[(path, text)])).len()
    }

    #[test]
    fn long_files_are_found() {
        let long = "\n".repeat(LONGEST + 1);
        assert_eq!(found(sizes, "a/b.rs", &long), 1);
        assert_eq!(found(sizes, "a/b.py", &long), 1);
        assert_eq!(found(sizes, "a/b.rs", &long[1..]), 0);
        assert_eq!(found(sizes, "a/b.md", &long), 0);
        assert_eq!(found(sizes, "fixtures/make/b.py", &long), 0);
    }

    #[test]
    fn empty_names_are_found() {
        assert_eq!(found(names, "a/utils.rs", ""), 1);
        assert_eq!(found(names, "tests/common/mod.rs", ""), 1);
        assert_eq!(found(names, "tests/helpers.py", ""), 1);
        assert_eq!(found(names, "a/lib.rs", "mod misc { }"), 1);
        assert_eq!(found(names, "a/utility.rs", "let common = 1;"), 0);
    }

    #[test]
    fn machine_paths_are_found() {
        assert_eq!(found(machine_paths, "a.md", "see /work/main"), 1);
        assert_eq!(found(machine_paths, "a.json", "{\"from\": \"/home/me/x\"}"), 1);
        assert_eq!(found(machine_paths, ".ci/run", "cd /root/x"), 1);
        assert_eq!(found(machine_paths, "a.md", "https://example.org/work/x, ~/work/x, /home/"), 0);
        assert_eq!(found(machine_paths, "a.npy", "/root/x"), 0);
    }

    #[test]
    fn leftovers_are_found() {
        assert_eq!(found(leftovers, "a.rs", "// TODO: more"), 1);
        assert_eq!(found(leftovers, "a.py", "# FIXME"), 1);
        assert_eq!(found(leftovers, "a.rs", "fn f() { todo!() }"), 1);
        assert_eq!(found(leftovers, "a.rs", "fn f() { dbg!(1); unimplemented!() }"), 2);
        assert_eq!(found(leftovers, "a.rs", "let todo = \"dbg!\"; // XXXL"), 0);
    }

    #[test]
    fn unwraps_are_found_in_the_core_alone() {
        let path = "crates/ndbytes/src/array/mod.rs";
        assert_eq!(found(unwraps, path, "fn f() { x\n.unwrap() }"), 1);
        assert_eq!(found(unwraps, path, "/// x.unwrap()\nfn f() { x.unwrap_or(1) }"), 0);
        assert_eq!(found(unwraps, path, "#[cfg(test)] mod tests { fn f() { x.unwrap() } }"), 0);
        assert_eq!(found(unwraps, "crates/ndbytes-cli/src/main.rs", "x.unwrap()"), 0);
    }
}
