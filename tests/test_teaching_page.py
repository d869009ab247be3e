"""What .github/TEACHING.md says is so: its paths, its commands, its arithmetic."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys

import classroom
from desk import CHAPTERS, EXERCISES, built, said, source_of
import nbformat
import pytest
from test_repository import ROOT

from course import exercises
from gradient_check import check_layer

PAGE = (ROOT / ".github" / "TEACHING.md").read_text(encoding="utf-8")


def fenced(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def rows(first):
    """The rows of the table whose head has `first` in it, as lists of cells."""
    tables = re.findall(r"(?:^\|.*\n)+", PAGE, re.MULTILINE)
    [table] = [table for table in tables if first in table.splitlines()[0]]
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_the_page_is_short():
    unseen = r"^```.*?^```$|^\|.*?$|\]\([^)]*\)"  # code, tables, targets of links
    text = re.sub(unseen, "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert len(re.findall(r"[A-Za-z0-9][\w'.-]*", text)) <= 900


# Paths


def minutes():
    """Minutes of each chapter, as README.md has them."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return {n: int(m) for n, m in re.findall(r"^\| (\d\d) \|.*\| (\d+) \|$", readme, re.MULTILINE)}


@pytest.mark.parametrize("path", ["one week", "a whole course"])
def test_a_path_has_the_minutes_of_its_chapters(path):
    [row] = [row for row in rows("minutes of reading") if row[0].startswith(path)]
    chapters = re.findall(r"\b\d\d\b", row[1])
    assert chapters == sorted(set(chapters))
    assert sum(minutes()[chapter] for chapter in chapters) == int(row[2])
    if path == "a whole course":
        assert chapters == sorted(minutes())
    sittings = {"five afternoons": 5, "twelve weeks": 12}[row[0].rpartition(", ")[2]]
    assert len(row[1].split(";")) == sittings


def test_every_exercise_that_is_named_has_a_check():
    for row in rows("minutes of reading"):
        chapters = set(re.findall(r"\b\d\d\b(?!\.)", row[1]))
        for exercise in re.findall(r"\d\d\.\d", " ".join(row[1:])):
            assert exercise[:2] in chapters
            assert exercise in CHAPTERS[f"chapter_{exercise[:2]}"].EXERCISES


def headings(chapter):
    [path] = ROOT.glob(f"notebooks/{chapter}-*.ipynb")
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    return text, re.findall(r"^## (.+)$", text, re.MULTILINE)


def test_the_lecture_names_sections_that_are_there():
    [lecture] = [row[1] for row in rows("minutes of reading") if row[0].startswith("one lecture")]
    sections = re.findall(r'"([^"]+)"', lecture)
    assert len(sections) == 4
    found = headings("03")[1] + headings("05")[1]
    assert [s for s in sections if not any(s in heading for heading in found)] == []


@pytest.mark.parametrize("chapter", [f"{k:02}" for k in range(1, 14)])
def test_every_chapter_has_answers_to_its_paper_folded_below(chapter):
    text = headings(chapter)[0]
    _, found, rest = re.split(r"^(## Exercise .* on paper.*)$", text, flags=re.MULTILINE)
    assert found
    assert "<details><summary>Answers" in rest


# Answers


def cell(name, source):
    chapter = EXERCISES[name][1].__name__
    return f"from {chapter} import check\nimport numpy as np\n\n{source}\n\ncheck({name})"


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """A reader's notebook: one answer right, one wrong, one left blank."""
    folder = tmp_path_factory.mktemp("answers")
    right = source_of("total_derivative")
    wrong = source_of("rnn_forward").replace(" + b", " - b")
    assert wrong != source_of("rnn_forward")
    blank = "def two_sided(f, z, h):\n    slope = ...\n    return slope"
    texts = [
        cell("total_derivative", right),
        cell("rnn_forward", wrong),
        cell("two_sided", blank),
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(text) for text in texts])
    (folder / "anna").mkdir()
    nbformat.write(notebook, folder / "anna" / "tiny.ipynb")
    return folder


def collect(folder, **changed):
    """Run the command of the page on a folder of answers; its return code and what it says."""
    [command] = [
        line for block in fenced("bash") for line in block.splitlines() if "pytest" in line
    ]
    words = shlex.split(
        command.replace("$PWD", ROOT.as_posix()).replace("../answers", folder.as_posix())
    )
    start = words.index("python")
    environment = dict(word.split("=", 1) for word in words[:start]) | changed
    assert environment.keys() == {"COURSE_STRICT", "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *words[start + 1 :]],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, re.sub(r"\x1b\[[\d;]*m", "", done.stdout)


def test_the_command_that_collects_fails_what_is_wrong_and_what_is_blank(answers):
    code, words = collect(answers)
    assert code == 1
    assert re.findall(r"^FAILED .*anna/tiny\.ipynb::Cell (\d)", words, re.MULTILINE) == ["1", "2"]
    assert "1 passed" in words
    assert "To do: slope in two_sided." in words
    wrong = re.findall(r"^AssertionError: (Wrong: .*)$", words, re.MULTILINE)
    assert set(wrong) == {"Wrong: h."}  # where CI is set, pytest says it once more at the end


def test_the_course_that_judges_is_that_of_the_teacher(answers, tmp_path):
    folder = tmp_path / "answers" / "ben"
    shutil.copytree(answers / "anna", folder)
    (folder / "course").mkdir()
    forged = "def check(function):\n    print('Right:', function)\n"
    for chapter in ("02", "04", "05"):
        (folder / "course" / f"chapter_{chapter}.py").write_text(forged)
    (folder / "course" / "__init__.py").write_text("")
    code, words = collect(folder.parent)
    assert code == 1
    assert "2 failed, 1 passed" in words


def test_without_the_switch_nothing_fails(answers):
    code, words = collect(answers, COURSE_STRICT="0")
    assert code == 0
    assert "3 passed" in words


def test_hint_and_solution_go_on_helping(monkeypatch):
    free = [said(CHAPTERS["chapter_05"].solution, "rnn_backward")]
    free.append(said(CHAPTERS["chapter_05"].hint, "rnn_backward", level=1))
    monkeypatch.setattr(exercises, "strict", True)
    strict = [said(CHAPTERS["chapter_05"].solution, "rnn_backward")]
    strict.append(said(CHAPTERS["chapter_05"].hint, "rnn_backward", level=1))
    assert strict == free


# An exercise without a solution in sight

ANSWER = """
def backward(dout, cache):
    x, h, W, U, a, new = cache
    dz = dout * (1 - new**2)
    dU = h.T @ (a * dz)
    return dz @ W.T, dout + (a * dz) @ U.T, x.T @ dz, dU, np.sum(dz * (h @ U), axis=0)
"""


@pytest.mark.parametrize(
    ("right", "wrong", "spoilt"),
    [("", "", None), ("dout + ", "", "dh"), ("h.T @ (a * dz)", "h.T @ dz", "dU")],
)
def test_the_exercise_of_the_page_is_judged_by_its_forward_pass_alone(right, wrong, spoilt, rng):
    given, asked = fenced("python")
    forward = built("forward", given)
    backward = built("backward", ANSWER.replace(right, wrong))
    shapes = {"x": (5, 3), "h": (5, 4), "W": (3, 4), "U": (4, 4), "a": (4,)}
    arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    names = {"check_layer": check_layer, "forward": forward, "backward": backward} | arrays
    if spoilt is None:
        exec(asked, names)
        return
    with pytest.raises(AssertionError, match=f"Wrong: {spoilt}. "):
        exec(asked, names)


# What is measured


def test_the_page_names_the_command_that_measures():
    [command] = [line for line in PAGE.splitlines() if "tests/classroom.py" in line]
    assert "python tests/classroom.py --readers 10" in command


def measured(label):
    """What the table has of all readers at once: {label: its numbers}, without the commas."""
    [cells] = [row[2] for row in rows("one reader alone") if row[0] == label]
    return [float(number) for number in re.findall(r"[\d.]+", cells)]


def test_the_arithmetic_for_thirty_is_that_of_the_table():
    _, worst = measured("chapter 09, server and kernel, MB")
    [hub] = measured("hub and proxy, MB")
    total = 30 * worst + hub
    assert f"30 × {worst:.0f} + {hub:.0f} = {total:,.0f} MB" in PAGE
    long, short = (measured(f"chapter {chapter}, processor, s")[0] for chapter in ("09", "05"))
    work = 15 * (long + short)
    assert f"15 × {long:.0f} + 15 × {short:.0f} = {work:.0f} s of work" in PAGE
    text = " ".join(PAGE.split())
    assert f"at least {work / 2:.0f} s on two cores and {work / 8:.0f} s on eight" in text
    took = measured("chapter 09, all cells, s")[-1]
    assert f"at least {5 * (long + short) / 2:.0f} s on two cores; it took {took:.0f} s" in text
    assert f"had to wait for {measured('from login to kernel, s')[0]:.0f} s;" in text
    assert measured("chapter 05, a slider's answer, ms: median, 90th percentile, moves")[1] <= 250
    assert measured("chapter 09, a slider's answer, ms: median, 90th percentile, moves")[2] == 4


def test_the_table_has_the_rows_that_the_script_prints():
    memory = classroom.Memory("")
    memory.peaks = dict.fromkeys(["", "alone-05", "alone-09", "a", "b"], 1.0)
    single = [seen(f"alone-{chapter}", chapter, 1.0, [0.1]) for chapter in ("05", "09")]
    many = [seen(name, chapter, 1.0, [0.1]) for name, chapter in (("a", "05"), ("b", "09"))]
    printed = classroom.table(single, many, memory).splitlines()[2:]
    assert [line.split("|")[1].strip() for line in printed] == [
        row[0] for row in rows("one reader alone")
    ]


def test_the_measuring_script_says_what_is_missing():
    command = [sys.executable, classroom.__file__, "--readers=1", "--proxy=no-such-proxy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    assert "There is no program no-such-proxy: npm install" in done.stderr


def seen(reader, chapter, cells, moves):
    return classroom.Seen(reader, chapter, 5.0, cells, 4.0, 0.25, moves)


def test_the_table_sets_one_reader_beside_all():
    memory = classroom.Memory("")
    memory.peaks = {"": 150.0, "alone-05": 200.0, "reader-01": 180.0, "reader-02": 190.0}
    memory.all = 520.0
    single = [seen("alone-05", "05", 10.0, [0.1] * 10)]
    many = [seen("reader-01", "05", 20.0, [0.2] * 9 + [0.9]), seen("reader-02", "05", 30.0, [])]
    table = classroom.table(single, many, memory)
    assert "| chapter 05, all cells, s | 10 | 25, worst 30 |" in table
    assert "| chapter 05, server and kernel, MB | 200 | 185, worst 190 |" in table
    assert "moves | 100, 100, 10 | 200, 200, 10 |" in table
    assert table.endswith("| all processes together, MB |  | 520 |")


def test_a_process_is_found_by_its_mark_and_ended():
    if sys.platform != "linux":
        pytest.skip("/proc is Linux's")
    environment = os.environ | {classroom.MARK: "test", "JUPYTERHUB_USER": "anna"}
    code = "import time; print(flush=True); time.sleep(60)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert classroom.marked("test") == {process.pid: "anna"}
        assert classroom.by_reader("test", classroom.megabytes)["anna"] > 1
        assert classroom.by_reader("test", classroom.processor_seconds)["anna"] >= 0
        assert classroom.end("test") == 0
    assert process.returncode < 0
