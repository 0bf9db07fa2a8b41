"""A `Mail` in, a `Draft` out: who wrote it, which conversation it belongs to, and what is said. Pure: no I/O, no clock.

Where to read what:

- first look, in order of arrival: `sort`; `route` (who takes a recipient)
- the author: `author`, `candidates` (who it may be), `proof` (that From is true), `forward` (whose mail is passed on),
  `address`
- the conversation: `conversation` (clues and tokens), `subject`, `slug`
- rules for forms: `fields`, `labels` (what stands behind a label), `values` (typed), `unfound` (why a rule found nothing),
  `check`
- the body: `body` (all of it), `better` (which version), `length` (its limit), `words` (plain lines for rules); what parts say
  to machines, `facts` with `calendar`, `recurrence`, `times`, `report` and `status`
- from text: `plain`, `bidi`
- from HTML: `html` (the way), `document` (lxml), `clean` (what a reader sees) with `elements`, `appearance`, `preformatted`,
  `table`, `reference` and `wrapped`; then `tree`, `convert` (markdownify) with `cursor`, `lists`, `emphasis`, `escape`
- quotes: `trim` (what is left out), `recall` and `said` (what the conversation has), `quotes` (of lines), `quoted` (in HTML),
  `attributions` (the words of programs)
- files: `files` (names and types), `pictures`, `once` (the same one again), `many`
- all of it together: `draft`, `note`
"""
