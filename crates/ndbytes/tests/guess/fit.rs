//! Fits the weights to the half that is tuned on: a choice among alternatives, each described by a
//! row of numbers, by the likelihood of the right ones.

/// Alternatives, and which of them is right.
pub struct Choice {
    pub rows: Vec<Vec<f64>>,
    pub right: usize,
    /// Those that are as good as the right one, and itself.
    pub same: Vec<usize>,
    /// So many alternatives are told; those behind them stand for what was not considered.
    pub told: usize,
    pub weight: f64,
    /// Choices of one source are in one fold.
    pub fold: usize,
    /// Whether it is among those that are scored, and whether it is the shape of a picture.
    pub is_scored: bool,
    pub is_picture: bool,
}

pub const FOLDS: usize = 4;
const STEPS: usize = 40;
/// How often the right ones share out anew what is theirs, and what the one to the letter has ahead.
const ROUNDS: usize = 6;
const TO_THE_LETTER: f64 = 0.3;
const RIDGES: [f64; 5] = [3e-4, 1e-3, 3e-3, 1e-2, 3e-2];

/// How small weights are kept, so that choices of sources that they were not fitted to are likeliest.
pub fn best_ridge(choices: &[Choice]) -> f64 {
    let surprise = |ridge: f64| -> f64 {
        let one = |fold: usize| -> f64 {
            let kept = choices.iter().filter(|choice| choice.fold != fold);
            let weights = fit_to(&kept.collect::<Vec<_>>(), ridge);
            let left: Vec<&Choice> = choices.iter().filter(|choice| choice.fold == fold).collect();
            let ones = vec![1.0; weights.len()];
            let of = |choice: &&Choice| {
                let all = probabilities(choice, &weights, &ones);
                let right: f64 = choice.same.iter().map(|&same| all[same]).sum();
                -choice.weight * right.max(1e-9).ln()
            };
            left.iter().map(of).sum()
        };
        (0..FOLDS).map(one).sum()
    };
    let tried = RIDGES.map(|ridge| (ridge, surprise(ridge)));
    println!("surprise by ridge: {tried:?}");
    tried.into_iter().min_by(|a, b| a.1.total_cmp(&b.1)).expect("some").0
}

/// Whether each choice is right by weights that were fitted to other sources.
pub fn right_when_left_out(choices: &[Choice]) -> Vec<bool> {
    let of = |fold: usize| {
        let kept: Vec<&Choice> = choices.iter().filter(|choice| choice.fold != fold).collect();
        fit_to(&kept, 1e-3)
    };
    let weights: Vec<Vec<f64>> = (0..FOLDS).map(of).collect();
    let is_right = |choice: &Choice| {
        let ones = vec![1.0; weights[0].len()];
        let all = probabilities(choice, &weights[choice.fold], &ones);
        let best =
            |some: &mut dyn Iterator<Item = usize>| some.map(|at| all[at]).fold(0.0, f64::max);
        let right = best(&mut choice.same.iter().copied().filter(|&same| same < choice.told));
        right > 0.0 && right >= best(&mut (0..choice.told))
    };
    choices.iter().map(is_right).collect()
}

/// Weights that make the right alternatives likely; `ridge` keeps them small.
pub fn fit(choices: &[Choice], ridge: f64) -> Vec<f64> {
    fit_to(&choices.iter().collect::<Vec<_>>(), ridge)
}

/// Several alternatives may be right; what is theirs is shared out between them as the weights say
/// (expectation and maximisation).
fn fit_to(choices: &[&Choice], ridge: f64) -> Vec<f64> {
    let width = choices[0].rows[0].len();
    let scales = scales(choices, width);
    let mut weights = vec![0.0; width];
    let rounds = if choices.iter().any(|choice| choice.same.len() > 1) { ROUNDS } else { 1 };
    for round in 0..rounds {
        let share = |choice: &&Choice| -> Vec<f64> {
            let mut shares = vec![0.0; choice.rows.len()];
            if round == 0 {
                shares[choice.right] = 1.0;
                return shares;
            }
            let all = probabilities(choice, &weights, &scales);
            let sum: f64 = choice.same.iter().map(|&same| all[same]).sum();
            for &same in &choice.same {
                shares[same] = (1.0 - TO_THE_LETTER) * all[same] / sum.max(1e-300);
            }
            shares[choice.right] += TO_THE_LETTER;
            shares
        };
        let shares: Vec<Vec<f64>> = choices.iter().map(share).collect();
        weights = climbed(choices, &shares, weights, &scales, ridge);
    }
    weights.iter().zip(&scales).map(|(weight, scale)| weight / scale).collect()
}

/// Newton's method: the likelihood of what has these shares has one maximum.
fn climbed(
    choices: &[&Choice],
    shares: &[Vec<f64>],
    mut weights: Vec<f64>,
    scales: &[f64],
    ridge: f64,
) -> Vec<f64> {
    let width = weights.len();
    let mut reached = loss(choices, shares, &weights, scales, ridge);
    for _ in 0..STEPS {
        let (slopes, curves) = derivatives(choices, shares, &weights, scales, ridge);
        let step = solved(curves, slopes, width);
        // Where a whole step leads too far, a part of it.
        let next = (0..20).map(|halvings| 0.5_f64.powi(halvings)).find_map(|part| {
            let next: Vec<f64> =
                weights.iter().zip(&step).map(|(weight, step)| weight - part * step).collect();
            let loss = loss(choices, shares, &next, scales, ridge);
            (loss < reached).then_some((next, loss))
        });
        let Some((next, loss)) = next else { break };
        let gained = reached - loss;
        (weights, reached) = (next, loss);
        if gained < 1e-9 {
            break;
        }
    }
    weights
}

fn loss(
    choices: &[&Choice],
    shares: &[Vec<f64>],
    weights: &[f64],
    scales: &[f64],
    ridge: f64,
) -> f64 {
    let total: f64 = choices.iter().map(|choice| choice.weight).sum();
    let one = |(choice, shares): (&&Choice, &Vec<f64>)| {
        let all = probabilities(choice, weights, scales);
        let some = shares.iter().zip(all).filter(|(share, _)| **share > 0.0);
        let surprise: f64 = some.map(|(share, one)| -share * one.max(1e-300).ln()).sum();
        choice.weight / total * surprise
    };
    choices.iter().zip(shares).map(one).sum::<f64>()
        + 0.5 * ridge * weights.iter().map(|weight| weight * weight).sum::<f64>()
}

/// The slope of the loss along each weight, and how the slopes change.
fn derivatives(
    choices: &[&Choice],
    shares: &[Vec<f64>],
    weights: &[f64],
    scales: &[f64],
    ridge: f64,
) -> (Vec<f64>, Vec<f64>) {
    let width = weights.len();
    let total: f64 = choices.iter().map(|choice| choice.weight).sum();
    let mut slopes: Vec<f64> = weights.iter().map(|weight| ridge * weight).collect();
    let mut curves = vec![0.0; width * width];
    (0..width).for_each(|at| curves[at * width + at] = ridge);
    let mut add = |row: &[f64], share: f64| {
        // Most measures of most alternatives are zero.
        let some: Vec<usize> = (0..width).filter(|&at| row[at] != 0.0).collect();
        for &one in &some {
            for &other in &some {
                curves[one * width + other] += share * row[one] * row[other];
            }
        }
    };
    for (choice, shares) in choices.iter().zip(shares) {
        let share = choice.weight / total;
        let mut mean = vec![0.0; width];
        for (index, (row, probability)) in
            choice.rows.iter().zip(probabilities(choice, weights, scales)).enumerate()
        {
            let row: Vec<f64> =
                row.iter().zip(scales).map(|(value, scale)| value / scale).collect();
            let miss = probability - shares[index];
            slopes.iter_mut().zip(&row).for_each(|(slope, value)| *slope += share * miss * value);
            mean.iter_mut().zip(&row).for_each(|(mean, value)| *mean += probability * value);
            if probability > 1e-9 {
                add(&row, share * probability);
            }
        }
        add(&mean, -share);
    }
    (slopes, curves)
}

/// What solves `curves * step = slopes`, of curves that bend upwards everywhere (Cholesky).
fn solved(mut curves: Vec<f64>, mut step: Vec<f64>, width: usize) -> Vec<f64> {
    for row in 0..width {
        for column in 0..=row {
            let known: f64 =
                (0..column).map(|at| curves[row * width + at] * curves[column * width + at]).sum();
            let rest = curves[row * width + column] - known;
            curves[row * width + column] = match row == column {
                true => rest.max(1e-12).sqrt(),
                false => rest / curves[column * width + column],
            };
        }
    }
    for row in 0..width {
        let known: f64 = (0..row).map(|at| curves[row * width + at] * step[at]).sum();
        step[row] = (step[row] - known) / curves[row * width + row];
    }
    for row in (0..width).rev() {
        let known: f64 = (row + 1..width).map(|at| curves[at * width + row] * step[at]).sum();
        step[row] = (step[row] - known) / curves[row * width + row];
    }
    step
}

fn scales(choices: &[&Choice], width: usize) -> Vec<f64> {
    let rows = || choices.iter().flat_map(|choice| &choice.rows);
    let count = rows().count() as f64;
    (0..width)
        .map(|at| {
            let mean = rows().map(|row| row[at]).sum::<f64>() / count;
            let square = rows().map(|row| (row[at] - mean).powi(2)).sum::<f64>() / count;
            square.sqrt().max(1e-3)
        })
        .collect()
}

fn probabilities(choice: &Choice, weights: &[f64], scales: &[f64]) -> Vec<f64> {
    let score = |row: &Vec<f64>| -> f64 {
        row.iter()
            .zip(weights.iter().zip(scales))
            .map(|(value, (weight, scale))| value * weight / scale)
            .sum()
    };
    let scores: Vec<f64> = choice.rows.iter().map(score).collect();
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let parts: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.iter().map(|part| part / sum).collect()
}
