"""Where parts begin and end when the sender does not say so, and where the parser stops."""

from __future__ import annotations

import mmap

import pytest
from support.mails import BOUNDARY, contents, fields, file, html, joined, mixed, multipart, part, plain, shape
from support.mails import mail as mail_of

from bridge import mail
from bridge.mail import Limits, split
from bridge.model import Mail, Written


class TestBoundaries:
    """Cases 46 and 47."""

    @staticmethod
    def with_type(content_type: str, body: bytes) -> Mail:
        return mail.parse(fields(f"Content-Type: {content_type}") + b"\r\n" + body)

    @pytest.mark.parametrize(
        "content_type",
        [
            "multipart/mixed",
            "multipart/mixed; boundary=",
            "multipart/mixed; boundary=other",
            "multipart; boundary=b-7f3a",
            "multipart/mixed; boundary=b-7f3a ",
            'multipart/mixed; boundary="b-7f3a ',
            "multipart/mixed boundary=b-7f3a",
            "multipart/mixed; BOUNDARY = b-7f3a; charset=utf-8",
            "multipart/mixed; boundary*=us-ascii''b-7f3a",
            "multipart/mixed; boundary*0=b-; boundary*1=7f3a",
        ],
    )
    def test_parts_are_found(self, content_type: str) -> None:
        assert shape(self.with_type(content_type, joined(plain("T"), file()))) == ["text=T", "offer.pdf"]

    @pytest.mark.parametrize("boundary", ["a b", "=_a:b", "a(b)'c", "-", "--", "grüße"])
    def test_odd_boundaries_hold(self, boundary: str) -> None:
        body = b"".join(b"--" + boundary.encode() + b"\r\n" + one + b"\r\n" for one in (plain("T"), file()))
        assert shape(self.with_type(f'multipart/mixed; boundary="{boundary}"', body)) == [
            "text=T",
            "offer.pdf",
        ]

    def test_a_guess_is_told(self) -> None:
        found = self.with_type("multipart/mixed", joined(plain("T")))
        assert found.defects == ("Part 1: its boundary was missing or wrong and had to be guessed.",)

    def test_without_any_parts_the_body_is_text(self) -> None:
        found = self.with_type("multipart/mixed; boundary=x", b"Hello\r\n")
        assert shape(found) == ["text=Hello"]
        assert found.defects == ("Part 1: multipart/mixed without parts is read as text.",)
        assert shape(self.with_type("multipart/mixed; boundary=x", b"<HTML><p>Hello")) == [
            "html=<HTML><p>Hello"
        ]

    def test_a_boundary_may_start_with_another(self) -> None:
        inner = multipart("alternative", plain("T"), html("H"), boundary=BOUNDARY + "x")
        assert shape(mail.parse(mixed(inner, file()))) == ["text=T html=H", "offer.pdf"]
        inner = multipart("alternative", plain("T"), html("H"), boundary=BOUNDARY[:-1])
        assert shape(mail.parse(mixed(inner, file()))) == ["text=T html=H", "offer.pdf"]

    def test_a_missing_close_ends_with_its_parent(self) -> None:
        inner = multipart("alternative", plain("T"), html("H"), boundary="in", close=False)
        assert shape(mail.parse(mixed(inner, file()))) == ["text=T html=H", "offer.pdf"]
        assert shape(
            self.with_type("multipart/mixed; boundary=x", joined(plain("T"), boundary="x", close=False))
        ) == ["text=T"]

    def test_a_cut_mail_keeps_what_came(self) -> None:
        whole = mixed(plain("T"), file(bytes(900)))
        found = mail.parse(whole[:-400])
        assert shape(found) == ["text=T", "offer.pdf"]

    def test_a_mail_that_was_cut_off_in_its_html_shows_the_text_that_came_whole(self) -> None:
        """Case 47: of two versions the one that says more; the other goes along."""
        words = " ".join(f"word{number}" for number in range(100))
        page = f"<html><body><p>{words}</p></body></html>"
        within_tag = f"<html><body><p>word0 <font co={' lamp' * 120}"
        for cut in ("<html><body><p>word0 word1", f"<html><head><style>{'p {} ' * 50}", within_tag):
            found = mail.parse(mixed(plain(words), html(cut), kind="alternative")[: -len(BOUNDARY) - 8])
            assert shape(found) == [f"text={words}", "text/html"]
            assert any("cut off" in defect for defect in found.defects)
        unclosed = mail.parse(mixed(plain(words), html(page), kind="alternative")[: -len(BOUNDARY) - 8])
        assert len(unclosed.blocks) == 1
        assert unclosed.defects == ()

    def test_preamble_and_epilogue_are_no_part(self) -> None:
        body = b"This is a multi-part message in MIME format.\r\n\r\n" + joined(plain("T")) + b" \r\n\r\n"
        found = self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body)
        assert shape(found) == ["text=T"]
        assert found.defects == ()

    def test_words_in_the_epilogue_are_told(self) -> None:
        body = joined(plain("T")) + b"\r\nTo leave this list,\r\nwrite to us.\r\n"
        found = self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body)
        assert shape(found) == ["text=T"]
        assert found.defects == (
            "Part 1: text behind its last part is not shown: “To leave this list, write to us.”.",
        )

    @pytest.mark.parametrize("end", ["-", "-->", "->", "---"])
    def test_a_last_delimiter_that_is_miswritten_is_no_text(self, end: str) -> None:
        body = joined(plain("T"), close=False) + f"--{BOUNDARY}{end}\r\n".encode()
        found = self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body)
        assert (shape(found), found.defects) == (["text=T"], ())

    def test_a_line_of_text_that_looks_like_a_miswritten_delimiter_stays(self) -> None:
        body = joined(
            plain(f"T\r\n--{BOUNDARY}->\r\nand more words than a delimiter would ever be followed by")
        )
        (words,) = shape(self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body))
        assert f"--{BOUNDARY}->" in words

    def test_words_in_the_preamble_are_told(self) -> None:
        found = self.with_type(
            f"multipart/mixed; boundary={BOUNDARY}", b"Dear team,\r\n\r\n" + joined(plain("T"))
        )
        assert found.defects == ("Part 1: text before its first part is not shown: “Dear team,”.",)

    def test_a_line_or_a_dot_behind_the_last_part_is_no_word(self) -> None:
        """Case 47: telephone systems let the dot through that ends a dialogue."""
        body = joined(plain("T")) + b".\r\n"
        assert self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body).defects == ()

    @pytest.mark.parametrize("length", [10, 20_000])
    def test_words_outside_of_parts_that_have_none_are_the_mails_words(self, length: int) -> None:
        """Case 47: a script's own text before the files that it attaches, or behind them."""
        words = "Dear team,\r\n" + "x" * length
        kind = f"multipart/mixed; boundary={BOUNDARY}"
        found = self.with_type(kind, words.encode() + b"\r\n" + joined(file()))
        assert shape(found) == [f"text={words}".replace("\r", ""), "offer.pdf"]
        assert found.defects == (
            "Part 1: its words stand before its first part, where mail programs hide them.",
        )
        found = self.with_type(kind, joined(file()) + b"\r\n" + words.encode())
        assert shape(found) == ["offer.pdf", f"text={words}".replace("\r", "")]
        notice = b"This is a multi-part message in MIME format.\r\n\r\n"
        assert shape(self.with_type(kind, notice + joined(file()))) == ["offer.pdf"]

    def test_parts_behind_the_close_are_not_lost(self) -> None:
        body = joined(plain("T")) + joined(file())
        assert shape(self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body)) == ["text=T", "offer.pdf"]

    def test_blanks_behind_a_delimiter_do_not_matter(self) -> None:
        body = joined(plain("T"), file()).replace(BOUNDARY.encode(), BOUNDARY.encode() + b" \t")
        assert shape(self.with_type(f"multipart/mixed; boundary={BOUNDARY}", body)) == ["text=T", "offer.pdf"]

    def test_the_line_end_before_a_delimiter_is_not_of_the_part(self) -> None:
        raw = mixed(
            part("Content-Type: application/x", body="one\r\n"), part("Content-Type: application/x", body="")
        )
        assert contents(raw, mail.parse(raw)) == [b"one\r\n", b""]


@pytest.mark.parametrize("padding", range(24))
def test_a_map_is_read_like_bytes(padding: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A map is searched in windows: no delimiter hides on their border."""
    monkeypatch.setattr(split, "_WINDOW", 64 * 12)
    raw = mixed(
        plain("x" * padding), multipart("related", html("H"), file(), boundary="in"), file(b"abc" * 900)
    )
    content = mmap.mmap(-1, len(raw))
    content.write(raw)
    assert mail.parse(content) == mail.parse(raw)


class TestLimits:
    def test_what_lies_too_deep_is_kept_whole(self) -> None:
        """Case 55."""
        raw = part("Content-Type: application/x", body="deep")
        for level in range(400):
            raw = multipart("mixed", raw, boundary=f"b{level}.")
        found = mail.parse(raw)
        assert shape(found) == ["further-parts.eml"]
        assert b"deep" in contents(raw, found)[0]
        assert found.defects == ("Parts nested deeper than 50 are kept as one file.",)

    def test_of_too_many_parts_the_rest_is_one_file(self) -> None:
        """Case 56."""
        raw = mixed(*(plain(f"part {n}") for n in range(1000)))
        found = mail.parse(raw, Limits(parts=10))
        assert shape(found) == [*(f"text=part {n}" for n in range(8)), "further-parts.eml"]
        assert b"part 8" in contents(raw, found)[0]
        assert b"part 999" in contents(raw, found)[0]
        assert found.defects == ("Only 10 parts were read; what follows is kept as one file.",)

    def test_a_thousand_empty_parts_are_a_thousand_parts(self) -> None:
        """Case 56."""
        assert len(mail.parse(mixed(*[b"\r\n"] * 1000)).leaves) == 1000

    def test_a_long_text_is_cut_and_told(self) -> None:
        found = mail.parse(mail_of(body="a line of words\r\n" * 1000), Limits(plain_bytes=100))
        assert shape(found) == ["\n".join(["text=a line of words", *["a line of words"] * 4])]
        assert found.defects == ("Part 1: only the first 85 bytes of its text were read.",)
        assert found.cut

    def test_plain_text_is_cut_sooner_than_html(self) -> None:
        limits = Limits(text_bytes=500, plain_bytes=100)
        both = mixed(plain("word\r\n" * 50), html("<p>word</p>\r\n" * 30))
        assert mail.parse(both, limits).defects == ("Part 1: only the first 96 bytes of its text were read.",)
        assert not mail.parse(html("<p>word</p>\r\n" * 30), limits).cut

    def test_as_many_addresses_as_are_read_are_all_of_them(self) -> None:
        raw = mail_of("To: a@x.example, b@x.example, c@x.example")
        assert mail.parse(raw, Limits(addresses=3)).defects == ()
        found = mail.parse(raw, Limits(addresses=2))
        assert len(found.to) == 2
        assert found.defects == ("Only the first 2 addresses of to were read.",)

    def test_texts_beyond_the_limit_of_all_are_files(self) -> None:
        found = mail.parse(mixed(*(plain("x" * 100) for _ in range(3))), Limits(all_text_bytes=150))
        assert [isinstance(block, Written) for block in found.blocks] == [True, True, False]
        assert any("limit of all texts" in defect for defect in found.defects)
