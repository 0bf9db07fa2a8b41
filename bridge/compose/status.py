"""Enhanced mail status codes (RFC 3463 and its registry) in words that an agent can act on."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        "1.0": "something is wrong with the address",
        "1.1": "the mailbox does not exist",
        "1.2": "the domain does not exist or takes no mail",
        "1.3": "the address is malformed",
        "1.4": "the address is ambiguous",
        "1.6": "the mailbox has moved and left no new address",
        "1.7": "the sender's address is malformed",
        "1.8": "the sender's domain does not exist",
        "1.9": "the address was changed on the way",
        "1.10": "the address is not known there, or its domain takes no mail",
        "2.0": "something is wrong with the mailbox",
        "2.1": "the mailbox is disabled",
        "2.2": "the mailbox is full",
        "2.3": "the mail is larger than the mailbox takes",
        "2.4": "the list could not be expanded",
        "3.1": "the receiving server's disk is full",
        "3.2": "the receiving server takes no mail at the moment",
        "3.3": "the receiving server lacks a feature the mail needs",
        "3.4": "the mail is too large for the receiving server",
        "3.5": "the receiving server is not set up rightly",
        "4.0": "something went wrong on the way",
        "4.1": "the receiving server does not answer",
        "4.2": "the connection to the receiving server broke off",
        "4.3": "a directory server failed",
        "4.4": "no way to the receiving server was found",
        "4.5": "the mail system is overloaded",
        "4.6": "the mail went round in circles",
        "4.7": "the time for delivery ran out",
        "5.1": "the servers did not understand each other: a command was wrong",
        "5.2": "the servers did not understand each other: a command was malformed",
        "5.3": "there were too many recipients",
        "5.4": "the servers did not understand each other: a parameter was wrong",
        "6.0": "something is wrong with the mail's content",
        "6.1": "the kind of content is not taken there",
        "6.2": "the content would have to be converted, which is not allowed",
        "6.3": "the content would have to be converted, which is not possible",
        "6.5": "the content could not be converted",
        "7.0": "it was refused for reasons of security or policy",
        "7.1": "it was refused by policy: not authorised, or taken for spam",
        "7.2": "the sender may not write to this list",
        "7.3": "it would have to be converted securely, which is not possible",
        "7.7": "the mail was changed on the way",
        "7.20": "no DKIM signature held",
        "7.23": "the sender's server is not allowed by SPF",
        "7.25": "the sending server has no reverse name",
        "7.26": "the mail is not authenticated (DMARC, SPF or DKIM)",
        "7.27": "the sender's domain takes no mail",
        "7.28": "too many mails came in too short a time",
        "7.30": "encryption is required",
    }
)
_SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "1": _MEANINGS["1.0"],
        "2": _MEANINGS["2.0"],
        "3": "something is wrong with the receiving server",
        "4": _MEANINGS["4.0"],
        "5": "the servers did not understand each other",
        "6": _MEANINGS["6.0"],
        "7": _MEANINGS["7.0"],
    }
)
#: What servers say where they refuse an address, whatever the registry makes of it.
_SAY_NOTHING = frozenset(("3.0", "5.0"))
#: By the registry nobody answers, which is no answer: Exchange refuses addresses so.
_REFUSED = "5.4.1"


def meaning(status: str) -> str:
    """What a status says beside its class; "" where it says nothing, as 5.0.0 does."""
    _, _, detail = status.partition(".")
    subject, _, number = detail.partition(".")
    if number.isascii() and number.isdigit():
        detail = f"{subject}.{int(number[:4])}"
    if status == _REFUSED:
        return "the receiving server refuses the address"
    return "" if detail in _SAY_NOTHING else _MEANINGS.get(detail) or _SUBJECTS.get(subject, "")
