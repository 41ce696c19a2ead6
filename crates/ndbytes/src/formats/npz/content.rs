//! The bytes of members, in chunks, and what they are compressed to.
//!
//! A member is its npy header and its elements, cut into chunks whose size depends on nothing else.
//! Each chunk is compressed by whichever thread is free, into a part of a deflate stream that ends
//! on a byte; together the parts are one stream. So the bytes are the same with any number of
//! threads.

use std::io::{self, Write};

use super::codec::{self, BLOCK};
use super::deflate::{Encoder, Scratch};
use super::write::{Compression, Told, WriteOptions};
use crate::array::{Array, Dims, Order, Sink, Source, default_threads, map, try_map};
use crate::error::EncodeError;
use crate::formats::npy::Message;

/// A second thread that compresses less than this does not pay.
const BYTES_PER_THREAD: u64 = 100 << 10;
/// A second thread that only sums up less than this does not pay.
const SUM_PER_THREAD: u64 = 8 << 20;
/// Of what is written as it is, so much goes into one call of the system.
const AT_ONCE: usize = 32 << 20;
/// zstd's own threads work on members from here on. That changes the result, so it does not depend
/// on how many there are.
const ZSTD_THREADS_FROM: u64 = 16 << 20;

/// The bytes of a member.
#[derive(Debug)]
pub(super) struct Content<'a> {
    head: Vec<u8>,
    body: Source<'a>,
    /// Where bytes are likely to repeat: the size of an element, and those of rows of them.
    distances: Dims<usize>,
}

impl<'a> Content<'a> {
    pub(super) fn new(head: Vec<u8>, body: Source<'a>) -> Self {
        Self { head, body, distances: Dims::new() }
    }

    pub(super) fn of_array(array: &Array<'a>) -> Result<Self, EncodeError> {
        let message = Message::new(array)?;
        if array.dtype().has_objects() {
            let all = Sink::collect(message.len(), |sink| message.write(1, sink));
            return Ok(Self::new(all, Source::slice(&[])));
        }
        let (layout, order) = (array.layout(), message.order());
        let body = match layout.is_contiguous(order) {
            true => array.source().part(layout.start(), array.nbytes()),
            false => packed(array, order),
        };
        let mut content = Self::new(message.header().to_vec(), body);
        content.distances = distances(array, order);
        Ok(content)
    }

    pub(super) fn len(&self) -> u64 {
        (self.head.len() + self.body.len()) as u64
    }

    /// Appends all of it.
    pub(super) fn append_to(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.head);
        Sink::append_to(bytes, self.body.len(), |sink| self.body.write_to(sink));
    }

    /// How many chunks of `size` bytes there are, of which the last one may be shorter.
    fn chunks(&self, size: usize) -> usize {
        (self.head.len() + self.body.len()).div_ceil(size).max(1)
    }

    /// One of the chunks, for which `scratch` may be needed.
    fn chunk<'s>(&'s self, index: usize, size: usize, scratch: &'s mut Vec<u8>) -> &'s [u8] {
        let from = index * size;
        let to = (from + size).min(self.head.len() + self.body.len());
        let in_body = |at: usize| at.saturating_sub(self.head.len());
        let body = in_body(from)..in_body(to);
        if let Some(bytes) = self.body.as_slice()
            && from >= self.head.len()
        {
            return &bytes[body];
        }
        scratch.clear();
        scratch.extend_from_slice(self.head.get(from..to.min(self.head.len())).unwrap_or_default());
        let head = scratch.len();
        scratch.resize(to - from, 0);
        self.body.copy_over(body.start, &mut scratch[head..]);
        scratch
    }

    /// Writes all of it, unless it has changed since its CRC-32 was `crc`.
    pub(super) fn write_checked(
        &self,
        crc: u32,
        out: &mut dyn Write,
        progress: Told<'_>,
    ) -> io::Result<()> {
        let mut hasher = crc32fast::Hasher::new();
        let mut write = |bytes: &[u8]| -> io::Result<()> {
            hasher.update(bytes);
            out.write_all(bytes)?;
            progress(bytes.len() as u64);
            Ok(())
        };
        write(&self.head)?;
        if let Some(bytes) = self.body.as_slice() {
            return bytes.chunks(AT_ONCE).try_for_each(|part| {
                out.write_all(part)?;
                progress(part.len() as u64);
                Ok(())
            });
        }
        codec::for_blocks(&self.body, &mut write)?;
        match hasher.finalize() == crc {
            true => Ok(()),
            false => Err(io::Error::other("the array was changed while it was written")),
        }
    }
}

/// The size of an element, and how far apart the elements are that follow each other along the other
/// axes, the densest first.
fn distances(array: &Array<'_>, order: Order) -> Dims<usize> {
    let mut distance = array.layout().itemsize();
    let mut distances = Dims::from_elem(distance, 1);
    let mut further = |&dim: &usize| {
        distance = distance.saturating_mul(dim);
        distances.push(distance);
    };
    match order {
        Order::C => array.shape().iter().rev().for_each(&mut further),
        Order::F => array.shape().iter().for_each(&mut further),
    }
    distances
}

fn packed<'a>(array: &Array<'_>, order: Order) -> Source<'a> {
    Source::filled(array.nbytes(), |sink| array.write_data(order, default_threads(), sink))
}

/// A member as it will be written.
pub(super) struct Packed {
    pub(super) crc: u32,
    /// The parts of its stream, unless it is stored.
    pub(super) compressed: Option<Vec<Vec<u8>>>,
}

/// Compresses the members of a group, and sums them up, by several threads.
pub(super) fn pack(
    members: &[&Content<'_>],
    options: &WriteOptions,
    level: i32,
    progress: Told<'_>,
) -> io::Result<Vec<Packed>> {
    if options.compression == Compression::Zstd {
        return pack_zstd(members, options, level, progress);
    }
    let deflates = options.compression == Compression::Deflate;
    let plans: Vec<(Encoder, usize)> = members
        .iter()
        .map(|content| {
            let encoder = Encoder::new(level as u8, content.distances.iter().copied());
            let len = encoder.chunk_len(content.len() as usize);
            (encoder, if deflates { len } else { BLOCK })
        })
        .collect();
    let jobs: Vec<(usize, usize)> = members
        .iter()
        .zip(&plans)
        .enumerate()
        .flat_map(|(member, (content, (_, size)))| {
            (0..content.chunks(*size)).map(move |chunk| (member, chunk))
        })
        .collect();
    let total: u64 = members.iter().map(|content| content.len()).sum();
    let each = if deflates { BYTES_PER_THREAD } else { SUM_PER_THREAD };
    let threads = options.threads.min((total / each) as usize).clamp(1, jobs.len().max(1));

    let own = || (Vec::new(), deflates.then(Scratch::default));
    let done = map(threads, jobs, own, |(scratch, codec), (member, index)| {
        let (content, (encoder, size)) = (members[member], &plans[member]);
        let chunk = content.chunk(index, *size, scratch);
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(chunk);
        let mut part = Vec::new();
        if let Some(codec) = codec {
            let last = index + 1 == content.chunks(*size);
            encoder.compress(chunk, last, codec, &mut part);
        }
        progress(chunk.len() as u64);
        (member, hasher, part)
    });

    let mut members: Vec<(crc32fast::Hasher, Vec<Vec<u8>>)> = Vec::new();
    for (member, hasher, part) in done {
        match members.get_mut(member) {
            Some((sum, parts)) => {
                sum.combine(&hasher);
                parts.push(part);
            }
            None => members.push((hasher, vec![part])),
        }
    }
    let packed = |(sum, parts): (crc32fast::Hasher, Vec<Vec<u8>>)| Packed {
        crc: sum.finalize(),
        compressed: deflates.then_some(parts),
    };
    Ok(members.into_iter().map(packed).collect())
}

/// As [`pack`], each member as one frame of zstd, since not every reader knows of several.
fn pack_zstd(
    members: &[&Content<'_>],
    options: &WriteOptions,
    level: i32,
    progress: Told<'_>,
) -> io::Result<Vec<Packed>> {
    let total: u64 = members.iter().map(|content| content.len()).sum();
    let large = members.iter().any(|content| content.len() >= ZSTD_THREADS_FROM);
    // Where zstd has threads of its own, more would be in their way.
    let threads = match large {
        true => 1,
        false => options.threads.min((total / BYTES_PER_THREAD) as usize).max(1),
    };
    try_map(
        threads,
        members,
        || (),
        |(), content| zstd_frame(content, options.threads, level, progress),
    )
}

fn zstd_frame(
    content: &Content<'_>,
    threads: usize,
    level: i32,
    progress: Told<'_>,
) -> io::Result<Packed> {
    let mut encoder = zstd::stream::Encoder::new(Vec::new(), level)?;
    encoder.set_pledged_src_size(Some(content.len()))?;
    if content.len() >= ZSTD_THREADS_FROM {
        encoder.multithread(threads as u32)?;
    }
    let (mut scratch, mut hasher) = (Vec::new(), crc32fast::Hasher::new());
    for index in 0..content.chunks(BLOCK) {
        let chunk = content.chunk(index, BLOCK, &mut scratch);
        hasher.update(chunk);
        encoder.write_all(chunk)?;
        progress(chunk.len() as u64);
    }
    Ok(Packed { crc: hasher.finalize(), compressed: Some(vec![encoder.finish()?]) })
}
