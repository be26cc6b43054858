"""POP3: what stays on the server and what does not, large mail, poor servers, a line cut anywhere."""
import os
import re
from support.home import message, until
from support.pop3_server import Pop3Server
from support.terminal import Terminal

DAY = 86400
NOW = 1795262400


def ids(contents):
    return sorted(re.search(rb"(?im)^message-id:\s*(\S+)", c).group(1).decode() for c in contents)


def mail(*names, body="Hello.\n"):
    return [message(name, body, mid=f"<{name}@pop.example>") for name in names]


def scripted(t, server, **settings):
    """An account on the scripted server, which knows no TLS."""
    settings = {"keep": "never", **settings}
    return t.pop3(pop3=server.url(), smtp=None, tls="off", tls_ca=None, **settings)


def test_download_and_delete(t):
    t.deliver(t.bob, *mail("a", "b", "c"))
    t.rc(t.pop3())
    for _ in range(2):
        t.sync()
        assert ids(t.files().values()) == ["<a@pop.example>", "<b@pop.example>", "<c@pop.example>"]
        assert t.box(t.bob).uids() == []
    assert t.shown_subjects("pop") == ["a", "b", "c"] and t.expect(0, "status").out == "3\n"
    t.deliver(t.bob, *mail("d"))
    t.sync()
    assert t.shown_subjects("pop") == ["a", "b", "c", "d"]
    for name, content in t.files().items():
        assert b"\r" not in content and re.fullmatch(r"[^:/]+(:2,[A-Z]*)?", name), name


def test_keep_forever(t):
    t.deliver(t.bob, *mail("a", "b"))
    t.rc(t.pop3(keep="forever"))
    for _ in range(2):
        t.sync()
        assert len(t.files()) == 2 and len(t.box(t.bob).uids()) == 2
    # The database is lost: the UIDLs beside the Maildir remember, nothing comes twice.
    for name in os.listdir(t.data):
        if name.startswith(("store.db", "cache.db", "index.db")):
            os.unlink(f"{t.data}/{name}")
    t.sync()
    assert len(t.files()) == 2 and t.shown_subjects("pop") == ["a", "b"]


def test_keep_for_days(t):
    t.deliver(t.bob, *mail("a"))
    t.rc(t.pop3(keep="14d"))
    t.sync(0, env={"PINTAIL_NOW": str(NOW)})
    t.deliver(t.bob, *mail("b"))
    t.sync(0, env={"PINTAIL_NOW": str(NOW + 10 * DAY)})
    assert t.box(t.bob).subjects() == ["a", "b"]
    t.sync(0, env={"PINTAIL_NOW": str(NOW + 15 * DAY)})
    assert t.box(t.bob).subjects() == ["b"]
    t.sync(0, env={"PINTAIL_NOW": str(NOW + 25 * DAY)})
    assert t.box(t.bob).uids() == [] and t.shown_subjects("pop") == ["a", "b"]


def test_nothing_is_deleted_before_the_answer(t):
    t.deliver(t.bob, *mail("a", "b"))
    t.rc(t.pop3(keep=None))
    done = t.run("sync")
    assert "may mail be removed" in done.err, done
    assert t.shown_subjects("pop") == ["a", "b"] and len(t.box(t.bob).uids()) == 2


def test_server_without_uidl(t):
    for keep, left in (("never", 0), ("forever", 3)):
        t.fresh()
        server = Pop3Server(*mail("a", "b", "c"), uidl=False, capa=False)
        t.rc(scripted(t, server, keep=keep))
        for _ in range(3):
            t.sync()
            assert ids(t.files().values()) == ["<a@pop.example>", "<b@pop.example>", "<c@pop.example>"]
            assert len(server.messages) == left
        server.add(mail("d")[0])
        t.sync()
        assert len(t.files()) == 4 and t.shown_subjects("pop") == ["a", "b", "c", "d"]


def test_contents_arrive_whole(t):
    bodies = [".\n..\n.x\n", "x" * 3000 + "\n", "", "no end", "caf\u00e9\n" * 3, "\n\n\n"]
    sent = [message(f"m{n}", body, mid=f"<{n}@pop.example>") for n, body in enumerate(bodies)]
    sent.append(b"Subject: raw\r\nMessage-ID: <raw@pop.example>\r\n\r\n\x00\xff\x01 binary\r\n")
    for pipelining in (True, False):
        t.fresh()
        server = Pop3Server(*sent, pipelining=pipelining)
        t.rc(scripted(t, server))
        t.sync()
        got = sorted(c.rstrip(b"\n") for c in t.files().values())
        assert got == sorted(m.replace(b"\r\n", b"\n").rstrip(b"\n") for m in sent)


def test_large_mail_is_listed_first(t):
    large = message("large", "y" * 70 + "\n" + ("z" * 70 + "\n") * 20000, mid="<large@pop.example>")
    server = Pop3Server(*mail("small"), large)
    t.rc(scripted(t, server, pop3_max_size="1M"))
    t.sync()
    assert t.shown_subjects("pop") == ["large", "small"]
    assert not any(c == "RETR 2" for c in server.commands), server.commands
    assert len(server.messages) == 1, "the large one stays until it is here"
    with Terminal(t) as terminal:
        terminal.expect("large")
        terminal.idle()
        for key in ("j", "\r"):
            assert terminal.press([key])
        until(lambda: any(len(c) > 1000000 for c in t.files().values()) or not terminal.pump(0.05), what="it is here whole")
        terminal.type("x")
        assert terminal.wait() == 0
    t.sync()
    assert server.messages == [] and len(t.files()) == 2
    whole = next(c for c in t.files().values() if b"<large@" in c)
    assert whole == large.replace(b"\r\n", b"\n")


def test_large_mail_without_top(t):
    large = message("large", ("z" * 70 + "\n") * 20000, mid="<large@pop.example>")
    server = Pop3Server(large, top=False)
    t.rc(scripted(t, server, pop3_max_size="1M"))
    t.run("sync")
    assert len(server.messages) + len(t.files()) >= 1, "it is nowhere"
    assert len(server.messages) == 1 or any(len(c) > 1000000 for c in t.files().values())


def cut_everywhere(t, *, step=1, **options):
    """The connection ends before line 1, 2, 3 ... of the server; afterwards each is here once, and none there."""
    names = ["a", "b", "c"]
    for cut in range(1, 400, step):
        t.fresh()
        server = Pop3Server(*mail(*names), **options)
        t.rc(scripted(t, server))
        server.cut = cut
        t.run("sync")
        was_cut = server.lines >= cut
        here, there = ids(t.files().values()) if t.query("SELECT 1") else [], ids(server.messages)
        assert set(here) | set(there) == {f"<{n}@pop.example>" for n in names}, f"cut at {cut}: lost"
        server.cut = 0
        for _ in range(2):
            t.sync()
        assert ids(t.files().values()) == [f"<{n}@pop.example>" for n in names], f"cut at {cut}"
        assert server.messages == [] and t.shown_subjects("pop") == names, f"cut at {cut}"
        if not was_cut:
            assert cut > 20
            return
    raise AssertionError("it never came through")


def test_cut_at_every_line(t):
    cut_everywhere(t)


def test_cut_at_every_line_without_uidl(t):
    cut_everywhere(t, uidl=False, capa=False, step=2)


def test_deleting_here_and_there(t):
    t.deliver(t.bob, *mail("a", "b"))
    for there, left in (("no", ["a", "b"]), ("yes", ["b"])):
        t.fresh()
        t.deliver(t.bob, *mail("a", "b"))
        t.rc(t.pop3(keep="forever", pop3_delete_on_server=there, smtp=None))
        t.sync()
        with Terminal(t) as terminal:
            terminal.expect("Hello")
            terminal.idle()
            for key in ("/", "a", "\r", "d"):
                assert terminal.press([key])
            until(lambda: t.shown_subjects("pop", "Trash") == ["a"] or not terminal.pump(0.02), what="it is in Trash")
            terminal.type("x")
            assert terminal.wait() == 0
        t.sync()
        t.sync()
        assert t.shown_subjects("pop") == ["b"], "it came back"
        assert t.box(t.bob).subjects() in (left, ["a", "b"]), (there, t.box(t.bob).subjects())


def test_two_accounts_on_one_mailbox_stay_apart(t):
    t.deliver(t.bob, *mail("a"))
    t.rc(t.pop3(name="one", keep="forever"), t.pop3(name="two", keep="forever"))
    t.sync()
    assert t.shown_subjects("one") == ["a"] and t.shown_subjects("two") == ["a"]
    assert len(t.files("one")) == 1 and len(t.files("two")) == 1
