//! Every fixture is described, and everything described is there.

use std::collections::BTreeMap;

use serde_json::Value;

use super::tree::{Finding, Tree, folder_holds};

const KINDS: &[&str] = &["fixtures/golden", "fixtures/hostile", "fixtures/real"];
const LIST: &str = "expected.json";
const STREAMS: &str = "streams.bin";

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    // What each list names, by the folder that it is in.
    let mut lists: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for path in fixtures(tree) {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name == LIST {
            match listed(tree.text(path).unwrap_or_default()) {
                Ok(files) => _ = lists.insert(folder, files),
                Err(why) => findings.push(Finding::new(path, 0, why)),
            }
        }
    }
    for (folder, files) in &lists {
        let list = format!("{folder}/{LIST}");
        let mut names: Vec<&String> = files.iter().collect();
        names.sort();
        let twice = names.windows(2).filter(|pair| pair[0] == pair[1]);
        findings
            .extend(twice.map(|pair| Finding::new(&list, 0, format!("lists {} twice", pair[0]))));
        let missing = files.iter().filter(|file| !tree.has_file(&format!("{folder}/{file}")));
        findings.extend(
            missing.map(|file| Finding::new(&list, 0, format!("lists {file}, which is not there"))),
        );
    }
    for path in fixtures(tree).filter(|path| !is_about(path)) {
        let described = lists.iter().any(|(folder, files)| {
            folder_holds(folder, path) && files.iter().any(|file| *file == path[folder.len() + 1..])
        });
        if !described {
            findings.push(Finding::new(path, 0, format!("no {LIST} lists it")));
        }
    }
    findings
}

fn fixtures(tree: &Tree) -> impl Iterator<Item = &str> {
    tree.paths().filter(|path| KINDS.iter().any(|kind| folder_holds(kind, path)))
}

/// Whether a file is about the fixtures, and not one of them.
fn is_about(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name == LIST || name.ends_with(".md") || name.starts_with("LICENSE")
}

/// The files that a list describes: each of its `files`, and the one file that holds all of its
/// `streams` back to back.
fn listed(text: &str) -> Result<Vec<String>, String> {
    let value: Value = serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
    let streams = value["streams"].is_array().then(|| Some(STREAMS.to_owned()));
    let files = value["files"].as_array();
    if files.is_none() && streams.is_none() {
        return Err("it has no list named `files`".into());
    }
    let named = files.into_iter().flatten().map(|file| file["file"].as_str().map(String::from));
    named
        .chain(streams)
        .collect::<Option<_>>()
        .ok_or_else(|| "an entry of `files` has no `file`".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        check(&Tree::of(files)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn lists_and_files_agree_both_ways() {
        let list = r#"{"files": [{"file": "a.npy"}, {"file": "in/b.npy"}]}"#;
        let mut files = vec![
            ("fixtures/golden/npy/x/expected.json", list),
            ("fixtures/golden/npy/x/a.npy", ""),
            ("fixtures/golden/npy/x/in/b.npy", ""),
            ("fixtures/golden/npy/x/README.md", ""),
            ("fixtures/make/golden.py", ""),
        ];
        assert_eq!(found(&files), [""; 0]);

        files.push(("fixtures/golden/npy/x/c.npy", ""));
        files.push(("fixtures/real/d.npy", ""));
        files.remove(1);
        let said = found(&files);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains("lists a.npy, which is not there"));
        assert!(said[1].contains("c.npy: no expected.json lists it"));
        assert!(said[2].contains("fixtures/real/d.npy: no expected.json"));
    }

    #[test]
    fn streams_are_in_a_file_of_their_own() {
        let list = ("fixtures/golden/pickle/x/expected.json", r#"{"streams": []}"#);
        let bytes = ("fixtures/golden/pickle/x/streams.bin", "");
        assert_eq!(found(&[list, bytes]), [""; 0]);
        assert_eq!(found(&[list]).len(), 1);
    }

    #[test]
    fn lists_that_cannot_be_read_are_found() {
        for list in ["", "[]", "{}", r#"{"files": [{"name": "a"}]}"#] {
            assert_eq!(found(&[("fixtures/hostile/npy/expected.json", list)]).len(), 1, "{list}");
        }
        let twice = r#"{"files": [{"file": "a"}, {"file": "a"}]}"#;
        let files = [("fixtures/real/expected.json", twice), ("fixtures/real/a", "")];
        assert!(found(&files)[0].contains("lists a twice"));
    }
}
