"""Draw the picture of the README: `PYTHONPATH=notebooks python .github/fourteen.py`."""

from pathlib import Path

import numpy as np

from course import explore
from course.chapter_00 import LineUp, fourteen, train
from course.chapter_05 import SLIPS, forward_with_cache
from gradient_check import relative_error

rng = np.random.default_rng(0)
shapes = (2, 6, 4), (2, 5), (4, 5), (5, 5), (5,)  # of x, h0, Wx, Wh, b
h, cache = forward_with_cache(*[rng.standard_normal(shape) for shape in shapes])
dh = rng.standard_normal(h.shape)

backward_passes = fourteen(SLIPS)
right = backward_passes["right"](dh, cache)
losses = {name: train(backward) for name, backward in backward_passes.items()}
suspect, shown = "no carry between steps", "One of the thirteen:"
losses[shown] = losses.pop(suspect)
errors = list(map(relative_error, backward_passes[suspect](dh, cache), right))
title = "All fourteen learn. One gradient is right."
picture = LineUp(losses, ["dx", "dh0", "dWx", "dWh", "db"], title, right="right")
picture.update(shown, suspect, errors)
Path(__file__).with_suffix(".png").write_bytes(explore.draw(picture.figure))
