"""The tests are tested: a small change of the code makes one of them fail.

A few changes of one module are tried here, for time; `python tests/mutation.py` tries all changes
of the layers and the gradient check, and so does a workflow once a week.
"""

import random

import mutation


def made(*modules):
    return [mutant for module in modules for mutant in mutation.mutants(module)]


def assert_noticed(mutants, suite):
    mutants = [mutant for mutant in mutants if mutant.key not in mutation.EQUIVALENT]
    killers = mutation.killers(mutants, suite, shares=1)  # each process begins with all tests
    holes = [str(mutant) for mutant, killer in zip(mutants, killers) if killer is None]
    assert not holes, "\n".join(["no test notices these changes:", *holes])


def test_the_suite_notices_a_sample_of_the_changes():
    sample = random.Random(0).sample(made("gradient_check.diagnoses"), 20)
    assert_noticed(sample, mutation.COURT)


def test_every_equivalent_change_is_still_made_and_is_only_one():
    keys = [mutant.key for mutant in made(*mutation.MODULES)]
    wrong = {key: keys.count(key) for key in mutation.EQUIVALENT if keys.count(key) != 1}
    assert not wrong, f"how often each is made: {wrong}"
