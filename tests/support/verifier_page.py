"""The page that checks proofs, in a browser: what it is given, and what it then shows."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.browser import Browser

Json = Any
_SHOWN = """(() => ({
  verdict: document.body.dataset.verdict,
  said: document.querySelector(".verdict").innerText,
  findings: [...document.querySelectorAll("li[data-check]")].map((line) => [
    line.dataset.check, line.className, line.querySelector(".text").lastChild.data,
  ]),
}))()"""


@dataclass(frozen=True)
class Shown:
    """What the page says: its verdict and the sentence to it; of each check its verdict, and its sentence."""

    verdict: str
    said: str
    verdicts: dict[str, str]
    texts: dict[str, str]

    @property
    def failing(self) -> set[str]:
        """The checks that fail."""
        return {check for check, verdict in self.verdicts.items() if verdict == "fails"}


class VerifierPage:
    """The page at an address. Files are written into `folder` first."""

    def __init__(self, browser: Browser, url: str, folder: Path) -> None:
        self.browser, self._folder = browser, folder
        browser.open(url)

    def check(self, proof: list[Json] | bytes, receipt: Json = None, name: str = "proof.ndjson") -> Shown:
        """Choose a proof file, and a receipt to it; wait for what the page says."""
        files = {name: proof if isinstance(proof, bytes) else as_lines(proof)}
        if receipt is not None:
            files["receipt.json"] = json.dumps(receipt).encode()
        return self.check_files(files)

    def check_files(self, files: dict[str, bytes]) -> Shown:
        """Choose files by these names."""
        for name, content in files.items():
            (self._folder / name).write_bytes(content)
        self.browser.evaluate("files = []; clear();")
        self.browser.choose(*(self._folder / name for name in files))
        self.browser.wait_until(lambda: self.browser.evaluate("document.body.dataset.state") == "done")
        shown = self.browser.evaluate(_SHOWN)
        verdicts = {check: verdict for check, verdict, _ in shown["findings"]}
        texts = {check: text for check, _, text in shown["findings"]}
        return Shown(shown["verdict"], shown["said"], verdicts, texts)


def as_lines(proof: list[Json]) -> bytes:
    """A file of JSON lines."""
    return "".join(json.dumps(line) + "\n" for line in proof).encode()
