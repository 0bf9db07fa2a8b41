"""Bytes to text: aliases, supersets, false declarations, and no charset at all."""

from __future__ import annotations

from time import process_time

import pytest
from support.mails import mail as mail_of

from bridge import mail
from bridge.mail import charsets

RUSSIAN = "Добрый день! Не могу войти в личный кабинет, помогите пожалуйста."
JAPANESE = "お世話になっております。注文の件でご連絡いたしました。"
FOOTER = "--\nGrüße, 株式会社の案内です"
KOREAN = "안녕하세요. 주문한 상품이 아직 안 왔습니다."
HONGKONG = "請查收附件嘅發票，唔該晒。啲嘢係咁嘅"
GREEK = "Καλημέρα, δεν έχω λάβει ακόμα την παραγγελία μου."


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("utf8", "utf_8"),
        ('"utf-8;"', "utf_8"),
        ("UTF-8", "utf_8"),
        ("charset=utf-8", "utf_8"),
        ("us-ascii", "ascii"),
        ("ANSI_X3.4-1968", "ascii"),
        ("iso-8859-1", "cp1252"),
        ("ISO8859_1", "cp1252"),
        ("latin1", "cp1252"),
        ("windows-1252", "cp1252"),
        ("windows-1258", "cp1258"),
        ("win-1251", "cp1251"),
        ("cp-850", "cp850"),
        ("ibm850", "cp850"),
        ("ks_c_5601-1987", "cp949"),
        ("euc-kr", "cp949"),
        ("gb2312", "gb18030"),
        ("x-gbk", "gb18030"),
        ("gb18030", "gb18030"),
        ("big5", "cp950"),
        ("shift_jis", "cp932"),
        ("x-sjis", "cp932"),
        ("koi8-r", "koi8_r"),
        ("iso-8859-8-i", "iso8859_8"),
        ("iso-8859-15", "iso8859_15"),
        ("utf-7", "utf_7"),
        ("unicode-1-1-utf-7", "utf_7"),
        ("macintosh", "mac_roman"),
        ("iso-2022-jp", "iso2022_jp"),
        ("iso-8859-11", "cp874"),
        ("cp950", "cp950"),
        ("big5-eten", "cp950"),
        ("eucJP-ms", "euc_jp"),
        ("x-mac-centraleurroman", "mac_latin2"),
        ("iso-2022-kr", "iso2022_kr"),
    ],
)
def test_labels_of_real_mail_have_a_codec(label: str, codec: str) -> None:
    """Case 79."""
    assert charsets.codecs_for(label)[0] == codec
    "é".encode(codec, "replace")


@pytest.mark.parametrize(
    "label",
    [
        None,
        "",
        "x-unknown",
        "unknown-8bit",
        "base64",
        "rot13",
        "zlib",
        "idna",
        "unicode_escape",
        "undefined",
        "x" * 999,
    ],
)
def test_what_is_no_charset_has_none(label: str | None) -> None:
    assert charsets.codecs_for(label) == ()
    assert charsets.decode("Grüße".encode(), label) == "Grüße"


@pytest.mark.parametrize(
    ("case", "content", "declared", "text"),
    [
        (28, "喆和€".encode("gb18030"), "gb2312", "喆和€"),
        (77, "Grüße".encode(), None, "Grüße"),
        (77, "Grüße – “ja”".encode("cp1252"), None, "Grüße – “ja”"),
        (78, "It’s “fine”".encode("cp1252"), "us-ascii", "It’s “fine”"),
        (78, "It’s “fine”".encode("cp1252"), "utf-8", "It’s “fine”"),
        (78, "It’s “fine”".encode("cp1252"), "iso-8859-1", "It’s “fine”"),
        (78, "It’s “fine” – Grüße".encode(), "iso-8859-1", "It’s “fine” – Grüße"),
        (78, "It’s “fine” – Grüße".encode(), "us-ascii", "It’s “fine” – Grüße"),
        (78, RUSSIAN.encode(), "koi8-r", RUSSIAN),
        (79, RUSSIAN.encode("koi8-r"), "koi8-r", RUSSIAN),
        (79, RUSSIAN.encode("cp1251"), "windows-1251", RUSSIAN),
        (79, "안녕하세요 똠".encode("cp949"), "ks_c_5601-1987", "안녕하세요 똠"),
        (79, "您好，訂單".encode("big5"), "big5", "您好，訂單"),
        (79, "שלום".encode("iso8859_8"), "iso-8859-8-i", "שלום"),
        (79, b"Hi Mom -+Jjo--+ACE-", "utf-7", "Hi Mom -☺-!"),
        (79, "ăâđ".encode("cp1258"), "windows-1258", "ăâđ"),
        (79, "Grüße".encode("utf-16"), "utf-16", "Grüße"),
        (79, "Grüße".encode("utf-16-be"), "utf-16", "Grüße"),
        (79, "Grüße".encode("utf-16-le"), "utf-16", "Grüße"),
        (79, b"plain after all", "utf-16", "plain after all"),
        (79, "Grüße".encode("utf-8-sig"), None, "Grüße"),
        (80, JAPANESE.encode("iso-2022-jp"), "iso-2022-jp", JAPANESE),
        (80, JAPANESE.encode("iso-2022-jp"), None, JAPANESE),
        (80, JAPANESE.encode("cp932"), None, JAPANESE),
        (80, JAPANESE.encode("euc-jp"), None, JAPANESE),
        (80, JAPANESE.encode("cp932"), "iso-8859-1", JAPANESE),
        (80, "髙﨑①㈱".encode("cp932"), "shift_jis", "髙﨑①㈱"),
        (80, b"\x1b$B-!-j\x1b(B", "iso-2022-jp", "①㈱"),
        (80, b"\x1b$B$*@$OC", "iso-2022-jp", "お世話"),
        (80, b"\x1b(I1\x1b(B", "iso-2022-jp", "ｱ"),
        (80, b"\x1b$Bu:$*\x1b(B", "iso-2022-jp", "\ufffdお"),
        (80, b"\x1b$B-!\x1b(I1\x1b$(D\x30\x21\x1b(B", "iso-2022-jp", "①ｱ丂"),
        (80, b"\x1b$B-!  $*\x1b(B", "iso-2022-jp", "①  お"),
        (80, b"\x1b$B$*\x1b(B\0", "iso-2022-jp", "お\0"),
        (80, JAPANESE.encode("iso-2022-jp") + f"\n{FOOTER}".encode(), "iso-2022-jp", f"{JAPANESE}\n{FOOTER}"),
        (80, b"\x1b$B$*\x1b(B \xb1\xb2", "iso-2022-jp", "お ｱｲ"),
        (80, "日本語です".encode(), "iso-2022-jp", "日本語です"),
        (78, "Hello Ann".encode("utf-16-le"), "iso-8859-1", "Hello Ann"),
        (82, "שָׁלוֹם مرحبا 👩‍👩‍👧".encode(), "utf-8", "שָׁלוֹם مرحبا 👩‍👩‍👧"),
    ],
)  # fmt: skip
def test_text_is_read(case: int, content: bytes, declared: str | None, text: str) -> None:
    assert charsets.decode(content, declared) == text


@pytest.mark.parametrize(
    ("content", "declared", "text"),
    [
        (KOREAN.encode("iso2022_kr"), "iso-2022-kr", KOREAN),
        (KOREAN.encode("iso2022_kr"), None, KOREAN),
        (HONGKONG.encode("big5hkscs"), "cp950", HONGKONG),
        (HONGKONG.encode("big5hkscs"), "big5-eten", HONGKONG),
        ("สวัสดี “ครับ”".encode("cp874"), "iso-8859-11", "สวัสดี “ครับ”"),
        ("Привіт, їжак є".encode("koi8_u"), "koi8-r", "Привіт, їжак є"),
        ("╓──╖\n║да║".encode("koi8_r"), "koi8-r", "╓──╖\n║да║"),
        ("Zażółć „źle” – Śląsk".encode("cp1250"), "iso-8859-2", "Zażółć „źle” – Śląsk"),
        ("Zażółć Śląsk".encode("iso8859_2"), "iso-8859-2", "Zażółć Śląsk"),
        ("Άρης – “τιμή” €".encode("cp1253"), "iso-8859-7", "Άρης – “τιμή” €"),
        ("日本語です①".encode("euc_jis_2004"), "eucJP-ms", "日本語です①"),
        ("日本語です".encode(), "shift_jis", "日本語です"),
        ("您好，订单".encode(), "gb2312", "您好，订单"),
        ("日本語です".encode("cp932"), "shift_jis", "日本語です"),
        ("Größe € 日本".encode("utf-16-le"), "unicode", "Größe € 日本"),
        ("Order 12, please.".encode("utf-16-le"), None, "Order 12, please."),
        ("Order 12, please.".encode("utf-16-be"), "us-ascii", "Order 12, please."),
        (b"a\0b", None, "a\0b"),
    ],
)
def test_text_of_neighbouring_charsets_is_read(content: bytes, declared: str | None, text: str) -> None:
    """Cases 78 to 80: what the label says is not what was meant."""
    assert charsets.decode(content, declared) == text


def test_characters_written_in_two_halves_do_not_turn_the_whole_text() -> None:
    """CESU-8: one such emoji made mojibake of every umlaut beside it."""
    assert charsets.decode("Grüße ".encode() + b"\xed\xa0\xbd\xed\xb8\x80", "utf-8") == "Grüße 😀"
    assert charsets.decode("Grüße ".encode() + b"\xed\xa0\xbd", "utf-8") == "Grüße \ufffd"
    assert charsets.decode(b"\xed\xa0\xbd Gr\xfc\xdfe", "utf-8").endswith("Grüße")


def test_what_was_filled_into_a_text_in_another_charset_is_read_too() -> None:
    template = "Grüße – Ihr Auftrag wurde geändert. Schöne Grüße, Ihr Büro " * 3
    content = template.encode() + "Größe: 7 m² “neu”".encode("cp1252") + b" fin"
    assert charsets.decode(content, "utf-8") == template + "Größe: 7 m² “neu” fin"
    longer = "Größe: ".encode() + "süße Äpfel für Köln und Übersee".encode("cp1252") + b" fin"
    assert charsets.decode(longer, "utf-8") == "Größe: süße Äpfel für Köln und Übersee fin"
    by_chance = "Привет, «ВИЖУ…» это нужно ЗДЕСЬ…".encode("cp1251")
    assert charsets.decode(by_chance, "utf-8") == "Привет, «ВИЖУ…» это нужно ЗДЕСЬ…"
    assert charsets.decode(template.encode() + b"\xe2\x82", "utf-8") == template + "\ufffd"


@pytest.mark.parametrize(
    ("text", "codec"), [("您好，请看附件里的发票，谢谢您的帮助。", "gb18030"), (RUSSIAN, "cp1251")]
)
def test_foreign_letters_under_a_label_of_the_west_are_known(text: str, codec: str) -> None:
    """Case 78: mailers that call everything iso-8859-1, in text and in HTML."""
    assert charsets.decode(text.encode(codec), "iso-8859-1") == text
    page = f'<html><body class="first"><p>{text}</p></body></html>'
    assert charsets.decode(page.encode(codec), "iso-8859-1") == page
    assert charsets.decode(b"Order 12: " + text[:2].encode(codec), "iso-8859-1").isascii() is False


@pytest.mark.parametrize(
    "text", ["ÄÖÜ ÄÖÜß", "Größe für Bäcker, Köche und Ärzte: süß", "«Où êtes-vous ?» éàèùçô", "££££ ÉÉÉÉ"]
)
def test_letters_of_the_west_under_their_label_are_left_alone(text: str) -> None:
    assert charsets.decode(text.encode("cp1252"), "iso-8859-1") == text


@pytest.mark.parametrize(
    ("text", "codec", "label"),
    [
        (RUSSIAN, "cp1251", "koi8-r"),
        (RUSSIAN, "koi8_r", "windows-1251"),
        (RUSSIAN, "iso8859_5", "koi8-u"),
        (RUSSIAN, "cp866", "windows-1251"),
    ],
)
def test_a_text_under_the_label_of_its_neighbour_is_known(text: str, codec: str, label: str) -> None:
    """Case 78: servers that converted a text twice, or only its label."""
    assert charsets.decode(text.encode(codec), label) == text
    assert charsets.decode(text.encode(charsets.codecs_for(label)[0], "ignore"), label)[:1] in text


@pytest.mark.parametrize(
    "text",
    [
        "段落の背景色と鬱蒼たる薔薇",
        "ФЫВА ОЛДЖ щцфэ ъыь",
        "잘못된 속성 이름 뷁 뚫",
        "魑魅魍魎 饕餮",
        "Русский из Китая",
    ],
)
@pytest.mark.parametrize("codec", ["cp932", "euc_jp", "cp1251", "koi8_r", "cp949", "gb18030", "cp950"])
def test_rare_words_under_their_label_are_left_alone(text: str, codec: str) -> None:
    content = text.encode(codec, "ignore") * 3
    assert charsets.decode(content, codec.replace("_", "-")) == content.decode(codec)


def test_other_latin_letters_are_not_guessed_against_a_label() -> None:
    polish = "Dzień dobry, proszę o fakturę za zamówienie."
    assert charsets.decode(polish.encode("cp1250"), "iso-8859-1") == polish.encode("cp1250").decode("cp1252")


def test_a_text_of_broken_bytes_is_read_in_bounded_time() -> None:
    content = "Grüße ".encode() * 400_000 + b"a\xe9 " * 20_000
    started = process_time()
    assert charsets.decode(content, "utf-8").count("\ufffd") == 20_000
    assert process_time() - started < 2


def test_a_few_broken_bytes_do_not_turn_the_whole_text() -> None:
    """Case 78: UTF-8 that was cut or mended somewhere stays UTF-8."""
    text = charsets.decode(RUSSIAN.encode() + b"\xd0 \xff", "utf-8")
    assert text.startswith(RUSSIAN)
    assert text.count("\ufffd") == 2


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8_r"),
        (RUSSIAN, "cp866"),
        (RUSSIAN, "iso8859_5"),
        ("Здравейте, къде е моята поръчка?", "cp1251"),
        ("Доброго дня, підкажіть коли буде моє замовлення?", "koi8_u"),
        (GREEK, "cp1253"),
        ("Άρης Παπαδόπουλος", "cp1253"),
        ("Άρης Παπαδόπουλος", "iso8859_7"),
        ("שלום, ההזמנה שלי עדיין לא הגיעה", "cp1255"),
        ("مرحبا، لم يصل طلبي حتى الآن", "cp1256"),
        ("สวัสดีครับ สินค้าที่สั่งยังไม่มาถึง", "cp874"),
        ("您好，我想查询一下我的订单", "gb18030"),
        ("您好，我想查詢一下我的訂單", "cp950"),
        (KOREAN, "cp949"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc_jp"),
        ("御見積書", "cp932"),
        ("Dzień dobry, proszę o fakturę za zamówienie. Łukasz", "cp1250"),
        ("Dzień dobry, proszę o fakturę za zamówienie. Łukasz", "iso8859_2"),
        ("Objednávka číslo 5: příliš žluťoučký kůň", "cp1250"),
        ("Árvíztűrő tükörfúrógép", "cp1250"),
        ("Bună ziua, aş dori să ştiu când ajunge comanda. Mulţumesc", "cp1250"),
        ("Siparişim hâlâ gelmedi, ürün kırık çıktı", "cp1254"),
        ("Norėčiau sužinoti, kada bus pristatytas užsakymas", "cp1257"),
    ],
)
def test_a_text_without_a_charset_is_read_as_somebody_would_write(text: str, codec: str) -> None:
    """Case 77: old programs of all countries name none."""
    assert charsets.decode(text.encode(codec)) == text
    assert charsets.decode(text.encode(codec), "us-ascii") == text
    assert charsets.decode(text.encode(codec), "utf-8") == text


@pytest.mark.parametrize(
    "text",
    [
        "a naïve question about your café",
        "Grüße €",
        "Übergröße ÄÖÜäöüß",
        "Élève déjà créé à Orléans, cœur brisé",
        "¿Dónde está mi pedido? ¡Señor Núñez, mañana!",
        "Não recebi: atenção, João, promoções e condições à disposição",
        "Perché è così? Città, più, virtù, però",
        "Rødgrød med fløde – Søren Ærø, Ålborg",
        "Guðrún Þórðardóttir þakka þér",
        "Lugupidamisega, Jüri Õunapuu, Tõnu Šmidt",
        "½ ¼ ¾ × ÷ ±5°C µm",
        "———————— •••• “Quoted” – text… it’s ™",
        "Von:\xa0\xa0\xa0 Ann\xa0\xa0 Lee",
    ],
)
def test_a_text_of_the_west_is_taken_for_nothing_else(text: str) -> None:
    """Case 77."""
    assert charsets.decode(text.encode("cp1252")) == text


def test_what_is_written_in_no_charset_is_read_somehow() -> None:
    assert charsets.decode(b"\x81 caf\xe9") == "\ufffd café"
    assert charsets.decode(b"\xe9" * 40) == "é" * 40


def test_a_guess_costs_the_same_whatever_the_size() -> None:
    started = process_time()
    assert charsets.decode(RUSSIAN.encode("cp1251") * 100_000).startswith(RUSSIAN)
    assert process_time() - started < 1


@pytest.mark.parametrize(
    ("declared", "meta", "codec"),
    [
        (None, "koi8-r", "koi8-r"),
        ("koi8-r", "utf-8", "koi8-r"),
        ("x-unknown", "windows-1251", "cp1251"),
        ("utf-8", "windows-1251", "cp1251"),
    ],
)
def test_html_may_name_its_charset_where_mime_fails(declared: str | None, meta: str, codec: str) -> None:
    """Case 81."""
    page = f'<html><head><meta http-equiv="Content-Type" content="text/html; charset={meta}"></head><p>{RUSSIAN}</p>'
    label = f"; charset={declared}" if declared else ""
    found = mail.parse(mail_of(f"Content-Type: text/html{label}", body=page.encode(codec)))
    assert RUSSIAN in (getattr(found.blocks[0], "html", "") or "")


def test_a_page_of_xml_names_its_charset_too() -> None:
    """Case 81."""
    page = '<?xml version="1.0" encoding="windows-1250"?><html><p>Łódź</p></html>'
    found = mail.parse(mail_of("Content-Type: text/html", body=page.encode("cp1250")))
    assert "Łódź" in (getattr(found.blocks[0], "html", "") or "")


def test_characters_that_somebody_took_for_latin_1_are_read_as_they_were_meant() -> None:
    found = mail.parse(
        mail_of("Content-Type: text/plain; charset=utf-8", body="It\x92s \x805 \x96 ok\x81".encode())
    )
    assert getattr(found.blocks[0], "text", "") == "It’s €5 – ok"


def test_controls_are_gone_from_the_body() -> None:
    """Case 83."""
    found = mail.parse(mail_of(body=b"a\0b\x1b[31mc\x0bd\x7f \xc2\x85e\xef\xbf\xbe\xef\xb7\x90"))
    assert getattr(found.blocks[0], "text", "") == "abc\nd \ne"


def test_the_colours_of_a_terminal_are_not_words() -> None:
    """Case 83: the output of a program that a scheduler mails."""
    found = mail.parse(mail_of(body="\x1b[1;31mERROR\x1b[0m disk [full]\x1b[K"))
    assert getattr(found.blocks[0], "text", "") == "ERROR disk [full]"


def test_separators_of_lines_end_lines() -> None:
    """Case 83: U+2028 and U+2029, which nothing shows."""
    found = mail.parse(mail_of("Content-Type: text/plain; charset=utf-8", body="one\u2028two\u2029three"))
    assert getattr(found.blocks[0], "text", "") == "one\ntwo\nthree"
