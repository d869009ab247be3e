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
    *slips(
        central_difference,
        ("difference not in brackets", "Brackets are missing: without them only f of what lies behind is divided. Take the difference first, then divide by 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "f(ahead) - f(behind) / (2 * h)"),
        ("one-sided by 2h", "That steps ahead alone and divides by 2h: step back as well, (f(at + h) - f(at - h)) / 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(at)) / (2 * h)"),
        ("divided by h squared", "You divide by h^2; a slope is a difference divided by the way, 2h long, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) / h**2"),
        ("multiplied by 2h", "You multiply by the way; a slope is a difference divided by 2h, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) * (2 * h)"),
        ("second difference", "That is the second difference, which goes with the curvature; eq. 2.2 is (f(at + h) - f(at - h)) / 2h.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - 2 * f(at) + f(behind)) / h**2"),
        ("sum for difference", "The two values of f are subtracted, not added, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) + f(behind)) / (2 * h)"),
        ("cut by //", "// divides and cuts off, as floor does: a slope needs /, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) // (2 * h)"),
        ("half a step", "You step h / 2 to each side; eq. 2.2 steps h, so that the way is 2h long.", "ahead[entry] += h", "ahead[entry] += h / 2", "behind[entry] -= h", "behind[entry] -= h / 2", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) / h"),
        ("twice the step", "You step 2h to each side; eq. 2.2 steps h.", "ahead[entry] += h", "ahead[entry] += 2 * h", "behind[entry] -= h", "behind[entry] -= 2 * h", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) / (4 * h)"),
        ("multiplied by 1 + h", "You stretch the entry by 1 + h; it should be moved by h: at[entry] + h, a step and not a factor, eq. 2.2.", "ahead[entry] += h", "ahead[entry] *= 1 + h", "behind[entry] -= h", "behind[entry] *= 1 - h"),
        ("step relative to the entry", "Your step depends on the entry; eq. 2.2 steps by the argument h alone.", "ahead[entry] += h", "step = h * np.abs(at[entry]); ahead[entry] += step", "behind[entry] -= h", "behind[entry] -= step", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) / (2 * step)"),
        ("entry set to h", "The entry is set to h and to -h; it should be moved by h from where it is: += and -=, eq. 2.2.", "ahead[entry] += h", "ahead[entry] = h", "behind[entry] -= h", "behind[entry] = -h"),
        ("from zero", "You move from an array of zeros; the step starts from at: copy it, eq. 2.2.", "at.copy(), at.copy()", "np.zeros_like(at), np.zeros_like(at)"),
        ("whole columns moved", "Whole columns move at once. A partial derivative moves one entry: go through all indices, as np.ndindex(at.shape) does.", "ahead[entry] += h", "ahead[(..., *entry[-1:])] += h", "behind[entry] -= h", "behind[(..., *entry[-1:])] -= h"),
        ("absolute value of f", "You take absolute values; a slope has a sign, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(abs(f(ahead)) - abs(f(behind))) / (2 * h)"),
        ("f divided by its size", "You divide by the number of entries, as a mean; each entry has a slope of its own, eq. 2.2.", "(f(ahead) - f(behind)) / (2 * h)", "(f(ahead) - f(behind)) / (2 * h) / at.size"),
        ("added up", "Each entry has a slope of its own; yours adds up those before it: gradient[entry] = ..., eq. 2.2.", "gradient[entry] = (", "gradient[entry] = (gradient.sum() if gradient.any() else 0) + ("),
        ("step grows with the entry", "Your step grows with the entry, and you divide by 2h all the same; eq. 2.2 steps by the argument h alone.", "ahead[entry] += h", "ahead[entry] += h * max(1, abs(at[entry]))", "behind[entry] -= h", "behind[entry] -= h * max(1, abs(at[entry]))"),
        ("absolute values of at", "You step from the absolute values of at; step from at itself, with its signs, eq. 2.2.", "at.copy(), at.copy()", "np.array(abs(at)), np.array(abs(at))"),
        ("rounded point", "You step from at with its numbers cut off: a copy with whole numbers; at.copy() keeps them.", "at.copy(), at.copy()", "np.array(np.trunc(at)), np.array(np.trunc(at))"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _arrays(normal, *shape):
    """Return a point and weights of its shape, of both signs: one derivative is like no other."""
    return {"at": np.array(normal(shape)), "weights": np.array(normal(shape))}


def _call(function, at, weights):
    """Call for a function in which an entry left out of place shows in all other derivatives."""

    def f(moved):
        if not isinstance(moved, np.ndarray | np.generic):
            raise TypeError(f"f is asked at a {type(moved).__name__}; it should be an array")
        if moved.shape != weights.shape:
            raise ValueError(f"f is asked at shape {moved.shape}; it should be {weights.shape}")
        return 10 * np.sin(np.sum(weights * np.tanh(moved))) + np.sum(weights**2 * moved**3)

    return function(f, at, 1e-3)


def _remark(part, has, needs):
    """Say what may be wrong with a derivative that is nearly right, or for some shapes alone."""
    if has.shape == needs.shape and needs.ndim not in (1, 2):
        return (
            f"at may have any shape, and here it has {needs.ndim} axes: np.ndindex(at.shape) goes "
            "through all indices, whatever their number."
        )
    if has.shape == needs.shape and np.max(np.abs(has - needs)) < 0.02 * np.max(np.abs(needs)):
        return (
            "That is close to the derivative, but not what eq. 2.2 gives with the step that was "
            "asked for: use the argument `h`, and no step of your own."
        )
    return None


EXERCISES = {
    "02.1": Exercise(
        central_difference,
        returns=("gradient",),
        arrays=_arrays,
        cases=((7, 3), (3, 5), (4,), (2, 3, 4), (), (1, 1)),
        remark=_remark,
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
