//! 64-bit counts that are times: of which unit, and how likely.

use super::evidence::{Evidence, Feature, Row, set, trust};
use super::reading::Reading;
use crate::array::{BaseUnit, Scalar};

/// Units of times and how many make a day, the coarsest first: in finer ones the same counts are
/// times, too, of the first weeks of 1970.
const UNITS: [(BaseUnit, f64); 5] = [
    (BaseUnit::Day, 1.0),
    (BaseUnit::Second, 86_400.0),
    (BaseUnit::Millisecond, 86_400e3),
    (BaseUnit::Microsecond, 86_400e6),
    (BaseUnit::Nanosecond, 86_400e9),
];
/// Days from 1970 to 1900 and to 2100.
const OUR_TIME: (f64, f64) = (-25_567.0, 47_482.0);
/// NumPy's "not a time".
const NAT: i64 = i64::MIN;

#[derive(Clone, Copy, Debug)]
pub(super) struct Time {
    pub(super) unit: BaseUnit,
    in_our_time: f64,
    whole: f64,
    ordered: f64,
    count: usize,
}

/// The unit that makes these the most plausible times, if one does.
pub(super) fn best(runs: &[Vec<u64>]) -> Option<Time> {
    let all: Vec<i64> = runs.iter().flatten().map(|&bits| bits as i64).collect();
    let times: Vec<i64> = all.iter().copied().filter(|&time| time != NAT).collect();
    if times.is_empty() || times.len() * 2 < all.len() {
        return None;
    }
    let part = |holds: &dyn Fn(i64) -> bool| {
        times.iter().filter(|&&time| holds(time)).count() as f64 / times.len() as f64
    };
    let (unit, day, in_our_time) = UNITS.into_iter().find_map(|(unit, day)| {
        // Counts of days in the first years are small numbers, and those are more often something else.
        let near = if unit == BaseUnit::Day { 365.0 * 2.0 } else { 100.0 };
        let fits = |time: i64| {
            let days = time as f64 / day;
            days.abs() > near && (OUR_TIME.0..OUR_TIME.1).contains(&days)
        };
        let share = part(&fits);
        (share > 0.9).then_some((unit, day, share))
    })?;
    let whole = match unit {
        BaseUnit::Day => 0.0,
        BaseUnit::Second => part(&|time| time % 60 == 0),
        _ => part(&|time| time % (day / 86_400.0) as i64 == 0),
    };
    let pairs =
        runs.iter().flat_map(|run| run.windows(2)).map(|pair| (pair[0] as i64, pair[1] as i64));
    let pairs: Vec<(i64, i64)> = pairs.filter(|pair| pair.0 != NAT && pair.1 != NAT).collect();
    let ordered = pairs.iter().filter(|(one, next)| one <= next).count() as f64;
    Some(Time {
        unit,
        in_our_time,
        whole,
        ordered: if pairs.is_empty() { 0.5 } else { ordered / pairs.len() as f64 },
        count: times.len(),
    })
}

/// What speaks for times, from what speaks for the integers that they are counted in.
pub(super) fn weighed(mut integers: Evidence, time: Time, big: bool) -> Evidence {
    let row: &mut Row = &mut integers.row;
    let trust = trust(time.count);
    set(row, Feature::InOurTime, trust * time.in_our_time);
    set(row, Feature::WholeUnits, trust * time.whole);
    set(row, Feature::Ordered, trust * (2.0 * (time.ordered - 0.5).abs()));
    set(row, Feature::IsInt64, 0.0);
    set(row, Feature::Negative, 0.0);
    set(row, Feature::Huge, 0.0);
    let kind = match time.unit {
        BaseUnit::Second => Feature::IsTimeSecond,
        BaseUnit::Day => Feature::IsTimeDay,
        _ => Feature::IsTimeFine,
    };
    set(row, kind, 1.0);
    debug_assert_eq!(integers.reading, Reading::Number { scalar: Scalar::Int64, big });
    integers.reading = Reading::Time { unit: time.unit, big };
    integers
}
