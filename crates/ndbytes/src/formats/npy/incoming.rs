//! An array that arrives piece by piece, from whatever brings bytes.

use std::io::{self, Read};

use super::Header;
use super::pickle;
use crate::array::{Array, Layout, Source};
use crate::error::{DecodeError, Result};
use crate::limits::Limits;

/// Every header is at least so long: magic, version and a length of two bytes.
const PREFIX: usize = 10;
/// So many bytes are believed in before they arrive; beyond, memory grows as they do.
const TRUSTED: usize = 64 << 20;

/// Reads the next of the npy messages that follow each other in `stream`; `None` at its end.
///
/// Nothing beyond the message is taken from the stream. Memory is allocated as bytes arrive. Of
/// the limits, `max_bytes` holds for arrays of numbers only if it is set.
///
/// # Errors
/// Those of the stream. A [`DecodeError`] comes as one of kind
/// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) when the stream ends inside a message, and
/// [`InvalidData`](io::ErrorKind::InvalidData) otherwise.
///
/// ```
/// use ndbytes::{Format, Limits, npy};
/// let mut stream = Vec::new();
/// for values in [&[1.5, 2.5][..], &[3.5]] {
///     ndbytes::write(&values.into(), Format::Npy, &mut stream)?;
/// }
/// let mut stream = &stream[..];
/// let mut lengths = Vec::new();
/// while let Some(array) = npy::read_from(&mut stream, &Limits::default())? {
///     lengths.push(array.to_vec::<f64>()?.len());
/// }
/// assert_eq!(lengths, [2, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_from(stream: &mut impl Read, limits: &Limits) -> io::Result<Option<Array<'static>>> {
    let mut incoming = Incoming::new(*limits);
    while incoming.wanted() > 0 {
        if incoming.take_from(stream)? == 0 {
            return match incoming.is_empty() {
                true => Ok(None),
                false => Err(io::Error::new(io::ErrorKind::UnexpectedEof, incoming.cut_short())),
            };
        }
    }
    incoming.finish().map(Some).map_err(invalid)
}

fn invalid(error: DecodeError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// An npy message of which some has arrived. Whoever has the bytes asks how many are wanted, and
/// gives no more.
#[derive(Debug)]
pub struct Incoming {
    limits: Limits,
    /// Up to where the data starts.
    head: Vec<u8>,
    header: Option<Header>,
    /// The elements, or the pickle of objects.
    data: Vec<u8>,
    extent: pickle::Extent,
    wanted: usize,
}

impl Incoming {
    /// Nothing has arrived.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            head: Vec::new(),
            header: None,
            data: Vec::new(),
            extent: pickle::Extent::default(),
            wanted: PREFIX,
        }
    }

    /// How many bytes are wanted next, all of which belong to this message; 0 when it is complete.
    pub fn wanted(&self) -> usize {
        self.wanted
    }

    /// Whether nothing has arrived.
    pub fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    /// Takes in `piece`, of at most [`Incoming::wanted`] bytes.
    ///
    /// # Errors
    /// When the message is damaged, asks for more than the limits allow, or wants fewer bytes.
    pub fn feed(&mut self, mut piece: &[u8]) -> Result<()> {
        if piece.len() > self.wanted {
            let found = format!("{} bytes are given where {} are wanted", piece.len(), self.wanted);
            return Err(DecodeError::mismatch(found).format("npy"));
        }
        while !piece.is_empty() {
            self.receive(&mut piece)
                .map_err(|error| DecodeError::mismatch(error.to_string()).format("npy"))?;
            self.look()?;
        }
        Ok(())
    }

    /// Takes in what `stream` brings of the bytes that are wanted, straight to where they stay;
    /// 0 at its end.
    ///
    /// # Errors
    /// Those of the stream, and those of [`Incoming::feed`], of kind
    /// [`InvalidData`](io::ErrorKind::InvalidData).
    pub fn take_from(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        let got = self.receive(stream)?;
        self.look().map_err(invalid)?;
        Ok(got)
    }

    fn receive(&mut self, stream: &mut impl Read) -> io::Result<usize> {
        let memory = match self.header {
            None => &mut self.head,
            Some(_) => &mut self.data,
        };
        let got = stream.take(self.wanted as u64).read_to_end(memory)?;
        self.wanted -= got;
        Ok(got)
    }

    /// When all that was wanted is there, looks what to want next.
    fn look(&mut self) -> Result<()> {
        if self.wanted > 0 {
            return Ok(());
        }
        match &self.header {
            None => match Header::read(&self.head, &self.limits) {
                Ok(header) => self.expect_data(header)?,
                Err(error) => match error.needed() {
                    Some(needed) => self.wanted = rest(needed, self.head.len()),
                    None => return Err(error),
                },
            },
            Some(header) if header.dtype.has_objects() => self.expect_objects()?,
            Some(_) => {}
        }
        Ok(())
    }

    fn expect_data(&mut self, header: Header) -> Result<()> {
        let layout = header.layout()?;
        let objects = header.dtype.has_objects();
        self.header = Some(header);
        if objects {
            return self.expect_objects();
        }
        // Unless a limit is set, what has arrived is worth the memory that it takes.
        self.limits.check_bytes(layout.nbytes() as u64, layout.nbytes() as u64)?;
        self.wanted = layout.nbytes();
        self.data.reserve_exact(self.wanted.min(TRUSTED));
        Ok(())
    }

    fn expect_objects(&mut self) -> Result<()> {
        self.limits.check_bytes(self.data.len() as u64, self.data.len() as u64)?;
        let start = self.head.len() as u64;
        match self.extent.end(&self.data) {
            Ok(_) => Ok(()),
            Err(error) => match error.needed() {
                Some(needed) => {
                    self.wanted = rest(needed, self.data.len());
                    Ok(())
                }
                None => Err(error.shifted(start)),
            },
        }
    }

    /// The error for a stream that ends here.
    pub fn cut_short(&self) -> DecodeError {
        let found = self.head.len() + self.data.len();
        match &self.header {
            Some(header) if !header.dtype.has_objects() => header.cut_short(found as u64),
            _ => {
                let needed = (found + self.wanted) as u64;
                DecodeError::incomplete("a message", needed, found as u64).format("npy")
            }
        }
    }

    /// The array.
    ///
    /// # Errors
    /// When more bytes are wanted, and when objects are not what the header says.
    pub fn finish(mut self) -> Result<Array<'static>> {
        if self.wanted > 0 {
            return Err(self.cut_short());
        }
        let Some(header) = self.header.take() else { return Err(self.cut_short()) };
        if header.dtype.has_objects() {
            self.head.append(&mut self.data);
            return super::read_objects(&self.head, &header, &self.limits)
                .map(|array| array.to_owned());
        }
        let layout = Layout::contiguous(&header.shape, header.dtype.itemsize(), header.order)?;
        Array::new(header.dtype, layout, Source::vec(self.data))
    }
}

fn rest(needed: u64, there: usize) -> usize {
    usize::try_from(needed).unwrap_or(usize::MAX).saturating_sub(there).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Brings one byte at a time, or as many as said.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(to.len()).min(self.0.len());
            to[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn messages() -> Vec<u8> {
        let mut bytes = Vec::new();
        for len in [0_usize, 1, 1000] {
            let values: Vec<u32> = (0..len as u32).collect();
            bytes.extend(crate::formats::npy::write(&values[..]).unwrap());
        }
        bytes
    }

    #[test]
    fn messages_follow_each_other_and_end() {
        let bytes = messages();
        for step in [1, 7, 128, 1 << 20] {
            let mut stream = Slow(&bytes, step);
            for len in [0, 1, 1000] {
                let array = read_from(&mut stream, &Limits::default()).unwrap().unwrap();
                let values: Vec<u32> = (0..len).collect();
                assert_eq!(array.to_vec::<u32>().unwrap(), values);
            }
            assert!(read_from(&mut stream, &Limits::default()).unwrap().is_none());
        }
    }

    #[test]
    fn a_cut_at_any_byte_is_an_error() {
        let bytes = messages();
        for end in 0..bytes.len() {
            let mut stream = &bytes[..end];
            let error = loop {
                match read_from(&mut stream, &Limits::default()) {
                    Ok(Some(_)) => {}
                    Ok(None) => break None,
                    Err(error) => break Some(error),
                }
            };
            let between = [0, 128, 260].contains(&end);
            assert_eq!(error.is_none(), between, "{end}");
            if let Some(error) = error {
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                let error = error.into_inner().unwrap().downcast::<DecodeError>().unwrap();
                assert!(error.needed().is_some());
            }
        }
    }

    #[test]
    fn no_more_is_taken_than_is_wanted() {
        let bytes = messages();
        let mut incoming = Incoming::new(Limits::default());
        let mut at = 0;
        while incoming.wanted() > 0 {
            let end = at + incoming.wanted();
            incoming.feed(&bytes[at..end]).unwrap();
            at = end;
        }
        assert_eq!(at, 128);
        assert!(incoming.feed(&[0]).is_err());
        assert_eq!(incoming.finish().unwrap().shape(), [0]);
    }

    #[test]
    fn limits_hold_before_bytes_are_taken() {
        let bytes = messages();
        let mut stream = &bytes[260..];
        let error = read_from(&mut stream, &Limits::default().max_bytes(3999)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        assert_eq!(stream.len(), 4000);
        let mut stream = &bytes[..];
        assert!(read_from(&mut stream, &Limits::default().max_header(100)).is_err());
    }
}
