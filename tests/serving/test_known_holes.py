"""What broke into other model servers (their published holes) finds nothing here."""

import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.serving.served import BOUNDARY, Served
from tests.site import Site, respond

Serve = Callable[..., Served]


class Touching:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.file), "w")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/models?url=http://127.0.0.1:{port}/x.mar"),  # TorchServe, CVE-2023-43654
        ("GET", "/models"),  # TorchServe's management API, open to all
        ("PUT", "/models/bears?min_worker=1"),
        ("POST", "/workflows?url=http://127.0.0.1:{port}/x.war"),
        ("GET", "/file=/etc/passwd"),  # Gradio, CVE-2023-51449
        ("GET", "/file=../../../etc/passwd"),
        ("POST", "/component_server"),  # Gradio, CVE-2024-1561
        ("GET", "/proxy=http://127.0.0.1:{port}/x"),  # Gradio, CVE-2026-28416
        ("GET", "/static/../../../../etc/passwd"),
        ("GET", "/static/..%2f..%2f..%2fetc%2fpasswd"),
        ("GET", "/static//etc/passwd"),  # Gradio, CVE-2026-28414: an absolute path
        ("GET", "/static/C:%5CWindows%5Cwin.ini"),
        ("GET", "/static/serve.css"),  # only under the name that has its hash
        ("GET", "/custom_component/x/client/component/../../etc/passwd"),
        ("GET", "/_stcore/host-config"),  # Streamlit
        ("GET", "/.env"),
        ("GET", "/docs/../app.py"),
    ],
)
def test_no_address_manages_the_server_or_reads_its_files(
    serve: Serve, site: Site, method: str, path: str
) -> None:
    answer = serve().ask(path.format(port=site.port), method=method)
    assert answer.status in (404, 405)
    assert b"root:" not in answer.body
    assert not site.hits


@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.bentoml+pickle",  # BentoML, CVE-2025-27520
        "application/octet-stream",  # BentoML's runners, CVE-2025-32375
        "application/x-python-serialize",
    ],
)
def test_no_body_is_unpickled(serve: Serve, tmp_path: Path, kind: str) -> None:
    trap = tmp_path / "written"
    answer = serve().ask(
        "/classify", pickle.dumps(Touching(trap)), Content_Type=kind, Payload_Container="NdarrayContainer"
    )
    assert answer.status == 400
    assert not trap.exists()


def test_address_in_place_of_a_file_is_not_fetched(serve: Serve, site: Site, picture: bytes) -> None:
    """BentoML, CVE-2025-54381: a form whose file is an address."""
    site.pages["/x.jpg"] = respond(picture)
    url = site.url("/x.jpg")
    served = serve(allow_private=True)
    part = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"\r\n\r\n{url}\r\n--{BOUNDARY}--\r\n'
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    assert served.ask("/classify", part.encode(), Content_Type=kind).status == 400
    assert served.ask("/classify", url.encode()).status == 400
    assert (
        served.ask("/classify", f'{{"file": "{url}"}}'.encode(), Content_Type="application/json").status
        == 400
    )
    assert not site.hits


def test_path_in_place_of_a_file_is_not_read(serve: Serve, tmp_path: Path, picture: bytes) -> None:
    """Gradio, CVE-2024-1728 and CVE-2024-51751: a JSON or form that names a file of the server."""
    file = tmp_path / "secret.jpg"
    file.write_bytes(picture)
    served = serve()
    for body in (
        str(file),
        f'{{"path": "{file}", "meta": {{"_type": "gradio.FileData"}}}}',
        f"file://{file}",
    ):
        assert served.ask("/classify", body.encode()).status == 400
        assert served.send_form("/classify", fields={"file": body}).status == 400
        assert served.send_form("/?part=answer", fields={"url": body}).status == 400


def test_name_of_an_uploaded_file_leads_nowhere(serve: Serve, tmp_path: Path, picture: bytes) -> None:
    """Gradio and TorchServe (zip slip): a file is written where its name says."""
    served = serve(inbox=tmp_path / "inbox")
    part = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="label"\r\n\r\nbee\r\n--{BOUNDARY}\r\n'
        'Content-Disposition: form-data; name="file"; filename="../../../slipped.jpg"\r\n\r\n'
    ).encode()
    body = part + picture + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    assert served.ask("/inbox", body, Content_Type=kind).status == 204
    assert [file.parent for file in tmp_path.rglob("*.jpg")] == [tmp_path / "inbox" / "bee"]


def test_only_loopback_is_listened_on_by_default() -> None:
    """TorchServe listened for its manager on all interfaces."""
    from whatsit.serving.starting import Wish

    assert Wish([]).host == "127.0.0.1"
    assert (Wish([]).public, Wish([]).allow_private, Wish([]).inbox, list(Wish([]).cors)) == (
        False,
        False,
        None,
        [],
    )
