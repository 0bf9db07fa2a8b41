"""Rules of a route that read a mail's own words and fields: who wrote it, what a form says, what becomes of many files."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bridge.config.section import MisplacedError, Secret, Section
from bridge.config.templates import BROKEN, OWN_SUBJECT
from bridge.config.values import AddressOrDomain, FilePath, Pattern, Whole, unknown_groups

FieldType = Literal[
    "text",
    "email",
    "number",
    "number-comma",
    "number-point",
    "date",
    "date-dmy",
    "date-mdy",
    "phone",
]

#: Names of fields that mean something else.
_RESERVED = (OWN_SUBJECT, "bridge_key")


class Person(Section):
    name: str = ""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class AuthorRule(Section):
    """One way to find the author other than From; the first that yields an address wins."""

    use: Literal["reply-to", "header", "body", "fields", "fixed"]
    #: Only for mail whose From matches one of these addresses or "@domains"; empty for all.
    when_from: tuple[AddressOrDomain, ...] = ()
    #: `header`: the field with the address; `body`: the label before it ("E-mail:"); `fields`: a template over the fields.
    email: str = ""
    #: The same for the name.
    name: str = ""
    #: `fixed`: the user.
    user: Person | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        wanted = {
            "header": "the header field that holds the address",
            "body": "the label before the address",
            "fields": 'a template of the route\'s `fields`, such as "{email}"',
        }
        if self.use in wanted and not self.email:
            raise ValueError(f"`use: {self.use}` needs `email`: {wanted[self.use]}")
        if self.use == "fixed" and self.user is None:
            raise ValueError("`use: fixed` needs `user`, such as {name: Scanner, email: scanner@example.com}")
        for key, given in (("email", self.email), ("name", self.name)):
            if given and self.use not in wanted:
                raise MisplacedError((key,), f"`use: {self.use}` reads no `{key}`; {_INSTEAD[self.use]}")
            if given and self.use == "header":
                _check_header(key, given)
            elif given and self.use == "body":
                _check_label(key, given)
        if self.user is not None and self.use != "fixed":
            raise MisplacedError(("user",), f"`use: {self.use}` reads no `user`; only `fixed` does")
        return self


_INSTEAD = {
    "reply-to": "to join Reply-To with a name from elsewhere, read both as `fields` and write `use: fields`",
    "fixed": "write it below `user`",
}


class FieldRule(Section):
    """One value that a form or a legacy system writes into its mails."""

    #: What templates and Re:amaze call it.
    name: Annotated[str, Field(pattern=r"^[A-Za-z]\w{0,39}$")]
    use: Literal["header", "body", "subject"] = "body"
    #: `header`: the field; `body`: the words before the value ("Order no.:").
    label: Annotated[str, Field(max_length=100)] = ""
    #: An expression whose first group is the value; "" takes all that the label leads to.
    match: Pattern = ""
    #: What it has to be; anything else is not used, and the note says so.
    type: FieldType = "text"
    #: The value where none is found.
    default: Annotated[str, Field(max_length=200)] = ""
    #: Whose custom field it becomes.
    send: Literal["conversation", "contact", "none"] = "conversation"

    @property
    def by_label(self) -> bool:
        """Whether it is looked for behind a label."""
        return self.use == "body" and bool(self.label)

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.name in _RESERVED:
            raise MisplacedError(
                ("name",), f"a field cannot be called `{self.name}`, which means something else"
            )
        if self.use == "header":
            if not self.label:
                raise ValueError("`use: header` needs `label`: the name of the header field")
            _check_header("label", self.label)
        elif self.use == "subject":
            if not self.match:
                raise ValueError("`use: subject` needs `match`: an expression whose first group is the value")
            if self.label:
                raise MisplacedError(("label",), "`use: subject` reads no `label`; write `match` alone")
        elif not self.label and not self.match:
            raise ValueError(
                "give `label`, the words before the value, or `match`, an expression that finds it"
            )
        elif self.label:
            _check_label("label", self.label)
        return self


_HEADER_NAME = re.compile(r"[!-9;-~]{1,200}")


def _check_header(key: str, given: str) -> None:
    """Raises MisplacedError where no header field can be called that."""
    if not _HEADER_NAME.fullmatch(given):
        meant = given.strip().rstrip(":").strip()
        hint = f'; write "{meant}"' if _HEADER_NAME.fullmatch(meant) else ""
        raise MisplacedError((key,), f'"{given[:80]}" cannot be the name of a header field{hint}')


def _check_label(key: str, given: str) -> None:
    """Raises MisplacedError where the label says nothing."""
    if not any(char.isalnum() for char in given):
        raise MisplacedError(
            (key,), f'"{given[:80]}" has no letter and no digit that a line could begin with'
        )


class Adopt(StrEnum):
    """Whether a slug the bridge did not make itself may be appended to."""

    NEVER = "never"
    PARTICIPANT = "participant"
    ALWAYS = "always"


class KeyPattern(Section):
    """A regular expression whose groups name the conversation."""

    #: "subject", "body" or "header:NAME".
    where: Annotated[str, Field(pattern=r"^(subject|body|header:[\w-]+)$")] = "subject"
    match: Pattern
    #: Template over the groups: "order-{1}" or "order-{order}".
    key: str = ""
    #: The same, but it names a slug of Re:amaze.
    slug: str = ""
    adopt: Adopt = Adopt.PARTICIPANT

    @model_validator(mode="after")
    def _one(self) -> Self:
        if bool(self.key) == bool(self.slug):
            raise ValueError("give exactly one of `key` and `slug`")
        key = "key" if self.key else "slug"
        try:
            unknown = unknown_groups(self.key or self.slug, self.match)
        except ValueError:
            raise MisplacedError((key,), BROKEN) from None
        if unknown:
            raise MisplacedError(
                (key,),
                f"{{{unknown[0]}}} asks for a group that `match` does not have; put what it stands for in parentheses, "
                "such as 'Order #(\\d+)'",
            )
        return self


class Files(Section):
    """What becomes of the files of one mail when there are many."""

    #: Beyond the number: messages all the same, one zip, or links below the text.
    many: Literal["follow-up", "zip", "links"] = "follow-up"
    #: Quiet messages after the first, one for each further file.
    max_follow_ups: Annotated[Whole, Field(ge=0, le=1_000)] = 10


class Example(Section):
    """An inline test of a route's rules, run by `check`."""

    #: A mail as a file; it stands for the four below.
    file: FilePath | None = None
    from_: Annotated[str, Field(alias="from")] = "customer@example.net"
    subject: str = ""
    body: str = ""
    headers: dict[str, str] = Field(default_factory=dict)
    #: Expected results; what is absent is not compared.
    author: str | None = None
    author_name: str | None = None
    new_subject: str | None = None
    key: str | None = None
    slug: str | None = None
    tags: tuple[str, ...] | None = None
    fields: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_mail(self) -> Self:
        for key, name in (
            ("from_", "from"),
            ("subject", "subject"),
            ("body", "body"),
            ("headers", "headers"),
        ):
            if self.file is not None and key in self.model_fields_set:
                raise MisplacedError(
                    (name,), f"the mail is in `file`, which has its own `{name}`; remove one of the two"
                )
        return self


class Login(Section):
    """What a peer says to be let in, or to prove staff."""

    user: Annotated[str, Field(pattern=r"^[^\s\x00]{1,100}$")]
    password: Secret
