"""The look of the pages: one style sheet and a few drawn icons, so that nothing comes from elsewhere and no script is needed."""

from __future__ import annotations

import base64
import hashlib

CSS = """
:root{
  --ink:#1d2433;--soft:#5b6577;--faint:#8b94a5;--line:#e4e8ef;--ground:#f5f7fa;--card:#fff;--brand:#4453c9;
  --brand-soft:#eef0fd;--staff:#eaf1ff;--staff-line:#cfdfff;--note:#fff8e1;--note-line:#f1dc9b;
  --note-ink:#7a5b00;--good:#1c7c4a;--good-soft:#e5f5ec;--bad:#b3261e;--bad-soft:#fdecea;--warn:#8a5a00;
  --warn-soft:#fff3dc}
*{box-sizing:border-box}
body{
  margin:0;background:var(--ground);color:var(--ink);
  font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",Arial,sans-serif}
a{color:var(--brand);text-decoration:none}
a:hover{text-decoration:underline}
a:focus-visible,summary:focus-visible{outline:2px solid var(--brand);outline-offset:2px;border-radius:6px}
svg{
  width:15px;height:15px;fill:none;stroke:currentColor;stroke-width:1.8;stroke-linecap:round;
  stroke-linejoin:round;vertical-align:-2px;flex:none}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,"DejaVu Sans Mono","Liberation Mono",monospace}
.top{background:var(--card);border-bottom:1px solid var(--line);position:sticky;top:0;z-index:1}
.top div{max-width:1240px;margin:auto;padding:0 24px;height:56px;display:flex;align-items:center;gap:6px}
.mark{
  width:28px;height:28px;border-radius:8px;background:var(--brand);color:#fff;display:grid;
  place-items:center;font-weight:700;font-size:13px;margin-right:6px}
.top b{margin-right:20px}
.top nav{display:flex;gap:4px;flex:1}
.top nav a{padding:6px 12px;border-radius:8px;color:var(--soft);font-weight:500}
.top nav a:hover{background:var(--ground);text-decoration:none}
.top nav a.here{background:var(--brand-soft);color:var(--brand)}
.top small{color:var(--faint)}
.frame{max-width:1240px;margin:24px auto;padding:0 24px;display:grid;gap:24px;align-items:start}
.frame>*{min-width:0}
.inbox{grid-template-columns:200px 1fr}
.talk{grid-template-columns:1fr 280px}
.side a{display:flex;justify-content:space-between;padding:7px 12px;border-radius:8px;color:var(--ink)}
.side a:hover{background:#e9edf4;text-decoration:none}
.side a.here{background:var(--brand-soft);color:var(--brand);font-weight:600}
.side h2{font-size:12px;color:var(--faint);font-weight:600;margin:0 12px 6px;letter-spacing:.02em}
.side a span{color:var(--faint);font-weight:400}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px}
.row{
  display:grid;grid-template-columns:40px 1fr auto;gap:14px;padding:14px 18px;color:inherit;
  border-bottom:1px solid var(--line)}
.row:first-child{border-radius:12px 12px 0 0}
.row:last-child{border:0;border-radius:0 0 12px 12px}
.row:only-child{border-radius:12px}
.row:hover{background:#fafbfe;text-decoration:none}
.row>*{min-width:0}
.row .who{color:var(--soft);font-size:14px}
.row .who b{color:var(--ink);font-weight:600}
.row .subject{font-weight:600;font-size:15px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.row .snippet{color:var(--soft);font-size:14px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.row .facts{
  display:flex;flex-direction:column;align-items:flex-end;gap:6px;font-size:13px;color:var(--faint);
  white-space:nowrap}
.facts .counts{display:flex;gap:12px;color:var(--soft)}
.pill{
  display:inline-block;padding:1px 10px;border-radius:99px;font-size:12.5px;font-weight:600;
  background:var(--ground);color:var(--soft);white-space:nowrap}
.pill.s0{background:var(--good-soft);color:var(--good)}
.pill.s1{background:var(--brand-soft);color:var(--brand)}
.pill.s3,.pill.s9{background:var(--bad-soft);color:var(--bad)}
.pill.s5{background:var(--warn-soft);color:var(--warn)}
.tag{
  display:inline-block;padding:1px 8px;border-radius:6px;font-size:12.5px;background:#eef1f6;
  color:var(--soft)}
.face{
  width:40px;height:40px;border-radius:50%;display:grid;place-items:center;font-weight:600;font-size:14px;
  flex:none}
.face.small{width:28px;height:28px;font-size:11px}
.c0{background:#e3e7fb;color:#3a47ab}
.c1{background:#d9f0ea;color:#11695a}
.c2{background:#fde5d6;color:#9a4a12}
.c3{background:#f9dfe8;color:#9c2a56}
.c4{background:#e8e1f8;color:#5c3aa3}
.c5{background:#dcecfa;color:#1d5c92}
.c6{background:#eaf0d3;color:#566614}
.c7{background:#f7e9c4;color:#7a5907}
h1{font-size:22px;line-height:1.3;margin:0;overflow-wrap:anywhere}
.title{margin-bottom:18px}
.title p{
  margin:8px 0 0;display:flex;gap:8px;align-items:center;color:var(--soft);font-size:14px;flex-wrap:wrap}
.back{display:inline-block;margin-bottom:10px;font-size:14px;color:var(--soft)}
.message{display:grid;grid-template-columns:40px minmax(0,1fr);gap:12px;margin-bottom:18px;margin-right:44px}
.message.staff{grid-template-columns:minmax(0,1fr) 40px;margin-right:0;margin-left:44px}
.message.staff .face{order:2}
.bubble{
  background:var(--card);border:1px solid var(--line);border-radius:4px 14px 14px 14px;padding:14px 18px}
.staff .bubble{background:var(--staff);border-color:var(--staff-line);border-radius:14px 4px 14px 14px}
.note .bubble{background:var(--note);border:1px dashed var(--note-line);border-radius:12px}
.bubble header{display:flex;gap:4px 8px;align-items:baseline;margin-bottom:8px;flex-wrap:wrap}
.bubble header b{font-weight:600}
.bubble header .mail{color:var(--soft);font-size:14px;overflow-wrap:anywhere}
.bubble header time{margin-left:auto;color:var(--faint);font-size:13px;white-space:nowrap}
.label{font-size:12.5px;font-weight:600;color:var(--brand)}
.note .label{color:var(--note-ink)}
.body{overflow-wrap:anywhere}
.body>:first-child{margin-top:0}
.body>:last-child{margin-bottom:0}
.body p{margin:0 0 .8em}
.body h1,.body h2,.body h3,.body h4{margin:1em 0 .4em;line-height:1.3}
.body h1{font-size:20px}
.body h2{font-size:18px}
.body h3,.body h4{font-size:16px}
.body ul,.body ol{margin:0 0 .8em;padding-left:1.6em}
.body li>ul,.body li>ol,.body li>p{margin-bottom:.2em}
.body .right{text-align:right}.body .center{text-align:center}
.row .subject,.row .snippet{text-align:left}
.body blockquote{margin:0 0 .8em;padding:2px 0 2px 14px;border-left:3px solid #cfd6e2;color:var(--soft)}
.body blockquote>:last-child{margin-bottom:0}
.body pre{
  background:#f3f5f9;border:1px solid var(--line);border-radius:8px;padding:10px 14px;overflow-x:auto;
  font-size:13.5px;line-height:1.45;white-space:pre-wrap}
.body :not(pre)>code{background:#f0f2f7;border-radius:4px;padding:1px 5px;font-size:13.5px}
.body table{
  border-collapse:collapse;margin:0 0 .8em;font-size:14px;display:block;overflow-x:auto;max-width:100%}
.body th,.body td{border:1px solid var(--line);padding:5px 11px;text-align:left;vertical-align:top}
.body th{background:#f6f8fb;font-weight:600}
.body img{max-width:100%;max-height:420px;border-radius:6px;vertical-align:middle}
.body hr{border:0;border-top:1px solid var(--line);margin:1em 0}
.body .remote{border:1px dashed #c4ccd9;border-radius:6px;padding:1px 8px;font-size:13px;color:var(--soft)}
.files{display:flex;flex-wrap:wrap;gap:10px;margin-top:14px}
.file{
  display:flex;align-items:center;gap:10px;border:1px solid var(--line);border-radius:10px;background:#fff;
  padding:8px 14px 8px 10px;color:var(--ink);max-width:340px}
.file:hover{border-color:#b9c3d4;text-decoration:none}
.file>span{min-width:0}
.file b{
  display:block;font-weight:500;font-size:14px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.file small{color:var(--faint);font-size:12.5px;display:block;line-height:1.3}
.kind{
  width:36px;height:36px;border-radius:8px;background:var(--brand-soft);color:var(--brand);display:grid;
  place-items:center;font-size:10.5px;font-weight:700;flex:none}
.file img{width:36px;height:36px;object-fit:cover;border-radius:8px;flex:none;background:#f0f2f7}
.file.missing{border-style:dashed;background:transparent;color:var(--soft)}
.file.missing .kind{background:var(--bad-soft);color:var(--bad)}
.meta{
  display:flex;flex-wrap:wrap;gap:2px 14px;margin-top:12px;font-size:12.5px;color:var(--faint);
  overflow-wrap:anywhere}
.meta .mono{font-size:12px}
.meta a{color:inherit;text-decoration:underline}
.details{padding:6px 18px 16px;font-size:14px}
.details h2{font-size:12.5px;color:var(--faint);font-weight:600;margin:16px 0 6px}
.details p{margin:0;overflow-wrap:anywhere}
.person{display:flex;gap:10px;align-items:center;margin-bottom:8px;line-height:1.35}
.person span{min-width:0;overflow-wrap:anywhere}
.person small{color:var(--soft);display:block;font-size:12.5px}
.details dl{margin:0;display:grid;grid-template-columns:auto 1fr;gap:2px 10px;overflow-wrap:anywhere}
.details dt{color:var(--soft)}
.details dd{margin:0;min-width:0}
.tags{display:flex;gap:6px;flex-wrap:wrap}
.calls details{border-bottom:1px solid var(--line)}
.calls details:last-child{border:0}
.calls summary{
  display:grid;grid-template-columns:52px 90px 56px minmax(0,1fr) auto 56px;gap:10px;padding:10px 18px;
  cursor:pointer;font-size:14px;align-items:baseline;list-style:none}
.calls summary::-webkit-details-marker{display:none}
.calls summary:hover{background:#fafbfe}
.calls summary .path{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.calls .nr,.calls time{color:var(--faint);font-size:13px}
.calls .method{font-weight:600}
.calls .code{text-align:right;font-weight:600;color:var(--good)}
.calls .code.bad{color:var(--bad)}
.calls .code.none{color:var(--faint)}
.fault{
  background:var(--warn-soft);color:var(--warn);border-radius:6px;padding:1px 8px;font-size:12.5px;
  font-weight:600}
.json{display:grid;grid-template-columns:1fr 1fr;gap:14px;padding:4px 18px 18px}
.json>div{min-width:0}
.json h3{margin:0 0 4px;font-size:12.5px;color:var(--faint);font-weight:600}
.json pre{
  margin:0;background:#f6f8fb;border:1px solid var(--line);border-radius:8px;padding:10px 12px;
  font-size:12.5px;line-height:1.5;white-space:pre-wrap;overflow-wrap:anywhere;max-height:420px;
  overflow-y:auto}
.empty{padding:64px 24px;text-align:center;color:var(--soft)}
.empty h1{color:var(--ink);margin-bottom:8px}
.empty code{background:#eef1f6;border-radius:6px;padding:2px 8px;color:var(--ink)}
@media (max-width:820px){
  .inbox,.talk,.json{grid-template-columns:1fr}
  .message,.message.staff{margin:0 0 16px}
  .top small{display:none}
  .row{grid-template-columns:40px 1fr}
  .row .facts{grid-column:2;flex-direction:row;flex-wrap:wrap;align-items:center}
  .calls summary{grid-template-columns:44px 52px minmax(0,1fr) 48px}
  .calls summary time,.calls summary .fault{display:none}
}
"""

#: Lets this sheet in and nothing else: no script, no frame, no form, nothing from another host.
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(CSS.encode()).digest()).decode()}'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

CLIP = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M20 11.5l-8.2 8.2a5 5 0 0 1-7-7l8.5-8.6a3.4 3.4 0 0 1 '
    '4.8 4.8l-8.5 8.5a1.7 1.7 0 0 1-2.4-2.4l7.8-7.8"/></svg>'
)
SPEECH = '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M4 5h16v11H9l-5 4z"/></svg>'
LOCK = (
    '<svg viewBox="0 0 24 24" aria-hidden="true"><rect x="5" y="11" width="14" height="9" rx="2"/>'
    '<path d="M8 11V8a4 4 0 0 1 8 0v3"/></svg>'
)
QUIET = (
    '<svg viewBox="0 0 24 24" aria-hidden="true">'
    '<path d="M6 16V11a6 6 0 0 1 9-5.2M18 11v5l1.5 2h-15M10 21h4M4 4l16 16"/></svg>'
)
