"""What PyTorch says of our cells: `python notebooks/data/pytorch.py`, where PyTorch is installed.

Asks the layers of torch.nn for outputs and gradients, and writes inputs and answers to
`pytorch.json`, for those who have no PyTorch. Then asks its `gradcheck` of the wrong backward
passes of chapter 06, and writes down which get by.
"""

from datetime import UTC, datetime
import json
from pathlib import Path
import platform
import sys

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np

from course import chapter_05, chapter_13
from course.chapter_13 import ask_torch, to_numpy, to_tensor

N, T, D, H, P = 2, 5, 3, 4, 2
SCALES = 1.0, 0.01  # of the arguments that are given to gradcheck


def own_weights(kind, **options):
    """Draw the weights of a layer, as PyTorch does."""
    torch = chapter_13.torch
    torch.manual_seed(13)
    layer = getattr(torch.nn, kind)(D, H, dtype=torch.float64, **options)
    parameters = layer.named_parameters()
    return {name.removesuffix("_l0"): to_numpy(parameter) for name, parameter in parameters}


def data(*names, T=T, **shapes):
    """Draw what a layer is given beside its weights."""
    shapes = {"x": (N, T, D), "h0": (N, H), "c0": (N, H), "dh": (N, T, H)} | shapes
    rng = np.random.default_rng(13)
    return {name: rng.uniform(-1, 1, shapes[name]) for name in names}


def cases():
    """Yield each case: its name, the kind of its layer, options and inputs."""
    for kind in ("RNN", "LSTM", "GRU"):
        yield kind, kind, {}, data("x", "h0", "dh") | own_weights(kind)
    left_out = {"batch_first": False}
    yield "RNN, batch_first left out", "RNN", left_out, data("x", "dh") | own_weights("RNN")
    yield "LSTM from c0", "LSTM", {}, data("x", "h0", "c0", "dh") | own_weights("LSTM")
    for kind in ("RNN", "LSTM", "GRU"):
        weights = chapter_13.TO_TORCH[kind](*chapter_13.our_weights(kind, D, H))
        named = dict(zip(chapter_13.WEIGHTS, weights))
        yield f"our {kind}", kind, {}, data("x", "h0", "dh") | named
    projected = data("x", "h0", "c0", "dh", T=1, h0=(N, P), dh=(N, 1, P))
    options = {"proj_size": P}
    yield "one projected step", "LSTM", options, projected | own_weights("LSTM", **options)


def gets_by_gradcheck(slip, scale):
    """Whether PyTorch's own check lets a wrong backward pass by."""
    torch, backward = chapter_13.torch, slip.build()

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, *tensors):
            h, ctx.cache = chapter_05.forward_with_cache(*map(to_numpy, tensors))
            return to_tensor(h)

        @staticmethod
        def backward(ctx, dh):
            return tuple(map(to_tensor, backward(to_numpy(dh).copy(), ctx.cache)))

    inputs = [torch.tensor(a, requires_grad=True) for a in chapter_13.small_problem(scale)]
    return torch.autograd.gradcheck(Wrong.apply, inputs, raise_exception=False)


def listed(arrays):
    return {name: array.tolist() for name, array in arrays.items()}


def content():
    """Return all that is to be stored."""
    slips = [slip for slip in chapter_05.BACKWARD_SLIPS if slip.shown]
    rows = {
        name: {
            "kind": kind,
            "options": options,
            "inputs": listed(inputs),
            "answer": listed(ask_torch(kind, inputs, **options)),
        }
        for name, kind, options, inputs in cases()
    }
    return {
        "versions": f"PyTorch {chapter_13.torch.__version__.partition('+')[0]}; "
        f"Python {platform.python_version()}; NumPy {np.__version__}",
        "date": datetime.now(UTC).date().isoformat(),
        "command": "python notebooks/data/pytorch.py",
        "cases": rows,
        "let by gradcheck": {
            str(scale): [slip.name for slip in slips if gets_by_gradcheck(slip, scale)]
            for scale in SCALES
        },
    }


def lines(value):
    """Return JSON with a line for each array."""
    if not isinstance(value, dict) or not value:
        return json.dumps(value)
    entries = (f"{json.dumps(name)}: {lines(each)}" for name, each in value.items())
    return "{\n" + ",\n".join(entries) + "\n}"


def main():
    chapter_13.FILE.write_text(lines(content()) + "\n", "utf-8")


if __name__ == "__main__":
    main()
