//! The opcodes of pickle protocols 0 to 5, in one table.
//!
//! Source: CPython's `Lib/pickletools.py` and PEPs 307, 3154 and 574.

/// What follows an opcode in the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Argument {
    Nothing,
    /// So many bytes.
    Fixed(u8),
    /// Text up to a newline, so many times.
    Lines(u8),
    /// A little-endian length of so many bytes, and so much data.
    Counted(u8),
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opcode {
    pub(super) code: u8,
    pub(super) name: &'static str,
    /// The first protocol that has it.
    pub(super) protocol: u8,
    pub(super) argument: Argument,
}

macro_rules! opcodes {
    ($($name:ident = $code:literal, $protocol:literal, $argument:expr;)*) => {
        $(pub(super) const $name: u8 = $code;)*

        const TABLE: &[Opcode] = {
            use Argument::*;
            &[$(Opcode {
                code: $code,
                name: stringify!($name),
                protocol: $protocol,
                argument: $argument,
            }),*]
        };
    };
}

opcodes! {
    MARK = b'(', 0, Nothing;
    STOP = b'.', 0, Nothing;
    POP = b'0', 0, Nothing;
    DUP = b'2', 0, Nothing;
    FLOAT = b'F', 0, Lines(1);
    INT = b'I', 0, Lines(1);
    LONG = b'L', 0, Lines(1);
    NONE = b'N', 0, Nothing;
    PERSID = b'P', 0, Lines(1);
    REDUCE = b'R', 0, Nothing;
    STRING = b'S', 0, Lines(1);
    UNICODE = b'V', 0, Lines(1);
    APPEND = b'a', 0, Nothing;
    BUILD = b'b', 0, Nothing;
    GLOBAL = b'c', 0, Lines(2);
    DICT = b'd', 0, Nothing;
    GET = b'g', 0, Lines(1);
    INST = b'i', 0, Lines(2);
    LIST = b'l', 0, Nothing;
    PUT = b'p', 0, Lines(1);
    SETITEM = b's', 0, Nothing;
    TUPLE = b't', 0, Nothing;
    POP_MARK = b'1', 1, Nothing;
    BINFLOAT = b'G', 1, Fixed(8);
    BININT = b'J', 1, Fixed(4);
    BININT1 = b'K', 1, Fixed(1);
    BININT2 = b'M', 1, Fixed(2);
    BINPERSID = b'Q', 1, Nothing;
    BINSTRING = b'T', 1, Counted(4);
    SHORT_BINSTRING = b'U', 1, Counted(1);
    BINUNICODE = b'X', 1, Counted(4);
    EMPTY_LIST = b']', 1, Nothing;
    APPENDS = b'e', 1, Nothing;
    BINGET = b'h', 1, Fixed(1);
    LONG_BINGET = b'j', 1, Fixed(4);
    OBJ = b'o', 1, Nothing;
    BINPUT = b'q', 1, Fixed(1);
    LONG_BINPUT = b'r', 1, Fixed(4);
    EMPTY_TUPLE = b')', 1, Nothing;
    SETITEMS = b'u', 1, Nothing;
    EMPTY_DICT = b'}', 1, Nothing;
    PROTO = 0x80, 2, Fixed(1);
    NEWOBJ = 0x81, 2, Nothing;
    EXT1 = 0x82, 2, Fixed(1);
    EXT2 = 0x83, 2, Fixed(2);
    EXT4 = 0x84, 2, Fixed(4);
    TUPLE1 = 0x85, 2, Nothing;
    TUPLE2 = 0x86, 2, Nothing;
    TUPLE3 = 0x87, 2, Nothing;
    NEWTRUE = 0x88, 2, Nothing;
    NEWFALSE = 0x89, 2, Nothing;
    LONG1 = 0x8A, 2, Counted(1);
    LONG4 = 0x8B, 2, Counted(4);
    BINBYTES = b'B', 3, Counted(4);
    SHORT_BINBYTES = b'C', 3, Counted(1);
    SHORT_BINUNICODE = 0x8C, 4, Counted(1);
    BINUNICODE8 = 0x8D, 4, Counted(8);
    BINBYTES8 = 0x8E, 4, Counted(8);
    EMPTY_SET = 0x8F, 4, Nothing;
    ADDITEMS = 0x90, 4, Nothing;
    FROZENSET = 0x91, 4, Nothing;
    NEWOBJ_EX = 0x92, 4, Nothing;
    STACK_GLOBAL = 0x93, 4, Nothing;
    MEMOIZE = 0x94, 4, Nothing;
    FRAME = 0x95, 4, Fixed(8);
    BYTEARRAY8 = 0x96, 5, Counted(8);
    NEXT_BUFFER = 0x97, 5, Nothing;
    READONLY_BUFFER = 0x98, 5, Nothing;
}

/// The row of an opcode.
pub(super) fn find(code: u8) -> Option<&'static Opcode> {
    TABLE.iter().find(|row| row.code == code)
}

/// The name of an opcode, for errors.
pub(super) fn name(code: u8) -> &'static str {
    find(code).map_or("an unknown opcode", |row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_there_once() {
        assert_eq!(TABLE.len(), 68);
        for row in TABLE {
            assert_eq!(TABLE.iter().filter(|other| other.code == row.code).count(), 1);
            assert_eq!(row.protocol < 2, row.code < 0x80 && !matches!(row.code, b'B' | b'C'));
            assert!(row.protocol <= 5 && find(row.code).is_some());
        }
        assert_eq!(name(STACK_GLOBAL), "STACK_GLOBAL");
        assert_eq!(find(BINBYTES8).unwrap().argument, Argument::Counted(8));
    }
}
