"""Problems: one shape, one table."""

import json
from http import HTTPStatus
from uuid import uuid4

import pytest

from api_gateway.problems import CODES, Problem, problem, problem_body, problem_response
from api_gateway.refusals import problem_of

BASE = "https://consumer.example"


def test_a_problem_has_its_members_and_no_others() -> None:
    own_id = uuid4()
    error = {"path": "/name", "code": "REQUIRED", "message": "Field required"}
    body = json.loads(problem_body(problem("QUEUE_FULL", "Full.", errors=[error], retry_after=3), own_id, BASE))
    assert body == {
        "type": f"{BASE}/problems/QUEUE_FULL", "title": "The queue is full", "status": 409, "detail": "Full.",
        "code": "QUEUE_FULL", "errors": [error], "requestId": str(own_id), "retryAfter": 3,
    }  # fmt: skip


def test_what_is_not_there_is_left_out() -> None:
    body = json.loads(problem_body(problem("NOT_FOUND"), uuid4(), BASE))
    assert set(body) == {"type", "title", "status", "detail", "code", "requestId"}


def test_an_answer_is_problem_json_with_its_headers() -> None:
    answer = problem_response(problem("RATE_LIMITED", retry_after=7), uuid4(), BASE)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "7")


@pytest.mark.parametrize("code", [code for code, (status, _) in CODES.items() if status == 401])
def test_every_401_says_how_to_be_recognized(code: str) -> None:
    assert problem_response(problem(code), uuid4(), BASE).headers["www-authenticate"].startswith("Bearer ")


def test_every_code_has_a_status_of_http_and_a_title_without_a_full_stop() -> None:
    for code, (status, title) in CODES.items():
        assert HTTPStatus(status)
        assert title
        assert not title.endswith("."), code


def test_an_unknown_code_is_a_fault_of_ours() -> None:
    assert problem("NO_SUCH_CODE").status == 500


def test_a_refusal_keeps_its_field_and_time() -> None:
    refused = {"code": "QUEUE_NOT_OPEN", "detail": "Later.", "retryAfter": 30, "field": None}
    assert (problem_of(refused).status, problem_of(refused).retry_after) == (423, 30)
    frozen = problem_of({"code": "FIELD_FROZEN", "detail": "No.", "retryAfter": None, "field": "/openAt"})
    assert frozen.errors == ({"path": "/openAt", "code": "INVALID_REFERENCE", "message": "No."},)


def test_whoever_is_told_to_wait_is_told_how_long() -> None:
    assert problem_of({"code": "QUEUE_NOT_OPEN"}).retry_after == 1


def test_a_problem_is_raised_with_its_code() -> None:
    with pytest.raises(Problem, match="QUEUE_FULL"):
        raise problem("QUEUE_FULL")
