//! The fixtures, as their `expected.json` describes them.
#![allow(dead_code, unreachable_pub, reason = "each test crate uses its part")]

pub mod repr;

use std::path::{Path, PathBuf};

use ndbytes::{ByteOrder, DType, Kind};
use serde_json::{Value, json};

/// One file of a fixture folder.
#[derive(Debug)]
pub struct Fixture {
    pub path: PathBuf,
    pub bytes: Vec<u8>,
    pub expected: Value,
}

impl Fixture {
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.expected.get(key)?.as_str()
    }

    pub fn data(&self) -> Option<Vec<u8>> {
        self.text("data_hex").map(unhex)
    }
}

/// All fixtures below `fixtures/<kind>/<format>`, with the name of their folder.
pub fn fixtures(kind: &str, format: &str) -> Vec<Fixture> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(kind).join(format);
    let mut folders = vec![root.clone()];
    folders.extend(
        std::fs::read_dir(&root)
            .expect("the fixtures are there")
            .map(|entry| entry.expect("a readable folder").path())
            .filter(|path| path.is_dir()),
    );
    folders.sort();
    let found: Vec<Fixture> = folders.iter().flat_map(|folder| load(folder)).collect();
    assert!(!found.is_empty(), "no fixtures in {}", root.display());
    found
}

fn load(folder: &Path) -> Vec<Fixture> {
    let Ok(text) = std::fs::read_to_string(folder.join("expected.json")) else {
        return Vec::new();
    };
    let expected: Value = serde_json::from_str(&text).expect("expected.json is JSON");
    let files = expected["files"].as_array().expect("expected.json lists files");
    files
        .iter()
        .map(|entry| {
            let path = folder.join(entry["file"].as_str().expect("a file name"));
            let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            Fixture { path, bytes, expected: entry.clone() }
        })
        .collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).expect("a hex digit") as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// A dtype as `expected.json` describes it: by NumPy's attributes, not by its type string.
pub fn describe(dtype: &DType) -> Value {
    let mut description = describe_bare(dtype);
    if let Some(metadata) = dtype.metadata() {
        description["metadata"] = json!(repr::repr(metadata));
    }
    description
}

fn describe_bare(dtype: &DType) -> Value {
    let order = match dtype.byte_order() {
        ByteOrder::Little => "<",
        ByteOrder::Big => ">",
        ByteOrder::NotApplicable => "|",
    };
    let simple = |kind: &str| json!({"kind": kind, "itemsize": dtype.itemsize(), "order": order});
    match dtype.kind() {
        Kind::Scalar(scalar) if scalar.is_extension() => json!({"name": scalar.name()}),
        Kind::Scalar(scalar) => simple(&scalar.code()[..1]),
        Kind::Bytes { .. } => simple("S"),
        Kind::Str { .. } => simple("U"),
        Kind::Void { .. } => simple("V"),
        Kind::Object => simple("O"),
        Kind::Datetime64(unit) | Kind::Timedelta64(unit) => {
            let kind = if matches!(dtype.kind(), Kind::Datetime64(_)) { "M" } else { "m" };
            let mut value = simple(kind);
            value["unit"] = json!(unit.base().code());
            value["count"] = json!(unit.count());
            value
        }
        Kind::Struct(structure) => {
            let fields: Vec<Value> = structure
                .fields()
                .iter()
                .map(|field| {
                    json!({
                        "name": &*field.name,
                        "title": field.title.as_deref(),
                        "offset": field.offset,
                        "shape": &field.shape[..],
                        "dtype": describe(&field.dtype),
                    })
                })
                .collect();
            json!({"kind": "V", "itemsize": dtype.itemsize(), "fields": fields})
        }
        Kind::VariableStr(string) => {
            let mut value = simple("T");
            if !string.coerce {
                value["coerce"] = json!(false);
            }
            if let Some(na) = &string.na_object {
                value["na_object"] = json!(repr::repr(na));
            }
            value
        }
        other => panic!("{other:?} has no description"),
    }
}

/// One golden pickle.
#[derive(Debug)]
pub struct Stream {
    pub name: String,
    pub bytes: Vec<u8>,
    /// The buffers out of band, each with whether it is read-only.
    pub buffers: Vec<(Vec<u8>, bool)>,
    pub expected: Value,
}

/// All golden pickles.
pub fn golden_streams() -> Vec<Stream> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/golden/pickle");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("the fixtures are there")
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    folders.sort();
    folders.iter().flat_map(|folder| streams_of(folder)).collect()
}

fn streams_of(folder: &Path) -> Vec<Stream> {
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("expected.json");
    let expected: Value = serde_json::from_str(&text).expect("expected.json is JSON");
    let data = std::fs::read(folder.join("streams.bin")).expect("streams.bin");
    let part = |row: &Value| {
        let [offset, length] = ["offset", "length"].map(|k| row[k].as_u64().expect("a number"));
        data[offset as usize..][..length as usize].to_vec()
    };
    let producer = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let rows = expected["streams"].as_array().expect("expected.json lists streams");
    rows.iter()
        .map(|row| {
            let name = row["name"].as_str().expect("a name");
            let buffers = row.get("buffers").and_then(Value::as_array).into_iter().flatten();
            Stream {
                name: format!("{producer} {name} {} {}", row["protocol"], row["pickler"]),
                bytes: part(row),
                buffers: buffers.map(|b| (part(b), b["readonly"] == true)).collect(),
                expected: expected["values"][name].clone(),
            }
        })
        .collect()
}
