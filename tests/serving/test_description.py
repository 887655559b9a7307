"""The description of the API is true: schemathesis makes requests of it and checks the answers."""

from collections.abc import Callable
from pathlib import Path

import schemathesis
from hypothesis import given
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.conftest import campaign
from tests.serving.served import Served

Serve = Callable[..., Served]
CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_schema_conformance, unsupported_method),
]


def test_answers_are_as_described(serve: Serve, tmp_path: Path, picture: bytes) -> None:
    served = serve(inbox=tmp_path)
    description = schemathesis.openapi.from_url(served.url("/openapi.json"))
    operations = [one.ok() for one in description.get_all_operations()]
    assert len(operations) == 7
    for operation in operations:

        @campaign(600)
        @given(operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            case.call_and_validate(checks=CHECKS)

        ask()


def test_good_answers_are_as_described(serve: Serve, tmp_path: Path, picture: bytes) -> None:
    served = serve(inbox=tmp_path)
    description = schemathesis.openapi.from_url(served.url("/openapi.json"))
    classify = description["/classify"]["POST"]
    for query in ({}, {"explain": "1"}):
        case = classify.Case(query=query, body=picture, media_type="application/octet-stream")
        assert case.call_and_validate(checks=CHECKS).status_code == 200
    several = classify.Case(body={"file": [picture, b"x"]}, media_type="multipart/form-data")
    assert several.call_and_validate(checks=CHECKS).status_code == 200
