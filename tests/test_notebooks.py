"""What holds for all notebooks: run from top to bottom, silent, linked and described.

A chapter is named by its number; a page whose name begins with none is an appendix.
"""

from html.parser import HTMLParser
from itertools import pairwise
import json
from pathlib import Path
import re

import nbformat
from notebook_runner import METADATA, NOTEBOOKS, normalised
import prose
import pytest

TOP = Path(__file__).parents[1]
NUMBERED = [path for path in NOTEBOOKS if path.stem[0].isdigit()]
CHAPTERS = {int(path.stem[:2]): path for path in NUMBERED}
APPENDICES = [path for path in NOTEBOOKS if path not in NUMBERED]
PICTURE_BYTES = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=\s]+")

# A chapter has 2,500 words at most; these have more to say.
MOST_WORDS = dict.fromkeys([2, 5, 6, 7, 9, 11, 12], 3000)

# What the output of a notebook must not hold: it differs from run to run or between machines.
UNSTABLE = {
    "an address in memory": r"\b0x[0-9a-f]{4,}",
    "a path of this machine": r"(?<![\w.:/])(/(home|root|tmp|usr|work|Users)/|[A-Z]:\\)",
    "a date": r"\b20\d\d-\d\d-\d\d\b",
    "a time of day": r"\b\d\d:\d\d:\d\d\b",
    "a duration": r"\b\d+(\.\d+)? ?(ms|µs|us|seconds)\b",
    "more than six digits": r"\d*\.\d{7,}|\d{2,}\.\d{6,}",
    "a warning": r"Warning\b",
    "rounding noise": r"\d[eE][-−]1[0-9]\b",
}

# What no cell may call, and why.
FORBIDDEN = {
    r"\bclear_output\(\)": "the page jumps",
    r"\binteract(ive|_output)?\(": "it is slow, and strict nbval fails on it: use explore",
    r";\s*$": "nbval shows what it hides",
    r"\btime\(\)|\bperf_counter\(|%time": "no two machines print the same",
    r"\bnp\.random\.(?!default_rng|Generator)": "no two runs are the same: use default_rng(seed)",
    r"\bplt\.": "pictures are made by figures, shown by show and explore",
}


def cells_of(path, kind=None):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if kind in (None, cell.cell_type)]


def source_of(path, kind):
    return "\n\n".join(cell.source for cell in cells_of(path, kind))


def prose_of(text):
    """Markdown without its code, fenced or inline."""
    return re.sub(r"`[^`\n]*`", "", unfenced(text))


def unfenced(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def outputs_of(path):
    """Each text that an output holds, with its kind, the bytes of pictures left out."""
    for cell in cells_of(path, "code"):
        for output in cell.outputs:
            if "text" in output:
                yield output.name, output.text
            for kind, text in output.get("data", {}).items():
                if kind.startswith("text/"):
                    yield kind, PICTURE_BYTES.sub("PICTURE", text)


def unstable(text):
    return [f"{what}: {m[0]}" for what, form in UNSTABLE.items() for m in re.finditer(form, text)]


def headings_of(text):
    """Level and words of each heading."""
    found = re.finditer(r"^(#{1,6}) +(.+?)\s*$", unfenced(text), re.MULTILINE)
    return [(len(heading[1]), heading[2]) for heading in found]


def heading_faults(headings):
    levels = [level for level, _ in headings]
    faults = [] if levels.count(1) == 1 and levels[0] == 1 else ["not one H1, at the top"]
    return faults + [f"H{a}, then H{b}" for a, b in pairwise(levels) if b > a + 1]


class Images(HTMLParser):
    """Collects the images of some HTML: their alt texts, None where there is none."""

    def __init__(self, text):
        super().__init__()
        self.alts = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.alts.append(dict(attributes).get("alt"))


def alts_of(markdown):
    """The alt texts of all images in Markdown, HTML images included."""
    prose = prose_of(markdown)
    return re.findall(r"!\[([^\]]*)\]", prose) + Images(prose).alts


def links_of(markdown):
    """Where Markdown links lead to, inside the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose_of(markdown))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors_of(markdown):
    """The names of the headings as JupyterLab and GitHub make them."""
    plain = [re.sub(r"[*_`$]", "", words) for _, words in headings_of(markdown)]
    github = {re.sub(r"[^\w -]", "", words).lower().replace(" ", "-") for words in plain}
    return github | {words.replace(" ", "-") for words in plain}


def dead_links(path, markdown):
    """The links that lead nowhere."""
    dead = []
    for target in links_of(markdown):
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        if not place.exists():
            dead.append(target)
        elif anchor and place.suffix in (".ipynb", ".md"):
            text = source_of(place, "markdown") if place.suffix == ".ipynb" else place.read_text()
            if anchor not in anchors_of(text):
                dead.append(target)
    return dead


def tags_of(path):
    return re.findall(r"\\tag\{(\d+\.\d+)\}", source_of(path, "markdown"))


def equations_in(code):
    """The numbers in the comments that say which equation a line implements."""
    comments = re.findall(r"#.*?\beqs?\. (.*)$", code, re.MULTILINE)
    return [number for comment in comments for number in re.findall(r"\d+\.\d+", comment)]


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


every_notebook, every_chapter, every_appendix = map(each, (NOTEBOOKS, NUMBERED, APPENDICES))


@every_notebook
def test_a_notebook_was_run_from_top_to_bottom(path):
    counts = [cell.execution_count for cell in cells_of(path, "code")]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_a_notebook_holds_no_trace_of_its_run(path):
    assert json.loads(path.read_text("utf-8"))["metadata"] == METADATA
    notebook = nbformat.read(path, as_version=4)
    assert notebook == normalised(nbformat.read(path, as_version=4)), "tests/notebook_runner.py"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


@every_notebook
def test_an_output_is_the_same_on_every_machine(path):
    assert [fault for _, text in outputs_of(path) for fault in unstable(text)] == []


@every_notebook
def test_a_notebook_is_silent_on_stderr(path):
    assert [text for kind, text in outputs_of(path) if kind == "stderr"] == []


@every_notebook
def test_no_cell_calls_what_is_forbidden(path):
    code = source_of(path, "code")
    called = [
        f"{m[0]!r}: {why}" for form, why in FORBIDDEN.items() for m in re.finditer(form, code, re.M)
    ]
    assert called == []


@every_notebook
def test_headings_stand_in_order_below_one_title(path):
    assert heading_faults(headings_of(source_of(path, "markdown"))) == []


@every_notebook
def test_every_image_says_in_words_what_it_shows(path):
    alts = alts_of(source_of(path, "markdown"))
    for cell in cells_of(path, "code"):
        for output in cell.outputs:
            data = output.get("data", {})
            assert "image/svg+xml" not in data, "an SVG has no alt text in JupyterLab: use show"
            if "image/png" in data:
                assert "text/html" in data, "a PNG alone has no alt text in JupyterLab: use show"
            alts += Images(data.get("text/html", "")).alts
            alts += alts_of(data.get("text/markdown", ""))
    assert [alt for alt in alts if not alt or len(alt.split()) < 4] == []


@every_notebook
def test_links_lead_somewhere(path):
    assert dead_links(path, source_of(path, "markdown")) == []


@every_chapter
def test_a_chapter_leads_on_at_its_top_and_at_its_end(path):
    number, markdown = int(path.stem[:2]), cells_of(path, "markdown")
    for cell in (markdown[0], markdown[-1]):
        targets = {target.partition("#")[0][:2] for target in links_of(cell.source)}
        wanted = {n for n in (number - 1, number + 1, 0) if n in CHAPTERS} - {number}
        assert {f"{n:02}" for n in wanted} <= targets


@every_appendix
def test_an_appendix_leads_back_and_is_listed_below_the_chapters(path):
    markdown = cells_of(path, "markdown")
    for cell in (markdown[0], markdown[-1]):
        assert CHAPTERS[0].name in links_of(cell.source)
    [(_, title)] = [heading for heading in headings_of(markdown[0].source) if heading[0] == 1]
    for index, folder in (
        (source_of(CHAPTERS[0], "markdown"), ""),
        ((TOP / "README.md").read_text(encoding="utf-8"), "notebooks/"),
    ):
        *_, last_chapter = re.finditer(r"^\|[^|\n]*\b\d\d\b.*\n", index, re.MULTILINE)
        assert f"[{title}]({folder}{path.name})" in index[last_chapter.end() :]


@every_notebook
def test_an_equation_that_code_names_is_printed_in_its_chapter(path):
    printed = {tag for other in NOTEBOOKS for tag in tags_of(other)}
    named = equations_in(source_of(path, "code"))
    assert [n for n in named if int(n.split(".")[0]) in CHAPTERS and n not in printed] == []


@every_chapter
def test_an_equation_is_numbered_by_its_chapter_and_once(path):
    tags = tags_of(path)
    assert [tag for tag in tags if not tag.startswith(f"{int(path.stem[:2])}.")] == []
    assert sorted(tags) == sorted(set(tags))


@every_appendix
def test_an_appendix_numbers_no_equation(path):
    assert tags_of(path) == []


@pytest.mark.parametrize("name", ["rnn_layers.py", "notebooks/gradient_check/__init__.py"])
def test_an_equation_that_a_module_names_is_printed_in_its_chapter(name):
    printed = {tag for path in NOTEBOOKS for tag in tags_of(path)}
    named = equations_in((TOP / name).read_text("utf-8"))
    assert named
    assert [n for n in named if int(n.split(".")[0]) in CHAPTERS and n not in printed] == []


@every_chapter
def test_a_chapter_is_short(path):
    words, _, _ = prose.measure(path)
    assert words <= MOST_WORDS.get(int(path.stem[:2]), 2500)


def test_no_two_chapters_share_a_number():
    assert len(CHAPTERS) == len(NUMBERED)


@every_chapter
def test_the_map_and_the_readme_ask_what_the_chapter_asks_and_say_how_long_it_takes(path):
    prose = source_of(path, "markdown")
    question = re.search(r"^\*\*(.+\?)\*\*$", prose, re.MULTILINE)[1].replace("$", "")
    minutes = re.search(r"About (\d+) minutes", prose)[1]
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for index in (source_of(CHAPTERS[0], "markdown"), readme):
        row = re.search(rf"^\|[^|\n]*\b{path.stem[:2]}\b.*$", index, re.MULTILINE)[0]
        assert row.endswith(f"| {question} | {minutes} |")


# The checks themselves, seen failing.


@pytest.mark.parametrize(
    "text",
    [
        "<function f at 0x7f3a10c2>",
        "/home/me/course/layers.py",
        "2026-11-22",
        "16:13:02",
        "12.5 ms",
        "0.1234567891",
        "40146.8738387778",
        "RuntimeWarning: overflow",
        "a gap of 5.2e-11",
    ],
)
def test_what_differs_between_machines_is_found(text):
    assert unstable(text)


@pytest.mark.parametrize("text", ["[[0.664 -0.12]]", "loss 2.19, then 0.4", "h = 1e-05", "3/4"])
def test_what_is_the_same_everywhere_is_left_alone(text):
    assert unstable(text) == []


@pytest.mark.parametrize("markdown", ["# a\n\n### b", "## a", "# a\n\n# b", "## a\n\n# b"])
def test_headings_out_of_order_are_found(markdown):
    assert heading_faults(headings_of(markdown))


def test_a_comment_in_fenced_code_is_no_heading():
    assert headings_of("# a\n\n```python\n# b\n```\n") == [(1, "a")]


@pytest.mark.parametrize(
    "markdown", ["![](a.png)", '<img src="a.png">', '<img alt="" src="a.png">']
)
def test_an_image_without_words_is_found(markdown):
    assert not all(alts_of(markdown))


@pytest.mark.parametrize(
    "link", ["nowhere.ipynb", "#no-such-heading", "../README.md#no-such-heading"]
)
def test_a_dead_link_is_found(link):
    assert dead_links(NOTEBOOKS[0], f"# Title\n\n[words]({link})") == [link]


def test_a_link_to_a_heading_is_followed():
    assert anchors_of("## Why does `b` sum?") == {"why-does-b-sum", "Why-does-b-sum?"}


def test_the_number_of_an_equation_is_read_from_its_comment():
    code = "dz = a  # (N, H)  eq. 3.1\ndb = b  # eqs. 3.5, 3.6\nx = 2.5  # eq. 10.12\ny = 3.3"
    assert equations_in(code) == ["3.1", "3.5", "3.6", "10.12"]
