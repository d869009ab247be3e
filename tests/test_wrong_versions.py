"""Every plausible mistake of the table makes the suite fail, and not by stopping."""

import layers
import mutation
import pytest

from course import wrong_versions


@pytest.fixture(scope="module")
def killers():
    """Return the test that fails, by wrong version."""
    mutants = [
        mutation.Mutant(row.function, "", row.name, row.source()) for row in wrong_versions.TABLE
    ]
    return dict(zip(wrong_versions.TABLE, mutation.killers(mutants)))


@pytest.mark.parametrize(
    "row", wrong_versions.TABLE, ids=lambda row: f"{row.function}-{row.name.replace(' ', '-')}"
)
def test_a_wrong_version_runs_to_its_end(row):
    layer, way = row.function.rsplit("_", 1)
    arguments = layers.scores() if way == "loss" else layers.arguments(layer).values()
    if way == "backward":
        arguments = layers.upstream(layer), layers.forward(layer, *arguments)[1]
    assert row.build()(*arguments) is not None


@pytest.mark.parametrize(
    "row", wrong_versions.TABLE, ids=lambda row: f"{row.function}-{row.name.replace(' ', '-')}"
)
def test_the_suite_notices_the_mistake(row, killers):
    assert killers[row], f"no test fails on {row.function} with the mistake: {row.name}"
