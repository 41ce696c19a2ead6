//! Pickles of one array of numbers as Python's own pickler spells them, known by heart: what the
//! machine reads of them, without the machine.
//!
//! Whatever is spelled otherwise in the least is left to the machine, and so are all errors.

use super::opcode as op;
use super::text;
use crate::array::{Array, ByteOrder, DType, Dims, Kind, Layout, MAX_DIMS, Order, Scalar, Source};
use crate::limits::Limits;

/// The array, if `bytes` begin with one of numbers in the usual spelling of protocols 2 to 5.
pub(super) fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Option<Array<'a>> {
    let [op::PROTO, protocol @ 2..=5, ..] = *bytes else { return None };
    let mut spelling =
        Spelling { bytes, at: 2, frame_end: 0, protocol, memoized: 0, numpy: u8::MAX };
    if protocol >= 4 {
        spelling.frame()?;
    }
    // The module tells which of the two it is.
    match spelling.name_in("numpy._core.numeric", "numpy.core.numeric") {
        Some(module) if protocol == 5 => spelling.of_buffer(module),
        _ => spelling.of_state(limits),
    }
}

/// How far the spelling has been followed.
struct Spelling<'a> {
    bytes: &'a [u8],
    at: usize,
    frame_end: usize,
    protocol: u8,
    /// How many values the memo has.
    memoized: u8,
    /// Where it has the module `numpy`, once that was spelled.
    numpy: u8,
}

impl<'a> Spelling<'a> {
    /// `_frombuffer(bytearray, dtype, shape, order)`
    fn of_buffer(&mut self, module: &str) -> Option<Array<'a>> {
        self.global(module, "_frombuffer")?;
        self.is(&[op::MARK])?;
        let data = self.data()?;
        self.put()?;
        let dtype = self.dtype()?;
        let shape = self.shape()?;
        let order = match self.short_text()? {
            b"C" => Order::C,
            b"F" => Order::F,
            _ => return None,
        };
        self.is(&[op::TUPLE])?;
        self.put()?;
        self.is(&[op::REDUCE])?;
        self.put()?;
        self.is(&[op::STOP])?;
        array(dtype, &shape, order, Source::slice(data))
    }

    /// `_reconstruct(ndarray, (0,), b'b')` and its state.
    fn of_state(&mut self, limits: &Limits) -> Option<Array<'a>> {
        let module = self.name_in("numpy._core.multiarray", "numpy.core.multiarray")?;
        self.global(module, "_reconstruct")?;
        self.global("numpy", "ndarray")?;
        self.is(&[op::BININT1, 0, op::TUPLE1])?;
        self.put()?;
        // Of protocol 2: where the memo has the codec's function and its name.
        let mut codec = None;
        if self.protocol == 2 {
            let encode = self.memoized;
            self.global("_codecs", "encode")?;
            self.text_is(b"b")?;
            let latin1 = self.memoized;
            self.text_is(b"latin1")?;
            self.is(&[op::TUPLE2])?;
            self.put()?;
            self.is(&[op::REDUCE])?;
            codec = Some((encode, latin1));
        } else {
            self.is(&[op::SHORT_BINBYTES, 1, b'b'])?;
        }
        self.put()?;
        self.is(&[op::TUPLE3])?;
        self.put()?;
        self.is(&[op::REDUCE])?;
        self.put()?;
        self.is(&[op::MARK, op::BININT1, 1])?;
        let shape = self.shape()?;
        let dtype = self.dtype()?;
        let order = match self.byte()? {
            op::NEWFALSE => Order::C,
            op::NEWTRUE => Order::F,
            _ => return None,
        };
        let nbytes = Layout::contiguous(&shape, dtype.itemsize(), order).ok()?.nbytes();
        let source = match codec {
            None => {
                let data = self.data()?;
                self.put()?;
                Source::slice(data)
            }
            Some((encode, latin1)) => {
                self.is(&[op::BINGET, encode, op::BINUNICODE])?;
                let len = u32::from_le_bytes(*self.array()?);
                let utf8 = self.take(len as usize)?;
                self.put()?;
                self.is(&[op::BINGET, latin1, op::TUPLE2])?;
                self.put()?;
                self.is(&[op::REDUCE])?;
                self.put()?;
                limits.check_bytes(nbytes as u64, self.bytes.len() as u64).ok()?;
                text::latin1_of_utf8(utf8, nbytes)?
            }
        };
        self.is(&[op::TUPLE])?;
        self.put()?;
        self.is(&[op::BUILD, op::STOP])?;
        array(dtype, &shape, order, source)
    }

    /// `dtype(code, False, True)` and its state.
    fn dtype(&mut self) -> Option<DType> {
        self.global("numpy", "dtype")?;
        let code = std::str::from_utf8(self.short_text()?).ok()?;
        let scalar = Scalar::from_code(code).filter(|scalar| !scalar.is_extension())?;
        self.is(&[op::NEWFALSE, op::NEWTRUE, op::TUPLE3])?;
        self.put()?;
        self.is(&[op::REDUCE])?;
        self.put()?;
        self.is(&[op::MARK, op::BININT1, 3])?;
        let order = match (self.short_text()?, scalar.itemsize()) {
            (b"|", 1) => ByteOrder::NotApplicable,
            (b"<", 2..) => ByteOrder::Little,
            (b">", 2..) => ByteOrder::Big,
            _ => return None,
        };
        let rest = b"NNNJ\xFF\xFF\xFF\xFFJ\xFF\xFF\xFF\xFFK\x00t";
        self.is(rest)?;
        self.put()?;
        self.is(&[op::BUILD])?;
        Some(DType::new(Kind::Scalar(scalar), order))
    }

    fn shape(&mut self) -> Option<Dims<usize>> {
        let mut shape = Dims::new();
        let marked = self.bytes.get(self.at) == Some(&op::MARK);
        self.at += usize::from(marked);
        loop {
            let dim = match self.byte()? {
                op::BININT1 => self.byte()?.into(),
                op::BININT2 => u16::from_le_bytes(*self.array()?).into(),
                op::BININT => usize::try_from(i32::from_le_bytes(*self.array()?)).ok()?,
                code => {
                    let fits = match code {
                        op::TUPLE1 => !marked && shape.len() == 1,
                        op::TUPLE2 => !marked && shape.len() == 2,
                        op::TUPLE3 => !marked && shape.len() == 3,
                        op::TUPLE => marked && shape.len() > 3,
                        _ => false,
                    };
                    self.put().filter(|()| fits)?;
                    return Some(shape);
                }
            };
            if shape.len() == MAX_DIMS {
                return None;
            }
            shape.push(dim);
        }
    }

    /// Bytes or a bytearray, which may lie between two frames if they are large.
    fn data(&mut self) -> Option<&'a [u8]> {
        let len = match self.byte()? {
            op::SHORT_BINBYTES => self.byte()?.into(),
            op::BINBYTES => u32::from_le_bytes(*self.array()?).into(),
            op::BINBYTES8 | op::BYTEARRAY8 => u64::from_le_bytes(*self.array()?),
            _ => return None,
        };
        let data = self.take(usize::try_from(len).ok()?)?;
        if self.protocol >= 4 && self.bytes.get(self.at) == Some(&op::FRAME) {
            self.frame()?;
        }
        Some(data)
    }

    /// The start of a frame.
    fn frame(&mut self) -> Option<&mut Self> {
        self.is(&[op::FRAME])?;
        let len = usize::try_from(u64::from_le_bytes(*self.array()?)).ok()?;
        let end = self.at.checked_add(len).filter(|&end| end <= self.bytes.len())?;
        // The frame before has ended.
        let fine = self.at > self.frame_end + 8;
        self.frame_end = end;
        fine.then_some(self)
    }

    /// Which of the two names stands here.
    fn name_in(&self, new: &'static str, old: &'static str) -> Option<&'static str> {
        let skip = if self.protocol >= 4 { 2 } else { 1 };
        let here = self.bytes.get(self.at + skip..)?;
        [new, old].into_iter().find(|name| here.starts_with(name.as_bytes()))
    }

    /// A name, and that it is memoized; with protocol 4 its parts are, too.
    #[inline]
    fn global(&mut self, module: &str, name: &str) -> Option<()> {
        if self.protocol < 4 {
            self.is(&[op::GLOBAL])?;
            self.is(module.as_bytes())?;
            self.is(b"\n")?;
            self.is(name.as_bytes())?;
            self.is(b"\n")?;
            return self.put();
        }
        let memoized = self.memoized;
        match self.bytes.get(self.at..)? {
            [op::BINGET, place, ..] if module == "numpy" && *place == self.numpy => self.at += 2,
            _ => self.text_is(module.as_bytes())?,
        }
        if module == "numpy" {
            self.numpy = self.numpy.min(memoized);
        }
        (self.short_text()? == name.as_bytes()).then_some(())?;
        self.is(&[op::STACK_GLOBAL])?;
        self.put()
    }

    fn text_is(&mut self, text: &[u8]) -> Option<()> {
        (self.short_text()? == text).then_some(())
    }

    /// A short text, and that it is memoized.
    #[inline]
    fn short_text(&mut self) -> Option<&'a [u8]> {
        let len = match (self.protocol, self.byte()?) {
            (4.., op::SHORT_BINUNICODE) => self.byte()?.into(),
            (2 | 3, op::BINUNICODE) => u32::from_le_bytes(*self.array()?) as usize,
            _ => return None,
        };
        let text = self.take(len)?;
        self.put()?;
        Some(text)
    }

    /// That a value is put into the memo, behind all others.
    #[inline]
    fn put(&mut self) -> Option<()> {
        if self.protocol >= 4 {
            self.is(&[op::MEMOIZE])?;
        } else {
            self.is(&[op::BINPUT, self.memoized])?;
        }
        self.memoized += 1;
        Some(())
    }

    #[inline]
    fn is(&mut self, bytes: &[u8]) -> Option<()> {
        (self.take(bytes.len())? == bytes).then_some(())
    }

    #[inline]
    fn byte(&mut self) -> Option<u8> {
        Some(self.array::<1>()?[0])
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Option<&'a [u8; N]> {
        let array = self.bytes.get(self.at..)?.first_chunk()?;
        self.at += N;
        Some(array)
    }

    #[inline]
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let taken = self.bytes.get(self.at..)?.get(..len)?;
        self.at += len;
        Some(taken)
    }
}

fn array<'a>(dtype: DType, shape: &[usize], order: Order, source: Source<'a>) -> Option<Array<'a>> {
    let layout = Layout::contiguous(shape, dtype.itemsize(), order).ok()?;
    if source.len() != layout.nbytes() {
        return None;
    }
    Array::new(dtype, layout, source).ok()
}
