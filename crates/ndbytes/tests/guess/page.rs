//! The page on guessing, written from the score.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::cases::Half;
use crate::score::{Answer, Score};

/// What is written into the page stands between two such lines.
const SCORED: [&str; 2] =
    ["<!-- scored: written by cargo xtask guess -->\n", "<!-- scored: end -->\n"];
const TIMED: [&str; 2] =
    ["<!-- timed: written by cargo xtask guess --times -->\n", "<!-- timed: end -->\n"];
/// Bins of stated probability.
const BINS: usize = 10;

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Writes the tables into the page, and the picture beside it.
pub fn write(tuning: &Score, reporting: &Score) {
    write_between(SCORED, &tables(tuning, reporting));
    std::fs::create_dir_all(docs().join("guess")).expect("a folder");
    std::fs::write(docs().join("guess/reliability.svg"), svg(reporting))
        .expect("the picture is written");
}

/// Writes how long calls take into the page.
pub fn write_times(table: &str) {
    write_between(TIMED, table);
}

fn write_between([begin, end]: [&str; 2], text: &str) {
    let path = docs().join("guess.md");
    let page = std::fs::read_to_string(&path).expect("the page is there");
    let (before, rest) = page.split_once(begin).expect("the page has a place for it");
    let (_, after) = rest.split_once(end).expect("the place ends");
    std::fs::write(path, format!("{before}{begin}{text}{end}{after}")).expect("it is written");
}

/// Whether the page says what the score is.
pub fn is_current(tuning: &Score, reporting: &Score) -> bool {
    let page = std::fs::read_to_string(docs().join("guess.md")).unwrap_or_default();
    page.contains(&tables(tuning, reporting))
}

fn tables(tuning: &Score, reporting: &Score) -> String {
    let all = |_: &Answer| true;
    type Test = fn(&Answer) -> bool;
    let rows: [(&str, Test, Test); 7] = [
        ("dtype first: the values are read as they are", all, |a| a.first),
        ("dtype first, to the letter", all, |a| a.exact),
        ("dtype among the first three", all, |a| a.in_three),
        ("shape of pictures first", |a| a.is_picture, |a| a.shape),
        ("shape of anything with rows first", |a| a.several_dims, |a| a.shape),
        ("offset first", all, |a| a.offset),
        ("all of it first", all, |a| a.first && a.shape && a.offset),
    ];
    let mut text = String::from("\n| | tuned on | reported |\n|---|---|---|\n");
    let count = |score: &Score, of: Test| score.answers.iter().filter(|answer| of(answer)).count();
    let sources = |score: &Score| {
        let mut names: Vec<&str> = score.answers.iter().map(|answer| &*answer.source).collect();
        names.sort_unstable();
        names.dedup();
        names.len()
    };
    let _ = writeln!(
        text,
        "| arrays (of so many sources) | {} ({}) | {} ({}) |",
        tuning.answers.len(),
        sources(tuning),
        reporting.answers.len(),
        sources(reporting)
    );
    for (name, of, right) in rows {
        let cell = |score: &Score| {
            format!("{:.1} % of {}", 100.0 * score.share(of, right), count(score, of))
        };
        let _ = writeln!(text, "| {name} | {} | {} |", cell(tuning), cell(reporting));
    }
    text.push_str("\n| kind, in the half that is reported | arrays | dtype first | among three | shape first |\n|---|---|---|---|---|\n");
    let mut kinds: Vec<&str> = reporting.answers.iter().map(|answer| answer.what).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let here = |answer: &Answer| answer.what == kind;
        let percent = |right: Test| format!("{:.0} %", 100.0 * reporting.share(here, right));
        let number = reporting.answers.iter().filter(|answer| here(answer)).count();
        let _ = writeln!(
            text,
            "| {kind} | {number} | {} | {} | {} |",
            percent(|a| a.first),
            percent(|a| a.in_three),
            percent(|a| a.shape)
        );
    }
    text.push_str("\n| it says (dtype) | and is right | it says (all of it) | and is right |\n|---|---|---|---|\n");
    for (low, high) in [(0.0, 0.5), (0.5, 0.7), (0.7, 0.9), (0.9, 0.97), (0.97, 1.01)] {
        let cell = |sure: fn(&Answer) -> f64, right: Test| {
            let here = |answer: &Answer| (low..high).contains(&sure(answer));
            let number = reporting.answers.iter().filter(|answer| here(answer)).count();
            let share = 100.0 * reporting.share(here, right);
            let range = format!("{:.0} to {:.0} %", 100.0 * low, 100.0 * f64::min(high, 1.0));
            if number == 0 {
                format!("{range} | never said")
            } else {
                format!("{range} | {share:.0} % of {number}")
            }
        };
        let _ = writeln!(
            text,
            "| {} | {} |",
            cell(|a| a.sure_of_dtype, |a| a.first),
            cell(|a| a.sure, |a| a.first && a.shape && a.offset)
        );
    }
    text.push('\n');
    text
}

/// Stated probability against how often it was right, with as large a disc as there are cases.
fn svg(score: &Score) -> String {
    const SIZE: f64 = 420.0;
    const LEFT: f64 = 64.0;
    const TOP: f64 = 40.0;
    let place = |x: f64, y: f64| (LEFT + x * SIZE, TOP + (1.0 - y) * SIZE);
    let ink = "#7d8590";
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 560 540\" role=\"img\" font-family=\"system-ui, \
         sans-serif\" font-size=\"13\" fill=\"{ink}\">\n<title>How often guesses are right, by how sure they are\
         </title>\n<text x=\"{LEFT}\" y=\"22\" font-size=\"15\">How often guesses are right, by how sure they are</text>\n"
    );
    for step in 0..=5 {
        let value = f64::from(step) / 5.0;
        let (x, y) = place(value, value);
        let (bottom, right) = (TOP + SIZE, LEFT + SIZE);
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {TOP}V{bottom}M{LEFT} {y:.1}H{right}\" stroke=\"{ink}\" stroke-opacity=\"0.3\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.0} %</text>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{:.0} %</text>",
            bottom + 19.0,
            100.0 * value,
            LEFT - 8.0,
            y + 4.5,
            100.0 * value
        );
    }
    let (from, to) = (place(0.0, 0.0), place(1.0, 1.0));
    let _ = writeln!(
        out,
        "<path d=\"M{:.1} {:.1}L{:.1} {:.1}\" stroke=\"{ink}\" stroke-dasharray=\"5 4\"/>",
        from.0, from.1, to.0, to.1
    );
    type Series = (&'static str, &'static str, fn(&Answer) -> f64, fn(&Answer) -> bool);
    let series: [Series; 2] = [
        ("dtype", "#0072b2", |a| a.sure_of_dtype, |a| a.first),
        ("dtype, shape and offset", "#d55e00", |a| a.sure, |a| a.first && a.shape && a.offset),
    ];
    for (line, (name, colour, sure, right)) in series.into_iter().enumerate() {
        for bin in 0..BINS {
            let here =
                |answer: &&Answer| ((sure(answer) * BINS as f64) as usize).min(BINS - 1) == bin;
            let among: Vec<&Answer> = score.answers.iter().filter(here).collect();
            if among.is_empty() {
                continue;
            }
            let count = among.len() as f64;
            let said = among.iter().map(|answer| sure(answer)).sum::<f64>() / count;
            let was = among.iter().filter(|answer| right(answer)).count() as f64 / count;
            let (x, y) = place(said, was);
            let radius = 2.0 + 1.2 * count.sqrt();
            let _ = writeln!(
                out,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\" fill=\"{colour}\" fill-opacity=\"0.55\"/>"
            );
        }
        let y = TOP + 20.0 + 20.0 * line as f64;
        let _ = writeln!(
            out,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{y:.1}\">{name}</text>",
            LEFT + 16.0,
            y - 4.5,
            LEFT + 28.0
        );
    }
    let _ = writeln!(
        out,
        "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\">how sure it says it is (in the half that is reported)</text>",
        LEFT + SIZE / 2.0,
        TOP + SIZE + 46.0
    );
    out.push_str("</svg>\n");
    out
}

/// Both halves, scored.
pub fn halves(cases: Vec<crate::cases::Case>) -> (Score, Score) {
    let (tuning, reporting): (Vec<_>, Vec<_>) =
        cases.into_iter().partition(|case| case.half == Half::Tuning);
    (Score::of(&tuning), Score::of(&reporting))
}
