"""The charset of a text that names none: the one in which it reads as people write.

Every charset is tried with the letters of the languages that are written in it. A letter costs the more the rarer it is there,
and what no word has costs much: a small letter before a capital, two scripts side by side, a sign between letters. The cheapest
reading is the guess, where it is cheaper by far than any of Western Europe. Bounded by a sample; total.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

_SAMPLE_BYTES = 2 * 1024
_FOREIGN = re.compile(rb"[\x80-\xff]")
_ROW = re.compile(rb"[\x80-\xff]{2,}")
#: Rows of one sign are lines that somebody drew.
_DRAWN = re.compile(rb"([\x80-\xff]{1,2})\1{3,}+")
_LETTER = r"[^\W\d_\x00-\x7f]"
_SIGNS = "¡¢£¤¥§©ª«®°±²³µ·¹º»¼½¾¿×÷‐–—‘’‚“”„†•…‹›€№™、。《》「」『』【】！（），：；？・～\u3000،؛؟"
#: Signs of the West that stand within no word.
_WITHIN = "¡¢£¤¥§ª«±²³µ¹º»¼½¾¿×÷"
_TWO_SCRIPTS = rf"[A-Za-z](?={_LETTER})|{_LETTER}(?=[A-Za-z])|(?<!\w)[’¶](?={_LETTER})"
_RARE_NEIGHBOURS = rf"{_LETTER}(?=[^\W\d_\x00-\x7fß])|[^\W\d_][{_WITHIN}](?=[^\W\d_])"
_ANYTHING = "(?!)"
#: Natural logarithms of how unlikely a thing is, about.
_BLANK, _ASCII, _SIGN, _STRANGE, _BROKEN = 2.0, 3.3, 4.0, 9.0, 14.0
#: What a capital costs more than its small letter, and what is found in no word.
_CAPITAL, _NO_WORD = 0.3, 5.0
#: By how much a reading has to be cheaper than those of the West.
_MARGIN = 8.0
#: Bytes beyond ASCII that can tell where there is no label, and against one.
_FEWEST, _FEWEST_AGAINST, _FEWEST_INSTEAD = 3, 6, 12
#: What a letter has to cost less in another charset of the same letters.
_SAVED = 0.6


@dataclass(frozen=True)
class _Charset:
    codec: str
    #: The letters of each language in it, the most frequent first.
    languages: tuple[str, ...]
    #: What the first letter costs, how much more each further one, and any other letter of the charset.
    first: float
    step: float
    other: float
    #: What no word has.
    odd: str

    @cached_property
    def prices(self) -> tuple[Mapping[str, float], ...]:
        """What the characters cost in each language."""
        known = dict.fromkeys(map(chr, range(0x80)), _ASCII) | dict.fromkeys(_SIGNS, _SIGN)
        known |= {"\xa0": _BLANK, "\ufffd": _BROKEN}
        found = []
        for letters in self.languages:
            small = {letter: self.first + place * self.step for place, letter in enumerate(letters)}
            capital = {letter.upper(): price + _CAPITAL for letter, price in small.items()}
            found.append(capital | small | known)
        return tuple(found)

    @cached_property
    def no_word(self) -> re.Pattern[str]:
        """What no word has; capitals only where the script has them."""
        small = "".join(self.languages)
        if small == small.upper():
            return re.compile(self.odd)
        return re.compile(rf"{self.odd}|[a-z{small}](?=[{small.upper()}])|[{small}](?=[A-Z])")

    def cost(self, sample: bytes) -> float:
        """What the sample costs in the language that suits it best."""
        text = sample.decode(self.codec, "replace")
        counted = [
            (char, count, self.other if char.isalpha() else _STRANGE) for char, count in Counter(text).items()
        ]
        letters = min(
            sum(prices.get(char, other) * count for char, count, other in counted) for prices in self.prices
        )
        return letters + _NO_WORD * len(self.no_word.findall(text))


def _latin(codec: str, *languages: str) -> _Charset:
    return _Charset(codec, languages, 1.2, 0.18, 7.0, _RARE_NEIGHBOURS)


def _script(letters: str, *codecs: str) -> Iterable[_Charset]:
    return (_Charset(codec, (letters,), 2.2, 0.12, _STRANGE, _TWO_SCRIPTS) for codec in codecs)


def _characters(letters: str, *codecs: str) -> Iterable[_Charset]:
    return (_Charset(codec, (letters,), 5.6, 0.0, 10.0, _ANYTHING) for codec in codecs)


_CYRILLIC = "оаеинтсрвлкмдпуязыьбгчйхжшюцщэфіїєъёјљњћђџґў"
_GREEK = "αοιετσνηυρπκμλςωγδθχόάίέήύφώβξζψϊΐϋΰ"
_HEBREW = "יוהלאמרבתשנםחדעקפכגצטסזןךףץ"
_ARABIC = "اليمونرتبةعدسفهكقحجشطأصخذإىضزغثئءآظؤگپچیکژ"
_THAI = "านรอกเง่มยล้วดทสตะปบีคัิหแจพุชขใไโูซณึืถธภ์ำฟผศญษฐฉ็"
_KANA = "".join(map(chr, (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC)))
_JAPANESE = _KANA + (
    "日本語一大年人会国社様件御見積書送付注文番号問合確認願申上下中出入新用内容電話株式添世話変更返信品名場月時分円東京先方手"
    "行者前後間事今回連絡生自動当発表数明地部学高以度業物議料資請求案定田小山川村野木井藤佐鈴渡林子郎美支払商届契約覧希望"
)
_SIMPLIFIED = (
    "的一是不了在有人我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然事成方多"
    "经么去法学如都同现当没动面起看定天分还进好小部其些主样理心本前开但因只从想日把第公此已工使情明性知全三点正业外将两高间由"
    "问很最重并物手应头文体相见被利什二等产新己制身加月话合回特代内信表化老给位次度门先海通教东提立及员解名真处认条系气题别打"
    "更数电少报才件计管期市直区至形便空科非则听却放像完设式路记南品住告求据程北边张该交规万取格望确传清今切让识候带运您请谢订单"
    "货款客户帐账号密码邮箱退换质服务联附票价商复贵司查询收费快递议申午谈购销样"
)
_TRADITIONAL = (
    "的一是不了在有人我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然事成方多經"
    "麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心本前開但因只從想日把第公此已工使情明性知全三點正業外將兩高間由問很"
    "最重並物手應頭文體相見被利什二等產新己制身加月話合回特代內信表化老給位次度門先海通教東提立及員解名真處認條系氣題別打更數電少"
    "報才件計管期市直區至形便空科非則聽卻放像完設式路記南品住告求據程北邊張該交規萬取格望確傳清今切讓識候帶運您請謝訂單貨款客戶帳"
    "號密碼郵箱退換質服務聯附票價商複貴司查詢收費快遞議申午談購銷"
)
_KOREAN = (
    "이다는을가에의고하지한은로기사를어리도서나자해니그시라아인대있수정보일부요것스만전제안여면주장게상으들무습과오신화조성문우"
    "구원중선거저될공경연마세때없모계생동방확품물용실매내관입답변금감바번호송배치가님녕십까합적영견와업회발차통행되소간분유메제품"
    "김박최청결비교산예약"
)

_RUSSIAN = {
    charset.codec: charset for charset in _script(_CYRILLIC, "cp1251", "koi8_u", "cp866", "iso8859_5")
}
_SCRIPTS = (
    *_RUSSIAN.values(),
    *_script(_GREEK, "cp1253", "iso8859_7"),
    *_script(_HEBREW, "cp1255"),
    *_script(_ARABIC, "cp1256", "iso8859_6"),
    *_script(_THAI, "cp874"),
    *_characters(_SIMPLIFIED, "gb18030"),
    *_characters(_TRADITIONAL, "cp950"),
    *_characters(_KOREAN, "cp949"),
    *_characters(_JAPANESE, "cp932", "euc_jp"),
)
#: Polish, Czech and Slovak, Hungarian, Romanian, Croatian and its neighbours.
_CENTRAL = ("łżęąśóćńź", "íáéřžšýčěůúťďňóľäôĺŕ", "éáóöőíüúű", "ăîşţâ", "čšžćđ")
_EASTERN = (
    _latin("cp1250", *_CENTRAL),
    _latin("iso8859_2", *_CENTRAL),
    _latin("cp1254", "ışğçüöâîû"),
    _latin("cp1257", "ėšųįžčąūę", "āīēšūļņžčģķ"),
)
#: German, French, Spanish, Portuguese, Italian, Swedish, Danish, Icelandic, Estonian, Catalan, Albanian, Dutch.
_WESTERN = _latin(
    "cp1252",
    "üäöß",
    "éèàêçùâîôûïëœ",
    "óíáéñúü",
    "ãçáéíóêõúâàôü",
    "èàòùìéç",
    "äåöéøæ",
    "øåæéöäü",
    "íáðúóéþöýæ",
    "õäüöšž",
    "éàèóíòçúüï",
    "ëç",
    "ëéïèüöê",
)


def script(content: bytes) -> str | None:
    """The codec of a text that is not in Latin letters, however it is labelled; None where it is, or cannot be told."""
    sample = _sample(content)
    foreign = len(_FOREIGN.findall(sample))
    # In words of Latin letters those beyond ASCII stand alone.
    if foreign < _FEWEST_AGAINST or sum(map(len, _ROW.findall(sample))) * 2 < foreign:
        return None
    return _cheapest(sample, _SCRIPTS)


def any_letters(content: bytes) -> str | None:
    """The same of a text without a label, or the codec of Latin letters for which Western charsets have no room."""
    sample = _sample(content)
    return _cheapest(sample, _SCRIPTS + _EASTERN) if len(_FOREIGN.findall(sample)) >= _FEWEST else None


def instead(content: bytes, declared: str) -> str | None:
    """The codec of a Cyrillic text that reads far better in it than in the Cyrillic one that was declared."""
    charset = _RUSSIAN.get(declared.replace("koi8_r", "koi8_u"))
    sample = _sample(content)
    foreign = len(_FOREIGN.findall(sample))
    if charset is None or foreign < _FEWEST_INSTEAD:
        return None
    cost, codec = min((other.cost(sample), other.codec) for other in _RUSSIAN.values())
    return codec if cost + _SAVED * foreign < charset.cost(sample) else None


def _sample(content: bytes) -> bytes:
    """A piece from the first byte beyond ASCII on, which starts a character in all of these charsets."""
    first = _FOREIGN.search(content)
    start = first.start() if first else len(content)
    return _DRAWN.sub(rb"\1", content[start : start + _SAMPLE_BYTES])


def _cheapest(sample: bytes, charsets: tuple[_Charset, ...]) -> str | None:
    limit = _WESTERN.cost(sample) - _MARGIN
    foreign = len(_FOREIGN.findall(sample))
    if limit < _ASCII * (len(sample) - foreign) + min(charset.first for charset in charsets) * foreign:
        # Cheaper than the most frequent letter of any of them throughout.
        return None
    cost, codec = min((charset.cost(sample), charset.codec) for charset in charsets)
    return codec if cost < limit else None
