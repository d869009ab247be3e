"""Chapter 02: the central difference."""

import numpy as np

from course.exercises import Exercise, desk
from course.slips import slips


# Plain code
def central_difference(f, at, h):
    gradient = np.zeros_like(at)
    for entry in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[entry] += h
        behind[entry] -= h
        gradient[entry] = (f(ahead) - f(behind)) / (2 * h)  # eq. 2.2
    return gradient


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        central_difference,
        ("one-sided", "That is the one-sided difference, eq. 2.1. Step back as well as ahead: (f(at + h) - f(at - h)) / 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(at)) / h"),
        ("one-sided, backwards", "That steps back only. Step ahead as well: (f(at + h) - f(at - h)) / 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(at) - f(behind)) / h"),
        ("divided by h", "From at - h to at + h the way is 2h long: divide by 2h, eq. 2.2.", "/ (2 * h)", "/ h"),
        ("brackets missing", "Python reads ... / 2 * h as (... / 2) * h: put 2 * h into brackets, eq. 2.2.", "/ (2 * h)", "/ 2 * h"),
        ("not divided", "A slope is a difference divided by the way: divide by 2h, eq. 2.2.", " / (2 * h)", ""),
        ("sign", "A sign: what lies ahead minus what lies behind, eq. 2.2.", "f(ahead) - f(behind)", "f(behind) - f(ahead)"),
        ("one array for both", "Ahead and behind are one and the same array: `a = at` gives it a second name, at.copy() makes a second array.", "at.copy(), at.copy()", "at, at"),
        ("left at at + h", "The entry stays where it was moved, at + h, while the next ones are examined: put it back, or work on a copy of at.", "at.copy(), at.copy()", "at, at.copy()"),
        ("left at at - h", "The entry stays where it was moved, at - h, while the next ones are examined: put it back, or work on a copy of at.", "at.copy(), at.copy()", "at.copy(), at"),
        ("copy not put back", "The entry of your copy stays where it was moved while the next ones are examined: put it back, or copy at anew for each entry.", "ahead, behind = at.copy(), at.copy()", "ahead = moved.copy()", "behind[entry] -= h", "behind = moved; behind[entry] -= h", "np.zeros_like(at)", "np.zeros_like(at); moved = at.copy()"),
        ("copies made once", "Both copies keep what has been moved in them, so all entries so far move at once: copy at anew for each entry.", "ahead, behind = at.copy(), at.copy()", "pass", "np.zeros_like(at)", "np.zeros_like(at); ahead, behind = at.copy(), at.copy()"),
        ("all entries moved", "All entries move at once. A partial derivative moves one entry and holds the others.", "ahead[entry] += h", "ahead += h", "behind[entry] -= h", "behind -= h"),
        ("one number", "at + h moves all entries at once, so one number comes out. Move one entry at a time.", "return gradient", "return (f(at + h) - f(at - h)) / (2 * h)"),
        ("whole rows moved", "Whole rows move at once. A partial derivative moves one entry: go through all indices, as np.ndindex(at.shape) does.", "np.ndindex(at.shape)", "np.ndindex(at.shape[:1])"),
        ("whole numbers", "The gradient has been cut to whole numbers: make the array for it one of floats, as np.zeros(at.shape) is.", "np.zeros_like(at)", "np.zeros(at.shape, int)"),
        ("a step of its own", "That is close, but not at the step that was asked for: use the argument h, eq. 2.2.", "ahead, behind =", "h = 1e-5; ahead, behind ="),
        ("flattened", "The numbers are right and the shape is lost: dL/dA has the shape of A.", "return gradient", "return gradient.ravel()"),
    ),
]
# fmt: on


# Exercises
def _call(function, at):
    """Call for a function in which an entry left out of place shows in all other derivatives."""
    return function(lambda moved: 10 * np.sin(np.sum(np.tanh(moved))), at, 1e-3)


EXERCISES = {
    "02.1": Exercise(
        central_difference,
        returns=("gradient",),
        arrays=lambda normal, *shape: {"at": normal(shape)},
        cases=((2, 3), (3, 5), (3,)),
        call=_call,
        hints=(
            "Make an array of the shape of at, and fill it entry by entry with eq. 2.2.",
            "`for entry in np.ndindex(at.shape)` goes through all indices, whatever the shape. For "
            "each, copy at twice; add h to that entry of one copy, subtract it in the other.",
            "gradient[entry] = (f(ahead) - f(behind)) / (2 * h)",
        ),
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)
