//! `ndbytes convert`: what happens to files, whether or not all goes well.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::{fixture, golden, run, str};

fn names(folder: &Path) -> Vec<OsString> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<OsString> = names.collect();
    names.sort();
    names
}

#[test]
fn nothing_is_overwritten_unless_forced() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.raw");
    fs::write(&out, "precious").unwrap();
    let source = golden("f8_c");
    let refused = run(["convert", str(&source), str(&out)]).ends(2);
    assert!(refused.err.contains("Hint: --force"), "{}", refused.err);
    assert_eq!(fs::read(&out).unwrap(), b"precious");
    run(["convert", "--force", str(&source), str(&out)]).ends(0);
    assert_eq!(fs::read(&out).unwrap().len(), 96);
    assert_eq!(names(folder.path()), ["x.raw"]);

    let refused = run(["convert", "--force", "--to", "raw", str(&source), str(folder.path())]);
    assert!(refused.ends(2).err.contains("this is a folder"));
    let nowhere = folder.path().join("no/x.raw");
    assert!(run(["convert", str(&source), str(&nowhere)]).ends(2).err.contains("cannot write"));
}

#[test]
fn a_failure_leaves_the_old_file_and_no_litter() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("x.raw");
    fs::write(&out, "precious").unwrap();
    let damaged = fixture("hostile/npy/data_missing.npy");
    run(["convert", "--force", str(&damaged), str(&out)]).ends(2);
    assert_eq!(fs::read(&out).unwrap(), b"precious");
    assert_eq!(names(folder.path()), ["x.raw"]);
}

#[test]
#[cfg(target_os = "linux")]
fn a_disk_that_is_full_half_way_leaves_the_old_file_and_no_litter() {
    let folder = tempfile::tempdir().unwrap();
    let (out, fresh) = (folder.path().join("x.raw"), folder.path().join("y.raw"));
    fs::write(&out, "precious").unwrap();
    let source = fixture("real/npy/carex_18_A.npy");
    for (out, order) in [(&out, "C"), (&out, "F"), (&fresh, "C")] {
        // No file may have more than a few blocks; writing more is an error instead of a signal.
        let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
        let ended = std::process::Command::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_ndbytes"), "convert", "--force"])
            .args(["--order", order, str(&source), str(out)])
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(2), "{said}");
        assert!(said.contains("File too large"), "{said}");
        assert_eq!(names(folder.path()), ["x.raw"]);
        assert_eq!(fs::read(folder.path().join("x.raw")).unwrap(), b"precious");
    }
}

#[test]
fn a_file_can_replace_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.npy");
    fs::copy(golden("f8_be_f"), &file).unwrap();
    let args = ["convert", "-f", str(&file), str(&file), "--order", "C", "--byte-order", "little"];
    // Windows does not let go of a file that is mapped.
    if cfg!(unix) {
        run(args).ends(0);
        assert_eq!(fs::read(&file).unwrap(), fs::read(golden("f8_c")).unwrap());
    }
}

#[test]
#[cfg(unix)]
fn permissions_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let folder = tempfile::tempdir().unwrap();
    let source = golden("f8_c");
    let at = |name: &str| folder.path().join(name);
    let mode = |name: &str| fs::metadata(at(name)).unwrap().permissions().mode() & 0o777;

    fs::write(at("plain"), "").unwrap();
    run(["convert", str(&source), str(&at("new.raw"))]).ends(0);
    assert_eq!(mode("new.raw"), mode("plain"), "a new file is as open as any");
    fs::set_permissions(at("new.raw"), fs::Permissions::from_mode(0o640)).unwrap();
    run(["convert", "-f", str(&source), str(&at("new.raw"))]).ends(0);
    assert_eq!(mode("new.raw"), 0o640);

    fs::create_dir(at("elsewhere")).unwrap();
    symlink("elsewhere/real.raw", at("link.raw")).unwrap();
    run(["convert", str(&source), str(&at("link.raw"))]).ends(0);
    assert!(fs::symlink_metadata(at("link.raw")).unwrap().is_symlink());
    assert_eq!(fs::read(at("elsewhere/real.raw")).unwrap().len(), 96);
    run(["convert", str(&source), str(&at("link.raw"))]).ends(2);
    run(["convert", "-f", str(&golden("f4_c")), str(&at("link.raw"))]).ends(0);
    assert!(fs::symlink_metadata(at("link.raw")).unwrap().is_symlink());
    assert_eq!(fs::read(at("elsewhere/real.raw")).unwrap().len(), 48);
    assert_eq!(names(&at("elsewhere")), ["real.raw"]);

    symlink("b.raw", at("a.raw")).unwrap();
    symlink("a.raw", at("b.raw")).unwrap();
    assert!(run(["convert", str(&source), str(&at("a.raw"))]).ends(2).err.contains("circle"));
}

#[test]
#[cfg(target_os = "linux")]
fn devices_are_written_to_and_not_replaced() {
    use std::os::unix::fs::FileTypeExt as _;
    run(["convert", "--to", "raw", str(&golden("f8_c")), "/dev/null"]).ends(0);
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    let full = run(["convert", "--to", "raw", str(&golden("f8_c")), "/dev/full"]).ends(2);
    assert!(full.err.contains("No space left"), "{}", full.err);
}

#[test]
#[cfg(target_os = "linux")]
fn terminals_get_no_bytes() {
    use std::process::Stdio;
    let file = golden("f8_c");
    // The other end of a terminal is one itself.
    let terminal = fs::File::options().read(true).write(true).open("/dev/ptmx").unwrap();
    let ended = crate::program()
        .args(["convert", str(&file), "-", "--to", "raw"])
        .stdout(Stdio::from(terminal))
        .output()
        .unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("not written to a terminal"), "{said}");
}

#[test]
#[cfg(unix)]
fn named_pipes_are_read_like_files() {
    use std::process::Stdio;
    // What `<(...)` of a shell is.
    let whole = fs::read(golden("f8_c")).unwrap();
    let file = golden("f8_c");
    let mut cat =
        std::process::Command::new("cat").arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let pipe = cat.stdout.take().unwrap();
    let ended = crate::program()
        .args(["convert", "/dev/stdin", "-", "--to", "npy"])
        .stdin(Stdio::from(pipe))
        .output()
        .unwrap();
    cat.wait().unwrap();
    assert_eq!(ended.stdout, whole, "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn large_arrays_are_written_in_blocks() {
    // Three blocks and a bit, and a byte order to change.
    let folder = tempfile::tempdir().unwrap();
    let (input, output) = (folder.path().join("x.raw"), folder.path().join("y.raw"));
    let count = (100 << 20) / 4 + 3_u32;
    let bytes: Vec<u8> = (0..count).flat_map(u32::to_le_bytes).collect();
    fs::write(&input, &bytes).unwrap();
    let args = ["convert", str(&input), str(&output), "--dtype", "<u4", "--byte-order", "big"];
    run(args).ends(0);
    let turned = fs::read(&output).unwrap();
    assert_eq!(turned.len(), bytes.len());
    let mut expected = (0..count).map(u32::to_be_bytes);
    assert!(turned.chunks_exact(4).all(|number| expected.next().unwrap() == number));
}
