//! How bytes are distributed at each place of elements.

use super::sample::{LANES, Sample};

/// The distributions of what varies, and how many bytes they are of.
pub(super) struct Lanes {
    pub(super) shares: Vec<[f64; 256]>,
    pub(super) counts: [usize; LANES],
    entropies: [f64; LANES],
}

impl Lanes {
    pub(super) fn of(sample: &Sample) -> Self {
        let lanes = sample.varied_lanes();
        let counts = std::array::from_fn(|lane| lanes[lane].iter().map(|&n| n as usize).sum());
        let shares = (0..LANES)
            .map(|lane| {
                let total = f64::max(1.0, counts[lane] as f64);
                std::array::from_fn(|byte| f64::from(lanes[lane][byte]) / total)
            })
            .collect();
        let entropies =
            std::array::from_fn(|lane| entropy(lanes[lane].iter().map(|&n| n as usize)));
        Self { shares, counts, entropies }
    }

    /// How far the distributions `lag` lanes apart are from each other, 0 to 1, beyond what chance
    /// makes of so few bytes.
    pub(super) fn differ(&self, lag: usize) -> f64 {
        let one = |lane: usize| {
            let other = (lane + lag) % LANES;
            let (a, b) = (&self.shares[lane], &self.shares[other]);
            let least = self.counts[lane].min(self.counts[other]);
            if least == 0 {
                return 0.0;
            }
            let term = |p: f64, q: f64| if p > 0.0 { p * (2.0 * p / (p + q)).log2() } else { 0.0 };
            let (mut divergence, mut used) = (0.0, 0);
            for (&p, &q) in a.iter().zip(b) {
                divergence += 0.5 * (term(p, q) + term(q, p));
                used += usize::from(p > 0.0 || q > 0.0);
            }
            // What two samples of one distribution differ by, on average.
            let chance = (used - 1) as f64 / (4.0 * least as f64 * std::f64::consts::LN_2);
            (divergence - chance).max(0.0)
        };
        ((0..LANES).map(one).sum::<f64>() / LANES as f64).sqrt()
    }

    /// The share of lanes that hold one value alone while those `lag` further hold more.
    pub(super) fn constants_differ(&self, lag: usize) -> f64 {
        let constant = |lane: usize| self.entropies[lane] == 0.0;
        let differ = |lane: &usize| constant(*lane) != constant((lane + lag) % LANES);
        (0..LANES).filter(differ).count() as f64 / LANES as f64
    }

    /// The share of lanes that hold several values while those `lag` further hold one alone.
    pub(super) fn half_dead(&self, lag: usize) -> f64 {
        let varies = |lane: usize| self.entropies[lane % LANES] > 0.0;
        let varying = (0..LANES).filter(|&lane| varies(lane));
        let dead = varying.clone().filter(|&lane| !varies(lane + lag)).count();
        dead as f64 / varying.count().max(1) as f64
    }

    /// How much all other bytes vary, in bits, at most 1, where every fourth is 255.
    pub(super) fn opaque(&self) -> f64 {
        let full = |lane: usize| self.shares[lane][255] > 0.999;
        let colours = |alpha: usize| {
            let varies = |lane: usize| self.entropies[lane].min(1.0);
            let others = (0..LANES).filter(|lane| lane % 4 != alpha);
            others.map(varies).fold(1.0, f64::min)
        };
        let alphas = (0..4).filter(|alpha| (*alpha..LANES).step_by(4).all(full));
        alphas.map(colours).fold(0.0, f64::max)
    }

    /// The entropies of the lowest and of the highest byte of numbers of `size` bytes.
    pub(super) fn ends(&self, size: usize, big: bool) -> (f64, f64) {
        let mean = |byte: usize| {
            let lanes = (byte..LANES).step_by(size);
            lanes.clone().map(|lane| self.entropies[lane]).sum::<f64>() / lanes.count() as f64
        };
        let (first, last) = (mean(0), mean(size - 1));
        if big { (last, first) } else { (first, last) }
    }
}

/// Bits a symbol, of symbols that are found so often.
pub(super) fn entropy(counts: impl Iterator<Item = usize> + Clone) -> f64 {
    let total: usize = counts.clone().sum();
    let share = |count: usize| count as f64 / total as f64;
    let bits = |count: usize| share(count) * (total as f64 / count as f64).log2();
    counts.filter(|&count| count > 0).map(bits).fold(0.0, |sum, bits| sum + bits)
}
