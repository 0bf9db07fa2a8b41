"""How mail programs announce what they quote, in the languages of most mail: the words, and nothing but the words.

Every question is answered by looking words up, in time linear in a line whose length is bounded first; no expression here can
backtrack.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum

#: No program writes a longer one, also with two names, an address and a list's name in it.
MAX_CHARS = 400
#: "a@b wrote:"
_MIN_CHARS = 10


class Label(Enum):
    """What a line of a header block says."""

    FROM = "from"
    DATE = "date"
    TO = "to"
    SUBJECT = "subject"
    OTHER = "other"


class Separator(Enum):
    ORIGINAL = "original"
    FORWARD = "forward"


# "On … wrote:", one entry a language: how it may open, and the words that say who wrote.
_OPENINGS = (
    "on at am le el il em op den dne dňa w dnia på d pe la în v u по в у 在 於 于 στις την τη ב בתאריך في vào lúc pada "
    "tarihinde dana ngày เมื่อ из from von de od vom a il_giorno às"
)
_VERBS = (
    "wrote writes said schrieb schrieben schreibt schrieb_am a_écrit écrivait a_ecrit escribió escribio ha_scritto scrisse "
    "escreveu schreef heeft_geschreven het_volgende_geschreven napisał napisała napisał(a) napisal pisze skrev skreiv "
    "napsal napsala napsal(a) napisal(a) napísal "
    "napísal(a) kirjoitti ezt_írta írta a_scris yazdı şunu_yazdı şunları_yazdı написал "
    "написала написал(а) писал пишет написав написала_(-в) пише έγραψε wrote_the_following ha_escrit je_napisao je_napisao/la "
    "napisao на_писа написа 写道 寫道 写 来信 のメール さんは書きました は書きました 님이_작성 작성 쓴_글 כתב כתבה מאת كتب كتبت "
    "đã_viết viết menulis เขียน เขียนว่า schrieb_folgendes parašė rašė kirjutas rakstīja"
)
#: Written without blanks between words, so that a word has no edges to look for.
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")

_LABELS = {
    Label.FROM: (
        "from von de da di van od fra från från: lähettäjä odesílatel odosielateľ feladó expeditor от от_кого від "
        "кому_от kimden gönderen από 差出人 送信者 发件人 寄件者 寄件人 보낸_사람 보낸사람 מאת من từ dari จาก expéditeur "
        "발신 발신인 шаље از saatja nuo प्रेषक 發件人 mittente remitente afzender nadawca absender от: de_la šalje sender"
    ),
    Label.DATE: (
        "sent date gesendet datum gesendet_am envoyé envoyé_le enviado enviado_el enviada enviada_em fecha data inviato "
        "verzonden wysłano wysłane data_wysłania skickat sendt dato lähetetty päivä päiväys päivämäärä odesláno odoslané "
        "elküldve dátum küldve trimis trimis_la dată отправлено дата надіслано gönderildi gönderme_tarihi tarih στάλθηκε "
        "ημερομηνία 送信日時 изпратено poslano poslato послато terkirim ส่งเมื่อ ارسال_شده odoslano saadetud "
        "nosūtīts išsiųsta enviat enviat_el भेजा_गया 發送時間 傳送時間 "
        "日付 日時 发送时间 发送日期 日期 寄件日期 傳送日期 보낸_날짜 날짜 보낸날짜 נשלח תאריך تاريخ_الإرسال التاريخ تم_الإرسال "
        "đã_gửi ngày dikirim tanggal ส่ง วันที่ gesendet: when"
    ),
    Label.TO: (
        "to an à a para aan do till til kenelle vastaanottaja komu címzett către pentru кому kime alıcı προς 宛先 收件人 收件者 "
        "받는_사람 받는사람 받은_사람 수신 수신인 прима prima به ke adressaat kellele אל إلى đến tới kepada ถึง до kam per_a प्रति "
        "pour destinataire empfänger destinatario ontvanger adresat za naar per"
    ),
    Label.SUBJECT: (
        "subject betreff objet asunto assunto oggetto onderwerp temat ämne emne aihe předmět predmet tárgy subiect тема "
        "konu θέμα 件名 主题 主旨 主題 제목 נושא الموضوع chủ_đề subjek perihal เรื่อง re betr "
        "относно ชื่อเรื่อง หัวเรื่อง موضوع zadeva teema tēma tema assumpte विषय"
    ),
    Label.OTHER: (
        "cc kopie kopia kopi copie cópia copia reply-to antwort_an répondre_à responder_a rispondi_a importance priority "
        "attachments anlagen copy bcc résumé antworten_an responder másolatot_kap копия копія 抄送 副本 참조 עותק нова_тема "
        "organization reply_to priorität wichtigkeit importanza answer_to risposta bilgi kk dw copie_à 抄送至"
    ),
}

_ORIGINAL = (
    "original message|original mail|original email|original appointment|ursprüngliche nachricht|originalnachricht|"
    "original-nachricht|message d'origine|mail original|message original|message initial|mensaje original|messaggio originale|"
    "mensagem original|oorspronkelijk bericht|origineel bericht|oryginalna wiadomość|wiadomość oryginalna|исходное сообщение|"
    "оригинальное сообщение|original meddelande|originalmeddelande|ursprungligt meddelande|ursprungligt meddelelse|"
    "oprindelig meddelelse|original meddelelse|opprinnelig melding|original melding|alkuperäinen viesti|původní zpráva|"
    "pôvodná správa|eredeti üzenet|mesaj original|mesajul original|orijinal mesaj|orijinal ileti|özgün ileti|αρχικό μήνυμα|"
    "izvorna poruka|originalna poruka|izvirno sporočilo|оригинално съобщение|algne kiri|sākotnējais ziņojums|pradinis laiškas|"
    "πρωτότυπο μήνυμα|missatge original|jatorrizko mezua|मूल संदेश|원본 이메일|"
    "元のメッセージ|original message |原始邮件|原始郵件|原始信件|邮件原件|원본 메시지|원본 메일|הודעה מקורית|الرسالة الأصلية|"
    "回复的原邮件|replied message|původní e-mail|pôvodný e-mail|"
    "thư gốc|pesan asli|ข้อความเดิม|ข้อความต้นฉบับ|вихідне повідомлення|оригінальне повідомлення|quoted message|reply message|"
    "reply to message|antwort auf nachricht"
)
_FORWARD = (
    "forwarded message|forwarded by|begin forwarded message|start of forwarded message|weitergeleitete nachricht|"
    "anfang der weitergeleiteten nachricht|anfang der weitergeleiteten e-mail|message transféré|début du message transféré|"
    "début du message réexpédié|mensaje reenviado|inicio del mensaje reenviado|messaggio inoltrato|"
    "inizio messaggio inoltrato|mensagem encaminhada|mensagem reencaminhada|início da mensagem encaminhada|"
    "início da mensagem reencaminhada|doorgestuurd bericht|begin doorgestuurd bericht|przekazana wiadomość|"
    "treść przekazanej wiadomości|wiadomość przekazana dalej|пересылаемое сообщение|пересланное сообщение|"
    "начало переадресованного сообщения|перенаправленное сообщение|vidarebefordrat meddelande|vidarebefordrat mejl|"
    "vidarebefordrat brev|videresendt meddelelse|start på videresendt besked|videresendt melding|videresendt besked|"
    "välitetty viesti|edelleenlähetetty viesti|přeposlaná zpráva|předaná zpráva|preposlaná správa|továbbított üzenet|"
    "mesaj redirecționat|mesaj redirectionat|mesaj transmis|yönlendirilen ileti|iletilmiş mesaj|iletilen ileti|"
    "προωθημένο μήνυμα|転送メッセージ|転送されたメッセージ|转发的邮件|转发邮件|轉寄的郵件|轉寄郵件|전달된 메시지|"
    "전달된 메일|הודעה שהועברה|رسالة مُعاد توجيهها|رسالة معاد توجيهها|thư đã chuyển tiếp|pesan terusan|ข้อความที่ส่งต่อ|"
    "переслане повідомлення|переадресоване повідомлення|fwd message|välitetty viesti alkaa|początek przekazywanej wiadomości|"
    "začátek přeposílané zprávy|začátek přeposlané zprávy|továbbított levél kezdete|iletilen ileti başlangıcı|"
    "以下是转发的邮件|以下為轉寄的郵件|开始转发的邮件"
)


def plainly(text: str) -> str:
    """The text as it is compared: one width and case, single blanks, without marks of direction and emphasis."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text.translate(_MARKS))
    # A Turkish capital I keeps its dot as a mark of its own.
    return " ".join(text.replace("*", " ").replace("\u2019", "'").split()).casefold().replace("\u0307", "")


_MARKS = dict.fromkeys(
    (0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)


# In front of the date, by phones above all: "ma 2. toukok. 2016", "понедельник, 2 мая 2016 г."
_WEEKDAYS = (
    "mon monday tue tuesday wed wednesday thu thursday fri friday sat saturday sun sunday mo montag di dienstag mi mittwoch "
    "do donnerstag fr freitag sa samstag sonnabend so sonntag lun lundi mar mardi mer mercredi jeu jeudi ven vendredi sam "
    "samedi dim dimanche lunes martes mié miércoles jue jueves vie viernes sáb sábado domingo lunedì martedì mercoledì gio "
    "giovedì venerdì sab sabato dom domenica seg segunda-feira ter terça-feira qua quarta-feira qui quinta-feira sex "
    "sexta-feira ma maandag dinsdag wo woensdag donderdag vr vrijdag za zaterdag zo zondag pon poniedziałek wt wtorek śr "
    "środa czw czwartek pt piątek sob sobota niedz niedziela пн понедельник вт вторник ср среда чт четверг пт пятница сб "
    "суббота вс воскресенье понеділок вівторок середа четвер п'ятниця субота нд неділя mån måndag tis tisdag ons onsdag tors "
    "torsdag fre fredag lör lördag sön söndag man mandag tir tirsdag tor lør lørdag søn søndag maanantai ti tiistai ke "
    "keskiviikko to torstai pe perjantai la lauantai su sunnuntai po pondělí út úterý st středa čt čtvrtek pá pátek neděle "
    "hétfő kedd szerda csütörtök péntek szombat vasárnap luni marți miercuri joi vineri sâmbătă duminică pzt pazartesi sal "
    "salı çar çarşamba per perşembe cum cuma cmt cumartesi paz pazar δευ δευτέρα τρί τρίτη τετ τετάρτη πέμ πέμπτη παρ "
    "παρασκευή σάβ σάββατο κυρ κυριακή"
)


def _entries(table: str) -> frozenset[str]:
    return frozenset(plainly(entry.replace("_", " ")) for entry in table.split())


_OPENING = _entries(_OPENINGS)
_VERB = _entries(_VERBS)
_WEEKDAY = _entries(_WEEKDAYS)
_SPACED_VERBS = frozenset(verb for verb in _VERB if not _UNSPACED.search(verb))
_UNSPACED_VERBS = tuple(sorted(_VERB - _SPACED_VERBS))
_FIRST_OF_VERB = frozenset(verb.split()[0] for verb in _SPACED_VERBS)
_LONGEST_VERB = max(len(verb.split()) for verb in _SPACED_VERBS)
_LABEL = {name.rstrip(":"): label for label, names in _LABELS.items() for name in _entries(names)}
_SEPARATORS = {
    plainly(phrase): kind
    for kind, phrases in ((Separator.ORIGINAL, _ORIGINAL), (Separator.FORWARD, _FORWARD))
    for phrase in phrases.split("|")
}
_MAX_LABEL = max(map(len, _LABEL))
_MIN_SEPARATOR, _MAX_SEPARATOR = min(map(len, _SEPARATORS)), 160

_RULES = "-_=—–*#~+ \t\u2500\u2501\xa0"
_ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]")
_NUMBER = re.compile(r"\d+")
_TIME = re.compile(r"\d{1,2} ?[:.h時点시] ?\d\d|\d{1,2} ?(?:am|pm|uhr)\b")
#: A time as programs write it below a date, to the second or by half days.
_CLOCK = re.compile(r"\d{1,2}[:.]\d\d(?:[:.]\d\d| ?[ap]\.?m\b)")
_QUOTING = (
    "quoting ",
    "zitat von ",
    "citando ",
    "citazione ",
    "citation de ",
    "cytat ",
    "citerar ",
    "citeren ",
)
_COLON = (":", "\uff1a", "\ufe55")
_CELL = (*_COLON, "|")


def label(line: str, *, cells: bool = False) -> Label | None:
    """Which line of a header block this is, None for any other; with `cells` it may be the row of a table."""
    head = line[: _MAX_LABEL + 24]
    for mark in _CELL if cells else _COLON:
        name, colon, _ = head.lstrip("> \t|").partition(mark) if mark in head else ("", "", "")
        if colon and (found := _LABEL.get(plainly(name))) is not None:
            return found
    return None


def bare_label(line: str) -> Label | None:
    """The same for a line without a sign between label and value, as eM Client writes it: `From "Ann Lee" <ann@x.example>`."""
    name, blank, value = line.lstrip("> \t|").partition(" ")
    found = _LABEL.get(plainly(name)) if blank and len(name) <= _MAX_LABEL else None
    if found is Label.DATE:
        return found if len(_NUMBER.findall(value)) > 1 else None
    return found if found is Label.SUBJECT or "@" in value else None


def separator(line: str) -> Separator | None:
    """What is announced by a line such as "-----Original Message-----" or "Begin forwarded message:"."""
    if len(line) > _MAX_SEPARATOR:
        return None
    bare = line.lstrip("> \t|")
    words = bare.strip(_RULES)
    ruled = len(bare) - len(bare.lstrip(_RULES)) >= 2
    if len(words) < _MIN_SEPARATOR or not (ruled or words.endswith(_COLON)):
        return None
    kind = _SEPARATORS.get(plainly(words.rstrip(":：")).strip())
    if kind is None and bare[:2] == "--":
        kind = _by_start(plainly(words))
        if bare[:12] == bare.rstrip()[-12:] == "-" * 12 and words == "Original":  # QQ, in English
            kind = Separator.ORIGINAL
    return kind


def may_head_block(line: str) -> bool:
    """Whether the line, where a header block stands right below it, says no more than that a mail follows."""
    return is_title(line) or is_message_of(line)


def is_title(line: str) -> bool:
    """Whether words stand between rules, as a title in whatever language: "---------- Původní e-mail ----------"."""
    bare = line.lstrip("> \t|").rstrip()
    if len(bare) > _MAX_TITLE:
        return False
    return bare[:4] == bare[-4:] and bare[:4] in _TITLED and bool(bare.strip(_RULES))


def is_message_of(line: str) -> bool:
    """Whether it is Orange's "Message du 02/11/26 10:15"."""
    return _MESSAGE_OF.fullmatch(line.lstrip("> \t|").rstrip()) is not None


_MAX_TITLE = 80
_TITLED = ("----", "____", "====", "****")
_MESSAGE_OF = re.compile(r"Message du [\d/.]{6,10} (?:à )?[\d:]{4,8}")


def _by_start(words: str) -> Separator | None:
    """Lotus Notes: "----- Forwarded by Ann Lee/ACME on 03/05/2016 10:12 -----"; mutt: "----- Forwarded message from … -----"."""
    return Separator.FORWARD if words.startswith(("forwarded by ", "forwarded message from ")) else None


def opens(line: str) -> bool:
    """Whether the line begins like an attribution: by "On" and its kin, a date or a day of the week."""
    words = plainly(line.lstrip("> \t|")[:60])
    first = words.split(" ", 1)[0].rstrip(",.")
    return (
        first in _OPENING or first in _WEEKDAY or words[:1].isdigit() or words.startswith(_UNSPACED_OPENINGS)
    )


_UNSPACED_OPENINGS = ("在", "於", "于", "เมื่อ", "ב-", "في")


class Strength(Enum):
    NONE = 0
    #: Only what stands above a marked quote is an attribution.
    WEAK = 1
    #: Names who wrote and when: it is one, whatever follows.
    STRONG = 2


def attribution(text: str) -> Strength:
    """How surely the text, a line or the lines of a wrapped one joined, says that somebody's words follow."""
    if not _MIN_CHARS <= len(text) <= MAX_CHARS or not may_end(text):
        return Strength.NONE
    # Zoho draws a rule around it: "---- On Mon, 2 May 2016 10:00:00 +0200 Ann Lee <ann@customer.example> wrote ----",
    # and GroupWise sets it between arrows.
    ruled = text.rstrip().endswith(("---", ">>>"))
    words = plainly(text.removesuffix(">>>")).strip("- ")
    colon = ruled or words.endswith(_COLON)
    if not colon and not words.endswith(_UNSPACED_VERBS):
        return Strength.NONE
    numbers = [int(number[:5]) for number in _NUMBER.findall(words)]
    dated = _TIME.search(words) is not None or any(1990 <= number <= 2100 for number in numbers)
    address = _ADDRESS.search(words) is not None
    if _says_wrote(words):
        if not address and not opens(words):
            # "as he wrote:" is the author's own; Notes writes "Ann Lee/ACME wrote on 02/11/2026 09:12:33:".
            if not _CLOCK.search(words) or len(numbers) < 5:
                return Strength.NONE
            return Strength.STRONG if "/" in _NUMBER.split(words, maxsplit=1)[0] else Strength.WEAK
        if dated and len(numbers) >= 2:
            return Strength.STRONG
        # "On Monday you wrote:" is an author's own.
        return Strength.WEAK if address or numbers else Strength.NONE
    # "2016-10-24 15:36 GMT+02:00 Ann Lee <ann@customer.example>:", also with "from" or "от" before the name.
    if colon and dated and address and len(numbers) >= 3:
        return Strength.STRONG
    # As Horde writes it, "Zitat von Ann Lee <ann@customer.example>:"; it tells no date.
    return Strength.WEAK if colon and address and words.startswith(_QUOTING) else Strength.NONE


def may_be_one(line: str) -> bool:
    """Whether a line that is marked as an attribution is one, in whatever language, and no words were written into it."""
    if len(line) > MAX_CHARS or _SAYS_ON.search(line):
        return False
    words = plainly(line)
    return words.endswith(_COLON) or _ADDRESS.search(words) is not None or len(_NUMBER.findall(words)) > 1


#: A colon with words behind it, which no time and no address has.
_SAYS_ON = re.compile(r"[:\uff1a]\s{1,5}[^\W\d_]")


def is_whole(text: str, above: str) -> bool:
    """Whether the text is an attribution without what stands above it: it has a date of its own, and the address if any."""
    if attribution(text) is not Strength.STRONG:
        return False
    words = plainly(text)
    address = _ADDRESS.search(words) is not None
    numbers = [int(number[:5]) for number in _NUMBER.findall(words)]
    enough = 4 if _TIME.search(words) else 2
    if len(numbers) < enough or not any(1990 <= number <= 2100 for number in numbers):
        return False
    return address or (opens(text) and _ADDRESS.search(above) is None)


def may_end(line: str) -> bool:
    """Whether the line could be the last one of an attribution; quick, for the many that cannot."""
    last = line.rstrip(" \t*_\xa0")[-1:]
    return last in ":->" or not last.isascii()


def leads_over(line: str) -> bool:
    """Whether the line announces what follows, and names neither an address nor a time as mail programs do."""
    words = plainly(line[-MAX_CHARS:])
    return words.endswith(_COLON) and _ADDRESS.search(words) is None and not _is_dated(words)


def may_begin(line: str) -> bool:
    """Whether an attribution that begins with the line could go on in the next one; none is wrapped behind a word or two."""
    if len(line) < _MIN_CHARS:
        return False
    return "<" in line or '"' in line or opens(line) or _is_dated(line)


def _is_dated(line: str) -> bool:
    """Whether a date and a time stand in the line, in whatever language."""
    numbers = _NUMBER.findall(line)
    if len(numbers) < 4 or len(line) > MAX_CHARS or _TIME.search(line) is None:
        return False
    return len(numbers) >= 5 or any(1990 <= int(number[:5]) <= 2100 for number in numbers)


def _says_wrote(words: str) -> bool:
    if any(verb in words for verb in _UNSPACED_VERBS):
        return True
    tokens = [token.strip(",;:\"'") for token in words.split(" ")]
    return any(
        " ".join(tokens[start : start + length]) in _SPACED_VERBS
        for start, token in enumerate(tokens)
        if token in _FIRST_OF_VERB
        for length in range(1, _LONGEST_VERB + 1)
    )
