//! docs/benchmarks.md, from what was measured.

use std::fmt::Write;

use super::instructions::Record;
use super::measured::{AGAIN, Case, Contestant, Kind, Measured};
use super::numbers::{bytes, ratio, seconds};
use super::targets::{self, Target};
use super::{notes, sweep};

/// The tables, in their order: the group of the cases, a heading, and what to know beforehand.
const GROUPS: &[(&str, &str, &str)] = &[
    ("encode", "Array to bytes", ""),
    (
        "decode",
        "Bytes to array",
        "Each reads the bytes that it writes itself, spdl those of `np.save`. `np.frombuffer` is \
         told dtype and shape, which its bytes do not hold.",
    ),
    (
        "strided",
        "Elements that do not lie side by side, and the other byte order",
        "The limits are of as many bytes that do lie side by side.",
    ),
    ("equal", "Whether two arrays are equal", ""),
    (
        "diff",
        "Where two arrays differ",
        "`ndbytes.diff` counts and finds the elements that differ, the first and the worst, greatest \
         distances (absolute, relative, in ULP), NaNs and signs of zeros. Its peers answer one \
         question each.",
    ),
    (
        "many",
        "Many small arrays",
        "Against the peers that keep dtype and shape; the limit is bytes that keep neither. Where all \
         are kept, 640 MB of memory that the processor has not seen lately are written, and read \
         again, by everyone.",
    ),
    (
        "dtypes-encode",
        "Other dtypes and orders to bytes",
        "Against float64 in C order of as many bytes.",
    ),
    ("dtypes-decode", "Bytes to other dtypes and orders", ""),
    (
        "pickle-dumps",
        "Values to pickles",
        "`ndbytes.pickle.dumps`: 120,000 plain values are in an array of objects.",
    ),
    ("pickle-loads", "Pickles to values", "Each reads what Python wrote, and copies the arrays."),
    ("npz-save", "Several arrays to npz", "Into an `io.BytesIO`."),
    ("npz-save-file", "Several arrays to an npz file", TO_A_FILE),
    (
        "npz-compress",
        "Real arrays to npz, compressed",
        "Those of [fixtures/real](../fixtures/real/README.md), and of a folder that was given; and those, real and made, that \
         nothing was tuned on ([unseen.py](../benches/python/unseen.py)). Into an `io.BytesIO`.",
    ),
    ("npz-compress-file", "Real arrays to npz files, compressed", TO_A_FILE),
    (
        "npz-load",
        "npz to arrays",
        "What NumPy wrote, into memory of its own. Several members are read ahead, by all cores.",
    ),
    ("npz-map", "npz in a map", "The time does not depend on the size."),
    (
        "files-save",
        "Arrays to npy files",
        "Into the page cache. The limit asks for the room and writes the same bytes, at once.",
    ),
    ("files-load", "npy files to arrays", "Out of the page cache."),
    (
        "files-look",
        "Large npy files, looked at and mapped",
        "Only the header is read. *Opening* is Python's `open` and `close`.",
    ),
    (
        "exchange",
        "Arrays between two processes",
        "One sends, the other receives; the time is for one array. *Buffered* is through \
         `makefile` on both sides, which reads ahead; the bare socket is told how much to expect, \
         and moves the elements alone.",
    ),
    (
        "real-encode",
        "Real arrays to bytes",
        "Some of [fixtures/real](../fixtures/real/README.md), and all its npy files one after the \
         other. A peer that brings back something else has no time, but says what.",
    ),
    ("real-decode", "Bytes to real arrays", ""),
    ("data-encode", "Arrays of the user's to bytes", ""),
    ("data-decode", "Bytes to arrays of the user's", ""),
    ("rust-read", "Rust: npy bytes to arrays", "npyz has no view; it is timed on the header."),
    ("rust-write", "Rust: arrays to npy bytes", ""),
    (
        "import",
        "Importing the Python package",
        "Each in an interpreter of its own; these times are of the whole process, the target is for \
         importing ndbytes once NumPy is there.",
    ),
];

pub(crate) fn render(measured: &Measured, instructions: Option<&Record>) -> String {
    let targets = targets::all(measured);
    let mut page = opening(measured);
    page.push_str(&table_of_targets(measured, &targets));
    page.push_str("\n## Cost against size\n");
    for verb in sweep::VERBS {
        page.push_str(&sweep_of(measured, verb));
    }
    for (group, title, about) in GROUPS {
        let cases: Vec<&Case> = measured.group(group).collect();
        if !cases.is_empty() {
            let _ = writeln!(page, "\n## {title}\n");
            if !about.is_empty() {
                let _ = writeln!(page, "{about}\n");
            }
            page.push_str(&table(&cases, &targets));
        }
    }
    if let Some(record) = instructions {
        page.push_str(&table_of_instructions(record));
    }
    page.push_str(METHOD);
    page
}

fn opening(measured: &Measured) -> String {
    let fact = |name| measured.fact(name);
    let peers: Vec<String> = ["safetensors", "pyarrow", "msgpack-numpy", "spdl-io"]
        .iter()
        .map(|peer| format!("{peer} {}", fact(peer)))
        .collect();
    format!(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench` on {date}; [how it measures](#method) is at the end.\n\n\
         | | |\n|---|---|\n\
         | processor | {processor}, {cores} cores, {memory} |\n\
         | system | {system}; transparent huge pages: {pages} |\n\
         | Python | {python}, NumPy {numpy} |\n\
         | Rust | {rustc} |\n\
         | peers | {peers} |\n\n\
         Times are for orientation. What counts are the ratios, of times taken in turns in one \
         run: `44x` in the column of a peer says that it takes 44 times as long as ndbytes, and \
         less than `1x` that it is faster.{again}\n",
        date = fact("date"),
        processor = fact("processor"),
        cores = fact("cores"),
        memory = fact("memory"),
        system = fact("system"),
        pages = fact("huge pages"),
        python = fact("Python"),
        numpy = fact("numpy"),
        rustc = fact("rustc"),
        peers = peers.join(", "),
        again = again_of(measured),
    )
}

/// Which tables are of a later run than the others.
fn again_of(measured: &Measured) -> String {
    let again = measured.facts.get(AGAIN).map_or("", String::as_str);
    let title = |key| GROUPS.iter().find(|(group, ..)| *group == key).map(|(_, title, _)| *title);
    let titles: Vec<&str> = again.split(", ").filter_map(title).collect();
    match titles[..] {
        [] => String::new(),
        _ => format!(" Measured again since, all of it or some rows: {}.", titles.join("; ")),
    }
}

fn table_of_targets(measured: &Measured, targets: &[Target]) -> String {
    let mut said = "\n## Targets\n\n\
        In brackets the quartiles of the rounds. Of a line for several cases, the worst is shown.\n\n\
        | work | target | measured | |\n|---|---|---|---|\n"
        .to_owned();
    for target in targets {
        let Some((case, verdict)) = target.worst(measured) else { continue };
        let many = match target.missed(measured) {
            _ if !target.covers_many() => String::new(),
            (missed, all) => format!(", the worst of {all}, of which {missed} miss it"),
        };
        let word = match verdict.met {
            true => "met".to_owned(),
            false => format!("**missed**: {}", notes::reason(&case.key)),
        };
        let _ = writeln!(
            said,
            "| {}: {}{many} | {} | {} | {word} |",
            verb(case.group()),
            in_cell(&case.title),
            verdict.wanted,
            verdict.found
        );
    }
    said
}

/// Said of what is written to files.
const TO_A_FILE: &str = "The system's part, which writes the file, is in both; ours also sees to it that nobody sees half a \
                         file.";

/// What is done to the array that a case's title names.
fn verb(group: &str) -> &str {
    match group {
        "encode" | "dtypes-encode" => "encode",
        "decode" | "dtypes-decode" => "decode",
        "strided" => "strided",
        "equal" => "`array_equal`",
        "many" => "many",
        "pickle-dumps" => "`pickle.dumps`",
        "pickle-loads" => "`pickle.loads`",
        "npz-save" | "npz-save-file" => "`savez`",
        "npz-compress" | "npz-compress-file" => "`savez_compressed`",
        "npz-load" | "npz-map" | "files-load" => "`load`",
        "files-save" => "`save`",
        "files-look" => "look",
        "rust-read" => "Rust, read",
        "rust-write" => "Rust, write",
        other => other,
    }
}

fn sweep_of(measured: &Measured, verb: &str) -> String {
    let shares = sweep::shares(measured, verb);
    if shares.is_empty() {
        return String::new();
    }
    format!(
        "\n![{verb}: time against size](benchmarks/{verb}.svg)\n\n\
         Up to {}, ndbytes takes of the time of {}.\n",
        bytes(sweep::largest(measured, verb) as f64),
        shares.join("; ")
    )
}

fn table(cases: &[&Case], targets: &[Target]) -> String {
    let mut peers: Vec<&str> = Vec::new();
    for one in cases.iter().flat_map(|case| &case.contestants) {
        if matches!(one.kind, Kind::Peer | Kind::Reference) && !peers.contains(&one.name.as_str()) {
            peers.push(&one.name);
        }
    }
    let mut said = format!("| work | ndbytes | {} | |\n", peers.join(" | "));
    let _ = writeln!(said, "|---|{}---|", "---:|".repeat(1 + peers.len()));
    for case in cases {
        let cells: Vec<String> = peers.iter().map(|peer| cell(case, peer)).collect();
        let _ = writeln!(
            said,
            "| {} | {} | {} | {} |",
            in_cell(&case.title),
            case.seconds().map_or("failed".into(), seconds),
            cells.join(" | "),
            targets::judgement(targets, case)
        );
        for limit in case.of(Kind::Limit) {
            let Ok(timing) = &limit.timing else { continue };
            let _ = writeln!(
                said,
                "| *limit: {}* | *{}* |{} *ndbytes takes {} of it* |",
                limit.name,
                seconds(timing.seconds),
                " |".repeat(peers.len()),
                ratio(timing.ratio.inverse().middle)
            );
        }
    }
    said
}

/// A bar would end the cell.
fn in_cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn cell(case: &Case, name: &str) -> String {
    match case.contestants.iter().find(|one| one.name == name) {
        Some(Contestant { timing: Ok(timing), .. }) => ratio(timing.ratio.middle),
        Some(Contestant { timing: Err(why), .. }) => why.clone(),
        None => String::new(),
    }
}

fn table_of_instructions(record: &Record) -> String {
    let mut said = "\n## Instructions\n\n\
        Executed for one call on a 28x28 float64 array, counted by callgrind, which does not hang \
        on the machine's mood. `cargo xtask bench --check` fails when one of them grew by more \
        than 2 % against [the record](benchmarks/instructions.json).\n\n\
        | call | instructions |\n|---|---:|\n"
        .to_owned();
    for (name, count) in &record.counts {
        let _ = writeln!(said, "| {name} | {count} |");
    }
    let made: Vec<String> =
        record.made_with.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let _ = writeln!(said, "\nCounted with {}.", made.join(", "));
    said
}

const METHOD: &str = "
## Method

The command is `cargo xtask bench`; `--quick` takes less care and `--only REGEX` some cases, and
both leave this page alone. `--again REGEX` measures some cases again and puts them in the place of
what was measured of them. All of it is in [measured.jsonl](benchmarks/measured.jsonl), from which
`cargo xtask bench --render` writes this page anew.

- The contestants of a case take turns in one process, in an order that is shuffled each round; each
  table has a process of its own. A ratio is taken within a round; the median over the rounds is
  what is shown.
- A fast call is repeated until a sample takes 2 ms; a slow one is a sample. Each runs before it is
  measured. There are 9 to 151 rounds, until 1.5 seconds are over; three when a round takes
  longer than that.
- Results are dropped inside the timing, for all contestants alike: giving memory back is part of
  what an array costs. The garbage collector is off.
- Before each sample of a large case, several times as much memory is touched and given back, outside the timing:
  a virtual machine may have returned it to its host, and fetching it again takes several times as
  long as all that is measured here. Where the system lets itself be asked, memory in use is moved
  together before each of the three programs, as a search for huge pages would be measured, too.
- Peers are called as a user would call them, with memory allocated in one piece where they allow
  it. Each is first held to bring back the array, dtype, shape and bytes; one that does not has no
  time.
- ndbytes uses the threads that it uses unless told otherwise. So do the peers, which use one.
- Of what processes exchange, three rounds of all messages are measured. Files are in the page cache
  of the folder for temporary files; one that is to be new is removed outside the timing.
- *A warm memcpy* copies into memory that is there already; *a copy into fresh memory* asks the
  system for it, as every result must.
- A row is won when no peer takes less time, even down to 0.95x, and says so when it is not won.
- The wheel and the Rust programs are built for release, for any processor of the architecture.
- Instructions are the difference between two runs under callgrind that repeat one call more and
  less often, so that starting and importing do not count.
";

#[cfg(test)]
mod tests {
    use super::super::measured::tests::LINES;
    use super::*;

    #[test]
    fn a_table_has_a_row_per_case_and_limit() {
        let measured = Measured::parse(LINES).unwrap();
        let cases: Vec<&Case> = measured.cases.iter().collect();
        assert_eq!(in_cell("|u1"), "\\|u1");
        let expected = "\
| work | ndbytes | `x.tobytes()` | `np.save` | spdl | |
|---|---:|---:|---:|---:|---|
| 28x28 float64 | 120 ns | 1.00x | 44.0x | not installed | won |
| *limit: a copy* | *60 ns* | | | | *ndbytes takes 2.00x of it* |
";
        assert_eq!(table(&cases, &[]), expected);
    }

    #[test]
    fn the_page_has_its_parts() {
        let page = render(&Measured::parse(LINES).unwrap(), None);
        for part in ["on 2026-01-02", "## Targets", "## Array to bytes", "## Method", "| met |"] {
            assert!(page.contains(part), "{part}");
        }
        assert!(!page.contains("## Instructions") && !page.contains("benchmarks/encode.svg"));
    }
}
