"""Rules of a route that read a mail's own words and fields: who wrote it, what a form says, what becomes of many files."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bridge.config.section import Secret, Section
from bridge.config.values import AddressOrDomain, Whole

#: Stands for the mail's own subject in a route's `subject`.
OWN_SUBJECT = "subject"
#: Names of fields that mean something else.
_RESERVED = (OWN_SUBJECT, "bridge_key")


class Person(Section):
    name: str = ""
    email: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class AuthorRule(Section):
    """One way to find the author other than From; the first that yields an address wins."""

    use: Literal["reply-to", "header", "body", "fixed"]
    #: Only for mail whose From matches one of these addresses or "@domains"; empty for all.
    when_from: tuple[AddressOrDomain, ...] = ()
    #: `header`: the field with the address; `body`: the label before it ("E-mail:").
    email: str = ""
    #: `header`: the field with the name; `body`: the label before it ("Name:").
    name: str = ""
    #: `fixed`: the user.
    user: Person | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.use in ("header", "body") and not self.email:
            raise ValueError(f"`use: {self.use}` needs `email`: the header or label that holds the address")
        if self.use == "fixed" and self.user is None:
            raise ValueError("`use: fixed` needs `user`")
        return self


class FieldRule(Section):
    """One value that a form or a legacy system writes into its mails."""

    #: What templates and Re:amaze call it.
    name: Annotated[str, Field(pattern=r"^[A-Za-z]\w{0,39}$")]
    use: Literal["header", "body"] = "body"
    #: `header`: the field; `body`: the words before the value ("Order no.:").
    label: Annotated[str, Field(min_length=1, max_length=100)]
    #: What it has to be; anything else is not used, and the note says so.
    type: Literal["text", "email", "number", "date", "phone"] = "text"
    #: Whose custom field it becomes.
    send: Literal["conversation", "contact", "none"] = "conversation"

    @model_validator(mode="after")
    def _free(self) -> Self:
        if self.name in _RESERVED:
            raise ValueError(f"a field cannot be called `{self.name}`, which means something else")
        return self


class Files(Section):
    """What becomes of the files of one mail when there are many."""

    #: Beyond the number: messages all the same, one zip, or links below the text.
    many: Literal["follow-up", "zip", "links"] = "follow-up"
    #: Quiet messages after the first, one for each further file.
    max_follow_ups: Annotated[Whole, Field(ge=0, le=1_000)] = 10


class Login(Section):
    """What a peer says to be let in, or to prove staff."""

    user: Annotated[str, Field(pattern=r"^[^\s\x00]{1,100}$")]
    password: Secret
