//! The opcodes of pickle protocols 0 to 5, in one table.
//!
//! Source: CPython's `Lib/pickletools.py` and PEPs 307, 3154 and 574.

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Opcode {
    pub(super) code: u8,
    pub(super) name: &'static str,
    /// The first protocol that has it.
    pub(super) protocol: u8,
}

macro_rules! opcodes {
    ($($name:ident = $code:literal, $protocol:literal;)*) => {
        $(pub(super) const $name: u8 = $code;)*

        const TABLE: &[Opcode] =
            &[$(Opcode { code: $code, name: stringify!($name), protocol: $protocol }),*];
    };
}

opcodes! {
    MARK = b'(', 0;
    STOP = b'.', 0;
    POP = b'0', 0;
    DUP = b'2', 0;
    FLOAT = b'F', 0;
    INT = b'I', 0;
    LONG = b'L', 0;
    NONE = b'N', 0;
    PERSID = b'P', 0;
    REDUCE = b'R', 0;
    STRING = b'S', 0;
    UNICODE = b'V', 0;
    APPEND = b'a', 0;
    BUILD = b'b', 0;
    GLOBAL = b'c', 0;
    DICT = b'd', 0;
    GET = b'g', 0;
    INST = b'i', 0;
    LIST = b'l', 0;
    PUT = b'p', 0;
    SETITEM = b's', 0;
    TUPLE = b't', 0;
    POP_MARK = b'1', 1;
    BINFLOAT = b'G', 1;
    BININT = b'J', 1;
    BININT1 = b'K', 1;
    BININT2 = b'M', 1;
    BINPERSID = b'Q', 1;
    BINSTRING = b'T', 1;
    SHORT_BINSTRING = b'U', 1;
    BINUNICODE = b'X', 1;
    EMPTY_LIST = b']', 1;
    APPENDS = b'e', 1;
    BINGET = b'h', 1;
    LONG_BINGET = b'j', 1;
    OBJ = b'o', 1;
    BINPUT = b'q', 1;
    LONG_BINPUT = b'r', 1;
    EMPTY_TUPLE = b')', 1;
    SETITEMS = b'u', 1;
    EMPTY_DICT = b'}', 1;
    PROTO = 0x80, 2;
    NEWOBJ = 0x81, 2;
    EXT1 = 0x82, 2;
    EXT2 = 0x83, 2;
    EXT4 = 0x84, 2;
    TUPLE1 = 0x85, 2;
    TUPLE2 = 0x86, 2;
    TUPLE3 = 0x87, 2;
    NEWTRUE = 0x88, 2;
    NEWFALSE = 0x89, 2;
    LONG1 = 0x8A, 2;
    LONG4 = 0x8B, 2;
    BINBYTES = b'B', 3;
    SHORT_BINBYTES = b'C', 3;
    SHORT_BINUNICODE = 0x8C, 4;
    BINUNICODE8 = 0x8D, 4;
    BINBYTES8 = 0x8E, 4;
    EMPTY_SET = 0x8F, 4;
    ADDITEMS = 0x90, 4;
    FROZENSET = 0x91, 4;
    NEWOBJ_EX = 0x92, 4;
    STACK_GLOBAL = 0x93, 4;
    MEMOIZE = 0x94, 4;
    FRAME = 0x95, 4;
    BYTEARRAY8 = 0x96, 5;
    NEXT_BUFFER = 0x97, 5;
    READONLY_BUFFER = 0x98, 5;
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
        assert_eq!(find(BINBYTES8).unwrap().protocol, 4);
    }
}
