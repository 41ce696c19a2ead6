//! Kinds of numbers that dtypes are tuned on, beyond those that are scored: what is told from one
//! source alone is told of that source.

use crate::cases::{Case, Half};
use crate::chance::Chance;
use crate::drawn::octaves;
use crate::made::{Family, T, ball, family, fill, pointer, text, times, walk};

pub fn kinds() -> Vec<Case> {
    let mut cases = Vec::new();
    cases.extend(FAMILIES.iter().flat_map(|family| family.again("kind", &[1, 4])));
    cases.extend(texts());
    cases
}

/// A landscape in whole metres, some of it under the sea.
fn coast(c: &mut Chance, s: &[usize]) -> Vec<f64> {
    let sea = 300.0 * c.normal();
    octaves(c, s, 40.0, 0.55).into_iter().map(|h| (sea + 400.0 * h).round()).collect()
}

/// Values that are missing here and there, in patches.
fn patched(c: &mut Chance, s: &[usize], mut all: Vec<f64>, missing: f64) -> Vec<f64> {
    let holes = octaves(c, s, 9.0, 0.5);
    all.iter_mut().zip(holes).filter(|(_, hole)| *hole > 1.3).for_each(|(one, _)| *one = missing);
    all
}

fn picture(c: &mut Chance, s: &[usize], middle: f64, contrast: f64) -> Vec<f64> {
    let colours = s.get(2).copied().unwrap_or(1);
    let base = octaves(c, &s[..2], 16.0, 0.5);
    let tint: Vec<f64> = (0..colours).map(|_| 20.0 * c.normal()).collect();
    fill(s, |i| {
        let value = middle + contrast * base[i / colours] + tint[i % colours] + 3.0 * c.normal();
        value.clamp(0.0, 255.0).floor()
    })
}

fn levels(c: &mut Chance, s: &[usize], count: f64) -> Vec<f64> {
    let level = |value: f64| ((value + 2.0) / 4.0 * count).floor().clamp(0.0, count - 1.0);
    octaves(c, s, 20.0, 0.4).into_iter().map(level).collect()
}

fn scaled(all: Vec<f64>, scale: impl Fn(f64) -> f64) -> Vec<f64> {
    all.into_iter().map(scale).collect()
}

const FAMILIES: &[Family] = &[
    // Times.
    family(
        "clock ticks",
        T,
        "times",
        &[("<M8[ns]", &[900]), ("<M8[us]", &[700]), ("<M8[ms]", &[800]), (">M8[ms]", &[300])],
        |c, s| {
            let (start, step) =
                (1.1e9 + (6e8 * c.unit()).floor(), 0.001 * (1 + c.below(50)) as f64);
            fill(s, |i| start + i as f64 * step)
        },
    ),
    family(
        "orders",
        T,
        "times",
        &[("<M8[ns]", &[400]), ("<M8[ms]", &[500]), ("<M8[s]", &[600]), ("<M8[us]", &[200])],
        |c, s| fill(s, |_| ((1.4e9 + 3e8 * c.unit()) * 1000.0).round() / 1000.0),
    ),
    family(
        "hours",
        T,
        "times",
        &[("<M8[s]", &[800]), ("<M8[ns]", &[600]), ("<M8[ms]", &[400]), (">M8[s]", &[300])],
        |c, s| {
            let start = 3600.0 * (250_000.0 + 150_000.0 * c.unit()).floor();
            fill(s, |i| start + 3600.0 * i as f64)
        },
    ),
    family("arrivals", T, "times", &[("<M8[us]", &[900]), ("<M8[ns]", &[300])], |c, s| {
        times(c, s, 1.7e9, 0.4)
    }),
    family("each day", T, "times", &[("<M8[D]", &[900]), ("<M8[D]", &[300])], |c, s| {
        let start = (-9000.0 + 24000.0 * c.unit()).floor();
        fill(s, |i| start + i as f64)
    }),
    // Complex numbers, and what looks like them.
    family(
        "noise in both parts",
        T,
        "complex",
        &[("<c8", &[900]), ("<c16", &[500]), (">c8", &[400])],
        |c, s| fill(s, |_| 3.0 * c.normal()),
    ),
    family(
        "fringes",
        T,
        "complex",
        &[("<c8", &[1500]), ("<c16", &[400]), (">c8", &[600])],
        |c, s| {
            let (mut size, mut angle) = (1.0, 0.0);
            fill(s, |i| {
                if i % 2 == 0 {
                    (size, angle) = (c.normal().exp(), std::f64::consts::TAU * c.unit());
                }
                size * if i % 2 == 0 { f64::cos(angle) } else { f64::sin(angle) }
            })
        },
    ),
    family(
        "ringing",
        T,
        "complex",
        &[("<c8", &[800]), ("<c16", &[700]), (">c16", &[300])],
        |c, s| {
            let pace = 0.05 + c.unit();
            fill(s, |i| {
                pointer(i, pace) * (-((i / 2 % 200) as f64) * 0.02).exp() + 0.02 * c.normal()
            })
        },
    ),
    family(
        "pixels",
        T,
        "points",
        &[("<f4", &[600, 2]), ("<f8", &[400, 2]), (">f4", &[300, 2])],
        |c, s| fill(s, |i| c.unit() * if i % 2 == 0 { 640.0 } else { 480.0 }),
    ),
    family(
        "wandering",
        T,
        "points",
        &[("<f8", &[500, 2]), ("<f4", &[700, 2]), ("<f4", &[400, 3])],
        |c, s| {
            let pace = 0.001 + 0.02 * c.unit();
            walk(c, s, &[-122.3, 47.6, 80.0], pace)
        },
    ),
    family("boxes", T, "points", &[("<f4", &[300, 4]), ("<f8", &[150, 4])], |c, s| {
        let mut corner = [0.0; 2];
        fill(s, |i| {
            let size = 20.0 + 60.0 * c.unit();
            match i % 4 {
                side @ (0 | 1) => {
                    corner[side] = 500.0 * c.unit();
                    corner[side]
                }
                side => corner[side - 2] + size,
            }
        })
    }),
    // What learning leaves.
    family(
        "layer",
        T,
        "embeddings",
        &[("bfloat16", &[64, 64]), ("<f2", &[48, 96]), ("<f4", &[64, 48])],
        |c, s| {
            let scale = 0.01 + 0.1 * c.unit();
            fill(s, |_| scale * c.normal())
        },
    ),
    family(
        "gains",
        T,
        "embeddings",
        &[("bfloat16", &[1500]), ("<f2", &[1200]), ("<f4", &[900])],
        |c, s| fill(s, |_| 1.0 + 0.2 * c.normal()),
    ),
    family(
        "activations",
        T,
        "embeddings",
        &[("bfloat16", &[40, 128]), ("<f2", &[40, 128]), ("<f4", &[30, 64]), ("<f8", &[20, 64])],
        |c, s| fill(s, |_| c.normal() * (0.8 * c.normal()).exp()),
    ),
    family(
        "gates",
        T,
        "embeddings",
        &[("bfloat16", &[2000]), ("<f2", &[2000]), ("<f4", &[1500])],
        |c, s| fill(s, |_| 1.0 / (1.0 + (-2.0 * c.normal()).exp())),
    ),
    family("quantised", T, "embeddings", &[("|i1", &[60, 64]), ("|i1", &[2000])], |c, s| {
        fill(s, |_| (30.0 * c.normal()).round().clamp(-127.0, 127.0))
    }),
    family("quantised anew", T, "embeddings", &[("|i1", &[50, 80]), ("|i1", &[900])], |c, s| {
        fill(s, |_| (12.0 * c.normal()).round())
    }),
    // Labels.
    family(
        "three sorts",
        T,
        "labels",
        &[("|u1", &[900]), ("<i8", &[600]), ("<i4", &[500]), ("<i2", &[800]), (">i8", &[300])],
        |c, s| fill(s, |_| c.below(3) as f64),
    ),
    family(
        "one or none",
        T,
        "labels",
        &[
            ("|b1", &[1200]),
            ("<f4", &[900]),
            ("<f8", &[500]),
            ("<i8", &[700]),
            ("<i4", &[900]),
            (">f4", &[400]),
        ],
        |c, s| fill(s, |_| f64::from(u8::from(c.unit() < 0.5))),
    ),
    family(
        "in order",
        T,
        "labels",
        &[("<i8", &[400]), ("<i4", &[600]), ("|u1", &[500]), ("<i2", &[500])],
        |_, s| fill(s, |i| (8 * i / s[0]) as f64),
    ),
    family(
        "not labelled",
        T,
        "labels",
        &[("<i8", &[700]), ("<i4", &[900]), ("<i2", &[600]), ("|i1", &[900])],
        |c, s| fill(s, |_| if c.unit() < 0.4 { -1.0 } else { c.below(12) as f64 }),
    ),
    family(
        "regions",
        T,
        "mask",
        &[("|u1", &[70, 90]), ("<i4", &[60, 80]), ("<i8", &[50, 60]), ("<i2", &[64, 64])],
        |c, s| levels(c, s, 9.0),
    ),
    family(
        "two regions",
        T,
        "mask",
        &[("|b1", &[70, 90]), ("|b1", &[40, 60]), ("<f4", &[50, 60]), ("<i4", &[50, 50])],
        |c, s| levels(c, s, 2.0),
    ),
    family(
        "two regions, in white",
        T,
        "mask",
        &[("|u1", &[70, 90]), ("|u1", &[96, 40])],
        |c, s| scaled(levels(c, s, 2.0), |value| 255.0 * value),
    ),
    family("a few sorts", T, "mask", &[("|u1", &[80, 80]), ("<i4", &[60, 60])], |c, s| {
        levels(c, s, 4.0)
    }),
    // Heights.
    family(
        "coast",
        T,
        "heights",
        &[("<i2", &[80, 90]), (">i2", &[70, 100]), ("<f4", &[60, 80]), ("<i4", &[50, 70])],
        coast,
    ),
    family(
        "voids",
        T,
        "heights",
        &[(">i2", &[90, 90]), ("<i2", &[70, 80]), ("<f4", &[60, 60]), (">f4", &[60, 70])],
        |c, s| {
            let all = scaled(octaves(c, s, 30.0, 0.5), |h| (1200.0 + 500.0 * h).round());
            patched(c, s, all, -32768.0)
        },
    ),
    family(
        "no data",
        T,
        "heights",
        &[("<f4", &[80, 90]), (">f4", &[60, 80]), ("<f8", &[50, 60]), ("<i4", &[60, 60])],
        |c, s| {
            let all = scaled(octaves(c, s, 30.0, 0.6), |h| 40.0 + 12.0 * h);
            patched(c, s, all, -9999.0)
        },
    ),
    family(
        "soundings",
        T,
        "heights",
        &[("<f4", &[80, 90]), ("<f8", &[60, 60]), (">f4", &[60, 90]), (">f8", &[40, 50])],
        |c, s| scaled(octaves(c, s, 50.0, 0.6), |h| -(30.0 + 20.0 * h).abs()),
    ),
    family(
        "tenths of metres",
        T,
        "heights",
        &[("<f4", &[80, 90]), ("<f8", &[60, 60]), (">f8", &[40, 60]), (">f4", &[50, 60])],
        |c, s| scaled(octaves(c, s, 50.0, 0.6), |h| (2000.0 + 900.0 * h).round() / 10.0),
    ),
    family(
        "plain",
        T,
        "heights",
        &[("<i2", &[90, 90]), (">i2", &[80, 60]), ("<u2", &[60, 90]), ("|u1", &[70, 80])],
        |c, s| scaled(octaves(c, s, 40.0, 0.6), |h| (60.0 + 15.0 * h).clamp(0.0, 255.0).round()),
    ),
    // Pictures.
    family(
        "night",
        T,
        "image",
        &[("|u1", &[70, 90]), ("<u2", &[60, 80]), ("<f4", &[60, 70]), (">u2", &[60, 60])],
        |c, s| picture(c, s, 5.0, 12.0),
    ),
    family(
        "daylight",
        T,
        "image",
        &[("|u1", &[60, 80, 3]), ("|u1", &[80, 90]), ("<f4", &[50, 60, 3]), ("<i4", &[60, 50])],
        |c, s| picture(c, s, 130.0, 40.0),
    ),
    family(
        "bright halves",
        T,
        "image",
        &[("<f2", &[70, 80]), ("<f4", &[60, 70]), ("<f2", &[48, 50, 3]), (">f4", &[60, 60])],
        |c, s| scaled(picture(c, s, 150.0, 45.0), |value| value / 255.0),
    ),
    family(
        "dark halves",
        T,
        "image",
        &[("<f2", &[70, 80]), ("<f4", &[60, 70]), ("<f2", &[50, 60, 3]), ("<f8", &[40, 60])],
        |c, s| scaled(picture(c, s, 25.0, 35.0), |value| value / 255.0),
    ),
    family(
        "levelled",
        T,
        "image",
        &[("<f4", &[60, 80]), (">f4", &[60, 70]), ("<f2", &[60, 60]), ("<f8", &[40, 50])],
        |c, s| scaled(picture(c, s, 120.0, 50.0), |value| (value / 255.0 - 0.48) / 0.23),
    ),
    family(
        "both ways",
        T,
        "image",
        &[("<f4", &[60, 80]), ("<f2", &[60, 60]), ("<f4", &[3, 40, 50])],
        |c, s| scaled(octaves(c, s, 12.0, 0.5), |value| (value / 3.0).clamp(-1.0, 1.0)),
    ),
    family(
        "deep",
        T,
        "image",
        &[("<u2", &[70, 80]), (">u2", &[60, 90]), ("<u2", &[40, 50, 3]), ("<i4", &[50, 60])],
        |c, s| scaled(picture(c, s, 110.0, 40.0), |value| 16.0 * value + 7.0),
    ),
    family(
        "full range",
        T,
        "image",
        &[("<u2", &[70, 80]), (">u2", &[60, 90]), ("<u2", &[60, 70]), ("<f4", &[50, 60])],
        |c, s| {
            let all = octaves(c, s, 14.0, 0.5);
            all.into_iter()
                .map(|v| (33_000.0 + 9000.0 * v + 120.0 * c.normal()).clamp(0.0, 65_535.0).floor())
                .collect()
        },
    ),
    family(
        "differences",
        T,
        "image",
        &[("<i2", &[70, 80]), (">i2", &[60, 70]), ("<f4", &[60, 60]), ("|i1", &[70, 70])],
        |c, s| {
            let all = octaves(c, s, 10.0, 0.5);
            all.into_iter()
                .map(|v| (20.0 * v + 4.0 * c.normal()).round().clamp(-128.0, 127.0))
                .collect()
        },
    ),
    family(
        "stickers",
        T,
        "image",
        &[
            ("|u1", &[50, 60, 4]),
            ("|u1", &[64, 64, 4]),
            ("<f2", &[40, 40, 4]),
            ("<f4", &[40, 40, 4]),
        ],
        |c, s| {
            let inside = octaves(c, &s[..2], 18.0, 0.4);
            let colours = picture(c, &[s[0], s[1], 3], 140.0, 45.0);
            fill(s, |i| {
                let (pixel, colour) = (i / 4, i % 4);
                match (inside[pixel] > 0.0, colour) {
                    (true, 3) => 255.0,
                    (true, _) => colours[3 * pixel + colour],
                    (false, _) => 0.0,
                }
            })
        },
    ),
    family(
        "few colours",
        T,
        "image",
        &[("|u1", &[80, 90]), ("|u1", &[60, 70, 3]), ("|u1", &[64, 64, 4])],
        |c, s| {
            let table: Vec<f64> = (0..24).map(|_| c.below(256) as f64).collect();
            let colours = s.get(2).copied().unwrap_or(1);
            let all = levels(c, &s[..2], 6.0);
            fill(s, |i| match i % colours {
                3 => 255.0,
                colour => table[4 * all[i / colours] as usize + colour],
            })
        },
    ),
    // Volumes and instruments.
    family(
        "scanner",
        T,
        "volume",
        &[
            ("<i2", &[14, 24, 24]),
            (">i2", &[12, 24, 20]),
            ("<f4", &[10, 20, 24]),
            ("<u2", &[12, 20, 24]),
        ],
        |c, s| {
            let all = ball(c, s, 900.0);
            all.into_iter().map(|v| (v - 200.0 + 20.0 * c.normal()).abs().round()).collect()
        },
    ),
    family(
        "tomogram",
        T,
        "volume",
        &[
            ("<i2", &[14, 24, 24]),
            (">i2", &[12, 24, 20]),
            ("<f4", &[10, 20, 24]),
            ("<i4", &[8, 20, 20]),
        ],
        |c, s| {
            let all = ball(c, s, 1000.0);
            all.into_iter()
                .map(|v| if v > 700.0 { (v - 750.0 + 15.0 * c.normal()).round() } else { -1000.0 })
                .collect()
        },
    ),
    family(
        "counts of a detector",
        T,
        "big",
        &[(">i2", &[60, 70]), (">i4", &[50, 60]), (">f4", &[60, 60]), (">u2", &[50, 80])],
        |c, s| {
            let sky = 200.0 + 3000.0 * c.unit();
            let noise = 3.0 + 20.0 * c.unit();
            fill(s, |_| {
                let star = if c.unit() < 0.01 { 4000.0 * c.unit() } else { 0.0 };
                (sky + star + noise * c.normal()).round()
            })
        },
    ),
    family(
        "below an offset",
        T,
        "big",
        &[(">i2", &[60, 70]), (">i2", &[3000]), ("<i2", &[60, 60])],
        |c, s| {
            let sky = 500.0 + 4000.0 * c.unit();
            fill(s, |_| (sky + 40.0 * c.normal() - 32_768.0).round())
        },
    ),
    family("flux", T, "big", &[(">f4", &[1500]), (">f8", &[800]), ("<f4", &[1200])], |c, s| {
        let scale = 10_f64.powi(c.below(24) as i32 - 18);
        fill(s, |i| scale * (1.0 + 0.4 * (i as f64 * 0.01).sin() + 0.05 * c.normal()))
    }),
    family(
        "half walk",
        T,
        "signal",
        &[("<f2", &[3000]), ("<f4", &[2000]), ("<f8", &[900]), ("bfloat16", &[2000])],
        |c, s| {
            let from = 10.0 * c.normal();
            walk(c, s, &[from], 0.2)
        },
    ),
    // Series and tables.
    family(
        "returns",
        T,
        "series",
        &[("<f8", &[700]), ("<f4", &[900]), (">f8", &[300]), (">f4", &[300])],
        |c, s| fill(s, |_| 0.012 * c.normal()),
    ),
    family(
        "degrees",
        T,
        "series",
        &[("<f8", &[900]), ("<f4", &[900]), (">f8", &[400]), (">f4", &[300])],
        |c, s| {
            let mut at = 12.0;
            fill(s, |_| {
                at += 0.5 * c.normal();
                if c.unit() < 0.03 { f64::NAN } else { (at * 10.0_f64).round() / 10.0 }
            })
        },
    ),
    family(
        "sales",
        T,
        "series",
        &[("<i8", &[600]), ("<i4", &[700]), ("<f8", &[500]), ("<f4", &[500])],
        |c, s| {
            fill(s, |i| {
                (4000.0 + 1500.0 * (i as f64 * 0.5).sin() + 300.0 * c.normal()).max(0.0).round()
            })
        },
    ),
    family(
        "checksums",
        T,
        "index",
        &[("<u4", &[300]), ("<u8", &[200]), (">u4", &[150])],
        |c, s| fill(s, |i| i as f64 * 3_000_000.0 + c.below(2_000_000) as f64),
    ),
];

fn texts() -> Vec<Case> {
    let lists: [(&str, &[&str]); 4] = [
        ("towns", &["Oslo", "Bergen", "Trondheim", "Bo", "Stavanger", "Moss"]),
        ("codes", &["AB-12", "QX-7", "AB-140", "ZZ-9", "K-3"]),
        ("sorts", &["red", "green", "blue", "yellow"]),
        ("names of columns", &["id", "time", "speed_kmh", "x", "y", "temperature"]),
    ];
    let mut cases = Vec::new();
    for (source, words) in lists {
        let len = words.iter().map(|word| word.len()).max().expect("words") + source.len() % 2;
        for (count, order) in [(300, '<'), (120, '>'), (200, '|'), (40, '<'), (60, '|')] {
            let mut chance = Chance::named(&format!("{source} {count}"));
            let chosen: Vec<&str> = (0..count).map(|_| words[chance.below(words.len())]).collect();
            cases.push(text(source, Half::Tuning, &chosen, len, order));
        }
    }
    cases
}
