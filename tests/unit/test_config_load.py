"""A config is loaded whole, or every mistake in it is named once, at its place, without telling a secret."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.config import crosscheck, load, outline, wording
from bridge.errors import ConfigError

GOOD = """\
hostname: bridge.example.com
smtp:
  listeners:
    - name: lan
      listen: 127.0.0.1:2525
spool:
  folder: spool
routes:
  - name: support
    recipients: ["support@example.com"]
    brand: acme
    channel: support
staging:
  serve:
    public_url: https://files.example.com
reamaze:
  brands:
    acme:
      base_url: https://acme.reamaze.io/api/v1
      user: bridge@example.com
      token: {env: REAMAZE_TOKEN}
"""


def mistakes(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load.load(Path("c.yaml"), text=text)
    return caught.value.mistakes


def the_mistake(text: str) -> str:
    found = mistakes(text)
    assert len(found) == 1, found
    return found[0].removeprefix("c.yaml:")


def changed(before: str, after: str, text: str = GOOD) -> str:
    assert text.count(before) == 1
    return text.replace(before, after)


# -- reading the file ------------------------------------------------------------------------------


def test_a_good_file_loads() -> None:
    config = load.load(Path("c.yaml"), text=GOOD)
    assert config.routes[0].brand == "acme"
    assert config.smtp.listeners[0].listen == "127.0.0.1:2525"


def test_the_content_is_read_from_the_path(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load.load(path).hostname == "bridge.example.com"


def test_relative_paths_are_relative_to_the_folder_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "config.yaml").write_text(changed("{env: REAMAZE_TOKEN}", "{file: /run/token}"))
    monkeypatch.chdir(tmp_path)
    config = load.load(Path("etc/config.yaml"))
    assert config.spool.folder == tmp_path / "etc" / "spool"
    assert config.reamaze.brands["acme"].token.file == Path("/run/token")


def test_a_config_travels_to_another_process() -> None:
    config = load.load(Path("c.yaml"), text=GOOD)
    assert pickle.loads(pickle.dumps(config)) == config


def test_a_missing_file_is_one_mistake_with_its_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory") as caught:
        load.load(tmp_path / "none.yaml")
    assert len(caught.value.mistakes) == 1
    assert "-c" in str(caught.value)


def test_a_folder_instead_of_a_file_is_one_mistake(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Is a directory"):
        load.load(tmp_path)


def test_a_file_that_is_not_utf_8_names_the_first_wrong_byte(tmp_path: Path) -> None:
    path = tmp_path / "c.yaml"
    path.write_bytes(b"hostname: a\nsmtp: gr\xfc\xdfe\n")
    with pytest.raises(ConfigError) as caught:
        load.load(path)
    assert caught.value.mistakes == (f"{path}:2:9: the file is not UTF-8 from here on; save it as UTF-8",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1: the file is empty"),
        ("# only words\n", "1:1: the file is empty"),
        ("- a\n- b\n", "1:1: expected `key: value` lines at the top"),
        ("just words", "1:1: expected `key: value` lines at the top"),
        ("hostname: a\nsmtp:\n\tlisteners: []\n", "3:1: a tab stands where YAML allows only blanks"),
        ("hostname: a: b\n", "1:12: a second `key:` on one line"),
        ("hostname: a\n  spool: b\n", "2:8: a second `key:` on one line"),
        ("smtp:\n    a: 1\n  b: 2\n", "3:3: the indentation does not match"),
        ("smtp: [1, 2\nspool: x\n", "2:6: a list opened with `[` is not closed"),
        ("hostname: 'a\nb: c\n", "3:1: a quote is opened and never closed"),
        ("hostname: @a\n", "1:11: text cannot start with this character"),
        ("hostname: *a\n", "1:11: text that starts with `*`"),
        ("a: [*]\n", "1:6: text that starts with `*` or `&` means something else"),
        ("networks: [::1/128]\n", "1:12: text cannot start with `:` here; put an IPv6 address into quotes"),
        (
            "hostname mx.example.com\nsmtp:\n",
            "2:5: a second `key:` on one line, wrong indentation, or a `key` above",
        ),
        ('hostname: "\\d"\n', "1:13: in double quotes a backslash starts an escape"),
        ("hostname: a\n---\nhostname: b\n", "2:1: a second document starts here"),
        ("hostname: a\nb: \x07\n", "2:4: a control character"),
        ("%YAML 3.0\n---\na: b\n", "1:1: not valid YAML here"),
    ],
)
def test_broken_yaml_is_one_mistake_at_its_place(text: str, expected: str) -> None:
    assert the_mistake(text).startswith(expected)


def test_a_key_given_twice_is_a_mistake_that_names_the_first() -> None:
    text = changed("    channel: support\n", "    channel: support\n    channel: sales\n")
    assert the_mistake(text) == "13:5: routes[0].channel: this key is already in line 12; keep one of the two"


def test_a_key_that_is_no_text_is_a_mistake() -> None:
    found = mistakes("? [a, b]\n: c\n")
    assert found[0] == "c.yaml:1:3: a key must be plain text"


def test_a_key_that_yaml_reads_as_a_truth_value_is_the_text_it_was() -> None:
    assert "on: unknown key" in mistakes(GOOD + "on: 5\n")[0]


@pytest.mark.parametrize("text", ['hostname: "a\\0b"', 'hostname: "a\\rb"', 'hostname: "\\ud800"'])
def test_control_characters_in_a_value_are_a_mistake(text: str) -> None:
    assert any("1:11: hostname: the text holds a control character" in mistake for mistake in mistakes(text))


def test_a_tag_that_names_a_python_object_is_a_mistake_and_never_built() -> None:
    text = changed("bridge.example.com", '!!python/object/apply:os.getcwd ""')
    assert the_mistake(text) == (
        "1:11: hostname: this tag or value is not one a config can hold; put text into quotes"
    )


def test_a_date_stays_the_text_it_was() -> None:
    config = load.load(Path("c.yaml"), text=changed("channel: support", "channel: 2026-01-02"))
    assert config.routes[0].channel == "2026-01-02"


def test_anchors_and_merges_share_settings_between_routes() -> None:
    text = changed(
        "    channel: support\n",
        "    channel: support\n    conversation: &threads {subject: false}\n"
        "  - name: sales\n    recipients: [sales@example.com]\n    brand: acme\n    channel: sales\n"
        "    conversation: {<<: *threads, references: false}\n",
    )
    sales = load.load(Path("c.yaml"), text=text).routes[1]
    assert (sales.conversation.subject, sales.conversation.references) == (False, False)


def test_what_a_section_says_itself_goes_before_what_it_merges() -> None:
    text = changed(
        "    channel: support\n",
        "    channel: support\n    body: {<<: {prefer: text, pictures: attach}, prefer: html}\n",
    )
    body = load.load(Path("c.yaml"), text=text).routes[0].body
    assert (body.prefer, body.pictures) == ("html", "attach")


# -- bounds ----------------------------------------------------------------------------------------


def test_aliases_that_multiply_are_stopped_before_they_are_built() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases make this more than" in the_mistake("\n".join(lines))


def test_an_alias_of_itself_is_a_mistake() -> None:
    assert "refer to themselves" in the_mistake("a: &a [*a]\n")


def test_a_chain_of_aliases_is_not_followed_without_end() -> None:
    lines = ["a0: &a0 [x]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 5_000))]
    assert "aliases make this" in the_mistake("\n".join(lines))


def test_a_file_of_brackets_is_a_mistake() -> None:
    assert "deeper than 30 levels" in the_mistake("a: " + "[" * 100_000)


def test_a_huge_file_is_refused_unread() -> None:
    assert "longer than" in the_mistake("# " + "x" * 2_000_000)


# -- what the schema wants -------------------------------------------------------------------------


def test_every_mistake_is_named_at_once_in_the_order_of_the_file() -> None:
    text = changed("hostname: bridge.example.com\n", "")
    text = changed("brand: acme", "brand: acm", text)
    text = changed("folder: spool", "folder: spool\n  max_waiting: many\n  max_waiting: 3", text)
    text = changed("user: bridge@example.com", "usr: bridge@example.com", text)
    assert [mistake.split(": ", 1)[0] + ": " + mistake.split(": ")[1] for mistake in mistakes(text)] == [
        "c.yaml:1:1: hostname",
        "c.yaml:7:3: spool.max_waiting",
        "c.yaml:8:3: spool.max_waiting",
        "c.yaml:12:5: routes[0].brand",
        "c.yaml:21:7: reamaze.brands.acme.usr",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("    channel:", "    chanel:", "12:5: routes[0].chanel: unknown key; did you mean `channel`?"),
        (
            "folder: spool",
            "folder: spool\n  max_hops: 3",
            "8:3: spool.max_hops: unknown key here; it belongs to `smtp`",
        ),
        (
            "public_url: https",
            "zzz: 1\n    public_url: https",
            "15:5: staging.serve.zzz: unknown key; known here are `listen`, `public_url`",
        ),
        ("spool:\n  folder: spool\n", "", "1:1: spool: missing; expected a value"),
        ("folder: spool", "folder: 5", "7:3: spool.folder: expected a path, got 5"),
        (
            "folder: spool",
            "folder: ~/spool",
            "7:3: spool.folder: `~` is not expanded, since a service has no home; write the whole path",
        ),
        (
            "folder: spool",
            "folder: ''",
            '7:3: spool.folder: expected the path of a file or folder, got "."',
        ),
        (
            "folder: spool",
            "folder: spool\n  min_free_bytes: 500 MB",
            '8:3: spool.min_free_bytes: expected a whole number of bytes, got "500 MB"',
        ),
        (
            "folder: spool",
            "folder: spool\n  max_waiting: 0",
            "8:3: spool.max_waiting: expected more than 0, got 0",
        ),
        (
            "folder: spool",
            "folder: spool\n  keep_raw_days: 1e9",
            '8:3: spool.keep_raw_days: expected a number of days, got "1e9"',
        ),
        (
            "folder: spool",
            "folder: spool\n  keep_raw_days: 1000000.0",
            "8:3: spool.keep_raw_days: expected at most 36,500, got 1000000.0",
        ),
        (
            "folder: spool",
            "folder: spool\n  keep_raw_days: .inf",
            "8:3: spool.keep_raw_days: expected a number of days, got inf",
        ),
        (
            "folder: spool",
            "folder: spool\n  keep_raw_days:",
            "8:3: spool.keep_raw_days: expected a number of days, got nothing",
        ),
        (
            "folder: spool",
            "folder: spool\n  max_waiting: yes",
            "8:3: spool.max_waiting: expected a whole number, "
            "got the truth value true (quote it if it is a text)",
        ),
        (
            "channel: support",
            "channel: no",
            "12:5: routes[0].channel: expected the slug of a channel, got the truth value false (quote it if it is a text)",
        ),
        (
            "channel: support",
            "channel: support\n    tags: urgent",
            '13:5: routes[0].tags: expected a list (`- ` lines below the key, or [a, b]), got "urgent"',
        ),
        (
            "channel: support",
            "channel: support\n    automatic: silent",
            '13:5: routes[0].automatic: expected one of "post", "quiet", "hold", "drop", got "silent"',
        ),
        (
            "channel: support",
            "channel: support\n    body: html",
            '13:5: routes[0].body: expected a section (`prefer:`, `max_chars:`, `pictures:` …), got "html"',
        ),
        (
            "channel: support",
            "channel: support\n    quiet: maybe",
            '13:5: routes[0].quiet: expected true or false, got "maybe"',
        ),
        (
            "name: support",
            "name: two words",
            '9:5: routes[0].name: expected 1 to 40 letters, digits, `.`, `-` or `_`, got "two words"',
        ),
        (
            '["support@example.com"]',
            "[]",
            "10:5: routes[0].recipients: expected at least one item, got a list",
        ),
        (
            '["support@example.com"]',
            "[support]",
            '10:18: routes[0].recipients[0]: expected "anna@example.com", "@example.com" or "/pattern/", got "support"',
        ),
        (
            '["support@example.com"]',
            "[/(/]",
            "10:18: routes[0].recipients[0]: not a regular expression: "
            "missing ), unterminated subpattern at position 0",
        ),
        (
            "listen: 127.0.0.1:2525",
            "listen: 127.0.0.1",
            '5:7: smtp.listeners[0].listen: expected "host:port", "[ipv6]:port", "unix:/path" or "systemd:NAME", got "127.0.0.1"',
        ),
        (
            "listen: 127.0.0.1:2525",
            "listen: 127.0.0.1:2525\n      networks: [10.0.0.9/8]",
            "6:18: smtp.listeners[0].networks[0]: expected an address or network such as 192.0.2.7 or "
            '10.0.0.0/8 (you may mean 10.0.0.0/8), got "10.0.0.9/8"',
        ),
        (
            "listen: 127.0.0.1:2525",
            "listen: 127.0.0.1:2525\n      kind: smtps",
            "4:7: smtp.listeners[0]: `tls` with `certificate` and `key` is needed for `smtps` or `require_tls`",
        ),
        (
            "  serve:\n    public_url: https://files.example.com\n",
            "  keep_days: 3\n",
            "13:1: staging: give exactly one of `serve` and `put`",
        ),
        (
            "https://acme.reamaze.io/api/v1",
            "acme",
            "19:7: reamaze.brands.acme.base_url: expected the API's address such as "
            '"https://acme.reamaze.io/api/v1", got "acme"',
        ),
    ],
)
def test_a_mistake_says_what_was_expected_and_what_stands_there(
    before: str, after: str, expected: str
) -> None:
    assert the_mistake(changed(before, after)) == expected


def test_a_long_value_is_cut_in_its_mistake() -> None:
    assert (
        len(the_mistake(changed("channel: support", f"channel: support\n    automatic: {'x' * 5_000}"))) < 250
    )


@pytest.mark.parametrize(
    ("key", "fault"),
    [
        (
            'key: "{2}"',
            "{2} asks for a group that `match` does not have; put what it stands for in parentheses",
        ),
        ('key: "{order}"', "{order} asks for a group that `match` does not have"),
        ('key: "{1.real}"', "{1.real} asks for a group that `match` does not have"),
        ('key: "{1"', "a brace without its other half; {order} stands for a value, and {{ or }} for a brace"),
    ],
)
def test_a_template_can_only_ask_for_groups_of_its_pattern(key: str, fault: str) -> None:
    text = changed(
        "channel: support", f"channel: support\n    conversation: {{patterns: [{{match: '#(\\d+)', {key}}}]}}"
    )
    assert the_mistake(text).startswith(f"13:49: routes[0].conversation.patterns[0].key: {fault}")


def test_a_pattern_has_a_key_or_a_slug() -> None:
    pattern = "{match: '#(\\d+)', key: \"{1}\", slug: x}"
    text = changed("channel: support", f"channel: support\n    conversation: {{patterns: [{pattern}]}}")
    assert the_mistake(text) == (
        "13:31: routes[0].conversation.patterns[0]: give exactly one of `key` and `slug`"
    )


def test_every_pattern_of_the_schema_has_words_of_its_own() -> None:
    patterned = {path[-1] for path, field in outline.walk() if "pattern=" in repr(field.metadata)}
    patterned |= {"env"}
    assert patterned <= wording.PATTERNS.keys()
    assert patterned >= {"hostname", "name", "base_url"}


# -- what no section sees alone --------------------------------------------------------------------


SECOND_ROUTE = (
    "    channel: support\n  - {name: sales, recipients: [sales@example.com], brand: acme, channel: sales}\n"
)
SCANNER = "        - {user: scanner, password: {env: SCANNER}}\n"
SECOND_LISTENER = "listen: 127.0.0.1:2525\n    - {name: wan, listen: '127.0.0.1:2526'}\n"


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "brand: acme",
            "brand: acm",
            '11:5: routes[0].brand: no brand "acm" below `reamaze.brands`; did you mean "acme"?',
        ),
        (
            "brand: acme",
            "brand: other",
            '11:5: routes[0].brand: no brand "other" below `reamaze.brands`; there are "acme"',
        ),
        (
            "    channel: support\n",
            SECOND_ROUTE.replace("name: sales", "name: support"),
            '13:6: routes[1].name: another route is named "support" too; '
            "names tell them apart in logs, so choose another",
        ),
        (
            "    channel: support\n",
            SECOND_ROUTE.replace("sales@example.com", "Support@Example.com"),
            '13:32: routes[1].recipients[0]: "Support@Example.com" is already a recipient of route "support", '
            "which gets its mail; remove one of the two",
        ),
        (
            "listen: 127.0.0.1:2525\n",
            SECOND_LISTENER.replace("name: wan", "name: lan"),
            '6:8: smtp.listeners[1].name: another listener is named "lan" too; '
            "names tell them apart in logs, so choose another",
        ),
        (
            "listen: 127.0.0.1:2525\n",
            SECOND_LISTENER.replace("2526", "2525"),
            '6:19: smtp.listeners[1].listen: "127.0.0.1:2525" is already taken by `smtp.listeners[0]`; '
            "choose another port",
        ),
        (
            "listen: 127.0.0.1:2525\n",
            f"listen: 127.0.0.1:2525\n      tls: {{certificate: c, key: k}}\n      logins:\n{SCANNER}{SCANNER}",
            '9:12: smtp.listeners[0].logins[1].user: another login is named "scanner" too; '
            "names tell them apart in logs, so choose another",
        ),
        (
            "routes:\n",
            "sender: {staff: ['@example.com'], staff_logins: {anna: ['@example.com']}}\nroutes:\n",
            '8:50: sender.staff_logins.anna: no listener has a login "anna"; add it to `logins` there, or remove it here',
        ),
        (
            "listen: 127.0.0.1:2525\n",
            "listen: 127.0.0.1:8025\n",
            '14:3: staging.serve.listen: "127.0.0.1:8025" is already taken by `smtp.listeners[0]`; '
            "choose another port",
        ),
        (
            "listen: 127.0.0.1:2525\n",
            "listen: 127.0.0.1:25\n      kind: lmtp\n",
            "5:7: smtp.listeners[0].listen: LMTP must not use port 25 (RFC 2033, section 5); "
            "choose another port or a unix socket",
        ),
        (
            "  serve:\n",
            "  serve:\n    listen: unix:/run/x\n",
            '15:5: staging.serve.listen: expected "host:port" for an HTTP listener, got "unix:/run/x"',
        ),
    ],
)
def test_what_no_section_sees_alone_is_a_mistake(before: str, after: str, expected: str) -> None:
    assert the_mistake(changed(before, after)) == expected


@pytest.mark.parametrize(
    ("one", "other", "collide"),
    [
        ("0.0.0.0:8025", "127.0.0.1:8025", True),
        ("localhost:8025", "127.0.0.1:8025", True),
        (":8025", "127.0.0.1:8025", True),
        ("*:8025", "192.0.2.7:8025", True),
        ("192.0.2.7:8025", "127.0.0.1:8025", False),
        ("0.0.0.0:8024", "127.0.0.1:8025", False),
        ("0.0.0.0:8025", "[::1]:8025", False),
        ("0.0.0.0:0", "127.0.0.1:0", False),
        ("unix:/run/a", "unix:/run/b", False),
        ("systemd:smtp", "systemd:lmtp", False),
    ],
)
def test_one_port_is_for_one_server(one: str, other: str, collide: bool) -> None:
    data = {"smtp": {"listeners": [{"listen": one}, {"listen": other}]}, "operate": {"listen": None}}
    found = [what for path, what in crosscheck.mistakes(data) if path[-1] == "listen"]
    assert found == [f'"{other}" is already taken by `smtp.listeners[0]`; choose another port'] * collide


@pytest.mark.parametrize(
    ("place", "fault"),
    [
        (
            "https://a.example/{name}",
            "without {token} or {sha256} in it all files of one name share one address",
        ),
        ("https://a.example/", "without {token} or {sha256} in it all files of one name share one address"),
        ("https://a.example/{tokn}/{name}", "it asks for {tokn}; known here are {sha256}, {token}, {name}"),
        ("https://a.example/{token", "it asks for {token; known here are {sha256}, {token}, {name}"),
        ("files.example/{token}", "expected an address that starts with https:// or http://"),
    ],
)
@pytest.mark.parametrize("key", ["url", "public_url"])
def test_an_upload_has_an_address_of_its_own(key: str, place: str, fault: str) -> None:
    both = {"url": "https://a.example/{token}", "public_url": "https://b.example/{sha256}/{name}", key: place}
    put = "  put:\n" + "".join(f'    {name}: "{value}"\n' for name, value in both.items())
    text = changed("  serve:\n    public_url: https://files.example.com\n", put)
    assert the_mistake(text).partition(": ")[2] == f"staging.put.{key}: {fault}"


@pytest.mark.parametrize("user", ["bridge", "bridge:x@example.com", "hunter2hunter2"])
def test_the_user_of_a_token_is_an_address_and_never_repeated(user: str) -> None:
    found = the_mistake(changed("bridge@example.com", user))
    assert found == (
        "20:7: reamaze.brands.acme.user: expected the e-mail address by which that staff user logs in"
    )


@pytest.mark.parametrize("value", ["5", "[1, {a: b}]", "x", "[[]]", "{a: [b]}", "null"])
@pytest.mark.parametrize("key", ["smtp", "routes", "staging", "reamaze", "operate", "sender", "spool"])
def test_a_section_of_any_shape_is_answered_with_mistakes(key: str, value: str) -> None:
    text = (
        "".join(line for line in GOOD.splitlines(True) if not line.startswith(key))
        if key == "operate"
        else GOOD
    )
    start = text.find(f"{key}:")
    end = len(text) if start < 0 else text.find("\n", start) + 1
    while start >= 0 and end < len(text) and text[end] == " ":
        end = text.find("\n", end) + 1
    text = (text if start < 0 else text[:start] + text[end:]) + f"{key}: {value}\n"
    assert all(mistake.startswith("c.yaml:") for mistake in mistakes(text))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (
            "https://files",
            "http://files",
            "15:5: staging.serve.public_url: customers' files travel unencrypted",
        ),
        (
            "https://files.example.com",
            "http://127.0.0.1:8025",
            "15:5: staging.serve.public_url: only this host",
        ),
        (
            '    recipients: ["support@example.com"]\n    brand: acme\n    channel: support\n',
            '    recipients: ["@Example.com"]\n    brand: acme\n    channel: support\n'
            "  - {name: sales, recipients: [sales@example.com], brand: acme, channel: sales}\n",
            '13:32: routes[1].recipients[0]: route "support" stands before this one',
        ),
        ("https://acme", "http://acme", "19:7: reamaze.brands.acme.base_url: the token travels unencrypted"),
        (
            "/api/v1",
            "/admin",
            '19:7: reamaze.brands.acme.base_url: Re:amaze has its API at "/api/v1", not at',
        ),
        ("127.0.0.1:2525", "0.0.0.0:2525", "5:7: smtp.listeners[0].listen: only this host may connect"),
        ("127.0.0.1:2525", "127.0.0.1:2525\n      networks: []", "6:7: smtp.listeners[0].networks: empty"),
        (
            "127.0.0.1:2525",
            "127.0.0.1:2525\n      networks: [0.0.0.0/0]\n      legacy: true",
            "7:7: smtp.listeners[0].legacy: bare line ends",
        ),
        (
            "127.0.0.1:2525",
            "127.0.0.1:2525\n      trusted: ['::/0']",
            "6:7: smtp.listeners[0].trusted: the headers of every peer",
        ),
        (
            "127.0.0.1:2525",
            "127.0.0.1:2525\n      trusted: [10.1.0.0/16]",
            "6:7: smtp.listeners[0].trusted: 10.1.0.0/16 may not connect",
        ),
        (
            "spool:\n",
            'sender: {default_domain: example.com, staff: ["@example.com"]}\nspool:\n',
            '6:10: sender.default_domain: "root" becomes root@example.com, which is staff and has to prove it',
        ),
        (
            "    channel: support\n",
            "    channel: support\n    fields: [{name: a, match: '(a+)+b'}]\n",
            "13:24: routes[0].fields[0].match: a mail made for it costs a quarter of a second",
        ),
        (
            "spool:\n",
            "retry: {max_delay_s: 5}\nspool:\n",
            "6:1: retry.first_delay_s: longer than `max_delay_s`",
        ),
    ],
)
def test_what_runs_but_surprises_is_a_warning(before: str, after: str, expected: str) -> None:
    warnings = load.read(Path("c.yaml"), text=changed(before, after)).warnings
    assert len(warnings) == 1
    assert warnings[0].startswith(f"c.yaml:{expected}")


def test_a_good_file_has_no_warnings() -> None:
    assert load.read(Path("c.yaml"), text=GOOD).warnings == ()


def test_a_sandbox_on_this_host_has_no_warnings() -> None:
    text = changed("https://acme.reamaze.io", "http://127.0.0.1:8027")
    text = changed("https://files.example.com", "http://localhost:8025", text)
    assert load.read(Path("c.yaml"), text=text).warnings == ()


# -- secrets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "token",
    [
        "hunter2hunter2",
        "{hunter2hunter2: x}",
        "{hunter2hunter2: x, hunter2hunter2: y}",
        "[hunter2hunter2]",
        "{file: a, env: hunter2hunter2}",
        "{env: hunter2-hunter2}",
        "{env: [hunter2hunter2]}",
        "{env: {hunter2hunter2: 1}}",
        "{credential: 2, password: hunter2hunter2}",
        "{file: hunter2hunter2",
        "hunter2hunter2: hunter2hunter2",
        "*hunter2hunter2",
        "!hunter2hunter2 {a: b}",
        "@hunter2hunter2",
        "'hunter2hunter2",
    ],
)
def test_no_mistake_repeats_what_may_be_a_secret(token: str) -> None:
    text = (
        changed("{env: REAMAZE_TOKEN}", token) + "staging_token: hunter2hunter2\nlog: {password: [hunter2]}\n"
    )
    assert not any("hunter2" in mistake for mistake in mistakes(text))


@pytest.mark.parametrize(
    "value", ["5", "[hunter2]", "{hunter2: x}", "{env: hunter2-}", "{env: hunter2, file: x}"]
)
def test_no_mistake_repeats_a_header_of_uploads(value: str) -> None:
    text = changed(
        "  serve:\n    public_url: https://files.example.com\n",
        "  put:\n    url: https://a.example/{token}/{name}\n    public_url: https://a.example/{token}/{name}\n"
        f"    headers: {{Authorization: {value}}}\n",
    )
    assert "hunter2" not in the_mistake(text)


def test_the_mistake_of_a_bare_token_says_where_secrets_belong() -> None:
    assert the_mistake(changed("{env: REAMAZE_TOKEN}", "hunter2")) == (
        "21:7: reamaze.brands.acme.token: expected where the secret is kept (one of `file:`, `env:`, "
        "`credential:`), never the secret itself, got something else (not shown, as it may be secret)"
    )


def secrets(token: str, path: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    return load.secrets(load.read(path, text=changed("{env: REAMAZE_TOKEN}", token)))


def test_a_secret_that_can_be_read_is_no_mistake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "token").write_text("hunter2\n")
    (tmp_path / "token").chmod(0o600)
    monkeypatch.setenv("REAMAZE_TOKEN", "hunter2")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    for token in ("{file: token}", "{env: REAMAZE_TOKEN}", "{credential: token}"):
        assert secrets(token, tmp_path / "c.yaml") == ((), ())


def test_a_secret_that_every_user_can_read_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("hunter2")
    (tmp_path / "token").chmod(0o644)
    found, warnings = secrets("{file: token}", tmp_path / "c.yaml")
    assert found == ()
    assert warnings == (
        f"{tmp_path / 'c.yaml'}:21:7: reamaze.brands.acme.token: every user of this host can read it; "
        f"`chmod o-rwx {tmp_path / 'token'}` stops that",
    )


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        ("{file: /nowhere/token}", "cannot read /nowhere/token: No such file or directory"),
        ("{file: hunter2}", "cannot read that file beside the config: No such file or directory"),
        ("{env: REAMAZE_TOKEN}", "the environment variable REAMAZE_TOKEN is not set"),
        ("{env: hunter2}", "the environment variable is not set"),
        ("{credential: hunter2}", "no credentials are here; systemd gives them to the service"),
        ("{file: empty}", "the place is there but empty"),
        ("{file: binary}", "the secret is not UTF-8 text"),
    ],
)
def test_a_secret_that_cannot_be_read_is_a_mistake_without_it(
    token: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REAMAZE_TOKEN", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    found, _ = secrets(token, tmp_path / "c.yaml")
    assert len(found) == 1
    assert f"21:7: reamaze.brands.acme.token: {expected}" in found[0]
    assert "hunter2" not in found[0]


def test_a_missing_credential_names_the_folder_of_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    found, _ = secrets("{credential: hunter2}", tmp_path / "c.yaml")
    assert f"cannot read the credential below {tmp_path}: No such file or directory" in found[0]
    assert "hunter2" not in found[0]


def test_the_secrets_of_upload_headers_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAMAZE_TOKEN", "hunter2")
    text = changed(
        "  serve:\n    public_url: https://files.example.com\n",
        "  put:\n    url: https://a.example/{token}/{name}\n    public_url: https://a.example/{token}/{name}\n"
        "    headers: {Authorization: {env: NOT_SET_ANYWHERE}, X-Plain: shown}\n",
    )
    found, _ = load.secrets(load.read(tmp_path / "c.yaml", text=text))
    assert len(found) == 1
    assert (
        "staging.put.headers.Authorization: the environment variable NOT_SET_ANYWHERE is not set" in found[0]
    )


def test_the_passwords_of_logins_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REAMAZE_TOKEN", "hunter2")
    listener = f"listen: 127.0.0.1:2525\n      tls: {{certificate: c, key: k}}\n      logins:\n{SCANNER}"
    found, _ = load.secrets(
        load.read(tmp_path / "c.yaml", text=changed("listen: 127.0.0.1:2525\n", listener))
    )
    assert len(found) == 1
    assert "smtp.listeners[0].logins[0].password: the environment variable SCANNER is not set" in found[0]


def test_loading_needs_no_secret_and_no_network() -> None:
    script = "from pathlib import Path\nfrom bridge.config.load import load\nimport sys\nload(Path('c'), text=sys.stdin.read())"
    environ = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME")}
    done = subprocess.run(
        [sys.executable, "-c", script], input=GOOD, text=True, env=environ, timeout=30, check=False
    )
    assert done.returncode == 0
