"""What README.md shows is what happens, and is short."""

import re

import pytest
from test_repository import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def fenced(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_verdict_that_is_shown_is_the_one_that_comes():
    [code] = [block for block in fenced("python") if "check_layer" in block]
    [shown] = fenced("text")
    with pytest.raises(AssertionError) as raised:
        exec(code, {})
    assert shown == f"AssertionError: {raised.value}\n"


def test_the_line_beside_the_equation_stands_in_the_course():
    [line] = [block for block in fenced("python") if "eq." in block]
    module = (ROOT / "notebooks" / "course" / "chapter_05.py").read_text(encoding="utf-8")
    assert line.strip() in module
    number = re.search(r"eq\. ([\d.]+)", line)[1]
    assert rf"\tag{{{number}}}" in README


def words_in_sight(text):
    """The words that a visitor sees: none of code, equations, pictures, links' targets, folds."""
    unseen = [r"<details>.*?</details>", r"^```.*?^```$", r"\$\$.*?\$\$", r"!\[[^]]*\]\([^)]*\)"]
    text = re.sub("|".join(unseen), "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"[A-Za-z0-9][\w'.-]*", re.sub(r"\]\([^)]*\)", "]", text))


def test_the_page_is_read_in_a_minute_or_two():
    assert len(words_in_sight(README)) <= 450


def test_pictures_are_light():
    pictures = [ROOT / path for path in re.findall(r"!\[[^]]*\]\(([^)]*)\)", README)]
    assert {path.suffix for path in pictures} == {".png", ".gif"}
    assert all(path.stat().st_size < 2e6 for path in pictures)


def test_a_dead_badge_is_not_shown():
    assert "badge" not in README
    for line in README.splitlines():
        if "OWNER/REPOSITORY" in line:
            assert "fill in" in line
            assert "`https://mybinder.org" in line
