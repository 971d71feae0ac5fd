"""Section 22 of docs/fairness.md against the code, and against hashes that are worked out from its text alone."""

import re
from hashlib import sha256
from typing import Any, get_args
from uuid import UUID

from domain.fairness import is_proved
from domain.fairness.record import AnyRecordBody, check_listed, check_record
from tests.domain.fairness.test_fairness_draw_specification import FILE, VECTORS, checks, plain_json, section

LOG: list[dict[str, Any]] = VECTORS["log"]
LINES = [line["line"] for line in LOG if "line" in line]


def test_the_log_of_the_document_is_a_chain() -> None:
    tag = b"drumroll/draws/1\x00"
    head = sha256(tag + UUID(LOG[0]["organizationId"]).bytes + LOG[0]["mode"].encode()).hexdigest()
    for n, line in enumerate(LINES):
        assert (line["n"], line["prevHash"]) == (n, head)
        head = sha256(tag + plain_json({name: line[name] for name in line if name != "hash"})).hexdigest()
        assert line["hash"] == head
    assert (LOG[0]["size"], LOG[0]["head"]) == (len(LINES), head)


def test_the_log_of_the_document_holds_and_its_draw_is_that_of_the_file() -> None:
    checked = check_record(LOG)
    findings = check_listed(FILE, checked)
    assert checked.is_proved
    assert is_proved(findings)
    alone, _, beside = section(22).partition("--log LOGFILE")
    assert re.findall(r"^\| ([a-z]+) \|", alone, re.MULTILINE)[-5:] == checks(checked.findings)
    assert re.findall(r"^\| ([a-z]+) \|", beside, re.MULTILINE)[1:] == checks(findings)


def test_the_document_names_every_type_of_line_with_its_members() -> None:
    for body in get_args(AnyRecordBody):
        row = re.search(rf"^\| {body.model_fields['type'].default} \|(.*?)\|", section(22), re.MULTILINE)
        assert row, body
        fields = [field for field in body.model_fields.values() if field.alias != "type"]
        told = [f"[{field.alias}]" if not field.is_required() else field.alias for field in fields]
        assert [part.strip() for part in row[1].split(",") if part.strip()] == told
