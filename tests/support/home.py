"""home.py - one person's home for one test: configuration, program, and the server's side of the mail."""
import email.message
import email.utils
import imaplib
import os
import re
import signal
import smtplib
import socket
import sqlite3
import ssl
import subprocess
import time
import unittest
from collections import namedtuple

Result = namedtuple("Result", "status out err")
PASSWORD = "secret"
PEERS = ("cyrus", "courier")  # beside Dovecot
TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))), "tools")


def until(condition, seconds=15, what=""):
    """Repeats a question to a server or a file until it is answered yes."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"did not become true: {what or condition}"
        time.sleep(0.02)  # between two looks, never instead of one


def message(subject, body="Hello.\n", sender="Grace Hopper <grace@example.org>", to="ada@example.org",
            mid=None, date="Sat, 21 Nov 2026 11:00:00 +0000", lines=b"\r\n"):
    """A small message as bytes."""
    m = email.message.EmailMessage()
    m["From"], m["To"], m["Subject"], m["Date"] = sender, to, subject, date
    m["Message-ID"] = mid or email.utils.make_msgid(domain="example.org")
    m.set_content(body)
    return m.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", lines)


class Mailbox:
    """A mailbox as another client sees it, through IMAP."""

    def __init__(self, env, user):
        context = ssl.create_default_context(cafile=env["CA_FILE"])
        self.imap = imaplib.IMAP4_SSL("localhost", int(env["IMAPS_PORT"]), ssl_context=context)
        self.imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.ok(self.imap.login(user, PASSWORD))
        self.env, self.user = env, user
        found = re.search(rb'^\([^)]*\) "(.)"', self.ok(self.imap.list('""', '""'))[0])
        self.delimiter = found.group(1).decode() if found else "/"

    @staticmethod
    def ok(answer):
        assert answer[0] == "OK", answer
        return answer[1]

    @staticmethod
    def quoted(folder):
        return '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def append(self, content, folder="INBOX", flags=""):
        self.ok(self.imap.append(self.quoted(folder), flags or None, None, content))

    def select(self, folder="INBOX"):
        return self.ok(self.imap.select(self.quoted(folder)))

    def create(self, folder):
        self.ok(self.imap.create(self.quoted(folder)))

    def delete(self, folder):
        self.ok(self.imap.delete(self.quoted(folder)))

    def rename(self, folder, name):
        self.ok(self.imap.rename(self.quoted(folder), self.quoted(name)))

    def folders(self):
        return [re.search(rb'\) "." "?([^"]*)"?$', line).group(1).decode() for line in self.ok(self.imap.list())]

    def uids(self, folder="INBOX", *criteria):
        self.select(folder)
        return self.ok(self.imap.uid("search", None, *(criteria or ("ALL",))))[0].split()

    def listing(self, folder="INBOX"):
        """[(subject, set of flags)] in the order of the server."""
        self.select(folder)
        rows = []
        for row in self.ok(self.imap.uid("fetch", "1:*", "(UID FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")):
            if isinstance(row, tuple):
                flags = set(re.search(rb"FLAGS \(([^)]*)\)", row[0]).group(1).decode().split()) - {"\\Recent"}
                rows.append((email.message_from_bytes(row[1])["Subject"] or "", flags))
        return rows

    def subjects(self, folder="INBOX"):
        return sorted(subject for subject, _ in self.listing(folder))

    def flags(self, subject, folder="INBOX"):
        found = [flags for s, flags in self.listing(folder) if s == subject]
        assert len(found) == 1, f"{len(found)} of '{subject}' in {folder}: {self.listing(folder)}"
        return found[0]

    def store(self, subject, change, flags, folder="INBOX"):
        for uid in self.uids(folder, "SUBJECT", f'"{subject}"'):
            self.ok(self.imap.uid("store", uid, change, f"({flags})"))

    def expunge(self, subject, folder="INBOX"):
        self.store(subject, "+FLAGS", "\\Deleted", folder)
        self.ok(self.imap.expunge())

    def content(self, folder="INBOX", criteria="ALL"):
        """Whole messages as bytes."""
        out = []
        for uid in self.uids(folder, criteria):
            rows = self.ok(self.imap.uid("fetch", uid, "(BODY.PEEK[])"))
            out.append(next(r[1] for r in rows if isinstance(r, tuple)))
        return out

    def close(self):
        try:
            self.imap.logout()
        except (OSError, imaplib.IMAP4.error):
            pass


class Home:
    """What a test gets. Users are ada and bob of this test alone; the password is "secret"."""

    def __init__(self, directory, program, env, name):
        self.directory, self.program, self.env = directory, program, env
        self.home = f"{directory}/home"
        for sub in (".config/pintail", ".local/share", "tmp", "run"):
            os.makedirs(f"{self.home}/{sub}", mode=0o700)
        safe = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[-40:].strip("-")
        self.ada, self.bob = f"{safe}-{os.getpid()}-ada", f"{safe}-{os.getpid()}-bob"
        self.boxes, self.children, self.generation = {}, [], 0
        self.environ = {
            "HOME": self.home, "PATH": f"{TOOLS}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
            "XDG_CONFIG_HOME": f"{self.home}/.config", "XDG_DATA_HOME": f"{self.home}/.local/share",
            "XDG_STATE_HOME": f"{self.home}/.local/state", "XDG_CACHE_HOME": f"{self.home}/.cache",
            "XDG_RUNTIME_DIR": f"{self.home}/run", "TMPDIR": f"{self.home}/tmp", "LANG": "C.UTF-8",
            "TZ": "UTC", "TERM": "xterm-256color", "SHELL": "/bin/sh", "USER": "ada", "LOGNAME": "ada",
            **{k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")},
        }

    def close(self):
        for process in self.children:
            if process.poll() is None:
                process.kill()
                process.wait()
        for box in self.boxes.values():
            box.close()

    def fresh(self):
        """A new store and new users in the same home: for tests that do a thing many times."""
        self.generation += 1
        subprocess.run(["rm", "-rf", f"{self.home}/.local/share"], check=True)
        os.makedirs(f"{self.home}/.local/share", mode=0o700)
        base = re.sub(r"-g\d+$", "", self.ada.removesuffix("-ada"))
        self.ada, self.bob = f"{base}-g{self.generation}-ada", f"{base}-g{self.generation}-bob"
        for box in self.boxes.values():
            box.close()
        self.boxes = {}

    def on(self, server):
        """From here on, IMAP is another server's: "cyrus" or "courier"; skips the test where there is none."""
        if server in PEERS:
            port = self.env.get(f"{server.upper()}_IMAPS_PORT")
            if not port:
                raise unittest.SkipTest(f"{server} is not here: scripts/unpack-servers gets it")
            self.env = {**self.env, "IMAPS_PORT": port}
        return self

    # ---- configuration ----

    @property
    def rc_path(self):
        return f"{self.home}/.config/pintail/pintailrc"

    @property
    def data(self):
        return f"{self.home}/.local/share/pintail"

    def rc(self, *blocks):
        with open(os.open(self.rc_path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as f:
            f.write("\n".join(blocks) + "\n")

    def account(self, name, user, lines, settings):
        values = {"address": f"Ada Lovelace <{user}@example.org>",
                  **lines, "password": PASSWORD, "tls-ca": self.env["CA_FILE"],
                  **{k.replace("_", "-"): v for k, v in settings.items()}}
        return f"account {name}\n" + "".join(f"    {k} {v}\n" for k, v in values.items() if v is not None)

    def imap(self, name="work", user=None, **settings):
        user = user or self.ada
        return self.account(name, user, {"imap": f"imaps://{user}@localhost:{self.env['IMAPS_PORT']}",
                                         "smtp": f"smtps://{user}@localhost:{self.env['SMTPS_PORT']}"}, settings)

    def pop3(self, name="pop", user=None, keep="never", **settings):
        user = user or self.bob
        return self.account(name, user, {"pop3": f"pop3s://{user}@localhost:{self.env['POP3S_PORT']}",
                                         "pop3-keep": keep,
                                         "smtp": f"smtp://{user}@localhost:{self.env['SMTP_PORT']}"}, settings)

    # ---- the program ----

    def start(self, *args, env=None, **kwargs):
        process = subprocess.Popen([self.program, *args], env={**self.environ, **(env or {})}, cwd=self.home,
                                   **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                      "stderr": subprocess.PIPE, "start_new_session": True, **kwargs})
        self.children.append(process)
        return process

    def run(self, *args, input=None, env=None, timeout=60, wrap=()):
        """Runs it to its end, without a terminal."""
        process = subprocess.Popen([*wrap, self.program, *args], env={**self.environ, **(env or {})}, cwd=self.home,
                                   stdin=subprocess.PIPE if input is not None else subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)  # with what `wrap` has started
            process.communicate()
            raise
        return Result(process.returncode, out.decode("utf-8", "replace"), err.decode("utf-8", "replace"))

    def expect(self, status, *args, **kwargs):
        done = self.run(*args, **kwargs)
        assert done.status == status, f"{args}: status {done.status}, not {status}\n{done.out}{done.err}"
        return done

    def sync(self, status=0, *args, **kwargs):
        return self.expect(status, "sync", *args, **kwargs)

    def crash(self, point, *args, **kwargs):
        """Runs with a crash point; True when it ended by it."""
        done = self.run(*args, env={"PINTAIL_CRASH_AT": point}, **kwargs)
        return done.status == -signal.SIGKILL

    # ---- what is where ----

    def box(self, user=None):
        user = user or self.ada
        if user not in self.boxes:
            self.boxes[user] = Mailbox(self.env, user)
        return self.boxes[user]

    def deliver(self, user, *contents):
        with smtplib.LMTP(self.env["LMTP_SOCKET"], local_hostname="localhost") as lmtp:
            for content in contents:
                lmtp.sendmail("grace@example.org", [f"{user}@example.org"], content)

    def query(self, sql, *values):
        if not os.path.exists(f"{self.data}/store.db"):
            return []
        db = sqlite3.connect(f"file:{self.data}/store.db?mode=ro", uri=True)
        try:
            return db.execute(sql, values).fetchall()
        finally:
            db.close()

    def shown(self, account="work", folder="INBOX"):
        """[(subject, flags as the program's bits)], as the list shows them."""
        return self.query("SELECT m.subject, p.shown_flags FROM placement p JOIN message m ON m.id = p.message"
                          " JOIN folder f ON f.id = p.folder JOIN account a ON a.id = f.account"
                          " WHERE a.name = ? AND f.name = ? AND p.shown = 1 ORDER BY m.subject", account, folder)

    def shown_subjects(self, account="work", folder="INBOX"):
        return [row[0] for row in self.shown(account, folder)]

    def operations(self):
        return self.query("SELECT kind, state, words FROM op ORDER BY id")

    def outbox(self):
        return self.query("SELECT state, subject, words FROM outbox WHERE state <> 4 ORDER BY id")

    def files(self, account="pop", folder="INBOX"):
        """The messages of a local folder, as bytes, by the file's name."""
        path = f"{self.data}/mail/{account}/{folder}"
        out = {}
        for sub in ("new", "cur"):
            for name in sorted(os.listdir(f"{path}/{sub}")):
                with open(f"{path}/{sub}/{name}", "rb") as f:
                    out[name] = f.read()
        return out

    def kept(self, word):
        """What the submission server keeps for example.com, as bytes, where `word` is in it."""
        out = []
        for name in sorted(os.listdir(self.env["KEPT_DIR"])):
            if name.endswith(".part"):
                continue
            with open(f"{self.env['KEPT_DIR']}/{name}", "rb") as f:
                content = f.read()
            if word.encode() in content:
                out.append(content)
        return out
