//! What is measured of a shape, as a row of numbers.

use super::Candidate;
use super::peak::Peak;
use super::search::COLOURS;

/// What is measured of a shape. The weights in `weights.rs` are in this order.
pub(in crate::guess) const NAMES: &[&str] = &[
    "one dimension",
    "three dimensions",
    "four dimensions or more",
    "another shape",
    "colours first",
    "three last",
    "four last",
    "pairs last",
    "few columns",
    "few rows",
    "aspect",
    "round lengths",
    "square",
    "foreseen",
    "share of what is foreseen",
    "groups: gain",
    "groups: sure of gain",
    "groups: apart",
    "groups: strength",
    "groups: dip",
    "groups: edge",
    "groups: start",
    "rows: gain",
    "rows: sure of gain",
    "rows: strength",
    "rows: sigmas",
    "rows: dip",
    "rows: edge",
    "rows: start",
    "rows: nearness",
    "planes: gain",
    "planes: sure of gain",
    "planes: strength",
    "planes: sigmas",
    "planes: dip",
    "planes: edge",
    "planes: start",
    "unused strength",
    "unused sigmas",
    "unused gain",
    "unused sure of gain",
    "unused start",
];

/// The row of a shape that is none of the candidates.
pub(in crate::guess) fn another() -> [f64; NAMES.len()] {
    std::array::from_fn(|at| if NAMES[at] == "another shape" { 1.0 } else { 0.0 })
}

impl Candidate {
    /// One number for each of [`NAMES`].
    pub(in crate::guess) fn row(&self) -> [f64; NAMES.len()] {
        let flag = |holds: bool| f64::from(u8::from(holds));
        let dims = &self.shape;
        let count = dims.iter().product::<usize>().min(12 << 10) as f64;
        let sure = |gain: f64| (1.0 + count * gain.max(0.0)).ln();
        let several = dims.len() > 1;
        let last = dims.last().copied().unwrap_or(1);
        let colours = several && dims.len() > 2 && matches!(last, 3 | 4);
        let rest = if colours { &dims[..dims.len() - 1] } else { &dims[..] };
        let (height, width) = match rest {
            [.., height, width] => (*height as f64, *width as f64),
            _ => (1.0, 1.0),
        };
        let common = |dim: usize| {
            dim.is_multiple_of(8) || dim.is_multiple_of(10) || matches!(dim, 3 | 4 | 28)
        };
        let round =
            dims.iter().filter(|&&dim| common(dim)).count() as f64 / dims.len().max(1) as f64;
        let sigmas = |peak: &Peak| (1.0 + peak.sigmas.max(0.0)).ln();
        let dip = |peak: &Peak| (1.0 - peak.dip).max(-1.0);
        // Groups, rows and planes are not told by the same signs. Of several planes the weakest counts.
        let levels: Vec<(Peak, f64)> = self
            .peaks
            .iter()
            .copied()
            .zip(self.adds.iter().map(|add| add.clamp(-0.1, 1.0)))
            .collect();
        let is_group = levels.first().is_some_and(|(peak, _)| peak.dim <= COLOURS);
        let (groups, rest) = levels.split_at(usize::from(is_group));
        let (rows, planes) = rest.split_at(rest.len().min(1));
        let of = |levels: &[(Peak, f64)], value: &dyn Fn(&Peak, f64) -> f64| {
            let values = levels.iter().map(|(peak, gain)| value(peak, *gain));
            if levels.is_empty() { 0.0 } else { values.fold(f64::INFINITY, f64::min) }
        };
        [
            flag(dims.len() == 1),
            flag(dims.len() == 3),
            flag(dims.len() > 3),
            0.0,
            flag(dims.len() == 3 && matches!(dims[0], 3 | 4)),
            flag(colours && last == 3),
            flag(colours && last == 4),
            flag(several && last == 2),
            flag(several && width < 4.0),
            flag(several && (height < 4.0 || (dims.len() == 2 && height < 8.0))),
            if several { (height / width).ln().abs().min(6.0) } else { 0.0 },
            if several { round } else { 0.0 },
            flag(several && height == width),
            self.foreseen(),
            self.foreseen() / (self.best + 0.02),
            of(groups, &|_, gain| gain),
            of(groups, &|_, gain| sure(gain)),
            of(groups, &|peak, _| peak.apart.min(1.0)),
            of(groups, &|peak, _| peak.strength()),
            of(groups, &|peak, _| dip(peak)),
            of(groups, &|peak, _| peak.edge.abs()),
            of(groups, &|peak, _| peak.start),
            of(rows, &|_, gain| gain),
            of(rows, &|_, gain| sure(gain)),
            of(rows, &|peak, _| peak.strength()),
            of(rows, &|peak, _| sigmas(peak)),
            of(rows, &|peak, _| dip(peak)),
            of(rows, &|peak, _| peak.edge.abs()),
            of(rows, &|peak, _| peak.start),
            of(rows, &|peak, _| 1.0 - peak.far),
            of(planes, &|_, gain| gain),
            of(planes, &|_, gain| sure(gain)),
            of(planes, &|peak, _| peak.strength()),
            of(planes, &|peak, _| sigmas(peak)),
            of(planes, &|peak, _| dip(peak)),
            of(planes, &|peak, _| peak.edge.abs()),
            of(planes, &|peak, _| peak.start),
            self.unused.map_or(0.0, |peak| peak.strength()),
            self.unused.map_or(0.0, |peak| sigmas(&peak)),
            self.unused.map_or(0.0, |peak| peak.gain.clamp(-0.1, 1.0)),
            self.unused.map_or(0.0, |peak| sure(peak.gain)),
            self.unused.map_or(0.0, |peak| peak.start),
        ]
    }
}
