"""Headless Chromium, driven through the pipe of its DevTools protocol: no driver and no port."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tests.servers import PATIENCE

FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --hide-scrollbars "
    "--remote-debugging-pipe"
).split()
REBOUND = "rebound.example"
"""A name of somebody else that points to this machine."""

FLAGS.append(f"--host-resolver-rules=MAP {REBOUND} 127.0.0.1")
OVERFLOWING = """
[...document.querySelectorAll("body *")]
  .filter(one => !one.closest(".scroller") && one.getClientRects().length)
  .filter(one => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(one => one.outerHTML.slice(0, 120))
"""

WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"

CONTRAST = """
(() => {
  const channels = colour => colour.match(/[0-9.]+/g).map(Number);
  const light = colour => {
    const [r, g, b] = channels(colour).map(one => one / 255)
      .map(one => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    for (; one; one = one.parentElement) {
      const [, , , alpha = 1] = channels(getComputedStyle(one).backgroundColor);
      if (alpha === 1) return getComputedStyle(one).backgroundColor;
    }
    return "rgb(255, 255, 255)";
  };
  return Math.min(...[...document.querySelectorAll("body *")]
    .filter(one => one.getClientRects().length)
    .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()))
    .map(one => {
      const pair = [light(getComputedStyle(one).color), light(ground(one))].sort((a, b) => b - a);
      return (pair[0] + 0.05) / (pair[1] + 0.05);
    }));
})()
"""

VIOLATIONS = """
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(one =>
  `${one.id}: ${one.nodes.map(node => `${node.html.slice(0, 120)} ${node.failureSummary}`).join("; ")}`))
"""
KEYS = {"Enter": ("\r", 13), "Escape": ("", 27), "Tab": ("", 9)}

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@cache
def axe() -> str:
    """Give the rules of accessibility that pages are held to, as a script."""
    return (files("axe_core_python") / "axe.min.js").read_text("utf-8")


def find_program() -> str | None:
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Browser:
    """One page. What it complains about is kept in `complaints`.

    A browser that does not do what it is asked for within `PATIENCE` is an error.

    Args:
        requests: The descriptor of the pipe to the browser.
        answers: The descriptor of the pipe from it.
    """

    def __init__(self, requests: int, answers: int) -> None:
        self._requests = requests
        self._answers = answers
        os.set_blocking(requests, False)
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._loaded: set[str] = set()
        self.complaints: list[str] = []
        self.fetched: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        request: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            request["sessionId"] = self._session
        ends = time.monotonic() + PATIENCE
        self._send(json.dumps(request).encode() + b"\0", ends)
        while True:
            message = self._message(ends)
            if message.get("id") == self._number:
                assert "error" not in message, (method, message["error"])
                result: dict[str, Any] = message["result"]
                return result

    def _send(self, request: bytes, ends: float) -> None:
        while request:
            _wait_for(self._requests, select.POLLOUT, ends)
            request = request[os.write(self._requests, request) :]

    def _message(self, ends: float) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            _wait_for(self._answers, select.POLLIN, ends)
            part = os.read(self._answers, 1 << 20)
            assert part, "the browser has gone"
            self._buffer += part
        line, _, self._buffer = self._buffer.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, parameters: dict[str, Any]) -> None:
        if method == "Page.lifecycleEvent" and parameters["name"] == "load":
            self._loaded.add(parameters["loaderId"])
        elif method == "Network.requestWillBeSent":
            self.fetched.append(parameters["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(parameters["exceptionDetails"]))
        elif method == "Log.entryAdded" and parameters["entry"]["level"] in ("error", "warning"):
            self.complaints.append(parameters["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "warning"):
            self.complaints.append(str(parameters["args"]))

    def emulate(self, width: int, height: int, scheme: str) -> None:
        """Show the page in a window of a size, in light or dark colours."""
        phone = width < 600
        screen: dict[str, Any] = {"width": width, "height": height, "mobile": phone}
        scale = 2 if phone else 1
        self.call("Emulation.setDeviceMetricsOverride", deviceScaleFactor=scale, **screen)
        preferences = {"prefers-color-scheme": scheme, "prefers-reduced-motion": "reduce"}
        features = [{"name": name, "value": value} for name, value in preferences.items()]
        self.call("Emulation.setEmulatedMedia", features=features)

    def open(self, url: str, width: int, height: int, scheme: str) -> None:
        self.emulate(width, height, scheme)
        # What only differs in its fragment would not be loaded again.
        for address in ("about:blank", url):
            self.fetched.clear()  # The page before may have gone on until now.
            loader = self.call("Page.navigate", url=address)["loaderId"]
            ends = time.monotonic() + PATIENCE
            while loader not in self._loaded:
                self._message(ends)

    def follow(self, selector: str) -> None:
        """Click a link that leads to another page, and wait for that."""
        before = len(self._loaded)
        self.click(selector)
        ends = time.monotonic() + PATIENCE
        while len(self._loaded) == before:
            self._message(ends)

    def evaluate(self, script: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until a condition of the page comes true."""
        ends = time.monotonic() + PATIENCE
        while not self.evaluate(f"Boolean({condition})"):
            assert time.monotonic() < ends, f"this did not come true: {condition}"
            time.sleep(0.05)

    def screenshot(self, kind: str) -> bytes:
        """Give what is in the window as an image, with every pixel as it is.

        Args:
            kind: `png` or `webp`.
        """
        # WebP changes pixels below that; PNG never does.
        quality = {"quality": 100} if kind == "webp" else {}
        answer = self.call("Page.captureScreenshot", format=kind, **quality)
        return base64.b64decode(answer["data"])

    def violations(self) -> list[str]:
        """Give what axe-core finds wrong with the page as it is now."""
        if not self.evaluate("'axe' in window"):
            self.evaluate(f"{axe()}; undefined")
        answer = self.call(
            "Runtime.evaluate", expression=VIOLATIONS, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in answer, answer
        found: list[str] = answer["result"]["value"]
        return found

    def press(self, key: str) -> None:
        text, code = KEYS[key]
        pressed = {"key": key, "code": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **pressed)
        self.call("Input.dispatchKeyEvent", type="keyUp", **pressed)

    def enter(self, selector: str, text: str) -> None:
        """Write a text into a field, in place of what is there."""
        field = f"document.querySelector({json.dumps(selector)})"
        self.evaluate(f"{field}.focus(); {field}.select()")
        self.call("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Click the middle of an element as a mouse does: what covers it gets the click instead."""
        box = self.evaluate(
            f"(() => {{ const it = document.querySelector({json.dumps(selector)});"
            "it.scrollIntoView({block: 'center'}); const box = it.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        at: dict[str, Any] = {"x": box[0], "y": box[1], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **at)


@contextlib.contextmanager
def browser(program: str, profile: Path) -> Iterator[Browser]:
    """Start Chromium with a fresh profile, and end it."""
    their_requests, our_requests = map(_high, os.pipe())
    our_answers, their_answers = map(_high, os.pipe())

    def pipes() -> None:
        os.dup2(their_requests, 3)
        os.dup2(their_answers, 4)

    process = subprocess.Popen(
        [program, *FLAGS, f"--user-data-dir={profile}"],
        pass_fds=(3, 4),
        preexec_fn=pipes,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(their_requests)
    os.close(their_answers)
    try:
        page = Browser(our_requests, our_answers)
        try:
            yield page
        finally:
            # How it ends is nothing that tests are about.
            with contextlib.suppress(AssertionError, OSError, subprocess.TimeoutExpired):
                page.call("Browser.close")
                process.wait(PATIENCE)
    finally:
        process.kill()
        process.wait()
        os.close(our_requests)
        os.close(our_answers)


def _wait_for(descriptor: int, event: int, ends: float) -> None:
    """Wait until a pipe can be written or read, or the other end is gone."""
    poll = select.poll()
    poll.register(descriptor, event)
    assert poll.poll(max(0.0, ends - time.monotonic()) * 1000), "the browser does not answer"


def _high(descriptor: int) -> int:
    """Return a copy of a descriptor that is out of the way of 3 and 4."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 20)
    os.close(descriptor)
    return copy
