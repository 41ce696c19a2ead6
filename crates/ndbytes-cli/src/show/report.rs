//! What is said about an array in words and numbers: for people, and as JSON.

use ndbytes::{Array, DType, DecodeError, Kind, Scalar};
use serde_json::{Value, json};

use super::sample::Sample;
use super::statistics::{Histogram, Statistics, each, is_time, short};
use crate::description::in_short;
use crate::screen::grouped;
use ndbytes::array::{tuple, unravel};

/// Elements that are listed: so many from both ends.
const ENDS: usize = 5;
/// So many are listed without leaving any out.
pub(super) const MOST_LISTED: usize = 2 * ENDS + 1;
/// Fields of a structure that are told of, those of fields included.
const MOST_FIELDS: usize = 32;

/// Statistics of an array or of a field, and the elements that they are of.
pub(super) struct Told<'a> {
    pub(super) sample: Array<'a>,
    pub(super) statistics: Statistics,
}

impl<'a> Told<'a> {
    /// `None` where elements are no numbers and no times.
    pub(super) fn of(sample: &Array<'a>) -> Result<Option<Self>, DecodeError> {
        match sample.dtype().kind() {
            Kind::Scalar(_) | Kind::Datetime64(_) | Kind::Timedelta64(_) => {
                let statistics = Statistics::of(sample)?;
                Ok(Some(Self { sample: sample.clone(), statistics }))
            }
            _ => Ok(None),
        }
    }

    /// The element at a flat index, as its dtype is written; complex numbers by their magnitude,
    /// and long doubles rounded, both as `shown`.
    fn text(&self, place: usize, shown: fn(f64) -> String) -> Result<String, DecodeError> {
        let index = unravel(place, self.sample.shape());
        let is_long = matches!(self.sample.dtype().kind(), Kind::Scalar(s) if s.is_long_double());
        if !self.is_complex() && !is_long {
            return self.sample.text(&index);
        }
        let slices: Vec<_> = index.iter().map(|&at| ndbytes::Slice::Index(at as i64)).collect();
        let mut text = String::new();
        each(&self.sample.slice(&slices)?, |number| text = shown(number))?;
        Ok(text)
    }

    pub(super) fn is_complex(&self) -> bool {
        matches!(
            self.sample.dtype().kind(),
            Kind::Scalar(
                Scalar::Complex64
                    | Scalar::Complex128
                    | Scalar::CLongDouble192
                    | Scalar::CLongDouble256
                    | Scalar::Complex32
                    | Scalar::BComplex32
            )
        )
    }

    /// Names and values, one below the other.
    pub(super) fn rows(&self) -> Result<Vec<(&'static str, String)>, DecodeError> {
        let found = &self.statistics;
        let mut rows = Vec::new();
        for (name, place) in [("min", found.least), ("max", found.greatest)] {
            rows.push((
                name,
                place.map_or(Ok("none".to_owned()), |place| self.text(place, short))?,
            ));
        }
        if is_time(&self.sample) {
            rows.push(("NaT", grouped(found.nan)));
            return Ok(rows);
        }
        if found.finite > 0 {
            rows.push(("mean", short(found.mean)));
            rows.push(("std", short(found.deviation)));
        }
        rows.push(("zeros", grouped(found.zeros)));
        if found.is_real {
            rows.push(("NaN", grouped(found.nan)));
            rows.push(("inf", grouped(found.infinite[1])));
            if found.infinite[0] > 0 {
                rows.push(("-inf", grouped(found.infinite[0])));
            }
        }
        if let Some(labels) = &found.labels {
            rows.push(("values", grouped(labels.len())));
        }
        Ok(rows)
    }

    /// How many there are of each value, or of each range of values.
    pub(super) fn bars(&self) -> Result<Vec<(String, usize)>, DecodeError> {
        match (&self.statistics.labels, &self.statistics.histogram) {
            (Some(labels), _) => {
                labels.iter().map(|&(place, count)| Ok((self.text(place, short)?, count))).collect()
            }
            (None, Some(Histogram { edges, counts })) if !is_time(&self.sample) => {
                // What is nearly zero beside the others is zero.
                let least = 1e-6 * edges.iter().fold(0.0, |most: f64, edge| most.max(edge.abs()));
                let shown = |&edge: &f64| short(if edge.abs() < least { 0.0 } else { edge });
                Ok(edges.iter().map(shown).zip(counts.iter().copied()).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    fn json(&self) -> Result<Value, DecodeError> {
        let found = &self.statistics;
        let number = |place: Option<usize>| {
            let Some(place) = place else { return Ok(Value::Null) };
            let text = self.text(place, |number| format!("{number:?}"))?;
            Ok(match (text.parse::<i64>(), text.parse::<u64>(), text.parse::<f64>()) {
                (Ok(whole), ..) => json!(whole),
                (_, Ok(whole), _) => json!(whole),
                // JSON has no infinity.
                (.., Ok(real)) if real.is_finite() => json!(real),
                _ => json!(text),
            })
        };
        let label = |&(place, count): &(usize, usize)| {
            Ok(json!({ "value": self.text(place, short)?, "count": count }))
        };
        let labels = found.labels.as_ref().map(|labels| labels.iter().map(label).collect());
        let labels: Option<Vec<Value>> = labels.transpose()?;
        let histogram = found.histogram.as_ref().filter(|_| !is_time(&self.sample));
        let measured = |value: f64| match value {
            _ if found.finite == 0 || is_time(&self.sample) => Value::Null,
            value if value.is_finite() => json!(value),
            value => json!(value.to_string()),
        };
        Ok(json!({
            "count": found.count,
            "min": number(found.least)?,
            "max": number(found.greatest)?,
            "mean": measured(found.mean),
            "std": measured(found.deviation),
            "zeros": found.zeros,
            "nan": found.nan,
            "inf": found.infinite[1],
            "negative_inf": found.infinite[0],
            "labels": labels,
            "histogram": histogram.map(|histogram| {
                json!({ "edges": histogram.edges, "counts": histogram.counts })
            }),
        }))
    }
}

/// One field of a structure.
pub(super) struct FieldTold<'a> {
    /// `outer.inner`
    pub(super) name: String,
    pub(super) dtype: DType,
    pub(super) told: Option<Told<'a>>,
}

/// The fields of the structures in `array`, and how many more there are.
pub(super) fn fields<'a>(array: &Array<'a>) -> Result<(Vec<FieldTold<'a>>, usize), DecodeError> {
    let (mut found, mut more) = (Vec::new(), 0);
    // Fields of objects have no bytes that could be looked at.
    if array.objects().is_none() {
        collect(array, "", &mut found, &mut more)?;
    }
    Ok((found, more))
}

fn collect<'a>(
    array: &Array<'a>,
    outer: &str,
    found: &mut Vec<FieldTold<'a>>,
    more: &mut usize,
) -> Result<(), DecodeError> {
    for field in array.dtype().fields() {
        if found.len() >= MOST_FIELDS {
            *more += 1;
            continue;
        }
        let dot = if outer.is_empty() { "" } else { "." };
        let name = format!("{outer}{dot}{}", field.name);
        let part = array.field(&field.name)?;
        if part.dtype().fields().is_empty() {
            let told = Told::of(&part)?;
            found.push(FieldTold { name, dtype: field.dtype.clone(), told });
        } else {
            collect(&part, &name, found, more)?;
        }
    }
    Ok(())
}

/// The first and the last elements with their indices; `None` stands for those between.
pub(super) fn ends(array: &Array<'_>) -> Result<Vec<Option<(String, String)>>, DecodeError> {
    let count = array.len();
    let row = |place: usize| {
        let index = unravel(place, array.shape());
        let shown = match index[..] {
            [] => String::new(),
            [index] => index.to_string(),
            _ => tuple(&index),
        };
        Ok(Some((shown, array.text(&index)?)))
    };
    if count <= MOST_LISTED {
        return (0..count).map(row).collect();
    }
    let first = (0..ENDS).map(row);
    first.chain([Ok(None)]).chain((count - ENDS..count).map(row)).collect()
}

/// All of it as one object, but for what the file is called.
pub(super) fn json(array: &Array<'_>, sample: &Sample<'_>) -> Result<Value, DecodeError> {
    let told = Told::of(&sample.array)?;
    let (fields, _) = fields(&sample.array)?;
    let field = |field: &FieldTold<'_>| {
        Ok(json!({
            "name": field.name,
            "dtype": in_short(&field.dtype),
            "statistics": field.told.as_ref().map(Told::json).transpose()?,
        }))
    };
    let elements: Vec<Value> = ends(array)?
        .into_iter()
        .flatten()
        .map(|(index, text)| json!({ "index": index, "value": text }))
        .collect();
    Ok(json!({
        "dtype": in_short(array.dtype()),
        "typestr": array.dtype().typestr(),
        "shape": array.shape(),
        "sample": sample.how,
        "statistics": told.as_ref().map(Told::json).transpose()?,
        "fields": fields.iter().map(field).collect::<Result<Vec<Value>, DecodeError>>()?,
        "elements": elements,
    }))
}
