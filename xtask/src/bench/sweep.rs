//! Cost against size.

use super::measured::{Kind, Measured};
use super::numbers::{bytes, ratio, seconds};
use super::plot::{self, Axis, Plot, Series};

pub(crate) const VERBS: [&str; 2] = ["encode", "decode"];

/// Below, a copy costs little beside the call that asks for it.
const LIMITS_FROM: u64 = 256 * 1024;

/// `None` when it was not measured.
pub(crate) fn drawing(measured: &Measured, verb: &str) -> Option<String> {
    let title = match verb {
        "encode" => "Array to bytes: time against size",
        _ => "Bytes to array: time against size",
    };
    plot::svg(&Plot {
        title,
        x: Axis { title: "bytes of the elements", step: 32.0, label: bytes },
        y: Axis { title: "time", step: 10.0, label: |value| seconds(value).replace(".0 ", " ") },
        series: series(measured, &format!("sweep-{verb}")),
    })
}

fn series(measured: &Measured, group: &str) -> Vec<Series> {
    let mut series: Vec<Series> = Vec::new();
    for case in measured.group(group) {
        for one in &case.contestants {
            let limit = one.kind == Kind::Limit;
            let Ok(timing) = &one.timing else { continue };
            if limit && case.nbytes < LIMITS_FROM {
                continue;
            }
            let name = one.name.replace('`', "");
            let point = (case.nbytes as f64, timing.seconds);
            match series.iter_mut().find(|series| series.name == name) {
                Some(series) => series.points.push(point),
                None => series.push(Series { name, limit, points: vec![point] }),
            }
        }
    }
    series
}

/// Over all sizes, what share of each peer's time ours takes.
pub(crate) fn shares(measured: &Measured, verb: &str) -> Vec<String> {
    let group = format!("sweep-{verb}");
    let names = series(measured, &group);
    let peers = names.iter().filter(|series| !series.limit && series.name != "ndbytes");
    peers
        .filter_map(|series| {
            let shares = || {
                measured.group(&group).filter_map(|case| {
                    let same = |one: &&_| name_of(one) == series.name;
                    let peer = case.contestants.iter().find(same)?;
                    let share = peer.timing.as_ref().ok()?.ratio.inverse().middle;
                    Some((share, bytes(case.nbytes as f64)))
                })
            };
            let by_share = |one: &(f64, _), other: &(f64, _)| one.0.total_cmp(&other.0);
            let (low, high) = (shares().min_by(by_share)?, shares().max_by(by_share)?);
            Some(format!(
                "`{}`: {} (at {}) to {} (at {})",
                series.name,
                ratio(low.0),
                low.1,
                ratio(high.0),
                high.1
            ))
        })
        .collect()
}

/// The largest size that had room.
pub(crate) fn largest(measured: &Measured, verb: &str) -> u64 {
    measured.group(&format!("sweep-{verb}")).map(|case| case.nbytes).max().unwrap_or_default()
}

fn name_of(contestant: &super::measured::Contestant) -> String {
    contestant.name.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> Measured {
        let line = |nbytes: u64, ratio: f64| {
            format!(
                "{{\"key\": \"sweep-decode/{nbytes}\", \"title\": \"\", \"nbytes\": {nbytes}, \
                 \"contestants\": [{{\"name\": \"ndbytes\", \"kind\": \"ours\", \
                 \"seconds\": 1e-7, \"ratio\": [1, 1, 1]}}, {{\"name\": \"`np.load`\", \
                 \"kind\": \"peer\", \"seconds\": 2e-5, \"ratio\": [{ratio}, {ratio}, {ratio}]}}, \
                 {{\"name\": \"memcpy\", \"kind\": \"limit\", \"seconds\": 1e-7, \
                 \"ratio\": [1, 1, 1]}}]}}"
            )
        };
        Measured::parse(&[line(1, 200.0), line(1 << 20, 1000.0)].join("\n")).unwrap()
    }

    #[test]
    fn each_contestant_is_a_line() {
        let found = series(&measured(), "sweep-decode");
        let said: Vec<_> = found.iter().map(|one| (one.name.as_str(), one.points.len())).collect();
        assert_eq!(said, [("ndbytes", 2), ("np.load", 2), ("memcpy", 1)]);
        assert!(drawing(&measured(), "decode").is_some_and(|svg| svg.contains("1 MiB")));
        assert!(drawing(&measured(), "encode").is_none());
        assert_eq!(largest(&measured(), "decode"), 1 << 20);
    }

    #[test]
    fn shares_are_given_with_their_sizes() {
        let said = shares(&measured(), "decode");
        assert_eq!(said, ["`np.load`: 0.001x (at 1 MiB) to 0.005x (at 1 B)"]);
    }
}
