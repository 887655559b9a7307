"""The kit of all pages: one file without network, or links to files that a browser may keep."""

import re

import pytest

from whatsit.web import asset, render, static_files


def test_page_in_one_file_allows_its_own_styles_and_scripts_and_nothing_else() -> None:
    page = render("base.html", "en", assets=["album.js"])
    assert '<html lang="en">' in page
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    policy = policy.replace("&#39;", "'")
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert asset("album.js").csp in policy
    assert policy.count("'sha256-") == 5
    assert not re.search(r'\sstyle="|\son[a-z]+="|https?://', page)


def test_page_of_a_server_links_to_files_named_after_their_content() -> None:
    page = render("base.html", "zh", inline=False, assets=["album.js"])
    assert '<html lang="zh-CN">' in page
    served = static_files()
    linked = re.findall(r'(?:href|src)="static/([^"]+)"', page)
    assert len(linked) == 5
    for name in linked:
        kind, content = served[name]
        assert kind in ("text/css", "text/javascript")
        assert content.decode() == asset(re.sub(r"\.[0-9a-f]{12}", "", name)).text


@pytest.mark.parametrize("name", sorted(static_files()))
def test_files_of_the_kit_are_small_and_need_no_network(name: str) -> None:
    _, content = static_files()[name]
    assert len(content) < 30_000
    assert b"http" not in content
    assert b"@import" not in content
