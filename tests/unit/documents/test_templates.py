from pathlib import Path

import pytest

from adapter.documents.check import check_documents, sample_pages, unwritable_scripts
from adapter.documents.config import DocumentConfig
from adapter.documents.templates import packaged_names
from tests.unit.documents.conftest import BUSINESS, Studio

BROKEN = {
    "document.xml": [
        "{% if %}",
        "{{ page.nothing }}",
        "{{ 1 / 0 }}",
        "{{ ().__class__.__bases__ }}",
        "<page>",
        "<page><video/></page>",
        '<!DOCTYPE page [<!ENTITY a "b">]><page>&a;</page>',
        '<page><text size="big">x</text></page>',
        '<page><text color="reddish">x</text></page>',
        '<page><table widths="1"><row><cell>a</cell><cell>b</cell></row></table></page>',
        '<page><text align="up">x</text></page>',
        '<page><text size="9999">x</text></page>',
        '<page><gap height="nan"/><text>x</text></page>',
        '<page><columns widths="0 1"><column/><column/></columns></page>',
        "<page><columns><row/></columns></page>",
        '{% include "nowhere.xml" %}',
    ],
    "document.html": [
        "{% for %}",
        "{{ page.lines[99].amount }}",
        '{{ page.open("/etc/passwd") }}',
    ],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def override(folder: Path, name: str, text: str) -> Studio:
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return Studio(DocumentConfig(templates=str(folder)))


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in BROKEN.items() for text in texts]
)
def test_a_bad_template_is_told_of_and_the_packaged_one_is_used(folder, invoice, name, text):
    plain = Studio()
    studio = override(folder, name, text)
    if name == "document.xml":
        assert studio.renderer.pdf(invoice) == plain.renderer.pdf(invoice)
    else:
        assert studio.renderer.html(invoice) == plain.renderer.html(invoice)
    (warning,) = studio.warnings
    assert warning.endswith("the packaged template is used")
    (problem,) = check_documents(BUSINESS, studio.config)
    assert warning.startswith(problem)


def test_a_good_template_replaces_the_packaged_one(folder, invoice):
    studio = override(folder, "document.xml", "<page><text>Just {{ page.number }}</text></page>")
    assert studio.text(invoice) == "Just INV-1 Page 1 of 1"
    assert studio.warnings == []
    assert list(check_documents(BUSINESS, studio.config)) == []


def test_rows_that_are_higher_than_a_page_end(folder, with_lines):
    text = (
        '<page><table size="72"><head><cell>Head</cell></head>{% for line in page.lines %}'
        "<row><cell>{{ line.description }}</cell></row>{% endfor %}</table></page>"
    )
    studio = override(folder, "document.xml", text)
    shown = studio.text(with_lines(*(" ".join("word" for _ in range(n)) for n in range(1, 30))))
    assert shown.count("word") == sum(range(1, 30))
    assert studio.warnings == []


def test_an_override_can_build_on_packaged_templates(folder, invoice):
    text = '{% extends "mail/base.html" %}{% block content %}Hello{% endblock %}'
    studio = override(folder, "mail/invoice-created.html", text)
    assert list(check_documents(BUSINESS, studio.config)) == []


def test_mail_templates_are_checked_too(folder):
    studio = override(folder, "mail/invoice-created.txt", "no subject")
    (problem,) = check_documents(BUSINESS, studio.config)
    assert "Subject:" in problem


def test_the_check_names_files_that_replace_nothing(folder):
    studio = override(folder, "docment.xml", "<page/>")
    (problem,) = check_documents(BUSINESS, studio.config)
    assert problem.startswith("template docment.xml: replaces none of ")
    assert "document.xml" in problem


def test_the_check_names_a_missing_folder_logo_and_font(tmp_path):
    nowhere = str(tmp_path / "none")
    config = DocumentConfig(logo=nowhere, templates=nowhere, fallback_fonts=(nowhere,))
    problems = list(check_documents(BUSINESS, config))
    assert [problem.partition(" ")[0] for problem in problems] == ["logo", "font", "templates"]
    assert unwritable_scripts(config) == ("Chinese", "Japanese", "Korean")


def test_a_file_that_is_no_font_is_named(tmp_path):
    (tmp_path / "x.ttf").write_bytes(b"no font")
    config = DocumentConfig(fallback_fonts=(str(tmp_path / "x.ttf"),))
    (problem,) = check_documents(BUSINESS, config)
    assert problem.endswith(
        "not a font that can be used: Not a TrueType or OpenType font (not enough data)"
    )


def test_every_packaged_template_renders_every_sample(tmp_path):
    for name in packaged_names():
        source = Path(__file__).parents[3] / "adapter" / "documents" / "templates" / name
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(source.read_text())
    config = DocumentConfig(templates=str(tmp_path))
    assert list(check_documents(BUSINESS, config)) == []
    assert len(sample_pages()) == 3
