"""A mail server (PyPI's aiosmtpd) that does as the recipient is called, and keeps what it takes in a folder.

    smtp_server.py FOLDER [--cert FILE --key FILE] [--implicit-tls] [--require-starttls] [--login USER:PASSWORD]

Prints its port. Each mail that it takes is `<number>.json` there: from, to, tls, and the content in base64. The names are
those of `testkit::smtp::by_recipient`: 421, 450 (once for each address), 451, 454, 550, 552, hang, cut-before-data,
cut-in-content, cut-after-data, kept-after-data; what follows a `+` only tells several apart.
"""

import argparse
import asyncio
import base64
import json
import os
import ssl
from pathlib import Path

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

REPLIES = {
    "421": "421 4.7.0 Too much mail from you, try again later",
    "450": "450 4.2.0 Greylisted, try again in 300 seconds",
    "451": "451 4.3.0 Local error in processing",
    "454": "454 4.7.0 Throttling failure: Maximum sending rate exceeded",
    "550": "550 5.1.1 No such user here",
}


def name(address):
    return address.split("@")[0].split("+")[0]


class Keeper:
    """Takes mails, and leaves each in the folder before it says so."""

    def __init__(self, folder):
        self.folder = folder
        self.taken = 0
        self.greylisted = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        kind = name(address)
        if kind == "450":
            if address in self.greylisted:
                kind = "ok"
            self.greylisted.add(address)
        if kind == "421":
            await server.push(REPLIES[kind])
            server.transport.close()
            return "421 closed"
        if kind in REPLIES:
            return REPLIES[kind]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 recipient"

    async def handle_DATA(self, server, session, envelope):
        kind = name(envelope.rcpt_tos[0])
        if kind == "552":
            return "552 5.2.2 Mailbox full"
        if kind == "hang":
            await asyncio.sleep(3600)
        if kind == "cut-after-data":
            server.transport.close()
            return "421 closed"
        self.keep(server, envelope)
        if kind == "kept-after-data":
            server.transport.close()
            return "421 closed"
        return "250 2.0.0 taken"

    def keep(self, server, envelope):
        self.taken += 1
        content = envelope.original_content
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos[0],
            "tls": server.transport.get_extra_info("ssl_object") is not None,
            "content": base64.b64encode(content).decode(),
        }
        unfinished = self.folder / f".{self.taken}"
        unfinished.write_text(json.dumps(mail))
        unfinished.rename(self.folder / f"{self.taken:06}.json")


class Server(SMTP):
    """Closes connections where the protocol has no word for it."""

    async def smtp_DATA(self, arg):
        kind = name(self.envelope.rcpt_tos[0]) if self.envelope.rcpt_tos else ""
        if kind == "cut-before-data":
            self.transport.close()
            return
        if kind == "cut-in-content":
            await self.push("354 go ahead")
            await self._reader.readline()
            self.transport.abort()
            return
        await super().smtp_DATA(arg)


def authenticator(login):
    user, _, password = login.partition(":")

    def check(server, session, envelope, mechanism, given):
        right = isinstance(given, LoginPassword) and (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=right, handled=right)

    return check


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cert")
    parser.add_argument("--key")
    parser.add_argument("--implicit-tls", action="store_true")
    parser.add_argument("--require-starttls", action="store_true")
    parser.add_argument("--login")
    options = parser.parse_args()
    tls = None
    if options.cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.cert, options.key)
    keeper = Keeper(options.folder)

    def session():
        return Server(
            keeper,
            hostname="aiosmtpd.example",
            tls_context=None if options.implicit_tls else tls,
            require_starttls=options.require_starttls,
            authenticator=authenticator(options.login) if options.login else None,
            auth_required=bool(options.login),
            auth_require_tls=tls is not None and not options.implicit_tls,
            enable_SMTPUTF8=False,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", 0, ssl=tls if options.implicit_tls else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with whoever started it: that closes the other end.
    await loop.run_in_executor(None, os.read, 0, 1)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    finally:
        os._exit(0)
