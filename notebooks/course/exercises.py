"""Exercises: the reader writes a function, and `check`, in the same cell, answers in words.

    def rnn_step_forward(x, prev_h, Wx, Wh, b):
        next_h = ...
        return next_h


    check(rnn_step_forward)

What is still `...` is "to do" and stops nothing. `hint(rnn_step_forward)` says one thing more each
time, `solution(rnn_step_forward)` prints an answer. For teachers: with `exercises.strict = True`,
or COURSE_STRICT=1 in the environment, an answer that is wrong or missing raises AssertionError.

A chapter makes the three from its exercises and its slips: `check, hint, solution = desk(...)`.

How a verdict comes about: the reader's function is run on every case, twice on the first. What it
returns is compared with what a right answer returns, and then with what each slip returns, and each
pair of slips. A slip is named only where it explains an array in all cases; what no slip explains
is described, by what can be seen in it.
"""

from collections.abc import Callable
import contextlib
from dataclasses import dataclass, replace
import difflib
import dis
import functools
import inspect
from itertools import combinations, product
import linecache
from numbers import Number
import os
import re
import signal
import sys
import threading
import time
import traceback
from types import CodeType, FunctionType, GeneratorType
import warnings

import numpy as np

strict = os.environ.get("COURSE_STRICT", "").strip().lower() not in ("", "0", "false", "no", "off")

# N, T, D, H: first no axis that a factor could be mistaken for, then others, long, short and equal.
SIZES = (
    (7, 11, 6, 9),
    (3, 14, 5, 2),
    (4, 2, 3, 4),
    (2, 1, 5, 3),
    (1, 6, 4, 4),
    (5, 5, 2, 3),
    (1, 1, 1, 1),
)
TOLERANCE = 1e-9  # relative to the largest entry that is needed
SECONDS = 4  # for one call
AFTER = " after the call"
PLAINER = {  # what Python or NumPy says of an error -> what is said instead
    r" at 0x[0-9a-fA-F]+": "",
    r"matmul: .*\(size (\d+) is different from (\d+)\)": r"the inner sizes \2 and \1 do not match",
    r"shapes .*: (\d+) \(dim \d\) != (\d+) \(dim \d\)": r"the inner sizes \1 and \2 do not match",
    r"can't multiply sequence by non-int .*": "a list is no array: treat its arrays one by one",
    r"unsupported operand .*'list'.*": "a list is no array: treat its arrays one by one",
    r"setting an array element .* inhomogeneous .*": "arrays of different shapes make no array: "
    "treat them one by one",
    r"maximum recursion depth exceeded.*": "the function calls itself without end",
}


class NoExercise(ValueError):
    """A name that no exercise has. A notebook shows the sentence alone, without a traceback."""

    def _render_traceback_(self):
        return [str(self)]


class _TooSlow(BaseException):
    """Not an Exception, so that no `except` of the reader's function takes it for its own."""


@dataclass(frozen=True)
class Exercise:
    """What the reader is asked for, and how it is judged.

    answer   a right function, which `solution` prints
    returns  the names of what it returns, in order
    call     call(function, **arrays) calls the reader's function, or a right or wrong version
    hints    each says more than the one before
    arrays   arrays(normal, *case) -> random arrays by name; normal(shape) draws one. Its parameters
             N, T, D, H and V are the sizes that a verdict speaks of
    cases    what `arrays` is asked for, in order; by default the sizes N, T, D, H
    praise   what is said of an answer that is right, after the name of the function
    axes     by the name of what is returned, what each of its axes counts, as in "sample step unit"
    manners  manners(function) -> lines on how right numbers are handed over, or none
    remark   remark(part, has, needs) -> a sentence on what neither a slip nor a pattern explains
    """

    answer: FunctionType
    returns: tuple
    call: Callable
    hints: tuple
    arrays: Callable = None
    cases: tuple = SIZES
    praise: str = ""
    axes: dict = None
    remark: Callable | None = None
    manners: Callable | None = None

    @property
    def name(self):
        return self.answer.__name__

    def sizes(self, case):
        """Return the sizes of a case by their letters, as far as `arrays` names them so."""
        names = [*inspect.signature(self.arrays).parameters][1:]
        return {name: size for name, size in zip(names, case) if name in {*"NTDHV"}}

    def judge(self, function, slips):
        """Return the verdict on a wrong or missing answer in lines, or none if it is right."""
        cases = []
        for seed, case in enumerate(self.cases):
            arrays = self.arrays(np.random.default_rng(seed).standard_normal, *case)
            needs = observe(self, self.answer, arrays)
            try:
                has = _read(self, run(self, function, arrays, self.sizes(case)), needs)
            except Verdict as verdict:
                if not any(each.wrong for each in cases):
                    return verdict.lines
                break  # what was wrong before it stopped comes first
            cases.append(_Case(arrays, self.sizes(case), has, needs))
            if seed == 0 and not cases[0].blank:
                again = _read(self, run(self, function, arrays), needs)
                if not all(same(again[part], has[part]) for part in has):
                    return _other_at_second_call(self, cases[0], again)
            if cases[0].blank:
                break
        failing = next((each for each in cases if each.wrong or each.blank), None)
        if failing:
            return _verdict(self, slips, function, cases, failing)
        return self.manners(function) if self.manners else []


class Verdict(Exception):
    """What ends a judgement early, in lines for the reader."""

    def __init__(self, *lines):
        super().__init__("\n".join(lines))
        self.lines = list(lines)


class _Case:
    """One call of the reader's function: what it was given, what it returned, what it should."""

    def __init__(self, arrays, sizes, has, needs):
        self.arrays, self.sizes, self.has, self.needs = arrays, sizes, has, needs
        self.blank = [part for part, value in has.items() if value is None]
        self.wrong = [
            part for part in has if part not in self.blank and not same(has[part], needs[part])
        ]


def desk(exercises, slips):
    """Return check, hint and solution for these exercises, {number: Exercise}, and slips."""
    by_name = {exercise.name: exercise for exercise in exercises.values()}
    slips_of = {name: tuple(s for s in slips if s.function.__name__ == name) for name in by_name}
    hints_given = {}  # name of the function -> level of the last hint

    def find(function):
        """Return the exercise that is meant, and what to say of a name that is not quite its."""
        name = function if isinstance(function, str) else getattr(_inner(function), "__name__", "")
        if name in by_name:
            return by_name[name], ""
        near = difflib.get_close_matches(name.lower(), by_name, 1, cutoff=0.87)
        known = [] if near else [n for n in _names_in_notebook(function) if n in by_name]
        if known:
            return by_name[known[0]], ""
        takes = _parameters(function)
        nameless = not isinstance(function, FunctionType) or name in ("<lambda>", "wrapper")
        nameless = nameless and callable(function)
        alike = [
            each
            for each, exercise in by_name.items()
            if takes == _parameters(exercise.answer) or (nameless and len(by_name) == 1)
        ]
        if near or (nameless and len(alike) == 1):
            return by_name[(near or alike)[0]], name
        raise NoExercise(
            f"{name or type(function).__name__} is no exercise of this chapter; "
            f"{'its exercises are' if len(by_name) > 1 else 'its exercise is'} {listed(by_name)}"
        )

    def check(function):
        """Say in words whether the reader's function is right and, if it is not, what is wrong."""
        if isinstance(function, str) or not callable(function):
            kind = (
                "the name of a function" if isinstance(function, str) else type(function).__name__
            )
            raise NoExercise(f"check is given {kind}; it should be your function, without brackets")
        exercise, written = find(function)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # NaN and empty means get a verdict, not a warning
            try:
                lines = exercise.judge(function, slips_of[exercise.name])
            except Verdict as verdict:
                lines = verdict.lines
        if written and written.isidentifier() and written != "wrapper":
            lines = (
                [f"`{written}`: the exercise calls it {exercise.name}.", *lines] if lines else []
            )
        if not lines:
            usual = f"returns the right {listed(exercise.returns)} at all sizes tried."
            print(f"Right: {exercise.name} {exercise.praise or usual}")
        elif strict:
            raise AssertionError("\n".join(lines))
        else:
            print("\n".join(lines))

    def hint(function, level=None):
        """Print the next hint for the function, or the hint of that level."""
        exercise, _ = find(function)
        name, last = exercise.name, len(exercise.hints)
        level = min(hints_given.get(name, 0) + 1, last) if level is None else level
        if level not in range(1, last + 1):
            raise ValueError(f"level is {level}; it should be from 1 to {last}")
        hints_given[name] = level
        print(f"Hint {level} of {last}: {exercise.hints[level - 1]}")
        if level == last:
            print(
                f"That was the last one; solution({name}) prints an answer, and hint({name}, 1) "
                "begins again."
            )

    def solution(function):
        """Print an answer that passes the check."""
        exercise, _ = find(function)
        print(inspect.getsource(exercise.answer).rstrip())

    return check, hint, solution


# ---- Running a function --------------------------------------------------------------------------
def observe(exercise, function, arrays):
    """Return by name what a function of ours returns, and what its arguments are afterwards."""
    given = {name: np.copy(array) for name, array in arrays.items()}
    returned = exercise.call(function, **given)
    returned = returned if len(exercise.returns) > 1 else [returned]
    values = zip(exercise.returns, map(np.asarray, returned))
    return dict(values) | {name + AFTER: array for name, array in given.items()}


def run(exercise, function, arrays, sizes=None):
    """Return what the reader's function returns, and its arguments afterwards, or end it all."""
    given = {k: np.copy(v) if isinstance(v, np.ndarray) else v for k, v in arrays.items()}
    try:
        with time_limit(SECONDS):
            returned = exercise.call(function, **given)
    except Verdict:
        raise
    except (Exception, SystemExit, KeyboardInterrupt, _TooSlow) as error:
        raise Verdict(*_stumble(exercise, function, error, arrays, sizes)) from None
    return returned, given


def _read(exercise, ran, needs):
    """Return by name what was returned, None for what is blank, and the arguments afterwards."""
    returned, given = ran
    names = exercise.returns
    if isinstance(returned, GeneratorType):
        raise Verdict(
            f"{exercise.name} gives something of type generator, as it says `yield`: use `return`."
        )
    if returned is None or returned is ...:
        values = [None] * len(names)
    elif len(names) == 1:
        values = [returned]
        if isinstance(returned, tuple):
            shape = f", a numpy.ndarray of shape {needs[names[0]].shape}"
            extra = " (CS231n's function returns its cache as well; leave it out here.)"
            raise Verdict(
                f"{exercise.name} returns a tuple of {len(returned)}; it should return {names[0]} "
                f"alone{shape}.{extra if 'forward' in exercise.name else ''}"
            )
    else:
        several = isinstance(returned, (tuple, list))
        if not several or len(returned) != len(names):
            count = f"{len(returned)} values" if several else f"one {type(returned).__name__}"
            if several and len(returned) == 1:
                count = f"one value, a {type(returned[0]).__name__} in a {type(returned).__name__}"
            needed = f"{len(names)}: {listed(names)}"
            raise Verdict(f"{exercise.name} returns {count}; it should return {needed}.")
        values = returned
    has = {}
    for name, value in zip(names, values):
        blank = value is None or value is ...
        has[name] = None if blank else _as_array(name, value, needs[name])
    return has | {name + AFTER: array for name, array in given.items()}


def _as_array(name, value, needed):
    shape = np.shape(needed)
    kind = f"a numpy.ndarray of shape {shape}" if shape else "a number"
    if not isinstance(value, np.ndarray | Number) or isinstance(value, bool):
        raise Verdict(f"{name} is of type {type(value).__name__}; it should be {kind}.")
    array = np.array(value)  # a copy: the function may go on writing into what it has returned
    if array.dtype.kind not in "iuf" and array.dtype != needed.dtype:
        halves = {"real": array.real, "imaginary": array.imag} if array.dtype.kind == "c" else {}
        right = [f"Its {half} part is right." for half in halves if same(halves[half], needed)]
        raise Verdict(f"{name} has dtype {array.dtype}; it should be float64, in {kind}.", *right)
    return array


@contextlib.contextmanager
def time_limit(seconds):
    """Raise _TooSlow in what runs longer; timers and handlers of others are put back."""
    message = f"no end within {seconds} seconds"

    def stop(*_):
        raise _TooSlow(message)

    began = time.monotonic()
    if hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread():
        handler = signal.signal(signal.SIGALRM, stop)
        left, interval = signal.setitimer(signal.ITIMER_REAL, seconds)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, handler)
            if left:  # somebody else's timer: what is left of it, or at once
                left = max(left - (time.monotonic() - began), 1e-3)
                signal.setitimer(signal.ITIMER_REAL, left, interval)
        return

    def watch(*_):  # line by line, where there is no timer
        if time.monotonic() - began > seconds:
            stop()
        return watch

    before = sys.gettrace()
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(before)


# ---- Where it stops, and what is still to do -----------------------------------------------------
def _names_in_notebook(function):
    """Return the names to which a function, a partial or a callable object is bound where it is."""
    if not callable(function):
        return []
    code = getattr(function, "func", function)
    there = getattr(
        code if isinstance(code, FunctionType) else type(code).__call__, "__globals__", {}
    )
    return [name for name, value in list(there.items()) if value is function]


def _inner(function):
    """Return the function that the reader wrote, inside a partial, a decorator or an object."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif hasattr(function, "__wrapped__"):
            function = function.__wrapped__
        elif hasattr(function, "__code__") or isinstance(function, type):
            return function
        elif callable(function) and hasattr(type(function).__call__, "__code__"):
            return type(function).__call__
        else:
            return function


def _parameters(function):
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _codes(code):
    """Yield a code object and those of the functions inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def nothing_returned(exercise, function, blank=()):
    """Return the words for an answer without a value: a blank, or a return that was forgotten."""
    code = getattr(_inner(function), "__code__", None)
    codes = list(_codes(code)) if code else []
    steps = [step for each in codes for step in dis.get_instructions(each)]
    works = any(step.opname.startswith(("CALL", "BINARY_OP", "PRECALL")) for step in steps)
    if not works or any(step.argval is ... for step in steps):
        return to_do(exercise, blank or exercise.returns)
    printed = any("print" in each.co_names for each in codes)
    shown = " `print` shows a value, `return` hands it back." if printed else ""
    return [f"{exercise.name} returns nothing: is the `return` line there?{shown}"]


def _stumble(exercise, function, error, arrays, sizes):
    """Say where the reader's function stopped and why: not yet written, or a mistake."""
    name = exercise.name
    inner = _inner(function)
    code = getattr(inner, "__code__", None)
    if isinstance(error, _TooSlow):
        return [f"{name} has come to no end within {SECONDS} seconds: is there an endless loop?"]
    if isinstance(error, SystemExit):
        return [f"{name} stops by exit(), which ends the whole program: use `return`."]
    if isinstance(error, KeyboardInterrupt):
        return [f"{name} was interrupted before it came to its end."]
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    for pattern, plainer in PLAINER.items():
        what = re.sub(pattern, plainer, what, flags=re.DOTALL)
    here = [
        (frame, line)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if code and frame.f_code.co_filename == code.co_filename
    ]
    if not here:
        wanted = ", ".join(_parameters(exercise.answer))
        return [
            f"{name} does not take what it is given: it is called as {name}({wanted}).",
            what.replace(getattr(inner, "__qualname__", name), name),
        ]
    frame, line = here[-1]
    text = linecache.getline(code.co_filename, line).strip()
    seen = frame.f_locals
    words = dict.fromkeys(re.findall(r"[^\W\d]\w*", text))
    blank = [word for word in words if seen.get(word) is ...]
    unmade = getattr(error, "name", None) if isinstance(error, NameError) else None
    alike = difflib.get_close_matches(unmade or "", seen, 1, 0.6)
    if unmade in exercise.returns and text.startswith("return") and not alike:
        blank.append(unmade)
    if blank or isinstance(error, NotImplementedError):
        return to_do(exercise, blank or exercise.returns)
    if frame.f_code in _codes(code):
        place = f"{name} stops in its line {line - code.co_firstlineno + 1}: {text}"
    else:
        of = frame.f_code
        place = (
            f"{name} stops in `{of.co_name}`, line {line - of.co_firstlineno + 1} of that: {text}"
        )
    borrowed = _borrowed(function) if arrays else {}
    known = borrowed | seen
    there = {word: known[word] for word in words if isinstance(known.get(word), np.ndarray)}
    lines = [place, what]
    if unmade:
        near = difflib.get_close_matches(unmade, [*seen, *_parameters(exercise.answer)], 1, 0.6)
        lines += [f"Is `{near[0]}` meant?"] if near else []
    shown = {size for array in there.values() for size in array.shape}
    letters = [f"{name} is {size}" for name, size in (sizes or {}).items() if size in shown]
    shapes = "; ".join([_shapes(there), *([listed(letters)] if letters else [])])
    lines += [f"The shapes there: {shapes}."] if there else []
    lines += [_not_made(word, borrowed[word]) for word in words if word in borrowed]
    lines += _other_order(exercise, function)
    return lines


def _other_order(exercise, function):
    """Say so where the function names the same arguments in another order."""
    takes, wanted = _parameters(function), _parameters(exercise.answer)
    if takes != wanted and sorted(takes) == sorted(wanted):
        return [
            f"It is called as {exercise.name}({', '.join(wanted)}), and yours takes them in the "
            f"order {', '.join(takes)}."
        ]
    return []


def _borrowed(function):
    """Return by name the arrays and numbers that a function takes from the notebook around it."""
    inner = _inner(function)
    code, around = getattr(inner, "__code__", None), getattr(inner, "__globals__", {})
    steps = [step for each in _codes(code) for step in dis.get_instructions(each)] if code else []
    names = dict.fromkeys(step.argval for step in steps if step.opname == "LOAD_GLOBAL")
    found = {name: around.get(name) for name in names}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray | Number)}


def _not_made(name, value):
    which = f"of shape {value.shape}" if isinstance(value, np.ndarray) else f"{value:.4g}"
    return (
        f"`{name}` is not made in your function; Python took the one from the notebook, {which}. "
        "Make it in the function first."
    )


def to_do(exercise, parts):
    name = exercise.name
    what = name if name in parts else f"{listed(parts)} in {name}"
    return [f"To do: {what}. hint({name}) helps."]


# ---- The verdict ---------------------------------------------------------------------------------
def same(has, needs):
    """Return whether two arrays are equal: NaN and infinities in their places, the rest closely."""
    if needs is None:
        return False
    has, needs = np.asarray(has), np.asarray(needs)
    if has.shape != needs.shape:
        return False
    if has.dtype.kind not in "biuf" or needs.dtype.kind not in "biuf":
        return np.array_equal(has, needs)
    finite = np.isfinite(needs)
    if not np.array_equal(has[~finite], needs[~finite], equal_nan=True):
        return False
    has, needs = has[finite].astype(float), needs[finite].astype(float)
    return bool(np.all(np.abs(has - needs) <= TOLERANCE * np.max(np.abs(needs), initial=0)))


def _other_at_second_call(exercise, case, again):
    part = next(part for part in case.has if not same(again[part], case.has[part]))
    return [
        f"A second call of {exercise.name} with the same arrays gives other values in "
        f"{part.removesuffix(AFTER)}. Is something kept between calls, in a default argument or "
        "outside of the function, or drawn at random? Start each call from zero."
    ]


def _verdict(exercise, slips, function, cases, failing):
    name, has, needs = exercise.name, failing.has, failing.needs
    if len(failing.blank) == len(exercise.returns):
        return nothing_returned(exercise, function, failing.blank)
    wrong = [part for part in exercise.returns if part in failing.wrong]
    right = [part for part in exercise.returns if part not in failing.wrong + failing.blank]
    lines = [] if failing is cases[0] else [f"With {_shapes(failing.arrays)}:"]
    if wrong or failing.blank:  # else the numbers are right, and who read "Right" would stop there
        kinds = {"Right": right, "Wrong": wrong}
        lines += [" ".join(f"{kind}: {listed(of)}." for kind, of in kinds.items() if of)]
        lines += [f"To do: {listed(failing.blank)}. hint({name}) helps."] if failing.blank else []
    if wrong:
        worst = max(wrong, key=lambda part: has[part].shape != needs[part].shape)
        lines.append(_worst(worst, has[worst], needs[worst]))
    if failing.wrong:
        lines += _reasons(exercise, slips, function, cases, failing)
    return [line for line in lines if line]


def _worst(name, has, needs):
    """Say where an array is farthest from right."""
    if has.shape == () != needs.shape:
        return f"{name} is one number; it should be a numpy.ndarray of shape {needs.shape}."
    if has.shape != needs.shape:
        return f"{name} has shape {has.shape}; it should be {needs.shape}."
    with np.errstate(all="ignore"):
        error = np.abs(has.astype(float) - needs)
    error = np.where(np.isnan(error), np.inf, error)
    place = np.unravel_index(np.argmax(error), error.shape)
    where = f"{name}: entry {[int(k) for k in place]}" if place else name
    value, needed = f"{has[place]:.4g}", f"{needs[place]:.4g}"
    largest = np.max(error) / np.max(np.abs(needs), initial=1e-300)
    if value == needed or largest < 1e-4:
        return f"{name} is nearly right: it is off by at most {largest:.0e} of its largest entry."
    return f"{where} is {value}; it should be {needed}."


# ---- The kind of mistake -------------------------------------------------------------------------
def _reasons(exercise, slips, function, cases, failing):
    """Return a line for each slip that explains wrong arrays, and for what is left."""
    parts = [*failing.has]
    wrong = [part for part in parts if any(part in case.wrong for case in cases)]
    wrong = [part for part in parts if part in wrong and part in failing.wrong] or wrong
    hints, left = _explained(exercise, slips, cases, parts, wrong)
    lines = list(hints)
    order = _in_other_order(exercise, cases, left)
    if order:
        lines.append(order)
        left = [part for part in left if part.endswith(AFTER)]
    returned = [part for part in exercise.returns if part in failing.wrong]
    fits = {}  # what is said of a part -> the parts of which it is said
    remarks = []
    for part in left:
        if not part.endswith(AFTER):
            remark = exercise.remark and exercise.remark(
                part, failing.has[part], failing.needs[part]
            )
            remarks += [remark] if remark and remark not in remarks else []
            said = None if remark else _description(exercise, cases, failing, part)
            fits.setdefault(said, []).append(part)
        else:
            who = "Your function" if returned else "The numbers are right, but your function"
            argument = part.removesuffix(AFTER)
            lines.append(f"{who} changes its argument {argument}; make a new array instead.")
    unknown = fits.pop(None, [])
    for fit, (first, *others) in fits.items():
        lines.append(f"Your {first} {fit}.")
        lines += [f"So it is with {listed(others)}."] if others else []
    lines += _names_of_the_notebook(exercise, function, explained=not (unknown or fits))
    if unknown or fits:
        lines += _other_order(exercise, function)
    lines += remarks
    if unknown or fits:
        lines += _what_is_special(exercise, cases, failing)
    if unknown and lines and not remarks:
        lines.append(f"Mend that and check again: {listed(unknown)} may need more.")
    elif unknown and not remarks:
        lines.append(f"hint({exercise.name}) helps.")
    return lines


def _what_is_special(exercise, cases, failing):
    """Say what sets these sizes off from those before, at which the answer was right."""
    if failing is cases[0] or exercise.cases is not SIZES:
        return []
    N, T, D, H = SIZES[cases.index(failing)]
    pairs = (("N is 1", N == 1), ("T is 1", T == 1), ("T is 2", T == 2), ("D is H", D == H))
    pairs += (("N is H", N == H), ("N is T", N == T), (f"T is {T}", T > 11), (f"H is {H}", H < 3))
    special = [words for words, holds in pairs if holds]
    return [f"At the sizes before it was right; here {listed(special)}."] if special else []


def _explained(exercise, slips, cases, parts, wrong):
    """Return the hints of the slips that explain wrong parts in all cases, and the parts left."""

    def fits(suspect, part, some):
        return all(
            part in case.blank
            or alike(case.has[part], suspect.gives(exercise, k, case)[part], part)
            for k, case in some
        )

    def alike(has, gives, part):
        """Whether the two are equal; of states that are not bounded the first three steps.

        Where nothing holds them, as without tanh, rounding grows from step to step.
        """
        if (
            same(has, gives)
            or gives is None
            or "step unit" not in (exercise.axes or {}).get(part, "")
        ):
            return same(has, gives)
        free = gives.shape == np.shape(has) and not np.max(np.abs(gives), initial=0) <= 1.5
        return free and same(has[:, :3], gives[:, :3])

    numbered = [(k, case) for k, case in enumerate(cases)]
    first = [(k, case) for k, case in numbered if case.wrong][:1]
    possible = []  # suspects that fit some wrong part in all cases: (suspect, explained, spoilt)
    for at_once in (1, 2):
        helpful = sorted(possible, key=lambda entry: -len(entry[1]))[:12]
        for suspect in _suspects(slips, at_once, {entry[0].slips[0] for entry in helpful}):
            good = [part for part in wrong if fits(suspect, part, first)]
            if not good:
                continue
            explained = [part for part in good if fits(suspect, part, numbered)]
            if not explained:
                continue
            others = [part for part in parts if part not in explained]
            spoilt = [
                part
                for part in others
                if any(
                    part not in case.blank
                    and not same(suspect.gives(exercise, k, case)[part], case.needs[part])
                    for k, case in numbered
                )
                and not fits(suspect, part, numbered)
            ]
            possible.append((suspect, explained, spoilt))
            if len(explained) == len(wrong) and not spoilt:
                break
        if possible and len(possible[-1][1]) == len(wrong) and not possible[-1][2]:
            return possible[-1][0].hints, []
    found, left = [], list(wrong)
    while left and possible:
        scores = [sum(part in left for part in good) - len(bad) for _, good, bad in possible]
        if max(scores) <= 0:
            break
        suspect, explained, _ = possible[scores.index(max(scores))]
        needed = [
            slip.hint
            for slip in suspect.slips
            if len(suspect.slips) == 1
            or not all(
                fits(other, part, numbered)
                for part in explained
                if part in left
                for other in [_suspect(tuple(s for s in suspect.slips if s is not slip))]
            )
        ]
        found.append((min(wrong.index(part) for part in explained), needed or suspect.hints))
        left = [part for part in left if part not in explained]
    return list(dict.fromkeys(hint for _, hints in sorted(found) for hint in hints)), left


class _Suspect:
    """One slip, or several at once, as a function; what it gives in a case is kept."""

    def __init__(self, slips):
        self.slips = slips
        self.hints = list(dict.fromkeys(slip.hint for slip in slips))
        edits = tuple(edit for slip in slips for edit in slip.edits)
        self.function = replace(slips[0], edits=edits).build()
        self._gives = {}

    def gives(self, exercise, k, case):
        if k not in self._gives:
            self._gives[k] = dict.fromkeys(case.needs)  # nothing, if it stops, as a pair may
            with contextlib.suppress(Exception):
                self._gives[k] = observe(exercise, self.function, case.arrays)
        return self._gives[k]


def _suspects(slips, at_once, helpful):
    """Yield the suspects of so many slips that can be made at once.

    Of the many pairs, those that may fit: with a slip that explains something, or of common slips.
    """
    for some in combinations(slips, at_once):
        if at_once == 1 or helpful.intersection(some) or all(slip.shown for slip in some):
            suspect = _suspect(some)
            if suspect:
                yield suspect


@functools.cache
def _suspect(slips):
    with contextlib.suppress(LookupError, SyntaxError):  # two of them edit the same words
        return _Suspect(slips)


def _in_other_order(exercise, cases, left):
    """Say so where an array stands in the place of another, in all cases."""
    for part, other in product(left, exercise.returns):
        if part != other and part in exercise.returns:
            pairs = [(case.has[part], case.needs[other]) for case in cases if part in case.wrong]
            if pairs and other in left and all(same(*pair) for pair in pairs):
                return f"What stands in the place of {part} is {other}: mind the order."
    return None


def _names_of_the_notebook(exercise, function, explained):
    """Say which names of the exercise come from the notebook: that may be the mistake.

    Beside an explanation, such as a loop of three steps, only the sizes.
    """
    ours = {*"NTDHV"}
    if not explained:
        ours |= {*exercise.answer.__code__.co_varnames, *exercise.returns}
    borrowed = _borrowed(function)
    return [_not_made(name, borrowed[name]) for name in borrowed if name in ours]


# ---- What can be seen in an array ----------------------------------------------------------------
def _description(exercise, cases, failing, part):
    """Return what can be seen in a wrong array, or None. What is a cause is seen in two cases."""
    has, needs = failing.has[part], failing.needs[part]
    others = [case for case in cases if case is not failing and part in case.wrong]
    others = [case for case in others if case.needs[part].size > 1]

    def everywhere(claim):
        return claim(failing) and (not others or claim(others[0]))

    for other in exercise.returns:
        if other != part and everywhere(lambda case, o=other: same(case.has[part], case.needs[o])):
            return f"is what {other} should be"
    if has.shape != needs.shape:
        return _of_another_shape(has, needs)
    bad = np.argwhere(~np.isfinite(has))
    if len(bad) and np.isfinite(needs).all():
        return f"has NaN or infinity in {len(bad)} of {has.size} entries"
    if has.dtype.kind in "iu" and needs.dtype.kind == "f":
        return f"has whole numbers only: its dtype is {has.dtype}"
    if not has.any():
        return "is zero everywhere"
    for name, array in failing.arrays.items():
        if same(has, array):
            return "is what was given, unchanged" if name == part else f"is {name}, as it was given"
    for order in _orders(has.ndim):
        if everywhere(
            lambda case, order=order: (
                case.has[part].ndim == len(order)
                and same(case.has[part].transpose(order), case.needs[part])
            )
        ):
            change = "transposed it" if len(order) == 2 else f"put its axes in the order {order}"
            return f"would be right if you {change}"
    if "step" in (exercise.axes or {}).get(part, ""):
        if everywhere(lambda case: same(case.has[part][:, ::-1], case.needs[part])):
            return "would be right if you reversed time"
        if same(has[:, :-1], needs[:, 1:]) and has.shape[1] > 2:
            return "is one step early: what step t + 1 needs stands at step t"
        if same(has[:, 1:], needs[:, :-1]) and has.shape[1] > 2:
            return "is one step late: what step t needs stands at step t + 1"
    ratio = _ratio(failing, part)
    if ratio is not None:
        return _times(ratio, failing, others, part)
    patterns = {
        "is never negative: it is the absolute value of what it should be": np.abs,
        "is 0 wherever it should be negative": lambda array: np.maximum(array, 0),
        "is the square of what it should be": np.square,
        "is 1 divided by what it should be": lambda array: 1 / array,
    }
    for words, change in patterns.items():
        if everywhere(lambda case, f=change: same(case.has[part], f(case.needs[part]))):
            return words
    gap = has - needs
    if has.size > 1 and same(gap, np.full_like(gap, gap.flat[0])):
        return f"is off by the same number everywhere, {gap.flat[0]:.4g} (what does it start from?)"
    for name, array in failing.arrays.items():
        if array.ndim and array.any() and array.dtype.kind == "f":
            with contextlib.suppress(ValueError):
                other = np.broadcast_to(array, gap.shape)
                times = np.sum(gap * other) / np.sum(other**2)
                if has.size > 1 and _close(times * other, gap, 1e-6):
                    kind = "the weight " if name.startswith("W") else ""
                    factor = "" if np.isclose(times, 1) else f"{times:.4g} times "
                    return f"is what it should be, and {factor}{kind}{name} is added to it"
    if same(has, np.float32(needs)) or (_close(has, needs, 1e-6) and same(has, np.float32(has))):
        return "is right to seven digits only: computed in float32"
    for digits in (1, 2, 3, 4, 6, 8):
        if np.array_equal(has, np.round(needs, digits)):
            return f"is rounded to {digits} digits behind the point"
    return _where(exercise, part, has, needs)


def _close(has, needs, tolerance):
    return np.max(np.abs(has - needs)) <= tolerance * np.max(np.abs(needs))


def _orders(ndim):
    return {2: [(1, 0)], 3: [(1, 0, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0), (2, 0, 1)]}.get(ndim, [])


def _of_another_shape(has, needs):
    for order in _orders(has.ndim):
        if same(has.transpose(order), needs):
            change = "transposed it" if len(order) == 2 else f"put its axes in the order {order}"
            return f"would be right if you {change}"
    if has.size == needs.size and same(has.ravel(), needs.ravel()):
        return f"would be right if you gave it the shape {needs.shape}"
    for axis in range(has.ndim):
        if same(has.sum(axis=axis), needs):
            return f"would be right if you summed it over axis {axis}"
    for axis in range(needs.ndim):
        for words, change in (("summed", np.sum), ("averaged", np.mean)):
            for keepdims in (False, True):
                if same(has, change(needs, axis=axis, keepdims=keepdims)):
                    return f"is what it should be, {words} over axis {axis}: leave that out"
    if has.shape == () and same(has, needs.sum()):
        return "is the sum of all entries that it should have"
    return None


def _ratio(case, part):
    """Return the number that all entries are too large by, or None."""
    has, needs = case.has[part], case.needs[part]
    with np.errstate(all="ignore"):
        ratio = np.sum(has * needs) / np.sum(needs**2)
    if needs.size == 1 or not np.isfinite(ratio) or abs(ratio - 1) < 1e-6:
        return None
    return ratio if same(has, ratio * needs) else None


def _times(ratio, failing, others, part):
    """Name the factor by the sizes that it goes with in two cases, or by its value."""
    others = [(case, _ratio(case, part)) for case in others]
    other = next(((case, r) for case, r in others if r is not None), None)
    if np.isclose(ratio, -1):
        return "has the wrong sign everywhere"
    names = []
    if other:
        case, r = other
        for name in _factors(failing.sizes):
            if np.isclose(_factors(failing.sizes)[name], ratio) and np.isclose(
                _factors(case.sizes)[name], r
            ):
                names.append(name)
    return f"is {names[0] if names else f'{ratio:#.4g}'} times what it should be, everywhere"


def _factors(sizes):
    """Return N, 1/N, T, 1/T, ... with their values."""
    by_name = dict(sizes)
    if "N" in sizes and "T" in sizes:
        by_name["N T"] = sizes["N"] * sizes["T"]
    inverse = {f"1/({n})" if " " in n else f"1/{n}": 1 / v for n, v in by_name.items()}
    return by_name | inverse


def _where(exercise, part, has, needs):
    """Say where an array is right and where it is wrong, axis by axis, as far as that is simple."""
    wrong = ~(np.abs(has - needs) <= TOLERANCE * np.max(np.abs(needs)))
    kinds = (exercise.axes or {}).get(part, "").split() or ["axis"] * has.ndim
    for axis, kind in enumerate(kinds):
        length = has.shape[axis]
        along = wrong.any(axis=tuple(a for a in range(has.ndim) if a != axis))
        right = int(np.sum(~along))
        name = kind if kind != "axis" else ("row", "column", "index")[axis]
        if right and along[0] and not along[1:].any():
            return f"is wrong at the first {name} alone"
        if right and along[-1] and not along[:-1].any():
            return f"is wrong at the last {name} alone"
        if right and along[: length - right].all():
            last = f"{right} {name}s" if right > 1 else name
            return f"is right at the last {last}, and wrong before"
        if right and along[right:].all():
            firsts = f"{right} {name}s" if right > 1 else name
            return f"is right at the first {firsts}, and wrong after"
    for axis, kind in enumerate(kinds):
        if (
            has.shape[axis] > 2
            and np.ptp(has, axis=axis).max() <= 1e-12 < np.ptp(needs, axis=axis).max()
        ):
            name = kind if kind != "axis" else ("row", "column", "index")[axis]
            return f"is the same for every {name}; each has its own"
    if np.sum(wrong) == 1 < has.size:
        return "is right but for one entry"
    if not wrong.flat[0] and np.sum(~wrong) == 1 and not has.flat[1:].any():
        return "is right at the first entry alone: is `return` inside the loop?"
    return None


# ---- Words ---------------------------------------------------------------------------------------
def listed(names):
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _shapes(arrays):
    return ", ".join(f"{name} {array.shape}" for name, array in arrays.items())


# ---- How the reader's function is called ---------------------------------------------------------
def in_order(function, **arrays):
    """Call with the arrays one after the other."""
    return function(*arrays.values())


def with_cache(function, **arrays):
    """Call a backward pass: the first array is the gradient from above, the rest is the cache."""
    upstream, *cache = arrays.values()
    return function(upstream, tuple(cache))
