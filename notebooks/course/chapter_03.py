"""Chapter 03."""

from matplotlib.collections import LineCollection
import numpy as np

from course.artists import FAINT, PAPER, ROLES, Picture, number, styled
from course.samples import Sample


class TanhCurve(Picture):
    """The curve of tanh, the point that a neuron sits at, and the tangent there."""

    @styled
    def __init__(self, z, h, title=""):
        super().__init__(8, 3.4)
        axes = self._chart(
            0.85, 0.58, 4.6, 2.37, title=title, xlim=(z[0], z[-1]), ylim=(-1.25, 1.25)
        )
        axes.set(xlabel="sum $z$", ylabel="state $h = \\tanh(z)$")
        forward, backward = ROLES["forward"], ROLES["backward"]
        axes.plot(z, h, color=forward.colour)
        self._left, self._reach = z[0], (z[-1] - z[0]) / 7
        self._drop = axes.add_collection(LineCollection([], colors=FAINT, lw=1), autolim=False)
        (self._tangent,) = axes.plot([], [], color=backward.colour, ls=backward.line)
        look = {"color": forward.colour, "ms": 9, "mec": PAPER, "zorder": 5}
        (self._point,) = axes.plot([], [], forward.marker, **look)
        inches = {"transform": self.figure.dpi_scale_trans, "size": 11}
        self._words = []
        for y, text, role in (
            (2.2, "$z$", forward),
            (1.85, "$h$", forward),
            (1.5, "slope $1 - h^2$", backward),
        ):
            axes.text(6.9, y, f"{text} = ", ha="right", color=role.colour, **inches)
            self._words.append(axes.text(6.95, y, "", color=role.colour, **inches))
        for artist in (self._drop, self._tangent, self._point, *self._words):
            self._animated(artist)

    def update(self, z, h, slope):
        """Put the point at (z, h), with a tangent of this slope."""
        run = self._reach / np.hypot(1, self._reach * slope)
        self._tangent.set_data((z - run, z + run), (h - slope * run, h + slope * run))
        self._point.set_data([z], [h])
        self._drop.set_segments([((z, -1.25), (z, h)), ((self._left, h), (z, h))])
        z, h, slope = map(number, (z, h, slope))
        for artist, text in zip(self._words, (z, h, slope)):
            artist.set_text(text)
        self._alt = f"Curve of tanh, a point at z = {z}, h = {h}, and its tangent of slope {slope}."
        return self._moving


# Samples for the tests
def _tanh_curve(rng, scale):
    z = np.linspace(-4, 4, 101)
    picture = TanhCurve(z, np.tanh(z), title="A saturated neuron passes nothing on")

    def move():
        at = rng.uniform(-4, 4)
        return picture.update(at, np.tanh(at), 1 - np.tanh(at) ** 2)

    return picture, move


SAMPLES = [
    Sample(_tanh_curve),
]
