//! npz files in every verb.

use std::fs;

use ndbytes::npz::{self, ReadOptions};
use serde_json::json;

use crate::{fixture, run, run_on, str};

#[test]
fn inspect_lists_the_members() {
    let path = fixture("golden/npz/py313-numpy2.4/several_compressed.npz");
    let shown = run(["inspect", str(&path)]).ends(0);
    for said in ["npz", "rows", "fortran", "structure of 3", "deflate"] {
        assert!(shown.text().contains(said), "{said}: {}", shown.text());
    }
    let described = run(["inspect", "--json", str(&path)]).ends(0).json();
    let entries = described[0]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 10);
    assert_eq!(entries[0]["name"], "rows");
    assert_eq!(entries[0]["compression"], "deflate");
    assert_eq!(entries[0]["offset"], json!(null));

    // From a pipe the same.
    let bytes = fs::read(&path).unwrap();
    let piped = run_on(&bytes, &["inspect", "--json", "-"]).ends(0).json();
    assert_eq!(piped[0]["entries"], described[0]["entries"]);

    let odd = run(["inspect", str(&fixture("hostile/npz/name_up.npz"))]).ends(0);
    assert!(odd.text().contains("leads out of its folder"), "{}", odd.text());
    // Of what was cut, the members that are there.
    let cut = run_on(&bytes[..bytes.len() / 2], &["inspect", "-", "--json"]).ends(0).json();
    let some = cut[0]["entries"].as_array().unwrap();
    assert!(!some.is_empty() && some[..] == entries[..some.len()] && some.len() < entries.len());
    let odd = cut[0]["oddities"].as_array().unwrap();
    assert!(odd.last().unwrap().as_str().unwrap().starts_with("cut short: the directory"));
    let nothing = run_on(&bytes[..20], &["inspect", "-"]).ends(2);
    assert!(nothing.err.contains("directory comes last"), "{}", nothing.err);
}

// Names of files hold no colon elsewhere.
#[cfg(unix)]
#[test]
fn files_and_the_names_of_their_arrays_are_said_together() {
    let path = fixture("golden/npz/py313-numpy2.4/several.npz");
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let big = format!("{}:big", str(&path));
    run(["convert", &big, str(&out("one.npy"))]).ends(0);
    run(["convert", str(&path), str(&out("other.npy")), "--name", "big"]).ends(0);
    assert!(fs::read(out("one.npy")).unwrap() == fs::read(out("other.npy")).unwrap());
    run(["diff", &big, str(&out("one.npy"))]).ends(0);
    run(["diff", &big, &format!("{}:rows", str(&path))]).ends(1);
    let piped = run_on(&fs::read(&path).unwrap(), &["diff", "--", "-:big", str(&out("one.npy"))]);
    piped.ends(0);

    let two = run(["convert", &big, str(&out("x.npy")), "--name", "rows"]).ends(2);
    assert!(two.err.contains("two names are given: \"big\" and \"rows\""), "{}", two.err);
    let missing = run(["diff", &format!("{}:no", str(&path)), str(&out("one.npy"))]).ends(2);
    assert!(missing.err.contains("no array \"no\""), "{}", missing.err);
    for args in [["convert", "x.npz"], ["diff", "one.npy"]] {
        let nameless = format!("{}:x", str(&out("one.npy")));
        let told = run([args[0], &nameless, str(&out(args[1]))]).ends(2);
        assert!(told.err.contains("no name for it: not \"x\""), "{}", told.err);
    }
    // What is there is meant as a whole; what is not is named as it was said.
    fs::copy(out("one.npy"), out("one.npy:x")).unwrap();
    run(["diff", str(&out("one.npy:x")), str(&out("one.npy"))]).ends(0);
    let none = run(["convert", "no:where.npy", str(&out("x.raw"))]).ends(2);
    assert!(none.err.contains("no:where.npy"), "{}", none.err);
}

#[test]
fn of_an_archive_without_arrays_it_is_told_what_else_is_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("none.npz"), folder.path().join("x.npy"));
    let none: [(&str, ndbytes::Array<'_>); 0] = [];
    fs::write(&path, npz::write(&none, &Default::default()).unwrap()).unwrap();
    for args in [&["convert", str(&path), str(&out)][..], &["show", str(&path)]] {
        let told = run(args).ends(2);
        assert!(told.err.contains("no array. Hint: ndbytes inspect tells"), "{}", told.err);
    }
}

#[test]
fn many_long_names_fit_into_a_message() {
    let names: Vec<String> = (0..300).map(|n| format!("{n}{}", "n".repeat(1000))).collect();
    let arrays: Vec<_> = names.iter().map(|name| (name, (&[1_u8][..]).into())).collect();
    let bytes = npz::write(&arrays, &Default::default()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (path, out) = (folder.path().join("many.npz"), folder.path().join("x.npy"));
    fs::write(&path, bytes).unwrap();
    for args in [
        &["convert", str(&path), str(&out)][..],
        &["convert", str(&path), str(&out), "--name", "no"],
        &["show", str(&path)],
    ] {
        let told = run(args).ends(2);
        assert!(told.err.contains("... 290 more") && told.err.len() < 1000, "{}", told.err);
    }
}

#[test]
fn convert_takes_one_array_or_packs_them_all() {
    let path = fixture("golden/npz/py313-numpy2.4/several.npz");
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let packed = |name: &str, options: &[&str]| {
        let output = out(name);
        run([&["convert", str(&path), str(&output)], options].concat()).ends(0);
        fs::read(output).unwrap()
    };

    let several = run(["convert", str(&path), str(&out("x.npy"))]).ends(2);
    assert!(several.err.contains("--name") && several.err.contains("\"rows\""), "{}", several.err);
    let bytes = packed("x.npy", &["--name", "big"]);
    let big = ndbytes::bytes_to_array(&bytes).unwrap();
    assert_eq!(big.dtype().typestr().as_deref(), Some(">f8"));
    let missing = run(["convert", str(&path), str(&out("y.npy")), "--name", "no"]).ends(2);
    assert!(missing.err.contains("no array \"no\""), "{}", missing.err);

    let given = fs::read(&path).unwrap();
    let given = npz::read(&given, ReadOptions::new()).unwrap();
    for compression in ["none", "deflate", "zstd"] {
        let name = format!("{compression}.npz");
        let bytes = packed(&name, &["--compression", compression]);
        let found = npz::read(&bytes, ReadOptions::new()).unwrap();
        assert_eq!(found.len(), given.len());
        for ((name, array), (wanted, same)) in found.iter().zip(&given) {
            assert_eq!(name, wanted);
            assert!(ndbytes::identical(array, same).unwrap(), "{name}");
        }
    }
    let turned = packed("c.npz", &["--order", "C", "--name", "fortran", "--byte-order", "big"]);
    let turned = npz::read(&turned, ReadOptions::new()).unwrap();
    assert_eq!((turned.len(), turned[0].0.as_str()), (1, "fortran"));
    assert_eq!(turned[0].1.layout().order(), ndbytes::Order::C);
    assert_eq!(turned[0].1.dtype().typestr().as_deref(), Some(">i4"));

    let wrong = |options: &[&str], said: &str| {
        let output = out("wrong");
        let args = [&["convert", str(&path), str(&output)], options].concat();
        let run = run(args).ends(2);
        assert!(run.err.contains(said), "{}", run.err);
    };
    wrong(&["--to", "npy", "--name", "big", "--compression", "zstd"], "--compression is for npz");
    wrong(&["--to", "npz", "--compression", "deflate", "--level", "11"], "the level is 11");
    assert!(!out("wrong").exists());
}

#[test]
fn convert_names_an_array_that_has_no_name() {
    let path = fixture("golden/npy/py313-numpy2.4/f8_c.npy");
    for (options, name) in [(&[][..], "arr_0"), (&["--name", "größe"], "größe")] {
        let args = [&["convert", str(&path), "-", "--to", "npz"], options].concat();
        let bytes = run(args).ends(0).out;
        assert_eq!(npz::read(&bytes, ReadOptions::new()).unwrap()[0].0, name);
    }
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("x.npz");
    let said = run(["convert", "--json", str(&path), str(&output)]).ends(0).json();
    assert_eq!(said[0]["format"], "npz");
    assert_eq!(said[0]["entries"][0]["name"], "arr_0");
    assert_eq!(said[0]["nbytes"], fs::metadata(&output).unwrap().len());
    let unused = run(["convert", str(&path), "-", "--to", "raw", "--name", "x"]).ends(2);
    assert!(unused.err.contains("--name is for npz"), "{}", unused.err);
}

#[test]
fn demo_goes_through_an_archive() {
    let path = fixture("golden/npz/py313-numpy2.4/unnamed.npz");
    let shown = run(["demo", str(&path)]).ends(0);
    for said in ["arr_0", "arr_1", "npz, deflate", "npz, zstd", "2 arrays"] {
        assert!(shown.text().contains(said), "{said}: {}", shown.text());
    }
}

#[test]
fn little_is_built_of_bytes_that_nobody_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.npz");
    // It stands for nine gigabytes.
    let bomb = fixture("hostile/npz/zstd_windows.npz");
    let told = run(["convert", str(&bomb), str(&out)]).ends(2);
    assert!(told.err.contains("if you do, --max-bytes any"), "{}", told.err);
    assert!(!out.exists());

    let several = fixture("golden/npz/py313-numpy2.4/several_compressed.npz");
    let rows = format!("{}:rows", str(&several));
    for args in [
        &["convert", str(&several), str(&out)][..],
        &["diff", str(&several), str(&several)],
        &["show", &rows],
        &["verify", str(&several)],
    ] {
        let with = |most| run(args.iter().copied().chain(["--max-bytes", most]));
        let spent = with("10");
        assert!(matches!(spent.code, Some(1 | 2)), "{args:?}: {}", spent.err);
        let said = format!("{}{}", spent.text(), spent.err);
        assert!(said.contains("--max-bytes any"), "{args:?}: {said}");
        with("any").ends(0);
    }
    run(["inspect", str(&several), "--max-bytes", "any"]).ends(0);
    assert!(run(["show", str(&several), "--max-bytes", "lots"]).ends(2).err.contains("or any"));
}
