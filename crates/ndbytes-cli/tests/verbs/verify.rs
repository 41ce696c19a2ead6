//! `ndbytes verify`

use std::fs;
use std::path::{Path, PathBuf};

use ndbytes::Array;
use ndbytes::npz::{self, Compression, WriteOptions};
use serde_json::json;

use crate::{fixture, golden, run, run_on, str};

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn exit_codes_tell() {
    let (good, archive) = (golden("f8_c"), fixture("golden/npz/py313-numpy2.4/several.npz"));
    let bad = fixture("hostile/npz/flip_stored.npz");
    assert_eq!(
        run(["verify", str(&good)]).ends(0).text(),
        format!("{}: fine (npy, 1 array)\n", good.display())
    );
    let told = run(["verify", str(&good), str(&archive)]).ends(0);
    assert!(told.text().ends_with("\n2 files: 2 fine\n"), "{}", told.text());
    let told = run(["verify", str(&bad), str(&good)]).ends(1);
    assert!(told.text().starts_with(&format!("{}: FAILED (npz, ", bad.display())));
    assert!(told.text().contains("\n  npz: the CRC-32 is "), "{}", told.text());
    assert!(told.text().contains("\n  Hint: the bytes are damaged"), "{}", told.text());
    assert!(told.text().ends_with("\n2 files: 1 fine, 1 failed\n"), "{}", told.text());
    assert_eq!(told.err, "");

    let told = run(["verify", str(&bad), "no/such.npy", str(&good)]).ends(2);
    assert!(told.text().ends_with("3 files: 1 fine, 1 failed, 1 not read\n"), "{}", told.text());
    assert!(told.err.starts_with("ndbytes: no/such.npy: "), "{}", told.err);
    let folder = tempfile::tempdir().unwrap();
    let told = run(["verify", str(folder.path())]).ends(2);
    if cfg!(unix) {
        assert!(told.err.contains("this is a folder. Hint: name the files in it"), "{}", told.err);
    }

    assert_eq!(run(["verify", "-q", str(&good)]).ends(0).text(), "");
    assert_eq!(run(["verify", "-q", str(&good), str(&bad)]).ends(1).text(), "");
    run(["verify"]).ends(2);
    run(["verify", "-q", "--json", str(&good)]).ends(2);
}

#[test]
fn all_kinds_of_faults_are_told_as_json() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(golden("f8_c")).unwrap();
    let at = |name: &str, bytes: &[u8]| write(folder.path(), name, bytes);
    let files = [
        at("fine.npy", &whole),
        at("tail.npy", &[&whole[..], b"abc"].concat()),
        at("cut.npy", &whole[..whole.len() - 1]),
        at("page.npy", b"<html><body>404</body></html>"),
        at("evil.pkl", b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R."),
        // Of protocol 0, which has no magic number, and asks for nothing.
        at("old.pkl", b"(lp0\nI1\na."),
        at("empty.npz", b""),
        at(
            "what.bin",
            &(0..300).flat_map(|i: i32| (i as f32).sqrt().to_le_bytes()).collect::<Vec<u8>>(),
        ),
    ];
    let args = ["verify", "--json"].into_iter().chain(files.iter().map(|file| str(file)));
    let told = run(args).ends(1).json();
    let seen: Vec<_> = told
        .iter()
        .map(|object| {
            let fault = &object["faults"][0];
            (object["ok"] == true, object["format"].as_str(), fault["kind"].as_str())
        })
        .collect();
    let expected = [
        (true, Some("npy"), None),
        (false, Some("npy"), Some("malformed")),
        (false, Some("npy"), Some("incomplete")),
        (false, Some("npy"), Some("unrecognized")),
        (false, Some("pickle"), Some("unsafe")),
        (true, Some("pickle"), None),
        (false, Some("npz"), Some("incomplete")),
        (false, None, Some("unrecognized")),
    ];
    assert_eq!(seen, expected);
    let tail = json!({
        "kind": "malformed", "offset": 224, "entry": null,
        "message": "npy: 3 bytes follow the array (at byte 224; expected the end, or another one)",
        "hint": "readers leave them alone; cut them off if nobody needs them",
    });
    assert_eq!(told[1]["faults"], json!([tail]));
    let hint = told[3]["faults"][0]["hint"].as_str().unwrap();
    assert!(hint.starts_with("this is an HTML page"), "{hint}");
    let hint = told[7]["faults"][0]["hint"].as_str().unwrap();
    assert!(hint.contains("ndbytes guess ") && !hint.contains("frombuffer"), "{hint}");

    let missing = run(["verify", "--json", "no/such"]).ends(2).json();
    assert_eq!(
        (&missing[0]["file"], &missing[0]["error"]["kind"]),
        (&json!("no/such"), &json!("io"))
    );
}

#[test]
fn what_is_only_unusual_is_a_note() {
    let odd = fixture("hostile/npz/name_up.npz");
    let told = run(["verify", str(&odd)]).ends(0);
    assert!(told.text().contains("  note: \"../../x.npy\": its name leads out"), "{}", told.text());
    let told = run(["verify", "--strict", str(&odd)]).ends(1);
    assert!(told.text().contains("FAILED"), "{}", told.text());
    run(["verify", "--strict", str(&golden("f8_c"))]).ends(0);
    let told = run(["verify", "--strict", "--json", str(&odd)]).ends(1).json();
    assert_eq!((&told[0]["ok"], &told[0]["faults"]), (&json!(false), &json!([])));
}

#[test]
fn stdin_is_told_like_files() {
    for path in [golden("f8_c"), fixture("golden/npz/py313-numpy2.4/several_compressed.npz")] {
        let whole = fs::read(&path).unwrap();
        let told = run_on(&whole, &["verify", "-"]).ends(0);
        assert!(told.text().starts_with("stdin: fine ("), "{}", told.text());
        run_on(&whole[..whole.len() - 1], &["verify", "-"]).ends(1);
    }
    assert!(run_on(b"", &["verify", "-"]).ends(1).text().contains("there are no bytes"));
}

#[test]
#[cfg(target_os = "linux")]
fn large_archives_take_little_memory_and_no_bar_goes_into_a_pipe() {
    let folder = tempfile::tempdir().unwrap();
    let zeros = vec![0_u8; 400 << 20];
    let array = Array::from_slice(&zeros, &[zeros.len()]).unwrap();
    let options = WriteOptions::new().compression(Compression::Deflate);
    let bytes = npz::write(&[("x", array)], &options).unwrap();
    let path = write(folder.path(), "x.npz", bytes);
    // Kilobytes of address space.
    let script = "ulimit -v 200000; exec \"$0\" \"$@\"";
    let ended = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_ndbytes"), "verify", str(&path)])
        .output()
        .unwrap();
    let text = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(0), "{text}{:?}", ended.stderr);
    assert!(text.contains("note: \"x.npy\": 419430"), "{text}");
    assert!(ended.stderr.is_empty());

    // A sparse file, of which nothing but the header is read.
    let sparse = folder.path().join("x.npy");
    let dtype = ndbytes::DType::from_typestr("<f8").unwrap();
    let header = npy_header(&dtype, 1 << 31);
    fs::write(&sparse, &header).unwrap();
    fs::File::options()
        .write(true)
        .open(&sparse)
        .unwrap()
        .set_len(header.len() as u64 + (8 << 31))
        .unwrap();
    let told = run(["verify", str(&sparse)]).ends(0);
    assert_eq!(told.err, "");
}

#[cfg(target_os = "linux")]
fn npy_header(dtype: &ndbytes::DType, count: usize) -> Vec<u8> {
    ndbytes::npy::write_header(dtype, &[count], ndbytes::Order::C, None).unwrap()
}

#[test]
fn what_comes_through_a_pipe_is_found_to_be_what_it_is() {
    let whole = fs::read(golden("f8_c")).unwrap();
    let told = run_on(&whole, &["verify", "-"]).ends(0);
    assert_eq!(told.text(), "stdin: fine (npy, 1 array)\n");
    let told = run_on(&whole[..whole.len() - 1], &["verify", "-"]).ends(1);
    assert!(told.text().contains("\n  Hint: the bytes were cut short"), "{}", told.text());
    let told = run_on(&[&whole[..], b"abc"].concat(), &["verify", "-"]).ends(1);
    assert!(told.text().contains("3 bytes follow the array"), "{}", told.text());
    let archive = fs::read(fixture("golden/npz/py313-numpy2.4/several.npz")).unwrap();
    run_on(&archive, &["verify", "-"]).ends(0);
    assert!(run_on(b"", &["verify", "-"]).ends(1).text().contains("there are no bytes"));
}
