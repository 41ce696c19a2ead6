//! Pickles that attack: refused with an error that says why, or read where they are only unusual,
//! in little time and memory. None of them is ever given to Python's `pickle`.

mod support;

use std::time::{Duration, Instant};

use ndbytes::array::Node;
use ndbytes::pickle::{self, ReadOptions};
use ndbytes::{DecodeErrorKind, Order};
use serde_json::{Value as Json, json};
use support::repr::{hex, repr};
use support::{Fixture, describe, fixtures};

/// The most memory that this process had since it was last asked, where the system tells.
fn most_memory() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let most = line.split_whitespace().nth(1)?.parse::<usize>().ok()?;
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    Some(most << 10)
}

#[test]
fn attacks_are_refused() {
    let fixtures = fixtures("hostile", "pickle");
    let mut wrong = Vec::new();
    for fixture in &fixtures {
        most_memory();
        let before = most_memory();
        let start = Instant::now();
        if let Err(found) = check(fixture) {
            let why = fixture.text("why").expect("every hostile fixture says why it is");
            wrong.push(format!("{} ({why}): {found}", fixture.name()));
        }
        let took = start.elapsed();
        let most = before.zip(most_memory()).map_or(0, |(before, most)| most - before.min(most));
        if took > Duration::from_secs(1) || most > (64 << 20) + 32 * fixture.bytes.len() {
            wrong.push(format!("{}: {took:?}, {most} bytes", fixture.name()));
        }
    }
    assert!(fixtures.len() > 600);
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn check(fixture: &Fixture) -> Result<(), String> {
    let read = pickle::read(&fixture.bytes, ReadOptions::new());
    let expected = &fixture.expected;
    if let Err(error) = &read
        && error.to_string().len() > 2000
    {
        return Err(format!("an error of {} bytes", error.to_string().len()));
    }
    match (fixture.text("result"), &read) {
        (Some("any"), _) => Ok(()),
        (Some("error"), Err(error)) => match (expected.get("names"), error.kind()) {
            (None, _) => Ok(()),
            (Some(names), DecodeErrorKind::Unsafe { names: found }) => {
                same("names", &json!(found), names)?;
                error.offset().map(|_| ()).ok_or("there is no offset".into())
            }
            (Some(_), _) => Err(error.to_string()),
        },
        (Some("ok"), Ok(value)) => match value.root() {
            Node::Array(number) => {
                let array = &value.arena().array(number).array;
                let order = if expected["fortran_order"] == true { Order::F } else { Order::C };
                same("dtype", &describe(array.dtype()), &expected["dtype"])?;
                same("shape", &json!(array.shape()), &expected["shape"])?;
                same("data", &json!(hex(&array.to_bytes(order))), &expected["data_hex"])
            }
            _ => same("repr", &json!(repr(value)), &expected["repr"]),
        },
        (_, Ok(value)) => Err(format!("is read as {:?}", value.root())),
        (_, Err(error)) => Err(error.to_string()),
    }
}

fn same(what: &str, found: &Json, expected: &Json) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found} is not {expected}")) }
}
