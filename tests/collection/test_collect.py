"""Collecting from addresses: every good picture arrives once, every bad address has its reason."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

import whatsit as wi
from tests import site as web
from tests.conftest import WHOLE, Run, rendered
from tests.gathering import gather, manifest, pictures
from tests.killed import Killer
from tests.listening import on_progress
from tests.site import Request, Site, encoded, jpeg, redirect, respond
from whatsit.collection import collect_lists
from whatsit.collection.download import Downloader
from whatsit.collection.manifest import Manifest
from whatsit.collection.provider import Found
from whatsit.errors import CollectError, FetchError, ImageError
from whatsit.fetch import Limits
from whatsit.i18n import speaking

GOOD = {
    "/jpeg": ("JPEG", ".jpg"),
    "/png": ("PNG", ".png"),
    "/webp": ("WEBP", ".webp"),
    "/gif": ("GIF", ".gif"),
    "/bmp": ("BMP", ".bmp"),
    "/tiff": ("TIFF", ".tif"),
    "/avif": ("AVIF", ".avif"),
}
BAD: dict[str, tuple[web.Answer, str]] = {
    "/html": (respond(b"<!doctype html><title>no</title>"), "broken: it is a web page"),
    "/svg": (respond(b'<?xml version="1.0"?><svg xmlns="x"/>', kind="image/svg+xml"), "broken: it is an SVG"),
    "/empty": (respond(b""), "broken: the file is empty"),
    "/text": (respond(b"no picture"), "broken: it is not a picture"),
    "/bomb": (respond(web.picture_bomb()), "broken: the picture has more than"),
    "/half": (respond(jpeg(50)[:2000]), "broken: the end of the file is missing"),
    "/pixel": (respond(encoded(Image.new("RGB", (1, 1)), "GIF")), "broken: it is too small (1 x 1"),
    "/cut-off": (web.cut_off(jpeg(51)), "failed: the connection ended"),
    "/endless": (web.endless, "failed: it is larger than 1.0 MB"),
    "/large": (respond(b"\xff" * (2 << 20)), "failed: it is larger than 1.0 MB"),
    "/gzip-bomb": (web.gzip_bomb(), "failed: it is larger than 1.0 MB"),
    "/drip": (web.drip, "failed: it took longer than 0.6 s"),
    "/silent": (web.silent, "failed: the server sent nothing"),
    "/loop": (redirect("/loop"), "failed: it was redirected more"),
    "/to-file": (
        redirect("file:///etc/passwd"),
        "failed: it redirects to something that is not a web",
    ),
    "/404": (respond(b"", 404), "failed: the server answers 404"),
    "/403": (respond(b"", 403), "failed: the server answers 403"),
    "/500": (respond(b"", 500), "failed: the server answers 500"),
    "/reset": (web.reset, "failed: the "),
    "/noai": (respond(jpeg(52), X_Robots_Tag="noai"), "failed: its owner does not allow training on it"),
    "/own-noai": (
        respond(jpeg(52), X_Robots_Tag="whatsit: noindex, noimageai"),
        "failed: its owner does not",
    ),
    "/tdm": (respond(jpeg(53), TDM_Reservation="1"), "failed: its owner does not allow training on it"),
    "/private/a.jpg": (respond(jpeg(54)), "failed: the robots.txt of its site forbids it"),
}


def test_after_the_worst_of_the_web_every_good_picture_is_there_and_every_bad_address_has_its_reason(
    site: Site, tmp_path: Path
) -> None:
    for number, (path, (format, _)) in enumerate(GOOD.items()):
        site.pages[path] = respond(encoded(rendered(number), format), kind="text/plain")
    site.pages["/moved"] = redirect("/jpeg?again=1")
    site.pages["/jpeg?again=1"] = respond(jpeg(9))
    site.pages["/other-bots"] = respond(jpeg(10), X_Robots_Tag="otherbot: noai")
    site.pages["/copy"] = site.pages["/jpeg"]
    site.pages["/recompressed"] = respond(encoded(rendered(0), quality=40))
    site.pages |= {path: answer for path, (answer, _) in BAD.items()}
    site.pages["/robots.txt"] = respond(b"User-agent: *\nDisallow: /private/\n", kind="text/plain")
    dead = [
        f"http://127.0.0.1:{site.port}0/x.jpg",
        "http://no-such-host.invalid/x.jpg",
        "rubbish",
        "file:///etc/x",
    ]
    urls = [site.url(path) for path in site.pages if path not in ("/robots.txt", "/jpeg?again=1")] + dead

    done = gather(tmp_path, urls)
    rows = manifest(tmp_path)
    assert list(rows) == urls
    for path, (_, suffix) in GOOD.items():
        row = rows[site.url(path)]
        assert (row["status"], row["error"]) == ("kept", "")
        assert row["file"] == f"bear/{int(row['number']):08}{suffix}"
        assert (tmp_path / row["file"]).read_bytes() == site.pages[path].partition(b"\r\n\r\n")[2]
    for path in ("/moved", "/other-bots"):
        assert rows[site.url(path)]["status"] == "kept"
    for path in ("/copy", "/recompressed"):
        row = rows[site.url(path)]
        assert row["status"] == "duplicate"
        assert row["error"].endswith("same as bear/00000000.jpg")
    for path, (_, words) in BAD.items():
        row = rows[site.url(path)]
        assert f"{row['status']}: {row['error']}".startswith(words), path
    assert all(rows[url]["status"] == "failed" and rows[url]["error"] for url in dead)
    assert len(pictures(tmp_path / "bear")) == len(GOOD) + 2
    assert not list((tmp_path / ".whatsit" / "incoming").iterdir())
    tally = done.classes["bear"]
    assert (tally.found, tally.kept, tally.duplicates, tally.broken) == (len(urls), len(GOOD) + 2, 2, 7)
    assert tally.downloaded == tally.kept + tally.duplicates + tally.broken


def test_server_with_an_unknown_certificate_is_a_failure_in_words(tmp_path: Path) -> None:
    import ssl

    import trustme

    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(served)
    site = Site(tls=served)
    try:
        gather(tmp_path, [site.url("/a.jpg", "localhost")])
        assert "certificate" in manifest(tmp_path)[site.url("/a.jpg", "localhost")]["error"]
    finally:
        site.close()


def test_the_same_again_fetches_nothing_and_retry_only_what_failed(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(5)} | {"/html": respond(b"<html>")}
    urls = [site.url(f"/{n}") for n in range(7)] + [site.url("/html")]
    first = gather(tmp_path, urls)
    before, hits = pictures(tmp_path / "bear"), site.hits.copy()
    assert gather(tmp_path, urls).to_dict() == first.to_dict()
    assert (pictures(tmp_path / "bear"), site.hits) == (before, hits)

    site.pages |= {"/5": respond(jpeg(5))}
    done = gather(tmp_path, urls, retry=True)
    again = site.hits - hits
    assert set(again) == {"/robots.txt", "/5", "/6", "/html"}
    assert done.classes["bear"].kept == 6
    assert pictures(tmp_path / "bear").items() > before.items()
    assert manifest(tmp_path)[site.url("/5")]["file"] == "bear/00000005.jpg"


def test_more_addresses_later_are_numbered_on_and_never_overwrite(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(6)}
    (tmp_path / "bear").mkdir()
    rendered(99).save(tmp_path / "bear" / "00000007.png")
    gather(tmp_path, [site.url(f"/{n}") for n in range(3)])
    gather(tmp_path, [site.url(f"/{n}") for n in range(6)])
    assert list(pictures(tmp_path / "bear")) == ["00000007.png", *(f"{n:08}.jpg" for n in range(8, 14))]


def test_copies_of_the_users_own_pictures_are_not_kept_and_these_stay(site: Site, tmp_path: Path) -> None:
    (tmp_path / "bear").mkdir()
    mine = tmp_path / "bear" / "mine.jpg"
    mine.write_bytes(encoded(rendered(3, (80, 60)), quality=60))
    site.pages["/larger"] = respond(jpeg(3))
    gather(tmp_path, [site.url("/larger")])
    assert list(pictures(tmp_path / "bear")) == ["mine.jpg"]
    assert manifest(tmp_path)[site.url("/larger")]["error"] == "nearly the same as bear/mine.jpg"
    warnings = wi.Catalog.from_folder(tmp_path, to_train=False).warnings
    assert not [warning for warning in warnings if "manifest" in str(warning)]


def test_of_copies_the_largest_is_kept_whichever_came_first(site: Site, tmp_path: Path) -> None:
    for name, size in (("/small", (160, 120)), ("/large", (640, 480)), ("/middle", (320, 240))):
        site.pages[name] = respond(jpeg(4, size))
    gather(tmp_path, [site.url(path) for path in site.pages])
    assert {url[-5:]: row["status"] for url, row in manifest(tmp_path).items()} == {
        "small": "duplicate",
        "large": "kept",
        "iddle": "duplicate",
    }


def test_one_by_one_in_order_the_first_error_is_raised(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(3)} | {"/html": respond(b"<html>")}
    options = {"max_workers": 0, "allow_private": True}
    dest = tmp_path / "bears" / "teddy"
    with pytest.raises(FetchError, match=r"/gone: the server answers 404"):
        wi.download_images([site.url("/0"), site.url("/gone"), site.url("/1")], dest, **options)
    assert list(pictures(dest)) == ["00000000.jpg"]
    with pytest.raises(ImageError, match=r"/html: it is a web page"):
        wi.download_images([site.url("/html")], tmp_path / "bears" / "black", **options)
    done = wi.download_images([site.url("/1"), site.url("/2")], dest, **options)
    assert done.classes["teddy"].kept == 3
    assert [r.path for r in site.requests if r.path != "/robots.txt"] == ["/0", "/gone", "/html", "/1", "/2"]


def test_as_the_lesson_downloads(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}.jpg?size=large": respond(jpeg(n)) for n in range(6)}
    file = tmp_path / "urls_black.txt"
    file.write_text("".join(site.url(f"/{n}.jpg?size=large") + "\n" for n in range(6)))
    path = tmp_path / "data" / "bears"
    done = wi.download_images(file, path / "black", max_pics=4, allow_private=True)
    assert done.classes["black"].kept == 4
    assert list(pictures(path / "black")) == [f"{n:08}.jpg" for n in range(4)]
    assert not (path / "black" / ".whatsit").exists()
    assert done.manifest == path / "manifest.csv"


def test_hosts_are_asked_side_by_side_and_each_politely(tmp_path: Path) -> None:
    sites = [Site() for _ in range(3)]
    gate = threading.Barrier(24, timeout=20)

    async def wait_for_all(request: Request, _: object) -> bytes:
        import asyncio

        await asyncio.get_running_loop().run_in_executor(POOL, gate.wait)
        return respond(jpeg(int(request.path[1:])))

    from concurrent.futures import ThreadPoolExecutor

    try:
        with ThreadPoolExecutor(24) as POOL:  # noqa: N806
            for number, site in enumerate(sites):
                site.pages |= {f"/{number * 16 + n}": wait_for_all for n in range(16)}
            urls = [site.url(path) for site in sites for path in site.pages]
            # Eight of each host must be in flight at once, or the barrier breaks; more never are.
            done = gather(tmp_path, urls, limits=Limits())
        assert done.classes["bear"].kept == 48
        assert [site.busiest for site in sites] == [8, 8, 8]
    finally:
        for site in sites:
            site.close()


def test_robots_that_fail_for_now_forbid_until_they_are_there(site: Site, tmp_path: Path) -> None:
    site.pages |= {"/a": respond(jpeg(1)), "/robots.txt": respond(b"", 503)}
    gather(tmp_path, [site.url("/a")])
    assert "robots.txt of its site can't be read" in manifest(tmp_path)[site.url("/a")]["error"]
    assert site.hits["/a"] == 0
    site.pages["/robots.txt"] = respond(b"", 403)
    assert gather(tmp_path, [site.url("/a")], retry=True).classes["bear"].kept == 1


def test_picture_behind_a_page_that_was_in_the_way_comes_with_retry(site: Site, tmp_path: Path) -> None:
    site.pages["/1"] = respond(b"<html>log in first</html>")
    assert gather(tmp_path, [site.url("/1")]).classes["bear"].broken == 1
    site.pages["/1"] = respond(jpeg(1))
    assert gather(tmp_path, [site.url("/1")], retry=True).classes["bear"].kept == 1


def test_odd_robots_are_understood_or_forbid_nothing(site: Site, tmp_path: Path) -> None:
    rules = "User-agent: *\nDisallow: //[\nDisallow: /*.gif$\nDisallow: /all/\nAllow: /all/but/\n\xff\0"
    site.pages |= {"/robots.txt": respond(rules.encode("latin-1"), kind="text/plain")}
    allowed = ["/1", "/2.gif?x=1", "/all/but/3"]
    forbidden = ["/4.gif", "/all/5"]
    site.pages |= {path: respond(jpeg(n)) for n, path in enumerate(allowed + forbidden)}
    gather(tmp_path, [site.url(path) for path in allowed + forbidden])
    rows = manifest(tmp_path)
    assert {path for path in allowed + forbidden if rows[site.url(path)]["status"] == "kept"} == set(allowed)
    assert not any(site.hits[path] for path in forbidden)


def test_robots_of_where_a_redirect_leads_count_too(site: Site, tmp_path: Path) -> None:
    other = Site()
    try:
        other.pages |= {"/robots.txt": respond(b"User-agent: whatsit\nDisallow: /"), "/a": respond(jpeg(1))}
        site.pages["/a"] = redirect(other.url("/a"))
        gather(tmp_path, [site.url("/a")])
        assert "robots.txt of its site forbids" in manifest(tmp_path)[site.url("/a")]["error"]
    finally:
        other.close()


@pytest.mark.parametrize(
    ("tag", "opts_out"),
    [
        ("noai, max-image-preview:large", True),
        ("index, noai, max-snippet:-1", True),
        ("unavailable_after: 25 Jun 2030 15:00:00 PST, noai", True),
        ("otherbot: noai, noindex", False),
        ("otherbot: noai, whatsit: noimageai", True),
        ("max-snippet: 20, all", False),
        ("", False),
    ],
)
def test_opt_outs_are_read_as_they_are_written(site: Site, tmp_path: Path, tag: str, opts_out: bool) -> None:
    site.pages["/a"] = respond(jpeg(1), X_Robots_Tag=tag)
    assert gather(tmp_path, [site.url("/a")]).classes["bear"].kept == (not opts_out)


def test_same_address_in_two_classes_is_fetched_once_and_put_in_both(site: Site, tmp_path: Path) -> None:
    site.pages |= {"/1": respond(jpeg(1)), "/html": respond(b"<html>")}
    found = [Found(site.url("/1")), Found(site.url("/html")), Found(site.url("/gone"))]
    done = collect_lists({"black": found, "brown": found}, tmp_path, allow_private=True)
    assert {path: site.hits[path] for path in ("/1", "/html", "/gone")} == {"/1": 1, "/html": 1, "/gone": 1}
    assert done.classes["black"].to_dict() == done.classes["brown"].to_dict()
    assert done.classes["black"].to_dict() == {
        **{"found": 3, "downloaded": 2},
        **{"duplicates": 0, "broken": 1, "kept": 1},
    }
    assert pictures(tmp_path / "black") == pictures(tmp_path / "brown")


def test_class_folder_that_cannot_be_written_costs_no_picture(
    site: Site, as_owner: Run, tmp_path: Path
) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(6)}
    (tmp_path / "urls_bear.txt").write_text("".join(site.url(f"/{n}") + "\n" for n in range(6)))
    (tmp_path / "bears" / "bear").mkdir(parents=True)
    (tmp_path / "bears" / "bear").chmod(0o555)
    words = ["collect", "--urls", "urls_bear.txt", "--into", "bears", "--allow-private"]
    failed = as_owner(*words)
    assert failed.returncode == 2
    assert "Check permissions" in failed.stderr
    assert not [row for row in manifest(tmp_path / "bears").values() if row["status"] in ("kept", "new")]
    (tmp_path / "bears" / "bear").chmod(0o755)
    assert as_owner(*words).returncode == 0
    assert len(pictures(tmp_path / "bears" / "bear")) == 6


def test_closing_waits_for_a_picture_that_is_being_put_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloader = Downloader(None, tmp_path, tmp_path, Manifest(tmp_path / "manifest.csv"), Limits())  # type: ignore[arg-type]
    begun, closed, was_waited_for = threading.Event(), threading.Event(), []

    def put_in(*_: object) -> None:
        begun.set()
        was_waited_for.append(not closed.wait(0.2))

    monkeypatch.setattr(downloader, "_put_in", put_in)
    (tmp_path / "0.part").write_bytes(jpeg(1))
    putting = threading.Thread(target=downloader._accept, args=(None, tmp_path / "0.part", jpeg(1)))
    putting.start()
    begun.wait()
    downloader.close()
    closed.set()
    putting.join()
    assert was_waited_for == [True]


def test_picture_that_was_written_down_and_is_nowhere_is_fetched_again(site: Site, tmp_path: Path) -> None:
    site.pages["/1"] = respond(jpeg(1))
    gather(tmp_path, [site.url("/1")])
    (tmp_path / "bear" / "00000000.jpg").unlink()
    spoilt = (tmp_path / "manifest.csv").read_text(encoding="utf-8").replace(",kept,", ",new,")
    (tmp_path / "manifest.csv").write_text(spoilt, encoding="utf-8")
    assert gather(tmp_path, [site.url("/1")]).classes["bear"].kept == 1
    assert list(pictures(tmp_path / "bear")) == ["00000000.jpg"]


def test_picture_that_was_spoilt_before_it_was_settled_goes_to_the_trash_and_is_fetched_again(
    site: Site, tmp_path: Path
) -> None:
    site.pages["/1"] = respond(jpeg(1))
    gather(tmp_path, [site.url("/1")])
    (tmp_path / "bear" / "00000000.jpg").write_bytes(b"half, or somebody's own")
    spoilt = (tmp_path / "manifest.csv").read_text(encoding="utf-8").replace(",kept,", ",new,")
    (tmp_path / "manifest.csv").write_text(spoilt, encoding="utf-8")
    assert gather(tmp_path, [site.url("/1")]).classes["bear"].kept == 1
    assert pictures(tmp_path / "bear") == {"00000000.jpg": jpeg(1)}
    (kept,) = (tmp_path / ".whatsit" / "trash").rglob("*.jpg")
    assert kept.read_bytes() == b"half, or somebody's own"


def test_endless_address_is_a_failure_and_spoils_nothing(site: Site, tmp_path: Path) -> None:
    site.pages["/1"] = respond(jpeg(1))
    urls = ["data:image/png;base64," + "A" * 200_000, site.url("/1")]
    for _ in range(2):
        tally = gather(tmp_path, urls).classes["bear"]
        assert (tally.found, tally.kept) == (2, 1)
    assert site.hits["/1"] == 1
    assert any("longer than 8,192 characters" in row["error"] for row in manifest(tmp_path).values())


def test_few_open_files_are_enough(site: Site, cache: Path, tmp_path: Path) -> None:
    sites = [Site() for _ in range(12)]
    try:
        for number, one in enumerate(sites):
            one.pages |= {f"/{n}": respond(jpeg(number * 8 + n)) for n in range(8)}
        urls = "\n".join(one.url(path) for one in sites for path in one.pages)
        (tmp_path / "urls_bear.txt").write_text(urls)
        words = "collect --urls urls_bear.txt --allow-private"
        command = f"ulimit -Sn 100 -Hn 100; {sys.executable} -m whatsit {words}"
        result = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert len(pictures(tmp_path / "pictures" / "bear")) == 96
    finally:
        for one in sites:
            one.close()


def test_nearly_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import errno

    from whatsit.collection import manifest as manifests

    written = manifests.Manifest(tmp_path / "manifest.csv")
    written.add("bear", [Found("http://x/1")], "", 0)
    whole = written.path.read_bytes()

    class Short:
        """A file on a disk that has room for ten bytes."""

        def __init__(self, *words: object, **options: object) -> None:
            self.file, self.room = open(written.path, "ab", buffering=0), 10  # noqa: SIM115

        def __enter__(self) -> "Short":
            return self

        def __exit__(self, *_: object) -> None:
            self.file.close()

        def __getattr__(self, name: str) -> object:
            return getattr(self.file, name)

        def write(self, data: bytes) -> int:
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            count = self.file.write(data[: self.room])
            self.room -= count
            return count

    written.close()
    monkeypatch.setattr(manifests, "open", Short, raising=False)
    with pytest.raises(CollectError, match="No space left"):
        written.note(written.of("bear")[0], "failed")
    assert written.path.read_bytes() == whole


def test_second_list_for_a_class_adds_to_the_first(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(6)}
    for some in (range(3), range(3, 6)):
        urls = [site.url(f"/{n}") for n in some]
        done = wi.download_images(urls, tmp_path / "bear", max_pics=2, allow_private=True)
    assert done.classes["bear"].kept == 4


def flaky(answers: list[bytes]) -> Callable[[Request, object], bytes]:
    """Gives one answer after the other, and the last one again and again."""
    return lambda *_: answers.pop(0) if len(answers) > 1 else answers[0]


def test_what_fails_in_passing_is_tried_again(site: Site, tmp_path: Path) -> None:
    site.pages["/late"] = flaky([respond(b"", 503), respond(b"", 429, Retry_After="0"), respond(jpeg(1))])
    site.pages["/cut"] = flaky([web.cut_off(jpeg(2)), respond(jpeg(2))])
    site.pages["/never"] = respond(b"", 500)
    site.pages["/gone"] = respond(b"", 404)
    gather(tmp_path, [site.url(path) for path in site.pages])
    assert {path: site.hits[path] for path in site.pages} == {"/late": 3, "/cut": 2, "/never": 3, "/gone": 1}
    assert list(pictures(tmp_path / "bear")) == ["00000000.jpg", "00000001.jpg"]


def test_host_that_asks_to_wait_long_is_left_for_later_and_then_goes_on(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(b"", 429, Retry_After="600") for n in range(30)}
    urls = [site.url(path) for path in site.pages]
    tally = gather(tmp_path, urls).classes["bear"]
    assert (tally.found, tally.waiting, tally.downloaded) == (30, 30, 0)
    assert "asks to wait 600 s" in str(next(iter(tally.reasons)))
    assert site.hits.total() <= 9
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(30)}
    assert gather(tmp_path, urls).classes["bear"].kept == 30


def test_reasons_are_in_english_in_the_manifest_and_shown_in_the_language_of_the_reader(
    site: Site, tmp_path: Path
) -> None:
    site.pages["/noai"] = respond(jpeg(1), X_Robots_Tag="noai")
    english = "its owner does not allow training on it (X-Robots-Tag: noai)"
    done = gather(tmp_path, [site.url("/noai")])
    (reason,) = done.classes["bear"].reasons
    assert manifest(tmp_path)[site.url("/noai")]["error"] == reason.text("en") == english
    assert reason.text("zh") == "所有者不允许用它训练（X-Robots-Tag: noai）"
    with speaking("zh"):
        assert "找到 1 张，保留 0 张" in str(done)
    (again,) = gather(tmp_path, [site.url("/noai")]).classes["bear"].reasons
    assert again.text("zh") == english, "an earlier run kept it as text"


def test_host_that_never_answers_is_given_up_soon(tmp_path: Path) -> None:
    site = Site()
    site.close()
    tally = gather(tmp_path, [site.url(f"/{n}") for n in range(500)]).classes["bear"]
    assert (tally.found, tally.downloaded) == (500, 0)
    assert all("no connection" in str(reason) for reason in tally.reasons)


def test_picture_in_two_classes_is_told(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(3)}
    found = [Found(site.url(f"/{n}")) for n in range(3)]
    done = collect_lists({"black": found[:2], "brown": found[1:]}, tmp_path, allow_private=True)
    (note,) = done.notes
    which = "1 picture is in two classes, such as black/00000001.jpg and brown/00000000.jpg"
    assert str(note).startswith(which)


def test_license_author_and_page_stay_with_the_picture(site: Site, tmp_path: Path) -> None:
    site.pages["/a"] = respond(jpeg(1))
    reported = Found(site.url("/a"), "CC BY 4.0", "=cmd|' /C calc'!A0", "http://page", "Bär\n🐻", "openverse")
    collect_lists({"bear": [reported]}, tmp_path, allow_private=True)
    row = manifest(tmp_path)[site.url("/a")]
    assert (row["license"], row["page"], row["provider"]) == ("CC BY 4.0", "http://page", "openverse")
    assert row["author"] == "'=cmd|' /C calc'!A0"  # no formula for a spreadsheet
    assert row["title"] == "Bär\\n🐻"
    assert len(row["sha256"]) == 64
    assert row["time"].startswith("20")


DEVICES = ("CON", "nul", "Aux", "prn.jpg", "COM1", "com0.a.b", "lpt¹", "CON .txt", "CONIN$")


@pytest.mark.parametrize(
    "label",
    ["../up", "a/b", ".hidden", "", "a\nb", "a:b", "manifest.csv", "Manifest.CSV", "x" * 300, *DEVICES],
)
def test_class_that_is_no_folder_name_is_refused(label: str, tmp_path: Path) -> None:
    with pytest.raises(CollectError, match="class"):
        collect_lists({label: [Found("http://x/1")]}, tmp_path / "bears")
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize("label", ["console", "falcon", "COM", "com10", "null", "lpt.1", "manifest"])
def test_class_that_only_resembles_a_device_is_taken(label: str, site: Site, tmp_path: Path) -> None:
    site.pages["/1"] = respond(jpeg(1))
    assert (
        collect_lists({label: [Found(site.url("/1"))]}, tmp_path, allow_private=True).classes[label].kept == 1
    )


def test_progress_is_told_class_by_class(site: Site, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(4)}
    reported: list[tuple[str, int, int]] = []
    urls = [Found(site.url(f"/{n}")) for n in range(5)]
    with on_progress(lambda *words: reported.append(words)):
        collect_lists({"black": urls[:2], "brown": urls[2:]}, tmp_path, allow_private=True)
    assert ("black", 2, 2) in reported
    assert ("brown", 3, 3) in reported


def test_disk_that_is_full_is_said_and_the_next_run_goes_on(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import errno

    from whatsit.collection import judging

    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(5)}
    urls = [site.url(f"/{n}") for n in range(5)]

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(judging, "judge", full)
    with pytest.raises(OSError, match="No space"):
        gather(tmp_path, urls)
    monkeypatch.undo()
    assert not (tmp_path / "bear").exists()
    assert not list((tmp_path / ".whatsit" / "incoming").iterdir())
    assert gather(tmp_path, urls).classes["bear"].kept == 5


def test_manifest_that_was_spoilt_is_named_and_left(site: Site, tmp_path: Path) -> None:
    (tmp_path / "manifest.csv").write_text("my,own,table\n1,2,3\n")
    with pytest.raises(CollectError, match=r"manifest\.csv is not a valid Whatsit manifest"):
        gather(tmp_path, [site.url("/1")])
    assert (tmp_path / "manifest.csv").read_text() == "my,own,table\n1,2,3\n"
    assert not site.requests


KILLS = 50 if WHOLE else 5
MOMENTS = 200  # what collecting these addresses does to the disk


def test_kill_at_any_moment_leaves_no_half_file_and_the_next_run_continues(
    site: Site, killer: Killer, tmp_path: Path
) -> None:
    good = {f"/{n}": jpeg(n, (240, 180)) for n in range(24)}
    site.pages |= {path: respond(body) for path, body in good.items()}
    site.pages |= {"/copy": respond(good["/3"]), "/html": respond(b"<html>"), "/gone": respond(b"", 404)}
    urls = [site.url(path) for path in site.pages]
    dice, stages = random.Random(4), Counter[str]()
    for number in range(KILLS):
        images, folder = tmp_path / f"{number}" / "bears", tmp_path / f"{number}" / "project"
        images.mkdir(parents=True)
        site.hits.clear()
        killed = 0
        for moment in (dice.randrange(1, MOMENTS), dice.randrange(1, MOMENTS // 2)):
            killed += killer(images, folder, ("collect", urls), moment)
            arrived = pictures(images / "bear") if (images / "bear").exists() else {}
            assert set(arrived.values()) <= set(good.values())
            stages["some" if 0 < len(arrived) < len(good) else "all" if arrived else "none"] += 1
        settled = {url for url, row in _rows(images).items() if row["status"] != "waiting"}
        before = site.hits.copy()
        done = collect_lists({"bear": map(Found, urls)}, images, project=folder, allow_private=True)
        assert sorted(pictures(images / "bear").values()) == sorted(good.values())
        tally = done.classes["bear"]
        assert (tally.found, tally.kept, tally.duplicates, tally.broken) == (27, 24, 1, 1)
        assert not [url for url in settled if (site.hits - before)[url.removeprefix(site.url(""))]]
        assert max(site.hits[path] for path in good) <= 1 + killed
        assert not list((folder / "incoming").iterdir())
        shutil.rmtree(tmp_path / f"{number}")
    assert stages["some"] > KILLS // 2


def _rows(folder: Path) -> dict[str, dict[str, str]]:
    return manifest(folder) if (folder / "manifest.csv").exists() else {}


def test_ctrl_c_loses_nothing_and_the_same_command_goes_on(
    site: Site, cache: Path, command: Run, tmp_path: Path
) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(6)} | {"/slow": web.silent}
    urls = [site.url(path) for path in site.pages]
    (tmp_path / "urls_bear.txt").write_text("\n".join(urls))
    words = ["collect", "--urls", "urls_bear.txt", "--into", "bears", "--allow-private"]
    asked = threading.Event()

    async def slow(request: Request, writer: object) -> None:
        asked.set()
        await web.silent(request, writer)  # type: ignore[arg-type]

    site.pages["/slow"] = slow
    process = subprocess.Popen(
        [sys.executable, "-m", "whatsit", *words], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    assert asked.wait(30)
    process.send_signal(signal.SIGINT)
    _, reported = process.communicate(timeout=30)
    assert process.returncode == 130, reported
    assert "Traceback" not in reported
    site.pages["/slow"] = respond(jpeg(6))
    result = command(*words)
    assert result.returncode == 0, result.stderr
    assert len(pictures(tmp_path / "bears" / "bear")) == 7


def test_whatsit_collect_takes_the_shells_list_of_files_and_ends_with_a_table(
    site: Site, command: Run, tmp_path: Path
) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(7)}
    for label, numbers in (("black", range(4)), ("teddy", range(4, 9))):
        text = "".join(site.url(f"/{n}") + "\n" for n in numbers)
        (tmp_path / f"urls_{label}.txt").write_text(text)
    words = ["collect", "--urls", "urls_black.txt", "urls_teddy.txt", "--into", "bears", "--allow-private"]
    result = command(*words)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].split() == ["class", "found", "downloaded", "duplicates", "broken", "kept"]
    assert lines[1].split() == ["black", "4", "4", "0", "0", "4"]
    assert lines[2].split() == ["teddy", "5", "3", "0", "0", "3"]
    assert "2  the server answers 404 (not found)" in result.stdout
    document = json.loads(command(*words, "--json").stdout)
    counts = {"found": 4, "downloaded": 4, "duplicates": 0, "broken": 0, "kept": 4}
    assert document["classes"]["black"] == counts
    assert document["manifest"] == str(tmp_path / "bears" / "manifest.csv")
    assert [
        row["label"] for row in wi.Catalog.from_folder(tmp_path / "bears").to_dataframe().to_dict("records")
    ]


def test_whatsit_collect_label_and_folder_of_lists(site: Site, command: Run, tmp_path: Path) -> None:
    site.pages |= {f"/{n}": respond(jpeg(n)) for n in range(3)}
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "urls_a.csv").write_text(f"title,url\nx,{site.url('/0')}\n")
    (tmp_path / "lists" / "b.txt").write_text(f"{site.url('/1')}\n")
    assert command("collect", "--urls", "lists", "--into", "two", "--allow-private").returncode == 0
    assert sorted(path.name for path in (tmp_path / "two").iterdir() if path.is_dir()) == [
        ".whatsit",
        "a",
        "b",
    ]
    assert (
        command("collect", "--urls", "lists", "--label", "x", "--into", "one", "--allow-private").returncode
        == 0
    )
    assert len(pictures(tmp_path / "one" / "x")) == 2


@pytest.mark.parametrize(
    ("words", "reported"),
    [
        (["collect"], "nothing to search for"),
        (["collect", "--urls", "nowhere.txt"], "nowhere.txt can't be read"),
        (["collect", "--urls", "empty.txt"], "empty.txt has no addresses"),
        (["collect", "--urls", "folder"], "folder has no lists of addresses"),
        (["collect", "bear="], "has no words to search for"),
        (["collect", "bear", "bear"], "Two classes have the name"),
        (["collect", "bear", "--label", "x"], "--label applies only to lists"),
        (["collect", "a/b=bear"], "class can't have the name"),
        (["collect", "--urls", "one.txt", "--license", "public"], "apply only to searching"),
        (["collect", "--urls", "picture.txt"], "is not a text file"),
        (["collect", "--urls", "one.txt", "--into", "one.txt"], "can't be"),
    ],
)
def test_whatsit_collect_says_what_is_wrong_and_makes_nothing(
    command: Run, tmp_path: Path, words: list[str], reported: str
) -> None:
    (tmp_path / "empty.txt").write_text("# nothing\n\n")
    (tmp_path / "one.txt").write_text("http://127.0.0.1:1/a.jpg\n")
    (tmp_path / "picture.txt").write_bytes(jpeg(1))
    (tmp_path / "folder").mkdir()
    before = sorted(os.listdir(tmp_path))
    result = command(*words)
    assert result.returncode == 2
    assert reported in result.stderr
    assert "Traceback" not in result.stderr
    assert sorted(os.listdir(tmp_path)) == before


def test_whatsit_collect_that_keeps_nothing_says_why(command: Run, site: Site, tmp_path: Path) -> None:
    (tmp_path / "urls_bear.txt").write_text(site.url("/gone"))
    result = command("collect", "--urls", "urls_bear.txt", "--into", "bears")
    assert result.returncode == 2
    assert "private network" in result.stdout
    assert "No picture could be kept" in result.stderr
