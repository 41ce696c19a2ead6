//! `ndbytes diff`

use std::path::{Path, PathBuf};

use ndbytes::{Array, npz};
use serde_json::json;

use crate::{run, str};

fn write(folder: &Path, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn npy(numbers: &[f64], shape: &[usize]) -> Vec<u8> {
    ndbytes::npy::write(ndbytes::Array::from_slice(numbers, shape).unwrap()).unwrap()
}

#[test]
fn exit_codes_tell() {
    let folder = tempfile::tempdir().unwrap();
    let a = write(folder.path(), "a.npy", npy(&[1.0, 2.0, f64::NAN], &[3]));
    let b = write(folder.path(), "b.npy", npy(&[1.0, 2.25, f64::NAN], &[3]));
    assert_eq!(run(["diff", str(&a), str(&a)]).ends(0).text(), "the same\n");
    let told = run(["diff", str(&a), str(&b)]).ends(1);
    let expected =
        "1 of 3 elements differ (33.333 %)\nfirst at (1,): 2.0 and 2.25\nat most 0.25 apart";
    assert!(told.text().starts_with(expected), "{}", told.text());
    assert_eq!(run(["diff", "-q", str(&a), str(&b)]).ends(1).text(), "");
    run(["diff", str(&a), "no/such.npy"]).ends(2);
    run(["diff", str(&a)]).ends(2);
    let told = run(["diff", str(&a), str(&b), "--rtol", "-1"]).ends(2);
    assert!(told.err.contains("a number that is not negative"), "{}", told.err);
    run(["diff", str(&a), str(&b), "--atol", "0.3"]).ends(0);
    run(["diff", str(&a), str(&b), "--rtol", "0.2"]).ends(0);
    run(["diff", str(&a), str(&b), "--rtol", "0.1"]).ends(1);
}

#[test]
fn formats_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = [1.5_f64, -2.0, 3.25, 8.0];
    let a = write(folder.path(), "a.npy", npy(&numbers, &[2, 2]));
    let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    let b = write(folder.path(), "b.raw", raw);
    run(["diff", str(&a), str(&b), "--dtype", "<f8", "--shape", "2,2"]).ends(0);
    let told = run(["diff", str(&a), str(&b), "--dtype", "<f8"]).ends(1);
    assert!(told.text().contains("the shapes are (2, 2) and (4,)"), "{}", told.text());
    let array = ndbytes::Array::from_slice(&numbers, &[2, 2]).unwrap();
    let c = write(folder.path(), "c.pkl", ndbytes::pickle::write(array).unwrap());
    run(["diff", str(&a), str(&c)]).ends(0);
    let singles = numbers.map(|number| number as f32);
    let array = ndbytes::Array::from_slice(&singles, &[2, 2]).unwrap();
    let d = write(folder.path(), "d.npy", ndbytes::npy::write(array).unwrap());
    let told = run(["diff", str(&a), str(&d)]).ends(1);
    assert!(told.text().contains("the dtypes are float64 and float32"), "{}", told.text());
    run(["diff", str(&a), str(&d), "--values"]).ends(0);
}

#[test]
fn json_and_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let mut numbers = vec![0.0; 30 * 40];
    let a = write(folder.path(), "a.npy", npy(&numbers, &[30, 40]));
    numbers[5 * 40 + 7] = 3.0;
    numbers[29 * 40 + 39] = f64::INFINITY;
    let b = write(folder.path(), "b.npy", npy(&numbers, &[30, 40]));
    let told = run(["diff", str(&a), str(&b), "--json"]).ends(1).json();
    let told = &told[0];
    assert_eq!((&told["count"], &told["size"]), (&json!(2), &json!(1200)));
    assert_eq!(told["first"], json!({"index": [5, 7], "a": "0.0", "b": "3.0"}));
    assert_eq!((&told["max_abs"], &told["equal"]), (&json!("inf"), &json!(false)));
    let picture = told["picture"].as_array().unwrap();
    assert_eq!((picture.len(), picture[0].as_array().unwrap().len()), (24, 40));
    let text = run(["diff", str(&a), str(&b)]).ends(1).text().to_owned();
    assert_eq!(text.matches('█').count(), 2, "{text}");
    assert_eq!(text.lines().filter(|line| line.contains('·')).count(), 24);
}

#[test]
fn of_archives_little_is_in_memory_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut numbers = vec![0_u8; 40 << 20];
    let mut archive = |name: &str, last: u8| {
        let options = npz::WriteOptions::new().compression(npz::Compression::Deflate);
        let mut writer = npz::Writer::new(Vec::new(), options);
        for (name, last) in [("x", 0), ("small", 0), ("y", 0), ("z", last)] {
            let count = if name == "small" { 3 } else { numbers.len() };
            numbers[count - 1] = last;
            writer.add(name, &Array::from_slice(&numbers[..count], &[count]).unwrap()).unwrap();
        }
        write(folder.path(), name, writer.finish().unwrap())
    };
    let (a, b) = (archive("a.npz", 0), archive("b.npz", 7));
    // Each array is within it, all of them are not.
    let with = |file: &Path| run(["diff", str(&a), str(file), "--max-bytes", "50000000"]);
    assert_eq!(
        with(&a).ends(0).text(),
        "x:\nthe same\nsmall:\nthe same\ny:\nthe same\nz:\nthe same\n"
    );
    let told = with(&b).ends(1);
    assert!(
        told.text().contains("y:\nthe same\nz:\n1 of 41943040 elements differ"),
        "{}",
        told.text()
    );

    // What is damaged is told with the file that it is in.
    let mut bytes = std::fs::read(&b).unwrap();
    bytes[5000] ^= 1;
    let damaged = write(folder.path(), "damaged.npz", bytes);
    let told = run(["diff", str(&a), str(&damaged)]).ends(2);
    assert!(told.err.contains("damaged.npz: npz: "), "{}", told.err);
}
