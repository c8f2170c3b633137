"""Every decision that code or a case cites stands in `contracts/decisions.md`."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
CITED = re.compile(r"decisions(?:\.md)?,\s+(?:#\s*)?\"([^\"]+)\"")


def test_no_two_decisions_have_one_title():
    text = (ROOT / "contracts" / "decisions.md").read_text(encoding="utf-8")
    titles = re.findall(r"^###? (.+)$", text, re.MULTILINE)
    assert [title for title in titles if titles.count(title) > 1] == []


def test_every_cited_decision_exists():
    text = (ROOT / "contracts" / "decisions.md").read_text(encoding="utf-8")
    titles = set(re.findall(r"^###? (.+)$", text, re.MULTILINE))
    cited = {
        " ".join(title.split()): path
        for folder in ("adapter", "contracts")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".toml", ".md"}
        for title in CITED.findall(path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 20
    assert {title: path.name for title, path in cited.items() if title not in titles} == {}
