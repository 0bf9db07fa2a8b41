"""What real mail does, case by case, and where each case is shown; a case without a test is a case that does not work.

A place is a test (`unit/test_x.py::test_name`), a mail of the corpus (`corpus/folder/name`, its number left out) or a dialogue.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

CASES: dict[int, tuple[str, ...]] = {
    # -- envelope and header --
    1: (
        "unit/test_compose_author.py::test_without_from_the_sender_field_is_used_and_it_is_said",
        "unit/test_compose_author.py::test_a_mail_from_nobody_is_posted_as_the_unknown_sender",
        "corpus/legacy/no-from-at-all",
    ),
    2: ("unit/test_mail_addresses.py::test_one_mailbox", "corpus/malformed/from-unclosed"),
    3: (
        "unit/test_compose_author.py::test_a_guessed_address_is_marked",
        "corpus/malformed/from-with-spaces-in-the-address",
    ),
    4: ("unit/test_mail_addresses.py::test_one_mailbox", "corpus/malformed/from-with-stray-brackets"),
    5: ("unit/test_mail_addresses.py::test_one_mailbox", "corpus/malformed/from-in-single-quotes"),
    6: ("unit/test_mail_addresses.py::test_one_mailbox", "corpus/malformed/from-with-unquoted-comma"),
    7: (
        "unit/test_compose_author.py::test_the_first_valid_of_several_authors_is_the_user_and_the_others_are_named",
        "corpus/malformed/two-addresses-in-from",
    ),
    8: (
        "unit/test_mail_addresses.py::test_the_first_from_field_counts",
        "unit/test_compose_author.py::test_results_prove_nothing_where_there_are_two_from",
        "corpus/malformed/two-from-fields",
    ),
    9: (
        "unit/test_compose_author.py::test_an_address_that_cannot_be_posted_is_passed_over",
        "corpus/malformed/from-with-two-at-signs",
    ),
    10: (
        "unit/test_compose_author.py::test_a_name_that_shows_another_address_is_flagged",
        "corpus/hostile/name-that-shows-another-address",
    ),
    11: (
        "unit/test_mail_addresses.py::test_an_encoded_word_alone_makes_no_address",
        "corpus/hostile/encoded-at-sign-in-the-name",
    ),
    12: ("unit/test_mail_headers.py::test_a_subject", "corpus/charsets/charset-nobody-knows"),
    13: ("unit/test_mail_addresses.py::test_one_mailbox", "corpus/malformed/from-with-the-name-as-comment"),
    14: (
        "unit/test_compose_author.py::test_an_address_without_domain_gets_the_configured_one",
        "corpus/malformed/from-undisclosed",
        "corpus/legacy/cron-from-root-without-domain",
    ),
    15: (
        "unit/test_compose_author.py::test_the_address_is_posted_in_lower_case",
        "corpus/legacy/whole-mail-in-uppercase-header",
    ),
    16: (
        "unit/test_mail_addresses.py::test_several_mailboxes",
        "corpus/malformed/to-undisclosed-recipients",
    ),
    17: ("unit/test_mail_addresses.py::test_several_mailboxes", "corpus/malformed/to-is-no-address"),
    18: (
        "unit/test_compose_route.py::test_the_first_route_that_takes_a_recipient_gets_it",
        "corpus/malformed/to-undisclosed-recipients",
    ),
    19: (
        "property/test_parse_is_total.py::test_raw_bytes_parse",
        "corpus/malformed/fields-that-break-parsers",
    ),
    20: (
        "unit/test_compose_author.py::test_a_malformed_reply_to_falls_back_to_from",
        "corpus/malformed/reply-to-malformed",
    ),
    21: (
        "unit/test_compose_author.py::test_a_reply_to_of_our_own_is_ignored",
        "corpus/hostile/address-of-ours-as-reply-to",
    ),
    22: (
        "unit/test_compose_author.py::test_a_foreign_list_gives_way_to_reply_to_with_a_remark",
        "unit/test_compose_author.py::test_a_list_that_keeps_replies_names_the_author_in_cc",
        "corpus/plain/group-that-rewrites-from",
    ),
    23: (
        "unit/test_compose_subject.py::test_a_subject_that_says_nothing_becomes_the_default",
        "unit/test_compose_subject.py::test_a_guessed_slug_is_valid_and_stays_as_it_is",
        "corpus/malformed/subject-only-re",
    ),
    24: (
        "unit/test_compose_subject.py::test_a_subject_is_shown_as_written_in_one_line",
        "corpus/malformed/subject-with-nul-and-override",
    ),
    25: (
        "unit/test_mail_headers.py::test_raw_text_is_read_by_the_charset_of_the_mail",
        "corpus/charsets/subject-raw-cp1252",
        "corpus/charsets/subject-raw-utf-8-and-raw-latin-1",
    ),
    26: ("unit/test_mail_headers.py::test_a_subject", "corpus/malformed/encoded-word-with-raw-blanks"),
    27: ("unit/test_mail_headers.py::test_a_subject", "corpus/charsets/encoded-words-cut-within-a-character"),
    28: (
        "unit/test_mail_charsets.py::test_labels_of_real_mail_have_a_codec",
        "corpus/charsets/gb2312-that-is-gb18030",
    ),
    29: (
        "unit/test_compose_subject.py::test_a_long_subject_is_cut_and_says_so",
        "unit/test_compose_draft.py::test_a_subject_that_was_cut_is_whole_in_the_note",
        "corpus/malformed/subject-folded-oddly",
    ),
    30: (
        "unit/test_compose_subject.py::test_only_prefixes_are_taken_off",
        "corpus/malformed/subject-with-many-prefixes",
    ),
    31: ("unit/test_mail_headers.py::test_a_date", "corpus/malformed/date-is-text"),
    32: ("corpus/malformed/resent-fields-broken",),
    33: (
        "unit/test_compose_sort.py::test_a_mail_without_id_is_named_by_its_content",
        "corpus/malformed/message-id-missing",
    ),
    34: ("unit/test_compose_sort.py::test_an_id_is_normalised", "corpus/malformed/message-id-with-blanks"),
    35: (
        "unit/test_compose_sort.py::test_the_same_id_with_other_content_is_another_mail",
        "e2e/test_delivery.py::test_the_same_id_on_other_words_is_another_mail",
    ),
    36: (
        "unit/test_compose_conversation.py::test_free_text_and_repeated_ids_do_no_harm",
        "unit/test_mail_headers.py::test_ids_this_mail_answers",
    ),
    37: ("unit/test_mail_headers.py::test_of_200_references_the_first_and_the_newest_are_kept",),
    38: ("corpus/legacy/mbox-line-first",),
    39: (
        "unit/test_mail_headers.py::test_broken_lines_leave_their_neighbours_alone",
        "corpus/malformed/header-line-without-colon",
    ),
    40: (
        "unit/test_mail_addresses.py::test_an_empty_from_is_no_from",
        "corpus/malformed/fields-that-are-empty",
    ),
    41: (
        "unit/test_mail_headers.py::test_fields_are_counted",
        "unit/test_mail_headers.py::test_a_field_is_cut",
        "unit/test_mail_time.py::test_hostile_input_is_read_in_bounded_time",
    ),
    42: (
        "test_corpus.py::test_a_mail_becomes_what_a_person_has_read",
        "property/test_parse_is_total.py::test_line_ends_make_no_difference",
        "corpus/malformed/mixed-line-ends",
    ),
    # -- the tree of parts --
    43: ("corpus/malformed/content-type-blank", "corpus/plain/one-line"),
    44: ("corpus/malformed/content-type-is-text", "corpus/malformed/content-type-in-mixed-caps"),
    45: ("corpus/malformed/two-content-types",),
    46: (
        "corpus/malformed/multipart-without-boundary",
        "corpus/malformed/boundary-that-never-comes",
        "corpus/malformed/boundary-with-colon-unquoted",
        "corpus/malformed/boundary-that-begins-another",
    ),
    47: ("corpus/malformed/closing-boundary-is-missing", "corpus/malformed/preamble-and-epilogue"),
    48: (
        "unit/test_compose_body.py::test_a_mail_without_words_says_so",
        "corpus/attachments/nothing-but-files",
    ),
    49: ("unit/test_compose_body.py::test_a_mail_without_words_says_so", "corpus/plain/subject-only"),
    50: ("unit/test_compose_body.py::test_the_better_version_wins", "corpus/html/html-part-is-empty"),
    51: (
        "unit/test_compose_body.py::test_a_picture_between_words_stands_there",
        "corpus/attachments/apple-text-picture-text",
    ),
    52: ("corpus/attachments/apple-alternative-holds-mixed-with-pdf",),
    53: (
        "unit/test_compose_body.py::test_stretches_of_words_stand_in_their_order",
        "corpus/plain/list-footer-as-a-second-part",
    ),
    54: (
        "unit/test_mail_reports.py::test_a_mail_forwarded_with_words_is_only_kept",
        "corpus/attachments/mail-forwarded-as-attachment",
    ),
    55: (
        "unit/test_mail_boundaries.py::test_what_lies_too_deep_is_kept_whole",
        "corpus/hostile/mails-within-mails",
        "corpus/hostile/multiparts-forty-deep",
    ),
    56: (
        "unit/test_mail_boundaries.py::test_of_too_many_parts_the_rest_is_one_file",
        "corpus/hostile/three-hundred-empty-parts",
    ),
    57: (
        "unit/test_mail_reports.py::test_a_delivery_report_is_read_and_tied_to_the_mail_it_is_about",
        "corpus/reports/postfix-undelivered",
        "corpus/reports/two-recipients-two-answers",
    ),
    58: (
        "unit/test_mail_reports.py::test_headers_alone_name_the_mail_too",
        "corpus/reports/exchange-undeliverable",
    ),
    59: (
        "unit/test_mail_reports.py::test_a_bounce_without_from_is_recognised",
        "unit/test_mail_reports.py::test_failed_recipients_of_the_header_are_told",
        "corpus/reports/bounce-without-from",
        "corpus/reports/gmail-address-not-found",
    ),
    60: (
        "unit/test_compose_body.py::test_what_is_no_picture_to_be_shown_is_only_attached",
        "corpus/attachments/pdf-declared-inline",
    ),
    61: (
        "unit/test_compose_body.py::test_reference_decides_and_not_disposition",
        "corpus/malformed/disposition-garbage-with-referenced-picture",
    ),
    62: (
        "unit/test_compose_body.py::test_an_inline_picture_that_nothing_refers_to_is_attached",
        "corpus/attachments/inline-picture-nobody-refers-to",
    ),
    63: (
        "unit/test_compose_html.py::test_a_picture_is_found_however_it_is_referred_to",
        "corpus/attachments/cid-written-with-percent-signs",
    ),
    64: (
        "unit/test_compose_body.py::test_a_placeholder_in_the_text_becomes_the_picture",
        "corpus/attachments/yahoo-picture-placeholders",
    ),
    65: (
        "e2e/test_files.py::test_the_same_logo_is_shown_once_in_a_conversation",
        "unit/test_compose_once.py::test_a_known_picture_leaves_the_body",
    ),
    66: (
        "unit/test_compose_html.py::test_a_data_picture_of_megabytes_is_no_reason_to_give_up",
        "corpus/attachments/picture-within-the-html",
    ),
    67: (
        "unit/test_mail_smime.py::test_a_signed_multipart_shows_its_words_and_its_signature_once",
        "corpus/reports/pgp-signed",
        "corpus/reports/smime-signed-clear",
    ),
    68: (
        "unit/test_mail_smime.py::test_an_opaque_signed_mail_is_unwrapped_and_marked",
        "corpus/reports/smime-opaque-signed",
    ),
    69: (
        "unit/test_compose_facts.py::test_closed_mail_is_announced_with_its_file",
        "corpus/reports/pgp-encrypted",
        "corpus/reports/smime-encrypted",
    ),
    70: (
        "unit/test_mail_tnef.py::test_words_and_files_are_taken_out_of_winmail_dat",
        "corpus/legacy/winmail-dat-with-a-file",
        "corpus/legacy/winmail-dat-broken",
    ),
    71: (
        "unit/test_compose_facts.py::test_an_invitation_stands_before_the_words_and_its_file_goes_along",
        "corpus/automatic/invitation-of-outlook-without-name",
    ),
    72: ("corpus/html/gmx-html-only",),
    73: (
        "corpus/attachments/whole-mail-is-one-pdf",
        "corpus/attachments/whole-mail-is-one-picture-without-a-name",
    ),
    # -- encodings --
    74: (
        "unit/test_mail_decode.py::test_broken_encodings_give_what_they_can",
        "corpus/malformed/transfer-encoding-nonsense",
    ),
    75: (
        "unit/test_mail_decode.py::test_broken_encodings_give_what_they_can",
        "corpus/malformed/base64-with-spaces-and-without-padding",
        "corpus/malformed/quoted-printable-with-errors",
    ),
    76: (
        "unit/test_mail_parts.py::test_a_uuencoded_file_is_decoded_where_it_stands",
        "corpus/attachments/uuencoded-file-in-the-text",
        "corpus/legacy/uuencode-as-transfer-encoding",
    ),
    77: ("corpus/charsets/no-charset-but-utf-8", "corpus/charsets/no-charset-but-cp1252"),
    78: (
        "corpus/charsets/says-us-ascii-is-cp1252",
        "corpus/charsets/says-iso-8859-1-is-utf-8",
        "corpus/charsets/says-utf-8-is-cp1252",
    ),
    79: (
        "unit/test_mail_charsets.py::test_labels_of_real_mail_have_a_codec",
        "corpus/charsets/windows-1258-vietnamese",
        "corpus/charsets/ks-c-5601-1987-korean",
        "corpus/charsets/iso-8859-8-i-hebrew",
        "corpus/charsets/charset-label-with-semicolon",
    ),
    80: ("corpus/charsets/iso-2022-jp-with-vendor-signs", "corpus/charsets/shift-jis-undeclared"),
    81: (
        "unit/test_mail_charsets.py::test_html_may_name_its_charset_where_mime_fails",
        "corpus/charsets/meta-charset-contradicts",
        "corpus/charsets/meta-charset-where-mime-is-silent",
    ),
    82: (
        "property/test_parse_is_total.py::test_letters_of_every_script_are_left_alone",
        "corpus/html/hebrew-right-to-left",
        "corpus/html/arabic-right-to-left",
        "corpus/charsets/emoji-joined-and-flags",
    ),
    83: (
        "property/test_parse_is_total.py::test_clean_text_holds_nothing_that_breaks",
        "corpus/malformed/subject-with-nul-and-override",
    ),
    # -- files --
    84: (
        "unit/test_mail_parameters.py::test_where_a_name_can_hide",
        "corpus/attachments/name-in-rfc2231-pieces",
        "corpus/attachments/name-as-encoded-word-in-quotes",
        "corpus/attachments/name-in-raw-utf-8",
    ),
    85: (
        "unit/test_mail_parameters.py::test_where_a_name_can_hide",
        "corpus/attachments/name-and-filename-disagree",
    ),
    86: (
        "unit/test_compose_files.py::test_a_name_is_safe_and_its_original_is_remarked",
        "corpus/hostile/file-names-that-climb",
        "corpus/hostile/file-name-that-runs-backwards",
    ),
    87: (
        "unit/test_compose_files.py::test_a_file_without_a_name_gets_one_from_what_is_known",
        "corpus/attachments/file-without-any-name",
    ),
    88: (
        "unit/test_compose_files.py::test_two_files_of_one_name_are_told_apart",
        "corpus/attachments/two-files-of-one-name",
    ),
    89: ("unit/test_staging_serve.py::test_an_empty_file_can_be_fetched", "corpus/attachments/empty-file"),
    90: (
        "unit/test_compose_files.py::test_what_a_file_is_decides_over_what_it_says",
        "unit/test_staging_serve.py::test_what_a_browser_would_run_is_a_download_of_bytes",
        "corpus/hostile/program-declared-as-picture",
    ),
    91: ("e2e/test_files.py::test_seventy_files_arrive_once_each_though_the_bridge_stops_among_them",),
    92: ("e2e/test_files.py::test_a_file_that_nobody_takes_costs_the_mail_a_line_and_no_more",),
    # -- words --
    93: (
        "unit/test_compose_plain.py::test_outlooks_doubled_line_ends_are_undone",
        "corpus/plain/outlook-text-with-doubled-blank-lines",
    ),
    94: (
        "unit/test_mail_decode.py::test_flowed_text",
        "corpus/plain/thunderbird-flowed-german",
        "corpus/plain/apple-mail-flowed-delsp-japanese",
    ),
    95: (
        "unit/test_compose_plain.py::test_what_would_become_markup_is_escaped_and_only_that",
        "corpus/plain/what-looks-like-markdown",
    ),
    96: (
        "unit/test_compose_html.py::test_tables_of_data_and_of_layout",
        "corpus/html/newsletter-with-layout-tables",
        "corpus/html/outlook-desktop-word",
        "corpus/html/headings-and-nested-lists",
        "corpus/html/hidden-text",
    ),
    97: (
        "unit/test_compose_html.py::test_links_lead_only_where_a_reader_may_follow",
        "corpus/html/link-text-that-deceives",
        "corpus/html/remote-pictures-and-pixels",
    ),
    98: (
        "unit/test_compose_html.py::test_a_url_of_two_kilobytes_is_kept",
        "corpus/html/links-with-brackets-and-blanks",
    ),
    99: (
        "unit/test_compose_html.py::test_hostile_html_is_bounded_in_time_and_size_and_keeps_its_last_word",
        "unit/test_compose_body.py::test_html_that_cannot_be_converted_gives_way_to_the_text",
        "corpus/hostile/unclosed-everything",
    ),
    100: (
        "unit/test_compose_html.py::test_broken_html_keeps_its_words",
        "corpus/html/two-documents-joined",
        "corpus/html/fragment-without-a-root",
    ),
    101: (
        "e2e/test_trimming.py::test_a_reply_that_quotes_what_the_bridge_posted_shows_its_own_words",
        "unit/test_compose_quotes.py::test_the_quote_of_a_mail_program_is_found_by_its_marks",
        "corpus/replies/quotes-left-out-gmail-top-post",
        "corpus/replies/quotes-left-out-outlook-web-divrplyfwdmsg",
        "corpus/replies/quotes-left-out-outlook-desktop-border-top",
        "corpus/replies/quotes-left-out-apple-mail-blockquote-cite",
        "corpus/replies/quotes-left-out-yahoo-quoted",
        "corpus/replies/quotes-left-out-proton-quote",
        "corpus/replies/quotes-left-out-qq-original-mail",
        "corpus/replies/quotes-left-out-zimbra-original-message",
        "corpus/replies/quotes-left-out-yandex-quote",
        "corpus/replies/quotes-left-out-mail-ru-quote",
        "corpus/replies/quotes-left-out-iphone-german",
    ),
    102: (
        "unit/test_compose_quotes.py::test_words_below_a_quoted_line_make_it_interleaved",
        "corpus/replies/quotes-left-out-thunderbird-interleaved",
        "corpus/replies/quotes-left-out-interleaved-answers",
        "corpus/replies/bottom-post-mutt",
        # Beyond the case: above an answer, too, what the conversation has goes, whole messages alone.
        "unit/test_compose_answered.py::test_a_part_of_a_message_above_an_answer_says_what_is_answered",
    ),
    103: (
        "unit/test_compose_quotes.py::test_an_attribution_begins_the_quote_in_any_language",
        "unit/test_compose_quotes.py::test_an_attribution_may_be_wrapped_over_two_lines",
        "unit/test_compose_quotes.py::test_on_and_wrote_in_plain_words_are_no_attribution",
        "corpus/replies/quotes-left-out-attribution-wrapped-over-two-lines",
    ),
    104: (
        "unit/test_compose_quotes.py::test_what_looks_like_headers_lists_or_code_is_no_quote",
        "corpus/replies/quotes-left-out-words-that-only-look-like-an-attribution",
    ),
    105: ("corpus/replies/quotes-left-out-nothing-but-a-quote",),
    106: (
        "unit/test_compose_quotes.py::test_a_forwarded_mail_is_told_from_an_answered_one",
        "corpus/replies/quotes-left-out-forward-gmail",
        "corpus/replies/forward-apple",
        "corpus/replies/forward-outlook-german",
        "corpus/replies/forward-thunderbird",
    ),
    107: (
        "corpus/plain/signature-above-and-two-separators",
        "corpus/replies/signature-and-disclaimer-below",
        "corpus/replies/signature-left-out",
    ),
    108: (
        "corpus/replies/quotes-left-out-nothing-but-a-quote",
        "corpus/replies/signature-and-nothing-else",
    ),
    # -- machines, loops, trust --
    109: (
        "unit/test_mail_automatic.py::test_machines_are_known",
        "corpus/automatic/vacation-by-sieve",
        "corpus/automatic/auto-submitted-no",
    ),
    110: (
        "unit/test_mail_automatic.py::test_humans_are_not_taken_for_machines",
        "corpus/automatic/list-mail-by-a-person",
    ),
    111: (
        "unit/test_mail_automatic.py::test_humans_are_not_taken_for_machines",
        "corpus/automatic/suppress-header-on-a-persons-mail",
    ),
    112: (
        "unit/test_compose_conversation.py::test_an_out_of_office_joins_by_subject_but_leaves_no_trace",
        "unit/test_compose_draft.py::test_automatic_mail_is_posted_quietly",
        "corpus/automatic/out-of-office-exchange",
    ),
    113: ("unit/test_mail_automatic.py::test_machines_are_known", "corpus/automatic/from-mailer-daemon"),
    114: (
        "unit/test_compose_sort.py::test_what_reamaze_itself_sent_is_held_and_never_dropped",
        "dialogues/own-loop.txt",
    ),
    115: ("unit/test_intake_dialogues.py::test_the_dialogue_goes_as_written", "dialogues/hops.txt"),
    116: (
        "unit/test_compose_conversation.py::test_the_slug_header_of_an_untrusted_peer_is_no_clue",
        "unit/test_compose_author.py::test_results_from_a_peer_nobody_trusts_prove_nothing",
        "corpus/hostile/forged-fields-of-trust",
    ),
    117: (
        "unit/test_compose_author.py::test_a_pass_of_our_own_checker_proves_staff",
        "unit/test_compose_author.py::test_anything_less_is_no_proof",
    ),
    118: (
        "unit/test_compose_author.py::test_staff_without_proof_is_posted_as_unverified",
        "unit/test_compose_author.py::test_staff_without_proof_is_held_where_the_config_says_so",
        "corpus/hostile/staff-without-proof",
    ),
    119: (
        "unit/test_compose_sort.py::test_mail_of_our_own_address_is_held",
        "corpus/hostile/forged-fields-of-trust",
    ),
    120: (
        "unit/test_compose_draft.py::test_a_hundred_recipients_are_capped_and_counted",
        "unit/test_compose_draft.py::test_neither_ours_nor_the_author_nor_machines_are_copied",
        "corpus/hostile/sixty-recipients",
    ),
    121: (
        "e2e/test_delivery.py::test_one_transaction_for_two_routes_makes_two_deliveries",
        "unit/test_intake_session.py::test_nothing_of_a_failed_mail_is_left_for_the_next",
        "dialogues/recipients.txt",
    ),
    122: (
        "unit/test_intake_session.py::test_a_mail_is_stored_though_its_peer_vanished_after_the_dot",
        "e2e/test_delivery.py::test_the_same_mail_sent_twice_is_one_message",
    ),
    123: (
        "faults/test_crash.py::test_whenever_the_bridge_dies_every_letter_is_posted_once",
        "faults/test_crash.py::test_at_every_further_visit_of_a_point_too",
    ),
}


@cache
def _tests_in(path: Path) -> frozenset[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_case_is_there() -> None:
    assert list(CASES) == list(range(1, 124))


@pytest.mark.parametrize("case", CASES)
def test_a_case_is_shown(case: int) -> None:
    assert CASES[case]
    for place in CASES[case]:
        path, _, name = place.partition("::")
        if name:
            assert name in _tests_in(TESTS / path), place
        elif path.startswith("corpus/"):
            folder, _, shown = path.rpartition("/")
            (mail,) = (TESTS / folder).glob(f"[0-9][0-9][0-9]-{shown}.eml")
            assert mail.with_suffix(".json").exists(), place
        else:
            assert (TESTS / path).is_file(), place
