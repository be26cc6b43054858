"""Folders and accounts: moves between accounts, renames here and elsewhere, names below a prefix."""
from support.home import message, until
from support.steps import fill, in_step, offline, screen
from support.terminal import Terminal


def two(t, **settings):
    t.rc(t.imap(smtp=None, **settings), t.imap(name="home", user=t.bob, smtp=None, **settings))


def ids(t):
    return dict(t.query("SELECT name, id FROM folder WHERE account = (SELECT id FROM account WHERE name = 'work')"))


def test_between_imap_accounts(t):
    """Moved and copied without a connection; then both servers have what the screen showed."""
    fill(t, "first", "second", "third", flags="\\Flagged")
    two(t)
    t.sync()
    two(t, imap=f"imaps://{t.ada}@localhost:1")
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        terminal.press(["s", *"home/Archive", "\r", "C", *"home/Archive", "\r"])
        until(lambda: len(t.operations()) == 2 or not terminal.pump(0.02), what="queued")
        terminal.type("x")
        assert terminal.wait() == 0
    assert sorted(t.shown_subjects("home", "Archive")) == ["first", "second"]
    assert t.box().subjects() == ["first", "second", "third"] and t.box(t.bob).subjects("Archive") == []
    two(t)
    for _ in range(3):  # the content; what it becomes; the deletion
        t.sync()
    assert t.box().subjects() == ["second", "third"]
    assert t.box(t.bob).subjects("Archive") == ["first", "second"]
    assert t.box(t.bob).flags("first", "Archive") >= {"\\Flagged"}
    assert t.operations() == [], t.operations()
    assert sorted(t.shown_subjects("home", "Archive")) == ["first", "second"]


def test_between_accounts_killed(t):
    """Killed at every step that is made safe, and begun again: there once, and nowhere else."""
    fill(t, "first")
    t.rc(t.imap(smtp=None), t.imap(name="home", user=t.bob, smtp=None))
    t.sync()
    for point, count in (("relay", 2), ("ops", 3)):
        for n in range(1, count + 1):
            t.fresh()
            t.box().append(message("first"))
            two(t)
            t.sync()
            two(t, imap=f"imaps://{t.ada}@localhost:1")
            screen(t, ["s", *"home/Archive", "\r"], offline=True)
            two(t)
            t.run("sync", env={"PINTAIL_CRASH_AT": f"{point}:{n}"})
            for _ in range(4):
                t.sync()
            assert t.operations() == [], (point, n, t.operations())
            assert t.box().subjects() == [], (point, n)
            assert t.box(t.bob).subjects("Archive") == ["first"], (point, n)


def renamed_here(t):
    t.box().create("Plans")
    t.box().create("Plans/2026")
    fill(t, "first")
    fill(t, "plan", folder="Plans/2026")
    t.rc(t.imap(smtp=None))
    t.sync()
    before = ids(t)
    offline(t)
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        terminal.press(["c", *"Plans", "\r"])
        terminal.press([":", *"folder-rename Ideen für später", "\r", "c", *"INBOX", "\r"])
        terminal.expect("Ideen für später")
        terminal.type("x")
        assert terminal.wait() == 0
    t.rc(t.imap(smtp=None))
    t.sync()
    t.sync()
    after = ids(t)
    assert after["Ideen für später"] == before["Plans"] and after["Ideen für später/2026"] == before["Plans/2026"], after
    assert "Plans" not in after and not any("Plans" in f for f in t.box().folders())
    assert t.shown_subjects("work", "Ideen für später/2026") == ["plan"] and t.operations() == []


def test_renamed_here(t):
    renamed_here(t)


def test_cyrus_renamed_here(t):
    renamed_here(t.on("cyrus"))


def test_cyrus_renamed_elsewhere(t):
    """With OBJECTID it is the same folder afterwards: nothing of it is fetched again."""
    t.on("cyrus")
    t.box().create("Work")
    fill(t, "one", "two", folder="Work")
    t.rc(t.imap(smtp=None))
    t.sync()
    before = t.query("SELECT id, uidvalidity, mailbox_id FROM folder WHERE name = 'Work'")
    rows = t.query("SELECT p.id FROM placement p JOIN folder f ON f.id = p.folder WHERE f.name = 'Work' ORDER BY 1")
    assert before[0][2], "its identity is not known"
    t.box().rename("Work", "Done")
    t.sync()
    assert t.query("SELECT id, uidvalidity, mailbox_id FROM folder WHERE name = 'Done'") == before
    assert t.query("SELECT p.id FROM placement p JOIN folder f ON f.id = p.folder WHERE f.name = 'Done' ORDER BY 1") == rows
    in_step(t, "Done")


def test_courier_prefix(t):
    """Names are typed and shown without the "INBOX." that the server wants before them."""
    t.on("courier")
    fill(t, "first")
    t.rc(t.imap(smtp=None))
    t.sync()
    with Terminal(t) as terminal:
        terminal.expect("first")
        terminal.idle()
        terminal.press([":", *"folder-create Plans", "\r"])
        until(lambda: "INBOX.Plans" in t.box().folders() or not terminal.pump(0.02), what="made")
        terminal.press(["s", *"Plans", "\r"])
        until(lambda: t.box().subjects("INBOX.Plans") == ["first"] or not terminal.pump(0.02), what="moved")
        terminal.press(["c", *"Plans", "\r"])
        terminal.press([":", *"folder-rename Attic", "\r"])
        until(lambda: "INBOX.Attic" in t.box().folders() or not terminal.pump(0.02), what="renamed")
        assert "INBOX.Plans" not in terminal.text
        terminal.type("x")
        assert terminal.wait() == 0
    assert t.operations() == []
