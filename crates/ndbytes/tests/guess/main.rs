//! Guessing, scored on arrays of which it is known what they are.

#![allow(unreachable_pub, reason = "a test of its own")]

mod cases;
mod chance;
mod drawn;
mod fit;
mod kinds;
mod made;
mod page;
mod score;
mod timed;
mod tuning;

use cases::{Case, Half};
use ndbytes::guess::fitting;

fn all() -> Vec<Case> {
    let mut all = cases::real();
    all.extend(made::made());
    all
}

fn tuning_half() -> Vec<Case> {
    all().into_iter().filter(|case| case.half == Half::Tuning).collect()
}

#[test]
#[ignore = "writes the weights of dtypes: cargo xtask guess --fit"]
fn fit_readings() {
    let readings = tuning::readings(&tuning::with_kinds(tuning_half()));
    println!("{} readings", readings.len());
    let weights = fit::fit(&readings, fit::best_ridge(&readings));
    score::write_weights(&weights, fitting::WEIGHTS.1);
}

#[test]
#[ignore = "writes the weights of shapes: cargo xtask guess --fit-shapes"]
fn fit_shapes() {
    let shapes = tuning::shapes(&tuning::with_more(tuning_half()));
    println!("{} shapes", shapes.len());
    let weights = fit::fit(&shapes, fit::best_ridge(&shapes));
    score::write_weights(fitting::WEIGHTS.0, &weights);
}

/// For trying out another way without a look at the half that is reported: what is guessed of the
/// other half, and how many of its dtypes and shapes are right by weights that were fitted to other
/// sources.
#[test]
#[ignore = "prints: cargo xtask guess --tuning"]
fn score_tuning_half() {
    let cases = tuning_half();
    let readings = tuning::readings(&tuning::with_kinds(cases.clone()));
    let right = fit::right_when_left_out(&readings);
    let scored = readings.iter().zip(&right).filter(|(choice, _)| choice.is_scored);
    let (number, sum) =
        scored.fold((0, 0), |(number, sum), (_, &right)| (number + 1, sum + usize::from(right)));
    println!("dtypes, left out: {sum} of {number}");
    let shapes = tuning::shapes(&tuning::with_more(cases.clone()));
    let pictures: Vec<_> = shapes.iter().filter(|choice| choice.is_picture).collect();
    let right = fit::right_when_left_out(&shapes);
    let share = |scored: bool| {
        let (mut number, mut sum) = (0, 0);
        for (choice, right) in shapes.iter().zip(&right) {
            let counts = choice.is_picture && choice.is_scored == scored;
            number += usize::from(counts);
            sum += usize::from(counts && *right);
        }
        format!("{sum} of {number}")
    };
    println!(
        "{} pictures, left out: {} of those scored, {} of the others",
        pictures.len(),
        share(true),
        share(false)
    );
    let score = score::Score::of(&cases);
    print!("tuned on: {score}{}", score.wrong());
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

#[test]
#[ignore = "writes docs/guess.md: cargo xtask guess --times"]
fn write_times() {
    let (table, worst) = timed::table();
    page::write_times(&table);
    assert!(timed::is_quick_enough(worst), "{worst} ms");
}

/// What the page says is so, and is good enough.
#[test]
fn guesses_are_right_as_often_as_the_page_says() {
    let (tuning, reporting) = page::halves(all());
    let of_all = |right: fn(&score::Answer) -> bool| reporting.share(|_| true, right);
    assert!(reporting.answers.len() + tuning.answers.len() >= 500);
    assert!(of_all(|answer| answer.first) >= 0.95, "{reporting}");
    assert!(of_all(|answer| answer.in_three) >= 0.99, "{reporting}");
    assert!(
        reporting.share(|answer| answer.is_picture, |answer| answer.shape) >= 0.90,
        "{reporting}"
    );
    // Sines differ in their last digit from one platform to another.
    let here = cfg!(all(target_os = "linux", target_arch = "x86_64"));
    assert!(!here || page::is_current(&tuning, &reporting), "run cargo xtask guess: {reporting}");
}
