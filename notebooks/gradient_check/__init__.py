"""Witnesses that judge a gradient, derived line by line in chapter 02.

A witness calls the forward pass and nothing else. It shares no formula, no cache and no line with
the backward pass that it judges, so it cannot share that code's mistakes. A mistake in the forward
pass is beyond it: it says that a gradient belongs to a function, not that the function is right.

`f` and `loss` are functions of one array, float32 or float64. They get a fresh array each time.
"""

import inspect

import numpy as np

from gradient_check.diagnoses import Case, what_fits


# Witnesses
def best_step(at):
    """Return the step at which central differences are most accurate, for each entry of `at`."""
    eps = np.finfo(at.dtype).eps
    return np.cbrt(eps) * np.maximum(1, np.abs(at))  # eq. 2.3


def central_difference(f, at, h=None):
    """Return the gradient of the scalar function f at `at`, by two calls of f per entry.

    It is right to about eps^(2/3), that is 4e-11 in float64, and is computed in the precision of
    `at`. h is the step, a number or an array like `at`; None stands for `best_step`.
    """
    at = _real_array(at)
    steps = np.broadcast_to(best_step(at) if h is None else h, at.shape)
    gradient = np.empty_like(at)
    for entry in np.ndindex(at.shape):
        ahead, behind = at.copy(), at.copy()
        ahead[entry] += steps[entry]
        behind[entry] -= steps[entry]
        taken = ahead[entry] - behind[entry]  # 2h, as rounded
        if taken == 0:
            raise ValueError(f"the step {steps[entry]:.1e} is lost beside {at[entry]}: enlarge it")
        gradient[entry] = (_real_number(f(ahead)) - _real_number(f(behind))) / taken  # eq. 2.2
    return gradient


def directional_derivative(f, at, direction, h=1e-30):
    """Return J v, how the array f(at) moves when `at` moves along `direction`: one call of f.

    The complex step subtracts nothing, so h may be tiny and the result is right to rounding. It
    needs an f that is analytic: no abs, no comparison of what depends on `at`, no real buffer.
    """
    at = _real_array(at)
    if np.shape(direction) != at.shape:
        raise ValueError(f"direction has shape {np.shape(direction)}, but at has {at.shape}")
    value = f(at + 1j * h * np.asarray(direction, dtype=float))
    if not np.iscomplexobj(value):
        raise TypeError(
            "the function answers a complex array with real numbers, so it drops the imaginary "
            "part, perhaps in abs, .real, float or a real buffer: the complex step sees nothing"
        )
    return np.imag(value) / h  # eq. 2.4


def complex_step(f, at, h=1e-30):
    """Return the gradient of the scalar function f at `at`, right to rounding: a call per entry."""
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
    """
    a, b = np.asarray(a), np.asarray(b)
    if a.shape != b.shape:
        raise ValueError(f"arrays of shapes {a.shape} and {b.shape} have no relative error")
    largest = np.max(np.abs([a, b]), initial=0)
    return float(np.max(np.abs(a - b), initial=0)) / float(largest) if largest else 0.0  # eq. 2.5


# The verdict
def assert_gradient(
    gradient, loss, at, name=None, *, sizes=None, time_axis=None, shares=None, seed=0
):
    """Ask all witnesses whether `gradient` is the gradient of the scalar function `loss` at `at`.

    Raises AssertionError where it is not: which entry, how far, and what kind of mistake fits. The
    complex step and the inner product must agree to 1e-11 (float32: 1e-4), central differences to
    what their own error allows: their step doubled, it quadruples (eq. 2.2). ValueError where the
    witnesses contradict each other, since then the loss is at fault.

    name is what messages call the gradient; by default "d" and the name of the loss's argument.
    For a sharper answer: sizes, as in dict(N=2, T=3), gives ratios a name; time_axis is the axis of
    `at` that is time; shares, as in dict(step=f), has f() return the terms, stacked along axis 0,
    whose sum is the right gradient.
    """
    at = _real_array(at)
    name = name or "d" + _argument_names(loss)[0]
    has = _as_gradient(gradient, name)
    eps = np.finfo(at.dtype).eps
    tolerance = max(1e-11, 1000 * eps)
    height = _real_number(loss(at.copy()))
    if not np.isclose(loss(at.copy()), height, rtol=np.sqrt(eps), atol=0):
        raise ValueError("the loss differs from call to call: take all random numbers beforehand")
    exact = complex_step(loss, at)
    rough = central_difference(loss, at)
    doubled = central_difference(loss, at, 2 * best_step(at))
    allowed = _largest(doubled - rough) + 100 * eps ** (2 / 3) * max(abs(height), _largest(rough))
    if not _largest(rough - exact) <= allowed:
        raise ValueError(
            "central differences and the complex step contradict each other: the loss is not "
            "smooth here, or it drops an imaginary part inside"
        )

    rounding = 100 * eps * abs(height)
    case = Case(has, exact, tolerance, rounding, sizes or {}, time_axis, shares or {})
    if has.shape != at.shape:
        message = f"{name} has shape {has.shape}, needs {at.shape}. What fits: {what_fits(case)}."
        raise AssertionError(message)
    with np.errstate(invalid="ignore"):  # NaN and infinity are no warning, but a verdict
        agrees = {
            "central differences": _largest(has - rough) <= allowed,
            "complex step": relative_error(has, exact) <= tolerance,
            "inner product": inner_product_gap(loss, at, has, seed=seed) <= tolerance,
        }
        if not all(agrees.values()):
            against = ", ".join(witness for witness, agreed in agrees.items() if not agreed)
            raise AssertionError(_report(name, case, against))


def _report(name, case, against):
    wrong = case.wrong()
    error = np.where(wrong, np.abs(case.has - case.needs), -1)
    worst = np.unravel_index(np.argmax(error), error.shape)
    place = f"[{', '.join(map(str, worst))}]" if worst else ""
    return (
        f"{name} is wrong in {np.sum(wrong)} of {wrong.size} entries, relative error "
        f"{relative_error(case.has, case.needs):.1e}.\n"
        f"Worst: {name}{place} has {case.has[worst]:.6g}, needs {case.needs[worst]:.6g}.\n"
        f"What fits: {what_fits(case)}.\n"
        f"Witnesses against it: {against}."
    )


def check_layer(forward, backward, *inputs, names=None, sizes=None, seed=0):
    """Assert every gradient that `backward` returns for `forward`, through a random upstream one.

    forward(*inputs) -> (out, cache) and backward(dout, cache) -> a gradient for each input of
    floating dtype, in order (indices and masks have none). Neither may change what it is given.
    The first axis of `out` is the sample, the second of three is time: sizes, by default N and T
    from there, are what a ratio is named by. names are those of the inputs, by default forward's.
    """
    names = names or _argument_names(forward)
    if len(names) != len(inputs):
        raise ValueError(f"{len(inputs)} inputs have {len(names)} names: {', '.join(names)}")
    before = [np.copy(array) for array in inputs]
    out, cache = forward(*inputs)
    upstream = np.random.default_rng(seed).standard_normal(out.shape).astype(out.dtype)
    dout = upstream.copy()
    gradients = backward(dout, cache)
    gradients = gradients if isinstance(gradients, (tuple, list)) else (gradients,)
    for name, array, kept in zip(["dout", *names], [dout, *inputs], [upstream, *before]):
        if not np.array_equal(array, kept):
            raise AssertionError(f"{name} is not what it was: it was changed in place")

    places = [place for place, array in enumerate(inputs) if np.asarray(array).dtype.kind == "f"]
    needed = [f"d{names[place]}" for place in places]
    if len(gradients) != len(needed):
        raise AssertionError(
            f"backward returns {len(gradients)} arrays, needs {len(needed)}: {', '.join(needed)}"
        )

    def judge(place, gradient, name):
        def terms(moved):
            return upstream * forward(*inputs[:place], moved, *inputs[place + 1 :])[0]

        def share(n):
            return complex_step(lambda moved: np.sum(terms(moved)[n]), inputs[place])

        assert_gradient(
            gradient,
            lambda moved: np.sum(terms(moved)),  # eq. 2.6
            inputs[place],
            name,
            sizes=sizes or dict(zip("NT", out.shape[:-1])),
            time_axis=1 if np.ndim(inputs[place]) == 3 else None,
            shares={"sample": lambda: map(share, range(len(out)))},
            seed=seed,
        )

    complaints = {}
    for place, gradient, name in zip(places, gradients, needed):
        try:
            judge(place, gradient, name)
        except AssertionError as error:
            complaints[name] = str(error)
    if complaints:
        right = ", ".join(name for name in needed if name not in complaints) or "none"
        first = next(iter(complaints.values()))
        raise AssertionError(f"{first}\nWrong: {', '.join(complaints)}. Right: {right}.")


# What is asked of the arguments
def _real_array(at):
    at = np.asarray(at)
    if at.dtype not in (np.float32, np.float64):
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


def _number(value):
    if isinstance(value, np.ndarray) and value.ndim:
        raise ValueError(
            f"the function returns an array of shape {value.shape}, needs to return one number, "
            "such as the sum of the array times an upstream gradient (eq. 2.6)"
        )
    if isinstance(value, (tuple, list)) or np.asarray(value).dtype.kind not in "iufc":
        raise TypeError(f"the function returns a {type(value).__name__}, needs to return a number")
    if not np.isfinite(value):
        raise ValueError(f"the function returns {value}: there is no gradient to check here")
    return value


def _real_number(value):
    if np.iscomplexobj(_number(value)):
        raise TypeError("the function answers a real array with a complex number, needs a real one")
    return value


def _largest(array):
    return np.max(np.abs(array), initial=0)


def _argument_names(function):
    try:
        return list(inspect.signature(function).parameters)
    except ValueError:  # NumPy's own functions have no signature before NumPy 2.4
        return ["x"]
