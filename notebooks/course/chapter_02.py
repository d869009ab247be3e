"""Chapter 02: three ways to a derivative that ask the function alone."""

import numpy as np

from course.artists import power_of_ten
from course.exercises import Exercise, desk
from course.slips import slips


# Plain code
def two_sided(f, z, h):
    slope = (f(z + h) - f(z - h)) / (2 * h)  # eq. 2.2
    return slope


def least_error_step(eps, size, third):
    h = np.cbrt(3 * eps * size / (2 * third))  # eq. 2.3
    return h


def complex_slope(f, z, h):
    slope = np.imag(f(z + 1j * h)) / h  # eq. 2.4
    return slope


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
        two_sided,
        ("one-sided", "That is the one-sided difference, whose error begins with f''. Bring in f(z - h), so that the terms with f'' cancel.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z + h) - f(z)) / h"),
        ("one-sided, backwards", "That is one-sided again, to the left: its error begins with f''. Bring in f(z + h), so that the terms with f'' cancel.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z) - f(z - h)) / h"),
        ("divided by h", "The terms with f and f'' are gone, and f' stands there twice: from z - h to z + h the way is 2h long, so divide by 2h. (Or take the mean of the slopes to both sides, not their sum.)", "/ (2 * h)", "/ h"),
        ("brackets missing", "Python reads ... / 2 * h as (... / 2) * h: put 2 * h into brackets.", "/ (2 * h)", "/ 2 * h"),
        ("difference not in brackets", "Brackets are missing: without them only f(z - h) is divided. Take the difference first, then divide.", "(f(z + h) - f(z - h)) /", "f(z + h) - f(z - h) /"),
        ("not divided", "That is how far f rises from z - h to z + h; a slope is the rise divided by the way.", " / (2 * h)", ""),
        ("sign", "A sign: what lies ahead minus what lies behind.", "f(z + h) - f(z - h)", "f(z - h) - f(z + h)"),
        ("sum for difference", "In the sum the terms with f' cancel, and f and f'' stay. It should be the other way round: subtract.", "f(z + h) - f(z - h)", "f(z + h) + f(z - h)"),
        ("mean", "That is the mean of f at the two places. A slope is a difference divided by the way.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z + h) + f(z - h)) / 2"),
        ("second difference", "That is the second difference: f' has cancelled and f'' is left. It should be the other way round.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z + h) - 2 * f(z) + f(z - h)) / h**2"),
        ("difference of the slopes", "Slope ahead minus slope behind leaves f''. Where the errors of the two have opposite signs, their mean is without it.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z + h) - f(z)) / h - (f(z) - f(z - h)) / h"),
        ("one-sided by 2h", "That steps ahead alone and divides by 2h: step back as well.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z + h) - f(z)) / (2 * h)"),
        ("divided by h squared", "A slope is a rise divided by the way, which is 2h long, and not by h squared.", "/ (2 * h)", "/ h**2"),
        ("multiplied by the way", "You multiply by the way; a slope is the rise divided by it.", "/ (2 * h)", "* (2 * h)"),
        ("half a step", "You step h / 2 to each side; step h, as asked for.", "f(z + h) - f(z - h)) / (2 * h)", "f(z + h / 2) - f(z - h / 2)) / h"),
        ("twice the step", "You step 2h to one side and 2h to the other; step h, as asked for.", "f(z + h) - f(z - h)) / (2 * h)", "f(z + 2 * h) - f(z - 2 * h)) / (4 * h)"),
        ("two steps ahead", "You step ahead twice, to z + h and to z + 2h: the terms with f'' stay. Step back as well.", "f(z + h) - f(z - h)) / (2 * h)", "f(z + 2 * h) - f(z + h)) / h"),
        ("absolute value", "A slope has a sign: leave the absolute value out.", "(f(z + h) - f(z - h)) /", "abs(f(z + h) - f(z - h)) /"),
        ("half a step ahead", "That is the one-sided difference with half the step: its error begins with f'' still. Step back as well.", "(f(z + h) - f(z - h)) / (2 * h)", "(f(z + h / 2) - f(z)) / (h / 2)"),
        ("second difference by 2h", "f' has cancelled and f'' is left. It should be the other way round: no f(z) is needed.", "f(z + h) - f(z - h)", "f(z + h) - 2 * f(z) + f(z - h)"),
        ("tanh", "You ask np.tanh; the function to ask is f, whatever it may be.", "(f(z + h) - f(z - h))", "(np.tanh(z + h) - np.tanh(z - h))"),
        ("slope of tanh", "That is the slope of tanh by its formula; ask f, at z + h and z - h.", "(f(z + h) - f(z - h)) / (2 * h)", "1 - np.tanh(z) ** 2"),
        shown=False,
    ),
    *slips(
        least_error_step,
        ("two errors equal", "A factor of 2 in h^3. (At your step the two errors are equal; their sum is lowest elsewhere, where its derivative is zero. That of h^2 / 6 is h / 3, that of 1 / 2h is -1 / 2h^2.)", "/ (2 * third)", "/ third"),
        ("square root", "The derivatives are h / 3 times third and eps size / 2h^2: solved for h they give h^3, so a cube root.", "np.cbrt", "np.sqrt"),
        ("no root", "That is h^3: take the cube root.", "np.cbrt(3 * eps * size / (2 * third))", "3 * eps * size / (2 * third)"),
        ("one-sided", "That is a square root, as for the one-sided difference; the error of the central one has h^2 in it, and then h^3 is what you solve for.", "np.cbrt(3 * eps * size / (2 * third))", "np.sqrt(2 * eps * size / third)"),
        ("third above", "size and third have changed places: where f bends more, the step has to be shorter.", "size / (2 * third)", "third / (2 * size)"),
        ("two thirds", "3 / 2 is upside down: h / 3 times third is eps size / 2h^2, so h^3 is 3 eps size / (2 third).", "3 * eps * size / (2 * third)", "2 * eps * size / (3 * third)"),
        ("brackets missing", "Python reads ... / 2 * third as (... / 2) * third: put 2 * third into brackets.", "/ (2 * third)", "/ 2 * third"),
        ("square root of two errors equal", "The error from Taylor goes with h^2 and not with h: you solve for h^3, so take a cube root.", "np.cbrt(3 * eps * size / (2 * third))", "np.sqrt(3 * eps * size / third)"),
        ("power", "Python reads ... ** 1 / 3 as (... ** 1) / 3: put 1 / 3 into brackets, or use np.cbrt.", "np.cbrt(3 * eps * size / (2 * third))", "3 * eps * size / (2 * third) / 3"),
        ("six above", "A factor of 4 in h^3: the derivative of 1 / 2h is -1 / 2h^2, so the 2 stands below.", "3 * eps * size / (2 * third)", "6 * eps * size / third"),
        ("three left out", "The 3 is missing: the derivative of h^2 / 6 is h / 3.", "3 * eps", "eps"),
        ("size left out", "size is missing: rounding is relative to f, eps size / 2h.", "eps * size", "eps"),
        ("third left out", "third is missing: the error from Taylor is h^2 / 6 times third.", "/ (2 * third)", "/ 2"),
        ("eps alone", "That is the order of magnitude. The step asked for knows size and third.", "3 * eps * size / (2 * third)", "eps"),
        ("error, not step", "That is the error at the best step; it should be the step itself.", "return h", "return h**2 / 6 * third + eps * size / (2 * h)"),
        ("inverse", "That is 1 / h: the fraction is upside down.", "3 * eps * size / (2 * third)", "2 * third / (3 * eps * size)"),
        shown=False,
    ),
    *slips(
        complex_slope,
        ("real part", "The real part holds the value of f, and no slope. Put i h for h into Taylor's formula: which term has an i?", "np.imag", "np.real"),
        ("not divided", "The imaginary part is h times the slope: divide by h.", " / h", ""),
        ("length", "np.abs is the length of the complex number, most of which is the value of f. The slope is in one part of it.", "np.imag", "np.abs"),
        ("angle", "np.angle is the angle of the complex number, which depends on the value of f. The slope is in one part of it.", "np.imag", "np.angle"),
        ("divided by 2h", "The step is h long and no other is taken: divide by h, not by 2h.", "/ h", "/ (2 * h)"),
        ("divided by h squared", "The imaginary part is h times the slope: divide by h, not by its square.", "/ h", "/ h**2"),
        ("real step", "z + h is a step along the real numbers, and the imaginary part stays zero. Step sideways, by 1j * h.", "1j * h", "h"),
        ("minus i", "A sign: step to z + ih, or turn the sign of what z - ih gives.", "z + 1j", "z - 1j"),
        ("step from zero", "You step from 0; step from z, to z + ih.", "z + 1j * h", "1j * h"),
        ("step of length 1", "Your step is i, of length 1; it should be i h.", "1j * h", "1j"),
        ("multiplied", "You multiply z by ih; the step is added to z.", "z + 1j * h", "z * 1j * h"),
        ("real part beside the value", "In the real part h^2 stands beside f'', no slope. Put i h for h into Taylor's formula: which term has an i?", "np.imag(f(z + 1j * h))", "(np.real(f(z + 1j * h)) - f(z))"),
        ("imaginary part of the quotient", "To divide by i turns the parts round: the slope is in the real part of this quotient, and in the imaginary part of f(z + ih) / h without any difference.", "np.imag(f(z + 1j * h)) / h", "np.imag((f(z + 1j * h) - f(z)) / (1j * h))"),
        ("one-sided", "That is the one-sided difference, which subtracts. Step sideways, by 1j * h.", "np.imag(f(z + 1j * h))", "(f(z + h) - f(z))"),
        ("central", "That is the central difference, which subtracts. Step sideways, by 1j * h.", "np.imag(f(z + 1j * h)) / h", "(f(z + h) - f(z - h)) / (2 * h)"),
        ("absolute value", "A slope has a sign: leave the absolute value out.", "np.imag(f(z + 1j * h)) /", "np.abs(np.imag(f(z + 1j * h))) /"),
        ("both sides", "z + ih and z - ih lie 2h apart; and one of them is enough.", "np.imag(f(z + 1j * h))", "np.imag(f(z + 1j * h) - f(z - 1j * h))"),
        ("length of a difference", "Nothing has to be subtracted, and a length has no sign: the imaginary part of f(z + ih) alone is h times the slope.", "np.imag(f(z + 1j * h))", "np.abs(f(z + 1j * h) - f(z))"),
        ("tanh", "You ask np.tanh; the function to ask is f, whatever it may be.", "f(z + 1j * h)", "np.tanh(z + 1j * h)"),
        shown=False,
    ),
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
    if _is_near(has, needs):
        return (
            "That is close to the derivative, but not what eq. 2.2 gives with the step that was "
            "asked for: use the argument `h`, and no step of your own."
        )
    return None


def _is_near(has, needs):
    near = 0.02 * np.max(np.abs(needs))
    return has.shape == needs.shape and np.max(np.abs(has - needs)) < near


def _remark_on_a_slope(part, has, needs):
    if _is_near(has, needs):
        return "That is close. Is the step that you take the argument `h`, and no other?"
    return None


def _a_number(normal, h):
    return {"z": np.array(normal(())), "h": np.array(h), "weights": normal(4)}


def _call_at_a_number(function, z, h, weights):
    """Call for a function of a number, real or complex, of which no derivative is zero."""

    def f(moved):
        return weights @ (1 + np.tanh(moved), np.exp(moved), moved**2, moved**3)

    return function(f, float(z), float(h))


def _two_errors(normal, scale):
    size, third = np.exp(normal(2))
    return {"eps": np.array(scale), "size": np.array(size), "third": np.array(third)}


def _call_with_numbers(function, **arrays):
    return function(*map(float, arrays.values()))


EXERCISES = {
    "02.1": Exercise(
        two_sided,
        returns=("slope",),
        arrays=_a_number,
        cases=((0.1,), (0.3,), (0.01,), (0.2,)),
        praise="returns the slope, with an error that begins with the square of the step.",
        remark=_remark_on_a_slope,
        call=_call_at_a_number,
        hints=(
            "Write down Taylor's formula for f(z + h) and, below it, for f(z - h): term by term, "
            "where are the signs the same?",
            "In the difference f(z + h) - f(z - h) the terms with f and f'' cancel, and that with "
            "f' stands there twice, as 2 h f'.",
            "slope = (f(z + h) - f(z - h)) / (2 * h)",
        ),
    ),
    "02.2": Exercise(
        least_error_step,
        returns=("h",),
        arrays=_two_errors,
        cases=((2.0**-52,), (2.0**-23,), (0.01,)),
        praise="returns the step at which the sum of the two errors is lowest.",
        call=_call_with_numbers,
        hints=(
            "The sum is h^2 third / 6 + eps size / (2 h). It is lowest where its derivative by h "
            "is zero.",
            "The derivative is h third / 3 - eps size / (2 h^2). Set it to zero and solve for h^3.",
            "h = np.cbrt(3 * eps * size / (2 * third))",
        ),
    ),
    "02.3": Exercise(
        complex_slope,
        returns=("slope",),
        arrays=_a_number,
        cases=((0.1,), (0.3,), (1e-30,), (0.2,)),
        praise="returns the slope, at a step of 1e-30 to the last digits.",
        remark=_remark_on_a_slope,
        call=_call_at_a_number,
        hints=(
            "Put i h for h into Taylor's formula, f(z) + i h f'(z) + ..., with i^2 = -1: which "
            "terms are real, and which are imaginary?",
            "The value f(z) is in the real part, and h f'(z) in the imaginary part, np.imag.",
            "slope = np.imag(f(z + 1j * h)) / h",
        ),
    ),
    "02.4": Exercise(
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


# Pictures
def digits(error):
    """Return how many digits are right, 15 at most, where the relative error is so large."""
    return int(np.clip(np.round(-np.log10(error)), 0, 15))


def digits_in_words(steps, found, foretold):
    """Say of each error at the last of the steps how many digits it leaves, for an alt text.

    found and foretold are {name: relative errors}. The errors of rounding differ from machine to
    machine, so what is foretold is told where it is known, with the best step as well.
    """
    words = []
    for name in found:
        errors = foretold.get(name, found[name])
        told = f"{name} {digits(errors[-1])}"
        if name in foretold:
            best = np.argmin(errors)
            told += f" (at most {digits(errors[best])}, at step {power_of_ten(steps[best])})"
        words.append(told)
    return f"Digits of the slope that are right at this step: {', '.join(words)}."
