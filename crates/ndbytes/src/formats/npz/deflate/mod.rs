//! Experimental driver.
pub mod bits; pub mod block; pub mod huffman; pub mod search; pub mod strided;
use bits::Rest; use block::{Block, Token}; use huffman::Counts; use strided::{Masks, SEGMENT, Stride}; use search::{Prices, Seen};

pub struct Scratch { tokens: Vec<Token>, counters: [[u32;256];4], masks: [Masks;2], seen: Seen }
impl Scratch { pub fn new() -> Self { Scratch{tokens: Vec::new(), counters: [[0;256];4], masks:[Masks::NONE, Masks::NONE], seen: Seen::new()} } }

#[derive(Clone,Debug)]
pub enum Method { Strided(Vec<(u16,u16)>), Fast(Vec<(u16,u16)>), Deep(Vec<(u16,u16)>, usize) }

pub fn compress(method: &Method, chunk: &[u8], last: bool, scratch: &mut Scratch, out: &mut Vec<u8>) {
    let st = |v: &Vec<(u16,u16)>| v.iter().map(|&(distance, shortest)| Stride{distance, shortest}).collect::<Vec<_>>();
    let strides = match method { Method::Strided(v) | Method::Fast(v) | Method::Deep(v,_) => st(v) };
    if !matches!(method, Method::Strided(_)) { scratch.seen.clear(); }
    let mut rest = Rest::default();
    let mut block: Option<(Block, usize)> = None; // start of bytes
    let mut first_token = 0;
    scratch.tokens.clear();
    let mut from = 0;
    let mut prices = {
        let mut counts = Counts::ZERO;
        block::count(&[Token{literals: chunk.len().min(SEGMENT) as u32, length:0, distance:0}], chunk, &mut scratch.counters, &mut counts);
        let n = chunk.len().min(SEGMENT) as u32;
        for c in &mut counts.literals[257..280] { *c = n/64; }
        for c in &mut counts.distances { *c = 1000; }
        Prices::new(&counts)
    };
    while from < chunk.len() {
        let to = (from + SEGMENT).min(chunk.len());
        let mark = scratch.tokens.len();
        match method {
            Method::Strided(_) => strided::parse(chunk, from, to, &strides, &mut scratch.masks, &mut scratch.tokens),
            Method::Fast(_) => search::parse_fast(chunk, from, to, &strides, &prices, &mut scratch.seen, &mut scratch.tokens),
            Method::Deep(_, depth) => search::parse_deep(chunk, from, to, &strides, &prices, *depth, &mut scratch.seen, &mut scratch.tokens),
        }
        let mut counts = Counts::ZERO;
        let beyond = block::count(&scratch.tokens[mark..], &chunk[from..to], &mut scratch.counters, &mut counts);
        if !matches!(method, Method::Strided(_)) { prices = Prices::new(&counts); }
        let new = Block::new(counts, beyond);
        block = Some(match block {
            None => (new, from),
            Some((mut old, start)) => match old.merge(new) {
                Ok(()) => (old, start),
                Err(new) => {
                    old.write(&scratch.tokens[first_token..mark], &chunk[start..from], false, &mut rest, out);
                    first_token = mark;
                    (new, from)
                }
            }
        });
        from = to;
    }
    match block {
        Some((b, start)) => b.write(&scratch.tokens[first_token..], &chunk[start..], last, &mut rest, out),
        None => block::store(&[], last, &mut rest, out),
    }
    if !last { block::store(&[], false, &mut rest, out); }
    rest.align(out);
}
