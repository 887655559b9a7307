"""Who gets in: by host, by origin, by key."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.served import Served
from whatsit.serving.door import Rules

Serve = Callable[..., Served]
KEY = "correct-horse-battery"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "[::", "localhost.", "@"]
)
def test_loopback_server_answers_under_no_foreign_name(serve: Serve, host: str) -> None:
    answer = serve(rules=Rules(only_loopback=True)).ask("/info", Host=host)
    assert answer.status == 421
    assert answer.json["code"] == "host"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:9999", "[::1]:80", "LOCALHOST:8000", "127.1.2.3"])
def test_loopback_server_answers_under_its_own_names(serve: Serve, host: str) -> None:
    assert serve(rules=Rules(only_loopback=True)).ask("/info", Host=host).status == 200


def test_pages_of_other_sites_can_not_use_the_server(serve: Serve, picture: bytes) -> None:
    served = serve()
    own = f"127.0.0.1:{served.port}"
    assert served.ask("/classify", picture, Origin="https://evil.example").status == 403
    assert served.ask("/classify", picture, Origin="null").status == 403
    assert served.ask("/classify", picture, Origin=f"http://{own}").status == 200
    hidden = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}
    assert served.ask("/classify-url?url=http://example.com/", **hidden).status == 403
    assert served.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


def test_allowed_site_may_use_the_api_from_a_browser(serve: Serve, picture: bytes) -> None:
    served = serve(rules=Rules(origins=["https://bears.example"]))
    answer = served.ask("/classify", picture, Origin="https://bears.example")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://bears.example"
    refused = served.ask("/classify", picture, Origin="https://evil.example")
    assert refused.status == 403
    assert "access-control-allow-origin" not in refused.headers
    preflight = served.ask(
        "/classify", method="OPTIONS", Origin="https://bears.example", Access_Control_Request_Method="POST"
    )
    assert preflight.status == 200


def test_corrections_come_from_the_servers_own_page_alone(
    serve: Serve, tmp_path: Path, picture: bytes
) -> None:
    for origins in (["*"], ["https://bears.example"]):
        served = serve(rules=Rules(origins=origins), inbox=tmp_path)
        fields = {"label": "bee"}
        answer = served.send_form("/inbox", picture, fields=fields, Origin="https://bears.example")
        assert answer.status == 403
        own = f"http://127.0.0.1:{served.port}"
        assert served.send_form("/inbox", picture, fields=fields, Origin=own).status == 204


def test_refusals_are_pages_for_browsers(serve: Serve) -> None:
    served = serve(rules=Rules(KEY))
    for path in ("/", "/a/b"):
        answer = served.ask(path, Accept="text/html,*/*;q=0.8", Accept_Language="zh")
        assert (answer.status, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "使用这个服务器需要密钥。" in answer.text
        style = re.findall(r'href="((?:\.\./)*)(static/[^"]+\.css)"', answer.text)
        assert [up for up, _ in style] == ["../" * (path.count("/") - 1)] * len(style)
        assert served.ask(f"/{style[0][1]}").status == 200
    assert serve().ask("/nowhere", Accept="text/html").headers["content-type"].startswith("text/html")


def test_key_is_needed_everywhere_but_for_health(serve: Serve, picture: bytes) -> None:
    served = serve(rules=Rules(KEY))
    for path, body in [
        ("/", None),
        ("/classify", picture),
        ("/info", None),
        ("/docs", None),
        ("/openapi.json", None),
    ]:
        answer = served.ask(path, body)
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert served.ask("/health").status == served.ask("/ready").status == 200
    assert served.ask("/classify", picture, Authorization=f"Bearer {KEY}").status == 200
    for wrong in ("", "Bearer", f"Bearer {KEY}x", f"Basic {KEY}", f"Bearer {KEY[:-1]}", "Bearer \xe9"):
        assert served.ask("/info", Authorization=wrong).status == 401
    assert served.ask("/info?key=wrong").status == 401
    assert served.ask(f"/classify?key={KEY}", picture).status == 401


def test_link_with_the_key_sets_a_cookie_and_leads_to_a_clean_address(serve: Serve) -> None:
    served = serve(rules=Rules(KEY))
    answer = served.ask(f"/?key={KEY}&lang=zh")
    assert answer.status == 303
    assert answer.headers["location"] == "?lang=zh"
    cookie, *attributes = answer.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=lax"} <= set(attributes)
    assert KEY not in cookie
    assert served.ask("/", Cookie=cookie).status == 200
    assert served.ask("/", Cookie=cookie[:-1]).status == 401
    assert serve(rules=Rules(KEY + "!")).ask("/", Cookie=cookie).status == 401


def test_metrics_are_for_this_machine_or_with_the_key(serve: Serve) -> None:
    served = serve(rules=Rules(KEY))
    assert served.ask("/metrics").status == 200
    proxied = {"X_Forwarded_For": "203.0.113.7"}
    assert served.ask("/metrics", **proxied).status == 403
    assert served.ask("/metrics", Forwarded="for=203.0.113.7").status == 403
    assert served.ask("/metrics", Host="bears.example").status == 403
    assert served.ask("/metrics", Authorization=f"Bearer {KEY}", **proxied).status == 200


def test_keys_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append((a, b)) or a == b)
    assert Rules(KEY).admits(KEY)
    assert compared == [(KEY.encode(), KEY.encode())]
