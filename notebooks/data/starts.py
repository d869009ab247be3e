"""Where the fourteen trainings of chapter 00 end from other starting weights.

`python notebooks/data/starts.py` adds a row to `starts.csv` for each start: the last loss with each
of the fourteen gradients, and with the recurrent part standing still. Rows that are there are not
made again. At the end stands a summary. Twenty starts take about three minutes on a quiet core.
"""

from datetime import UTC, datetime
import os
from pathlib import Path
import platform
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09
from course.chapter_00 import STARTS, ends, fourteen, standing_still, train
from course.chapter_05 import SLIPS

SEEDS = range(20)


def row_of(seed):
    """Train from one start with each gradient: {gradient: last loss}, and where it comes from."""
    ways = fourteen(SLIPS) | {"standing still": standing_still}
    losses = {name: f"{train(backward, seed=seed)[-1]:.5f}" for name, backward in ways.items()}
    return {
        "seed": seed,
        **losses,
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
    }


def summary(losses):
    """Return, as lines of text, where each gradient ends, and how often below the right one."""
    right, others = losses["right"], [name for name in losses if name != "right"]
    yield f"{'':36}   lowest  median highest   lower than the right one"
    for name, last in losses.items():
        lower = "" if name == "right" else f"in {np.sum(last < right)} of {len(right)}"
        yield f"{name:36} {last.min():8.4f}{np.median(last):8.4f}{last.max():8.4f}   {lower}"
    some = np.any([losses[name] < right for name in others], axis=0)
    yield f"In {some.sum()} of {len(some)} starts some wrong gradient ends below the right one."


def main():
    made = {int(row["seed"]) for row in chapter_09.stored(STARTS)}
    for seed in sorted(set(SEEDS) - made):
        chapter_09.store(STARTS, row_of(seed))
    print(*summary(ends()), sep="\n")


if __name__ == "__main__":
    main()
