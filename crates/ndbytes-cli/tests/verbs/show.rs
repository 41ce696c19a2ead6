//! `ndbytes show`

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ndbytes::{Array, DType, Element, Layout, Order, Source, npy, npz};
use serde_json::json;

use crate::{fixture, golden, program, run, run_on, str};

fn bytes_of<T: Element>(numbers: &[T], shape: &[usize]) -> Vec<u8> {
    npy::write(Array::from_slice(numbers, shape).unwrap()).unwrap()
}

fn with_bytes(typestr: &str, shape: &[usize], order: Order, bytes: &[u8]) -> Vec<u8> {
    let dtype = DType::from_typestr(typestr).unwrap();
    let layout = Layout::contiguous(shape, dtype.itemsize(), order).unwrap();
    npy::write(Array::new(dtype, layout, Source::slice(bytes)).unwrap()).unwrap()
}

/// What is shown of bytes on stdin.
#[track_caller]
fn shown(bytes: &[u8], options: &[&str]) -> String {
    shown_part(bytes, "-", options)
}

/// What is shown of a part of them, such as `-[0]`.
#[track_caller]
fn shown_part(bytes: &[u8], target: &str, options: &[&str]) -> String {
    let args = [&["show"], options, &["--", target]].concat();
    run_on(bytes, &args).ends(0).text().to_owned()
}

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn two_dimensions_are_a_picture() {
    let numbers = [0.0, 0.5, 1.0, f64::NAN, f64::INFINITY, -0.5];
    let expected = "\
stdin, float64 (2, 3)
--**@@
??@@
  blank is -0.5, @ is 1; ? is
  NaN

  min    -0.5
  max    inf
  mean   0.25
  std    0.559017
  zeros  1
  NaN    1
  inf    1

   -0.5  1  ##################
  -0.35  0
   -0.2  0
  -0.05  1  ##################
    0.1  0
   0.25  0
    0.4  1  ##################
   0.55  0
    0.7  0
   0.85  1  ##################
";
    assert_eq!(shown(&bytes_of(&numbers, &[2, 3]), &["--width", "30"]), expected);
}

#[test]
fn orders_do_not_matter_to_pictures() {
    let numbers: Vec<i16> = (0..12).map(|i| i * i - 40).collect();
    let expected = shown(&bytes_of(&numbers, &[3, 4]), &[]);
    assert!(expected.starts_with("stdin, int16 (3, 4)\n\n..::::==\n++**%%@@\n"), "{expected}");
    let big: Vec<u8> = numbers.iter().flat_map(|number| number.to_be_bytes()).collect();
    let told = shown(&with_bytes(">i2", &[3, 4], Order::C, &big), &[]);
    assert_eq!(told.replace(">int16", "int16"), expected);
    let turned: Vec<u8> = (0..12)
        .map(|at| numbers[at % 3 * 4 + at / 3])
        .flat_map(|number| number.to_le_bytes())
        .collect();
    assert_eq!(shown(&with_bytes("<i2", &[3, 4], Order::F, &turned), &[]), expected);
}

#[test]
fn one_dimension_is_a_line() {
    let numbers: Vec<f32> = (0..12).map(|i| i as f32 * 0.5).collect();
    let told = shown(&bytes_of(&numbers, &[12]), &["--width", "40"]);
    let expected = "\
stdin, float32 (12,)
5.5            *
             **
            *
          **
        **
       *
     **
  0 *

  min    0.0
  max    5.5
  mean   2.75
";
    assert!(told.starts_with(expected), "{told}");
    let told = shown(&bytes_of(&numbers, &[1, 12, 1]), &["--graphics", "blocks"]);
    assert!(told.contains("\n5.5      ⡸\n"), "{told}");
    // So few are better read.
    let told = shown(&bytes_of(&[2.5, f64::NAN], &[2]), &[]);
    assert!(
        told.starts_with("stdin, float64 (2,)\n  0  2.5\n  1  NaN\n\n  min    2.5\n"),
        "{told}"
    );
    let told = shown(&bytes_of(&[f64::NAN; 20], &[20]), &[]);
    assert!(told.contains("\n  nothing to draw: no number is finite\n"), "{told}");
    assert!(told.contains("\n  min    none\n  max    none\n  zeros  0\n  NaN    20\n"), "{told}");
}

#[test]
fn labels_are_counted() {
    let labels: Vec<u8> = (0..40).map(|i| if i % 4 == 0 { 7 } else { 200 }).collect();
    let expected = "\
stdin, uint8 (40,)

  min     7
  max     200
  mean    151.75
  std     83.5715
  zeros   0
  values  2

    7  10  #######
  200  30  ###################
";
    assert_eq!(shown(&bytes_of(&labels, &[40]), &["--width", "30"]), expected);
    let bools: Vec<bool> = (0..16).map(|i| i % 3 == 0).collect();
    let told = shown(&bytes_of(&bools, &[4, 4]), &["--width", "30"]);
    let picture = "\
stdin, bool (4, 4)
@@    @@
    @@
  @@
@@    @@
  @ is True
";
    assert!(told.starts_with(picture), "{told}");
    assert!(
        told.ends_with("\n  False  10  #################\n   True   6  ###########\n"),
        "{told}"
    );
}

#[test]
fn what_is_neither_is_listed() {
    assert_eq!(shown(&bytes_of(&[7.25], &[]), &[]), "stdin, float64 ()\n    7.25\n");
    let told = shown(&bytes_of::<f64>(&[], &[0, 3]), &[]);
    assert_eq!(told, "stdin, float64 (0, 3)\n  no elements\n");

    let text = with_bytes("|S2", &[13], Order::C, b"aabbccddeeffgghhiijj\x1b\x07ll\"m");
    let told = shown(&text, &[]);
    let expected = "\
stdin, S2 (13,)
    0  b\"aa\"
    1  b\"bb\"
    2  b\"cc\"
    3  b\"dd\"
    4  b\"ee\"
  ...
    8  b\"ii\"
    9  b\"jj\"
   10  b\"\\x1b\\x07\"
   11  b\"ll\"
   12  b\"\\\"m\"
";
    assert_eq!(told, expected);

    let times: Vec<u8> =
        [86_400_i64, i64::MIN, 0].iter().flat_map(|time| time.to_be_bytes()).collect();
    let expected = "\
stdin, >datetime64[s] (3,)
  0  1970-01-02T00:00:00
  1  NaT
  2  1970-01-01T00:00:00

  min  1970-01-01T00:00:00
  max  1970-01-02T00:00:00
  NaT  1
";
    assert_eq!(shown(&with_bytes(">M8[s]", &[3], Order::C, &times), &[]), expected);
}

#[test]
fn structures_are_told_by_field() {
    let expected = "
  0  ([([1, 4], 2), ([7, 10], 5), ([13, 16], 8)])
  1  ([([19, 22], 11), ([25, 28], 14), ([31, 34], 17)])

  field  dtype  min  max  mean  NaN
  s.x    int16  1    34   17.5
  s.y    uint8  2    17   9.5
";
    let told = run(["show", str(&golden("struct_subarray_nested"))]).ends(0);
    assert!(told.text().ends_with(expected), "{}", told.text());
    let path = golden("struct_subarray_nested");
    for field in ["[1]['s'][\"x\"]", "['s'][1]['x']", "[\"s\"][\"x\"][1]"] {
        let told = run(["show", &format!("{}{field}", str(&path))]).ends(0);
        assert!(told.text().contains(", int16 (3, 2)\n"), "{}", told.text());
        assert!(told.text().contains("\n  min    19\n  max    34\n"), "{}", told.text());
    }
    let missing = run(["show", &format!("{}['no']", str(&path))]).ends(2);
    assert!(missing.err.contains("has no field \"no\""), "{}", missing.err);
    let objects = run(["show", str(&golden("object_mixed"))]).ends(0);
    assert!(objects.text().contains("\n    0  None\n    1  True\n"), "{}", objects.text());
    let part = run(["show", &format!("{}[::-17]", str(&golden("object_mixed")))]).ends(0);
    assert!(part.text().ends_with("\n  0  {\"k\": [1]}\n  1  None\n"), "{}", part.text());
}

#[test]
fn complex_numbers_are_drawn_by_magnitude() {
    let parts: Vec<u8> = [3.0_f64, 4.0, 0.0, -1.0, 0.0, 0.0, 6.0, 8.0]
        .iter()
        .flat_map(|part| part.to_le_bytes())
        .collect();
    let told = shown(&with_bytes("<c16", &[2, 2], Order::C, &parts), &[]);
    assert!(
        told.starts_with("stdin, complex128 (2, 2)\n++..\n  @@\n  blank is 0, @ is 10\n"),
        "{told}"
    );
    assert!(
        told.contains("these are their magnitudes\n  min    0\n  max    10\n  mean   4\n"),
        "{told}"
    );
}

#[test]
fn more_dimensions_by_slice() {
    let numbers: Vec<u16> = (0..2 * 3 * 4 * 5).collect();
    let bytes = bytes_of(&numbers, &[2, 3, 4, 5]);
    let told = shown(&bytes, &[]);
    assert!(told.contains("\n  the part [1, 1, :, :]; blank is 80, @ is 99\n"), "{told}");
    let told = shown_part(&bytes, "-[0, ..., ::-2, 1]", &[]);
    assert!(told.starts_with("stdin[0, ..., ::-2, 1], uint16 (3, 2)\n"), "{told}");
    assert!(told.contains("\n  min    6\n  max    56\n"), "{told}");
    for slice in ["[1, 2, 3, 4]", "[1][..., 4][2:][0, -1]"] {
        let told = shown_part(&bytes, &format!("-{slice}"), &[]);
        assert_eq!(told, format!("stdin{slice}, uint16 ()\n    119\n"));
    }
    for (slice, said) in [
        ("[2]", "index 2 is outside of axis 0, which has 2 elements (expected -2 to 1)"),
        ("[0,0,0,0,0]", "5 axes are sliced, the array has 4"),
        ("[x]", "\"x\" is no slice"),
        ("[0", "\"[0\" is no slice"),
    ] {
        let told = run_on(&bytes, &["show", "--", &format!("-{slice}")]).ends(2);
        assert!(told.err.contains(said), "{}", told.err);
        assert!(told.out.is_empty());
    }
}

#[test]
fn members_and_files_of_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| str(&folder.path().join(name)).to_owned();
    let numbers = [[1_i32, 2], [3, 4]];
    let arrays: Vec<(&str, Array<'_>)> =
        vec![("x", (&numbers[0]).into()), ("x[1]", (&numbers[1]).into())];
    write(folder.path(), "a.npz", &npz::write(&arrays, &Default::default()).unwrap());
    let one = npz::write(&arrays[..1], &Default::default()).unwrap();
    write(folder.path(), "b[0]:.npz", &one);

    let ends_with = |target: &str, end: &str| {
        let told = run(["show", &path(target)]).ends(0);
        assert!(told.text().split('\n').nth(1) == Some(end), "{target}: {}", told.text());
    };
    ends_with("a.npz:x[0]", "    1");
    ends_with("a.npz:x[1][1]", "    4");
    ends_with("b[0]:.npz:x[0]", "    1");
    ends_with("b[0]:.npz[1]", "    2");
    let told = run(["show", &path("a.npz"), "--name", "x[1]", "--json"]).ends(0).json();
    assert_eq!((&told[0]["name"], &told[0]["statistics"]["max"]), (&json!("x[1]"), &json!(4)));
    // With one array inside, its name need not be said.
    let told = run(["show", &path("b[0]:.npz")]).ends(0);
    assert!(told.text().contains("/b[0]:.npz:x, int32 (2,)\n"), "{}", told.text());

    let several = run(["show", &path("a.npz")]).ends(2);
    assert!(several.err.contains("2 arrays. Hint: say which") && several.err.contains("a.npz:x'"));
    let two = run(["show", &path("a.npz:x"), "--name", "x[1]"]).ends(2);
    assert!(two.err.contains("two names are given: \"x\" and \"x[1]\""), "{}", two.err);
    let missing = run(["show", &path("a.npz:no[0]")]).ends(2);
    assert!(missing.err.contains("no array \"no\""), "{}", missing.err);
    let nameless = run(["show", &format!("{}:x", str(&golden("f8_c")))]).ends(2);
    assert!(nameless.err.contains("one array here, and no name"), "{}", nameless.err);
    let nowhere = run(["show", "no/such.npy[0]"]).ends(2);
    assert!(nowhere.err.starts_with("ndbytes: no/such.npy: "), "{}", nowhere.err);
}

#[test]
fn raw_bytes_are_refused_unless_described() {
    let bytes: Vec<u8> = (0..12).collect();
    let refused = run_on(&bytes, &["show", "-"]).ends(2);
    for said in ["these 12 bytes", "--dtype", "ndbytes guess"] {
        assert!(refused.err.contains(said), "{}", refused.err);
    }
    let told = shown(&bytes, &["--dtype", ">u2", "--shape", "-1,2", "--offset", "4"]);
    assert!(told.starts_with("stdin, >uint16 (2, 2)\n"), "{told}");
    assert!(told.contains("\n  min    1029\n  max    2571\n"), "{told}");
    let told = shown(&bytes, &["--dtype", "u1", "--shape", "2,6", "--order", "F"]);
    assert!(told.starts_with("stdin, uint8 (2, 6)\n  ..--++##@@\n  ::==**%%@@\n"), "{told}");
    let described = golden("f8_c");
    for option in [["--order", "F"], ["--dtype", "u1"]] {
        let args = [&["show", str(&described)], &option[..]].concat();
        let refused = run(args).ends(2);
        assert!(
            refused.err.contains(&format!("{} is for raw bytes", option[0])),
            "{}",
            refused.err
        );
    }
}

/// The size, the kind, and the points of a PNG file.
fn decoded(bytes: &[u8]) -> (u32, u32, png::ColorType, Vec<u8>) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut points = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut points).unwrap();
    (info.width, info.height, info.color_type, points)
}

#[test]
fn png_files_hold_a_point_an_element() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.png");
    let numbers: Vec<u8> = (0..6).map(|i| i * 51).collect();
    let input = write(folder.path(), "x.npy", &bytes_of(&numbers, &[2, 3]));
    let told = run(["show", str(&input), "--png", str(&out)]).ends(0);
    assert!(told.text().contains("  written as 3 x 2 points; dark is 0, light is 255\n"));
    let png = fs::read(&out).unwrap();
    assert_eq!(decoded(&png), (3, 2, png::ColorType::Grayscale, numbers.clone()));

    // No file is replaced unless that is asked for, and a failure leaves it as it was.
    let kept = run(["show", str(&input), "--png", str(&out)]).ends(2);
    assert!(kept.err.contains("--force"), "{}", kept.err);
    let line = write(folder.path(), "line.npy", &bytes_of(&numbers, &[6]));
    let refused = run(["show", str(&line), "--png", str(&out), "--force"]).ends(2);
    assert!(refused.err.contains("uint8 (6,) is no picture. Hint:"), "{}", refused.err);
    assert_eq!(fs::read(&out).unwrap(), png);

    let colored = bytes_of(&[255_u8, 0, 0, 1, 2, 3], &[1, 2, 3]);
    let png = run_on(&colored, &["show", "-", "--png", "-"]).ends(0).out;
    assert_eq!(decoded(&png), (2, 1, png::ColorType::Rgb, vec![255, 0, 0, 1, 2, 3]));
    let png = run_on(
        &bytes_of(&[0.0, f64::NAN], &[2, 1]),
        &["show", "-", "--png", "-", "--colors", "grey"],
    );
    assert!(png.err.contains("no picture"), "{}", png.err);
    let numbers = bytes_of(&[0.0, f64::NAN, 2.0, 4.0], &[2, 2]);
    let png = run_on(&numbers, &["show", "-", "--png", "-", "--colors", "grey"]).ends(0).out;
    let points = vec![0, 0, 0, 213, 94, 0, 128, 128, 128, 255, 255, 255];
    assert_eq!(decoded(&png), (2, 2, png::ColorType::Rgb, points));

    let large: Vec<u8> = (0..3 * 5000).map(|i| (i % 251) as u8).collect();
    let large = bytes_of(&large, &[3, 5000]);
    let png = run_on(&large, &["show", "-", "--png", "-"]).ends(0).out;
    assert_eq!((decoded(&png).0, decoded(&png).1), (2500, 3));
    let png = run_on(&large, &["show", "-", "--png", "-", "--all"]).ends(0).out;
    assert_eq!((decoded(&png).0, decoded(&png).1), (5000, 3));
}

#[test]
fn percentiles_are_the_ends_of_the_scale() {
    let mut numbers: Vec<f64> = (0..100).map(f64::from).collect();
    numbers[99] = 1e9;
    let bytes = bytes_of(&numbers, &[10, 10]);
    let told = shown(&bytes, &["--percentiles", "0,98"]);
    assert!(told.contains("\n  blank is 0, @ is 97, percentiles 0 and 98\n"), "{told}");
    run_on(&bytes, &["show", "-", "--percentiles", "98,2"]).ends(2);
}

#[test]
fn a_pipe_gets_characters_and_terminals_what_is_asked_for() {
    let bytes = bytes_of(&[0_u8, 255, 255, 0], &[2, 2]);
    assert!(shown(&bytes, &[]).starts_with("stdin, uint8 (2, 2)\n  @@\n@@\n"));
    let told = shown(&bytes, &["--graphics", "blocks"]);
    let blocks = "\n\x1b[38;2;0;0;0;48;2;255;255;255m▀\x1b[38;2;255;255;255;48;2;0;0;0m▀\x1b[0m\n";
    assert!(told.contains(blocks), "{told:?}");
    let told = shown(&bytes, &["--graphics", "kitty"]);
    assert!(told.contains("\n\x1b_Ga=T,f=100,q=2,m=0;iVBORw0KGgo"), "{told:?}");
    let told = shown(&bytes, &["--graphics", "sixel"]);
    assert!(
        told.contains("\n\x1bPq\"1;1;320;320#0;2;0;0;0#63;2;100;100;100#0!160~$#63!160?!160~$-"),
        "{told:?}"
    );
}

/// What libsixel makes of sixels, where it is installed.
fn decoded_by_libsixel(shown: &str) -> Option<(u32, u32, Vec<u8>)> {
    let start = shown.find("\x1bP").unwrap();
    let sixels = &shown[start..][..shown[start..].find("\x1b\\").unwrap() + 2];
    let mut command = Command::new("sixel2png");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        eprintln!("not asked: sixel2png, of libsixel-bin, is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let sixels = sixels.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(sixels.as_bytes()));
    let png = child.wait_with_output().unwrap().stdout;
    writer.join().unwrap().unwrap();
    let (width, height, _, points) = decoded(&png);
    Some((width, height, points))
}

#[test]
fn another_decoder_sees_in_sixels_what_the_png_holds() {
    for (name, enlarged, most) in [
        // Of 64 levels each is near; of 216 colours the mean is.
        ("dem_elevation", 1, 12),
        ("camera_crop", 1, 5),
        ("camera_crop_bool", 1, 1),
        ("china_crop", 2, 52),
    ] {
        let file = fixture(&format!("real/npy/{name}.npy"));
        let png = run(["show", str(&file), "--png", "-"]).ends(0).out;
        let shown = run(["show", str(&file), "--graphics", "sixel"]).ends(0);
        let Some(sixels) = decoded_by_libsixel(shown.text()) else { return };
        let (width, height, _, points) = decoded(&png);
        assert_eq!((sixels.0, sixels.1), (width * enlarged, height * enlarged), "{name}");
        let channels = points.len() / (width * height) as usize;
        let (mut worst, mut sums) = (0, [0_i64; 2]);
        for (row, column) in (0..sixels.1).flat_map(|row| (0..sixels.0).map(move |c| (row, c))) {
            let seen = (row * sixels.0 + column) as usize;
            let meant = (row / enlarged * width + column / enlarged) as usize;
            for part in 0..3 {
                let seen = sixels.2[3 * seen + part];
                let meant = points[channels * meant + part.min(channels - 1)];
                worst = worst.max(seen.abs_diff(meant));
                sums = [sums[0] + i64::from(seen), sums[1] + i64::from(meant)];
            }
        }
        assert!(worst <= most, "{name}: {worst}");
        let mean = (sums[0] - sums[1]).abs() / i64::from(3 * sixels.0 * sixels.1);
        assert!(mean <= 2, "{name}: {mean}");
    }
}

#[test]
fn everything_is_as_narrow_as_it_is_to_be() {
    let numbers: Vec<f64> = (0..30_000).map(|i| (f64::from(i) * 0.01).sin()).collect();
    let text = with_bytes("|S30", &[20], Order::C, &[b'x'; 600]);
    for bytes in [
        bytes_of(&numbers, &[100, 300]),
        bytes_of(&numbers, &[30_000]),
        bytes_of(&numbers[..15], &[15]),
        bytes_of(&(0..255).collect::<Vec<u8>>(), &[255]),
        text,
    ] {
        for width in [20, 40] {
            let told = shown(&bytes, &["--width", &width.to_string()]);
            let widest = told.lines().skip(1).map(|line| line.chars().count()).max();
            assert!(widest <= Some(width), "{told}");
        }
    }
    for width in ["1", "2", "5"] {
        shown(&bytes_of(&numbers, &[100, 300]), &["--width", width]);
        shown(&bytes_of(&numbers, &[30_000]), &["--width", width]);
    }
    run_on(&bytes_of(&numbers, &[30_000]), &["show", "-", "--width", "0"]).ends(2);
}

#[test]
fn json_for_machines() {
    let numbers = [i64::MAX, -3, 0, 0];
    let told =
        run_on(&bytes_of(&numbers, &[2, 2]), &["show", "--json", "--", "-[:, 0]"]).ends(0).json();
    let expected = json!({
        "file": "-", "name": null, "slice": ":, 0",
        "dtype": "int64", "typestr": "<i8", "shape": [2], "sample": null,
        "statistics": {
            "count": 2, "min": 0, "max": i64::MAX,
            "mean": i64::MAX as f64 / 2.0, "std": i64::MAX as f64 / 2.0,
            "zeros": 1, "nan": 0, "inf": 0, "negative_inf": 0, "labels": null,
            "histogram": told[0]["statistics"]["histogram"],
        },
        "fields": [],
        "elements": [
            { "index": "0", "value": i64::MAX.to_string() },
            { "index": "1", "value": "0" },
        ],
    });
    assert_eq!(told[0], expected);
    assert_eq!(told[0]["statistics"]["histogram"]["counts"].as_array().unwrap().len(), 10);
    let told = run_on(&bytes_of(&[f32::INFINITY, 0.1], &[2]), &["show", "-", "--json"]).ends(0);
    let told = &told.json()[0]["statistics"];
    assert_eq!((&told["min"], &told["max"], &told["inf"]), (&json!(0.1), &json!("inf"), &json!(1)));
    let labels = run_on(&bytes_of(&[2_u8; 8], &[8]), &["show", "-", "--json"]).ends(0).json();
    assert_eq!(labels[0]["statistics"]["labels"], json!([{ "value": "2", "count": 8 }]));
}

/// A file of 2 GB of which next to nothing is there.
#[test]
fn large_files_are_sampled() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.npy");
    for (shape, how) in [
        (&[16384, 16384][..], "every 410th row and 205th column"),
        (&[1 << 28], "drawn of the sample below"),
    ] {
        let dtype = DType::from_typestr("<f8").unwrap();
        let layout = Layout::contiguous(shape, 8, Order::C).unwrap();
        // The header is as if the elements were there; they need not be.
        let header = format!(
            "{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
            dtype.typestr().unwrap(),
            shape.iter().map(|dim| format!("{dim}, ")).collect::<String>()
        );
        let header = format!("{header:117}\n");
        let start = [b"\x93NUMPY\x01\x00\x76\x00", header.as_bytes()].concat();
        let file = fs::File::create(&path).unwrap();
        file.set_len((start.len() + layout.nbytes()) as u64).unwrap();
        std::io::Write::write_all(&mut &file, &start).unwrap();
        let began = Instant::now();
        let told = run(["show", str(&path)]).ends(0);
        assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
        let text = told.text().replace("\n  ", " ");
        assert!(text.contains(how), "{text}");
        let sampled =
            "statistics of a sample (--all: of all): 524,288 of 268,435,456 elements, in 256 runs";
        assert!(text.contains(sampled), "{text}");
        let told = run(["show", &format!("{}[::1000000]", str(&path))]).ends(0);
        assert!(!told.text().contains("sample"), "{}", told.text());
    }
}

#[test]
fn all_elements_are_looked_at_if_that_is_asked_for() {
    let mut numbers = vec![0_u8; 40 << 20];
    numbers[12_345_677] = 9;
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "x.npy", &bytes_of(&numbers, &[numbers.len()]));
    let sampled = run(["show", str(&path), "--json"]).ends(0).json();
    assert!(sampled[0]["sample"].as_str().unwrap().contains("256 runs evenly apart"));
    assert_eq!(sampled[0]["statistics"]["count"], 4 << 20);
    let all = run(["show", str(&path), "--json", "--all"]).ends(0).json();
    assert_eq!(all[0]["sample"], json!(null));
    assert_eq!(
        (&all[0]["statistics"]["max"], &all[0]["statistics"]["zeros"]),
        (&json!(9), &json!((40 << 20) - 1))
    );
}

#[test]
fn a_reader_that_leaves_early_is_no_trouble() {
    let numbers: Vec<f64> = (0..4_000_000).map(f64::from).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "x.npy", &bytes_of(&numbers, &[2000, 2000]));
    let mut command = program();
    command.args(["show", str(&path), "--width", "2000", "--graphics", "blocks"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.ends_with("float64 (2000, 2000)\n"), "{line}");
    let ended = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert_eq!(ended.status.code(), Some(0));
}

/// Every file of the newest NumPy is shown, and nothing in any gives orders to the terminal.
#[test]
fn every_dtype_is_shown() {
    let folders = ["golden/npy/py313-numpy2.4", "hostile/npy", "hostile/npz", "hostile/pickle"];
    let mut count = 0;
    for folder in folders {
        let folder = fixture(&format!("{folder}/expected.json"));
        for file in fs::read_dir(folder.parent().unwrap()).unwrap() {
            let path = file.unwrap().path();
            let told = run(["show".as_ref(), path.as_os_str()]);
            let is_golden = path.components().any(|part| part.as_os_str() == "golden");
            let is_described = path.extension() == Some("npy".as_ref());
            match told.code {
                Some(0) => count += 1,
                Some(2) => assert!(!is_golden || !is_described, "{}: {}", path.display(), told.err),
                other => panic!("{other:?} from {}: {}", path.display(), told.err),
            }
            let obeyed = |text: &str| text.chars().any(|c| c != '\n' && c.is_control());
            assert!(!obeyed(told.text()) && !obeyed(&told.err), "{}", path.display());
        }
    }
    assert!(count > 200, "{count}");
}
