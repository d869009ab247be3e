"""Chapter 10: gradients that look back k steps only, a gradient that runs forwards, and sunspots."""

import csv

import numpy as np

from course import chapter_09
import rnn_layers

# Plain code: which pairs of a loss and a use of the weights count


# Plain code: forecasts of the monthly sunspots
SUNSPOTS = chapter_09.NAMES.with_name("sunspots.csv")
AHEAD = 1, 12  # months
PARTS = {"training": (0, 1872), "validation": (1872, 2496), "test": (2496, 3120)}


def read_sunspots():
    """Return the mean sunspot number of each month from January 1749 to December 2008, (3120,).

    Source, terms and split: data/README.md.
    """
    with SUNSPOTS.open(encoding="ascii", newline="") as text:
        _, *rows = csv.reader(text)
    return np.array([float(value) for row in rows for value in row[1:]])


def rms_errors(forecasts, y, part):
    """Return how far forecasts miss the months of a part, root mean square, for each of AHEAD.

    forecasts (3120, 2): row t is said at the end of month t, of month t + 1 and of month t + 12.
    """
    first, end = PARTS[part]
    misses = [forecasts[first - m : end - m, i] - y[first:end] for i, m in enumerate(AHEAD)]
    return np.sqrt(np.mean(np.square(misses), axis=1))


def least_squares(y, p):
    """Return the forecasts (3120, 2) of a weighted sum of the last p months and a constant.

    The weights are those that miss least over the months for training. Where fewer than p months
    are known the forecast is not a number.
    """
    known, end = np.lib.stride_tricks.sliding_window_view(y, p), PARTS["training"][1]
    known = np.column_stack([known, np.ones(len(known))])  # row k is said at the end of p - 1 + k
    forecasts = np.full((len(y), len(AHEAD)), np.nan)
    for i, m in enumerate(AHEAD):
        wanted = y[p - 1 + m : end]
        weights, *_ = np.linalg.lstsq(known[: len(wanted)], wanted, rcond=None)
        forecasts[p - 1 :, i] = known @ weights
    return forecasts


class Forecaster:
    """A vanilla network that says at each month how far the sunspots will have gone in 1 and in 12.

    `weights` are Wx (1, H), Wh (H, H), b (H,), w (H, 2), c (2,). While `train` runs, they are those
    that did best on the validation part so far.
    """

    def __init__(self, seed, H=32):
        rng = np.random.default_rng(seed)
        Wx, Wh = rng.standard_normal((1, H)), rng.standard_normal((H, H)) / np.sqrt(H)
        self.weights = [Wx, Wh, 0.3 * rng.standard_normal(H), np.zeros((H, 2)), np.zeros(2)]
        self.rng = rng

    def forecasts(self, y):
        """Return (T, 2): what is said at each month of y (T,) with the state carried throughout."""
        *recurrent, w, c = self.weights
        x = y[None, :, None] / 100  # (1, T, 1)
        h, _ = rnn_layers.rnn_forward(x, np.zeros((1, len(w))), *recurrent)
        return 100 * (x + h @ w + c)[0]  # what is now, and the change


def train(model, y, k, carried=True, rounds=100, N=8, rate=0.003, every=5):
    """Train in chunks of k months, the state carried from chunk to chunk or reset to zeros.

    The months for training are cut into N streams that are read side by side, one step of Adam a
    chunk; the rate falls in a straight line to 0. Yields (rounds, errors on the validation part)
    every few rounds; stop it whenever you like.
    """
    end, weights = PARTS["training"][1], [array.copy() for array in model.weights]
    averages = [(0 * array, 0 * array) for array in weights]
    length, H = end // N, len(weights[1])
    steps, t, best = rounds * (length // k), 0, np.inf
    for done in range(1, rounds + 1):
        starts = np.arange(N)[:, None] * length + model.rng.integers(length % k + 1)
        state = np.zeros((N, H))
        for first in range(0, length - k + 1, k):
            months = starts + first + np.arange(k)  # (N, k)
            after = np.stack([months + m for m in AHEAD], axis=2)  # (N, k, 2)
            x, wanted = y[months][:, :, None] / 100, y[np.minimum(after, end - 1)] / 100
            h, cache = rnn_layers.rnn_forward(x, state, *weights[:3])
            misses = (x + h @ weights[3] + weights[4] - wanted) * (after < end)
            dout = 2 * misses / (N * k)
            dh, dw, dc = rnn_layers.temporal_affine_backward(dout, (h, weights[3]))
            _, _, *recurrent = rnn_layers.rnn_backward(dh, cache)
            t += 1
            chapter_09.adam(weights, [*recurrent, dw, dc], averages, t, rate * (1 - t / steps))
            state = h[:, -1] if carried else state
        if done % every == 0:
            kept, model.weights = model.weights, weights
            errors = rms_errors(model.forecasts(y), y, "validation")
            if np.mean(errors**2) < best:
                best, kept = np.mean(errors**2), [array.copy() for array in weights]
            model.weights = kept
            yield done, errors
