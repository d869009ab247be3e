"""Published values, each with its source, and sums that pin this module at CS231n's test points."""

import layers
import numpy as np
import pytest

CS231N = "CS231n, assignment 3 (NumPy editions), RNN_Captioning.ipynb"
EECS498 = "University of Michigan, EECS 498, assignment 4"
CS231N_LSTM = "CS231n, assignment 3 (NumPy editions), LSTM_Captioning.ipynb"
COURSERA = "Coursera, Deep Learning Specialization, course 5, week 1"
ONNX = "onnx 1.23.2, onnx.backend.test.case.node"


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
    N, D, H = 3, 4, 5
    states = L(-0.3, 0.7, (N, H)), L(-0.4, 0.9, (N, H))
    weights = L(-2.1, 1.3, (D, 4 * H)), L(-0.7, 2.2, (H, 4 * H)), L(0.3, 0.7, (4 * H,))
    next_h = [
        [0.24635157, 0.28610883, 0.32240467, 0.35525807, 0.38474904],
        [0.49223563, 0.55611431, 0.61507696, 0.66844003, 0.7159181],
        [0.56735664, 0.66310127, 0.74419266, 0.80889665, 0.858299],
    ]
    next_c = [
        [0.32986176, 0.39145139, 0.451556, 0.51014116, 0.56717407],
        [0.66382255, 0.76674007, 0.87195994, 0.97902709, 1.08751345],
        [0.74192008, 0.90592151, 1.07717006, 1.25120233, 1.42395676],
    ]
    printed = np.hstack([next_h, next_c])
    yield "lstm_step", (L(-0.4, 1.2, (N, D)), *states, *weights), printed, CS231N_LSTM
    N, D, H, T = 2, 5, 4, 3
    run = L(-0.4, 0.6, (N, T, D)), L(-0.4, 0.8, (N, H)), L(-0.2, 0.9, (D, 4 * H))
    yield (
        "lstm",
        (*run, L(-0.3, 0.6, (H, 4 * H)), L(0.2, 0.7, (4 * H,))),
        [
            [
                [0.01764008, 0.01823233, 0.01882671, 0.0194232],
                [0.11287491, 0.12146228, 0.13018446, 0.13902939],
                [0.31358768, 0.33338627, 0.35304453, 0.37250975],
            ],
            [
                [0.45767879, 0.4761092, 0.4936887, 0.51041945],
                [0.6704845, 0.69350089, 0.71486014, 0.7346449],
                [0.81733511, 0.83677871, 0.85403753, 0.86935314],
            ],
        ],
        CS231N_LSTM,
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


# Three samples of one step from a state of zeros, all weights equal, and so all units: D, H, the
# weight, the bias, and the state of each sample, in float32.
ONNX_CASES = {
    "test_lstm_defaults": ("lstm", 2, 3, 0.1, 0.0, [0.0952412, 0.25606447, 0.40323776]),
    "test_lstm_with_initial_bias": ("lstm", 3, 4, 0.1, 0.1, [0.25606447, 0.5367278, 0.6672132]),
    "test_lstm_batchwise": ("lstm", 2, 7, 0.3, 0.0, [0.3336926, 0.6223932, 0.718579]),
    "test_gru_defaults": ("gru", 2, 5, 0.1, 0.0, [0.12397028, 0.20053661, 0.19991653]),
    "test_gru_with_initial_bias": ("gru", 3, 3, 0.1, 0.1, [0.20053661, 0.15482338, 0.07484276]),
    "test_gru_batchwise": ("gru", 2, 6, 0.2, 0.0, [0.19030015, 0.1751368, 0.09733082]),
}
# What its reference evaluator makes of random arrays: the last state.
ONNX_RUNS = {
    "lstm": [
        [0.00682534, 0.307032, 0.26429971, -0.09516094, 0.89831755],
        [-0.20872788, -0.08332517, -0.43629844, -0.05411611, 0.43938108],
    ],
    "gru": [
        [-0.40522563, -0.41676323, -0.35190066, 0.31632057, -0.87831102],
        [1.03879557, -0.00838065, -0.09057767, 0.94343301, 0.4716835],
    ],
    "early_gru": [  # linear_before_reset = 0
        [0.09142567, -1.31791005, -0.58986196, 0.19216008, -0.92559908],
        [0.56432529, -0.00802555, 0.89136279, 0.95032161, -0.93091432],
    ],
}
every_onnx_code = [(code, layer) for code, layer in layers.EVERY_CODE if layer in ONNX_RUNS]


@pytest.mark.parametrize(("code", "layer"), every_onnx_code)
def test_the_cases_of_onnx_give_the_states_that_it_expects(code, layer):
    for case, (of, D, H, weight, bias, printed) in ONNX_CASES.items():
        if of in layer:
            args = layers.arguments(layer, N=3, T=1, D=D, H=H)
            constants = {"h0": 0.0, "Wx": weight, "Wh": weight, "b": bias, "bh": 0.0}
            args = {n: np.full(a.shape, constants.get(n)) for n, a in args.items() if n != "x"}
            x = np.arange(1.0, 3 * D + 1).reshape(3, 1, D)
            h, _ = layers.forward(layer, x=x, code=code, **args)
            needed = np.tile(np.reshape(printed, (3, 1, 1)), H)
            np.testing.assert_allclose(h, needed, rtol=2e-6, err_msg=f"{ONNX}, {case}")


@pytest.mark.parametrize(("code", "layer"), every_onnx_code)
def test_random_arrays_give_the_states_that_onnx_gives(code, layer):
    random, entries = np.random.RandomState(0), layers.EVERY_LAYER[layer][0].split(", ")
    shapes = [layers.shape_of(entry.split()[1], layers.SIZES) for entry in entries]
    h, _ = layers.forward(layer, *(random.randn(*shape) for shape in shapes), code=code)
    np.testing.assert_allclose(h[:, -1], ONNX_RUNS[layer], rtol=0, atol=5.1e-9, err_msg=ONNX)


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
    """Rows: layer, shapes in CS231n's order of draws, sum of each gradient.

    Those of a step of the LSTM and of the GRU, whose arrays CS231n has not, are torch 2.13.0's.
    """
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
    N, D, H = 4, 5, 6
    yield (
        "lstm_step",
        [(N, D), (N, H), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,), (N, H), (N, H)],
        [
            6.921497067821,
            8.040820023507,
            3.442429090040,
            -0.267635696062,
            0.317421297000,
            -1.736707764987,
        ],
    )
    yield (
        "gru_step",
        [(N, D), (N, H), (D, 3 * H), (H, 3 * H), (3 * H,), (3 * H,), (N, H)],
        [
            -13.868201711619,
            2.219468680277,
            -3.792455895463,
            3.060073760703,
            3.115684761970,
            1.271584562205,
        ],
    )
    N, D, T, H = 2, 3, 10, 6
    yield (
        "lstm",
        [(N, T, D), (N, H), (D, 4 * H), (H, 4 * H), (4 * H,), (N, T, H)],
        [-10.187296530018, -0.360028517807, -3.595080120873, 9.081081181164, 9.443074283321],
    )
    yield (
        "gru",
        [(N, T, D), (N, H), (D, 3 * H), (H, 3 * H), (3 * H,), (3 * H,), (N, T, H)],
        [
            -4.168672211376,
            26.211321372369,
            -5.506107918470,
            8.669743754865,
            -4.661438016549,
            -4.243338086460,
        ],
    )


@pytest.mark.parametrize(("code", "layer", "shapes", "sums"), in_every_code(cs231n_gradient_sums()))
def test_gradients_at_cs231n_points_have_the_known_sums(code, layer, shapes, sums):
    random = np.random.RandomState(231)
    drawn = [random.randn(*shape) for shape in shapes]
    args = [drawn.pop(0) for _ in layers.arguments(layer)]
    _, cache = layers.forward(layer, *args, code=code)
    gradients = layers.backward(layer, np.concatenate(drawn, axis=1), cache, code)
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
    "lstm_step": [(4, 5), (4, 6), (4, 6), (5, 24), (6, 24), (24,)],
    "lstm": [(2, 10, 3), (2, 6), (3, 24), (6, 24), (24,)],
}


@pytest.mark.parametrize("layer", CS231N_GRADIENT_CELLS)
def test_the_gradient_cells_of_cs231n_pass(layer):
    random = np.random.RandomState(231)
    args = [random.randn(*shape) for shape in CS231N_GRADIENT_CELLS[layer]]
    if layer == "word_embedding":
        args[0] = random.randint(5, size=(50, 3))
    out, cache = layers.forward(layer, *args)
    dout = random.randn(*out.shape)
    found = layers.backward(layer, dout, cache)
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


def captioning_loss(features, captions, dtype, cell):
    """Return the loss of CS231n's CaptioningRNN, all of whose weights go from -1.4 to 1.3."""
    D, W, H, V = features.shape[1], 30, 40, 3
    G = 4 * H if cell == "lstm" else H
    shapes = (V, W), (D, H), (H,), (W, G), (H, G), (G,), (H, V), (V,)
    W_embed, W_proj, b_proj, Wx, Wh, b, W_vocab, b_vocab = (
        L(-1.4, 1.3, shape).astype(dtype) for shape in shapes
    )
    captions_in, captions_out = captions[:, :-1], captions[:, 1:]
    h0 = features @ W_proj + b_proj
    x, _ = layers.forward("word_embedding", captions_in, W_embed)
    h, _ = layers.forward(cell, x, h0, Wx, Wh, b)
    scores, _ = layers.forward("temporal_affine", h, W_vocab, b_vocab)
    return layers.loss(scores, captions_out, captions_out != 0)[0]


@pytest.mark.parametrize(
    ("cell", "ends", "printed", "source"),
    [
        ("rnn", (-1.5, 0.3), 9.83235591003, CS231N),
        ("lstm", (-0.5, 1.7), 9.82445935443, CS231N_LSTM),
    ],
)
@pytest.mark.parametrize(("dtype", "whole"), [(np.float64, np.int64), (np.float32, np.int32)])
def test_the_layers_in_cs231n_captioning_model_give_the_loss_that_it_prints(
    dtype, whole, cell, ends, printed, source
):
    features = L(*ends, (10, 20)).astype(dtype)
    captions = (np.arange(10 * 13, dtype=whole) % 3).reshape(10, 13)
    loss = captioning_loss(features, captions, dtype, cell)
    assert loss.dtype == dtype
    tolerance = 5e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(loss, printed, rtol=0, atol=tolerance, err_msg=source)
