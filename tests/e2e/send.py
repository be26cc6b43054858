"""`pintail send` through real submission servers: what arrives, and what becomes of what does not."""
import base64
import email
import email.policy
import os
import socket
import unittest
from support.home import PASSWORD, until


def dead_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def postfix(t, tls=True):
    if "POSTFIX_PORT" not in t.env:
        raise unittest.SkipTest("needs root and Postfix")
    port = t.env["POSTFIX_TLS_PORT" if tls else "POSTFIX_PORT"]
    return f"smtp{'s' if tls else ''}://{t.ada}@localhost:{port}"


def arrived(t, user, count=1):
    """The whole messages in a user's INBOX, once there are that many."""
    until(lambda: len(t.box(user).uids()) >= count, what=f"{count} messages for {user}")
    found = t.box(user).content()
    assert len(found) == count, f"{len(found)} messages, not {count}"
    return [email.message_from_bytes(m, policy=email.policy.default) for m in found]


def text(m):
    return m.get_content().replace("\r\n", "\n")


def send(t, status, *args, content=b"hello\n", **kwargs):
    return t.expect(status, "send", *args, input=content, **kwargs)


def test_recipients_and_headers(t):
    t.rc(t.imap())
    carol = t.ada.replace("-ada", "-carol")
    send(t, 0, "-s", "Grüße aus Köln", "-c", f"{t.bob}@example.org", "-b", f"{carol}@example.org",
         "-b", "hidden@example.com", f"{t.ada}@example.org")
    for user in (t.ada, t.bob, carol):
        (m,) = arrived(t, user)
        assert m["Subject"] == "Grüße aus Köln" and m["To"] == f"{t.ada}@example.org"
        assert m["Cc"] == f"{t.bob}@example.org" and m["Bcc"] is None
        assert (user == carol or carol not in str(m)) and "hidden" not in str(m), "a blind copy is seen by others"
        assert text(m) == "hello\n" and m["Message-ID"] and m["Date"]
    (kept,) = t.kept(f"To: {t.ada}@example.org")
    assert b"X-Envelope-To: hidden@example.com\r\n" in kept and kept.count(b"hidden") == 1
    assert t.outbox() == []
    t.sync()
    (copy,) = t.box().content("Sent")
    copy = email.message_from_bytes(copy, policy=email.policy.default)
    assert copy["Subject"] == "Grüße aus Köln" and copy["Bcc"] is None
    t.sync()
    assert len(t.box().content("Sent")) == 1, "the copy is stored once"


HARD = ("Grüße, 山田さん, \U0001f600\n.\n..\n.dot at the start\n" + "x" * 5000 + "\nFrom here on\n"
        + "trailing blanks   \n\n.\nend without a line end").encode()


def check_hard(m):
    assert text(m).rstrip("\n") == HARD.decode(), text(m)


def test_hard_text(t):
    t.rc(t.imap())
    send(t, 0, "-s", "hard", f"{t.ada}@example.org", content=HARD)
    check_hard(arrived(t, t.ada)[0])


def test_hard_text_through_postfix(t):
    for number, tls in enumerate((True, False), 1):
        t.rc(t.imap(smtp=postfix(t, tls)))
        send(t, 0, "-s", "hard", f"{t.ada}@example.org", content=HARD)
        for m in arrived(t, t.ada, number):
            check_hard(m)
    raw = t.box().content()[0]
    assert all(len(line) <= 998 for line in raw.split(b"\r\n")), "a line above RFC 5322's limit"


def test_attachments_are_identical(t):
    files = {"picture.bin": os.urandom(300000), "text.txt": b"one\r\ntwo\n.\n\nFrom x\nno end",
             "Zürich 数字.csv": "a;b\nü;é\n".encode(), "empty": b"", "nul.dat": b"\0" * 1000 + b"\r\r\n"}
    for name, content in files.items():
        with open(f"{t.home}/{name}", "wb") as f:
            f.write(content)
    for smtp in ((None, "POSTFIX_PORT") if "POSTFIX_PORT" in t.env else (None,)):
        t.rc(t.imap(**({"smtp": postfix(t)} if smtp else {})))
        send(t, 0, "-s", "files", "-a", *files, "--", f"{t.ada}@example.org")
    for m in arrived(t, t.ada, 2 if "POSTFIX_PORT" in t.env else 1):
        got = {p.get_filename(): p.get_payload(decode=True) for p in m.iter_attachments()}
        assert got.keys() == files.keys(), got.keys()
        for name in files:
            assert got[name] == files[name], f"{name} is not the same"
        assert text(m.get_body()) == "hello\n"
    done = send(t, 66, "-a", "missing", "--", f"{t.ada}@example.org")
    assert "missing" in done.err and t.outbox() == [], done


def test_large_message(t):
    t.rc(t.imap())
    big = base64.encodebytes(os.urandom(6 << 20))
    send(t, 0, "-s", "large", f"{t.ada}@example.org", content=big)
    (m,) = arrived(t, t.ada)
    assert text(m).encode() == big


def test_refused_recipient_is_69(t):
    for smtp in ((None, 1) if "POSTFIX_PORT" in t.env else (None,)):
        t.fresh()
        t.rc(t.imap(**({"smtp": postfix(t)} if smtp else {})))
        done = send(t, 69, "-s", "nobody", "unknown@example.org")
        assert "5.1.1" in done.err and "no such user" in done.err and "outbox" in done.err, done.err
        ((state, subject, words),) = t.outbox()
        assert (state, subject) == (3, "nobody") and "no such user" in words
        # One is refused, the other gets it, once, and never again.
        done = send(t, 69, "-s", "half", "unknown@example.org", f"{t.ada}@example.org")
        assert "unknown@example.org" in done.err and t.ada not in done.err.split("\n")[0], done.err
        arrived(t, t.ada)
        t.run("sync")
        assert len(t.outbox()) == 2
        arrived(t, t.ada)


def test_temporary_trouble_is_75(t):
    t.rc(t.imap())
    done = send(t, 75, "-s", "later", "later@example.org")
    assert "4.3.0" in done.err and "outbox" in done.err, done.err
    assert [row[:2] for row in t.outbox()] == [(0, "later")]
    done = send(t, 75, "-s", "partly", "later@example.org", f"{t.ada}@example.org")
    arrived(t, t.ada)
    t.run("sync")  # too early to try again
    arrived(t, t.ada)
    assert len(t.outbox()) == 2


def test_server_down_keeps_it(t):
    port = dead_port()
    t.rc(t.imap(smtp=f"smtps://{t.ada}@localhost:{port}"))
    done = send(t, 75, "-s", "queued", f"{t.ada}@example.org", content=b"precious\n")
    assert f"localhost:{port}" in done.err and "outbox" in done.err, done.err
    assert [row[:2] for row in t.outbox()] == [(0, "queued")]
    assert t.expect(0, "status", "--format", "%o").out == "1\n"
    t.rc(t.imap())
    t.expect(0, "send", "-s", "second", f"{t.ada}@example.org", input=b"x\n", env={})
    # A later run (its pause is over) takes the first one along.
    from datetime import datetime, timezone, timedelta
    later = str(int((datetime.now(timezone.utc) + timedelta(hours=5)).timestamp()))
    t.sync(0, env={"PINTAIL_NOW": later})
    assert sorted(m["Subject"] for m in arrived(t, t.ada, 2)) == ["queued", "second"]
    assert t.outbox() == []


def test_wrong_password_is_77(t):
    for smtp in ((None, 1) if "POSTFIX_PORT" in t.env else (None,)):
        t.fresh()
        t.rc(t.imap(password="swordfish", **({"smtp": postfix(t)} if smtp else {})))
        done = send(t, 77, "-s", "queued", f"{t.ada}@example.org")
        assert "localhost" in done.err and "535" in done.err or "uthentication" in done.err, done.err
        assert "swordfish" not in done.err and "outbox" in done.err
        assert [row[:2] for row in t.outbox()] == [(0, "queued")]


def test_smtp_password_of_its_own(t):
    t.rc(t.imap(password="swordfish", smtp_password=PASSWORD))
    send(t, 0, "-s", "x", f"{t.ada}@example.org")
    arrived(t, t.ada)


def test_lost_reply_is_never_repeated(t):
    """`maybe`: the others got it although the reply to the final dot never came."""
    t.rc(t.imap())
    done = send(t, 75, "-s", "perhaps", "maybe@example.org", f"{t.ada}@example.org")
    assert "may have been sent" in done.err, done.err
    arrived(t, t.ada)
    assert [row[:2] for row in t.outbox()] == [(2, "perhaps")]
    for _ in range(2):
        done = t.run("sync", env={"PINTAIL_NOW": "1900000000"})
        assert "may have been sent" in done.err, done.err
    arrived(t, t.ada)


def test_wrong_recipients_are_64(t):
    t.rc(t.imap(), "alias grace Grace Hopper <grace@example.com>")
    for words in (["not an address"], ["a@b@c"], ["ada@example.org\r\nBcc: x@example.org"], ["-c", "@", "ada@example.org"]):
        done = send(t, 64, *words)
        assert "address" in done.err, (words, done)
    assert not os.path.exists(f"{t.data}/store.db") or t.outbox() == []
    send(t, 0, "-s", f"to the alias of {t.ada}", "grace")
    (kept,) = t.kept(f"to the alias of {t.ada}")
    assert b"To: Grace Hopper <grace@example.com>\r\n" in kept
    done = send(t, 64, "--account", "none", "ada@example.org")
    assert "none" in done.err
    done = t.run("-R", "send", "ada@example.org", input=b"x")
    assert done.status == 64, done


def test_header_injection(t):
    t.rc(t.imap())
    send(t, 0, "-s", "one\r\nBcc: evil@example.com\n\nbody", f"{t.ada}@example.org")
    (m,) = arrived(t, t.ada)
    assert m["Bcc"] is None and text(m) == "hello\n", str(m)


def test_empty_and_binary_input(t):
    t.rc(t.imap())
    send(t, 0, f"{t.ada}@example.org", content=b"")
    send(t, 0, "-s", "latin", f"{t.ada}@example.org", content=b"caf\xe9 \0 \x1b[31m\n")
    texts = [m.get_content().strip() for m in arrived(t, t.ada, 2)]
    assert "" in texts and any(w.startswith("caf") for w in texts), texts


def test_no_copy_and_folder_for_copies(t):
    t.rc(t.imap(sent="none"))
    send(t, 0, "-s", "no copy", f"{t.ada}@example.org")
    t.sync()
    assert t.box().subjects("Sent") == []
    t.box().create("Copies")
    t.rc(t.imap(sent="Copies"))
    t.sync()
    send(t, 0, "-s", "copy", f"{t.ada}@example.org")
    t.sync()
    assert (t.box().subjects("Copies"), t.box().subjects("Sent")) == (["copy"], []), t.box().subjects("Sent")
    assert t.box().flags("copy", "Copies") == {"\\Seen"}


def test_pop3_account_keeps_a_copy(t):
    t.rc(t.pop3())
    send(t, 0, "-s", "from pop", f"{t.bob}@example.org")
    assert t.shown("pop", "Sent") == [("from pop", 1)]
    t.sync()
    assert t.shown_subjects("pop", "INBOX") == ["from pop"]
