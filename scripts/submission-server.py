#!/usr/bin/python3
"""submission-server - mail submission on loopback for the demo and the tests (RFC 6409).

STARTTLS on one port, implicit TLS on another, AUTH PLAIN and LOGIN (never without TLS), SIZE,
8BITMIME, SMTPUTF8, ENHANCEDSTATUSCODES, PIPELINING. What becomes of a recipient:

    NAME@example.org     delivered through LMTP; its refusals (550 5.1.1) are passed on
    unknown@example.org  550 5.1.1
    later@example.org    451 4.3.0
    lost@example.org     the connection ends after the final dot, without a reply; not delivered
    maybe@example.org    likewise, but the other recipients got the message
    NAME@example.com     accepted, kept as a file
    anything else        550 5.1.2

With --keep-all, whoever has no mailbox here is treated as NAME@example.com.
"""
import argparse
import asyncio
import os
import signal
import smtplib
import ssl
import time

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

SIZE_LIMIT = 50 * 1024 * 1024


class LocalLMTP(smtplib.LMTP):
    def __init__(self, path):
        super().__init__(path, local_hostname="localhost")


def split(address):
    local, _, domain = address.rpartition("@")
    return local, domain.lower()


def text_of(reply):
    return reply.decode("utf-8", "replace").replace("\n", " ")


class Handler:
    def __init__(self, lmtp, kept, keep_all):
        self.lmtp = lmtp
        self.kept = kept
        self.keep_all = keep_all
        self.count = 0

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        extra = ["250-ENHANCEDSTATUSCODES", "250-PIPELINING"]
        return responses[:-1] + extra + responses[-1:]

    async def handle_RCPT(self, server, session, envelope, address, options):
        local, domain = split(address)
        if domain == "example.com" or (self.keep_all and domain != "example.org"):
            pass
        elif domain != "example.org":
            return f"550 5.1.2 <{address}> no such domain here"
        elif local == "unknown":
            return f"550 5.1.1 <{address}> no such user here"
        elif local == "later":
            return f"451 4.3.0 <{address}> please try later"
        elif local not in ("lost", "maybe"):
            refused = await self.call(self.ask, address)
            if refused and not self.keep_all:
                return refused
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        names = [split(a) for a in envelope.rcpt_tos]
        if ("lost", "example.org") not in names:
            problem = await self.call(self.deliver, envelope)
            if problem:
                return problem
        if any(n in names for n in (("lost", "example.org"), ("maybe", "example.org"))):
            server.transport.abort()
            return "421 4.3.0 gone"
        self.count += 1
        return f"250 2.0.0 OK: queued as {self.count}"

    async def call(self, function, *args):
        return await asyncio.get_running_loop().run_in_executor(None, function, *args)

    def ask(self, address):
        """None when LMTP takes mail for this address, else the reply to pass on."""
        with LocalLMTP(self.lmtp) as client:
            client.ehlo_or_helo_if_needed()
            client.mail("")
            code, said = client.rcpt(address)
            return None if code == 250 else f"{code} {text_of(said)}"

    def deliver(self, envelope):
        received = ("Received: from localhost by localhost with ESMTPSA; "
                    + time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime()) + "\r\n")
        content = received.encode() + envelope.original_content
        local, kept = [], []
        for address in envelope.rcpt_tos:
            name, domain = split(address)
            if domain == "example.com" or (self.keep_all and (domain != "example.org" or self.ask(address))):
                kept.append(address)
            elif name not in ("lost", "maybe"):
                local.append(address)
        if kept:
            name = f"{self.kept}/{time.time_ns()}"
            head = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(kept)}\r\n"
            with open(name + ".part", "wb") as f:
                f.write(head.encode() + content)
            os.rename(name + ".part", name)
        # One by one: LMTP replies for each recipient after DATA (RFC 2033 section 4.2), smtplib reads one.
        for address in local:
            with LocalLMTP(self.lmtp) as client:
                try:
                    client.sendmail(envelope.mail_from or "", [address], content)
                except smtplib.SMTPRecipientsRefused as e:
                    code, said = e.recipients[address]
                    return f"{code} {text_of(said)}"
                except smtplib.SMTPResponseException as e:
                    return f"{e.smtp_code} {text_of(e.smtp_error)}"
        return None


class Authenticator:
    def __init__(self, passwd, any_user):
        self.any_user = any_user
        self.users = {}
        for line in open(passwd, encoding="utf-8"):
            name, _, password = line.strip().partition(":")
            self.users[name] = password.removeprefix("{PLAIN}")

    def __call__(self, server, session, envelope, mechanism, data):
        if isinstance(data, LoginPassword):
            name = data.login.decode("utf-8", "replace").partition("@")[0]
            password = data.password.decode("utf-8", "replace")
            if password == self.users.get(name, self.any_user):
                return AuthResult(success=True)
        return AuthResult(success=False, handled=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("lmtp", "cert", "key", "passwd", "kept"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--any-user")
    parser.add_argument("--keep-all", action="store_true")
    parser.add_argument("--ready-fd", type=int, required=True)
    args = parser.parse_args()
    os.makedirs(args.kept, exist_ok=True)

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(args.cert, args.key)
    handler = Handler(args.lmtp, args.kept, args.keep_all)
    common = dict(authenticator=Authenticator(args.passwd, args.any_user), auth_required=True,
                  hostname="localhost", data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True,
                  ident="Pintail demo submission", timeout=600)

    def plain():
        return SMTP(handler, tls_context=tls, require_starttls=True, auth_require_tls=True, **common)

    def over_tls():
        return SMTP(handler, auth_require_tls=False, **common)

    async def serve():
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        one = await loop.create_server(plain, "127.0.0.1", 0)
        two = await loop.create_server(over_tls, "127.0.0.1", 0, ssl=tls)
        ports = [s.sockets[0].getsockname()[1] for s in (one, two)]
        os.write(args.ready_fd, "{} {}\n".format(*ports).encode())
        os.close(args.ready_fd)
        await ended.wait()
        os._exit(0)

    asyncio.run(serve())


main()
