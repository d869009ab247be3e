"""Would the tests notice? Changes the layers, and the gradient check, one operator, constant,
axis, ... at a time.

`python tests/mutation.py [NAME ...]` makes every change of the modules or functions named, as in
`gradient_check._judge`, by default of all, and runs the module's suite on each: a change that no
test notices, and that is not in EQUIVALENT with a reason, is a hole in the tests, and makes it
exit 1. So does a change that cannot be put in place, since no test has judged it.
"""

import ast
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
import copy
import importlib
import multiprocessing
import os
from pathlib import Path
import re
import sys
import time
from types import FunctionType
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
LAYERS = ["test_reference_numbers", "test_refusals", "test_gradients", "test_properties"]
COURT = ["test_gradient_check"]
MODULES = {  # its source, and the tests that have to notice a change of it
    "rnn_layers": ("rnn_layers.py", LAYERS),
    "gradient_check": ("notebooks/gradient_check/__init__.py", COURT),
    "gradient_check.diagnoses": ("notebooks/gradient_check/diagnoses.py", COURT),
}
PATIENCE = 60  # seconds for one mutant; the whole suite takes a few


class Mutant(NamedTuple):
    """A changed definition. `source` is run in the namespace of `module`, to replace it there."""

    place: str
    before: str
    after: str
    source: str
    module: str = "rnn_layers"

    @property
    def key(self):
        return self.place, self.after

    @property
    def names(self):
        return self.module, f"{self.module}.{self.place}"

    def __str__(self):
        return f"{self.place}\n    - {self.before}\n    + {self.after}"


UNCHANGED = Mutant("unchanged", "", "", "")
NOT_IN_PLACE = "the definition: "  # stands before the error where a change cannot be put in place

# What no test can notice: (place, changed line), and the reason.
EQUIVALENT = {
    (
        "rnn_forward",
        "x = x.swapaxes(0, 1)",
    ): "The copy is for speed; the products are the same from any layout.",
    (
        "lstm_forward",
        "x = x.swapaxes(0, 1)",
    ): "The copy is for speed; the products are the same from any layout.",
    (
        "gru_forward",
        "x = x.swapaxes(0, 1)",
    ): "The copy is for speed; the products are the same from any layout.",
    (
        "lstm_forward",
        "gates = (x @ Wx + b).reshape(T, N, 4, H).swapaxes(1, 2).copy()",
    ): "One large product is for speed; the numbers are those of T products.",
    (
        "gru_forward",
        "gates = (x @ Wx + b).reshape(T, N, 3, H).swapaxes(1, 2).copy()",
    ): "One large product is for speed; the numbers are those of T products.",
    (
        "lstm_forward",
        "gates = (x.reshape(T * N, D) @ Wx + b).reshape(T, N, 4, H).swapaxes(1, 2)",
    ): "The copy is for speed; the numbers are the same in any layout.",
    (
        "gru_forward",
        "gates = (x.reshape(T * N, D) @ Wx + b).reshape(T, N, 3, H).swapaxes(1, 2)",
    ): "The copy is for speed; the numbers are the same in any layout.",
    (
        "lstm_forward",
        "c, h = np.zeros((2, T + 1, N, H), x.dtype)",
    ): "Which of two equal arrays is taken for which does not matter.",
    (
        "lstm_backward",
        "dc, dprev_h = np.zeros((2, N, H), dh.dtype)",
    ): "Which of two equal arrays is taken for which does not matter.",
    (
        "gru_backward",
        "du, da = np.empty((2, T, N, 3 * H), dh.dtype)",
    ): "Which of two equal arrays is taken for which does not matter.",
    (
        "rnn_backward",
        "dprev_h = np.zeros_like(states[-1])",
    ): "All states have one shape and dtype; h_0 is the one that is there for T = 0 too.",
    (
        "rnn_backward",
        "WhT = Wh.T",
    ): "The copy is for speed; the products are the same from either layout.",
    (
        "temporal_affine_forward",
        "out = (x @ w).reshape(N, T, M)",
    ): "One product of two matrices is faster than N of them; the numbers are the same.",
    (
        "rnn_backward",
        "legend = 'x TND, Wx DH, Wh HH, states QNH, dh NTH'",
    ): "S stands for T + 1, the length of one axis alone.",
    (
        "gru_backward",
        "legend = 'x TND, Wx D3H, Wh H3H, h QNH, r TNH, z TNH, n TNH, u_n TNH, dh NTH'",
    ): "S stands for T + 1, the length of one axis alone.",
    (
        "word_embedding_backward",
        "x, W, dout = _fit_cache("
        "'word_embedding_forward', 'x NT integer, W QD, dout NTD', cache, dout)",
    ): "V is the length of one axis alone.",
    (
        "temporal_softmax_loss",
        "def temporal_softmax_loss(x, y, mask, verbose=True):",
    ): "The argument is there for callers, and does nothing.",
    (
        "temporal_softmax_loss",
        "scores = scores - scores.max(axis=1, keepdims=True)",
    ): "The largest complex number is that of the largest real part, and any shift cancels.",
    (
        "_against",
        "balanced = inner_product_gap(loss, at, has) < tolerance",
    ): "A gap of 1e-11 between numbers of 16 digits has five: it is not 1e-11 to the last bit.",
    (
        "directional_derivative",
        "def directional_derivative(f, at, direction, h=1e-29):",
    ): "The complex step subtracts nothing: each step that is small enough gives the same.",
    (
        "directional_derivative",
        "def directional_derivative(f, at, direction, h=1e-31):",
    ): "The complex step subtracts nothing: each step that is small enough gives the same.",
    (
        "_is_level",
        "again = directional_derivative(loss, at, direction, 7e-30)",
    ): "The complex step subtracts nothing: each step that is small enough gives the same.",
    (
        "_is_level",
        "again = directional_derivative(loss, at, direction, 7e-32)",
    ): "The complex step subtracts nothing: each step that is small enough gives the same.",
    (
        "_is_level",
        "if slope and np.isclose(slope, again, rtol=0.01, atol=0):",
    ): "Slopes that are rounding alone differ by tens of percent, others by nothing.",
    (
        "_is_level",
        "if slope and np.isclose(slope, again, rtol=0.0001, atol=0):",
    ): "Slopes that are rounding alone differ by tens of percent, others by nothing.",
    (
        "_sum_of_sizes",
        "return np.sum(np.abs(gradient[np.isfinite(gradient)])) if finite else 1.0",
    ): "What is no array of floats is refused, whatever its size is said to be.",
    (
        "_agreement",
        "if abs(slopes[best] - foretold[best]) <= allowed:",
    ): "What two roads are rounded by is not what is allowed, to the last bit.",
    (
        "_agreement",
        "lost = abs(before) * step < rounding * height",
    ): "What rounding loses is not known to the last bit; where both are zero the next step tells.",
    (
        "_all_agree",
        "return abs(directional_derivative(loss, at, level)) < rounded",
    ): "No slope is as large as is allowed, to the last bit; one of zero is allowed by both.",
    (
        "_is_unsteady",
        "moved = (at - direction * np.spacing(at)).astype(at.dtype)",
    ): "A direction has random signs.",
    (
        "Case.equal",
        "error = self.tolerance * np.max(np.abs(self.needs), initial=-1)",
    ): "An array without entries is equal to none, whatever its largest is said to be.",
    (
        "constant_ratio",
        "if abs(ratio - 1) <= 0.001 or not case.equal(case.has, ratio * case.needs):",
    ): "No number near 1 is 0.001 away from it: 0.001 has bits below the last of such a number.",
    (
        "_factors",
        "for count in range(1, len(sizes) + 2):",
    ): "No combination has more names than there are.",
}


# ---- Making mutants ------------------------------------------------------------------------------
OPERATORS = {
    ast.Add: [ast.Sub],
    ast.Sub: [ast.Add],
    ast.Mult: [ast.Div],
    ast.Div: [ast.Mult],
    ast.MatMult: [ast.Mult],
    ast.Pow: [ast.Mult],
    ast.BitAnd: [ast.BitOr],
    ast.BitOr: [ast.BitAnd],
    ast.And: [ast.Or],
    ast.Or: [ast.And],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
}


def mutants(module="rnn_layers"):
    """Return every mutant of the module, in the order of its file."""
    made = {}  # by source: some changes come to the same
    tree = ast.parse((ROOT / MODULES[module][0]).read_text(encoding="utf-8"))
    for owner, definition in _definitions(tree):
        for mutant in _mutants_of(definition):
            mutant = mutant._replace(place=owner + mutant.place, module=module)
            made.setdefault((mutant.place, mutant.source), mutant)
    return list(made.values())


def _definitions(tree, owner=""):
    """Yield functions, methods and named values, each with the class that it belongs to."""
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.Assign)):
            yield owner, node
        elif isinstance(node, ast.ClassDef):
            yield from _definitions(node, f"{node.name}.")


def _mutants_of(definition):
    place = getattr(definition, "name", None) or ast.unparse(definition.targets[0])
    original = ast.unparse(definition)
    for parent, field, index, node, statement in list(_nodes(definition, definition)):
        before = _first_line(statement)
        for variant in _variants(node) if not _is_set(parent, node) else []:
            _put(parent, field, index, variant)
            after = _first_line(variant if node is statement else statement)
            source = ast.unparse(definition)
            if source != original:
                yield Mutant(place, before, after, source)
        _put(parent, field, index, node)


def _nodes(parent, statement):
    """Yield all nodes below `parent`, each with where it hangs and the statement it is part of."""
    for field, value in ast.iter_fields(parent):
        for index, node in enumerate(value if isinstance(value, list) else [value]):
            if _is_message(node) or not isinstance(node, ast.AST):
                continue
            inside = node if isinstance(node, ast.stmt) else statement
            yield parent, field, index, node, inside
            yield from _nodes(node, inside)


def _is_message(node):
    """A docstring, or a text made for a person."""
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, ast.JoinedStr)


def _is_set(parent, node):
    """A tuple of which only the members count, in any order."""
    asked = isinstance(parent, ast.Compare) and isinstance(parent.ops[0], ast.In | ast.NotIn)
    return isinstance(node, ast.Tuple) and (asked or isinstance(parent, ast.ExceptHandler))


def _put(parent, field, index, node):
    if isinstance(getattr(parent, field), list):
        getattr(parent, field)[index] = node
    else:
        setattr(parent, field, node)


def _first_line(statement):
    return ast.unparse(statement).splitlines()[0]


def _variants(node):
    """Yield what a slip of the pen could make of the node."""
    match node:
        case ast.operator() | ast.boolop() | ast.cmpop():
            for kind in OPERATORS[type(node)]:
                yield kind()
        case ast.BinOp(left=left, right=right):
            yield from [left, right]
        case ast.BoolOp(values=values):
            yield from values
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.IfExp(body=body, orelse=orelse):
            yield from [body, orelse]
        case ast.AugAssign(target=target, value=value):
            yield ast.Assign([target], value, lineno=node.lineno)
            yield ast.Pass()
        case ast.Expr() | ast.Raise():
            yield ast.Pass()
        case ast.If(test=test):
            yield _with(node, test=ast.UnaryOp(ast.Not(), test))
        case ast.Attribute(value=value, attr="T" | "real"):
            yield value
        case ast.Slice():
            for bound in node._fields:
                yield _with(node, **{bound: None})
        case ast.comprehension():
            yield _with(node, ifs=[])
        case ast.Tuple(elts=elements):
            for i in range(len(elements) - 1):
                swapped = [elements[i + 1], elements[i]]
                yield _with(node, elts=elements[:i] + swapped + elements[i + 2 :])
        case ast.Constant(value=bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(value=int() as value):
            yield from [ast.Constant(value + 1), ast.Constant(value - 1)]
        case ast.Constant(value=float() as value):
            yield from (ast.Constant(float(f"{x:.9g}")) for x in (10 * value or 1.0, value / 10))
        case ast.Constant(value=str() as value):
            yield from map(ast.Constant, _changed_texts(value))
        case ast.Call():
            yield from _changed_calls(node)


def _changed_calls(call):
    """Yield the call left out, one keyword left out, and the last of several arguments left out."""
    of_object = isinstance(call.func, ast.Attribute) and ast.unparse(call.func.value) != "np"
    if of_object:
        yield call.func.value
    elif call.args and not isinstance(call.args[0], ast.Starred):
        yield call.args[0]
    for keyword in call.keywords:
        yield _with(call, keywords=[other for other in call.keywords if other is not keyword])
    if len(call.args) > 1:
        yield _with(call, args=call.args[:-1])


def _changed_texts(text):
    """Change each word and each letter of a legend, each letter of a short text, or all of it."""
    if re.fullmatch(r"(, )?\w+ [A-Z\d]+( \w+)?(, \w+ [A-Z\d]+( \w+)?)*", text):
        for word in re.finditer(r"(?<=\w )[A-Z\d]+", text):
            for i in range(*word.span()):
                other = str(int(text[i]) + 1) if text[i].isdigit() else "Q"
                yield f"{text[:i]}{other}{text[i + 1 :]}"
        for word in re.finditer(r"(?:^|(?<=, ))\w+| (integer|boolean)", text):
            yield text[: word.start()] + ("" if word[1] else "other") + text[word.end() :]
    elif len(text) <= 4:
        yield from (text[:i] + text[i + 1 :] for i in range(len(text)))
    else:
        yield ""


def _with(node, **fields):
    changed = copy.copy(node)
    for field, value in fields.items():
        setattr(changed, field, value)
    return changed


# ---- Judging them --------------------------------------------------------------------------------
def killers(mutants, suite=tuple(LAYERS), shares=None):
    """Return, for each mutant, the test of the suite that notices it, or None.

    All cores share the work, or so many processes, and one is ended if a mutant hangs it.
    """
    shares = shares or os.cpu_count()
    with ThreadPoolExecutor(shares) as pool:
        parts = [mutants[i::shares] for i in range(shares)]
        answers = list(pool.map(_killers_in_process, parts, [suite] * shares))
    return [answers[i % shares][i // shares] for i in range(len(mutants))]


def _killers_in_process(mutants, suite):
    mutants = [*mutants, UNCHANGED]  # the suite must be sound at the end, so it was all the way
    found = []
    while len(found) < len(mutants):
        here, there = multiprocessing.Pipe(duplex=False)
        spawn = multiprocessing.get_context("spawn")
        process = spawn.Process(target=_run_suite, args=(mutants[len(found) :], suite, there))
        process.start()
        there.close()
        try:
            here.recv()  # the tests are collected and sound, however busy the machine
            while len(found) < len(mutants) and here.poll(PATIENCE):
                found.append(here.recv())
        except EOFError:
            process.join()
            end = f"the process has ended with code {process.exitcode}"
            raise RuntimeError(f"{end} at {mutants[len(found)]}") from None
        if len(found) < len(mutants):
            found.append(f"no end within {PATIENCE} s")
        process.kill()
        process.join()
    if found[-1] is not None:
        raise RuntimeError(f"the suite fails on what is not changed: {found[-1]}")
    return found[:-1]


def _run_suite(mutants, suite, answers):
    """Collect the suite once, then run it on one mutant after the other."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # no reports but the answers
    os.environ.pop("PYTEST_ADDOPTS", None)
    tests = [str(ROOT / "tests" / f"{name}.py") for name in suite]
    options = ["--tb=native", "--override-ini=addopts=", "--disable-plugin-autoload"]
    pytest.main([*options, *tests], plugins=[_OneMutantAfterTheOther(mutants, answers)])


class _OneMutantAfterTheOther:
    def __init__(self, mutants, answers):
        self.mutants, self.answers, self.seconds = mutants, answers, Counter()
        self.called = {}  # by test: the names of the functions that it calls

    def pytest_configure(self):
        import hypothesis

        hypothesis.settings.register_profile(
            "mutation",
            database=None,
            deadline=None,
            derandomize=True,
            max_examples=10,
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        )
        hypothesis.settings.load_profile("mutation")

    def pytest_collection_modifyitems(self, items):
        """Leave out what is asked of plain code, which no mutant changes."""
        items[:] = [test for test in items if "plain" not in test.nodeid.rpartition("[")[2]]

    def pytest_runtestloop(self, session):
        if session.testsfailed:
            raise session.Failed("the suite cannot be collected")
        self.first_failure(session.items)
        tests = sorted(session.items, key=lambda test: self.seconds[test.nodeid])  # quick first
        likely = {}  # by place: the tests that call the function, the latest killer of it first
        for mutant in self.mutants:
            callers = [test for test in tests if mutant.place in self.called[test.nodeid]]
            likely.setdefault(mutant.place, callers or list(tests))  # what is no function: all
        self.answers.send("ready")
        for mutant in self.mutants:
            try:
                restore = _put_in_place(mutant)
            except Exception as error:
                self.answers.send(f"{NOT_IN_PLACE}{error!r}")
            else:
                self.answers.send(self.first_failure(likely[mutant.place]))
                restore()
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item):
        """At the first run of a test, the one on unchanged code, note what it calls."""
        if item.nodeid in self.called:
            return (yield)
        called = self.called[item.nodeid] = set()
        sys.setprofile(lambda frame, event, arg: called.add(frame.f_code.co_qualname))
        try:
            return (yield)
        finally:
            sys.setprofile(None)

    def pytest_runtest_logreport(self, report):
        self.failed |= report.failed
        self.seconds[report.nodeid] += report.duration

    def first_failure(self, tests):
        """Return the name of the first test that fails, and put it first: it may serve again."""
        self.failed = False
        for i, test in enumerate(tests):
            test.config.hook.pytest_runtest_protocol(item=test, nextitem=None)
            if self.failed:
                tests.insert(0, tests.pop(i))
                return test.nodeid
        return None


def _put_in_place(mutant):
    """Replace what the mutant changes, wherever it is known by name; return how to undo it."""
    if not mutant.source:
        return lambda: None
    module = importlib.import_module(mutant.module)
    namespace = dict(vars(module))
    exec(mutant.source, namespace)
    *owner, name = mutant.place.split(".")
    owner = getattr(module, owner[0]) if owner else module
    original, changed = getattr(owner, name, None), namespace.get(name)
    if isinstance(original, FunctionType) and isinstance(changed, FunctionType):
        parts = "__code__", "__defaults__", "__kwdefaults__"  # others have imported the function
    else:
        original, parts, changed = owner, [name], namespace
    kept = {part: getattr(original, part, None) for part in parts}

    def put(values):
        for part in parts:
            setattr(original, part, values[part])

    put(changed if changed is namespace else {part: getattr(changed, part) for part in parts})
    return lambda: put(kept)


# ---- The table -----------------------------------------------------------------------------------
def main():
    names = sys.argv[1:] or list(MODULES)
    made = [mutant for module in MODULES for mutant in mutants(module)]
    unknown = [name for name in names if name not in {part for m in made for part in m.names}]
    if unknown:
        sys.exit(f"There is nothing to change in {', '.join(unknown)}")
    made = [mutant for mutant in made if not set(names).isdisjoint(mutant.names)]
    stale = EQUIVALENT.keys() & {mutant.key for mutant in made}
    unjudged = 0
    for module in MODULES:
        of_module = [mutant for mutant in made if mutant.module == module]
        if not of_module:
            continue
        began = time.perf_counter()
        found = killers(of_module, MODULES[module][1])
        survivors = [mutant for mutant, killer in zip(of_module, found) if killer is None]
        holes = [mutant for mutant in survivors if mutant.key not in EQUIVALENT]
        stale -= {mutant.key for mutant in survivors}
        failed = [pair for pair in zip(of_module, found) if str(pair[1]).startswith(NOT_IN_PLACE)]
        unjudged += len(holes) + len(failed)
        for mutant in holes:
            print(f"No test notices {mutant}")
        for mutant, error in failed:
            print(f"Not judged, {error}: {mutant}")
        killed = len(of_module) - len(survivors) - len(failed)
        print(
            f"{module}: {len(of_module)} mutants in {time.perf_counter() - began:.0f} s: "
            f"{killed} killed, {len(survivors) - len(holes)} equivalent, "
            f"{len(holes)} unnoticed, {len(failed)} not put in place",
            flush=True,
        )
    for key in sorted(stale):
        print(f"EQUIVALENT names what a test notices: {key}")
    sys.exit(bool(unjudged or stale))


if __name__ == "__main__":
    main()
