"""Chapter 05: a sequence backward."""

import numpy as np

from course.chapter_04 import rnn_forward, sequence_arrays
from course.exercises import Exercise, desk, with_cache
from course.slips import slips
import rnn_layers


# Plain code
def rnn_backward(dh, cache):
    x, h0, Wx, Wh, h = cache
    T = x.shape[1]
    dx, dWx, dWh, db = map(np.zeros_like, (x, Wx, Wh, Wh[0]))
    carry = np.zeros_like(h0)  # (N, H): no step comes after the last
    for t in reversed(range(T)):
        prev_h = h[:, t - 1] if t > 0 else h0
        total = dh[:, t] + carry  # (N, H)  eq. 5.1
        dz = total * (1 - h[:, t] ** 2)  # (N, H)  eq. 5.2
        carry = dz @ Wh.T  # (N, H)  eq. 5.1; at the first step eq. 5.3
        dx[:, t] = dz @ Wx.T  # (N, D)  eq. 5.4
        dWx += x[:, t].T @ dz  # (D, H)  eq. 5.5
        dWh += prev_h.T @ dz  # (H, H)  eq. 5.6
        db += dz.sum(axis=0)  # (H,)  eq. 5.7
    return dx, carry, dWx, dWh, db


def forward_with_cache(x, h0, Wx, Wh, b):
    """Return h and what the plain rnn_backward takes for its cache."""
    h, _ = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
    return h, (x, h0, Wx, Wh, h)


def parts(dx, *others):
    """Return dx step by step, then the other gradients."""
    return [*dx.swapaxes(0, 1), *others]


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        rnn_backward,
        ("no carry between steps", "Right at the last step, wrong before it: a state also meets the loss through the step after it, dz_{t+1} Wh^T, eq. 5.1.", " + carry", ""),
        ("Wh not transposed", "The carry goes back through Wh, so Wh is transposed: dz_{t+1} Wh^T, eq. 5.1.", "= dz @ Wh.T", "= dz @ Wh"),
        ("slope at h(t-1)", "The slope of tanh belongs to the state that came out of it, h_t, not to h_{t-1}, eq. 5.2.", "1 - h[:, t] ** 2", "1 - prev_h**2"),
        ("1 + h^2", "A sign: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - h[:, t] ** 2", "1 + h[:, t] ** 2"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - h_t^2, eq. 5.2.", "1 - h[:, t] ** 2", "1 - h[:, t]"),
        ("dWx overwritten", "dWx is that of one step only: each step adds its share (+=, not =), eq. 5.5.", "dWx +=", "dWx ="),
        ("dWh uses h_t", "At step t the weight Wh has met h_{t-1}, not h_t, eq. 5.6.", "prev_h.T", "h[:, t].T"),
        ("dWh overwritten", "dWh is that of one step only: each step adds its share (+=, not =), eq. 5.6.", "dWh +=", "dWh ="),
        ("db overwritten", "db is that of the first step only, where the loop ends: each step adds its share (+=, not =), eq. 5.7.", "db +=", "db ="),
        ("db of the last step only", "db is that of the last step only: each step adds its share, eq. 5.7.", "db += dz.sum(axis=0)", "db += dz.sum(axis=0) * (t == T - 1)"),
        ("db is a batch mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 5.7.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("carry added in place into dh", "Your function changes its argument dh: the numbers are right, but dh[:, t] += ... writes into the caller's array. Make a new one.", "total = dh[:, t] + carry", "total = dh[:, t]; total += carry"),
        ("dh0 one step early", "dh0 is what flows back into h_1; it has to go through the first step as well, eq. 5.3.", "carry = dz @ Wh.T", "carry = dz @ Wh.T if t > 0 else carry"),
        ("dh0 without Wh", "What stands in dh0 is dz_1. It has to go through Wh as well: dz_1 Wh^T, eq. 5.3.", "return dx, carry", "return dx, dz"),
        ("dh0 is the total at h_1", "What stands in dh0 is the total derivative at h_1. It has to go through the first step as well, its tanh and Wh, eq. 5.2 and 5.3.", "return dx, carry", "return dx, total"),
        ("dh_1 added to dh0", "dh0 is the carry out of the first step, dz_1 Wh^T, and nothing is added to it: no loss is taken from h_0, eq. 5.3.", "return dx, carry", "return dx, carry + dh[:, 0]"),
        ("truncated to 3 steps", "The carry is cut: the gradient has to flow from the last step to the first, eq. 5.1.", " + carry", " + carry * ((T - t) % 3 != 1)"),
        ("scaled by 1/T", "All is divided by T: the loss decides how it weighs its steps, and dh says it already.", "dh[:, t] + carry", "dh[:, t] / T + carry"),
        ("carry past the slope", "The carry has to go through tanh as well: add it to dh_t first, then multiply by the slope, eq. 5.1 and 5.2.", "total * (", "carry + dh[:, t] * ("),
        ("carry from the total", "The carry has to start from dz, behind tanh, and not from the total derivative: dz_t Wh^T, eq. 5.1.", "= dz @ Wh.T", "= total @ Wh.T"),
        ("carry piles up", "The carry of one step is used up by the step before it: make it anew, dz_t Wh^T, and add nothing to it, eq. 5.1.", "carry = dz", "carry += dz"),
        ("time runs forwards", "The steps run from the first to the last. The carry comes from the future, so run from t = T back to t = 1, eq. 5.1.", "reversed(range(T))", "range(T)"),
        ("first step left out", "The loop ends before it has reached the first step: reversed(range(T)) and range(T - 1, -1, -1) both reach t = 0.", "reversed(range(T))", "range(T - 1, 0, -1)"),
        ("last state for h0", "Before the first step stands h0. With t = 0, h[:, t - 1] is h[:, -1], the last state, eq. 5.6.", " if t > 0 else h0", ""),
        ("dh read from the front", "dz_t needs dh_t of its own step. As t runs from T back to 1, dh has to be read from the back as well, eq. 5.1.", "dh[:, t] + carry", "dh[:, T - 1 - t] + carry"),
        ("scaled by 1/N", "All is divided by N: the loss decides how it weighs its samples, and dh says it already.", "dh[:, t] + carry", "dh[:, t] / len(x) + carry"),
    ),
    *slips(
        rnn_backward,
        ("weights divided by N", "dWx, dWh and db are divided by N: the batch shares the weights, so each is a sum over it, eqs. 5.5 to 5.7.", "x[:, t].T @ dz", "x[:, t].T @ dz / len(x)", "prev_h.T @ dz", "prev_h.T @ dz / len(x)", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("slope written over the states", "The numbers are right, but the slope is written over the states, which belong to the caller: h_t -> 1 - h_t^2 needs a new array.", "dz = total * (1 - h[:, t] ** 2)", "h[:, t] = 1 - h[:, t] ** 2; dz = total * h[:, t]"),
        ("scaled by 1/N in place into dh", "All is divided by N, and in the caller's array: dh /= N changes your argument. The loss decides how it weighs its samples, and dh says it already.", "T = x.shape[1]", "T = x.shape[1]; dh /= len(x)"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _arrays(normal, N, T, D, H):
    arrays = sequence_arrays(normal, N, T, D, H)
    arrays["h"] = rnn_forward(**arrays)
    del arrays["b"]
    return {"dh": normal((N, T, H))} | arrays


EXERCISES = {
    "05.1": Exercise(
        rnn_backward,
        returns=("dx", "dh0", "dWx", "dWh", "db"),
        arrays=_arrays,
        call=with_cache,
        hints=(
            "Make arrays of zeros for the gradients first. Then run from the last step to the "
            "first, and carry with you what the step after says of the present state. After the "
            "last step there is none, so the carry starts as zeros too.",
            "In step t: add dh[:, t] and the carry, eq. 5.1; multiply by the slope of tanh at "
            "h[:, t], eq. 5.2; the rest is the step backward of chapter 03. Weights add up over t.",
            "total = dh[:, t] + carry; dz = total * (1 - h[:, t] ** 2); carry = dz @ Wh.T. The "
            "state before is h[:, t - 1], and h0 where t is 0. The last carry is dh0.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)
