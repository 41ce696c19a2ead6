"""Arrays that no encoder was tuned on, and none may be: they tell what tuning on others is worth.

The made ones are of the kinds that people keep, from fixed seeds. The real ones are fixtures of
other parts of the project, but for those that show what arrays of other cases show.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

Arrays = dict[str, np.ndarray]

WORDS = ["one", "two", "three", "four", "north", "south", "east", "west", "open", "closed"]
SEEN = {"china", "co2", "co2_weeks", "jacksboro", "topobathy"}
"""Of the fixtures, those that are parts of arrays that the encoder was tuned on."""


def arrays(quick: bool, fixtures: Path) -> Arrays:
    return {**real(fixtures), **made(4 if quick else 1)}


def real(fixtures: Path) -> Arrays:
    """Of what guesses and pictures are scored on; `fixtures` is the folder of real arrays."""
    paths = sorted([*fixtures.glob("guess/*.npy"), *fixtures.glob("pictures/*.npy")])
    return {path.stem: np.load(path) for path in paths if path.stem not in SEEN}


def made(part: int) -> Arrays:
    """Thirty kinds; with `part` 4, a quarter of each."""
    rng = np.random.default_rng(20)
    many, side = 240_000 // part, 720 // part
    hills = surface(rng, side)
    waves = np.sin(np.arange(many)[:, None] / (50 + 30 * np.arange(4)))
    picture = np.stack([surface(rng, side) for _ in range(3)], -1)
    picture = (picture - picture.min()) / np.ptp(picture) * 255
    picture = (picture + rng.normal(0, 2, picture.shape)).clip(0, 255).astype("u1")
    words = np.array(WORDS)
    records = np.zeros(many // 8, [("id", "<i4"), ("at", "<f8"), ("state", "S8"), ("good", "?")])
    records["id"] = np.arange(len(records)) + 10_000
    records["at"] = np.cumsum(rng.exponential(2, len(records)))
    records["state"] = rng.choice(words, len(records))
    records["good"] = rng.random(len(records)) < 0.9
    points = rng.normal(size=(side // 2, 3))
    return {
        "ids": np.arange(many // 2) + 1_000_000,
        "times": np.datetime64("2024-01-01", "ns")
        + np.cumsum(rng.integers(900_000, 1_100_000, many // 2)).astype("m8[ns]"),
        "days": np.datetime64("1990-01-01") + np.arange(many // 20),
        "classes": rng.integers(0, 10, many // 4),
        "regions": np.digitize(hills, np.quantile(hills, np.arange(0.1, 1, 0.1))).astype("i4"),
        "mask": hills > np.median(hills),
        "noisy_mask": rng.random((side, side)) < 0.1,
        "hot": np.eye(10, dtype="f4")[rng.integers(0, 10, many // 16)],
        "counts": rng.poisson(3, many).astype("i4"),
        "photons": rng.poisson(np.exp(hills - hills.mean())).astype("u2"),
        "tokens": np.minimum(rng.zipf(1.3, many // 2), 50_000).astype("i4"),
        "sensor": (1000 * waves + rng.normal(0, 20, waves.shape)).astype("i2"),
        "sound": (8000 * np.sin(np.cumsum(rng.normal(0.05, 0.01, many * 2)))).astype("i2"),
        "prices": np.round(100 + np.cumsum(rng.normal(0, 0.05, many // 2)), 2),
        "temperatures": np.round(15 + 8 * waves[:, 0] + rng.normal(0, 1, many), 1).astype("f4"),
        "smooth": waves[: many // 4],
        "weights": rng.normal(0, 0.02, (side, side)).astype("f4"),
        "half_weights": rng.normal(0, 0.02, (side, side)).astype("f2"),
        "sparse": np.where(rng.random((side, side)) < 0.03, rng.normal(size=(side, side)), 0),
        "heights": (100 * hills).astype("f4"),
        "heights_big_endian": (100 * hills).astype(">i2"),
        "picture": picture,
        "picture_scaled": (picture[::2, ::2] / np.float32(255)),
        "spectrum": np.fft.fft2(picture[: side // 2, : side // 2, 0]).astype("c8"),
        "fortran": np.asfortranarray(rng.normal(size=(side // 2, side // 2)).cumsum(0)),
        "grid": np.stack(np.meshgrid(*[np.linspace(0, 1, side // 3)] * 2)),
        "distances": np.linalg.norm(points[:, None] - points, axis=-1),
        "records": records,
        "words": rng.choice(words, many // 8),
        "noise": rng.integers(0, 256, many, "u1"),
    }


def surface(rng: np.random.Generator, side: int) -> np.ndarray:
    """Rough at every scale, as land is."""
    frequency = np.hypot(*np.meshgrid(np.fft.rfftfreq(side), np.fft.fftfreq(side)))
    frequency[0, 0] = np.inf
    spectrum = np.fft.rfft2(rng.normal(size=(side, side))) / frequency**1.8
    found = np.fft.irfft2(spectrum, s=(side, side))
    return found / found.std()
