//! `ndbytes inspect`

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;

use serde_json::json;

use crate::{fixture, golden, program, run, run_on, str};

#[test]
fn a_plain_array() {
    let file = golden("f8_be_f");
    let expected = format!(
        "{}
  format  npy 1.0
  dtype   >float64 (>f8), 8 bytes, big-endian
  shape   (3, 4), 12 elements
  order   F
  data    96 bytes from byte 128, aligned to 64
  file    224 bytes\n",
        file.display()
    );
    assert_eq!(run(["inspect", str(&file)]).ends(0).text(), expected);
}

#[test]
fn a_structure_has_one_field_a_line() {
    let text = run(["inspect", str(&golden("struct_gap_titles"))]).ends(0).text().to_owned();
    let expected = "
  dtype   structure of 2 fields, 8 bytes
          offset  field  dtype    shape  title
               0  a      int16           A
               4  b      float32         B
";
    assert!(text.contains(expected), "{text}");

    let text = run(["inspect", str(&golden("struct_subarray_nested"))]).ends(0).text().to_owned();
    let expected = "
          offset  field  dtype           shape
               0  s      structure of 2  (3,)
               0    x    int16           (2,)
               4    y    uint8
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn what_is_odd_is_told() {
    let long_double = run(["inspect", str(&golden("longdouble_c"))]).ends(0);
    assert!(long_double.text().contains("  odd     long doubles mean something else"));

    let whole = std::fs::read(golden("f8_c")).unwrap();
    let trailing = [&whole[..], b"tail"].concat();
    let trailing = run_on(&trailing, &["inspect", "-"]).ends(0);
    assert!(trailing.text().contains("  odd     4 bytes follow the data"));
    let short = run_on(&whole[..whole.len() - 1], &["inspect", "-"]).ends(0);
    assert!(short.text().contains("  odd     cut short: the data ends at byte 224, there are 223"));
    assert!(!run_on(&whole, &["inspect", "-"]).ends(0).text().contains("odd"));
}

#[test]
fn one_json_object_a_file() {
    let plain = golden("f8_c");
    let titles = golden("struct_gap_titles");
    let objects = run(["inspect", "--json", str(&plain), str(&titles)]).ends(0).json();
    let expected = json!({
        "file": str(&plain),
        "format": "npy",
        "version": "1.0",
        "nbytes": 224,
        "entries": [{
            "name": null, "dtype": "float64", "typestr": "<f8", "itemsize": 8, "fields": [],
            "shape": [3, 4], "order": "C", "offset": 128, "offset_inside": null,
            "alignment": 64, "nbytes": 96, "compression": null, "version": "1.0", "names": [],
            "oddities": [],
        }],
        "names": [],
        "oddities": [],
    });
    assert_eq!(objects[0], expected);
    assert_eq!(objects.len(), 2);
    let entry = &objects[1]["entries"][0];
    assert_eq!((&entry["dtype"], &entry["typestr"]), (&json!("structure"), &json!(null)));
    let b = json!({
        "name": "b", "title": "B", "dtype": "float32", "typestr": "<f4", "itemsize": 4,
        "fields": [], "offset": 4, "shape": [],
    });
    assert_eq!(entry["fields"][1], b);
}

#[test]
fn a_bad_file_does_not_keep_the_others_from_being_told() {
    let (nothing, damaged) = (fixture("README.md"), fixture("hostile/npy/header_half.npy"));
    let good = golden("f8_c");
    let args = ["inspect", str(&nothing), str(&damaged), "no/such.npy", str(&good)];
    let all = run(args).ends(2);
    assert!(all.text().starts_with(str(&good)));
    let lines: Vec<&str> = all.err.lines().collect();
    assert_eq!(lines.len(), 3, "{}", all.err);
    assert!(lines[0].contains("do not say what they are") && lines[0].contains("Hint:"));
    assert!(lines[1].contains("npy: the bytes end inside the header"), "{}", lines[1]);
    assert!(lines[1].contains("Hint: the bytes were cut short"));
    assert!(lines[2].starts_with("ndbytes: no/such.npy: "));

    let objects = run([&["inspect", "--json"], &args[1..]].concat()).ends(2).json();
    let kinds: Vec<_> = objects.iter().map(|object| object["error"]["kind"].as_str()).collect();
    assert_eq!(kinds, [Some("unrecognized"), Some("incomplete"), Some("io"), None]);
    assert!(objects[1]["error"]["offset"].is_u64() && objects[1]["error"]["hint"].is_string());
}

#[test]
fn stdin_is_read_as_far_as_the_description_goes() {
    // A header longer than what is read at first.
    for name in ["struct_3000_fields", "f8_c", "layout_f8_empty"] {
        let file = golden(name);
        let from_file = run(["inspect", str(&file)]).ends(0);
        let from_stdin = run_on(&std::fs::read(&file).unwrap(), &["inspect", "-"]).ends(0);
        let told = from_file.text().replacen(str(&file), "stdin", 1);
        assert_eq!(from_stdin.text(), told);
    }
    let nothing = run_on(b"", &["inspect", "-"]).ends(2);
    assert!(nothing.err.contains("there are no bytes"), "{}", nothing.err);
    let magic = run_on(b"\x93NUM", &["inspect", "-"]).ends(2);
    assert!(magic.err.contains("bytes end inside"), "{}", magic.err);
}

#[test]
fn names_from_files_give_no_orders_to_the_terminal() {
    let told = run(["inspect", str(&golden("struct_name_newline"))]).ends(0);
    assert!(told.text().contains("  a\\nb "));
    assert!(told.text().chars().all(|c| c == '\n' || !c.is_control()));
    let missing = run(["inspect", "no\x1b[31m"]).ends(2);
    assert!(missing.err.contains("no\\u{1b}[31m"), "{}", missing.err);
}

#[test]
fn a_reader_that_leaves_early_is_no_trouble() {
    let file = golden("struct_3000_fields");
    // More than a pipe holds.
    let files = vec![str(&file); 20];
    let mut command = program();
    command.arg("inspect").args(files).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), str(&file));
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}

// Names of files hold no colon elsewhere.
#[cfg(unix)]
#[test]
fn one_array_of_several_is_told_in_full() {
    let path = fixture("golden/npz/py313-numpy2.4/several.npz");
    let small = fixture("golden/npz/py313-numpy2.4/several_compressed.npz");
    let named = |path: &Path, name: &str| format!("{}{name}", str(path));
    let told = run(["inspect", &named(&path, ":structured"), &named(&small, ":rows")]).ends(0);
    let text = told.text();
    for said in [
        ":structured\n  format  npy 1.0 in npz\n  entry   structured\n  dtype   structure of 3 fields, 15 bytes\n",
        "offset  field  dtype\n",
        "  4  y      >float64\n",
        "\n\n",
        "  entry   rows\n  dtype   int32 (<i4), 4 bytes, little-endian\n",
        "  data    240 bytes compressed by deflate, inside from byte 128, aligned to 64\n",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let bytes = std::fs::read(&path).unwrap();
    let piped = run_on(&bytes, &["inspect", "--json", "--", "-:big"]).ends(0).json();
    let asked = named(&path, ":big");
    let file = run(["inspect", "--json", &asked]).ends(0).json();
    assert_eq!((&file[0]["file"], &file[0]["entries"]), (&json!(asked), &piped[0]["entries"]));
    assert_eq!(
        (&piped[0]["entries"][0]["name"], &piped[0]["entries"][1]),
        (&json!("big"), &json!(null))
    );

    let none = run(["inspect", "--json", &named(&path, ":no")]).ends(2);
    assert!(none.err.contains("no array \"no\". Hint: there are \"rows\", "), "{}", none.err);
    assert_eq!(none.json()[0]["error"]["kind"], "mismatch");
    let nameless = run(["inspect", &named(&golden("f8_c"), ":x")]).ends(2);
    assert!(nameless.err.contains("no name for it: not \"x\""), "{}", nameless.err);
}

#[test]
fn what_is_asked_too_narrowly_is_told_of() {
    let path = fixture("golden/npz/py313-numpy2.4/several.npz");
    for (verb, asked, hint) in [
        ("inspect", "[0]", "is there; parts of arrays are for ndbytes show"),
        ("verify", ":rows", "is there; here it is taken as a whole"),
        ("guess", ":rows", "is there; here it is taken as a whole"),
    ] {
        let told = run([verb, &format!("{}{asked}", str(&path))]).ends(2);
        assert!(told.err.contains(hint), "{}", told.err);
    }
}

#[test]
fn a_pickle_lists_its_arrays_and_what_it_asks_for() {
    let array = ndbytes::pickle::write(&[1.5_f64, 2.5][..]).unwrap();
    let text = run_on(&array, &["inspect", "-"]).ends(0).text().to_owned();
    for name in ["numpy.core.multiarray._reconstruct", "numpy.ndarray", "numpy.dtype"] {
        assert!(text.contains(&format!("  asks    {name}\n")), "{text}");
    }
    let evil = b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85R.";
    let report = run_on(evil, &["inspect", "-", "--json"]).ends(0).json();
    assert_eq!(report[0]["format"], "pickle");
    assert_eq!(report[0]["names"], json!([{"name": "os.system", "known": false, "offset": 2}]));
    let text = run_on(evil, &["inspect", "-"]).ends(0).text().to_owned();
    assert!(text.contains("  asks    os.system: refused\n"), "{text}");
}

// Names of files hold no colon elsewhere.
#[cfg(unix)]
#[test]
fn arrays_of_an_archive_are_told_with_their_versions_places_and_oddities() {
    let old = fixture("golden/npz/py27-numpy1.16/objects.npz");
    let text = run(["inspect", str(&old)]).ends(0).text().to_owned();
    for said in [
        "  entry  npy  dtype   shape  order    bytes  place\n",
        "  o      1.0  object  (4,)   C      objects  from byte 163, aligned to 1\n",
        "  asks    numpy.ndarray\n",
        "  odd     \"o.npy\": the data is a pickle of Python objects\n",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let small = fixture("golden/npz/py313-numpy2.4/several_compressed.npz");
    let text = run(["inspect", str(&small)]).ends(0).text().to_owned();
    assert!(text.contains("240  deflate, inside from byte 128, aligned to 64\n"), "{text}");

    // Of one array only its own is told.
    let named = |name: &str| format!("{}:{name}", str(&old));
    let objects = run(["inspect", "--json", &named("o"), &named("n")]).ends(0).json();
    for (object, oddities) in
        objects.iter().zip([json!(["the data is a pickle of Python objects"]), json!([])])
    {
        assert_eq!(
            (&object["oddities"], &object["entries"][0]["oddities"]),
            (&oddities, &oddities)
        );
        assert_eq!(object["names"], object["entries"][0]["names"]);
        assert_eq!(object["entries"][0]["version"], "1.0");
    }
    assert_eq!(objects[0]["names"][1]["name"], "numpy.ndarray");
    assert_eq!(objects[1]["names"], json!([]));
}
