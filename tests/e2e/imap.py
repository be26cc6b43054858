"""The store kept in step with a real IMAP server, in both directions, online and after a time away."""
import os
import subprocess
from support.home import message, until
from support.steps import fill, in_step, offline, screen
from support.terminal import Terminal


def doveadm(t, *args):
    return subprocess.run(["doveadm", "-c", t.env["DOVECOT_CONF"], *args], check=True, capture_output=True,
                          env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}).stdout.decode()


def test_flags_from_another_client(t):
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None))
    t.sync()
    in_step(t)
    t.box().store("first", "+FLAGS", "\\Seen \\Flagged $Forwarded")
    t.box().store("second", "+FLAGS", "\\Answered \\Deleted")
    t.sync()
    in_step(t)
    assert dict(t.shown()) == {"first": 35, "second": 12, "third": 0}
    t.box().store("first", "-FLAGS", "\\Seen")
    t.box().store("third", "+FLAGS", "\\Seen")
    t.sync()
    in_step(t)
    assert t.expect(0, "status").out == "2\n"


def test_new_mail_and_expunge_by_another_client(t):
    fill(t, "first", "second", "third", "fourth")
    t.rc(t.imap(smtp=None))
    t.sync()
    t.box().expunge("second")
    t.box().expunge("fourth")
    fill(t, "fifth")
    t.sync()
    assert t.shown_subjects() == ["fifth", "first", "third"]
    in_step(t)
    for subject in ("first", "third", "fifth"):
        t.box().expunge(subject)
    t.sync()
    assert t.shown() == []


def test_changes_arrive_while_it_is_open(t):
    fill(t, "first")
    t.rc(t.imap(smtp=None))
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        fill(t, "pushed")
        terminal.expect("pushed", 10)
        t.box().store("first", "+FLAGS", "\\Flagged")
        until(lambda: dict(t.shown())["first"] & 2 or not terminal.pump(0.02), what="the flag arrives")
        t.box().expunge("pushed")
        until(lambda: t.shown_subjects() == ["first"] or not terminal.pump(0.02), what="it goes away")
        terminal.type("x")
        assert terminal.wait() == 0


def test_uidvalidity_change(t):
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None, download="all"))
    t.sync()
    t.box().close()
    del t.boxes[t.ada]
    # The same mailbox under new numbers: moved away, made anew, filled again.
    doveadm(t, "mailbox", "create", "-u", t.ada, "Old")
    doveadm(t, "move", "-u", t.ada, "Old", "mailbox", "INBOX", "all")
    doveadm(t, "mailbox", "update", "-u", t.ada, "--uid-validity", "4242", "INBOX")
    doveadm(t, "move", "-u", t.ada, "INBOX", "mailbox", "Old", "all")
    fill(t, "fourth")
    t.box().store("second", "+FLAGS", "\\Flagged")
    t.sync()
    in_step(t)
    assert t.shown_subjects() == ["first", "fourth", "second", "third"]
    t.sync()
    in_step(t)


def test_uidvalidity_change_with_changes_waiting(t):
    """What was done here meanwhile still reaches the messages, matched by what they are."""
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    screen(t, ["F", "j", "A"], offline=True)
    assert len(t.operations()) == 2
    t.box().close()
    del t.boxes[t.ada]
    doveadm(t, "mailbox", "create", "-u", t.ada, "Old")
    doveadm(t, "move", "-u", t.ada, "Old", "mailbox", "INBOX", "all")
    doveadm(t, "mailbox", "update", "-u", t.ada, "--uid-validity", "4343", "INBOX")
    doveadm(t, "move", "-u", t.ada, "INBOX", "mailbox", "Old", "all")
    t.rc(t.imap(smtp=None))
    t.sync()
    t.sync()
    in_step(t, "INBOX", "Archive")
    assert t.box().flags("first") == {"\\Flagged"}
    assert t.box().subjects() == ["first", "third"] and t.box().subjects("Archive") == ["second"]


def test_folder_vanished_created_renamed(t):
    t.box().create("Projects")
    t.box().create("Projects/Kölner Dom".encode("utf-7").decode().replace("+", "&"))
    fill(t, "plan", folder="Projects")
    t.rc(t.imap(smtp=None))
    t.sync()
    assert t.shown_subjects("work", "Projects") == ["plan"]
    assert [r[0] for r in t.query("SELECT name FROM folder WHERE name LIKE 'Projects/%'")] == ["Projects/Kölner Dom"]
    t.box().rename("Projects", "Done")
    t.box().create("New")
    fill(t, "fresh", folder="New")
    for _ in range(3):  # gone only after a second look
        t.sync()
    names = [r[0] for r in t.query("SELECT name FROM folder")]
    assert "Projects" not in names and "Done" in names and "New" in names, names
    assert t.shown_subjects("work", "Done") == ["plan"] and t.shown_subjects("work", "New") == ["fresh"]


def test_folder_vanished_with_changes_waiting(t):
    t.box().create("Doomed")
    fill(t, "first")
    fill(t, "one", "two", folder="Doomed")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    with open(f"{t.home}/box", "wb") as f:
        f.write(b"From x Sat Nov 21 11:00:00 2026\n" + message("only here", lines=b"\n") + b"\n")
    t.expect(0, "import", f"{t.home}/box", "work/Doomed")
    t.box().delete("Doomed")
    t.rc(t.imap(smtp=None))
    for _ in range(3):
        t.run("sync")
    # It exists only here: on the server again, or kept and told of; never gone without a word.
    kept = t.shown_subjects("work", "Doomed")
    assert "only here" in kept, (kept, t.operations(), t.box().folders())


def test_large_folder(t):
    """Two thousand messages: all are there, in a time that says steps are pipelined, and once more for free."""
    box = t.box()
    for n in range(0, 2000, 200):
        t.deliver(t.ada, *[message(f"number {i:04}") for i in range(n, n + 200)])
    t.rc(t.imap(smtp=None, download="headers"))
    t.sync(timeout=60)
    assert t.shown_subjects() == [f"number {n:04}" for n in range(2000)]
    assert t.expect(0, "status").out == "2000\n"
    for uid in range(100, 2000, 100):
        box.select()
        box.ok(box.imap.uid("store", str(uid), "+FLAGS", "(\\Seen)"))
    box.ok(box.imap.uid("store", "1:50", "+FLAGS", "(\\Deleted)"))
    box.ok(box.imap.expunge())
    t.expect(0, "-d", f"{t.home}/log", "sync")
    in_step(t)
    assert len(t.shown()) == 1950
    log = open(f"{t.home}/log", encoding="utf-8").read()
    assert "HEADER.FIELDS" not in log, "headers were fetched again"


def test_offline_changes_are_replayed(t):
    fill(t, "first", "second", "third", "fourth", "fifth")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    # Flag, archive, delete, copy to Junk by name, delete and undo.
    screen(t, ["F", "j", "A", "d", "N", "C", *"Junk", "\r", "j", "d", "u"], offline=True)
    waiting = len(t.operations())
    assert waiting >= 4, t.operations()
    assert t.expect(0, "status", "--format", "%p").out == "0\n"
    t.rc(t.imap(smtp=None))
    t.sync()
    in_step(t, "INBOX", "Archive", "Trash", "Junk")
    assert t.box().flags("first") == {"\\Flagged"}
    assert t.box().subjects("Archive") == ["second"] and t.box().subjects("Trash") == ["third"]
    assert t.box().subjects("Junk") == ["fourth"] and t.box().subjects() == ["fifth", "first", "fourth"]
    t.sync()
    in_step(t, "INBOX", "Archive", "Trash", "Junk")


def test_both_sides_changed_while_away(t):
    fill(t, "first", "second", "third")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    screen(t, ["F", "j", "A", "d"], offline=True)  # second to Archive, third to Trash
    t.box().store("first", "+FLAGS", "\\Answered")
    t.box().expunge("second")
    t.box().ok(t.box().imap.uid("copy", t.box().uids("INBOX", "SUBJECT", "third")[0], "Archive"))
    fill(t, "fourth")
    t.rc(t.imap(smtp=None))
    t.run("sync")
    t.run("sync")
    assert t.box().flags("first") == {"\\Flagged", "\\Answered"}
    assert t.box().subjects() == ["first", "fourth"] and t.box().subjects("Trash") == ["third"]
    assert t.box().subjects("Archive") == ["third"]
    assert t.shown_subjects() == ["first", "fourth"] and t.shown_subjects("work", "Trash") == ["third"]
    # The one that another client expunged is gone, or told of as a problem; it does not come back by itself.
    assert all(state == 2 for _, state, _ in t.operations()), t.operations()


def test_drafts_and_copies(t):
    fill(t, "first")
    t.rc(t.imap())
    t.sync()
    t.expect(0, "send", "-s", "sent one", f"{t.bob}@example.org", input=b"x\n")
    t.sync()
    assert t.box().flags("sent one", "Sent") == {"\\Seen"}
    in_step(t, "INBOX", "Sent")
    t.sync()
    assert len(t.box().uids("Sent")) == 1


def test_server_without_extensions(t):
    """No UIDPLUS, MOVE, LIST-STATUS, CONDSTORE, LITERAL+, IDLE: the plain path of RFC 3501."""
    directory = f"{t.directory}/plain"
    scripts = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../../scripts/servers")
    subprocess.run([scripts, "start", directory, "--any-user", "secret", "--imap-capability", "IMAP4rev1"], check=True)
    try:
        shared, t.env = t.env, dict(t.env)
        for line in open(f"{directory}/env", encoding="utf-8"):
            key, _, value = line.rstrip("\n").partition("=")
            t.env[key] = value.strip("'")
        fill(t, "first", "second", "third", "fourth")
        t.rc(t.imap(smtp=None))
        t.sync()
        in_step(t)
        screen(t, ["F", "j", "A", "d"])
        t.sync()
        in_step(t, "INBOX", "Archive", "Trash")
        assert {f: t.box().subjects(f) for f in ("INBOX", "Archive", "Trash")} == {
            "INBOX": ["first", "fourth"], "Archive": ["second"], "Trash": ["third"]}
        # Without UIDPLUS an EXPUNGE would take what another client has marked, too: it is not sent.
        t.box().store("fourth", "+FLAGS", "\\Deleted")
        t.sync()
        screen(t, ["d"], offline=True)
        t.sync()
        assert t.box().subjects() == ["first", "fourth"] and t.box().subjects("Trash") == ["third"]
        assert [state for _, state, _ in t.operations()] == [2], t.operations()
        t.box().store("fourth", "-FLAGS", "\\Deleted")
        screen(t, ["O", "r"])
        for _ in range(2):
            t.sync()
        assert t.box().subjects() == ["fourth"] and t.box().subjects("Trash") == ["first", "third"]
        assert t.operations() == []
        t.box().expunge("fourth")
        with open(f"{t.home}/box", "wb") as f:
            f.write(b"From x Sat Nov 21 11:00:00 2026\n" + message("imported", lines=b"\n") + b"\n")
        t.expect(0, "import", f"{t.home}/box", "Archive")
        for _ in range(3):
            t.sync()
        in_step(t, "INBOX", "Archive", "Trash")
        assert t.box().subjects("Archive") == ["imported", "second"]
    finally:
        for box in t.boxes.values():
            box.close()
        t.boxes, t.env = {}, shared
        subprocess.run([scripts, "stop", directory], check=True)


def test_read_only_changes_nothing(t):
    fill(t, "first", "second")
    t.rc(t.imap(smtp=None))
    t.sync()
    offline(t)
    screen(t, ["F"], offline=True)
    t.rc(t.imap(smtp=None))
    fill(t, "new")
    before = t.box().listing()
    t.expect(0, "-R", "-d", f"{t.home}/log", "sync")
    assert t.box().listing() == before and len(t.operations()) == 1
    log = "".join(line for line in open(f"{t.home}/log", encoding="utf-8") if " > " in line)
    for word in (" SELECT ", " STORE ", " APPEND ", " MOVE ", " COPY ", " EXPUNGE"):
        assert word not in log, word
    assert " EXAMINE " in log
