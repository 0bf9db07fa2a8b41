"""Where somebody else's words begin (mail-cases 101 to 104): the marks of mail programs, in text and HTML, in many languages."""

from __future__ import annotations

import pytest

from bridge.compose import attributions, clean, document, quoted, quotes
from bridge.compose.attributions import Label, Separator, Strength
from bridge.compose.quotes import Kind
from bridge.compose.tree import Limits

ANSWER = "It still does not work."
ORIGINAL = "Please restart it once more."


def start_of(text: str) -> str | None:
    """The first line of the quote that ends the text; None where there is none."""
    lines = quotes.of_text(text)
    found = quotes.find(lines)
    return None if found is None else next(line.text for line in lines[found.start :] if line.words)


def start_in_html(html: str) -> str | None:
    root = document.parse(html, Limits())
    assert root is not None
    cleaned = clean.clean(root, Limits())
    lines = quoted.page(cleaned.root, cleaned.begins).lines
    found = quotes.find(lines)
    return None if found is None else next(line.text.strip() for line in lines[found.start :] if line.words)


# -- attribution lines -----------------------------------------------------------------------------

ATTRIBUTIONS = {
    "english": "On Mon, Nov 2, 2026 at 10:15 AM Rosa Lind <rosa@s.example> wrote:",
    "english, phone": "On 2 Nov 2026, at 10:15, Rosa Lind <rosa@s.example> wrote:",
    "english, Outlook for phones": 'On Mon, Nov 2, 2026 at 10:15 AM -0800, "Rosa Lind" <rosa@s.example> wrote:',
    "german": "Am Mo., 2. Nov. 2026 um 10:15 Uhr schrieb Rosa Lind <rosa@s.example>:",
    "german, name first": "Rosa Lind <rosa@s.example> schrieb am Mo., 2. Nov. 2026 um 10:15:",
    "french": "Le lun. 2 nov. 2026 à 10:15, Rosa Lind <rosa@s.example> a écrit :",
    "spanish": "El lun, 2 nov 2026 a las 10:15, Rosa Lind (<rosa@s.example>) escribió:",
    "italian": "Il giorno lun 2 nov 2026 alle ore 10:15 Rosa Lind <rosa@s.example> ha scritto:",
    "portuguese": "Em seg., 2 de nov. de 2026 às 10:15, Rosa Lind <rosa@s.example> escreveu:",
    "dutch": "Op ma 2 nov 2026 om 10:15 schreef Rosa Lind <rosa@s.example>:",
    "dutch, phone": "Op 2 nov. 2026 om 10:15 heeft Rosa Lind <rosa@s.example> het volgende geschreven:",
    "polish": "pon., 2 lis 2026 o 10:15 Rosa Lind <rosa@s.example> napisał(a):",
    "russian": "пн, 2 нояб. 2026 г. в 10:15, Rosa Lind <rosa@s.example>:",
    "russian, phone": "2 нояб. 2026 г., в 10:15, Rosa Lind <rosa@s.example> написал(а):",
    "mail.ru": "Понедельник, 2 ноября 2026, 10:15 +03:00 от Rosa Lind <rosa@s.example>:",
    "yandex": '02.11.2026, 10:15, "Rosa Lind" <rosa@s.example>:',
    "ukrainian": "пн, 2 лист. 2026 р. о 10:15 Rosa Lind <rosa@s.example> пише:",
    "swedish": "Den mån 2 nov. 2026 kl 10:15 skrev Rosa Lind <rosa@s.example>:",
    "danish": "Den man. 2. nov. 2026 kl. 10.15 skrev Rosa Lind <rosa@s.example>:",
    "norwegian": "man. 2. nov. 2026 kl. 10:15 skrev Rosa Lind <rosa@s.example>:",
    "finnish": "ma 2. marrask. 2026 klo 10.15 Rosa Lind (rosa@s.example) kirjoitti:",
    "czech": "po 2. 11. 2026 v 10:15 odesílatel Rosa Lind <rosa@s.example> napsal:",
    "slovak": "po 2. 11. 2026 o 10:15 Rosa Lind <rosa@s.example> napísal(a):",
    "hungarian": "Rosa Lind <rosa@s.example> ezt írta (időpont: 2026. nov. 2., H, 10:15):",
    "romanian": "Pe lun., 2 nov. 2026 la 10:15, Rosa Lind <rosa@s.example> a scris:",
    "turkish": "Rosa Lind <rosa@s.example>, 2 Kas 2026 Pzt, 10:15 tarihinde şunu yazdı:",
    "greek": "Στις Δευ 2 Νοε 2026 στις 10:15 π.μ., ο χρήστης Rosa Lind <rosa@s.example> έγραψε:",
    "japanese": "2026年11月2日(月) 10:15 Rosa Lind <rosa@s.example>:",
    "japanese, phone": "2026/11/02 10:15、Rosa Lind <rosa@s.example>のメール:",
    "chinese": "Rosa Lind <rosa@s.example> 于2026年11月2日周一 10:15写道：",
    "chinese, taiwan": "Rosa Lind <rosa@s.example> 於 2026年11月2日 週一 上午10:15寫道：",
    "korean": "2026년 11월 2일 (월) 오전 10:15, Rosa Lind <rosa@s.example>님이 작성:",
    "hebrew": "\u202bבתאריך יום ב׳, 2 בנוב׳ 2026 ב-10:15 מאת \u202aRosa\u202c\u200f <\u202arosa@s.example\u202c\u200f>:\u202c",
    "arabic": "في الاثنين، 2 نوفمبر 2026 في 10:15 ص تمت كتابة ما يلي بواسطة Rosa Lind <rosa@s.example>:",
    "vietnamese": "Vào Th 2, 2 thg 11, 2026 vào lúc 10:15 Rosa Lind <rosa@s.example> đã viết:",
    "indonesian": "Pada tanggal Sen, 2 Nov 2026 pukul 10.15 Rosa Lind <rosa@s.example> menulis:",
    "thai": "ในวันที่ จ. 2 พ.ย. 2026 เวลา 10:15 Rosa Lind <rosa@s.example> เขียนว่า:",
    "zoho": "---- On Mon, 02 Nov 2026 10:15:00 +0100 Rosa Lind <rosa@s.example> wrote ----",
    "zoho, italian": "---- Il lun, 02 nov 2026 10:15:00 +0100 Rosa Lind ha scritto ----",
    "notes": "Rosa Lind/SHOP wrote on 11/02/2026 10:15:33 AM:",
    "hindi": "सोम, 2 नव॰ 2026 को 10:15 am बजे को Rosa Lind <rosa@s.example> ने लिखा:",
    "persian": "در تاریخ دوشنبه 2 نوامبر 2026، 10:15 Rosa Lind <rosa@s.example> نوشت:",
    "croatian": "pon, 2. stu 2026. u 10:15 Rosa Lind <rosa@s.example> napisao je:",
    "slovenian": "V pon., 2. nov. 2026 ob 10:15 je oseba Rosa Lind <rosa@s.example> napisala:",
    "bulgarian": "На пн, 2.11.2026 г. в 10:15 ч. Rosa Lind <rosa@s.example> написа:",
    "estonian": "Kuupäev E, 2. november 2026 kell 10:15 kirjutas Rosa Lind <rosa@s.example>:",
    "lithuanian": "2026-11-02, pr, 10:15 Rosa Lind <rosa@s.example> rašė:",
    "slovak, Thunderbird": "Dňa 2. 11. 2026 o 10:15 Rosa Lind napísal(a):",
    "163": '在 2026-11-02 10:15:33，"Rosa Lind" <rosa@s.example> 写道：',
    "superhuman": "On Mon, Nov 02, 2026 at 10:15 AM, Rosa Lind < rosa@s.example > wrote:",
    "spark": "On 2 Nov 2026 at 10:15 +0100, Rosa Lind <rosa@s.example>, wrote:",
    "gmail of old": "2026-11-02 10:15 GMT+01:00 Rosa Lind <rosa@s.example>:",
    "eudora": "At 11/2/2026 10:15 AM, you wrote:",
    "portuguese, Thunderbird": "Às 10:15 de 02/11/2026, Rosa Lind escreveu:",
    "korean, Thunderbird": "2026-11-02 오전 10:15에 Rosa Lind 이(가) 쓴 글:",
    "slovenian, Thunderbird": "Dne 02. 11. 2026 ob 10:15 je Rosa Lind napisal(a):",
}


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
@pytest.mark.parametrize("marked", [True, False], ids=["marked", "bare"])
def test_an_attribution_begins_the_quote_in_any_language(line: str, marked: bool) -> None:
    """Case 103."""
    text = f"{ANSWER}\n\n{line}\n\n{'> ' if marked else ''}{ORIGINAL}\n"
    assert start_of(text) == line


@pytest.mark.parametrize("line", ATTRIBUTIONS.values(), ids=ATTRIBUTIONS.keys())
def test_an_attribution_may_be_wrapped_over_two_lines(line: str) -> None:
    """Case 103: at any blank behind the first words, as clients wrap it."""
    blanks = [at for at, character in enumerate(line) if character == " "]
    for blank in blanks[len(blanks) // 2 :]:
        first, rest = line[:blank], line[blank + 1 :]
        if "<" in first or attributions.opens(first):
            assert start_of(f"{ANSWER}\n\n{first}\n{rest}\n\n> {ORIGINAL}\n") == first


@pytest.mark.parametrize(
    "lines",
    [
        "Kuupäev E, 2. november 2026 kell 10:15 kirjutas Rosa Lind\n<rosa@s.example>:",
        "На пн, 2.11.2026 г. в 10:15 ч. Rosa Lind\n<rosa@s.example> написа:",
        "pon, 2. stu 2026. u 10:15 Rosa Lind (Shop)\n<rosa@s.example> napisao je:",
        "ในวันที่ จ. 2 พ.ย. 2026 เวลา 10:15 Rosa Lind\n<rosa@s.example> เขียนว่า:",
        "Noong Lun, Nob 2, 2026 nang 10:15 AM, sinulat ni Rosa Lind\n<rosa@s.example>:",
        "otrd., 2026. g. 2. nov., plkst. 10:15 — lietotājs Rosa Lind\n(<rosa@s.example>) rakstīja:",
    ],
)
def test_the_first_line_of_a_wrapped_attribution_is_known_by_its_date(lines: str) -> None:
    """Case 103."""
    assert start_of(f"{ANSWER}\n\n{lines}\n\n> {ORIGINAL}") == lines.partition("\n")[0]
    own = "It broke on 1.11.2026 at 9:12."
    whole = lines.replace("\n", " ")
    assert start_of(f"{ANSWER}\n{own}\n{whole}\n> {ORIGINAL}") == whole


def test_the_rest_of_a_wrapped_attribution_may_have_fewer_marks() -> None:
    text = f"{ANSWER}\n\n> Thank you.\n>\n> >> On Mon, Nov 2, 2026 at 10:15 AM Rosa Lind <rosa@s.example>\n> wrote:\n> >>> Hi"
    lines = quotes.of_text(text)
    frame = quotes.frame_at(lines, 4)
    assert frame is not None
    assert (frame.start, frame.end) == (4, 6)


def test_an_address_wrapped_out_of_its_attribution_goes_with_it() -> None:
    text = f"{ANSWER}\n\nOn Mon, Nov 2, 2026 at 10:15 AM Rosa Lind <\nrosa@s.example> wrote:\n\n> {ORIGINAL}"
    assert start_of(text) == "On Mon, Nov 2, 2026 at 10:15 AM Rosa Lind <"


@pytest.mark.parametrize("marks", ["", "> "])
def test_groupwise_sets_its_attribution_between_arrows(marks: str) -> None:
    line = '>>> "Rosa Lind" <rosa@s.example> 02.11.2026 10:15 >>>'
    assert start_of(f"{ANSWER}\n\n{line}\n{marks}{ORIGINAL}") == line


def test_who_is_quoted_without_a_date_introduces_only_what_is_marked() -> None:
    line = "Zitat von Rosa Lind <rosa@s.example>:"
    assert start_of(f"{ANSWER}\n\n{line}\n\n> {ORIGINAL}") == line
    assert start_of(f"{ANSWER}\n\n{line}\n\n{ORIGINAL}") is None


def test_words_right_above_an_attribution_are_the_authors() -> None:
    text = f"On Monday it broke\nOn Mon, Nov 2, 2026 at 10:15 Rosa Lind <rosa@s.example> wrote:\n> {ORIGINAL}"
    assert start_of(text) == "On Mon, Nov 2, 2026 at 10:15 Rosa Lind <rosa@s.example> wrote:"


@pytest.mark.parametrize(
    "line",
    [
        "On Monday the vendor wrote that it is fixed.",
        "On the 3rd I wrote to you and got no answer",
        "This is what he wrote:",
        "As your colleague wrote: restart it.",
        "I wrote on 2 November 2026 at 10:15 and asked for this:",
        "I wrote on 11/02/2026 at half past ten:",
        "The technician wrote on 11/02/2026 10:15:33 AM:",
        "Please quote Rosa Lind <rosa@s.example>:",
        ">>> print('Rosa', 2026) >>>",
        "On my list for 2026:",
        "Order of 2 November 2026, 10:15:",
        "Am Montag schrieb ich Ihnen schon einmal.",
        "Le lundi j'ai écrit à votre service",
        "Please answer to rosa@s.example:",
        "On Monday you wrote:",
    ],
)
def test_on_and_wrote_in_plain_words_are_no_attribution(line: str) -> None:
    """Case 103."""
    assert attributions.attribution(line) is not Strength.STRONG
    assert start_of(f"Hello\n{line}\nand so on") is None


def test_the_authors_own_introduction_of_a_marked_quote_is_not_part_of_it() -> None:
    assert start_of(f"{ANSWER}\nThis is what he wrote:\n> {ORIGINAL}") == f"> {ORIGINAL}"


# -- header blocks and separators ------------------------------------------------------------------

BLOCKS = {
    "english": "From: Rosa Lind <rosa@s.example>\nSent: Monday, November 2, 2026 10:15 AM\nTo: Tim\nSubject: RE: Lamp",
    "bold": "*From:* Rosa Lind\n*Sent:* Monday\n*To:* Tim\n*Subject:* Lamp",
    "german": "Von: Rosa Lind <rosa@s.example>\nGesendet: Montag, 2. November 2026 10:15\nAn: Tim\nBetreff: AW: Lampe",
    "french": "De : Rosa Lind <rosa@s.example>\nEnvoyé : lundi 2 novembre 2026 10:15\nÀ : Tim\nObjet : RE: Lampe",
    "spanish": "De: Rosa Lind\nEnviado el: lunes, 2 de noviembre de 2026 10:15\nPara: Tim\nAsunto: RE: Lámpara",
    "italian": "Da: Rosa Lind\nInviato: lunedì 2 novembre 2026 10:15\nA: Tim\nOggetto: R: Lampada",
    "portuguese": "De: Rosa Lind\nEnviada em: segunda-feira, 2 de novembro de 2026 10:15\nPara: Tim\nAssunto: RES: Lâmpada",
    "dutch": "Van: Rosa Lind\nVerzonden: maandag 2 november 2026 10:15\nAan: Tim\nOnderwerp: RE: Lamp",
    "polish": "Od: Rosa Lind\nWysłano: poniedziałek, 2 listopada 2026 10:15\nDo: Tim\nTemat: ODP: Lampa",
    "russian": "От: Rosa Lind\nОтправлено: 2 ноября 2026 г. 10:15\nКому: Tim\nТема: RE: Лампа",
    "ukrainian": "Від: Rosa Lind\nНадіслано: 2 листопада 2026 р. 10:15\nКому: Tim\nТема: RE: Лампа",
    "swedish": "Från: Rosa Lind\nSkickat: den 2 november 2026 10:15\nTill: Tim\nÄmne: SV: Lampa",
    "danish": "Fra: Rosa Lind\nSendt: 2. november 2026 10:15\nTil: Tim\nEmne: SV: Lampe",
    "norwegian": "Fra: Rosa Lind\nSendt: mandag 2. november 2026 10:15\nTil: Tim\nKopi: Una\nEmne: SV: Lampe",
    "finnish": "Lähettäjä: Rosa Lind\nLähetetty: maanantai 2. marraskuuta 2026 10.15\nVastaanottaja: Tim\nAihe: VS: Lamppu",
    "czech": "Od: Rosa Lind\nOdesláno: pondělí 2. listopadu 2026 10:15\nKomu: Tim\nPředmět: RE: Lampa",
    "hungarian": "Feladó: Rosa Lind\nElküldve: 2026. november 2., hétfő 10:15\nCímzett: Tim\nTárgy: RE: Lámpa",
    "romanian": "De la: Rosa Lind\nTrimis: luni, 2 noiembrie 2026 10:15\nCătre: Tim\nSubiect: RE: Lampă",
    "turkish": "Kimden: Rosa Lind\nGönderildi: 2 Kasım 2026 Pazartesi 10:15\nKime: Tim\nKonu: YNT: Lamba",
    "greek": "Από: Rosa Lind\nΣτάλθηκε: Δευτέρα, 2 Νοεμβρίου 2026 10:15\nΠρος: Tim\nΘέμα: RE: Λάμπα",
    "japanese": "差出人: Rosa Lind\n送信日時: 2026年11月2日 10:15\n宛先: Tim\n件名: RE: ランプ",
    "chinese": "发件人: Rosa Lind\n发送时间: 2026年11月2日 10:15\n收件人: Tim\n主题: 回复: 灯",
    "taiwan": "寄件者： Rosa Lind\n寄件日期： 2026年11月2日 10:15\n收件者： Tim\n主旨： 回覆: 燈",
    "korean": "보낸 사람: Rosa Lind\n보낸 날짜: 2026년 11월 2일 10:15\n받는 사람: Tim\n제목: 회신: 램프",
    "hebrew": "מאת: Rosa Lind\nנשלח: יום שני 02 נובמבר 2026 10:15\nאל: Tim\nנושא: השב: מנורה",
    "arabic": "من: Rosa Lind\nتاريخ الإرسال: 2 نوفمبر 2026 10:15\nإلى: Tim\nالموضوع: رد: مصباح",
}


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS.keys())
def test_a_header_block_begins_the_quote_in_any_language(block: str) -> None:
    """Case 101, Outlook and Exchange."""
    assert start_of(f"{ANSWER}\n\n{block}\n\n{ORIGINAL}") == block.partition("\n")[0]
    rule = "_" * 32
    assert start_of(f"{ANSWER}\n{rule}\n{block}\n\n{ORIGINAL}") == rule


@pytest.mark.parametrize("block", ["chinese", "danish", "czech"])
@pytest.mark.parametrize(
    "line", ["---- 回复的原邮件 ----", "---------- Původní e-mail ----------", "-----Innilegg-----"]
)
def test_a_title_between_rules_above_a_header_block_belongs_to_it(line: str, block: str) -> None:
    assert start_of(f"{ANSWER}\n\n{line}\n{BLOCKS[block]}\n\n{ORIGINAL}") == line


def test_a_title_between_rules_above_anything_else_is_the_authors() -> None:
    assert start_of(f"{ANSWER}\n\n-----Innilegg-----\nFrom: the shop\n\n{ORIGINAL}") is None


def test_a_header_block_may_be_a_table_below_its_title() -> None:
    """NetEase, in the text and in the HTML of its reply."""
    rows = (
        ("From", "Rosa Lind<rosa@s.example>"),
        ("Date", "11/02/2026 10:15"),
        ("To", "tim@s.example"),
        ("Subject", "Lamp"),
    )
    text = "\n".join(f"| {name} | {value} |" for name, value in rows)
    assert (
        start_of(f"{ANSWER}\n\n---- Replied Message ----\n{text}\n{ORIGINAL}") == "---- Replied Message ----"
    )
    assert start_of(f"{ANSWER}\n\n{text}\n{ORIGINAL}") is None
    cells = "".join(f"<tr><td>{name}</td><td>{value.replace('<', '&lt;')}</td></tr>" for name, value in rows)
    html = (
        f"<div>{ANSWER}</div><div>---- Replied Message ----</div><table>{cells}</table><div>{ORIGINAL}</div>"
    )
    root = document.parse(html, Limits())
    assert root is not None
    cleaned = clean.clean(root, Limits())
    lines = quoted.page(cleaned.root, cleaned.begins).lines
    found = quotes.find(lines)
    assert found is not None
    frame = quotes.frame_at(lines, found.start)
    assert frame is not None
    assert next(line.words for line in lines[frame.end :] if line.words) == ORIGINAL


@pytest.mark.parametrize(
    "block",
    [
        "Message du 02/11/26 10:15\nDe : Rosa Lind <rosa@s.example>\nA : tim@s.example\nCopie à : \nObjet : Lampe",
        '----------------\nКому: tim@s.example;\nТема: Re: Lamp;\n02.11.2026, 10:15, "Rosa Lind" <rosa@s.example>:',
    ],
    ids=["Orange", "Yandex"],
)
@pytest.mark.parametrize("marks", ["", "> "])
def test_what_stands_around_a_header_block_belongs_to_it(block: str, marks: str) -> None:
    rows = "".join(f"{marks}{line}\n" for line in block.split("\n"))
    lines = quotes.of_text(f"{ANSWER}\n\n{rows}{marks}{ORIGINAL}")
    found = quotes.find(lines)
    assert found is not None
    assert lines[found.start].words == block.partition("\n")[0]
    frame = quotes.frame_at(lines, found.start + quotes.is_rule(lines[found.start].words))
    assert frame is not None
    assert lines[frame.end].words == ORIGINAL


@pytest.mark.parametrize(
    "block",
    [
        "From: Berlin\nTo: Rome\nDate: 2 November",
        "From: Rosa Lind <rosa@s.example>\nDate: 2 November 2026\nSubject: Lamp",
        "Von: Rosa Lind\nDatum: 2. November\nBetreff: Lampe\nTelefon: 030 1234",
    ],
)
def test_a_booking_or_a_form_is_no_header_block(block: str) -> None:
    """Case 104: by rule its words would leave the body."""
    assert start_of(f"A message from the web site.\n\n{block}\n\nTwo persons") is None


@pytest.mark.parametrize(
    "line",
    [
        "-----Original Message-----",
        "-----Ursprüngliche Nachricht-----",
        "-----Message d'origine-----",
        "----- Mail original -----",
        "-----Mensaje original-----",
        "-----Messaggio originale-----",
        "-----Mensagem original-----",
        "-----Oorspronkelijk bericht-----",
        "-----Oryginalna wiadomość-----",
        "-----Исходное сообщение-----",
        "-----Původní zpráva-----",
        "-----Eredeti üzenet-----",
        "-----Orijinal Mesaj-----",
        "-----Alkuperäinen viesti-----",
        "------------------ 原始邮件 ------------------",
        "----- 원본 메시지 -----",
        "------- Original Message -------",
        "-------- Message d\u2019origine --------",
        "-----Orijinal \u0130leti-----",
        "-----Izvorna poruka-----",
        "-----Izvirno sporočilo-----",
        "-----Оригинално съобщение-----",
        "-----Missatge original-----",
        "-----Πρωτότυπο μήνυμα-----",
        "-----ข้อความต้นฉบับ-----",
        "------------------ Original ------------------",
    ],
)
def test_a_separator_begins_the_quote(line: str) -> None:
    assert attributions.separator(line) is Separator.ORIGINAL
    assert start_of(f"{ANSWER}\n\n{line}\n{ORIGINAL}") == line


@pytest.mark.parametrize(
    "line",
    [
        "---------- Forwarded message ---------",
        "-------- Forwarded Message --------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
        "Début du message transféré :",
        "Inicio del mensaje reenviado:",
        "Inizio messaggio inoltrato:",
        "Início da mensagem reencaminhada:",
        "Begin doorgestuurd bericht:",
        "-------- Пересылаемое сообщение --------",
        "---------- Przekazana wiadomość ---------",
        "---------- Vidarebefordrat meddelande ---------",
        "---------- Přeposlaná zpráva ---------",
        "---------- Yönlendirilen ileti ---------",
        "---------- 转发的邮件 ---------",
        "----- Forwarded by Rosa Lind/SHOP on 11/02/2026 10:15 -----",
    ],
)
def test_a_forwarded_mail_is_told_from_an_answered_one(line: str) -> None:
    """Case 106."""
    found = quotes.find(quotes.of_text(f"For you.\n\n{line}\n{BLOCKS['english']}\n\n{ORIGINAL}"))
    assert found is not None
    assert found.forward


@pytest.mark.parametrize(
    "text",
    [
        "From: Berlin\nI want to go to Rome.",
        "From: here\nTo: there",
        "Subject: none\nbody",
        "1.1.1.1,www.shop.example\n2.2.2.2,mail.shop.example",
        "-- one\n-- two\n-- three",
        "Choose:\n- From: a\n- To: b\nand tell us",
        "if (a -> b) return c > d;\nx >> 3",
        "-----\nsection\n-----",
        "Original message: it blinks",
        "-- Original --\nThe lamp as it was.",
        "No: 7\nDate: today\nTo: you",
    ],
)
def test_what_looks_like_headers_lists_or_code_is_no_quote(text: str) -> None:
    """Case 104."""
    assert start_of(text) is None


def test_labels_are_read_at_any_width_and_case() -> None:
    assert attributions.label("FROM : x") is Label.FROM
    assert attributions.label("\uff26\uff52\uff4f\uff4d\uff1a x") is Label.FROM
    assert attributions.label("**Betreff:** Lampe") is Label.SUBJECT
    assert attributions.label("From here to there") is None


# -- what ends the mail and what does not ----------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "> a question\nan answer\n> another\nanother answer",
        "> only above\n\nThe answer is below.",
        "On Mon, Nov 2, 2026 at 10:15, Rosa <rosa@s.example> wrote:\n> one\n\nBelow.",
        "First.\n> one\nSecond.\n\n> two",
    ],
)
def test_words_below_a_quoted_line_make_it_interleaved(text: str) -> None:
    """Case 102."""
    assert start_of(text) is None


@pytest.mark.parametrize("signature", ["-- \nTim", "--\nTim\n+47 000"])
def test_a_signature_below_the_quote_does_not(signature: str) -> None:
    lines = quotes.of_text(f"{ANSWER}\n\n> {ORIGINAL}\n>\n\n{signature}")
    found = quotes.find(lines)
    assert found is not None
    assert [line.text for line in lines[found.start : found.end]] == [f"> {ORIGINAL}", ">"]


# -- mail programs' own marks ----------------------------------------------------------------------

LINE = "On Mon, Nov 2, 2026 at 10:15 AM Rosa Lind &lt;<a href='mailto:rosa@s.example'>rosa@s.example</a>&gt; wrote:"
SHOWN = "On Mon, Nov 2, 2026 at 10:15 AM Rosa Lind <rosa@s.example> wrote:"
WHO = "Rosa Lind &lt;rosa@s.example&gt;"
OUTLOOK = "<b>Xxxx:</b> Rosa Lind<br><b>Yyyy:</b> Monday<br><b>Zzzz:</b> Lamp"
CLIENTS = {
    "Gmail": (
        f"<div dir='ltr'>{ANSWER}</div><br><div class='gmail_quote'><div dir='ltr' class='gmail_attr'>{LINE}"
        f"<br></div><blockquote class='gmail_quote' style='border-left:1px solid'><div>{ORIGINAL}</div></blockquote></div>",
        SHOWN,
    ),
    "Gmail, language unknown": (
        f"<div>{ANSWER}</div><div class='gmail_quote'><div class='gmail_attr'>Ante diem IV, Rosa:</div>"
        f"<blockquote class='gmail_quote'>{ORIGINAL}</blockquote></div>",
        "Ante diem IV, Rosa:",
    ),
    "Outlook on the web": (
        f"<div>{ANSWER}</div><div id='appendonsend'></div><hr style='width:98%'><div id='divRplyFwdMsg' dir='ltr'>"
        f"<font face='Calibri'>{OUTLOOK}</font><div>&nbsp;</div></div><div>{ORIGINAL}</div>",
        "-----",
    ),
    "Outlook on the web, forwarded through a filter": (
        f"<div>{ANSWER}</div><div id='x_divRplyFwdMsg'>{OUTLOOK}</div><div>{ORIGINAL}</div>",
        "Xxxx: Rosa Lind",
    ),
    "Outlook for Windows": (
        f"<div><p class='MsoNormal'>{ANSWER}</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;"
        f"padding:3.0pt 0cm 0cm 0cm'><p class='MsoNormal'><b>From:</b> {WHO}<br><b>Sent:</b> Monday"
        f"<br><b>To:</b> Tim<br><b>Subject:</b> RE: Lamp</p></div></div><p class='MsoNormal'>{ORIGINAL}</p></div>",
        "-----",
    ),
    "Outlook for phones": (
        f"<div>{ANSWER}</div><div id='ms-outlook-mobile-signature'>Get Outlook for iOS</div>"
        f"<div id='mail-editor-reference-message-container'><div class='ms-outlook-mobile-reference-message'>{OUTLOOK}<br>"
        f"{ORIGINAL}</div></div>",
        "Xxxx: Rosa Lind",
    ),
    "Hotmail": (f"{ANSWER}<hr id='stopSpelling'>Ddd: Mon<br>{ORIGINAL}", "-----"),
    "Apple Mail": (
        f"<div>{ANSWER}</div><div><br><blockquote type='cite'><div>On 2 Nov 2026, at 10:15, {WHO} wrote:"
        f"</div><br><div>{ORIGINAL}</div></blockquote></div>",
        "On 2 Nov 2026, at 10:15, Rosa Lind <rosa@s.example> wrote:",
    ),
    "iPhone": (
        f"{ANSWER}<br><br><div>Sent from my iPhone</div><div><br><blockquote type='cite'>On 2 Nov 2026, at 10:15,"
        f" {WHO} wrote:<br><br></blockquote></div><blockquote type='cite'>{ORIGINAL}</blockquote>",
        "On 2 Nov 2026, at 10:15, Rosa Lind <rosa@s.example> wrote:",
    ),
    "Thunderbird": (
        f"<p>{ANSWER}</p><div class='moz-cite-prefix'>Le 02/11/2026 à 10:15, Rosa Lind a écrit&nbsp;:<br></div>"
        f"<blockquote type='cite' cite='mid:1@shop.example'><pre class='moz-quote-pre'>{ORIGINAL}</pre></blockquote>",
        "Le 02/11/2026 à 10:15, Rosa Lind a écrit\xa0:",
    ),
    "Yahoo": (
        f"<div>{ANSWER}</div><div class='ydp2yahoo_quoted'><div>On Monday, 2 November 2026 at 10:15:00 CET, "
        f"{WHO} wrote: </div><div><br></div><div>{ORIGINAL}</div></div>",
        "On Monday, 2 November 2026 at 10:15:00 CET, Rosa Lind <rosa@s.example> wrote:",
    ),
    "Proton": (
        f"<div>{ANSWER}</div><div class='protonmail_quote'>On Monday, November 2nd, 2026 at 10:15, {WHO}"
        f" wrote:<br><br><blockquote class='protonmail_quote' type='cite'>{ORIGINAL}</blockquote></div>",
        "On Monday, November 2nd, 2026 at 10:15, Rosa Lind <rosa@s.example> wrote:",
    ),
    "Zoho": (
        f"<div>{ANSWER}</div><div class='zmail_extra'><div>---- On Mon, 02 Nov 2026 10:15:00 +0100 <b>{WHO}</b> "
        f"wrote ----</div><blockquote class='blockquote_zmail' style='border-left:1px solid'>{ORIGINAL}</blockquote></div>",
        "---- On Mon, 02 Nov 2026 10:15:00 +0100 Rosa Lind <rosa@s.example> wrote ----",
    ),
    "Zimbra": (
        f"<div>{ANSWER}</div><hr id='zwchr' data-marker='__DIVIDER__'><div data-marker='__HEADERS__'>{OUTLOOK}</div>"
        f"<div data-marker='__QUOTED_TEXT__'>{ORIGINAL}</div>",
        "-----",
    ),
    "mail.ru": (
        f"<div>{ANSWER}</div><blockquote style='border-left:1px solid #0857A6'>Понедельник, 2 ноября "
        f"2026, 10:15 +03:00 от {WHO}:<br><div>{ORIGINAL}</div></blockquote>",
        "Понедельник, 2 ноября 2026, 10:15 +03:00 от Rosa Lind <rosa@s.example>:",
    ),
    "Yandex": (
        f'<div>{ANSWER}</div><div>02.11.2026, 10:15, "Rosa Lind" &lt;rosa@s.example&gt;:</div>'
        f"<blockquote>{ORIGINAL}</blockquote>",
        '02.11.2026, 10:15, "Rosa Lind" <rosa@s.example>:',
    ),
    "GMX": (
        f"<div>{ANSWER}</div><div name='quote' style='border-left:2px'><div><b>Gesendet:</b> Montag<br><b>Von:</b> Rosa"
        f"</div><div>{ORIGINAL}</div></div>",
        "Gesendet: Montag",
    ),
    "Android": (
        f"<div>{ANSWER}</div><br><div class='gmail_quote'>Am 2. November 2026 10:15:00 MEZ schrieb {WHO}:"
        f"<blockquote class='gmail_quote'>{ORIGINAL}</blockquote></div>",
        "Am 2. November 2026 10:15:00 MEZ schrieb Rosa Lind <rosa@s.example>:",
    ),
    "new Outlook": (
        f"<div>{ANSWER}</div><div id='mail-editor-reference-message-container'><div>{OUTLOOK}</div><div>{ORIGINAL}</div></div>",
        "Xxxx: Rosa Lind",
    ),
    "Outlook for Mac": (
        f"<div>{ANSWER}</div><span id='OLK_SRC_BODY_SECTION'><div>{ORIGINAL}</div></span>",
        ORIGINAL,
    ),
    "Alimail": (
        f"<div>{ANSWER}</div><div class='alimail-quote'><div>{OUTLOOK}</div><div>{ORIGINAL}</div></div>",
        "Xxxx: Rosa Lind",
    ),
    "Roundcube": (
        f"<p>{ANSWER}</p><p id='reply-intro'>Rosa, 2.11.</p><blockquote type='cite'>{ORIGINAL}</blockquote>",
        "Rosa, 2.11.",
    ),
    "QQ": (
        f"<div>{ANSWER}</div><div>------------------ 原始邮件 ------------------</div><div><b>发件人:</b> Rosa</div>"
        f"<div>{ORIGINAL}</div>",
        "------------------ 原始邮件 ------------------",
    ),
    "plain text in HTML": (
        f"<pre>{ANSWER}\n\nOn Mon, Nov 2, 2026 at 10:15, {WHO} wrote:\n&gt; {ORIGINAL}\n</pre>",
        "On Mon, Nov 2, 2026 at 10:15, Rosa Lind <rosa@s.example> wrote:",
    ),
}


@pytest.mark.parametrize(("html", "start"), CLIENTS.values(), ids=CLIENTS.keys())
def test_the_quote_of_a_mail_program_is_found_by_its_marks(html: str, start: str) -> None:
    """Case 101."""
    assert start_in_html(html) == start


@pytest.mark.parametrize("words", ["No, thanks.", f"{LINE} I did.", "Ann: yes"])
def test_words_that_were_written_into_an_attribution_are_the_authors(words: str) -> None:
    """The cursor may stand there: what is typed next is marked as the attribution was."""
    html = (
        f"<div>{ANSWER}</div><div class='gmail_quote'><div class='gmail_attr'>{words}</div>"
        f"<blockquote class='gmail_quote'>{ORIGINAL}</blockquote></div>"
    )
    assert start_in_html(html) == ORIGINAL


@pytest.mark.parametrize(
    "html",
    [
        f"<div>{ANSWER}</div><blockquote class='gmail_quote'>{ORIGINAL}</blockquote><div>Below.</div>",
        f"<div class='gmail_quote'><div class='gmail_attr'>{LINE}</div><blockquote class='gmail_quote'>One?</blockquote>Yes."
        "<blockquote class='gmail_quote'>Two?</blockquote>No.</div>",
        f"<blockquote type='cite'>{ORIGINAL}</blockquote><p>{ANSWER}</p>",
        "<div>Indented:</div><blockquote style='margin:0 0 0 40px;border:none;padding:0px'>my own words</blockquote>",
        "<p>From: Rosa</p><p>hello</p>",
    ],
)
def test_an_answer_among_or_below_the_quotes_of_html_is_left_alone(html: str) -> None:
    """Case 102."""
    assert start_in_html(html) is None


def test_the_kinds_say_how_a_quote_was_known() -> None:
    def kind(text: str) -> Kind:
        found = quotes.find(quotes.of_text(text))
        assert found is not None
        return found.kind

    assert kind(f"{ANSWER}\n> {ORIGINAL}") is Kind.MARKED
    assert kind(f"{ANSWER}\n{SHOWN}\n> {ORIGINAL}") is Kind.ATTRIBUTION
    assert kind(f"{ANSWER}\n{BLOCKS['german']}\n{ORIGINAL}") is Kind.HEADERS
    assert kind(f"{ANSWER}\n-----Original Message-----\n{ORIGINAL}") is Kind.SEPARATOR
