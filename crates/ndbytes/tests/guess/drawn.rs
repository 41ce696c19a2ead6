//! Pictures that are drawn by rules.

use crate::chance::Chance;
use crate::made::{Family, R, T, family, fill};

type Stored = &'static [(&'static str, &'static [usize])];

pub const FAMILIES: &[Family] = &[
    family("leaves", T, "image", LEAVES, leaves),
    family(
        "cells",
        T,
        "image",
        &[("|u1", &[75, 110]), ("<f4", &[96, 96]), ("<u2", &[61, 83])],
        cells,
    ),
    family(
        "strokes",
        T,
        "image",
        &[("|u1", &[100, 140]), ("|u1", &[64, 256]), ("<f4", &[48, 120])],
        strokes,
    ),
    family("panels", T, "image", PANELS, panels),
    family(
        "fog",
        T,
        "image",
        &[("<f4", &[72, 96]), ("<u2", &[80, 128]), (">f4", &[55, 200]), ("<f2", &[60, 60])],
        |c, s| {
            octaves(c, s, 24.0, 0.5)
                .into_iter()
                .map(|value| (1000.0 + 300.0 * value).floor())
                .collect()
        },
    ),
    family(
        "rings",
        T,
        "image",
        &[("|u1", &[90, 90]), ("<f8", &[64, 80]), ("<f4", &[81, 63])],
        |c, s| {
            let (y, x, pace) =
                (30.0 + 20.0 * c.unit(), 30.0 + 20.0 * c.unit(), 0.2 + 0.5 * c.unit());
            picture(s, |row, column| {
                let far = (row - y).hypot(column - x);
                (128.0 + 100.0 * (far * pace).cos() * (-far * 0.01).exp() + 3.0 * c.normal())
                    .clamp(0.0, 255.0)
                    .floor()
            })
        },
    ),
    family(
        "stars",
        T,
        "image",
        &[("<u2", &[96, 128]), (">f4", &[100, 100]), (">i2", &[64, 120])],
        stars,
    ),
    family(
        "cloth",
        T,
        "image",
        &[("|u1", &[96, 120]), ("|u1", &[64, 64, 3]), ("<f4", &[77, 90])],
        |c, s| {
            let (over, under) = (4.0 + c.unit() * 5.0, 4.0 + c.unit() * 5.0);
            coloured(s, |row, column, colour| {
                let thread = (row * std::f64::consts::TAU / over).sin()
                    + (column * std::f64::consts::TAU / under).sin();
                (130.0 + 20.0 * colour + 40.0 * thread + 10.0 * c.normal())
                    .clamp(0.0, 255.0)
                    .floor()
            })
        },
    ),
    family(
        "slopes",
        T,
        "heights",
        &[("<f4", &[100, 120]), ("<i2", &[77, 101]), ("<f8", &[40, 50]), (">i2", &[128, 64])],
        |c, s| {
            octaves(c, s, 60.0, 0.6)
                .into_iter()
                .map(|value| (800.0 + 400.0 * value).round())
                .collect()
        },
    ),
    family(
        "spots",
        T,
        "mask",
        &[("|b1", &[60, 80]), ("|b1", &[100, 100]), ("|b1", &[47, 130])],
        |c, s| {
            octaves(c, s, 14.0, 0.5)
                .into_iter()
                .map(|value| f64::from(u8::from(value > 0.3)))
                .collect()
        },
    ),
    // Never tuned on.
    family(
        "escape times",
        R,
        "image",
        &[("|u1", &[96, 128]), ("<u2", &[80, 100]), ("|u1", &[72, 96, 3]), ("<i4", &[63, 77])],
        escape_times,
    ),
    family(
        "balls",
        R,
        "image",
        &[("|u1", &[80, 120, 3]), ("<f4", &[3, 64, 64]), ("|u1", &[90, 70]), ("|u1", &[54, 96, 4])],
        balls,
    ),
    family(
        "reaction",
        R,
        "image",
        &[("<f4", &[64, 96]), ("<f8", &[60, 60]), ("<f2", &[70, 90])],
        reaction,
    ),
    family(
        "town",
        R,
        "image",
        &[("|u1", &[100, 150]), ("|u1", &[64, 112, 3]), ("<f4", &[75, 75])],
        town,
    ),
    family(
        "plasma",
        R,
        "image",
        &[("|u1", &[65, 65, 3]), ("<f4", &[100, 81]), ("<u2", &[72, 144])],
        plasma,
    ),
    family(
        "sonogram",
        R,
        "image",
        &[("<f4", &[80, 129]), ("<f8", &[64, 90]), (">f4", &[128, 75])],
        sonogram,
    ),
    family(
        "shadow",
        R,
        "image",
        &[("<u2", &[100, 90]), (">u2", &[64, 128]), ("<i2", &[88, 66])],
        shadow,
    ),
    family(
        "dunes",
        R,
        "heights",
        &[("<f4", &[80, 110]), ("<i2", &[96, 144]), (">f4", &[51, 67])],
        |c, s| {
            let (turn, pace) = (c.unit(), 0.15 + 0.1 * c.unit());
            picture(s, |row, column| {
                let along = row * turn + column * (1.0 - turn);
                let across = row * (1.0 - turn) - column * turn;
                let phase = along * pace + 1.5 * (across * 0.06).sin();
                (120.0 + 30.0 * (phase.sin() + 0.4 * (2.0 * phase + 0.5).sin()) + 1.5 * c.normal())
                    .round()
            })
        },
    ),
    family("archipelago", R, "mask", &[("|b1", &[72, 100]), ("|b1", &[90, 64])], |c, s| {
        let heights = plasma(c, s);
        heights.into_iter().map(|value| f64::from(u8::from(value > 140.0))).collect()
    }),
];

const LEAVES: Stored = &[
    ("|u1", &[96, 128]),
    ("|u1", &[75, 100, 3]),
    ("<f4", &[3, 64, 80]),
    ("|u1", &[64, 64, 4]),
    ("<u2", &[111, 83]),
    ("<f4", &[72, 72, 3]),
    ("|u1", &[3, 49, 90]),
];
const PANELS: Stored = &[
    ("|u1", &[90, 160]),
    ("|u1", &[72, 128, 3]),
    ("|u1", &[60, 100, 4]),
    ("<f4", &[64, 96]),
    ("|u1", &[3, 56, 64]),
];

fn picture(shape: &[usize], mut value: impl FnMut(f64, f64) -> f64) -> Vec<f64> {
    fill(shape, |at| value((at / shape[1]) as f64, (at % shape[1]) as f64))
}

/// Rows, columns and colours of a shape: gray, colours last, or planes of a colour each.
fn parts(shape: &[usize]) -> (usize, usize, usize, bool) {
    match *shape {
        [colours @ (3 | 4), rows, columns] if columns > 4 => (rows, columns, colours, true),
        [rows, columns, colours] => (rows, columns, colours, false),
        _ => (shape[0], shape[1], 1, false),
    }
}

/// A value for each row, column and colour; a fourth colour is opaque.
fn coloured(shape: &[usize], mut value: impl FnMut(f64, f64, f64) -> f64) -> Vec<f64> {
    let (rows, columns, colours, planes) = parts(shape);
    fill(shape, |at| {
        let (pixel, colour) = match planes {
            true => (at % (rows * columns), at / (rows * columns)),
            false => (at / colours, at % colours),
        };
        match colour {
            3 => 255.0,
            _ => value((pixel / columns) as f64, (pixel % columns) as f64, colour as f64),
        }
    })
}

/// Smooth noise: sums of values at the corners of grids, each half as wide as the one before.
pub fn octaves(chance: &mut Chance, shape: &[usize], widest: f64, fade: f64) -> Vec<f64> {
    let mut all = vec![0.0; shape[0] * shape[1]];
    let (mut width, mut height) = (widest, 1.0);
    while width > 1.5 {
        let (rows, columns) =
            ((shape[0] as f64 / width) as usize + 2, (shape[1] as f64 / width) as usize + 2);
        let corners: Vec<f64> = (0..rows * columns).map(|_| chance.normal()).collect();
        for (at, value) in all.iter_mut().enumerate() {
            let (y, x) = ((at / shape[1]) as f64 / width, (at % shape[1]) as f64 / width);
            let smooth = |part: f64| part * part * (3.0 - 2.0 * part);
            let (dy, dx) = (smooth(y.fract()), smooth(x.fract()));
            let corner = |down: usize, right: usize| {
                corners[(y as usize + down) * columns + x as usize + right]
            };
            let upper = corner(0, 0) * (1.0 - dx) + corner(0, 1) * dx;
            let lower = corner(1, 0) * (1.0 - dx) + corner(1, 1) * dx;
            *value += height * (upper * (1.0 - dy) + lower * dy);
        }
        width /= 2.0;
        height *= fade;
    }
    all
}

/// Discs of all sizes and colours that lie on each other, as things do that are photographed.
pub fn leaves(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns, ..) = parts(shape);
    let discs: Vec<[f64; 6]> = (0..260)
        .map(|_| {
            let size = 3.0 / (0.06 + 0.94 * chance.unit());
            let gray = 200.0 * chance.unit() + 20.0;
            let mut tint = || gray + 25.0 * chance.normal();
            let tints = [tint(), tint(), tint()];
            [
                chance.unit() * rows as f64,
                chance.unit() * columns as f64,
                size,
                tints[0],
                tints[1],
                tints[2],
            ]
        })
        .collect();
    let grain = 1.0 + 4.0 * chance.unit();
    coloured(shape, |row, column, colour| {
        let over =
            discs.iter().rev().find(|disc| (row - disc[0]).hypot(column - disc[1]) < disc[2]);
        let base = over.map_or(90.0, |disc| disc[3 + colour as usize] + 0.4 * (row - disc[0]));
        (base + grain * chance.normal()).clamp(0.0, 255.0).floor()
    })
}

/// Cells around seeds, each of its own brightness, dark at the walls.
fn cells(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let seeds: Vec<[f64; 3]> = (0..shape[0] * shape[1] / 150)
        .map(|_| {
            [
                chance.unit() * shape[0] as f64,
                chance.unit() * shape[1] as f64,
                80.0 + 140.0 * chance.unit(),
            ]
        })
        .collect();
    picture(shape, |row, column| {
        let mut near = [f64::INFINITY; 2];
        let mut light = 0.0;
        for seed in &seeds {
            let far = (row - seed[0]).hypot(column - seed[1]);
            if far < near[0] {
                near = [far, near[0]];
                light = seed[2];
            } else if far < near[1] {
                near[1] = far;
            }
        }
        let wall = if near[1] - near[0] < 1.5 { 0.3 } else { 1.0 };
        (light * wall + 4.0 * chance.normal()).clamp(0.0, 255.0).floor()
    })
}

/// Short dark strokes in lines, as writing.
fn strokes(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let mut all = picture(shape, |_, _| (243.0 + 2.0 * chance.normal()).min(255.0).floor());
    for line in (4..shape[0].saturating_sub(8)).step_by(11) {
        let mut column = 3;
        while column + 8 < shape[1] {
            for _ in 0..2 + chance.below(3) {
                let (mut y, mut x) =
                    (line as f64 + 7.0 * chance.unit(), column as f64 + 4.0 * chance.unit());
                let (down, right) = (chance.normal(), 0.6 * chance.normal());
                for _ in 0..3 + chance.below(5) {
                    let at = y as usize % shape[0] * shape[1] + x as usize % shape[1];
                    all[at] = 30.0 + 30.0 * chance.unit().floor();
                    (y, x) = (
                        (y + down.clamp(-1.0, 1.0)).max(0.0),
                        (x + right.clamp(-1.0, 1.0)).max(0.0),
                    );
                }
            }
            column += if chance.unit() < 0.2 { 12 } else { 7 };
        }
    }
    all
}

/// Windows, bars and gradients, as on a screen.
pub fn panels(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns, ..) = parts(shape);
    let boxes: Vec<[f64; 7]> = (0..12)
        .map(|_| {
            let (top, left) = (chance.unit() * rows as f64, chance.unit() * columns as f64);
            let mut tint = || (255.0 * chance.unit()).floor();
            let tints = [tint(), tint(), tint()];
            let (height, width) =
                (chance.unit() * rows as f64 * 0.6, chance.unit() * columns as f64 * 0.6);
            [top, left, top + height, left + width, tints[0], tints[1], tints[2]]
        })
        .collect();
    coloured(shape, |row, column, colour| {
        let inside =
            |one: &&[f64; 7]| row >= one[0] && row < one[2] && column >= one[1] && column < one[3];
        let over = boxes.iter().rev().find(inside);
        over.map_or(60.0 + row, |one| one[4 + colour as usize]).clamp(0.0, 255.0).floor()
    })
}

/// Points of light on a noisy sky.
fn stars(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let points: Vec<[f64; 3]> = (0..40)
        .map(|_| {
            let bright = 60.0 / (0.01 + chance.unit());
            [chance.unit() * shape[0] as f64, chance.unit() * shape[1] as f64, bright]
        })
        .collect();
    picture(shape, |row, column| {
        let light: f64 = points
            .iter()
            .map(|point| {
                let far = (row - point[0]).powi(2) + (column - point[1]).powi(2);
                point[2] * (-far / 4.5).exp()
            })
            .sum();
        (400.0 + light + 5.0 * chance.normal()).floor()
    })
}

/// How soon numbers grow beyond all limits.
fn escape_times(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns, ..) = parts(shape);
    let (middle, wide) = (-0.74 + 0.02 * chance.normal(), 0.02 + 0.2 * chance.unit());
    coloured(shape, |row, column, colour| {
        let re = middle + wide * (column / columns as f64 - 0.5);
        let im = 0.13 + wide * (row / rows as f64 - 0.5);
        let (mut x, mut y, mut steps) = (0.0_f64, 0.0_f64, 0.0);
        while x * x + y * y < 4.0 && steps < 255.0 {
            (x, y) = (x * x - y * y + re, 2.0 * x * y + im);
            steps += 1.0;
        }
        (steps * (1.0 + colour)) % 256.0
    })
}

/// Balls in the light.
fn balls(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns, ..) = parts(shape);
    let all: Vec<[f64; 6]> = (0..9)
        .map(|_| {
            let mut part = |most: f64| most * chance.unit();
            [
                part(rows as f64),
                part(columns as f64),
                6.0 + part(18.0),
                0.3 + part(0.7),
                0.3 + part(0.7),
                0.3 + part(0.7),
            ]
        })
        .collect();
    coloured(shape, |row, column, colour| {
        let ball = all.iter().find(|ball| (row - ball[0]).hypot(column - ball[1]) < ball[2]);
        let light = match ball {
            Some(ball) => {
                let (dy, dx) = ((row - ball[0]) / ball[2], (column - ball[1]) / ball[2]);
                let up = (1.0 - dx * dx - dy * dy).max(0.0).sqrt();
                let shade = (0.5 * up - 0.6 * dy - 0.6 * dx).max(0.0);
                ball[3 + colour as usize] * (40.0 + 190.0 * shade) + 120.0 * shade.powi(20)
            }
            None => 50.0 + 0.9 * row + 12.0 * colour,
        };
        (light + 0.8 * chance.normal()).clamp(0.0, 255.0).floor()
    })
}

/// What two substances make of each other (Gray and Scott).
fn reaction(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns) = (shape[0], shape[1]);
    let mut one = vec![1.0; rows * columns];
    let mut other: Vec<f64> =
        (0..rows * columns).map(|_| f64::from(u8::from(chance.unit() < 0.06))).collect();
    for _ in 0..400 {
        let around = |all: &[f64], at: usize| {
            let (row, column) = (at / columns, at % columns);
            let (up, down) = ((row + rows - 1) % rows, (row + 1) % rows);
            let (left, right) = ((column + columns - 1) % columns, (column + 1) % columns);
            0.25 * (all[up * columns + column]
                + all[down * columns + column]
                + all[row * columns + left]
                + all[row * columns + right])
                - all[at]
        };
        let next = |at: usize| {
            let eaten = one[at] * other[at] * other[at];
            let a = one[at] + 0.8 * around(&one, at) - eaten + 0.037 * (1.0 - one[at]);
            let b = other[at] + 0.4 * around(&other, at) + eaten - (0.037 + 0.06) * other[at];
            (a.clamp(0.0, 1.0), b.clamp(0.0, 1.0))
        };
        (one, other) = (0..rows * columns).map(next).unzip();
    }
    one
}

/// Blocks of houses between streets, from above.
fn town(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns, ..) = parts(shape);
    let cuts = |len: usize, chance: &mut Chance| {
        let mut all = vec![0];
        while all[all.len() - 1] < len {
            all.push(all[all.len() - 1] + 6 + chance.below(14));
        }
        all
    };
    let (down, right) = (cuts(rows, chance), cuts(columns, chance));
    let roofs: Vec<f64> =
        (0..down.len() * right.len()).map(|_| 60.0 + 170.0 * chance.unit()).collect();
    coloured(shape, |row, column, colour| {
        let block =
            |cuts: &[usize], at: f64| cuts.iter().rposition(|&cut| cut as f64 <= at).unwrap_or(0);
        let (y, x) = (block(&down, row), block(&right, column));
        let street = row - (down[y] as f64) < 2.0 || column - (right[x] as f64) < 2.0;
        let base = if street { 110.0 } else { roofs[y * right.len() + x] - 12.0 * colour };
        (base + 5.0 * chance.normal()).clamp(0.0, 255.0).floor()
    })
}

/// Heights between corners, each time halfway with less chance.
fn plasma(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns, colours, _) = parts(shape);
    let side = rows.max(columns).next_power_of_two() + 1;
    let mut layers: Vec<Vec<f64>> = Vec::new();
    for _ in 0..colours {
        let mut grid = vec![128.0; side * side];
        let (mut step, mut rough) = (side - 1, 90.0);
        while step > 1 {
            let half = step / 2;
            for y in (half..side).step_by(step) {
                for x in (half..side).step_by(step) {
                    let corner =
                        |dy: usize, dx: usize| grid[(y + dy - half) * side + x + dx - half];
                    let mean = 0.25
                        * (corner(0, 0) + corner(0, step) + corner(step, 0) + corner(step, step));
                    grid[y * side + x] = mean + rough * chance.normal() * 0.5;
                }
            }
            for y in (0..side).step_by(half) {
                for x in ((y + half) % step..side).step_by(step) {
                    let mut near = Vec::new();
                    if y >= half {
                        near.push(grid[(y - half) * side + x]);
                    }
                    if y + half < side {
                        near.push(grid[(y + half) * side + x]);
                    }
                    if x >= half {
                        near.push(grid[y * side + x - half]);
                    }
                    if x + half < side {
                        near.push(grid[y * side + x + half]);
                    }
                    grid[y * side + x] = near.iter().sum::<f64>() / near.len() as f64
                        + rough * chance.normal() * 0.5;
                }
            }
            step = half;
            rough *= 0.55;
        }
        layers.push(grid);
    }
    coloured(shape, |row, column, colour| {
        layers[colour as usize][row as usize * side + column as usize].clamp(0.0, 255.0).floor()
    })
}

/// How loud each pitch is from moment to moment, in decibels.
fn sonogram(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let (rows, columns) = (shape[0], shape[1]);
    let voices: Vec<[f64; 4]> = (0..5)
        .map(|_| {
            [
                chance.unit() * columns as f64,
                chance.normal(),
                20.0 + 30.0 * chance.unit(),
                chance.unit() * 6.0,
            ]
        })
        .collect();
    fill(&[rows, columns], |at| {
        let (time, pitch) = ((at / columns) as f64, (at % columns) as f64);
        let mut power = 1e-6 * -(1.0 - chance.unit()).ln();
        for voice in &voices {
            let centre = voice[0] + voice[1] * time * 0.4 + 4.0 * (time * 0.2 + voice[3]).sin();
            power += 10_f64.powf(voice[2] / 10.0 - 6.0) * (-(pitch - centre).powi(2) / 4.0).exp();
        }
        10.0 * power.log10()
    })
}

/// What is left of rays behind round things, counted.
fn shadow(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let things: Vec<[f64; 5]> = (0..7)
        .map(|_| {
            let mut part = |most: f64| most * chance.unit();
            [
                part(shape[0] as f64),
                part(shape[1] as f64),
                6.0 + part(30.0),
                6.0 + part(30.0),
                0.1 + part(0.5),
            ]
        })
        .collect();
    picture(shape, |row, column| {
        let dense: f64 = things
            .iter()
            .map(|thing| {
                let inside = 1.0
                    - ((row - thing[0]) / thing[2]).powi(2)
                    - ((column - thing[1]) / thing[3]).powi(2);
                thing[4] * inside.max(0.0).sqrt()
            })
            .sum();
        let mean = 3000.0 * (-dense).exp();
        (mean + mean.sqrt() * chance.normal()).max(0.0).floor()
    })
}
