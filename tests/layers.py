"""The layers under test, as a table: what each takes, and how it is called.

Every layer is there in fast code, in rnn_layers, where each function is looked up when it is
called, so that a wrong version put in its place is the one that is tested. Some are there in plain
code too, as the course asks its readers to write it, for float64 and without refusals.
"""

import numpy as np

from course.chapter_01 import rnn_step_forward
from course.chapter_03 import rnn_step_backward
from course.chapter_04 import rnn_forward
from course.chapter_05 import rnn_backward
from course.chapter_08 import temporal_softmax_loss
import rnn_layers

SIZES = {"N": 2, "T": 3, "D": 4, "H": 5, "V": 6, "M": 7}  # all different
LAYERS = {
    "rnn_step": ("x ND, prev_h NH, Wx DH, Wh HH, b H", "NH"),
    "rnn": ("x NTD, h0 NH, Wx DH, Wh HH, b H", "NTH"),
    "word_embedding": ("x NT, W VD", "NTD"),
    "temporal_affine": ("x NTD, w DM, b M", "NTM"),
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
}
CODES = ["fast", "plain"]
EVERY_CODE = [
    (code, layer)
    for code in CODES
    for layer in LAYERS
    if code == "fast" or f"{layer}_forward" in PLAIN
]


def function(name, code="fast"):
    """Return the function of that name, in fast or in plain code."""
    return getattr(rnn_layers, name) if code == "fast" else PLAIN[name]


def arguments(layer, seed=0, scale=0.5, dtype=np.float64, **sizes):
    """Return the layer's arguments by name: random, none of them zero."""
    rng = np.random.default_rng(seed)
    sizes = SIZES | sizes
    drawn = {}
    for entry in LAYERS[layer][0].split(", "):
        name, axes = entry.split()
        shape = tuple(sizes[axis] for axis in axes)
        if (layer, name) == ("word_embedding", "x"):
            drawn[name] = rng.integers(0, sizes["V"], shape)
        else:
            drawn[name] = (scale * rng.standard_normal(shape)).astype(dtype)
    return drawn


def upstream(layer, seed=1, dtype=np.float64, **sizes):
    """Return a random gradient by the layer's output."""
    sizes = SIZES | sizes
    shape = tuple(sizes[axis] for axis in LAYERS[layer][1])
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def forward(layer, *args, code="fast", **kwargs):
    """Call the layer's forward function: (out, cache)."""
    return function(f"{layer}_forward", code)(*args, **kwargs)


def backward(layer, dout, cache, code="fast"):
    """Call the layer's backward function; return its gradients as a tuple, also where it is one."""
    gradients = function(f"{layer}_backward", code)(dout, cache)
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
