"""The site has each page in both languages, and its links are those of the documents."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from scripts import docs_site
from scripts.docs_site import LANGUAGES, PAGES

ROW = re.compile(r"^\|", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#]+)")
# Chinese explains these figures; the rows stand in the English page alone.
FIGURES = {"docs/benchmarks.md", "docs/reliability.md"}
HEADING = re.compile(r"^(#{1,6}) ", re.MULTILINE)
CODE_BLOCK = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def test_every_page_of_the_navigation_is_there_in_both_languages(root: Path) -> None:
    """With a title in each, and a name of its own on the site."""
    for page in PAGES:
        for file in (page.file, docs_site.chinese_of(page.file)):
            assert (root / file).is_file(), file
    names = [docs_site.name_on_site(page.file) for page in PAGES]
    assert len({*names}) == len(names)
    assert all(page.english and page.chinese for page in PAGES)


def test_pages_in_both_languages_are_on_the_site(root: Path) -> None:
    """A new one that has no section yet stands at the end, under its own heading."""
    twins = {f"docs/{path.name}" for path in (root / "docs").glob(f"*{docs_site.SUFFIX}")}
    assert twins == {docs_site.chinese_of(page.file) for page in PAGES if "/" in page.file}


def test_both_languages_have_the_same_sections(root: Path) -> None:
    """But for the page of figures, which Chinese only explains."""
    for page in PAGES:
        texts = [
            (root / file).read_text(encoding="utf-8")
            for file in (page.file, docs_site.chinese_of(page.file))
        ]
        english, chinese = (HEADING.findall(CODE_BLOCK.sub("", text)) for text in texts)
        assert english == chinese or page.file == "docs/benchmarks.md", page.file


def test_both_languages_have_the_same_tables_and_links(root: Path) -> None:
    """A row or a link that is added to one is missing in the other until it is translated."""
    for page in PAGES:
        english, chinese = (
            CODE_BLOCK.sub("", (root / file).read_text(encoding="utf-8"))
            for file in (page.file, docs_site.chinese_of(page.file))
        )
        if page.file not in FIGURES:
            assert len(ROW.findall(english)) == len(ROW.findall(chinese)), page.file
        links, twins = (
            Counter(target.replace(".zh-CN", "") for target in LINK.findall(text))
            for text in (english, chinese)
        )
        # The explanations of figures lead to the page that has them.
        assert links - twins == Counter(), page.file
        assert twins - links == Counter() or page.file in FIGURES, page.file


def test_both_languages_lead_to_each_other(root: Path) -> None:
    """At the beginning of a page, in the same words everywhere."""
    for page in PAGES:
        english, chinese = Path(page.file).name, Path(docs_site.chinese_of(page.file)).name
        for file, line in (
            (page.file, f"[简体中文]({chinese})"),
            (docs_site.chinese_of(page.file), f"[English]({english})"),
        ):
            beginning = (root / file).read_text(encoding="utf-8").split("\n\n")[:3]
            assert any(line in part for part in beginning), file


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[a](limits.md#x)", "[a](limits.md#x)"),
        ("[a](../README.md#b)", "[a](index.md#b)"),
        ("[a](../SECURITY.md)", "[a](security.md)"),
        ("[`t`](../tests/unit/test_runtime.py)", "`t`"),
        ("[`[[model]]`](configuration.md)", "[`[[model]]`](configuration.md)"),
        ("![a](images/console.png)", "![a](images/console.png)"),
        ("[a](https://example.org) [b](#c)", "[a](https://example.org) [b](#c)"),
        ("`[a](../x.md)`\n```\n[a](../x.md)\n```\n", "`[a](../x.md)`\n```\n[a](../x.md)\n```\n"),
        ("[简体中文](operations.zh-CN.md)\n\nText.", "Text."),
    ],
)
def test_links_lead_to_pages_of_the_site(text: str, expected: str) -> None:
    """Those to other files become their names; code is left alone."""
    assert docs_site.translate(text, "docs/operations.md") == expected


def test_a_chinese_page_leads_to_chinese_pages() -> None:
    """And to the English site for what stands there alone."""
    text = "[a](limits.zh-CN.md) [b](reliability.md#figures) [c](../README.zh-CN.md)"
    expected = "[a](limits.md) [b](../reliability.html#figures) [c](index.md)"
    assert docs_site.translate(text, "docs/operations.zh-CN.md") == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_settings_are_whole(language: docs_site.Language) -> None:
    """They can be read, have every page, and fetch nothing from elsewhere."""
    project = tomllib.loads(docs_site.render_settings(language))["project"]
    files = [
        file
        for section in project["nav"]
        for pages in section.values()
        for page in pages
        for file in page.values()
    ]
    assert files == [docs_site.name_on_site(page.file) for page in PAGES]
    assert project["theme"]["font"] is False
    assert [one["lang"] for one in project["extra"]["alternate"]] == ["en", "zh"]


def test_a_dead_link_of_the_site_is_found(tmp_path: Path) -> None:
    """A file that is not there, and a place that is not in one."""
    (tmp_path / "zh").mkdir()
    (tmp_path / "index.html").write_text(
        '<h1 id="top"></h1><a href="zh/">ok</a><a href="zh/index.html#a">ok</a>'
        '<a href="#top">ok</a>'
        '<a href="gone.html">no</a><a href="zh/index.html#b">no</a><a href="mailto:x">ok</a>'
    )
    (tmp_path / "zh" / "index.html").write_text('<h1 id="a"></h1><img src="../logo.png">')
    assert list(docs_site.find_dead_links(tmp_path)) == [
        "index.html: gone.html: there is no such file",
        "index.html: zh/index.html#b: there is no such place",
        "zh/index.html: ../logo.png: there is no such file",
    ]
