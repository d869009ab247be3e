"""Chapter 07: clip by global norm."""

import matplotlib as mpl
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator
import numpy as np

from course.artists import INK, PAPER, ROLES, Picture, checked, number, power_of_ten, styled
from course.exercises import Exercise, Verdict, desk
from course.samples import Sample
from course.slips import slips


# Plain code
def clip_by_global_norm(gradients, threshold):
    norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))
    scale = threshold / norm if norm > threshold else 1.0  # eq. 7.7
    return [scale * gradient for gradient in gradients]


HANDED_BACK = (
    "The numbers are right, but gradients come back as the arrays that you were given, so who "
    "changes one changes the other: make new arrays, also where the scale is 1."
)


# Slips, one row a line
# fmt: off
SLIPS = [
    *slips(
        clip_by_global_norm,
        ("each array by its own norm", "You clip each array by a norm of its own, so the arrays are scaled differently and the direction of the step is lost: take one norm of all entries together, eq. 7.7.", "[scale * gradient for gradient in gradients]", "[gradient * min(1, threshold / max(threshold, np.linalg.norm(gradient))) for gradient in gradients]"),
        ("entry by entry", "You clip entry by entry, which turns the step towards a diagonal: scale all entries by one number, eq. 7.7.", "scale * gradient for", "np.clip(gradient, -threshold, threshold) for"),
        ("sum of the norms", "You add up the norms of the arrays. The norm of all is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "sum(np.linalg.norm(gradient) for gradient in gradients)"),
        ("no square root", "You compare the sum of squares with the threshold: the norm is its square root, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "sum(np.sum(gradient**2) for gradient in gradients)"),
        ("largest norm", "You take the largest of the norms. The norm of all is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "max(np.linalg.norm(gradient) for gradient in gradients)"),
        ("mean of the squares", "You take the mean of the squares; the norm is the root of their sum, eq. 7.7.", "sum(np.sum(gradient**2) for gradient in gradients)", "np.mean(np.concatenate([gradient.ravel() ** 2 for gradient in gradients]))"),
        ("length 1", "What is too long becomes 1 long in your answer; it should become as long as the threshold, eq. 7.7.", "threshold / norm if", "1 / norm if"),
        ("small ones scaled up", "These gradients are shorter than the threshold, and you make them longer: leave them as they are, eq. 7.7.", " if norm > threshold else 1.0", " if norm > 0 else 1.0"),
        ("divided by zero", "All these gradients are zero, and so is their norm: divide by the norm only where it is above the threshold.", "scale * gradient for", "min(norm, threshold) * gradient / norm for"),
        ("small ones set to zero", "These gradients are shorter than the threshold, and you lose them: leave them as they are, eq. 7.7.", "else 1.0", "else 0.0"),
        ("largest singular value", "np.linalg.norm(matrix, 2) is the largest singular value; eq. 7.7 wants the root of the sum of the squares of all entries.", "np.sum(gradient**2)", "np.linalg.norm(gradient, 2) ** 2"),
        ("handed back", HANDED_BACK, "return [", "if scale == 1:\n        return list(gradients)\n    return ["),
        ("changed in place", "The numbers are right, but they are written into the arrays that you were given, as `*=` does: make new arrays.", "return [scale * gradient for gradient in gradients]", "return [np.multiply(gradient, scale, out=gradient) for gradient in gradients]"),
    ),
    *slips(
        clip_by_global_norm,
        ("scale upside down", "The scale is upside down: threshold / norm, not norm / threshold, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "norm / threshold if norm > threshold else 1.0"),
        ("long ones set to zero", "Gradients above the threshold are lost: scale them by threshold / norm, not to zero, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "0.0 if norm > threshold else 1.0"),
        ("nothing clipped", "Long gradients come back unchanged: where the norm is above the threshold, multiply by threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1.0"),
        ("condition the wrong way round", "The condition is the wrong way round: scale where the norm is above the threshold, and leave shorter ones as they are, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm if norm < threshold and norm else 1.0"),
        ("divided by norm squared", "You divide by the square of the norm: the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm**2 if norm > threshold else 1.0"),
        ("norm of the first array", "You take the norm of the first array alone: the norm is that of all arrays together, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.linalg.norm(gradients[0])"),
        ("norm of the last array", "You take the norm of the last array alone: the norm is that of all arrays together, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.linalg.norm(gradients[-1])"),
        ("sum of absolute values", "You add up absolute values; the norm is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "sum(np.sum(np.abs(gradient)) for gradient in gradients)"),
        ("sum without squares", "The square is missing: the norm is the root of the sum of squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "abs(sum(np.sum(gradient) for gradient in gradients))"),
        ("root of absolute values", "The square is missing: the norm is the root of the sum of squares, and you add up absolute values, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.sqrt(sum(np.sum(np.abs(gradient)) for gradient in gradients))"),
        ("largest entry", "You take the largest entry; the norm is the root of the sum of the squares of all, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "max(np.max(np.abs(gradient)) for gradient in gradients)"),
        ("mean of the norms", "You take the mean of the norms; the norm of all is the root of the sum of their squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.mean([np.linalg.norm(gradient) for gradient in gradients])"),
        ("at least 1", "You compare the norm with 1; it is the threshold that it should be compared with, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / max(norm, 1.0)"),
        ("one for the threshold", "You compare with 1 and scale to 1: both times it should be the threshold, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / norm if norm > 1 else 1.0"),
        ("scaled by the threshold alone", "You multiply by the threshold; the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold if norm > threshold else 1.0"),
        ("not multiplied by the threshold", "You divide by the norm, always: where the norm is above the threshold the scale is threshold / norm, and 1 elsewhere, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / norm if norm else 1.0"),
        ("half the squares", "The norm has no factor of 1/2 in it: it is the root of the sum of all squares, eq. 7.7.", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients))", "np.sqrt(sum(np.sum(gradient**2) for gradient in gradients) / 2)"),
        ("threshold squared", "You compare with, or scale by, the square of the threshold; the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold**2 / norm if norm > threshold else 1.0"),
        ("root of the scale", "The scale is threshold / norm, without a square root, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "np.sqrt(threshold / norm) if norm > threshold else 1.0"),
        ("only the first scaled", "All arrays are multiplied by the one scale; you scale the first alone, eq. 7.7.", "[scale * gradient for gradient in gradients]", "[gradient * (scale if k == 0 else 1) for k, gradient in enumerate(gradients)]"),
        ("scaled twice", "The scale is multiplied twice; once is enough, eq. 7.7.", "[scale * gradient for", "[scale * scale * gradient for"),
        ("cut per array", "You clip entry by entry at the threshold divided by the norm; one scale for all entries keeps the direction, eq. 7.7.", "[scale * gradient for", "[np.clip(gradient, -scale, scale) for"),
        ("norm subtracted", "You take something away from each entry; a scale multiplies, threshold / norm, eq. 7.7.", "[scale * gradient for", "[gradient - max(norm - threshold, 0) for"),
        ("threshold forgotten above", "You divide by the larger of norm and threshold, and forget to multiply by the threshold: the scale is threshold / norm, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / max(norm, threshold)"),
        ("always scaled", "You scale always; gradients that are shorter than the threshold stay as they are, and where all are zero that is 0 by 0, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm"),
        ("condition the wrong way round, zero too", "The condition is the wrong way round: scale where the norm is above the threshold, and leave shorter ones as they are (of zeros yours makes 0 by 0), eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / norm if norm < threshold else 1.0"),
        ("always divided by the norm", "You divide by the norm, always: where the norm is above the threshold the scale is threshold / norm, and 1 elsewhere, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "1 / norm"),
        ("cut off above", "You cut entries off at the threshold, one by one; scale all entries by one number, threshold / norm, and the direction is kept, eq. 7.7.", "[scale * gradient for", "[np.minimum(gradient, threshold) for"),
        ("cut off at 1", "You clip entry by entry at 1; scale all entries by one number, threshold / norm, eq. 7.7.", "[scale * gradient for", "[np.clip(gradient, -1, 1) for"),
        ("threshold beside the norm", "The scale is threshold / norm, and not threshold divided by the sum of both, eq. 7.7.", "threshold / norm if norm > threshold else 1.0", "threshold / (norm + threshold)"),
        ("largest entries", "You take the norm of the largest entries; the norm is the root of the sum of the squares of all, eq. 7.7.", "np.sum(gradient**2)", "np.max(np.abs(gradient)) ** 2"),
        shown=False,
    ),
]
# fmt: on


# Exercises
def _arrays(normal, size, threshold, more):
    """Return gradients of about this size, of which two are not asked for by name."""
    shapes = {"dWx": (3, 4), "dWh": (4, 4), "db": 4} | ({"dw": (4, 2), "dc": 2} if more else {})
    arrays = {name: size * normal(shape) for name, shape in shapes.items()}
    return arrays | {"threshold": np.float64(threshold)}


def _call(function, threshold, **arrays):
    """Call with a list; it must come back as it was, and so must what is in it."""
    given = list(arrays.values())
    returned = function(given, float(threshold))
    if [id(array) for array in given] != [id(array) for array in arrays.values()]:
        raise Verdict(
            "The list that you were given is changed: `gradients[i] = ...`, pop and append write "
            "into the caller's list. Make a new list of new arrays."
        )
    if not isinstance(returned, (tuple, list)):
        if returned is None or returned is ...:
            return None
        raise Verdict(
            f"clip_by_global_norm returns a {type(returned).__name__}; it should return a list, with "
            "an array for each that it was given."
        )
    if len(returned) != len(given):
        raise Verdict(
            f"clip_by_global_norm returns {len(returned)} things; it should return one list, with an "
            f"array for each of the {len(given)} that it was given."
        )
    return list(returned)[:3]


def _manners(function):
    """Say whether what comes back is what was given, and not a new array."""
    for size in (10.0, 0.1, 0.0):
        given = [np.full((2, 3), size), np.full(3, size)]
        returned = function(list(given), 2.0)
        if any(np.shares_memory(one, other) for one in returned for other in given):
            return [HANDED_BACK]
    return []


EXERCISES = {
    "07.1": Exercise(
        clip_by_global_norm,
        returns=("dWx", "dWh", "db"),
        arrays=_arrays,
        cases=(
            (10.0, 3.0, False),
            (4.0, 0.7, True),
            (0.5, 3.0, False),
            (0.1, 3.0, True),
            (0.0, 3.0, False),
        ),
        manners=_manners,
        call=_call,
        hints=(
            "First one number: the norm of all entries of all arrays together. Then one scale for "
            "all of them.",
            "The norm is the square root of the sum of all squares: np.sum(gradient**2) of each "
            "array, added up. The scale is threshold / norm where the norm is above the threshold, "
            "and 1 where it is not.",
            "norm = np.sqrt(sum(np.sum(gradient**2) for gradient in gradients)), then "
            "[scale * gradient for gradient in gradients].",
        ),
        praise="scales long gradients down by one number, and leaves short ones and zeros alone.",
    ),
}

check, hint, solution = desk(EXERCISES, SLIPS)


# Pictures
class GradientOverTime(Picture):
    """The norm of the gradient at each state, on a log axis, and below it how open tanh is at that step.

    T is the last step that may be shown; `limits` are those of the lengths.
    """

    @styled
    def __init__(self, T, limits, title=""):
        super().__init__(8, 4.4)
        self._last, span = T, (-0.01 * T, 1.01 * T)
        above = self._chart(0.85, 2.3, 5.6, 1.65, title=title, xlim=span, ylim=limits)
        above.set(yscale="log", ylabel="norm of $dL/dh_t$")
        self._decades(above.yaxis, 7)
        above.tick_params(labelbottom=False)
        above.axhline(1, color=INK, lw=0.8)
        below = self._chart(0.85, 0.58, 5.6, 1.45, xlim=span, ylim=(-0.02, 1.02))
        below.set(xlabel="step $t$", ylabel="of all units")
        backward, loss, forward = (ROLES[name] for name in ("backward", "loss", "forward"))
        (self._norms,) = above.plot([], [], color=backward.colour, ls=backward.line)
        look = {"color": loss.colour, "ms": 8, "mec": PAPER, "zorder": 5}
        (self._source,) = above.plot([], [], loss.marker, **look)
        (self._slopes,) = below.plot([], [], color=backward.colour, ls=backward.line, lw=1.5)
        (self._shut,) = below.plot([], [], color=forward.colour, lw=1.5)
        sheet = self._sheet()
        for y, words, role in (
            (3.1, "gradient", backward),
            (2.8, "the loss", loss),
            (1.5, "rms slope $1 - h^2$", backward),
            (1.2, "share with $|h| > 0.9$", forward),
        ):
            sheet.text(6.55, y, words, color=role.colour, size=9.5, va="center")
        for artist in (self._norms, self._source, self._slopes, self._shut):
            self._animated(artist)

    def update(self, lengths, slopes, saturated):
        """Show the norms of the gradient at h_0 to h_T, and for steps 1 to T the slope and the share.

        The slope is the root of the mean square over all units.
        """
        T = len(lengths) - 1
        if not 0 < T <= self._last:
            raise ValueError(f"lengths has {T + 1} entries; it should have 2 to {self._last + 1}")
        lengths, steps = np.asarray(lengths, dtype=float), np.arange(1, T + 1)
        slopes = checked(slopes, steps.shape, "slopes")
        self._norms.set_data(np.arange(T + 1), lengths)
        self._source.set_data([T], lengths[-1:])
        self._slopes.set_data(steps, slopes)
        self._shut.set_data(steps, checked(saturated, steps.shape, "saturated"))
        self._alt = (
            f"Norm of the gradient at each of {T} steps, from {power_of_ten(lengths[-1])} at the last "
            f"state back to {power_of_ten(lengths[0])} at the first. Below, the root mean square "
            f"of the slopes of tanh, {number(np.mean(slopes))} on average, and the share of "
            "saturated units."
        )
        return self._moving


class LossLandscape(Picture):
    """The loss of a scalar cell over its two weights, with points on it and walks across it.

    Below, in the colours of the points, the length of blame at each step. `loss` is (len(b),
    len(w)), `points` is {name: (w, b)}, `blame` is {name: lengths at h_0 to h_T}.
    """

    LOOKS = (("o", "-"), ("s", (0, (5, 2))), ("^", (0, (1, 1.2))))
    WALKS = (("not clipped", "wrong"), ("clipped", "truth"))

    @styled
    def __init__(self, w, b, loss, points, blame, limits, title=""):
        if len(points) > len(self.LOOKS):
            raise ValueError(f"{len(points)} points are too many; show {len(self.LOOKS)} at most")
        super().__init__(8, 6.1)
        w, b = np.asarray(w, dtype=float), np.asarray(b, dtype=float)
        extent = w[0], w[-1], b[0], b[-1]
        above = self._chart(0.85, 2.95, 5.2, 2.7, title=title, xlim=extent[:2], ylim=extent[2:])
        above.set(xlabel="recurrent weight $w$", ylabel="bias $b$")
        above.grid(False)
        shades = mpl.colors.LinearSegmentedColormap.from_list("pale", [PAPER, "#8F8F8F"])
        image = above.imshow(
            checked(loss, (len(b), len(w)), "loss"),
            extent=extent,
            origin="lower",
            aspect="auto",
            cmap=shades,
            interpolation="bilinear",
        )
        scale = self.figure.colorbar(image, cax=self._chart(6.2, 2.95, 0.12, 2.7))
        scale.ax.yaxis.set_major_locator(MaxNLocator(4))
        scale.ax.set_title("loss $L$", size=10, weight="normal")
        scale.outline.set_visible(False)
        steps = len(next(iter(blame.values()))) - 1
        below = self._chart(0.85, 0.58, 5.2, 1.65, xlim=(0, steps), ylim=limits)
        below.set(yscale="log", xlabel="step $t$", ylabel="length of $dL/dh_t$")
        self._decades(below.yaxis, 7)
        self._walks = {}
        for name, role in self.WALKS:
            colour, line, _ = ROLES[role]
            look = {"color": colour, "ls": line, "lw": 1.8, "marker": ".", "ms": 5}
            (self._walks[name],) = above.plot([], [], **look)
            self._animated(self._walks[name])
        sheet = self._sheet()
        colours = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(self.LOOKS)))
        for k, (name, place) in enumerate(points.items()):
            marker, line = self.LOOKS[k]
            look = {"color": colours[k], "ms": 9, "mec": PAPER, "zorder": 6}
            (point,) = above.plot(*place, marker, **look)
            self._animated(point)  # it stands still, but above the walks
            below.plot(np.arange(steps + 1), blame[name], color=colours[k], ls=line)
            key = {"color": colours[k], "ls": line, "marker": marker, "mec": PAPER, "ms": 7}
            sheet.add_artist(Line2D([6.2, 6.65], 2 * [1.9 - 0.3 * k], **key))
            sheet.text(6.75, 1.9 - 0.3 * k, name, size=9.5, va="center")
        self._words = {}
        for y, (name, role) in zip((5.2, 4.4), self.WALKS):
            self._words[name] = self._animated(
                sheet.text(6.95, y, "", size=9, va="top", color=ROLES[role].colour, linespacing=1.3)
            )

    def update(self, walks):
        """Show two walks by name, "not clipped" and "clipped"; each is a list of places (w, b)."""
        said = []
        for name, line in self._walks.items():
            walk = np.asarray(walks[name], dtype=float)
            line.set_data(walk.T)
            w, b = walk[-1]
            self._words[name].set_text(f"{name}:\n$w$ = {number(w)}\n$b$ = {number(b)}")
            said.append(f"{name}, at w = {number(w)}, b = {number(b)} after step {len(walk) - 1}")
        self._alt = f"Map of the loss over w and b with a cliff. Walks from it: {'; '.join(said)}."
        return self._moving


# Samples for the tests
def _gradient_over_time(rng, scale):
    picture = GradientOverTime(40, (1e-9, 1e3), title="The far past hears little")

    def move():
        T = rng.integers(2, 41)
        lengths = np.exp(rng.normal(size=T + 1).cumsum()) * scale
        return picture.update(lengths, rng.random(T), rng.random(T))

    return picture, move


def _loss_landscape(rng, scale):
    w, b = np.linspace(0, 2, 9), np.linspace(-1, 1, 7)
    names = ("cliff", "high ground", "low ground")
    points = dict(zip(names, rng.uniform(0.2, 0.9, (3, 2))))
    blame = {name: np.exp(rng.normal(size=21)) for name in names}
    title = "One step off the cliff leads far away"
    picture = LossLandscape(w, b, rng.random((7, 9)), points, blame, (1e-6, 1e3), title)

    def move():
        walks = rng.normal(size=(2, 5, 2)) * scale + points["cliff"]
        return picture.update(dict(zip(dict(picture.WALKS), walks)))

    return picture, move


SAMPLES = [
    Sample(_gradient_over_time),
    Sample(_loss_landscape),
]
