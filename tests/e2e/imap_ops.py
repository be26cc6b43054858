"""Large messages and many operations on a real IMAP server: text first, attachments in pieces, batches."""
import base64
import hashlib
import os
import re
import sqlite3
import time
from support.home import message, until
from support.steps import fill, in_step
from support.terminal import Terminal

BYTES = 22_000_000  # of the attachment; a message of 30 MB


def large(content):
    lines = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (b"From: Grace Hopper <grace@example.org>\r\nTo: ada@example.org\r\nSubject: large one\r\n"
            b"Date: Sat, 21 Nov 2026 19:30:00 +0000\r\nMessage-ID: <large@example.org>\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=B\r\n\r\n"
            b"--B\r\nContent-Type: text/plain\r\n\r\nA short text with a long drawing.\r\n"
            b"--B\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename=drawing.bin\r\n\r\n" + lines + b"--B--\r\n")


def cached(t):
    """[(section, size)] of what is in the cache."""
    db = sqlite3.connect(f"file:{t.data}/cache.db?mode=ro", uri=True)
    try:
        return db.execute("SELECT section, size FROM body ORDER BY section").fetchall()
    finally:
        db.close()


def sections_asked(log):
    return re.findall(r"> p\d+ UID FETCH \d+ \(UID ((?:BODY|BINARY)\.PEEK\[[^\]]*\](?:<[^>]*>)?)", open(log, encoding="utf-8").read())


def test_a_large_message_opens_as_fast_as_its_text(t):
    content = os.urandom(BYTES)
    t.box().append(large(content))
    t.rc(t.imap(smtp=None, download="headers"))
    t.sync()
    log = f"{t.home}/log"
    with Terminal(t, "-d", log) as terminal:
        terminal.expect("large one")
        terminal.idle()
        began = time.monotonic()
        terminal.type("\r")
        terminal.expect("A short text with a long drawing")
        took = time.monotonic() - began
        print(f"opened after {took * 1000:.0f} ms")
        assert took < 2, took
        assert sum(size for _, size in cached(t)) < 10000, cached(t)
        # Killed in the middle of the attachment; what had come is there.
        terminal.type("v")
        terminal.expect("drawing.bin")
        terminal.idle()
        terminal.press(["j"])
        terminal.type("s")
        terminal.expect("ave")
        terminal.type("\x15" + f"{t.home}/drawing\r")
        until(lambda: any(s[0] == "~" and n > 300000 for s, n in cached(t)) or not terminal.pump(0.005),
              what="the first pieces are here")
        terminal.process.kill()
        terminal.wait()
    begun = {s: n for s, n in cached(t)}
    partial = [s for s in begun if s[0] == "~"]
    if partial:  # else it was done before it could be killed
        assert begun[partial[0]] > 300000
    with Terminal(t, "-d", log + "2") as terminal:
        terminal.expect("large one")
        terminal.idle()
        terminal.type("\r")
        terminal.expect("A short text with a long drawing")
        terminal.idle()
        terminal.type("v")
        terminal.expect("drawing.bin")
        terminal.idle()
        terminal.press(["j"])
        terminal.type("s")
        terminal.expect("ave")
        terminal.type("\x15" + f"{t.home}/drawing\r")
        until(lambda: os.path.exists(f"{t.home}/drawing") and os.path.getsize(f"{t.home}/drawing") == BYTES
              or not terminal.pump(0.02), what="the attachment is saved")
        terminal.type("x")
        assert terminal.wait() == 0
    assert hashlib.sha256(open(f"{t.home}/drawing", "rb").read()).digest() == hashlib.sha256(content).digest()
    asked = sections_asked(log + "2")
    assert asked[0].startswith("BINARY.PEEK[2]"), asked  # Dovecot undoes the base64
    assert bool(partial) == (not asked[0].startswith("BINARY.PEEK[2]<0.")), asked
    assert all(s[0] != "~" for s, _ in cached(t))


def test_many_are_stored_with_few_commands(t):
    fill(t, "first")
    t.rc(t.imap(smtp=None))
    t.sync()
    log = f"{t.home}/log"
    with open(f"{t.home}/box", "wb") as f:
        for n in range(40):
            f.write(b"From x Sat Nov 21 11:00:00 2026\n" +
                    message(f"imported {n}", mid=f"<i{n}@example.org>", lines=b"\n") + b"\n")
    t.expect(0, "import", f"{t.home}/box", "Archive")
    t.expect(0, "-d", log, "sync")
    t.sync()
    in_step(t, "INBOX", "Archive")
    assert len(t.box().uids("Archive")) == 40
    appends = re.findall(r"> p\d+ APPEND ", open(log, encoding="utf-8").read())
    assert 0 < len(appends) <= 3, len(appends)  # Dovecot has MULTIAPPEND


def test_many_are_changed_with_one_command(t):
    """Hundreds of UIDs without ranges, and a server that reads only 1000 octets of a command."""
    for limit, least, most in ((0, 1, 1), (1000, 2, 6)):
        t.fresh()
        for n in range(240):
            t.box().append(message(f"mail {n:03}", date=f"Sat, 21 Nov 2026 10:{n // 60:02}:{n % 60:02} +0000"))
        for n in range(0, 240, 2):
            t.box().expunge(f"mail {n:03}")
        more = {"imap-line-limit": limit} if limit else {}
        t.rc(t.imap(smtp=None, download="headers", **more))
        t.sync()
        log = f"{t.home}/log"
        with Terminal(t, "-d", log) as terminal:
            terminal.expect("mail 239")
            terminal.idle()
            terminal.type("T")
            terminal.expect("Tag messages")
            terminal.type("mail\r")
            terminal.expect("Tagged 120")
            terminal.idle()
            terminal.press([";", "F"])
            until(lambda: all(flags & 2 for _, flags in t.shown()) and not t.operations() or not terminal.pump(0.02),
                  what="replayed")
            terminal.type("x")
            assert terminal.wait() == 0
        in_step(t)
        lines = re.findall(r"> (p\d+ UID STORE .*)", open(log, encoding="utf-8").read())
        assert least <= len(lines) <= most, len(lines)
        assert all(len(line) + 2 <= (limit or 8000) for line in lines)
