//! What is promised about speed, and whether it is kept.

use super::measured::{Case, Kind, Measured, Quartiles};
use super::notes;
use super::numbers::{ratio, seconds};

/// A peer that takes at least this much of our time is even with us: timings are no better.
const EVEN: f64 = 0.95;

const PICKLE: &str = "Python's `pickle`";
const SAVEZ: &str = "`np.savez`";
const COMPRESSED: &str = "`np.savez_compressed`";
const NUMPYS: &str = "NumPy's";
const LOAD: &str = "`np.load`";
const CONNECTION: &str = "`Connection` with pickle";
const SOCKET: &str = "the bare socket";

#[derive(Debug, Clone, Copy)]
pub(crate) struct Target {
    /// The key of a case, or the beginning of several, the worst of which counts.
    case: &'static str,
    rule: Rule,
}

#[derive(Debug, Clone, Copy)]
enum Rule {
    /// Our time is at most so much of that contestant's.
    AtMost(f64, &'static str),
    /// We are so many times faster than that contestant.
    Faster(f64, &'static str),
    /// We are so many times faster than every peer.
    FasterThanAll(f64),
    /// So many seconds beyond the reference, which is named.
    Beyond(f64, &'static str),
    /// So many seconds.
    Within(f64),
    /// At most so many of the peer's bytes, which is named.
    Smaller(f64, &'static str),
}

/// How a target turned out.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// Such as "at most 1.1x `x.tobytes()`".
    pub(crate) wanted: String,
    /// Such as "1.03x (1.01 to 1.05)".
    pub(crate) found: String,
    pub(crate) met: bool,
    /// How far from it: over 1 is missed.
    strain: f64,
}

pub(crate) fn all(measured: &Measured) -> Vec<Target> {
    let at_most = |case, most, name| Target { case, rule: Rule::AtMost(most, name) };
    let faster = |case, times, name| Target { case, rule: Rule::Faster(times, name) };
    let fastest = |case, times| Target { case, rule: Rule::FasterThanAll(times) };
    let smaller = |case, most| Target { case, rule: Rule::Smaller(most, NUMPYS) };
    let mut targets = vec![
        at_most("encode/28x28", 1.1, "`x.tobytes()`"),
        at_most("decode/28x28", 0.3, "`np.frombuffer`"),
        at_most("decode/200MB", 0.3, "`np.frombuffer`"),
    ];
    // Elsewhere the other side gets huge pages too, or nobody does.
    if measured.fact("huge pages") == "madvise" {
        targets.push(at_most("encode/200MB", 0.3, "`x.tobytes()`"));
        targets.push(at_most("encode/200MB", 1.15, "a copy into fresh memory, `x.copy()`"));
    } else {
        targets.push(at_most("encode/200MB", 1.0, "`x.tobytes()`"));
    }
    targets.extend([
        at_most("decode/200MB-copy", 1.0, "`np.load`"),
        faster("strided/reversed", 3.0, "`x.tobytes()`"),
        faster("strided/rotation", 3.0, "`x.tobytes()`"),
        faster("strided/NHWC-NCHW", 3.0, "`x.tobytes()`"),
        faster("strided/transpose", 3.0, "`x.tobytes()`"),
        fastest("strided/byteswap", 3.0),
        at_most("equal/128MB", 1.0, "`np.array_equal`"),
        faster("equal/128MB-nan", 3.0, "`np.array_equal`"),
        at_most("diff/same", 1.0, "`np.array_equal`, yes or no"),
        fastest("diff/", 1.0),
        fastest("many/in-turn", 8.0),
        at_most("dtypes-encode/", 1.3, "ndbytes, float64"),
        at_most("dtypes-decode/", 1.3, "ndbytes, float64"),
        faster("pickle-dumps/28x28-2", 4.0, PICKLE),
        faster("pickle-loads/28x28-2", 4.0, PICKLE),
        faster("pickle-dumps/28x28-5", 4.0, PICKLE),
        faster("pickle-loads/28x28-5", 4.0, PICKLE),
        faster("pickle-dumps/28x28-0", 5.0, PICKLE),
        faster("pickle-loads/28x28-0", 5.0, PICKLE),
        faster("pickle-dumps/8MB-0", 5.0, PICKLE),
        faster("pickle-loads/8MB-0", 5.0, PICKLE),
        at_most("pickle-loads/objects", 1.5, PICKLE),
        faster("pickle-dumps/list-5", 3.0, PICKLE),
        faster("pickle-loads/list-5", 3.0, PICKLE),
        faster("npz-save/many", 10.0, SAVEZ),
        faster("npz-save-file/many", 10.0, SAVEZ),
        faster("npz-load/many", 10.0, LOAD),
        faster("npz-compress/all-data", 12.0, COMPRESSED),
        smaller("npz-compress/all-data", 1.03),
        faster("npz-compress/unseen", 8.0, COMPRESSED),
        smaller("npz-compress/unseen", 1.06),
        faster("npz-compress/", 8.0, COMPRESSED),
        faster("npz-compress-file/all-data", 12.0, COMPRESSED),
        faster("npz-compress-file/photo_china_u8_427x640x3", 8.0, COMPRESSED),
        faster("npz-compress-file/dem_jacksboro_int16", 8.0, COMPRESSED),
        smaller("npz-compress/", 1.08),
        faster("npz-load/all-data", 3.0, LOAD),
        faster("npz-load/walk", 1.6, LOAD),
        Target { case: "npz-map/large", rule: Rule::Within(20e-6) },
        faster("exchange/10-unix", 3.0, CONNECTION),
        faster("exchange/10-tcp", 3.0, CONNECTION),
        at_most("exchange/100MB-unix", 1.1, SOCKET),
        at_most("exchange/100MB-tcp", 1.1, SOCKET),
        faster("files-save/1GB", 1.5, "`np.save`"),
        faster("files-load/1GB", 1.5, LOAD),
        Target { case: "files-look/inspect", rule: Rule::Within(50e-6) },
        Target { case: "files-look/map", rule: Rule::Beyond(20e-6, "opening") },
        Target { case: "files-look/map-path", rule: Rule::Beyond(20e-6, "opening") },
        fastest("rust-read/28x28", 50.0),
        fastest("rust-write/200MB", 3.0),
        Target { case: "import/package", rule: Rule::Beyond(0.010, "NumPy's") },
    ]);
    targets
}

impl Target {
    /// Whether it is a target for this case.
    pub(crate) fn covers(&self, case: &Case) -> bool {
        case.key == self.case || (self.case.ends_with('/') && case.key.starts_with(self.case))
    }

    /// `None` when what it compares was not measured.
    pub(crate) fn verdict(&self, case: &Case) -> Option<Verdict> {
        let (wanted, found, strain) = match self.rule {
            Rule::AtMost(most, name) => {
                let share = case.named(name)?.ratio.inverse();
                let wanted = match most {
                    1.0 => format!("no slower than {name}"),
                    _ => format!("at most {most}x {name}"),
                };
                (wanted, spread(share, ratio), share.middle / most)
            }
            Rule::Faster(times, name) => {
                let lead = case.named(name)?.ratio;
                (
                    format!("at least {times}x faster than {name}"),
                    spread(lead, ratio),
                    times / lead.middle,
                )
            }
            Rule::FasterThanAll(times) => {
                let (name, lead) = case.best_peer()?;
                let found = format!("{}, the best being {name}", spread(lead, ratio));
                (format!("at least {times}x faster than the peers"), found, times / lead.middle)
            }
            Rule::Within(most) => {
                let found = case.seconds()?;
                (format!("under {}", seconds(most)), seconds(found), found / most)
            }
            Rule::Smaller(most, name) => {
                let size = case.size?;
                (format!("at most {most}x {name} size"), format!("{size:.3}x"), size / most)
            }
            Rule::Beyond(most, what) => {
                let beyond = case.beyond?;
                let wanted = format!("under {} beyond {what}", seconds(most));
                (wanted, spread(beyond, seconds), beyond.middle / most)
            }
        };
        // To the digits that are shown.
        Some(Verdict { wanted, found, met: strain < 1.005, strain })
    }

    /// The case that strains it most, and how it turned out there.
    pub(crate) fn worst<'a>(&self, measured: &'a Measured) -> Option<(&'a Case, Verdict)> {
        self.verdicts(measured).max_by(|one, other| one.1.strain.total_cmp(&other.1.strain))
    }

    /// How many cases miss it, of how many.
    pub(crate) fn missed(&self, measured: &Measured) -> (usize, usize) {
        let missed = self.verdicts(measured).filter(|(_, verdict)| !verdict.met).count();
        (missed, self.verdicts(measured).count())
    }

    fn verdicts<'a>(&self, measured: &'a Measured) -> impl Iterator<Item = (&'a Case, Verdict)> {
        let covered = measured.cases.iter().filter(|case| self.covers(case));
        covered.filter_map(|case| Some((case, self.verdict(case)?)))
    }

    pub(crate) fn covers_many(&self) -> bool {
        self.case.ends_with('/')
    }
}

/// What the last column of a table says of a case.
pub(crate) fn judgement(targets: &[Target], case: &Case) -> String {
    let mut said: Vec<String> = targets
        .iter()
        .filter(|target| target.covers(case))
        .filter_map(|target| target.verdict(case))
        .map(|verdict| match verdict.met {
            true => format!("{}: **met**", verdict.wanted),
            false => format!("{}: **missed**, {}", verdict.wanted, verdict.found),
        })
        .collect();
    let missed = said.iter().any(|line| line.contains("**missed**"));
    let lost = case.best_peer().filter(|(_, best)| best.middle < EVEN);
    match (lost, case.best_peer()) {
        (Some((name, best)), _) => {
            said.push(format!("**not won**: {name} takes {} of our time", ratio(best.middle)))
        }
        (None, Some((name, best))) if best.middle < 1.0 => said.push(format!("even with {name}")),
        (None, Some(_)) if said.is_empty() => said.push("won".into()),
        _ => {}
    }
    if missed || lost.is_some() {
        said.push(notes::reason(&case.key).into());
    }
    said.join("; ")
}

/// For the terminal: each target in a line.
pub(crate) fn summary(measured: &Measured) -> String {
    let targets = all(measured);
    let lines: Vec<String> = targets
        .iter()
        .filter_map(|target| {
            let (case, Verdict { wanted, found, met, .. }) = target.worst(measured)?;
            let word = if met { "met   " } else { "MISSED" };
            Some(format!("{word} {}: {wanted}: {found}", case.key))
        })
        .collect();
    let lost: Vec<&str> = measured
        .cases
        .iter()
        .filter(|case| case.of(Kind::Ours).count() > 0 && !case.group().starts_with("sweep"))
        .filter(|case| case.best_peer().is_some_and(|(_, best)| best.middle < EVEN))
        .map(|case| case.key.as_str())
        .collect();
    let lost = if lost.is_empty() { "none".into() } else { lost.join(", ") };
    format!("{}\nrows that are not won: {lost}", lines.join("\n"))
}

fn spread(of: Quartiles, show: fn(f64) -> String) -> String {
    format!("{} ({} to {})", show(of.middle), show(of.low), show(of.high))
}

#[cfg(test)]
mod tests {
    use super::super::measured::tests::LINES;
    use super::*;

    #[test]
    fn a_target_is_met_or_missed() {
        let measured = Measured::parse(LINES).unwrap();
        let case = &measured.cases[0];
        let verdict = |rule| Target { case: "encode/28x28", rule }.verdict(case);
        let met = verdict(Rule::AtMost(1.1, "`x.tobytes()`")).unwrap();
        assert_eq!(met.wanted, "at most 1.1x `x.tobytes()`");
        assert_eq!((met.found.as_str(), met.met), ("1.00x (0.80x to 1.25x)", true));
        assert!(!verdict(Rule::AtMost(0.9, "`x.tobytes()`")).unwrap().met);
        assert!(verdict(Rule::Faster(40.0, "`np.save`")).unwrap().met);
        let all = verdict(Rule::FasterThanAll(3.0)).unwrap();
        assert!(!all.met && all.found.ends_with("the best being `x.tobytes()`"));
        assert!(verdict(Rule::AtMost(1.0, "spdl")).is_none());
        assert!(verdict(Rule::Beyond(0.01, "NumPy's")).is_none());
    }

    #[test]
    fn a_row_says_what_became_of_it() {
        let measured = Measured::parse(LINES).unwrap();
        let said = judgement(&all(&measured), &measured.cases[0]);
        assert_eq!(said, "at most 1.1x `x.tobytes()`: **met**");
        let slower = LINES.replace("[0.8, 1.0, 1.25]", "[0.4, 0.5, 0.6]");
        let measured = Measured::parse(&slower).unwrap();
        let said = judgement(&all(&measured), &measured.cases[0]);
        assert!(said.contains("**missed**, 2.00x") && said.contains("**not won**"), "{said}");
        assert!(said.contains(notes::reason("encode/28x28")), "{said}");
        assert!(summary(&measured).contains("MISSED encode/28x28"));
        assert!(summary(&measured).contains("not won: encode/28x28"));
    }

    #[test]
    fn sizes_have_targets_too() {
        let line = |size: f64| {
            format!(
                r#"{{"key": "npz-compress/unseen", "title": "", "nbytes": 1, "size": {size}, "contestants": []}}"#
            )
        };
        let target = Target { case: "npz-compress/unseen", rule: Rule::Smaller(1.06, NUMPYS) };
        let verdict = |size| target.verdict(&Measured::parse(&line(size)).unwrap().cases[0]);
        let met = verdict(1.022).unwrap();
        assert_eq!(
            (met.wanted.as_str(), met.found.as_str()),
            ("at most 1.06x NumPy's size", "1.022x")
        );
        assert!(met.met && !verdict(1.07).unwrap().met);
        let without =
            r#"{"key": "npz-compress/unseen", "title": "", "nbytes": 1, "contestants": []}"#;
        assert!(target.verdict(&Measured::parse(without).unwrap().cases[0]).is_none());
    }

    #[test]
    fn the_worst_of_several_counts() {
        let case = |key: &str, middle: f64| {
            format!(
                r#"{{"key": "dtypes-encode/{key}", "title": "", "nbytes": 1, "contestants": [
                {{"name": "ndbytes, float64", "kind": "reference", "seconds": 1,
                  "ratio": [1, {middle}, 1]}}]}}"#
            )
            .replace('\n', " ")
        };
        let lines = format!("{}\n{}", case("a", 1.0), case("b", 0.5));
        let measured = Measured::parse(&lines).unwrap();
        let target = Target { case: "dtypes-encode/", rule: Rule::AtMost(1.3, "ndbytes, float64") };
        let (case, verdict) = target.worst(&measured).unwrap();
        assert_eq!((case.key.as_str(), verdict.met), ("dtypes-encode/b", false));
        assert_eq!(target.missed(&measured), (1, 2));
    }
}
