"""First names from the US census of 1990. Source, terms, order and split: data/README.md."""

import pathlib

FILE = pathlib.Path(__file__).parents[1] / "data" / "names.txt"


def read():
    """Return the names for training, for validation and for the test: three lists."""
    names = FILE.read_text(encoding="ascii").split()
    first, second = len(names) * 8 // 10, len(names) * 9 // 10
    return names[:first], names[first:second], names[second:]
