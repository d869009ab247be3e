"""JupyterLab in a real browser: one server and one page for all notebooks."""

from contextlib import contextmanager
import json
import os
from pathlib import Path
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # all cells are on the page
    "docmanager-extension/plugin": {"autosave": False},
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}
CHROMIUM = [
    "--no-sandbox",  # the tests may run as root in a container
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
SIZE = {"width": 1280, "height": 1000}
TIMEOUT = 60  # seconds, for anything; the machine may be busy
LONGEST = 300  # seconds, for all cells of a notebook: the last chapter trains a network

# Notes errors of the kernel, cells that have been run, and moves that wait for an answer.
LISTEN = """async () => {
  const panel = jupyterapp.shell.currentWidget;
  await panel.context.ready;
  await panel.sessionContext.ready;
  const seen = window.seen = {errors: [], warnings: [], run: 0, asked: new Set(), ready: true};
  panel.sessionContext.session.kernel.anyMessage.connect((_, {msg, direction}) => {
    if (direction === 'send' && msg.header.msg_type === 'comm_msg')
      seen.asked.add(msg.header.msg_id);
  });
  panel.sessionContext.iopubMessage.connect((_, message) => {
    const {header, parent_header, content} = message;
    if (header.msg_type === 'error') seen.errors.push(content.ename + ': ' + content.evalue);
    // JupyterLab also looks for widgets of earlier runs: 'No such comm'.
    if (header.msg_type === 'stream' && content.name === 'stderr'
        && !content.text.startsWith('No such comm'))
      seen.warnings.push(content.text);
    if (header.msg_type === 'status' && content.execution_state === 'idle') {
      seen.asked.delete(parent_header.msg_id);
      if (parent_header.msg_type === 'execute_request') seen.run += 1;
    }
  });
}"""
CODE_CELLS = """() => [...jupyterapp.shell.currentWidget.content.model.cells]
  .filter(cell => cell.type === 'code' && cell.sharedModel.source.trim()).length"""

# From now on: when was an input made, when was a frame with a new picture shown, and was any frame
# without a picture, or with the picture or what follows it at another place?
WATCH = """([picture, calm]) => {
  const cell = picture.closest('.jp-Cell');
  const place = () => {
    const box = picture.getBoundingClientRect(), origin = cell.getBoundingClientRect();
    return [box.left - origin.left, box.top - origin.top, box.width, box.height, origin.height]
      .map(Math.round).join(' ');
  };
  const look = () => picture.querySelector('img') ?? picture;
  const watch = window.watch = {asked: null, took: [], blank: 0, moved: [], stop: false};
  const first = place();
  let shown = look().src;
  const onInput = () => { watch.asked ??= performance.now(); };
  for (const kind of ['keydown', 'pointermove', 'pointerdown', 'click', 'change'])
    document.addEventListener(kind, onInput, true);
  const frame = () => {
    const image = look();
    const there = image.tagName === 'IMG' && image.complete && image.naturalWidth > 0;
    if (!there) watch.blank += 1;
    if (calm && place() !== first) watch.moved.push(place() + ' instead of ' + first);
    if (there && image.src !== shown) {
      shown = image.src;
      watch.took.push(performance.now() - watch.asked);
      watch.asked = null;
    }
    if (!watch.stop) requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


class Missing(Exception):
    """There is no browser on this machine."""


def browser_path(playwright):
    """Debian's Chromium, or another that is installed, or Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = [path for path in map(shutil.which, names) if path]
    own = playwright.chromium.executable_path
    found += [own] if Path(own).exists() else []
    if not found:
        raise Missing(
            "The tests in a browser need Chromium, and there is none. Install Debian's package "
            "chromium, or run: python -m playwright install chromium. "
            "To leave these tests out, set WITHOUT_BROWSER=1."
        )
    return found[0]


@contextmanager
def server(root, state):
    """The address of a JupyterLab that serves `root` and keeps what it writes in `state`."""
    for name, settings in SETTINGS.items():
        file = state / "settings/@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings))
    folders = {
        f"{kind}_DIR": str(state / kind.lower())
        for kind in ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME", "JUPYTERLAB_WORKSPACES")
    }
    folders["JUPYTERLAB_SETTINGS_DIR"] = str(state / "settings")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = [
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
        "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={root}",
        "--IdentityProvider.token=",
        "--LabApp.expose_app_in_browser=True",
    ]
    command = [sys.executable, "-m", "jupyterlab", *options]
    log = state / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | folders, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, process, log)
            yield address
        finally:
            process.terminate()
            process.wait(20)


def wait_for(address, process, log):
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(f"{address}/api/status", timeout=2).close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab does not answer:\n{log.read_text()}")


def wait(page, condition, argument=None, seconds=TIMEOUT):
    """Wait until a condition holds; asked at each frame, as is usual, it would slow all else."""
    page.wait_for_function(condition, arg=argument, polling=30, timeout=1000 * seconds)


def choose(page, menu, item):
    """Choose an item of a menu, in JupyterLab or Notebook 7."""
    page.locator(".lm-MenuBar-itemLabel").get_by_text(menu, exact=True).click()
    page.locator(".lm-Menu-itemLabel").get_by_text(item, exact=True).click()


class Lab:
    """The page: opens notebooks one after the other, runs them, moves their controls."""

    def __init__(self, page, address):
        self.page, self.address = page, address
        page.set_default_timeout(TIMEOUT * 1000)
        page.goto(f"{address}/lab?reset")
        wait(page, "() => window.jupyterapp !== undefined")
        page.evaluate("() => jupyterapp.restored.then(() => true)")

    @contextmanager
    def notebook(self, path):
        """Open a notebook, and shut it and its kernel down in the end."""
        page = self.page
        page.evaluate(
            "path => { window.seen = {}; jupyterapp.commands.execute('docmanager:open', {path}); }",
            path,
        )
        wait(
            page,
            "path => jupyterapp.shell.currentWidget?.context?.path === path "
            "&& jupyterapp.shell.currentWidget.sessionContext",
            path,
        )
        page.evaluate(f"() => {{ ({LISTEN})(); }}")
        wait(page, "() => window.seen.ready")
        try:
            yield self
        finally:
            page.evaluate(
                """async () => {
                  const panel = jupyterapp.shell.currentWidget;
                  await panel.sessionContext.shutdown();
                  panel.context.model.dirty = false;
                  panel.dispose();
                }"""
            )

    def run_all(self):
        """Run > Run All Cells, from the menu; returns when all is done or a cell has failed."""
        page = self.page
        cells = page.evaluate("() => window.seen.run") + page.evaluate(CODE_CELLS)
        choose(page, "Run", "Run All Cells")
        done = "cells => window.seen.errors.length || window.seen.run >= cells"
        wait(page, done, cells, LONGEST)

    def is_changed(self):
        """Whether the notebook is marked as changed since it was opened or saved."""
        return self.page.evaluate("() => jupyterapp.shell.currentWidget.context.model.dirty")

    def save(self):
        """File > Save."""
        self.page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")

    def errors(self):
        """What the kernel has complained of so far."""
        return self.page.evaluate("() => [...window.seen.errors, ...window.seen.warnings]")

    def lives(self):
        """The live pictures of the open notebook: each with its controls."""
        lives = self.page.locator(".jp-NotebookPanel:visible .live")
        self.page.wait_for_timeout(300)  # the last of them is being built
        return [Live(self.page, box, box.locator(".picture")) for box in lives.all()]


class Live:
    """A picture and the controls above it, `box`."""

    def __init__(self, page, box, picture):
        self.page, self.box, self.picture = page, box, picture
        self.picture.locator("img").wait_for()

    @property
    def alt(self):
        return self.picture.locator("img").get_attribute("alt")

    @property
    def source(self):
        return self.picture.locator("img").get_attribute("src")

    def settle(self):
        """Wait until every move so far has been answered."""
        wait(self.page, "() => window.seen.asked.size === 0")
        self.page.wait_for_timeout(30)

    def act(self, action):
        """Do something to a control, and wait for the new picture and its words."""
        self.settle()
        old = self.alt
        action()
        wait(
            self.page,
            "([picture, old]) => { const image = picture.querySelector('img');"
            " return image && image.complete && image.naturalWidth && image.alt !== old; }",
            [self.picture.element_handle(), old],
        )


@contextmanager
def watching(page, picture, calm=True):
    """Watch a picture frame by frame; what was seen is in the dict in the end."""
    seen = {}
    page.evaluate(WATCH, [picture.element_handle(), calm])
    yield seen
    page.evaluate("() => { window.watch.stop = true; }")
    seen |= page.evaluate("() => window.watch")


@contextmanager
def open_lab(root, state):
    """JupyterLab on `root`, in a browser."""
    with sync_playwright() as playwright:
        executable = browser_path(playwright)
        with server(root, state) as address:
            browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM)
            page = browser.new_page(viewport=SIZE)
            yield Lab(page, address)
            browser.close()


def complaints(page):
    """What axe-core has to say of the outputs of the open notebook."""
    outputs = {"include": [[".jp-NotebookPanel:not(.lm-mod-hidden) .jp-OutputArea-output"]]}
    found = Axe().run(page, outputs).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def assert_calm(seen):
    assert seen["blank"] == 0, f"{seen['blank']} frames without a picture"
    assert seen["moved"] == []


def keep_screenshot(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")
