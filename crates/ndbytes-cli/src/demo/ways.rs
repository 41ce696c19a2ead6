//! The ways from an array to bytes and back, in one table.

use ndbytes::npz::{self, Compression};
use ndbytes::{
    Array, ByteOrder, DType, DecodeError, Format, Kind, Limits, Order, ReadOptions, npy, pickle,
    raw,
};

/// One representation in bytes. A row of the demo's tables.
pub(super) struct Way {
    pub(super) name: &'static str,
    /// What the bytes themselves say, so that a reader need not be told.
    pub(super) keeps: Keeps,
    /// Whether a reader may take such bytes from a stranger: reading them runs nothing.
    pub(super) safe: bool,
    /// The array as bytes, or why there are none.
    pub(super) encode: fn(&Array<'_>) -> Result<Vec<u8>, String>,
    /// The array in the bytes, by what is told about it where the bytes do not say it.
    pub(super) decode: for<'a> fn(&'a [u8], &Told) -> Result<Array<'a>, DecodeError>,
}

#[derive(Clone, Copy)]
pub(super) struct Keeps {
    pub(super) dtype: bool,
    pub(super) shape: bool,
    pub(super) order: bool,
}

const NOTHING: Keeps = Keeps { dtype: false, shape: false, order: false };
const ALL: Keeps = Keeps { dtype: true, shape: true, order: true };

pub(super) const WAYS: &[Way] = &[
    Way {
        name: "raw, C order",
        keeps: NOTHING,
        safe: true,
        encode: |array| Ok(raw::write(array, Order::C)),
        decode: |bytes, told| told.description(told.dtype.clone(), Order::C).read(bytes),
    },
    Way {
        name: "raw, F order",
        keeps: NOTHING,
        safe: true,
        encode: |array| Ok(raw::write(array, Order::F)),
        decode: |bytes, told| told.description(told.dtype.clone(), Order::F).read(bytes),
    },
    Way {
        name: "raw, swapped",
        keeps: NOTHING,
        safe: true,
        encode: |array| {
            let swapped = match (array.dtype().kind(), swapped(array.dtype().byte_order())) {
                (Kind::Struct(_), _) => return Err("each field has its own byte order".to_owned()),
                (_, ByteOrder::NotApplicable) => {
                    return Err("single bytes have no order".to_owned());
                }
                (_, swapped) => swapped,
            };
            raw::write_as(array, Order::C, swapped).map_err(|error| error.to_string())
        },
        decode: |bytes, told| {
            let dtype = told.dtype.with_byte_order(swapped(told.dtype.byte_order()));
            told.description(dtype, Order::C).read(bytes)
        },
    },
    Way {
        name: "npy",
        keeps: ALL,
        safe: true,
        encode: |array| npy::write(array).map_err(|error| error.to_string()),
        decode: |bytes, _| npy::read(bytes, &Limits::default()),
    },
    Way {
        name: "npz",
        keeps: ALL,
        safe: true,
        encode: |array| write_npz(array, Compression::None),
        decode: read_npz,
    },
    Way {
        name: "npz, deflate",
        keeps: ALL,
        safe: true,
        encode: |array| write_npz(array, Compression::Deflate),
        decode: read_npz,
    },
    Way {
        name: "npz, zstd",
        keeps: ALL,
        safe: true,
        encode: |array| write_npz(array, Compression::Zstd),
        decode: read_npz,
    },
    Way {
        name: "pickle 5",
        keeps: ALL,
        safe: true,
        encode: |array| write_pickle(array, 5),
        decode: read_pickle,
    },
    Way {
        name: "pickle 4",
        keeps: ALL,
        safe: true,
        encode: |array| write_pickle(array, 4),
        decode: read_pickle,
    },
    Way {
        name: "pickle 3",
        keeps: ALL,
        safe: true,
        encode: |array| write_pickle(array, 3),
        decode: read_pickle,
    },
    Way {
        name: "pickle 2",
        keeps: ALL,
        safe: true,
        encode: |array| write_pickle(array, 2),
        decode: read_pickle,
    },
    Way {
        name: "pickle 1",
        keeps: ALL,
        safe: true,
        encode: |array| write_pickle(array, 1),
        decode: read_pickle,
    },
    Way {
        name: "pickle 0",
        keeps: ALL,
        safe: true,
        encode: |array| write_pickle(array, 0),
        decode: read_pickle,
    },
];

fn write_npz(array: &Array<'_>, compression: Compression) -> Result<Vec<u8>, String> {
    let options = npz::WriteOptions::new().compression(compression);
    npz::write(&[("x", array.clone())], &options).map_err(|error| error.to_string())
}

fn read_npz<'a>(bytes: &'a [u8], _: &Told) -> Result<Array<'a>, DecodeError> {
    ndbytes::read(bytes, &ReadOptions::new().format(Format::Npz))?.into_array()
}

fn write_pickle(array: &Array<'_>, protocol: u8) -> Result<Vec<u8>, String> {
    let options = pickle::WriteOptions::new(protocol);
    pickle::write_array(array, options).map_err(|error| error.to_string())
}

fn read_pickle<'a>(bytes: &'a [u8], _: &Told) -> Result<Array<'a>, DecodeError> {
    pickle::read_array(bytes, pickle::ReadOptions::new())
}

fn swapped(order: ByteOrder) -> ByteOrder {
    match order {
        ByteOrder::Little => ByteOrder::Big,
        ByteOrder::Big => ByteOrder::Little,
        ByteOrder::NotApplicable => ByteOrder::NotApplicable,
    }
}

/// What a reader of bytes that do not describe themselves is told.
pub(super) struct Told {
    dtype: DType,
    shape: Vec<Option<usize>>,
}

impl Told {
    pub(super) fn about(array: &Array<'_>) -> Self {
        let shape = array.shape().iter().copied().map(Some).collect();
        Self { dtype: array.dtype().clone(), shape }
    }

    fn description(&self, dtype: DType, order: Order) -> raw::Description {
        raw::Description::new(dtype).shape(&self.shape).order(order)
    }
}

impl Way {
    /// Whether `back` is `array`, bit by bit, with all that this way keeps.
    pub(super) fn is_exact(&self, array: &Array<'_>, back: &Array<'_>) -> bool {
        // Elements in the other byte order are the same once they are turned around.
        let order = array.dtype().byte_order();
        let bytes = match back.dtype().byte_order() == order {
            true => Ok(back.to_bytes(Order::C)),
            false => raw::write_as(back, Order::C, order),
        };
        let Ok(bytes) = bytes else {
            return false;
        };
        if back.dtype().with_byte_order(order) != array.dtype().with_byte_order(order) {
            return false;
        }
        let told = Told::about(array);
        let turned = told.description(told.dtype.clone(), Order::C).read(&bytes);
        back.shape() == array.shape()
            && bytes == array.to_bytes(Order::C)
            && turned.is_ok_and(|turned| ndbytes::identical(array, &turned) == Ok(true))
            && (!self.keeps.dtype || back.dtype() == array.dtype())
            && (!self.keeps.order || back.layout().order() == array.layout().order())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndbytes::Layout;

    fn way(name: &str) -> &'static Way {
        WAYS.iter().find(|way| way.name == name).unwrap()
    }

    #[test]
    fn every_way_brings_the_array_back() {
        let numbers = [1.5_f64, f64::NAN, -0.0, 4.0, 5.0, 6.0];
        let array = Array::from_slice(&numbers, &[2, 3]).unwrap();
        for way in WAYS {
            let bytes = (way.encode)(&array).unwrap();
            let back = (way.decode)(&bytes, &Told::about(&array)).unwrap();
            assert!(way.is_exact(&array, &back), "{}", way.name);
        }
    }

    #[test]
    fn one_bit_is_noticed_in_every_way() {
        let array = Array::from_slice(&[1_i32, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
        for way in WAYS {
            let mut bytes = (way.encode)(&array).unwrap();
            *bytes.last_mut().unwrap() ^= 1;
            // Where the bytes end in something else than an element, they are no longer read.
            if let Ok(back) = (way.decode)(&bytes, &Told::about(&array)) {
                assert!(!way.is_exact(&array, &back), "{}", way.name);
            } else {
                let structured = ["pickle", "npz"].iter().any(|name| way.name.starts_with(name));
                assert!(structured, "{}", way.name);
            }
        }
    }

    #[test]
    fn what_a_way_keeps_has_to_be_kept() {
        let array = Array::from_slice(&[1_i16, 2, 3, 4], &[2, 2]).unwrap();
        let f_layout = Layout::contiguous(&[2, 2], 2, Order::F).unwrap();
        let bytes = array.to_bytes(Order::F);
        let fortran = raw::Description::new(array.dtype().clone());
        let fortran = fortran.shape(&[Some(2), Some(2)]).order(Order::F).read(&bytes).unwrap();
        assert_eq!(*fortran.layout(), f_layout);
        assert!(way("raw, F order").is_exact(&array, &fortran));
        assert!(!way("npy").is_exact(&array, &fortran));

        let flat = Array::from_slice(&[1_i16, 2, 3, 4], &[4]).unwrap();
        let unsigned = array.reinterpret(ndbytes::Scalar::UInt16.into()).unwrap();
        for other in [flat, unsigned] {
            assert!(WAYS.iter().all(|way| !way.is_exact(&array, &other)));
        }
    }
}
