"""The names are what the README beside them says."""

from hashlib import sha256
import re
from string import ascii_lowercase

import pytest

from course.chapter_09 import NAMES, read_names

README = (NAMES.parent / "README.md").read_text(encoding="utf-8")
LINES = NAMES.read_text(encoding="ascii").splitlines()


def test_the_names_are_different_and_in_lower_case():
    assert len(set(LINES)) == len(LINES) == 5163
    assert set("".join(LINES)) == set(ascii_lowercase)


def test_their_order_is_that_of_the_recipe():
    assert sorted(LINES, key=lambda name: sha256(name.encode()).hexdigest()) == LINES


def test_the_parts_are_disjoint_and_together_they_are_all():
    train, validation, test = read_names()
    assert train + validation + test == LINES
    assert list(map(len, (train, validation, test))) == [4130, 516, 517]


@pytest.mark.parametrize(
    ("claim", "counted"),
    [
        (r"`names.txt` holds (\S+) different", len(LINES)),
        (r"training \((\S+) names\)", len(read_names()[0])),
        (r"validation \((\d+)\)", len(read_names()[1])),
        (r"the test \((\d+)\)", len(read_names()[2])),
        (r"has from (\d+) to \d+ letters", min(map(len, LINES))),
        (r"has from \d+ to (\d+) letters", max(map(len, LINES))),
    ],
)
def test_the_readme_counts_right(claim, counted):
    assert int(re.search(claim, README)[1].replace(",", "")) == counted


def test_the_readme_adds_up():
    pattern = r"\(([\d,]+) lines\).*?\(([\d,]+) lines\).*?(\d+) names are in both"
    female, male, both = (
        int(n.replace(",", "")) for n in re.search(pattern, README, re.S).groups()
    )
    assert female + male - both == len(LINES)
