"""Chapter 09: splits of the names, counters, and a training that may be stopped at any moment.

Counters and networks answer one question: with what probability does each of the V = 27 symbols
come next after a prefix such as ".ann"? Their answers for K prefixes are arrays (K, V) whose rows
sum to 1, so one function, `nats`, measures them all. The mark "." stands before and after a name.
"""

from collections import defaultdict
import csv
import functools
import itertools
import pathlib
from string import ascii_lowercase
from typing import NamedTuple
import unicodedata

from matplotlib.collections import LineCollection
from matplotlib.patches import Rectangle
import numpy as np

from course.artists import FAINT, INK, ROLES, Picture, checked, number, plain, styled
from course.chapter_08 import softmax_with_temperature
from course.exercises import Exercise, desk, in_order
from course.figures import Curves
from course.samples import Sample, widest
from course.slips import slips
import rnn_layers

# Plain code
ALPHABET = f".{ascii_lowercase}"
V = len(ALPHABET)
NAMES = pathlib.Path(__file__).parents[1] / "data" / "names.txt"


def read_names():
    """Return the names for training, for validation and for the test: three lists.

    First names from the US census of 1990. Source, terms, order and split: data/README.md.
    """
    names = NAMES.read_text(encoding="ascii").split()
    first, second = len(names) * 8 // 10, len(names) * 9 // 10
    return names[:first], names[first:second], names[second:]


def split(seed=0):
    """Return the names for training, validation and test: 80, 10 and 10 %, three lists.

    Seed 0 keeps the order of the file; any other seed permutes all names first.
    """
    parts = read_names()
    names = np.concatenate(parts)
    if seed:
        names = np.random.default_rng(seed).permutation(names)
    first, second, _ = np.cumsum([len(part) for part in parts])
    return names[:first].tolist(), names[first:second].tolist(), names[second:].tolist()


def places(names):
    """Return the K prefixes of all names, and the symbols (K,) that follow them.

    places(["bo"]) -> [".", ".b", ".bo"], array([2, 15, 0])
    """
    prefixes = [f".{name[:t]}" for name in names for t in range(len(name) + 1)]
    return prefixes, np.array([ALPHABET.index(letter) for name in names for letter in f"{name}."])


def nats(p, symbols):
    """Return what each symbol costs, minus the log of its probability: (K, V), (K,) -> (K,)."""
    return -np.log(p[np.arange(len(symbols)), symbols])  # eq. 8.8, before it is summed


# Counters
def last(prefix, length):
    """Return the last symbols of a prefix, all of them where it is shorter."""
    return prefix[max(len(prefix) - length, 0) :]


def count(names, n):
    """Count how often each symbol follows each context of 0 to n - 1 symbols: {context: (V,)}.

    The counters below look at no longer contexts: their n is at most this one.
    """
    seen = defaultdict(lambda: np.zeros(V))
    for prefix, symbol in zip(*places(names)):
        for length in range(min(n, len(prefix) + 1)):
            seen[last(prefix, length)][symbol] += 1
    return dict(seen)


def look_up(counts, prefixes, n):
    """Return what followed the last 0, 1, ... n - 1 symbols of each prefix: (n, K, V).

    Where a prefix is shorter, or was never seen, the counts are zeros.
    """
    never = np.zeros(V)
    return np.array(
        [
            [
                counts.get(last(prefix, k), never) if k <= len(prefix) else never
                for prefix in prefixes
            ]
            for k in range(n)
        ]
    )


def additive(counts, prefixes, n, alpha):
    """Pretend that each symbol followed the last n - 1 alpha times more often: -> (K, V).

    Source: Lidstone (1920), Note on the general case of the Bayes-Laplace formula.
    """
    seen = np.array([counts.get(last(prefix, n - 1), np.zeros(V)) for prefix in prefixes])
    return (seen + alpha) / (seen.sum(axis=1, keepdims=True) + V * alpha)


def back_off(counts, prefixes, n, alpha):
    """Make room after each context, alpha for each kind of symbol seen there, and fill the room as
    the context one symbol shorter says: -> (K, V).

    Source: Witten and Bell (1991), The zero-frequency problem, who take alpha = 1.
    """
    p = np.full((len(prefixes), V), 1 / V)
    for seen in look_up(counts, prefixes, n):
        room = alpha * np.sum(seen > 0, axis=1, keepdims=True)
        total = seen.sum(axis=1, keepdims=True) + room
        p = np.divide(seen + room * p, total, out=p, where=total > 0)
    return p


def continuations(counts, n):
    """Count anew for Kneser-Ney: after a shorter context, how many symbols stand before the pair.

    A context of n - 1 symbols keeps its counts, and so does one that begins with the mark, since
    nothing stands before it. Elsewhere a symbol counts once for each different symbol before the
    context: {context: (V,)}.
    """
    kinds = {
        context: seen if len(context) == n - 1 or context.startswith(".") else np.zeros(V)
        for context, seen in counts.items()
        if len(context) < n
    }
    for context, seen in counts.items():
        if 0 < len(context) < n:
            kinds[context[1:]] = kinds[context[1:]] + (seen > 0)
    return kinds


def discounts(kinds, n):
    """Return what is taken off a count of 0, 1, 2, and 3 or more, for contexts of each length.

    D = k - (k + 1) Y n_{k+1} / n_k, with n_k pairs of context and symbol counted k times and
    Y = n_1 / (n_1 + 2 n_2), held between 0 and k. Where no count is as small as that, k / 2.
    -> (n, 4). Source: Chen and Goodman (1999), An empirical study of smoothing techniques for
    language modeling.
    """
    D = np.tile([0, 0.5, 1, 1.5], (n, 1))
    for length in range(n):
        at_length = [seen for context, seen in kinds.items() if len(context) == length]
        times = np.bincount(np.int64(at_length).ravel(), minlength=5)[:5]
        if np.all(times[1:4]):
            Y = times[1] / (times[1] + 2 * times[2])
            for k in (1, 2, 3):
                D[length, k] = k - (k + 1) * Y * times[k + 1] / times[k]
    return np.clip(D, 0, [0, 1, 2, 3])


def interpolate(seen, D):
    """Take D off the counts (n, K, V), and spread what is taken as the shorter context says.

    Where D takes nothing, room of 0.05 is made, since no symbol is impossible.
    """
    p = np.full(seen.shape[1:], 1 / V)
    for at_length, off in zip(seen, D):
        left = at_length - off[np.minimum(at_length, 3).astype(int)]  # (K, V)
        total = at_length.sum(axis=1, keepdims=True)
        room = np.maximum(total - left.sum(axis=1, keepdims=True), 0.05)
        whole = left.sum(axis=1, keepdims=True) + room
        p = np.divide(left + room * p, whole, out=p, where=total > 0)
    return p


def kneser_ney(counts, prefixes, n, D=None):
    """Discount each count, and fill the room by how many kinds of contexts a symbol follows.

    D (n, 4) is what `discounts` finds, or any other. -> (K, V).
    Source: Kneser and Ney (1995), Improved backing-off for m-gram language modeling; in the form of
    Chen and Goodman (1999), with three discounts for each length.
    """
    kinds = continuations(counts, n)
    return interpolate(look_up(kinds, prefixes, n), discounts(kinds, n) if D is None else D)


def tuned_discounts(counts, prefixes, symbols, n):
    """Move one discount at a time up or down while that lowers the nats of the symbols: (n, 4)."""
    kinds = continuations(counts, n)
    seen, D = look_up(kinds, prefixes, n), discounts(kinds, n)
    lowest = nats(interpolate(seen, D), symbols).mean()
    for step in (0.3, 0.15, 0.075):
        for length, k in np.ndindex(n, 3):
            for move in (step, -step):
                while True:
                    moved = D.copy()
                    moved[length, k + 1] = np.clip(moved[length, k + 1] + move, 0, k + 1)
                    now = nats(interpolate(seen, moved), symbols).mean()
                    if now >= lowest:
                        break
                    lowest, D = now, moved
    return D


def choose(rule, counts, names, orders, settings):
    """Return the n and the setting, a dict, with which a counter does best on these names."""
    prefixes, symbols = places(names)

    def cost(choice):
        n, setting = choice
        return nats(rule(counts, prefixes, n, **setting), symbols).mean()

    return min(itertools.product(orders, settings), key=cost)


ALPHAS = [{"alpha": alpha} for alpha in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 3, 4, 6, 8, 20, 50)]
ORDERS = 4, 5, 6, 7


def counters(names, validation_names):
    """Return {name of the counter: f}; f(prefixes) -> (K, V).

    They count the names, and choose n and what else there is to choose by the validation names.
    """
    counts = count(names, max(ORDERS))

    def settled(rule, orders, settings):
        n, setting = choose(rule, counts, validation_names, orders, settings)
        return functools.partial(rule, counts, n=n, **setting)

    chosen = {f"{n}-gram": settled(additive, [n], ALPHAS) for n in range(1, 6)}
    chosen["back-off"] = settled(back_off, ORDERS, ALPHAS)
    chosen["Kneser-Ney"] = settled(kneser_ney, ORDERS, [{}])
    n = chosen["Kneser-Ney"].keywords["n"]
    D = tuned_discounts(counts, *places(validation_names), n)
    chosen["tuned Kneser-Ney"] = functools.partial(kneser_ney, counts, n=n, D=D)
    return chosen


# One against another
def ahead(costs, others, names):
    """Return by how many nats per character `costs` are below `others`, and the standard error.

    Both are arrays (K,) of what each symbol of the names costs. Symbols of one name are no
    independent witnesses, so the difference is taken name by name: the error is that of a ratio of
    two sums over names. Source: Cochran (1977), Sampling techniques, on the estimation of a ratio.
    """
    lengths = np.array([len(name) + 1 for name in names])
    starts = np.cumsum(lengths) - lengths
    gains = np.add.reduceat(others - costs, starts)  # of each name
    gain = gains.sum() / lengths.sum()
    spread = np.sqrt(np.sum((gains - gain * lengths) ** 2) / (1 - 1 / len(names)))
    return gain, spread / lengths.sum()


def over_splits(values, test_share=0.125):
    """Return mean, standard deviation and standard error of one number from each of J splits.

    The splits share names, so sd / sqrt(J) would promise too much; test_share is the size of the
    test part beside the training part. Source: Nadeau and Bengio (2003), Inference for the
    generalization error.
    """
    sd = np.std(values, ddof=1)
    return np.mean(values), sd, sd * np.sqrt(1 / len(values) + test_share)


# Results that take too long for a page
def stored(file):
    """Return the rows of a CSV file, each {column: text}; none if there is no file yet."""
    if not file.exists():
        return []
    with file.open(encoding="utf-8", newline="") as text:
        return list(csv.DictReader(text))


def store(file, row):
    """Write one more row at the end of a CSV file, below a head if it is the first."""
    first = not file.exists()
    with file.open("a", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(text, row, lineterminator="\n")
        if first:
            writer.writeheader()
        writer.writerow(row)


# The network
def encode(names):
    """Return x, y, mask, each (N, T): the symbols read, those that follow, and which of them count.

    Names are filled up with marks to the length of the longest.
    """
    T = max(map(len, names)) + 1
    filled = [f".{name}".ljust(T + 1, ".") for name in names]
    symbols = np.array([[ALPHABET.index(letter) for letter in name] for name in filled])
    mask = np.arange(T) <= np.array([[len(name)] for name in names])
    return symbols[:, :-1], symbols[:, 1:], mask


def new_weights(rng, D=64, H=256):
    """Draw the start: W (V, D), Wx (D, H), Wh (H, H), b (H,), w (H, V), c (V,), in float32."""
    W = rng.standard_normal((V, D))
    Wx = 0.5 * rng.standard_normal((D, H)) / np.sqrt(D)
    Wh = 0.5 * rng.standard_normal((H, H)) / np.sqrt(H)  # spectral radius about 1/2
    w = 0.5 * rng.standard_normal((H, V)) / np.sqrt(H)
    return [array.astype(np.float32) for array in (W, Wx, Wh, np.zeros(H), w, np.zeros(V))]


def forward(weights, x):
    """Return scores (N, T, V), states (N, T, H) and the caches of the three layers; x (N, T)."""
    W, Wx, Wh, b, w, c = weights
    h0 = np.zeros((len(x), len(Wh)), W.dtype)
    e, embedding_cache = rnn_layers.word_embedding_forward(x, W)  # (N, T, D)  eq. 8.1
    h, rnn_cache = rnn_layers.rnn_forward(e, h0, Wx, Wh, b)  # (N, T, H)  eqs. 4.1, 4.2
    scores, affine_cache = rnn_layers.temporal_affine_forward(h, w, c)  # (N, T, V)  eq. 8.3
    return scores, h, (embedding_cache, rnn_cache, affine_cache)


def backward(dscores, caches):
    """Return de (N, T, D), of the letters' vectors, and the gradient of each array of weights."""
    embedding_cache, rnn_cache, affine_cache = caches
    dh, dw, dc = rnn_layers.temporal_affine_backward(dscores, affine_cache)
    de, _, dWx, dWh, db = rnn_layers.rnn_backward(dh, rnn_cache)
    dW = rnn_layers.word_embedding_backward(de, embedding_cache)
    return de, [dW, dWx, dWh, db, dw, dc]


def loss_and_gradients(weights, x, y, mask):
    """Return the loss of eq. 8.8, and the gradient of each array of weights."""
    scores, _, caches = forward(weights, x)
    loss, dscores = rnn_layers.temporal_softmax_loss(scores, y, mask)  # eqs. 8.8, 8.9
    return loss, backward(dscores, caches)[1]


def probabilities(networks, x, forward=forward):
    """Return the mean of what networks say, each given by its weights: x (N, T) -> (N, T, V)."""
    mean = 0
    for weights in networks:
        scores = forward(weights, x)[0].astype(np.float64)
        p = np.exp(scores - scores.max(axis=-1, keepdims=True))  # eq. 8.7
        mean += p / p.sum(axis=-1, keepdims=True) / len(networks)  # eq. 9.4
    return mean


# Training
def adam(weights, gradients, averages, t, rate):
    """Step number t, in place, of the weights and of the averages (m, v) of their gradients.

    Source: Kingma and Ba (2015), Adam: a method for stochastic optimization.
    """
    for weight, g, (m, v) in zip(weights, gradients, averages):
        m += (1 - 0.9) * (g - m)  # eq. 9.1
        v += (1 - 0.999) * (g**2 - v)  # eq. 9.2
        weight -= rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)  # eq. 9.3


def batches(x, y, mask, N, rounds, rng):
    """Yield all names, N at a time, in a new order in each round; those that fill no batch rest.

    Names that are read together are of like length, so that few steps go to marks that do not
    count: eight batches of names are sorted by length, and then all batches shuffled.
    """
    for _ in range(rounds):
        order = rng.permutation(len(x))[: len(x) // N * N]
        pools = np.split(order, range(8 * N, len(order), 8 * N))
        order = np.concatenate([pool[np.argsort(mask[pool].sum(axis=1))] for pool in pools])
        for rows in rng.permutation(order.reshape(-1, N)):
            T = mask[rows].any(axis=0).sum()  # as long as the longest name
            yield x[rows, :T], y[rows, :T], mask[rows, :T]


class Progress(NamedTuple):
    """What `train` reports; costs in nats per character."""

    rounds: float  # how many times through the names
    training: float  # the mean over networks and batches since the last report
    validation: float  # of the model: the networks' mean


class Model:
    """Networks that answer together, by the mean of their probabilities.

    `networks` holds the weights of each. While `train` runs, these are the ones that did best on
    the validation names so far; they are exchanged all at once, by one assignment, so the model is
    fit for use at any moment, before the first step too.
    """

    def __init__(self, seeds=(8, 1, 2), D=64, H=256):
        self.rngs = [np.random.default_rng(seed) for seed in seeds]
        self.networks = [new_weights(rng, D, H) for rng in self.rngs]

    def nats(self, names):
        """Return what each symbol of the names costs, ends included, in the order of `places`."""
        return nats_of(self.networks, *encode(names))


def nats_of(networks, x, y, mask, forward=forward):
    """Return what each symbol costs that counts: (K,)."""
    return nats(probabilities(networks, x, forward)[mask], y[mask])


def train(
    model,
    names,
    validation_names,
    rounds=16,
    N=64,
    rate=0.003,
    every=64,
    gradients_of=loss_and_gradients,
    forward=forward,
):
    """Train the networks of a model side by side; yield a `Progress` before, and every few steps.

        for progress in train(model, names, validation_names):
            print(progress)

    Stop it whenever you like: the model holds the best networks so far. Each network reads the
    names in an order of its own, and the rate falls in a straight line to 0. `gradients_of` may be
    any other function that returns what `loss_and_gradients` does; `forward`, which is asked for
    the validation cost, goes with it.
    """
    steps, validation = rounds * (len(names) // N), encode(validation_names)
    networks = [[array.copy() for array in weights] for weights in model.networks]
    averages = [[(0 * array, 0 * array) for array in weights] for weights in networks]
    losses, best = [], nats_of(networks, *validation, forward).mean()
    yield Progress(0, best, best)
    orders = [batches(*encode(names), N, rounds, rng) for rng in model.rngs]
    for t, side_by_side in enumerate(zip(*orders), start=1):
        for weights, average, batch in zip(networks, averages, side_by_side):
            loss, gradients = gradients_of(weights, *batch)
            adam(weights, gradients, average, t, rate * (1 - t / steps))
            losses.append(loss * N / batch[2].sum())
        if t % every == 0 or t == steps:
            now = nats_of(networks, *validation, forward).mean()
            if now < best:
                kept = [[array.copy() for array in weights] for weights in networks]
                model.networks, best = kept, now
            yield Progress(t * rounds / steps, np.mean(losses), now)
            losses.clear()


# What a prediction listens to
def listening(weights, x):
    """Return how fast the scores after the last symbol move with the vector of each symbol.

    x (K, T) -> (K, T), the norm of the derivative of the scores above their mean by e_r, the vector
    at place r. Each of 27 copies of a prefix asks for one score.
    """
    (K, T), copies = x.shape, np.repeat(x, V, axis=0)
    dscores = np.zeros((K * V, T, V), weights[0].dtype)
    dscores[:, -1] = np.tile(np.eye(V) - 1 / V, (K, 1))
    de, _ = backward(dscores, forward(weights, copies)[2])  # (K V, T, D)
    return np.sqrt(np.sum(de.reshape(K, V, T, -1) ** 2, axis=(1, 3)))  # eq. 9.5


def replacing(networks, x, even=False):
    """Return how far the prediction moves when the letter at one place is another.

    x (K, T) with the mark first -> (K, T - 1), one for each letter: the total variation between
    the two predictions of the next symbol, sum |p - p'| / 2, from 0 to 1. It is the mean over the
    25 other letters, each as probable as the networks found it there, or all alike if `even`.
    """
    p, letters = probabilities(networks, x), np.arange(1, V)
    moves = []
    for r in range(1, x.shape[1]):
        others = np.repeat(x[:, None], V - 1, axis=1)  # (K, V - 1, T)
        others[:, :, r] = letters
        after = probabilities(networks, others.reshape(-1, x.shape[1]))[:, -1]
        variation = np.abs(after.reshape(len(x), V - 1, V) - p[:, None, -1]).sum(axis=2) / 2
        share = np.ones((len(x), V - 1)) if even else p[:, r - 1, 1:].copy()
        share[letters == x[:, r, None]] = 0  # another letter than that which stands there
        moves.append(np.sum(variation * share, axis=1) / share.sum(axis=1))
    return np.stack(moves, axis=1)


# Making and reading names
def make_names(predict, tau, luck):
    """Draw a name for each row of luck (N, T), numbers from 0 to 1, at temperature tau.

    predict(x) -> (N, V), the probabilities of the symbol after x (N, t). Each name is cut at its
    end mark, or after T symbols.
    """
    x = np.zeros((len(luck), 1), int)  # the mark
    for numbers in luck.T:
        p = softmax_with_temperature(np.log(predict(x)), tau)  # (N, V)
        x = np.column_stack([x, draw(p, numbers)])  # (N, t + 1)
    return [name[1:].split(".")[0] for name in in_letters(x)]


def in_letters(x):
    """Return symbols (N, t) as N strings."""
    return ["".join(ALPHABET[symbol] for symbol in row) for row in x]


def readable(name, most=11):
    """Return what the network can read of a name that somebody types, and a remark on the rest.

    readable("José") -> "jose", "é is read as e".
    """
    letters, remarks = "", []
    for letter in name.strip().lower():
        base = unicodedata.normalize("NFKD", letter)[0]
        if base not in ascii_lowercase:
            remarks.append(f"{letter if letter.strip() else 'a space'} is left out")
            continue
        if base != letter:
            remarks.append(f"{letter} is read as {base}")
        letters += base
    if len(letters) > most:
        remarks.append(f"the first {most} letters are read")
    if not letters:
        remarks.append("type letters from a to z")
    return letters[:most], "; ".join(dict.fromkeys(remarks))


# What the reader writes
def adam_step(weight, g, m, v, t, rate):
    m = m + (1 - 0.9) * (g - m)  # eq. 9.1
    v = v + (1 - 0.999) * (g**2 - v)  # eq. 9.2
    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)
    weight = weight - rate * m_hat / (np.sqrt(v_hat) + 1e-8)  # eq. 9.3
    return weight, m, v


def training_loop(weight, batches, gradient_of, cost_of, rate):
    best, lowest = weight, cost_of(weight)
    for t, batch in enumerate(batches, start=1):
        falling = rate * (1 - t / len(batches))
        weight = weight - falling * gradient_of(weight, batch)
        if cost_of(weight) < lowest:
            best, lowest = weight, cost_of(weight)
    return best


def draw(p, luck):
    ends = np.cumsum(p, axis=1)  # (N, V): where the share of each symbol ends
    return np.sum(ends[:, :-1] <= luck[:, np.newaxis], axis=1)  # (N,)


def both_ways_backward(dh, cache):
    onward_cache, back_cache = cache
    H = dh.shape[2] // 2
    dx, _, dWx, dWh, db = rnn_layers.rnn_backward(dh[:, :, :H], onward_cache)
    dx_back, _, dUx, dUh, dc = rnn_layers.rnn_backward(dh[:, ::-1, H:], back_cache)
    dx = dx + dx_back[:, ::-1]  # (N, T, D): x is read twice
    return dx, dWx, dWh, db, dUx, dUh, dc


def both_ways_forward(x, Wx, Wh, b, Ux, Uh, c):
    """Return h (N, T, 2 H), the states of two readers of x (N, T, D), and the cache of the above.

    The first reads from left to right with Wx, Wh, b, the second from right to left with Ux, Uh, c.
    """
    h0 = np.zeros((len(x), len(Wh)), x.dtype)
    onward, onward_cache = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
    back, back_cache = rnn_layers.rnn_forward(x[:, ::-1], h0, Ux, Uh, c)
    return np.concatenate([onward, back[:, ::-1]], axis=2), (onward_cache, back_cache)


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        adam_step,
        ("m and v as they are", "Both averages start at 0, and so are too small at first: divide m by 1 - 0.9^t and v by 1 - 0.999^t before the step.", "m / (1 - 0.9**t), v / (1 - 0.999**t)", "m, v"),
        ("v as it is", "v starts at 0 as m does, and so is too small at first: divide it by 1 - 0.999^t before the step.", "v / (1 - 0.999**t)", "v"),
        ("m as it is", "m starts at 0 as v does, and so is too small at first: divide it by 1 - 0.9^t before the step.", "m / (1 - 0.9**t)", "m"),
        ("m alone in the step", "The step is the corrected m over the root of the corrected v: yours is as long as the gradient.", " / (np.sqrt(v_hat) + 1e-8)", ""),
        ("g in the step", "The step goes along the corrected m, the average of the gradients, and not along g of this step alone.", "rate * m_hat", "rate * g"),
        ("no square root", "v is an average of squares: its square root is as large as a gradient.", "np.sqrt(v_hat)", "v_hat"),
        ("epsilon inside the root", "Epsilon is added to the root, not under it.", "np.sqrt(v_hat) + 1e-8", "np.sqrt(v_hat + 1e-8)"),
        ("no epsilon", "Where every gradient has been 0 the root is 0 too, and 0 by 0 is not a number: add 1e-8 to the root.", " + 1e-8", ""),
        ("uphill", "A sign: the step goes against the gradient.", "weight - rate", "weight + rate"),
        ("rate left out", "The step is rate times the quotient.", "rate * m_hat", "m_hat"),
        ("averages from the step before", "m and v take in the gradient first, eqs. 9.1 and 9.2, and then the step is made from them.", "m = m + (1 - 0.9) * (g - m)  # eq. 9.1\n    v = v + (1 - 0.999) * (g**2 - v)  # eq. 9.2\n    m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)", "m_hat, v_hat = m / (1 - 0.9**t), v / (1 - 0.999**t)\n    m = m + (1 - 0.9) * (g - m)\n    v = v + (1 - 0.999) * (g**2 - v)"),
        ("corrected averages handed back", "Hand back m and v of eqs. 9.1 and 9.2 themselves: what is corrected serves this step alone, and the next one would correct it again.", "return weight, m, v", "return weight, m_hat, v_hat"),
        ("beta and 1 - beta swapped in m", "m keeps nine tenths of itself and takes one tenth of g: m + (1 - 0.9) (g - m), eq. 9.1.", "(1 - 0.9) * (g - m)", "0.9 * (g - m)"),
        ("beta and 1 - beta swapped in v", "v keeps 0.999 of itself and takes 0.001 of g^2: v + (1 - 0.999) (g^2 - v), eq. 9.2.", "(1 - 0.999) * (g**2 - v)", "0.999 * (g**2 - v)"),
        ("v of g", "v is the average of g^2, and yours that of g, eq. 9.2.", "g**2 - v", "g - v"),
        ("v of |g|", "v is the average of g^2, and yours that of its absolute value, eq. 9.2.", "g**2 - v", "np.abs(g) - v"),
        ("v of m", "v is the average of g^2, and yours that of m^2, eq. 9.2.", "g**2 - v", "m**2 - v"),
        ("m of a sum", "m forgets: it moves a tenth of the way towards g, and yours adds a tenth of g, eq. 9.1.", "(1 - 0.9) * (g - m)", "(1 - 0.9) * g"),
        ("t counted from 0", "t counts from 1: after step t the factor is 1 - 0.9^t, and so for v.", "m / (1 - 0.9**t), v / (1 - 0.999**t)", "m / (1 - 0.9**(t - 1)), v / (1 - 0.999**(t - 1))"),
        ("t + 1", "After step t, counted from 1, the factor is 1 - 0.9^t, and so for v.", "m / (1 - 0.9**t), v / (1 - 0.999**t)", "m / (1 - 0.9**(t + 1)), v / (1 - 0.999**(t + 1))"),
        ("factor without a power", "After t steps of the same g, m is (1 - 0.9^t) g: the power t is missing, for m and for v.", "m / (1 - 0.9**t), v / (1 - 0.999**t)", "m / (1 - 0.9), v / (1 - 0.999)"),
        ("multiplied by the factor", "m and v are too small: divide by 1 - 0.9^t and 1 - 0.999^t.", "m / (1 - 0.9**t), v / (1 - 0.999**t)", "m * (1 - 0.9**t), v * (1 - 0.999**t)"),
        ("changed in place", "The numbers are right, but weight -= ..., m += ... or v += ... writes into the caller's array: make new ones.", "m = m + (1 - 0.9) * (g - m)  # eq. 9.1", "m += (1 - 0.9) * (g - m)"),
        shown=False,
    ),
    *slips(
        training_loop,
        ("last weight", "You hand back the last weight; asked for is that with the lowest cost, so keep it when it comes. (If you do: `weight -= ...` goes on writing into what you have kept.)", "return best", "return weight"),
        ("best without its cost", "Each weight that is better than the first is kept, also where a better one came before: lower the bar each time, too.", "best, lowest = weight, cost_of(weight)\n    return", "best = weight\n    return"),
        ("lower than before", "A weight is kept when its cost is lower than that of the step before; keep it when the cost is lower than ever.", "if cost_of(weight) < lowest:\n            best, lowest = weight, cost_of(weight)", "if cost_of(weight) < lowest:\n            best = weight\n        lowest = cost_of(weight)"),
        ("highest cost", "Low cost is good: keep the weight where the cost is lower than ever.", "cost_of(weight) < lowest", "cost_of(weight) > lowest"),
        ("gradient where it began", "The gradient is taken at the weight as it is now, and yours is always taken at the first weight.", "best, lowest = weight, cost_of(weight)\n    for", "first = best = weight; lowest = cost_of(weight)\n    for", "gradient_of(weight, batch)", "gradient_of(first, batch)"),
        ("gradient at the best", "The gradient is taken at the weight as it is now, not at the best one so far.", "gradient_of(weight, batch)", "gradient_of(best, batch)"),
        ("on from the best", "Each step starts where the one before has ended; yours starts again from the best weight.", "weight = weight - falling * gradient_of(weight, batch)", "weight = best - falling * gradient_of(best, batch)"),
        ("rate that does not fall", "The rate falls in a straight line: step t of K takes rate (1 - t / K), with t from 1.", "rate * (1 - t / len(batches))", "rate"),
        ("t from 0", "t counts from 1: the rate of step t of K is rate (1 - t / K), so that of the last is 0.", "start=1", "start=0"),
        ("rate halved in each step", "The rate falls in a straight line: step t of K takes rate (1 - t / K), with t from 1.", "rate * (1 - t / len(batches))", "rate / 2**t"),
        ("rate over t", "The rate falls in a straight line: step t of K takes rate (1 - t / K), with t from 1.", "rate * (1 - t / len(batches))", "rate / t"),
        ("rate that rises", "The rate falls: step t of K takes rate (1 - t / K), and yours takes rate t / K.", "(1 - t / len(batches))", "(t / len(batches))"),
        ("uphill", "A sign: a step goes against the gradient.", "weight - falling", "weight + falling"),
        ("first weight left out", "The first weight is a candidate too: no step may be better than it.", "lowest = weight, cost_of(weight)\n    for", "lowest = weight, np.inf\n    for"),
        ("last batch left out", "Each batch makes one step, the last one too (its rate is 0), and the rate falls with the number of them all.", "len(batches))", "(len(batches) - 1))", "enumerate(batches, start=1)", "enumerate(batches[:-1], start=1)"),
        ("first batch alone", "Each step takes the next batch; yours takes the first one each time.", "gradient_of(weight, batch)", "gradient_of(weight, batches[0])"),
        ("cost before the step", "The cost is asked of the weight after the step; yours keeps the weight before it.", "weight = weight - falling * gradient_of(weight, batch)\n        if cost_of(weight) < lowest:\n            best, lowest = weight, cost_of(weight)", "old = weight\n        weight = weight - falling * gradient_of(weight, batch)\n        if cost_of(weight) < lowest:\n            best, lowest = old, cost_of(weight)"),
        ("changed in place", "The numbers are right, but weight -= ... writes into the array that you were given: make a new one, weight = weight - ...", "weight = weight - falling * gradient_of(weight, batch)", "weight -= falling * gradient_of(weight, batch)", "best, lowest = weight, cost_of(weight)\n    for", "best, lowest = weight.copy(), cost_of(weight)\n    for", "best, lowest = weight, cost_of(weight)\n    return", "best, lowest = weight.copy(), cost_of(weight)\n    return"),
        shown=False,
    ),
    *slips(
        draw,
        ("most probable", "The most probable symbol comes each time, whatever the luck: take the one on whose share the random number falls.", "np.sum(ends[:, :-1] <= luck[:, np.newaxis], axis=1)", "np.argmax(p, axis=1)"),
        ("one too high", "One too high: a symbol is drawn if the number falls below the end of its share, so count the ends that lie at or below it (ends, not beginnings).", "axis=1)  # (N,)", "axis=1) + 1"),
        ("one too low", "One too low: with luck below p[0] it is symbol 0, and so on; count the ends that lie at or below the number.", "axis=1)  # (N,)", "axis=1) - 1"),
        ("p for its sums", "Lay the shares end to end: luck is compared with the sums of p so far, and yours compares it with each p by itself.", "np.cumsum(p, axis=1)", "p"),
        ("sums over the names", "The shares lie end to end along a row, over the V symbols: axis=1.", "np.cumsum(p, axis=1)", "np.cumsum(p, axis=0)"),
        ("ends above", "You count the ends above the number; the symbol is the count of those at or below it.", "ends[:, :-1] <= luck", "ends[:, :-1] > luck"),
        ("all alike", "All symbols are equally probable in yours: p has no part in it.", "np.cumsum(p, axis=1)", "np.cumsum(np.full_like(p, 1 / p.shape[1]), axis=1)"),
        ("nearest p", "The symbol whose p is nearest to the number comes: lay the shares end to end instead, and see on which the number falls.", "np.sum(ends[:, :-1] <= luck[:, np.newaxis], axis=1)", "np.argmin(np.abs(p - luck[:, np.newaxis]), axis=1)"),
        ("nearest end", "The symbol whose end is nearest to the number comes; it is the one on whose share the number falls, the first whose end lies above it.", "np.sum(ends[:, :-1] <= luck[:, np.newaxis], axis=1)", "np.argmin(np.abs(ends - luck[:, np.newaxis]), axis=1)"),
        ("one luck for all", "Each row has a luck of its own.", "luck[:, np.newaxis]", "luck[0]"),
        ("p taken for scores", "p are probabilities already, and no scores: softmax has no place here.", "np.cumsum(p, axis=1)", "np.cumsum(np.exp(p) / np.exp(p).sum(axis=1, keepdims=True), axis=1)"),
        ("from the other end", "Begin with symbol 0: yours lays the shares from the last symbol on.", "np.sum(ends[:, :-1] <= luck[:, np.newaxis], axis=1)", "np.sum(np.cumsum(p[:, ::-1], axis=1)[:, ::-1][:, 1:] > luck[:, np.newaxis], axis=1)"),
        shown=False,
    ),
    *slips(
        both_ways_backward,
        ("dh not turned", "The second reader went from right to left: turn its part of dh round, [:, ::-1], before you hand it back.", "dh[:, ::-1, H:]", "dh[:, :, H:]"),
        ("dx not turned", "The second reader's dx is in the order of its reading: turn it round, [:, ::-1], before you add.", "dx_back[:, ::-1]", "dx_back"),
        ("neither turned", "The second reader went from right to left: turn its part of dh round, [:, ::-1], and its dx back again.", "dh[:, ::-1, H:]", "dh[:, :, H:]", "dx_back[:, ::-1]", "dx_back"),
        ("both readers turned", "The first reader went from left to right: its part of dh stays as it is.", "dh[:, :, :H]", "dh[:, ::-1, :H]"),
        ("first reader alone in dx", "x is read twice, so both readers have a share in dx: add them.", " + dx_back[:, ::-1]", ""),
        ("second reader alone in dx", "x is read twice, so both readers have a share in dx: add them.", "dx + dx_back", "dx_back"),
        ("mean of the readers", "x is read twice, and its gradients add up; no mean is taken.", "dx = dx + dx_back[:, ::-1]", "dx = (dx + dx_back[:, ::-1]) / 2"),
        ("dx subtracted", "x is read twice, and its gradients add up.", "dx + dx_back", "dx - dx_back"),
        ("halves swapped", "The first H numbers of each state are those of the reader from left to right.", "dh[:, :, :H]", "dh[:, :, H:]", "dh[:, ::-1, H:]", "dh[:, ::-1, :H]"),
        ("caches swapped", "The first cache is that of the reader from left to right.", "onward_cache, back_cache = cache", "back_cache, onward_cache = cache"),
        ("samples turned", "[::-1] turns the batch round; time is the second axis, [:, ::-1].", "dh[:, ::-1, H:]", "dh[::-1, :, H:]"),
        ("units turned", "[..., ::-1] turns the units round; time is the second axis, [:, ::-1].", "dh[:, ::-1, H:]", "dh[:, :, :H - 1 : -1]"),
        ("gradients of one reader twice", "Each reader has weights of its own, and gradients of its own.", "return dx, dWx, dWh, db, dUx, dUh, dc", "return dx, dWx, dWh, db, dWx, dWh, db"),
        ("readers added up", "Each reader has weights of its own: their gradients are not added.", "return dx, dWx, dWh, db,", "dWx, dWh, db = dWx + dUx, dWh + dUh, db + dc\n    return dx, dWx, dWh, db,"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _adam_arrays(normal, shape, t):
    """An average of squares that fits the gradients so far, and a weight that never had one."""
    weight, g, m = (normal(shape) for _ in range(3))
    v = normal(shape) ** 2
    if t == 1:
        m, v = 0 * m, 0 * v
        g.flat[0] = 0
    else:
        m, v = 0.3 * m, 0.01 * v
    return {"weight": weight, "g": g, "m": m, "v": v, "t": np.int64(t), "rate": np.float64(0.01)}


def _call_adam(function, weight, g, m, v, t, rate):
    return function(weight, g, m, v, int(t), float(rate))


def _regression(normal, batches, N, D, rate, off):
    """A noisy straight line that batches of N points know too little of, and others to test it."""
    truth = normal((D,))
    x, others = normal((batches, N, D)), normal((20, D))
    return {
        "weight": truth + off * normal((D,)),
        "batches_x": x,
        "batches_y": x @ truth + normal((batches, N)),
        "validation_x": others,
        "validation_y": others @ truth,
        "rate": np.float64(rate),
    }


def _call_training(function, weight, batches_x, batches_y, validation_x, validation_y, rate):
    def gradient_of(weight, batch):
        x, y = batch
        return x.T @ (x @ weight - y) / len(y)

    def cost_of(weight):
        return np.mean((validation_x @ weight - validation_y) ** 2)

    return function(weight, list(zip(batches_x, batches_y)), gradient_of, cost_of, float(rate))


def _probabilities_and_luck(normal, N, V):
    p = np.exp(1.5 * normal((N, V)))
    luck = 0.5 + np.arctan(3 * normal((N,))) / np.pi  # between 0 and 1
    return {"p": p / p.sum(axis=1, keepdims=True), "luck": luck}


def _readers(normal, N, T, D, H):
    shapes = {"x": (N, T, D), "Wx": (D, H), "Wh": (H, H), "b": (H,)}
    shapes |= {"Ux": (D, H), "Uh": (H, H), "c": (H,)}
    return {"dh": normal((N, T, 2 * H))} | {name: normal(s) / 2 for name, s in shapes.items()}


def _call_readers(function, dh, **inputs):
    return function(dh, both_ways_forward(**inputs)[1])


EXERCISES = {
    "09.1": Exercise(
        adam_step,
        returns=("weight", "m", "v"),
        arrays=_adam_arrays,
        cases=(((7, 3), 1), ((5,), 3), ((4, 2), 40), ((3,), 1), ((2, 3), 2000)),
        call=_call_adam,
        hints=(
            "Put eqs. 9.1 and 9.2 into code first. Both averages start at 0: what are they after "
            "one step, after two and after three of the same g?",
            "After t steps of the same g, m is (1 - 0.9^t) g and v is (1 - 0.999^t) g^2. Divide by "
            "these factors, in new names, before you make the step.",
            "weight - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8), and hand "
            "back m and v as they were before the division.",
        ),
        praise="makes Adam's step and hands on the right averages, at the first step and at later "
        "ones.",
    ),
    "09.2": Exercise(
        training_loop,
        returns=("best",),
        arrays=_regression,
        cases=(
            (12, 3, 4, 0.5, 0.6),
            (7, 2, 3, 0.9, 1),
            (5, 2, 3, 0.9, 0.01),
            (2, 4, 2, 0.5, 2),
            (30, 1, 5, 0.2, 1),
        ),
        call=_call_training,
        hints=(
            "Before the loop the first weight is the best so far, and its cost the lowest.",
            "In step t, counted from 1: the gradient at the present weight by this batch, a step "
            "against it with rate * (1 - t / K), then the cost; is it lower than ever?",
            "weight = weight - rate * (1 - t / len(batches)) * gradient_of(weight, batch); if "
            "cost_of(weight) < lowest: best, lowest = weight, cost_of(weight).",
        ),
        praise="keeps the best weight, in each of five trainings.",
    ),
    "09.3": Exercise(
        draw,
        returns=("symbols",),
        arrays=_probabilities_and_luck,
        cases=((40, 7), (60, 27), (30, 2), (1, 5), (50, 3)),
        call=in_order,
        hints=(
            "Lay the probabilities of a row end to end between 0 and 1. Where does each end?",
            "np.cumsum(p, axis=1) has the ends. The symbol is the number of ends that lie at or "
            "below the luck of that row.",
            "np.sum(np.cumsum(p, axis=1)[:, :-1] <= luck[:, np.newaxis], axis=1).",
        ),
        praise="draws the right symbols, for 2 to 27 of them.",
    ),
    "09.4": Exercise(
        both_ways_backward,
        returns=("dx", "dWx", "dWh", "db", "dUx", "dUh", "dc"),
        axes={"dx": "sample step input"},
        arrays=_readers,
        cases=((7, 11, 6, 9), (3, 14, 5, 2), (4, 2, 3, 4), (2, 1, 5, 3), (1, 6, 4, 4)),
        call=_call_readers,
        hints=(
            "rnn_layers.rnn_backward does the work, once for each reader. What is the dh of each?",
            "dh[:, :, :H] belongs to the first reader. dh[:, :, H:] is in the order of the name, "
            "and the second reader went the other way: turn it round in time.",
            "rnn_backward(dh[:, ::-1, H:], back_cache) gives a dx in the order of its reading: "
            "turn it round and add it to the first reader's.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class TrainingCurve(Curves):
    """Curves that grow while a network trains, and a bar along the top that fills with them."""

    @styled
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        place = {"transform": self.axes.transAxes, "lw": 0, "zorder": 8}
        bars = {width: Rectangle((0, 0.96), width, 0.04, **place) for width in (1, 0)}
        for bar, colour in zip(bars.values(), (FAINT, ROLES["forward"].colour)):
            bar.set_facecolor(colour)
            self._animated(self.axes.add_patch(bar))
        self._bar = bars[0]

    def update(self, lines, done=0.0):
        """Show {name: (x, y)}, and how much is done: a part of 1."""
        self._bar.set_width(done)
        return super().update(lines)


class Ranking(Picture):
    """A bar for each name, as long as the first of its numbers, and all its numbers beside it.

    `rows` is {name: role}, `columns` are the names of the numbers, `limit` is the longest bar.
    """

    HIGH, WIDE = 0.3, 1.25  # of a row; of a column

    @styled
    def __init__(self, rows, columns, limit, title="", width=8):
        rows, self.columns, self._limit = dict(rows), tuple(columns), limit
        super().__init__(width, 0.95 + self.HIGH * len(rows))
        axes, top = self._sheet(title), 0.1 + self.HIGH * len(rows)
        self._left = 0.3 + max(self._width_of(name, size=9.5) for name in rows)
        end = width - self.WIDE * len(self.columns)
        self._long = end - self._left
        middles = [end + self.WIDE * (j + 0.5) for j in range(len(self.columns))]
        for x, name in zip(middles, self.columns):
            axes.text(x, top + 0.08, name, size=9.5, ha="center", va="bottom")
        self._rows = {}
        for i, (name, role) in enumerate(rows.items()):
            y, colour = top - self.HIGH * (i + 0.5), ROLES[role].colour
            axes.text(self._left - 0.1, y, name, size=9.5, ha="right", va="center", color=colour)
            bar = Rectangle((self._left, y - 0.09), 0, 0.18, fc=colour, lw=0)
            look = {"size": 9.5, "ha": "center", "va": "center", "color": colour}
            texts = [self._animated(axes.text(x, y, "", **look)) for x in middles]
            self._rows[name] = self._animated(axes.add_patch(bar)), texts

    def update(self, numbers):
        """Show {name: its numbers, one for each column}."""
        said = [f"Ranking. Columns: {', '.join(self.columns)}."]
        for name, (bar, texts) in self._rows.items():
            row = checked(numbers.get(name), (len(self.columns),), name)
            bar.set_width(self._long * np.clip(row[0] / self._limit, 0, 1))
            for text, value in zip(texts, row):
                text.set_text(number(value))
            said.append(f"{name}: {', '.join(map(number, row))}.")
        self._alt = " ".join(said)
        return self._moving


class Words(Picture):
    """Words in columns; those that are known are grey and have a dot before them."""

    HIGH, WIDE = 0.32, 1.53  # of a row; of a column

    @styled
    def __init__(self, count, title="", columns=5):
        rows = -(-count // columns)
        super().__init__(0.3 + self.WIDE * columns, 0.95 + self.HIGH * rows)
        axes, top = self._sheet(title), 0.55 + self.HIGH * rows
        look = {"size": 11, "family": "monospace", "va": "center"}
        self._texts = []
        for k in range(count):
            x, y = 0.2 + self.WIDE * (k % columns), top - self.HIGH * (k // columns + 0.5)
            self._texts.append(self._animated(axes.text(x, y, "", **look)))
        self._note = self._animated(axes.text(0.2, 0.22, "", size=9.5, va="center"))

    def update(self, words, known, note=""):
        """Show these words, as many as there are places; `known` says of each whether it is."""
        if not len(self._texts) == len(words) == len(known):
            raise ValueError(
                f"{len(words)} words and {len(known)} marks are given for {len(self._texts)} places"
            )
        for text, word, old in zip(self._texts, words, known):
            text.set_text(f"{'●' if old else ' '} {word}")
            text.set_color(ROLES["neutral" if old else "forward"].colour)
        self._note.set_text(note)
        marked = (f"{word} (known)" if old else word for word, old in zip(words, known))
        self._alt = f"Words: {', '.join(marked)}. {note}".rstrip()
        return self._moving


class LetterBars(Picture):
    """Bars over the letters of a word, at most `places`, in a chart for each of `labels`.

    `labels` is {label: (role, high)}. Below stand the letters, those not read yet in grey, and a note.
    """

    HIGH = 1.25  # of a chart

    @styled
    def __init__(self, places, labels, title=""):
        super().__init__(8, 1.15 + (self.HIGH + 0.2) * len(labels))
        self._sheet(title)
        top = self.figure.get_size_inches()[1] - 0.45
        self._bars = {}
        for k, (label, (role, high)) in enumerate(labels.items()):
            bottom = top - self.HIGH - k * (self.HIGH + 0.2)
            axes = self._chart(0.95, bottom, 6.9, self.HIGH, ylabel=label)
            axes.set(xlim=(-0.5, places - 0.5), ylim=(0, high), xticks=[])
            look = {"fc": ROLES[role].colour, "lw": 0, "alpha": 0.75}
            bars = [Rectangle((x - 0.3, 0), 0.6, 0, **look) for x in range(places)]
            self._bars[label] = [self._animated(axes.add_patch(bar)) for bar in bars]
        look = {"ha": "center", "va": "top", "transform": axes.get_xaxis_transform()}
        look |= {"size": 13, "family": "monospace"}
        self._texts = [self._animated(axes.text(x, -0.06, "", **look)) for x in range(places)]
        self._note = self._animated(self._sheet().text(0.95, 0.2, "", size=10, va="center"))

    def update(self, letters, heights, note=""):
        """Show {label: a height for each of the first letters}; NaN where there is no bar."""
        heights = {label: np.asarray(heights[label], dtype=float) for label in self._bars}
        read = max(map(len, heights.values()))
        if len(letters) > len(self._texts) or read > len(letters):
            raise ValueError(
                f"{len(letters)} letters with {read} bars do not fit: there are "
                f"{len(self._texts)} places, and each bar needs a letter"
            )
        said = [f"Bars over the letters {' '.join(letters[:read])}."]
        for label, bars in self._bars.items():
            shown = np.pad(heights[label], (0, len(bars) - len(heights[label])))
            for bar, height in zip(bars, np.nan_to_num(shown)):
                bar.set_height(height)
            pairs = [pair for pair in zip(letters, heights[label]) if np.isfinite(pair[1])]
            said.append(f"{plain(label)}: {', '.join(f'{a} {number(b)}' for a, b in pairs)}.")
        for k, text in enumerate(self._texts):
            text.set_text(letters[k] if k < len(letters) else "")
            text.set_color(INK if k < read else ROLES["neutral"].colour)
        self._note.set_text(note)
        self._alt = " ".join([*said, note]).rstrip()
        return self._moving


class Gains(Picture):
    """For each of many splits, by how much each of `lines` is ahead, with a bar of one error.

    `lines` is {name: role}; a level line is the mean over all splits, and at 0 there is a tie.
    """

    @styled
    def __init__(self, splits, lines, label, limits, title=""):
        super().__init__(8, 3.4)
        right = 7.7 - max(self._width_of(name, size=9.5) for name in lines)
        axes = self._chart(0.95, 0.58, right - 0.95, 2.35, title=title, ylabel=label)
        axes.set(xlim=(-0.8, splits - 0.2), ylim=limits, xlabel="split")
        axes.set_xticks(range(0, splits, 5))
        axes.axhline(0, color=INK, lw=1)
        self._lines = {}
        for k, (name, role) in enumerate(lines.items()):
            colour, line, marker = ROLES[role]
            x = np.arange(splits) + 0.3 * (k / max(len(lines) - 1, 1) - 0.5)
            (points,) = axes.plot(x, 0 * x, marker, color=colour, ms=5)
            bars = axes.add_collection(LineCollection([], colors=colour, lw=1.2), autolim=False)
            level = axes.axhline(0, color=colour, lw=1, ls=line)
            text = axes.text(splits, 0, name, size=9.5, va="center", color=colour)
            self._lines[name] = x, [self._animated(a) for a in (points, bars, level, text)]

    def update(self, gains):
        """Show {name: (gains, their errors)}, each (splits,)."""
        said = []
        for name, (x, (points, bars, level, text)) in self._lines.items():
            gain, error = (checked(values, x.shape, name) for values in gains[name])
            mean = gain.mean()
            points.set_ydata(gain)
            bars.set_segments(np.array([[x, x], [gain - error, gain + error]]).T)
            level.set_ydata([mean, mean])
            text.set_y(mean)
            said.append(
                f"{name}: mean {number(mean)}, from {number(gain.min())} to {number(gain.max())}, "
                f"below 0 in {np.sum(gain < 0)}"
            )
        self._alt = f"Gains over {len(x)} splits. {'; '.join(said)}."
        return self._moving


# Samples for the tests
def _training_curve(rng, scale):
    lines = {"validation": "forward", "training": "loss", "1-gram": "neutral", "5-gram": "neutral"}
    limits = (0, 16), (1.5, 3.5)
    picture = TrainingCurve(lines, "passes", "nats", *limits, title="It learns")

    def move():
        count = rng.integers(1, 33)
        x = np.arange(1, count + 1) / 2
        drawn = {name: (x, scale * rng.uniform(1, 4, count)) for name in lines}
        return picture.update(drawn, count / 32)

    return picture, move


def _ranking(rng, scale):
    rows = {"uniform": "neutral", "4-gram, backing off": "neutral", "our network": "forward"}
    columns = ["nats per\ncharacter", "bits per\ncharacter", "perplexity"]
    picture = Ranking(rows, columns, limit=np.log(27), title="The network is ahead")
    return picture, lambda: picture.update(dict(zip(rows, np.abs(widest(rng, (3, 3), scale)))))


def _words(rng, scale):
    picture = Words(20, title="New names, and some that exist")

    def move():
        drawn = ["".join(rng.choice(list("amw"), rng.integers(0, 13))) for _ in range(20)]
        drawn[7] = "w" * 12
        return picture.update(drawn, rng.random(20) < 0.5, "7 of 20 stand in the list")

    return picture, move


def _letter_bars(rng, scale):
    labels = {"gradient, share": ("backward", 1), "another letter": ("forward", 1)}
    picture = LetterBars(12, labels, title="What a prediction listens to")

    def move():
        count = rng.integers(2, 13)
        letters, read = list(".mmmwwwmmmww")[:count], rng.integers(2, count + 1)
        heights = rng.dirichlet(np.ones(read)), [np.nan, *rng.random(read - 1)]
        return picture.update(letters, dict(zip(labels, heights)), "next: a 0.123, n 0.100")

    return picture, move


def _gains(rng, scale):
    lines = {"three, averaged": "forward", "a single one": "loss"}
    picture = Gains(20, lines, "nats per character", (-0.04, 0.1), "Ahead in all")

    def move():
        spread = rng.normal(size=(2, 20)) / 99
        gains = spread - spread.mean(axis=1, keepdims=True) + [[0.05], [0.01]]
        return picture.update({name: (gain, 0 * gain + 0.01) for name, gain in zip(lines, gains)})

    return picture, move


SAMPLES = [
    Sample(_training_curve),
    Sample(_ranking),
    Sample(_words),
    Sample(_letter_bars),
    Sample(_gains),
]
