"""Chapter 11: the LSTM, a step and a sequence, forward and backward; the adding problem."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course.chapter_07 import clip_by_global_norm
from course.chapter_09 import adam
from course.slips import slips
import rnn_layers


# Plain code
def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def lstm_step_forward(x, prev_h, prev_c, Wx, Wh, b):
    a = x @ Wx + prev_h @ Wh + b  # (N, 4H)  eq. 11.1
    a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)  # (N, H) each
    i = sigmoid(a_i)  # (N, H)  eq. 11.2
    f = sigmoid(a_f)  # (N, H)  eq. 11.2
    o = sigmoid(a_o)  # (N, H)  eq. 11.2
    g = np.tanh(a_g)  # (N, H)  eq. 11.2
    next_c = f * prev_c + i * g  # (N, H)  eq. 11.3
    next_h = o * np.tanh(next_c)  # (N, H)  eq. 11.4
    return next_h, next_c, (x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c)


def lstm_step_backward(dnext_h, dnext_c, cache):
    x, prev_h, prev_c, Wx, Wh, i, f, o, g, next_c = cache
    tanh_c = np.tanh(next_c)  # (N, H)
    dc = dnext_c + dnext_h * o * (1 - tanh_c**2)  # (N, H)  eq. 11.5
    di = dc * g  # (N, H)  eq. 11.6
    df = dc * prev_c  # (N, H)  eq. 11.6
    do = dnext_h * tanh_c  # (N, H)  eq. 11.6
    dg = dc * i  # (N, H)  eq. 11.6
    da_i = di * i * (1 - i)  # (N, H)  eq. 11.7
    da_f = df * f * (1 - f)  # (N, H)  eq. 11.7
    da_o = do * o * (1 - o)  # (N, H)  eq. 11.7
    da_g = dg * (1 - g**2)  # (N, H)  eq. 11.7
    da = np.hstack([da_i, da_f, da_o, da_g])  # (N, 4H)
    dprev_c = dc * f  # (N, H)  eq. 11.8
    dx = da @ Wx.T  # (N, D)  eq. 11.9
    dprev_h = da @ Wh.T  # (N, H)  eq. 11.10
    dWx = x.T @ da  # (D, 4H)  eq. 11.11
    dWh = prev_h.T @ da  # (H, 4H)  eq. 11.12
    db = da.sum(axis=0)  # (4H,)  eq. 11.13
    return dx, dprev_h, dprev_c, dWx, dWh, db


def lstm_forward(x, h0, Wx, Wh, b):
    h_t, c_t, steps = h0, np.zeros_like(h0), []
    for t in range(x.shape[1]):
        a = x[:, t] @ Wx + h_t @ Wh + b  # (N, 4H)  eq. 11.1
        a_i, a_f, a_o, a_g = np.split(a, 4, axis=1)  # (N, H) each
        i, f, o, g = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o), np.tanh(a_g)  # eq. 11.2
        c_t = f * c_t + i * g  # (N, H)  eq. 11.3
        h_t = o * np.tanh(c_t)  # (N, H)  eq. 11.4
        steps.append((i, f, o, g, c_t, h_t))
    i, f, o, g, c, h = (np.stack(all_steps, axis=1) for all_steps in zip(*steps))  # (N, T, H) each
    return h, (x, h0, Wx, Wh, i, f, o, g, c, h)


def lstm_backward(dh, cache):
    x, h0, Wx, Wh, i, f, o, g, c, h = cache
    T = x.shape[1]
    dx, dWx, dWh, db = map(np.zeros_like, (x, Wx, Wh, Wh[0]))
    c0, carry_h, carry_c = np.zeros((3, *h0.shape))  # (N, H) each: no step comes after the last
    for t in reversed(range(T)):
        prev_h = h[:, t - 1] if t > 0 else h0
        prev_c = c[:, t - 1] if t > 0 else c0
        tanh_c = np.tanh(c[:, t])  # (N, H)
        total_h = dh[:, t] + carry_h  # (N, H)  eq. 11.14
        total_c = carry_c + total_h * o[:, t] * (1 - tanh_c**2)  # (N, H)  eq. 11.5
        di = total_c * g[:, t]  # (N, H)  eq. 11.6
        df = total_c * prev_c  # (N, H)  eq. 11.6
        do = total_h * tanh_c  # (N, H)  eq. 11.6
        dg = total_c * i[:, t]  # (N, H)  eq. 11.6
        da_i = di * i[:, t] * (1 - i[:, t])  # (N, H)  eq. 11.7
        da_f = df * f[:, t] * (1 - f[:, t])  # (N, H)  eq. 11.7
        da_o = do * o[:, t] * (1 - o[:, t])  # (N, H)  eq. 11.7
        da_g = dg * (1 - g[:, t] ** 2)  # (N, H)  eq. 11.7
        da = np.hstack([da_i, da_f, da_o, da_g])  # (N, 4H)
        carry_h = da @ Wh.T  # (N, H)  eq. 11.10; at the first step dh0
        carry_c = total_c * f[:, t]  # (N, H)  eq. 11.8
        dx[:, t] = da @ Wx.T  # (N, D)  eq. 11.9
        dWx += x[:, t].T @ da  # (D, 4H)  eq. 11.15
        dWh += prev_h.T @ da  # (H, 4H)  eq. 11.16
        db += da.sum(axis=0)  # (4H,)  eq. 11.17
    return dx, carry_h, dWx, dWh, db


# The adding problem
class Cell(NamedTuple):
    """A layer that reads a sequence: its passes, and what its weights look like.

    blocks   how many blocks of H columns Wx and Wh have
    biases   how many biases
    keep     the block of the gate that keeps the state, if there is one
    """

    forward: Callable
    backward: Callable
    blocks: int
    biases: int
    keep: int | None


CELLS = {
    "vanilla": Cell(rnn_layers.rnn_forward, rnn_layers.rnn_backward, 1, 1, None),
    "lstm": Cell(rnn_layers.lstm_forward, rnn_layers.lstm_backward, 4, 1, 1),
    "gru": Cell(rnn_layers.gru_forward, rnn_layers.gru_backward, 3, 2, 1),
}


def adding_batch(rng, T, N=32):
    """Draw N sequences of T pairs (number, mark), and the sum of the two numbers that are marked.

    Numbers are from 0 to 1; one mark stands in the first half and one in the second. To answer 1
    always costs 1/6. -> x (N, T, 2), y (N, 1), in float32.
    Source: Hochreiter and Schmidhuber (1997), Long short-term memory.
    """
    x = np.zeros((N, T, 2), np.float32)
    x[:, :, 0] = rng.random((N, T))
    for low, high in ((0, T // 2), (T // 2, T)):
        x[np.arange(N), rng.integers(low, high, N), 1] = 1
    return x, np.sum(x[:, :, 0] * x[:, :, 1], axis=1, keepdims=True)


def adding_weights(cell, rng, H=32, bias=3.0):
    """Draw the start, float32: those of the cell, then w (H, 1) and w0 (1,), which read h_T.

    Without gates Wh is orthogonal, the start that chapter 07 found best for long ways. Of the
    gate that keeps the state the bias is `bias`.
    """
    _, _, blocks, biases, keep = CELLS[cell]
    Wx = rng.standard_normal((2, blocks * H)) / np.sqrt(2)
    Wh = rng.standard_normal((H, blocks * H)) / np.sqrt(H)
    b = np.zeros((biases, blocks, H))
    if keep is None:
        Wh, _ = np.linalg.qr(Wh)
    else:
        b[0, keep] = bias
    w = rng.standard_normal((H, 1)) / np.sqrt(H)
    arrays = Wx, Wh, *b.reshape(biases, -1), w, np.zeros(1)
    return [array.astype(np.float32) for array in arrays]


def adding_forward(cell, weights, x):
    """Return what is said at the end of each sequence, (N, 1), the states and the cell's cache."""
    *of_cell, w, w0 = weights
    h, cache = CELLS[cell].forward(x, np.zeros((len(x), len(w)), x.dtype), *of_cell)
    return h[:, -1] @ w + w0, h, cache


def adding_gradients(cell, weights, x, y):
    """Return the mean squared error, and its gradient by each array of weights."""
    said, h, cache = adding_forward(cell, weights, x)
    error = (said - y) / len(y)  # (N, 1)
    dh = np.zeros_like(h)
    dh[:, -1] = 2 * error @ weights[-2].T  # (N, H): the loss is taken at the last step alone
    of_cell = CELLS[cell].backward(dh, cache)[2:]
    return np.mean((said - y) ** 2), [*of_cell, 2 * h[:, -1].T @ error, 2 * error.sum(axis=0)]


class Adder:
    """A network that learns to add. `weights` are fit for use at any moment, before the first step
    too: while `train` runs, they are exchanged all at once, by one assignment.
    """

    def __init__(self, cell, seed=0, H=32, bias=3.0):
        self.cell, self.rng = cell, np.random.default_rng(seed)
        self.weights = adding_weights(cell, self.rng, H, bias)

    def loss(self, T, N=1000, seed=1000):
        """Return the mean squared error on N sequences that no training draws."""
        x, y = adding_batch(np.random.default_rng(seed), T, N)
        return np.mean((adding_forward(self.cell, self.weights, x)[0] - y) ** 2)


def train(adder, T, updates=600, N=32, rate=0.01, every=10):
    """Train an adder; yield the number of updates and the mean loss since the last report.

    Adam, after clipping by global norm at 1. Stop it whenever you like.
    """
    weights = [array.copy() for array in adder.weights]
    averages, losses = [(0 * array, 0 * array) for array in weights], []
    for t in range(1, updates + 1):
        loss, gradients = adding_gradients(adder.cell, weights, *adding_batch(adder.rng, T, N))
        adam(weights, clip_by_global_norm(gradients, 1.0), averages, t, rate)
        losses.append(loss)
        if t % every == 0:
            adder.weights = [array.copy() for array in weights]
            yield t, np.mean(losses)
            losses.clear()


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        lstm_backward,
        ("no carry of h", "Right at the last step, wrong before it: a state also meets the loss through the gates of the step after it, da_{t+1} Wh^T, eq. 11.14.", " + carry_h", ""),
        ("no carry of c", "The cell has a carry of its own: c_t also reaches the loss through c_{t+1} = f c_t + ..., without any gate's weights, eq. 11.5 and 11.8.", "carry_c + total_h", "total_h"),
        ("neither carry", "Nothing flows from step to step, neither in h nor in c: each step needs both carries of the step after it, eq. 11.5 and 11.14.", " + carry_h", "", "carry_c + total_h", "total_h"),
        ("carry of c from the new dh", "The carry of c is made of this step's total, total_c; yours has begun with the dh that goes to the step before, eq. 11.8.", "carry_c = total_c * f[:, t]", "carry_c = (carry_c + carry_h * o[:, t] * (1 - tanh_c**2)) * f[:, t]"),
        ("carry of c without the forget gate", "On its way to c_{t-1} the gradient is multiplied by the forget gate, eq. 11.8.", "carry_c = total_c * f[:, t]", "carry_c = total_c"),
        ("carry of c through the input gate", "What c_{t-1} was multiplied by is the forget gate f_t, and not i_t, eq. 11.8.", "total_c * f[:, t]", "total_c * i[:, t]"),
        ("forget gate of the step before", "The carry of c is multiplied by the forget gate of its own step, f_t, eq. 11.8.", "total_c * f[:, t]", "total_c * f[:, t - 1]"),
        ("carry of c piles up", "The carry of one step is used up by the step before it: make it anew, total_c f_t, and add nothing to it, eq. 11.8.", "carry_c = total_c", "carry_c += total_c"),
        ("carry of c without the output gate", "Between c_t and h_t stands the output gate: the gradient is multiplied by o_t, eq. 11.5.", "total_h * o[:, t] * (1 - tanh_c**2)", "total_h * (1 - tanh_c**2)"),
        ("no slope of tanh at c", "h_t = o tanh(c_t): on its way to c_t the gradient is multiplied by the slope of tanh, eq. 11.5.", "total_h * o[:, t] * (1 - tanh_c**2)", "total_h * o[:, t]"),
        ("1 - c^2", "The slope of tanh at c_t is 1 - tanh(c_t)^2; c_t has not been through tanh, eq. 11.5.", "1 - tanh_c**2", "1 - c[:, t] ** 2"),
        ("1 - h^2 at c", "The slope belongs to tanh(c_t), and h_t is o tanh(c_t): it is 1 - tanh(c_t)^2, eq. 11.5.", "1 - tanh_c**2", "1 - h[:, t] ** 2"),
        ("1 - tanh(c)", "The square is missing: the slope of tanh is 1 - tanh(c_t)^2, eq. 11.5.", "1 - tanh_c**2", "1 - tanh_c"),
        ("tanh of tanh at c", "You have squashed twice: the slope of tanh at c_t is 1 - tanh(c_t)^2, eq. 11.5.", "1 - tanh_c**2", "1 - np.tanh(tanh_c) ** 2"),
        ("slope of tanh at c(t-1)", "The slope belongs to c_t, which went through this step's tanh, and not to c_{t-1}, eq. 11.5.", "1 - tanh_c**2", "1 - np.tanh(prev_c) ** 2"),
        ("dc counted twice", "c_t gets each share once: the carry, and what comes through h_t, eq. 11.5.", "= carry_c + total_h", "= 2 * carry_c + total_h"),
        ("input gate multiplied by f", "In c_t the gate i stands before g, so its gradient is total_c g_t, eq. 11.6.", "total_c * g[:, t]", "total_c * f[:, t]"),
        ("forget gate meets c_t", "The forget gate has met the old cell, c_{t-1}, and not the new one, eq. 11.6.", "df = total_c * prev_c", "df = total_c * c[:, t]"),
        ("forget gate meets h_{t-1}", "The forget gate has met the old cell, c_{t-1}, and not the old state, eq. 11.6.", "df = total_c * prev_c", "df = total_c * prev_h"),
        ("output gate meets c_t", "The output gate has met tanh(c_t), and not c_t itself, eq. 11.6.", "do = total_h * tanh_c", "do = total_h * c[:, t]"),
        ("output gate without the carry", "o_t is blamed for all of h_t: its gradient is made of the total, with the carry of h, eq. 11.6.", "do = total_h", "do = dh[:, t]"),
        ("output gate from dc", "The output gate stands behind the cell: its gradient comes from total_h, and not from total_c, eq. 11.6.", "do = total_h", "do = total_c"),
        ("candidate without the input gate", "g enters the cell through the input gate: its gradient is total_c i_t, eq. 11.6.", "dg = total_c * i[:, t]", "dg = total_c"),
        ("no slope of the input gate", "di has not passed the sigmoid: multiply it by the slope i (1 - i), eq. 11.7.", "di * i[:, t] * (1 - i[:, t])", "di"),
        ("slope of tanh for the forget gate", "The forget gate is a sigmoid: its slope is f (1 - f), and not 1 - f^2, eq. 11.7.", "df * f[:, t] * (1 - f[:, t])", "df * (1 - f[:, t] ** 2)"),
        ("half the slope of the output gate", "One factor is missing: the slope of the sigmoid is o (1 - o), eq. 11.7.", "do * o[:, t] * (1 - o[:, t])", "do * (1 - o[:, t])"),
        ("sigmoid of the sigmoid", "f has been through the sigmoid already: its slope is f (1 - f), and you have squashed f once more, eq. 11.7.", "df * f[:, t] * (1 - f[:, t])", "df * sigmoid(f[:, t]) * (1 - sigmoid(f[:, t]))"),
        ("slope of a sigmoid for the candidate", "The candidate goes through tanh: its slope is 1 - g^2, and not g (1 - g), eq. 11.7.", "dg * (1 - g[:, t] ** 2)", "dg * g[:, t] * (1 - g[:, t])"),
        ("tanh of the candidate again", "g has been through tanh already: its slope is 1 - g^2, and you have squashed g once more, eq. 11.7.", "1 - g[:, t] ** 2", "1 - np.tanh(g[:, t]) ** 2"),
        ("1 - g", "The square is missing: the slope of tanh is 1 - g^2, eq. 11.7.", "1 - g[:, t] ** 2", "1 - g[:, t]"),
        ("i and f exchanged", "The blocks stand in the order i, f, o, g; yours has i and f exchanged.", "[da_i, da_f, da_o, da_g]", "[da_f, da_i, da_o, da_g]"),
        ("order of another library", "The blocks stand in the order i, f, o, g; i, f, g, o is that of PyTorch.", "[da_i, da_f, da_o, da_g]", "[da_i, da_f, da_g, da_o]"),
        ("Wh not transposed by blocks", "The carry of h goes back through Wh, so each block of Wh is transposed: da Wh^T, eq. 11.10.", "da @ Wh.T", "sum(part @ W for part, W in zip(np.split(da, 4, axis=1), np.split(Wh, 4, axis=1)))"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 11.15.", "dWx +=", "dWx ="),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 11.16.", "dWh +=", "dWh ="),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 11.16.", "prev_h.T @ da", "h[:, t].T @ da"),
        ("dWh uses c_{t-1}", "Wh has met the old state h_{t-1}; no weight meets the cell, eq. 11.16.", "prev_h.T @ da", "prev_c.T @ da"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 11.17.", "da.sum(axis=0)", "da.mean(axis=0)"),
        ("two biases get the forget gate's", "Each gate has a bias of its own, and yours gives two of them the gradient of the forget gate, eq. 11.17.", "db += da.sum(axis=0)", "db += np.hstack([da_i, da_f, da_f, da_f]).sum(axis=0)"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 11.16.", " if t > 0 else h0", ""),
        ("last cell for c0", "Before the first step stands c_0 = 0. With t = 0, c[:, t - 1] is c[:, -1], the last cell, eq. 11.6.", " if t > 0 else c0", ""),
        ("last dh at every step", "Each step has a dh of its own; you add that of the last one at every step, eq. 11.14.", "total_h = dh[:, t]", "total_h = dh[:, -1]"),
        ("dh0 is the carry of c", "dh0 flows back into h_0 through the gates, da_1 Wh^T; what you return is the carry of c, eq. 11.10.", "return dx, carry_h", "return dx, carry_c"),
        ("time runs forwards", "The steps run from the first to the last. Both carries come from the future, so run from t = T back to t = 1, eq. 11.14.", "reversed(range(T))", "range(T)"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total_h = dh[:, t] + carry_h", "total_h = dh[:, t]; total_h += carry_h"),
    ),
]
# fmt: on
