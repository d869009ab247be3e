"""Chapter 10: gradients that look back k steps only, a gradient that runs forwards, and sunspots."""

import csv

import numpy as np

from course import chapter_09
from course.chapter_04 import sequence_arrays
from course.chapter_05 import forward_with_cache, rnn_backward
from course.exercises import Exercise, desk, in_order
from course.figures import Curves
from course.samples import Sample, widest
from course.slips import slips
import rnn_layers


# Plain code: which pairs of a loss and a step count
def shares(dh, cache):
    """Return (T, T, N, H): at [s, t] the gradient at z_t of the loss of step s alone."""
    _, h0, _, Wh, h = cache
    T, slope = h.shape[1], 1 - h**2
    parts = np.zeros((T, T, *h0.shape))
    for s in range(T):
        parts[s, s] = dh[:, s] * slope[:, s]  # (N, H)  eq. 10.1
    for t in reversed(range(T - 1)):
        parts[t + 1 :, t] = parts[t + 1 :, t + 1] @ Wh.T * slope[:, t]  # all s > t  eq. 10.2
    return parts


def gradients(kept, parts, cache):
    """Return dWx, dWh, db, summed over the pairs where kept, (T, T) of bool, is True."""
    x, h0, _, _, h = cache
    dz = np.einsum("st,stnh->nth", kept, parts)  # (N, T, H)
    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)  # (N, T, H): h_0 to h_{T-1}
    dWx = np.tensordot(x, dz, axes=((0, 1), (0, 1)))  # (D, H)  eq. 5.5
    dWh = np.tensordot(before, dz, axes=((0, 1), (0, 1)))  # (H, H)  eq. 10.3
    return dWx, dWh, dz.sum(axis=(0, 1))  # eq. 5.7


def within_reach(T, k):
    """Return which pairs count where each loss reaches back k steps, (T, T)."""
    s, t = np.indices((T, T))
    return (t <= s) & (s - t < k)  # eq. 10.4


def within_chunk(T, k):
    """Return which pairs count where the sequence is cut after every k steps, (T, T)."""
    s, t = np.indices((T, T))
    return (t <= s) & (s // k == t // k)  # eq. 10.5, counted from 0


def cosine(one, other):
    """Return the cosine of the angle between two gradients, each a list of arrays."""
    one, other = (np.concatenate([array.ravel() for array in arrays]) for arrays in (one, other))
    return one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


def cosines(dh, cache, lengths):
    """Return the cosine to the full gradient for each k, within reach and within chunks."""
    parts, T = shares(dh, cache), dh.shape[1]
    full = gradients(within_reach(T, T), parts, cache)
    return [
        np.array([cosine(gradients(rule(T, k), parts, cache), full) for k in lengths])
        for rule in (within_reach, within_chunk)
    ]


# Plain code: a network that reads names, one after the other in a long line
def lines_of(names, count):
    """Return the names with marks between them, cut into lines of equal length, (count, T + 1)."""
    symbols = np.array([chapter_09.ALPHABET.index(letter) for letter in f".{'.'.join(names)}."])
    return symbols[: len(symbols) // count * count].reshape(count, -1)


def read(weights, symbols, h0):
    """Return the loss in nats per letter, dh, the plain cache, and the gradients of w and c.

    symbols (N, T + 1): each but the last is read, and the one after it is asked for.
    """
    Wx, Wh, b, w, c = weights
    x, y = np.eye(chapter_09.V)[symbols[:, :-1]], symbols[:, 1:]  # (N, T, V), (N, T)
    h, cache = forward_with_cache(x, h0, Wx, Wh, b)
    scores, affine_cache = rnn_layers.temporal_affine_forward(h, w, c)
    loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, np.ones(y.shape, bool))
    dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
    return loss / y.shape[1], dh, cache, (dw, dc)


def readers(names, scale, marks, seed=0, H=48, N=16, k=16, rate=0.005):
    """Train by chunks of k letters with the state carried; return {updates: weights} at the marks.

    Wh begins as a Gaussian matrix of spectral radius about `scale`.
    """
    rng, V = np.random.default_rng(seed), chapter_09.V
    weights = [rng.standard_normal(shape) for shape in ((V, H), (H, H), (H, V))]
    Wx, Wh, w = (size * W for size, W in zip((0.5, scale / H**0.5, 0.5 / H**0.5), weights))
    weights = [Wx, Wh, np.zeros(H), w, np.zeros(V)]
    averages = [(0 * array, 0 * array) for array in weights]
    lines, kept = lines_of(names, N), {}
    state, first = np.zeros((N, H)), 0
    for t in range(1, max(marks) + 2):
        if t - 1 in marks:
            kept[t - 1] = [array.copy() for array in weights]
        _, dh, cache, others = read(weights, lines[:, first : first + k + 1], state)
        dWx, dWh, db = rnn_backward(dh, cache)[2:]
        step = [gradient / k for gradient in (dWx, dWh, db, *others)]
        chapter_09.adam(weights, step, averages, t, rate)
        state, first = cache[-1][:, -1], first + k
        if first + k + 1 > lines.shape[1]:
            state, first = np.zeros((N, H)), 0
    return kept


# Plain code: what the reader writes
def reach_backward(dh, cache, k):
    x, h0, Wx, Wh, h = cache
    dWx, dWh, db = map(np.zeros_like, (Wx, Wh, Wh[0]))
    for s in range(x.shape[1]):  # each loss by itself
        total = dh[:, s]  # (N, H)
        for t in reversed(range(max(s - k + 1, 0), s + 1)):
            prev_h = h[:, t - 1] if t > 0 else h0
            dz = total * (1 - h[:, t] ** 2)  # (N, H)  eq. 10.1, 10.2
            dWx += x[:, t].T @ dz  # (D, H)
            dWh += prev_h.T @ dz  # (H, H)  eq. 10.3
            db += dz.sum(axis=0)  # (H,)
            total = dz @ Wh.T  # (N, H)  eq. 10.2
    return dWx, dWh, db


def chunk_backward(dh, cache, k):
    x, h0, Wx, Wh, h = cache
    dWx, dWh, db = map(np.zeros_like, (Wx, Wh, Wh[0]))
    carry = np.zeros_like(h0)  # (N, H)
    for t in reversed(range(x.shape[1])):
        if (t + 1) % k == 0:  # the last step of a chunk hears nothing from the next
            carry = np.zeros_like(h0)
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)  eq. 5.1
        dz = total * (1 - h[:, t] ** 2)  # (N, H)  eq. 5.2
        carry = dz @ Wh.T  # (N, H)
        dWx += x[:, t].T @ dz  # (D, H)  eq. 5.5
        dWh += prev_h.T @ dz  # (H, H)  eq. 5.6
        db += dz.sum(axis=0)  # (H,)  eq. 5.7
    return dWx, dWh, db


def influence_step(M, u, next_h, Wh):
    own = u[:, :, None, None] * np.eye(len(Wh))  # (N, D + H + 1, H, H)
    next_M = (M @ Wh + own) * (1 - next_h**2)[:, None, None, :]  # eq. 10.6
    return next_M


def overlap_backward(dh, cache, k, j):
    x, h0, Wx, Wh, h = cache
    dWx, dWh, db = map(np.zeros_like, (Wx, Wh, Wh[0]))
    T = x.shape[1]
    for first in range(0, T, j):  # a walk for the losses of j steps
        end, carry = min(first + j, T), np.zeros_like(h0)
        for t in reversed(range(max(end - k, 0), end)):
            prev_h = h[:, t - 1] if t > 0 else h0
            total = dh[:, t] + carry if t >= first else carry  # (N, H)
            dz = total * (1 - h[:, t] ** 2)  # (N, H)
            carry = dz @ Wh.T  # (N, H)
            dWx += x[:, t].T @ dz  # (D, H)
            dWh += prev_h.T @ dz  # (H, H)
            db += dz.sum(axis=0)  # (H,)
    return dWx, dWh, db


# Plain code: a gradient that runs forwards
def run_with_influence(dh, x, h0, Wx, Wh, b):
    """Return dWx, dWh, db by carrying the influence of each weight on the state along with it."""
    (N, T, D), H = x.shape, len(b)
    W, h_t = np.vstack([Wx, Wh, b]), h0  # (D + H + 1, H), (N, H)
    M, dW = np.zeros((N, *W.shape, H)), np.zeros(W.shape)
    for t in range(T):
        u = np.hstack([x[:, t], h_t, np.ones((N, 1))])  # (N, D + H + 1)
        h_t = np.tanh(u @ W)  # (N, H)
        M = influence_step(M, u, h_t, Wh)  # (N, D + H + 1, H, H)  eq. 10.6
        dW += np.einsum("npqm,nm->pq", M, dh[:, t])  # (D + H + 1, H)  eq. 10.7
    return dW[:D], dW[D:-1], dW[-1]


# Plain code: forecasts of the monthly sunspots
SUNSPOTS = chapter_09.NAMES.with_name("sunspots.csv")
AHEAD = 1, 12  # months
RECORD, LATER = "1957 to 1964", "1965 to 2008"  # the test part in two, by its highest cycle
PARTS = {"training": (0, 1872), "validation": (1872, 2496), "test": (2496, 3120)}
PARTS |= {RECORD: (2496, 2592), LATER: (2592, 3120)}


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

    def forecasts(self, y, last=None):
        """Return (T, 2): what is said at each month of y (T,), with the state carried throughout.

        With `last`, each is made of so many last months alone, beginning with zeros; those that are
        for months before the validation part are not a number.
        """
        if last is None:
            return self._read(y[None])[0]
        first = PARTS["validation"][0] - max(AHEAD)
        windows = np.lib.stride_tricks.sliding_window_view(y[first + 1 - last :], last)
        return np.concatenate([np.full((first, len(AHEAD)), np.nan), self._read(windows)[:, -1]])

    def _read(self, months):
        """Return what is said at each step of sequences of months (K, T): (K, T, 2)."""
        *recurrent, w, c = self.weights
        x = months[:, :, None] / 100  # (K, T, 1)
        h, _ = rnn_layers.rnn_forward(x, np.zeros((len(x), len(w))), *recurrent)
        return 100 * (x + h @ w + c)  # what is now, and the change


def train(model, y, k, carried=True, learned=5, rounds=100, N=8, rate=0.003, every=5):
    """Train in chunks of k months, the state carried from chunk to chunk or reset to zeros.

    A network that is trained with reset forecasts from the last k months alone.

    The months for training are cut into N streams that are read side by side, one step of Adam a
    chunk, of the last `learned` arrays of weights; the rate falls in a straight line to 0. Yields
    (rounds, errors on the validation part) every few rounds; stop it whenever you like.
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
            t, last = t + 1, slice(-learned, None)
            arrays = weights[last], [*recurrent, dw, dc][last], averages[last]
            chapter_09.adam(*arrays, t, rate * (1 - t / steps))
            state = h[:, -1] if carried else state
        if done % every == 0:
            kept, model.weights = model.weights, weights
            errors = rms_errors(model.forecasts(y, None if carried else k), y, "validation")
            if np.mean(errors**2) < best:
                best, kept = np.mean(errors**2), [array.copy() for array in weights]
            model.weights = kept
            yield done, errors


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        reach_backward,
        ("reach: one step too far", "Your losses reach back one step too far: k counts the step of the loss itself, so the last step they reach is s - k + 1.", "s - k + 1", "s - k"),
        ("reach: one step too short", "Your losses stop one step too early: k counts the step of the loss itself, so they reach s, s - 1, ..., s - k + 1.", "s - k + 1", "s - k + 2"),
        ("reach: never cut", "Each loss goes back to the first step here: stop after k steps.", "max(s - k + 1, 0)", "0"),
        ("reach: chunks instead", "That is the other cut, chunks. Here each loss goes back through k steps, wherever they lie.", "max(s - k + 1, 0)", "s // k * k"),
        ("reach: before the first step", "Where fewer than k steps lie before a loss, stop at the first: a negative index of h or x counts from the end.", "max(s - k + 1, 0)", "s - k + 1"),
        ("reach: other losses join", "Each loss goes back by itself: on the way back no dh of an earlier step is added, since that loss has a walk of its own.", "total = dz @ Wh.T", "total = dz @ Wh.T + dh[:, t - 1] * (t > 0)"),
        ("reach: last loss alone", "Every step has a loss, and each of them walks back; yours walks from the last step alone.", "range(x.shape[1])", "range(x.shape[1] - 1, x.shape[1])"),
        ("reach: nothing handed back", "From step to step the gradient goes through tanh and Wh; yours gives dh of the loss to each step unchanged.", "total = dz @ Wh.T", "total = dh[:, s]"),
        ("reach: Wh not transposed", "Back from z_t to h_{t-1} the gradient goes through Wh transposed.", "total = dz @ Wh.T", "total = dz @ Wh"),
        ("reach: no slope", "Between h_t and z_t stands tanh: multiply by its slope, 1 - h_t^2, at each step.", "total * (1 - h[:, t] ** 2)", "total * 1.0"),
        ("reach: slope at h(t-1)", "The slope of tanh belongs to the state that came out of it, h_t, and not to h_{t-1}.", "1 - h[:, t] ** 2", "1 - prev_h**2"),
        ("reach: dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t.", "prev_h.T @ dz", "h[:, t].T @ dz"),
        ("reach: last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state.", " if t > 0 else h0", ""),
        ("reach: dWh overwritten", "dWh is that of one pair only: each loss adds its share at each step (+=, not =).", "dWh +=", "dWh ="),
        ("reach: dWx overwritten", "dWx is that of one pair only: each loss adds its share at each step (+=, not =).", "dWx +=", "dWx ="),
        ("reach: db is a batch mean", "The batch shares one b, so db is a sum over it, not a mean.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("reach: divided by k", "All is divided by k: nothing is averaged, each loss counts once at each step that it reaches.", "total = dh[:, s]", "total = dh[:, s] / k"),
        shown=False,
    ),
    *slips(
        chunk_backward,
        ("chunk: cut one step early", "Your cut lies one step too early. With t from 0 the last steps of the chunks are k - 1, 2k - 1, ...: there (t + 1) % k is 0.", "(t + 1) % k == 0", "(t + 2) % k == 0"),
        ("chunk: cut one step late", "Your cut lies one step too late: the carry into the last step of a chunk is zero, and there (t + 1) % k is 0.", "(t + 1) % k == 0", "t % k == 0"),
        ("chunk: counted from the end", "You count the chunks from the last step; they are counted from the first, so it is the last chunk that may be shorter.", "(t + 1) % k == 0", "(x.shape[1] - 1 - t) % k == 0"),
        ("chunk: never cut", "The carry is never cut: set it to zeros where it would enter the last step of a chunk.", "carry = np.zeros_like(h0)\n        prev_h", "pass\n        prev_h"),
        ("chunk: reach instead", "That is the other cut, reach. Here no gradient crosses a cut, also where the loss is only one step behind it.", "x, h0, Wx, Wh, h = cache", "return reach_backward(dh, cache, k); x, h0, Wx, Wh, h = cache"),
        ("chunk: no carry at all", "Inside a chunk the carry flows as in chapter 05: add it to dh_t. It is cut between chunks alone.", "dh[:, t] + carry", "dh[:, t]"),
        ("chunk: chunks of k + 1", "Your chunks have k + 1 steps: the cuts lie after steps k, 2k, 3k, ...", "% k == 0", "% (k + 1) == 0"),
        ("chunk: state cut as well", "The state is carried across a cut, and the gradient is not: the first step of a chunk has met h_{t-1}, the last state of the chunk before.", "if t > 0 else h0", "if t % k > 0 else 0 * h0"),
        ("chunk: h0 before each chunk", "h0 stands before the first chunk alone; before each other one stands the last state of the chunk before.", "if t > 0 else h0", "if t % k > 0 else h0"),
        ("chunk: last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state.", " if t > 0 else h0", ""),
        ("chunk: Wh not transposed", "The carry goes back through Wh, so Wh is transposed: dz Wh^T.", "carry = dz @ Wh.T", "carry = dz @ Wh"),
        ("chunk: slope at h(t-1)", "The slope of tanh belongs to the state that came out of it, h_t, and not to h_{t-1}.", "1 - h[:, t] ** 2", "1 - prev_h**2"),
        ("chunk: dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t.", "prev_h.T @ dz", "h[:, t].T @ dz"),
        ("chunk: dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =).", "dWh +=", "dWh ="),
        ("chunk: db is a batch mean", "The batch shares one b, so db is a sum over it, not a mean.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("chunk: divided by k", "All is divided by k: each loss counts once, whatever the length of its chunk.", "dh[:, t] + carry", "dh[:, t] / k + carry"),
        shown=False,
    ),
    *slips(
        influence_step,
        ("influence: own use left out", "The weight is used at this step too: beside the way through the old state, M Wh, stands the input u_p, for the unit that the weight leads to.", "M @ Wh + own", "M @ Wh"),
        ("influence: past left out", "The weight was used before as well: its influence on the old state, M, goes through Wh into this step.", "M @ Wh + own", "own"),
        ("influence: Wh not given", "The old influence reaches z through Wh: M @ Wh, and not M alone.", "M @ Wh + own", "M + own"),
        ("influence: Wh transposed", "This runs forwards: z_m is the sum over l of h_l Wh[l, m], so M meets Wh as it is, without a transpose.", "M @ Wh", "M @ Wh.T"),
        ("influence: no slope", "Behind z stands tanh: multiply by its slope, 1 - next_h^2, at unit m.", "(1 - next_h**2)[:, None, None, :]", "np.ones_like(next_h)[:, None, None, :]"),
        ("influence: slope on the own use alone", "Both ways meet in z, before tanh: the slope multiplies their sum.", "(M @ Wh + own) * (1 - next_h**2)[:, None, None, :]", "M @ Wh + own * (1 - next_h**2)[:, None, None, :]"),
        ("influence: slope on the past alone", "Both ways meet in z, before tanh: the slope multiplies their sum.", "(M @ Wh + own) * (1 - next_h**2)[:, None, None, :]", "M @ Wh * (1 - next_h**2)[:, None, None, :] + own"),
        ("influence: slope of unit q", "The slope is that of the unit that is influenced, m, the last axis; yours is that of q, to which the weight leads.", "[:, None, None, :]", "[:, None, :, None]"),
        ("influence: slope with a plus", "A sign: the slope of tanh is 1 - h^2.", "1 - next_h**2", "1 + next_h**2"),
        ("influence: slope without the square", "The square is missing: the slope of tanh is 1 - h^2.", "1 - next_h**2", "1 - next_h"),
        ("influence: own use in every unit", "The weight W_pq leads to unit q and to no other: its own use moves z_m only where m is q, a matrix of ones on the diagonal alone.", "np.eye(len(Wh))", "np.ones(Wh.shape)"),
        ("influence: Wh for delta", "The weight W_pq is multiplied by u_p alone, so its own use moves z_q by u_p, and no other: 1 where m = q and 0 elsewhere. Wh is for the way through the old state.", "np.eye(len(Wh))", "Wh"),
        ("influence: slope of the old state", "The slope is that of the state that comes out of this step, next_h; yours is that of the old one, which stands in u.", "1 - next_h**2", "1 - u[:, -len(Wh) - 1 : -1] ** 2"),
        ("influence: mean over the batch", "Each sample has an influence of its own: no mean over the batch.", "M @ Wh", "(0 * M + M.mean(axis=0)) @ Wh"),
        ("influence: written over M", "Your function changes its argument M: the numbers are right, but it writes into the caller's array. Make a new one.", "next_M = (M @ Wh + own) *", "M[:] = M @ Wh; M += own; next_M = M *"),
        shown=False,
    ),
    *slips(
        overlap_backward,
        ("overlap: losses counted again", "In the steps that overlap, the losses have had a walk of their own: there total is the carry alone.", "dh[:, t] + carry if t >= first else carry", "dh[:, t] + carry"),
        ("overlap: no overlap", "Your walks stop at the first of their j losses: they go on until they have gone k steps.", "max(end - k, 0)", "max(first, end - k, 0)"),
        ("overlap: k steps beyond the block", "k counts from the last step of the walk: yours goes k steps beyond the block of losses.", "max(end - k, 0)", "max(first - k, 0)"),
        ("overlap: k steps for the first loss", "In yours the first of the j losses goes k steps back. k counts from the last of them, where the walk starts.", "max(end - k, 0)", "max(first - k + 1, 0)"),
        ("overlap: counted from the end", "You count the walks from the last step; they are counted from the first: one after j steps, one after 2j, and it is the last one that may have fewer losses.", "range(0, T, j)", "range(T, 0, -j)", "end, carry = min(first + j, T)", "end, first, carry = first, max(first - j, 0)"),
        ("overlap: last walk shortened", "Where T is no multiple of j, the last walk has fewer losses, and goes back k steps all the same.", "max(end - k, 0)", "max(first + j - k, 0)"),
        ("overlap: one step too far", "Your walks go one step too far: k steps, the last one of the block included.", "max(end - k, 0)", "max(end - k - 1, 0)"),
        ("overlap: one step too short", "Your walks stop one step too early: k steps, the last one of the block included.", "max(end - k, 0)", "max(end - k + 1, 0)"),
        ("overlap: never cut", "Your walks all go to the first step: each ends after k steps.", "max(end - k, 0)", "0"),
        ("overlap: reach instead", "Each of your losses goes back k steps; here the walk does, and it starts at the last of its j losses: those before it go less far.", "x, h0, Wx, Wh, h = cache", "return reach_backward(dh, cache, k); x, h0, Wx, Wh, h = cache"),
        ("overlap: chunks instead", "Those are chunks of k. Here a walk starts after every j steps, so walks overlap, and the losses of j steps join it.", "x, h0, Wx, Wh, h = cache", "return chunk_backward(dh, cache, k); x, h0, Wx, Wh, h = cache"),
        ("overlap: a walk every k steps", "A walk starts after every j steps, and not after every k.", "range(0, T, j)", "range(0, T, k)", "first + j", "first + k"),
        ("overlap: last block left out", "Where T is no multiple of j, the last losses are fewer than j, and have a walk too.", "range(0, T, j)", "range(0, T - j + 1, j)"),
        ("overlap: last loss of a block alone", "Each of the j losses joins the walk at its own step; in yours the last one of the block goes alone.", "if t >= first else carry", "if t == end - 1 else carry"),
        ("overlap: one carry for all walks", "A walk starts with a carry of zeros, and yours with what the walk before has left.", "end, carry = min(first + j, T), np.zeros_like(h0)", "end = min(first + j, T)", "    T = x.shape[1]", "    T = x.shape[1]; carry = np.zeros_like(h0)"),
        ("overlap: Wh not transposed", "The carry goes back through Wh, so Wh is transposed: dz Wh^T.", "carry = dz @ Wh.T", "carry = dz @ Wh"),
        ("overlap: slope at h(t-1)", "The slope of tanh belongs to the state that came out of it, h_t, and not to h_{t-1}.", "1 - h[:, t] ** 2", "1 - prev_h**2"),
        ("overlap: dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t.", "prev_h.T @ dz", "h[:, t].T @ dz"),
        ("overlap: last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state.", " if t > 0 else h0", ""),
        ("overlap: db is a batch mean", "The batch shares one b, so db is a sum over it, not a mean.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        shown=False,
    ),
]
# fmt: on


# Exercises
LENGTHS = (  # N, T, D, H, k
    (7, 11, 6, 9, 3),
    (3, 14, 5, 2, 4),
    (4, 2, 3, 4, 2),
    (2, 1, 5, 3, 1),
    (1, 6, 4, 4, 6),
    (5, 5, 2, 3, 1),
    (2, 9, 3, 3, 2),
)
WALKS = (  # N, T, D, H, k, j
    (7, 11, 6, 9, 5, 3),
    (3, 14, 5, 2, 6, 4),
    (4, 2, 3, 4, 5, 3),
    (2, 1, 5, 3, 1, 1),
    (1, 8, 4, 4, 4, 4),
    (5, 7, 2, 3, 3, 1),
    (2, 9, 3, 3, 8, 2),
)


def _truncated(normal, N, T, D, H, *lengths):
    x, h0, Wx, Wh, b = sequence_arrays(normal, N, T, D, H).values()
    _, cache = forward_with_cache(x, h0, Wx, Wh, b)
    arrays = {"dh": normal((N, T, H))} | dict(zip(("x", "h0", "Wx", "Wh", "h"), cache))
    return arrays | dict(zip("kj", map(np.int64, lengths)))


def _call_truncated(function, dh, x, h0, Wx, Wh, h, **lengths):
    return function(dh, (x, h0, Wx, Wh, h), *map(int, lengths.values()))


def _influence(normal, N, T, D, H):
    arrays = {"M": normal((N, D + H + 1, H, H)), "u": normal((N, D + H + 1))}
    return arrays | {"next_h": np.tanh(normal((N, H))), "Wh": normal((H, H))}


EXERCISES = {
    "10.1": Exercise(
        reach_backward,
        returns=("dWx", "dWh", "db"),
        arrays=_truncated,
        cases=LENGTHS,
        call=_call_truncated,
        hints=(
            "Two loops: the outer one over the losses, step s, the inner one back from s through k "
            "steps. The loss of step s starts with dh[:, s], and nothing is added on the way.",
            "Inside, the four lines of chapter 05: dz from the total, three shares for the weights, "
            "and dz @ Wh.T for the step before.",
            "for t in reversed(range(max(s - k + 1, 0), s + 1)): max keeps it from going before the "
            "first step.",
        ),
    ),
    "10.2": Exercise(
        chunk_backward,
        returns=("dWx", "dWh", "db"),
        arrays=_truncated,
        cases=LENGTHS,
        call=_call_truncated,
        hints=(
            "Start from the backward pass of chapter 05. One thing is new: at a cut the carry is "
            "thrown away.",
            "The first chunk has the steps 0 to k - 1, counted as Python does. Into which step must "
            "no carry come?",
            "if (t + 1) % k == 0: carry = np.zeros_like(h0), before the carry is added.",
        ),
    ),
    "10.3": Exercise(
        influence_step,
        returns=("next_M",),
        axes={"next_M": "sample row column unit"},
        arrays=_influence,
        call=in_order,
        hints=(
            "By how many ways does the weight W_pq move z_m? One goes through the old state, one "
            "is the use of the weight at this step.",
            "Through the old state: sum M[n, p, q, l] Wh[l, m] over l. By its own use: u_p, but only "
            "if m is q. Both then pass tanh at unit m.",
            "(M @ Wh + u[:, :, None, None] * np.eye(H)) times the slope at the last axis, "
            "(1 - next_h**2)[:, None, None, :].",
        ),
    ),
    "10.4": Exercise(
        overlap_backward,
        returns=("dWx", "dWh", "db"),
        arrays=_truncated,
        cases=WALKS,
        call=_call_truncated,
        hints=(
            "The outer loop goes over blocks of j losses, the inner one back through k steps from "
            "the last step of the block.",
            "A walk meets steps of its own block, whose losses join it, and steps before, whose "
            "losses have had a walk already.",
            "total = dh[:, t] + carry if t >= first else carry, with first the first step of the "
            "block.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class Ticked(Curves):
    """Lines over a few places of a log axis, which are its ticks; the alt text says all of them."""

    def __init__(self, lines, x_label, y_label, x, y_limits, title, **options):
        limits = x[0] / 1.06, x[-1] * 1.06
        super().__init__(lines, x_label, y_label, limits, y_limits, title, x_scale="log", **options)
        self.axes.set_xticks(x, [f"{value:,}" for value in x])
        self._x = x

    def _course(self, x, y, say_x, say_y):
        """What a line is at each tick that it passes, or throughout."""
        held = [(f"{place:,}", say_y(y[x == place][0])) for place in self._x if place in x]
        if len({value for _, value in held}) == 1:
            return f"is {held[0][1]} throughout"
        return "is " + ", ".join(f"{value} at {place}" for place, value in held)


def _ticked(rng, scale):
    picture = Ticked(
        {"one": "forward", "other": "wrong"}, "$k$", "error", [1, 3, 10], (0, scale), "A"
    )
    return picture, lambda: picture.update(
        {name: ([1, 3, 10], widest(rng, 3, scale)) for name in ("one", "other")}
    )


SAMPLES = [Sample(_ticked)]
