"""Three cells read names, over several splits: `nice python notebooks/data/cells.py`.

Each training is as in chapter 09 but for its cell and, in some, for dropout; splits and seed are
those of `splits.py`, and so are the counters beside them. Each training adds a row to `cells.csv`,
in nats per character; rows that are there are not made again. At the end stands a summary. One
split takes about four minutes on a quiet core; `python notebooks/data/cells.py 2` makes the first
two.
"""

from datetime import UTC, datetime
import functools
import os
from pathlib import Path
import platform
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_09, chapter_11, chapter_12

FILE = Path(__file__).with_suffix(".csv")
SEED = 8
WAYS = {  # name -> the cell, the share of the states that dropout hides, and gates that are held
    "vanilla": ("vanilla", 0, {}),
    "GRU, dropout": ("gru", 0.3, {}),
    "vanilla, dropout": ("vanilla", 0.3, {}),
    "GRU": ("gru", 0, {}),
    "LSTM, dropout": ("lstm", 0.3, {}),
    "GRU, r = 1": ("gru", 0, {0: 200}),
    "GRU, z = 0": ("gru", 0, {1: -200}),
}


@functools.cache
def counter_costs(split):
    """Return what each symbol of the test part costs the tuned Kneser-Ney counter."""
    names, validation_names, test_names = chapter_09.split(split)
    prefixes, symbols = chapter_09.places(test_names)
    counter = chapter_09.counters(names, validation_names)["tuned Kneser-Ney"]
    return chapter_09.nats(counter(prefixes), symbols)


def row_of(way, split, **settings):
    """Train on one split, choose by its validation part, look at its test part once."""
    start, (cell, drop, held) = time.perf_counter(), WAYS[way]
    names, validation_names, test_names = chapter_09.split(split)
    model = chapter_09.Model([])
    model.rngs = [np.random.default_rng(SEED)]
    model.networks = [chapter_12.reader_weights(cell, model.rngs[0])]
    of_cell = model.networks[0][1:-2]
    chapter_12.hold(of_cell, held)
    weights = sum(map(np.size, model.networks[0]))
    weights -= len(held) * sum(map(np.size, of_cell)) // chapter_11.CELLS[cell].blocks
    forward = functools.partial(chapter_12.reader_forward, cell)
    hide = {"drop": drop, "rng": np.random.default_rng(SEED)}
    gradients = functools.partial(chapter_12.reader_gradients, cell, **hide)
    settings = {"every": 128, "gradients_of": gradients, "forward": forward} | settings
    *_, last = chapter_09.train(model, names, validation_names, **settings)
    validation = chapter_09.nats_of(model.networks, *chapter_09.encode(validation_names), forward)
    test = chapter_09.nats_of(model.networks, *chapter_09.encode(test_names), forward)
    gain, error = chapter_09.ahead(test, counter_costs(split), test_names)
    return {
        "way": way,
        "split": split,
        "weights": weights,
        "training": f"{last.training:.5f}",
        "validation": f"{validation.mean():.5f}",
        "test": f"{test.mean():.5f}",
        "tuned Kneser-Ney": f"{counter_costs(split).mean():.5f}",
        "ahead of tuned Kneser-Ney": f"{gain:.5f}",
        "its error": f"{error:.5f}",
        "seconds": round(time.perf_counter() - start),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
        "command": f"python notebooks/data/cells.py {split + 1}",
    }


def summary(rows):
    """Return, as lines of text, the mean over splits of each way, and how often it is ahead."""
    yield f"{'':20}splits   nats  ahead of tuned Kneser-Ney"
    for way in WAYS:
        mine = [row for row in rows if row["way"] == way]
        test, gain = (
            [float(row[c]) for row in mine] for c in ("test", "ahead of tuned Kneser-Ney")
        )
        if mine:
            won = sum(g > 0 for g in gain)
            yield f"{way:20}{len(mine):6}{np.mean(test):7.3f}{np.mean(gain):+9.3f}, {won} times"


def main(count=4):
    made = {(row["way"], int(row["split"])) for row in chapter_09.stored(FILE)}
    for way in WAYS:
        for split in range(count):
            if (way, split) not in made:
                chapter_09.store(FILE, row_of(way, split))
                print(way, split, "is done", flush=True)
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
