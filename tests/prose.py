"""How long the chapters are and how they read: `python tests/prose.py` prints a row for each.

Words are counted without formulas, code, links' addresses, tables' rules and navigation.
"""

import io
from pathlib import Path
import re
import sys
import tokenize

import nbformat

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PRO_WORDS = {"it", "that", "this", "those", "what", "which", "one", "none", "both", "other", "so"}
LEFT_OUT = (
    r"```.*?```",
    r"`[^`\n]*`",
    r"\$\$.*?\$\$",
    r"\$[^$]*\$",
    r"</?[a-z]+\b[^<>]*>",
    r"\]\([^)]*\)",
    r"^\[[^\n]*(→\]|← \d)[^\n]*$",
    r"^[|: -]+$",
)


def words_of(markdown):
    """Return the words of Markdown, in lower case."""
    for pattern in LEFT_OUT:
        markdown = re.sub(pattern, " ", markdown, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"[a-zé]+(?:['’-][a-zé]+)*", markdown.lower())


def lines_of_code(source):
    """Return how many lines of a cell hold code: neither blank nor a comment alone."""
    skipped = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER)
    indents = (tokenize.INDENT, tokenize.DEDENT)
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    held = (token for token in tokens if token.type not in skipped + indents)
    return len({line for token in held for line in range(token.start[0], token.end[0] + 1)})


def measure(path):
    """Return words, lines of code and pro-words of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    words = words_of("\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown"))
    lines = sum(lines_of_code(cell.source) for cell in cells if cell.cell_type == "code")
    return len(words), lines, sum(word in PRO_WORDS for word in words)


def main():
    paths = [Path(name) for name in sys.argv[1:]] or sorted(NOTEBOOKS.glob("*.ipynb"))
    rows = [(path.stem, *measure(path)) for path in paths]
    if len(rows) > 1:
        rows.append(("all", *(sum(column) for column in list(zip(*rows))[1:])))
    print(f"{'':40} words  code lines  words a line  pro-words in 1,000")
    for name, words, lines, pro in rows:
        print(f"{name:40} {words:5} {lines:11} {words / lines:13.1f} {1000 * pro / words:19.0f}")


if __name__ == "__main__":
    main()
