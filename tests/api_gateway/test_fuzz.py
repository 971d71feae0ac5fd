"""Whatever is sent that the documents allow, or nearly allow: the answer is one that they describe, and never a fault."""

from collections.abc import Mapping
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.house import House, strong_key

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(
    max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck),
)  # fmt: skip


class Fuzzed:
    """What the fuzzers aim at: real objects, so that they get further than the first check."""

    def __init__(self, house: House) -> None:
        hall = house.hall
        experience = hall.experience()
        queue = hall.queue(experience, admitRate=600)
        guest = hall.granted(queue)
        self.hall, self.url = hall, house.url
        self.ids = {
            "experience_id": experience["id"], "experience": experience["slug"], "queue_id": queue["id"],
            "sequence_id": experience["sequences"][0]["id"], "consumer_id": guest["consumerId"],
            "organization_id": queue["organizationId"],
        }  # fmt: skip
        self.person = hall.as_person(guest["accessToken"])


@pytest.fixture(scope="module")
def fuzzed(house: House) -> Fuzzed:
    return Fuzzed(house)


def schema_of(fuzzed: Fuzzed, api: str) -> Any:
    """The schema of an API as it is published."""
    document = requests.get(f"{fuzzed.url}/{api}/api/v1/openapi.json", timeout=10).json()
    return schemathesis.openapi.from_dict(document)


@pytest.fixture(scope="module")
def consumer_schema(fuzzed: Fuzzed) -> Any:
    return schema_of(fuzzed, "consumer")


@pytest.fixture(scope="module")
def admin_schema(fuzzed: Fuzzed) -> Any:
    return schema_of(fuzzed, "admin")


consumer = schemathesis.pytest.from_fixture("consumer_schema")
admin = schemathesis.pytest.from_fixture("admin_schema")


def sent(fuzzed: Fuzzed, case: Any, api: str, headers: Mapping[str, str]) -> None:
    """Send a case, every other one at an object that exists, and look at the answer."""
    if hash(str(case.path_parameters)) % 2:
        case.path_parameters = {
            name: fuzzed.ids.get(name, value) for name, value in (case.path_parameters or {}).items()
        }
    for name in ("Authorization", "X-Publishable-Key"):
        case.headers.pop(name, None)
    response = case.call(base_url=f"{fuzzed.url}/{api}/api/v1", headers=dict(headers), timeout=40)
    case.validate_response(response, checks=CHECKS)


@consumer.parametrize()
@FEW
def test_the_consumer_api_as_a_person(case: Any, fuzzed: Fuzzed) -> None:
    sent(fuzzed, case, "consumer", fuzzed.person)


@consumer.parametrize()
@FEW
def test_the_consumer_api_as_a_server(case: Any, fuzzed: Fuzzed) -> None:
    sent(fuzzed, case, "consumer", fuzzed.hall.as_server | {"Idempotency-Key": strong_key()})


@admin.parametrize()
@FEW
def test_the_admin_api_as_a_server(case: Any, fuzzed: Fuzzed) -> None:
    sent(fuzzed, case, "admin", fuzzed.hall.as_server)
