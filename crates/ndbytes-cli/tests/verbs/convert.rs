//! `ndbytes convert`: what the bytes are afterwards.

use std::fs;
use std::path::Path;

use ndbytes::{Order, bytes_to_array};

use crate::{Run, fixture, golden, run, run_on, str};

/// Converts, and returns what is in the output.
#[track_caller]
fn convert(input: &Path, output: &Path, options: &[&str]) -> Vec<u8> {
    run([&["convert", str(input), str(output)], options].concat()).ends(0);
    fs::read(output).unwrap()
}

/// The options that a report says would read the bytes back.
fn way_back(report: &Run) -> Vec<String> {
    let (_, options) = report.err.trim_end().split_once("read them back: ").expect("a way back");
    options.split(' ').map(|word| word.trim_matches('\'').to_owned()).collect()
}

#[test]
fn npy_to_raw_and_back_is_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let (raw, npy) = (folder.path().join("x.raw"), folder.path().join("y.npy"));
    let names = [
        "f8_c",
        "f8_be",
        "f8_f",
        "f8_be_f",
        "bool_c",
        "c16_be_f",
        "U7_be_f",
        "S5_f",
        "V3_c",
        "longdouble_be",
        "datetime_25s_be_f",
        "layout_f8_0d",
        "layout_f8_empty_0_3",
        "layout_i2_be_3d_f",
        "dims_64",
    ];
    for name in names {
        let file = golden(name);
        let whole = fs::read(&file).unwrap();
        let array = bytes_to_array(&whole).unwrap();
        for order in [Order::C, Order::F] {
            let letter = if order == Order::C { "C" } else { "F" };
            let args = ["convert", "--force", "--order", letter, str(&file), str(&raw)];
            let report = run(args).ends(0);
            assert_eq!(fs::read(&raw).unwrap(), array.to_bytes(order), "{name} {letter}");

            let back = way_back(&report);
            let mut args = vec!["convert", "--force", str(&raw), str(&npy)];
            args.extend(back.iter().map(String::as_str));
            run(args).ends(0);
            let flat =
                array.layout().is_contiguous(Order::C) == array.layout().is_contiguous(Order::F);
            if array.layout().order() == order || flat {
                assert_eq!(fs::read(&npy).unwrap(), whole, "{name} {letter}");
            }
        }
    }
}

#[test]
fn orders_and_byte_orders() {
    let folder = tempfile::tempdir().unwrap();
    let out = |name: &str| folder.path().join(name);
    let source = golden("f4_be_f");
    let array_bytes = fs::read(&source).unwrap();
    let array = bytes_to_array(&array_bytes).unwrap();

    // Raw bytes are in C order unless they are asked for otherwise; npy keeps what there is.
    assert_eq!(convert(&source, &out("1.raw"), &[]), array.to_bytes(Order::C));
    assert_eq!(convert(&source, &out("2.npy"), &[]), array_bytes);
    assert_eq!(convert(&source, &out("3.npy"), &["--byte-order", "big"]), array_bytes);

    // To C order, little-endian, and back to where it came from.
    let args = ["--order", "C", "--byte-order", "little"];
    assert_eq!(convert(&source, &out("4.npy"), &args), fs::read(golden("f4_c")).unwrap());
    let args = ["--order", "f", "--byte-order", "big"];
    assert_eq!(convert(&golden("f4_c"), &out("5.npy"), &args), array_bytes);

    // Between raw bytes, the order stays and the byte order changes.
    let args = ["--dtype", ">f4", "--shape", "3,-1", "--order", "F", "--byte-order", "little"];
    fs::write(out("f.raw"), array.to_bytes(Order::F)).unwrap();
    let turned = convert(&out("f.raw"), &out("6.bin"), &args);
    let little = fs::read(golden("f4_f")).unwrap();
    assert_eq!(turned, bytes_to_array(&little).unwrap().to_bytes(Order::F));

    let refused =
        run(["convert", str(&golden("struct_be")), str(&out("7.npy")), "--byte-order", "big"]);
    let refused = refused.ends(2);
    assert!(refused.err.contains("byte order of a structured array"), "{}", refused.err);
    assert!(!out("7.npy").exists());
}

#[test]
fn structures_go_through_npy_whole_and_are_told_to_be_lost_in_raw() {
    let folder = tempfile::tempdir().unwrap();
    let source = golden("struct_aligned");
    let npy = convert(&source, &folder.path().join("x.npy"), &[]);
    assert_eq!(npy, fs::read(&source).unwrap());
    let raw = folder.path().join("x.raw");
    let report = run(["convert", str(&source), str(&raw)]).ends(0);
    assert!(report.err.contains("no option here does"), "{}", report.err);
    let array = bytes_to_array(&npy).unwrap();
    assert_eq!(fs::read(raw).unwrap(), array.to_bytes(Order::C));
}

#[test]
fn a_part_of_raw_bytes() {
    let args =
        ["convert", "-", "-", "--to", "npy", "--dtype", "<i2", "--offset", "3", "--count", "4"];
    let part =
        run_on(b"...\x01\0\x02\0\x03\0\x04\0...", &[&args[..], &["--shape", "(2, 2)"]].concat());
    let part = part.ends(0);
    let array = bytes_to_array(&part.out).unwrap();
    assert_eq!(array.shape(), [2, 2]);
    assert_eq!(array.to_vec::<i16>().unwrap(), [1, 2, 3, 4]);
}

#[test]
fn stdin_to_stdout() {
    let whole = fs::read(golden("f8_be_f")).unwrap();
    let array = bytes_to_array(&whole).unwrap();
    let raw = run_on(&whole, &["convert", "-", "-", "--to", "raw", "--order", "F"]).ends(0);
    assert_eq!(raw.out, array.to_bytes(Order::F));
    let args =
        ["convert", "-", "-", "--to", "npy", "--dtype", ">f8", "--shape", "3,4", "--order", "F"];
    assert_eq!(run_on(&raw.out, &args).ends(0).out, whole);

    let unsaid = run_on(&whole, &["convert", "-", "-"]).ends(2);
    assert!(unsaid.err.contains("Hint: say --to"), "{}", unsaid.err);
    assert_eq!(unsaid.out, b"");
}

#[test]
fn the_bytes_say_more_than_the_name() {
    let folder = tempfile::tempdir().unwrap();
    let misnamed = folder.path().join("x.raw");
    fs::copy(golden("f8_c"), &misnamed).unwrap();
    let npy = convert(&misnamed, &folder.path().join("y.npy"), &[]);
    assert_eq!(npy, fs::read(golden("f8_c")).unwrap());

    // Only when it is said are the bytes of an npy file taken for elements.
    let args = ["convert", str(&misnamed), "-", "--to", "raw", "--dtype", "uint8"];
    let refused = run(args).ends(2);
    assert!(refused.err.contains("--from raw"), "{}", refused.err);
    let bytes = run([&args[..], &["--from", "raw"]].concat()).ends(0);
    assert_eq!(bytes.out, fs::read(&misnamed).unwrap());

    let named = run_on(b"12345678", &["convert", "-", "-", "--to", "raw", "--from", "npy"]).ends(2);
    assert!(named.err.contains("do not start as npy does"), "{}", named.err);
}

#[test]
fn mismatches_say_what_would_fit() {
    let to_npy = |input: &[u8], options: &[&str]| {
        let run = run_on(input, &[&["convert", "-", "-", "--to", "npy"], options].concat()).ends(2);
        assert_eq!(run.out, b"");
        run.err
    };
    let said = to_npy(&[0; 10], &["--dtype", "float64"]);
    assert!(said.starts_with("ndbytes: stdin: raw: 10 bytes are not a whole number"), "{said}");
    assert!(
        said.contains("Hint: ") && said.contains("int16") && said.lines().count() == 1,
        "{said}"
    );
    let said = to_npy(&[0; 12], &["--dtype", "<f4", "--shape", "2,2"]);
    assert!(said.contains("(3,") || said.contains("3)"), "{said}");
    assert!(to_npy(&[0; 8], &[]).contains("Hint: if they are bare elements"));
    let said = to_npy(&[0; 8], &["--dtype", "float63"]);
    assert!(said.contains("there is no dtype \"float63\"") && said.contains("\"<f8\""), "{said}");
    assert!(to_npy(&[0; 8], &["--dtype", "f8", "--shape", "2x2"]).contains("such as 28,28"));
    assert!(to_npy(&[0; 8], &["--dtype", "O"]).contains("addresses"));
}

#[test]
fn reports() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.raw");
    let source = golden("f4_be_f");
    let quiet = run(["convert", "--quiet", str(&source), str(&out)]).ends(0);
    assert_eq!((quiet.text(), quiet.err.as_str()), ("", ""));
    let json = run(["convert", "--force", "--json", str(&source), str(&out)]).ends(0);
    let expected = serde_json::json!({
        "file": str(&out), "format": "raw", "nbytes": 48, "dtype": ">float32",
        "typestr": ">f4", "shape": [3, 4], "order": "C",
    });
    assert_eq!(json.json(), [expected]);

    let trailing = [&fs::read(&source).unwrap()[..], b"tail"].concat();
    let told = run_on(&trailing, &["convert", "-", "-", "--to", "npy"]).ends(0);
    assert!(told.err.contains("4 bytes after the data left out"), "{}", told.err);
    assert_eq!(told.out, fs::read(&source).unwrap());
}

#[test]
fn damaged_and_refused_inputs() {
    for hostile in ["data_missing", "header_half", "descr_struct_1000", "object_pickle"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("x.raw");
        let file = fixture(&format!("hostile/npy/{hostile}.npy"));
        let failed = run(["convert", str(&file), str(&out)]).ends(2);
        assert_eq!(failed.err.lines().count(), 1, "{}", failed.err);
        assert!(failed.err.contains(hostile), "{}", failed.err);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

#[test]
fn pickles_in_every_protocol_and_back() {
    let folder = tempfile::tempdir().unwrap();
    let (pkl, npy) = (folder.path().join("x.pkl"), folder.path().join("y.npy"));
    for name in ["f8_f", "c16_be_f", "U7_be_f", "struct_gap_titles", "object_c", "object_f"] {
        let file = golden(name);
        let whole = fs::read(&file).unwrap();
        for protocol in ["0", "1", "2", "3", "4", "5"] {
            let bytes = convert(&file, &pkl, &["--force", "--protocol", protocol]);
            let found = ndbytes::pickle::read_array(&bytes, Default::default()).unwrap();
            let expected = bytes_to_array(&whole).unwrap();
            assert!(ndbytes::identical(&found, &expected).unwrap(), "{name} {protocol}");
            assert_eq!(found.layout().order(), expected.layout().order());
            let again = convert(&pkl, &npy, &["--force"]);
            assert!(ndbytes::identical(&bytes_to_array(&again).unwrap(), &expected).unwrap());
        }
    }
    let bytes = convert(&golden("f8_f"), &pkl, &["--force", "--byte-order", "big", "--order", "C"]);
    let found = ndbytes::pickle::read_array(&bytes, Default::default()).unwrap();
    assert_eq!(found.layout().order(), Order::C);
    assert_eq!(found.dtype().typestr().as_deref(), Some(">f8"));
    run(["convert", str(&golden("f8_c")), str(&pkl), "--protocol", "6"]).ends(2);
    let raw = folder.path().join("x.raw");
    let report = run(["convert", str(&golden("object_c")), str(&raw)]).ends(2);
    assert!(report.err.contains("no raw bytes"), "{}", report.err);
}

#[test]
fn hints_are_in_the_words_of_the_terminal() {
    // The pickle of {"a": 1}.
    let mapping = b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.";
    let refused =
        run_on(mapping, &["convert", "-", "-", "--from", "pickle", "--to", "npy"]).ends(2);
    assert!(refused.err.contains("Hint: ndbytes inspect tells"), "{}", refused.err);
    assert!(!refused.err.contains("loads"), "{}", refused.err);
}
