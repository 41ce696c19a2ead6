//! Arrays of which it is known what they are.

use std::path::Path;

use ndbytes::{Array, ByteOrder, DType, Kind, Order, Scalar};

use crate::chance::Chance;

/// Arrays of one source are all tuned on or all reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    Tuning,
    Reporting,
}

/// Bytes, and what they are.
#[derive(Clone, Debug)]
pub struct Case {
    pub source: String,
    pub half: Half,
    /// Such as "image" or "labels".
    pub what: &'static str,
    /// How it was made of its source.
    pub variant: &'static str,
    pub dtype: DType,
    pub shape: Vec<usize>,
    pub offset: usize,
    pub bytes: Vec<u8>,
    pub real: bool,
}

impl Case {
    /// Whether reading the bytes as `dtype` gives the same values.
    pub fn same_values(&self, dtype: &DType) -> bool {
        if *dtype == self.dtype {
            return true;
        }
        let whole = |dtype: &DType| match dtype.kind() {
            Kind::Scalar(scalar) => {
                matches!(scalar.code().as_bytes()[0], b'b' | b'i' | b'u').then_some(*scalar)
            }
            _ => None,
        };
        let (Some(one), Some(other)) = (whole(&self.dtype), whole(dtype)) else { return false };
        if one.itemsize() != other.itemsize() || self.dtype.byte_order() != dtype.byte_order() {
            return false;
        }
        let elements = self.bytes[self.offset..].chunks_exact(one.itemsize());
        let big = dtype.byte_order() == ByteOrder::Big;
        let bools = one == Scalar::Bool || other == Scalar::Bool;
        elements.clone().all(|element| {
            let top = if big { element[0] } else { element[element.len() - 1] };
            if bools { top <= 1 } else { top < 0x80 }
        })
    }

    pub fn is_noise(&self) -> bool {
        self.what == "random"
    }
}

/// Numbers in a shape, before they are stored.
#[derive(Clone)]
pub struct Numbers {
    pub values: Vec<f64>,
    pub shape: Vec<usize>,
}

impl Numbers {
    pub fn map(&self, convert: impl Fn(f64) -> f64) -> Self {
        Self {
            values: self.values.iter().map(|&value| convert(value)).collect(),
            shape: self.shape.clone(),
        }
    }

    /// Of an image with its colours last, the same with the colours first.
    pub fn planes(&self) -> Self {
        let colours = self.shape[2];
        let pixels = self.values.len() / colours;
        let values = (0..self.values.len())
            .map(|at| self.values[at % pixels * colours + at / pixels])
            .collect();
        Self { values, shape: vec![colours, self.shape[0], self.shape[1]] }
    }

    /// Of an image with three colours, the same with a fourth for how opaque it is.
    pub fn opaque(&self) -> Self {
        let values =
            self.values.chunks(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 255.0]).collect();
        Self { values, shape: vec![self.shape[0], self.shape[1], 4] }
    }

    /// The bytes as elements of this type string.
    pub fn stored(&self, typestr: &str) -> Vec<u8> {
        let dtype = DType::from_typestr(typestr).expect("a dtype");
        let big = dtype.byte_order() == ByteOrder::Big;
        let Kind::Scalar(scalar) = *dtype.kind() else { panic!("{typestr} is no number") };
        let mut bytes = Vec::new();
        for &value in &self.values {
            let mut element = match scalar {
                Scalar::Float16 => half::f16::from_f64(value).to_le_bytes().to_vec(),
                Scalar::BFloat16 => half::bf16::from_f64(value).to_le_bytes().to_vec(),
                Scalar::Float32 | Scalar::Complex64 => (value as f32).to_le_bytes().to_vec(),
                Scalar::Float64 | Scalar::Complex128 => value.to_le_bytes().to_vec(),
                Scalar::UInt64 => (value as u64).to_le_bytes().to_vec(),
                _ => (value as i64).to_le_bytes()[..scalar.itemsize()].to_vec(),
            };
            if big {
                element.reverse();
            }
            bytes.extend(element);
        }
        bytes
    }
}

pub type RealSource = (String, Half, &'static str, DType, Vec<u8>, Numbers);

pub fn real_sources() -> Vec<RealSource> {
    ["guess", "pictures", "tuned"].into_iter().flat_map(sources_in).collect()
}

fn sources_in(folder: &str) -> Vec<RealSource> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/real").join(folder);
    let list = std::fs::read_to_string(folder.join("expected.json")).expect("the list is there");
    let list: serde_json::Value = serde_json::from_str(&list).expect("the list is JSON");
    let rows = list["files"].as_array().expect("files");
    let source = |row: &serde_json::Value| {
        let file = row["file"].as_str().expect("a name");
        let bytes = std::fs::read(folder.join(file)).expect("the file is there");
        let array = ndbytes::bytes_to_array(&bytes).expect("npy");
        let half = match row["half"].as_str() {
            Some("tuning") => Half::Tuning,
            _ => Half::Reporting,
        };
        let what: &'static str = row["what"].as_str().expect("a kind").to_owned().leak();
        let numbers = Numbers { values: values(&array), shape: array.shape().to_vec() };
        let name = file.trim_end_matches(".npy").to_owned();
        (name, half, what, array.dtype().clone(), array.to_bytes(Order::C), numbers)
    };
    rows.iter().map(source).collect()
}

fn values(array: &Array<'_>) -> Vec<f64> {
    let bytes = array.to_bytes(Order::C);
    let big = array.dtype().byte_order() == ByteOrder::Big;
    let size = array.dtype().itemsize();
    let kind = array.dtype().typestr().expect("a number").as_bytes()[1];
    bytes
        .chunks_exact(size)
        .map(|element| {
            let mut eight = [0; 8];
            for (at, &byte) in element.iter().enumerate() {
                eight[if big { size - 1 - at } else { at }] = byte;
            }
            let bits = u64::from_le_bytes(eight);
            let unused = 64 - 8 * size as u32;
            match (kind, size) {
                (b'f', 8) => f64::from_bits(bits),
                (b'f', 4) => f64::from(f32::from_bits(bits as u32)),
                (b'i' | b'M', _) => (((bits << unused) as i64) >> unused) as f64,
                _ => bits as f64,
            }
        })
        .collect()
}

/// What is made of each real array: how it is stored by those who have such arrays.
pub fn real() -> Vec<Case> {
    let mut cases = Vec::new();
    for (index, (source, half, what, dtype, bytes, numbers)) in
        real_sources().into_iter().enumerate()
    {
        let case = |variant, dtype: &DType, numbers: &Numbers, offset, bytes| Case {
            source: source.clone(),
            half,
            what,
            variant,
            dtype: dtype.clone(),
            shape: numbers.shape.clone(),
            offset,
            bytes,
            real: true,
        };
        cases.push(case("as it is", &dtype, &numbers, 0, bytes.clone()));
        let mut store = |variant, typestr: &str, numbers: &Numbers| {
            let dtype = DType::from_typestr(typestr).expect("a dtype");
            cases.push(case(variant, &dtype, numbers, 0, numbers.stored(typestr)));
        };
        let typestr = dtype.typestr().expect("a number");
        match &typestr[1..] {
            "u1" if what.starts_with("image") => {
                let share = numbers.map(|value| value / 255.0);
                store("0 to 1", "<f4", &share);
                match index % 4 {
                    0 => store("0 to 1", "<f2", &share),
                    1 => store("0 to 1", "<f8", &share),
                    2 => store("as float", "<f4", &numbers),
                    _ => store("normalised", ">f4", &share.map(|value| (value - 0.45) / 0.22)),
                }
                let mut deep = Chance::named(&source);
                let deeper =
                    |value: f64, chance: &mut Chance| value * 16.0 + chance.below(16) as f64;
                let values = numbers.values.iter().map(|&value| deeper(value, &mut deep)).collect();
                let deep = Numbers { values, shape: numbers.shape.clone() };
                store("12 bits", if index % 3 == 0 { ">u2" } else { "<u2" }, &deep);
                if numbers.shape.len() == 3 && numbers.shape[2] == 3 {
                    store("planes", "|u1", &numbers.planes());
                    store("opaque", "|u1", &numbers.opaque());
                    store("planes, 0 to 1", "<f4", &share.planes());
                }
            }
            "i8" => {
                store("short", if index % 2 == 0 { "<i4" } else { "|u1" }, &numbers);
                store("big", ">i8", &numbers);
            }
            "i2" | "u2" => {
                store("as float", "<f4", &numbers);
                store("swapped", if typestr.starts_with('<') { ">i2" } else { "<i2" }, &numbers);
                if index % 2 == 0 {
                    store("as double", "<f8", &numbers);
                } else {
                    store("long", "<i4", &numbers);
                }
            }
            "f8" => {
                store("single", if index % 3 == 0 { ">f4" } else { "<f4" }, &numbers);
                if index % 2 == 0 {
                    store("big", ">f8", &numbers);
                }
            }
            "f4" => {
                store("double", "<f8", &numbers);
                store("swapped", if typestr.starts_with('<') { ">f4" } else { "<f4" }, &numbers);
                if what == "embeddings" {
                    store("half", "<f2", &numbers);
                    store("brain", "bfloat16", &numbers);
                }
            }
            _ => {}
        }
        if index % 3 == 0 && numbers.shape.len() > 1 {
            cases.push(with_header(&case("header", &dtype, &numbers, 0, bytes), index / 3));
        }
    }
    cases
}

/// The same behind one of the headers that people put before elements.
pub fn with_header(case: &Case, kind: usize) -> Case {
    let dims = &case.shape;
    let header = match kind % 5 {
        0 => dims.iter().flat_map(|&dim| (dim as u32).to_le_bytes()).collect(),
        1 => format!("RAW1\n{} {}\n", dims[dims.len() - 1], dims[0]).into_bytes(),
        2 => {
            let mut header = vec![0; 128];
            header[..8].copy_from_slice(b"SCANNER1");
            for (at, &dim) in dims.iter().enumerate() {
                header[16 + 4 * at..20 + 4 * at].copy_from_slice(&(dim as u32).to_le_bytes());
            }
            header
        }
        3 => {
            let mut header = b"instrument = camera 3\nexposure = 0.02 s\nend of header".to_vec();
            header.resize(255, b' ');
            header.push(b'\n');
            header
        }
        _ => {
            let mut header = vec![0; 512];
            header[0..4].copy_from_slice(&512_u32.to_le_bytes());
            header[4..8].copy_from_slice(&(case.bytes.len() as u32).to_le_bytes());
            header[40..60].copy_from_slice(b"2019-03-11T14:02:55Z");
            header
        }
    };
    let offset = header.len();
    let bytes = [header, case.bytes.clone()].concat();
    Case { variant: "header", offset, bytes, ..case.clone() }
}
