"""Makes the documents a site in both languages, in build/site; `make docs-site`.

    python -m scripts.docs_site [--tool PATH]

The documents stay as they are, readable where the repository is. For the site they are copied into
one folder for each language, with links as they are there; a link to a file that is no page of the
site, such as a test, becomes its name. What the tool has made is then walked: a link that leads
nowhere fails the run.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import unquote

ROOT: Final = Path(__file__).parents[1]
BUILT: Final = ROOT / "build"
SITE: Final = BUILT / "site"
SUFFIX: Final = ".zh-CN.md"


class Page(NamedTuple):
    """One page: its English file, and what the navigation calls it."""

    file: str
    english: str
    chinese: str


@dataclass(frozen=True, slots=True)
class Language:
    """One language of the site. `folder` is below the site's root."""

    code: str
    name: str
    folder: str


LANGUAGES: Final = (
    Language("en", "English", ""),
    Language("zh", "简体中文", "zh"),
)
# Sections, by their names in both languages, and their pages.
_SECTIONS: Final[Mapping[tuple[str, str], tuple[Page, ...]]] = {
    ("Start", "开始"): (
        Page("README.md", "What it is", "简介"),
        Page("docs/quickstart.md", "Quickstart", "快速开始"),
        Page("docs/install.md", "Install", "安装"),
        Page("docs/huggingface.md", "A Hugging Face Space", "Hugging Face Space"),
        Page("docs/upgrade.md", "From the earlier cursor-api", "从早期的 cursor-api 迁移"),
        Page("docs/faq.md", "Questions and answers", "常见问题"),
    ),
    ("Use", "使用"): (
        Page("docs/clients.md", "Client by client", "逐个客户端"),
        Page("docs/routes.md", "What works over which route", "各路由支持的功能"),
        Page("docs/endings.md", "How an answer ends", "回答如何结束"),
        Page("docs/console.md", "The console", "控制台"),
        Page("docs/api.md", "Management API", "管理 API"),
    ),
    ("Run", "运行"): (
        Page("docs/configuration.md", "Configuration", "配置"),
        Page("docs/commands.md", "Commands", "命令"),
        Page("docs/operations.md", "Operations", "运维"),
        Page("docs/records.md", "Records of requests", "请求记录"),
        Page("docs/metrics.md", "Metrics", "指标"),
        Page("docs/nodes.md", "Several nodes", "多个节点"),
        Page("docs/sizing.md", "Sizing", "容量规划"),
        Page("docs/limits.md", "Limits", "限制"),
        Page("docs/reliability.md", "Reliability", "可靠性"),
    ),
    ("Understand", "了解"): (
        Page("docs/architecture.md", "Architecture", "架构"),
        Page("SECURITY.md", "Security model", "安全模型"),
        Page("docs/dependencies.md", "Dependencies", "依赖"),
        Page("docs/benchmarks.md", "Benchmarks", "基准测试"),
        Page("docs/benchmarking.md", "How speed is measured", "如何测量速度"),
    ),
}


def find_title(file: str) -> str:
    """A page's own heading."""
    found = re.search(r"^# (.+)$", (ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else Path(file).stem


def _find_others() -> tuple[Page, ...]:
    """Pages in both languages that no section has yet, by their headings."""
    known = {page.file for pages in _SECTIONS.values() for page in pages}
    twins = sorted((ROOT / "docs").glob(f"*{SUFFIX}"))
    files = [f"docs/{path.name.removesuffix(SUFFIX)}.md" for path in twins]
    return tuple(
        Page(file, find_title(file), find_title(chinese_of(file)))
        for file in files
        if file not in known
    )


def chinese_of(file: str) -> str:
    """The Chinese twin's name."""
    return file.removesuffix(".md") + SUFFIX


NAVIGATION: Final = {**_SECTIONS, ("More", "更多"): _find_others()}
PAGES: Final = tuple(page for pages in NAVIGATION.values() for page in pages)
# A link or an image, whose text may have brackets and code in it; or code, in which nothing is one.
_LINK: Final = re.compile(
    r"(?P<mark>!?)\[(?P<words>(?:[^\[\]`]|`[^`\n]*`|\[[^\]]*\])*)\]\((?P<target>[^)\s]+)\)"
    r"|^```.*?^```$|`[^`\n]*`",
    re.MULTILINE | re.DOTALL,
)
# What a page says of its other language; the site has a switch for that.
_OTHER_LANGUAGE: Final = re.compile(r"^(?:\[(?:简体中文|English)\]|English · ).*\n+", re.MULTILINE)


def name_on_site(file: str) -> str | None:
    """What a page's file, in either language, is called there; None for what is no page."""
    english = file.removesuffix(SUFFIX) + ".md" if file.endswith(SUFFIX) else file
    if english == "README.md":
        return "index.md"
    is_page = any(page.file == english for page in PAGES)
    return Path(english).name.lower() if is_page else None


def translate(text: str, file: str) -> str:
    """A page's text for the site: links lead to pages there."""
    text = _OTHER_LANGUAGE.sub("", text, count=1)
    return _LINK.sub(lambda found: _lead(found, file), text)


def _lead(found: re.Match[str], file: str) -> str:
    mark, words, target = found["mark"], found["words"], found["target"]
    if target is None or re.match(r"[a-z]+:|#", target):
        return found[0]
    path, hash_sign, anchor = target.partition("#")
    meant = str((ROOT / file).parent.joinpath(path).resolve().relative_to(ROOT))
    if mark:
        return f"{mark}[{words}]({Path('images') / Path(meant).name})"
    name = name_on_site(meant)
    if name is None:
        return words
    if file.endswith(SUFFIX) and not meant.endswith(SUFFIX):
        # What is in the English page alone.
        name = f"../{name.removesuffix('.md')}.html"
    return f"[{words}]({name}{hash_sign}{anchor})"


def assemble(folder: Path, language: Language) -> None:
    """The pages of one language, and the tool's settings for them."""
    is_chinese = language.code == "zh"
    docs = folder / "docs"
    for page in PAGES:
        file = chinese_of(page.file) if is_chinese else page.file
        name = name_on_site(file)
        assert name is not None  # noqa: S101 - it is a page
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / file).read_text(encoding="utf-8")
        (docs / name).write_text(translate(text, file), encoding="utf-8")
    shutil.copytree(ROOT / "docs" / "images", docs / "images")
    (folder / "zensical.toml").write_text(render_settings(language), encoding="utf-8")


_PALETTES: Final = """\
[[project.theme.palette]]
media = "(prefers-color-scheme: light)"
scheme = "default"
toggle = { icon = "lucide/sun", name = "dark" }
[[project.theme.palette]]
media = "(prefers-color-scheme: dark)"
scheme = "slate"
toggle = { icon = "lucide/moon", name = "light" }"""
# Anchors are as the sites make them that show the repository, Chinese ones too.
_EXTENSIONS: Final = """\
[project.markdown_extensions]
tables = {}
attr_list = {}
pymdownx.superfences = {}
pymdownx.highlight = {}
pymdownx.tilde = {}
[project.markdown_extensions.toc]
permalink = true
slugify = { object = "pymdownx.slugs.slugify", kwds = { case = "lower" } }"""


def render_settings(language: Language) -> str:
    """What the tool reads. JSON's texts and lists are TOML's, too."""
    is_chinese = language.code == "zh"
    entries = []
    for titles, pages in NAVIGATION.items():
        if not pages:
            continue
        inner = ", ".join(
            f"{{ {json.dumps(page[1 + is_chinese], ensure_ascii=False)} ="
            f" {json.dumps(name_on_site(page.file))} }}"
            for page in pages
        )
        entries.append(f"  {{ {json.dumps(titles[is_chinese], ensure_ascii=False)} = [{inner}] }},")
    switch = [
        f'  {{ name = "{one.name}", link = "{_way_between(language, one)}", lang = "{one.code}" }},'
        for one in LANGUAGES
    ]
    return "\n".join(
        [
            "[project]",
            'site_name = "cursor-api"',
            # Pages that can be opened from a folder as well as from a server.
            "use_directory_urls = false",
            "nav = [",
            *entries,
            "]",
            "[project.theme]",
            f'language = "{language.code}"',
            'features = ["content.code.copy", "navigation.sections", "navigation.top"]',
            # Nothing is fetched from elsewhere.
            "font = false",
            _PALETTES,
            "[project.extra]",
            "generator = false",
            "alternate = [",
            *switch,
            "]",
            _EXTENSIONS,
            "",
        ]
    )


def _way_between(here: Language, there: Language) -> str:
    up = "../" * bool(here.folder)
    return f"{up}{there.folder}/" if there.folder else up or "./"


class _Links(HTMLParser):
    """What a page leads to, and what can be led to in it."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, _tag: str, attributes: list[tuple[str, str | None]]) -> None:
        """One tag."""
        for name, text in attributes:
            if name in {"href", "src"} and text:
                self.targets.append(text)
            elif name in {"id", "name"} and text:
                self.anchors.add(text)


def find_dead_links(site: Path) -> Iterator[str]:
    """Links of the made site that lead nowhere within it."""
    pages: dict[Path, _Links] = {}
    for path in sorted(site.rglob("*.html")):
        pages[path] = links = _Links()
        links.feed(path.read_text(encoding="utf-8"))
    for path, links in pages.items():
        # The page for what is not there is shown at any depth.
        for target in links.targets if path.name != "404.html" else ():
            file, _, anchor = target.partition("#")
            if re.match(r"[a-z]+:|//", file):
                continue
            meant = (path.parent / unquote(file)).resolve() if file else path
            meant = meant / "index.html" if meant.is_dir() else meant
            found = pages.get(meant)
            if not meant.exists():
                yield f"{path.relative_to(site)}: {target}: there is no such file"
            elif anchor and found and unquote(anchor) not in found.anchors:
                yield f"{path.relative_to(site)}: {target}: there is no such place"


def main() -> int:
    """Make it; 1 where a link leads nowhere."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tool", default="zensical", help="default: %(default)s")
    given: str = parser.parse_args().tool
    found = shutil.which(given)
    if found is None:
        sys.stderr.write(f"error: there is no {given}; make docs-site installs one\n")
        return 1
    # It is started in other folders.
    tool = Path(found).absolute()
    shutil.rmtree(SITE, ignore_errors=True)
    for language in LANGUAGES:
        folder = BUILT / f"site-{language.code}"
        shutil.rmtree(folder, ignore_errors=True)
        assemble(folder, language)
        subprocess.run([tool, "build"], cwd=folder, check=True)
        shutil.copytree(folder / "site", SITE / language.folder, dirs_exist_ok=True)
    dead = list(find_dead_links(SITE))
    sys.stdout.write("".join(f"{one}\n" for one in dead))
    count = sum(1 for _ in SITE.rglob("*.html"))
    sys.stdout.write(f"{SITE.relative_to(ROOT)}: {count} pages, {len(dead)} dead links\n")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
