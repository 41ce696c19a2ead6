//! Guessing, scored on arrays of which it is known what they are.

#![allow(unreachable_pub, reason = "a test of its own")]

mod cases;
mod chance;
mod fit;
mod made;
mod page;
mod score;

use std::collections::HashMap;

use cases::{Case, Half};
use ndbytes::Source;
use ndbytes::guess::fitting;

fn all() -> Vec<Case> {
    let mut all = cases::real();
    all.extend(made::made());
    all
}

/// Sources count alike, however many arrays are made of each.
fn weights_of(cases: &[Case]) -> Vec<f64> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for case in cases {
        *counts.entry(&case.source).or_default() += 1;
    }
    cases.iter().map(|case| (counts[&*case.source] as f64).powf(-0.5)).collect()
}

#[test]
#[ignore = "writes the weights: cargo xtask guess --fit"]
fn fit_weights() {
    let mut tuning: Vec<Case> =
        all().into_iter().filter(|case| case.half == Half::Tuning).collect();
    let crops = tuning.iter().filter(|case| case.real && case.offset == 0).flat_map(cases::cropped);
    let crops: Vec<Case> = crops.collect();
    tuning.extend(crops);
    tuning.extend(cases::resized());
    tuning.extend(made::more_to_tune_on());
    let weights = weights_of(&tuning);
    let (mut readings, mut shapes) = (Vec::new(), Vec::new());
    for (case, &weight) in tuning.iter().zip(&weights) {
        let source = Source::slice(&case.bytes);
        let fold = case.source.bytes().map(usize::from).sum::<usize>() % fit::FOLDS;
        let all = fitting::readings(&source);
        let right = all.iter().position(|(dtype, noise, _)| {
            if case.is_noise() { *noise } else { *dtype == case.dtype && !noise }
        });
        match right {
            Some(right) => {
                let rows = all.into_iter().map(|(_, _, row)| row).collect();
                readings.push(fit::Choice { rows, right, weight, fold });
            }
            None => println!("not weighed: {} {} {}", case.source, case.variant, case.dtype),
        }
        if case.is_noise() || matches!(case.what, "text" | "times") {
            continue;
        }
        let all = fitting::shapes(&source, &case.dtype, case.offset);
        let found = all.iter().position(|(shape, _)| *shape == case.shape);
        if found.is_none() && case.real {
            let shapes: Vec<&Vec<usize>> = all.iter().map(|one| &one.0).collect();
            println!(
                "not considered: {} {} {:?}, but {shapes:?}",
                case.source, case.variant, case.shape
            );
        }
        let right = found.unwrap_or(all.len() - 1);
        let rows = all.into_iter().map(|(_, row)| row).collect();
        shapes.push(fit::Choice { rows, right, weight, fold });
    }
    println!("{} readings and {} shapes", readings.len(), shapes.len());
    let reading = fit::fit(&readings, fit::best_ridge(&readings));
    let shape = fit::fit(&shapes, fit::best_ridge(&shapes));
    score::write_weights(&reading, &shape);
}

#[test]
#[ignore = "writes docs/guess.md: cargo xtask guess"]
fn write_page() {
    let (tuning, reporting) = page::halves(all());
    page::write(&tuning, &reporting);
    println!("tuned on: {tuning}reported: {reporting}");
    // What is wrong in the half that is reported is not looked at, so that nothing is tuned to it.
    print!("{}", tuning.wrong());
}

/// What the page says is so, and is good enough.
#[test]
fn guesses_are_right_as_often_as_the_page_says() {
    let (tuning, reporting) = page::halves(all());
    let of_all = |right: fn(&score::Answer) -> bool| reporting.share(|_| true, right);
    assert!(reporting.answers.len() + tuning.answers.len() >= 500);
    assert!(of_all(|answer| answer.first) >= 0.95, "{reporting}");
    assert!(of_all(|answer| answer.in_three) >= 0.99, "{reporting}");
    // Sines differ in their last digit from one platform to another.
    let here = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    assert!(!here || page::is_current(&tuning, &reporting), "run cargo xtask guess: {reporting}");
}
