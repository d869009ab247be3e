"""What kind of mistake fits a wrong gradient: two tables of claims, each a function that tests it.

A claim takes a `Case` and returns a `Fit` where it fits, else None. To add one, write it and put it
into its table: the first that fits is reported, so the more specific stand above.
"""

from collections.abc import Callable, Mapping
from itertools import combinations, permutations
from math import prod
from typing import NamedTuple

import numpy as np


class Case(NamedTuple):
    """A wrong gradient and what is known about it."""

    has: np.ndarray  # the gradient to be judged
    needs: np.ndarray  # the right one
    tolerance: float = 1e-11  # relative to the largest entry that is needed
    rounding: float = 0.0  # of the loss itself
    sizes: Mapping[str, int] = {}  # what an axis of the problem is called, and its length
    time_axis: int | None = None
    shares: Mapping[str, Callable] = {}  # terms along axis 0 whose sum is the right gradient

    def wrong(self):
        """Return True at each entry that is wrong; NaN is."""
        return ~(np.abs(self.has - self.needs) <= self.tolerance * np.max(np.abs(self.needs)))

    def equal(self, a, b):
        """Return whether a and b are the same, to the tolerance, and not all zero."""
        error = self.tolerance * np.max(np.abs(self.needs), initial=0)
        return a.shape == b.shape and np.any(b) and np.allclose(a, b, rtol=0, atol=error)


class Fit(NamedTuple):
    """What a claim says where it fits."""

    words: str  # after a colon, as in "What fits: equal after a transpose."
    of_yours: str  # to a learner, as in "Your dWx would be right if you transposed it."


def _is(words):
    return Fit(words, f"is {words}")


# Claims about the shape, or about the order of the entries
def transposed(case):
    for order in list(permutations(range(case.has.ndim)))[1:]:  # the first changes nothing
        if case.equal(case.has.transpose(order), case.needs):
            change = "transposed it" if len(order) == 2 else f"put its axes in the order {order}"
            return Fit("equal after a transpose", f"would be right if you {change}")


def reshaped(case):
    if case.equal(case.has.ravel(), case.needs.ravel()):
        change = f"would be right if you gave it the shape {case.needs.shape}"
        return Fit("equal after a reshape", change)


def not_summed(case):
    axes = tuple(range(case.has.ndim - case.needs.ndim))
    if case.equal(case.has.sum(axis=axes), case.needs):
        over = "axis 0" if len(axes) == 1 else f"axes {axes}"
        return Fit(f"equal after a sum over {over}", f"would be right if you summed it over {over}")


# Claims about all entries
def not_finite(case):
    bad = np.argwhere(~np.isfinite(case.has)).tolist()
    if bad:
        words = f"NaN or infinity in {len(bad)} of {case.has.size} entries, the first at {bad[0]}"
        return Fit(words, f"has {words}")


def should_be_zero(case):
    if not case.needs.any():
        words = "should be zero everywhere: the loss does not depend on this array"
        return Fit(words, words)


def whole_numbers(case):
    if case.has.dtype.kind in "iu":
        words = f"whole numbers only: its dtype is {case.has.dtype}"
        return Fit(words, f"has {words}")


def too_small_to_judge(case):
    if np.max(np.abs(case.has - case.needs)) <= case.rounding:
        return _is("off by less than the loss is rounded: check where the gradient is larger")


def zero(case):
    if not case.has.any():
        return _is("zero everywhere")


def sign_flipped(case):
    if case.equal(-case.has, case.needs):
        return Fit("the sign is flipped everywhere", "has the wrong sign everywhere")


def constant_ratio(case):
    ratio = np.sum(case.has * case.needs) / np.sum(case.needs**2)
    if abs(ratio - 1) < 1e-3 or not case.equal(case.has, ratio * case.needs):
        return None
    names = [name for name, value in _factors(case.sizes) if np.isclose(ratio, value, rtol=1e-3)]
    if not names and case.needs.size == 1:  # a single number is always a multiple of another
        return None
    value, known = f"{ratio:#.4g}", " or ".join(names)
    words, of_yours = f"ratio {value} everywhere", f"is {value} times what it should be, everywhere"
    if names:  # one size alone cannot tell N from a 2 that is always there
        words, of_yours = f"{words}, which is {known} here", f"{of_yours} ({known} here)"
    return Fit(words, of_yours)


def _factors(sizes):
    """Yield N, 1/N, T, 1/T, N T, 1/(N T) and so on, each with its value."""
    for count in range(1, len(sizes) + 1):
        for names in combinations(sizes, count):
            label, value = " ".join(names), prod(sizes[name] for name in names)
            yield label, value
            yield f"1/({label})" if count > 1 else f"1/{label}", 1 / value


def single_precision(case):
    digits = case._replace(tolerance=1e-5)
    if digits.equal(case.has, case.needs) and np.array_equal(case.has, np.float32(case.has)):
        return _is("right to seven digits only: computed in float32")


# Claims about steps in time
def reversed_in_time(case):
    if case.time_axis is not None and case.equal(np.flip(case.has, case.time_axis), case.needs):
        return Fit("equal after a reversal of time", "would be right if you reversed time")


def shifted_in_time(case):
    if case.time_axis is None:
        return None
    has, needs = (np.moveaxis(array, case.time_axis, 0) for array in (case.has, case.needs))
    if case.equal(has[:-1], needs[1:]):
        return _is("one step early: what step t + 1 needs stands at step t")
    if case.equal(has[1:], needs[:-1]):
        return _is("one step late: what step t needs stands at step t + 1")


def some_steps(case):
    if case.time_axis is None:
        return None
    axes = tuple(axis for axis in range(case.has.ndim) if axis != case.time_axis)
    wrong = case.wrong().any(axis=axes)  # (T,)
    right = np.sum(~wrong)
    if right == 0:
        return None
    if wrong[:-right].all():
        if right == 1:
            return _is("right at the last step, wrong before it: no carry, or a wrong one")
        return _is(f"right at the last {right} steps, wrong before them: the carry stops")
    if wrong[right:].all():
        steps = f"{right} steps" if right > 1 else "step"
        return _is(f"right at the first {steps}, wrong afterwards")


# Claims about parts
def one_share(case):
    for what, compute in case.shares.items():
        for k, share in enumerate(compute()):
            if case.equal(case.has, share):
                return _is(f"only the share of {what} {k}")
            if case.equal(share, case.needs - case.has):
                return _is(f"without the share of {what} {k}")


def one_entry(case):
    if np.sum(case.wrong()) == 1 < case.has.size:
        return _is("right but for one entry")


def one_slice(case):
    for axis, length in enumerate(case.has.shape):
        word = ("row", "column")[axis] if case.has.ndim == 2 else f"axis {axis}, index"
        wrong = np.unique(np.nonzero(case.wrong())[axis])
        if len(wrong) == 1 < length:
            return _is(f"right but for {word} {wrong[0]}")
        if len(wrong) == length - 1:
            return _is(f"right in {word} {np.setdiff1d(np.arange(length), wrong)[0]} only")


WRONG_SHAPE = [transposed, reshaped, not_summed]
WRONG_VALUES = [
    not_finite,
    should_be_zero,
    whole_numbers,
    sign_flipped,
    transposed,
    reversed_in_time,
    shifted_in_time,
    too_small_to_judge,  # below what rounding never looks like, however small
    zero,
    constant_ratio,
    single_precision,
    some_steps,
    one_share,
    one_entry,
    one_slice,
]


def what_fits(case):
    """Say which claim fits the case, the first that does."""
    fit = first_fit(case)
    return fit.words if fit else "no mistake that is known here"


def first_fit(case):
    """Return what the first claim that fits the case says of it, or None."""
    table = WRONG_VALUES if case.has.shape == case.needs.shape else WRONG_SHAPE
    return next((fit for fit in (claim(case) for claim in table) if fit), None)
