"""Chapter 06: what catches a wrong gradient, three mystery functions, and a slip from close by."""

import functools
from numbers import Real

from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
import numpy as np

from course.artists import CELL_HEIGHT, FONT, ROLES, Cells, Picture, checked, number, plain, styled
from course.chapter_05 import BACKWARD_SLIPS, forward_with_cache, rnn_backward
from course.exercises import Exercise, desk, listed
from course.samples import Sample, widest
from course.slips import slips


# Plain code
def cosine(g, g_hat):
    lengths = np.linalg.norm(g) * np.linalg.norm(g_hat)
    return np.sum(g * g_hat) / lengths if lengths else 0.0  # eq. 6.2


def convict():
    mystery_1 = 5.2  # all five wrong, and dx at the last step as well: the slope
    mystery_2 = 5.3  # dh0 alone
    mystery_3 = 5.1  # right up to T = 3; from T = 4 on wrong, but not at the last step
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
    kept = all(map(np.array_equal, given, (dh, *cache)))
    moved = [at + 1e-30j * v for at, v in zip(inputs, directions)]
    ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30  # the right side of eq. 6.3
    back = sum(np.sum(v * gradient) for v, gradient in zip(directions, gradients))  # the left side
    return np.isclose(back, ahead) and kept


# The mystery functions of exercises 06.1 to 06.3. Which line? Ask the functions, not this file.
MYSTERIES = "slope at h(t-1)", "dh0 one step early", "truncated to 3 steps"


def _suspect(number):
    [slip] = [slip for slip in BACKWARD_SLIPS if slip.name == MYSTERIES[number - 1]]
    backward = slip.build()

    def suspect(dh, cache):
        return backward(dh, cache)

    suspect.__name__ = suspect.__qualname__ = f"mystery_{number}"
    return suspect


mystery_1, mystery_2, mystery_3 = map(_suspect, (1, 2, 3))


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        convict,
        ("mystery_1: a carry", "T = 1 settles whether eq. 5.1 is at fault: with one step nothing is carried. Ask mystery_1 there: it is wrong all the same.", "mystery_1 = 5.2", "mystery_1 = 5.1"),
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
        ("shapes only", "That lets all of them pass. The shapes are right in all, the loss falls with all, and each agrees with itself: compare the numbers with what forward says.", "np.isclose(back, ahead) and kept", "all(v.shape == gradient.shape for v, gradient in zip(directions, gradients))"),
        ("the loss falls", "That asks whether a step makes the loss smaller. It does for every gradient that points roughly downhill: compare numbers.", "np.isclose(back, ahead) and kept", "np.sum(dh * forward(*[at - g for at, g in zip(inputs, gradients)])[0]) < np.sum(dh * forward(*inputs)[0])"),
        ("one step", "With T = 1 there is no carry and no sum over time: take a longer sequence.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 1, 3, 4"),
        ("three steps", "Three steps are too few: a carry that is cut after three steps looks right. Take a longer sequence.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 3, 3, 4"),
        ("one sample", "With N = 1 a mean over the batch is its sum: take two samples or more.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 5, 3, 4"),
        ("one unit", "A Wh that is its own transpose hides a transpose that is missing, and with H = 1 it always is: take several units, and draw Wh at random.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 2, 5, 3, 1"),
        ("upstream gradient of ones", "A dh of ones is the same at every step and in every unit, so it hides who is given whose: draw it at random, eq. 2.6.", "dh = rng.standard_normal((N, T, H))", "dh = np.ones((N, T, H))"),
        ("tiny weights", "Where all inputs are tiny, tanh is a straight line of slope 1, and no mistake in its slope can be seen: draw them larger.", "0.5 * rng", "1e-3 * rng"),
        ("parameters only", "That asks about the weights alone: dx and dh0 may be wrong.", "    dh = rng", "    directions[0] *= 0; directions[1] *= 0; dh = rng"),
        ("arguments not looked at", "The numbers are right, but some change what belongs to the caller, dh or the arrays in the cache: compare each with a copy from before the call.", " and kept", ""),
        ("dh alone looked at", "The numbers are right and dh is as it was, but one of them writes into the cache: compare its arrays as well with copies from before the call.", "given, (dh, *cache)", "given, (dh,)"),
        ("no copy", "One of them changes dh, and its gradients are right for the changed dh; one writes into the cache. Compare them with copies from before the call: dh.copy(), since `given = dh` is no copy, but a second name.", "[array.copy() for array in (dh, *cache)]", "[dh, *cache]"),
        ("backward beside itself", "That asks backward twice and compares it with itself, so what is wrong each time gets by: compare it with what forward says.", "np.sum(dh * forward(*moved)[0].imag) / 1e-30", "sum(np.sum(v * again) for v, again in zip(directions, backward(given[0], tuple(given[1:]))))", " and kept", ""),
        ("one short sequence", "With one short sequence no carry is cut, and a mean over the batch is its sum: take two samples or more, and five steps.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 3, 3, 4"),
        ("one step of one sample", "With T = 1 there is no carry and no sum over time, and with N = 1 a mean over the batch is its sum: take two samples or more, and five steps.", "N, T, D, H = 2, 5, 3, 4", "N, T, D, H = 1, 1, 3, 4"),
        ("mean for sum", "Is there a tolerance? Two ways to one number differ in the last digits: ask with np.isclose, not with ==. Or is the loss of the witness a mean? It should be the sum over all entries, eq. 2.6.", "np.sum(dh * forward(*moved)[0].imag)", "np.mean(dh * forward(*moved)[0].imag)"),
    ),
]
# fmt: on


# Exercises
MOST_CALLS = 10  # of forward, for a check that is cheap


def _not_the_line(part, has, needs):
    if has not in (5.1, 5.2, 5.3, 5.4, 5.5, 5.6, 5.7):
        return f"{part} is {has:g}; it should be one of the seven, 5.1 to 5.7."
    return f"{part} is not wrong in eq. {has:g}; it should be another equation."


def _verdicts(function):
    """What a check says of right backward passes and of wrong ones: 1 for True, 0 for False.

    NaN stands for anything else; to stop at a wrong one is to say False. Beside it stands how often
    forward was called for one of them, if that is too often. Of the first, the right one, a check
    that says nothing has not been written yet, and one that says a number needs to hear no more.
    """
    calls = []

    def forward(x, h0, Wx, Wh, b):
        calls.append(1)
        return forward_with_cache(x, h0, Wx, Wh, b)

    verdicts, most = [], MOST_CALLS
    for backward in _backward_passes().values():
        calls.clear()
        try:
            says = function(forward, backward)
        except Exception:
            if not verdicts:  # it stops at the right one
                raise
            says = False
        known = isinstance(says, (bool, np.bool_))
        if not verdicts and (says is None or says is ...):
            return says
        if not verdicts and not known and isinstance(says, Real):
            return says, most
        verdicts.append(float(says) if known else np.nan)
        most = max(most, len(calls))
    return np.array(verdicts), most


@functools.cache
def _backward_passes():
    def rounded_otherwise(dh, cache):
        return tuple(array * (1 + 1e-14) for array in rnn_backward(dh, cache))

    right = {"right": rnn_backward, "right but for rounding": rounded_otherwise}
    return right | {slip.name: slip.build() for slip in BACKWARD_SLIPS}


def _let_through(part, has, needs):
    if part != "my_check":
        return f"my_check calls forward {has:g} times; it should be {MOST_CALLS} times at most."
    if has.shape == ():
        return (
            f"my_check returns a number, {has:.4g}; it should be True or False. Is it small "
            "enough? Ask with np.isclose."
        )
    if np.isnan(has).any():
        return (
            "my_check returns neither True nor False; it should be one of them, of all that it is "
            "asked about. (np.all makes one of many.)"
        )
    if np.array_equal(has, 1 - needs):
        return (
            "my_check says it all the other way round; it should be True of the right backward "
            "pass and False of a wrong one."
        )
    right, rounded_otherwise, *wrong = has
    if not right:
        return "my_check says False of the right backward pass; it should be True."
    if not rounded_otherwise:
        return (
            "my_check says False of the right backward pass with its numbers rounded otherwise; it "
            "should be True: is there a tolerance? Two ways to one number differ in the last "
            "digits: ask with np.isclose, not with ==."
        )
    names = [f"*{name}*" for name, passes in zip([*_backward_passes()][2:], wrong) if passes]
    more = [f"{len(names) - 3} more"] if len(names) > 4 else names[3:]
    return f"my_check says True of {listed(names[:3] + more)}; it should be False."


EXERCISES = {
    "06.1 to 06.3": Exercise(
        convict,
        returns=("mystery_1", "mystery_2", "mystery_3"),
        arrays=lambda normal: {},
        cases=((),) * 3,
        call=lambda function: function(),
        hints=(
            "check_layer says which gradients are right. A slip in one of eqs. 5.4 to 5.7 spoils "
            "one array, and so does one in eq. 5.3.",
            "Where all is spoilt, T = 1 settles whether eq. 5.1 is at fault: with one step nothing "
            "is carried. Who is wrong there has another line to answer for, such as eq. 5.2.",
            "Where all seems right, the sequence may be too short for a carry to go wrong. Go up, "
            "one T at a time.",
        ),
        praise="names the line of each of the three.",
        where=_not_the_line,
    ),
    "06.4": Exercise(
        my_check,
        returns=("my_check", "calls of forward"),
        arrays=lambda normal: {},
        cases=((),) * 3,
        call=_verdicts,
        hints=(
            "Eq. 6.3 asks all five inputs at once, for one call of forward.",
            "Draw one random direction for each of the five inputs and move all five together, by "
            "the complex step. The left side of eq. 6.3 is then a sum over five arrays.",
            "ahead = np.sum(dh * forward(*moved)[0].imag) / 1e-30 with moved = [at + 1e-30j * v "
            "...]; back = sum(np.sum(v * gradient) ...). And are dh and the arrays in "
            "the cache what they were before the call?",
        ),
        praise=f"passes the right backward pass and catches all {len(_backward_passes()) - 2} "
        f"wrong ones, with at most {MOST_CALLS} calls of forward for each.",
        where=_let_through,
        handed="forward returns (h, cache); backward takes dh and the cache, and returns the "
        "five gradients.",
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
            f"and length beside it: {', '.join(told)}. Below, the training curves of both."
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
