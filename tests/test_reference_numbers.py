"""Published values, each with its source, and sums that pin this module at CS231n's test points."""

import layers
import numpy as np
import pytest

CS231N = "CS231n, assignment 3 (NumPy editions), RNN_Captioning.ipynb"
EECS498 = "University of Michigan, EECS 498, assignment 4"
COURSERA = "Coursera, Deep Learning Specialization, course 5, week 1"


def L(a, b, shape):
    return np.linspace(a, b, num=np.prod(shape)).reshape(shape)


def printed_forward_values():
    """Rows: layer, arguments, what the source prints, source."""
    N, D, H = 3, 10, 4
    step = L(-0.4, 0.7, (N, D)), L(-0.2, 0.5, (N, H)), L(-0.1, 0.9, (D, H)), L(-0.3, 0.7, (H, H))
    yield (
        "rnn_step",
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
        "rnn",
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
    yield "word_embedding", (x, L(0, 1, (5, 3))), rows[x], CS231N
    weights = L(-0.2, 0.4, (4, 3)), L(-0.4, 0.1, (3,))
    yield (
        "temporal_affine",
        (L(-0.1, 0.3, (2, 1, 4)), *weights),
        [[[-0.35584416, -0.10896104, 0.13792208]], [[-0.31428571, -0.01753247, 0.27922078]]],
        EECS498,
    )
    yield (
        "temporal_affine",
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


def in_every_code(rows):
    """Put the code in front of each row: fast, or plain where the layer is there in plain code."""
    rows = list(rows)
    return [(code, *row) for code, layer in layers.EVERY_CODE for row in rows if row[0] == layer]


@pytest.mark.parametrize(
    ("code", "layer", "args", "printed", "source"), in_every_code(printed_forward_values())
)
def test_forward_gives_the_published_values(code, layer, args, printed, source):
    out, _ = layers.forward(layer, *args, code=code)
    np.testing.assert_allclose(out, printed, rtol=0, atol=5.1e-9, err_msg=source)


@pytest.mark.parametrize("code", layers.CODES)
@pytest.mark.parametrize(("N", "T", "share"), [(100, 1, 1.0), (100, 10, 1.0), (5000, 10, 0.1)])
def test_loss_of_small_scores_is_the_one_that_cs231n_expects(N, T, share, code):
    V = 10
    rng = np.random.default_rng(0)
    x, y = 0.001 * rng.standard_normal((N, T, V)), rng.integers(V, size=(N, T))
    mask = rng.random((N, T)) <= share
    loss, _ = layers.loss(x, y, mask, code)
    limit = mask.sum() / N * np.log(V)  # near T share ln V: 2.3, 23, 2.3
    assert loss == pytest.approx(limit, rel=1e-3)


def cs231n_gradient_sums():
    """Rows: layer, shapes in CS231n's order of draws, sum of each gradient."""
    N, D, H = 4, 5, 6
    yield (
        "rnn_step",
        [(N, D), (N, H), (D, H), (H, H), (H,), (N, H)],
        [4.626637363163, 6.064457683498, -2.065520202292, 2.171249118479, -1.636689250649],
    )
    N, D, T, H = 2, 3, 10, 5
    yield (
        "rnn",
        [(N, T, D), (N, H), (D, H), (H, H), (H,), (N, T, H)],
        [-34.457494472991, -60.976468019147, 32.891198091971, -106.980471831789, 23.003642562133],
    )


@pytest.mark.parametrize(("code", "layer", "shapes", "sums"), in_every_code(cs231n_gradient_sums()))
def test_gradients_at_cs231n_points_have_the_known_sums(code, layer, shapes, sums):
    random = np.random.RandomState(231)
    *args, upstream = (random.randn(*shape) for shape in shapes)
    _, cache = layers.forward(layer, *args, code=code)
    gradients = layers.backward(layer, upstream, cache, code)
    np.testing.assert_allclose([g.sum() for g in gradients], sums, rtol=1e-11)


def coursera_draws(*state_and_input_shapes):
    """Return the arrays that the course draws, in its order, still in its layout."""
    random = np.random.RandomState(1)
    x, a, *upstream = state_and_input_shapes
    weights = (5, 3), (5, 5), (2, 5), (5, 1), (2, 1)
    x, a, Wax, Waa, _, ba, _, da = (random.randn(*shape) for shape in (x, a, *weights, *upstream))
    return x, a, Wax.T, Waa.T, ba.ravel(), da


@pytest.mark.parametrize("code", layers.CODES)
def test_step_backward_gives_the_values_that_coursera_prints(code):
    x, a, Wx, Wh, b, da = coursera_draws((3, 10), (5, 10), (5, 10))
    _, cache = layers.forward("rnn_step", x.T, a.T, Wx, Wh, b, code=code)
    dx, dprev_h, dWx, dWh, db = layers.backward("rnn_step", da.T, cache, code)
    got = [dx[2, 1], dprev_h[3, 2], dWx[1, 3], dWh[2, 1], db[4]]
    printed = [-1.3872130506, -0.152399493774, 0.410772824935, 1.15034506685, 0.20023491]
    np.testing.assert_allclose(got, printed, rtol=0, atol=5.1e-9, err_msg=COURSERA)


@pytest.mark.parametrize("code", layers.CODES)
def test_backward_gives_the_values_that_coursera_prints(code):
    x, a, Wx, Wh, b, da = coursera_draws((3, 10, 4), (5, 10), (5, 10, 4))
    _, cache = layers.forward("rnn", x.transpose(1, 2, 0), a.T, Wx, Wh, b, code=code)
    dx, dh0, dWx, dWh, db = layers.backward("rnn", da.transpose(1, 2, 0), cache, code)
    printed = [-2.07101689, -0.59255627, 0.02466855, 0.01483317]
    np.testing.assert_allclose(dx[2, :, 1], printed, rtol=0, atol=5.1e-9, err_msg=COURSERA)
    got = [dh0[3, 2], dWx[1, 3], dWh[2, 1], db[4]]
    printed = [-0.314942375127, 11.2641044965, 2.30333312658, -0.74747722]
    np.testing.assert_allclose(got, printed, rtol=0, atol=5.1e-9, err_msg=COURSERA)


# CS231n's own calls: each cell of RNN_Captioning.ipynb that calls a layer, in its forms.
def in_place_difference(f, array, upstream=1.0, h=1e-5):
    """Return the numerical gradient as CS231n takes it: the very array that f reads is changed."""
    gradient = np.zeros_like(array)
    for entry in np.ndindex(array.shape):
        kept = array[entry]
        array[entry] = kept + h
        ahead = f(array)
        array[entry] = kept - h
        behind = f(array)
        array[entry] = kept
        gradient[entry] = np.sum(upstream * (ahead - behind)) / (2 * h)
    return gradient


CS231N_GRADIENT_CELLS = {
    "rnn_step": [(4, 5), (4, 6), (5, 6), (6, 6), (6,)],
    "rnn": [(2, 10, 3), (2, 5), (3, 5), (5, 5), (5,)],
    "word_embedding": [(50, 3), (5, 6)],
    "temporal_affine": [(2, 3, 4), (4, 5), (5,)],
}


@pytest.mark.parametrize("layer", CS231N_GRADIENT_CELLS)
def test_the_gradient_cells_of_cs231n_pass(layer):
    random = np.random.RandomState(231)
    args = [random.randn(*shape) for shape in CS231N_GRADIENT_CELLS[layer]]
    if layer == "word_embedding":
        args[0] = random.randint(5, size=(50, 3))
    out, cache = layers.forward(layer, *args)
    dout = random.randn(*out.shape)
    found = layers.function(f"{layer}_backward")(dout, cache)
    found = [found] if layer == "word_embedding" else found
    places = [place for place, array in enumerate(args) if array.dtype == float]
    assert len(found) == len(places)
    for place, got in zip(places, found):
        needed = in_place_difference(lambda _: layers.forward(layer, *args)[0], args[place], dout)
        np.testing.assert_allclose(got, needed, rtol=1e-6, atol=1e-8)


def test_the_loss_cell_of_cs231n_passes_and_prints_nothing(capsys):
    random = np.random.RandomState(231)
    x, y = random.randn(7, 8, 9), random.randint(9, size=(7, 8))
    mask = random.rand(7, 8) > 0.5
    temporal_softmax_loss = layers.function("temporal_softmax_loss")
    loss, dx = temporal_softmax_loss(x, y, mask, verbose=False)
    needed = in_place_difference(lambda x: temporal_softmax_loss(x, y, mask)[0], x)
    np.testing.assert_allclose(dx, needed, rtol=1e-6, atol=1e-9)
    for verbose in (True, False):
        told_loss, told_dx = temporal_softmax_loss(x, y, mask, verbose)
        assert told_loss == loss
        np.testing.assert_array_equal(told_dx, dx)
    assert capsys.readouterr() == ("", "")


def captioning_loss(features, captions, dtype):
    """Return the loss of CS231n's CaptioningRNN, all of whose weights go from -1.4 to 1.3."""
    D, W, H, V = features.shape[1], 30, 40, 3
    shapes = (V, W), (D, H), (H,), (W, H), (H, H), (H,), (H, V), (V,)
    W_embed, W_proj, b_proj, Wx, Wh, b, W_vocab, b_vocab = (
        L(-1.4, 1.3, shape).astype(dtype) for shape in shapes
    )
    captions_in, captions_out = captions[:, :-1], captions[:, 1:]
    h0 = features @ W_proj + b_proj
    x, _ = layers.forward("word_embedding", captions_in, W_embed)
    h, _ = layers.forward("rnn", x, h0, Wx, Wh, b)
    scores, _ = layers.forward("temporal_affine", h, W_vocab, b_vocab)
    return layers.loss(scores, captions_out, captions_out != 0)[0]


@pytest.mark.parametrize(("dtype", "whole"), [(np.float64, np.int64), (np.float32, np.int32)])
def test_the_layers_in_cs231n_captioning_model_give_the_loss_that_it_prints(dtype, whole):
    features = L(-1.5, 0.3, (10, 20)).astype(dtype)
    captions = (np.arange(10 * 13, dtype=whole) % 3).reshape(10, 13)
    loss = captioning_loss(features, captions, dtype)
    assert loss.dtype == dtype
    tolerance = 5e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(loss, 9.83235591003, rtol=0, atol=tolerance, err_msg=CS231N)
