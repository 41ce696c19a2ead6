//! `ndbytes demo [FILE]`: arrays to bytes and back, in every way there is.

mod arrays;
mod clock;
mod ways;

use std::path::PathBuf;

use ndbytes::{Array, Format};
use serde_json::{Value, json};

use crate::Outcome;
use crate::description::{ReadArgs, in_short, order_name};
use crate::input::Input;
use crate::screen::{BAD, BOLD, Cell, DIM, GOOD, Screen, counted, grouped};
use crate::trouble::{Trouble, name};
use arrays::SAMPLES;
use ndbytes::array::tuple;
use ways::{Told, WAYS, Way};

const AFTER_HELP: &str = "\
Every array is turned into bytes, read back and compared bit by bit. The exit
code is 1 if any does not come back exactly.

With --json there is one object on a line for each array: name, about, dtype,
typestr (null for a structure), shape, order, nbytes, and ways, each with name
and either refused (why there are no such bytes) or nbytes, keeps, safe, exact,
wrong (what is not exact, or null), encode_ns, decode_ns.

Examples:
  ndbytes demo
  ndbytes demo x.npy
  ndbytes demo x.raw --dtype float32 --shape -1,28";

const LEGEND: [(&str, &str); 4] = [
    ("keeps", "what the bytes say themselves; a reader has to be told the rest"),
    ("safe", "reading the bytes runs none of them as code"),
    ("exact", "read back and compared with the array, every bit is the same"),
    ("encode", "and decode: the least time of several runs"),
];

/// Turns arrays into bytes in every way and back, and checks every bit
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Args {
    /// The array to take, - for stdin; otherwise small real ones
    file: Option<PathBuf>,

    /// One JSON object a line for each array
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    reading: ReadArgs,
}

pub(crate) fn run(args: &Args) -> Result<Outcome, Trouble> {
    let mut demo =
        Demo { screen: Screen::stdout(), json: args.json, arrays: 0, trips: 0, wrong: 0 };
    match &args.file {
        Some(file) => {
            let about = |trouble: Trouble| trouble.about(file);
            let input = Input::open(file).map_err(|error| about(error.into()))?;
            let (format, arrays) = args.reading.read(file, &input, None).map_err(about)?;
            if format != Format::Raw && args.reading.order().is_some() {
                return Err(about(Trouble::new("--order is for raw bytes")));
            }
            for (entry, array) in &arrays {
                let entry = entry.as_ref().map_or(String::new(), |entry| format!(": {entry}"));
                demo.show(&format!("{}{entry}", name(file)), "", array)?;
            }
        }
        None => {
            for sample in SAMPLES {
                let array = ndbytes::bytes_to_array(sample.npy)?;
                demo.show(sample.name, sample.about, &array)?;
            }
            demo.show_others(&arrays::others()?)?;
        }
    }
    demo.end()
}

/// One array that went one way.
struct Trip {
    way: &'static Way,
    /// Or why there are no such bytes.
    done: Result<Done, String>,
}

struct Done {
    nbytes: usize,
    /// What did not come back exactly.
    wrong: Option<String>,
    /// Nanoseconds, where they were measured.
    encode: f64,
    decode: f64,
}

impl Trip {
    fn new(way: &'static Way, array: &Array<'_>, timed: bool) -> Self {
        let told = Told::about(array);
        let done = (way.encode)(array).map(|bytes| {
            let wrong = match (way.decode)(&bytes, &told) {
                Ok(back) if way.is_exact(array, &back) => None,
                Ok(_) => Some("it differs".to_owned()),
                Err(error) => Some(error.to_string()),
            };
            let measure =
                |call: &dyn Fn()| if timed { clock::least_nanoseconds(call) } else { 0.0 };
            let encode = measure(&|| drop(std::hint::black_box((way.encode)(array))));
            let decode = measure(&|| drop(std::hint::black_box((way.decode)(&bytes, &told))));
            Done { nbytes: bytes.len(), wrong, encode, decode }
        });
        Self { way, done }
    }

    fn cells(&self) -> Vec<Cell> {
        let Way { name, keeps, safe, .. } = self.way;
        let done = match &self.done {
            Ok(done) => done,
            Err(reason) => return vec![Cell::new(DIM, name), Cell::new(DIM, reason)],
        };
        let yes = |yes: bool| if yes { Cell::from("yes") } else { Cell::new(DIM, "no") };
        vec![
            Cell::from(name),
            Cell::from(grouped(done.nbytes)).right(),
            yes(keeps.dtype),
            yes(keeps.shape),
            yes(keeps.order),
            yes(*safe),
            verdict(done.wrong.is_none()),
            Cell::from(clock::shown(done.encode)).right(),
            Cell::from(clock::shown(done.decode)).right(),
        ]
    }

    fn json(&self) -> Value {
        let Way { name, keeps, safe, .. } = self.way;
        match &self.done {
            Err(reason) => json!({ "name": name, "refused": reason }),
            Ok(Done { nbytes, wrong, encode, decode }) => json!({
                "name": name,
                "nbytes": nbytes,
                "keeps": { "dtype": keeps.dtype, "shape": keeps.shape, "order": keeps.order },
                "safe": safe,
                "exact": wrong.is_none(),
                "wrong": wrong,
                "encode_ns": encode,
                "decode_ns": decode,
            }),
        }
    }
}

fn verdict(exact: bool) -> Cell {
    if exact { Cell::new(GOOD, "yes") } else { Cell::new(BAD, "NO") }
}

/// What has been shown so far.
struct Demo {
    screen: Screen,
    json: bool,
    arrays: usize,
    trips: usize,
    wrong: usize,
}

impl Demo {
    /// Sends the array on all ways, and counts what came back.
    fn send(&mut self, array: &Array<'_>, timed: bool) -> Vec<Trip> {
        let trips: Vec<Trip> = WAYS.iter().map(|way| Trip::new(way, array, timed)).collect();
        let done = trips.iter().filter_map(|trip| trip.done.as_ref().ok());
        self.arrays += 1;
        self.trips += done.clone().count();
        self.wrong += done.filter(|done| done.wrong.is_some()).count();
        trips
    }

    /// A table of all ways.
    fn show(&mut self, name: &str, about: &str, array: &Array<'_>) -> Result<(), Trouble> {
        let trips = self.send(array, true);
        if self.json {
            return self.show_json(name, about, array, &trips);
        }
        let colon = if about.is_empty() { "" } else { ": " };
        self.screen.line(&[Cell::new(BOLD, name), colon.into(), about.into()])?;
        let what = format!(
            "{}, shape {}, {} order, {}",
            in_short(array.dtype()),
            tuple(array.shape()),
            order_name(array.layout().order()),
            counted(array.nbytes(), "byte")
        );
        self.screen.line(&[what.into()])?;
        self.screen.line(&[])?;

        let title = |text: &str| Cell::new(DIM, text);
        let mut rows = vec![
            ["", "", "keeps"].map(title).to_vec(),
            [
                "representation",
                "bytes",
                "dtype",
                "shape",
                "order",
                "safe",
                "exact",
                "encode",
                "decode",
            ]
            .map(title)
            .to_vec(),
        ];
        for number in [1, 7, 8] {
            rows[1][number] = rows[1][number].clone().right();
        }
        rows.extend(trips.iter().map(Trip::cells));
        self.screen.table(0, &rows)?;
        self.show_wrong(&trips)?;
        self.screen.line(&[])?;
        // One array after the other, rather than all after a silence.
        Ok(self.screen.flush()?)
    }

    fn show_wrong(&mut self, trips: &[Trip]) -> Result<(), Trouble> {
        for trip in trips {
            if let Ok(Done { wrong: Some(wrong), .. }) = &trip.done {
                let line = format!("{} is not exact: {wrong}", trip.way.name);
                self.screen.line(&[Cell::new(BAD, line)])?;
            }
        }
        Ok(())
    }

    fn show_json(
        &mut self,
        name: &str,
        about: &str,
        array: &Array<'_>,
        trips: &[Trip],
    ) -> Result<(), Trouble> {
        self.screen.json(&json!({
            "name": name,
            "about": about,
            "dtype": array.dtype().to_string(),
            "typestr": array.dtype().typestr(),
            "shape": array.shape(),
            "order": order_name(array.layout().order()),
            "nbytes": array.nbytes(),
            "ways": trips.iter().map(Trip::json).collect::<Vec<_>>(),
        }))?;
        Ok(self.screen.flush()?)
    }

    /// More arrays, a line for each.
    fn show_others(&mut self, files: &[PathBuf]) -> Result<(), Trouble> {
        if files.is_empty() {
            return Ok(());
        }
        let titles = ["array", "dtype", "shape", "order", "bytes", "exact"];
        let mut rows = vec![titles.map(|title| Cell::new(DIM, title)).to_vec()];
        rows[0][4] = rows[0][4].clone().right();
        let mut all_trips = Vec::new();
        for file in files {
            let about = |trouble: Trouble| trouble.about(file);
            let input = Input::open(file).map_err(|error| about(error.into()))?;
            let array = ndbytes::bytes_to_array(&input).map_err(|error| about(error.into()))?;
            let name = file.file_stem().unwrap_or_default().to_string_lossy();
            let trips = self.send(&array, self.json);
            if self.json {
                self.show_json(&name, "", &array, &trips)?;
                continue;
            }
            let exact = trips
                .iter()
                .all(|trip| trip.done.as_ref().map_or(true, |done| done.wrong.is_none()));
            rows.push(vec![
                name.into(),
                in_short(array.dtype()).into(),
                tuple(array.shape()).into(),
                order_name(array.layout().order()).into(),
                Cell::from(grouped(array.nbytes())).right(),
                verdict(exact),
            ]);
            all_trips.extend(trips);
        }
        if !self.json {
            let line = format!("and {} more of fixtures/real, in the same ways", files.len());
            self.screen.line(&[Cell::new(BOLD, line)])?;
            self.screen.line(&[])?;
            self.screen.table(0, &rows)?;
            self.show_wrong(&all_trips)?;
            self.screen.line(&[])?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<Outcome, Trouble> {
        let Self { arrays, trips, wrong, .. } = self;
        if !self.json {
            let legend = LEGEND.map(|(word, meaning)| vec![Cell::new(DIM, word), meaning.into()]);
            self.screen.table(0, &legend)?;
            self.screen.line(&[])?;
            let arrays =
                if arrays == 1 { "1 array".to_owned() } else { format!("{arrays} arrays") };
            self.screen.line(&[match wrong {
                0 => Cell::new(GOOD, format!("{arrays}, {trips} round trips, every bit the same")),
                _ => Cell::new(BAD, format!("{arrays}, {trips} round trips, {wrong} NOT exact")),
            }])?;
        }
        self.screen.flush()?;
        Ok(if wrong == 0 { Outcome::Fine } else { Outcome::Different })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_that_is_not_exact_is_counted_and_ends_in_failure() {
        static LOSSY: Way =
            Way { decode: |bytes, told| (WAYS[0].decode)(&bytes[1..], told), ..WAYS[0] };
        let array = Array::from_slice(&[1_u8, 2, 3], &[3]).unwrap();
        let trip = Trip::new(&LOSSY, &array, false);
        assert!(trip.done.as_ref().is_ok_and(|done| done.wrong.is_some()));
        assert_eq!(trip.json()["exact"], false);

        for (wrong, outcome) in [(0, Outcome::Fine), (1, Outcome::Different)] {
            let screen = Screen::stdout();
            let demo = Demo { screen, json: true, arrays: 1, trips: 1, wrong };
            assert_eq!(demo.end().unwrap(), outcome);
        }
    }
}
