"""A full disk: from the N-th call of one kind on, the system says "No space left on device"; and a small disk
that is really full.

The person is told, by path and reason; what was there is there afterwards, and the next run with room
completes everything: nothing lost, nothing twice, no empty file taken for mail. System calls are counted
name by name; the deep sweep (PINTAIL_DEEP) takes each N."""
import glob
import os
import shutil
import subprocess
import unittest
from support.home import message
from support.crash_common import DEEP, LATER, ids

CALLS = ("fsync", "fdatasync", "pwrite64", "ftruncate")
POINTS = range(1, 120) if DEEP else (1, 2, 4, 7, 12, 20)


def full_disk(t, call, n, *args, **kwargs):
    """TRUE when the fault was met."""
    if not shutil.which("strace"):
        raise unittest.SkipTest("needs strace")
    log = f"{t.home}/strace"
    done = t.run(*args, wrap=["strace", "-f", "-qq", "-o", log, "-e", f"trace={call}",
                              "-e", f"inject={call}:error=ENOSPC:when={n}+"], **kwargs)
    met = "(INJECTED)" in open(log, encoding="utf-8", errors="replace").read()
    return met, done


def told(done, call=None):
    """Nothing fails in silence, and "disk full" is said where that is the reason."""
    assert done.status >= 0, f"ended by signal {-done.status}"
    if call != "ftruncate" and done.status != 0:
        assert "No space left" in done.err or "full" in done.err, f"does not say why: {done}"


def sweep(t, step):
    for call in CALLS:
        for n in POINTS:
            t.fresh()
            try:
                met = step(call, n)
            except AssertionError as e:
                raise AssertionError(f"{call}, from the call {n} on: {e}") from e
            if not met:
                break


def test_pop3_download(t):
    def step(call, n):
        t.deliver(t.bob, *[message(f"m{i}", "x" * 2000, mid=f"<{i}@full.example>") for i in range(3)])
        t.rc(t.pop3(smtp=None))
        met, done = full_disk(t, call, n, "sync")
        told(done, call)
        here = [f for sub in ("new", "cur") for f in glob.glob(f"{t.data}/mail/pop/INBOX/{sub}/*")]
        assert all(os.path.getsize(f) > 2000 for f in here), "half a message in the Maildir"
        there = t.box(t.bob).content()
        t.box(t.bob).close()
        del t.boxes[t.bob]
        assert len(set(ids(there)) | set(ids(open(f, "rb").read() for f in here))) == 3, "a message is lost"
        for _ in range(2):
            t.sync()
        assert ids(t.files().values()) == [f"<{i}@full.example>" for i in range(3)]
        assert t.box(t.bob).uids() == [] and len(t.shown("pop")) == 3
        return met
    sweep(t, step)


def test_sending(t):
    def step(call, n):
        t.rc(t.imap(download="headers"))
        t.sync()
        met, done = full_disk(t, call, n, "send", "-s", "once", f"{t.ada}@example.org", input=b"hello\n")
        told(done, call)
        known = t.outbox()
        t.run("sync", env=LATER)
        t.run("sync", env=LATER)
        arrived = t.box().subjects().count("once")
        assert arrived <= 1, f"sent {arrived} times"
        if done.status == 0:
            assert arrived == 1, "it said that it was sent"
        if known and not [row for row in t.outbox() if row[0] in (2, 3)]:
            assert arrived == 1, f"queued, and gone: {t.outbox()}"
        return met
    sweep(t, step)


class SmallDisk:
    """The directory of the store on a file system of its own, of so many KiB."""

    def __init__(self, t, kib):
        self.path = os.path.dirname(t.data)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k,mode=700", "tmpfs", self.path],
                              capture_output=True)
        if done.returncode:
            raise unittest.SkipTest("cannot mount a small file system")

    def __enter__(self):
        return self

    def grow(self):
        subprocess.run(["mount", "-o", "remount,size=64m", self.path], check=True)

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", self.path], check=True)


def really_full(t, step):
    if os.getuid() != 0:
        raise unittest.SkipTest("needs root")
    fits = False
    for kib in range(8, 3000, 40) if DEEP else (16, 120, 300, 500, 700, 1000, 3000):
        t.fresh()
        try:
            with SmallDisk(t, kib) as disk:
                fits = step(disk)
        except AssertionError as e:
            raise AssertionError(f"a disk of {kib} KiB: {e}") from e
    assert fits, "even the largest was too small"


def test_small_disk_pop3(t):
    def step(disk):
        t.deliver(t.bob, *[message(f"m{i}", ("x" * 70 + "\n") * 700, mid=f"<{i}@full.example>") for i in range(8)])
        t.rc(t.pop3(smtp=None))
        done = t.run("sync")
        told(done)
        here = [f for sub in ("new", "cur") for f in glob.glob(f"{t.data}/mail/pop/INBOX/{sub}/*")]
        assert all(os.path.getsize(f) > 49000 for f in here), "half a message in the Maildir"
        there = t.box(t.bob).content()
        t.box(t.bob).close()
        del t.boxes[t.bob]
        both = set(ids(there)) | set(ids(open(f, "rb").read() for f in here))
        assert len(both) == 8, f"a message is lost: {len(here)} here, {len(there)} there"
        disk.grow()
        for _ in range(2):
            t.sync()
        assert ids(t.files().values()) == [f"<{i}@full.example>" for i in range(8)]
        assert t.box(t.bob).uids() == [] and len(t.shown("pop")) == 8
        return done.status == 0
    really_full(t, step)


def test_small_disk_send(t):
    def step(disk):
        t.rc(t.imap(download="headers"))
        done = t.run("send", "-s", "once", f"{t.ada}@example.org", input=b"hello, hello, hello\n" * 10000)
        told(done)
        accepted = t.outbox() if os.path.exists(f"{t.data}/store.db") and done.status not in (73, 74) else []
        disk.grow()
        for _ in range(2):
            last = t.run("sync", env=LATER)
        assert last.status in (0, 75), last
        arrived = t.box().subjects().count("once")
        assert arrived <= 1, f"sent {arrived} times"
        if done.status == 0 or (accepted and not [row for row in t.outbox() if row[0] in (2, 3)]):
            assert arrived == 1, f"{done} {accepted} {t.outbox()}"
        return done.status == 0
    really_full(t, step)
