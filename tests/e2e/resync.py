"""What it costs to find out that nothing, or little, has changed: bytes and round trips through a counting proxy."""
import base64
import contextlib
import os
import socket
import subprocess
from support.home import PASSWORD, TOOLS, message
from support.steps import in_step

USUAL = ("Archive", "Junk", "Trash", "Sent", "Drafts")  # which Dovecot makes itself
FOLDERS = 30
LARGE = 2000


class Counted:
    def __init__(self, port, control, user):
        self.port, self.control, self.user = port, control, user

    def login(self):
        """The bytes of greeting and login alone."""
        self.reset()
        with socket.create_connection(("localhost", int(self.port))) as s, s.makefile("rb") as lines:
            lines.readline()
            secret = base64.b64encode(f"\0{self.user}\0{PASSWORD}".encode())
            s.sendall(b"p1 AUTHENTICATE PLAIN " + secret + b"\r\n")
            assert lines.readline().startswith(b"p1 OK")
            return self.bytes()

    def tell(self, word):
        return subprocess.run([f"{TOOLS}/proxy", "tell", self.control, word], check=True,
                              stdout=subprocess.PIPE).stdout.decode().split()

    def reset(self):
        self.tell("reset")

    def bytes(self):
        return sum(int(n) for n in self.tell("count")[:2])

    def turns(self):
        return int(self.tell("turns")[0])


@contextlib.contextmanager
def counted(t, **settings):
    """The account goes through a proxy, without TLS, of which the handshake would be counted."""
    subprocess.run([f"{TOOLS}/proxy", "start", "P", t.env["IMAP_PORT"], f"{t.home}/proxy"], check=True)
    proxy = dict(line.strip().replace("'", "").split("=", 1) for line in open(f"{t.home}/proxy"))
    try:
        t.rc(t.imap(imap=f"imap://{t.ada}@localhost:{proxy['P_PORT']}", tls="off", smtp=None, auth="plain",
                    download="headers", **settings))
        yield Counted(proxy["P_PORT"], proxy["P_CONTROL"], t.ada)
    finally:
        os.kill(int(proxy["P_PID"]), 15)


def append(t, folder, first, last):
    """Many at once (MULTIAPPEND); imaplib knows only one at a time."""
    box = t.box()
    for low in range(first, last, 500):
        mails = [message(f"mail {n}", mid=f"<m{n}@example.org>", lines=b"\r\n")
                 for n in range(low, min(low + 500, last))]
        tag = box.imap._new_tag()
        line = tag + b" APPEND " + folder.encode()
        box.imap.send(b"".join([line] + [b" {%d+}\r\n%s" % (len(m), m) for m in mails]) + b"\r\n")
        answer = box.imap._get_response()
        while answer not in (b"OK",) and tag not in box.imap.tagged_commands:
            answer = box.imap._get_response()
        box.ok(box.imap.tagged_commands.pop(tag))


def nothing_changed(t, most):
    """The second of two runs: one round trip for the login, at most two more, and LOGOUT."""
    with counted(t) as wire:
        t.sync()
        in_step(t)
        login = wire.login()
        wire.reset()
        t.sync()
        used, turns = wire.bytes(), wire.turns()
    print(f"# {used} bytes, {login} of them for the login; {turns} turns")
    assert used - login <= most, (used, login)
    assert turns <= 3, turns


def test_nothing_changed_in_thirty_folders(t):
    append(t, "INBOX", 0, 5)
    for n in range(FOLDERS - 1 - len(USUAL)):
        t.box().create(f"Folder{n}")
    append(t, "Folder3", 5, 9)
    nothing_changed(t, 6000)


def test_nothing_changed_in_one_folder(t):
    append(t, "INBOX", 0, 200)
    nothing_changed(t, 1600)


def test_changes_cost_what_changed(t):
    """100 new and 100 with other flags among 2,000: their headers and flags, and which messages are known."""
    append(t, "INBOX", 0, LARGE)
    with counted(t) as wire:
        t.sync()
        first = wire.bytes()
        append(t, "INBOX", LARGE, LARGE + 100)
        uids = t.box().uids("INBOX")
        t.box().ok(t.box().imap.uid("store", b",".join(uids[3:1003:10]).decode(), "+FLAGS", "(\\Flagged)"))
        wire.reset()
        t.sync()
        used = wire.bytes()
        in_step(t)
    print(f"# {first} bytes for {LARGE} messages; {used} for 100 new and 100 changed")
    assert used < first * 100 / LARGE + 100 * 60 + 100 * 60 + 3000, (used, first)
