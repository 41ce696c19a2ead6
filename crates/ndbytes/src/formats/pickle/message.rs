//! What is about to be pickled: its length is known before a byte of it is written.

use smallvec::SmallVec;

use super::opcode as op;
use super::text;
use super::write::{Pieces, Writer, needs_call, no_objects};
use super::{HIGHEST_PROTOCOL, WriteOptions};
use crate::array::{Arena, Array, Class, Order, Sink, Value, default_threads, threads_for};
use crate::error::EncodeError;

/// Bytes that become text are divided among threads in parts of this size.
const PART: usize = 512 << 10;
/// Making text of bytes counts as so many copies of them when threads are told off: it is more work,
/// so that a second thread is worth while for fewer of them.
const COPIES: usize = 4;

/// An array about to be written: what stands before and after its data is ready, so its length is
/// known.
///
/// From protocol 3 on the data lies in the pickle as it is; below, as text of the same meaning.
#[derive(Debug)]
pub struct Message<'m, 'a> {
    array: &'m Array<'a>,
    head: Vec<u8>,
    tail: Vec<u8>,
    order: Order,
    body: Body,
}

#[derive(Debug)]
enum Body {
    /// The elements' bytes.
    Bytes,
    /// The same as text, each [`PART`] of them so many bytes long. The elements are packed already,
    /// unless they can be borrowed.
    Text { packed: Option<Vec<u8>>, escaped: bool, lens: SmallVec<[usize; 2]> },
}

impl<'m, 'a> Message<'m, 'a> {
    /// Prepares what stands before and after the data.
    ///
    /// # Errors
    /// When the dtype is one that only `ml_dtypes` knows, or elements are objects; those of an
    /// [`Array::objects`] are written by [`write_array`](super::write_array).
    pub fn new(array: &'m Array<'a>, protocol: u8) -> Result<Self, EncodeError> {
        if protocol > HIGHEST_PROTOCOL {
            return Err(EncodeError::new(format!("there is no pickle protocol {protocol}")));
        }
        if array.dtype().has_objects() {
            return Err(no_objects(array));
        }
        let arena = Arena::default();
        let mut writer = Writer::new(&arena, WriteOptions::new(protocol));
        writer.emit.out.reserve(256);
        writer.emit.start();
        let order = array.layout().order();
        if needs_call(array, protocol) {
            writer.buffer_call(array.nbytes());
            let head = std::mem::take(&mut writer.emit.out);
            writer.buffer_end(array)?;
            writer.emit.op(op::STOP);
            return Ok(Self { array, head, tail: writer.emit.out, order, body: Body::Bytes });
        }
        writer.array_head(array, Class::NdArray)?;
        let (mut tail, nbytes) = (Vec::new(), array.nbytes());
        let body = if protocol >= 3 || nbytes == 0 {
            match protocol {
                3.. => writer.emit.bytes_header(nbytes),
                _ => writer.emit.bytes(&[]),
            }
            Body::Bytes
        } else {
            writer.emit.global("_codecs", "encode");
            writer.emit.mark();
            let borrowed = borrowed(array, order);
            let packed = match borrowed {
                Some(_) => None,
                None => Some(array.to_bytes(order)),
            };
            let bytes = borrowed.or(packed.as_deref()).unwrap_or_default();
            let escaped = protocol == 0;
            let len_of = if escaped { text::escaped_len } else { text::utf8_len };
            let lens: SmallVec<[usize; 2]> = bytes.chunks(PART).map(len_of).collect();
            let head = &mut writer.emit.out;
            if escaped {
                head.push(op::UNICODE);
                tail.push(b'\n');
            } else {
                let len = u32::try_from(lens.iter().sum::<usize>()).map_err(|_| {
                    EncodeError::new("protocols below 3 hold no data of 4 GiB and more")
                        .hint("write it with protocol 4 or 5")
                })?;
                head.push(op::BINUNICODE);
                head.extend_from_slice(&len.to_le_bytes());
            }
            Body::Text { packed, escaped, lens }
        };
        let head = std::mem::replace(&mut writer.emit.out, tail);
        if let Body::Text { .. } = body {
            writer.emit.name("latin1");
            writer.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
        }
        writer.emit.out.extend_from_slice(&[op::TUPLE, op::BUILD, op::STOP]);
        Ok(Self { array, head, tail: writer.emit.out, order, body })
    }

    /// The number of bytes of the whole pickle.
    #[allow(clippy::len_without_is_empty, reason = "a message always has a head")]
    pub fn len(&self) -> usize {
        let data = match &self.body {
            Body::Bytes => self.array.nbytes(),
            Body::Text { lens, .. } => lens.iter().sum(),
        };
        self.head.len() + data + self.tail.len()
    }

    /// Where the data starts, if it lies in the pickle as it is.
    pub fn data_offset(&self) -> Option<usize> {
        matches!(self.body, Body::Bytes).then_some(self.head.len())
    }

    /// The order in which the elements are written.
    pub fn order(&self) -> Order {
        self.order
    }

    /// Writes the pickle, with at most `threads` threads.
    ///
    /// # Panics
    /// When the sink has room for fewer than [`Message::len`] bytes.
    pub fn write(&self, threads: usize, sink: &mut Sink<'_>) {
        sink.write(&self.head);
        match &self.body {
            Body::Bytes => self.array.write_data(self.order, threads, sink),
            Body::Text { packed, escaped, lens } => {
                let bytes = packed.as_deref().or_else(|| borrowed(self.array, self.order));
                let bytes = bytes.unwrap_or_default();
                let threads = threads_for(bytes.len().saturating_mul(COPIES), threads);
                sink.write_parts(lens, threads, |which, sink| {
                    let part = &bytes[which * PART..][..PART.min(bytes.len() - which * PART)];
                    let give = |text: &[u8]| sink.write(text);
                    match escaped {
                        true => text::escape(part, give),
                        false => text::widen(part, give),
                    }
                });
            }
        }
        sink.write(&self.tail);
    }
}

/// Any value about to be written: all but the data of the arrays in it is ready, so its length is
/// known.
#[derive(Debug)]
pub struct ValueMessage<'m, 'a> {
    pieces: Pieces<'m, 'a>,
}

impl<'m, 'a> ValueMessage<'m, 'a> {
    /// Writes what is not the data of arrays.
    ///
    /// # Errors
    /// As [`write_value`](super::write_value).
    pub fn new(value: &'m Value<'a>, options: WriteOptions<'_>) -> Result<Self, EncodeError> {
        options.check()?;
        let pieces = Writer::new(value.arena(), options).value(value.root_id())?;
        Ok(Self { pieces })
    }

    /// The number of bytes of the whole pickle.
    #[allow(clippy::len_without_is_empty, reason = "every pickle ends with STOP")]
    pub fn len(&self) -> usize {
        len_of(&self.pieces)
    }

    /// Writes the pickle, with at most `threads` threads for each array.
    ///
    /// # Panics
    /// When the sink has room for fewer than [`ValueMessage::len`] bytes.
    pub fn write(&self, threads: usize, sink: &mut Sink<'_>) {
        write_pieces(&self.pieces, threads, sink);
    }
}

fn len_of((bytes, arrays): &Pieces<'_, '_>) -> usize {
    bytes.len() + arrays.iter().map(|(_, array)| array.nbytes()).sum::<usize>()
}

fn write_pieces((bytes, arrays): &Pieces<'_, '_>, threads: usize, sink: &mut Sink<'_>) {
    let mut from = 0;
    for &(place, array) in arrays {
        sink.write(&bytes[from..place]);
        array.write_data(array.layout().order(), threads, sink);
        from = place;
    }
    sink.write(&bytes[from..]);
}

/// The whole of it in one vector.
pub(super) fn collect(pieces: &Pieces<'_, '_>) -> Vec<u8> {
    Sink::collect(len_of(pieces), |sink| write_pieces(pieces, default_threads(), sink))
}

/// The elements' bytes, if they lie side by side where nobody else writes.
fn borrowed<'m>(array: &'m Array<'_>, order: Order) -> Option<&'m [u8]> {
    let layout = array.layout();
    let bytes = array.source().as_slice().filter(|_| layout.is_contiguous(order))?;
    bytes.get(layout.start()..)?.get(..layout.nbytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_by_any_number_of_threads() {
        // Every byte, those that are escaped too, and the last part shorter than the others.
        let bytes: Vec<u8> = (0..5 * PART as u32 / 2 + 7)
            .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
            .collect();
        let array = Array::from_slice(&bytes, &[bytes.len()]).unwrap();
        for protocol in [0, 2] {
            let mut wanted = Vec::new();
            match protocol {
                0 => text::escape(&bytes, |part| wanted.extend_from_slice(part)),
                _ => text::widen(&bytes, |part| wanted.extend_from_slice(part)),
            }
            let message = Message::new(&array, protocol).unwrap();
            for threads in 1..5 {
                let pickle = Sink::collect(message.len(), |sink| message.write(threads, sink));
                let found = &pickle[message.head.len()..][..wanted.len()];
                assert!(found == wanted, "protocol {protocol}, {threads} threads");
                assert!(pickle.ends_with(&message.tail));
            }
        }
    }
}
