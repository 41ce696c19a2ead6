//! Arrays that are made: kinds of numbers that no public package ships, or few.

use ndbytes::DType;

use crate::cases::{Case, Half, Numbers, with_header};
use crate::chance::Chance;
use crate::drawn;

/// One way of making arrays; whole families are tuned on or reported.
pub struct Family {
    name: &'static str,
    pub half: Half,
    what: &'static str,
    /// Each stored as this, in this shape.
    stored: &'static [(&'static str, &'static [usize])],
    make: fn(&mut Chance, &[usize]) -> Vec<f64>,
}

pub const T: Half = Half::Tuning;
pub const R: Half = Half::Reporting;

pub const fn family(
    name: &'static str,
    half: Half,
    what: &'static str,
    stored: &'static [(&'static str, &'static [usize])],
    make: fn(&mut Chance, &[usize]) -> Vec<f64>,
) -> Family {
    Family { name, half, what, stored, make }
}

impl Family {
    fn cases(&self) -> impl Iterator<Item = Case> {
        self.stored.iter().enumerate().map(|(at, &(typestr, shape))| {
            let mut chance = Chance::named(&format!("{} {at}", self.name));
            store(self, typestr, shape, &mut chance)
        })
    }

    /// Each as it is stored, with its first dimension divided by each of these, drawn anew each time.
    pub fn again(&self, word: &str, parts: &[usize]) -> Vec<Case> {
        let mut cases = Vec::new();
        for (at, &(typestr, shape)) in self.stored.iter().enumerate() {
            for (round, part) in parts.iter().enumerate() {
                let mut chance = Chance::named(&format!("{} {at} {word} {round}", self.name));
                let mut shape = shape.to_vec();
                shape[0] = (shape[0] / part).max(3);
                cases.push(store(self, typestr, &shape, &mut chance));
            }
        }
        cases
    }
}

pub const FAMILIES: &[Family] = &[
    // Signals.
    family(
        "random walk",
        T,
        "signal",
        &[("<f8", &[3000]), ("<f4", &[5000]), (">f4", &[2000]), ("<f2", &[4000])],
        |c, s| walk(c, s, &[0.0], 1.0),
    ),
    family(
        "drifting walk",
        R,
        "signal",
        &[("<f8", &[2500]), ("<f4", &[4096]), (">f8", &[1500]), ("<f2", &[3000])],
        |c, s| {
            let mut at = 40.0;
            fill(s, |_| {
                at += 0.05 + 0.3 * c.normal();
                at
            })
        },
    ),
    family(
        "chord",
        T,
        "audio",
        &[("<i2", &[6000]), ("<f4", &[6000]), (">i2", &[4000]), ("<i2", &[3000, 2])],
        |c, s| {
            let (step, half) = (last_pair(s), s.len() > 1);
            fill(s, |i| {
                let t = (i / step) as f64 / 8000.0;
                let side = if half { 1.0 + (i % 2) as f64 * 0.7 } else { 1.0 };
                6000.0 * ((t * 2764.6 * side).sin() + 0.6 * (t * 3486.0).sin()) + 40.0 * c.normal()
            })
        },
    ),
    family(
        "speech-like",
        R,
        "audio",
        &[("<i2", &[8000]), ("<f4", &[5000]), (">i2", &[6000]), ("<i2", &[4000, 2])],
        |c, s| {
            let mut last = [0.0; 2];
            fill(s, |i| {
                let side = if s.len() > 1 { i % 2 } else { 0 };
                let loud = (0.5 + 0.5 * ((i / 700) as f64).sin()).powi(2);
                last[side] = 0.92 * last[side] + 900.0 * loud * c.normal();
                last[side]
            })
        },
    ),
    family(
        "quiet hum",
        T,
        "audio",
        &[("<i2", &[5000]), ("|u1", &[6000]), ("<i4", &[3000])],
        |c, s| fill(s, |i| 128.0 + 40.0 * (i as f64 * 0.03).sin() + 3.0 * c.normal()),
    ),
    family(
        "sweep",
        R,
        "audio",
        &[("<f4", &[7000]), ("|u1", &[5000]), ("<i4", &[4000]), ("<f8", &[3000])],
        |c, s| {
            fill(s, |i| {
                let t = i as f64 / 5000.0;
                128.0 + 90.0 * (t * (100.0 + 400.0 * t)).sin() + 2.0 * c.normal()
            })
        },
    ),
    // Noise with a distribution.
    family(
        "normal",
        T,
        "samples",
        &[("<f4", &[4000]), ("<f8", &[2000]), ("<f2", &[3000]), (">f8", &[900]), (">f4", &[100])],
        |c, s| fill(s, |_| c.normal()),
    ),
    family(
        "laplace",
        R,
        "samples",
        &[("<f4", &[3000]), ("<f8", &[2500]), ("<f2", &[2500]), (">f8", &[700]), (">f4", &[120])],
        |c, s| {
            fill(s, |_| {
                let u = c.unit() - 0.5;
                -3.0 * u.signum() * (1.0 - 2.0 * u.abs()).ln()
            })
        },
    ),
    family(
        "uniform",
        T,
        "samples",
        &[("<f8", &[1000]), ("<f4", &[1000]), ("<f8", &[20, 50])],
        |c, s| fill(s, |_| c.unit()),
    ),
    family(
        "angles",
        R,
        "samples",
        &[("<f8", &[1200]), ("<f4", &[1500]), (">f4", &[800])],
        |c, s| fill(s, |_| 360.0 * c.unit() - 180.0),
    ),
    family(
        "log-normal",
        T,
        "samples",
        &[("<f8", &[800]), ("<i8", &[1500]), ("<f4", &[2000]), ("<i4", &[1200])],
        |c, s| fill(s, |_| (8.0 + 2.0 * c.normal()).exp().floor()),
    ),
    family(
        "file sizes",
        R,
        "samples",
        &[("<i8", &[900]), ("<u4", &[1300]), (">i8", &[400]), ("<f8", &[600])],
        |c, s| fill(s, |_| (10.0 + 2.5 * c.normal()).exp().min(4e9).floor()),
    ),
    family(
        "counts",
        T,
        "samples",
        &[("<i4", &[2000]), ("<u2", &[3000]), ("|u1", &[3000]), ("<i8", &[900])],
        |c, s| fill(s, |_| (6.0 + 2.4 * c.normal()).max(0.0).floor()),
    ),
    family(
        "waiting times",
        R,
        "samples",
        &[("<i4", &[1500]), ("<u2", &[2000]), ("<i8", &[1100]), ("<f4", &[900])],
        |c, s| fill(s, |_| (-40.0 * (1.0 - c.unit()).ln()).floor()),
    ),
    // What learning leaves.
    family(
        "weights",
        T,
        "embeddings",
        &[("<f4", &[64, 100]), ("<f2", &[50, 80]), ("bfloat16", &[60, 60])],
        |c, s| fill(s, |_| 0.03 * c.normal()),
    ),
    family(
        "unit vectors",
        R,
        "embeddings",
        &[("<f4", &[80, 96]), ("<f2", &[60, 128]), ("<f8", &[40, 50]), ("bfloat16", &[50, 64])],
        |c, s| {
            let width = s[1];
            let mut all = fill(s, |_| c.normal());
            for row in all.chunks_mut(width) {
                let length = row.iter().map(|x| x * x).sum::<f64>().sqrt();
                row.iter_mut().for_each(|x| *x /= length);
            }
            all
        },
    ),
    family("probabilities", T, "embeddings", &[("<f4", &[300, 10]), ("<f8", &[120, 7])], |c, s| {
        softmaxes(c, s, 3.0)
    }),
    family("attention", R, "embeddings", &[("<f4", &[90, 40]), ("<f2", &[100, 32])], |c, s| {
        softmaxes(c, s, 1.0)
    }),
    family("rectified", T, "embeddings", &[("<f4", &[50, 64]), ("<f2", &[50, 64])], |c, s| {
        fill(s, |_| c.normal().max(0.0))
    }),
    family(
        "sparse features",
        R,
        "embeddings",
        &[("<f4", &[60, 48]), ("<f8", &[40, 30])],
        |c, s| fill(s, |_| if c.unit() < 0.85 { 0.0 } else { 2.0 * c.unit() }),
    ),
    // Labels, masks, numbers of things.
    family(
        "classes",
        T,
        "labels",
        &[("<i8", &[2000]), ("<i4", &[1500]), ("|u1", &[1000]), ("<i2", &[900])],
        |c, s| fill(s, |_| c.below(10) as f64),
    ),
    family(
        "many classes",
        R,
        "labels",
        &[("<i8", &[1800]), ("<i4", &[1000]), ("<i2", &[1200]), (">i4", &[700])],
        |c, s| fill(s, |_| (c.unit().powi(2) * 1000.0).floor()),
    ),
    family(
        "yes and no",
        T,
        "labels",
        &[("<i8", &[600]), ("|b1", &[2000]), ("<f8", &[300]), ("<f4", &[500])],
        |c, s| fill(s, |_| f64::from(u8::from(c.unit() < 0.3))),
    ),
    family(
        "one of few",
        R,
        "labels",
        &[("<f4", &[200, 5]), ("<i8", &[500]), ("|b1", &[900]), ("<i4", &[800])],
        |c, s| {
            let width = if s.len() > 1 { s[1] } else { 4 };
            let mut chosen = 0;
            fill(s, |i| {
                if i % width == 0 {
                    chosen = c.below(width);
                }
                f64::from(u8::from(i % width == chosen))
            })
        },
    ),
    family(
        "tokens",
        T,
        "labels",
        &[("<i8", &[1024]), ("<i4", &[2048]), ("<u2", &[4096])],
        |c, s| fill(s, |_| (c.unit().powi(4) * 32000.0).floor()),
    ),
    family(
        "vocabulary",
        R,
        "labels",
        &[("<i8", &[900]), ("<i4", &[1600]), ("<u2", &[3000])],
        |c, s| fill(s, |_| (50000.0 * (c.unit() * 9.0 - 9.0).exp()).floor()),
    ),
    family(
        "range",
        T,
        "index",
        &[("<i8", &[1000]), ("<i4", &[500]), ("<f8", &[400]), ("<i2", &[600])],
        |_, s| fill(s, |i| i as f64),
    ),
    family(
        "row starts",
        R,
        "index",
        &[("<i8", &[700]), ("<i4", &[900]), ("<u4", &[500])],
        |c, s| {
            let mut at = 0.0;
            fill(s, |_| {
                at += c.below(30) as f64;
                at
            })
        },
    ),
    family("permutation", T, "index", &[("<i8", &[900]), ("<i4", &[2000])], shuffled),
    family("neighbours", R, "index", &[("<i8", &[120, 5]), ("<i4", &[300, 8])], |c, s| {
        fill(s, |_| c.below(5000) as f64)
    }),
    family(
        "identities",
        T,
        "index",
        &[("<i8", &[800]), ("<i4", &[600]), (">i8", &[300])],
        |c, s| {
            let mut at = 5000.0;
            fill(s, |_| {
                at += 1.0 + c.below(9) as f64;
                at
            })
        },
    ),
    family(
        "positions",
        T,
        "index",
        &[("<i8", &[900]), ("<i8", &[400]), ("<i4", &[700]), ("<u4", &[300])],
        |c, s| {
            let mut at = 0.0;
            fill(s, |_| {
                at += 20.0 + c.below(60) as f64;
                at
            })
        },
    ),
    family("numbered", T, "index", &[("<i8", &[500]), (">i8", &[200])], |_, s| {
        fill(s, |i| 4000.0 + i as f64)
    }),
    family("years", T, "index", &[("<i8", &[300]), ("<i4", &[200]), ("<i2", &[500])], |c, s| {
        fill(s, |i| 1950.0 + (i / 5 % 70) as f64 + c.below(2) as f64)
    }),
    family("cents", T, "index", &[("<i8", &[500]), ("<i4", &[700])], |c, s| {
        fill(s, |_| (100.0 * (3.0 + c.normal()).exp()).floor())
    }),
    family("triangles", T, "index", &[("<i4", &[500, 3]), ("<u4", &[600, 3])], |c, s| {
        fill(s, |i| (i / 4) as f64 + c.below(40) as f64)
    }),
    family("points", T, "points", &[("<f4", &[700, 3]), ("<f8", &[300, 2])], |c, s| {
        fill(s, |i| 3.0 * (i as f64 * 0.01).sin() + [0.0, 20.0, -5.0][i % s[1]] + c.normal())
    }),
    family("places", R, "points", &[("<f8", &[400, 2]), ("<f4", &[800, 3])], |c, s| {
        fill(s, |i| [48.1, 11.5, 520.0][i % s[1]] + 0.2 * c.normal())
    }),
    // Times.
    family(
        "log lines",
        T,
        "times",
        &[("<M8[ns]", &[800]), ("<M8[us]", &[500]), ("<M8[ms]", &[600]), ("<M8[s]", &[900])],
        |c, s| times(c, s, 1.6e9, 30.0),
    ),
    family(
        "sensor readings",
        R,
        "times",
        &[
            ("<M8[ns]", &[1000]),
            ("<M8[us]", &[700]),
            ("<M8[ms]", &[400]),
            ("<M8[s]", &[600]),
            (">M8[ns]", &[300]),
        ],
        |c, s| times(c, s, 1.3e9, 600.0),
    ),
    family("birthdays", R, "times", &[("<M8[D]", &[500]), ("<M8[s]", &[400])], |c, s| {
        fill(s, |_| (c.unit() * 18000.0 + 800.0).floor())
    }),
    family("trading days", T, "times", &[("<M8[D]", &[700])], |_, s| {
        fill(s, |i| 12000.0 + (i / 5 * 7 + i % 5) as f64)
    }),
    // Pictures, volumes, heights.
    family(
        "hills",
        T,
        "heights",
        &[("<f4", &[80, 96]), ("<i2", &[90, 120]), (">i2", &[64, 100]), ("<f8", &[50, 60])],
        |c, s| surface(c, s, 900.0, 0.5),
    ),
    family(
        "ridges",
        R,
        "heights",
        &[("<f4", &[90, 70]), ("<i2", &[100, 110]), (">i2", &[72, 90]), (">f4", &[60, 81])],
        |c, s| surface(c, s, 1500.0, 0.7).into_iter().map(|h| 300.0 + (h - 700.0).abs()).collect(),
    ),
    family(
        "blobs",
        T,
        "image",
        &[("|u1", &[100, 120]), ("<u2", &[64, 80]), ("<f4", &[60, 90])],
        |c, s| {
            surface(c, s, 60.0, 0.9)
                .into_iter()
                .map(|v| (v + 100.0).clamp(0.0, 255.0).floor())
                .collect()
        },
    ),
    family(
        "clouds",
        R,
        "image",
        &[("|u1", &[90, 140]), ("<u2", &[70, 64]), ("<f4", &[64, 64]), ("|u1", &[128, 128])],
        |c, s| {
            surface(c, s, 90.0, 0.6)
                .into_iter()
                .map(|v| (v + 80.0 + 2.0 * c.normal()).clamp(0.0, 255.0).floor())
                .collect()
        },
    ),
    family(
        "phantom",
        T,
        "volume",
        &[("<u2", &[20, 24, 28]), ("<f4", &[12, 30, 20]), ("<i2", &[16, 20, 25])],
        |c, s| ball(c, s, 900.0),
    ),
    family(
        "shells",
        R,
        "volume",
        &[
            ("<u2", &[18, 26, 22]),
            ("<f4", &[16, 24, 18]),
            ("<i2", &[14, 30, 24]),
            ("|u1", &[20, 30, 30]),
        ],
        |c, s| {
            ball(c, s, 12.0).into_iter().map(|v| 90.0 + 80.0 * v.sin() + 2.0 * c.normal()).collect()
        },
    ),
    family("frames", R, "images", &[("|u1", &[12, 32, 40]), ("<f4", &[10, 24, 30])], |c, s| {
        let (h, w) = (s[1], s[2]);
        fill(s, |i| {
            let (t, y, x) = (i / (h * w), i / w % h, i % w);
            let far =
                ((x as f64 - 8.0 - 2.0 * t as f64).powi(2) + (y as f64 - 15.0).powi(2)) / 60.0;
            20.0 + 200.0 * (-far).exp() + 3.0 * c.unit() + x as f64
        })
    }),
    family("stripes", T, "mask", &[("|b1", &[80, 100])], |c, s| {
        surface(c, s, 60.0, 0.9).into_iter().map(|v| f64::from(u8::from(v > 0.0))).collect()
    }),
    family("islands", R, "mask", &[("|b1", &[90, 110]), ("|b1", &[64, 72])], |c, s| {
        surface(c, s, 60.0, 0.7).into_iter().map(|v| f64::from(u8::from(v > 20.0))).collect()
    }),
    // Instruments and spectra.
    family(
        "spectrum",
        T,
        "big",
        &[(">f4", &[3000]), (">f8", &[1200]), (">i4", &[2000])],
        |c, s| {
            fill(s, |i| {
                500.0 + 300.0 * (-((i as f64 - 700.0) / 90.0).powi(2)).exp() + 20.0 * c.normal()
            })
        },
    ),
    family(
        "seismogram",
        R,
        "big",
        &[(">i4", &[4000]), (">f4", &[3000]), (">i2", &[3500])],
        |c, s| {
            let mut at = 0.0;
            fill(s, |i| {
                at = 0.97 * at + (if i > 900 { 400.0 } else { 20.0 }) * c.normal();
                at
            })
        },
    ),
    family(
        "detector",
        R,
        "big",
        &[(">u2", &[80, 100]), (">f4", &[64, 90]), (">i4", &[60, 70])],
        |c, s| {
            let width = s[1];
            fill(s, |i| {
                let (y, x) = ((i / width) as f64, (i % width) as f64);
                let star = 8000.0 * (-((x - 30.0).powi(2) + (y - 40.0).powi(2)) / 30.0).exp();
                1000.0 + 4.0 * (x * 0.7).sin() * 10.0 + star + 12.0 * c.normal()
            })
        },
    ),
    family("dark frame", T, "big", &[(">u2", &[70, 90]), (">i2", &[64, 64])], |c, s| {
        let width = s[1];
        fill(s, |i| 300.0 + 25.0 * ((i % width) as f64 * 0.9).sin() + 6.0 * c.normal())
    }),
    family("echo", T, "complex", &[("<c8", &[900]), (">c8", &[300]), ("<c16", &[200])], |c, s| {
        fill(s, |i| {
            (-((i / 2 % 300) as f64) * 0.01).exp()
                * if i % 2 == 0 { (i as f64 * 0.2).cos() } else { (i as f64 * 0.2).sin() }
                + 0.05 * c.normal()
        })
    }),
    family(
        "track",
        T,
        "points",
        &[("<f8", &[400, 2]), ("<f4", &[500, 2]), ("<f4", &[300, 3])],
        |c, s| walk(c, s, &[47.0, 8.5, 300.0], 0.01),
    ),
    family("impedance", T, "complex", &[("<c8", &[600]), ("<c16", &[500])], |c, s| {
        waves(c, s, 0.02)
    }),
    family("quadrature", R, "complex", &[("<c8", &[1500]), ("<c16", &[400])], |c, s| {
        waves(c, s, 0.11)
    }),
    // Tables and money.
    family(
        "prices",
        T,
        "table",
        &[("<f8", &[500]), ("<f8", &[200, 4]), ("<f4", &[600])],
        |c, s| {
            let mut at = 50.0;
            fill(s, |_| {
                at += 0.4 * c.normal();
                (at * 100.0_f64).round() / 100.0
            })
        },
    ),
    family(
        "readings",
        R,
        "table",
        &[("<f8", &[240, 3]), ("<f8", &[700]), ("<f4", &[400, 6]), (">f8", &[300])],
        |c, s| {
            let width = if s.len() > 1 { s[1] } else { 1 };
            fill(s, |i| {
                ([12.0, 1013.0, 55.0, 3.0, 210.0, 0.4][i % width]
                    * (1.0 + 0.05 * c.normal())
                    * 10.0)
                    .round()
                    / 10.0
            })
        },
    ),
    family(
        "mostly zero",
        T,
        "table",
        &[("<f8", &[900]), ("<f4", &[900]), ("<i4", &[900])],
        |c, s| fill(s, |_| if c.unit() < 0.9 { 0.0 } else { (50.0 * c.unit()).floor() }),
    ),
    family("missing", R, "table", &[("<f8", &[800]), ("<f4", &[900])], |c, s| {
        fill(s, |_| if c.unit() < 0.2 { f64::NAN } else { 15.0 + 4.0 * c.normal() })
    }),
    family("wide range", T, "table", &[("<f8", &[900]), ("<f4", &[700])], |c, s| {
        fill(s, |_| c.normal() * 10_f64.powi(c.below(12) as i32 - 6))
    }),
    family("magnitudes", R, "table", &[("<f8", &[700]), ("<f4", &[800])], |c, s| {
        fill(s, |_| 10_f64.powf(12.0 * c.unit() - 8.0))
    }),
];

/// Every made array.
pub fn made() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, family) in FAMILIES.iter().enumerate() {
        for (at, case) in family.cases().enumerate() {
            if (index + at) % 9 == 0 && case.shape.len() > 1 {
                cases.push(with_header(&case, index + at));
            }
            cases.push(case);
        }
    }
    cases.extend(drawn::FAMILIES.iter().flat_map(Family::cases));
    cases.extend(texts());
    cases.extend(noise());
    cases
}

fn store(family: &Family, typestr: &str, shape: &[usize], chance: &mut Chance) -> Case {
    let dtype = DType::from_typestr(typestr).expect("a dtype");
    let parts = if typestr.contains('c') { 2 } else { 1 };
    let full: Vec<usize> = shape.iter().copied().chain((parts == 2).then_some(2)).collect();
    let values = (family.make)(chance, &full);
    let bytes = match typestr.split_once("M8[") {
        Some((order, unit)) => {
            let scale = match unit {
                "ns]" => 1e9,
                "us]" => 1e6,
                "ms]" => 1e3,
                _ => 1.0,
            };
            let days = family.name == "birthdays" || family.name == "trading days";
            let scale = if days && unit == "s]" { 86_400.0 } else { scale };
            let values = values.iter().map(|value| (value * scale).round()).collect();
            Numbers { values, shape: shape.to_vec() }.stored(&format!("{order}i8"))
        }
        None => Numbers { values, shape: full }.stored(typestr),
    };
    Case {
        source: family.name.to_owned(),
        half: family.half,
        what: family.what,
        variant: "made",
        dtype,
        shape: shape.to_vec(),
        offset: 0,
        bytes,
        real: false,
    }
}

pub fn fill(shape: &[usize], mut make: impl FnMut(usize) -> f64) -> Vec<f64> {
    (0..shape.iter().product()).map(&mut make).collect()
}

/// Steps from a place, in as many directions as the last dimension has.
pub fn walk(chance: &mut Chance, shape: &[usize], from: &[f64], step: f64) -> Vec<f64> {
    let mut at = from.to_vec();
    let axes = shape.get(1).copied().unwrap_or(1);
    fill(shape, |i| {
        let axis = i % axes;
        at[axis] += step * chance.normal();
        at[axis]
    })
}

fn last_pair(shape: &[usize]) -> usize {
    if shape.len() > 1 { shape[1] } else { 1 }
}

fn softmaxes(chance: &mut Chance, shape: &[usize], spread: f64) -> Vec<f64> {
    let mut all = fill(shape, |_| (spread * chance.normal()).exp());
    for row in all.chunks_mut(shape[1]) {
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|x| *x /= sum);
    }
    all
}

fn shuffled(chance: &mut Chance, shape: &[usize]) -> Vec<f64> {
    let mut all = fill(shape, |i| i as f64);
    for at in (1..all.len()).rev() {
        all.swap(at, chance.below(at + 1));
    }
    all
}

/// Seconds since 1970, in order.
pub fn times(chance: &mut Chance, shape: &[usize], start: f64, step: f64) -> Vec<f64> {
    let mut at = start;
    fill(shape, |_| {
        at += -step * (1.0 - chance.unit()).ln();
        (at * 1000.0).round() / 1000.0
    })
}

/// A sum of waves in two dimensions, fewer of the short ones the rougher it is not.
fn surface(chance: &mut Chance, shape: &[usize], height: f64, smooth: f64) -> Vec<f64> {
    let (rows, columns) = (shape[0], shape[1]);
    let waves: Vec<[f64; 4]> = (1..40)
        .map(|n| {
            let scale = f64::from(n).powf(-1.0 - smooth);
            let (fy, fx) =
                (chance.normal() * f64::from(n) * 0.02, chance.normal() * f64::from(n) * 0.02);
            [scale, fy, fx, 6.2 * chance.unit()]
        })
        .collect();
    let mut all = Vec::with_capacity(rows * columns);
    for y in 0..rows {
        for x in 0..columns {
            let sum: f64 =
                waves.iter().map(|w| w[0] * (w[1] * y as f64 + w[2] * x as f64 + w[3]).sin()).sum();
            all.push(height * sum);
        }
    }
    all
}

/// Distances from the middle, as a scanner sees a ball.
pub fn ball(chance: &mut Chance, shape: &[usize], scale: f64) -> Vec<f64> {
    let (rows, columns) = (shape[1], shape[2]);
    let off = |at: usize, len: usize| (at as f64 - len as f64 / 2.2) / len as f64;
    fill(shape, |i| {
        let (z, y, x) = (i / (rows * columns), i / columns % rows, i % columns);
        let far = (off(z, shape[0]).powi(2) + off(y, rows).powi(2) * 1.3 + off(x, columns).powi(2))
            .sqrt();
        (scale * (1.2 - far) + 0.01 * scale * chance.normal()).max(0.0)
    })
}

fn waves(chance: &mut Chance, shape: &[usize], speed: f64) -> Vec<f64> {
    fill(shape, |i| {
        let angle = (i / 2) as f64 * speed;
        pointer(i, speed) * (1.5 + (angle * 0.1).sin()) + 0.02 * chance.normal()
    })
}

/// Real and imaginary parts of a turning pointer.
pub fn pointer(at: usize, speed: f64) -> f64 {
    let angle = (at / 2) as f64 * speed;
    if at.is_multiple_of(2) { angle.cos() } else { angle.sin() }
}

const NAMES: [&str; 12] = [
    "amber", "Berlin", "cat", "dogwood", "Elena", "fig", "Granada", "hour", "iris", "Jakob",
    "kilo", "lemon",
];

fn texts() -> Vec<Case> {
    let mut cases = Vec::new();
    for (half, source, words, step) in
        [(T, "names", &NAMES[..6], 1), (R, "places and things", &NAMES[6..], 7)]
    {
        let longest = words.iter().map(|word| word.len()).max().expect("words");
        let mut chance = Chance::named(source);
        let chosen: Vec<&str> = (0..200 * step).map(|_| words[chance.below(words.len())]).collect();
        cases.extend(['<', '>', '|'].map(|order| text(source, half, &chosen, longest, order)));
    }
    cases
}

/// Words in elements of one length: code points in this byte order, or bytes where there is none.
pub fn text(source: &str, half: Half, words: &[&str], len: usize, order: char) -> Case {
    let letters = words.iter().flat_map(|word| {
        (0..len).map(|at| u32::from(word.as_bytes().get(at).copied().unwrap_or(0)))
    });
    let bytes: Vec<u8> = match order {
        '<' => letters.flat_map(u32::to_le_bytes).collect(),
        '>' => letters.flat_map(u32::to_be_bytes).collect(),
        _ => letters.map(|letter| letter as u8).collect(),
    };
    let kind = if order == '|' { 'S' } else { 'U' };
    Case {
        source: source.to_owned(),
        half,
        what: "text",
        variant: "made",
        dtype: DType::from_typestr(&format!("{order}{kind}{len}")).expect("a dtype"),
        shape: vec![words.len()],
        offset: 0,
        bytes,
        real: false,
    }
}

fn noise() -> Vec<Case> {
    let lengths = [1000, 4000, 4096, 10_000, 30_001, 65_536, 100_000, 777];
    let make = |(at, &len): (usize, &usize)| {
        let half = if at % 2 == 0 { T } else { R };
        let mut chance = Chance::named(&format!("noise {at}"));
        Case {
            source: format!("noise {at}"),
            half,
            what: "random",
            variant: "made",
            dtype: DType::from_typestr("|u1").expect("a dtype"),
            shape: vec![len],
            offset: 0,
            bytes: (0..len).map(|_| chance.bits() as u8).collect(),
            real: false,
        }
    };
    lengths.iter().enumerate().map(make).collect()
}
