//! Writing: arrays, dtypes and plain values as pickles that every NumPy reads.
//!
//! The functions are named as NumPy 1 names them, which NumPy 2 knows too. What occurs once is not
//! memoized, which keeps pickles small; what is shared, or contains itself, is.

use std::sync::Arc;

use super::emit::Emitter;
use super::machine::MAX_DIGITS;
use super::opcode as op;
use super::write_dtype;
use super::{Keep, WriteOptions};
use crate::array::{
    Arena, Array, ArrayValue, ByteOrder, Class, DType, Items, Kind, Node, NodeId, Order,
};
use crate::error::EncodeError;

/// Lists and dicts are written in batches of so many, as Python does.
const BATCH: usize = 1000;

/// Bytes, and the arrays whose data is to be put into them, each before the byte of that number.
pub(super) type Pieces<'w, 'a> = (Vec<u8>, Vec<(usize, &'w Array<'a>)>);

/// Writes one value.
pub(super) struct Writer<'w, 'o, 'a> {
    arena: &'w Arena<'a>,
    options: WriteOptions<'o>,
    pub(super) emit: Emitter,
    /// Arrays whose data is yet to be put into the output, each with the place where.
    data: Vec<(usize, &'w Array<'a>)>,
    /// Of each node, whether it is met more than once.
    shared: Vec<bool>,
    /// Of each node, where the memo has it, counted from 1.
    memo: Vec<u32>,
    memoized: u32,
    /// Functions and dtypes that the memo has; `None` where nothing is to be memoized.
    globals: Option<Vec<(&'static str, u32)>>,
    dtypes: Vec<(DType, u32)>,
    pending: Vec<Task>,
    /// How many containers were begun: more than there can be when a tuple is part of itself.
    begun: usize,
}

/// What remains to be written.
#[derive(Clone, Copy)]
enum Task {
    Node(NodeId),
    Op(u8),
    /// The items of a list, set or dict from an index on.
    Items(Items, usize, Container),
    /// The end of a tuple, with or without a mark below its items.
    TupleEnd(NodeId, Items, bool),
    /// What a call made is now complete: it may be memoized.
    Put(NodeId),
    /// The rest of the state of a masked array.
    Mask(u32),
}

#[derive(Clone, Copy)]
enum Container {
    List,
    Dict,
    Set,
}

impl Container {
    /// The opcodes that add one entry and several.
    fn ops(self) -> (u8, u8) {
        match self {
            Self::List => (op::APPEND, op::APPENDS),
            Self::Dict => (op::SETITEM, op::SETITEMS),
            Self::Set => (op::ADDITEMS, op::ADDITEMS),
        }
    }

    fn step(self) -> usize {
        if matches!(self, Self::Dict) { 2 } else { 1 }
    }
}

impl<'w, 'o, 'a> Writer<'w, 'o, 'a> {
    /// A writer of values of `arena`.
    pub(super) fn new(arena: &'w Arena<'a>, options: WriteOptions<'o>) -> Self {
        let python2 = options.fix_imports && options.protocol < 3;
        let emit = Emitter { out: Vec::new(), protocol: options.protocol, python2 };
        Self {
            arena,
            options,
            emit,
            data: Vec::new(),
            shared: Vec::new(),
            memo: Vec::new(),
            memoized: 0,
            globals: None,
            dtypes: Vec::new(),
            pending: Vec::new(),
            begun: 0,
        }
    }

    /// The pickle of the value at `root`, and the arrays whose data is to be put into it.
    pub(super) fn value(mut self, root: NodeId) -> Result<Pieces<'w, 'a>, EncodeError> {
        self.count(&[root]);
        self.emit.start();
        self.pending.push(Task::Node(root));
        self.run()?;
        self.emit.op(op::STOP);
        Ok((self.emit.out, self.data))
    }

    /// The pickle of an array of objects, whose elements are in the arena.
    pub(super) fn objects(
        mut self,
        array: &Array<'_>,
        elements: &[NodeId],
    ) -> Result<Pieces<'w, 'a>, EncodeError> {
        self.count(elements);
        self.emit.start();
        self.array_head(array, Class::NdArray)?;
        self.emit.empty_list();
        for batch in elements.chunks(if self.emit.protocol == 0 { 1 } else { BATCH }) {
            if let [one] = batch {
                self.pending.push(Task::Node(*one));
                self.run()?;
                self.emit.op(op::APPEND);
                continue;
            }
            self.emit.mark();
            self.pending.extend(batch.iter().rev().map(|&id| Task::Node(id)));
            self.run()?;
            self.emit.op(op::APPENDS);
        }
        self.emit.out.extend_from_slice(&[op::TUPLE, op::BUILD, op::STOP]);
        Ok((self.emit.out, self.data))
    }

    /// Sees which nodes are met more than once.
    fn count(&mut self, roots: &[NodeId]) {
        self.globals = Some(Vec::new());
        self.shared = vec![false; self.arena.len()];
        self.memo = vec![0; self.arena.len()];
        let mut seen = vec![false; self.arena.len()];
        let mut pending = roots.to_vec();
        let mut tuples_shared = false;
        while let Some(id) = pending.pop() {
            if std::mem::replace(&mut seen[id.index()], true) {
                self.shared[id.index()] = true;
                tuples_shared |= matches!(self.arena.node(id), Node::Tuple(_) | Node::FrozenSet(_));
                continue;
            }
            let (items, others) = self.arena.parts(self.arena.node(id));
            pending.extend_from_slice(items);
            pending.extend(others.iter().filter(|&&id| id != NodeId::NONE));
        }
        if !tuples_shared {
            return;
        }
        // A tuple that contains itself is begun again inside of the list that it contains, which
        // then has to be in the memo.
        for (index, shared) in self.shared.iter_mut().enumerate() {
            *shared |= matches!(
                self.arena.node(NodeId::from_index(index as u32)),
                Node::List(_)
                    | Node::Dict(_)
                    | Node::OrderedDict(_)
                    | Node::Set(_)
                    | Node::Array(_)
            );
        }
    }

    fn run(&mut self) -> Result<(), EncodeError> {
        while let Some(task) = self.pending.pop() {
            match task {
                Task::Node(id) => self.node(id)?,
                Task::Op(code) => self.emit.op(code),
                Task::Items(items, from, container) => self.items(items, from, container),
                Task::TupleEnd(id, items, marked) => self.tuple_end(id, items, marked),
                Task::Put(id) => self.put(id),
                Task::Mask(number) => self.mask(number)?,
            }
        }
        Ok(())
    }

    fn put(&mut self, id: NodeId) {
        if self.shared.get(id.index()).is_some_and(|&shared| shared) {
            self.emit.put(self.memoized);
            self.memoized += 1;
            self.memo[id.index()] = self.memoized;
        }
    }

    /// A function or class, out of the memo if it is there.
    pub(super) fn global(&mut self, module: &'static str, name: &'static str) {
        let known = self.globals.iter().flatten().find(|known| known.0 == name);
        if let Some(&(_, index)) = known {
            return self.emit.recall(index);
        }
        self.emit.global(module, name);
        if let Some(globals) = &mut self.globals {
            globals.push((name, self.memoized));
            self.emit.put(self.memoized);
            self.memoized += 1;
        }
    }

    pub(super) fn dtype(&mut self, dtype: &DType) -> Result<(), EncodeError> {
        // Equal structures may differ in what does not count: only the very same will do.
        let same = |known: &DType| match (known.kind(), dtype.kind()) {
            (Kind::Struct(a), Kind::Struct(b)) => Arc::ptr_eq(a, b) && known == dtype,
            _ => known == dtype,
        };
        if let Some((_, index)) = self.dtypes.iter().find(|known| same(&known.0)) {
            self.emit.recall(*index);
            return Ok(());
        }
        write_dtype::write(self, dtype)?;
        if self.globals.is_some() && self.dtypes.len() < 16 {
            self.emit.put(self.memoized);
            self.dtypes.push((dtype.clone(), self.memoized));
            self.memoized += 1;
        }
        Ok(())
    }

    /// Metadata, or another value that is part of a dtype, without a memo of its own.
    pub(super) fn inner_value(
        &mut self,
        value: &crate::array::Value<'static>,
    ) -> Result<(), EncodeError> {
        let options = WriteOptions::new(self.emit.protocol);
        let mut inner = Writer::new(value.arena(), options);
        inner.count(&[value.root_id()]);
        // The numbers of the memo go on where they are.
        inner.memoized = self.memoized;
        inner.pending.push(Task::Node(value.root_id()));
        inner.run()?;
        self.memoized = inner.memoized;
        self.emit.out.extend_from_slice(&inner.emit.out);
        Ok(())
    }

    fn node(&mut self, id: NodeId) -> Result<(), EncodeError> {
        if let Some(&index) = self.memo.get(id.index())
            && index > 0
        {
            self.emit.recall(index - 1);
            return Ok(());
        }
        let arena = self.arena;
        match arena.node(id) {
            Node::None => self.emit.op(op::NONE),
            Node::Bool(value) => self.emit.bool(value),
            Node::Int(value) => self.emit.int(value),
            Node::Float(value) => self.emit.float(value),
            Node::BigInt(blob) => self.big_int(arena.bytes(blob))?,
            Node::Str(blob) => {
                self.emit.text(arena.bytes(blob));
                self.put(id);
            }
            Node::Bytes(blob) => {
                self.emit.bytes(arena.bytes(blob));
                self.put(id);
            }
            Node::ByteArray(blob) => {
                self.emit.byte_array(arena.bytes(blob));
                self.put(id);
            }
            Node::Tuple(items) => self.tuple(id, items)?,
            Node::List(items) => {
                self.emit.empty_list();
                self.put(id);
                self.pending.push(Task::Items(items, 0, Container::List));
            }
            Node::Dict(items) => {
                self.emit.empty_dict();
                self.put(id);
                self.pending.push(Task::Items(items, 0, Container::Dict));
            }
            Node::OrderedDict(items) => {
                self.global("collections", "OrderedDict");
                self.emit.empty_tuple();
                self.emit.op(op::REDUCE);
                self.put(id);
                self.pending.push(Task::Items(items, 0, Container::Dict));
            }
            Node::Set(items) if self.emit.protocol >= 4 => {
                self.emit.op(op::EMPTY_SET);
                self.put(id);
                self.pending.push(Task::Items(items, 0, Container::Set));
            }
            Node::FrozenSet(items) if self.emit.protocol >= 4 => {
                self.begin()?;
                self.emit.mark();
                self.pending.extend([Task::Put(id), Task::Op(op::FROZENSET)]);
                self.push_nodes(arena.items(items));
            }
            Node::Set(items) | Node::FrozenSet(items) => {
                self.begin()?;
                let set = matches!(arena.node(id), Node::Set(_));
                self.emit.builtin(if set { "set" } else { "frozenset" });
                self.emit.mark();
                self.emit.empty_list();
                self.end_call(id);
                self.pending.push(Task::Items(items, 0, Container::List));
            }
            Node::Array(number) => self.array(id, number)?,
            Node::Scalar(number) => self.scalar(id, number)?,
            Node::DType(number) => {
                write_dtype::write_value(self, arena.dtype(number))?;
                self.put(id);
            }
            Node::Unread(..) => return Err(EncodeError::new("the value is not complete")),
            other => self.plain_call(id, other)?,
        }
        Ok(())
    }

    /// Plain data that is written as a call.
    fn plain_call(&mut self, id: NodeId, node: Node) -> Result<(), EncodeError> {
        let arena = self.arena;
        match node {
            Node::Ellipsis => {
                self.emit.builtin("Ellipsis");
                return Ok(());
            }
            Node::Complex(real, imaginary) => {
                self.emit.builtin("complex");
                self.emit.mark();
                self.emit.float(real);
                self.emit.float(imaginary);
            }
            Node::Range(items) | Node::Slice(items) | Node::Fraction(items) => {
                match node {
                    Node::Range(_) if self.emit.python2 => self.emit.builtin("xrange"),
                    Node::Range(_) => self.emit.builtin("range"),
                    Node::Slice(_) => self.emit.builtin("slice"),
                    _ => self.global("fractions", "Fraction"),
                }
                self.emit.mark();
                self.end_call(id);
                self.push_nodes(arena.items(items));
                return Ok(());
            }
            Node::Date(state) => {
                self.global("datetime", "date");
                self.emit.mark();
                self.emit.bytes(&state);
            }
            Node::DateTime(_, zone) | Node::Time(_, zone) => {
                match node {
                    Node::DateTime(state, _) => {
                        self.global("datetime", "datetime");
                        self.emit.mark();
                        self.emit.bytes(&state);
                    }
                    Node::Time(state, _) => {
                        self.global("datetime", "time");
                        self.emit.mark();
                        self.emit.bytes(&state);
                    }
                    _ => {}
                }
                self.end_call(id);
                if zone != NodeId::NONE {
                    self.pending.push(Task::Node(zone));
                }
                return Ok(());
            }
            Node::TimeDelta(days, seconds, micros) => {
                self.global("datetime", "timedelta");
                self.emit.mark();
                for part in [days, seconds, micros] {
                    self.emit.int(part.into());
                }
            }
            Node::TimeZone(offset, name) => {
                self.global("datetime", "timezone");
                self.emit.mark();
                self.end_call(id);
                if name != NodeId::NONE {
                    self.pending.push(Task::Node(name));
                }
                self.pending.push(Task::Node(offset));
                return Ok(());
            }
            Node::Decimal(blob) => {
                self.global("decimal", "Decimal");
                self.emit.mark();
                self.emit.text(arena.bytes(blob));
            }
            Node::Uuid(bytes) => {
                self.uuid(bytes);
                self.put(id);
                return Ok(());
            }
            Node::Buffer(_) => {
                return Err(EncodeError::new("a buffer that lies beside the pickle"));
            }
            _ => return Err(EncodeError::new("a value that pickles have no way to write")),
        }
        self.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
        self.put(id);
        Ok(())
    }

    fn uuid(&mut self, bytes: [u8; 16]) {
        if self.emit.protocol >= 2 {
            self.global("uuid", "UUID");
            self.emit.empty_tuple();
            self.emit.op(op::NEWOBJ);
        } else {
            let module = if self.emit.python2 { "copy_reg" } else { "copyreg" };
            self.global(module, "_reconstructor");
            self.emit.mark();
            self.global("uuid", "UUID");
            self.emit.builtin("object");
            self.emit.out.extend_from_slice(&[op::NONE, op::TUPLE, op::REDUCE]);
        }
        self.emit.empty_dict();
        self.emit.name("int");
        let mut little = [0; 17];
        for (place, byte) in little.iter_mut().zip(bytes.iter().rev()) {
            *place = *byte;
        }
        self.emit.big_int(&little);
        self.emit.out.extend_from_slice(&[op::SETITEM, op::BUILD]);
    }

    /// Decimal in protocols 0 and 1, and then only as long as Python and this crate read it.
    fn big_int(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let start = self.emit.out.len();
        let decimal = self.emit.protocol < 2;
        // Ten digits take more than four bytes, so that nothing long is turned into decimal here.
        if !decimal || bytes.len() < MAX_DIGITS {
            self.emit.big_int(bytes);
        }
        let negative = bytes.last().is_some_and(|&high| high >= 0x80);
        // Beside the digits there are the opcode, an L and a newline.
        let digits = (self.emit.out.len() - start).saturating_sub(3 + usize::from(negative));
        if decimal && (digits > MAX_DIGITS || bytes.len() >= MAX_DIGITS) {
            return Err(EncodeError::new(format!(
                "an integer of more than {MAX_DIGITS} decimal digits, which readers of protocols 0 \
                 and 1 refuse"
            ))
            .hint("write it with protocol 2 or higher"));
        }
        Ok(())
    }

    // Containers.

    fn push_nodes(&mut self, ids: &[NodeId]) {
        self.pending.extend(ids.iter().rev().map(|&id| Task::Node(id)));
    }

    /// What follows the arguments of a call.
    fn end_call(&mut self, id: NodeId) {
        self.pending.extend([Task::Put(id), Task::Op(op::REDUCE), Task::Op(op::TUPLE)]);
    }

    fn begin(&mut self) -> Result<(), EncodeError> {
        self.begun += 1;
        if self.begun > 64 * self.arena.len() {
            return Err(EncodeError::new("a tuple is part of itself without a list between"));
        }
        Ok(())
    }

    fn tuple(&mut self, id: NodeId, items: Items) -> Result<(), EncodeError> {
        if items.is_empty() {
            self.emit.empty_tuple();
            return Ok(());
        }
        self.begin()?;
        let marked = self.emit.protocol < 2 || items.len() > 3;
        if marked {
            self.emit.mark();
        }
        self.pending.push(Task::TupleEnd(id, items, marked));
        self.push_nodes(self.arena.items(items));
        Ok(())
    }

    fn tuple_end(&mut self, id: NodeId, items: Items, marked: bool) {
        // A tuple that contains itself was written on the way: these items are one too many.
        if let Some(&index) = self.memo.get(id.index())
            && index > 0
        {
            match (marked, self.emit.protocol) {
                (true, 1..) => self.emit.op(op::POP_MARK),
                _ => {
                    let count = items.len() + usize::from(marked);
                    self.emit.out.resize(self.emit.out.len() + count, op::POP);
                }
            }
            return self.emit.recall(index - 1);
        }
        self.emit.op(match items.len() {
            1 if !marked => op::TUPLE1,
            2 if !marked => op::TUPLE2,
            3 if !marked => op::TUPLE3,
            _ => op::TUPLE,
        });
        self.put(id);
    }

    fn items(&mut self, items: Items, from: usize, container: Container) {
        let rest = &self.arena.items(items)[from..];
        let ((one, many), step) = (container.ops(), container.step());
        let entries = match self.emit.protocol {
            0 => 1,
            _ => BATCH,
        };
        let batch = &rest[..rest.len().min(entries * step)];
        if batch.is_empty() {
            return;
        }
        if batch.len() < rest.len() {
            self.pending.push(Task::Items(items, from + batch.len(), container));
        }
        if batch.len() == step && one != many {
            self.pending.push(Task::Op(one));
        } else {
            self.emit.mark();
            self.pending.push(Task::Op(many));
        }
        self.pending.extend(batch.iter().rev().map(|&id| Task::Node(id)));
    }

    // Arrays.

    fn array(&mut self, id: NodeId, number: u32) -> Result<(), EncodeError> {
        let ArrayValue { array, elements, class, .. } = self.arena.array(number);
        if self.out_of_band(array, *elements, *class)? {
            self.put(id);
            return Ok(());
        }
        if elements.is_none() && *class == Class::NdArray && needs_call(array, self.emit.protocol) {
            self.buffer_call(array.nbytes());
            self.data.push((self.emit.out.len(), array));
            self.buffer_end(array)?;
            self.put(id);
            return Ok(());
        }
        // An array of objects may contain itself: it is memoized before it has its state.
        self.array_call(*class)?;
        self.put(id);
        self.array_state(array)?;
        self.pending.extend([Task::Op(op::BUILD), Task::Op(op::TUPLE)]);
        if *class == Class::Masked {
            self.pending.push(Task::Mask(number));
        }
        match elements {
            Some(items) => {
                self.emit.empty_list();
                self.pending.push(Task::Items(*items, 0, Container::List));
            }
            None => self.data(array)?,
        }
        Ok(())
    }

    /// All of an array up to its data.
    pub(super) fn array_head(
        &mut self,
        array: &Array<'_>,
        class: Class,
    ) -> Result<(), EncodeError> {
        self.array_call(class)?;
        self.array_state(array)
    }

    fn array_call(&mut self, class: Class) -> Result<(), EncodeError> {
        match class {
            Class::Masked => {
                self.global("numpy.ma.core", "_mareconstruct");
                self.emit.mark();
                self.global("numpy.ma.core", "MaskedArray");
                self.global("numpy", "ndarray");
            }
            _ => {
                self.global("numpy.core.multiarray", "_reconstruct");
                self.emit.mark();
                self.global(
                    "numpy",
                    match class {
                        Class::Matrix => "matrix",
                        Class::RecArray => "recarray",
                        _ => "ndarray",
                    },
                );
            }
        }
        self.emit.shape(&[0]);
        self.emit.name("b");
        self.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
        Ok(())
    }

    fn array_state(&mut self, array: &Array<'_>) -> Result<(), EncodeError> {
        self.emit.mark();
        self.emit.int(1);
        self.emit.shape(array.shape());
        self.dtype(array.dtype())?;
        self.emit.bool(array.layout().order() == Order::F);
        Ok(())
    }

    /// The elements of an array as bytes, in its own order.
    fn data(&mut self, array: &'w Array<'a>) -> Result<(), EncodeError> {
        if array.dtype().has_objects() {
            return Err(no_objects(array));
        }
        let order = array.layout().order();
        if self.emit.protocol >= 3 {
            self.emit.bytes_header(array.nbytes());
            self.data.push((self.emit.out.len(), array));
        } else {
            self.emit.bytes(&array.to_bytes(order));
        }
        Ok(())
    }

    fn mask(&mut self, number: u32) -> Result<(), EncodeError> {
        let value = self.arena.array(number);
        let mask =
            value.mask.as_ref().ok_or_else(|| EncodeError::new("a masked array has no mask"))?;
        // In the order of the array, which need not be the mask's.
        let bytes = mask.to_bytes(value.array.layout().order());
        self.emit.bytes(&bytes);
        self.pending.push(Task::Node(value.fill_value));
        Ok(())
    }

    /// Hands the array's data to the caller, who keeps it beside the pickle; whether that was done.
    fn out_of_band(
        &mut self,
        array: &Array<'_>,
        elements: Option<Items>,
        class: Class,
    ) -> Result<bool, EncodeError> {
        let order = array.layout().order();
        let plain = self.emit.protocol >= 5
            && elements.is_none()
            && class == Class::NdArray
            && !array.dtype().has_objects()
            && array.dtype().itemsize() > 0
            && array.layout().is_contiguous(order);
        let Some(keep) = self.options.out_of_band.as_mut().filter(|_| plain) else {
            return Ok(false);
        };
        let readonly = match keep(array) {
            Keep::InBand => return Ok(false),
            Keep::Beside { readonly } => readonly,
        };
        self.buffer_function();
        self.emit.op(op::NEXT_BUFFER);
        if readonly {
            self.emit.op(op::READONLY_BUFFER);
        }
        self.buffer_end(array)?;
        Ok(true)
    }

    /// The call that makes an array over data, up to that data, which is in the pickle.
    pub(super) fn buffer_call(&mut self, nbytes: usize) {
        self.buffer_function();
        self.emit.byte_array_header(nbytes);
    }

    fn buffer_function(&mut self) {
        let module = match self.options.numpy2 {
            true => "numpy._core.numeric",
            false => "numpy.core.numeric",
        };
        self.global(module, "_frombuffer");
        self.emit.mark();
    }

    /// What that call is told beside the data.
    pub(super) fn buffer_end(&mut self, array: &Array<'_>) -> Result<(), EncodeError> {
        self.dtype(array.dtype())?;
        self.emit.shape(array.shape());
        self.emit.text(if array.layout().order() == Order::F { b"F" } else { b"C" });
        self.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
        Ok(())
    }

    fn scalar(&mut self, id: NodeId, number: u32) -> Result<(), EncodeError> {
        let value = self.arena.array(number);
        self.global("numpy.core.multiarray", "scalar");
        self.emit.mark();
        self.dtype(value.array.dtype())?;
        match value.elements {
            None => {
                self.emit.bytes(&value.array.to_bytes(Order::C));
                self.emit.out.extend_from_slice(&[op::TUPLE, op::REDUCE]);
                self.put(id);
            }
            Some(items) => {
                self.end_call(id);
                self.array_head(&value.array, Class::NdArray)?;
                self.emit.empty_list();
                self.pending.extend([
                    Task::Op(op::BUILD),
                    Task::Op(op::TUPLE),
                    Task::Items(items, 0, Container::List),
                ]);
            }
        }
        Ok(())
    }
}

/// Whether NumPy would bring the elements into this machine's byte order if they were a state, and
/// there is another way: a call, which protocol 5 has for data out of band.
pub(super) fn needs_call(array: &Array<'_>, protocol: u8) -> bool {
    let dtype = array.dtype();
    let swapped = dtype.byte_order() != ByteOrder::NotApplicable && !dtype.is_native();
    protocol >= 5 && swapped && !dtype.has_objects() && dtype.itemsize() > 0
}

/// Objects in NumPy's memory cannot be seen from here.
#[cold]
pub(super) fn no_objects(array: &Array<'_>) -> EncodeError {
    EncodeError::new(format!("the elements of this {} array are not values", array.dtype()))
        .hint("give them as an array of objects: Array::of_objects")
}
