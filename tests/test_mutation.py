"""The tests are tested: each small change of the layers, or of the check, makes one fail."""

import random

import mutation
import pytest

ALL = [(module, mutation.mutants(module)) for module in mutation.MODULES]
SAMPLE = 60  # of each module of the check; `python tests/mutation.py` makes every change


def test_the_suite_notices_every_change_of_the_layers():
    assert_noticed(dict(ALL)["rnn_layers"], mutation.LAYERS)


@pytest.mark.parametrize("module", ["gradient_check", "gradient_check.diagnoses"])
def test_the_suite_notices_changes_of_the_gradient_check(module):
    made = dict(ALL)[module]
    assert_noticed(random.Random(0).sample(made, SAMPLE), mutation.COURT)


def assert_noticed(made, suite):
    made = [mutant for mutant in made if mutant.key not in mutation.EQUIVALENT]
    holes = [
        str(mutant) for mutant, killer in zip(made, mutation.killers(made, suite)) if not killer
    ]
    assert not holes, "\n".join(["no test notices these changes:", *holes])


def test_every_equivalent_change_is_still_made_and_is_only_one():
    made = [mutant.key for _, mutants in ALL for mutant in mutants]
    wrong = {key: made.count(key) for key in mutation.EQUIVALENT if made.count(key) != 1}
    assert not wrong, f"how often each is made: {wrong}"
