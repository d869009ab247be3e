"""A live picture goes on reading names of its notebook after the last cell has run."""

import ast
import dis
import json
from types import CodeType

from notebook_runner import NOTEBOOKS
import pytest

LIVE = {"explore", "break_it"}  # what is handed to these is called again and again


def globals_read(code):
    """The global names that a function reads, and those of the functions inside it."""
    read = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return read.union(*(globals_read(c) for c in code.co_consts if isinstance(c, CodeType)))


def rebound(cells):
    """Return (cell of the picture, name, later cell) for what a live picture would read anew."""
    bindings, functions, faults = {}, {}, []
    codes = [compile(source, "<cell>", "exec") for source in cells]
    for place, code in enumerate(codes):
        for step in dis.get_instructions(code):
            if step.opname == "STORE_NAME":
                bindings.setdefault(step.argval, []).append(place)
    for place, (source, code) in enumerate(zip(cells, codes)):
        functions |= {c.co_name: c for c in code.co_consts if isinstance(c, CodeType)}
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in LIVE:
                call = compile(ast.Expression(node), "<cell>", "eval")
                read = globals_read(call)  # by a lambda
                # A function that is handed over is kept by the picture; the names in it are not.
                new = (read | set(call.co_names)) & functions.keys()
                while new:
                    found = set().union(*(globals_read(functions[name]) for name in new))
                    new = (found & functions.keys()) - read
                    read |= found
                faults += [(place, n, p) for n in read for p in bindings.get(n, []) if p > place]
    return sorted(faults)


def code_of(path):
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_later_cell_changes_what_a_live_picture_reads(path):
    assert rebound(code_of(path)) == []


PICTURE = "def update(k=1):\n    return picture.update(power(k))\n\n\nexplore(update, k=range(3))"


@pytest.mark.parametrize(
    ("later", "name"),
    [
        ("picture = 3", "picture"),
        ("for base in range(3):\n    pass", "base"),
        ("def power(k):\n    return k", "power"),
        ("from math import pi as base", "base"),
        ("[[base, _]] = [[1, 2]]", "base"),
    ],
)
def test_a_name_that_is_bound_again_is_found(later, name):
    first = "base = 2\n\n\ndef power(k):\n    return base**k"
    assert rebound([first, PICTURE, later]) == [(1, name, 2)]
    assert rebound([later, first, PICTURE]) == []


def test_a_name_in_a_lambda_is_found():
    picture = "break_it(slips, lambda f: f(cache), names, title)"
    assert rebound(["cache = 1", picture, "cache = slips = 2"]) == [(1, "cache", 2)]


def test_a_picture_may_hand_over_another_function_of_the_same_name():
    assert rebound(["picture = Picture()", PICTURE, PICTURE]) == []
