"""Whatever is sent that the documents allow, or nearly allow: the answer is one that they describe, and never a fault."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.house import House
from tests.support.resident import strong_key

# Because the house runs in this process, its threads roll dice while cases are drawn.
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the .random. module inside strategies")
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
)  # fmt: skip
CREDENTIALS = ("authorization", "x-publishable-key", "origin")


class Fuzzed:
    """What the fuzzers aim at: real objects, so that they get further than the first check."""

    def __init__(self, house: House) -> None:
        hall = house.hall
        experience = hall.experience()
        queue = hall.queue(experience, openAt="2020-01-01T00:00:00Z")
        guest = hall.granted(queue)
        spare = {"name": "Spare", "kind": "publishable", "mode": "live"}
        key = hall.admin("POST", "/organizations/current/keys", spare).json()
        self.hall, self.url = hall, house.url
        self.ids = {
            "experience_id": experience["id"], "experience": experience["slug"], "queue_id": queue["id"],
            "sequence_id": experience["sequences"][0]["id"], "consumer_id": guest["consumerId"],
            "organization_id": queue["organizationId"], "operation_id": guest["participationId"],
            "key_id": key["id"],
        }  # fmt: skip
        self.callers = {"person": hall.as_person(guest["accessToken"]), "server": hall.as_server}
        self.sent = 0

    def operations(self, api: str) -> Iterator[Any]:
        """Every operation of an API's document as it is published."""
        document = requests.get(f"{self.url}/{api}/api/v1/openapi.json", timeout=10).json()
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            yield found.ok()

    def headers(self, path: str, caller: str) -> dict[str, str]:
        """The headers of a caller; where a call ends a session or keeps a stream, of somebody new each time."""
        if caller == "person" and path.endswith(("/logout", "/events")):
            return self.hall.as_person(self.hall.guest()["accessToken"])
        return self.callers[caller]

    def look(self, case: Any, api: str, headers: Mapping[str, str]) -> None:
        """Send a case, two of three at an object that exists, and compare the answer with the document."""
        self.sent += 1
        if self.sent % 3 and not destroys(case):
            known = case.path_parameters or {}
            case.path_parameters = {name: self.ids.get(name, value) for name, value in known.items()}
        if isinstance(case.body, dict) and "organizations" in case.path:
            for shuts_everybody_out in ("status", "allowedOrigins", "slug"):
                case.body.pop(shuts_everybody_out, None)
        for name in list(case.headers):
            if name.lower() in CREDENTIALS:
                del case.headers[name]
        base = f"{self.url}/{api}/api/v1"
        if case.path.endswith("/events"):
            self._listen(case, base, headers)
            return
        response = case.call(base_url=base, headers=dict(headers), timeout=40)
        case.validate_response(response, checks=CHECKS)
        if response.status_code == 201 and "/keys" in case.path:
            self.hall.admin("DELETE", f"/organizations/current/keys/{response.json()['id']}")

    def _listen(self, case: Any, base: str, headers: Mapping[str, str]) -> None:
        """Of a stream only how it begins; whatever is no stream is an answer like any other."""
        sent = case.as_transport_kwargs(base_url=base, headers=dict(headers))
        with requests.request(**sent, timeout=40, stream=True) as response:
            if response.status_code != 200:
                case.validate_response(response, checks=CHECKS)
                return
            assert response.headers["Content-Type"].startswith("text/event-stream"), response.headers
            assert next(response.iter_lines()) == b"retry: 3000"


@pytest.fixture(scope="module")
def fuzzed(house: House) -> Fuzzed:
    return Fuzzed(house)


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("api", "caller"), [("consumer", "person"), ("consumer", "server"), ("admin", "server")])
def test_every_answer_is_one_that_the_document_describes(
    fuzzed: Fuzzed, api: str, caller: str, mode: GenerationMode
) -> None:
    failures = list[str]()
    for operation in fuzzed.operations(api):

        @given(case=operation.as_strategy(generation_mode=mode))
        @FEW
        def look(case: Any) -> None:
            headers = fuzzed.headers(case.path, caller)
            fuzzed.look(case, api, headers | {"Idempotency-Key": strong_key()})

        try:
            look()
        except (Exception, BaseExceptionGroup) as failure:  # noqa: BLE001 (one operation's failure must not hide the others')
            failures.append(f"{operation.label}: {_brief(failure)}")
    assert not failures, "\n".join(failures)


def _brief(failure: BaseException) -> str:
    while isinstance(failure, BaseExceptionGroup):
        failure = failure.exceptions[0]
    return f"{type(failure).__name__} {failure}"[:1500]


def destroys(case: Any) -> bool:
    """Whether a call would end what the others aim at."""
    return case.method == "DELETE" or case.path.endswith(("/kill", "/unpublish"))
