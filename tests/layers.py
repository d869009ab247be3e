"""The layers under test, as a table: what each takes, and how it is called.

Every layer is there in fast code, in rnn_layers, where each function is looked up when it is
called, so that a wrong version put in its place is the one that is tested. Some are there in plain
code too, as the course asks its readers to write it, for float64 and without refusals; one form of
the GRU is there in plain code alone.
"""

import re

import numpy as np

from course.chapter_01 import rnn_step_forward
from course.chapter_03 import rnn_step_backward
from course.chapter_04 import rnn_forward
from course.chapter_05 import rnn_backward
from course.chapter_08 import temporal_softmax_loss
import course.chapter_11
import course.chapter_12
import rnn_layers

SIZES = {"N": 2, "T": 3, "D": 4, "H": 5, "V": 6, "M": 7}  # all different
LAYERS = {
    "rnn_step": ("x ND, prev_h NH, Wx DH, Wh HH, b H", "NH"),
    "rnn": ("x NTD, h0 NH, Wx DH, Wh HH, b H", "NTH"),
    "word_embedding": ("x NT, W VD", "NTD"),
    "temporal_affine": ("x NTD, w DM, b M", "NTM"),
    "lstm_step": ("x ND, prev_h NH, prev_c NH, Wx D4H, Wh H4H, b 4H", "N2H"),  # next_h, next_c
    "lstm": ("x NTD, h0 NH, Wx D4H, Wh H4H, b 4H", "NTH"),
    "gru_step": ("x ND, prev_h NH, Wx D3H, Wh H3H, b 3H, bh 3H", "NH"),
    "gru": ("x NTD, h0 NH, Wx D3H, Wh H3H, b 3H, bh 3H", "NTH"),
}
EVERY_LAYER = LAYERS | {
    "early_gru_step": ("x ND, prev_h NH, Wx D3H, Wh H3H, b 3H", "NH"),
    "early_gru": ("x NTD, h0 NH, Wx D3H, Wh H3H, b 3H", "NTH"),
}


def with_cache(plain_forward):
    """Make a plain forward function, which returns its output alone, return the cache as well."""

    def forward(*args, **kwargs):
        out = plain_forward(*args, **kwargs)
        *inputs, _ = *args, *kwargs.values()  # all but b
        return out, (*inputs, out)

    return forward


PLAIN = {
    "rnn_step_forward": with_cache(rnn_step_forward),
    "rnn_step_backward": rnn_step_backward,
    "rnn_forward": with_cache(rnn_forward),
    "rnn_backward": rnn_backward,
    "temporal_softmax_loss": temporal_softmax_loss,
    **{name: code for name, code in vars(course.chapter_11).items() if name.startswith("lstm_")},
    **{name: code for name, code in vars(course.chapter_12).items() if "gru_" in name},
}
CODES = ["fast", "plain"]
EVERY_CODE = [
    (code, layer)
    for code in CODES
    for layer in EVERY_LAYER
    if (layer in LAYERS if code == "fast" else f"{layer}_forward" in PLAIN)
]


def function(name, code="fast"):
    """Return the function of that name, in fast or in plain code."""
    return getattr(rnn_layers, name) if code == "fast" else PLAIN[name]


def axes_of(letters):
    """Return the axes of an array in order: "D4H" are D and 4H."""
    return re.findall(r"\d?[A-Z]", letters)


def shape_of(letters, sizes):
    return tuple(int(axis[:-1] or 1) * sizes[axis[-1]] for axis in axes_of(letters))


def arguments(layer, seed=0, scale=0.5, dtype=np.float64, **sizes):
    """Return the layer's arguments by name: random, none of them zero."""
    rng = np.random.default_rng(seed)
    sizes = SIZES | sizes
    drawn = {}
    for entry in EVERY_LAYER[layer][0].split(", "):
        name, axes = entry.split()
        shape = shape_of(axes, sizes)
        if (layer, name) == ("word_embedding", "x"):
            drawn[name] = rng.integers(0, sizes["V"], shape)
        else:
            drawn[name] = (scale * rng.standard_normal(shape)).astype(dtype)
    return drawn


def upstream(layer, seed=1, dtype=np.float64, **sizes):
    """Return a random gradient by the layer's output."""
    sizes = SIZES | sizes
    shape = shape_of(EVERY_LAYER[layer][1], sizes)
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def forward(layer, *args, code="fast", **kwargs):
    """Call the layer's forward function: (out, cache); of several outputs, out is all in a row."""
    *outs, cache = function(f"{layer}_forward", code)(*args, **kwargs)
    return np.concatenate(outs, axis=1) if len(outs) > 1 else outs[0], cache


def backward(layer, dout, cache, code="fast"):
    """Call the layer's backward function; return its gradients as a tuple, also where it is one."""
    douts = np.split(dout, 2, axis=1) if layer == "lstm_step" else [dout]
    gradients = function(f"{layer}_backward", code)(*douts, cache)
    return gradients if isinstance(gradients, tuple) else (gradients,)


def gradients(layer, args, dout, code="fast"):
    """Return the gradients by name of the argument, forward and backward in one call."""
    found = backward(layer, dout, forward(layer, code=code, **args)[1], code)
    names = [name for name in args if args[name].dtype.kind not in "iu"]
    assert len(found) == len(names), f"{layer}_backward returns {len(found)} arrays"
    return dict(zip(names, found))


def loss(x, y, mask, code="fast"):
    """Call temporal_softmax_loss: (loss, dx)."""
    return function("temporal_softmax_loss", code)(x, y, mask)


def scores(seed=0, dtype=np.float64, **sizes):
    """Return x, y, mask for temporal_softmax_loss; at least one step counts and one does not."""
    rng = np.random.default_rng(seed)
    N, T, V = ((SIZES | sizes)[axis] for axis in "NTV")
    mask = rng.random((N, T)) < 0.6
    mask.flat[:1], mask.flat[-1:] = True, N * T == 1
    return rng.standard_normal((N, T, V)).astype(dtype), rng.integers(0, V, (N, T)), mask
