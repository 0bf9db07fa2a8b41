"""The golden corpus: each mail beside exactly what is posted for it. `pytest tests/test_corpus.py --regenerate` writes it anew.

A person reads the difference before it is committed. Each mail is tried as stored and with CRLF at every line's end: both are
one mail.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import pytest
from support import golden, spools

from bridge.clock import Clock
from bridge.config.schema import Spool as Settings
from bridge.spool import Spool

MAILS = sorted(golden.CORPUS.glob("*/*.eml"))
_MEMORY = Path("/dev/shm")
_BARE_LF = re.compile(rb"(?<!\r)\n")


@pytest.fixture(autouse=True)
def _spools_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each mail goes through a spool of its own, and nothing here asks how it is made, nor whether it outlives a power cut."""
    if _MEMORY.is_dir():
        monkeypatch.setattr(tempfile, "tempdir", str(_MEMORY))
    really, made = Spool.open, spools.empty()

    def opened(settings: Settings, *, clock: Clock) -> Spool:
        (settings.folder / "spool.db").write_bytes(made)
        return really(settings, clock=clock)

    monkeypatch.setattr(Spool, "open", opened)


@pytest.mark.parametrize("mail", MAILS, ids=lambda mail: f"{mail.parent.name}/{mail.stem}")
def test_a_mail_becomes_what_a_person_has_read(mail: Path, request: pytest.FixtureRequest) -> None:
    content, answer = mail.read_bytes(), mail.with_suffix(".json")
    posted = golden.posted(content)
    if request.config.getoption("--regenerate"):
        answer.write_text(posted, encoding="utf-8")
    assert posted == answer.read_text(encoding="utf-8")
    assert golden.posted(_BARE_LF.sub(b"\r\n", content)) == posted


def test_every_answer_has_its_mail() -> None:
    assert {mail.with_suffix(".json") for mail in MAILS} == set(golden.CORPUS.glob("*/*.json"))
