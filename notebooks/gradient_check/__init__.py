"""Witnesses that judge a gradient, derived line by line in chapter 02.

A witness calls the forward pass and nothing else. It shares no formula, no cache and no line with
the backward pass that it judges, so it cannot share that code's mistakes. A mistake in the forward
pass is beyond it: it says that a gradient belongs to a function, not that the function is right.

`f` and `loss` are functions of one array, float32 or float64, of any shape. They get a fresh array
each time, real or complex, and are taken to be smooth near `at`, to return the same each time, and
to let an imaginary part of 1e-30 through. Every witness raises
    TypeError   where `at` is of another dtype, where a number is needed and f returns none, or
                where f answers real arrays with complex numbers, or drops the imaginary part;
    ValueError  where f returns an array in place of a number, NaN or infinity, or shapes differ.
"""

from collections.abc import Iterable, Mapping
import inspect

import numpy as np

from gradient_check.diagnoses import (
    Case,
    constant_ratio,
    sign_flipped,
    too_small_to_judge,
    what_fits,
    zero,
)


# Witnesses
def best_step(at):
    """Return the step at which central differences are most accurate, for each entry of `at`.

    It is the cube root of eps, times the entry where that is beyond 1. Taylor's error grows with
    the square of the step and that of rounding as the step shrinks: their sum is lowest about
    there, for an f that bends over a length of about 1, or of the entry.
    """
    eps = np.finfo(at.dtype).eps
    return np.cbrt(eps) * np.maximum(1, np.abs(at))  # eq. 2.3


def central_difference(f, at, h=None):
    """Return the gradient of the scalar function f at `at`, by two calls of f per entry.

    It is right to about eps^(2/3), that is 4e-11 in float64, and is computed in the precision of
    `at`. h is the step, a number or an array like `at`; None stands for `best_step`. ValueError
    where a step is so short that adding it changes nothing.
    """
    at = _real_array(at)
    steps = np.broadcast_to(best_step(at) if h is None else h, at.shape)
    gradient = np.empty_like(at)
    for entry in np.ndindex(at.shape):
        ahead = at.copy()
        ahead[entry] += steps[entry]
        behind = at.copy()
        behind[entry] -= steps[entry]
        taken = ahead[entry] - behind[entry]  # 2h, as rounded
        if taken == 0:
            raise ValueError(f"the step {steps[entry]:.1e} is lost beside {at[entry]}: enlarge it")
        gradient[entry] = (_real_number(f(ahead)) - _real_number(f(behind))) / taken  # eq. 2.2
    return gradient


def directional_derivative(f, at, direction, h=1e-30):
    """Return J v, how the array f(at) moves when `at` moves along `direction`: one call of f.

    direction has the shape of `at`, and J v that of f(at).

    The complex step subtracts nothing, so h may be tiny and the result is right to rounding. It
    needs an f that is analytic: no abs, no comparison of what depends on `at`, no real buffer.
    Where f answers with real numbers, a real step either way tells whether `at` has an influence on
    it: if it has none J v is 0, and else a TypeError is raised. Source: Squire and Trapp (1998),
    Using complex variables to estimate derivatives of real functions.
    """
    at = _real_array(at)
    if np.shape(direction) != at.shape:
        raise ValueError(f"direction has shape {np.shape(direction)}, but at has {at.shape}")
    direction = np.asarray(direction, dtype=float)
    value = f(at + 1j * h * direction)
    if not np.iscomplexobj(value) and _depends_on(f, at, direction):
        raise TypeError(
            "the function answers a complex array with real numbers, so it drops the imaginary "
            "part, perhaps in abs, .real, float or a real buffer: the complex step sees nothing"
        )
    return np.imag(value) / h  # eq. 2.4


def _depends_on(f, at, direction):
    """Return whether a real step along the direction, or one against it, changes what f returns."""
    step = (np.sqrt(best_step(at)) * direction).astype(at.dtype)  # longer, to be seen by any f
    with np.errstate(all="ignore"):  # it may leave the domain of f
        moved = [f(at + step), f(at - step)]
    return not all(np.array_equal(value, f(at.copy()), equal_nan=True) for value in moved)


def complex_step(f, at, h=1e-30):
    """Return the gradient of the scalar function f at `at`, right to rounding: a call per entry.

    It is float64, whatever `at` is; h is the step, as in `directional_derivative`.
    """
    at = _real_array(at)
    gradient = np.empty(at.shape)
    for entry in np.ndindex(at.shape):
        unit = np.zeros(at.shape)
        unit[entry] = 1
        gradient[entry] = directional_derivative(lambda moved: _number(f(moved)), at, unit, h)
    return gradient


def inner_product_gap(f, at, gradient, upstream=1.0, seed=0):
    """Return how far <v, J^T u> and <J v, u> are apart, for u = upstream and a random v.

    gradient is the J^T u to be judged. f may return an array, of the shape of upstream. The gap is
    relative to the sum of the terms' magnitudes, since the terms may cancel and the sum be nothing.
    A right gradient leaves less than 1e-13, or 1e-6 where it was computed in float32.
    """
    v = np.random.default_rng(seed).standard_normal(np.shape(at))
    backward_terms = v * gradient
    forward_terms = directional_derivative(f, at, v) * upstream
    gap = abs(np.sum(backward_terms) - np.sum(forward_terms))  # eq. 2.7
    scale = np.maximum(np.sum(np.abs(backward_terms)), np.sum(np.abs(forward_terms)))
    return float(gap) / float(scale) if scale else 0.0


def relative_error(a, b):
    """Return max|a - b| / max(|a|, |b|), each maximum over the whole array; 0 if all is zero.

    The whole array sets the scale: the rounding in any entry stems from sums of terms as large as
    the largest entry. An error relative to each entry raises false alarms at entries near zero.
    The result lies between 0 and 2, where one is minus the other. ValueError where shapes differ.
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"arrays of shapes {a.shape} and {b.shape} have no relative error")
    largest = max(_largest(a), _largest(b))
    return float(_largest(a - b)) / float(largest) if largest else 0.0  # eq. 2.5


# The verdict
def assert_gradient(
    gradient, loss, at, name=None, *, sizes=None, time_axis=None, shares=None, seed=0
):
    """Ask all witnesses whether `gradient` is the gradient of the scalar function `loss` at `at`.

    A few calls of the loss judge all entries at once, along random directions; only where these
    object is each entry asked for. An entry is judged beside the largest of its slice, that is of
    its row, its column or its step in time, to 1e-11 (float32: 1e-4). Returns None; or, where an
    entry is too small for that, a sentence that says which are not judged. Raises
        AssertionError  where the gradient is wrong: which entry, how far, what mistake fits;
        ValueError      where there is no telling, and why: a loss that is not smooth here or has
                        chance in it, a gradient that is off by less than the loss is rounded;
        TypeError       where `at` cannot move by small steps, or the loss does not let an
                        imaginary part through.

    Thresholds. The complex step and the inner product subtract nothing: rounding leaves them below
    1e-13, a mistake in a formula seldom leaves less than 1e-3, and 1e-11 stands between (1000 eps
    in float32). Central differences take a step at which they agree with the complex step along a
    random direction. What the loss moves by in that step is rounded: it is allowed 100 eps of the
    size of the loss, and of the move. They only serve to confirm the other two.

    name is what messages call the gradient; by default "d" and the name of the loss's argument.
    For a sharper answer: sizes, as in dict(N=2, T=3), gives ratios a name; time_axis is the axis of
    `at` that is time; shares, as in dict(step=f), has f() return the terms, stacked along axis 0,
    whose sum is the right gradient.
    """
    (argument,) = _argument_names(loss, 1)
    name = name or f"d{argument}"
    known = {"sizes": sizes or {}, "time_axis": time_axis, "shares": shares or {}}
    return _judge(gradient, lambda moved: _one(loss(moved)), at, name, known, seed)


def _judge(gradient, terms, at, name, known, seed, rounded=0.0):
    """Judge the gradient of the sum of `terms`; rounded is the size of what it was made from."""
    at = _real_array(at)
    has = _as_gradient(gradient, name)
    eps = np.finfo(at.dtype).eps
    tolerance = max(1e-11, 1000 * eps)
    rng = np.random.default_rng(seed)

    def loss(moved):
        return np.sum(terms(moved))

    here = terms(at.copy())
    _real_number(np.sum(here))
    if not relative_error(terms(at.copy()), here) <= tolerance:
        raise ValueError("the loss differs from call to call: take all random numbers beforehand")
    height = np.sum(np.abs(here))
    shortened = _agreed_step(loss, at, height, rng)
    without_influence = _is_level(loss, at, rng)
    if has.shape == at.shape:
        rounding = _rounding(at) * max(height, rounded)
        if without_influence and _largest(has) * _length(at) <= rounding:
            return None
        if _all_agree(has, loss, at, tolerance, known["time_axis"], rng):
            return _not_judged(name, Case(has, has, tolerance, **known))

    needs = np.zeros(at.shape) if without_influence else complex_step(loss, at)
    case = Case(has, needs, tolerance, 10 * eps * height, **known)
    if has.shape != at.shape:
        message = f"{name} has shape {has.shape}, needs {at.shape}. What fits: {what_fits(case)}."
        raise AssertionError(message)
    with np.errstate(invalid="ignore"):  # NaN and infinity are no warning, but a verdict
        if relative_error(has, needs) <= tolerance:
            return _judge_slices(name, case, 1000 * eps * _largest(needs))
        words, small = what_fits(case), too_small_to_judge(case)
        if small and words == small.words:
            raise ValueError(f"{name} cannot be judged: it is {words}")
        if _is_unsteady(has, needs, loss, at, rng):
            raise ValueError(
                f"{name} cannot be judged: it is off by no more than the right one moves where "
                f"{at.dtype} rounds the argument: check at a calmer place, or with more digits"
            )
        step = shortened * best_step(at)
        against = _against(has, loss, at, height, step, tolerance)
    raise AssertionError(_report(name, case, words, against))


def _rounding(at):
    """Return how far, relative to their size, sums may be rounded in all that leads to them."""
    return 100 * np.finfo(at.dtype).eps


def _against(has, loss, at, height, step, tolerance):
    """Name the witnesses against a gradient that the complex step has found wrong."""
    rounding = _rounding(at)
    moves = central_difference(loss, at, step) * step
    foretold = np.allclose(has * step, moves, rounding, rounding * height)
    balanced = inner_product_gap(loss, at, has) <= tolerance
    agrees = {"central differences": foretold, "complex step": False, "inner product": balanced}
    return ", ".join(witness for witness, agreed in agrees.items() if not agreed)


def _directions(shape, rng):
    """Yield random directions. No entry is below 1, so that none hides; none is beyond 2."""
    for _ in range(4):
        yield rng.choice([-1.0, 1.0], shape) * rng.uniform(1, 2, shape)


def _agreed_step(loss, at, height, rng):
    """Return how far `best_step` is shortened for central differences to agree with complex steps.

    In one direction they must: rounding may be unlucky in some, but not in all of them.
    """
    for direction in _directions(at.shape, rng):
        shortened = _agreement(loss, at, direction, height)
        if shortened:
            return shortened
    if 0 < height < 1e-260:  # the complex step multiplies it by 1e-30
        raise ValueError(
            f"the gradient cannot be judged: the loss is as small as {height:.1e}, so what it "
            "moves by underflows: multiply it by a large number"
        )
    raise ValueError(
        "central differences and the complex step contradict each other: the loss is not "
        "smooth here, it drops an imaginary part inside, or it is so large that what it moves by "
        "is lost in rounding"
    )


def _agreement(loss, at, direction, height):
    """Return the first of ever shorter steps at which the two agree along `direction`, or None.

    The loss may bend over a length that is shorter than `best_step` takes for granted. So a shorter
    step is tried, and the one that its neighbour confirms best has the last word. A step at which
    the slope of the step before would be lost in rounding says nothing.
    """
    rounding = _rounding(at)
    steps = np.geomspace(1, np.finfo(at.dtype).eps ** (2 / 3), 12)  # even the last moves `at`
    slopes = np.empty(len(steps))
    foretold = np.empty(len(steps))
    before = np.inf
    for k, step in enumerate(steps):
        move = (step * best_step(at) * direction).astype(at.dtype)
        ahead = at + move
        behind = at - move
        foretold[k] = directional_derivative(loss, at, ahead - behind) / step
        with np.errstate(all="ignore"):  # a long step may leave the domain of the loss
            slopes[k] = (loss(ahead) - loss(behind)) / step
        lost = abs(before) * step <= rounding * height
        if np.isclose(slopes[k], foretold[k], rounding, rounding * height) and not lost:
            return step
        before = slopes[k]
    with np.errstate(all="ignore"):
        changes = np.abs(np.diff(slopes, prepend=np.nan))
        best = np.argmin(np.nan_to_num(changes / np.abs(slopes), nan=np.inf))
    allowed = changes[best] + rounding * height / steps[best]
    if abs(slopes[best] - foretold[best]) < allowed:
        return steps[best]


def _is_level(loss, at, rng):
    """Return whether all slopes are zero but for rounding, which differs from step to step."""
    for direction in _directions(at.shape, rng):
        slope = directional_derivative(loss, at, direction)
        again = directional_derivative(loss, at, direction, 7e-31)
        if slope and np.isclose(slope, again, rtol=1e-3, atol=0):
            return False
    return True


def _is_unsteady(has, needs, loss, at, rng):
    """Return whether the error is no more than what rounding `at` can do to the right gradient."""
    direction = next(_directions(at.shape, rng))
    moved = (at + direction * np.spacing(at)).astype(at.dtype)
    moved_by = _largest(complex_step(loss, moved) - needs)
    return _largest(has - needs) <= 1000 * moved_by


def _all_agree(has, loss, at, tolerance, time_axis, rng):
    """Return whether the gradient foretells how the loss moves, in each of a few directions.

    Each entry moves by one to two times `unit` over the size of its slice, so one that is wrong by
    more than the tolerance, beside its slice, is seen in every direction; several are, unless they
    cancel in all.
    """
    sizes = _sizes(has, time_axis)
    unit = np.min(sizes, where=sizes > 0, initial=np.inf)
    if not np.isfinite(unit) or not np.all(np.isfinite(has)):
        return False
    for direction in _directions(at.shape, rng):
        direction = direction * (unit / np.maximum(sizes, unit))
        slope = directional_derivative(loss, at, direction)
        if not np.isclose(np.sum(has * direction), slope, rtol=0, atol=tolerance * unit):
            return False  # eq. 2.7
    level = (sizes == 0) * direction  # slices of zeros have no size, so they are asked alone
    rounded = 10 * np.finfo(at.dtype).eps * _largest(has)
    return abs(directional_derivative(loss, at, level)) <= rounded


def _sliced_axes(array, time_axis):
    """Return the axes whose slices have a scale: more than one entry, or a step in time."""
    lengths = enumerate(array.shape)
    return [axis for axis, length in lengths if length < array.size or axis == time_axis]


def _sizes(array, time_axis):
    """Return, for each entry, the largest entry of the smallest slice that it lies in."""
    array = np.asarray(array, float)
    sizes = np.full(array.shape, _largest(array))
    for axis in _sliced_axes(array, time_axis):
        others = tuple(other for other in range(array.ndim) if other != axis)
        sizes = np.minimum(sizes, np.max(np.abs(array), axis=others, keepdims=True))
    return sizes


def _judge_slices(name, case, rounding):
    """Judge each slice beside its own largest entry, where beside that of the array all is right.

    What is off there by so little may be rounding, unless it has the form of a mistake.
    """
    lost, found = [], {}
    for axis in _sliced_axes(case.has, case.time_axis):
        for k in range(case.has.shape[axis]):
            has, needs = (array.take(k, axis) for array in (case.has, case.needs))
            part = Case(has, needs, case.tolerance, sizes=case.sizes)
            if not np.any(part.wrong()):
                continue
            place = f"{name}[{':, ' * axis}{k}]"
            fit = _mistake(part, rounding)
            if fit:
                found[place] = part, fit
            else:
                lost.append(place)
    if found:
        place, (part, fit) = next(iter(found.items()))
        raise AssertionError(
            f"{_report(place, part, fit.words, 'complex step')}\n"
            f"Too small beside the rest of {name} to be seen there: {', '.join(found)}."
        )
    return _not_judged(name, case, lost)


def _mistake(part, rounding):
    size = _largest(part.needs)
    if not size:
        return None
    claims = [sign_flipped, zero, constant_ratio] if size > rounding else [sign_flipped]
    return next((fit for fit in (claim(part) for claim in claims) if fit), None)


def _not_judged(name, case, lost=()):
    """Say which slices and how many entries are too small to be judged, or nothing."""
    if lost:
        return f"{name} is right but for what is too small to be judged: {', '.join(lost)}"
    sizes = _sizes(case.needs, case.time_axis)
    small = np.sum((case.needs != 0) & (np.abs(case.needs) <= case.tolerance * sizes))
    if small:
        return f"{name} is right but for {small} of {case.has.size} entries, too small to be judged"


def _report(name, case, words, against):
    wrong = case.wrong()
    error = np.abs(case.has - case.needs)
    worst = np.unravel_index(np.argmax(error), error.shape)
    place = f"[{', '.join(map(str, worst))}]" if worst else ""
    return (
        f"{name} is wrong in {np.sum(wrong)} of {wrong.size} entries, relative error "
        f"{relative_error(case.has, case.needs):.1e}.\n"
        f"Worst: {name}{place} has {case.has[worst]:.6g}, needs {case.needs[worst]:.6g}.\n"
        f"What fits: {words}.\n"
        f"Witnesses against it: {against}."
    )


# A layer
def check_layer(forward, backward, *inputs, names=None, sizes=None, seed=0):
    """Assert every gradient that `backward` returns for `forward`, through random upstream ones.

    forward(*inputs) -> (out, cache), or (out_1, ..., out_k, cache): the last is always the cache,
    None if backward needs none. backward(dout, cache), or backward(dout_1, ..., dout_k, cache), ->
    a gradient for each input of floating dtype, in order and of its shape; indices and masks have
    none, or None. Each is judged as by `assert_gradient`, an input of three axes also step by step.
    Neither may change what it is given, nor an array in the cache. Both get copies of the inputs.

    The first axis of an output is the sample, the second of three is time: sizes, by default N and
    T of the first output, are what a ratio is named by. names are those of the inputs, by default
    forward's. Returns None, or a sentence that says what is too small to be judged. Raises, after
    all gradients have been judged, what `assert_gradient` raises of the first that is wrong; if
    none is, of the first that cannot be judged. TypeError or ValueError, too, where forward,
    backward and the inputs are not of this form.
    """
    names = names or _argument_names(forward, len(inputs))
    if len(names) != len(inputs):
        raise ValueError(f"{len(inputs)} inputs have {len(names)} names: {', '.join(names)}")
    inputs = [_as_input(name, value) for name, value in zip(names, inputs)]
    named = dict(zip(names, inputs))
    given = _contents(named)
    *outs, cache = _outs_and_cache(_call("forward", forward, inputs))
    _check_unchanged(given, named, "forward changed it in place")

    outs = [_as_output(out) for out in outs]
    rng = np.random.default_rng(seed)
    upstreams = [np.asarray(rng.standard_normal(out.shape), out.dtype) for out in outs]
    numbers = [f"_{k + 1}" for k in range(len(outs))] if len(outs) > 1 else [""]
    named |= {f"dout{number}": upstream for number, upstream in zip(numbers, upstreams)}
    named["cache"] = cache
    given = _contents(named)
    returned = _call("backward", backward, [*upstreams, cache])
    _check_unchanged(given, named, "it was changed in place")

    places = [place for place, value in enumerate(inputs) if _is_floating(value)]
    needed = [f"d{names[place]}" for place in places]
    gradients = _gradients(returned, needed, places, len(inputs))
    made_from = sum(map(_sum_of_sizes, gradients))
    first = outs[0]
    sizes = dict(zip("NT", first.shape[:-1])) if sizes is None else sizes
    counts = {out.shape[:1] for out in outs}  # of samples; a number has none
    by_sample = len(counts) == 1 and () not in counts

    def judge(place, gradient, name):
        at = inputs[place]

        def terms(moved):
            *moved_outs, _ = forward(*inputs[:place], moved, *inputs[place + 1 :])
            return map(np.multiply, upstreams, moved_outs)  # eq. 2.6

        def share(n):
            return complex_step(lambda moved: sum(np.sum(part[n]) for part in terms(moved)), at)

        known = {
            "sizes": sizes,
            "time_axis": 1 if at.ndim == 3 else None,
            "shares": {"sample": lambda: map(share, range(len(first)))} if by_sample else {},
        }

        def joined(moved):
            return np.concatenate([np.ravel(part) for part in terms(moved)])

        return _judge(gradient, joined, at, name, known, seed, made_from)

    notes = []
    wrong = {}
    unjudged = {}
    for place, gradient, name in zip(places, gradients, needed):
        try:
            notes.append(judge(place, gradient, name))
        except AssertionError as error:
            wrong[name] = error
        except (TypeError, ValueError) as error:
            unjudged[name] = error
    if wrong or unjudged:
        raise _verdict(needed, wrong, unjudged)
    return "\n".join(filter(None, notes)) or None


def _verdict(needed, wrong, unjudged):
    """Return the first error of a wrong gradient, or else of one that cannot be judged, and all."""
    right = [name for name in needed if name not in wrong | unjudged]
    parts = {"Wrong": wrong, "Right": right or ["none"], "Not judged": unjudged}
    verdicts = " ".join(f"{word}: {', '.join(names)}." for word, names in parts.items() if names)
    if wrong:
        return AssertionError(f"{next(iter(wrong.values()))}\n{verdicts}")
    error = next(iter(unjudged.values()))
    return type(error)(f"{error}\n{verdicts}")


def _arrays(name, value):
    """Yield every array in nested tuples, lists and dicts, with the name of its place."""
    if isinstance(value, np.ndarray):
        yield name, value
    elif isinstance(value, tuple | list | Mapping):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from _arrays(f"{name}[{key!r}]", part)


def _contents(named):
    """Return what each array among the named values holds, by the name of its place."""
    places = [place for name, value in named.items() for place in _arrays(name, value)]
    return {name: [array.shape, array.tobytes()] for name, array in places}


def _check_unchanged(before, named, how):
    after = _contents(named)
    for name in before | after:
        if before.get(name) != after.get(name):
            raise AssertionError(f"{name} is not what it was: {how}")


# What is asked of the arguments
def _real_array(at):
    at = np.asarray(at)
    if at.dtype.char not in "fd":
        raise TypeError(
            f"at has dtype {at.dtype}, needs float32 or float64: it must move by small steps"
        )
    return at


def _as_gradient(gradient, name):
    array = np.asarray(gradient)
    if array.dtype.kind not in "iuf":
        what = type(gradient).__name__ if array.dtype == object else f"an array of {array.dtype}"
        raise AssertionError(f"{name} is {what}, needs to be an array of real numbers")
    return array


def _one(value):
    if isinstance(value, np.ndarray) and value.ndim:
        raise ValueError(
            f"the function returns an array of shape {value.shape}, needs to return one number, "
            "such as the sum of the array times an upstream gradient (eq. 2.6)"
        )
    if isinstance(value, tuple | list) or not np.issubdtype(np.asarray(value).dtype, np.number):
        raise TypeError(f"the function returns a {type(value).__name__}, needs to return a number")
    return value


def _number(value):
    if not np.isfinite(_one(value)):
        raise ValueError(f"the function returns {value}: there is no gradient to check here")
    return value


def _real_number(value):
    if np.iscomplexobj(_number(value)):
        raise TypeError("the function answers a real array with a complex number, needs a real one")
    return value


def _call(which, function, arguments):
    """Call the function; TypeError where it does not take so many arguments."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError as error:
        needed = {
            "forward": "every input",
            "backward": "a gradient for each output, then the cache",
        }
        raise TypeError(f"{which} needs to take {needed[which]}, but: {error}") from None
    except ValueError:  # it has no signature, as in C
        pass
    return function(*arguments)


def _as_input(name, value):
    """Return a copy of an array, an array made of floats in lists, or else the value itself."""
    try:
        array = np.array(value)
    except ValueError:
        raise ValueError(f"{name} is no array but several: give each as an input") from None
    if array.dtype.kind == "c":
        raise TypeError(f"{name} has dtype {array.dtype}, needs to be real")
    return array if isinstance(value, np.ndarray) or array.dtype.kind == "f" else value


def _is_floating(value):
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def _outs_and_cache(returned):
    if not isinstance(returned, tuple) or len(returned) < 2:
        length = f" of length {len(returned)}" if isinstance(returned, tuple) else ""
        what = f"one {type(returned).__name__}{length}"
        raise TypeError(
            f"forward returns {what}, needs to return (out, cache), or (out_1, ..., out_k, cache); "
            "the cache may be None"
        )
    return returned


def _as_output(out):
    array = np.asarray(out)
    if array.dtype.char not in "fd":
        raise TypeError(
            f"forward returns an output of dtype {array.dtype}, needs float32 or float64; the last "
            "that it returns is the cache, and all before it are outputs"
        )
    return array


def _gradients(returned, needed, places, count):
    """Return the gradients of the inputs at these places as a list."""
    wanted = f"needs {len(needed)}: {', '.join(needed)}"
    if returned is None or isinstance(returned, Mapping | str):
        what = "nothing" if returned is None else f"a {type(returned).__name__}"
        raise AssertionError(f"backward returns {what}, {wanted}, in this order")
    many = isinstance(returned, Iterable) and not isinstance(returned, np.ndarray)
    gradients = list(returned) if many else [returned]
    if len(gradients) == count and all(
        gradient is None for place, gradient in enumerate(gradients) if place not in places
    ):
        gradients = [gradients[place] for place in places]
    if len(gradients) != len(needed):
        raise AssertionError(f"backward returns {len(gradients)} arrays, {wanted}")
    return gradients


def _sum_of_sizes(gradient):
    finite = isinstance(gradient, np.ndarray) and gradient.dtype.kind == "f"
    return np.sum(np.abs(gradient[np.isfinite(gradient)])) if finite else 0.0


def _length(at):
    """Return over which length a function of `at` may bend, 1 at most."""
    return min(1, _largest(at)) or 1


def _largest(array):
    return np.max(np.abs(array), initial=0)


def _argument_names(function, count):
    """Return what the function calls so many arguments, by position."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:  # NumPy's own functions have no signature before NumPy 2.4
        return ["x"]
    names = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}_{k + 1}" for k in range(count)]
        else:
            names.append(parameter.name)
    return names[:count]
