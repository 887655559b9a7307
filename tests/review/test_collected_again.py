"""What a review removed is not fetched again: not from its address, and not from another one."""

from pathlib import Path

from tests.gathering import QUICK, manifest, pictures
from tests.review.test_decisions import decide, opened, undo_all
from tests.site import Site, jpeg, respond
from whatsit.collection import Collection, collect_lists
from whatsit.collection.provider import Found


def gather(into: Path, **lists: list[str]) -> Collection:
    found = {label: [Found(url) for url in urls] for label, urls in lists.items()}
    return collect_lists(found, into, allow_private=True, limits=QUICK, backoff=0.001)


def test_removed_picture_is_not_fetched_again_from_any_address(site: Site, tmp_path: Path) -> None:
    site.pages = {f"/{number}": respond(jpeg(number)) for number in range(4)}
    site.pages["/mirror"] = respond(jpeg(1))
    gather(tmp_path, bear=[site.url(f"/{number}") for number in range(3)])
    name = Path(manifest(tmp_path)[site.url("/1")]["file"]).as_posix()
    decide(opened(tmp_path), "remove", name)
    before = site.hits["/1"]

    done = gather(
        tmp_path, bear=[site.url("/1"), site.url("/mirror")], teddy=[site.url("/1"), site.url("/3")]
    )
    assert site.hits["/1"] == before, "its address is not asked again, for no class"
    assert manifest(tmp_path)[site.url("/mirror")]["status"] == "removed"
    assert len(pictures(tmp_path / "bear")) == 2
    assert len(pictures(tmp_path / "teddy")) == 1
    assert {str(reason): count for reason, count in done.classes["bear"].reasons.items()} == {
        "it was removed in a review": 2
    }

    undo_all(tmp_path)
    assert manifest(tmp_path)[site.url("/1")]["status"] == "kept"
    assert len(pictures(tmp_path / "bear")) == 3


def test_relabeled_picture_is_not_fetched_again_for_the_class_it_left(site: Site, tmp_path: Path) -> None:
    site.pages = {f"/{number}": respond(jpeg(number)) for number in range(3)}
    urls = [site.url(f"/{number}") for number in range(3)]
    gather(tmp_path, bear=urls[:2], teddy=urls[2:])
    decide(opened(tmp_path), "relabel", manifest(tmp_path)[urls[0]]["file"], label="teddy")
    hits = site.hits.copy()
    gather(tmp_path, bear=urls[:2], teddy=urls[2:])
    assert site.hits["/0"] == hits["/0"]
    assert manifest(tmp_path)[urls[0]]["file"].startswith("teddy/")
    assert [len(pictures(tmp_path / label)) for label in ("bear", "teddy")] == [1, 2]
