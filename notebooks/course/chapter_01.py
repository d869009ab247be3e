"""Chapter 01: one step forward."""

from itertools import product
from numbers import Real

import numpy as np

from course.artists import number, styled
from course.exercises import Exercise, desk, in_order, listed, nothing_returned, run, to_do
from course.figures import ComputationGraph, Curves, Node, Step
from course.samples import Sample, widest
from course.slips import slips


# Plain code
def cell(x, prev_h, w_x, w_h, b):
    z = x * w_x + prev_h * w_h + b  # eq. 1.1
    return np.tanh(z)  # eq. 1.2


def unit(x, prev_h, w_x, w_h, b):
    z = x @ w_x + prev_h @ w_h + b  # the index form of one unit
    return np.tanh(z)  # eq. 1.2


def rnn_step_forward(x, prev_h, Wx, Wh, b):
    z = x @ Wx + prev_h @ Wh + b  # (N, H)  eq. 1.3
    return np.tanh(z)  # (N, H)  eq. 1.4


def glued_step(x, prev_h, W, b):
    D = x.shape[1]
    z = x @ W[:D] + prev_h @ W[D:] + b  # (N, H)  eq. 1.3
    return np.tanh(z)  # (N, H)  eq. 1.4


def latch():
    w_x, w_h, b = 3.0, 3.0, 3.0
    return w_x, w_h, b


# Slips, one row a line
# fmt: off
NOT_TANH = (  # another function in its place
    ("relu for tanh", "That is max(z, 0), the ReLU; a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.maximum(z, 0)"),
    ("arctan for tanh", "That is the arctangent; tanh is np.tanh, eq. 1.4.", "np.tanh(z)", "np.arctan(z)"),
    ("tan for tanh", "That is the tangent, np.tan; a state is the hyperbolic tangent, np.tanh, eq. 1.4.", "np.tanh(z)", "np.tan(z)"),
    ("sin for tanh", "That is a sine; a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.sin(z)"),
    ("sinh for tanh", "That is sinh, which is not bounded; a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.sinh(z)"),
    ("cosh for tanh", "That is cosh; a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.cosh(z)"),
    ("cut off for tanh", "You cut z off at -1 and 1; tanh squashes it smoothly, eq. 1.4.", "np.tanh(z)", "np.clip(z, -1, 1)"),
    ("softsign for tanh", "z / (1 + |z|) runs from -1 to 1 as well, and is not tanh, eq. 1.4.", "np.tanh(z)", "z / (1 + np.abs(z))"),
    ("half of z", "That is tanh(z / 2): in tanh(z) the exponents are 2z, (e^2z - 1) / (e^2z + 1), eq. 1.4.", "np.tanh(z)", "np.tanh(z / 2)"),
    ("twice z", "That is tanh(2z); a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.tanh(2 * z)"),
    ("coth for tanh", "That is 1 / tanh(z): numerator and denominator of tanh have changed places, eq. 1.4.", "np.tanh(z)", "1 / np.tanh(z)"),
    ("minus tanh", "A sign: that is -tanh(z), eq. 1.4.", "np.tanh(z)", "-np.tanh(z)"),
    ("e^2 for e^2z", "A formula of tanh with its brackets misplaced; np.tanh(z) does it, eq. 1.4.", "np.tanh(z)", "np.exp(z) - np.exp(-z) / np.exp(z) + np.exp(-z)"),
    ("half a difference without a sum", "That is e^z - e^-z; tanh divides it by e^z + e^-z, eq. 1.4.", "np.tanh(z)", "np.exp(z) - np.exp(-z)"),
    ("softmax for tanh", "That is a softmax, which sums to 1 over the units; a state is tanh(z), unit by unit, eq. 1.4.", "np.tanh(z)", "np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)"),
    ("softplus for tanh", "That is log(1 + e^z); a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.log1p(np.exp(z))"),
)
SLIPS = [
    *slips(
        rnn_step_forward,
        ("no tanh", "The sum has not been squashed: next_h = tanh(z), eq. 1.4.", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing from z, eq. 1.3.", " + b  #", "  #"),
        ("state left out", "The old state takes no part: z needs prev_h Wh as well, eq. 1.3.", " + prev_h @ Wh", ""),
        ("input left out", "The input takes no part: z needs x Wx as well, eq. 1.3.", "x @ Wx + ", ""),
        ("Wh transposed", "Wh multiplies from the right as it is, prev_h Wh, not transposed, eq. 1.3.", "prev_h @ Wh + b", "prev_h @ Wh.T + b"),
        ("bias subtracted", "The bias b is added, not subtracted, eq. 1.3.", " + b  #", " - b  #"),
        ("sigmoid for tanh", "That is the logistic function, from 0 to 1; tanh goes from -1 to 1, eq. 1.4.", "np.tanh(z)", "1 / (1 + np.exp(-z))"),
        ("tanh of each part", "The parts are added first and squashed once: tanh of a sum is not the sum of tanh, eq. 1.3 and 1.4.", "np.tanh(z)", "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh + b)"),
        ("tanh before the bias", "tanh comes last, after everything is added: the bias b goes into z, eqs. 1.3 and 1.4.", " + b  #", "  #", "np.tanh(z)", "np.tanh(z) + b"),
        ("tanh of the input alone", "tanh comes last, after everything is added; you squash x Wx alone, eqs. 1.3 and 1.4.", "x @ Wx", "np.tanh(x @ Wx)", "return np.tanh(z)", "return z"),
        ("bias added twice", "The bias b is added twice; once is enough, eq. 1.3.", " + b  #", " + 2 * b  #"),
        ("tanh twice", "The sum is squashed twice: next_h is tanh(z), and not tanh of that again, eq. 1.4.", "np.tanh(z)", "np.tanh(np.tanh(z))"),
    ),
    *slips(
        rnn_step_forward,
        ("tanh of both products", "tanh comes last: add both products and b first, then squash the sum, once, eqs. 1.3 and 1.4.", " + b  #", "  #", "np.tanh(z)", "np.tanh(x @ Wx) + np.tanh(prev_h @ Wh) + b"),
        *NOT_TANH,
        ("one bias for all units", "Each unit has its own bias: add the whole array b, not its first entry, eq. 1.3.", " + b  #", " + b[0]  #"),
        ("last bias for all units", "Each unit has its own bias: add the whole array b, not its last entry, eq. 1.3.", " + b  #", " + b[-1]  #"),
        ("bias summed", "Each unit has its own bias: add the array b, not the sum of its entries, eq. 1.3.", " + b  #", " + b.sum()  #"),
        ("bias averaged", "Each unit has its own bias: add the array b, not the mean of its entries, eq. 1.3.", " + b  #", " + b.mean()  #"),
        ("multiplied by the bias", "The bias b is added, not multiplied, eq. 1.3.", " + b  #", " * b  #"),
        ("all multiplied by the bias", "The bias b is added, not multiplied, eq. 1.3.", "x @ Wx + prev_h @ Wh + b", "(x @ Wx + prev_h @ Wh) * b"),
        ("state without weights", "The old state has to go through its weights: prev_h Wh, not prev_h, eq. 1.3.", "prev_h @ Wh", "prev_h"),
        ("diagonal of Wh alone", "Every old unit reaches every new one: prev_h @ Wh is a matrix product, and you use the diagonal of Wh alone, eq. 1.3.", "prev_h @ Wh", "prev_h * np.diag(Wh)"),
        ("residual", "The old state prev_h is added once more behind tanh; next_h is tanh(z) and no more, eq. 1.4.", "np.tanh(z)", "np.tanh(z) + prev_h"),
        ("state outside tanh", "tanh comes last, after everything is added: prev_h Wh stands outside in your answer, eqs. 1.3 and 1.4.", " + prev_h @ Wh", "", "np.tanh(z)", "np.tanh(z) + prev_h @ Wh"),
        ("input outside tanh", "tanh comes last, after everything is added: x Wx stands outside in your answer, eqs. 1.3 and 1.4.", "x @ Wx + ", "", "np.tanh(z)", "np.tanh(z) + x @ Wx"),
        ("input twice", "x Wx is added twice; once is enough, eq. 1.3.", "x @ Wx", "2 * (x @ Wx)"),
        ("state twice", "prev_h Wh is added twice; once is enough, eq. 1.3.", "prev_h @ Wh", "2 * (prev_h @ Wh)"),
        ("state subtracted", "A sign: prev_h Wh is added, not subtracted, eq. 1.3.", " + prev_h @ Wh", " - prev_h @ Wh"),
        ("input subtracted", "A sign: x Wx is added, not subtracted, eq. 1.3.", "x @ Wx + ", "-x @ Wx + "),
        ("parts multiplied", "The two products are added, not multiplied, eq. 1.3.", "x @ Wx + prev_h @ Wh", "(x @ Wx) * (prev_h @ Wh)"),
        ("old state squashed again", "prev_h is a state already, and goes into its product as it is, not squashed again, eq. 1.3.", "prev_h @ Wh", "np.tanh(prev_h) @ Wh"),
        ("first old state for all", "Each sample has an old state of its own: you use that of the first sample for all, eq. 1.3.", "prev_h @ Wh", "prev_h[:1] @ Wh"),
        ("first input for all", "Each sample has an input of its own: you use that of the first sample for all, eq. 1.3.", "x @ Wx", "x[:1] @ Wx"),
        ("first sample for all", "Each sample is a row of its own: you return that of the first sample for all, eq. 1.3.", "np.tanh(z)", "np.tanh(z) * 0 + np.tanh(z)[:1]"),
        ("last sample for all", "Each sample is a row of its own: you return that of the last sample for all, eq. 1.3.", "np.tanh(z)", "np.tanh(z) * 0 + np.tanh(z)[-1:]"),
        ("mean of the batch for all", "Each sample is a row of its own: you return a mean over the batch for all, eq. 1.3.", "np.tanh(z)", "np.tanh(z) * 0 + np.tanh(z).mean(axis=0)"),
        ("states summed over the batch", "Each sample has an old state of its own: you add up those of all samples, eq. 1.3.", "prev_h @ Wh", "prev_h.sum(axis=0) @ Wh"),
        ("inputs summed over the batch", "Each sample has an input of its own: you add up those of all samples, eq. 1.3.", "x @ Wx", "x.sum(axis=0) @ Wx"),
        ("sums of the rows of Wh", "You add up each row of Wh before the product: prev_h @ Wh keeps the units apart, eq. 1.3.", "prev_h @ Wh", "prev_h * Wh.sum(axis=0)"),
        ("z for the state", "What you return is the input's share x Wx alone, squashed; the old state and b belong to the sum as well, eq. 1.3.", " + prev_h @ Wh + b", ""),
        ("state and bias alone squashed twice", "The sum is divided by 2, as a mean; z is the sum itself, eq. 1.3.", "np.tanh(z)", "np.tanh((x @ Wx + prev_h @ Wh) / 2 + b)"),
        ("* for +", "The two products are added, not multiplied: a + stands between x Wx and prev_h Wh, eq. 1.3.", "x @ Wx + prev_h @ Wh", "x @ Wx * prev_h @ Wh"),
        ("exp for tanh", "That is exp(z); a state is tanh(z), eq. 1.4.", "np.tanh(z)", "np.exp(z)"),
        ("half old, half new", "You mix the old state prev_h into the new one; next_h is tanh(z) alone, eq. 1.4.", "np.tanh(z)", "(np.tanh(z) + prev_h) / 2"),
        ("share of the state squashed by itself", "tanh comes once, over the whole sum: prev_h Wh goes into it as it is, not squashed by itself before, eqs. 1.3 and 1.4.", "prev_h @ Wh", "np.tanh(prev_h @ Wh)"),
        ("share of the input squashed by itself", "tanh comes once, over the whole sum: x Wx goes into it as it is, not squashed by itself before, eqs. 1.3 and 1.4.", "x @ Wx", "np.tanh(x @ Wx)"),
        shown=False,
    ),
    *slips(
        cell,
        ("no tanh", "The sum has not been squashed: h = tanh(z).", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing from the sum.", " + b  #", "  #"),
        ("state left out", "The old state takes no part: the sum needs prev_h times w_h as well.", " + prev_h * w_h", ""),
        ("input left out", "The input takes no part: the sum needs x times w_x as well.", "x * w_x + ", ""),
        ("weights exchanged", "The weights are exchanged: w_x belongs to the input x, w_h to the old state prev_h.", "x * w_x + prev_h * w_h", "x * w_h + prev_h * w_x"),
        ("bias subtracted", "The bias b is added, not subtracted.", " + b  #", " - b  #"),
        ("tanh of each part", "All three are added first and squashed once: tanh of a sum is not the sum of tanh.", "np.tanh(z)", "np.tanh(x * w_x) + np.tanh(prev_h * w_h + b)"),
        ("tanh before the bias", "tanh comes last, after everything is added: the bias b goes into z.", " + b  #", "  #", "np.tanh(z)", "np.tanh(z) + b"),
        ("sigmoid for tanh", "That is the logistic function, from 0 to 1; tanh goes from -1 to 1.", "np.tanh(z)", "1 / (1 + np.exp(-z))"),
        ("brackets", "The weights multiply one thing each, and the bias stands alone: mind the brackets.", "prev_h * w_h + b", "prev_h * (w_h + b)"),
        shown=False,
    ),
    *slips(
        unit,
        ("no tanh", "The sum has not been squashed: h = tanh(z).", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing from the sum.", " + b  #", "  #"),
        ("state left out", "The old states take no part: the sum needs each of them times its weight in w_h.", " + prev_h @ w_h", ""),
        ("input left out", "The inputs take no part: the sum needs each of them times its weight in w_x.", "x @ w_x + ", ""),
        ("bias subtracted", "The bias b is added, not subtracted.", " + b  #", " - b  #"),
        ("one old state alone", "Only the first old state takes part: a unit sees the old states of all units.", "prev_h @ w_h", "prev_h[0] * w_h[0]"),
        ("one input alone", "Only the first input takes part: a unit sees all inputs.", "x @ w_x", "x[0] * w_x[0]"),
        ("bias with each input", "The bias is added once for each input: add it to the sum, once.", "x @ w_x", "x @ w_x + (len(x) - 1) * b"),
        ("bias with each product", "The bias is added once for each product: add it to the whole sum, once.", "x @ w_x", "x @ w_x + (len(x) + len(prev_h) - 1) * b"),
        ("mean for sum", "That takes means: what reaches the unit is added up, and not divided.", "x @ w_x + prev_h @ w_h", "np.mean(x * w_x) + np.mean(prev_h * w_h)"),
        ("tanh of each product", "Each product is squashed by itself: add all of them and b first, then squash the sum, once.", "np.tanh(z)", "np.tanh(x * w_x).sum() + np.tanh(prev_h * w_h).sum() + b"),
        ("tanh of each part", "The parts are added first and squashed once: tanh of a sum is not the sum of tanh.", "np.tanh(z)", "np.tanh(x @ w_x) + np.tanh(prev_h @ w_h + b)"),
        shown=False,
    ),
    *slips(
        glued_step,
        ("glued the other way", "The first D rows of W belong to the inputs: x goes to the left of prev_h.", "x @ W[:D] + prev_h @ W[D:]", "np.hstack([prev_h, x]) @ W"),
        ("first rows for the state", "The old state meets the first rows of W, which belong to the inputs; its own begin at row D.", "W[D:]", "W[: len(b)]"),
        ("last rows for the input", "The inputs meet the last rows of W, which belong to the old states; their own are the first D.", "W[:D]", "W[-D:]"),
        ("no tanh", "The sum has not been squashed: next_h = tanh(z), eq. 1.4.", "np.tanh(z)", "z"),
        ("no bias", "The bias b is missing from the sum.", " + b  #", "  #"),
        ("bias subtracted", "The bias b is added, not subtracted.", " + b  #", " - b  #"),
        ("state left out", "The old state takes no part: it meets the rows of W from row D on.", " + prev_h @ W[D:]", ""),
        ("input left out", "The input takes no part: it meets the first D rows of W.", "x @ W[:D] + ", ""),
        ("state's rows transposed", "The rows of the old state multiply from the right as they are, not transposed.", "W[D:]", "W[D:].T"),
        ("tanh of each part", "The parts are added first and squashed once: tanh of a sum is not the sum of tanh.", "np.tanh(z)", "np.tanh(x @ W[:D]) + np.tanh(prev_h @ W[D:] + b)"),
        ("tanh before the bias", "tanh comes last, after everything is added: the bias b goes into the sum.", " + b  #", "  #", "np.tanh(z)", "np.tanh(z) + b"),
        shown=False,
    ),
    *slips(
        latch,
        ("too weak", "All weights together are too weak: larger ones, in the same proportion, saturate tanh.", "3.0, 3.0, 3.0", "0.3, 0.3, 0.3"),
        ("a little too weak", "All weights together are too weak: larger ones, in the same proportion, saturate tanh.", "3.0, 3.0, 3.0", "1.4, 1.4, 1.4"),
        ("no bias", "Where input and old state disagree they cancel, and z is near 0: a larger bias has to decide.", "3.0, 3.0, 3.0", "3.0, 3.0, 0.0"),
        ("no memory", "With w_h = 0 the old state has no say, and the cell repeats its last input.", "3.0, 3.0, 3.0", "3.0, 0.0, 0.0"),
        ("never on", "The first 1 does not switch the state: where the input is 1 and the old state -1, z has to be positive.", "3.0, 3.0, 3.0", "3.0, 3.0, -3.0"),
        ("input the wrong way", "The input has the wrong sign: here -1 switches the state, and 1 does not.", "3.0, 3.0, 3.0", "-3.0, 3.0, 3.0"),
        ("always on", "The bias is larger than input and old state together, so the state is near 1 from the first input on.", "3.0, 3.0, 3.0", "3.0, 3.0, 9.0"),
        ("state turned round", "With a negative w_h the old state argues against itself, and the cell swings to and fro.", "3.0, 3.0, 3.0", "3.0, -3.0, 3.0"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def step_arrays(normal, N, T, D, H):
    return {
        "x": normal((N, D)),
        "prev_h": np.tanh(normal((N, H))),
        "Wx": normal((D, H)) / 2,
        "Wh": normal((H, H)) / 2,
        "b": normal(H),
    }


def _cell_arrays(normal):
    return {name: normal(()) for name in ("x", "prev_h", "w_x", "w_h", "b")}


def _unit_arrays(normal, N, T, D, H):
    """Return what reaches one unit of one sample."""
    arrays = step_arrays(normal, N, T, D, H)
    x, prev_h, Wx, Wh, b = arrays.values()
    return {"x": x[0], "prev_h": prev_h[0], "w_x": Wx[:, 0], "w_h": Wh[:, 0], "b": b[0]}


def _glued_arrays(normal, N, T, D, H):
    x, prev_h, Wx, Wh, b = step_arrays(normal, N, T, D, H).values()
    return {"x": x, "prev_h": prev_h, "W": np.vstack([Wx, Wh]), "b": b}


# All sequences of eight inputs, the last input of each held for a hundred steps more.
SWITCHES = np.array(list(product((-1.0, 1.0), repeat=8)))
SWITCHES = np.hstack([SWITCHES, np.repeat(SWITCHES[:, -1:], 100, axis=1)])


def _states(w_x, w_h, b):
    """Return h_0 and the state after each input, for all sequences."""
    h = [-np.ones(len(SWITCHES))]
    for x in SWITCHES.T:
        h.append(cell(x, h[-1], w_x, w_h, b))
    return np.stack(h, axis=1)


def _held(*weights):
    """Return 1 where the state of the cell is above 0.9, -1 where it is below -0.9, 0 between."""
    states = _states(*weights)[:, 1:]
    return np.where(np.abs(states) > 0.9, np.sign(states), 0)


class Latch(Exercise):
    """The answer is three weights, judged by the states that the cell runs through with them."""

    def judge(self, function, slips):
        weights, _ = run(self, function, {})
        if weights is None or weights is ...:
            return nothing_returned(self, function)
        several = isinstance(weights, (tuple, list, np.ndarray)) and len(weights) == 3
        blank = several and [name for name, w in zip(self.returns, weights) if w in (None, ...)]
        if blank:
            return to_do(self, blank)
        if not several or not all(isinstance(w, Real) and np.isfinite(w) for w in weights):
            return ["latch should return three numbers: w_x, w_h and b."]
        has, needs = _held(*weights), _held(*self.answer())
        if np.array_equal(has, needs):
            return []
        same = [slip.hint for slip in slips if _acts_alike(slip.build()(), weights)]
        return [_first_lost(has, needs, *weights), *dict.fromkeys(same)]


def _acts_alike(some, others):
    signs = np.array_equal(np.sign(some), np.sign(others))
    return signs and np.array_equal(_held(*some), _held(*others))


def _first_lost(has, needs, w_x, w_h, b):
    t, n = np.argwhere((has != needs).T)[0]  # the shortest sequence that fails
    so_far = listed([f"{x:g}" for x in SWITCHES[n, : t + 1][:8]])
    more = f", and {SWITCHES[n, t]:g} for {t - 7} steps more," if t > 7 else ""
    way, bound = {1: ("above", 0.9), -1: ("below", -0.9)}[needs[n, t]]
    x, (prev_h, h) = SWITCHES[n, t], _states(w_x, w_h, b)[n, t : t + 2]
    z = x * w_x + prev_h * w_h + b
    return (
        f"After {so_far}{more} the state is {h:.3f}; it should be {way} {bound}. There "
        f"z = x w_x + prev_h w_h + b = ({x:g})({w_x:g}) + ({prev_h:.3f})({w_h:g}) + ({b:g}) = {z:.3f}, "
        f"and tanh(z) is {way} {bound} only where z is {way} {np.arctanh(bound):.2f}."
    )


EXERCISES = {
    "01.1": Exercise(
        cell,
        returns=("h",),
        arrays=_cell_arrays,
        cases=((),) * 3,
        call=in_order,
        praise="returns the right h for all numbers tried.",
        hints=(
            "Two lines: first the sum z of three things, then tanh of it.",
            "The three things are x times w_x, prev_h times w_h, and b. What is the order of adding "
            "and squashing?",
            "z = x * w_x + prev_h * w_h + b; then h = np.tanh(z).",
        ),
    ),
    "01.2": Exercise(
        unit,
        returns=("h",),
        arrays=_unit_arrays,
        call=in_order,
        hints=(
            "As in the cell, one sum, then tanh of it. Each input is multiplied by its own weight, "
            "and so is each old state.",
            "np.sum(x * w_x) multiplies entry by entry and adds up, and so does x @ w_x. The old "
            "states do the same with w_h.",
            "z = x @ w_x + prev_h @ w_h + b; then h = np.tanh(z).",
        ),
    ),
    "01.3": Exercise(
        rnn_step_forward,
        returns=("next_h",),
        axes={"next_h": "sample unit"},
        arrays=step_arrays,
        call=in_order,
        hints=(
            "Two lines: the sum z of all that reaches each unit, then tanh of it, entry by entry.",
            "A matrix product of x (N, D) and Wx (D, H) has shape (N, H), and so has that of the old "
            "state and Wh. b, of shape (H,), is added to each row.",
            "z = x @ Wx + prev_h @ Wh + b; then next_h = np.tanh(z).",
        ),
    ),
    "01.4": Exercise(
        glued_step,
        returns=("next_h",),
        arrays=_glued_arrays,
        call=in_order,
        hints=(
            "Either cut W into the matrices Wx and Wh, or glue x and prev_h into one array.",
            "W[:D] are its first D rows, and W[D:] the rows from D on. Or np.hstack([x, prev_h]), of "
            "shape (N, D + H), meets W as it is.",
            "z = x @ W[:D] + prev_h @ W[D:] + b with D = x.shape[1]; then next_h = np.tanh(z).",
        ),
    ),
    "01.5": Latch(
        latch,
        returns=("w_x", "w_h", "b"),
        call=in_order,
        praise="holds its state for all 256 sequences of eight inputs, and a hundred steps more.",
        hints=(
            "Take the input and the old state as signs, -1 or 1. For which of the four pairs should "
            "z be negative?",
            "For one pair only: both are -1. With equal weights and without a bias, z is 0 where "
            "they disagree. The bias has to decide there. And tanh(z) must be beyond 0.9.",
            "w_x, w_h and b all equal and large enough: z is then w_x times (x + prev_h + 1).",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class Response(Curves):
    """The new state of cells for every input, `lines` as in Curves; the words name each crossing."""

    @styled
    def __init__(self, lines, limits, points=()):
        labels, title = ("input $x$", "state $h$"), "The new state, for every input"
        super().__init__(lines, *labels, limits, (-1.1, 1.1), title, points=points)

    def update(self, lines, points=None):
        artists = super().update(lines, points)
        places = "; ".join(f"{name} {self._crossing(x, y)}" for name, (x, y) in lines.items())
        self._alt += f" Of zero: {places}."
        return artists

    @staticmethod
    def _crossing(x, y):
        """Say where a line first crosses zero, between two points by a straight line."""
        changes = np.flatnonzero(np.diff(np.sign(y)))
        if not changes.size:
            return "stays on one side" if np.any(y) else "is zero everywhere"
        k = changes[0]
        across = x[k] - y[k] * (x[k + 1] - x[k]) / (y[k + 1] - y[k])
        return f"crosses it at {number(across)}, {'rising' if y[k + 1] > y[k] else 'falling'}"


def rnn_step_graph(N, D, H, backward=True):
    """The graph of one step of the RNN, of N samples, D inputs and H units."""
    state = (N, H)
    shapes = {"x": (N, D), "Wx": (D, H), "prev_h": state, "Wh": (H, H), "b": (H,)}
    shapes |= {"x Wx": state, "prev_h Wh": state, "z": state, "next_h": state}
    gradients = {name: f"d{name}" for name in shapes} | {"x Wx": "dz", "prev_h Wh": "dz"}
    if not backward:
        gradients = dict.fromkeys(shapes, "")
    places, size = _step_layout(shapes, gradients)
    operations = {"x Wx": "@", "prev_h Wh": "@", "z": "+", "next_h": "tanh"}
    nodes = [
        Node(name, places[name], shapes[name], gradients[name], operations.get(name, ""))
        for name in shapes
    ]
    edges = (
        ("x", "x Wx", "Wxᵀ"),
        ("Wx", "x Wx", "xᵀ"),
        ("prev_h", "prev_h Wh", "Whᵀ"),
        ("Wh", "prev_h Wh", "prev_hᵀ"),
        ("x Wx", "z"),
        ("prev_h Wh", "z"),
        ("b", "z"),
        ("z", "next_h", "1 − next_h²"),
    )
    there = (
        Step("The inputs are given", ("x", "Wx", "prev_h", "Wh", "b")),
        Step("The input weighs in: x Wx", ("x Wx",)),
        Step("So does the past: prev_h Wh", ("prev_h Wh",)),
        Step("Added up: z = x Wx + prev_h Wh + b   (eq. 1.3)", ("z",)),
        Step("Squashed: next_h = tanh(z)   (eq. 1.4)", ("next_h",)),
    )
    back = (
        Step("The loss blames the new state: dnext_h", (), ("next_h",)),
        Step("Through tanh: dz = dnext_h (1 − next_h²)   (eq. 3.1)", (), ("z",)),
        Step("A sum hands its gradient on unchanged", (), ("x Wx", "prev_h Wh")),
        Step("dx = dz Wxᵀ   (eq. 3.2)", (), ("x",)),
        Step("dprev_h = dz Whᵀ   (eq. 3.3)", (), ("prev_h",)),
        Step("dWx = xᵀ dz   (eq. 3.4)", (), ("Wx",)),
        Step("dWh = prev_hᵀ dz   (eq. 3.5)", (), ("Wh",)),
        Step("db = dz, summed over the batch   (eq. 3.6)", (), ("b",)),
    )
    return ComputationGraph(nodes, edges, there + back if backward else there, size)


def _step_layout(shapes, gradients):
    """The centres of the boxes in four columns, and the size of the figure."""
    sizes = {
        name: ComputationGraph.box_size(name, shapes[name], gradients[name]) for name in shapes
    }
    inputs = ("x", "Wx", "prev_h", "Wh")
    columns = (inputs, ("x Wx", "b", "prev_h Wh"), ("z",), ("next_h",))
    widths = np.array([max(sizes[name][0] for name in column) for column in columns])
    margin, gap, floor = 0.1, 0.16, 0.45
    figure_width = max(8, widths.sum() + 2 * margin + 2.2)
    if figure_width > 9.1:
        raise ValueError(f"the arrays {shapes} do not fit side by side; take at most 3 columns")
    free = figure_width - 2 * margin - widths.sum()
    before = np.array((0, 0.36, 0.66, 1)) * free  # the last gap holds the longest factor
    xs = margin + before + np.cumsum(widths) - widths / 2
    height = floor + sum(sizes[name][1] + gap for name in inputs)
    y, ys = height - gap / 2, {}
    for name in inputs:
        ys[name] = y - sizes[name][1] / 2
        y -= sizes[name][1] + gap
    ys["x Wx"] = (ys["x"] + ys["Wx"]) / 2
    ys["prev_h Wh"] = (ys["prev_h"] + ys["Wh"]) / 2
    ys["b"] = ys["z"] = ys["next_h"] = (ys["x Wx"] + ys["prev_h Wh"]) / 2
    places = {name: (x, ys[name]) for x, column in zip(xs, columns) for name in column}
    return places, (figure_width, height)


# Samples for the tests
def _response(rng, scale):
    grid = np.linspace(-6, 6, 25)
    picture = Response({"our cell": "forward", "old state 0": "neutral"}, (-6, 6), ["our cell"])

    def move():
        weights = np.clip(rng.normal(size=(2, 2)) * scale, -9, 9)
        curves = {
            name: (grid, np.tanh(w * grid + b)) for name, (w, b) in zip(picture._lines, weights)
        }
        return picture.update(curves, {"our cell": (2, 0.5)})

    return picture, move


def _graph(rng, scale, N=2, D=3, H=2):
    picture = rnn_step_graph(N, D, H)

    def move(step=None):
        blame, known = (
            {name: widest(rng, node.shape, scale) for name, node in picture.nodes.items()}
            for _ in range(2)
        )
        step = rng.integers(len(picture.steps)) if step is None else step
        return picture.update(step, known, blame)

    return picture, move


SAMPLES = [
    Sample(_response),
    Sample(_graph, full=(12,)),
]
