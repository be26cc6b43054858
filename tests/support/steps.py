"""steps.py - what the tests on real servers have in common: filling, working at the screen, comparing."""
from support.home import message, until
from support.terminal import Terminal

BITS = {"\\seen": 1, "\\flagged": 2, "\\answered": 4, "\\deleted": 8, "\\draft": 16, "$forwarded": 32,
        "$junk": 64, "$notjunk": 128}


def fill(t, *subjects, folder="INBOX", flags=""):
    for n, subject in enumerate(subjects):
        t.box().append(message(subject, date=f"Sat, 21 Nov 2026 1{9 - n % 10}:00:00 +0000"), folder, flags)


def differences(t, folder, account="work"):
    """What is shown and what the server has, when they differ: subjects and flags."""
    there = sorted((s, sum(BITS.get(f.lower(), 0) for f in flags)) for s, flags in t.box().listing(folder))
    here = sorted(t.shown(account, folder))
    return None if here == there else f"{folder}: here {here}, there {there}"


def in_step(t, *folders, account="work"):
    """What is shown is what the server has, in every folder, and nothing waits."""
    for folder in folders or ("INBOX",):
        different = differences(t, folder, account)
        assert not different, different
    assert t.operations() == [], t.operations()


def screen(t, keys, *, offline=False, expect="first"):
    """A person at the keys; offline: with a server that cannot be reached."""
    with Terminal(t) as terminal:
        terminal.expect(expect)
        terminal.idle()
        for key in keys:
            assert terminal.press([key])
        if not offline:
            until(lambda: not t.operations() or not terminal.pump(0.02), what=f"replayed: {t.operations()}")
        terminal.type("x")
        assert terminal.wait() == 0, terminal.text[-1500:]


def offline(t):
    """The account's server is away; the store stays as it is."""
    t.rc(t.imap(imap=f"imaps://{t.ada}@localhost:1", smtp=None))
