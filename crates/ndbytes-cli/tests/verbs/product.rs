//! What every verb does alike: pipes that close, disks that are full, colours, JSON, completions and
//! the manual.

use crate::{fixture, golden, program, run, str, verbs};

/// A call of each verb that succeeds, or tells of differences, and says something.
fn calls() -> Vec<Vec<String>> {
    let (x, y) = (str(&golden("f8_c")).to_owned(), str(&golden("f4_c")).to_owned());
    let npz = str(&fixture("golden/npz/py313-numpy2.4/several.npz")).to_owned();
    let call = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let calls = vec![
        call(&["demo", &x]),
        call(&["inspect", &x, &npz]),
        call(&["convert", &x, "-", "--to", "raw"]),
        call(&["guess", &x, &y]),
        call(&["diff", &x, &y]),
        call(&["show", &x]),
        call(&["verify", &x, &npz]),
        call(&["completions", "bash"]),
        call(&["man"]),
    ];
    let here: Vec<&str> = calls.iter().map(|call| call[0].as_str()).collect();
    let missing: Vec<_> = verbs().into_iter().filter(|verb| !here.contains(&&**verb)).collect();
    assert!(missing.is_empty(), "no call of {missing:?}");
    calls
}

#[test]
#[cfg(unix)]
fn nobody_listens_and_that_is_no_trouble() {
    use std::io::Read as _;
    use std::process::Stdio;
    let help = vec!["--help".to_owned()];
    for call in calls().into_iter().chain([help]) {
        // A pipe whose other end is closed before anything is written.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let ended = program().args(&call).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "", "{call:?}");
        assert_eq!(ended.status.code(), Some(0), "{call:?}");

        // One that is closed after the first byte.
        let mut child =
            program().args(&call).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdout.take().unwrap().read_exact(&mut [0]).unwrap();
        let ended = child.wait_with_output().unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr).matches("panicked").count(), 0);
        assert!(ended.status.code().is_some_and(|code| code < 2), "{call:?}");

        // No stdout at all.
        let script = "exec \"$0\" \"$@\" >&-";
        let ended = std::process::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_ndbytes")])
            .args(&call)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(ended.status.code().is_some_and(|code| code <= 2), "{call:?}: {said}");
        assert!(!said.contains("panicked"), "{call:?}: {said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_trouble() {
    use std::process::Stdio;
    for call in calls() {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let ended = program().args(&call).stdout(full).stderr(Stdio::piped()).output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert_eq!(ended.status.code(), Some(2), "{call:?}: {said}");
        assert!(said.contains("No space left"), "{call:?}: {said}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_who_asks() {
    let colored = |call: &[String], variables: &[(&str, &str)]| {
        let mut command = program();
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM"] {
            command.env_remove(name);
        }
        let ended = command.args(call).envs(variables.iter().copied()).output().unwrap();
        ended.stdout.contains(&0x1b)
    };
    let [force, never] = [("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")];
    for call in calls() {
        let is_shown = ["demo", "inspect", "show", "guess", "diff", "verify"].contains(&&*call[0]);
        assert!(!colored(&call, &[]), "{call:?}");
        assert_eq!(colored(&call, &[force]), is_shown, "{call:?}");
        assert!(!colored(&call, &[force, never]), "{call:?}");
        assert!(!colored(&call, &[("CLICOLOR_FORCE", "0")]), "{call:?}");
        let json: Vec<String> = call.iter().cloned().chain(["--json".to_owned()]).collect();
        assert!(!colored(&json, &[force]), "{json:?}");
    }
}

#[test]
fn json_is_an_object_a_line_whatever_happens() {
    let bad = str(&fixture("hostile/npz/flip_stored.npz")).to_owned();
    for call in calls().iter().filter(|call| !["completions", "man"].contains(&&*call[0])) {
        let verb = &*call[0];
        // What convert says goes where its bytes do not.
        let json: Vec<&str> = call.iter().map(String::as_str).chain(["--json"]).collect();
        let told = run(&json);
        assert!(told.code.is_some_and(|code| code < 2), "{json:?}: {}", told.err);
        let lines = match verb {
            "convert" => vec![serde_json::from_str(&told.err).expect("JSON on stderr")],
            _ => told.json(),
        };
        assert!(!lines.is_empty() && lines.iter().all(serde_json::Value::is_object), "{json:?}");

        // Verbs of several files say of each what became of it.
        if ["inspect", "guess", "verify"].contains(&verb) {
            let told = run([verb, "--json", "no/such", &*call[1], &*bad]);
            assert_eq!(told.code, Some(2), "{verb}");
            let lines = told.json();
            let files: Vec<_> = lines.iter().map(|line| line["file"].as_str().unwrap()).collect();
            assert_eq!(files, ["no/such", &*call[1], &*bad], "{verb}");
            let error = &lines[0]["error"];
            assert_eq!((error["kind"].as_str(), error["offset"].is_null()), (Some("io"), true));
            assert!(lines[1]["error"].is_null(), "{verb}");
            assert!(told.err.starts_with("ndbytes: no/such: "), "{}", told.err);
        } else {
            let told = run([verb, "--json", "no/such", "no/such.npy"]);
            assert_eq!((told.code, told.text()), (Some(2), ""), "{verb}");
        }
    }
}

#[test]
fn completions_and_the_manual_name_every_verb() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(["completions", shell]).ends(0);
        for word in verbs().iter().map(String::as_str).chain(["rtol", "strict", "compression"]) {
            assert!(script.text().contains(word), "{shell}: {word}");
        }
    }
    run(["completions", "dcl"]).ends(2);

    let folder = tempfile::tempdir().unwrap();
    run(["man", "--folder", str(&folder.path().join("man1"))]).ends(0);
    let page = |name: &str| std::fs::read_to_string(folder.path().join("man1").join(name)).unwrap();
    let main = page("ndbytes.1");
    assert_eq!(run(["man"]).ends(0).text(), main);
    for verb in verbs() {
        assert!(main.contains(&format!("ndbytes\\-{verb}(1)")), "{verb}");
        let page = page(&format!("ndbytes-{verb}.1"));
        assert_eq!(run(["man", &*verb]).ends(0).text(), page);
        assert!(page.starts_with(".ie \\n(.g .ds Aq \\(aq\n"), "{page}");
        let example = format!("\\&  ndbytes {verb}");
        assert!(page.contains(".SH \"EXAMPLES\"\n.nf\n") && page.contains(&example), "{verb}");
        // Whatever help says of options, the manual does.
        let help = run([&*verb, "--help"]).ends(0).text().to_owned();
        for option in help.split_whitespace().filter(|word| word.starts_with("--")) {
            let option = option.trim_end_matches(|c: char| !c.is_alphanumeric());
            assert!(page.contains(&option.replace('-', "\\-")), "{verb}: {option}");
        }
    }
    assert!(run(["man", "dance"]).ends(2).err.contains("no verb \"dance\". Hint: demo, "));
}

#[test]
#[cfg(unix)]
fn bash_completes_verbs_and_options() {
    let script = "source <(\"$0\" completions bash); COMP_WORDS=(ndbytes \"$@\"); \
                  COMP_CWORD=$#; _ndbytes ndbytes \"${COMP_WORDS[$#]}\" \
                  \"${COMP_WORDS[$# - 1]}\"; echo \"${COMPREPLY[*]}\"";
    let completed = |words: &[&str]| {
        let ended = std::process::Command::new("bash")
            .args(["--norc", "-c", script, env!("CARGO_BIN_EXE_ndbytes")])
            .args(words)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
        String::from_utf8(ended.stdout).unwrap().trim().to_owned()
    };
    assert_eq!(completed(&["ver"]), "verify");
    assert_eq!(completed(&["verify", "--st"]), "--strict");
    assert_eq!(completed(&["convert", "--compression", ""]), "none deflate zstd");
}
