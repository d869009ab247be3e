"""The tests are tested: each small change of rnn_layers.py makes one of them fail."""

import mutation


def test_the_suite_notices_every_change_of_the_layers():
    made = [mutant for mutant in mutation.mutants() if mutant.key not in mutation.EQUIVALENT]
    killers = mutation.killers(made)
    holes = [str(mutant) for mutant, killer in zip(made, killers) if killer is None]
    assert not holes, "\n".join(["no test notices these changes:", *holes])


def test_every_equivalent_change_is_still_made_and_is_only_one():
    made = [mutant.key for mutant in mutation.mutants()]
    wrong = {key: made.count(key) for key in mutation.EQUIVALENT if made.count(key) != 1}
    assert not wrong, f"how often each is made: {wrong}"
