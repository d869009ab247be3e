"""Published values, each with its source, and sums that pin this module at CS231n's test points."""

import numpy as np
import pytest

import rnn_layers

CS231N = "CS231n, assignment 3 (NumPy editions), RNN_Captioning.ipynb"
EECS498 = "University of Michigan, EECS 498, assignment 4"
COURSERA = "Coursera, Deep Learning Specialization, course 5, week 1"


def L(a, b, shape):
    return np.linspace(a, b, num=np.prod(shape)).reshape(shape)


def printed_forward_values():
    """Rows: function, arguments, what the source prints, source."""
    N, D, H = 3, 10, 4
    step = L(-0.4, 0.7, (N, D)), L(-0.2, 0.5, (N, H)), L(-0.1, 0.9, (D, H)), L(-0.3, 0.7, (H, H))
    yield (
        "rnn_step_forward",
        (*step, L(-0.2, 0.4, (H,))),
        [
            [-0.58172089, -0.50182032, -0.41232771, -0.31410098],
            [0.66854692, 0.79562378, 0.87755553, 0.92795967],
            [0.97934501, 0.99144213, 0.99646691, 0.99854353],
        ],
        CS231N,
    )
    N, T, D, H = 2, 3, 4, 5
    run = L(-0.1, 0.3, (N, T, D)), L(-0.3, 0.1, (N, H)), L(-0.2, 0.4, (D, H)), L(-0.4, 0.1, (H, H))
    yield (
        "rnn_forward",
        (*run, L(-0.7, 0.1, (H,))),
        [
            [
                [-0.42070749, -0.27279261, -0.11074945, 0.05740409, 0.22236251],
                [-0.39525808, -0.22554661, -0.0409454, 0.14649412, 0.32397316],
                [-0.42305111, -0.24223728, -0.04287027, 0.15997045, 0.35014525],
            ],
            [
                [-0.55857474, -0.39065825, -0.19198182, 0.02378408, 0.23735671],
                [-0.27150199, -0.07088804, 0.13562939, 0.33099728, 0.50158768],
                [-0.51014825, -0.30524429, -0.06755202, 0.17806392, 0.40333043],
            ],
        ],
        CS231N,
    )
    rows = np.arange(15).reshape(5, 3) / 14
    x = np.array([[0, 3, 1, 2], [2, 1, 0, 3]])
    yield "word_embedding_forward", (x, L(0, 1, (5, 3))), rows[x], CS231N
    weights = L(-0.2, 0.4, (4, 3)), L(-0.4, 0.1, (3,))
    yield (
        "temporal_affine_forward",
        (L(-0.1, 0.3, (2, 1, 4)), *weights),
        [[[-0.35584416, -0.10896104, 0.13792208]], [[-0.31428571, -0.01753247, 0.27922078]]],
        EECS498,
    )
    yield (
        "temporal_affine_forward",
        (L(-0.1, 0.3, (2, 3, 4)), *weights),
        [
            [
                [-0.39920949, -0.16533597, 0.06853755],
                [-0.38656126, -0.13750988, 0.1115415],
                [-0.37391304, -0.10968379, 0.15454545],
            ],
            [
                [-0.36126482, -0.08185771, 0.19754941],
                [-0.3486166, -0.05403162, 0.24055336],
                [-0.33596838, -0.02620553, 0.28355731],
            ],
        ],
        EECS498,
    )


@pytest.mark.parametrize(("function", "args", "printed", "source"), list(printed_forward_values()))
def test_forward_gives_the_published_values(function, args, printed, source):
    out, _ = getattr(rnn_layers, function)(*args)
    np.testing.assert_allclose(out, printed, rtol=0, atol=5.1e-9, err_msg=source)


@pytest.mark.parametrize(("N", "T", "share"), [(100, 1, 1.0), (100, 10, 1.0), (5000, 10, 0.1)])
def test_loss_of_small_scores_is_the_one_that_cs231n_expects(N, T, share):
    V = 10
    rng = np.random.default_rng(0)
    x, y = 0.001 * rng.standard_normal((N, T, V)), rng.integers(V, size=(N, T))
    mask = rng.random((N, T)) <= share
    loss, _ = rnn_layers.temporal_softmax_loss(x, y, mask)
    limit = mask.sum() / N * np.log(V)  # near T share ln V: 2.3, 23, 2.3
    assert loss == pytest.approx(limit, rel=1e-3)


def cs231n_gradient_sums():
    """Rows: forward function, shapes in CS231n's order of draws, sum of each gradient."""
    N, D, H = 4, 5, 6
    yield (
        "rnn_step_forward",
        [(N, D), (N, H), (D, H), (H, H), (H,), (N, H)],
        [4.626637363163, 6.064457683498, -2.065520202292, 2.171249118479, -1.636689250649],
    )
    N, D, T, H = 2, 3, 10, 5
    yield (
        "rnn_forward",
        [(N, T, D), (N, H), (D, H), (H, H), (H,), (N, T, H)],
        [-34.457494472991, -60.976468019147, 32.891198091971, -106.980471831789, 23.003642562133],
    )


@pytest.mark.parametrize(("forward", "shapes", "sums"), list(cs231n_gradient_sums()))
def test_gradients_at_cs231n_points_have_the_known_sums(forward, shapes, sums):
    random = np.random.RandomState(231)
    *args, upstream = (random.randn(*shape) for shape in shapes)
    _, cache = getattr(rnn_layers, forward)(*args)
    gradients = getattr(rnn_layers, forward.replace("forward", "backward"))(upstream, cache)
    np.testing.assert_allclose([g.sum() for g in gradients], sums, rtol=1e-11)


def coursera_draws(*state_and_input_shapes):
    """Return the arrays that the course draws, in its order, still in its layout."""
    random = np.random.RandomState(1)
    x, a, *upstream = state_and_input_shapes
    weights = (5, 3), (5, 5), (2, 5), (5, 1), (2, 1)
    x, a, Wax, Waa, _, ba, _, da = (random.randn(*shape) for shape in (x, a, *weights, *upstream))
    return x, a, Wax.T, Waa.T, ba.ravel(), da


def test_step_backward_gives_the_values_that_coursera_prints():
    x, a, Wx, Wh, b, da = coursera_draws((3, 10), (5, 10), (5, 10))
    _, cache = rnn_layers.rnn_step_forward(x.T, a.T, Wx, Wh, b)
    dx, dprev_h, dWx, dWh, db = rnn_layers.rnn_step_backward(da.T, cache)
    got = [dx[2, 1], dprev_h[3, 2], dWx[1, 3], dWh[2, 1], db[4]]
    printed = [-1.3872130506, -0.152399493774, 0.410772824935, 1.15034506685, 0.20023491]
    np.testing.assert_allclose(got, printed, rtol=0, atol=5.1e-9, err_msg=COURSERA)


def test_backward_gives_the_values_that_coursera_prints():
    x, a, Wx, Wh, b, da = coursera_draws((3, 10, 4), (5, 10), (5, 10, 4))
    _, cache = rnn_layers.rnn_forward(x.transpose(1, 2, 0), a.T, Wx, Wh, b)
    dx, dh0, dWx, dWh, db = rnn_layers.rnn_backward(da.transpose(1, 2, 0), cache)
    printed = [-2.07101689, -0.59255627, 0.02466855, 0.01483317]
    np.testing.assert_allclose(dx[2, :, 1], printed, rtol=0, atol=5.1e-9, err_msg=COURSERA)
    got = [dh0[3, 2], dWx[1, 3], dWh[2, 1], db[4]]
    printed = [-0.314942375127, 11.2641044965, 2.30333312658, -0.74747722]
    np.testing.assert_allclose(got, printed, rtol=0, atol=5.1e-9, err_msg=COURSERA)
