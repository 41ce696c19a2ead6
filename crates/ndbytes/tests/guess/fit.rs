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
const STEPS: usize = 1500;

/// How small weights are kept, so that fewest choices of sources that they were not fitted to are
/// wrong.
pub fn best_ridge(choices: &[Choice]) -> f64 {
    let wrong = |ridge: f64| -> f64 {
        let one = |fold: usize| -> f64 {
            let kept = choices.iter().filter(|choice| choice.fold != fold);
            let weights = fit_to(&kept.collect::<Vec<_>>(), ridge);
            let ones = vec![1.0; weights.len()];
            let is_wrong = |choice: &&Choice| {
                let all = probabilities(choice, &weights, &ones);
                all.iter().any(|&other| other > all[choice.right])
            };
            let left = choices.iter().filter(|choice| choice.fold == fold);
            left.filter(is_wrong).map(|choice| choice.weight).sum()
        };
        (0..FOLDS).map(one).sum()
    };
    let tried = [1e-4, 3e-4, 1e-3, 3e-3].map(|ridge| (ridge, wrong(ridge)));
    println!("losses by ridge: {tried:?}");
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

fn fit_to(choices: &[&Choice], ridge: f64) -> Vec<f64> {
    let width = choices[0].rows[0].len();
    let scales = scales(choices, width);
    let mut weights = vec![0.0; width];
    let (mut first, mut second) = (vec![0.0; width], vec![0.0; width]);
    let total: f64 = choices.iter().map(|choice| choice.weight).sum();
    for step in 1..=STEPS {
        let mut gradient: Vec<f64> = weights.iter().map(|weight| ridge * weight).collect();
        for choice in choices {
            let probabilities = probabilities(choice, &weights, &scales);
            for (index, (row, probability)) in choice.rows.iter().zip(&probabilities).enumerate() {
                let miss = probability - f64::from(u8::from(index == choice.right));
                for (slope, (value, scale)) in gradient.iter_mut().zip(row.iter().zip(&scales)) {
                    *slope += choice.weight / total * miss * value / scale;
                }
            }
        }
        // Adam, with a pace that slows down.
        let pace = 0.05 * (1.0 - step as f64 / STEPS as f64).max(0.02);
        for at in 0..width {
            first[at] = 0.9 * first[at] + 0.1 * gradient[at];
            second[at] = 0.999 * second[at] + 0.001 * gradient[at] * gradient[at];
            let (mean, square) = (
                first[at] / (1.0 - 0.9_f64.powi(step as i32)),
                second[at] / (1.0 - 0.999_f64.powi(step as i32)),
            );
            weights[at] -= pace * mean / (square.sqrt() + 1e-8);
        }
    }
    weights.iter().zip(&scales).map(|(weight, scale)| weight / scale).collect()
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
