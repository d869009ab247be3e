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
        ("word_embedding", "x", (3,), "(N, T)$"),
        ("word_embedding", "x", (2, 3, 1), "(N, T)$"),
        ("word_embedding", "W", (6,), "(V, D)$"),
        ("word_embedding", "W", (6, 4, 1), "(V, D)$"),
        ("temporal_affine", "x", (2, 4), "(N, T, D) = (N, T, 4)"),
        ("temporal_affine", "w", (7, 4), "(D, M) = (4, 7)"),
        ("temporal_affine", "w", (4,), "(D, M) = (4, 7)"),
        ("temporal_affine", "b", (1,), "(M,) = (7,)"),
        ("temporal_affine", "b", (3, 7), "(M,) = (7,)"),
        ("lstm_step", "prev_h", (5,), "(N, H) = (2, 5)"),
        ("lstm_step", "prev_c", (2, 1), "(N, H) = (2, 5)"),
        ("lstm_step", "Wx", (4, 5), "(D, 4H) = (4, 20)"),
        ("lstm_step", "Wx", (4, 19), "(D, 4H) = (4, 20)"),
        ("lstm_step", "Wh", (5, 5), "(H, 4H) = (5, 20)"),
        ("lstm_step", "Wh", (5, 21), "(H, 4H) = (5, 20)"),
        ("lstm_step", "b", (5,), "(4H,) = (20,)"),
        ("lstm", "x", (3, 4), "(N, T, D) = (2, T, 4)"),
        ("lstm", "h0", (2, 1), "(N, H) = (2, 5)"),
        ("lstm", "Wx", (20, 4), "(D, 4H) = (4, 20)"),
        ("lstm", "Wh", (1, 20), "(H, 4H) = (5, 20)"),
        ("lstm", "b", (1,), "(4H,) = (20,)"),
        ("gru_step", "prev_h", (2, 1), "(N, H) = (2, 5)"),
        ("gru_step", "Wx", (4, 20), "(D, 3H) = (4, 15)"),
        ("gru_step", "Wh", (5, 16), "(H, 3H) = (5, 15)"),
        ("gru_step", "b", (5,), "(3H,) = (15,)"),
        ("gru_step", "bh", (5,), "(3H,) = (15,)"),
        ("gru", "x", (3, 4), "(N, T, D) = (2, T, 4)"),
        ("gru", "h0", (5,), "(N, H) = (2, 5)"),
        ("gru", "Wh", (15, 5), "(H, 3H) = (5, 15)"),
        ("gru", "b", (1, 15), "(3H,) = (15,)"),
        ("gru", "bh", (1,), "(3H,) = (15,)"),
    ]


def says(*parts):
    """Make the pattern of a message that begins with the first part; "$" after the last ends it."""
    *others, last = parts
    end = "$" if last.endswith("$") else ""
    return "^" + ".*".join(map(re.escape, [*others, last.removesuffix("$")])) + end


@pytest.mark.parametrize(("layer", "name", "shape", "needed"), shape_mistakes())
def test_a_wrong_shape_is_refused(layer, name, shape, needed):
    args = layers.arguments(layer)
    args[name] = np.zeros(shape, args[name].dtype)
    with pytest.raises(ValueError, match=says(f"{name} has shape {shape}; it should be {needed}")):
        layers.forward(layer, **args)


@pytest.mark.parametrize("axis", "ND")
def test_where_two_arrays_contradict_each_other_both_are_named(axis):
    args = layers.arguments("rnn_step") | {"x": layers.arguments("rnn_step", **{axis: 1})["x"]}
    with pytest.raises(ValueError, match=says("", f"x {args['x'].shape}")):
        rnn_layers.rnn_step_forward(**args)


def test_a_refusal_lists_all_that_the_array_should_fit():
    args = layers.arguments("rnn_step")
    message = "b has shape (1,); it should be (H,) = (5,) to fit "
    message += "x (2, 4), prev_h (2, 5), Wx (4, 5), Wh (5, 5)"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        rnn_layers.rnn_step_forward(**(args | {"b": args["b"][:1]}))


def test_of_two_wrong_arrays_the_one_that_is_named_is_not_fitted_to_the_other():
    args = layers.arguments("rnn_step") | {"Wh": np.zeros((5, 1)), "b": np.zeros(1)}
    message = (
        "b has shape (1,); it should be (H,) = (5,) to fit x (2, 4), prev_h (2, 5), Wx (4, 5)$"
    )
    with pytest.raises(ValueError, match=says(message)):
        rnn_layers.rnn_step_forward(**args)


UPSTREAM = [  # layer, name of a gradient from above, its axes
    ("rnn_step", "dnext_h", "NH"),
    ("rnn", "dh", "NTH"),
    ("word_embedding", "dout", "NTD"),
    ("temporal_affine", "dout", "NTM"),
    ("lstm_step", "dnext_h", "NH"),
    ("lstm_step", "dnext_c", "NH"),
    ("lstm", "dh", "NTH"),
    ("gru_step", "dnext_h", "NH"),
    ("gru", "dh", "NTH"),
]
every_upstream = pytest.mark.parametrize(("layer", "name", "axes"), UPSTREAM)


def pull_back(layer, cache, **wrong):
    """Call the backward function with right gradients from above but for those given."""
    right = {
        name: np.ones(layers.shape_of(a, layers.SIZES)) for of, name, a in UPSTREAM if of == layer
    }
    return layers.function(f"{layer}_backward")(**(right | wrong), cache=cache)


@every_upstream
def test_a_wrong_upstream_gradient_is_refused(layer, name, axes):
    _, cache = layers.forward(layer, **layers.arguments(layer))
    good = np.ones(layers.shape_of(axes, layers.SIZES))
    wrong = [good[..., :1], good[:1], good[0], good[..., None], np.concatenate([good, good])]
    if len(axes) == 3:
        wrong += [good[:, :1], good[:, -1]]
    for dout in wrong:
        needed = f"{name} has shape {dout.shape}; it should be ({', '.join(axes)}) = {good.shape}"
        needed += " to fit the cache$"  # whose arrays and layouts are no matter of the caller
        with pytest.raises(ValueError, match=says(needed)):
            pull_back(layer, cache, **{name: dout})


def test_of_two_wrong_upstream_gradients_the_first_is_named():
    _, cache = layers.forward("lstm_step", **layers.arguments("lstm_step"))
    with pytest.raises(ValueError, match=says("dnext_h has shape")):
        pull_back("lstm_step", cache, dnext_h=np.ones((2, 1)), dnext_c=np.ones((2, 1)))


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


def test_where_there_are_no_symbols_every_index_is_refused():
    x, W = np.zeros((2, 3), int), np.zeros((0, 4))
    with pytest.raises(ValueError, match=says("x[0, 0] is 0; V = 0: there are no symbols$")):
        rnn_layers.word_embedding_forward(x, W)


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


@pytest.mark.parametrize("dtype", [float, int, np.uint8])
def test_a_mask_that_is_not_boolean_is_refused(dtype):
    x, y, mask = layers.scores()
    message = f"mask has dtype {np.dtype(dtype)}; it should be boolean"
    with pytest.raises(ValueError, match=says(message)):
        rnn_layers.temporal_softmax_loss(x, y, mask.astype(dtype))


# Types
def every_argument():
    return [(layer, name) for layer in layers.LAYERS for name in layers.arguments(layer)]


class Metres(np.ndarray):
    """A subclass with a meaning of its own, which plain arithmetic would drop."""


def no_plain_arrays(array):
    return [
        array.tolist(),
        None,
        1.0,
        np.float64(1),
        np.ma.masked_array(array),
        np.zeros((2, 2)).view(np.matrix),
        array.view(Metres),
    ]


def is_refused(name, wrong, axes):
    """Expect the refusal of what is no plain array; the shape is written as Python writes it."""
    shape = str(tuple(layers.axes_of(axes))).replace("'", "")
    needed = f"it should be a plain numpy.ndarray of shape {shape}$"
    return pytest.raises(
        TypeError, match=says(f"{name} is of type {type(wrong).__name__}; {needed}")
    )


@pytest.mark.parametrize(("layer", "name"), every_argument())
def test_what_is_no_plain_array_is_refused(layer, name):
    args = layers.arguments(layer)
    axes = dict(entry.split() for entry in layers.LAYERS[layer][0].split(", "))[name]
    for wrong in no_plain_arrays(args[name]):
        with is_refused(name, wrong, axes):
            layers.forward(layer, **(args | {name: wrong}))


@pytest.mark.parametrize(("name", "axes"), [("x", "NTV"), ("y", "NT"), ("mask", "NT")])
def test_what_is_no_plain_array_is_refused_by_the_loss(name, axes):
    args = dict(zip(["x", "y", "mask"], layers.scores()))
    for wrong in no_plain_arrays(args[name]):
        with is_refused(name, wrong, axes):
            rnn_layers.temporal_softmax_loss(**(args | {name: wrong}))


@every_upstream
def test_an_upstream_gradient_that_is_no_plain_array_or_holds_no_numbers_is_refused(
    layer, name, axes
):
    good = np.ones(layers.shape_of(axes, layers.SIZES))
    _, cache = layers.forward(layer, **layers.arguments(layer))
    for wrong in no_plain_arrays(good):
        with is_refused(name, wrong, axes):
            pull_back(layer, cache, **{name: wrong})
    for wrong in (good > 0, good.astype(object)):
        message = f"{name} has dtype {wrong.dtype}; it should be numerical$"
        with pytest.raises(ValueError, match=says(message)):
            pull_back(layer, cache, **{name: wrong})


@pytest.mark.parametrize("dtype", [bool, object, "U3", "datetime64[s]"])
@pytest.mark.parametrize(("layer", "name"), every_argument())
def test_an_array_that_holds_no_numbers_is_refused(layer, name, dtype):
    args = layers.arguments(layer)
    args[name] = np.zeros(args[name].shape, dtype)
    with pytest.raises(
        ValueError, match=says(f"{name} has dtype {args[name].dtype}; it should be")
    ):
        layers.forward(layer, **args)


CACHES = {  # S is T + 1
    "rnn_step": "x ND, prev_h NH, Wx DH, Wh HH, next_h NH",
    "rnn": "x TND, Wx DH, Wh HH, states SNH",
    "word_embedding": "x NT, W VD",
    "temporal_affine": "x NTD, w DM",
    "lstm_step": "x ND, prev_h NH, prev_c NH, Wx D4H, Wh H4H, i NH, f NH, o NH, g NH, next_c NH",
    "lstm": "x TND, Wx D4H, Wh H4H, h SNH, c SNH, i TNH, f TNH, o TNH, g TNH",
    "gru_step": "x ND, prev_h NH, Wx D3H, Wh H3H, r NH, z NH, n NH, u_n NH",
    "gru": "x TND, Wx D3H, Wh H3H, h SNH, r TNH, z TNH, n TNH, u_n TNH",
}


def is_no_cache(layer, found):
    held = ", ".join(entry.split()[0] for entry in CACHES[layer].split(", "))
    message = f"cache is {found}; it should be the tuple ({held}) of {layer}_forward$"
    return pytest.raises(TypeError, match=says(message))


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_what_is_no_tuple_is_refused_as_a_cache(layer):
    dout = layers.upstream(layer)
    _, cache = layers.forward(layer, **layers.arguments(layer))
    for wrong in (None, list(cache), cache[0]):
        with is_no_cache(layer, f"of type {type(wrong).__name__}"):
            layers.backward(layer, dout, wrong)


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_a_tuple_that_is_no_cache_is_refused(layer):
    dout = layers.upstream(layer)
    both = _, cache = layers.forward(layer, **layers.arguments(layer))
    wrong = [(), both, cache[:-1], (*cache, cache[0]), (dout,) * len(cache)]
    for i, array in enumerate(cache):
        for other in (None, array[..., None], array.astype(object)):
            wrong.append((*cache[:i], other, *cache[i + 1 :]))
    for no_cache in wrong:
        with is_no_cache(layer, "another tuple"):
            layers.backward(layer, dout, no_cache)


@pytest.mark.parametrize("layer", sorted(CACHES.keys() - {"word_embedding"}))
def test_a_cache_whose_arrays_do_not_fit_each_other_is_refused(layer):
    dout = layers.upstream(layer)
    _, cache = layers.forward(layer, **layers.arguments(layer))
    letters = [entry.split()[1] for entry in CACHES[layer].split(", ")]
    for i, (array, axes) in enumerate(zip(cache, letters)):
        for axis, letter in enumerate(layers.axes_of(axes)):
            if "".join(letters).count(letter[-1]) == 1:
                continue
            for more in {1, int(letter[:-1] or 1)}:  # one column, and one for each block
                longer = np.concatenate([array, array.take(range(more), axis)], axis)
                with is_no_cache(layer, "another tuple"):
                    layers.backward(layer, dout, (*cache[:i], longer, *cache[i + 1 :]))


@pytest.mark.parametrize("layer", layers.LAYERS)
def test_the_cache_of_another_layer_is_refused(layer):
    dout = layers.upstream(layer)
    for other in layers.LAYERS.keys() - {layer}:
        _, cache = layers.forward(other, **layers.arguments(other))
        with is_no_cache(layer, "another tuple"):
            layers.backward(layer, dout, cache)


def test_nothing_is_computed_before_the_check(monkeypatch):
    for product in ("dot", "matmul", "tanh"):
        monkeypatch.setattr(
            np, product, lambda *args, **kwargs: pytest.fail("arithmetic before the check")
        )
    args = layers.arguments("rnn")
    with pytest.raises(ValueError, match="b has shape"):
        rnn_layers.rnn_forward(**(args | {"b": args["b"][:1]}))
