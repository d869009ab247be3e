"""Exercises: the reader writes a function, and `check`, in the same cell, answers in words.

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        next_h = ...
        return next_h


    check(rnn_step_forward)

What is still `...` is "to do" and stops nothing. `hint(rnn_step_forward)` says one thing more each
time, `solution(rnn_step_forward)` prints an answer. For teachers: with `exercises.strict = True`,
or COURSE_STRICT=1 in the environment, an answer that is wrong or missing raises AssertionError.

To add an exercise, write its solution into solutions.py, its slips into wrong_versions.py unless
they are there, and an entry into EXERCISES, at the end.
"""

from collections.abc import Callable
import contextlib
import copy
from dataclasses import dataclass, replace
import dis
import functools
import inspect
from itertools import combinations, product
import linecache
from numbers import Number, Real
import os
import re
import traceback
from types import FunctionType

import numpy as np

from course import solutions, wrong_versions
from gradient_check.diagnoses import Case, first_fit
import rnn_layers

strict = os.environ.get("COURSE_STRICT", "0") not in ("", "0")

SIZES = [(2, 5, 3, 4), (3, 4, 5, 2), (1, 1, 3, 2)]  # N, T, D, H: all different, then small
TOLERANCE = 1e-9  # relative to the largest entry that is needed
AFTER = " after the call"
MOST_CALLS = 10  # of forward, for a check that is cheap
PLAINER = {  # what Python or NumPy says of an error -> what is said instead
    r" at 0x[0-9a-fA-F]+": "",
    r"matmul: .*\(size (\d+) is different from (\d+)\)": r"the inner sizes \2 and \1 do not match",
    r"shapes .*: (\d+) \(dim \d\) != (\d+) \(dim \d\)": r"the inner sizes \1 and \2 do not match",
    r"can't multiply sequence by non-int .*": "a list is no array: treat its arrays one by one",
    r"unsupported operand .*'list'.*": "a list is no array: treat its arrays one by one",
    r"setting an array element .* inhomogeneous .*": "arrays of different shapes make no array: "
    "treat them one by one",
}


@dataclass(frozen=True)
class Exercise:
    """What the reader is asked for, and how it is judged.

    returns  the names of what his function returns, in order
    draw     draw(normal, N, T, D, H) -> random arrays by name; normal(shape) draws one
    ask      ask(function, **arrays) calls the reader's function
    know     know(function, **arrays) calls the right function, or a wrong version of it
    hints    each says more than the one before
    praise   what is said of an answer that is right, after the name of the function
    where    where(part, has, needs) says where an answer is wrong, if it is a choice: not a number
             that can be nearly right, or be right but for a factor
    handed   what the functions return that the reader's is handed; said where his stops
    """

    returns: tuple
    draw: Callable
    ask: Callable
    know: Callable
    hints: tuple
    praise: str = ""
    where: Callable | None = None
    handed: str = ""


def check(function):
    """Say in words whether the reader's function is right and, if it is not, what is wrong."""
    if not isinstance(function, FunctionType):
        raise TypeError(f"check is given a {type(function).__name__}; it should be your function")
    name, exercise = _find(function)
    try:
        with np.errstate(all="ignore"):  # NaN and infinity get a verdict, not a warning
            for seed, sizes in enumerate(SIZES):
                arrays = exercise.draw(np.random.default_rng(seed).standard_normal, *sizes)
                _judge(exercise, function, arrays, sizes)
    except AssertionError as verdict:
        if strict:
            raise AssertionError(str(verdict)) from None
        print(verdict)
    else:
        usual = f"returns the right {_listed(exercise.returns)} at all sizes tried."
        print(f"Right: {name} {exercise.praise or usual}")


def hint(function, level=None):
    """Print the next hint for the function, or the hint of that level."""
    name, exercise = _find(function)
    last = len(exercise.hints)
    level = min(_hints_given.get(name, 0) + 1, last) if level is None else level
    if level not in range(1, last + 1):
        raise ValueError(f"level is {level}; it should be from 1 to {last}")
    _hints_given[name] = level
    print(f"Hint {level} of {last}: {exercise.hints[level - 1]}")
    if level == last:
        print(f"That was the last one; solution({name}) prints an answer.")


def solution(function):
    """Print an answer that passes the check."""
    name, _ = _find(function)
    print(inspect.getsource(getattr(solutions, name)).rstrip())


_hints_given = {}  # name of the function -> level of the last hint


def _find(function):
    name = function if isinstance(function, str) else getattr(function, "__name__", function)
    if name not in EXERCISES:
        raise ValueError(f"{name} is no exercise; the exercises are {_listed(EXERCISES)}")
    return name, EXERCISES[name]


# The verdict. Each step raises AssertionError, in words for the reader, if that is where it ends.
def _judge(exercise, function, arrays, sizes):
    name = function.__name__
    needs = _observe(exercise, exercise.know, _right_version(name), arrays)
    has = _observe(exercise, functools.partial(_call, exercise), function, arrays)
    blank = [part for part, value in has.items() if value is None or value is ...]
    if len(blank) == len(exercise.returns):
        raise AssertionError(_to_do(name, blank))
    has = {part: _as_array(part, has[part], needs[part]) for part in has if part not in blank}
    wrong = [part for part in has if not _same(has[part], needs[part])]
    right = [part for part in exercise.returns if part not in wrong + blank]
    if not wrong and not blank:
        return

    lines = [f"With {_shapes(arrays)}:"] if arrays and sizes != SIZES[0] else []
    returned = [part for part in exercise.returns if part in wrong]
    if returned or blank:  # else the numbers are right, and who read "Right" would stop there
        kinds = {"Right": right, "Wrong": returned, "To do": blank}
        lines.append(" ".join(f"{kind}: {_listed(of)}." for kind, of in kinds.items() if of))
    tell = exercise.where or _first_wrong
    for part in returned if exercise.where else returned[:1]:
        lines.append(tell(part, has[part], needs[part]))
    if wrong:
        borrowed = _borrowed(function) if arrays else {}
        lines += [_not_made(name, value) for name, value in borrowed.items()]
        if not borrowed:
            lines += _reasons(exercise, name, arrays, sizes, has, needs, wrong)
    raise AssertionError("\n".join(lines))


def _observe(exercise, call, function, arrays):
    """Return by name what a function returns, and what its arguments are after the call."""
    given = {name: array.copy() for name, array in arrays.items()}
    returned = _as_tuple(exercise.returns, function.__name__, call(function, **given))
    after = {name + AFTER: array for name, array in given.items()}
    return dict(zip(exercise.returns, returned)) | after


def _call(exercise, function, **arrays):
    try:
        returned = exercise.ask(function, **arrays)
    except Exception as error:
        raise AssertionError(_stumble(exercise, function, error, arrays)) from None
    named = {*inspect.signature(function).parameters, *arrays}
    if returned is None and not named.issuperset(function.__code__.co_varnames):
        raise AssertionError(f"{function.__name__} returns nothing: is the `return` line there?")
    return returned


def _stumble(exercise, function, error, arrays):
    """Say where the reader's function stopped and why: not yet written, or a mistake."""
    name, code = function.__name__, function.__code__
    what = f"{type(error).__name__}: {error}"
    for pattern, plainer in PLAINER.items():
        what = re.sub(pattern, plainer, what)
    stops = [
        (frame.f_locals, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if frame.f_code.co_filename == code.co_filename
    ]
    if not stops:
        return f"{name} does not take what it is given.\n{what}"
    seen, line = stops[-1]
    text = linecache.getline(code.co_filename, line).strip()
    words = dict.fromkeys(re.findall(r"\w+", text))
    blank = [word for word in words if seen.get(word) is ...]
    if isinstance(error, NameError) and error.name in exercise.returns:
        blank.append(error.name)
    if blank or isinstance(error, NotImplementedError):
        return _to_do(name, blank or exercise.returns)
    borrowed = _borrowed(function) if arrays else {}
    known = borrowed | seen
    there = {word: known[word] for word in words if isinstance(known.get(word), np.ndarray)}
    lines = [f"{name} stops in its line {line - code.co_firstlineno + 1}: {text}", what]
    lines += [f"The shapes there: {_shapes(there)}."] if there else []
    lines += [_not_made(word, borrowed[word]) for word in words if word in borrowed]
    lines += [exercise.handed] if exercise.handed else []
    return "\n".join(lines)


def _borrowed(function):
    """Return by name the arrays and numbers that a function takes from the notebook around it."""
    names = [step.argval for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL"]
    found = {name: function.__globals__.get(name) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray | Number)}


def _not_made(name, value):
    which = f"of shape {value.shape}" if isinstance(value, np.ndarray) else f"{value:.4g}"
    return (
        f"`{name}` is not made in your function; Python took the one from the notebook, {which}. "
        "Make it in the function first."
    )


def _to_do(name, parts):
    what = name if name in parts else f"{_listed(parts)} in {name}"
    return f"To do: {what}. hint({name}) helps."


def _as_tuple(names, function, returned):
    if returned is None or returned is ...:
        return [None] * len(names)
    if len(names) == 1:
        return [returned]
    several = isinstance(returned, (tuple, list))
    if not several or len(returned) != len(names):
        count = f"{len(returned)} values" if several else "one value"
        needed = f"{len(names)}: {_listed(names)}"
        raise AssertionError(f"{function} returns {count}; it should return {needed}.")
    return returned


def _as_array(name, value, needed):
    if not isinstance(value, np.ndarray | Number):
        shape = np.shape(needed)
        kind = f"a numpy.ndarray of shape {shape}" if shape else "a number"
        raise AssertionError(f"{name} is of type {type(value).__name__}; it should be {kind}.")
    array = np.asarray(value)
    if array.dtype.kind not in "iuf" and array.dtype != np.asarray(needed).dtype:
        raise AssertionError(f"{name} has dtype {array.dtype}; it should be float64.")
    return array


def _same(has, needs):
    if np.shape(has) != np.shape(needs):
        return False
    nan = np.isnan(has) & np.isnan(needs)
    alike = nan | np.isinf(needs) & (has == needs)  # a slip may give NaN or infinity
    has, needs = (np.where(alike, 0, array) for array in (has, needs))
    return not np.any(Case(has, needs, TOLERANCE).wrong())


def _first_wrong(name, has, needs):
    if has.shape == () != needs.shape:
        return f"{name} is one number; it should be a numpy.ndarray of shape {needs.shape}."
    if has.shape != needs.shape:
        return f"{name} has shape {has.shape}; it should be {needs.shape}."
    first = tuple(np.argwhere(Case(has, needs, TOLERANCE).wrong())[0].tolist())
    where = f"{name}: entry {list(first)}" if first else name
    value, needed = f"{has[first]:.4g}", f"{needs[first]:.4g}"
    if value == needed:
        return f"{where} is {value}, right to four digits; off by {has[first] - needs[first]:.1e}."
    return f"{where} is {value}; it should be {needed}."


# The kind of mistake
def _reasons(exercise, name, arrays, sizes, has, needs, wrong):
    """Return a line for each slip that gives the same wrong arrays, and for what is left."""
    returned = [part for part in exercise.returns if part in wrong]
    for part, other in product(returned, exercise.returns):
        if not exercise.where and _same(has[part], needs[other]):
            return [f"What stands in the place of {part} is {other}: mind the order."]

    def score(suspect):
        """Count the arrays that a slip explains, less those that it would spoil otherwise."""
        spoils = [part for part in has if not _same(suspect[1][part], needs[part])]
        same = [part for part in spoils if _same(has[part], suspect[1][part])]
        return sum(part in left for part in same) - (len(spoils) - len(same))

    found, left, suspects = [], wrong, []
    for slips in (1, 2):
        for hints, function in _wrong_versions(name, slips):
            suspects.append((hints, _observe(exercise, exercise.know, function, arrays)))
        if score(max(suspects, key=score)) == len(wrong):
            break
    while left:
        hints, gives = best = max(suspects, key=score)
        if score(best) <= 0:
            break
        explained = [part for part in left if _same(has[part], gives[part])]
        found.append((wrong.index(explained[0]), hints))
        left = [part for part in left if part not in explained]
    lines = list(dict.fromkeys(hint for _, hints in sorted(found) for hint in hints))

    fits = {}  # what is said of a part -> the parts of which it is said
    for part in left:
        if part in exercise.returns:
            fit = None if exercise.where else _description(has[part], needs[part], sizes)
            fits.setdefault(fit, []).append(part)
        else:
            who = "Your function" if returned else "The numbers are right, but your function"
            argument = part.removesuffix(AFTER)
            lines.append(f"{who} changes its argument {argument}; make a new array instead.")
    unknown = fits.pop(None, [])
    for fit, (first, *others) in fits.items():
        lines.append(f"Your {first} {fit}.")
        lines += [f"So it is with {_listed(others)}."] if others else []
    if unknown and lines and not exercise.where:
        lines.append(f"Mend that and check again: {_listed(unknown)} may need more.")
    elif unknown and not lines:
        lines.append(f"hint({name}) helps.")
    return lines


def _description(has, needs, sizes):
    """Say what the kind of mistake looks like that no slip explains, or None."""
    time_axis = 1 if needs.ndim == 3 else None
    case = Case(has, needs, TOLERANCE, sizes=dict(zip("NT", sizes)), time_axis=time_axis)
    fit = first_fit(case)
    return fit and fit.of_yours


def _right_version(name):
    return getattr(wrong_versions.of(name)[0].module, name)


@functools.cache
def _wrong_versions(name, slips):
    """Return (hints, function) for each choice of so many slips that can be made at once."""
    versions = []
    for rows in combinations(wrong_versions.slips(name), slips):
        edits = tuple(edit for row in rows for edit in row.edits)
        with contextlib.suppress(LookupError):  # two of them edit the same words
            versions.append(([row.hint for row in rows], replace(rows[0], edits=edits).build()))
    return versions


# Words
def _listed(names):
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _shapes(arrays):
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items())


# The exercises
def _step(normal, N, T, D, H):
    return {
        "x": normal((N, D)),
        "prev_h": np.tanh(normal((N, H))),
        "Wx": normal((D, H)) / 2,
        "Wh": normal((H, H)) / 2,
        "b": normal(H),
    }


def _step_and_gradient(normal, N, T, D, H):
    arrays = _step(normal, N, T, D, H)
    arrays["next_h"] = solutions.rnn_step_forward(**arrays)
    return {"dnext_h": normal((N, H))} | arrays


def _sequence(normal, N, T, D, H):
    arrays = _step(normal, N, T, D, H)
    del arrays["x"]
    return {"x": normal((N, T, D)), "h0": arrays.pop("prev_h")} | arrays


def _sequence_and_gradient(normal, N, T, D, H):
    arrays = _sequence(normal, N, T, D, H)
    arrays["h"] = solutions.rnn_forward(**arrays)
    return {"dh": normal((N, T, H))} | arrays


def _in_order(function, **arrays):
    return function(*arrays.values())


def _in_order_without_cache(function, **arrays):
    return function(*arrays.values())[0]


def _with_cache(function, b, **arrays):
    upstream, *cache = arrays.values()
    return function(upstream, tuple(cache))


def _with_cache_of_layer(function, dh, x, h0, Wx, Wh, b, h):
    states, cache = rnn_layers.rnn_forward(x, h0, Wx, Wh, b)
    returned = function(dh, cache)
    h[:] = states  # what the function may have written over them
    return returned


def _without_arguments(function):
    return function()


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
        return rnn_layers.rnn_forward(x, h0, Wx, Wh, b)

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
        return tuple(array * (1 + 1e-14) for array in rnn_layers.rnn_backward(dh, cache))

    right = {"right": rnn_layers.rnn_backward, "right but for rounding": rounded_otherwise}
    return right | {row.name: row.build() for row in wrong_versions.slips("rnn_backward")}


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
    return f"my_check says True of {_listed(names[:3] + more)}; it should be False."


def _gradients(normal, N, T, D, H):
    """Gradients that are longer than the threshold of 2; then shorter ones; then only zeros."""
    size = {2: 10.0, 3: 0.1, 1: 0.0}[N]
    shapes = {"dWx": (D, H), "dWh": (H, H), "db": H}
    return {name: size * normal(shape) for name, shape in shapes.items()}


def _in_a_list(function, **arrays):
    """Call with a list, and then write into what came back: that must not reach what was given."""
    returned = function(list(arrays.values()), 2.0)
    if not isinstance(returned, (tuple, list)):
        return returned
    answer = copy.deepcopy(returned)
    for array in returned:
        if isinstance(array, np.ndarray):
            array += 1
    return answer


def _scores_and_temperature(normal, N, T, D, H):
    """Scores around 0, but for the last row, where they are around 1000."""
    scores = 3 * normal((N, D))
    scores[-1] += 1000
    return {"scores": scores, "tau": np.float64({2: 0.5, 3: 2.0, 1: 0.8}[N])}


def _scores_labels_and_mask(normal, N, T, D, H):
    """Scores around 0, but for one step, where they are around 1000; each name ends earlier."""
    x = 3 * normal((N, T, H))
    x[-1, 0] += 1000
    return {
        "x": x,
        "y": np.argmax(normal((N, T, H)), axis=-1),
        "mask": np.arange(T) < T - np.arange(N)[:, np.newaxis],
    }


def _of_smooth_function(function, at):
    """Call for a function in which an entry left out of place shows in all other derivatives."""
    return function(lambda moved: 10 * np.sin(np.sum(np.tanh(moved))), at, 1e-3)


EXERCISES = {
    "rnn_step_forward": Exercise(
        returns=("next_h",),
        draw=_step,
        ask=_in_order,
        know=_in_order_without_cache,
        hints=(
            "Two lines: the sum z, eq. 1.3, then tanh of it, eq. 1.4.",
            "Row vectors stand to the left of the weights: x @ Wx has shape (N, H), and so has the "
            "part of the old state. b, of shape (H,), is added to each row.",
            "z = x @ Wx + prev_h @ Wh + b; then next_h = np.tanh(z).",
        ),
    ),
    "central_difference": Exercise(
        returns=("gradient",),
        draw=lambda normal, N, T, D, H: {"at": normal((N, D) if N > 1 else D)},
        ask=_of_smooth_function,
        know=_of_smooth_function,
        hints=(
            "Make an array of the shape of at, and fill it entry by entry with eq. 2.2.",
            "`for entry in np.ndindex(at.shape)` goes through all indices, whatever the shape. For "
            "each, copy at twice; add h to that entry of one copy, subtract it in the other.",
            "gradient[entry] = (f(ahead) - f(behind)) / (2 * h)",
        ),
    ),
    "rnn_step_backward": Exercise(
        returns=("dx", "dprev_h", "dWx", "dWh", "db"),
        draw=_step_and_gradient,
        ask=_with_cache,
        know=_with_cache,
        hints=(
            "First back through tanh, to dz, eq. 3.1. All five gradients come from dz.",
            "What goes to x and prev_h goes back through the weight: dz times its transpose. What "
            "goes to a weight is a product of the transpose of what it met and dz: compare shapes.",
            "dz = dnext_h * (1 - next_h**2), dx = dz @ Wx.T, dWx = x.T @ dz; dprev_h and dWh are "
            "alike, with Wh and prev_h; db = dz.sum(axis=0).",
        ),
    ),
    "rnn_forward": Exercise(
        returns=("h",),
        draw=_sequence,
        ask=_in_order,
        know=_in_order_without_cache,
        hints=(
            "Make an array h of shape (N, T, H) and fill it step by step: `for t in range(T)`.",
            "x[:, t] is the input of step t, of shape (N, D). Keep the present state in a name of "
            "its own: it starts as h0, and each step makes it anew.",
            "In the loop: h_t = np.tanh(x[:, t] @ Wx + b + h_t @ Wh), then h[:, t] = h_t.",
        ),
    ),
    "rnn_backward": Exercise(
        returns=("dx", "dh0", "dWx", "dWh", "db"),
        draw=_sequence_and_gradient,
        ask=_with_cache,
        know=_with_cache_of_layer,
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
    "convict": Exercise(
        returns=("mystery_1", "mystery_2", "mystery_3"),
        draw=lambda normal, N, T, D, H: {},
        ask=_without_arguments,
        know=_without_arguments,
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
    "my_check": Exercise(
        returns=("my_check", "calls of forward"),
        draw=lambda normal, N, T, D, H: {},
        ask=_verdicts,
        know=_verdicts,
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
    "clip_by_global_norm": Exercise(
        returns=("dWx", "dWh", "db"),
        draw=_gradients,
        ask=_in_a_list,
        know=_in_a_list,
        hints=(
            "First one number: the norm of all entries of all arrays together. Then one scale for "
            "all of them.",
            "The norm is the square root of the sum of all squares: np.sum(gradient**2) of each "
            "array, added up. The scale is threshold / norm where the norm is above the threshold, "
            "and 1 where it is not.",
            "norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients)), then "
            "[scale * gradient for gradient in gradients].",
        ),
        praise="scales long gradients down by one number, and leaves short ones and zeros alone.",
    ),
    "softmax_with_temperature": Exercise(
        returns=("p",),
        draw=_scores_and_temperature,
        ask=_in_order,
        know=_in_order,
        hints=(
            "The temperature divides the scores. What comes after it is softmax, row by row.",
            "keepdims=True keeps the axis that a sum or a maximum runs over, so that shapes (N, V) "
            "and (N, 1) fit. Subtract the largest score of each row before you take exp.",
            "scaled = scores / tau; shifted = scaled - scaled.max(axis=-1, keepdims=True); then "
            "np.exp(shifted), divided by its sum over the same axis.",
        ),
        praise="returns the right p for scores around 0 and around 1000.",
    ),
    "temporal_softmax_loss": Exercise(
        returns=("loss", "dx"),
        draw=_scores_labels_and_mask,
        ask=_in_order,
        know=_in_order,
        hints=(
            "Two loops will do, over n and over t. Where the mask is False there is nothing to do; "
            "where it is True, that one step adds to the loss and fills dx[n, t].",
            "Of one step, first log_p from eq. 8.7, with the largest score subtracted. From it the "
            "loss, eq. 8.8, and p = np.exp(log_p), which eq. 8.9 needs. Both are divided by N.",
            "loss -= log_p[y[n, t]] / N; dx[n, t] = np.exp(log_p) / N, and then "
            "dx[n, t, y[n, t]] -= 1 / N. Start from loss = 0.0 and dx = np.zeros_like(x).",
        ),
    ),
}
