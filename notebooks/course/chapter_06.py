"""Chapter 06: what catches a wrong gradient, three mystery functions, and a slip from close by."""

import contextlib
from dataclasses import replace
import functools
from numbers import Real
import re

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
import numpy as np

from course.artists import CELL_HEIGHT, FONT, ROLES, Cells, Picture, checked, number, plain, styled
from course.chapter_05 import BACKWARD_SLIPS, forward_with_cache, rnn_backward
from course.exercises import (
    Exercise,
    Verdict,
    desk,
    in_order,
    listed,
    nothing_returned,
    run,
    to_do,
    with_cache,
)
from course.samples import Sample, widest
from course.slips import slips


# Plain code
def cosine(g, g_hat):
    lengths = np.linalg.norm(g) * np.linalg.norm(g_hat)
    return np.sum(g * g_hat) / lengths if lengths else 0.0  # eq. 6.2


def both_sides(forward, inputs, directions, gradients, dh):
    back = sum(np.sum(v * g) for v, g in zip(directions, gradients))  # eq. 6.1, left
    moved = [at + 1e-30j * v for at, v in zip(inputs, directions)]
    ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30  # eq. 6.1, right
    return back, ahead


def small_step(g, g_hat, eta):
    change = -eta * np.sum(g * g_hat)  # eq. 6.3
    share = np.sum(g * g_hat) / (np.linalg.norm(g) * np.linalg.norm(g_hat))  # eq. 6.2
    return change, share


def convict():
    mystery_1 = 5.2  # all five wrong, and dx at the last step as well: the slope
    mystery_2 = 5.3  # dh0 alone
    mystery_3 = 5.1  # right up to T = 4; from T = 5 on wrong, but not at the last step
    return mystery_1, mystery_2, mystery_3


def my_check(forward, backward):
    rng = np.random.default_rng(6)
    N, T, D, H = 2, 5, 3, 4
    shapes = (N, T, D), (N, H), (D, H), (H, H), (H,)
    inputs = [0.5 * rng.standard_normal(shape) for shape in shapes]
    directions = [rng.standard_normal(shape) for shape in shapes]
    dh = rng.standard_normal((N, T, H))
    cache = forward(*inputs)[1]
    given = [array.copy() for array in (dh, *cache)]
    gradients = backward(given[0], tuple(given[1:]))
    fit = all(gradient.shape == at.shape for gradient, at in zip(gradients, inputs))
    kept = all(map(np.array_equal, given, (dh, *cache)))
    moved = [at + 1e-30j * v for at, v in zip(inputs, directions)]
    ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30  # the right side of eq. 6.1
    back = sum(np.sum(v * gradient) for v, gradient in zip(directions, gradients))  # the left side
    return np.isclose(back, ahead) and kept and fit


def layer_norm_backward(dout, cache):
    n, std, gain = cache
    dn = dout * gain  # (N, H)
    along = (dn * n).mean(axis=1, keepdims=True)  # (N, 1): how much of dn points along n
    dx = (dn - dn.mean(axis=1, keepdims=True) - n * along) / std  # (N, H)
    dgain = (dout * n).sum(axis=0)  # (H,)
    dbias = dout.sum(axis=0)  # (H,)
    return dx, dgain, dbias


def layer_norm_forward(x, gain, bias):
    """Return the output and the cache of layer_norm_backward; each row of x, (N, H), is one sample.

    In each row n has mean 0 and mean square 1: Ba, Kiros and Hinton (2016), without their epsilon.
    """
    centred = x - x.mean(axis=1, keepdims=True)  # (N, H)
    std = np.sqrt(np.mean(centred**2, axis=1, keepdims=True))  # (N, 1)
    n = centred / std  # (N, H)
    return gain * n + bias, (n, std, gain)


# The mystery functions of exercise 06.4. Which line? Ask the functions, not this file.
_KNOWN = {slip.name: slip for slip in BACKWARD_SLIPS}
MYSTERIES = (
    _KNOWN["slope at h(t-1)"],
    _KNOWN["dh0 one step early"],
    replace(_KNOWN["truncated to 3 steps"], edits=((" + carry", " + carry * ((T - t) % 4 != 1)"),)),
)


def _mystery(number):
    backward = MYSTERIES[number - 1].build()

    def mystery(dh, cache):
        return backward(dh, cache)

    mystery.__name__ = mystery.__qualname__ = f"mystery_{number}"
    return mystery


mystery_1, mystery_2, mystery_3 = map(_mystery, (1, 2, 3))


# What a check may be blind to, and what to say of it
HOLES = {
    "no numbers": "Wrong numbers of all kinds pass. Shapes, arguments as they were, backward equal to "
    "itself: none of these says what the numbers should be. Compare them with what forward says, "
    "eq. 6.1.",
    "loss falls": "That the loss falls is no check: it falls along every gradient that points roughly "
    "downhill, so gradients twice as long and half as long pass. Compare numbers, eq. 6.1.",
    "one side": "Numbers that are too small pass, or those that are too large: ask how close the two "
    "are, by np.isclose or by the absolute value of the difference.",
    "one step": "No carry at all passes. With T = 1 there is none, and no sum over time: take five "
    "steps or more.",
    "few steps": "A carry that is cut after three steps passes. Take a longer sequence: five steps or "
    "more.",
    "one sample": "A mean over the batch passes where a sum should be. With N = 1 they are the same: "
    "take two samples or more.",
    "symmetric": "A missing transpose of Wh passes. A Wh that is its own transpose hides it, and with "
    "one unit it always is: take several units, and draw Wh at random.",
    "directions alike": "dWh passes when it is transposed. Are the directions alike in all entries, "
    "such as ones? Draw them at random.",
    "dh alike": "A dh that is read at the wrong step passes. A dh that is the same at every step hides "
    "that: draw it at random, eq. 2.6.",
    "tiny": "A wrong slope of tanh passes. Where all inputs are tiny, tanh is a straight line of slope "
    "1: draw them larger.",
    "h0 zero": "A dWh without the share of h0 passes. Is h0 zero? Draw it at random as well.",
    "blind": "Nothing is asked about {}: twice as large, or with the other sign, it passes. Give each "
    "of the five inputs a direction of its own.",
    "own direction": "A gradient of zeros passes. Do the directions come from the gradient itself? "
    "Draw them at random, before backward is asked.",
    "loose": "A gradient that is off by a thousandth passes: the tolerance is too large. Two exact "
    "ways differ by rounding alone; np.isclose has a tolerance that fits.",
    "arguments": "Functions that change their arguments pass, dh or the arrays in the cache: compare "
    "each with a copy from before the call. (dh.copy(): `given = dh` is no copy, but a second name.)",
    "cache": "A function that writes into the cache passes: compare its arrays as well with copies "
    "from before the call.",
    # The luck of the last digits decides whether a check without a tolerance refuses the right one.
    "right refused": "Is there a tolerance? Two ways to one number differ in the last digits: ask with "
    "np.isclose, not with ==. And do both sides say the same of the right one? Each gradient meets the "
    "direction of its own input; the loss is a sum over all entries, eq. 2.6, not a mean; and the "
    "imaginary part is divided by the small step.",
    "forbidden": "That compares with an `rnn_backward` of ours, which the exercise forbids: where a "
    "check is needed there is no right one to compare with. Ask `forward`.",
}


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        both_sides,
        ("sides: not divided by the step", "The imaginary part is as small as the step: divide by the step, eq. 2.4.", " / 1e-30", ""),
        ("sides: real part", "The motion of the states is in the imaginary part, eq. 2.4; the real part is the states themselves.", "[0].imag) / 1e-30", "[0].real)"),
        ("sides: dh left out ahead", "The loss is the sum of dh times the states, eq. 2.6: how the states move has to be multiplied by dh.", "dh * forward", "forward"),
        ("sides: ahead is a mean", "The loss is a sum over all states, eq. 2.6, not a mean.", "np.sum(dh", "np.mean(dh"),
        ("sides: weights alone moved", "x and h0 are inputs as well: move all five.", "at, v in zip(inputs, directions)", "at, v in zip(inputs, [0, 0, *directions[2:]])"),
        ("sides: inputs alone moved", "The weights and the bias are inputs as well: move all five.", "at, v in zip(inputs, directions)", "at, v in zip(inputs, [*directions[:2], 0, 0, 0])"),
        ("sides: along ones", "Each input moves along its direction, not by the same in each entry.", "1e-30j * v", "1e-30j"),
        ("sides: along the gradients", "The inputs move along the directions that are given, not along the gradients.", "zip(inputs, directions)", "zip(inputs, gradients)"),
        ("sides: back without directions", "An entry that moves by v changes the loss by v times its gradient: the directions are missing.", "np.sum(v * g)", "np.sum(g)"),
        ("sides: back with the inputs", "How far an entry moves is in the direction, not in the input itself.", "zip(directions, gradients)", "zip(inputs, gradients)"),
        ("sides: back is a mean", "Over all entries of an array the changes add up: a sum, not a mean.", "np.sum(v * g)", "np.mean(v * g)"),
        ("sides: back of absolute values", "A change has a sign; absolute values lose it.", "np.sum(v * g)", "np.sum(np.abs(v * g))"),
        ("sides: back of lengths", "The product of two lengths is the change only where direction and gradient point the same way: multiply entry by entry, then add up.", "np.sum(v * g)", "np.linalg.norm(v) * np.linalg.norm(g)"),
        ("sides: back with dh", "dh is in the gradients already: the side of the backward pass has no dh of its own.", "return back,", "return back * np.sum(dh),"),
        shown=False,
    ),
    *slips(
        small_step,
        ("step: uphill", "A sign: the step goes against g_hat, so entry i changes by -eta g_hat_i.", "change = -eta", "change = eta"),
        ("step: eta left out", "Entry i changes by -eta g_hat_i: eta is missing.", "change = -eta * ", "change = -"),
        ("step: mean", "Over all entries the changes of the loss add up: a sum, not a mean.", "-eta * np.sum(", "-eta * np.mean("),
        ("step: along the right gradient", "The step goes along g_hat. Along g itself the change would be this one.", "change = -eta * np.sum(g * g_hat)", "change = -eta * np.sum(g * g)"),
        ("step: the loss asked by g_hat", "How the loss answers to entry i is in g, the right gradient; g_hat says how far the entry moves.", "change = -eta * np.sum(g * g_hat)", "change = -eta * np.sum(g_hat**2)"),
        ("step: product of lengths", "That would be the change if g and g_hat pointed the same way: multiply entry by entry, then add up.", "change = -eta * np.sum(g * g_hat)", "change = -eta * np.linalg.norm(g) * np.linalg.norm(g_hat)"),
        ("step: gap between the two", "How far g_hat is from g does not say how the loss changes: multiply entry by entry, then add up.", "change = -eta * np.sum(g * g_hat)", "change = -eta * np.linalg.norm(g - g_hat)"),
        ("step: share at the same eta", "That compares with a step of the same eta along g. It should be of the same length: |g_hat| as well, and not |g|.", "(np.linalg.norm(g) * np.linalg.norm(g_hat))", "np.sum(g * g)"),
        ("step: share beside g_hat's own", "The step to compare with goes along g, and is as long as the one along g_hat.", "(np.linalg.norm(g) * np.linalg.norm(g_hat))", "np.sum(g_hat**2)"),
        ("step: share divided by |g| alone", "The share has no unit: twice as long a g_hat makes both steps longer. Divide by |g_hat| as well.", "(np.linalg.norm(g) * np.linalg.norm(g_hat))", "np.linalg.norm(g)"),
        ("step: share divided by |g_hat| alone", "The share has no unit: where the loss is twice as steep both changes are larger. Divide by |g| as well.", "(np.linalg.norm(g) * np.linalg.norm(g_hat))", "np.linalg.norm(g_hat)"),
        ("step: share without its sign", "The share is negative where the loss rises: keep the sign.", "share = np.sum(g * g_hat)", "share = abs(np.sum(g * g_hat))"),
        ("step: share with the wrong sign", "Both changes are falls where g_hat is right: the share is then 1, and not -1.", "share = np.sum(g * g_hat)", "share = -np.sum(g * g_hat)"),
        ("step: lengths squared", "A length is the root of a sum of squares: the roots are missing.", "(np.linalg.norm(g) * np.linalg.norm(g_hat))", "(np.sum(g**2) * np.sum(g_hat**2))"),
        shown=False,
    ),
    *slips(
        layer_norm_backward,
        ("norm: std held", "The std is made from x as well. Where x moves along n the std grows and n stays, so dx has no part along n: subtract it.", " - n * along", ""),
        ("norm: mean held", "The mean is made from x as well. Where all entries of a row move together n stays, so dx has mean zero: subtract it.", "dn - dn.mean(axis=1, keepdims=True) - n", "dn - n"),
        ("norm: mean and std held", "Mean and std are made from x as well: two roads from x to n are missing in dx.", "dn - dn.mean(axis=1, keepdims=True) - n * along", "dn"),
        ("norm: not divided by std", "n is the centred row divided by std, so dx is divided by std too.", ") / std", ")"),
        ("norm: divided by the variance", "n is divided by std once, and dx too.", ") / std", ") / std**2"),
        ("norm: gain left out", "Between n and the output stands gain: dn is dout times gain.", "dn = dout * gain", "dn = dout"),
        ("norm: divided by gain", "The output is gain times n, so dn is dout times gain.", "dn = dout * gain", "dn = dout / gain"),
        ("norm: part along n added", "A sign: the part along n is taken away from dn.", "- n * along", "+ n * along"),
        ("norm: mean added", "A sign: the mean is taken away from dn.", "dn - dn.mean", "dn + dn.mean"),
        ("norm: n left out of its part", "The part of dn along n is the mean of dn n, times n itself.", "n * along", "along"),
        ("norm: sum for mean along n", "Std has a mean of squares in it, so the part along n is a mean over the row, not a sum.", "(dn * n).mean(axis=1", "(dn * n).sum(axis=1"),
        ("norm: sum for mean", "The mean of a row is subtracted, not its sum.", "dn.mean(", "dn.sum("),
        ("norm: over the batch", "Each row is normalised by itself: the means run along the row, axis 1.", "(dn * n).mean(axis=1, keepdims=True)", "(dn * n).mean(axis=0, keepdims=True)", "dn.mean(axis=1, keepdims=True)", "dn.mean(axis=0, keepdims=True)"),
        ("norm: dgain without n", "gain multiplies n, so n stands in dgain.", "(dout * n).sum", "dout.sum"),
        ("norm: dgain from dn", "dgain is taken before gain is multiplied in: from dout, not from dn.", "(dout * n).sum", "(dn * n).sum"),
        ("norm: dgain is a batch mean", "The batch shares one gain, so dgain is a sum over it, not a mean.", "(dout * n).sum", "(dout * n).mean"),
        ("norm: dbias from dn", "The bias is added after the gain: dbias comes from dout, not from dn.", "dbias = dout", "dbias = dn"),
        ("norm: dbias is a batch mean", "The batch shares one bias, so dbias is a sum over it, not a mean.", "dbias = dout.sum", "dbias = dout.mean"),
        shown=False,
    ),
    *slips(
        convict,
        ("mystery_1: a carry", "Ask at T = 1: no carry can go wrong there, and a constant factor would show as a constant ratio. mystery_1 is wrong there, and by no constant factor.", "mystery_1 = 5.2", "mystery_1 = 5.1"),
        ("mystery_1: dx", "A slip in eq. 5.4 spoils dx and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.4"),
        ("mystery_1: dh0", "A slip in eq. 5.3 spoils dh0 and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.3"),
        ("mystery_1: dWx", "A slip in eq. 5.5 spoils dWx and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.5"),
        ("mystery_1: dWh", "A slip in eq. 5.6 spoils dWh and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.6"),
        ("mystery_1: db", "A slip in eq. 5.7 spoils db and nothing else. In mystery_1 more is spoilt.", "mystery_1 = 5.2", "mystery_1 = 5.7"),
        ("mystery_2: a carry", "A wrong carry spoils dx, dWx, dWh and db as well. In mystery_2 these are right.", "mystery_2 = 5.3", "mystery_2 = 5.1"),
        ("mystery_2: dWh", "A slip in eq. 5.6 spoils dWh. In mystery_2 dWh is right.", "mystery_2 = 5.3", "mystery_2 = 5.6"),
        ("mystery_2: the slope", "A wrong slope spoils dx, dWx, dWh and db as well. In mystery_2 these are right.", "mystery_2 = 5.3", "mystery_2 = 5.2"),
        ("mystery_2: dx", "Eq. 5.4 makes dx, and in mystery_2 dx is right.", "mystery_2 = 5.3", "mystery_2 = 5.4"),
        ("mystery_2: dWx", "Eq. 5.5 makes dWx, and in mystery_2 dWx is right.", "mystery_2 = 5.3", "mystery_2 = 5.5"),
        ("mystery_2: db", "Eq. 5.7 makes db, and in mystery_2 db is right.", "mystery_2 = 5.3", "mystery_2 = 5.7"),
        ("mystery_3: the slope", "A wrong slope shows at every length, T = 1 as well. mystery_3 is right there.", "mystery_3 = 5.1", "mystery_3 = 5.2"),
        ("mystery_3: dh0", "A slip in eq. 5.3 spoils dh0 and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.3"),
        ("mystery_3: dWh", "A slip in eq. 5.6 spoils dWh and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.6"),
        ("mystery_3: dx", "A slip in eq. 5.4 spoils dx and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.4"),
        ("mystery_3: dWx", "A slip in eq. 5.5 spoils dWx and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.5"),
        ("mystery_3: db", "A slip in eq. 5.7 spoils db and nothing else. Ask mystery_3 for a longer sequence.", "mystery_3 = 5.1", "mystery_3 = 5.7"),
    ),
    *slips(
        my_check,
        ("shapes only", HOLES["no numbers"], "np.isclose(back, ahead) and kept and fit", "fit"),
        ("arguments alone", HOLES["no numbers"], "np.isclose(back, ahead) and kept and fit", "kept and fit"),
        ("backward beside itself", HOLES["no numbers"], "np.sum(dh * forward(*moved)[0].imag) / 1e-30", "sum(np.sum(v * again) for v, again in zip(directions, backward(dh.copy(), cache)))"),
        ("the loss falls", HOLES["loss falls"], "np.isclose(back, ahead) and kept", "np.sum(dh * forward(*[at - 1e-6 * g for at, g in zip(inputs, gradients)])[0]) < np.sum(dh * forward(*inputs)[0]) and kept"),
        ("one side alone", HOLES["one side"], "np.isclose(back, ahead)", "back - ahead < 1e-6"),
        ("one step", HOLES["one step"], "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 1, 3, 4"),
        ("three steps", HOLES["few steps"], "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 3, 3, 4"),
        ("one sample", HOLES["one sample"], "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 5, 3, 4"),
        ("one unit", HOLES["symmetric"], "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 5, 3, 1"),
        ("Wh is the identity", HOLES["symmetric"], "    directions =", "    inputs[3] = np.eye(H); directions ="),
        ("directions of ones", HOLES["directions alike"], "[rng.standard_normal(shape) for shape in shapes]\n    dh", "[np.ones(shape) for shape in shapes]\n    dh"),
        ("upstream gradient of ones", HOLES["dh alike"], "dh = rng.standard_normal((N, T, H))", "dh = np.ones((N, T, H))"),
        ("tiny inputs", HOLES["tiny"], "0.5 * rng", "1e-3 * rng"),
        ("h0 is zero", HOLES["h0 zero"], "    directions =", "    inputs[1] *= 0; directions ="),
        ("parameters only", HOLES["blind"].format("dx and dh0"), "    dh = rng", "    directions[0] *= 0; directions[1] *= 0; dh = rng"),
        ("without dx", HOLES["blind"].format("dx"), "    dh = rng", "    directions[0] *= 0; dh = rng"),
        ("without db", HOLES["blind"].format("db"), "    dh = rng", "    directions[4] *= 0; dh = rng"),
        ("direction is the gradient", HOLES["own direction"], "moved = [at", "directions = gradients; moved = [at"),
        ("loose", HOLES["loose"], "np.isclose(back, ahead)", "np.isclose(back, ahead, rtol=1e-2)"),
        ("arguments not looked at", HOLES["arguments"], " and kept", ""),
        ("no copy", HOLES["arguments"], "[array.copy() for array in (dh, *cache)]", "[dh, *cache]"),
        ("dh alone looked at", HOLES["cache"], "given, (dh, *cache)", "given, (dh,)"),
        ("mean for sum", HOLES["right refused"], "np.sum(dh * forward(*moved)[0].imag)", "np.mean(dh * forward(*moved)[0].imag)"),
        ("no tolerance", HOLES["right refused"], "np.isclose(back, ahead)", "back == ahead"),
        ("compared with the layer", HOLES["forbidden"], "np.isclose(back, ahead) and kept and fit", "all(map(np.allclose, gradients, rnn_layers.rnn_backward(dh, rnn_layers.rnn_forward(*inputs)[1]))) and kept and fit"),
        shown=False,
    ),
]
# fmt: on


# Exercises
MOST_CALLS = 10  # of forward, for a check that is cheap
EQUATIONS = (5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7)


class Choice(Exercise):
    """An exercise whose answer is a choice: not a number that can be nearly right."""

    def judge(self, function, slips):
        returned, _ = run(self, function, {})
        if isinstance(returned, dict) and set(returned) == set(self.returns):
            returned = [returned[name] for name in self.returns]
        if returned is None or returned is ...:
            return nothing_returned(self, function)
        if not isinstance(returned, (tuple, list, np.ndarray)) or len(returned) != 3:
            count = len(returned) if isinstance(returned, (tuple, list)) else "one value, not"
            needed = f"3: {listed(self.returns)}, such as 5.7"
            return [f"{self.name} returns {count} values; it should return {needed}."]
        blank = [part for part, value in zip(self.returns, returned) if value in (None, ...)]
        if len(blank) == 3:
            return to_do(self, blank)
        lines = []
        for k, (part, value) in enumerate(zip(self.returns, returned)):
            if part not in blank and _equation(value) != self.answer()[k]:
                lines.append(self._not_it(part, value))
                wrong = [slip.hint for slip in slips if slip.name.startswith(part)]
                given = [slip.build()()[k] for slip in slips if slip.name.startswith(part)]
                lines += [hint for hint, at in zip(wrong, given) if at == _equation(value)]
        wrong = [part for part in self.returns if any(part in line for line in lines)]
        right = [part for part in self.returns if part not in wrong + blank]
        kinds = {"Right": right, "Wrong": wrong, "To do": blank}
        head = " ".join(f"{kind}: {listed(of)}." for kind, of in kinds.items() if of)
        return [head, *lines] if wrong or blank else []

    def _not_it(self, part, value):
        if _equation(value) in EQUATIONS:
            return (
                f"{part} is not wrong in eq. {_equation(value):g}; it should be another equation."
            )
        shown = f"{value:g}" if isinstance(value, Real) else repr(value)
        return f"{part} is {shown}; it should be one of the seven, 5.1 to 5.7."


def _equation(value):
    """Return the number that is meant, however it is written, or None."""
    if isinstance(value, str):
        found = re.fullmatch(
            r"\W*(?:eqs?\.?|equation)?\s*(\d\.\d)\W*", value.strip(), re.IGNORECASE
        )
        return float(found[1]) if found else None
    with contextlib.suppress(TypeError, ValueError):
        if not isinstance(value, (bool, np.bool_)) and np.ndim(value) == 0:
            return next((each for each in EQUATIONS if abs(float(value) - each) < 1e-6), None)
    return None


class CheckOfChecks(Exercise):
    """An exercise whose answer is a check; it is tried on right backward passes and on wrong ones."""

    def judge(self, function, slips):
        if "rnn_backward" in _names_used(function):
            return ["Wrong: my_check.", HOLES["forbidden"]]
        verdicts, most = {}, 0
        for name, backward in _backward_passes().items():
            calls = []
            asked = {"forward": _counted(calls), "backward": backward}
            try:
                says, _ = run(self, function, asked)
            except Verdict as verdict:
                if not verdicts:
                    given = (
                        "forward returns (h, cache); backward takes dh and the cache, and returns "
                    )
                    return [
                        *verdict.lines,
                        *[given + "the five gradients."] * (len(verdict.lines) > 1),
                    ]
                says = False  # to stop at a wrong one is to say False of it
            if not verdicts and (says is None or says is ...):
                return nothing_returned(self, function)
            if not isinstance(says, (bool, np.bool_)):
                return ["Wrong: my_check.", _no_verdict(says)]
            verdicts[name] = bool(says)
            most = max(most, len(calls))
        return self._say(verdicts, most)

    def _say(self, verdicts, most):
        right, rounded, *wrong = verdicts.values()
        names = list(verdicts)[2:]
        passing = {name for name, passes in zip(names, wrong) if passes}
        lines = []
        if most > MOST_CALLS:
            lines.append(
                f"my_check calls forward {most} times; it should be {MOST_CALLS} times at most."
            )
        if not right and len(passing) > len(names) / 2:
            lines.append(
                "my_check says it all the other way round; it should be True of the right backward "
                "pass and False of a wrong one."
            )
        elif not right:
            lines.append("my_check says False of the right backward pass; it should be True.")
            lines.append(HOLES["right refused"])
        elif not rounded:
            lines.append(
                "my_check says False of the right backward pass with its numbers rounded otherwise; "
                "it should be True."
            )
            lines.append(HOLES["right refused"])
        elif passing:
            shown = [f"*{name}*" for name in names if name in passing]
            more = [f"{len(shown) - 3} more"] if len(shown) > 4 else shown[3:]
            lines.append(f"my_check says True of {listed(shown[:3] + more)}; it should be False.")
            lines += _holes(passing)
        return ["Wrong: my_check.", *lines] if lines else []


def _no_verdict(says):
    if isinstance(says, Real) and not isinstance(says, bool):
        return (
            f"my_check returns a number, {says:.4g}; it should be True or False. Is it small "
            "enough? Ask with np.isclose."
        )
    return (
        "my_check returns neither True nor False; it should be one of them, of all that it is "
        "asked about. (np.all makes one of many.)"
    )


def _holes(passing):
    """Return what to say of a check that says True of these wrong backward passes."""

    def all_pass(*names):
        return passing.issuperset(names)

    if all_pass("all negated", "all doubled", "all halved", "dh0 without Wh"):
        return [HOLES["no numbers"]]
    found = []
    if all_pass("all doubled", "all halved"):
        found.append("loss falls")
    elif len(passing & {"all doubled", "all halved"}) == 1:
        found.append("one side")
    elif "off by a thousandth" in passing:
        found.append("loose")
    unseen = [name for name in GRADIENTS if all_pass(f"{name} doubled", f"{name} negated")]
    numbers = not found
    lines = [HOLES[name] for name in found]
    if unseen and numbers:
        lines.append(HOLES["blind"].format(listed(unseen)))
    if numbers:
        claims = {
            "one step": "no carry between steps" in passing,
            "few steps": "truncated to 3 steps" in passing
            and "no carry between steps" not in passing,
            "one sample": "weights divided by N" in passing
            and not {"dWx", "dWh", "db"} & set(unseen),
            "symmetric": "Wh not transposed" in passing and "no carry between steps" not in passing,
            "directions alike": "dWh transposed" in passing
            and "dWh" not in unseen
            and "Wh not transposed" not in passing,
            "dh alike": "dh read from the front" in passing
            and "no carry between steps" not in passing,
            "tiny": all_pass("slope twice", "root of the slope"),
            "h0 zero": "h0 left out of dWh" in passing and "dWh" not in unseen,
            "own direction": "all set to zero" in passing,
        }
        lines += [HOLES[name] for name, holds in claims.items() if holds]
    in_dh = {"carry added in place into dh", "scaled by 1/N in place into dh"}
    if (passing & in_dh and "slope written over the states" in passing) or (
        passing & in_dh and not lines
    ):
        lines.append(HOLES["arguments"])
    elif "slope written over the states" in passing:
        lines.append(HOLES["cache"])
    return lines


def _counted(calls):
    """Return a forward pass that adds to calls, a list, each time that it is called."""

    def forward(x, h0, Wx, Wh, b):
        calls.append(1)
        return forward_with_cache(x, h0, Wx, Wh, b)

    return forward


def _names_used(function, seen=()):
    """Return the names that a function and those that it calls, in the same notebook, use."""
    code = getattr(function, "__code__", None)
    if code is None or code in seen:
        return set()
    codes, names = [code], set()
    while codes:
        each = codes.pop()
        names |= set(each.co_names)
        codes += [constant for constant in each.co_consts if hasattr(constant, "co_names")]
    around = function.__globals__
    helpers = [
        around[name] for name in names if getattr(around.get(name), "__globals__", 0) is around
    ]
    return names.union(*(_names_used(helper, (*seen, code)) for helper in helpers))


GRADIENTS = ("dx", "dh0", "dWx", "dWh", "db")


@functools.cache
def _backward_passes():
    """Return {name: backward pass}: two right ones, and wrong ones."""

    def changed(change, only=GRADIENTS):
        def backward(dh, cache):
            gradients = zip(GRADIENTS, rnn_backward(dh, cache))
            return tuple(change(array) if name in only else array for name, array in gradients)

        return backward

    passes = {"right": rnn_backward, "rounded otherwise": changed(lambda g: g * (1 + 1e-14))}
    passes |= {slip.name: slip.build() for slip in BACKWARD_SLIPS}
    changes = {"set to zero": np.zeros_like, "negated": np.negative, "doubled": lambda g: 2 * g}
    for words, change in changes.items():
        passes |= {f"{name} {words}": changed(change, (name,)) for name in GRADIENTS}
        passes[f"all {words}"] = changed(change)
    passes["all halved"] = changed(lambda g: g / 2)
    passes["off by a thousandth"] = changed(lambda g: 1.001 * g)
    return passes


def _both_sides(function, dh, forward=forward_with_cache, **arrays):
    arrays = list(arrays.values())
    return function(forward, arrays[:5], arrays[5:10], arrays[10:], dh)


def _one_call(function):
    """Say whether forward is called once, and not once for each input."""
    calls = []
    arrays = _two_sides_arrays(np.random.default_rng(0).standard_normal, 2, 3, 3, 4)
    _both_sides(function, forward=_counted(calls), **arrays)
    if len(calls) == 1:
        return []
    return [
        f"The numbers are right, but both_sides calls forward {len(calls)} times; it should be "
        "once: move all five inputs together."
    ]


def _two_sides_arrays(normal, N, T, D, H):
    shapes = {"x": (N, T, D), "h0": (N, H), "Wx": (D, H), "Wh": (H, H), "b": (H,)}
    kinds = "", "direction of ", "gradient of "
    arrays = {kind + name: 0.5 * normal(shape) for kind in kinds for name, shape in shapes.items()}
    return {"dh": normal((N, T, H))} | arrays


def _nearly(part, has, needs):
    if part == "ahead" and np.allclose(has, needs, rtol=1e-3):
        return "Differences come close and no closer: the complex step of eq. 2.4 is exact."
    return None


def _gradients_and_step(normal, *shape):
    return {"g": normal(shape), "g_hat": normal(shape), "eta": np.abs(normal(()))}


def _layer_norm_arrays(normal, N, H):
    _, cache = layer_norm_forward(normal((N, H)), normal((H,)), normal((H,)))
    return {"dout": normal((N, H))} | dict(zip(("n", "std", "gain"), cache))


EXERCISES = {
    "06.1": Exercise(
        both_sides,
        returns=("back", "ahead"),
        arrays=_two_sides_arrays,
        call=_both_sides,
        hints=(
            "If one entry of one input moves by v, the loss changes by v times its gradient. All "
            "entries of all five inputs move at once, and the changes add up: that is `back`.",
            "`ahead` needs no gradient: hand the forward pass five complex arrays, each input plus "
            "1e-30j times its direction, and read off how the states move, eq. 2.4.",
            "The loss is the sum of dh times the states. ahead = np.sum(dh * "
            "forward(*moved)[0].imag) / 1e-30.",
        ),
        remark=_nearly,
        manners=_one_call,
    ),
    "06.2": CheckOfChecks(
        my_check,
        returns=("my_check",),
        call=lambda function, forward, backward: function(forward, backward),
        hints=(
            "Eq. 6.1 asks all five inputs at once, for one call of forward.",
            "Draw one random direction for each of the five inputs and move all five together, by "
            "the complex step. The left side of eq. 6.1 is then a sum over five arrays.",
            "ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30 with moved = [at + 1e-30j * v "
            "...]; back = sum(np.sum(v * gradient) ...). And are dh and the arrays in "
            "the cache what they were before the call, and the gradients of the right shapes?",
        ),
        praise=f"passes the right backward pass and catches all {len(_backward_passes()) - 2} "
        f"wrong ones, with at most {MOST_CALLS} calls of forward for each.",
    ),
    "06.3": Exercise(
        small_step,
        returns=("change", "share"),
        arrays=_gradients_and_step,
        cases=((7,), (6, 9), (3, 4, 5), (2, 2), (1,)),
        call=in_order,
        hints=(
            "How far does entry i move, and by how much does the loss change for each unit that "
            "it moves? Add up over all entries.",
            "The other step goes along g and is as long as eta g_hat: it is eta |g_hat| g / |g|. "
            "By how much does the loss change there?",
            "change = -eta * np.sum(g * g_hat), and along g itself -eta * |g_hat| * |g|. The share "
            "is the first divided by the second.",
        ),
    ),
    "06.4": Choice(
        convict,
        returns=("mystery_1", "mystery_2", "mystery_3"),
        call=lambda function: function(),
        hints=(
            "check_layer says which gradients are right. A slip in one of eqs. 5.4 to 5.7 spoils "
            "one array, and so does one in eq. 5.3.",
            "Where all is spoilt, ask at T = 1: no carry can go wrong there, and a constant factor "
            "would show as a constant ratio. What else is wrong there is another line, such as "
            "eq. 5.2.",
            "Where all seems right, the sequence may be too short for a carry to go wrong. Go up, "
            "one T at a time.",
        ),
        praise="names the line of each of the three.",
    ),
    "06.5": Exercise(
        layer_norm_backward,
        returns=("dx", "dgain", "dbias"),
        axes={"dx": "sample unit"},
        arrays=_layer_norm_arrays,
        cases=((7, 6), (3, 9), (2, 3), (1, 4), (5, 5)),
        call=with_cache,
        hints=(
            "check_layer names the wrong gradient; one line makes it. What does that line take for "
            "a constant that is made from x?",
            "On how many roads does x reach n? Directly, through the mean and through std. For the "
            "third: the derivative of std by centred is centred / (H std), which is n / H.",
            "dx = (dn - mean of dn - n * mean of (dn * n)) / std, the means along each row.",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class CaseFile(Picture):
    """A slip: its lines beside the right ones, its gradients, and how a network trains on them.

    `arrays` names what is compared, `right_loss` is the training curve of the right gradient.
    """

    LINES = 2  # of code, at most, that a slip may change

    @styled
    def __init__(self, arrays, right_loss, title=""):
        super().__init__(8, 5.3)
        self._arrays, self._right = tuple(arrays), np.asarray(right_loss, dtype=float)
        sheet = self._sheet(title)
        self._code = {
            "right": self._lines_of_code(sheet, "right", "truth", 4.82),
            "wrong": self._lines_of_code(sheet, "wrong", "wrong", 4.3),
        }
        left, top = 0.95, 3.4
        across = (7.9 - left) / len(self._arrays)
        for j, name in enumerate(self._arrays):
            centre = {"x": left + across * (j + 0.5), "ha": "center", "va": "bottom"}
            sheet.text(**centre, y=top + 0.06, s=name, size=9)
        for i, name in enumerate(("cosine", "length")):
            y = top - CELL_HEIGHT * (i + 0.5)
            sheet.text(left - 0.1, y, name, size=9, ha="right", va="center")
        place = left, top, (2, len(self._arrays)), 1.0, (across, CELL_HEIGHT)
        self._cells = Cells(self, sheet, *place)
        steps = len(self._right)
        limits = self._right.min() / 3, self._right.max() * 2
        axes = self._chart(0.85, 0.58, 6.2, 1.8, xlim=(0, steps), ylim=limits)
        axes.set(yscale="log", xlabel="training step", ylabel="loss in nats per letter")
        truth, wrong = ROLES["truth"], ROLES["wrong"]
        axes.plot(self._right, color=truth.colour, ls=truth.line, lw=1.2)
        (self._wrong,) = axes.plot([], [], color=wrong.colour, ls=wrong.line, lw=2.2)
        self._animated(self._wrong)
        for x, role, name in ((4.9, truth, "right"), (6.0, wrong, "wrong")):
            key = Line2D([x, x + 0.4], [2.5, 2.5], color=role.colour, ls=role.line, lw=2)
            sheet.add_artist(key)
            sheet.text(x + 0.48, 2.5, name, size=9, va="center")

    def _lines_of_code(self, sheet, name, role, top):
        """Room for some lines of code: a word, a coloured bar, and the text, which moves."""
        sheet.text(0.75, top - 0.03, name, size=9, ha="right", va="top", weight="bold")
        bar = Rectangle((0.85, top), 0.05, 0, fc=ROLES[role].colour, lw=0)
        look = {"size": 8.5, "va": "top", "family": FONT.get_name(), "linespacing": 1.5}
        text = sheet.text(0.97, top - 0.04, "", **look)
        return self._animated(sheet.add_patch(bar)), self._animated(text)

    def update(self, right, wrong, cosines, lengths, loss):
        """Show lines of code, a cosine and a length for each array, and the training curve."""
        for name, lines in (("right", right), ("wrong", wrong)):
            if len(lines) > self.LINES:
                raise ValueError(f"{len(lines)} {name} lines do not fit; show {self.LINES} at most")
            bar, text = self._code[name]
            bar.set_height(-0.2 * len(lines))  # downwards
            text.set_text("\n".join(lines))
        shape = (len(self._arrays),)
        cosines, lengths = checked(cosines, shape, "cosines"), checked(lengths, shape, "lengths")
        texts = [list(map(number, row)) for row in (cosines, lengths)]
        self._cells.show([cosines, 0 * lengths], "the cosines", texts)
        self._wrong.set_data(np.arange(len(loss)), loss)
        told = (f"{plain(a)} {c} and {n}" for a, c, n in zip(self._arrays, *texts))
        self._alt = (
            f"Right: {' / '.join(right)}. Wrong: {' / '.join(wrong)}. Cosine to the right gradient "
            f"and length beside it: {', '.join(told)}. Below, the training curves: after "
            f"{len(loss)} steps the loss is {number(loss[-1])} with the wrong gradient and "
            f"{number(self._right[-1])} with the right one."
        )
        return self._moving


# Samples for the tests
def _case_file(rng, scale):
    names = [f"$dx_{t}$" for t in range(1, 6)] + ["$dh_0$", "$dW_x$", "$dW_h$", "$db$", "dh after"]
    picture = CaseFile(names, 3 * np.exp(-rng.random(50).cumsum()), title="It trains")
    one = ["dWh = states[:-1].reshape(T * N, H).T @ dz  # (H, H)  eq. 5.6"]
    two = ["for dh_t, dz_t in zip(dh.swapaxes(0, 1)[::-1], dz[::-1]):", "dz_t *= dh_t + dprev_h"]

    def move():
        right, wrong = rng.choice([0, 1], 2)
        cosines, lengths = np.tanh(widest(rng, (10,), scale)), np.abs(widest(rng, (10,), scale))
        curve = 3 * np.exp(-rng.random(50).cumsum())
        return picture.update((one, two)[right], (one, two)[wrong], cosines, lengths, curve)

    return picture, move


SAMPLES = [
    Sample(_case_file),
]
