//! The elements of an array, written out without a second copy of all of them in memory.

use std::io::Write;

use ndbytes::{Array, ByteOrder, DecodeError, EncodeError, Layout, Order, raw};

use crate::trouble::Trouble;

/// Elements that have to be gathered or byte-swapped are built this many bytes at a time: enough
/// for all threads of the gather, little beside the array.
const BLOCK: usize = 32 << 20;

/// Writes the elements side by side in `order`, in their own byte order or in `byte_order`.
pub(crate) fn write(
    array: &Array<'_>,
    order: Order,
    byte_order: Option<ByteOrder>,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    // Refused before anything is written.
    let swap = byte_order.map(|byte_order| array.swap_to(byte_order)).transpose()?;
    let byte_order = byte_order.filter(|_| swap.is_some_and(|swap| swap > 1));
    let layout = array.layout();
    if byte_order.is_none()
        && layout.is_contiguous(order)
        && let Some(bytes) = array.source().as_slice()
    {
        // They lie as they are wanted: from the mapped file straight into the new one.
        return Ok(out.write_all(&bytes[layout.start()..][..layout.nbytes()])?);
    }
    write_blocks(array, order, byte_order, BLOCK, out)
}

fn write_blocks(
    array: &Array<'_>,
    order: Order,
    byte_order: Option<ByteOrder>,
    block: usize,
    out: &mut dyn Write,
) -> Result<(), Trouble> {
    let shape = array.shape();
    // The axis along which the parts follow each other in the result.
    let longer_than_one = |&axis: &usize| shape[axis] > 1;
    let axis = match order {
        Order::C => (0..shape.len()).find(longer_than_one),
        Order::F => (0..shape.len()).rev().find(longer_than_one),
    };
    let Some(axis) = axis.filter(|_| array.nbytes() > block) else {
        return Ok(out.write_all(&gathered(array, order, byte_order)?)?);
    };
    let step = (block / (array.nbytes() / shape[axis])).max(1);
    for from in (0..shape[axis]).step_by(step) {
        let part = part(array, axis, from, step.min(shape[axis] - from))?;
        write_blocks(&part, order, byte_order, block, out)?;
    }
    Ok(())
}

fn gathered(
    array: &Array<'_>,
    order: Order,
    byte_order: Option<ByteOrder>,
) -> Result<Vec<u8>, EncodeError> {
    match byte_order {
        Some(byte_order) => raw::write_as(array, order, byte_order),
        None => Ok(array.to_bytes(order)),
    }
}

/// `len` indices of one axis, from `from` on.
fn part<'a>(
    array: &Array<'a>,
    axis: usize,
    from: usize,
    len: usize,
) -> Result<Array<'a>, DecodeError> {
    let layout = array.layout();
    let mut shape = layout.shape().to_vec();
    shape[axis] = len;
    // Inside of the array, so none of this overflows.
    let start = layout.start().wrapping_add_signed(layout.strides()[axis] * from as isize);
    let available = array.source().len();
    let layout = Layout::strided(&shape, layout.strides(), layout.itemsize(), start, available)?;
    Array::new(array.dtype().clone(), layout, array.source().clone())
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn blocks_follow_each_other_as_the_whole_would() {
        let numbers: Vec<u16> = (0..2 * 3 * 4 * 5).collect();
        let c = Array::from_slice(&numbers, &[2, 1, 3, 4, 5]).unwrap();
        let f_layout = Layout::contiguous(c.shape(), 2, Order::F).unwrap();
        let f = Array::new(c.dtype().clone(), f_layout, c.source().clone()).unwrap();
        let orders = [None, Some(ByteOrder::Big), Some(ByteOrder::Little)];
        for array in [c, f] {
            for order in [Order::C, Order::F] {
                for byte_order in orders {
                    let whole = gathered(&array, order, byte_order).unwrap();
                    for block in [1, 2, 3, 10, 39, 40, 41, 100, 239, 240] {
                        let mut out = Vec::new();
                        write_blocks(&array, order, byte_order, block, &mut out).unwrap();
                        assert_eq!(out, whole, "{order:?} {byte_order:?} {block}");
                    }
                }
            }
        }
    }

    #[test]
    fn blocks_are_no_larger_than_they_may_be() {
        struct Largest(usize);
        impl Write for Largest {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0 = self.0.max(bytes.len());
                Ok(bytes.len())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let numbers = vec![0_u8; 1000];
        let array = Array::from_slice(&numbers, &[10, 10, 10]).unwrap();
        for (block, largest) in [(1, 1), (9, 9), (10, 10), (99, 90), (100, 100), (350, 300)] {
            let mut out = Largest(0);
            write_blocks(&array, Order::F, None, block, &mut out).unwrap();
            assert_eq!(out.0, largest);
        }
    }
}
