"""What programs get from a server: the answers of the classifier, and reasons in one sentence."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from tests.serving.conftest import SMALL
from tests.serving.served import Served
from tests.site import Site, respond
from whatsit.classifier import Classifier
from whatsit.errors import FetchError, ImageError, WhatsitError
from whatsit.serving import Rules, create_app

Serve = Callable[..., Served]


def test_one_picture_gets_the_answer_of_the_classifier_in_the_lessons_shape(
    serve: Serve, small: Classifier, picture: bytes
) -> None:
    answer = serve().ask("/classify", picture)
    expected = small.predict(picture)
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert {label: round(share, 6) for label, share in answer.json["predictions"]} == {
        label: round(share, 6) for label, share in expected.probabilities.items()
    }
    shares = [share for _, share in answer.json["predictions"]]
    assert shares == sorted(shares, reverse=True)
    assert (answer.json["label"], answer.json["verdict"]) == (expected.label, expected.verdict)
    assert answer.json["novelty"] == expected.novelty


def test_form_with_one_picture_is_answered_like_a_body(serve: Serve, picture: bytes) -> None:
    served = serve()
    assert served.send_form("/classify", picture).json == served.ask("/classify", picture).json


def test_form_with_several_has_an_error_in_the_place_of_a_bad_one(serve: Serve, picture: bytes) -> None:
    served = serve()
    answer = served.send_form("/classify", picture, b"<html>", picture)
    first, bad, last = answer.json["results"]
    assert answer.status == 200
    assert first == last == served.ask("/classify", picture).json
    assert bad["error"]["status"] == 400
    assert bad["error"]["detail"] == "The picture can't be used: it is a web page (HTML), not a picture."


def test_explanation_comes_with_the_answer_when_asked_for(serve: Serve, picture: bytes) -> None:
    answer = serve().ask("/classify?explain=1", picture).json
    assert answer["explanation"]["label"] == answer["label"]
    assert answer["explanation"]["picture"].startswith("data:image/jpeg;base64,")
    assert answer["explanation"]["overlay"].startswith("data:image/png;base64,")


def test_picture_at_an_address_is_fetched_and_classified(serve: Serve, site: Site, picture: bytes) -> None:
    site.pages["/bear.jpg"] = respond(picture)
    served = serve(allow_private=True)
    answer = served.ask(f"/classify-url?url={site.url('/bear.jpg')}")
    assert answer.json == served.ask("/classify", picture).json
    (request,) = site.requests
    assert re.fullmatch(
        r"whatsit/[\d.]+ \(classifies a picture for a visitor\)", request.headers["user-agent"]
    )


def test_operators_contact_is_not_sent_along(
    serve: Serve, site: Site, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WHATSIT_CONTACT", "me@example.com")
    site.pages["/bear.jpg"] = respond(picture)
    serve(allow_private=True).ask(f"/classify-url?url={site.url('/bear.jpg')}")
    assert "example.com" not in site.requests[0].headers["user-agent"]


@pytest.mark.parametrize(
    ("path", "body", "status", "detail"),
    [
        ("/classify", b"", 400, "The request contains no picture. Send one as the body, or in a form."),
        ("/classify", b"GIF8", 400, "The picture can't be used: "),
        ("/classify-url", None, 400, "The request contains no address. Add ?url= with the address of a"),
        ("/classify", None, 405, "This address can't be used this way. /docs shows how."),
        ("/bears", None, 404, "There is nothing at this address. /docs lists what there is."),
        ("/static/../app.py", None, 404, "There is nothing at this address."),
        ("/static/%2e%2e%2fapp.py", None, 404, "There is nothing at this address."),
        ("/inbox", b"x", 404, "This server keeps no corrections."),
    ],
)
def test_refusals_are_problem_details_in_one_sentence(
    serve: Serve, path: str, body: bytes | None, status: int, detail: str
) -> None:
    answer = serve().ask(path, body)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json.keys() == {"type", "title", "status", "code", "detail"}
    assert answer.json["status"] == status
    assert answer.json["detail"].startswith(detail)


def test_refusals_are_in_the_language_of_the_client(serve: Serve) -> None:
    served = serve()
    assert (
        served.ask("/x", Accept_Language="zh-CN,zh;q=0.9,en;q=0.8").json["detail"]
        == "这个地址没有内容。/docs 列出了可用的地址。"
    )
    assert (
        served.ask("/x", Accept_Language="de,en;q=0.8,zh;q=0.1").json["detail"].startswith("There is nothing")
    )
    assert served.ask("/x?lang=zh").json["detail"].startswith("这个地址没有内容。")


def test_info_health_and_readiness(serve: Serve, small: Classifier) -> None:
    served = serve()
    info = served.ask("/info").json
    assert info["classes"] == small.classes
    assert info["sha256"] == small.bundle.sha256
    assert (info["has_heat_maps"], info["has_novelty"]) == (True, True)
    assert served.ask("/health").json == served.ask("/ready").json == {"status": "ok"}


def test_server_without_a_free_place_is_alive_but_not_ready(serve: Serve) -> None:
    served = serve()
    served.app.state.shared.pool.places = 0
    assert [served.ask(path).status for path in ("/health", "/ready")] == [200, 503]


def test_metrics_count_requests_and_predictions(serve: Serve, picture: bytes) -> None:
    served = serve()
    served.ask("/classify", picture)
    served.ask("/classify", b"x")
    metrics = served.ask("/metrics").text
    assert 'whatsit_requests_total{method="POST",route="/classify",status="200"} 1.0' in metrics
    assert 'whatsit_requests_total{method="POST",route="/classify",status="400"} 1.0' in metrics
    assert re.search(r'whatsit_predictions_total\{bundle="format-2",label="\w+",verdict="\w+"\} 1.0', metrics)
    assert "process_resident_memory_bytes" in metrics
    assert served.ask("/metrics", X_Forwarded_For="203.0.113.7").status == 403


def test_unknown_paths_and_methods_do_not_fill_the_metrics(serve: Serve) -> None:
    served = serve()
    for number in range(20):
        served.ask(f"/made-up-{number}", method="DELETE")
    lines = [
        line for line in served.ask("/metrics").text.splitlines() if line.startswith("whatsit_requests_total")
    ]
    assert lines == ['whatsit_requests_total{method="other",route="other",status="404"} 20.0']


def test_several_bundles_are_served_at_their_names(
    serve: Serve, small: Classifier, tmp_path: Path, picture: bytes
) -> None:
    for name in ("pets", "insects"):
        (tmp_path / f"{name}.whatsit").write_bytes(SMALL.read_bytes())
    served = serve([tmp_path / "pets.whatsit", tmp_path / "insects.whatsit"])
    assert served.ask("/pets/classify", picture).json["label"] == small.predict(picture).label
    assert served.ask("/insects/info").json["name"] == "insects"
    assert 'href="pets/"' in served.ask("/").text
    assert served.ask("/pets").headers["location"].endswith("/pets/")
    assert served.ask("/classify", picture).status == 404


@pytest.mark.parametrize("name", ["static", "health", "my{x}", ".."])
def test_bundle_whose_name_has_another_use_is_refused(small: Classifier, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.whatsit"
    path.write_bytes(SMALL.read_bytes())
    with pytest.raises(WhatsitError, match="can't be served under the name"):
        create_app([path, small])
    create_app(path)  # alone it has no name in addresses


def test_application_mounts_into_another_one(small: Classifier, picture: bytes) -> None:
    outer = Starlette(routes=[Mount("/bears", create_app(small))])
    client = TestClient(outer)
    assert client.post("/bears/classify", content=picture).json()["label"] == small.predict(picture).label
    page = client.get("/bears/").text
    sheet = re.search(r'href="(static/[^"]+\.css)"', page)
    assert sheet
    assert client.get(f"/bears/{sheet[1]}").status_code == 200


def test_answers_carry_security_headers(serve: Serve, picture: bytes) -> None:
    served = serve()
    for answer in (served.ask("/"), served.ask("/classify", picture), served.ask("/x")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers


PATHS = ["/classify", "/info", "/health", "/ready", "/metrics"]


def test_description_names_every_address_and_is_json(serve: Serve, tmp_path: Path) -> None:
    described = serve(inbox=tmp_path).ask("/openapi.json").json
    assert described["openapi"] == "3.1.0"
    assert list(described["paths"]) == [*PATHS, "/classify-url", "/inbox"]
    assert json.dumps(described)
    assert list(serve(urls=False).ask("/openapi.json").json["paths"]) == PATHS


def test_classifier_fetches_by_itself_what_a_server_would(
    small: Classifier, site: Site, picture: bytes
) -> None:
    site.pages["/bear.jpg"] = respond(picture)
    assert small.predict_url(site.url("/bear.jpg"), allow_private=True) == small.predict(picture)
    with pytest.raises(FetchError, match="private network"):
        small.predict_url(site.url("/bear.jpg"))
    site.pages["/page"] = respond(b"<html>")
    with pytest.raises(ImageError, match="web page"):
        small.predict_url(site.url("/page"), allow_private=True)


def test_server_works_under_the_path_of_a_proxy(serve: Serve, picture: bytes) -> None:
    served = serve(root_path="/bears")  # the proxy takes /bears away
    page = served.ask("/").text
    assert not re.search(r'(href|src|action)="/', page)
    assert served.ask("/classify", picture).status == 200
    assert served.ask("/bears/classify", picture).status == 200  # others leave it there
    assert [served.ask(path).status for path in ("/bears/", "/bears/docs")] == [200, 200]
    assert serve(root_path="/bears", rules=Rules("a-long-key")).ask("/health").status == 200


def test_empty_file_has_an_error_in_its_place(serve: Serve, picture: bytes) -> None:
    results = serve().send_form("/classify", picture, b"", picture).json["results"]
    assert [one.get("error", {}).get("code") for one in results] == [None, "no_picture", None]


def test_answer_and_heat_map_come_from_one_pass(small: Classifier, picture: bytes) -> None:
    answer, found = small.predict_and_explain(picture)
    assert answer == small.predict(picture)
    assert (found.values == small.explain(picture).values).all()
