"""The benchmark runs and compares equal numbers. No time is asserted."""

import subprocess
import sys

import benchmark
import busy
import nbformat
import pytest


def test_benchmark_runs_at_one_small_size():
    options = ["--sizes=2,3,4,5", "--growth=2,3,4,5", "--rounds=1"]
    command = [sys.executable, benchmark.__file__, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "not installed: " in done.stdout
    for cell in benchmark.CELLS:
        _, _, printed = done.stdout.partition(f"{cell}  N, T, D, H")
        table, _, growth = printed.partition(f"\nours, {cell}, as one size doubles")
        assert "2, 3, 4, 5" in table
        assert "geometric mean" in table
        assert "T = 3, 6, 12, 24" in growth


def test_benchmark_refuses_a_competitor_with_other_numbers(monkeypatch):
    right = benchmark.results(benchmark.ours("gru", *benchmark.arrays("gru", 2, 3, 4, 5)))
    wrong = [*right[:-1], 1.01 * right[-1]]
    answers = {"ours": right, "loop": wrong}
    monkeypatch.setattr(benchmark, "ask", lambda pipe, measure, size: answers[pipe])
    with pytest.raises(AssertionError, match="loop"):
        benchmark.compare({"ours": "ours", "loop": "loop"}, "gru", [(2, 3, 4, 5)], rounds=1)


def test_a_notebook_is_timed_alone_and_beside_a_busy_neighbour(tmp_path, monkeypatch, capsys):
    path = tmp_path / "short.ipynb"
    cell = nbformat.v4.new_code_cell("print(1 + 1)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    monkeypatch.setattr(sys, "argv", ["busy.py", str(path)])
    monkeypatch.setattr(busy, "ROUNDS", 1)
    busy.main()
    _, row = capsys.readouterr().out.splitlines()
    name, quiet, beside, ratio = row.split()
    assert name == "short"
    assert float(ratio) == pytest.approx(float(beside) / float(quiet), rel=0.1)
