//! A drawing of lines over two logarithmic axes, as SVG.
//!
//! It is read on white and on dark pages, so the ground is left open and every colour stands out
//! from both. The lines differ in their marks too, and carry their names at their ends.

use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 520.0;
const LEFT: f64 = 72.0;
const RIGHT: f64 = 690.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 462.0;
const LABEL_GAP: f64 = 17.0;
/// Grey of middling lightness.
const INK: &str = "#7d8590";

#[derive(Debug)]
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: Axis<'a>,
    pub(crate) y: Axis<'a>,
    pub(crate) series: Vec<Series>,
}

#[derive(Debug)]
pub(crate) struct Axis<'a> {
    pub(crate) title: &'a str,
    /// The factor between two marks.
    pub(crate) step: f64,
    pub(crate) label: fn(f64) -> String,
}

#[derive(Debug, Clone)]
pub(crate) struct Series {
    pub(crate) name: String,
    /// No peer, but what the machine allows: dashed.
    pub(crate) limit: bool,
    pub(crate) points: Vec<(f64, f64)>,
}

/// From values to places on paper.
#[derive(Debug, Clone, Copy)]
struct Scale {
    values: (f64, f64),
    places: (f64, f64),
}

/// Colours told apart by nearly everyone (after Okabe and Ito), and the marks that go with them.
const STYLES: &[(&str, Mark)] = &[
    ("#0072b2", Mark::Disc),
    ("#d55e00", Mark::Square),
    ("#009e73", Mark::Diamond),
    ("#bb6496", Mark::Triangle),
    ("#a27a00", Mark::Ring),
];

#[derive(Debug, Clone, Copy)]
enum Mark {
    Disc,
    Square,
    Diamond,
    Triangle,
    Ring,
}

pub(crate) fn svg(plot: &Plot<'_>) -> Option<String> {
    let all = || plot.series.iter().flat_map(|series| &series.points);
    let x = Scale::over(all().map(|point| point.0), 1.0, (LEFT, RIGHT))?;
    let y = Scale::over(all().map(|point| point.1), plot.y.step, (BOTTOM, TOP))?;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\" fill=\"{INK}\">\n\
         <title>{title}</title>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"15\">{title}</text>\n",
        title = escaped(plot.title),
    );
    axes(&mut out, plot, x, y);
    let mut styles = STYLES.iter().cycle();
    let mut labels = Vec::new();
    for series in plot.series.iter().filter(|series| !series.points.is_empty()) {
        let (colour, mark) = match series.limit {
            true => (INK, None),
            false => styles.next().map_or((INK, None), |&(colour, mark)| (colour, Some(mark))),
        };
        let places: Vec<(f64, f64)> =
            series.points.iter().map(|&(a, b)| (x.place(a), y.place(b))).collect();
        line(&mut out, &places, colour, mark);
        labels.push((places[places.len() - 1].1, series.name.as_str(), colour));
    }
    labels.sort_by(|one, other| one.0.total_cmp(&other.0));
    let apart = spread(&labels.iter().map(|label| label.0).collect::<Vec<_>>(), LABEL_GAP);
    for ((_, name, colour), place) in labels.into_iter().zip(apart) {
        let (at, name) = (place + 4.5, escaped(name));
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{at:.1}\" fill=\"{colour}\">{name}</text>",
            RIGHT + 10.0
        );
    }
    out.push_str("</svg>\n");
    Some(out)
}

fn axes(out: &mut String, plot: &Plot<'_>, x: Scale, y: Scale) {
    let _ = writeln!(out, "<g stroke=\"{INK}\" stroke-opacity=\"0.3\">");
    for at in x.marks(plot.x.step).map(|value| x.place(value)) {
        let _ = writeln!(out, "<path d=\"M{at:.1} {TOP}V{BOTTOM}\"/>");
    }
    for at in y.marks(plot.y.step).map(|value| y.place(value)) {
        let _ = writeln!(out, "<path d=\"M{LEFT} {at:.1}H{RIGHT}\"/>");
    }
    out.push_str("</g>\n<g text-anchor=\"middle\">\n");
    for value in x.marks(plot.x.step) {
        let (at, label) = (x.place(value), (plot.x.label)(value));
        let _ = writeln!(out, "<text x=\"{at:.1}\" y=\"{}\">{label}</text>", BOTTOM + 19.0);
    }
    let (middle, below) = ((LEFT + RIGHT) / 2.0, BOTTOM + 44.0);
    let _ = writeln!(out, "<text x=\"{middle}\" y=\"{below}\">{}</text>", escaped(plot.x.title));
    let middle = (TOP + BOTTOM) / 2.0;
    let _ = writeln!(
        out,
        "<text transform=\"translate(14 {middle}) rotate(-90)\">{}</text>\n</g>\n\
         <g text-anchor=\"end\">",
        escaped(plot.y.title)
    );
    for value in y.marks(plot.y.step) {
        let (at, label) = (y.place(value) + 4.5, (plot.y.label)(value));
        let _ = writeln!(out, "<text x=\"{}\" y=\"{at:.1}\">{label}</text>", LEFT - 8.0);
    }
    out.push_str("</g>\n");
}

fn line(out: &mut String, places: &[(f64, f64)], colour: &str, mark: Option<Mark>) {
    let path: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let dashes = if mark.is_some() { "" } else { " stroke-dasharray=\"6 4\"" };
    let _ = writeln!(
        out,
        "<path d=\"M{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"{dashes}/>",
        path.join("L")
    );
    let Some(mark) = mark else { return };
    let shape = match mark {
        Mark::Disc => "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
        Mark::Ring => "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0zm2 0a2 2 0 1 1 4 0a2 2 0 1 1-4 0z",
        Mark::Square => "m-3.5-3.5h7v7h-7z",
        Mark::Diamond => "m0-5l5 5l-5 5l-5-5z",
        Mark::Triangle => "m0-5l4.5 8h-9z",
    };
    let marks: String = path.iter().map(|place| format!("M{place}{shape}")).collect();
    let _ = writeln!(out, "<path d=\"{marks}\" fill=\"{colour}\"/>");
}

impl Scale {
    /// From the least to the greatest value, made wider to powers of `step` when it is over 1.
    fn over(values: impl Iterator<Item = f64>, step: f64, places: (f64, f64)) -> Option<Self> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        values.for_each(|value| (low, high) = (low.min(value), high.max(value)));
        if !(low > 0.0 && high.is_finite()) {
            return None;
        }
        if step > 1.0 {
            low = step.powf((low.ln() / step.ln() + 1e-9).floor());
            high = step.powf((high.ln() / step.ln() - 1e-9).ceil());
        }
        Some(Self { values: (low, high.max(low * 1.001)), places })
    }

    fn place(self, value: f64) -> f64 {
        let part = (value / self.values.0).ln() / (self.values.1 / self.values.0).ln();
        self.places.0 + part * (self.places.1 - self.places.0)
    }

    /// The powers of `step` on it.
    fn marks(self, step: f64) -> impl Iterator<Item = f64> {
        let power = move |value: f64| value.ln() / step.ln();
        let first = (power(self.values.0) - 1e-9).ceil() as i32;
        let last = (power(self.values.1) + 1e-9).floor() as i32;
        (first..=last).map(move |power| step.powi(power))
    }
}

/// Places in order, moved as little as it takes for them to be `gap` apart.
fn spread(places: &[f64], gap: f64) -> Vec<f64> {
    // Runs of places that touch, each centred where its members want to be.
    let mut runs: Vec<(f64, usize)> = Vec::new();
    for &place in places {
        runs.push((place, 1));
        while let [.., (before, many), (after, more)] = runs[..] {
            let reach = gap * (many + more) as f64 / 2.0;
            if after - before >= reach {
                break;
            }
            let all = many + more;
            let centre = (before * many as f64 + after * more as f64) / all as f64;
            runs.truncate(runs.len() - 2);
            runs.push((centre, all));
        }
    }
    let run = |(centre, many): (f64, usize)| {
        (0..many).map(move |at| centre + gap * (at as f64 - (many - 1) as f64 / 2.0))
    };
    runs.into_iter().flat_map(run).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_puts_equal_factors_at_equal_distances() {
        let scale = Scale::over([1.0, 1000.0].into_iter(), 10.0, (0.0, 300.0)).unwrap();
        for (value, place) in [(1.0, 0.0), (10.0, 100.0), (100.0, 200.0), (1000.0, 300.0)] {
            assert!((scale.place(value) - place).abs() < 1e-9);
        }
        assert_eq!(scale.marks(10.0).count(), 4);
        let wider = Scale::over([3e-8, 2.0].into_iter(), 10.0, (0.0, 1.0)).unwrap();
        assert!((wider.values.0 / 1e-8 - 1.0).abs() < 1e-9);
        assert!((wider.values.1 / 10.0 - 1.0).abs() < 1e-9);
        assert!(Scale::over(std::iter::empty(), 10.0, (0.0, 1.0)).is_none());
        assert!(Scale::over([0.0].into_iter(), 10.0, (0.0, 1.0)).is_none());
    }

    #[test]
    fn labels_do_not_overlap_and_stay_near() {
        assert_eq!(spread(&[0.0, 100.0], 10.0), [0.0, 100.0]);
        assert_eq!(spread(&[50.0, 52.0, 200.0], 10.0), [46.0, 56.0, 200.0]);
        let apart = spread(&[0.0, 1.0, 2.0, 3.0], 10.0);
        assert!(apart.windows(2).all(|pair| (pair[1] - pair[0] - 10.0).abs() < 1e-9));
    }

    #[test]
    fn a_drawing_is_whole() {
        let series = |name: &str, limit| Series {
            name: name.into(),
            limit,
            points: vec![(1.0, 1e-7), (1e6, 1e-3)],
        };
        let axis = |title| Axis { title, step: 10.0, label: |value| value.to_string() };
        let plot = Plot {
            title: "a < b",
            x: axis("x"),
            y: axis("y"),
            series: vec![series("ours", false), series("memcpy", true)],
        };
        let drawn = svg(&plot).unwrap();
        assert!(drawn.contains("a &lt; b") && drawn.contains("stroke-dasharray"));
        assert_eq!(drawn.matches("<g").count(), drawn.matches("</g>").count());
        assert!(svg(&Plot { series: Vec::new(), ..plot }).is_none());
    }
}
