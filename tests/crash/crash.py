"""The program is killed at each of its steps (PINTAIL_CRASH_AT, crash_point.h), started again, and must
come to the same end: every message exactly once, every change that was stored applied, nothing sent twice.

Each sweep counts N up from 1 until the program gets through without being killed; a sweep in which it was
never killed has tested nothing, and fails. `make crash-deep` (PINTAIL_DEEP) adds more kinds of mail, and
kills again in the run that recovers."""
import glob
import signal
from support.crash_common import DEEP, LATER, ids
from support.home import message, until
from support.terminal import Terminal

FLAGS = {"\\Seen": 1, "\\Flagged": 2, "\\Answered": 4, "\\Deleted": 8}


def sweep(t, name, step, least):
    """step(point) prepares, runs with that crash point, checks; FALSE when it was not killed."""
    for n in range(1, 400):
        t.fresh()
        try:
            killed = step(f"{name}:{n}")
        except AssertionError as e:
            raise AssertionError(f"killed at {name}:{n}: {e}") from e
        if not killed:
            print(f"{name}: {n - 1} steps")
            assert n > least, f"only {n - 1} steps of {name} were passed"
            return
    raise AssertionError(f"{name} has no end")


def recover(t, point, *args, env=None):
    """The next start; in the deep sweep it is killed as well, and the one after that recovers."""
    if DEEP:
        n = int(point.partition(":")[2])
        t.crash(f"{point.partition(':')[0]}:{n % 5 + 1}", *args)
    return t.run(*args, env=env)


# ---- POP3 ----

def pop3_step(t, point, keep, then_kept, **settings):
    same = message("the same twice", mid="<twice@example.org>")
    mail = [message("first", mid="<1@example.org>"), same, message("big", "x" * 3000, mid="<3@example.org>"), same]
    t.deliver(t.bob, *mail)
    t.rc(t.pop3(keep=keep, smtp=None, **settings))
    if not t.crash(point, "sync"):
        killed = False
    else:
        killed = True
        if then_kept == 0:  # the order of RFC and fsync: what is gone there is whole here
            left = len(t.box(t.bob).uids())
            t.box(t.bob).close()
            del t.boxes[t.bob]
            assert len(whole_files(t)) + left >= 4, f"{len(whole_files(t))} here, {left} there"
    for _ in range(2):
        done = recover(t, point, "sync")
        assert done.status == 0, done
    found = ids(t.files().values())
    assert found == ["<1@example.org>", "<3@example.org>", "<twice@example.org>", "<twice@example.org>"], found
    assert len(t.shown("pop")) == 4, t.shown("pop")
    there = t.box(t.bob)
    assert len(there.uids()) == then_kept, f"{len(there.uids())} on the server"
    return killed


def whole_files(t):
    return glob.glob(f"{t.data}/mail/pop/INBOX/new/*") + glob.glob(f"{t.data}/mail/pop/INBOX/cur/*")


def test_pop3_download_and_delete(t):
    sweep(t, "pop3", lambda point: pop3_step(t, point, "never", 0), 8)


def test_pop3_keep(t):
    sweep(t, "pop3", lambda point: pop3_step(t, point, "forever", 4), 4)


# ---- sending ----

def outbox_step(t, point):
    t.rc(t.imap(download="headers"))
    t.sync()
    killed = t.crash(point, "send", "-s", "once", f"{t.ada}@example.org", input=b"hello\n")
    stored = glob.glob(f"{t.data}/outbox/*.eml")
    known = t.outbox()
    for _ in range(2):
        done = recover(t, point, "sync", env=LATER)
    arrived = t.box().subjects().count("once")
    left = t.outbox()
    assert arrived <= 1, f"sent {arrived} times"
    assert not known or stored or arrived, "the entry has lost its file"
    unknown = [row for row in left if row[0] == 2]
    # Killed before it said that the message is queued: it is shown, and the person decides.
    shown = killed and not known and [row for row in left if row[0] == 3]
    if (stored or not killed) and not unknown and not shown:
        assert arrived == 1, f"not sent: {left} {done}"
    if unknown:
        assert "once" in done.err, f"nobody is asked: {done}"
    elif arrived:
        assert left == [], left
        assert t.box().subjects("Sent") == ["once"], t.box().subjects("Sent")
        assert glob.glob(f"{t.data}/outbox/*.eml") == []
    return killed


def test_outbox(t):
    sweep(t, "outbox", lambda point: outbox_step(t, point), 8)


# ---- changes, and their replay ----

def server_state(t):
    """{folder: [(subject, flag bits)]}, sorted."""
    box, state = t.box(), {}
    for folder in ("INBOX", "Archive", "Trash"):
        state[folder] = sorted((s, sum(FLAGS.get(f, 0) for f in flags)) for s, flags in box.listing(folder))
    return state


def shown_state(t):
    return {folder: sorted(t.shown("work", folder)) for folder in ("INBOX", "Archive", "Trash")}


def drive(t, point, keys):
    """The keys of a person, one by one; TRUE when the program was killed meanwhile."""
    with Terminal(t, env={"PINTAIL_CRASH_AT": point} if point else None) as terminal:
        try:
            terminal.expect("first")
            terminal.idle()
            for key in keys:
                if not terminal.press([key]):
                    break
            until(lambda: terminal.process.poll() is not None or not t.operations() or not terminal.pump(0.02),
                  what=f"everything is replayed: {t.operations()}")
            if terminal.process.poll() is None:
                terminal.type("x")
        except AssertionError:
            if terminal.process.poll() is None:
                raise
        except OSError:
            pass  # it ended while a key was typed
        return terminal.wait() == -signal.SIGKILL


def change_step(t, point, keys):
    for n, subject in enumerate(("first", "second", "third", "fourth")):
        t.box().append(message(subject, date=f"Sat, 21 Nov 2026 1{9 - n}:00:00 +0000"))
    t.rc(t.imap(smtp=None))
    t.sync()
    killed = drive(t, point, keys)
    wanted = shown_state(t)  # what is stored is what the person saw
    # An undo is stored as an intent first, then applied: then the next start completes it.
    if t.query("SELECT 1 FROM undo_group WHERE state IN (1, 2)"):
        wanted = None
    for _ in range(2):
        done = recover(t, point, "sync")
        assert done.status == 0, done
    assert t.operations() == [], t.operations()
    there, here = server_state(t), shown_state(t)
    everything = sorted(s for rows in there.values() for s, _ in rows)
    assert everything == ["first", "fourth", "second", "third"], f"a message is lost or doubled: {there}"
    assert there == here, f"there {there}, here {here}"
    assert wanted in (None, there), f"stored was {wanted}, it became {there}"
    return killed


KEYS = ["F", "j", "A", "N", "d", "u", "F"]


def test_flags_and_moves(t):
    sweep(t, "change", lambda point: change_step(t, point, KEYS), 5)


def test_replay(t):
    sweep(t, "ops", lambda point: change_step(t, point, KEYS), 5)


# ---- storing messages: import is a row of appends ----

def append_step(t, point, account, folder):
    with open(f"{t.home}/box", "wb") as f:
        for n in range(3):
            f.write(b"From grace@example.org Sat Nov 21 11:00:00 2026\n"
                    + message(f"number {n}", mid=f"<{n}@append.example>", lines=b"\n") + b"\n")
    t.rc(t.imap(smtp=None), t.pop3(smtp=None))
    t.sync()
    killed = t.crash(point, "import", f"{t.home}/box", f"{account}/{folder}")
    recover(t, point, "import", f"{t.home}/box", f"{account}/{folder}")
    for _ in range(2):
        t.sync()
    wanted = ["number 0", "number 1", "number 2"]
    assert t.shown_subjects(account, folder) == wanted, t.shown_subjects(account, folder)
    if account == "work":
        assert t.box().subjects(folder) == wanted, t.box().subjects(folder)
    else:
        assert len(t.files(account, folder)) == 3
    return killed


def test_append_to_imap(t):
    sweep(t, "append", lambda point: append_step(t, point, "work", "Archive"), 5)


def test_append_to_local(t):
    sweep(t, "append", lambda point: append_step(t, point, "pop", "Archive"), 5)


def test_replay_of_appends(t):
    def step(point):
        with open(f"{t.home}/box", "wb") as f:
            for n in range(2):
                f.write(b"From grace@example.org Sat Nov 21 11:00:00 2026\n"
                        + message(f"number {n}", mid=f"<{n}@append.example>", lines=b"\n") + b"\n")
        t.rc(t.imap(smtp=None))
        t.sync()
        t.expect(0, "import", f"{t.home}/box", "work/Archive")
        killed = t.crash(point, "sync")
        for _ in range(2):
            done = recover(t, point, "sync")
            assert done.status == 0, done
        assert t.box().subjects("Archive") == ["number 0", "number 1"], t.box().subjects("Archive")
        assert t.operations() == []
        return killed
    sweep(t, "ops", step, 3)
