//! `ndbytes guess`

use serde_json::json;

use crate::{golden, run, run_on, str};

/// 60 rows of 50 bytes, smooth in both directions.
fn picture() -> Vec<u8> {
    let value = |y: f64, x: f64| 120.0 + 90.0 * (y * 0.3).sin() * (x * 0.2 + y * 0.05).cos();
    (0..3000).map(|i| value((i / 50) as f64, (i % 50) as f64) as u8).collect()
}

#[test]
fn bytes_are_told_with_reasons_and_ways_to_read_them() {
    let told = run_on(&picture(), &["guess", "-"]).ends(0);
    let text = told.text();
    assert!(text.starts_with("stdin, 3,000 bytes\n"), "{text}");
    assert!(text.contains(" %  uint8 array (60, 50)\n"), "{text}");
    assert!(text.contains("rows of 50"), "{text}");
    assert!(text.contains("ndbytes.frombuffer(data, \"|u1\", (60, 50))"), "{text}");
    assert!(text.contains("--from raw --dtype '|u1' --shape 60,50\n"), "{text}");
}

#[test]
fn what_it_says_to_write_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let (raw, npy) = (folder.path().join("x.bin"), folder.path().join("x.npy"));
    std::fs::write(&raw, [&[7; 12][..], &picture()].concat()).unwrap();
    let told = run(["guess", str(&raw), "--shape", "60,50", "--json"]).ends(0).json();
    let best = &told[0]["guesses"][0];
    assert_eq!((&best["dtype"], &best["offset"]), (&json!("|u1"), &json!(12)));
    assert!(best["probability"].as_f64().unwrap() > 0.5);
    let options = best["convert"].as_str().unwrap().replace('\'', "");
    let args = ["convert", str(&raw), str(&npy)].into_iter().chain(options.split(' '));
    run(args).ends(0);
    let read = std::fs::read(&npy).unwrap();
    assert_eq!(ndbytes::bytes_to_array(&read).unwrap().to_vec::<u8>().unwrap(), picture());
}

#[test]
fn what_it_says_to_write_is_for_a_shell() {
    let folder = tempfile::tempdir().unwrap();
    let converted = |name: &str, options: &[&str]| {
        std::fs::write(folder.path().join(name), [&picture()[..], b"end"].concat()).unwrap();
        let mut told = std::process::Command::new(env!("CARGO_BIN_EXE_ndbytes"));
        let told = told.current_dir(folder.path()).arg("guess").args(options).args(["--", name]);
        let told = String::from_utf8(told.output().unwrap().stdout).unwrap();
        let line = told.lines().find_map(|line| line.trim().strip_prefix("ndbytes ")).unwrap();
        let line = format!("'{}' {line}", env!("CARGO_BIN_EXE_ndbytes"));
        let mut shell = std::process::Command::new("sh");
        let done = shell.current_dir(folder.path()).args(["-c", &line]).output().unwrap();
        assert!(done.status.success(), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        let read = std::fs::read(folder.path().join("OUT.npy")).unwrap();
        std::fs::remove_file(folder.path().join("OUT.npy")).unwrap();
        ndbytes::bytes_to_array(&read).unwrap().shape().to_vec()
    };
    if cfg!(unix) {
        for name in ["plain.bin", "a name.bin", "it's $HOME.bin", "-x.bin"] {
            assert_eq!(converted(name, &["--shape", "60,50", "--offset", "3"]), [60, 50]);
            // One byte is behind the last element.
            let known = ["--offset", "0", "--dtype", "<i2", "--shape=-1,79"];
            assert_eq!(converted(name, &known), [19, 79]);
        }
    }
    let told = run_on(&picture(), &["guess", "-"]).ends(0);
    assert!(told.text().contains("ndbytes convert - OUT.npy --from raw"), "{}", told.text());
}

#[test]
fn what_is_no_array_is_named() {
    let told = run(["guess", str(&golden("f8_c"))]).ends(0);
    assert!(told.text().contains("npy\n") && told.text().contains("ndbytes.bytes_to_array(data)"));
    let told = run_on(b"<html><body>404</body></html>", &["guess", "-", "--json"]).ends(0).json();
    assert_eq!(told[0]["guesses"][0]["what"], "HTML page");
    assert_eq!(told[0]["guesses"][0]["dtype"], json!(null));
    assert_eq!(
        run_on(b"", &["guess", "-", "--json"]).ends(0).json()[0]["guesses"][0]["what"],
        "nothing"
    );
}

#[test]
fn trouble_is_told() {
    let told = run_on(b"abc", &["guess", "-", "--offset", "4"]).ends(2);
    assert!(told.err.contains("offset 4 is beyond the 3 bytes"), "{}", told.err);
    run(["guess", "no/such"]).ends(2);
    let told = run_on(b"abc", &["guess", "-", "--dtype", "<f8"]).ends(0);
    assert!(told.text().contains("nothing fits"), "{}", told.text());
}
