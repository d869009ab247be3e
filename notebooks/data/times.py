"""How long three cells take, as multiples of the vanilla one: `python notebooks/data/times.py`.

Forward and backward pass in float32, one thread, in time of the processor, which others do not add
to. The cells take turns; the median of each is divided by that of the vanilla cell. The file is
made anew.
"""

from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09
from course.chapter_11 import CELLS

FILE = Path(__file__).with_suffix(".csv")
SIZES = {  # N, T, D, H
    "one sequence": (1, 100, 64, 128),
    "adding": (32, 50, 2, 32),
    "names": (64, 9, 64, 256),
}


def arrays_of(cell, N, T, D, H):
    """Draw the arguments of a cell's forward pass, and an upstream gradient."""
    rng, blocks = np.random.default_rng(0), CELLS[cell].blocks * H
    shapes = (N, T, D), (N, H), (D, blocks), (H, blocks), *CELLS[cell].biases * [(blocks,)]
    scale = 0.5 / np.sqrt(H)
    inputs = [(scale * rng.standard_normal(shape)).astype(np.float32) for shape in shapes]
    return inputs, rng.standard_normal((N, T, H)).astype(np.float32)


def seconds(cell, inputs, dh):
    start = time.thread_time()
    CELLS[cell].backward(dh, CELLS[cell].forward(*inputs)[1])
    return time.thread_time() - start


def rows(turns=101):
    """Yield a row for each size and cell: its time over that of the vanilla cell."""
    for size, (N, T, D, H) in SIZES.items():
        arrays = {cell: arrays_of(cell, N, T, D, H) for cell in CELLS}
        taken = [[seconds(cell, *arrays[cell]) for cell in CELLS] for _ in range(turns)]
        medians = np.median(taken, axis=0)
        for cell, median in zip(CELLS, medians):
            yield {
                "size": size,
                **dict(zip("NTDH", (N, T, D, H))),
                "cell": cell,
                "times vanilla": f"{median / medians[0]:.2f}",
                "turns": turns,
                "date": datetime.now(UTC).date().isoformat(),
                "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
                "command": "python notebooks/data/times.py",
            }


def main():
    FILE.unlink(missing_ok=True)
    for row in rows():
        chapter_09.store(FILE, row)
        print(row["size"], row["cell"], row["times vanilla"])


if __name__ == "__main__":
    main()
