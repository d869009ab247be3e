"""The tests are tested: each small change of the layers makes one of them fail.

Of the changes of the LSTM and the GRU, and of what names a mistake in a gradient, a sample is tried
here, for time; `python tests/mutation.py` tries all of them, and those of the rest of the gradient
check.
"""

import random

import mutation


def made(*modules):
    return [mutant for module in modules for mutant in mutation.mutants(module)]


def assert_noticed(mutants, suite):
    mutants = [mutant for mutant in mutants if mutant.key not in mutation.EQUIVALENT]
    killers = mutation.killers(mutants, suite)
    holes = [str(mutant) for mutant, killer in zip(mutants, killers) if killer is None]
    assert not holes, "\n".join(["no test notices these changes:", *holes])


def is_gated(mutant):
    return mutant.place.startswith(("lstm_", "gru_"))


def test_the_suite_notices_every_change_of_the_layers_and_a_sample_of_those_with_gates():
    every = made("rnn_layers")
    gated = random.Random(0).sample([mutant for mutant in every if is_gated(mutant)], 100)
    assert_noticed([*gated, *(mutant for mutant in every if not is_gated(mutant))], mutation.LAYERS)


def test_the_suite_notices_a_sample_of_the_changes_of_the_diagnoses():
    sample = random.Random(0).sample(made("gradient_check.diagnoses"), 60)
    assert_noticed(sample, mutation.COURT)


def test_every_equivalent_change_is_still_made_and_is_only_one():
    keys = [mutant.key for mutant in made(*mutation.MODULES)]
    wrong = {key: keys.count(key) for key in mutation.EQUIVALENT if keys.count(key) != 1}
    assert not wrong, f"how often each is made: {wrong}"
