"""Draw the pictures of the README: `PYTHONPATH=notebooks python .github/pictures.py`."""

import io
from pathlib import Path

import numpy as np
from PIL import Image

from course import explore
from course.chapter_00 import LineUp, fourteen, train
from course.chapter_04 import UnrolledNetwork
from course.chapter_05 import SLIPS, forward_with_cache, total_derivative
from gradient_check import relative_error

HERE = Path(__file__).parent


def fourteen_curves():
    """All fourteen backward passes learn; one that is wrong is picked out, with its errors."""
    rng = np.random.default_rng(0)
    shapes = (2, 6, 4), (2, 5), (4, 5), (5, 5), (5,)  # of x, h0, Wx, Wh, b
    h, cache = forward_with_cache(*[rng.standard_normal(shape) for shape in shapes])
    dh = rng.standard_normal(h.shape)

    backward_passes = fourteen(SLIPS)
    right = backward_passes["right"](dh, cache)
    losses = {name: train(backward) for name, backward in backward_passes.items()}
    suspect, shown = "half the carry", "One of the thirteen:"
    losses[shown] = losses.pop(suspect)
    errors = list(map(relative_error, backward_passes[suspect](dh, cache), right))
    title = "All fourteen learn. One is right."
    picture = LineUp(losses, ["dx", "dh0", "dWx", "dWh", "db"], title, right="right")
    picture.update(shown, suspect, errors)
    return explore.draw(picture.figure)


def walk_back(T=3, H=2):
    """Three steps forward and three back, picture by picture, with live numbers."""
    rng = np.random.default_rng(5)
    shapes = (1, T, H), (1, H), (H, H), (H, H), (H,)  # of x, h0, Wx, Wh, b
    x, h0, Wx, Wh, b = (np.round(rng.standard_normal(shape), 1) for shape in shapes)
    h, _ = forward_with_cache(x, h0, Wx, Wh, b)
    dh = np.round(rng.standard_normal(h.shape), 1)

    before = np.concatenate([h0[:, None], h[:, :-1]], axis=1)
    carry, total, dz = (np.zeros((1, T + 1, H)) for _ in range(3))
    for t in reversed(range(T)):
        carry[:, t + 1] = dz[:, t + 1] @ Wh.T
        total[:, t] = total_derivative(dh[:, t], dz[:, t + 1], Wh)
        dz[:, t] = total[:, t] * (1 - h[:, t] ** 2)
    blame = {"dh": dh, "carry": carry[:, 1:], "total": total[:, :T], "dz": dz[:, :T]}
    blame["dh0"] = dz[:, 0] @ Wh.T

    network = UnrolledNetwork(x, h0)
    pages = []
    for position in (2 * T, *range(2 * T + 1)):  # where nothing moves the first page stays
        so_far = dz[0, :T] * (np.arange(1, T + 1) > 2 * T - position)[:, None]
        sums = {"dWx": x[0].T @ so_far, "dWh": before[0].T @ so_far, "db": so_far.sum(axis=0)}
        network.update(position, h, **blame, **sums)
        page = Image.open(io.BytesIO(explore.draw(network.figure)))
        pages.append(page.convert("P", palette=Image.Palette.ADAPTIVE, colors=64))
    file = io.BytesIO()
    durations = [1200] * (2 * T + 1) + [2500]  # milliseconds
    pages[0].save(file, "gif", save_all=True, append_images=pages[1:], duration=durations, loop=0)
    return file.getvalue()


if __name__ == "__main__":
    (HERE / "fourteen.png").write_bytes(fourteen_curves())
    (HERE / "walk-back.gif").write_bytes(walk_back())
