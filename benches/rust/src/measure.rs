//! Times several ways of doing one thing against each other, in turns: the counterpart of
//! benches/python/measure.py, which says why it is done so.

use std::hint::black_box;
use std::time::Instant;

use memmap2::MmapMut;
use serde_json::{Value, json};

/// From here on, memory is touched before each sample.
const LARGE: usize = 4 << 20;
const MOST_TOUCHED: usize = 1 << 29;

/// One way of doing it. What it makes is dropped inside, so that this is timed for all alike.
pub struct Contestant<'a> {
    pub name: &'static str,
    /// `ours`, `peer` or `limit`.
    pub kind: &'static str,
    pub run: Box<dyn FnMut() + 'a>,
}

/// How long a case is measured, in seconds and rounds.
#[derive(Clone, Copy)]
pub struct Effort {
    sample: f64,
    budget: f64,
    fewest: usize,
    most: usize,
}

pub const FULL: Effort = Effort { sample: 2e-3, budget: 1.5, fewest: 9, most: 151 };
pub const QUICK: Effort = Effort { sample: 5e-4, budget: 0.1, fewest: 3, most: 25 };

/// One record; the first contestant is ours.
pub fn measure(
    key: &str,
    title: &str,
    nbytes: usize,
    mut contestants: Vec<Contestant<'_>>,
    effort: Effort,
) -> Value {
    let loops: Vec<usize> =
        contestants.iter_mut().map(|one| enough_loops(&mut one.run, effort)).collect();
    let start = Instant::now();
    let mut shuffle = Shuffle(1);
    let mut order: Vec<usize> = (0..contestants.len()).collect();
    let mut rounds: Vec<Vec<f64>> = Vec::new();
    let mut memory = Memory { nbytes: nbytes + (4 * nbytes).min(MOST_TOUCHED), fastest: None };
    while rounds.len() < effort.fewest
        || rounds.len() < effort.most && start.elapsed().as_secs_f64() < effort.budget
    {
        shuffle.apply(&mut order);
        let mut round = vec![0.0; order.len()];
        for &at in &order {
            if nbytes >= LARGE {
                memory.touch();
            }
            round[at] = sample(&mut contestants[at].run, loops[at]) / loops[at] as f64;
        }
        rounds.push(round);
    }
    let results: Vec<Value> = (0..contestants.len())
        .map(|at| {
            let column =
                |value: fn(f64, f64) -> f64| rounds.iter().map(move |r| value(r[at], r[0]));
            json!({
                "name": contestants[at].name,
                "kind": contestants[at].kind,
                "seconds": quartiles(column(|time, _| time).collect())[1],
                "ratio": quartiles(column(|time, ours| time / ours).collect()),
            })
        })
        .collect();
    json!({
        "key": key,
        "title": title,
        "nbytes": nbytes,
        "rounds": rounds.len(),
        "contestants": results,
    })
}

fn sample(run: &mut dyn FnMut(), loops: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..loops {
        run();
    }
    start.elapsed().as_secs_f64()
}

/// What is touched before a sample.
struct Memory {
    nbytes: usize,
    fastest: Option<f64>,
}

impl Memory {
    /// Times, on a machine that does other things, too.
    const MOST: usize = 8;

    /// Touches it and gives it back, until that goes as fast as it ever went: huge pages where they
    /// are to be had, as NumPy does.
    fn touch(&mut self) {
        for _ in 0..Self::MOST {
            let start = Instant::now();
            let Ok(mut memory) = MmapMut::map_anon(self.nbytes) else { return };
            #[cfg(target_os = "linux")]
            let _ = memory.advise(memmap2::Advice::HugePage);
            memory.fill(1);
            black_box(&memory[..]);
            drop(memory);
            let taken = start.elapsed().as_secs_f64();
            let was_there = self.fastest.is_some_and(|fastest| taken < 1.3 * fastest);
            self.fastest = Some(self.fastest.map_or(taken, |fastest| fastest.min(taken)));
            if was_there {
                return;
            }
        }
    }
}

/// Repetitions that make a sample long enough for the clock; also the warm-up.
fn enough_loops(run: &mut dyn FnMut(), effort: Effort) -> usize {
    let mut loops = 1;
    sample(run, loops);
    loop {
        let taken = sample(run, loops);
        if taken >= effort.sample {
            return loops;
        }
        let scaled = (loops as f64 * 1.2 * effort.sample / taken.max(1e-9)).round() as usize;
        loops = scaled.clamp(loops + 1, loops * 10);
    }
}

/// The first quartile, the median and the third.
fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|part| {
        let at = part * (values.len() - 1) as f64;
        let (low, high) = (values[at.floor() as usize], values[at.ceil() as usize]);
        low + (high - low) * at.fract()
    })
}

/// xorshift: the same order in every run.
struct Shuffle(u64);

impl Shuffle {
    fn apply(&mut self, order: &mut [usize]) {
        for at in (1..order.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            order.swap(at, (self.0 % (at as u64 + 1)) as usize);
        }
    }
}
