"""Content in files, and a storage that fails."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.spools import CONTENT, TARGET, FailingStorage, envelope, files_of, put, settings

from bridge import faults
from bridge.clock import FixedClock
from bridge.errors import SpoolBrokenError, SpoolFullError
from bridge.spool import Incoming, Spool

pytestmark = pytest.mark.anyio

LIMIT = 1_000
LARGE = b"0123456789" * 500


@pytest.fixture
def storage() -> FailingStorage:
    return FailingStorage()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(folder: Path, clock: FixedClock, storage: FailingStorage) -> Iterator[Spool]:
    opened = open_spool(folder, clock, storage)
    yield opened
    opened.close()


def open_spool(folder: Path, clock: FixedClock, storage: FailingStorage | None = None) -> Spool:
    return Spool.open(settings(folder, inline_limit_bytes=LIMIT), clock=clock, storage=storage)


def arriving(spool: Spool, content: bytes = LARGE) -> Incoming:
    incoming = spool.incoming()
    for start in range(0, len(content), 700):
        incoming.write(content[start : start + 700])
    return incoming


async def put_file(spool: Spool, clock: FixedClock, content: bytes | Incoming) -> str:
    mail_id = spool.new_id()
    await spool.put(mail_id, envelope(clock.now()), content, [TARGET])
    return mail_id


# -- where content goes ----------------------------------------------------------------------------


async def test_small_content_stays_in_its_row(spool: Spool, clock: FixedClock, folder: Path) -> None:
    await put_file(spool, clock, b"x" * LIMIT)
    (item,) = await spool.unsorted(1)
    assert item.content == b"x" * LIMIT
    assert files_of(folder) == []


@pytest.mark.parametrize("streamed", [True, False])
async def test_large_content_becomes_a_file_named_by_its_mail(
    spool: Spool, clock: FixedClock, folder: Path, streamed: bool
) -> None:
    mail_id = await put_file(spool, clock, arriving(spool) if streamed else LARGE)
    (item,) = await spool.unsorted(1)
    assert isinstance(item.content, Path)
    assert item.content.relative_to(folder) == Path("content", mail_id[-2:], mail_id)
    assert item.content.read_bytes() == LARGE
    assert item.size_bytes == len(LARGE)
    assert files_of(folder) == [mail_id]


async def test_a_file_that_stayed_small_goes_into_the_row(
    spool: Spool, clock: FixedClock, folder: Path
) -> None:
    await put_file(spool, clock, arriving(spool, b"short"))
    (item,) = await spool.unsorted(1)
    assert item.content == b"short"
    assert files_of(folder) == []


def test_large_content_is_put_without_an_event_loop(spool: Spool, clock: FixedClock, folder: Path) -> None:
    mail_id = spool.new_id()
    spool.put_now(mail_id, envelope(clock.now()), arriving(spool), [TARGET])
    assert files_of(folder) == [mail_id]


def test_discarded_content_leaves_nothing(spool: Spool, folder: Path) -> None:
    incoming = arriving(spool)
    incoming.discard()
    incoming.discard()
    assert files_of(folder) == []
    with pytest.raises(ValueError, match="discarded"):
        incoming.write(b"more")


async def test_discarding_after_a_put_keeps_the_mail(spool: Spool, clock: FixedClock, folder: Path) -> None:
    incoming = arriving(spool)
    mail_id = await put_file(spool, clock, incoming)
    incoming.discard()
    assert files_of(folder) == [mail_id]


async def test_the_file_is_safe_before_the_row_that_names_it(
    spool: Spool, clock: FixedClock, storage: FailingStorage
) -> None:
    reached: list[str] = []
    incoming = arriving(spool)
    faults.install(reached.append)
    try:
        await put_file(spool, clock, incoming)
    finally:
        faults.install(None)
    assert reached == [
        "spool.before-file-fsync",
        "spool.after-file-fsync",
        "spool.before-rename",
        "spool.after-rename",
        "spool.before-folder-fsync",
        "spool.after-folder-fsync",
        "spool.before-folder-fsync",  # content/ itself, which got a new folder
        "spool.after-folder-fsync",
        "spool.before-commit",
        "spool.after-commit",
    ]


async def test_nobody_else_can_read_the_spool(tmp_path: Path, clock: FixedClock) -> None:
    folder = tmp_path / "wide"
    folder.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        spool = open_spool(folder, clock)
        await put_file(spool, clock, arriving(spool))
        for path in (folder, *folder.rglob("*")):
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
        spool.close()
    finally:
        os.umask(before)


# -- failures --------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["create", "write", "fsync", "rename", "fsync_folder", "make_folder"])
@pytest.mark.parametrize(
    ("number", "expected"),
    [(errno.ENOSPC, SpoolFullError), (errno.EIO, SpoolBrokenError), (errno.EROFS, SpoolBrokenError)],
)
async def test_a_storage_that_fails_refuses_the_mail_and_leaves_no_trace(
    spool: Spool,
    clock: FixedClock,
    folder: Path,
    storage: FailingStorage,
    operation: str,
    number: int,
    expected: type[Exception],
) -> None:
    storage.fail(operation, number)
    with pytest.raises(expected, match=str(folder)):
        await put_file(spool, clock, LARGE)
    assert files_of(folder) == []
    assert spool.ledger()["accepted"] == 0
    mail_id = await put_file(spool, clock, LARGE)
    assert files_of(folder) == [mail_id]


def test_content_that_stops_arriving_on_a_full_disk_is_a_full_spool(
    spool: Spool, storage: FailingStorage
) -> None:
    incoming = spool.incoming()
    storage.fail("write", errno.ENOSPC)
    with pytest.raises(SpoolFullError):
        incoming.write(b"x")
    incoming.discard()


async def test_one_file_that_cannot_be_moved_does_not_stop_the_mails_beside_it(
    spool: Spool, clock: FixedClock, storage: FailingStorage
) -> None:
    storage.fail("rename", errno.EIO)
    with pytest.raises(SpoolBrokenError):
        await put_file(spool, clock, LARGE)
    await put(spool, clock)
    assert spool.counts()["new"] == 1


async def test_a_row_that_is_refused_takes_its_file_along(
    spool: Spool, clock: FixedClock, folder: Path
) -> None:
    taken = await put(spool, clock)
    with pytest.raises(SpoolBrokenError):
        await spool.put(taken, envelope(clock.now()), LARGE, [TARGET])
    assert files_of(folder) == []


def test_a_discard_that_fails_is_left_to_the_next_start(
    spool: Spool, folder: Path, storage: FailingStorage
) -> None:
    incoming = arriving(spool)
    storage.fail("unlink", errno.EIO)
    incoming.discard()
    assert len(files_of(folder)) == 1


# -- orphans ---------------------------------------------------------------------------------------


async def test_a_start_removes_what_no_row_names(folder: Path, clock: FixedClock) -> None:
    spool = open_spool(folder, clock)
    kept = await put_file(spool, clock, LARGE)
    spool.close()
    (folder / "incoming" / "half").write_bytes(b"half a mail")
    (folder / "content" / "zz").mkdir()
    (folder / "content" / "zz" / "renamed-but-never-committed-zz").write_bytes(LARGE)
    open_spool(folder, clock).close()
    assert files_of(folder) == [kept]


async def test_a_start_leaves_what_another_process_is_taking(folder: Path, clock: FixedClock) -> None:
    beside = Spool.open(settings(folder, inline_limit_bytes=LIMIT), clock=clock, exclusive=False)
    incoming = arriving(beside)
    daemon = open_spool(folder, clock)
    mail_id = await put_file(beside, clock, incoming)
    assert files_of(folder) == [mail_id]
    assert [item.id for item in await daemon.unsorted(1)] == [mail_id]
    beside.close()
    daemon.close()


async def test_looking_from_beside_removes_nothing(folder: Path, clock: FixedClock) -> None:
    daemon = open_spool(folder, clock)
    (folder / "incoming" / "arriving").write_bytes(b"half a mail")
    Spool.open(settings(folder), clock=clock, exclusive=False).close()
    assert files_of(folder) == ["arriving"]
    daemon.close()


def test_small_content_needs_no_file(spool: Spool, clock: FixedClock, storage: FailingStorage) -> None:
    before = storage.calls.copy()
    spool.put_now(spool.new_id(), envelope(clock.now()), CONTENT, [TARGET])
    assert storage.calls == before
