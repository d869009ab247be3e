"""Draw the picture of the README: `PYTHONPATH=notebooks python .github/fourteen.py`."""

from pathlib import Path

import numpy as np

from course import explore, figures, toy
from gradient_check import relative_error
import rnn_layers

rng = np.random.default_rng(0)
shapes = (2, 6, 4), (2, 5), (4, 5), (5, 5), (5,)  # of x, h0, Wx, Wh, b
h, cache = rnn_layers.rnn_forward(*[rng.standard_normal(shape) for shape in shapes])
dh = rng.standard_normal(h.shape)
right = rnn_layers.rnn_backward(dh, cache)

backward_passes = toy.fourteen()
losses = {name: toy.train(backward) for name, backward in backward_passes.items()}
suspect, shown = "no carry between steps", "One of the thirteen:"
losses[shown] = losses.pop(suspect)
errors = list(map(relative_error, backward_passes[suspect](dh, cache), right))
title = "All fourteen learn. One gradient is right."
picture = figures.LineUp(losses, ["dx", "dh0", "dWx", "dWh", "db"], title)
picture.update(shown, suspect, errors)
Path(__file__).with_suffix(".png").write_bytes(explore.draw(picture.figure))
