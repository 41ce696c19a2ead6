//! Arrays of Rust and of the `ndarray` crate, to bytes and back.

#![cfg(feature = "ndarray")]

use ndarray::{Array, Array1, ArrayD, Axis, IxDyn, ShapeBuilder, arr0, array, s};
use ndbytes::{DType, Order, Scalar, array_to_bytes, bytes_to_array};
use proptest::prelude::*;

#[test]
fn ndarray_arrays_of_any_dimension() {
    let a = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    let bytes = array_to_bytes(&a).unwrap();
    let back = bytes_to_array(&bytes).unwrap();
    assert_eq!(back.to_owned_array::<f64>().unwrap(), a.clone().into_dyn());

    let fortran = Array::<i32, _>::from_shape_vec((2, 3).f(), (0..6).collect()).unwrap();
    let bytes = array_to_bytes(&fortran).unwrap();
    let back = bytes_to_array(&bytes).unwrap();
    assert_eq!(back.layout().order(), Order::F);
    let owned = back.to_owned_array::<i32>().unwrap();
    assert_eq!(owned, fortran.clone().into_dyn());
    assert_eq!(owned.strides(), fortran.strides());

    let scalar = arr0(7_u8);
    let bytes = array_to_bytes(&scalar).unwrap();
    assert_eq!(bytes_to_array(&bytes).unwrap().to_vec::<u8>().unwrap(), [7]);
}

#[test]
fn views_of_any_strides() {
    let base = Array1::from_iter(0_i64..120).into_shape_with_order((4, 5, 6)).unwrap();
    let mut reversed = base.view();
    reversed.invert_axis(Axis(1));
    let row = base.slice(s![1, 2, ..]);
    let views = [
        base.slice(s![..;2, 1.., ..;-1]).into_dyn(),
        reversed.into_dyn(),
        base.view().permuted_axes([2, 0, 1]).into_dyn(),
        row.broadcast((3, 6)).unwrap().into_dyn(),
        base.slice(s![0..0, .., ..]).into_dyn(),
    ];
    for view in views {
        let bytes = array_to_bytes(&view).unwrap();
        let back = bytes_to_array(&bytes).unwrap().to_owned_array::<i64>().unwrap();
        assert_eq!(back, view);
    }
}

#[test]
fn typed_views_borrow_or_say_why_not() {
    let bytes = array_to_bytes(&array![[1_u8, 2], [3, 4]]).unwrap();
    let array = bytes_to_array(&bytes).unwrap();
    let view = array.view::<u8>().unwrap();
    assert_eq!(view, array![[1_u8, 2], [3, 4]].into_dyn());
    assert!(bytes.as_ptr_range().contains(&view.as_ptr()));

    assert!(array.view::<i8>().unwrap_err().to_string().contains("uint8"));

    let big = DType::from_typestr(">f8").unwrap();
    let data = 1.5_f64.to_be_bytes();
    let big = ndbytes::raw::Description::new(big).read(&data).unwrap();
    assert!(big.view::<f64>().unwrap_err().to_string().contains("big-endian"));
    assert_eq!(big.to_vec::<f64>().unwrap(), [1.5]);

    // Among nine bytes, eight starting at the second or the first are unaligned.
    let nine = [0_u64; 2];
    let nine = &bytemuck::bytes_of(&nine)[1..9];
    let unaligned = ndbytes::raw::Description::new(Scalar::Float64.into()).read(nine).unwrap();
    assert!(unaligned.view::<f64>().unwrap_err().to_string().contains("multiple of 8"));
    assert_eq!(unaligned.to_vec::<f64>().unwrap(), [0.0]);
}

#[test]
fn bools_are_checked() {
    let array = ndbytes::raw::Description::new(Scalar::Bool.into()).read(&[0, 1, 2]).unwrap();
    assert!(array.as_slice::<bool>().unwrap_err().to_string().contains("element 2"));
    assert!(array.to_vec::<bool>().is_err());
    let array = array.reinterpret(Scalar::UInt8.into()).unwrap();
    assert_eq!(array.as_slice::<u8>().unwrap(), [0, 1, 2]);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn more_elements_than_32_bits_count_need_no_memory() {
    let zeros = ndarray::aview0(&0_u8);
    let huge = zeros.broadcast((1 << 20, 1 << 20)).unwrap();
    let array = ndbytes::Array::from(&huge);
    assert_eq!(array.len(), 1 << 40);
    let message = ndbytes::npy::Message::new(&array).unwrap();
    assert!(message.len() > 1 << 40);
    assert!(message.header().starts_with(b"\x93NUMPY\x01\x00"));
}

#[test]
fn streams_get_the_bytes_that_memory_would() {
    let numbers: Vec<u32> = (0..10 << 20).collect();
    let base = Array1::from(numbers).into_shape_with_order((10, 1 << 10, 1 << 10)).unwrap();
    // Side by side, and in several blocks of other orders.
    for view in [base.view(), base.view().permuted_axes([2, 0, 1]), base.slice(s![.., ..;-1, ..])] {
        let array = ndbytes::Array::from(&view);
        for order in [Order::C, Order::F] {
            for swap in [1, 4] {
                let mut streamed = Vec::new();
                array.write_to(order, swap, &mut streamed).unwrap();
                let mut packed = array.to_bytes(order);
                if swap == 4 {
                    packed.chunks_exact_mut(4).for_each(<[u8]>::reverse);
                }
                assert!(streamed == packed, "{order:?} {swap}");
            }
        }
        let mut npy = Vec::new();
        ndbytes::write(&array, ndbytes::Format::Npy, &mut npy).unwrap();
        assert!(npy == array_to_bytes(&view).unwrap());
    }
}

proptest! {
    #[test]
    fn any_array_comes_back(
        shape in proptest::collection::vec(0_usize..6, 0..6),
        fortran in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let len: usize = shape.iter().product();
        let values: Vec<u64> = (0..len as u64).map(|i| i.wrapping_mul(seed | 1)).collect();
        let a = ArrayD::from_shape_vec(IxDyn(&shape).set_f(fortran), values).unwrap();
        let bytes = array_to_bytes(&a).unwrap();
        prop_assert_eq!((bytes.len() - len * 8) % 64, 0);
        let back = bytes_to_array(&bytes).unwrap();
        prop_assert_eq!(back.to_owned_array::<u64>().unwrap(), a);
    }

    #[test]
    fn any_bytes_are_an_error_or_an_array(tail in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(tail);
        let _ = bytes_to_array(&bytes);
    }
}
