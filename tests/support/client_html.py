"""HTML as well-known mail clients write it, with words of our own: the shape is what matters."""

# ruff: noqa: E501 - lines as long as the clients write them

OUTLOOK_REPLY = """<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office"
xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><meta name=Generator content="Microsoft Word 15">
<!--[if !mso]><style>v\\:* {behavior:url(#default#VML);}</style><![endif]-->
<style><!--
@font-face {font-family:Calibri; panose-1:2 15 5 2 2 2 4 3 2 4;}
p.MsoNormal, li.MsoNormal, div.MsoNormal {margin:0cm; font-size:11.0pt; font-family:"Calibri",sans-serif;}
a:link, span.MsoHyperlink {mso-style-priority:99; color:#0563C1; text-decoration:underline;}
@page WordSection1 {size:612.0pt 792.0pt; margin:70.85pt;}
--></style>
<!--[if gte mso 9]><xml><o:shapedefaults v:ext="edit" spidmax="1026" /></xml><![endif]--></head>
<body lang=EN-GB link="#0563C1" vlink="#954F72" style='word-wrap:break-word'><div class=WordSection1>
<p class=MsoNormal><span style='mso-fareast-language:EN-US'>Dear Ms Okafor,<o:p></o:p></span></p>
<p class=MsoNormal><span style='mso-fareast-language:EN-US'><o:p>&nbsp;</o:p></span></p>
<p class=MsoNormal><span style='mso-fareast-language:EN-US'>the pump arrived with a <b>cracked</b> housing
(see photo). Please send us:<o:p></o:p></span></p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>&middot;<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;&nbsp;
</span></span></span><![endif]>a new housing<o:p></o:p></p>
<p class=MsoListParagraph style='margin-left:72.0pt;text-indent:-18.0pt;mso-list:l0 level2 lfo1'><![if !supportLists]><span
style='font-family:"Courier New"'><span style='mso-list:Ignore'>o<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;
</span></span></span><![endif]>with gasket<o:p></o:p></p>
<p class=MsoListParagraph style='text-indent:-18.0pt;mso-list:l0 level1 lfo1'><![if !supportLists]><span
style='font-family:Symbol'><span style='mso-list:Ignore'>&middot;<span style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp;
</span></span></span><![endif]>a return label<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal><img width=240 height=180 style='width:2.5in;height:1.875in' id="Picture_x0020_1"
src="cid:image001.jpg@01DA0B1C.7E5F3A90" alt="A picture containing metal

Description automatically generated"><o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal>Kind regards<o:p></o:p></p>
<p class=MsoNormal><b><span style='color:#1F497D'>Piet de Vries<o:p></o:p></span></b></p>
<p class=MsoNormal>Hydro BV | <a href="http://www.hydro.example/">www.hydro.example</a><o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>
<p class=MsoNormal><b><span lang=EN-US>From:</span></b><span lang=EN-US> Support &lt;support@pumps.example&gt; <br><b>Sent:</b>
Tuesday, 3 February 2026 09:12<br><b>To:</b> Piet de Vries &lt;piet@hydro.example&gt;<br><b>Subject:</b> Your order 4711<o:p></o:p></span></p>
</div></div>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoNormal>How can we help?<o:p></o:p></p></div></body></html>"""

GMAIL_REPLY = (
    '<div dir="ltr"><div>Hi Sam,</div><div><br></div><div>Yes, <b>both</b> of them. The second one says <i>E-42</i>.'
    "</div><div><br></div><div>1. unplug<br></div><div>2. wait</div><div><br></div><div>Link:&nbsp;"
    '<a href="https://help.example.com/reset?id=7&amp;x=1" target="_blank">https://help.example.com/reset?id=7&amp;x=1</a>'
    '</div><div><br clear="all"></div><div><div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">'
    '<div dir="ltr">Lena<div><font color="#888888">+49 30 1234</font></div></div></div></div></div><br>'
    '<div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Tue, 3 Feb 2026 at 09:12, Sam &lt;'
    '<a href="mailto:sam@shop.example">sam@shop.example</a>&gt; wrote:<br></div><blockquote class="gmail_quote" '
    'style="margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"><div>Do both show it?'
    "</div><div><br></div><div>Sam</div></blockquote></div>"
)

APPLE_REPLY = (
    '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8"></head>'
    '<body style="overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;">Hello,'
    '<div><br></div><div>it works now.&nbsp; Thank you!</div><div><ul class="Apple-dash-list"><li>Model: X1</li><li>Serial: 99'
    '</li></ul></div><div><br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite"><div>On 3. Feb 2026, at 09:12, '
    'Desk &lt;<a href="mailto:desk@x.example">desk@x.example</a>&gt; wrote:</div><br class="Apple-interchange-newline"><div>'
    "<div>Which model?<br><br>Desk</div></div></blockquote></div><br></div></body></html>"
)

THUNDERBIRD_REPLY = """<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8"></head>
<body>
    <p>Hello,<br>
      the log says:</p>
    <pre>error: disk_full
  at write()</pre>
    <p>Any idea?<br>
    </p>
    <div class="moz-cite-prefix">Am 03.02.26 um 09:12 schrieb Desk:<br>
    </div>
    <blockquote type="cite" cite="mid:abc@x.example">
      <pre class="moz-quote-pre" wrap="">Please send the log.
See https://x.example/_faq_

Desk
</pre>
    </blockquote>
    <br>
  </body></html>"""

OWA_REPLY = (
    '<html><head><style type="text/css" style="display:none;"> P {margin-top:0;margin-bottom:0;} </style></head>'
    '<body dir="ltr"><div class="elementToProof" style="font-family: Aptos; font-size: 12pt;">Good morning</div>'
    '<div class="elementToProof"><br></div><div class="elementToProof">The invoice is wrong.</div>'
    '<div id="Signature"><p style="margin-top: 0px; margin-bottom: 0px;">Ana</p>'
    '<p style="margin-top: 0px; margin-bottom: 0px;">Buyer</p></div><div id="appendonsend"></div>'
    '<hr tabindex="-1" style="display:inline-block; width:98%"><div id="divRplyFwdMsg" dir="ltr"><font face="Calibri" '
    'style="font-size:11pt" color="#000000"><b>From:</b> Desk &lt;desk@x.example&gt;<br><b>Sent:</b> Tuesday<br></font>'
    "<div>&nbsp;</div></div><div>Here is your invoice.</div></body></html>"
)

YAHOO_REPLY = (
    '<html><head></head><body><div class="yahoo-style-wrap" style="font-family:Helvetica;font-size:16px;"><div dir="ltr" '
    'data-setdir="false">Where is my parcel?</div><div dir="ltr" data-setdir="false"><br></div><div>Joe</div></div>'
    '<div id="yahoo_quoted_1" class="yahoo_quoted"><div style="font-family:Helvetica;color:#26282a;"><div>On Tuesday, '
    "February 3, 2026, 09:12, Shop &lt;shop@x.example&gt; wrote:</div><div><br></div><div>It left <span "
    'style="font-weight:bold">today</span>.</div></div></div></body></html>'
)

NEWSLETTER = """<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml"><head><title>Spring at Garten GmbH</title><style type="text/css">
.phone {display:none} @media only screen and (max-width:600px) { .desktop {display:none !important} .phone {display:block} }
</style></head><body style="margin:0;padding:0"><span style="display:none!important;visibility:hidden;mso-hide:all;font-size:1px;
max-height:0;opacity:0">Save 20% this week &zwnj;&nbsp;&zwnj;&nbsp;</span>
<!--[if mso]><table width="600"><tr><td>OUTLOOK ONLY<![endif]-->
<table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0"><tbody><tr><td align="center" style="font-size:0px">
<table width="600"><tr><td style="padding:10px"><a href="https://garten.example/"><img src="https://img.garten.example/logo.png"
alt="Garten GmbH" width="120"></a></td><td style="font-size:12px" align="right"><a href="https://garten.example/v?u=1">View in browser</a></td></tr></table>
<div class="phone">PHONE ONLY</div>
<table width="600"><tr><td style="font-size:14px"><h1 style="color:#2a5">Spring is <em>here</em></h1>
<p>Dear customer,</p><p>everything grows. So do our offers:</p></td></tr>
<tr><td style="font-size:14px;line-height:20px"><table width="100%"><tr><td width="50%"><img src="https://img.garten.example/1.jpg" alt=""><br>
<b>Spade</b><br>EUR 19.90</td><td width="50%"><b>Rake</b><br>EUR 14.90</td></tr></table></td></tr>
<tr><td align="center" style="font-size:16px"><table><tr><td bgcolor="#22aa55"><a href="https://click.garten.example/c?id=1"
style="mso-hide:all;display:inline-block;color:#fff"><span>Order now</span></a></td></tr></table></td></tr>
<tr><td height="1" style="font-size:1px;line-height:1px">&nbsp;</td></tr>
<tr><td style="font-size:11px;color:#999">Garten GmbH, Beetweg 1<br><a href="https://garten.example/u">Unsubscribe</a> |
<a href="https://garten.example/p">Privacy</a></td></tr></table></td></tr></tbody></table>
<!--[if mso]></td></tr></table><![endif]-->
<img src="https://t.garten.example/open?id=1" width="1" height="1" alt=""></body></html>"""

ORDER = """<html><body><p>Thank you for your order.</p><table border="0" cellpadding="4" style="border-collapse:collapse">
<thead><tr><th align="left">Item</th><th>Qty</th><th align="right">Price</th></tr></thead><tbody>
<tr><td>Garden | hose</td><td>2</td><td align="right">19,90&nbsp;&euro;</td></tr>
<tr><td><a href="https://x.example/p(1)">Spade</a></td><td>1</td><td align="right">24,50&nbsp;&euro;</td></tr>
<tr><td colspan="2">Total</td><td align="right"><b>64,30&nbsp;&euro;</b></td></tr></tbody></table>
<table><tr><td>Name:</td><td>Max Muster</td></tr><tr><td>Phone</td><td>030 1234</td></tr></table></body></html>"""
