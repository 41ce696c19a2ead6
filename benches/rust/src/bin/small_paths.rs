//! Runs the shortest ways there are, so and so often, for counting their instructions:
//! `small_paths write=1000 read=11000 ...`

use std::hint::black_box;

use ndbytes::{Array, Limits, npy};

fn main() {
    let elements: Vec<f64> = (0..784).map(f64::from).collect();
    let array = Array::from_slice(&elements, &[28, 28]).expect("28 times 28 is 784");
    let bytes = npy::write(&array).expect("npy holds float64");
    for word in std::env::args().skip(1) {
        let (path, loops) = word.split_once('=').expect("PATH=LOOPS");
        let loops = loops.parse().expect("a number of loops");
        match path {
            "write" => write(&array, loops),
            "header" => header(&bytes, loops),
            "view" => view(&bytes, loops),
            other => panic!("there is no path {other:?}"),
        }
    }
}

#[inline(never)]
fn write(array: &Array<'_>, loops: usize) {
    for _ in 0..loops {
        black_box(npy::write(black_box(array)).expect("npy holds float64"));
    }
}

#[inline(never)]
fn header(bytes: &[u8], loops: usize) {
    let limits = Limits::default();
    for _ in 0..loops {
        black_box(npy::Header::read(black_box(bytes), &limits).expect("it is npy"));
    }
}

#[inline(never)]
fn view(bytes: &[u8], loops: usize) {
    for _ in 0..loops {
        let array = ndbytes::bytes_to_array(black_box(bytes)).expect("it is npy");
        black_box(array.view::<f64>().expect("it is float64"));
    }
}
