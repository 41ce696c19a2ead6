"""Nested results with arrays inside, as bytes that can be read without trusting them."""

import datetime

import numpy as np
from ndbytes import pickle

result = {
    "made": datetime.datetime(2026, 1, 2, 3, 4),
    "image": np.arange(12, dtype="<u2").reshape(3, 4),
    "peaks": [(1, 0.5), (7, 0.25)],
    "clipped": np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False]),
}
data = pickle.dumps(result)

# Python's own pickle reads it, and so does NumPy 1.11 on Python 2.7 with protocol=2.
found = pickle.loads(data)
assert found["made"] == result["made"]
assert found["image"].dtype == np.dtype("<u2")
assert found["clipped"].mask.tolist() == [False, True, False]

# Large arrays may stay where they are: only what describes them is pickled.
buffers: list[pickle.PickleBuffer] = []
small = pickle.dumps(result, 5, buffer_callback=buffers.append)
print(f"{len(data)} bytes, or {len(small)} and {len(buffers)} arrays beside them")
assert np.shares_memory(pickle.loads(small, buffers=buffers)["image"], result["image"])

# What asks for more than data is refused, by name, before anything happens.
try:
    pickle.loads(b"cos\nsystem\n(S'true'\ntR.")
except pickle.UnpicklingError as error:
    print(error)
