from contextlib import nullcontext, suppress
import re

import numpy as np
import pytest

import gradient_check
from gradient_check import (
    assert_gradient,
    best_step,
    central_difference,
    check_layer,
    complex_step,
    diagnoses,
    directional_derivative,
    inner_product_gap,
    relative_error,
)
import rnn_layers


def random_layer(seed, dtype=np.float64, sizes=None):
    """Return x, h0, Wx, Wh, b of an RNN; without sizes N, T, D, H, these are random, 1 included."""
    rng = np.random.default_rng(seed)
    N, T, D, H = sizes or rng.integers(1, 5, size=4)
    shapes = [(N, T, D), (N, H), (D, H), (H, H), (H,)]
    return [(0.5 * rng.standard_normal(shape)).astype(dtype) for shape in shapes]


def linear_loss(gradient):
    """Return a loss whose gradient is the one given, wherever it is taken."""
    return lambda A: np.sum(gradient * A)


# Central differences


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4), (2, 0, 3)])
@pytest.mark.parametrize("witness", [central_difference, complex_step])
def test_a_witness_finds_a_gradient_of_any_shape(witness, shape):
    at = np.random.default_rng(0).standard_normal(shape)
    gradient = witness(lambda x: np.sum(np.sin(x)), at)
    assert gradient.shape == shape
    np.testing.assert_allclose(gradient, np.cos(at), rtol=1e-8)


@pytest.mark.parametrize("witness", [central_difference, complex_step])
def test_a_witness_changes_nothing_even_where_the_function_does(witness):
    def changes_its_argument(x):
        x *= 2
        return np.sum(x**2)

    at = np.array([1.0, -2.0, 3.0])
    np.testing.assert_allclose(witness(changes_its_argument, at), 8 * at, rtol=1e-8)
    np.testing.assert_array_equal(at, [1, -2, 3])


def test_central_differences_of_float32_are_float32():
    at = np.linspace(-1, 1, 5, dtype=np.float32)
    seen = set()

    def loss(x):
        seen.add(x.dtype)
        return np.sum(np.sin(x))

    gradient = central_difference(loss, at)
    assert seen == {np.dtype(np.float32)}
    assert gradient.dtype == np.float32
    assert 1e-7 < relative_error(gradient, np.cos(at)) < 1e-3


def test_central_differences_divide_by_the_step_that_was_taken():
    assert central_difference(lambda x: x, 1e8, h=1e-7) == 1  # 1e8 moves by 1.5e-8 or not at all


def test_a_step_that_rounding_loses_is_refused():
    with pytest.raises(ValueError, match=r"the step 1\.0e-17 is lost beside 1\.0"):
        central_difference(np.sin, 1.0, h=1e-17)


def test_the_error_of_central_differences_falls_with_the_square_of_the_step():
    coarse, fine = (abs(central_difference(np.exp, 0.7, h) - np.exp(0.7)) for h in (1e-1, 1e-2))
    np.testing.assert_allclose(coarse / fine, 100, rtol=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_best_step_is_where_theory_says(dtype):
    points = np.linspace(0.4, 1.2, 50, dtype=dtype)
    steps = np.logspace(-1, np.log10(np.finfo(dtype).eps) + 1, 60).astype(dtype)

    def error(h):
        found = central_difference(lambda x: np.sum(np.sin(x), dtype=np.float64), points, h)
        return np.sqrt(np.mean((found - np.cos(points.astype(float))) ** 2))

    errors = [error(h) for h in steps]
    eps = np.finfo(dtype).eps
    predicted = np.cbrt(3 * eps * np.mean(np.abs(np.tan(points))))  # (3 eps |f| / |f'''|)^(1/3)
    assert predicted / 4 < steps[np.argmin(errors)] < predicted * 4
    assert error(best_step(points)) < 6 * min(errors)


def test_the_best_step_grows_with_the_point():
    np.testing.assert_allclose(
        best_step(np.array([0.0, -1e3])), 6.0555e-6 * np.array([1, 1e3]), 1e-4
    )


# The complex step and the inner product


@pytest.mark.parametrize("h", [1e-8, 1e-30, 1e-200])
def test_the_complex_step_is_right_to_rounding_whatever_the_step(h):
    at = np.array([0.3, -1.2, 2.0])
    found = complex_step(lambda x: np.sum(np.exp(x) * np.sin(x)), at, h)
    np.testing.assert_allclose(found, np.exp(at) * (np.sin(at) + np.cos(at)), rtol=1e-14)


def test_the_complex_step_takes_the_step_that_is_asked_for():
    found = complex_step(lambda x: np.sum(np.sin(x)), np.array([0.3, 2.0]), h=0.5)
    np.testing.assert_allclose(found, np.cos([0.3, 2.0]) * np.sinh(0.5) / 0.5, rtol=1e-14)


@pytest.mark.parametrize("witness", [central_difference, complex_step])
def test_a_witness_refuses_an_array_where_it_needs_a_number(witness):
    with pytest.raises(ValueError, match=r"an array of shape \(1,\), needs to return one number"):
        witness(np.sin, np.ones(1))


@pytest.mark.parametrize(
    "drops",
    [
        np.abs,
        np.real,
        lambda x: np.abs(x - 1),
        lambda x: np.floor(12 * x.real),
        lambda x: np.maximum(x.real, 1),
        lambda x: np.minimum(x.real, 1),
        lambda x: np.nan_to_num(np.sqrt(x.real - 0.999)),  # not defined on one side
        lambda x: x.real.astype(np.float16),
    ],
)
def test_the_complex_step_refuses_a_function_that_drops_the_imaginary_part(drops):
    with pytest.raises(TypeError, match="drops the imaginary part"):
        complex_step(lambda x: np.sum(drops(x)), np.ones(3))


def test_a_loss_that_does_not_depend_on_its_argument_has_gradient_zero():
    for constant in (lambda x: np.sum(0 * x) + 3, lambda x: 3.0, lambda x: np.sum(x.real > 0)):
        np.testing.assert_array_equal(complex_step(constant, np.ones(3)), 0)


def test_what_is_real_and_does_not_move_has_no_slope():
    def changes_its_argument(x):
        x *= 2
        return np.array([np.nan, 3.0])

    at = np.ones(2)
    assert not directional_derivative(changes_its_argument, at, at).any()
    np.testing.assert_array_equal(at, 1)
    assert directional_derivative(lambda x: np.abs(x[1]), at, [1, 0]) == 0  # along the other axis


def test_the_directional_derivative_is_the_jacobian_times_the_direction():
    A = np.random.default_rng(1).standard_normal((4, 3))
    v = np.array([1.0, -2.0, 0.5])
    x = np.array([0.1, 0.2, -0.3])
    jacobian = (1 - np.tanh(A @ x) ** 2)[:, None] * A
    found = directional_derivative(lambda x: np.tanh(A @ x), x, list(v))
    np.testing.assert_allclose(found, jacobian @ v, rtol=1e-14)
    with pytest.raises(ValueError, match=r"direction has shape \(1,\), but at has \(3,\)"):
        directional_derivative(lambda x: A @ x, x, np.ones(1))


@pytest.mark.parametrize("seed", range(5))
def test_the_inner_products_agree_for_the_transpose_alone(seed):
    rng = np.random.default_rng(seed)
    A, u, x = rng.standard_normal((4, 4)), rng.standard_normal(4), rng.standard_normal(4)
    assert inner_product_gap(lambda x: A @ x, x, A.T @ u, u, seed) < 1e-14
    assert inner_product_gap(lambda x: A @ x, x, A @ u, u, seed) > 1e-3
    assert inner_product_gap(lambda x: 0 * x, x, np.zeros(4), u, seed) == 0


@pytest.mark.parametrize("seed", range(5))  # v is of either sign
@pytest.mark.parametrize(("factor", "gap"), [(1, 0), (0, 1), (2, 0.5), (0.25, 0.75), (-1, 2)])
def test_the_gap_is_relative(factor, gap, seed):
    found = inner_product_gap(lambda x: -3e3 * x, np.ones(1), np.array([-3e3 * factor]), seed=seed)
    np.testing.assert_allclose(found, gap, atol=1e-14)
    assert type(found) is float


def test_the_gap_is_measured_by_terms_that_do_not_cancel():
    v = np.random.default_rng(0).standard_normal(2)
    right = np.array([v[1], -v[0]])  # so <v, right> = 0
    found = inner_product_gap(lambda x: np.sum(right * x), v, [v[1] + 1e-9, -v[0]], seed=0)
    np.testing.assert_allclose(found, 1e-9 * abs(v[0]) / (2 * abs(v[0] * v[1])), rtol=1e-5)


# Relative error


@pytest.mark.parametrize(
    ("a", "b", "error"),
    [
        ([1.0, 2.0], [1.0, 2.0], 0),
        ([0.0, 0.0], [0.0, 0.0], 0),
        (np.empty((0, 3)), np.empty((0, 3)), 0),
        ([1.0, -4.0], [1.0, -3.0], 0.25),
        ([1e-3], [2e-3], 0.5),
        ([0.0, 0.0], [0.0, 5.0], 1),
        ([1.0, -1.0], [-1.0, 1.0], 2),
        ([1e-12, 1.0], [2e-12, 1.0], 1e-12),  # entry by entry, this would be one half
    ],
)
def test_the_relative_error_is_measured_by_the_largest_entry(a, b, error):
    np.testing.assert_allclose(relative_error(a, b), error, rtol=1e-3)
    np.testing.assert_allclose(relative_error(b, a), error, rtol=1e-3)
    assert type(relative_error(a, b)) is float


def test_nan_has_no_relative_error_below_any_threshold():
    assert not relative_error([1.0, np.nan], [1.0, 2.0]) <= np.inf


def test_arrays_of_different_shape_have_no_relative_error():
    with pytest.raises(ValueError, match=r"\(3,\) and \(1,\)"):
        relative_error(np.ones(3), np.ones(1))


# The verdict


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_no_right_gradient_is_refused(dtype):
    for seed in range(10):
        inputs = random_layer(seed, dtype)
        check_layer(rnn_layers.rnn_forward, rnn_layers.rnn_backward, *inputs, seed=seed)


def test_one_entry_wrong_by_a_millionth_is_refused():
    for seed in range(10):
        rng = np.random.default_rng(seed)
        W = rng.standard_normal(rng.integers(1, 6, size=2))
        wrong = 1 - np.tanh(W) ** 2
        largest = np.unravel_index(np.argmax(wrong), wrong.shape)
        wrong[largest] *= 1 + 1e-6
        with pytest.raises(AssertionError, match="dW is wrong in 1 of"):
            assert_gradient(wrong, lambda W: np.sum(np.tanh(W)), at=W)


def test_a_steep_loss_makes_central_differences_lenient_and_nothing_else():
    at = np.linspace(0.1, 1, 5)
    right = 300 * np.cos(300 * at)
    assert relative_error(central_difference(lambda x: np.sum(np.sin(300 * x)), at), right) > 1e-7
    assert_gradient(right, lambda x: np.sum(np.sin(300 * x)), at)
    with pytest.raises(AssertionError, match="against it: complex step, inner product"):
        assert_gradient(right * (1 + 1e-9), lambda x: np.sum(np.sin(300 * x)), at)


@pytest.mark.parametrize("scale", [1e-6, -1e6])
def test_the_scale_of_the_loss_makes_no_witness_blind_or_touchy(scale):
    for at in (np.linspace(0.1, 1, 5), np.linspace(1e-3, 2e-3, 5)):  # the second is nearly level
        right = -scale * np.sin(at)
        assert_gradient(right, lambda x: scale * np.sum(np.cos(x)), at)
        with pytest.raises(AssertionError, match="against it: central differences, complex step"):
            assert_gradient(right * (1 + 1e-4), lambda x: scale * np.sum(np.cos(x)), at)


def test_the_point_stays_where_it_is_even_where_the_loss_moves_it():
    def loss(x):
        x *= 2
        return np.sum(x**2)

    at = np.array([1.0, -2.0, 3.0])
    assert_gradient(8 * at, loss, at)
    np.testing.assert_array_equal(at, [1, -2, 3])


@pytest.mark.parametrize("scale", [1e-10, 1, 1e10])
def test_a_loss_with_a_little_chance_in_it_is_refused(scale):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="differs from call to call"):
        assert_gradient(np.ones(3), lambda x: scale * (np.sum(x) + 1e-6 * rng.random()), np.ones(3))


def test_a_gradient_of_a_size_0_array_passes():
    assert_gradient(np.empty((0, 3)), lambda x: np.sum(x), at=np.empty((0, 3)))


def test_a_float32_gradient_is_held_to_what_float32_can_do():
    at = np.linspace(-1, 1, 7, dtype=np.float32)
    right = 1 - np.tanh(at) ** 2
    assert_gradient(right, lambda x: np.sum(np.tanh(x)), at)
    with pytest.raises(AssertionError, match=r"relative error 1\.0e-03"):
        assert_gradient(right * np.float32(1.001), lambda x: np.sum(np.tanh(x)), at)


def test_a_wrong_gradient_is_described():
    right = np.array([[1.0, 2.0], [3.0, -4.0]])
    wrong = np.array([[1.0, 2.0], [-1.0, -4.5]])
    with pytest.raises(AssertionError) as refusal:
        assert_gradient(wrong, linear_loss(right), at=np.ones((2, 2)))
    assert str(refusal.value) == (
        "dA is wrong in 2 of 4 entries, relative error 8.9e-01.\n"
        "Worst: dA[1, 0] has -1, needs 3.\n"
        "What fits: right but for row 1.\n"
        "Witnesses against it: central differences, complex step, inner product."
    )


def test_the_worst_entry_is_a_wrong_one_however_small_the_error():
    right = np.array([1e-3, 2e-3, -3e-3])
    with pytest.raises(AssertionError, match=r"Worst: dA\[1\] has 0.0021, needs 0.002\.\n"):
        assert_gradient(right * [1, 1.05, 1], linear_loss(right), at=np.ones(3))


@pytest.mark.parametrize(
    ("size_of_error", "against"),
    [
        (1e-3, "central differences, complex step, inner product"),
        (1e-9, "complex step, inner product"),
    ],
)
def test_each_witness_testifies_to_its_own_accuracy(size_of_error, against):
    at = np.linspace(0.1, 1, 5)
    wrong = np.cos(at)
    wrong[2] += size_of_error
    with pytest.raises(AssertionError, match=rf"against it: {against}\."):
        assert_gradient(wrong, lambda x: np.sum(np.sin(x)), at)


def test_a_gradient_is_named_after_the_argument_of_the_loss():
    def loss(Wh):
        return np.sum(Wh**2)

    with pytest.raises(AssertionError, match=r"^dWh is wrong"):
        assert_gradient(np.ones(2), loss, at=np.ones(2))
    with pytest.raises(AssertionError, match=r"^the blame is wrong"):
        assert_gradient(np.ones(2), loss, at=np.ones(2), name="the blame")
    with pytest.raises(AssertionError, match=r"^dx is wrong"):
        assert_gradient(1.0, lambda x, scale=2: scale * x, at=0.5)
    with pytest.raises(
        AssertionError, match=r"^dx is wrong(.*\n)*Worst: dx has 1, needs 0\.786448"
    ):
        assert_gradient(1.0, np.tanh, at=0.5)  # NumPy's own


@pytest.mark.parametrize(
    ("gradient", "complaint"),
    [
        (None, "dA is NoneType, needs to be an array of real numbers"),
        (np.ones(3) + 0j, "dA is an array of complex128, needs to be an array of real numbers"),
        (["a", "b", "c"], "dA is an array of <U1"),
        (np.ones((3, 1, 2)), r"dA has shape \(3, 1, 2\), needs \(3,\)"),
        (np.ones(()), r"dA has shape \(\), needs \(3,\)"),
    ],
)
def test_what_is_no_gradient_is_refused(gradient, complaint):
    with pytest.raises(AssertionError, match=complaint):
        assert_gradient(gradient, linear_loss(np.ones(3)), at=np.ones(3))


@pytest.mark.parametrize(
    ("loss", "error", "complaint"),
    [
        (lambda A: A, ValueError, r"an array of shape \(3,\), needs to return one number"),
        (lambda A: A[:1], ValueError, r"an array of shape \(1,\), needs to return one number"),
        (lambda A: (np.sum(A), "cache"), TypeError, "returns a tuple, needs to return a number"),
        (lambda A: (np.sum(A), 1.0), TypeError, "returns a tuple, needs to return a number"),
        (lambda A: None, TypeError, "returns a NoneType, needs"),
        (lambda A: [np.sum(A)], TypeError, "returns a list, needs to return a number"),
        (lambda A: np.sum(A) * np.nan, ValueError, "returns nan"),
        (lambda A: np.sum(A) + np.inf, ValueError, "returns inf"),
        (lambda A: np.sum(np.abs(A)), TypeError, "drops the imaginary part"),
        (lambda A: np.sum(A + A.real**2), ValueError, "contradict each other"),
        (
            lambda A: np.sum(A) + np.random.default_rng().random(),
            ValueError,
            "differs from call to call",
        ),
        (lambda A: np.sum(np.where(A.real > 1, 5 * A, A)), ValueError, "contradict each other"),
        (lambda A: np.sum(np.maximum(A, 1)), ValueError, "contradict each other"),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loss_that_cannot_be_judged_by_is_refused(loss, error, complaint, dtype):
    with pytest.raises(error, match=complaint):
        assert_gradient(np.ones(3), loss, at=np.ones(3, dtype))


@pytest.mark.parametrize("side", [-1, 1])
def test_central_differences_refuse_a_complex_loss(side):
    with pytest.raises(TypeError, match="with a complex number, needs a real one"):
        central_difference(lambda x: np.emath.sqrt(side * x), 0.0)


@pytest.mark.parametrize(
    "at", [np.arange(3), np.ones(3, np.float16), np.ones(3) + 0j, [1, 2], True]
)
@pytest.mark.parametrize(
    "witness", [central_difference, complex_step, lambda f, at: directional_derivative(f, at, at)]
)
def test_a_point_that_cannot_move_by_small_steps_is_refused(witness, at):
    with pytest.raises(TypeError, match=r"at has dtype .*, needs float32 or float64"):
        witness(np.sum, at)


# What kind of mistake fits

N, T, D = 2, 3, 4
RIGHT = np.random.default_rng(3).standard_normal((N, T, D))
SQUARE, ROWS, VECTOR = RIGHT[0, :, :3], RIGHT[0], RIGHT[0, 0]
IN_TIME = {"sizes": {"N": N, "T": T}, "time_axis": 1}
SHARES = np.random.default_rng(4).standard_normal((T, *ROWS.shape))
BY_STEP = {"shares": {"step": lambda: SHARES}}


def changed(array, where, value):
    array = array.copy()
    array[where] = value
    return array


def at_step(t, factor=3.0):
    return changed(RIGHT, np.s_[:, t], factor * RIGHT[:, t] + 1)


WRONG = [  # the right gradient, a wrong one, what else is known, the claim that fits, its words
    (SQUARE, SQUARE.T, {}, "transposed", "equal after a transpose"),
    (ROWS, ROWS.T, {}, "transposed", "equal after a transpose"),
    (RIGHT, RIGHT.swapaxes(0, 1), IN_TIME, "transposed", "equal after a transpose"),
    (ROWS.sum(0), ROWS, {}, "not_summed", "equal after a sum over axis 0"),
    (RIGHT.sum((0, 1)), RIGHT, {}, "not_summed", r"equal after a sum over axes \(0, 1\)"),
    (ROWS, ROWS[None], {}, "reshaped", "equal after a reshape"),
    (ROWS, ROWS.ravel(), {}, "reshaped", "equal after a reshape"),
    (
        ROWS,
        changed(ROWS, (1, 2), np.nan),
        {},
        "not_finite",
        r"in 1 of 12 entries, the first at \[1, 2\]",
    ),
    (
        ROWS,
        changed(ROWS, 1, np.inf),
        {},
        "not_finite",
        r"in 4 of 12 entries, the first at \[1, 0\]",
    ),
    (0 * ROWS, ROWS, {}, "should_be_zero", "should be zero everywhere"),
    (3 * ROWS, (3 * ROWS).astype(int), {}, "whole_numbers", "whole numbers only: its dtype is int"),
    (ROWS, 0 * ROWS, {}, "zero", "zero everywhere"),
    (ROWS, -ROWS, {}, "sign_flipped", "the sign is flipped everywhere"),
    (RIGHT, 2 * RIGHT, IN_TIME, "constant_ratio", "ratio 2.000 everywhere, which is N here"),
    (RIGHT, RIGHT / 3, IN_TIME, "constant_ratio", "ratio 0.3333 everywhere, which is 1/T here"),
    (
        RIGHT,
        RIGHT / 6,
        IN_TIME,
        "constant_ratio",
        r"ratio 0.1667 everywhere, which is 1/\(N T\) here",
    ),
    (RIGHT, 7 * RIGHT, IN_TIME, "constant_ratio", r"ratio 7.000 everywhere\."),
    (
        ROWS,
        2 * ROWS,
        {"sizes": {"N": 2, "T": 2}},
        "constant_ratio",
        "ratio 2.000 everywhere, which is N or T here",
    ),
    (
        VECTOR[:1],
        2 * VECTOR[:1],
        IN_TIME | {"time_axis": None},
        "constant_ratio",
        "2.000 everywhere, which is N here",
    ),
    (ROWS, ROWS.astype(np.float32), {}, "single_precision", "computed in float32"),
    (RIGHT, RIGHT[:, ::-1], IN_TIME, "reversed_in_time", "equal after a reversal of time"),
    (RIGHT, np.roll(RIGHT, -1, axis=1), IN_TIME, "shifted_in_time", "one step early"),
    (RIGHT, np.roll(RIGHT, 1, axis=1), IN_TIME, "shifted_in_time", "one step late"),
    (
        RIGHT,
        at_step(np.s_[:2]),
        IN_TIME,
        "some_steps",
        "right at the last step, wrong before it: no carry",
    ),
    (RIGHT, at_step(0), IN_TIME, "some_steps", "right at the last 2 steps, wrong before them"),
    (RIGHT, at_step(np.s_[1:]), IN_TIME, "some_steps", "right at the first step, wrong afterwards"),
    (RIGHT, at_step(2), IN_TIME, "some_steps", "right at the first 2 steps, wrong afterwards"),
    (SHARES.sum(0), SHARES[2], BY_STEP, "one_share", "only the share of step 2"),
    (SHARES.sum(0), SHARES[1:].sum(0), BY_STEP, "one_share", "without the share of step 0"),
    (ROWS, changed(ROWS, (1, 2), 9), {}, "one_entry", "right but for one entry"),
    (ROWS, changed(ROWS, 1, 9), {}, "one_slice", "right but for row 1"),
    (ROWS, changed(ROWS, np.s_[:, 2], 9), {}, "one_slice", "right but for column 2"),
    (ROWS, changed(ROWS, [0, 2], 9), {}, "one_slice", "right in row 1 only"),
    (RIGHT, at_step(1), {}, "one_slice", "right but for axis 1, index 1"),
    (1e-12 * SQUARE, 1e-12 * SQUARE.T, {}, "transposed", "equal after a transpose"),
    (np.abs(ROWS), np.abs(9 * ROWS).astype(np.uint8), {}, "whole_numbers", "its dtype is uint8"),
    (VECTOR[:2], 7 * VECTOR[:2], IN_TIME | {"time_axis": None}, "constant_ratio", "7.000 every"),
    (VECTOR, np.cos(VECTOR), {}, None, "no mistake that is known here"),
    (VECTOR, VECTOR - 1, {}, None, "no mistake that is known here"),
    (ROWS, (1 + 1e-7) * ROWS, {}, None, "no mistake that is known here"),
    (ROWS, (1 + 1e-7) * ROWS.T, {}, None, "no mistake that is known here"),
    (ROWS, ROWS[::-1, ::-1], {}, None, "no mistake that is known here"),
    (ROWS.sum(0), 2 * ROWS, {}, None, "no mistake that is known here"),
    (ROWS[:0], ROWS[:0].T, {}, None, "no mistake that is known here"),
    (VECTOR[:1], 2 * VECTOR[:1], {}, None, "no mistake that is known here"),
    (ROWS, np.ones((5, 5)), {}, None, "no mistake that is known here"),
]
ALSO_TRUE = {  # and less specific, so that it stands lower in its table
    "not_finite": {"one_entry", "one_slice"},
    "reshaped": {"not_summed"},
    "sign_flipped": {"constant_ratio"},
    "reversed_in_time": {"one_slice"},  # the middle step is where it was
    "some_steps": {"one_slice"},
    "one_entry": {"one_slice"},
}


@pytest.mark.parametrize(("right", "wrong", "known", "claim", "words"), WRONG)
def test_a_mistake_is_named(right, wrong, known, claim, words):
    with pytest.raises(AssertionError, match=f"What fits: .*{words}"):
        assert_gradient(wrong, linear_loss(right), at=np.ones(right.shape), **known)


@pytest.mark.filterwarnings("ignore:invalid value")  # infinities; `assert_gradient` is quiet
@pytest.mark.parametrize(("right", "wrong", "known", "claim", "words"), WRONG)
def test_no_other_claim_fits(right, wrong, known, claim, words):
    case = diagnoses.Case(wrong, right, **known)
    table = diagnoses.WRONG_VALUES if right.shape == wrong.shape else diagnoses.WRONG_SHAPE
    fitting = {candidate.__name__ for candidate in table if candidate(case)}
    assert fitting - ALSO_TRUE.get(claim, set()) == ({claim} if claim else set())


TO_A_LEARNER = {  # the others say "is", and then their words
    "transposed": r"would be right if you (transposed it|put its axes in the order \(1, 0, 2\))",
    "not_summed": r"would be right if you summed it over (axis 0|axes \(0, 1\))",
    "reshaped": r"would be right if you gave it the shape \(3, 4\)",
    "not_finite": r"has NaN or infinity in . of 12 entries, the first at \[1, .\]",
    "should_be_zero": r"should be zero everywhere: the loss does not depend on this array",
    "whole_numbers": r"has whole numbers only: its dtype is u?int\d+",
    "sign_flipped": r"has the wrong sign everywhere",
    "constant_ratio": r"is [\d.]{5,6} times what it should be, everywhere( \([1/(NT) or]+ here\))?",
    "reversed_in_time": r"would be right if you reversed time",
}


@pytest.mark.parametrize(
    ("right", "wrong", "known", "claim", "words"), [row for row in WRONG if row[3]]
)
def test_a_mistake_is_named_to_a_learner_too(right, wrong, known, claim, words):
    fit = getattr(diagnoses, claim)(diagnoses.Case(wrong, right, **known))
    assert re.fullmatch(TO_A_LEARNER.get(claim, f"is {re.escape(fit.words)}"), fit.of_yours)


def test_a_factor_has_a_name_within_the_digits_of_single_precision():
    case = diagnoses.Case(2.0002 * RIGHT, RIGHT, tolerance=1e-3, sizes={"N": 2})
    assert diagnoses.constant_ratio(case).words == "ratio 2.000 everywhere, which is N here"


@pytest.mark.parametrize(
    ("ratio", "words"),
    [
        (1.0005, None),  # one: what is off by so little is off by something else
        (1.005, "ratio 1.005 everywhere"),
        (2.0005 / 1.0005, "ratio 2.000 everywhere, which is N here"),
        (2.01, "ratio 2.010 everywhere"),
    ],
)
def test_a_ratio_is_read_to_three_digits(ratio, words):
    case = diagnoses.Case(ratio * RIGHT, RIGHT, sizes={"N": 2})
    fit = diagnoses.constant_ratio(case)
    assert (fit and fit.words) == words


@pytest.mark.parametrize(("off", "words"), [(5e-6, "right to seven digits only"), (5e-5, "no ")])
def test_single_precision_is_right_to_five_digits_at_least(off, words):
    wrong = np.float32(changed(ROWS, (0, 0), ROWS[0, 0] + off * np.abs(ROWS).max()))
    fit = diagnoses.single_precision(diagnoses.Case(wrong.astype(float), ROWS))
    assert (fit is None) == (words == "no ")


@pytest.mark.parametrize(("off", "right"), [(5e-12, True), (2e-11, False)])
def test_an_entry_may_be_off_by_what_is_allowed_and_by_no_more(off, right):
    ones = np.ones((3, 4))
    with nullcontext() if right else pytest.raises(AssertionError, match="dA is wrong in 1 of 12"):
        assert_gradient(changed(ones, (0, 0), 1 + off), linear_loss(ones), ones)


def test_what_is_right_is_not_called_transposed():
    assert diagnoses.transposed(diagnoses.Case(ROWS, ROWS)) is None


def test_every_claim_is_tried():
    tried = {claim for *_, claim, _ in WRONG} | {"too_small_to_judge"}
    tables = diagnoses.WRONG_SHAPE + diagnoses.WRONG_VALUES
    assert {claim.__name__ for claim in tables} == tried - {None}


def test_the_largest_entry_says_what_counts_as_wrong_or_equal():
    needs = np.array([-1e3, 1.0, 1e-3])  # so the rounding error may be 1e-8
    rounded = changed(needs, 1, 1 + 1e-9)
    case = diagnoses.Case(changed(rounded, 2, 2e-3), needs)
    np.testing.assert_array_equal(case.wrong(), [False, False, True])
    assert case.equal(rounded, needs)
    assert not case.equal(case.has, needs)


def test_a_gradient_lost_in_rounding_is_told_from_a_mistake():
    z = np.array([19.5, 20.0])  # tanh is 1 to the last digit, so that 1 - tanh^2 is 0
    with pytest.raises(ValueError, match="dz cannot be judged: it is off by less than the loss is"):
        assert_gradient(1 - np.tanh(z) ** 2, lambda z: np.sum(np.tanh(z)), at=z)
    with pytest.raises(AssertionError, match="the sign is flipped everywhere"):
        assert_gradient(-1 / np.cosh(z) ** 2, lambda z: np.sum(np.tanh(z)), at=z)


# A layer, forward and backward


def forward(x, h0, Wx, Wh, b):
    return rnn_layers.rnn_forward(x, h0, Wx, Wh, b)


def replaced(position, change):
    """Return a backward pass whose gradient at `position` is changed."""

    def backward(dh, cache):
        gradients = list(rnn_layers.rnn_backward(dh, cache))
        gradients[position] = change(gradients[position])
        return gradients

    return backward


def backward_without_carry(dh, cache):
    x, Wx, Wh, states = cache
    dz = dh * (1 - states[1:].swapaxes(0, 1) ** 2)
    dWx, dWh = np.einsum("tnd,nth->dh", x, dz), np.einsum("tnk,nth->kh", states[:-1], dz)
    return dz @ Wx.T, dz[:, 0] @ Wh.T, dWx, dWh, dz.sum(axis=(0, 1))


def test_a_step_a_layer_with_indices_and_a_single_gradient_are_checked():
    x, h0, Wx, Wh, b = random_layer(0, sizes=(2, 3, 4, 5))
    indices = np.array([[0, 2, 2], [1, 0, 2]])
    check_layer(forward, rnn_layers.rnn_backward, x, h0, Wx, Wh, b)
    check_layer(rnn_layers.rnn_step_forward, rnn_layers.rnn_step_backward, x[:, 0], h0, Wx, Wh, b)
    check_layer(rnn_layers.word_embedding_forward, rnn_layers.word_embedding_backward, indices, Wx)
    with pytest.raises(AssertionError, match="dW is wrong"):
        check_layer(
            rnn_layers.word_embedding_forward,
            lambda dout, cache: 2 * rnn_layers.word_embedding_backward(dout, cache),
            indices,
            Wx,
        )


@pytest.mark.parametrize(
    ("backward", "words"),
    [
        (
            replaced(0, np.negative),
            "dx is wrong.*\n.*\n.*the sign is flipped(.*\n)*.*Right: dh0, dWx",
        ),
        (
            replaced(1, lambda dh0: dh0 / 2),
            r"dh0 .*\n.*\n.*ratio 0\.5000 everywhere, which is 1/N here",
        ),
        (
            replaced(2, lambda dWx: dWx / 3),
            r"dWx .*\n.*\n.*ratio 0\.3333 everywhere, which is 1/T here",
        ),
        (
            replaced(3, np.transpose),
            "dWh .*\n.*\n.*after a transpose(.*\n)*Wrong: dWh. Right: dx, dh0",
        ),
        (
            replaced(4, lambda db: np.stack([db, 0 * db])),
            r"db has shape \(2, 5\).* sum over axis 0",
        ),
        (replaced(4, lambda db: None), "db is NoneType"),
        (
            backward_without_carry,
            "dx .*\n.*\n.*no carry(.*\n)*Wrong: dx, dh0, dWx, dWh, db. Right: none",
        ),
        (
            lambda dh, cache: rnn_layers.rnn_backward(dh, cache)[:4],
            "returns 4 arrays, needs 5: dx, dh0, dWx",
        ),
    ],
)
def test_a_wrong_backward_pass_is_described(backward, words):
    with pytest.raises(AssertionError, match=words):
        check_layer(forward, backward, *random_layer(0, sizes=(2, 3, 4, 5)))


def test_the_share_of_one_sample_is_recognised():
    def backward(dh, cache):
        return rnn_layers.rnn_backward(dh * (np.arange(len(dh)) == 1)[:, None, None], cache)

    def only_for_weights(dh, cache):
        return *rnn_layers.rnn_backward(dh, cache)[:2], *backward(dh, cache)[2:]

    with pytest.raises(AssertionError, match=r"dWx .*\n.*\nWhat fits: only the share of sample 1"):
        check_layer(forward, only_for_weights, *random_layer(0, sizes=(3, 3, 4, 5)))


def test_a_pass_that_changes_what_it_is_given_is_refused():
    def carry_added_into_dh(dh, cache):
        gradients = rnn_layers.rnn_backward(dh, cache)
        dh += 1
        return gradients

    def forward_in_place(x, *rest):
        x *= 2
        return forward(x, *rest)

    inputs = random_layer(0, sizes=(2, 3, 4, 5))
    with pytest.raises(AssertionError, match="dout is not what it was: it was changed in place"):
        check_layer(forward, carry_added_into_dh, *inputs)
    with pytest.raises(AssertionError, match="x is not what it was"):
        check_layer(
            forward_in_place, rnn_layers.rnn_backward, *inputs, names=["x", "h0", "Wx", "Wh", "b"]
        )


def test_inputs_without_a_name_are_refused():
    with pytest.raises(ValueError, match="2 inputs have 1 names: x"):
        check_layer(forward, None, np.ones(2), np.ones(3), names=["x"])


@pytest.mark.parametrize("change", [lambda cache: cache[3].fill(0), lambda cache: cache[0].sort()])
def test_a_backward_pass_that_changes_the_cache_is_refused(change):
    def backward(dh, cache):
        gradients = rnn_layers.rnn_backward(dh, cache)
        change(cache)
        return gradients

    with pytest.raises(
        AssertionError, match=r"cache\[[03]\] is not what it was: it was changed in p"
    ):
        check_layer(forward, backward, *random_layer(0, sizes=(2, 3, 4, 5)))


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda cache: cache["steps"][1].fill(0), r"cache\['steps'\]\[1\]"),
        (lambda cache: cache["steps"].pop(), r"cache\['steps'\]\[1\]"),
        (lambda cache: cache.update(x=np.ones(3)), r"cache\['x'\]"),
        (lambda cache: cache.update(more=np.ones(3)), r"cache\['more'\]"),
    ],
)
def test_the_cache_is_watched_however_deep(change, place):
    def backward(dout, cache):
        dx = dout * np.cos(cache["x"])
        change(cache)
        return dx

    def sine(x):
        return np.sin(x), {"x": x.copy(), "steps": [x.copy(), x.copy()], "text": "no array"}

    with pytest.raises(AssertionError, match=rf"^{place} is not what it was"):
        check_layer(sine, backward, np.arange(1.0, 4))


def test_the_inputs_of_the_caller_stay_as_they_are():
    def forward_in_place(x):
        x *= 2
        return x, None

    x = np.ones(3)
    with pytest.raises(AssertionError, match=r"^x is not what it was: forward changed it in place"):
        check_layer(forward_in_place, None, x)
    np.testing.assert_array_equal(x, 1)


def test_nan_where_it_does_not_count_is_no_change():
    def masked(x, mask):
        return np.where(mask, x, 0) ** 2, (x, mask)

    def backward(dout, cache):
        return np.where(cache[1], 2 * cache[0] * dout, 0)

    check_layer(masked, backward, np.array([1.0, np.nan, 2.0]), np.array([True, False, True]))


# The form of a layer


def gated_step(x, c, W):
    """Return two outputs, as an LSTM does, and a cache."""
    gate = np.tanh(x @ W)
    next_c = gate * c
    return np.sin(next_c), next_c, (x, c, W, gate, next_c)


def gated_step_backward(dh, dc, cache):
    x, c, W, gate, next_c = cache
    dc = dc + dh * np.cos(next_c)
    dz = dc * c * (1 - gate**2)
    return dz @ W.T, dc * gate, x.T @ dz


GATED = [np.random.default_rng(0).standard_normal(shape) for shape in [(3, 2), (3, 4), (2, 4)]]


def test_a_layer_of_several_outputs_is_checked():
    assert check_layer(gated_step, gated_step_backward, *GATED) is None
    words = "Wrong: dx, dc, dW. Right: none"
    with pytest.raises(AssertionError, match=words):
        check_layer(gated_step, lambda dh, dc, c: gated_step_backward(dh, 0 * dc, c), *GATED)
    with pytest.raises(AssertionError, match=words):
        check_layer(gated_step, lambda dh, dc, c: gated_step_backward(dc, dh, c), *GATED)


def test_the_share_of_a_sample_is_that_of_all_outputs():
    def backward(dh, dc, cache):
        only = np.arange(3)[:, None] == 1
        return *gated_step_backward(dh, dc, cache)[:2], gated_step_backward(
            dh * only, dc * only, cache
        )[2]

    with pytest.raises(AssertionError, match="only the share of sample 1"):
        check_layer(gated_step, backward, *GATED)


def test_the_second_upstream_gradient_is_watched():
    def backward(dh, dc, cache):
        dc += dh * np.cos(cache[4])
        return gated_step_backward(0 * dh, dc, cache)

    with pytest.raises(AssertionError, match=r"^dout_2 is not what it was"):
        check_layer(gated_step, backward, *GATED)


def sine(x):
    return np.sin(x), x


def sine_backward(dout, x):
    return dout * np.cos(x)


SINE, POINT = (sine, sine_backward), np.array([0.3, 0.5, 0.9])


@pytest.mark.parametrize(
    ("pair", "inputs"),
    [
        ((lambda x, eps=1e-5: (np.sin(x) + eps, x), sine_backward), [POINT]),
        ((lambda *arrays: sine(*arrays), sine_backward), [POINT]),
        (SINE, [[0.3, 0.5]]),
        (SINE, [0.3]),
        ((lambda x: (np.sum(np.sin(x)), x), sine_backward), [POINT]),
        ((lambda x: (np.array(2.0) * x, None), lambda dout, cache: 2 * dout), [POINT]),
        ((sine, lambda dout, x: [sine_backward(dout, x)]), [POINT]),
        ((sine, lambda dout, x: (part for part in [sine_backward(dout, x)])), [POINT]),
        (
            (lambda i, x: (x[i], (i, x)), lambda d, c: (None, np.bincount(c[0], d, 3))),
            [[0, 0], POINT],
        ),
        ((lambda x, axis: (x.sum(axis), x), lambda d, x: d + 0 * x), [POINT, 0]),
        ((lambda x, how: (how["by"] * x, how), lambda d, how: how["by"] * d), [POINT, {"by": 2.0}]),
        ((lambda x: (np.sum(np.sin(x)).item(), x), sine_backward), [POINT]),
    ],
)
def test_other_forms_of_a_layer_are_accepted(pair, inputs):
    assert check_layer(*pair, *inputs) is None
    forward, backward = pair

    def wrong(*arguments):
        returned = backward(*arguments)
        one = isinstance(returned, np.ndarray | np.floating)
        gradients = [returned] if one else list(returned)
        return [None if gradient is None else -gradient for gradient in gradients]

    with pytest.raises(AssertionError, match=r"sign is flipped|ratio -1"):
        check_layer(forward, wrong, *inputs)


@pytest.mark.parametrize(
    ("pair", "inputs", "error", "words"),
    [
        (
            (np.sin, sine_backward),
            [POINT],
            TypeError,
            r"^forward returns one ndarray, needs .*None$",
        ),
        (
            (lambda x: (x,), None),
            [POINT],
            TypeError,
            "returns one tuple of length 1, needs to return",
        ),
        ((lambda x: [x, x], None), [POINT], TypeError, "forward returns one list"),
        (
            (lambda x: (x > 0, x), None),
            [POINT],
            TypeError,
            "an output of dtype bool, needs float32",
        ),
        (
            (sine, lambda dout: dout),
            [POINT],
            TypeError,
            "^backward needs to take a gradient for each output, then the cache, but: too many pos",
        ),
        ((sine, None), [POINT, POINT], TypeError, "^forward needs to take every input, but: too m"),
        (SINE, [POINT + 0j], TypeError, "^x has dtype complex128, needs to be real"),
        (SINE, [[np.ones(2), np.ones(3)]], ValueError, "^x is no array but several"),
        (SINE, [POINT.astype(np.float16)], TypeError, "dtype float16, needs float32 or float64"),
        ((sine, lambda d, c: None), [POINT], AssertionError, "returns nothing, needs 1: dx, in"),
        (
            (sine, lambda d, c: {"dx": d}),
            [POINT],
            AssertionError,
            "returns a dict, needs 1: dx, in",
        ),
        ((sine, lambda d, c: "dx"), [POINT], AssertionError, "returns a str, needs 1: dx, in"),
        ((sine, lambda d, c: (d, d)), [POINT], AssertionError, "returns 2 arrays, needs 1: dx"),
        (
            (lambda x, y: sine(x), lambda d, c: (d, d)),
            [POINT, np.arange(3)],
            AssertionError,
            "returns 2 arrays, needs 1: dx",
        ),
        ((sine, lambda d, c: np.array(["a"])), [POINT], AssertionError, "^dx is an array of <U1"),
    ],
)
def test_what_is_no_layer_is_told_what_to_do(pair, inputs, error, words):
    with pytest.raises(error, match=words):
        check_layer(*pair, *inputs, names=["x", "y"][: len(inputs)])


def test_ratios_are_named_by_the_sizes_that_are_given_and_by_the_first_two_axes():
    layer = sine, lambda dout, x: sine_backward(dout, x) / 3
    x = np.linspace(0.1, 1, 24).reshape(2, 3, 4)
    with pytest.raises(AssertionError, match="which is 1/T here"):
        check_layer(*layer, x)
    with pytest.raises(AssertionError, match="which is 1/M here"):
        check_layer(*layer, x, sizes={"M": 3})
    with pytest.raises(AssertionError, match=r"ratio 0\.3333 everywhere\."):
        check_layer(*layer, x, sizes={})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_upstream_gradient_has_the_dtype_of_the_output(dtype):
    def backward(dout, x):
        assert dout.dtype == dtype
        return sine_backward(dout, x)

    check_layer(sine, backward, POINT.astype(dtype))


def test_what_is_found_of_one_array_is_told_whatever_becomes_of_another():
    def both(x, y):
        return np.sin(x) + np.abs(y), (x, y)

    def backward(dout, cache):
        return dout * np.cos(cache[0]), dout * np.sign(cache[1])

    with pytest.raises(TypeError, match=r"drops the imag(.*\n)*Right: dx. Not judged: dy."):
        check_layer(both, backward, POINT, POINT)
    with pytest.raises(
        AssertionError, match=r"dx is wr(.*\n)*Wrong: dx. Right: none. Not judged: dy"
    ):
        check_layer(both, lambda d, c: [-g for g in backward(d, c)], POINT, POINT)


def test_a_layer_that_keeps_its_inputs_may_not_change_them():
    kept = []

    def forward(x):
        kept.append(x)
        return np.sin(x), None

    def backward(dout, cache):
        dx = dout * np.cos(kept[0])
        kept[0].fill(0)
        return dx

    with pytest.raises(AssertionError, match=r"^x is not what it was: it was changed in place"):
        check_layer(forward, backward, POINT.copy())  # a mutant without copies may not spoil it


def test_an_array_of_whole_numbers_stays_the_callers():
    def forward(i, x):
        i += 1
        return x[i - 1], None

    i = np.array([0, 1])
    with pytest.raises(AssertionError, match=r"^i is not what it was: forward changed it"):
        check_layer(forward, None, i, POINT)
    np.testing.assert_array_equal(i, [0, 1])


def two_outputs(x):
    return np.sin(x), np.cos(x[0, :2]), x


def two_outputs_backward(dsin, dcos, x):
    dx = dsin * np.cos(x)
    dx[0, :2] -= dcos * np.sin(x[0, :2])
    return dx


def test_outputs_of_different_lengths_have_no_samples_in_common():
    x = np.linspace(0.1, 1, 12).reshape(3, 4)
    assert check_layer(two_outputs, two_outputs_backward, x) is None
    with pytest.raises(AssertionError, match="no mistake that is known"):
        check_layer(two_outputs, lambda *given: two_outputs_backward(*given) + np.cos(x), x)
    with pytest.raises(AssertionError, match=r"ratio 3\.000 everywhere, which is N here"):
        check_layer(two_outputs, lambda *given: 3 * two_outputs_backward(*given), x)
    with pytest.raises(AssertionError, match=r"ratio 4\.000 everywhere\."):  # features, not steps
        check_layer(two_outputs, lambda *given: 4 * two_outputs_backward(*given), x)


def test_a_number_has_no_samples():
    with pytest.raises(AssertionError, match="no mistake that is known"):
        check_layer(lambda x: (np.sum(np.sin(x)), x), lambda d, x: d * np.cos(x) + x, POINT)


def test_the_share_of_a_sample_is_that_of_all_outputs_whatever_their_width():
    def forward(x):
        return np.sin(x), x**2 @ np.ones((3, 4)), x

    def backward(dsin, dsquare, x):
        return dsin * np.cos(x) + 2 * x * dsquare.sum(1, keepdims=True)

    def only_sample_1(dsin, dsquare, x):
        only = np.array([[0], [1], [0]])
        return backward(dsin * only, dsquare * only, x)

    x = np.linspace(0.1, 1, 9).reshape(3, 3)
    assert check_layer(forward, backward, x) is None
    with pytest.raises(AssertionError, match="only the share of sample 1"):
        check_layer(forward, only_sample_1, x)


def test_a_layer_without_floating_inputs_has_no_gradients_to_check():
    assert check_layer(lambda i: (np.eye(3)[i], None), lambda d, c: (), np.array([0, 2])) is None


def test_each_input_has_a_note_of_its_own():
    weights = np.array([1.0, 1e-13])
    note = check_layer(
        lambda x, y: (weights * (x + y), None),
        lambda dout, cache: (weights * dout, weights * dout),
        *np.ones((2, 2)),
    )
    words = "is right but for 1 of 2 entries, too small to be judged"
    assert note == f"dx {words}\ndy {words}"


def test_inputs_have_the_names_of_the_arguments(monkeypatch):
    def weighted(x, *weights):
        return x * sum(weights), None

    with pytest.raises(AssertionError, match="needs 3: dx, dweights_1, dweights_2"):
        check_layer(weighted, lambda d, c: None, *np.ones((3, 2)))

    def no_signature(function):
        raise ValueError

    monkeypatch.setattr(gradient_check.inspect, "signature", no_signature)
    with pytest.raises(AssertionError, match=r"^dx is wrong"):
        check_layer(sine, lambda d, x: d, POINT)


# What cannot be seen from afar


def test_an_argument_without_influence_has_the_zero_gradient():
    def backward(dout, x):
        return sine_backward(dout, x), np.zeros(2)

    def ignores(x, b):
        return sine(x)

    assert check_layer(ignores, backward, POINT, np.ones(2)) is None
    with pytest.raises(AssertionError, match="should be zero everywhere"):
        check_layer(ignores, lambda d, x: (sine_backward(d, x), np.ones(2)), POINT, np.ones(2))


@pytest.mark.parametrize("scale", [1e-6, 1, 1e6])
@pytest.mark.parametrize("shift", [0, 1])
def test_a_gradient_that_is_zero_but_for_rounding_is_right(scale, shift):
    def centred(x, c):
        y = x + c
        return y - y.mean(1, keepdims=True), None

    def backward(dout, cache, off=0):
        dx = dout - dout.mean(1, keepdims=True)
        return dx, dx.sum(1, keepdims=True) + off

    for seed in range(5):
        x = scale * np.random.default_rng(seed).standard_normal((3, 5 + seed))
        c = shift * x[:, :1]
        assert check_layer(centred, backward, x, c, seed=seed) is None
        with pytest.raises(AssertionError, match=r"dc is wrong(.*\n)*.*should be zero everywhere"):
            check_layer(centred, lambda d, cache: backward(d, cache, 1e-4), x, c)


@pytest.mark.parametrize(
    ("right", "loss", "at"),
    [
        (np.cos, np.sin, [1e6]),
        (np.cos, np.sin, [1e6, 1e-6, 1.0]),
        (lambda x: 1e6 * np.cos(1e6 * x), lambda x: np.sin(1e6 * x), [1e-6]),
        (lambda x: 1 / x, np.log, [1e-6, 2e-6]),  # the usual step is longer than x
        (lambda x: 0.5 / np.sqrt(x), np.sqrt, [1e-6, 2e-9]),
        (lambda x: 1e6 + 0 * x, lambda x: 1e6 * x, [1e-6, 1e6]),
        (lambda x: 1 + 0 * x, lambda x: x * np.exp(-((1e8 * x) ** 2)), [0.0]),  # flat afar
    ],
)
def test_arguments_of_any_size_are_judged(right, loss, at):
    at = np.array(at)
    assert assert_gradient(right(at), lambda x: np.sum(loss(x)), at) is None
    with pytest.raises(AssertionError, match=r"against it: .*complex step"):
        assert_gradient(1.001 * right(at), lambda x: np.sum(loss(x)), at)


def test_a_loss_that_bends_over_few_neighbours_of_its_argument_is_judged():
    at = np.array([1e6, 2e6], np.float32)  # the neighbours of 1e6 are 0.06 apart
    assert assert_gradient(np.cos(at), lambda x: np.sum(np.sin(x)), at) is None


@pytest.mark.parametrize("seed", [3, 13, 37, 48])
def test_a_loss_whose_waves_are_as_small_as_its_rounding_is_judged(seed):
    at = np.random.default_rng(seed).normal(size=3)  # no step confirms another by itself
    assert (
        assert_gradient(np.cos(1e8 * at), lambda x: 1e8 + np.sum(np.sin(1e8 * x)) / 1e8, at) is None
    )


def test_a_loss_that_hides_its_moves_in_rounding_is_refused_in_words_that_say_so():
    at = np.random.default_rng(51).normal(size=3)
    with pytest.raises(ValueError, match="so large that what it moves by is lost in rounding"):
        assert_gradient(np.cos(1e9 * at), lambda x: 1e7 + np.sum(np.sin(1e9 * x)) / 1e9, at)


def by_three_real_products(x, W):
    """Multiply as PyTorch's convolutions do: an imaginary part far below the real one is lost."""
    real = x.real @ W
    return real + 1j * ((x.real + x.imag) @ W - real) if np.iscomplexobj(x) else real


@pytest.mark.parametrize("scale", [1, 1e6])
@pytest.mark.parametrize("seed", [5, 29, 38, 54, 77, 97])
def test_a_loss_in_which_the_imaginary_part_is_lost_is_blamed_and_not_the_gradient(seed, scale):
    rng = np.random.default_rng(seed)
    x, W = rng.standard_normal((3, 4)), scale * rng.standard_normal((4, 5))
    with pytest.raises(ValueError, match="it drops an imaginary part inside"):
        check_layer(lambda x: (by_three_real_products(x, W), W), lambda d, W: d @ W.T, x, seed=seed)


@pytest.mark.parametrize("jump", [1, -1])
def test_a_jump_nearby_does_not_matter(jump):
    at = np.linspace(-1e-7, 1e-7, 3)

    def loss(x):
        return np.sum(9 + jump * (x.real > 1e-6) + 0 * x)

    assert assert_gradient(np.zeros(3), loss, at) is None


def test_a_loss_whose_sum_nearly_cancels_is_judged_in_single_precision():
    for seed in (6, 13, 32):  # our own layer: in one direction alone, the sum is lost in rounding
        inputs = random_layer(seed, np.float32, sizes=(2, 10, 3, 8))
        check_layer(forward, rnn_layers.rnn_backward, *inputs, seed=seed)


def test_an_error_that_rounding_the_argument_would_make_is_not_judged():
    at = np.array([3e7, 4e7])
    with pytest.raises(ValueError, match="no more than the right one moves where float64 rounds"):
        assert_gradient(np.cos(at) + 1e-7, lambda x: np.sum(np.sin(x)), at)


def last_state(x, Wh):
    """Return the last state alone, and a cache: what the first inputs did has all but vanished."""
    weights = np.eye(len(x[0, 0]), len(Wh)), Wh, np.zeros(len(Wh))
    h, cache = rnn_layers.rnn_forward(x, np.zeros((len(x), len(Wh))), *weights)
    return h[:, -1], (h.shape, cache)


def last_state_backward(dout, cache, spoil=lambda dx: None):
    dh = np.zeros(cache[0])
    dh[:, -1] = dout
    dx, _, _, dWh, _ = rnn_layers.rnn_backward(dh, cache[1])
    spoil(dx)
    return dx, dWh


def spoilt(change, steps=np.s_[:, 0]):
    def spoil(dx):
        dx[steps] = change(dx[steps])

    return lambda dout, cache: last_state_backward(dout, cache, spoil)


VANISHING = [
    np.random.default_rng(0).standard_normal((2, 20, 3)),
    0.3 * np.linalg.qr(np.random.default_rng(1).standard_normal((3, 3)))[0],
]


def test_a_step_in_time_whose_gradient_has_vanished_is_judged_by_its_own_size():
    dout, cache = np.ones((2, 3)), last_state(*VANISHING)[1]
    dx = last_state_backward(dout, cache)[0]
    assert np.max(np.abs(dx[:, 0])) < 1e-11 * np.max(np.abs(dx))
    assert check_layer(last_state, last_state_backward, *VANISHING) is None
    with pytest.raises(
        AssertionError,
        match=r"^dx\[:, 0\] is wrong in 6 of 6 (.*\n)*What fits: the sign is flipped everywhere"
        r"(.*\n)*Too small beside the rest of dx to be seen there: dx\[:, 0\]\.\nWrong: dx",
    ):
        check_layer(last_state, spoilt(np.negative), *VANISHING)


def test_what_may_be_rounding_in_a_step_that_has_vanished_is_said_not_to_be_judged():
    note = check_layer(last_state, spoilt(lambda dx: dx[::-1]), *VANISHING)
    assert note == "dx is right but for what is too small to be judged: dx[:, 0]"


@pytest.mark.parametrize(
    ("factor", "words"), [(0, "zero everywhere"), (3, r"ratio 3\.000 everywhere")]
)
def test_a_row_that_is_small_and_wrong_beyond_rounding_is_named(factor, words):
    right = np.array([[1.0, -2.0, 0.5], [3e-12, -1e-12, 2e-12]])
    wrong = right * [[1], [factor]]
    with pytest.raises(AssertionError, match=rf"^dA\[1\] is wrong.*\n.*\nWhat fits: {words}"):
        assert_gradient(wrong, linear_loss(right), at=np.ones((2, 3)))


def test_a_row_of_zeros_is_no_gradient_of_a_row_that_is_small():
    right = np.array([[2.0, -1.0], [1e12, 2e12]])
    with pytest.raises(AssertionError, match=r"^dA\[0\] is wrong(.*\n)*What fits: zero everywhere"):
        assert_gradient(right * [[0], [1]], linear_loss(right), at=np.ones((2, 2)))
    right[0] *= 1e-2
    note = assert_gradient(right * [[0], [1]], linear_loss(right), at=np.ones((2, 2)))
    assert note == "dA is right but for what is too small to be judged: dA[0]"
    note = check_layer(last_state, spoilt(np.zeros_like), *VANISHING)
    assert note == "dx is right but for what is too small to be judged: dx[:, 0]"


def test_a_row_that_is_zero_but_for_rounding_is_right():
    right = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 0.5]])

    def loss(A):
        return np.sum(A[0] - A[0].mean()) + np.sum(right * A)

    for seed in range(20):
        at = np.random.default_rng(seed).standard_normal((2, 3))
        assert assert_gradient(right, loss, at, seed=seed) is None


def test_entries_too_small_beside_their_neighbours_are_counted():
    right = np.array([[1.0, 1e-13], [0.5, 1.0]])
    note = assert_gradient(right, linear_loss(right), at=np.ones((2, 2)))
    assert note == "dA is right but for 1 of 4 entries, too small to be judged"
    assert assert_gradient(np.eye(2), linear_loss(np.eye(2)), at=np.ones((2, 2))) is None
    for first in (1e-13, -1e-13):  # neighbours in time are not of one size
        right = np.array([first, 1.0])
        vanished = {"loss": linear_loss(right), "at": np.ones(2), "time_axis": 0}
        assert assert_gradient(right, **vanished) is None
        with pytest.raises(AssertionError, match=r"dA\[0\] is wrong in 1 of 1"):
            assert_gradient(right * [-1, 1], **vanished)


def test_a_loss_that_underflows_is_not_judged_and_said_to_be_small():
    at = np.array([-700.0])
    with pytest.raises(ValueError, match=r"cannot be judged: the loss is as small as .*underflows"):
        assert_gradient(np.exp(at), lambda x: np.sum(np.exp(x)), at)


# What a threshold says at its bound

EPS, EPS32 = 2.0**-52, 2.0**-23


@pytest.mark.parametrize(
    ("height", "at", "rounding"),
    [(1, 1.0, 100), (4, 1.0, 400), (0.25, 1.0, 25), (1, 4.0, 100), (1, 0.5, 200), (1, 0.0, 100)],
)
def test_a_level_loss_allows_a_gradient_as_large_as_its_rounding(height, at, rounding):
    right = rounding * EPS  # a loss may bend over the length of its argument, 1 at most
    assert assert_gradient(right, lambda x: height + 0 * x, at) is None
    with pytest.raises(AssertionError, match="should be zero everywhere"):
        assert_gradient(np.nextafter(right, 1), lambda x: height + 0 * x, at)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("largest", [0.25, 2.0])
def test_a_row_of_zeros_may_lack_ten_times_what_its_largest_neighbour_is_rounded_by(largest, sign):
    def judged(first_row):
        has = np.array([[0, 0], [largest, largest / 2]])
        needs = np.add(has, [first_row, [0, 0]])
        return [
            assert_gradient(has, linear_loss(needs), np.ones((2, 2)), seed=k) for k in range(40)
        ]

    unit = sign * EPS * largest
    note = "dA is right but for what is too small to be judged: dA[0]"
    assert judged([4.9 * unit, 0]) == [None] * 40  # moved by up to twice a unit: 9.8
    assert judged([10.1 * unit, 0]) == [note] * 40  # and by one at least
    assert judged([900 * unit, -900 * unit]) == [note] * 40


def test_slopes_that_are_rounding_alone_are_zero():
    at = np.random.default_rng(0).standard_normal(5)

    def loss(x):
        return 1 + np.sum(0.1 * x + 0.2 * x - (0.1 + 0.2) * x)

    assert complex_step(loss, at).any()
    with pytest.raises(AssertionError, match=r"needs 0\.\nWhat fits: should be zero everywhere"):
        assert_gradient(np.ones(5), loss, at)


def test_a_slope_that_rounding_spoils_is_not_called_zero():
    def loss(x):
        return 1 + np.sum(0.1 * x + 0.2 * x - (0.1 + 0.2) * x + 2e-13 * x)

    with pytest.raises(ValueError, match="it is off by less than the loss is rounded"):
        assert_gradient(np.full(5, 2e-13), loss, np.random.default_rng(0).standard_normal(5))


@pytest.mark.parametrize("height", [1.0, 4.0])
def test_an_error_within_the_rounding_of_the_loss_is_not_judged(height):
    slope = 2.0**-20
    off = slope + 10 * EPS * height
    with pytest.raises(ValueError, match="it is off by less than the loss is rounded"):
        assert_gradient(off, lambda x: height + slope * x, 0.0)
    with pytest.raises(AssertionError, match="complex step"):
        assert_gradient(np.nextafter(off, 1), lambda x: height + slope * x, 0.0)


def test_single_precision_allows_an_error_of_a_thousand_eps():
    at = np.ones(1, np.float32)
    assert assert_gradient(np.array([1 - 1000 * EPS32]), lambda x: np.sum(x), at) is None
    with pytest.raises(AssertionError, match="dx is wrong in 1 of 1"):
        assert_gradient(np.array([1 - 1000.5 * EPS32]), lambda x: np.sum(x), at)


def test_a_loss_may_differ_from_call_to_call_by_the_tolerance():
    def judge(second):
        values = iter([1, second])
        loss = lambda x: np.float32(next(values, second)) + 0 * np.sum(x)  # noqa: E731
        return assert_gradient(np.zeros(2), loss, np.ones(2, np.float32))

    assert judge(1 - 1000 * EPS32) is None
    with pytest.raises(ValueError, match="differs from call to call"):
        judge(1 - 1001 * EPS32)


@pytest.mark.parametrize("largest", [1.0, 4.0])
def test_a_ratio_within_the_rounding_of_the_largest_entry_is_not_judged(largest):
    small = 1000 * EPS * largest
    for size, told in [(small, False), (small * (1 + EPS), True)]:
        right = np.array([[largest, -largest], [size, size]])
        judge = [right * [[1], [3]], linear_loss(right), np.ones((2, 2))]
        if told:
            with pytest.raises(AssertionError, match=r"^dA\[1\](.*\n)*.*ratio 3.000 everywhere"):
                assert_gradient(*judge)
        else:
            assert assert_gradient(*judge).endswith("too small to be judged: dA[1]")


def test_an_entry_at_the_tolerance_is_too_small_to_be_judged():
    bound = np.float32(1000 * EPS32)
    for small, note in [
        (bound, "dA is right but for 1 of 4"),
        (np.nextafter(bound, np.float32(1)), "None"),
    ]:
        right = np.array([[1, small], [0.5, 1]], np.float32)
        told = assert_gradient(right, linear_loss(right), np.ones((2, 2), np.float32))
        assert str(told).startswith(note)


def test_entries_of_a_vector_are_judged_beside_the_largest():
    note = assert_gradient(np.array([1, 1.5e-14]), linear_loss(np.array([1, 1e-14])), np.ones(2))
    assert note == "dA is right but for 1 of 2 entries, too small to be judged"


def test_a_small_row_is_judged_with_all_that_is_known():
    right = np.array([[1.0, -2.0, 0.5], [3e-12, -1e-12, 2e-12]])
    with pytest.raises(AssertionError, match=r"ratio 2\.000 everywhere, which is N here"):
        assert_gradient(right * [[1], [2]], linear_loss(right), np.ones((2, 3)), sizes={"N": 2})
    right = np.array([[1, -2, 0.5], [3e-5, -1e-5, 2e-5]], np.float32)
    wrong = right * [[1], [-1 - 1e-6]]  # rounded
    with pytest.raises(AssertionError, match=r"^dA\[1\](.*\n)*.*the sign is flipped"):
        assert_gradient(wrong, linear_loss(right), np.ones((2, 3), np.float32))


def test_an_error_as_large_as_a_thousand_roundings_of_the_argument_is_not_judged():
    at = np.array(12288, np.float32)  # neighbours are 2**-10 apart, and two steps are taken

    def loss(x):
        return (x - 12287) ** 2 / 2  # so its slope is 1 here, and moves as x does

    with pytest.raises(ValueError, match="no more than the right one moves where float32 rounds"):
        assert_gradient(1 + 1000 * 2 * 2.0**-10, loss, at)
    with pytest.raises(AssertionError, match="complex step"):
        assert_gradient(1 + 1000.5 * 2 * 2.0**-10, loss, at)


@pytest.mark.parametrize("size", [0.0, 1e-260])
def test_a_kink_is_told_as_such_however_small_the_loss(size):
    at = np.array([size])
    with pytest.raises(ValueError, match="contradict each other"):
        assert_gradient(np.ones(1), lambda x: np.sum(np.maximum(x, size)), at)


def test_a_kink_of_a_loss_that_underflows_is_not_seen():
    with pytest.raises(ValueError, match=r"the loss is as small as 9\.0e-261, .*underflows"):
        assert_gradient(np.ones(1), lambda x: np.sum(np.maximum(x, 9e-261)), np.array([9e-261]))


def test_central_differences_that_are_rounded_do_not_speak_of_what_they_cannot_see():
    at = np.array([1e-6])  # the loss bends over this length, and is large beside its waves
    right = 1e6 * np.cos(1e6 * at)
    with pytest.raises(AssertionError, match="against it: complex step, inner product"):
        assert_gradient(right * (1 + 1e-9), lambda x: np.sum(1e4 + np.sin(1e6 * x)), at)


# What a claim says at its borders


def test_an_error_as_large_as_is_allowed_is_none():
    assert not diagnoses.Case(np.zeros(2), np.zeros(2)).wrong().any()
    assert diagnoses.too_small_to_judge(diagnoses.Case(np.ones(1), np.zeros(1), rounding=1.0))


def test_axes_in_another_order_are_named_where_there_are_more_than_two():
    A = np.arange(24.0).reshape(2, 3, 4)
    fit = diagnoses.first_fit(diagnoses.Case(A.transpose(2, 0, 1), A))
    assert fit.of_yours == "would be right if you put its axes in the order (1, 2, 0)"


def test_a_ratio_is_looked_for_among_all_products_of_sizes():
    labels = [label for label, _ in diagnoses._factors({"N": 2, "T": 3})]
    assert labels == ["N", "1/N", "T", "1/T", "N T", "1/(N T)"]


# Where and how often the loss is called


def points_of(loss, judge):
    """Return the points at which the loss is asked, whatever the verdict."""
    points = []

    def watched(x):
        points.append(np.array(x))
        return loss(x)

    with suppress(AssertionError, TypeError, ValueError):
        judge(watched)
    return points


@pytest.mark.parametrize(
    "judge",
    [
        lambda at, f, **seed: assert_gradient(np.cos(at), f, at, **seed),
        lambda at, f, **seed: inner_product_gap(f, at, np.cos(at), **seed),
        lambda at, f, **seed: check_layer(
            lambda x: (f(x), x), lambda d, x: d * np.cos(x), at, **seed
        ),
    ],
)
def test_the_same_seed_asks_the_same(judge):
    at = np.linspace(0.1, 1, 5)

    def points(**seed):
        return np.array(points_of(lambda x: np.sum(np.sin(x)), lambda f: judge(at, f, **seed)))

    np.testing.assert_array_equal(points(), points(seed=0))
    assert not np.array_equal(points(), points(seed=1))


def test_the_same_seed_draws_the_same_upstream_gradient():
    upstreams = []

    def backward(dout, x):
        upstreams.append(dout)
        return sine_backward(dout, x)

    for seed in ({}, {"seed": 0}, {"seed": 1}):
        check_layer(sine, backward, POINT, **seed)
    np.testing.assert_array_equal(upstreams[0], upstreams[1])
    assert not np.array_equal(upstreams[0], upstreams[2])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [lambda x: np.sum(np.sin(x)), lambda x: np.sum(x.real)])
def test_the_loss_is_asked_in_the_precision_of_the_argument_and_in_full_complex(loss, dtype):
    at = np.linspace(0.1, 1, 5, dtype=dtype)
    points = points_of(loss, lambda f: assert_gradient(at, f, at))
    assert {point.dtype for point in points} == {np.dtype(dtype), np.dtype(complex)}


def test_the_directions_hide_no_entry():
    directions = list(gradient_check._directions((1000,), np.random.default_rng(0)))
    assert len(directions) == 4
    for direction in directions:
        sizes = np.abs(direction)
        assert 1 <= np.min(sizes) < 1.02 < 1.98 < np.max(sizes) <= 2
        assert 400 < np.sum(direction > 0) < 600


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_loss_that_contradicts_itself_is_asked_along_four_directions_at_twelve_steps(dtype):
    at = np.linspace(0.1, 1, 5, dtype=dtype)
    points = points_of(
        lambda x: np.sum(x + x.real**2), lambda f: assert_gradient(1 + 2 * at, f, at)
    )
    assert len(points) == 2 + 4 * 12 * 3
    moved = [point - at for point in points[2:] if point.dtype == dtype]
    longest, shortest = (np.abs(moved[k]) / best_step(at) for k in (0, -1))
    assert 0.99 <= np.min(longest) < 1.4 < np.max(longest) < 2.01
    assert np.min(shortest) > 0
    assert np.max(shortest * best_step(at)) < 3 * np.finfo(dtype).eps


def test_rows_of_different_sizes_are_judged_at_once():
    right = np.outer([1.0, 1e-9], np.arange(1.0, 50))
    points = points_of(linear_loss(right), lambda f: assert_gradient(right, f, np.ones((2, 49))))
    assert len(points) < 40


def test_a_right_gradient_takes_few_calls_whatever_its_size_and_a_wrong_one_is_seen():
    at = np.random.default_rng(0).standard_normal((25, 40))
    calls = []

    def loss(A):
        calls.append(A)
        return np.sum(np.tanh(A))

    right = 1 - np.tanh(at) ** 2
    assert_gradient(right, loss, at)
    assert len(calls) < 40
    for seed in range(20):
        rng = np.random.default_rng(seed)
        wrong = right.copy()
        wrong[tuple(rng.integers(at.shape))] += rng.choice([-1, 1]) * 1e-9 * np.max(right)
        assert not gradient_check._all_agree(wrong, loss, at, 1e-11, None, rng)
        assert gradient_check._all_agree(right, loss, at, 1e-11, None, rng)
