"""Exercises: the reader writes a function, and `check`, in the same cell, answers in words.

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        next_h = ...
        return next_h


    check(rnn_step_forward)

What is still `...` is "to do" and stops nothing. `hint(rnn_step_forward)` says one thing more each
time, `solution(rnn_step_forward)` prints an answer. For teachers: with `exercises.strict = True`,
or COURSE_STRICT=1 in the environment, an answer that is wrong or missing raises AssertionError.

A chapter makes the three from its exercises and its slips: `check, hint, solution = desk(...)`.
"""

from collections.abc import Callable
import contextlib
from dataclasses import dataclass, replace
import dis
import functools
import inspect
from itertools import combinations, product
import linecache
from numbers import Number
import os
import re
import traceback
from types import FunctionType

import numpy as np

from gradient_check.diagnoses import Case, first_fit

strict = os.environ.get("COURSE_STRICT", "0") not in ("", "0")

SIZES = (2, 5, 3, 4), (3, 4, 5, 2), (1, 1, 3, 2)  # N, T, D, H: all different, then small
TOLERANCE = 1e-9  # relative to the largest entry that is needed
AFTER = " after the call"
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

    answer   a right function, which `solution` prints
    returns  the names of what it returns, in order
    arrays   arrays(normal, *case) -> random arrays by name; normal(shape) draws one
    call     call(function, **arrays) calls the reader's function, or a right or wrong version
    hints    each says more than the one before
    cases    what `arrays` is asked for, in order; by default the sizes N, T, D, H
    praise   what is said of an answer that is right, after the name of the function
    where    where(part, has, needs) says where an answer is wrong, if it is a choice: not a number
             that can be nearly right, or be right but for a factor
    handed   what the functions return that the reader's is handed; said where his stops
    """

    answer: FunctionType
    returns: tuple
    call: Callable
    hints: tuple
    arrays: Callable
    cases: tuple = SIZES
    praise: str = ""
    where: Callable | None = None
    handed: str = ""


def desk(exercises, slips):
    """Return check, hint and solution for these exercises, {number: Exercise}, and slips."""
    by_name = {exercise.answer.__name__: exercise for exercise in exercises.values()}
    wrong = {name: [s for s in slips if s.function.__name__ == name] for name in by_name}
    hints_given = {}  # name of the function -> level of the last hint

    def find(function):
        name = function if isinstance(function, str) else getattr(function, "__name__", function)
        if name not in by_name:
            raise ValueError(f"{name} is no exercise; the exercises are {listed(by_name)}")
        return name, by_name[name]

    def check(function):
        """Say in words whether the reader's function is right and, if it is not, what is wrong."""
        if not isinstance(function, FunctionType):
            raise TypeError(
                f"check is given a {type(function).__name__}; it should be your function"
            )
        name, exercise = find(function)
        try:
            with np.errstate(all="ignore"):  # NaN and infinity get a verdict, not a warning
                for seed, case in enumerate(exercise.cases):
                    arrays = exercise.arrays(np.random.default_rng(seed).standard_normal, *case)
                    _judge(exercise, wrong[name], function, arrays, case)
        except AssertionError as verdict:
            if strict:
                raise AssertionError(str(verdict)) from None
            print(verdict)
        else:
            usual = f"returns the right {listed(exercise.returns)} at all sizes tried."
            print(f"Right: {name} {exercise.praise or usual}")

    def hint(function, level=None):
        """Print the next hint for the function, or the hint of that level."""
        name, exercise = find(function)
        last = len(exercise.hints)
        level = min(hints_given.get(name, 0) + 1, last) if level is None else level
        if level not in range(1, last + 1):
            raise ValueError(f"level is {level}; it should be from 1 to {last}")
        hints_given[name] = level
        print(f"Hint {level} of {last}: {exercise.hints[level - 1]}")
        if level == last:
            print(f"That was the last one; solution({name}) prints an answer.")

    def solution(function):
        """Print an answer that passes the check."""
        _, exercise = find(function)
        print(inspect.getsource(exercise.answer).rstrip())

    return check, hint, solution


# The verdict. Each step raises AssertionError, in words for the reader, if that is where it ends.
def _judge(exercise, slips, function, arrays, case):
    name = function.__name__
    needs = _observe(exercise, exercise.call, exercise.answer, arrays)
    has = _observe(exercise, functools.partial(_call, exercise), function, arrays)
    blank = [part for part, value in has.items() if value is None or value is ...]
    if len(blank) == len(exercise.returns):
        raise AssertionError(_to_do(name, blank))
    has = {part: _as_array(part, has[part], needs[part]) for part in has if part not in blank}
    wrong = [part for part in has if not _same(has[part], needs[part])]
    right = [part for part in exercise.returns if part not in wrong + blank]
    if not wrong and not blank:
        return

    lines = [f"With {_shapes(arrays)}:"] if arrays and case != exercise.cases[0] else []
    returned = [part for part in exercise.returns if part in wrong]
    if returned or blank:  # else the numbers are right, and who read "Right" would stop there
        kinds = {"Right": right, "Wrong": returned, "To do": blank}
        lines.append(" ".join(f"{kind}: {listed(of)}." for kind, of in kinds.items() if of))
    tell = exercise.where or _first_wrong
    for part in returned if exercise.where else returned[:1]:
        lines.append(tell(part, has[part], needs[part]))
    if wrong:
        borrowed = _borrowed(function) if arrays else {}
        lines += [_not_made(name, value) for name, value in borrowed.items()]
        if not borrowed:
            lines += _reasons(exercise, slips, arrays, case, has, needs, wrong)
    raise AssertionError("\n".join(lines))


def _observe(exercise, call, function, arrays):
    """Return by name what a function returns, and what its arguments are after the call."""
    given = {name: array.copy() for name, array in arrays.items()}
    returned = _as_tuple(exercise.returns, function.__name__, call(function, **given))
    after = {name + AFTER: array for name, array in given.items()}
    return dict(zip(exercise.returns, returned)) | after


def _call(exercise, function, **arrays):
    try:
        returned = exercise.call(function, **arrays)
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
    what = name if name in parts else f"{listed(parts)} in {name}"
    return f"To do: {what}. hint({name}) helps."


def _as_tuple(names, function, returned):
    if returned is None or returned is ...:
        return [None] * len(names)
    if len(names) == 1:
        return [returned]
    several = isinstance(returned, (tuple, list))
    if not several or len(returned) != len(names):
        count = f"{len(returned)} values" if several else "one value"
        needed = f"{len(names)}: {listed(names)}"
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
def _reasons(exercise, slips, arrays, case, has, needs, wrong):
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
    for at_once in (1, 2):
        for hints, function in _wrong_versions(tuple(slips), at_once):
            suspects.append((hints, _observe(exercise, exercise.call, function, arrays)))
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
            fit = None if exercise.where else _description(has[part], needs[part], case)
            fits.setdefault(fit, []).append(part)
        else:
            who = "Your function" if returned else "The numbers are right, but your function"
            argument = part.removesuffix(AFTER)
            lines.append(f"{who} changes its argument {argument}; make a new array instead.")
    unknown = fits.pop(None, [])
    for fit, (first, *others) in fits.items():
        lines.append(f"Your {first} {fit}.")
        lines += [f"So it is with {listed(others)}."] if others else []
    if unknown and lines and not exercise.where:
        lines.append(f"Mend that and check again: {listed(unknown)} may need more.")
    elif unknown and not lines:
        lines.append(f"hint({exercise.answer.__name__}) helps.")
    return lines


def _description(has, needs, case):
    """Say what the kind of mistake looks like that no slip explains, or None."""
    time_axis = 1 if needs.ndim == 3 else None
    sizes = dict(zip("NT", case))
    fit = first_fit(Case(has, needs, TOLERANCE, sizes=sizes, time_axis=time_axis))
    return fit and fit.of_yours


@functools.cache
def _wrong_versions(slips, at_once):
    """Return (hints, function) for each choice of so many slips that can be made at once."""
    versions = []
    for rows in combinations(slips, at_once):
        edits = tuple(edit for row in rows for edit in row.edits)
        with contextlib.suppress(LookupError):  # two of them edit the same words
            versions.append(([row.hint for row in rows], replace(rows[0], edits=edits).build()))
    return versions


# Words
def listed(names):
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _shapes(arrays):
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items())


# How the reader's function is called
def in_order(function, **arrays):
    """Call with the arrays one after the other."""
    return function(*arrays.values())


def with_cache(function, **arrays):
    """Call a backward pass: the first array is the gradient from above, the rest is the cache."""
    upstream, *cache = arrays.values()
    return function(upstream, tuple(cache))
