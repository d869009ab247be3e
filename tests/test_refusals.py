"""Bad input is refused before any arithmetic, in words: which array, what it is, what is needed."""

import re

import layers
import numpy as np
import pytest

import rnn_layers


def shape_mistakes():
    """Rows: layer, argument, wrong shape, needed shape. NumPy would broadcast many of them."""
    return [
        ("rnn_step", "x", (4,), "(N, D) = (2, 4)"),
        ("rnn_step", "prev_h", (5,), "(N, H) = (2, 5)"),
        ("rnn_step", "prev_h", (2, 1), "(N, H) = (2, 5)"),
        ("rnn_step", "Wx", (5, 4), "(D, H) = (4, 5)"),
        ("rnn_step", "Wx", (4, 1), "(D, H) = (4, 5)"),
        ("rnn_step", "Wh", (5, 1), "(H, H) = (5, 5)"),
        ("rnn_step", "Wh", (1, 5), "(H, H) = (5, 5)"),
        ("rnn_step", "Wh", (7, 7), "(H, H) = (5, 5)"),
        ("rnn_step", "b", (1,), "(H,) = (5,)"),
        ("rnn_step", "b", (), "(H,) = (5,)"),
        ("rnn_step", "b", (1, 5), "(H,) = (5,)"),
        ("rnn", "x", (3, 4), "(N, T, D) = (2, T, 4)"),
        ("rnn", "x", (2, 3, 4, 1), "(N, T, D) = (2, T, 4)"),
        ("rnn", "h0", (5,), "(N, H) = (2, 5)"),
        ("rnn", "h0", (1, 5), "(N, H) = (2, 5)"),
        ("rnn", "h0", (2, 1), "(N, H) = (2, 5)"),
        ("rnn", "h0", (2, 3, 5), "(N, H) = (2, 5)"),
        ("rnn", "Wx", (5, 4), "(D, H) = (4, 5)"),
        ("rnn", "Wx", (1, 5), "(D, H) = (4, 5)"),
        ("rnn", "Wh", (5,), "(H, H) = (5, 5)"),
        ("rnn", "Wh", (5, 6), "(H, H) = (5, 5)"),
        ("rnn", "b", (1,), "(H,) = (5,)"),
        ("rnn", "b", (5, 1), "(H,) = (5,)"),
        ("word_embedding", "x", (3,), "(N, T)"),
        ("word_embedding", "x", (2, 3, 1), "(N, T)"),
        ("word_embedding", "W", (6,), "(V, D)"),
        ("word_embedding", "W", (6, 4, 1), "(V, D)"),
        ("temporal_affine", "x", (2, 4), "(N, T, D) = (N, T, 4)"),
        ("temporal_affine", "w", (7, 4), "(D, M) = (4, 7)"),
        ("temporal_affine", "w", (4,), "(D, M) = (4, 7)"),
        ("temporal_affine", "b", (1,), "(M,) = (7,)"),
        ("temporal_affine", "b", (3, 7), "(M,) = (7,)"),
    ]


def says(*parts):
    return "(?s)" + ".*".join(map(re.escape, parts))


@pytest.mark.parametrize(("layer", "name", "shape", "needed"), shape_mistakes())
def test_a_wrong_shape_is_refused(layer, name, shape, needed):
    args = layers.arguments(layer)
    args[name] = np.zeros(shape, args[name].dtype)
    with pytest.raises(ValueError, match=says(f"{name} has shape {shape}; it should be {needed}")):
        layers.forward(layer, **args)


@pytest.mark.parametrize("axis", "ND")
def test_where_two_arrays_contradict_each_other_both_are_named(axis):
    args = layers.arguments("rnn_step") | {"x": layers.arguments("rnn_step", **{axis: 1})["x"]}
    with pytest.raises(ValueError, match=says(f"x {args['x'].shape}")):
        rnn_layers.rnn_step_forward(**args)


def test_a_refusal_lists_all_that_the_array_should_fit():
    args = layers.arguments("rnn_step")
    message = "b has shape (1,); it should be (H,) = (5,) to fit "
    message += "x (2, 4), prev_h (2, 5), Wx (4, 5), Wh (5, 5)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        rnn_layers.rnn_step_forward(**(args | {"b": args["b"][:1]}))


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_a_wrong_upstream_gradient_is_refused(layer):
    _, cache = layers.forward(layer, **layers.arguments(layer))
    good = layers.upstream(layer)
    name = "dnext_h" if layer == "rnn_step" else "dh" if layer == "rnn" else "dout"
    axes = ", ".join(layers.LAYERS[layer][1])
    wrong = [good[..., :1], good[:1], good[0], good[..., None], np.concatenate([good, good])]
    if layer != "rnn_step":
        wrong += [good[:, :1], good[:, -1]]
    for dout in wrong:
        needed = f"{name} has shape {dout.shape}; it should be ({axes}) = {good.shape}"
        with pytest.raises(ValueError, match=says(needed)):
            layers.backward(layer, dout, cache)


@pytest.mark.parametrize(("name", "axes"), [("y", "NT"), ("mask", "NT")])
@pytest.mark.parametrize("shape", [(2,), (3,), (2, 1), (1, 3), (3, 2), (2, 3, 1)])
def test_labels_and_masks_of_another_shape_are_refused(name, axes, shape):
    x, y, mask = layers.scores()
    args = {"x": x, "y": y, "mask": mask}
    args[name] = np.zeros(shape, args[name].dtype)
    with pytest.raises(
        ValueError, match=says(f"{name} has shape {shape}; it should be (N, T) = (2, 3)")
    ):
        rnn_layers.temporal_softmax_loss(**args)


def test_scores_of_another_shape_are_refused():
    x, y, mask = layers.scores()
    with pytest.raises(ValueError, match=says("x has shape (2, 3); it should be (N, T, V)")):
        rnn_layers.temporal_softmax_loss(x[..., 0], y, mask)


@pytest.mark.parametrize("sizes", [{"N": 0}, {"V": 0}])
def test_a_loss_without_sequences_or_without_symbols_is_refused(sizes):
    N, T, V = (({"N": 2, "T": 3, "V": 6} | sizes)[axis] for axis in "NTV")
    args = np.zeros((N, T, V)), np.zeros((N, T), int), np.ones((N, T), bool)
    with pytest.raises(ValueError, match=says(f"x has shape {(N, T, V)}", "N >= 1 and V >= 1")):
        rnn_layers.temporal_softmax_loss(*args)


# Indices and labels
@pytest.mark.parametrize("value", [-1, -6, 6, 7, 2**40])
def test_an_index_out_of_range_is_refused(value):
    args = layers.arguments("word_embedding")
    args["x"][1, 2] = value
    message = f"x[1, 2] is {value}; it should be from 0 to V - 1 = 5"
    with pytest.raises(ValueError, match=says(message)):
        rnn_layers.word_embedding_forward(**args)


def test_of_several_indices_out_of_range_the_first_is_named():
    args = layers.arguments("word_embedding")
    args["x"][0, 1], args["x"][1, 2] = 6, -1
    with pytest.raises(ValueError, match=says("x[0, 1] is 6")):
        rnn_layers.word_embedding_forward(**args)


@pytest.mark.parametrize("masked", [True, False])
@pytest.mark.parametrize("value", [-1, -100, 6, 2**40])
def test_a_label_out_of_range_is_refused_even_where_it_is_masked(value, masked):
    x, y, mask = layers.scores()
    y[0, 1], mask[0, 1] = value, not masked
    message = f"y[0, 1] is {value}; it should be from 0 to V - 1 = 5"
    with pytest.raises(ValueError, match=says(message)):
        rnn_layers.temporal_softmax_loss(x, y, mask)


def test_the_first_and_the_last_symbol_are_in_range():
    args = layers.arguments("word_embedding")
    args["x"][0, :2] = 0, 5
    rnn_layers.word_embedding_forward(**args)
    x, y, mask = layers.scores()
    y[0, :2] = 0, 5
    rnn_layers.temporal_softmax_loss(x, y, mask)


@pytest.mark.parametrize("dtype", [float, bool, complex, object])
def test_indices_and_labels_that_are_no_integers_are_refused(dtype):
    args = layers.arguments("word_embedding")
    args["x"] = args["x"].astype(dtype)
    with pytest.raises(
        ValueError, match=says(f"x has dtype {np.dtype(dtype)}; it should be integer")
    ):
        rnn_layers.word_embedding_forward(**args)
    x, y, mask = layers.scores()
    with pytest.raises(
        ValueError, match=says(f"y has dtype {np.dtype(dtype)}; it should be integer")
    ):
        rnn_layers.temporal_softmax_loss(x, y.astype(dtype), mask)


@pytest.mark.parametrize("dtype", [float, int])
def test_a_mask_that_is_not_boolean_is_refused(dtype):
    x, y, mask = layers.scores()
    message = f"mask has dtype {np.dtype(dtype)}; it should be boolean"
    with pytest.raises(ValueError, match=says(message)):
        rnn_layers.temporal_softmax_loss(x, y, mask.astype(dtype))


# Types
def every_argument():
    return [(layer, name) for layer in layers.LAYERS for name in layers.arguments(layer)]


@pytest.mark.parametrize(("layer", "name"), every_argument())
def test_what_is_no_array_is_refused(layer, name):
    args = layers.arguments(layer)
    for wrong in (args[name].tolist(), None, 1.0, np.ma.masked_array(args[name])):
        with pytest.raises(
            TypeError, match=says(f"{name} is of type {type(wrong).__name__}; it should be")
        ):
            layers.forward(layer, **(args | {name: wrong}))


@pytest.mark.parametrize("name", ["x", "y", "mask"])
def test_what_is_no_array_is_refused_by_the_loss(name):
    args = dict(zip(["x", "y", "mask"], layers.scores()))
    args[name] = args[name].tolist()
    with pytest.raises(TypeError, match=says(f"{name} is of type list; it should be")):
        rnn_layers.temporal_softmax_loss(**args)


@pytest.mark.parametrize("dtype", [bool, object, "U3", "datetime64[s]"])
@pytest.mark.parametrize(("layer", "name"), every_argument())
def test_an_array_that_holds_no_numbers_is_refused(layer, name, dtype):
    args = layers.arguments(layer)
    args[name] = np.zeros(args[name].shape, dtype)
    with pytest.raises(
        ValueError, match=says(f"{name} has dtype {args[name].dtype}; it should be")
    ):
        layers.forward(layer, **args)


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_a_cache_that_is_none_is_refused(layer):
    dout = layers.upstream(layer)
    _, cache = layers.forward(layer, **layers.arguments(layer))
    for wrong in (None, list(cache), cache[:-1], (*cache, cache[0]), cache[0]):
        with pytest.raises(
            TypeError,
            match=says(f"cache is of type {type(wrong).__name__}", f"tuple of {len(cache)}"),
        ):
            layers.backward(layer, dout, wrong)


@pytest.mark.parametrize(
    ("layer", "legend"),
    [
        ("rnn_step", "x ND, prev_h NH, Wx DH, Wh HH, next_h NH"),
        ("rnn", "x TND, Wx DH, Wh HH, states SNH"),
        ("word_embedding", "x NT, W VD"),
        ("temporal_affine", "x NTD, w DM"),
    ],
)
def test_a_cache_that_holds_something_else_is_refused(layer, legend):
    dout = layers.upstream(layer)
    _, cache = layers.forward(layer, **layers.arguments(layer))
    for i, entry in enumerate(legend.split(", ")):
        name, axes = entry.split()
        needed = f"{name} is of type NoneType; it should be a numpy.ndarray of shape"
        with pytest.raises(TypeError, match=says(f"{needed} ({', '.join(axes)})")):
            layers.backward(layer, dout, (*cache[:i], None, *cache[i + 1 :]))


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_the_cache_of_another_layer_is_refused(layer):
    dout = layers.upstream(layer)
    for other in set(layers.LAYERS) - {layer}:
        _, cache = layers.forward(other, **layers.arguments(other))
        with pytest.raises((TypeError, ValueError)):
            layers.backward(layer, dout, cache)


def test_nothing_is_computed_before_the_check(monkeypatch):
    for product in ("dot", "matmul", "tanh"):
        monkeypatch.setattr(
            np, product, lambda *args, **kwargs: pytest.fail("arithmetic before the check")
        )
    args = layers.arguments("rnn")
    with pytest.raises(ValueError, match="b has shape"):
        rnn_layers.rnn_forward(**(args | {"b": args["b"][:1]}))
