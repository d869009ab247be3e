"""Chapter 03: one step backward."""

from matplotlib.collections import LineCollection
import numpy as np

from course.artists import FAINT, PAPER, ROLES, Picture, number, styled
from course.chapter_01 import rnn_step_forward, step_arrays
from course.exercises import Exercise, desk, in_order, with_cache
from course.samples import Sample
from course.slips import slips


# Plain code
def through_scaled_tanh(dnext_h, next_h, A, B):
    slope = A * B * (1 - (next_h / A) ** 2)  # (N, H): of A tanh(B z), by its output
    dz = dnext_h * slope  # (N, H)
    return dz


def rnn_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h**2)  # (N, H)  eq. 3.1
    dx = dz @ Wx.T  # (N, D)  eq. 3.2
    dprev_h = dz @ Wh.T  # (N, H)  eq. 3.3
    dWx = x.T @ dz  # (D, H)  eq. 3.4
    dWh = prev_h.T @ dz  # (H, H)  eq. 3.5
    db = dz.sum(axis=0)  # (H,)  eq. 3.6
    return dx, dprev_h, dWx, dWh, db


def skip_step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, s = cache
    dz = dnext_h * (1 - s**2)  # (N, H): a sum hands blame on, tanh scales it
    dx = dz @ Wx.T  # (N, D)
    dprev_h = dnext_h + dz @ Wh.T  # (N, H): two roads
    dWx = x.T @ dz  # (D, H)
    dWh = prev_h.T @ dz  # (H, H)
    db = dz.sum(axis=0)  # (H,)
    return dx, dprev_h, dWx, dWh, db


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        through_scaled_tanh,
        ("no slope", "dnext_h has not passed through the squash: multiply it by the slope.", "dnext_h * slope", "dnext_h"),
        ("slope alone", "That is the slope; blame is dnext_h times the slope.", "dnext_h * slope", "slope"),
        ("plain tanh", "That is the slope of tanh(z). B multiplies before tanh, and A after it: both are factors of the slope, and tanh(B z) is next_h / A.", "A * B * (1 - (next_h / A) ** 2)", "1 - next_h**2"),
        ("plain tanh times B", "A multiplies after tanh: it is a factor of the slope, and tanh(B z) is next_h / A, not next_h.", "A * B * (1 - (next_h / A) ** 2)", "B * (1 - next_h**2)"),
        ("next_h taken for tanh", "In 1 - tanh^2 stands tanh(B z), and next_h is A times that.", "(next_h / A)", "next_h"),
        ("next_h times A", "next_h is A times tanh(B z): divide by A to have tanh(B z).", "next_h / A", "next_h * A"),
        ("A left out", "A multiplies after tanh: by the chain rule it is a factor of the slope.", "A * B", "B"),
        ("B left out", "B multiplies before tanh: by the chain rule it is a factor of the slope.", "A * B", "A"),
        ("A and B left out", "B multiplies before tanh, and A after it: by the chain rule both are factors of the slope.", "A * B * (1", "(1"),
        ("next_h taken for z", "next_h has come out of the squash; you put it in as if it were z. tanh(B z) is next_h / A.", "(next_h / A) ** 2", "np.tanh(B * next_h) ** 2"),
        ("brackets of the slope", "Brackets are missing: A B multiplies the whole of 1 - tanh^2.", "A * B * (1 - (next_h / A) ** 2)", "(A * B - (next_h / A) ** 2)"),
        ("divided by A", "A multiplies after tanh: it multiplies the slope, and you divide by it.", "A * B", "B / A"),
        ("divided by B", "B multiplies before tanh: it multiplies the slope, and you divide by it.", "A * B", "A / B"),
        ("1 + h^2", "A sign: cosh^2 - sinh^2 is 1, so tanh has the slope 1 - tanh^2, never above 1.", "1 - (", "1 + ("),
        ("h^2 - 1", "A sign: tanh rises everywhere, so its slope is positive, 1 - tanh^2.", "(1 - (next_h / A) ** 2)", "((next_h / A) ** 2 - 1)"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - tanh^2.", " ** 2)", ")"),
        ("tanh of next_h again", "next_h / A is tanh(B z) already; you have squashed it once more.", "(next_h / A) ** 2", "np.tanh(next_h / A) ** 2"),
        ("tanh of A times tanh", "next_h has come out of tanh already, times A; you have squashed it once more. tanh(B z) is next_h / A.", "(next_h / A) ** 2", "np.tanh(next_h) ** 2"),
        ("divided by the slope", "You divide by the slope; a small change of z makes a change of h that is the slope times as large, so blame is multiplied by it.", "dnext_h * slope", "dnext_h / slope"),
        ("tanh of dnext_h", "Blame passes the slope of the squash and not the squash itself.", "dnext_h * slope", "A * np.tanh(B * dnext_h)"),
        shown=False,
    ),
    *slips(
        skip_step_backward,
        ("one road", "prev_h also reaches next_h past tanh, with slope 1: dprev_h has two shares, and that of the skip is dnext_h.", "dnext_h + dz @ Wh.T", "dz @ Wh.T"),
        ("skip alone", "prev_h also goes through Wh into tanh: dprev_h has two shares, and one is dz Wh^T.", "dnext_h + dz @ Wh.T", "dnext_h"),
        ("skip alone as 1", "The skip has the slope 1, and blame is dnext_h times the slope: its share of dprev_h is dnext_h.", "dnext_h + dz @ Wh.T", "1 + dz @ Wh.T"),
        ("skip of the state", "What flows back past tanh is the blame on next_h, not the state: the share of the skip is dnext_h.", "dnext_h + dz @ Wh.T", "prev_h + dz @ Wh.T"),
        ("skip multiplied", "Over two roads blame adds up: dnext_h for the skip plus dz Wh^T, and no product of the two.", "dnext_h + dz @ Wh.T", "dnext_h * (1 + dz @ Wh.T)"),
        ("skip and Wh from dnext_h", "The road through Wh passes tanh as well: its share is dz Wh^T, and that of the skip is dnext_h.", "dnext_h + dz @ Wh.T", "dnext_h + dnext_h @ Wh.T"),
        ("skip as a weight of 1 for all", "The skip takes each unit to itself alone, past tanh: dnext_h is added. You add 1 to every weight of Wh, so each unit reaches all.", "dnext_h + dz @ Wh.T", "dz @ (1 + Wh.T)"),
        ("skip through the slope", "The skip goes past tanh, so its share of dprev_h is dnext_h and not dz.", "dnext_h + dz", "dz + dz"),
        ("slope at next_h", "The slope of tanh belongs to its own output, s, not to next_h = prev_h + s.", "1 - s**2", "1 - (prev_h + s)**2"),
        ("no slope", "What goes to x, Wx, Wh and b has to pass tanh: multiply dnext_h by the slope 1 - s^2.", " * (1 - s**2)", ""),
        ("1 + s^2", "A sign: the slope of tanh is 1 - s^2.", "1 - s**2", "1 + s**2"),
        ("1 - s", "The square is missing: the slope of tanh is 1 - s^2.", "1 - s**2", "1 - s"),
        ("Wh not transposed", "Blame goes back through Wh, so Wh is transposed: dz Wh^T.", "dz @ Wh.T", "dz @ Wh"),
        ("skip blame for the weights too", "dnext_h reaches x and the weights through tanh alone: dx, dWx, dWh and db come from dz.", "dx = dz", "dx = dnext_h", "x.T @ dz", "x.T @ dnext_h", "prev_h.T @ dz", "prev_h.T @ dnext_h", "dz.sum", "dnext_h.sum"),
        ("dWh uses s", "Wh has met prev_h, not s: dWh = prev_h^T dz.", "prev_h.T @ dz", "s.T @ dz"),
        ("db is a mean", "The batch shares one b, so db is the sum over it, not the mean.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        shown=False,
    ),
    *slips(
        rnn_step_backward,
        ("no slope of tanh", "dnext_h has not passed through tanh: multiply by its slope 1 - next_h^2, eq. 3.1.", " * (1 - next_h**2)", ""),
        ("1 + h^2", "A sign: the slope of tanh is 1 - next_h^2, never above 1, eq. 3.1.", "1 - next_h**2", "1 + next_h**2"),
        ("1 - h", "The square is missing: the slope of tanh is 1 - next_h^2, eq. 3.1.", "1 - next_h**2", "1 - next_h"),
        ("slope at the old state", "The slope of tanh belongs to the state that came out of it, next_h, not to prev_h, eq. 3.1.", "1 - next_h**2", "1 - prev_h**2"),
        ("tanh of next_h again", "next_h is tanh(z) already; you have squashed it once more, eq. 3.1.", "1 - next_h**2", "1 - np.tanh(next_h) ** 2"),
        ("Wh not transposed", "dprev_h goes back through Wh, so Wh is transposed: dz Wh^T, eq. 3.3.", "dz @ Wh.T", "dz @ Wh"),
        ("dWh uses next_h", "Wh has met prev_h, not next_h: dWh = prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "next_h.T @ dz"),
        ("dWh transposed", "dWh is the transpose of what it should be: prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "dz.T @ prev_h"),
        ("db is a mean", "The batch shares one b, so db is the sum over it, not the mean, eq. 3.6.", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("dWx divided by N", "The batch shares one Wx, so dWx is a sum over it; no division by N, eq. 3.4.", "x.T @ dz", "x.T @ dz / len(x)"),
        ("db from dnext_h", "b stands inside tanh, so db sums dz, not dnext_h, eq. 3.6.", "dz.sum", "dnext_h.sum"),
        ("db of one sample", "db is that of one sample only; sum over the batch, eq. 3.6.", "dz.sum(axis=0)", "dz[-1]"),
        ("dprev_h also through the tanh of prev_h", "dprev_h = dz Wh^T and no more: the slope at prev_h belongs to the step before, eq. 3.3.", "dz @ Wh.T", "(dz @ Wh.T) * (1 - prev_h**2)"),
        ("dprev_h through the slope twice", "dprev_h = dz Wh^T and no more: dz has been through the slope of tanh already, eq. 3.3.", "dz @ Wh.T", "(dz @ Wh.T) * (1 - next_h**2)"),
        ("dx from dnext_h", "x stands inside tanh, so dx comes from dz, not from dnext_h, eq. 3.2.", "dz @ Wx.T", "dnext_h @ Wx.T"),
    ),
    *slips(
        rnn_step_backward,
        ("db summed over the units", "You summed over the units; sum over the batch, axis 0, eq. 3.6.", "dz.sum(axis=0)", "dz.sum(axis=1)"),
        ("weights divided by N", "dWx, dWh and db are divided by N: the batch shares the weights, so each is a sum over it, eqs. 3.4 to 3.6.", "x.T @ dz", "x.T @ dz / len(x)", "prev_h.T @ dz", "prev_h.T @ dz / len(x)", "dz.sum(axis=0)", "dz.mean(axis=0)"),
        ("h^2 - 1", "A sign: dz comes out with the opposite one. The slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (next_h**2 - 1)"),
        ("h^2 for the slope", "next_h^2 has to be taken away from 1: the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * next_h**2"),
        ("brackets of the slope", "Brackets are missing, or a product: the slope in brackets, (1 - next_h^2), multiplies dnext_h, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * 1 - next_h**2"),
        ("1 minus all", "Brackets are missing: the slope of tanh is 1 - next_h^2, and the whole of it multiplies what comes from above, eq. 3.1.", "dnext_h * (1 - next_h**2)", "1 - dnext_h * next_h**2"),
        ("h for the slope", "You multiply by the state itself; the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * next_h"),
        ("tanh for the slope", "You multiply by tanh, and not by its slope, which is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * np.tanh(next_h)"),
        ("1 - 2h", "The square is no factor of 2: the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 - 2 * next_h)"),
        ("2h for the slope", "2 next_h is the derivative of a square; the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * 2 * next_h"),
        ("-2h for the slope", "-2 next_h is the derivative of the slope; the slope of tanh itself is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * -2 * next_h"),
        ("slope of the logistic function", "h (1 - h) is the slope of the logistic function; that of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * next_h * (1 - next_h)"),
        ("(1 - h)^2", "The square belongs to the state alone: the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 - next_h) ** 2"),
        ("(1 + h)^2", "The slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 + next_h) ** 2"),
        ("divided by the slope", "You divide by the slope; the chain rule multiplies by it, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h / (1 - next_h**2)"),
        ("slope alone", "What comes from above takes no part: it multiplies the slope, eq. 3.1.", "dnext_h * (1 - next_h**2)", "1 - next_h**2"),
        ("slope twice", "The slope is multiplied twice; once is enough, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 - next_h**2) ** 2"),
        ("root of the slope", "The slope of tanh is 1 - next_h^2, without a square root, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * np.sqrt(1 - next_h**2)"),
        ("slope added", "The slope multiplies what comes from above, and you add it, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h + (1 - next_h**2)"),
        ("1 - |h|", "The square is no absolute value: the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 - np.abs(next_h))"),
        ("1 - h^3", "The power is 2: the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 - next_h**3)"),
        ("slope at the gradient", "The slope of tanh is taken at the state, 1 - next_h^2, and you square the gradient, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (1 - dnext_h**2)"),
        ("gradient's square alone", "The slope of tanh is 1 - next_h^2, of the state, and it multiplies the gradient, eq. 3.1.", "dnext_h * (1 - next_h**2)", "1 - dnext_h**2"),
        ("slope of a ReLU", "That is the slope of a ReLU, 1 or 0; the slope of tanh is 1 - next_h^2, eq. 3.1.", "dnext_h * (1 - next_h**2)", "dnext_h * (next_h > 0)"),
        ("dx divided by H", "dx is a sum over the units, eq. 3.2; you divide it by H, as a mean.", "dz @ Wx.T", "dz @ Wx.T / dz.shape[1]"),
        ("dprev_h divided by H", "dprev_h is a sum over the units, eq. 3.3; you divide it by H, as a mean.", "dz @ Wh.T", "dz @ Wh.T / dz.shape[1]"),
        ("dprev_h from dnext_h", "prev_h stands inside tanh, so dprev_h comes from dz, not from dnext_h, eq. 3.3.", "dz @ Wh.T", "dnext_h @ Wh.T"),
        ("dprev_h without Wh", "What stands in dprev_h is dz. It has to go through Wh as well: dz Wh^T, eq. 3.3.", "dz @ Wh.T", "dz"),
        ("dprev_h elementwise", "dprev_h is a matrix product, dz Wh^T: every unit reaches every other, and you use the diagonal of Wh alone, eq. 3.3.", "dz @ Wh.T", "dz * np.diag(Wh)"),
        ("dnext_h added to dprev_h", "dprev_h is dz Wh^T and no more: nothing is added to it, eq. 3.3.", "dz @ Wh.T", "dz @ Wh.T + dnext_h"),
        ("dWx from dnext_h", "Wx stands inside tanh, so dWx comes from dz, not from dnext_h, eq. 3.4.", "x.T @ dz", "x.T @ dnext_h"),
        ("dWh from dnext_h", "Wh stands inside tanh, so dWh comes from dz, not from dnext_h, eq. 3.5.", "prev_h.T @ dz", "prev_h.T @ dnext_h"),
        ("dWx of the first sample", "dWx is that of the first sample alone: it is a sum over the batch, eq. 3.4.", "x.T @ dz", "x[:1].T @ dz[:1]"),
        ("dWx of the last sample", "dWx is that of the last sample alone: add up the shares of all (+=, not =), a sum over the batch, eq. 3.4.", "x.T @ dz", "x[-1:].T @ dz[-1:]"),
        ("dWh of the first sample", "dWh is that of the first sample alone: it is a sum over the batch, eq. 3.5.", "prev_h.T @ dz", "prev_h[:1].T @ dz[:1]"),
        ("dWh of the last sample", "dWh is that of the last sample alone: add up the shares of all (+=, not =), a sum over the batch, eq. 3.5.", "prev_h.T @ dz", "prev_h[-1:].T @ dz[-1:]"),
        ("db of the first sample", "db is that of the first sample alone: it is a sum over the batch, eq. 3.6.", "dz.sum(axis=0)", "dz[0]"),
        ("dWh divided by N", "The batch shares one Wh, so dWh is a sum over it; no division by N, eq. 3.5.", "prev_h.T @ dz", "prev_h.T @ dz / len(x)"),
        ("dWh uses dprev_h", "Wh has met the state prev_h, not its gradient dprev_h: dWh = prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "dprev_h.T @ dz"),
        ("dWh uses dnext_h", "Wh has met the state prev_h, not the gradient dnext_h: dWh = prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "dnext_h.T @ dz"),
        ("dWh uses dz", "Wh has met the state prev_h, not the gradient dz: dWh = prev_h^T dz, eq. 3.5.", "prev_h.T @ dz", "dz.T @ dz"),
        ("dWh summed of outer sums", "dWh adds up a product for each sample; you multiply the sums over the batch, eq. 3.5.", "prev_h.T @ dz", "np.outer(prev_h.sum(axis=0), dz.sum(axis=0))"),
        ("dWx of outer sums", "dWx adds up a product for each sample; you multiply the sums over the batch, eq. 3.4.", "x.T @ dz", "np.outer(x.sum(axis=0), dz.sum(axis=0))"),
        ("db is a maximum", "db is a sum over the batch; you take the maximum (max), eq. 3.6.", "dz.sum(axis=0)", "dz.max(axis=0)"),
        ("db of absolute values", "db adds up dz with its sign; you add up absolute values, eq. 3.6.", "dz.sum(axis=0)", "np.abs(dz).sum(axis=0)"),
        ("db of the slope alone", "db sums dz over the batch, and dnext_h is missing in yours, eq. 3.6.", "dz.sum(axis=0)", "(1 - next_h**2).sum(axis=0)"),
        ("db of ones", "db is the sum of dz over the batch; yours holds ones, eq. 3.6.", "dz.sum(axis=0)", "np.ones(dz.shape[1])"),
        ("db of squares", "db is the sum of dz over the batch; you sum its squares, eq. 3.6.", "dz.sum(axis=0)", "(dz**2).sum(axis=0)"),
        ("db is a mean of dnext_h", "b stands inside tanh, so db sums dz, not dnext_h, and it is a sum, not a mean, eq. 3.6.", "dz.sum(axis=0)", "dnext_h.mean(axis=0)"),
        ("db of next_h", "db is the sum of dz over the batch; you sum the states, eq. 3.6.", "dz.sum(axis=0)", "next_h.sum(axis=0)"),
        ("weights doubled", "dWh is symmetrised: it is prev_h^T dz alone, without its transpose, eq. 3.5.", "prev_h.T @ dz", "(prev_h.T @ dz + (prev_h.T @ dz).T) / 2"),
        ("dWx of two samples", "dWx is that of two samples: it is a sum over the batch, over all N of them, eq. 3.4.", "x.T @ dz", "x[:2].T @ dz[:2]"),
        ("dWx of all but the last", "dWx lacks the share of the last sample: it is a sum over all of the batch, eq. 3.4.", "x.T @ dz", "x[:-1].T @ dz[:-1]"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _arrays(normal, N, T, D, H):
    arrays = step_arrays(normal, N, T, D, H)
    arrays["next_h"] = rnn_step_forward(**arrays)
    del arrays["b"]
    return {"dnext_h": normal((N, H))} | arrays


def _scaled_state(normal, N, T, D, H):
    A, B = 1 + np.abs(normal((2,)))
    return {"dnext_h": normal((N, H)), "next_h": A * np.tanh(B * normal((N, H))), "A": A, "B": B}


def _skip_arrays(normal, N, T, D, H):
    arrays = _arrays(normal, N, T, D, H)
    arrays["s"] = arrays.pop("next_h")
    return arrays


EXERCISES = {
    "03.1": Exercise(
        through_scaled_tanh,
        returns=("dz",),
        arrays=_scaled_state,
        call=in_order,
        hints=(
            "The chain rule for one variable, entry by entry: dnext_h times the slope of "
            "A tanh(B z), in which A and B are factors.",
            "By the rule for quotients the slope of tanh is (cosh^2 - sinh^2) / cosh^2. Divide "
            "each term by cosh^2: it is 1 - tanh^2. And what is tanh(B z), if next_h is given?",
            "tanh(B z) is next_h / A, so the slope is A * B * (1 - (next_h / A) ** 2).",
        ),
    ),
    "03.2": Exercise(
        rnn_step_backward,
        returns=("dx", "dprev_h", "dWx", "dWh", "db"),
        axes={"dx": "sample input", "dprev_h": "sample unit"},
        arrays=_arrays,
        call=with_cache,
        hints=(
            "First back through tanh, to dz, eq. 3.1. All five gradients come from dz.",
            "What goes to x and prev_h goes back through the weight: dz times its transpose. What "
            "goes to a weight is a product of the transpose of what it met and dz: compare shapes.",
            "dz = dnext_h * (1 - next_h**2), dx = dz @ Wx.T, dWx = x.T @ dz; dprev_h and dWh are "
            "alike, with Wh and prev_h; db = dz.sum(axis=0).",
        ),
    ),
    "03.3": Exercise(
        skip_step_backward,
        returns=("dx", "dprev_h", "dWx", "dWh", "db"),
        arrays=_skip_arrays,
        call=with_cache,
        hints=(
            "A sum hands its blame on unchanged to all that were added: dnext_h is the blame on s, "
            "and also a share of the blame on prev_h.",
            "From s on, the step is that of this chapter, with s in the place of next_h.",
            "dz = dnext_h * (1 - s**2), and dprev_h = dnext_h + dz @ Wh.T.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class TanhCurve(Picture):
    """The curve of tanh, the point that a neuron sits at, and the tangent there."""

    @styled
    def __init__(self, z, h, title=""):
        super().__init__(8, 3.4)
        axes = self._chart(
            0.85, 0.58, 4.6, 2.37, title=title, xlim=(z[0], z[-1]), ylim=(-1.25, 1.25)
        )
        axes.set(xlabel="sum $z$", ylabel="state $h = \\tanh(z)$")
        forward, backward = ROLES["forward"], ROLES["backward"]
        axes.plot(z, h, color=forward.colour)
        self._left, self._reach = z[0], (z[-1] - z[0]) / 7
        self._drop = axes.add_collection(LineCollection([], colors=FAINT, lw=1), autolim=False)
        (self._tangent,) = axes.plot([], [], color=backward.colour, ls=backward.line)
        look = {"color": forward.colour, "ms": 9, "mec": PAPER, "zorder": 5}
        (self._point,) = axes.plot([], [], forward.marker, **look)
        inches = {"transform": self.figure.dpi_scale_trans, "size": 11}
        self._words = []
        for y, text, role in (
            (2.2, "$z$", forward),
            (1.85, "$h$", forward),
            (1.5, "slope $1 - h^2$", backward),
        ):
            axes.text(6.9, y, f"{text} = ", ha="right", color=role.colour, **inches)
            self._words.append(axes.text(6.95, y, "", color=role.colour, **inches))
        for artist in (self._drop, self._tangent, self._point, *self._words):
            self._animated(artist)

    def update(self, z, h, slope):
        """Put the point at (z, h), with a tangent of this slope."""
        run = self._reach / np.hypot(1, self._reach * slope)
        self._tangent.set_data((z - run, z + run), (h - slope * run, h + slope * run))
        self._point.set_data([z], [h])
        self._drop.set_segments([((z, -1.25), (z, h)), ((self._left, h), (z, h))])
        z, h, slope = map(number, (z, h, slope))
        for artist, text in zip(self._words, (z, h, slope)):
            artist.set_text(text)
        self._alt = f"Curve of tanh, a point at z = {z}, h = {h}, and its tangent of slope {slope}."
        return self._moving


# Samples for the tests
def _tanh_curve(rng, scale):
    z = np.linspace(-4, 4, 101)
    picture = TanhCurve(z, np.tanh(z), title="A saturated neuron passes nothing on")

    def move():
        at = rng.uniform(-4, 4)
        return picture.update(at, np.tanh(at), 1 - np.tanh(at) ** 2)

    return picture, move


SAMPLES = [
    Sample(_tanh_curve),
]
