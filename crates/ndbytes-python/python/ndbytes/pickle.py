"""A drop-in for ``import pickle`` on arrays and plain data, which never runs what it reads.

>>> from ndbytes import pickle
>>> data = pickle.dumps({"x": np.arange(3)})
>>> pickle.loads(data)
{'x': array([0, 1, 2])}
>>> pickle.loads(b"cos\\nsystem\\n(S'echo gotcha'\\ntR.")
Traceback (most recent call last):
...
ndbytes.UnsafeError: ...
"""

from pickle import PickleBuffer, PickleError

from ndbytes._errors import DecodeError as UnpicklingError
from ndbytes._errors import EncodeError as PicklingError
from ndbytes._native import dump, dumps, load, loads

HIGHEST_PROTOCOL = 5
DEFAULT_PROTOCOL = 4

__all__ = [
    "DEFAULT_PROTOCOL",
    "HIGHEST_PROTOCOL",
    "PickleBuffer",
    "PickleError",
    "PicklingError",
    "UnpicklingError",
    "dump",
    "dumps",
    "load",
    "loads",
]
