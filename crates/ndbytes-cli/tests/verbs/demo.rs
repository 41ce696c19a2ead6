//! `ndbytes demo`

use crate::{fixture, golden, run, run_on, str};

#[test]
fn every_array_comes_back_exactly_in_every_way() {
    let demo = run(["demo"]).ends(0);
    let text = demo.text();
    let rows = |way: &str| text.lines().filter(|line| line.starts_with(way)).collect::<Vec<_>>();
    let npy = rows("npy ");
    assert!(npy.len() >= 5);
    for row in npy {
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells[2..7], ["yes"; 5], "{row}");
    }
    for way in ["raw, C order", "raw, F order"] {
        for row in rows(way) {
            let cells: Vec<&str> = row.split_whitespace().skip(4).collect();
            assert_eq!(cells[..5], ["no", "no", "no", "yes", "yes"], "{row}");
        }
    }
    assert!(rows("raw, swapped").iter().any(|row| row.contains("yes")));
    assert!(text.lines().last().unwrap().ends_with("round trips, every bit the same"));
    assert!(!text.contains(" NO"));
}

#[test]
fn tables_are_aligned_and_fit() {
    let demo = run(["demo"]).ends(0);
    let mut tables = 0;
    let lines: Vec<&str> = demo.text().lines().collect();
    for (number, title) in lines.iter().enumerate() {
        assert!(title.chars().count() <= 80, "{title}");
        if !title.starts_with("representation") {
            continue;
        }
        tables += 1;
        let rows = lines[number + 1..].iter().take_while(|line| !line.is_empty());
        for row in rows.filter(|row| row.contains("yes")) {
            assert_eq!(row.chars().count(), title.chars().count(), "{title}\n{row}");
            let (exact, found) = (title.find("exact").unwrap(), row.rfind("yes"));
            assert_eq!(found, Some(exact), "{title}\n{row}");
        }
    }
    assert!(tables >= 5);
}

#[test]
fn no_colours_without_a_terminal() {
    assert!(!run(["demo"]).ends(0).text().contains('\x1b'));
}

#[test]
fn the_arrays_of_the_checkout_are_taken_too() {
    let names: Vec<String> = run(["demo", "--json"])
        .ends(0)
        .json()
        .iter()
        .map(|array| array["name"].as_str().unwrap().to_owned())
        .collect();
    let folder = fixture("real/npy/expected.json");
    let files = std::fs::read_dir(folder.parent().unwrap()).unwrap();
    let mut count = 0;
    for path in files.map(|file| file.unwrap().path()) {
        if path.extension().is_some_and(|extension| extension == "npy") {
            let name = path.file_stem().unwrap().to_str().unwrap();
            assert_eq!(names.iter().filter(|known| *known == name).count(), 1, "{name}");
            count += 1;
        }
    }
    assert_eq!(names.len(), count);
}

#[test]
fn a_file_of_ones_own() {
    let file = golden("f4_be_f");
    let demo = run(["demo", str(&file)]).ends(0);
    let text = demo.text();
    assert!(text.contains(">float32, shape (3, 4), F order, 48 bytes"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("  yes")).count(), 13);
    assert!(text.ends_with("1 array, 13 round trips, every bit the same\n"));

    let arrays = run(["demo", "--json", str(&file)]).ends(0).json();
    assert_eq!(arrays.len(), 1);
    assert_eq!(arrays[0]["typestr"], ">f4");
    let ways = arrays[0]["ways"].as_array().unwrap();
    assert_eq!(ways.len(), 13);
    for way in ways {
        assert_eq!(way["exact"], true, "{way}");
        assert!(way["encode_ns"].as_f64().unwrap() > 0.0);
        let raw = way["name"].as_str().unwrap().starts_with("raw");
        assert_eq!(way["keeps"]["shape"], !raw);
    }
    assert_eq!(ways[3]["nbytes"], std::fs::metadata(&file).unwrap().len());
}

#[test]
fn raw_bytes_with_a_description() {
    let args = ["demo", "-", "--dtype", "<i2", "--shape", "-1,2"];
    let demo = run_on(&[0; 12], &args).ends(0);
    assert!(demo.text().contains("stdin\nint16, shape (3, 2), C order, 12 bytes"));

    let undescribed = run_on(&[0; 12], &["demo", "-"]).ends(2);
    assert!(undescribed.err.contains("Hint:") && undescribed.err.contains("--dtype"));
    let damaged = run(["demo", str(&fixture("hostile/npy/data_missing.npy"))]).ends(2);
    assert!(damaged.err.contains("at least 134 are needed"), "{}", damaged.err);
    let order = run(["demo", "--order", "F", str(&golden("f4_c"))]).ends(2);
    assert!(order.err.contains("--order"), "{}", order.err);
}
