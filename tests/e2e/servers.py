"""The same work on three servers that differ as much as servers do.

Dovecot has nearly every extension; Cyrus has QRESYNC, other codes and other names; Courier has neither
CONDSTORE nor MOVE, LIST-STATUS or special uses, and keeps all folders below `INBOX.`.
"""
from support.home import message, until
from support.steps import differences, fill, in_step, offline, screen
from support.terminal import Terminal


class Place:
    """A Home on one of the servers; folders are called what that server calls them."""

    def __init__(self, t, server):
        self.t = t.on(server)
        self.prefix, self.delimiter = ("INBOX.", ".") if server == "courier" else ("", "/")

    def folder(self, name):
        return name if name == "INBOX" else self.prefix + name.replace("/", self.delimiter)

    def folders(self, *names):
        return [self.folder(name) for name in names]

    def settled(self, *names):
        """As a person would wait: nothing left to do, and both sides the same."""
        def problem():
            return self.t.operations() or next(filter(None, (differences(self.t, f) for f in self.folders(*names))), None)
        self.t.sync()
        if problem():
            self.t.sync()
        in_step(self.t, *self.folders(*names))


def first_sync(p):
    t = p.t
    fill(t, "first", "second", "third", flags="\\Seen")
    fill(t, "fourth")
    fill(t, "old one", folder=p.folder("Archive"))
    t.rc(t.imap(smtp=None, download="all"))
    t.sync()
    in_step(t, *p.folders("INBOX", "Archive", "Sent", "Drafts", "Trash", "Junk"))
    assert t.expect(0, "status").out == "1\n"  # INBOX only
    roles = t.query("SELECT count(DISTINCT role) FROM folder")
    assert roles == [(6,)] or roles == [(7,)], t.query("SELECT name, role FROM folder")


def read(p):
    t = p.t
    t.box().append(message("first", body="Only to be read here: 4711.\n"))
    t.rc(t.imap(smtp=None, download="headers"))
    t.sync()
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        terminal.type("\r")
        terminal.expect("4711")
        until(lambda: not t.operations() and t.box().flags("first") == {"\\Seen"} or not terminal.pump(0.02),
              what="marked as read on the server")
        terminal.type("x")
        assert terminal.wait() == 0


def flags_both_ways(p):
    t = p.t
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None))
    t.sync()
    t.box().store("second", "+FLAGS", "\\Answered \\Flagged")
    t.box().store("third", "+FLAGS", "$Forwarded \\Seen")
    screen(t, ["F"])
    p.settled("INBOX")
    assert t.box().flags("first") >= {"\\Flagged"} and dict(t.shown())["second"] & 6 == 6
    t.box().store("second", "-FLAGS", "\\Flagged")
    p.settled("INBOX")
    assert dict(t.shown())["second"] & 2 == 0


def delete_move_undo(p):
    t = p.t
    fill(t, "first", "second", "third", "fourth", "fifth")
    t.rc(t.imap(smtp=None))
    t.sync()
    screen(t, ["j", "d", "A", "d", "u"])  # second to Trash, third to Archive, fourth to Trash and back
    p.settled("INBOX", "Trash", "Archive")
    assert t.box().subjects() == ["fifth", "first", "fourth"]
    assert t.box().subjects(p.folder("Trash")) == ["second"]
    assert t.box().subjects(p.folder("Archive")) == ["third"]


def others_deletions_stay(p):
    """What another client has marked as deleted is not expunged with what goes away here."""
    t = p.t
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None))
    t.box().store("third", "+FLAGS", "\\Deleted")
    t.sync()
    screen(t, ["A"])
    p.settled("INBOX", "Archive")
    assert t.box().subjects() == ["second", "third"] and t.box().subjects(p.folder("Archive")) == ["first"]


def append_and_sent(p):
    t = p.t
    fill(t, "first")
    t.rc(t.imap())
    t.sync()
    t.expect(0, "send", "-s", "sent one", f"{t.bob}@example.org", input=b"x\n")
    with open(f"{t.home}/box", "wb") as f:
        for n in range(3):
            f.write(b"From x Sat Nov 21 11:00:00 2026\n" + message(f"imported {n}", lines=b"\n") + b"\n")
    t.expect(0, "import", f"{t.home}/box", p.folder("Archive"))
    p.settled("INBOX", "Sent", "Archive")
    assert t.box().listing(p.folder("Sent")) == [("sent one", {"\\Seen"})]
    assert t.box().subjects(p.folder("Archive")) == ["imported 0", "imported 1", "imported 2"]
    p.settled("Sent", "Archive")


def pushed(p):
    """It comes by itself, while the program is open."""
    t = p.t
    fill(t, "first")
    t.rc(t.imap(smtp=None))
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        fill(t, "pushed")
        terminal.expect("pushed", 15)
        t.box().store("first", "+FLAGS", "\\Flagged")
        until(lambda: dict(t.shown())["first"] & 2 or not terminal.pump(0.02), what="the flag arrives")
        t.box().expunge("pushed")
        until(lambda: t.shown_subjects() == ["first"] or not terminal.pump(0.02), what="it goes away")
        terminal.type("x")
        assert terminal.wait() == 0


def folders(p):
    """Made; made, renamed and deleted there."""
    t = p.t
    fill(t, "first")
    t.rc(t.imap(smtp=None))
    t.sync()
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        terminal.press([":", *f"folder-create {p.folder('Made')}", "\r", "C", *p.folder("Made"), "\r"])
        until(lambda: p.folder("Made") in t.box().folders() or not terminal.pump(0.02), what="it is made")
        terminal.type("x")
        assert terminal.wait() == 0
    t.box().create(p.folder("Projects"))
    t.box().create(p.folder("Projects/Sub"))
    fill(t, "plan", folder=p.folder("Projects/Sub"))
    t.sync()
    assert t.shown_subjects("work", p.folder("Projects/Sub")) == ["plan"]
    t.box().rename(p.folder("Projects/Sub"), p.folder("Projects/Done"))
    t.box().delete(p.folder("Made"))
    for _ in range(3):  # gone only after a second look
        t.sync()
    names = {r[0] for r in t.query("SELECT name FROM folder")}
    assert {p.folder("Projects/Sub"), p.folder("Made")} & names == set() and p.folder("Projects/Done") in names
    assert t.shown_subjects("work", p.folder("Projects/Done")) == ["plan"]


def renumbered(p):
    """A folder of the same name under a new UIDVALIDITY, while changes wait."""
    t = p.t
    name = p.folder("Projects")
    contents = [message(s) for s in ("first", "second", "third")]

    def fill_anew():
        t.box().create(name)
        for content in contents:
            t.box().append(content, name)
        t.box().select(name)
        return t.box().imap.response("UIDVALIDITY")[1][0]

    before = fill_anew()
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    t.box().select()
    def again():
        t.box().select()
        t.box().delete(name)
        return fill_anew() != before
    until(again, what="a new UIDVALIDITY")  # where it is the time, the second must pass
    fill(t, "fourth", folder=name)
    t.box().store("second", "+FLAGS", "\\Flagged", name)
    t.rc(t.imap(smtp=None))
    p.settled("Projects", "INBOX")
    assert t.shown_subjects("work", name) == ["first", "fourth", "second", "third"]
    p.settled("Projects")


def offline_changes(p):
    t = p.t
    fill(t, "first", "second", "third", "fourth", "fifth")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    # Flag, archive, delete, mark unread, copy by name, delete and undo.
    screen(t, ["F", "j", "A", "d", "N", "C", *p.folder("Junk"), "\r", "j", "d", "u"], offline=True)
    t.box().store("first", "+FLAGS", "\\Answered")
    fill(t, "sixth")
    t.rc(t.imap(smtp=None))
    p.settled("INBOX", "Archive", "Trash", "Junk")
    assert t.box().flags("first") - {"\\Recent"} == {"\\Flagged", "\\Answered"}
    assert t.box().subjects(p.folder("Archive")) == ["second"] and t.box().subjects(p.folder("Trash")) == ["third"]
    assert t.box().subjects(p.folder("Junk")) == ["fourth"]
    assert t.box().subjects() == ["fifth", "first", "fourth", "sixth"]


def both_sides_while_away(p):
    t = p.t
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    screen(t, ["F", "j", "A", "d"], offline=True)  # second to Archive, third to Trash
    t.box().expunge("second")
    fill(t, "fourth")
    t.rc(t.imap(smtp=None))
    t.run("sync")
    t.run("sync")
    assert t.box().subjects() == ["first", "fourth"] and t.box().subjects(p.folder("Trash")) == ["third"]
    assert t.box().subjects(p.folder("Archive")) == []
    assert t.shown_subjects() == ["first", "fourth"] and t.shown_subjects("work", p.folder("Trash")) == ["third"]
    # The one that another client expunged is gone, or told of; it does not come back by itself.
    assert all(state == 2 for _, state, _ in t.operations()), t.operations()


def many(p):
    """More than one step of headers; then holes, and changes in the middle."""
    t = p.t
    for n in range(400):
        t.box().append(message(f"number {n:03}"))
    t.rc(t.imap(smtp=None, download="headers"))
    t.sync()
    in_step(t)
    t.box().select()
    t.box().ok(t.box().imap.uid("store", "20:60,100", "+FLAGS", "(\\Deleted)"))
    t.box().ok(t.box().imap.expunge())
    t.box().ok(t.box().imap.uid("store", "200:230", "+FLAGS", "(\\Seen)"))
    t.expect(0, "-d", f"{t.home}/log", "sync")
    in_step(t)
    assert len(t.shown()) == 358
    assert "HEADER.FIELDS" not in open(f"{t.home}/log", encoding="utf-8").read(), "headers were fetched again"


def odd_names(p):
    t = p.t
    for name in ("Kölner Dom", "a & b", "with space"):
        encoded = name.encode("utf-7").decode().replace("&", "&-") if name.isascii() else "K&APY-lner Dom"
        t.box().create(p.folder(encoded))
        fill(t, f"in {name}", folder=p.folder(encoded))
    t.rc(t.imap(smtp=None))
    t.sync()
    for name in ("Kölner Dom", "a & b", "with space"):
        assert t.shown_subjects("work", p.folder(name)) == [f"in {name}"], t.query("SELECT name FROM folder")


def on_server(server, work):
    return lambda t: work(Place(t, server))


for _server in ("dovecot", "cyrus", "courier"):
    for _work in (first_sync, read, flags_both_ways, delete_move_undo, others_deletions_stay, append_and_sent, pushed,
                  folders, renumbered, offline_changes, both_sides_while_away, many, odd_names):
        globals()[f"test_{_server}_{_work.__name__}"] = on_server(_server, _work)
