"""The page that checks proofs, as the gateway serves it: on every host, under a policy that allows itself alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api_gateway.http.verifier import PAGE
from tests.support.browser import running_browser
from tests.support.draw_tampering import HONEST
from tests.support.house import House
from tests.support.resident import soon
from tests.support.servers import wait_until
from tests.support.verifier_page import VerifierPage


@pytest.mark.parametrize("host", ["consumer.localhost", "admin.localhost:8080", "localhost", "elsewhere.example"])
def test_it_is_served_on_every_host_to_anybody(house: House, host: str) -> None:
    answer = house.hall.call("GET", "/verify", None, {"Host": host})
    assert (answer.status_code, answer.text) == (200, PAGE.read_text())
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_its_policy_allows_its_own_scripts_and_nothing_else(house: House) -> None:
    rules = dict(
        rule.split(" ", 1) for rule in house.hall.call("GET", "/verify", None, {}).headers["Content-Security-Policy"].split("; ")
    )  # fmt: skip
    scripts, styles = rules.pop("script-src").split(), rules.pop("style-src").split()
    assert (len(scripts), len(styles)) == (2, 1)
    assert all(source.startswith("'sha256-") for source in scripts + styles)
    assert rules.pop("worker-src") == "blob:"
    assert set(rules.values()) == {"'none'"}


@pytest.fixture
def page(house: House, tmp_path: Path) -> Iterator[VerifierPage]:
    """The page as the gateway serves it."""
    with running_browser() as browser:
        yield VerifierPage(browser, f"{house.url}/verify", tmp_path)
        assert browser.troubles == []


def test_it_works_under_its_policy_and_connects_to_nobody(page: VerifierPage) -> None:
    assert page.check(HONEST).verdict == "holds"
    refused = "fetch('/livez').then(() => 'went through', () => 'was refused')"
    assert page.browser.evaluate(refused) == "was refused"
    page.browser.troubles.clear()


def test_a_draw_of_this_gateway_holds_with_an_entrants_receipt(page: VerifierPage, house: House) -> None:
    hall = house.hall
    draw = hall.draw(1.5, winnerCount=2, maxTicketsPerEntry=3, ticketsBy="entrant")
    entrants = [hall.entrant(draw, tickets=1 + n % 3) for n in range(5)]
    hall.selected(draw)
    shown = page.check(hall.proof(draw), entrants[3]["receipt"])
    assert (shown.verdict, shown.failing) == ("holds", set())
    assert "rank" in shown.texts["entry"]


def test_an_opening_of_this_gateway_holds(page: VerifierPage, house: House) -> None:
    hall = house.hall
    queue = hall.queue(openAt=soon(1.5))
    for _ in range(5):
        hall.entered(queue)
    place = f"/queues/{queue['id']}/proof"
    wait_until(lambda: hall.visit("GET", place).json()["count"] is not None)
    files = {"proof.json": hall.visit("GET", place).content, "entries": hall.visit("GET", f"{place}/entries").content}
    shown = page.check_files(files)
    assert (shown.verdict, shown.failing) == ("holds", set())
