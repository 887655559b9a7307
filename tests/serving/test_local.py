"""Links to a page on this computer, from wherever its reader sits."""

import pytest

from whatsit.serving.local import hub_path, tunnel


def test_tunnel_and_hub_are_named_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "ann")
    assert tunnel({}, 8100) is None
    found = tunnel({"SSH_CONNECTION": "203.0.113.7 50000 198.51.100.4 22"}, 8100)
    assert found == "ssh -N -L 8100:127.0.0.1:8100 ann@198.51.100.4"
    assert hub_path({}, 8100) == ""
    assert hub_path({"JUPYTERHUB_SERVICE_PREFIX": "/user/ann/"}, 8100) == "/user/ann/proxy/8100"
