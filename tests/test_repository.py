"""The repository around the course, held to what it says of itself."""

from pathlib import Path
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PAGES = [ROOT / "README.md", *sorted((ROOT / ".github").glob("*.md"))]

TOP = {
    ".ci",
    ".github",
    ".gitignore",
    "CITATION.cff",
    "LICENSE",
    "README.md",
    "environment.yml",
    "notebooks",
    "pyproject.toml",
    "rnn_layers.py",
    "tests",
}


def run(*command, cwd=ROOT):
    """Run a command, installed beside this Python if it is there; everything it says is text."""
    program = shutil.which(command[0], path=sysconfig.get_path("scripts")) or command[0]
    return subprocess.run(
        [program, *command[1:]],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


def requirements(specifications):
    """Name to version bound: {"numpy": ">=1.26"}."""
    return dict(re.fullmatch(r"([\w-]+)(.*)", text).groups() for text in specifications)


@pytest.fixture(scope="module")
def tracked():
    """Path to mode of every file that git knows."""
    listing = run("git", "ls-files", "--stage") if shutil.which("git") else None
    if listing is None or listing.returncode:
        pytest.skip("this tree is no git checkout, so there is no list of what belongs to it")
    rows = (line.split(maxsplit=3) for line in listing.stdout.splitlines())
    return {path: mode for mode, _, _, path in rows}


# What is in the tree


def test_nothing_unknown_is_at_the_top(tracked):
    assert {Path(path).parts[0] for path in tracked} == TOP


def test_ci_runs_as_a_program(tracked):
    assert tracked[".ci/run"] == "100755"


def test_the_address_of_the_repository_stands_in_one_place(tracked):
    texts = [(ROOT / path).read_bytes() for path in tracked]
    assert sum(text.count(b"mybinder.org/" + b"v2/") for text in texts) == 1


# One name and one environment, said in several places


def test_the_project_has_one_name_and_no_other_repository_has_it():
    name = PYPROJECT["project"]["name"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    license = (ROOT / "LICENSE").read_text(encoding="utf-8")
    authors = f"The {name} authors"
    assert PYPROJECT["project"]["authors"] == citation["authors"] == [{"name": authors}]
    assert re.search(r"^Copyright \(c\) \d{4} (.*)$", license, re.MULTILINE)[1] == authors
    assert ENVIRONMENT["name"] == name
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"conda activate ([\w-]+)", readme) == [name]
    pages = [path.read_text(encoding="utf-8") for path in ROOT.glob("notebooks/*.ipynb")]
    exhibits = re.findall(r"github\.com/[\w-]+/([\w-]+)", "".join(pages))
    assert exhibits, "no repository named: the pattern has lost its grip"
    assert name not in exhibits


def test_conda_and_pip_ask_for_the_same_packages():
    conda = requirements(ENVIRONMENT["dependencies"])
    conda.pop("python")
    conda["matplotlib"] = conda.pop("matplotlib-base")  # the same package, less its Qt
    project = PYPROJECT["project"]
    pip = [*project["dependencies"], *project["optional-dependencies"]["course"]]
    assert conda == requirements(pip)
    assert ENVIRONMENT["channels"] == ["conda-forge"]


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker runs on Linux and macOS only")
def test_binder_reads_the_environment_as_meant(tmp_path):
    python = requirements(ENVIRONMENT["dependencies"])["python"]
    assert re.fullmatch(r"=3\.\d+", python), "Binder overlooks all but one exact Python"
    # Files that could change Binder's mind are all at the top or in a folder binder/ or .binder/.
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
        elif path.name in ("binder", ".binder"):
            shutil.copytree(path, tmp_path / path.name)
    built = run(sys.executable, "-m", "repo2docker", "--no-build", "--debug", ".", cwd=tmp_path)
    assert built.returncode == 0, built.stdout
    assert f"Building conda environment for python{python}\n" in built.stdout
    assert '--file "environment.yml"' in built.stdout


def test_workflow_runs_every_python_that_is_declared():
    project = PYPROJECT["project"]
    prefix = "Programming Language :: Python :: "
    declared = [c.removeprefix(prefix) for c in project["classifiers"] if c.startswith(prefix)]
    workflow = yaml.safe_load(
        (ROOT / ".github" / "workflows" / "tests.yml").read_text(encoding="utf-8")
    )
    matrix = workflow["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == declared
    assert project["requires-python"] == f">={declared[0]}"
    extremes = {row["packages"]: row["python"] for row in matrix["include"]}
    assert extremes == {"oldest": declared[0], "pre-release": declared[-1]}
    assert PYPROJECT["tool"]["ruff"]["target-version"] == "py" + declared[0].replace(".", "")


def test_citation_names_the_same_version_and_license():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    for key in ("version", "license"):
        assert citation[key] == PYPROJECT["project"][key]


# What the pages say


def anchors(page):
    """The anchors that the headings of a page make, as GitHub makes them."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    text = page.read_text(encoding="utf-8")
    definitions = dict(re.findall(r"^\[([^]]+)\]: (\S+)$", text, flags=re.MULTILINE))
    names = set(re.findall(r"\]\[([^]]+)\]", text))
    assert names == set(definitions)
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + list(definitions.values())
    assert targets
    broken = []
    for target in targets:
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_named_in_the_text_exists(page):
    text = page.read_text(encoding="utf-8")
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    words = {word for span in spans for word in span.split()}
    ending = re.compile(r"[\w./-]+\.(py|ipynb|yml|toml|cff|mplstyle|cfg|md)|[\w.-]+/([\w./-]*)")
    named = {word for word in words if ending.fullmatch(word) and not word.startswith(".venv")}
    assert named, "no file named: the pattern has lost its grip"
    assert sorted(word for word in named if not (ROOT / word).exists()) == []


def test_readme_links_every_chapter():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    linked = re.findall(r"\]\(notebooks/([^)]+\.ipynb)\)", text)
    assert linked == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_every_start_command_shows_the_whole_repository_beside_chapter_00():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    commands = re.findall(r"jupyter lab ([^`\n]+)", text)
    assert len(commands) == 4
    options = {command.replace("\\", "/") for command in commands}
    assert options == {"--notebook-dir=. notebooks/00-start-here.ipynb"}


def test_every_picture_of_a_page_has_alt_text():
    texts = [page.read_text(encoding="utf-8") for page in PAGES]
    alternatives = [alt for text in texts for alt in re.findall(r"!\[([^]]*)\]", text)]
    assert alternatives
    assert all(alternatives)


# What tools say


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_commit(workflow):
    uses = re.findall(r"uses: *(.*)", workflow.read_text(encoding="utf-8"))
    assert uses
    assert [u for u in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", u)] == []


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_job_has_a_time_limit(workflow):
    jobs = yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"]
    assert [name for name, job in jobs.items() if "timeout-minutes" not in job] == []


@pytest.mark.parametrize(
    "command",
    [
        "ruff check --no-cache .",
        "ruff format --no-cache --check .",
        "zizmor --offline --no-progress --persona=pedantic .github",
        "check-jsonschema --builtin-schema=vendor.dependabot .github/dependabot.yml",
        "check-jsonschema --builtin-schema=vendor.citation-file-format CITATION.cff",
        "check-jsonschema --builtin-schema=vendor.github-workflows "
        + " ".join(path.relative_to(ROOT).as_posix() for path in WORKFLOWS),
    ],
)
def test_linter_has_nothing_to_say(command):
    said = run(*command.split())
    assert said.returncode == 0, said.stdout
