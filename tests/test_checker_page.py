"""The page about the checker: each of its blocks is run, and prints what stands beneath it."""

from contextlib import redirect_stdout, suppress
import importlib.util
import io
from pathlib import Path
import re
import subprocess
import sys
import traceback

import checkers
import numpy as np
import pytest

from gradient_check import assert_gradient, check_layer

PAGE = Path(__file__).parents[1] / ".github" / "CHECKER.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMPARISON = TEXT[TEXT.index("## Beside") :]
BLOCK = (
    r"^## (?P<title>[^\n]*)|^```python\n(?P<code>.*?)^```\n(?:\n```text\n(?P<printed>.*?)^```$)?"
)


def blocks():
    """Return (title of the section, code, what stands beneath it) for each block of Python."""
    found, title = [], ""
    for match in re.finditer(BLOCK, TEXT, re.MULTILINE | re.DOTALL):
        title = match["title"] or title
        if match["code"]:
            found.append((title, match["code"], match["printed"] or ""))
    return found


def printed_by(code):
    """Return what the code prints, and then the last lines that Python says of an error."""
    out = io.StringIO()
    with redirect_stdout(out):
        try:
            exec(code, {"__name__": "page"})
        except Exception as error:
            print("".join(traceback.format_exception_only(error)), end="")
    return out.getvalue()


def test_no_block_is_overlooked():
    assert len(blocks()) == TEXT.count("```python\n") > 0
    below = sum(bool(printed) for _, _, printed in blocks())
    assert TEXT.count("```text\n") == below + 2  # gradcheck's verdict and ours, side by side


@pytest.mark.parametrize(("title", "code", "printed"), blocks(), ids=[row[0] for row in blocks()])
def test_a_block_prints_what_stands_beneath_it(title, code, printed):
    for package in re.findall(r"^import (\w+)", code, re.MULTILINE):
        if not importlib.util.find_spec(package):
            pytest.skip(f"{package} is not installed, so the recipe {title!r} is not run")
    assert printed_by(code) == printed


def test_a_convolution_of_pytorch_loses_small_imaginary_parts():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed, so it is not asked")
    rng = np.random.default_rng(0)
    filters = rng.standard_normal((2, 1, 4))

    def forward(x):
        tensors = (torch.tensor(array.astype(x.dtype)) for array in (x, filters))
        return torch.conv1d(*tensors).numpy(), None

    def backward(dout, cache):
        return torch.conv_transpose1d(torch.tensor(dout), torch.tensor(filters)).numpy()

    with pytest.raises(ValueError, match="it drops an imaginary part inside"):
        check_layer(forward, backward, rng.standard_normal((1, 1, 12)))


# The comparison


def rows_of(table):
    """Return what stands in the rows, without times, by the names of the row and of the column."""
    lines = [line.strip("| \n").split(" | ") for line in table if line.startswith("| ")]
    (_, *columns), *rows = lines
    return {
        (name, column): cell.rpartition(" · ")[0]
        for name, *cells in rows
        for column, cell in zip(columns, cells, strict=True)
    }


def alike(one, other):
    """Return whether two cells say the same; a norm of rounding may be another elsewhere."""
    with suppress(ValueError):
        return 0.5 < float(one) / float(other) < 2
    return one == other


def test_the_script_prints_the_table_of_the_page():
    command = [sys.executable, "-X", "utf8", checkers.__file__, "--rounds=1"]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert (done.returncode, done.stderr) == (0, "")
    printed, stands = (rows_of(text.splitlines()) for text in (done.stdout, COMPARISON))
    assert {column for _, column in printed} >= {"`check_layer`"}
    assert [place for place in printed if not alike(stands[place], printed[place])] == []
    if missing := sorted({column for _, column in stands.keys() - printed.keys()}):
        pytest.skip(f"not compared, as PyTorch or SciPy is not installed: {', '.join(missing)}")


def test_the_verdict_beside_the_two_matrices_is_ours():
    said = checkers.ours(checkers.TEN[0].build(), checkers.inputs(*checkers.SIZES))
    assert f"```text\n{said}\n```" in TEXT


def test_the_two_matrices_are_those_of_gradcheck():
    pytest.importorskip("torch", reason="PyTorch is not installed, so gradcheck is not asked")
    said = checkers.pytorchs(checkers.TEN[0].build(), checkers.inputs(*checkers.SIZES))
    (shown,) = re.findall(r"```text\n(Jacobian .*?)```", TEXT, re.DOTALL)
    assert [line for line in shown.splitlines() if line not in said.splitlines()] == []
    numerical, analytical = re.findall(r"tensor\((.*?)dtype", said, re.DOTALL)
    assert numerical == analytical


# The question of issue 28: a square root by three steps of Newton and Schulz, and a transpose


def square_root(x):
    identities, trace = 3 * np.eye(len(x)), np.trace(x)
    A = x / trace
    Z = (identities - A) / 2
    Y = A @ Z
    W = (identities - Z @ Y) / 2
    steps = [(Y, Z), (Y @ W, W @ Z)]
    Y, Z = steps[-1]
    root = Y @ (identities - Z @ Y) / 2
    return root * np.sqrt(trace), (x, A, trace, root, steps)


def square_root_backward(dout, cache, first=False, last=False):
    """Return dx; first and last say whether the gradient is transposed, before and after."""
    x, A, trace, root, ((Y, Z), (Y1, Z1)) = cache
    identities = 3 * np.eye(len(x))
    droot = np.sqrt(trace) * (dout.T if first else dout)
    dY = (droot @ (identities - Y1 @ Z1) - Z1 @ Y1 @ droot) / 2
    dZ = -Y1 @ droot @ Y1 / 2
    YZ, ZY = identities - Y @ Z, Z @ Y
    dY, dZ = (dY @ YZ - Z @ dZ @ Z - ZY @ dY) / 2, (YZ @ dZ - Y @ dY @ Y - dZ @ ZY) / 2
    dA = (dY @ (identities - A) - dZ - A @ dY) / 2
    dA = dA.T if last else dA
    dtrace = np.sum(dout * root) / (2 * np.sqrt(trace)) - np.sum(dA * x) / trace**2
    return dA / trace + dtrace * np.eye(len(x))


@pytest.mark.parametrize("seed", range(5))
def test_what_the_page_says_of_the_transpose_in_issue_28(seed):
    rng = np.random.default_rng(seed)
    factor, any_matrix = rng.standard_normal((4, 7)), rng.standard_normal((4, 4))
    symmetric = factor @ factor.T / 7
    lopsided = symmetric + any_matrix / 10

    def verdict(x, dout, **transposed):
        dx = square_root_backward(dout, square_root(x)[1], **transposed)
        try:
            return assert_gradient(dx, lambda x: np.sum(dout * square_root(x)[0]), x)
        except AssertionError as error:
            return re.search("What fits: (.*)", str(error))[1]

    upstreams = {"sum": np.ones((4, 4)), "symmetric": symmetric, "any": any_matrix}
    for x, kind in ((symmetric, "symmetric"), (lopsided, "any")):
        for upstream, dout in upstreams.items():
            with_line, without = verdict(x, dout, last=True), verdict(x, dout)
            assert (with_line is None) == (upstream != "any")
            assert (without is None) == (kind == "symmetric")
            assert verdict(x, dout, first=True, last=True) is None
    assert verdict(symmetric, any_matrix, last=True) == "equal after a transpose."
