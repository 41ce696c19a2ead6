"""The ways from an array to bytes and back that are compared, as a user would write them."""

from __future__ import annotations

import importlib
import io
import pickle
from dataclasses import dataclass
from typing import Any

import ml_dtypes  # noqa: F401, for the dtypes that it registers with NumPy
import ndbytes
import numpy as np
from measure import Contestant


@dataclass(frozen=True)
class Way:
    """`encode` makes bytes of the array `x`, `decode` the array again from the bytes `b`."""

    encode: str | None
    decode: str | None
    encode_name: str
    decode_name: str
    modules: tuple[str, ...] = ()
    kind: str = "peer"

    def decoding(self, what: str) -> str:
        """The statement that reads `what` instead of `b`."""
        assert self.decode is not None
        return self.decode.replace("(b)", f"({what})").replace("(b,", f"({what},")

    @property
    def name(self) -> str:
        """For both ways."""
        names = dict.fromkeys((self.encode_name, self.decode_name))
        return ", ".join(names)


def np_save(x: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, x)
    return file.getvalue()


def pa_write(x: Any) -> Any:
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    pa.ipc.write_tensor(pa.Tensor.from_numpy(x), sink)
    return sink.getvalue()


OURS = Way("array_to_bytes(x)", "bytes_to_array(b)", "ndbytes", "ndbytes", kind="ours")
NUMPY = Way("np_save(x)", "np.load(BytesIO(b))", "`np.save`", "`np.load`")
PICKLE = Way("pickle.dumps(x, 5)", "pickle.loads(b)", "`pickle` 5", "`pickle` 5")
SAFETENSORS = Way(
    'st.save({"x": x})',
    'st.load(b)["x"]',
    "safetensors",
    "safetensors",
    ("safetensors.numpy",),
)
PYARROW = Way(
    "pa_write(x)",
    "pa.ipc.read_tensor(pa.BufferReader(b)).to_numpy()",
    "pyarrow",
    "pyarrow",
    ("pyarrow",),
)
MSGPACK = Way(
    "msgpack.packb(x, default=mnp.encode)",
    "msgpack.unpackb(b, object_hook=mnp.decode)",
    "msgpack-numpy",
    "msgpack-numpy",
    ("msgpack", "msgpack_numpy"),
)
# It reads only; what it reads is npy.
SPDL = Way(None, "spdl.load_npy(b)", "spdl", "spdl", ("spdl.io",))

KEEPING = [NUMPY, PICKLE, MSGPACK, SAFETENSORS, PYARROW]
"""The peers that keep dtype and shape."""
COMMON = [NUMPY, PICKLE, SAFETENSORS]


def names(**more: Any) -> dict[str, Any]:
    """What the statements above use, as far as it is installed."""
    known: dict[str, Any] = {
        "array_to_bytes": ndbytes.array_to_bytes,
        "bytes_to_array": ndbytes.bytes_to_array,
        "np": np,
        "np_save": np_save,
        "BytesIO": io.BytesIO,
        "pickle": pickle,
        "pa_write": pa_write,
    }
    short = {"safetensors.numpy": "st", "pyarrow": "pa", "msgpack_numpy": "mnp", "spdl.io": "spdl"}
    for module in ("safetensors.numpy", "pyarrow", "msgpack", "msgpack_numpy", "spdl.io"):
        if not missing(module):
            known[short.get(module, module)] = importlib.import_module(module)
    return known | more


def missing(module: str) -> str | None:
    """Why a module cannot be imported."""
    try:
        importlib.import_module(module)
    except Exception as error:
        return f"not installed: {type(error).__name__}"
    return None


def encoders(ways: list[Way]) -> list[Contestant]:
    """Contestants that make bytes of `x`, each held to bring back what it was given."""
    return [
        Contestant(way.encode_name, way.encode, way.kind, _holding(way))
        for way in ways
        if way.encode is not None
    ]


def decoders(ways: list[Way]) -> list[Contestant]:
    """Contestants that read `b_<their number>`, the bytes that they wrote of `x` themselves."""
    return [
        Contestant(way.decode_name, way.decoding(f"b_{number}"), way.kind, _holding(way))
        for number, way in enumerate(ways)
        if way.decode is not None
    ]


def written(ways: list[Way], x: Any, **more: Any) -> dict[str, Any]:
    """The names, with `x` and what each of the ways makes of it."""
    known = names(x=x, **more)
    for number, way in enumerate(ways):
        try:
            known[f"b_{number}"] = eval(way.encode or NUMPY.encode, dict(known))
        except Exception:
            known[f"b_{number}"] = None  # Said when the contestant is held to be exact.
    return known


def _holding(way: Way) -> Any:
    def exact(known: dict[str, Any]) -> str | None:
        for module in way.modules:
            if why := missing(module):
                return why
        space = dict(known)
        space["b"] = eval(way.encode or NUMPY.encode, space)
        return difference(known["x"], eval(way.decode, space)) if way.decode else None

    return exact


def difference(x: Any, y: Any) -> str | None:
    """What was lost on the way from `x` to `y`, in two words."""
    if x.shape != y.shape:
        return "other shape"
    if x.dtype != y.dtype:
        return "other dtype"
    # Bytes, so that a NaN is equal to itself.
    return None if x.tobytes() == y.tobytes() else "wrong values"
