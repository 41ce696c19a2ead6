//! Holding every byte of an input against what the input says.

use std::io::{self, Read};

use crate::array::{DType, Improper, Source};
use crate::error::{DecodeError, Result};
use crate::formats::npz::Archive;
use crate::formats::{self, Format, ReadOptions, npy, npz, pickle};
use crate::inspect::dtype_notes;
use crate::limits::Limits;

/// So much of the elements in a stream is there at once.
const PIECE: usize = 256 << 10;

/// What a check of an input found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Verified {
    /// The format; `None` when the bytes do not say what they are.
    pub format: Option<Format>,
    /// How many bytes there are.
    pub nbytes: u64,
    /// How many arrays were found to be as they are described.
    pub arrays: usize,
    /// What cannot be read exactly, what two readers would read differently, what asks for code, and
    /// bytes that belong to nothing. Where there is none, all is well.
    pub faults: Vec<DecodeError>,
    /// What is unusual, though every reader reads it.
    pub notes: Vec<String>,
}

/// Checks all there is to check about an input: its description, its sizes, its checksums, the
/// members of an archive and the names that a pickle asks for, and that every byte belongs to
/// something. Nothing is run, and large arrays are not built; elements are looked at only where some
/// bits are none of their dtype: booleans and text.
///
/// What is compressed is read however much it stands for, which is at most 1032 times its length (of
/// zstd what is more is charged against the limits). Where [`Limits::max_bytes`] is set, all of it is
/// charged: that bounds the time that a small archive can take.
///
/// npy has no checksum: that its elements are those that were written, nobody can tell. Arrays that
/// follow each other in npy or pickle, as repeated calls of `numpy.save` write them, are all checked.
/// `progress` is told how many bytes were read since it was told last.
///
/// ```
/// let mut bytes = ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?;
/// let check = |bytes: &[u8]| {
///     ndbytes::verify(&ndbytes::Source::slice(bytes), &Default::default(), &|_| {})
/// };
/// assert!(check(&bytes).is_fine());
/// bytes.push(b'!');
/// let found = check(&bytes);
/// assert_eq!(found.faults[0].found(), "1 byte follows the array");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(
    source: &Source<'_>,
    options: &ReadOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Verified {
    let mut found = Verified { nbytes: source.len() as u64, ..Verified::default() };
    let limits = &options.limits;
    match formats::format_of(source, options) {
        Err(error) => found.faults.push(error),
        Ok(format) => {
            found.format = Some(format);
            match format {
                Format::Npz => {
                    let options = npz::ReadOptions::new().limits(*limits);
                    match Archive::new(source.clone(), options) {
                        Ok(archive) => return verify_archive(&archive, progress),
                        Err(error) => found.faults.push(error),
                    }
                }
                Format::Npy => found.npy(source, limits),
                Format::Pickle => {
                    found.pickles(settled(source).as_slice().unwrap_or_default(), limits);
                }
                Format::Raw => {
                    found.faults.extend(formats::read_source(source.clone(), options).err())
                }
            }
        }
    }
    progress(found.nbytes);
    found
}

/// Checks what a stream brings, up to its end; see [`verify()`]. Of npy no more is in memory than a
/// header and a piece of the elements, but for arrays of objects, which are loaded with all that
/// follows them. Everything else is loaded, as an npz has its directory at the end.
///
/// A stream that cannot be read is a fault of kind [`Io`](crate::DecodeErrorKind::Io).
///
/// ```
/// let bytes = ndbytes::array_to_bytes(&[1_u8, 2, 3][..])?;
/// let found = ndbytes::verify_stream(&mut &bytes[..], &Default::default(), &|_| {});
/// assert!(found.is_fine() && found.arrays == 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify_stream(
    stream: &mut dyn Read,
    options: &ReadOptions,
    progress: &(dyn Fn(u64) + Sync),
) -> Verified {
    let mut stream = Counted { stream, count: 0, progress };
    let mut found = Verified::default();
    if let Err(error) = found.stream(&mut stream, options) {
        found.faults.push(DecodeError::io(&error));
    }
    found.nbytes = stream.count;
    found
}

/// Counts what a stream brings.
struct Counted<'s> {
    stream: &'s mut dyn Read,
    count: u64,
    progress: &'s (dyn Fn(u64) + Sync),
}

impl Read for Counted<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let got = self.stream.read(to)?;
        self.count += got as u64;
        (self.progress)(got as u64);
        Ok(got)
    }
}

/// Checks an archive, wherever its bytes are; see [`verify()`].
///
/// ```
/// # let bytes = ndbytes::npz::write(&[("x", (&[1_u8, 2][..]).into())], &Default::default())?;
/// # let file = std::io::Cursor::new(bytes);
/// let archive = ndbytes::npz::Archive::from_reader(file, Default::default())?;
/// let found = ndbytes::verify_archive(&archive, &|_| {});
/// assert!(found.is_fine() && found.arrays == 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify_archive(archive: &Archive<'_>, progress: &(dyn Fn(u64) + Sync)) -> Verified {
    let npz::Findings { headers, faults, notes, .. } = archive.verify_all(progress);
    let mut found = Verified {
        format: Some(Format::Npz),
        nbytes: archive.nbytes(),
        faults,
        notes,
        ..Verified::default()
    };
    headers.iter().for_each(|header| found.met(&header.dtype));
    found
}

impl Verified {
    /// Whether nothing is wrong. What is only unusual does not count.
    pub fn is_fine(&self) -> bool {
        self.faults.is_empty()
    }

    /// One array more, which is as it is described.
    fn met(&mut self, dtype: &DType) {
        self.arrays += 1;
        self.note(dtype_notes(dtype.kind()));
    }

    /// Once is enough, however many arrays it is true of.
    fn note(&mut self, note: Option<&'static str>) {
        if let Some(note) = note.filter(|&note| !self.notes.iter().any(|known| known == note)) {
            self.notes.push(note.to_owned());
        }
    }

    fn stream(&mut self, stream: &mut Counted<'_>, options: &ReadOptions) -> io::Result<()> {
        let mut start = Vec::new();
        stream.take(npy::MAGIC.len() as u64).read_to_end(&mut start)?;
        if formats::format_of(&Source::slice(&start), options) == Ok(Format::Npy) {
            self.format = Some(Format::Npy);
            return self.npy_stream(start, stream, &options.limits);
        }
        stream.read_to_end(&mut start)?;
        *self = verify(&Source::slice(&start), options, &|_| {});
        Ok(())
    }

    /// Messages of which the first begins with `head`.
    fn npy_stream(
        &mut self,
        mut head: Vec<u8>,
        stream: &mut Counted<'_>,
        limits: &Limits,
    ) -> io::Result<()> {
        let mut at = 0_usize;
        loop {
            if at > 0 && head != npy::MAGIC {
                io::copy(stream, &mut io::sink())?;
                self.faults.push(left_over("npy", "the array", at, length(stream.count)));
                break;
            }
            let passed = match arriving_header(&mut head, stream, limits)? {
                Ok(header) if header.dtype.has_objects() => {
                    stream.read_to_end(&mut head)?;
                    self.npy_from(&Source::slice(&head), at, limits);
                    break;
                }
                Ok(header) => self.pass_elements(&header, &head, stream)?,
                Err(error) => Err(error),
            };
            match passed {
                Ok(len) => {
                    at += len;
                    head.drain(..head.len().min(len));
                }
                Err(error) => {
                    io::copy(stream, &mut io::sink())?;
                    self.faults.push(further(error, "npy", at, length(stream.count)));
                    break;
                }
            }
            stream.take((npy::MAGIC.len() - head.len()) as u64).read_to_end(&mut head)?;
            if head.is_empty() {
                break;
            }
        }
        self.note_several();
        Ok(())
    }

    /// Lets the elements of an array pass; how long it is in all, or that there are not enough.
    fn pass_elements(
        &mut self,
        header: &npy::Header,
        head: &[u8],
        stream: &mut Counted<'_>,
    ) -> io::Result<Result<usize>> {
        let wanted = match header.layout() {
            Ok(layout) => layout.nbytes(),
            Err(error) => return Ok(Err(error)),
        };
        let start = header.data_offset;
        let early = &head[start..][..wanted.min(head.len() - start)];
        let mut improper = Improper::new(&header.dtype);
        if let Some(improper) = &mut improper {
            improper.take(early);
        }
        let mut piece = vec![0; PIECE.min(wanted)];
        let mut left = wanted - early.len();
        while left > 0 {
            let room = PIECE.min(left);
            let got = match stream.read(&mut piece[..room]) {
                Ok(0) => return Ok(Err(header.cut_short((start + wanted - left) as u64))),
                Ok(got) => got,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if let Some(improper) = &mut improper {
                improper.take(&piece[..got]);
            }
            left -= got;
        }
        header.oddities.iter().for_each(|&oddity| self.note(Some(oddity)));
        self.notes.extend(improper.iter().flat_map(Improper::notes));
        self.met(&header.dtype);
        Ok(Ok(start + wanted))
    }

    fn note_several(&mut self) {
        if self.arrays > 1 {
            self.notes.push(format!("{} arrays, one after another", self.arrays));
        }
    }

    fn npy(&mut self, source: &Source<'_>, limits: &Limits) {
        self.npy_from(source, 0, limits);
        self.note_several();
    }

    /// Messages from the start of `source` on, of which the first is `ahead` bytes behind that of all.
    fn npy_from(&mut self, source: &Source<'_>, ahead: usize, limits: &Limits) {
        let mut at = 0;
        let mut source = source.clone();
        while at < source.len() || at == 0 {
            let rest = source.part(at, source.len() - at);
            let magic = rest.to_vec(0, rest.len().min(npy::MAGIC.len()));
            if at > 0 && magic != npy::MAGIC {
                let len = ahead + source.len();
                self.faults.push(left_over("npy", "the array", ahead + at, len));
                break;
            }
            match npy::extent(&rest, limits) {
                Ok((header, len)) => {
                    header.oddities.iter().for_each(|&oddity| self.note(Some(oddity)));
                    if let Some(mut improper) = Improper::new(&header.dtype) {
                        let start = header.data_offset;
                        improper.take_all(&rest.part(start, len - start));
                        self.notes.extend(improper.notes());
                    }
                    self.met(&header.dtype);
                    at += len;
                    if header.dtype.has_objects() && source.as_slice().is_none() {
                        // More objects may follow, which are copied once.
                        source = source.to_owned();
                    }
                }
                Err(error) => {
                    self.faults.push(further(error, "npy", ahead + at, ahead + source.len()));
                    break;
                }
            }
        }
    }

    fn pickles(&mut self, bytes: &[u8], limits: &Limits) {
        let (mut at, mut count) = (0, 0_usize);
        while at < bytes.len() || at == 0 {
            let rest = &bytes[at..];
            let end = match pickle::Extent::default().end(rest) {
                Ok(end) => end,
                // What does not start as this one does was not written as another one.
                Err(_) if at > 0 && rest[0] != bytes[0] => {
                    self.faults.push(left_over("pickle", "STOP", at, bytes.len()));
                    break;
                }
                Err(error) => {
                    self.faults.push(further(error, "pickle", at, bytes.len()));
                    break;
                }
            };
            let options = pickle::ReadOptions::new().limits(*limits);
            if let Err(error) = pickle::read(&rest[..end], options) {
                self.faults.push(further(error, "pickle", at, bytes.len()));
                break;
            }
            match pickle::peek(&rest[..end], limits) {
                Ok(peeked) => peeked.arrays.iter().for_each(|array| self.met(&array.dtype)),
                Err(error) => {
                    self.faults.push(further(error, "pickle", at, bytes.len()));
                    break;
                }
            }
            (at, count) = (at + end, count + 1);
        }
        if count > 1 {
            self.notes.push(format!("{count} pickles, one after another"));
        }
    }
}

/// The header of which the start is in `head`, where all of it is then, and at most a byte more.
fn arriving_header(
    head: &mut Vec<u8>,
    stream: &mut Counted<'_>,
    limits: &Limits,
) -> io::Result<Result<npy::Header>> {
    loop {
        let error = match npy::Header::read(head, limits) {
            // Whether it was sent as text is told by what comes next.
            Ok(header) if head.len() == header.data_offset && head.ends_with(b"\r") => {
                if stream.take(1).read_to_end(head)? > 0 {
                    continue;
                }
                return Ok(Ok(header));
            }
            Ok(header) => return Ok(Ok(header)),
            Err(error) => error,
        };
        let missing = error.needed().map_or(0, |needed| needed.saturating_sub(head.len() as u64));
        if stream.take(missing).read_to_end(head)? == 0 {
            return Ok(Err(error));
        }
    }
}

fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

/// What others may write is not believed twice.
fn settled<'a>(source: &Source<'a>) -> Source<'a> {
    match source.as_slice() {
        Some(_) => source.clone(),
        None => source.to_owned(),
    }
}

fn left_over(format: &'static str, what: &str, at: usize, len: usize) -> DecodeError {
    let found = match len - at {
        1 => format!("1 byte follows {what}"),
        count => format!("{count} bytes follow {what}"),
    };
    DecodeError::malformed(found)
        .format(format)
        .at(at as u64)
        .expected("the end, or another one")
        .hint("readers leave them alone; cut them off if nobody needs them")
}

/// The error of one that starts further ahead.
fn further(error: DecodeError, format: &'static str, at: usize, len: usize) -> DecodeError {
    match (at, error.needed()) {
        (0, _) => error,
        (_, Some(needed)) => {
            let needed = needed.saturating_add(at as u64);
            let what = format!("the one that starts at byte {at}");
            DecodeError::incomplete(&what, needed, len as u64).format(format)
        }
        (_, None) => error.shifted(at as u64),
    }
}
