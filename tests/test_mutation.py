"""The tests are tested: a small change of the code makes one of them fail.

A sample of the changes is tried here, for time; `python tests/mutation.py` tries all of them.
"""

import random

import mutation
import pytest


def made(*modules):
    return [mutant for module in modules for mutant in mutation.mutants(module)]


def assert_noticed(mutants, suite):
    mutants = [mutant for mutant in mutants if mutant.key not in mutation.EQUIVALENT]
    killers = mutation.killers(mutants, suite, shares=1)  # each process begins with all tests
    holes = [str(mutant) for mutant, killer in zip(mutants, killers) if killer is None]
    assert not holes, "\n".join(["no test notices these changes:", *holes])


@pytest.mark.parametrize(
    ("module", "suite", "size"),
    [("rnn_layers", mutation.LAYERS, 40), ("gradient_check.diagnoses", mutation.COURT, 20)],
)
def test_the_suite_notices_a_sample_of_the_changes(module, suite, size):
    assert_noticed(random.Random(0).sample(made(module), size), suite)


def test_every_equivalent_change_is_still_made_and_is_only_one():
    keys = [mutant.key for mutant in made(*mutation.MODULES)]
    wrong = {key: keys.count(key) for key in mutation.EQUIVALENT if keys.count(key) != 1}
    assert not wrong, f"how often each is made: {wrong}"
