"""What a subject is about, under the prefixes that mail programs of many languages put before it.

Linear: the text is walked once from the left by a pattern that cannot backtrack, so a chain of thousands of prefixes costs
no more than its length.
"""

from __future__ import annotations

import re
import unicodedata

from bridge.compose import words

#: A longer subject is cut for Re:amaze; the whole of it goes into the note.
MAX_CHARS = 250
_MAX_READ = 20_000

_REPLIES = (
    "re r rif ris aw antw antwort sv vs svar res resp rép réf odp odpověď ats atb ynt yanıt vá válasz bls balas răsp "
    "vast atb atb. отв отг ответ відп одг απ απάντηση השב תגובה رد 回复 回覆 答复 答覆 返信 회신 답장 trả_lời ตอบ ตอบกลับ"
)
_FORWARDS = (
    "fw fwd wg weitergeleitet tr rv enc i inoltra vb vl videresendt doorst pd přep pers pārs edasi ilt i̇lt yml "
    "tov továbbítás trs пер пересл переслано πρθ προώθ הועבר העבר إعادة_توجيه تحويل 转发 轉寄 轉發 転送 전달 chuyển_tiếp ส่งต่อ"
)
_AUTOMATIC = (
    "automatic_reply autoreply auto-reply automatische_antwort réponse_automatique respuesta_automática "
    "risposta_automatica resposta_automática automatisch_antwoord autosvar automatiskt_svar automaattinen_vastaus "
    "automatická_odpověď automatyczna_odpowiedź автоответ автоматический_ответ 自動回覆 自动答复 自動応答 automatische_reactie "
    "abwesenheitsnotiz abwesenheitsmeldung out_of_office out_of_office_autoreply odpowiedź_automatyczna automatisk_svar "
    "automatikus_válasz otomatik_yanıt αυτόματη_απάντηση תשובה_אוטומטית رد_تلقائي 自动回复 자동_회신 trả_lời_tự_động"
)
_TAGS = "external|externes?|extern|ext|external e-?mail|external sender|spam|suspected spam|caution"


def _alternatives(*tables: str) -> str:
    found = sorted({word for table in tables for word in table.split()}, key=len, reverse=True)
    return "|".join(re.escape(unicodedata.normalize("NFC", word)).replace("_", " ") for word in found)


# "Re:", "RE[5]:", "Re^2:", "Re(3):", "AW :", "Re;", "回复：" and the colons of "Re : :".
_PREFIX = re.compile(
    rf"(?:(?P<forward>{_alternatives(_FORWARDS)})|(?:{_alternatives(_REPLIES, _AUTOMATIC)}))"
    r"(?:\[\d{1,4}\]|\(\d{1,4}\)|[\^*]\d{1,4}|\d{1,2})?[ \t]{0,8}[:;：︰](?:[ \t]{0,8}[:：])*",
    re.IGNORECASE,
)
_TAG = re.compile(
    rf"[\[{{<(*]{{1,4}}[ *!-]{{0,3}}(?:{_TAGS})[?!]{{0,2}}[ *!-]{{0,3}}[\]}}>)*]{{1,4}}[:-]?"
    r"|(?:external(?: e-?mail| sender)?|extern|spam)[ ]?:",
    re.IGNORECASE,
)
_FRAMES = dict.fromkeys(map(ord, "()[]{}<>\"'“”„‚‘’«»"), " ")
_LIST = re.compile(r"\[[^\[\]]{1,60}\]")


def normalise(subject: str, *, tags: bool = True) -> str:
    """The subject without reply and forward prefixes, in its own spelling; "" when nothing else was there.

    `tags` also takes off what mail gateways prepend, such as "[EXTERNAL]". A list's "[name]" is kept, the prefixes behind it go.
    """
    return _walk(subject, tags=tags)[0]


def is_forward(subject: str) -> bool:
    """Whether the outermost prefix says that the mail is passed on, rather than answered."""
    return _walk(subject, tags=True)[1] is True


def is_reply(subject: str) -> bool:
    """Whether the outermost prefix says that the mail answers another one."""
    return _walk(subject, tags=True)[1] is False


def key(subject: str) -> str:
    """What two subjects of one matter have in common: normalised, without case, width or runs of blanks."""
    return unicodedata.normalize("NFKC", normalise(subject)).casefold()


def shown(subject: str, default: str) -> str:
    """The subject of a new conversation: as written, in one line, cut at `MAX_CHARS`; the default where it says nothing."""
    return words.one_line(_line(subject), MAX_CHARS) if normalise(subject) else default


def is_cut(subject: str) -> bool:
    return len(_line(subject)) > MAX_CHARS


def differs(subject: str, about: str) -> bool:
    """Whether the subject says something that the one a conversation is `about` does not."""
    said, known = key(shown(subject, "")), key(about)
    if "..." in (said[-3:], known[-3:]):
        # One that was cut: its beginning is all that can be compared.
        short, long = sorted((said.removesuffix("..."), known.removesuffix("...")), key=len)
        return bool(said) and not long.startswith(short)
    return bool(said) and f" {_unframed(said)} " not in f" {_unframed(known)} "


def _unframed(said: str) -> str:
    """The words without brackets and quotes, in which the template of a route may set the mail's own subject."""
    return " ".join(said.translate(_FRAMES).split())


def _line(subject: str) -> str:
    return words.one_line(unicodedata.normalize("NFC", subject[:_MAX_READ]), _MAX_READ)


def _walk(subject: str, *, tags: bool) -> tuple[str, bool | None]:
    """What is left, and the kind of the outermost prefix: True for a forward, False for a reply, None without any."""
    text = _line(subject)
    at, brackets, names, outermost = 0, 0, "", None
    while at < len(text):
        if text[at] == " ":
            at += 1
        elif match := _PREFIX.match(text, at):
            outermost = match["forward"] is not None if outermost is None else outermost
            at = match.end()
        elif tags and (match := _TAG.match(text, at)):
            at = match.end()
        elif text[at] == "[" and _is_prefix(text, at + 1):
            brackets += 1
            at += 1
        elif (match := _LIST.match(text, at)) and (
            match.group() == names or (not names and _is_prefix(text, match.end()))
        ):
            names = match.group()
            at = match.end()
        else:
            break
    rest = text[at:].strip()
    before = ""
    while rest != before:
        before = rest
        rest = _balanced(rest) if brackets else rest
        rest = rest[:-5].rstrip() if rest[-5:].lower() == "(fwd)" else rest
    return f"{names} {rest}".strip() if rest else "", outermost


def _is_prefix(text: str, at: int) -> bool:
    return _PREFIX.match(text, at + text.startswith(" ", at)) is not None


def _balanced(text: str) -> str:
    """Without the closing brackets that a "[Fwd: …]" left at the end."""
    surplus = text.count("]") - text.count("[")
    while surplus > 0 and text.endswith("]"):
        text = text[:-1].rstrip()
        surplus -= 1
    return text
