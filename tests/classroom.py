"""What a class needs: `python tests/classroom.py --readers 10` runs one on this machine.

A JupyterHub, its proxy, and for each reader a copy of the course, a server and a kernel: all are
processes of this machine, on loopback addresses. First each chapter is run by one reader alone.
Then all run theirs, the chapters dealt out in turns, all cells at the same moment, and who is
through moves the sliders until the last is through. What that took is printed as a table. No
browser takes part, so what a reader's own machine does is left out.

Needs what the course does not: the package jupyterhub beside this Python, and the program
configurable-http-proxy (see --proxy). Reads /proc, so Linux only. All ends after --minutes.
"""

import argparse
import asyncio
import contextlib
from dataclasses import dataclass
from datetime import date
from http.cookies import SimpleCookie
from importlib import metadata
from importlib.util import find_spec
import itertools
import json
import math
import os
from pathlib import Path
import platform
import shutil
import signal
import socket
import statistics
import subprocess
import sys
from tempfile import TemporaryDirectory
import threading
import time
from urllib.parse import urlencode
import uuid

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

ROOT = Path(__file__).parents[1]
MARK = "CLASSROOM"  # in the environment of each process that is started, so that none is left
MOVES = 15  # of a slider, by one reader alone
PAUSE = 1.0  # seconds from one answer of a slider to the next move of it
EVERY = 2.0  # seconds from one look at the memory to the next
STOP = 30  # seconds that the hub has for its own end
PACKAGES = ["jupyterhub", "jupyterlab", "ipykernel", "ipywidgets", "matplotlib", "numpy"]

CONFIG = """
c = get_config()
c.JupyterHub.authenticator_class = "dummy"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r}
c.Spawner.ip = "127.0.0.1"
c.Spawner.cmd = [{python!r}, "-m", "jupyterhub.singleuser"]
c.Spawner.args = ["--allow-root"]
c.Spawner.environment = {{{mark!r}: {token!r}, "OPENBLAS_NUM_THREADS": "1"}}
c.Spawner.start_timeout = c.Spawner.http_timeout = 180
"""


# What is missing


def missing(proxy):
    """What stands in the way, in sentences."""
    lines = []
    if sys.platform != "linux":
        lines.append("This script reads memory and processor time in /proc, which Linux alone has.")
    if find_spec("jupyterhub") is None:
        lines.append(f"There is no jupyterhub beside {Path(sys.executable).name}: pip install it.")
    if shutil.which(proxy) is None:
        lines.append(
            f"There is no program {Path(proxy).name}: npm install configurable-http-proxy, "
            "and give its path with --proxy."
        )
    return lines


# Processes: those with our mark, and what they use


def marked(token):
    """Return {process: reader, or "" for the hub and its proxy} of all that carry the mark."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            environment = (folder / "environ").read_bytes().split(b"\0")
            if f"{MARK}={token}".encode() in environment:
                named = dict(entry.split(b"=", 1) for entry in environment if b"=" in entry)
                found[int(folder.name)] = named.get(b"JUPYTERHUB_USER", b"").decode()
    return found


def megabytes(process):
    """The share of memory of a process: what n processes share counts one nth for each."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def processor_seconds(process):
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def by_reader(token, measure):
    """The sum over the processes of each reader."""
    sums = {}
    for process, reader in marked(token).items():
        sums[reader] = sums.get(reader, 0) + measure(process)
    return sums


def seconds_of_others(token):
    """Processor seconds that the machine has spent on what is neither ours nor this script."""
    fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
    user, nice, system, _, _, *rest = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields)
    ours = sum(by_reader(token, processor_seconds).values()) + time.process_time()
    return user + nice + system + sum(rest) - ours


class Memory(threading.Thread):
    """Looks at the memory now and then, and keeps the highest: of each reader, and of all."""

    def __init__(self, token):
        super().__init__(daemon=True)
        self.token, self.peaks, self.all = token, {}, 0.0

    def run(self):
        while True:
            now = by_reader(self.token, megabytes)
            self.all = max(self.all, sum(now.values()))
            for reader, used in now.items():
                self.peaks[reader] = max(self.peaks.get(reader, 0), used)
            time.sleep(EVERY)


def end(token):
    """End what is left with our mark: kindly, then not."""
    for sent, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        for process in marked(token):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, sent)
        until = time.monotonic() + seconds
        while marked(token) and time.monotonic() < until:
            time.sleep(0.1)
    return len(marked(token))


# The hub


def free_ports(count):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@contextlib.contextmanager
def running_hub(folder, proxy, token):
    """The address of a hub that keeps all that it writes in `folder`."""
    public, hub, api = free_ports(3)
    config = CONFIG.format(
        public=public,
        hub=hub,
        api=api,
        proxy=shutil.which(proxy),
        homes=f"{folder}/{{username}}",
        python=sys.executable,
        mark=MARK,
        token=token,
    )
    (folder / "config.py").write_text(config)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "--config=config.py"],
            cwd=folder,
            env=os.environ | {MARK: token},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield f"http://127.0.0.1:{public}"
        except BaseException:
            print("The hub's last words:", *log.read_text().splitlines()[-15:], sep="\n  ")
            raise
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP)
            if left := end(token):
                print(f"{left} processes could not be ended: look for {MARK}={token}.")


async def until_answer(address, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            return await AsyncHTTPClient().fetch(f"{address}/hub/api/")
        except (OSError, HTTPClientError):  # the proxy answers before the hub does
            if time.monotonic() > end:
                raise
            await asyncio.sleep(0.2)


# A reader


def state_in(message):
    """What a message of a widget says of its state."""
    return message["content"].get("data", {}).get("state", {})


class Reader:
    """Logs in, opens a chapter, runs its cells and moves its sliders, as JupyterLab would."""

    def __init__(self, address, name, notebook):
        self.address, self.name, self.notebook = address, name, notebook
        self.cookies, self.token, self.socket = {}, None, None
        self.heard = asyncio.Queue()
        self.sliders = {}  # what the kernel has said of each

    async def fetch(self, path, method="GET", body=None, kind=None):
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        headers["X-XSRFToken"] = self.cookies.get("_xsrf", "")
        if self.token:
            headers = {"Authorization": f"token {self.token}"}
        if kind:
            headers["Content-Type"] = kind
        request = HTTPRequest(
            self.address + path,
            method,
            headers,
            body,
            follow_redirects=False,
            request_timeout=300,
            allow_nonstandard_methods=True,
        )
        response = await AsyncHTTPClient().fetch(request, raise_error=False)
        if response.code >= 400:
            raise RuntimeError(f"{method} {path}: {response.code} {response.reason}")
        for cookie in response.headers.get_list("Set-Cookie"):
            self.cookies |= {key: morsel.value for key, morsel in SimpleCookie(cookie).items()}
        return response

    async def fetch_json(self, place, method="GET", **content):
        body = json.dumps(content) if method == "POST" else None
        return json.loads(
            (await self.fetch(place, method, body, "application/json")).body or "null"
        )

    async def open(self):
        """Log in, start a server, start a kernel; return the seconds."""
        start = time.perf_counter()
        await self.fetch("/hub/login")
        form = {"username": self.name, "password": "-", "_xsrf": self.cookies["_xsrf"]}
        await self.fetch("/hub/login", "POST", urlencode(form))
        user = f"/hub/api/users/{self.name}"
        self.token = (await self.fetch_json(f"{user}/tokens", "POST"))["token"]
        await self.fetch_json(f"{user}/server", "POST")
        while not (await self.fetch_json(user))["server"]:
            await asyncio.sleep(0.5)
        kernel = {"name": "python3"}
        path = f"notebooks/{self.notebook.name}"
        session = await self.fetch_json(
            f"/user/{self.name}/api/sessions",
            "POST",
            path=path,
            type="notebook",
            name="",
            kernel=kernel,
        )
        channels = f"/user/{self.name}/api/kernels/{session['kernel']['id']}/channels"
        request = HTTPRequest(
            self.address.replace("http", "ws", 1) + channels,
            headers={"Authorization": f"token {self.token}"},
            request_timeout=120,
        )
        self.socket = await websocket_connect(
            request, on_message_callback=self.heard.put_nowait, max_message_size=2**28
        )
        await self.execute("pass")
        return time.perf_counter() - start

    async def close(self):
        self.socket.close()
        await self.fetch_json(f"/hub/api/users/{self.name}/server", "DELETE")

    async def ask(self, kind, content, **extra):
        """Send a message to the kernel, and yield its answers until it is idle again."""
        asked = uuid.uuid4().hex
        header = {"msg_id": asked, "msg_type": kind, "session": self.name, "username": self.name}
        message = {"channel": "shell", "header": header | {"version": "5.3"}, "parent_header": {}}
        message |= {"content": content, "metadata": extra}
        await self.socket.write_message(json.dumps(message))
        while True:
            got = await self.heard.get()
            if got is None:
                raise RuntimeError(f"the kernel of {self.name} has hung up")
            answer = json.loads(got)
            self.note(answer)
            if answer["parent_header"].get("msg_id") != asked:
                continue
            yield answer
            if answer["content"].get("execution_state") == "idle":
                return

    def note(self, message):
        """Keep what the kernel says of its sliders: that there is one, and where it stands."""
        name, state = message["content"].get("comm_id"), state_in(message)
        if message["msg_type"] == "comm_open" and state.get("_model_name") == "IntSliderModel":
            self.sliders[name] = state
        elif message["msg_type"] == "comm_msg" and name in self.sliders:
            self.sliders[name] |= state

    async def execute(self, code, cell="none"):
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        async for answer in self.ask("execute_request", content, cellId=cell):
            if answer["msg_type"] == "error":
                raise RuntimeError(f"{self.name}: {answer['content']['evalue']} in\n{code}")

    async def run_all(self):
        """Run all cells, one after the other; return the seconds."""
        start = time.perf_counter()
        for cell in json.loads(self.notebook.read_text("utf-8"))["cells"]:
            if cell["cell_type"] == "code":
                await self.execute("".join(cell["source"]), cell["id"])
        return time.perf_counter() - start

    async def move(self, slider):
        """Move a slider by one place; return the seconds until its new picture is here."""
        state = self.sliders[slider]
        width = state["max"] - state["min"] + 1
        state["value"] = state["min"] + (state["value"] - state["min"] + 1) % width
        data = {"method": "update", "state": {"value": state["value"]}, "buffer_paths": []}
        start, took = time.perf_counter(), None
        async for answer in self.ask("comm_msg", {"comm_id": slider, "data": data}):
            if answer["msg_type"] == "comm_msg" and "<img" in str(state_in(answer).get("value")):
                took = time.perf_counter() - start
        if took is None:
            raise RuntimeError(
                f"{self.name}: {state['description']} was moved, and no picture came"
            )
        return took

    async def move_until(self, enough):
        """Move the sliders in turns until there is enough; return the seconds of each move."""
        moves, sliders = [], itertools.cycle(list(self.sliders))
        while not enough(moves) and self.sliders:
            await asyncio.sleep(PAUSE)
            moves.append(await self.move(next(sliders)))
        return moves


# The lesson


@dataclass
class Seen:
    """What was seen of a reader: seconds, those of the processor, the cores that others kept busy
    while the cells ran, and the seconds of each move."""

    reader: str
    chapter: str
    to_kernel: float
    cells: float
    processor: float
    others: float
    moves: list


async def study(reader, to_kernel, enough, token):
    """Run all cells, and move the sliders until there is `enough(moves)`."""
    before = seconds_of_others(token)
    cells = await reader.run_all()
    others = (seconds_of_others(token) - before) / cells
    processor = by_reader(token, processor_seconds)[reader.name]
    moves = await reader.move_until(enough)
    chapter = reader.notebook.name[:2]
    return Seen(reader.name, chapter, to_kernel, cells, processor, others, moves)


async def alone(address, notebook, token):
    """One reader with one chapter."""
    reader = Reader(address, f"alone-{notebook.name[:2]}", notebook)
    seen = await study(reader, await reader.open(), lambda moves: len(moves) >= MOVES, token)
    await reader.close()
    return seen


async def together(address, notebooks, count, token):
    """All readers at once; chapters are dealt out in turns."""
    deal = itertools.cycle(notebooks)
    readers = [Reader(address, f"reader-{k:02}", next(deal)) for k in range(1, count + 1)]
    to_kernel = await asyncio.gather(*(reader.open() for reader in readers))
    at_work = set(readers)

    def nobody_at_work(reader):
        at_work.discard(reader)
        return not at_work

    return await asyncio.gather(
        *(
            study(reader, seconds, lambda _, reader=reader: nobody_at_work(reader), token)
            for reader, seconds in zip(readers, to_kernel)
        )
    )


async def lesson(address, notebooks, count, token):
    """Return what was seen of readers alone, and of all at once, and of the memory."""
    AsyncHTTPClient.configure(None, max_clients=10 + count)
    await until_answer(address)
    memory = Memory(token)
    memory.start()
    single = [await alone(address, notebook, token) for notebook in notebooks]
    memory.all = 0.0
    many = await together(address, notebooks, count, token)
    return single, many, memory


# The table


def spread(numbers, decimals=0):
    """Median and worst, or the one number that there is."""
    middle, worst = (f"{n:.{decimals}f}" for n in (statistics.median(numbers), max(numbers)))
    return middle if len(numbers) == 1 else f"{middle}, worst {worst}"


def percentile(numbers, share):
    """The smallest of the numbers that at least this share of them do not exceed."""
    return sorted(numbers)[math.ceil(share * len(numbers)) - 1]


def answers(seen):
    """Of all moves the median and the 90th percentile, in milliseconds, and how many there were."""
    moves = [1000 * seconds for each in seen for seconds in each.moves]
    if not moves:
        return "no move"
    return f"{statistics.median(moves):.0f}, {percentile(moves, 0.9):.0f}, {len(moves)}"


def table(single, many, memory):
    """Markdown: a line for each thing measured, alone beside all at once."""
    parts = {
        "all cells, s": lambda seen: spread([each.cells for each in seen]),
        "cores busy with other work": lambda seen: spread([each.others for each in seen], 1),
        "processor, s": lambda seen: spread([each.processor for each in seen]),
        "server and kernel, MB": lambda seen: spread([memory.peaks[each.reader] for each in seen]),
        "a slider's answer, ms: median, 90th percentile, moves": answers,
    }
    rows = [
        ("from login to kernel, s", *(spread([e.to_kernel for e in s]) for s in (single, many)))
    ]
    for chapter in sorted({each.chapter for each in many}):
        both = [[each for each in seen if each.chapter == chapter] for seen in (single, many)]
        rows += [(f"chapter {chapter}, {label}", *map(part, both)) for label, part in parts.items()]
    rows.append(("hub and proxy, MB", "", f"{memory.peaks['']:.0f}"))
    rows.append(("all processes together, MB", "", f"{memory.all:.0f}"))
    head = [("", "one reader alone", f"{len(many)} at once"), ("---", "---", "---")]
    return "\n".join(f"| {' | '.join(row)} |" for row in head + rows)


def circumstances(proxy):
    """Versions, machine and day."""
    said = subprocess.run([shutil.which(proxy), "--version"], capture_output=True, text=True)
    versions = [f"{name} {metadata.version(name)}" for name in PACKAGES]
    versions += [
        f"configurable-http-proxy {said.stdout.strip()}",
        f"Python {platform.python_version()}",
    ]
    return f"{date.today()}, {len(os.sched_getaffinity(0))} cores; {', '.join(versions)}."


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readers", type=int, default=10, help="how many at once (10)")
    parser.add_argument("--chapters", nargs="+", default=["05", "09"], help="dealt out (05 09)")
    parser.add_argument("--minutes", type=float, default=8, help="after which all ends (8)")
    parser.add_argument(
        "--proxy", default="configurable-http-proxy", help="the program, or its path"
    )
    options = parser.parse_args()
    if options.readers < 1:
        parser.error("a class has one reader at least")
    if lines := missing(options.proxy):
        sys.exit("\n".join(lines))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped from outside"))
    token = uuid.uuid4().hex
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        folder = Path(folder)
        names = [f"alone-{chapter}" for chapter in options.chapters]
        names += [f"reader-{k:02}" for k in range(1, options.readers + 1)]
        ignored = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
        for name in names:
            shutil.copytree(ROOT / "notebooks", folder / name / "notebooks", ignore=ignored)
            shutil.copy(ROOT / "rnn_layers.py", folder / name)
        found = [next(ROOT.glob(f"notebooks/{chapter}-*.ipynb")) for chapter in options.chapters]
        with running_hub(folder, options.proxy, token) as address:
            work = lesson(address, found, options.readers, token)
            try:
                measured = asyncio.run(asyncio.wait_for(work, 60 * options.minutes))
            except TimeoutError:
                sys.exit(f"not done within {options.minutes:g} minutes")
    print(table(*measured))
    print(f"\n{circumstances(options.proxy)}")


if __name__ == "__main__":
    main()
