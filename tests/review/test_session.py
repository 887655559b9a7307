"""What a page or a widget is answered, and by whom."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.review.reviewed import KEY, PLAN, bears, suspects
from tests.serving.served import Listening
from whatsit.catalog import Catalog
from whatsit.errors import WhatsitError
from whatsit.i18n import Message
from whatsit.review.likeness import Likeness
from whatsit.review.page import create_app
from whatsit.review.progress import CALM, progress_of
from whatsit.review.session import Session
from whatsit.serving.door import Rules
from whatsit.undoing import undo


@pytest.fixture
def session(tmp_path: Path) -> Session:
    catalog = bears(tmp_path / "bears")
    return Session(catalog, suspects(catalog))


def key_of(session: Session, place: int = 0) -> str:
    items: list[dict[str, Any]] = session.answer("list", {"offset": place, "count": 1})["items"]
    return str(items[0]["key"])


@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("delete", {}),
        ("list", {"offset": -1}),
        ("list", {"count": "all"}),
        ("heat", {}),
        ("group", {"key": "../../etc/passwd"}),
        ("alike", {"key": ["FIRST"]}),
        ("list", {"label": 3}),
        ("decide", {}),
        ("decide", {"choices": "remove"}),
        ("decide", {"choices": [{"keys": ["FIRST"], "choice": "delete"}]}),
        ("decide", {"choices": [{"keys": ["FIRST"], "choice": "relabel"}]}),
        ("decide", {"choices": [{"keys": ["FIRST"], "choice": "relabel", "label": ""}]}),
        ("decide", {"choices": [{"keys": ["FIRST"], "choice": "keep", "label": "teddy"}]}),
        ("decide", {"choices": [{"keys": ["train/teddy/teddy_v.jpg"], "choice": "remove"}]}),
        (
            "decide",
            {"choices": [{"keys": ["FIRST"], "choice": "relabel", "label": "../x"}]},
        ),
    ],
)
def test_questions_that_make_no_sense_change_nothing(session: Session, verb: str, values: Any) -> None:
    before = sorted(session.catalog.root.rglob("*.jpg"))
    values = json.loads(json.dumps(values).replace("FIRST", key_of(session)))
    with pytest.raises(WhatsitError):
        session.answer(verb, values)
    assert sorted(session.catalog.root.rglob("*.jpg")) == before


def test_removed_picture_is_not_decided_about_again(session: Session) -> None:
    choice = {"keys": [key_of(session)], "choice": "remove"}
    session.answer("decide", {"choices": [choice]})
    with pytest.raises(WhatsitError, match=r"black_00\.jpg was removed\. Undo first"):
        session.answer("decide", {"choices": [{**choice, "choice": "keep"}]})


def test_relabeled_picture_can_be_relabeled_again_and_removed(session: Session) -> None:
    key, root = key_of(session), session.catalog.root
    for label in ("grizzly", "teddy"):
        found = session.answer("decide", {"choices": [{"keys": [key], "choice": "relabel", "label": label}]})
        assert [(one["label"], one["path"]) for one in found["items"]] == [
            (label, f"train/{label}/black_00.jpg")
        ]
        assert (root / "train" / label / "black_00.jpg").is_file()
        content = found["items"][0]["content"]
        assert Image.open(io.BytesIO(session.picture(content, 1280))).size == (160, 120)
    session.answer("decide", {"choices": [{"keys": [key], "choice": "remove"}]})
    assert not (root / "train/teddy/black_00.jpg").exists()
    assert Image.open(io.BytesIO(session.picture(content, 1280))).size == (160, 120)
    for _ in range(3):
        session.answer("undo", {})
    assert (root / "train/black/black_00.jpg").is_file()
    (item,) = session.answer("list", {"count": 1})["items"]
    assert (item["path"], item["decision"]) == ("train/black/black_00.jpg", None)


def test_pictures_are_small_jpegs_and_known_ones_survive_the_session(session: Session) -> None:
    content = session.found[0].content
    small = session.picture(content, 320)
    assert Image.open(io.BytesIO(small)).format == "JPEG"
    session.close()
    (session.catalog.root / "train/black/black_00.jpg").unlink()
    again = Session(session.catalog, session.found)
    assert again.picture(content, 320) == again.picture(content, 1280) == small
    assert again.answer("thumbnails", {"contents": [content, "..", None]})["pictures"] == [
        "data:image/jpeg;base64," + base64.b64encode(small).decode(),
        "",
        "",
    ]
    for other, size in [("0" * 64, 320), (content, 5000), ("..", 320)]:
        with pytest.raises(WhatsitError):
            again.picture(other, size)


def test_progress_counts_what_was_kept_last_and_expects_the_rest() -> None:
    scores = [0.9] * 5 + [0.2] * 45
    kept = progress_of(["remove", "keep", *["keep"] * CALM, *[None] * 36], scores)
    assert kept == {
        "decided": CALM + 2,
        "total": 50,
        "looked": CALM + 2,
        "calm": CALM + 1,
        "expected": round(36 * 0.2),
        "can_stop": True,
    }
    assert not progress_of(["keep"] * (CALM - 1) + ["unsure"] + [None] * 38, scores)["can_stop"]
    assert not progress_of(["keep", None, *["keep"] * CALM, *[None] * 36], scores)["can_stop"]
    assert not progress_of([], [])["can_stop"]


def test_alike_are_pictures_as_near_as_those_of_one_class() -> None:
    dice = np.random.default_rng(0)
    centers = np.eye(4, 64) * 8
    labels = np.repeat(np.arange(3), 30)
    features = (centers[labels] + dice.normal(size=(90, 64))).astype(np.float32)
    foreign = (centers[3] + dice.normal(size=(5, 64)) / 2).astype(np.float32)
    contents = np.arange(95, dtype=">u8").astype("V32")
    labels = np.append(labels, [0, 0, 1, 1, 2])
    likeness = Likeness(contents, np.concatenate([features, foreign]), labels)
    found = likeness.of(contents[-1].tobytes().hex())
    assert found == {one.tobytes().hex() for one in contents[-5:]}
    assert likeness.of("ff" * 32) == set()


def test_only_who_has_the_link_gets_in_and_only_on_this_computer(session: Session) -> None:
    content = session.found[0].content
    with Listening(create_app(session, Rules(KEY, only_loopback=True))) as served:
        for path, body in [("/", None), ("/ask/open", b"{}"), (f"/picture/{content}", None)]:
            assert served.ask(path, body).status == 401
            cookie = served.ask(f"/?key={KEY}").headers["set-cookie"].split(";")[0]
            assert served.ask(path, body, Cookie=cookie).status == 200
            assert served.ask(path, body, Cookie=cookie, Host="evil.example").status == 421
            foreign = served.ask(path, body, Cookie=cookie, Origin="https://evil.example")
            assert foreign.status == 403
        assert served.ask("/ask/open", b"{}", Cookie=cookie).json["total"] == len(PLAN)
        for body in (b"", b"[1]", b"[" * 100_000, b"\xff"):
            refused = served.ask("/ask/open", body, Cookie=cookie)
            assert (refused.status, refused.json["detail"][:21]) == (400, "The page does not fit")
        assert served.ask("/nowhere", Cookie=cookie).status == 404
        assert "immutable" in served.ask(f"/picture/{content}", Cookie=cookie).headers["cache-control"]
        assert served.ask(f"/picture/{'0' * 64}", Cookie=cookie).status == 400


@pytest.mark.parametrize("is_left", [True, False])
def test_page_works_under_the_path_of_a_jupyter_proxy(session: Session, is_left: bool) -> None:
    root = "/user/x/proxy/8000"
    with Listening(create_app(session, Rules(KEY)), root) as served:
        path = root if is_left else ""
        hub = {"Host": "hub.example.org", "Origin": "https://hub.example.org"}
        link = served.ask(f"{path}/?key={KEY}", **hub)
        cookie = link.headers["set-cookie"]
        assert f"Path={root}" in cookie
        page = served.ask(f"{path}/", Cookie=cookie.split(";")[0], **hub)
        assert 'src="static/review.' in page.text
        answer = served.ask(f"{path}/ask/open", b"{}", Cookie=cookie.split(";")[0], **hub)
        assert answer.json["folder"] == "bears"


def decide(session: Session, choice: str, *places: int, label: str | None = None) -> dict[str, Any]:
    keys = [key_of(session, place) for place in places]
    return session.answer("decide", {"choices": [{"keys": keys, "choice": choice, "label": label}]})


def decisions(session: Session) -> list[str | None]:
    items = session.answer("list", {})["items"]
    return [one["decision"] and one["decision"]["choice"] for one in items]


def test_decision_that_failed_is_not_taken_for_an_earlier_one_made_elsewhere(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide(Session(session.catalog, session.found), "keep", 0)

    def fail(wishes: object) -> None:
        raise WhatsitError(Message("plain.text", text="The disk is full."))

    monkeypatch.setattr(session._decisions, "decide_each", fail)
    with pytest.raises(WhatsitError, match="The disk is full"):
        decide(session, "remove", 0)
    assert decisions(session)[0] is None


def test_undo_takes_back_only_what_was_done_in_this_review(session: Session) -> None:
    other = Session(session.catalog, session.found)
    with pytest.raises(WhatsitError, match="There is nothing to undo"):
        session.answer("undo", {})
    decide(other, "remove", 0)
    with pytest.raises(WhatsitError, match=r"not done in this review\. .*whatsit undo .*bears"):
        session.answer("undo", {})
    assert not (session.catalog.root / "train/black/black_00.jpg").exists()
    assert other.answer("undo", {})["said"] == "Undone: 1 picture is as before."


def test_what_was_undone_elsewhere_is_open_again(session: Session) -> None:
    decide(session, "relabel", 0, label="teddy")
    decide(session, "keep", 2)
    for left in ([None] * 20, None):
        next(undo(session.catalog.project))
        if left is None:
            assert decide(session, "remove", 0)["items"][0]["path"] == "train/black/black_00.jpg"
        else:
            assert decisions(session) == ["relabel", *left[1:]]
    assert decisions(session) == ["remove", *[None] * 19]


def test_removed_ones_are_left_out_and_the_last_of_two_decisions_counts(session: Session) -> None:
    decide(session, "remove", 3)
    assert decide(session, "keep", 3, 4)["said"] == "1 picture kept."
    assert decisions(session)[3:5] == ["remove", "keep"]
    assert decide(session, "unsure", 7, 7)["said"] == "1 picture marked as not sure."
    key = key_of(session, 8)
    choices = [{"keys": [key], "choice": "keep"}, {"keys": [key], "choice": "remove"}]
    assert session.answer("decide", {"choices": choices})["said"] == "1 picture moved to the trash."


def test_best_copy_left_is_to_stay_when_the_original_is_removed(session: Session) -> None:
    found = decide(session, "remove", 2)
    assert [(one["path"], one["suggestion"]) for one in found["items"]] == [
        ("train/teddy/teddy_00.jpg", "remove"),
        ("train/grizzly/grizzly_00.jpg", "keep"),
    ]
    found = session.answer("undo", {})
    assert [one["suggestion"] for one in found["items"]] == ["keep", "remove"]


def test_what_was_decided_stands_below_a_picture(session: Session) -> None:
    (item,) = decide(session, "relabel", 0, label="teddy")["items"]
    assert (item["detail"], item["suggestion"]) == ("You relabeled this picture to teddy.", "relabel: teddy")
    (item,) = session.answer("undo", {})["items"]
    assert (item["detail"], item["suggestion"]) == ("Reason 1.", "relabel: grizzly")


def test_review_of_a_table_also_with_pictures_outside_its_folder(tmp_path: Path) -> None:
    drawn = bears(tmp_path / "bears")
    (tmp_path / "table").mkdir()
    table = tmp_path / "table" / "labels.csv"
    rows = (f"{item.path},{item.label},{item.split}\n" for item in drawn)
    table.write_text("path,label,split\n" + "".join(rows))
    session = Session(catalog := Catalog.read(table, lasting=True, to_train=False), suspects(catalog))
    (item,) = session.answer("open", {"count": 1})["items"]
    assert item["path"] == (tmp_path / "bears/train/black/black_00.jpg").as_posix()
    assert session.answer("preview", {})["command"].endswith("labels.csv")
    assert decide(session, "remove", 0)["said"] == "1 picture left out of cleaned.csv."
    assert (tmp_path / "bears/train/black/black_00.jpg").is_file()
    assert session.answer("preview", {})["command"].endswith("cleaned.csv")
    assert [one.choice for one in session.done().made] == ["remove"]
    assert session.answer("undo", {})["said"] == "Undone: 1 picture is as before."
    assert session.answer("preview", {})["command"].endswith("labels.csv")
