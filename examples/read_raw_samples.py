"""Read bytes that do not say what they are: you say it, and it is checked."""

import ndbytes
import numpy as np


def main() -> None:
    recorded = bytes(range(24))
    samples = ndbytes.frombuffer(recorded, np.uint16, (-1, 3))
    print(samples.shape, samples.mean(axis=0))

    # With a header of four bytes, in another byte order, the channels one after the other.
    planes = ndbytes.frombuffer(recorded, ">i2", (5, 2), offset=4, order="F")
    print(planes.shape, planes.flags.f_contiguous)

    try:
        ndbytes.frombuffer(recorded, np.float64, (2, 3))
    except ndbytes.DecodeError as error:
        print(error)

    again = ndbytes.tobytes(samples, byteorder="big")
    assert ndbytes.array_equal(ndbytes.frombuffer(again, ">u2", samples.shape), samples)


if __name__ == "__main__":
    main()
