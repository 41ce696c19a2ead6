//! What the measuring programs wrote: facts, and one case per line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::process::Result;

#[derive(Debug, Default)]
pub(crate) struct Measured {
    pub(crate) facts: BTreeMap<String, String>,
    pub(crate) cases: Vec<Case>,
}

/// One workload, and all who did it.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// `group/name`.
    pub(crate) key: String,
    pub(crate) title: String,
    pub(crate) nbytes: u64,
    pub(crate) contestants: Vec<Contestant>,
    /// For what is a difference: the seconds that ours takes beyond the reference.
    pub(crate) beyond: Option<Quartiles>,
    /// For what is compressed: our bytes as a multiple of the peer's.
    pub(crate) size: Option<f64>,
}

#[derive(Debug, Clone)]
pub(crate) struct Contestant {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Or why there is no time.
    pub(crate) timing: Result<Timing>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Ours,
    /// What a user would pick instead.
    Peer,
    /// What the machine allows.
    Limit,
    /// Ours, on other data.
    Reference,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Timing {
    pub(crate) seconds: f64,
    /// Its time as a multiple of ours, round by round.
    pub(crate) ratio: Quartiles,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Quartiles {
    pub(crate) low: f64,
    pub(crate) middle: f64,
    pub(crate) high: f64,
}

impl Quartiles {
    /// Of one over each value.
    pub(crate) fn inverse(self) -> Self {
        Self { low: 1.0 / self.high, middle: 1.0 / self.middle, high: 1.0 / self.low }
    }
}

/// The fact that tells which groups were measured again, apart from the others.
pub(crate) const AGAIN: &str = "measured again";

/// The lines of `kept`, with those of `new` in place of what they are of. The facts stay, but for
/// which groups were measured again.
pub(crate) fn renewed(kept: &str, new: &str) -> Result<String> {
    let mut again = BTreeSet::new();
    let with_key = |line: &str| -> Result<(Option<String>, String)> {
        let record: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
        Ok((record["key"].as_str().map(str::to_owned), line.to_owned()))
    };
    let mut lines = kept.lines().map(with_key).collect::<Result<Vec<_>>>()?;
    for (key, line) in new.lines().map(with_key).collect::<Result<Vec<_>>>()? {
        again.extend(key.as_deref().and_then(|key| key.split('/').next()).map(str::to_owned));
        match lines.iter_mut().find(|(known, _)| *known == key) {
            Some(known) if key.is_some() => known.1 = line,
            None if key.is_some() => lines.push((key, line)),
            _ => {}
        }
    }
    if let Some((_, facts)) = lines.iter_mut().find(|(key, _)| key.is_none()) {
        let mut record: Value = serde_json::from_str(facts).map_err(|error| error.to_string())?;
        let before = record["facts"][AGAIN].as_str().unwrap_or_default().to_owned();
        again.extend(before.split(", ").filter(|group| !group.is_empty()).map(str::to_owned));
        record["facts"][AGAIN] = Vec::from_iter(again).join(", ").into();
        *facts = record.to_string();
    }
    Ok(lines.into_iter().map(|(_, line)| line + "\n").collect())
}

impl Measured {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            format!("{}: {error}. Measure first: cargo xtask bench", path.display())
        })?;
        Self::parse(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    pub(crate) fn parse(lines: &str) -> Result<Self> {
        let mut measured = Self::default();
        for (number, line) in (1..).zip(lines.lines()) {
            let record: Value = serde_json::from_str(line).map_err(|error| error.to_string())?;
            if let Some(facts) = record["facts"].as_object() {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                measured
                    .facts
                    .extend(facts.iter().map(|(name, value)| (name.clone(), text(value))));
            } else {
                let case = case(&record).ok_or_else(|| format!("line {number} is no case"))?;
                measured.cases.push(case);
            }
        }
        Ok(measured)
    }

    pub(crate) fn fact(&self, name: &str) -> &str {
        self.facts.get(name).map_or("unknown", String::as_str)
    }

    pub(crate) fn group<'a>(&'a self, group: &'a str) -> impl Iterator<Item = &'a Case> {
        self.cases.iter().filter(move |case| case.group() == group)
    }
}

impl Case {
    pub(crate) fn group(&self) -> &str {
        self.key.split('/').next().unwrap_or_default()
    }

    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Contestant> {
        self.contestants.iter().filter(move |contestant| contestant.kind == kind)
    }

    /// Our own seconds.
    pub(crate) fn seconds(&self) -> Option<f64> {
        self.of(Kind::Ours).find_map(|ours| Some(ours.timing.as_ref().ok()?.seconds))
    }

    pub(crate) fn named(&self, name: &str) -> Option<&Timing> {
        self.contestants.iter().find(|one| one.name == name)?.timing.as_ref().ok()
    }

    /// The peer that takes the least time, and its ratio.
    pub(crate) fn best_peer(&self) -> Option<(&str, Quartiles)> {
        self.of(Kind::Peer)
            .filter_map(|peer| Some((peer.name.as_str(), peer.timing.as_ref().ok()?.ratio)))
            .min_by(|one, other| one.1.middle.total_cmp(&other.1.middle))
    }
}

fn case(record: &Value) -> Option<Case> {
    let contestants: Option<Vec<Contestant>> =
        record["contestants"].as_array()?.iter().map(contestant).collect();
    Some(Case {
        key: record["key"].as_str()?.to_owned(),
        title: record["title"].as_str()?.to_owned(),
        nbytes: record["nbytes"].as_u64()?,
        contestants: contestants?,
        beyond: quartiles(&record["beyond"]),
        size: record["size"].as_f64(),
    })
}

fn contestant(record: &Value) -> Option<Contestant> {
    let kind = match record["kind"].as_str()? {
        "ours" => Kind::Ours,
        "peer" => Kind::Peer,
        "limit" => Kind::Limit,
        "reference" => Kind::Reference,
        _ => return None,
    };
    let timing = match record["failed"].as_str() {
        Some(why) => Err(why.to_owned()),
        None => {
            Ok(Timing { seconds: record["seconds"].as_f64()?, ratio: quartiles(&record["ratio"])? })
        }
    };
    Some(Contestant { name: record["name"].as_str()?.to_owned(), kind, timing })
}

fn quartiles(value: &Value) -> Option<Quartiles> {
    Some(Quartiles {
        low: value[0].as_f64()?,
        middle: value[1].as_f64()?,
        high: value[2].as_f64()?,
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const LINES: &str = concat!(
        r#"{"facts": {"date": "2026-01-02", "huge pages": "madvise"}}"#,
        "\n",
        r#"{"key": "encode/28x28", "title": "28x28 float64", "nbytes": 6272, "contestants": ["#,
        r#"{"name": "ndbytes", "kind": "ours", "seconds": 1.2e-7, "ratio": [1, 1, 1]},"#,
        r#"{"name": "`x.tobytes()`", "kind": "peer", "seconds": 1.3e-7, "ratio": [0.8, 1.0, 1.25]},"#,
        r#"{"name": "`np.save`", "kind": "peer", "seconds": 5.3e-6, "ratio": [40, 44, 50]},"#,
        r#"{"name": "spdl", "kind": "peer", "failed": "not installed"},"#,
        r#"{"name": "a copy", "kind": "limit", "seconds": 6e-8, "ratio": [0.4, 0.5, 0.6]}]}"#,
    );

    #[test]
    fn lines_are_renewed_by_their_keys() {
        let kept =
            "{\"facts\":{\"date\":\"1\"}}\n{\"key\": \"a/1\", \"n\": 1}\n{\"key\": \"b/1\"}\n";
        let new =
            "{\"facts\": {\"date\": \"2\"}}\n{\"key\": \"c/1\"}\n{\"key\": \"a/1\", \"n\": 2}\n";
        let lines = "{\"key\": \"a/1\", \"n\": 2}\n{\"key\": \"b/1\"}\n{\"key\": \"c/1\"}\n";
        let facts =
            |again| format!("{{\"facts\":{{\"date\":\"1\",\"measured again\":\"{again}\"}}}}\n");
        let once = renewed(kept, new).unwrap();
        assert_eq!(once, facts("a, c") + lines);
        assert_eq!(renewed(&once, "{\"key\": \"b/1\"}"), Ok(facts("a, b, c") + lines));
        assert!(renewed(kept, "no JSON").is_err());
    }

    #[test]
    fn lines_become_facts_and_cases() {
        let measured = Measured::parse(LINES).unwrap();
        assert_eq!(measured.fact("date"), "2026-01-02");
        assert_eq!(measured.fact("weather"), "unknown");
        let case = &measured.cases[0];
        assert_eq!((case.group(), case.seconds()), ("encode", Some(1.2e-7)));
        let (best, ratio) = case.best_peer().unwrap();
        assert_eq!((best, ratio.inverse().high), ("`x.tobytes()`", 1.25));
        assert_eq!(case.named("spdl"), None);
    }

    #[test]
    fn what_is_no_case_is_said() {
        assert!(Measured::parse(r#"{"key": "a/b"}"#).unwrap_err().contains("line 1"));
        assert!(Measured::parse("{").is_err());
    }
}
