#!/usr/bin/env python3
"""Reads mails (.eml files given as arguments) with Python's own parser and says what is wrong with each.

Prints a line for each fault, `file: fault`, and exits 1; prints nothing and exits 0 when all are clean. `--test` tries the
lint itself on good and bad mails. Needs nothing but Python 3.9.
"""

import email
import email.policy
import email.utils
import html.parser
import re
import sys
import urllib.parse

LARGEST_HTML = 100_000
LONGEST_LINE = 998
ONCE = ("Message-ID", "Date", "From", "To", "Subject", "MIME-Version", "List-Unsubscribe", "List-Unsubscribe-Post")
LOADING_TAGS = {
    "img", "link", "script", "iframe", "object", "embed", "video", "audio", "source", "svg", "base", "form", "input",
    "frame", "picture", "bgsound", "portal",
}
LOADING_ATTRIBUTES = {"src", "srcset", "background", "data", "poster", "action", "formaction", "ping"}
LOADING_STYLE = re.compile(r"url\s*\(|@import|@font-face|expression\s*\(|javascript:|image-set\s*\(", re.IGNORECASE)
SCHEMES = {"http", "https", "tel", "mailto"}


class Page(html.parser.HTMLParser):
    """What of a page is wrong or loads something."""

    def __init__(self):
        super().__init__()
        self.faults = []
        self.links = []
        self.in_style = False
        self.in_title = False
        self.title = ""
        self.language = None

    def handle_starttag(self, tag, attributes):
        self.in_style = tag == "style"
        self.in_title = tag == "title"
        if tag in LOADING_TAGS:
            self.faults.append(f"the HTML has <{tag}>")
        for name, value in attributes:
            value = value or ""
            if name in LOADING_ATTRIBUTES:
                self.faults.append(f"the HTML loads {name}={value!r}")
            if name.startswith("on"):
                self.faults.append(f"the HTML runs {name}")
            if name == "style" and LOADING_STYLE.search(value):
                self.faults.append(f"a style loads something: {value!r}")
            if name == "href":
                self.links.append(value)
            if tag == "html" and name == "lang":
                self.language = value
            if tag == "meta" and name == "http-equiv" and value.lower() == "refresh":
                self.faults.append("the HTML refreshes itself")

    def handle_endtag(self, tag):
        self.in_style = self.in_title = False

    def handle_data(self, data):
        if self.in_style and LOADING_STYLE.search(data):
            self.faults.append("a stylesheet loads something")
        if self.in_title:
            self.title += data


def lint(raw):
    """The faults of one mail, given as bytes."""
    faults = []
    head, separator, _ = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    if not separator:
        faults.append("there is no body")
    if any(byte > 126 or (byte < 32 and byte not in b"\n\t") for byte in head):
        faults.append("the headers are not 7-bit clean")
    for number, line in enumerate(re.split(rb"\r?\n", raw), 1):
        if len(line) > LONGEST_LINE:
            faults.append(f"line {number} has {len(line)} octets")
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for part in message.walk():
        faults.extend(f"not well-formed: {type(defect).__name__}" for defect in part.defects)
        for name, value in part.items():
            faults.extend(f"{name} is not well-formed: {type(defect).__name__}" for defect in value.defects)
    for name in ONCE:
        if len(message.get_all(name, [])) != 1:
            faults.append(f"{name} stands {len(message.get_all(name, []))} times")
    if faults:
        # What comes below reads what is now known to be there.
        return faults
    faults.extend(headers(message))
    faults.extend(parts(message))
    return faults


def headers(message):
    if not re.fullmatch(r"<[^<>@\s]+@[^<>@\s]+>", message["Message-ID"].strip()):
        yield f"Message-ID is {message['Message-ID']!r}"
    if message["Date"].datetime is None or message["Date"].datetime.tzinfo is None:
        yield f"Date is {message['Date']!r}"
    for name in ("From", "To"):
        addresses = message[name].addresses
        if len(addresses) != 1 or "@" not in addresses[0].addr_spec:
            yield f"{name} is {message[name]!r}"
    if not message["Subject"].strip():
        yield "Subject is empty"
    if message["MIME-Version"] != "1.0":
        yield f"MIME-Version is {message['MIME-Version']!r}"
    targets = re.findall(r"<([^<>]*)>", message["List-Unsubscribe"])
    if not any(urllib.parse.urlsplit(target).scheme in ("https", "http") for target in targets):
        yield f"List-Unsubscribe is {message['List-Unsubscribe']!r}"
    if message["List-Unsubscribe-Post"].strip() != "List-Unsubscribe=One-Click":
        yield f"List-Unsubscribe-Post is {message['List-Unsubscribe-Post']!r}"


def parts(message):
    if message.get_content_type() != "multipart/alternative":
        yield f"the mail is {message.get_content_type()}"
        return
    kinds = [part.get_content_type() for part in message.iter_parts()]
    if kinds != ["text/plain", "text/html"]:
        yield f"its parts are {kinds}, not text and then HTML"
        return
    bodies = []
    for part in message.iter_parts():
        if (part.get_content_charset() or "").lower() not in ("utf-8", "us-ascii"):
            yield f"the charset of {part.get_content_type()} is {part.get_content_charset()}"
            return
        try:
            bodies.append(part.get_content(errors="strict"))
        except (UnicodeDecodeError, LookupError) as error:
            yield f"{part.get_content_type()} cannot be decoded: {error}"
            return
    text, page = bodies
    if len(text.strip()) < 40:
        yield "the text says nothing"
    if re.search(r"<(table|td|p|div|a|br)\b", text):
        yield "the text is HTML"
    if len(page.encode()) >= LARGEST_HTML:
        yield f"the HTML has {len(page.encode())} bytes"
    if not page.lstrip().lower().startswith("<!doctype html>"):
        yield "the HTML has no doctype"
    parser = Page()
    parser.feed(page)
    parser.close()
    yield from parser.faults
    if not parser.title.strip():
        yield "the HTML has no title"
    if not parser.language:
        yield "the HTML names no language"
    for link in parser.links:
        if urllib.parse.urlsplit(link).scheme not in SCHEMES:
            yield f"a link leads to {link!r}"
    unsubscribe = re.search(r"<(https?:[^<>]*)>", message["List-Unsubscribe"])
    if unsubscribe and not any("unsubscribe" in link for link in parser.links):
        yield "the HTML has no unsubscribe link"
    if "unsubscribe" not in text:
        yield "the text has no unsubscribe link"


GOOD = """\
Message-ID: <1@shop.example>
Date: Tue, 06 Jan 2026 06:00:00 +0000
From: "Demo Shop" <reports@shop.example>
To: rep@shop.example
Subject: =?utf-8?q?Demo_Shop=3A_D01_Caf=C3=A9=2C_Mon_5_Jan_2026?=
List-Unsubscribe: <https://shop.example/unsubscribe/1>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Revenue: =E2=82=AC12.00, and what else there is to say about the day.
https://shop.example/unsubscribe/1
--b
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 7bit

<!doctype html><html lang="en"><head><title>D01</title><style>p { color: red }</style></head>
<body><p>Revenue 12.00 <a href="tel:+15550100">call</a> <a href="https://shop.example/unsubscribe/1">Unsubscribe</a></p></body></html>
--b--
"""

BAD = [
    ("Message-ID: <1@shop.example>\n", "", "Message-ID stands 0 times"),
    ("Message-ID: <1@shop.example>", "Message-ID: 1", "Message-ID"),
    ("To: rep", "To: a@shop.example\nTo: rep", "To stands 2 times"),
    ("To: rep@shop.example", "To: a@x.example, b@x.example", "To is"),
    ("Date: Tue, 06 Jan 2026 06:00:00 +0000", "Date: today", "Date"),
    ("List-Unsubscribe-Post: List-Unsubscribe=One-Click\n", "", "List-Unsubscribe-Post stands 0 times"),
    ("=One-Click", "=One-Clack", "List-Unsubscribe-Post is"),
    ("List-Unsubscribe: <https:", "List-Unsubscribe: <mailto:", "List-Unsubscribe is"),
    ("=?utf-8?q?Demo_Shop=3A_D01_Caf=C3=A9=2C_Mon_5_Jan_2026?=", "Caf\u00e9", "7-bit"),
    ("Subject: =?utf-8?q?Demo_Shop=3A_D01_Caf=C3=A9=2C_Mon_5_Jan_2026?=", "Subject: ", "Subject is empty"),
    ("MIME-Version: 1.0\n", "", "MIME-Version"),
    ("multipart/alternative", "multipart/mixed", "the mail is multipart/mixed"),
    ("text/plain;", "text/html;", "not text and then HTML"),
    ("--b--\n", "", "not well-formed"),
    ("=E2=82=AC12.00", "=E2=82", "cannot be decoded"),
    ("Revenue: =E2=82=AC12.00, and what else there is to say about the day.", "", "the text says nothing"),
    ("Revenue: =E2=82=AC12.00", "<table>", "the text is HTML"),
    ("<p>Revenue", "<p>" + "x" * 999 + "Revenue", "octets"),
    ("<p>Revenue", "<p>" + "x\n" * 60_000, "the HTML has 1"),
    ("<p>Revenue", "<img src='https://x.example/1.gif'>", "<img>"),
    ("<p>Revenue", "<p style='background:url(x)'>", "a style loads"),
    ("color: red", "background: url(x)", "a stylesheet loads"),
    ("<p>Revenue", "<p onclick='x'>", "runs onclick"),
    ("tel:+15550100", "javascript:x", "a link leads to"),
    ("<title>D01</title>", "", "no title"),
    (' lang="en"', "", "no language"),
    ('<a href="https://shop.example/unsubscribe/1">', "<a>", "the HTML has no unsubscribe link"),
    ("day.\nhttps://shop.example/unsubscribe/1", "day.", "the text has no unsubscribe link"),
]


def test():
    """The good mail is clean, with either line ending, and every bad one is found out."""
    for ending in ("\n", "\r\n"):
        found = lint(GOOD.replace("\n", ending).encode())
        assert not found, found
    for old, new, fault in BAD:
        assert GOOD.count(old), old
        found = lint(GOOD.replace(old, new, 1).encode())
        assert any(fault in line for line in found), (old, new, fault, found)


def main(arguments):
    if arguments == ["--test"]:
        test()
        return 0
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    clean = True
    for path in arguments:
        with open(path, "rb") as file:
            for fault in lint(file.read()):
                clean = False
                print(f"{path}: {fault}")
    return 0 if clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
