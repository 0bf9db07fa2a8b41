"""The commands as an administrator types them, beside a daemon and without one: what they say, and their exit status."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from support import rig
from support.command import Done, call
from support.spools import envelope, place, sorting
from support.spools import settings as spool_settings

from bridge.cli.app import commands
from bridge.clock import FixedClock, SystemClock
from bridge.config.schema import Spool as SpoolSettings
from bridge.model import Target
from bridge.spool import Spool

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
MAIL = b"From: Ann Lee <ann@customer.example>\nSubject: Broken lamp\nMessage-ID: <1@customer.example>\n\nIt is dark.\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A config whose daemon does not run, with an empty spool."""
    path = tmp_path / "config.yaml"
    write(path, rig.settings(tmp_path, "http://127.0.0.1:1/api/v1"))
    Spool.open(spool_settings(tmp_path / "spool"), clock=SystemClock()).close()
    return path


def write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, default=str))  # JSON is YAML
    (path.parent / "token").chmod(0o600)


def pipe(config: Path, content: bytes = MAIL, *recipients: str) -> str:
    """Store one mail; its id."""
    named = [part for name in recipients or ("support@example.com",) for part in ("--recipient", name)]
    done = call("pipe", "-c", config, *named, stdin=content)
    assert done.status == 0, done.said
    return done.err.split()[-1]


def spool_of(config: Path) -> SpoolSettings:
    return spool_settings(config.parent / "spool")


def state(config: Path, id_: str) -> str:
    (line,) = [line for line in call("queue", "show", "-c", config, id_).text.splitlines() if line[0] != " "]
    return line.split()[1]


def in_one_line(done: Done, status: int, pattern: str) -> None:
    """It failed with that status, and said so in one line on standard error."""
    assert (done.status, done.out) == (status, b""), done.said
    assert re.search(pattern, done.err), done.err
    assert done.err.count("\n") == 1, done.err


# -- help ------------------------------------------------------------------------------------------


def all_commands(group: click.Group = commands, *path: str) -> Iterator[tuple[str, ...]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from all_commands(command, *path, name)


@pytest.mark.parametrize("path", [(), *all_commands()], ids=" ".join)
def test_every_command_explains_itself_and_every_option_of_it(path: tuple[str, ...]) -> None:
    done = call(*path, "--help")
    assert done.status == 0
    assert done.text.startswith(f"Usage: reamaze-bridge{''.join(f' {name}' for name in path)} ")
    listed = done.text.partition("Commands:")[2]
    assert "..." not in listed, "a command's first sentence is too long for a terminal of 80 columns"
    options = re.findall(r"^  (-.*?)(?:  +(.*))?$", done.text.partition("Options:")[2], re.MULTILINE)
    assert len(options) >= 1


# -- looking at mail -------------------------------------------------------------------------------


def test_an_empty_queue_says_so(config: Path) -> None:
    done = call("queue", "list", "-c", config)
    assert (done.status, done.out, done.err) == (0, b"", "Nothing waits, is held or dead.\n")


def test_a_waiting_mail_is_listed_shown_and_traced(config: Path) -> None:
    mail_id = pipe(config)
    assert re.fullmatch(rf"{mail_id}\s+new\s+\ds\s+support\n", call("queue", "list", "-c", config).text)
    assert "to support@example.com, no attempts" in call("queue", "show", "-c", config, mail_id).text
    told = call("trace", "-c", config, mail_id).text
    assert re.search(r"accepted from pipe by pipe, \d+ bytes\n", told)
    assert "from <> to support@example.com, route support" in told


def test_a_config_that_may_not_be_read_is_a_bad_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not a wrong call: the service would be started again and again."""
    in_one_line(call("run", "-c", tmp_path), 78, r"cannot be read: Is a directory\.")

    def denied(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(path))

    # Root, as which tests may run, is denied nothing.
    monkeypatch.setattr(Path, "read_bytes", denied)
    monkeypatch.setattr(os, "access", lambda *_: False)
    (tmp_path / "config.yaml").touch()
    done = call("run", "-c", tmp_path / "config.yaml")
    in_one_line(
        done, 78, r"config\.yaml: cannot be read: Permission denied\. Let the user who runs this read"
    )


def test_status_says_why_mail_is_refused(config: Path) -> None:
    assert "no mail is taken" not in call("status", "-c", config).text
    data = json.loads(config.read_text())
    data["spool"]["min_free_bytes"] = 2**60
    write(config, data)
    done = call("status", "-c", config)
    assert done.status == 1
    assert re.search(r"^trouble +no mail is taken: .* \(`spool\.min_free_bytes`\)", done.text, re.MULTILINE)


def test_a_trace_names_the_login_by_which_a_mail_came(config: Path) -> None:
    target = Target("support", "acme", ("support@example.com",))
    with closing(Spool.open(spool_of(config), clock=SystemClock(), exclusive=False)) as spool:
        mail_id = spool.new_id()
        spool.put_now(mail_id, envelope(login="scanner"), MAIL, (target,))
    told = call("trace", "-c", config, mail_id).text
    assert "accepted from 192.0.2.7 (mail.example.net), logged in as scanner, by lan, " in told


def test_a_list_that_was_cut_says_so(config: Path) -> None:
    for _ in range(3):
        pipe(config)
    done = call("queue", "list", "-c", config, "--limit", "2")
    assert (len(done.text.splitlines()), done.err) == (2, "There are more than 2; see them with --limit.\n")
    assert call("queue", "list", "-c", config, "--state", "dead").err == "No mail is dead.\n"


def test_a_mail_for_two_routes_has_two_deliveries(config: Path) -> None:
    mail_id = pipe(config, MAIL, "support@example.com", "sales@example.com")
    ids = [
        line.split()[0]
        for line in call("queue", "show", "-c", config, mail_id).text.splitlines()
        if line[0] != " "
    ]
    assert ids == [mail_id, f"{mail_id}.2"]
    assert call("queue", "hold", "-c", config, f"{mail_id}.2").text == "1 mail held.\n"
    assert state(config, f"{mail_id}.2") == "held"


@pytest.mark.parametrize("size_bytes", [10, 300_000])
def test_a_mail_is_exported_byte_by_byte(config: Path, tmp_path: Path, size_bytes: int) -> None:
    written = MAIL.replace(b"\n", b"\r\n") + bytes(range(128, 256)) + b"x\r\n" * (size_bytes // 3)
    mail_id = pipe(config, written)
    for done in (
        call("queue", "export", "-c", config, mail_id),
        call("queue", "export", "-c", config, mail_id, "-o", tmp_path / "out.eml"),
    ):
        assert done.status == 0
    exported = call("queue", "export", "-c", config, mail_id).out
    assert (tmp_path / "out.eml").read_bytes() == exported
    trace_field, content = exported[: -len(written)], exported[-len(written) :]
    assert content == written
    assert re.fullmatch(rb"Received: .*\r\n(\t.*\r\n)+", trace_field)


def test_a_file_that_cannot_be_written_is_named(config: Path, tmp_path: Path) -> None:
    mail_id = pipe(config)
    done = call("queue", "export", "-c", config, mail_id, "-o", tmp_path / "missing" / "out.eml")
    in_one_line(done, 1, r"missing/out\.eml: No such file or directory")


@pytest.mark.parametrize(
    "arguments",
    [("trace",), ("queue", "show"), ("queue", "export"), ("queue", "drop", "--yes"), ("queue", "release")],
    ids=" ".join,
)
def test_a_mail_that_is_not_there_is_said_not_to_be(config: Path, arguments: tuple[str, ...]) -> None:
    done = call(*arguments, "-c", config, "nonsense\x1b[2J")
    assert done.status == 1
    assert "no mail 'nonsense\\x1b[2J' is in the spool" in done.err


def test_hostile_names_and_reasons_cannot_move_the_terminal(config: Path, tmp_path: Path) -> None:
    hostile = "x\x1b[2J\r\nevent=dead\x9b1m\u202e\x07"

    async def store() -> str:
        with closing(Spool.open(spool_of(config), clock=SystemClock(), exclusive=False)) as spool:
            mail_id = spool.new_id()
            came = envelope(reverse_path=hostile, helo=hostile, peer=hostile, recipients=(hostile,))
            await spool.put(mail_id, came, MAIL, [Target("support", "acme", (hostile,))])
            (item,) = await spool.unsorted(1)
            await place(spool, item, sorting(summary=hostile, subject=hostile, message_id=hostile))
            await spool.settle(item.seq, "dead", hostile)
            return mail_id

    mail_id = asyncio.run(store())
    (tmp_path / "mail.eml").write_bytes(
        b"From: =?utf-8?Q?=1B[2J=C2=9B?= <a@b.example>\nSubject: =?utf-8?Q?a=0A=1B[2Jb?=\nX: \x1b\n\n\x1b[2J\n"
    )
    for arguments in (
        ["trace", mail_id],
        ["queue", "show", mail_id],
        ["queue", "list"],
        ["status"],
        ["explain", str(tmp_path / "mail.eml")],
        ["queue", "show", hostile],
    ):
        command = arguments[:2] if arguments[0] == "queue" else arguments[:1]
        done = call(*command, "-c", config, *arguments[len(command) :])
        said = done.said.replace("\n", "")
        assert said
        assert not re.search(r"[\x00-\x1f\x7f-\x9f\u202e]", said), (arguments, said)
        assert not re.search(r"^event=dead", done.said, re.MULTILINE)


# -- deciding --------------------------------------------------------------------------------------


def test_a_mail_is_held_and_released(config: Path) -> None:
    mail_id = pipe(config)
    assert call("queue", "hold", "-c", config, mail_id, "--reason", "legal asks").text == "1 mail held.\n"
    assert "held: legal asks" in call("trace", "-c", config, mail_id).text
    assert call("queue", "release", "-c", config, mail_id).text == "1 mail released.\n"
    assert state(config, mail_id) == "new"
    again = call("queue", "release", "-c", config, mail_id)
    assert (again.status, again.text) == (1, "no mails released.\n")
    assert f"mail {mail_id} is not held" in again.err


def test_dropping_asks_and_keeps_the_mail_as_it_came(config: Path) -> None:
    mail_id = pipe(config)
    refused = call("queue", "drop", "-c", config, mail_id, stdin=b"n\n")
    assert (refused.status, state(config, mail_id)) == (1, "new")
    assert "Nothing was dropped." in refused.err
    unanswered = call("queue", "drop", "-c", config, mail_id)
    assert (unanswered.status, state(config, mail_id)) == (130, "new")
    assert call("queue", "drop", "-c", config, mail_id, stdin=b"y\n").status == 0
    assert state(config, mail_id) == "dropped"
    assert MAIL.replace(b"\n", b"\r\n") in call("queue", "export", "-c", config, mail_id).out


def test_purging_deletes_the_mail_as_it_came(config: Path) -> None:
    mail_id = pipe(config, MAIL + b"x\n" * 200_000)
    files = [path for path in (config.parent / "spool" / "content").rglob("*") if path.is_file()]
    assert len(files) == 1
    assert call("queue", "drop", "-c", config, "--purge", "--yes", mail_id).text.endswith("1 mail dropped.\n")
    assert not files[0].exists()
    in_one_line(call("queue", "export", "-c", config, mail_id), 1, "no longer kept as it came")
    assert "no longer kept" in call("trace", "-c", config, mail_id).text


def test_of_several_mails_those_that_can_be_are_changed_and_the_others_named(config: Path) -> None:
    first, second = pipe(config), pipe(config)
    done = call("queue", "hold", "-c", config, first, "nonsense", second)
    assert (done.status, done.text) == (1, "2 mails held.\n")
    assert "there is no mail nonsense" in done.err


def test_a_mail_goes_to_another_recipient_by_another_route(config: Path) -> None:
    mail_id = pipe(config)
    done = call("queue", "edit-recipient", "-c", config, mail_id, "sales@example.com")
    assert done.text == f"{mail_id} goes to sales@example.com by route sales.\n"
    assert "to sales@example.com, route sales" in call("trace", "-c", config, mail_id).text
    refused = call("queue", "edit-recipient", "-c", config, mail_id, "nobody@example.com")
    in_one_line(refused, 1, "no route takes nobody@example.com")


def test_all_dead_letters_since_a_time_are_taken_up_again(config: Path) -> None:
    mails = [pipe(config) for _ in range(3)]
    clock = FixedClock()

    async def bury() -> None:
        with closing(Spool.open(spool_of(config), clock=clock, exclusive=False)) as spool:
            for item in await spool.unsorted(3):
                clock.advance(3_600)
                await spool.settle(item.seq, "dead", "answered 422")

    asyncio.run(bury())
    assert [state(config, mail_id) for mail_id in mails] == ["dead"] * 3
    listed = call("queue", "list", "-c", config, "--state", "dead").text.splitlines()
    assert all(line.endswith("answered 422") for line in listed)
    since = (clock.now() - timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M:%S")
    assert call("queue", "retry", "-c", config, "--all", "--since", since).text == "2 mails taken up again.\n"
    assert [state(config, mail_id) for mail_id in mails] == ["dead", "new", "new"]
    assert call("queue", "retry", "-c", config, mails[0]).text == "1 mail taken up again.\n"
    assert call("queue", "retry", "-c", config, "--all").text == "no mails taken up again.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["retry"], "give either ids or --all"),
        (["retry", "--all", "x"], "give either ids or --all"),
        (["retry", "x", "--since", "2026-11-01"], "--since goes with --all"),
        (["retry", "--all", "--since", "yesterday"], "does not match the formats"),
        (["list", "--state", "lost"], "is not one of"),
        (["hold"], "Missing argument"),
    ],
)
def test_a_wrong_call_is_explained(config: Path, arguments: list[str], said: str) -> None:
    done = call("queue", arguments[0], "-c", config, *arguments[1:])
    assert done.status == 2
    assert said in done.err


# -- pipe ------------------------------------------------------------------------------------------


def test_pipe_answers_with_the_statuses_that_mail_servers_know(config: Path) -> None:
    def status(*arguments: str, stdin: bytes = MAIL, path: Path = config) -> int:
        return call("pipe", "-c", path, *arguments, stdin=stdin).status

    assert status("--recipient", "support@example.com") == 0
    assert status("--recipient", "postmaster") == 0
    assert status("--recipient", "nobody@example.com") == 67
    assert status("--recipient", "support@example.com", stdin=b"") == 66
    hops = b"".join(b"Received: from a by b\n" for _ in range(40))
    assert status("--recipient", "support@example.com", stdin=hops + MAIL) == 65
    # A mistake of ours is no reason to send the mail back.
    assert status() == 75
    assert status("--recipient", "support@example.com", "--nonsense") == 75
    assert status("--recipient", "support@example.com", path=config.with_name("missing.yaml")) == 75
    config.write_text("hostnam: x\n")
    assert status("--recipient", "support@example.com") == 75


@pytest.mark.parametrize("sender", ["ann@customer.example", "MAILER-DAEMON"])
def test_the_pipe_of_the_readme_takes_every_recipient_of_a_mail(config: Path, sender: str) -> None:
    (line,) = re.findall(r" argv=\S+ (pipe .*)", README)
    named = ["support@example.com", "sales@example.com"]
    arguments: list[str] = []
    for word in line.split():
        # As pipe(8) has it: what holds ${recipient} stands there once for each of them.
        every = named if "${recipient}" in word else [""]
        arguments += [word.replace("${recipient}", each).replace("${sender}", sender) for each in every]
    done = call(arguments[0], "-c", config, *arguments[1:], stdin=MAIL)
    assert done.status == 0, done.said
    told = call("trace", "-c", config, done.err.split()[-1]).text
    path = sender if "@" in sender else ""
    assert f"from <{path}> to support@example.com, route support" in told
    assert f"from <{path}> to sales@example.com, route sales" in told


def test_pipe_makes_no_spool_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "config.yaml", rig.settings(tmp_path, "http://127.0.0.1:1/api/v1"))
    done = call("pipe", "-c", tmp_path / "config.yaml", "--recipient", "support@example.com", stdin=MAIL)
    in_one_line(done, 75, "there is no spool")
    assert not (tmp_path / "spool").exists()


def test_pipe_keeps_the_mail_out_of_the_way_of_a_bug(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ValueError("a word of the mail")

    monkeypatch.setattr(Spool, "open", broken)
    done = call("pipe", "-c", config, "--recipient", "support@example.com", stdin=MAIL)
    in_one_line(done, 75, r"unexpected ValueError at cli/\w+\.py:\d+")
    assert "a word" not in done.err


# -- what is wrong ---------------------------------------------------------------------------------


def test_without_a_spool_the_cause_is_named(tmp_path: Path) -> None:
    write(tmp_path / "config.yaml", rig.settings(tmp_path, "http://127.0.0.1:1/api/v1"))
    for command in (["status"], ["trace", "x"], ["queue", "list"], ["replay"]):
        in_one_line(call(*command, "-c", tmp_path / "config.yaml"), 1, "there is no spool in .* yet")


@pytest.mark.parametrize(
    "command", [["status"], ["trace", "x"], ["queue", "list"], ["check"], ["replay"]], ids=" ".join
)
def test_every_command_names_every_mistake_of_the_config(tmp_path: Path, command: list[str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("hostnam: x\nsmtp: 7\n")
    done = call(*command, "-c", path)
    assert done.status == 78
    assert f"{path}:1:1: hostnam: unknown key; did you mean `hostname`?" in done.err
    assert f"{path}:2:1: smtp:" in done.err
    assert "Traceback" not in done.err


def test_a_spool_of_a_newer_bridge_is_a_wrong_config(config: Path) -> None:
    with closing(sqlite3.connect(config.parent / "spool" / "spool.db")) as database, database:
        database.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
    for command in (["run"], ["status"], ["queue", "list"]):
        in_one_line(
            call(*command, "-c", config), 78, "written by a newer bridge .version 99.*install that release"
        )


def test_an_error_nobody_thought_of_is_one_line_without_its_text(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("a word of a mail")

    monkeypatch.setattr(Spool, "open", broken)
    in_one_line(
        call("status", "-c", config), 70, r"unexpected RuntimeError at cli/showing\.py:\d+; please report"
    )


# -- check -----------------------------------------------------------------------------------------


def test_check_warns_of_what_only_the_service_can_see(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = rig.settings(tmp_path, "http://127.0.0.1:1/api/v1")
    data["reamaze"]["brands"]["acme"]["token"] = {"credential": "reamaze-token"}
    data["smtp"]["listeners"][0]["tls"] = {"certificate": "gone.crt", "key": "gone.key"}
    write(config, data)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    done = call("check", "-c", config)
    assert (done.status, done.text) == (0, f"{config}: good; 2 routes, no examples.\n")
    assert re.search(r"warning: \S+: reamaze\.brands\.acme\.token: no credentials are here", done.err)
    assert re.search(r"warning: \S+: smtp\.listeners\[0\]\.tls: cannot use the certificate", done.err)
    in_one_line(call("run", "-c", config), 78, "no credentials are here")


def test_check_online_names_the_place_of_what_re_amaze_does_not_know(config: Path) -> None:
    done = call("check", "-c", config, "--online")
    in_one_line(done, 78, rf"{config}:1:\d+: reamaze\.brands\.acme: no connection: refused")
