//! Fits the weights to the half that is tuned on: a choice among alternatives, each described by a
//! row of numbers, by the likelihood of the right ones.

/// Alternatives, and which of them is right.
pub struct Choice {
    pub rows: Vec<Vec<f64>>,
    pub right: usize,
    pub weight: f64,
    /// Choices of one source are in one fold.
    pub fold: usize,
    /// Whether it is among those that are scored, and whether it is the shape of a picture.
    pub is_scored: bool,
    pub is_picture: bool,
}

pub const FOLDS: usize = 4;
const STEPS: usize = 40;
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
                let right = probabilities(choice, &weights, &ones)[choice.right];
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
        // The last alternative stands for what was not considered, and is never told.
        let considered = all.len() - 1;
        choice.right < considered
            && all[..considered].iter().all(|&other| other <= all[choice.right])
    };
    choices.iter().map(is_right).collect()
}

/// Weights that make the right alternatives likely; `ridge` keeps them small.
pub fn fit(choices: &[Choice], ridge: f64) -> Vec<f64> {
    fit_to(&choices.iter().collect::<Vec<_>>(), ridge)
}

/// Newton's method: the likelihood has one maximum.
fn fit_to(choices: &[&Choice], ridge: f64) -> Vec<f64> {
    let width = choices[0].rows[0].len();
    let scales = scales(choices, width);
    let mut weights = vec![0.0; width];
    let mut reached = loss(choices, &weights, &scales, ridge);
    for _ in 0..STEPS {
        let (slopes, curves) = derivatives(choices, &weights, &scales, ridge);
        let step = solved(curves, slopes, width);
        // Where a whole step leads too far, a part of it.
        let next = (0..20).map(|halvings| 0.5_f64.powi(halvings)).find_map(|part| {
            let next: Vec<f64> =
                weights.iter().zip(&step).map(|(weight, step)| weight - part * step).collect();
            let loss = loss(choices, &next, &scales, ridge);
            (loss < reached).then_some((next, loss))
        });
        let Some((next, loss)) = next else { break };
        let gained = reached - loss;
        (weights, reached) = (next, loss);
        if gained < 1e-9 {
            break;
        }
    }
    weights.iter().zip(&scales).map(|(weight, scale)| weight / scale).collect()
}

fn loss(choices: &[&Choice], weights: &[f64], scales: &[f64], ridge: f64) -> f64 {
    let total: f64 = choices.iter().map(|choice| choice.weight).sum();
    let one = |choice: &&Choice| {
        let right = probabilities(choice, weights, scales)[choice.right];
        -choice.weight / total * right.max(1e-300).ln()
    };
    choices.iter().map(one).sum::<f64>()
        + 0.5 * ridge * weights.iter().map(|weight| weight * weight).sum::<f64>()
}

/// The slope of the loss along each weight, and how the slopes change.
fn derivatives(
    choices: &[&Choice],
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
    for choice in choices {
        let share = choice.weight / total;
        let mut mean = vec![0.0; width];
        for (index, (row, probability)) in
            choice.rows.iter().zip(probabilities(choice, weights, scales)).enumerate()
        {
            let row: Vec<f64> =
                row.iter().zip(scales).map(|(value, scale)| value / scale).collect();
            let miss = probability - f64::from(u8::from(index == choice.right));
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
