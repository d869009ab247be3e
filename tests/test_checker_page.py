"""The page about the checker: each of its blocks is run, and prints what stands beneath it."""

from contextlib import redirect_stdout
import importlib.util
import io
from pathlib import Path
import re
import traceback

import pytest

PAGE = Path(__file__).parents[1] / ".github" / "CHECKER.md"
TEXT = PAGE.read_text(encoding="utf-8")
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


@pytest.mark.parametrize(("title", "code", "printed"), blocks())
def test_a_block_prints_what_stands_beneath_it(title, code, printed):
    for package in re.findall(r"^import (\w+)", code, re.MULTILINE):
        if not importlib.util.find_spec(package):
            pytest.skip(f"{package} is not installed, so the recipe {title!r} is not run")
    assert printed_by(code) == printed
