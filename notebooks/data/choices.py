"""What was tried for the training of chapter 09: `python notebooks/data/choices.py`.

Each way to train differs in one thing from what the chapter does. It is tried with three seeds on
the training and validation parts of splits 0 and 1; no test part is touched. Each training adds a
row to `choices.csv`; rows that are there are not made again. At the end stands a summary. On one
quiet core all of it takes about fifteen minutes; `choices.py "Wh zero"` tries that alone.
"""

from datetime import UTC, datetime
import itertools
import os
from pathlib import Path
import platform
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # on a busy machine two wait for each other
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_07, chapter_09
import rnn_layers

FILE = Path(__file__).with_suffix(".csv")
SEEDS, SPLITS = (8, 1, 2), (0, 1)


class Clipped:
    """Gradients clipped by their global norm; counts how often that acts."""

    def __init__(self, threshold):
        self.threshold, self.steps, self.acted = threshold, 0, 0

    def __call__(self, weights, *batch):
        loss, gradients = chapter_09.loss_and_gradients(weights, *batch)
        norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
        self.steps, self.acted = self.steps + 1, self.acted + (norm > self.threshold)
        return loss, chapter_07.clip_by_global_norm(gradients, self.threshold)  # eq. 7.7


class Dropout:
    """Gradients of a network in which each state is hidden from the scores with probability p."""

    def __init__(self, p, seed=0):
        self.p, self.rng = p, np.random.default_rng(seed)

    def __call__(self, weights, x, y, mask):
        w, c = weights[4:]
        _, h, (embedding_cache, rnn_cache, _) = chapter_09.forward(weights, x)
        kept = np.float32((self.rng.random(h.shape) >= self.p) / (1 - self.p))
        scores, affine_cache = rnn_layers.temporal_affine_forward(h * kept, w, c)
        loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)
        dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
        de, _, dWx, dWh, db = rnn_layers.rnn_backward(dh * kept, rnn_cache)
        return loss, [rnn_layers.word_embedding_backward(de, embedding_cache), dWx, dWh, db, dw, dc]


class Decay:
    """Gradients of the loss plus decay / 2 times the sum of all squared weights."""

    def __init__(self, decay):
        self.decay = decay

    def __call__(self, weights, *batch):
        loss, gradients = chapter_09.loss_and_gradients(weights, *batch)
        pairs = zip(gradients, weights)
        return loss, [gradient + self.decay * array for gradient, array in pairs]


# What differs: the sizes of the model, its start, what `train` is told, the gradients.
WAYS = {
    "as in the chapter": {},
    "Wh orthogonal": {"start": lambda Wh: np.linalg.qr(Wh)[0]},
    "Wh Gaussian of radius 1": {"start": lambda Wh: Wh},
    "Wh at a quarter": {"start": lambda Wh: Wh / 4},
    "Wh zero": {"start": lambda Wh: 0 * Wh},
    "clipped at 5": {"gradients": lambda: Clipped(5.0)},
    "Wh orthogonal, clipped at 5": {
        "start": lambda Wh: np.linalg.qr(Wh)[0],
        "gradients": lambda: Clipped(5.0),
    },
    "rate 0.005": {"train": {"rate": 0.005}},
    "rate 0.002": {"train": {"rate": 0.002}},
    "H = 192": {"sizes": {"H": 192}},
    "D = 32": {"sizes": {"D": 32}},
    "dropout 0.2": {"gradients": lambda: Dropout(0.2)},
    "weight decay 0.001": {"gradients": lambda: Decay(0.001)},
    "N = 32": {"train": {"N": 32}},
    "12 rounds": {"train": {"rounds": 12}},
}


def row_of(split, way, seed):
    """Train one network and measure it on the validation names: {column: value}."""
    start, chosen = time.perf_counter(), WAYS[way]
    names, validation_names, _ = chapter_09.split(split)
    model = chapter_09.Model([seed], **chosen.get("sizes", {}))
    if "start" in chosen:
        Wh = model.networks[0][2]  # half of a Gaussian matrix whose radius is about 1
        Wh[:] = chosen["start"](2 * Wh)
    gradients_of = chosen["gradients"]() if "gradients" in chosen else chapter_09.loss_and_gradients
    settings = {"every": 128, "gradients_of": gradients_of} | chosen.get("train", {})
    *_, last = chapter_09.train(model, names, validation_names, **settings)
    acted = gradients_of.acted / gradients_of.steps if isinstance(gradients_of, Clipped) else 0
    return {
        "split": split,
        "way": way,
        "seed": seed,
        "validation": f"{model.nats(validation_names).mean():.5f}",
        "at the end": f"{last.validation:.5f}",
        "training": f"{last.training:.5f}",
        "share of steps clipped": f"{acted:.3f}",
        "seconds": round(time.perf_counter() - start),
        "date": datetime.now(UTC).date().isoformat(),
        "versions": f"Python {platform.python_version()}; NumPy {np.__version__}",
    }


def summary(rows):
    """Return, as lines of text, each way's mean on the validation names, beside the chapter's.

    Runs of one split and one seed are paired; the error is that of the mean of their differences.
    """
    costs = {(row["way"], row["split"], row["seed"]): float(row["validation"]) for row in rows}
    yield f"{len(rows)} trainings{'mean':>27}{'runs':>6}{'beside the chapter':>25}{'clipped':>9}"
    for way in dict.fromkeys(row["way"] for row in rows):
        those = [row for row in rows if row["way"] == way]
        pairs = [(row["split"], row["seed"]) for row in those]
        gaps = [costs[way, *pair] - costs["as in the chapter", *pair] for pair in pairs]
        clipped = np.mean([float(row["share of steps clipped"]) for row in those])
        mean = np.mean([costs[way, *pair] for pair in pairs])
        error = np.std(gaps, ddof=1) / len(gaps) ** 0.5 if len(gaps) > 1 else np.nan
        yield f"{way:32}{mean:9.4f}{len(gaps):6}{np.mean(gaps):+16.4f} ± {error:.4f}{clipped:9.2f}"


def main(*ways):
    """Make the rows that are missing, of these ways or of all."""
    made = {(row["split"], row["way"], row["seed"]) for row in chapter_09.stored(FILE)}
    for split, seed, way in itertools.product(SPLITS, SEEDS, ways or WAYS):
        if (str(split), way, str(seed)) not in made:
            chapter_09.store(FILE, row_of(split, way, seed))
    print(*summary(chapter_09.stored(FILE)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
