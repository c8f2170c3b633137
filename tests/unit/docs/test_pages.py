"""What README.md and docs/*.md name exists: commands, options, files, titles."""

import re
from pathlib import Path

import click
import pytest

from adapter.cli import main
from tests.pages import PAGES, ROOT, anchors, blocks, commands_named, links, prose

# Beginnings of what a reader types; it stands in a block that a test executes.
TYPED = ("adapter ", "make ", "curl ", "export ", "pip ", "systemctl ", "docker ")


@pytest.mark.parametrize("page", PAGES)
def test_what_a_reader_types_stands_in_a_shell_block(page):
    indented = [line.strip() for line in prose(page).splitlines() if line.startswith("    ")]
    assert not [line for line in indented if line.startswith(TYPED)]
    for block in blocks(page):
        assert block.language in {"sh", "toml", "json", "yaml", "jsonl", "csv", "text"}, block.name
        if block.language != "sh":
            assert not block.name.startswith(TYPED), block.name


def check_named(command: str) -> None:
    """Raise unless a command, as a page names it, and its options exist."""
    words = re.sub(r"[\[\]|\\]", " ", command).split()[1:]
    found: click.Command = main
    context = click.Context(main)
    while isinstance(found, click.Group) and words:
        assert re.fullmatch(r"[a-z-]+", words[0]), command
        inner = found.get_command(context, words.pop(0))
        assert inner is not None, f"there is no `{command}`"
        found = inner
    options = {option for parameter in found.params for option in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("-"):
            assert word.partition("=")[0] in options, f"`{command}` has no {word}"


@pytest.mark.parametrize("page", PAGES)
def test_commands_that_a_page_names_exist(page):
    for command in commands_named(page):
        # `a list`, `b`: what stands behind a name of alternatives is none of them.
        check_named(re.split(r"[(…]|\.\.\.", command)[0])


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (ROOT / page).parent / path if path else ROOT / page
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(str(file.resolve().relative_to(ROOT))), target


def test_every_page_is_reached_from_the_readme():
    reached, ahead = set(), ["README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        for target in links(page):
            file = ((ROOT / page).parent / target.partition("#")[0]).resolve()
            name = str(file.relative_to(ROOT)) if file.is_relative_to(ROOT) else ""
            if name in PAGES and name not in reached:
                ahead.append(name)
    assert set(PAGES) <= reached


def test_files_that_deploying_tells_of_are_all_there_are():
    told = {
        Path(target).name for target in links("docs/deploy.md") if target.startswith("deploy/")
    }
    told.discard("deploy")
    assert {file.name for file in (ROOT / "docs/deploy").iterdir()} == told - {""}
