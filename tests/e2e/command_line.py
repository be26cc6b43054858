"""The command line: options, configuration, status, and two programs on one store."""
import base64
import json
import os
import re
import signal
import socket
from support.home import PASSWORD, message, until
from support.terminal import Terminal


def dead_port():
    """A port at which nothing listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_wrong_usage_is_64(t):
    t.rc(t.imap())
    for args in (["--bogus"], ["-Z"], ["bogus"], ["sync", "--bogus"], ["sync", "extra"], ["send"],
                 ["send", "-Q", "ada@example.org"], ["send", "-s"], ["import", "only-one"],
                 ["export", "a"], ["search"], ["search", "--jsn", "a"], ["status", "--format"], ["-c"], ["--version=3"],
                 ["--helpme"], ["sync", "--format", "%u"], ["-f"]):
        done = t.expect(64, *args)
        assert done.err.startswith("pintail: ") and not done.out, (args, done)
    assert not os.path.exists(t.data), "wrong usage made a store"


def test_help_and_version(t):
    assert t.expect(0, "--help").out.startswith("Usage: pintail")
    assert t.expect(0, "send", "--help").out.startswith("Usage: pintail")
    assert t.expect(0, "--version").out.startswith("pintail ")


def test_help_into_a_full_device_fails(t):
    with open("/dev/full", "wb") as full:
        process = t.start("--help", stdout=full)
        assert process.wait(10) == 74, process.returncode
        assert b"No space left" in process.stderr.read()


def test_check_config(t):
    t.rc(t.imap())
    done = t.expect(0, "--check-config")
    assert done.err == "" and done.out == "", done
    with open(t.rc_path, "a", encoding="utf-8") as f:
        f.write("set indx-format x\nset beep maybe\n")
    lines = len(open(t.rc_path, encoding="utf-8").read().splitlines())
    done = t.expect(78, "--check-config")
    first, second = done.err.splitlines()
    assert first.startswith(f"{t.rc_path}:{lines - 1}: ") and "index-format" in first, first
    assert second.startswith(f"{t.rc_path}:{lines}: "), second
    other = f"{t.home}/other"
    with open(other, "w", encoding="utf-8") as f:
        f.write("bnd list d delete\n")
    done = t.expect(78, "-c", other, "--check-config")
    assert done.err.startswith(f"{other}:1: ") and "bind" in done.err, done.err


def test_config_mistakes_do_not_stop_a_command(t):
    t.rc("set indx-format x", t.imap())
    done = t.sync()
    assert f"{t.rc_path}:1: " in done.err, done.err


def test_missing_config(t):
    done = t.expect(78, "--check-config")
    assert t.rc_path in done.err and "No such file" in done.err, done.err
    done = t.expect(78, "-c", f"{t.home}/none", "sync")
    assert f"{t.home}/none" in done.err, done.err
    for args in (["sync"], ["send", "ada@example.org"]):
        done = t.run(*args, input=b"x\n")
        assert done.status == 78 and "no account" in done.err, (args, done)


def test_password_in_a_file_that_others_read(t):
    t.rc(t.imap())
    os.chmod(t.rc_path, 0o644)
    done = t.run("--check-config")
    assert done.status == 78 and "600" in done.err and PASSWORD not in done.err, done


def test_read_only_home(t):
    """Not root's problem: the store's directory is a file."""
    t.rc(t.imap())
    with open(t.data, "w", encoding="utf-8"):
        pass
    done = t.run("sync")
    assert done.status in (73, 74) and t.data in done.err, done


def test_sync_wrong_password(t):
    for block in (t.imap(password="swordfish"), t.pop3(password="swordfish"), t.pop3(password="swordfish", auth="plain")):
        t.rc(block)
        done = t.run("sync")
        assert done.status == 77, done
        assert "localhost" in done.err and "swordfish" not in done.err and "failed" in done.err, done.err
        assert done.err.count("localhost") == 1, f"said more than once: {done.err}"


def test_no_way_to_log_in_in_common(t):
    """Said at once, with what to change; nobody is asked for a password."""
    for block in (t.imap(auth="oauthbearer", password=None), t.pop3(auth="oauthbearer", password=None)):
        t.rc(block)
        done = t.expect(78, "sync")
        assert "asks for OAUTHBEARER, the server offers" in done.err and "change or remove 'auth'" in done.err, done
        done = t.expect(78, "send", "-s", "hello", "bea@example.org", input=b"text\n")
        assert "asks for OAUTHBEARER, the server offers" in done.err and "Password" not in done.err, done


def test_sync_server_down(t):
    port = dead_port()
    for block in (t.imap(imap=f"imaps://x@localhost:{port}"), t.pop3(pop3=f"pop3s://x@localhost:{port}")):
        t.rc(block)
        done = t.run("sync")
        assert done.status == 75 and f"localhost:{port}" in done.err, done
        assert done.err.count(f"localhost:{port}") == 1, f"said more than once: {done.err}"


def test_sync_one_account_fails_the_other_works(t):
    t.deliver(t.ada, message("for ada"))
    t.rc(t.pop3(pop3=f"pop3s://x@localhost:{dead_port()}"), t.imap())
    assert t.run("sync").status == 75
    assert t.shown_subjects() == ["for ada"]
    t.deliver(t.ada, message("more for ada"))
    t.sync(0, "--account", "work")
    assert t.shown_subjects() == ["for ada", "more for ada"]
    assert "nobody" in t.expect(64, "sync", "--account", "nobody").err


def test_sync_progress_on_a_terminal(t):
    for n in range(300):
        t.box().append(message(f"number {n}"))
    t.rc(t.imap())
    with Terminal(t, "sync") as terminal:
        assert terminal.wait() == 0
        assert re.search(r"\x1b\[Kwork: [^\n]*INBOX  \d+/300", terminal.raw), terminal.raw
        assert terminal.text.strip().endswith("/300"), terminal.raw
    assert len(t.shown()) == 300
    assert t.sync().err == "", "without a terminal there is no progress line"


def test_sync_asks_for_the_password(t):
    t.deliver(t.ada, message("hello"))
    t.rc(t.imap(password=None, smtp=None))
    with Terminal(t, "sync") as terminal:
        terminal.expect("Password of")
        terminal.type(PASSWORD + "\n")
        assert terminal.wait() == 0, terminal.raw
        assert PASSWORD not in terminal.raw
    assert t.shown_subjects() == ["hello"]
    done = t.run("sync")
    assert done.status == 77 and "password" in done.err.lower(), done


def test_password_command(t):
    t.deliver(t.ada, message("hello"))
    t.rc(t.imap(password=f"command: printf {PASSWORD}"))
    t.sync()
    assert t.shown_subjects() == ["hello"]
    t.rc(t.imap(password="command: echo no key >&2; exit 3"))
    done = t.run("sync")
    assert done.status == 77 and "password" in done.err.lower(), done


def test_debug_log_has_no_password(t):
    t.deliver(t.ada, message("hello"))
    t.deliver(t.bob, message("for bob"))
    secret = "correct-horse-battery"
    for auth in (None, "plain", "login", "scram-sha-256"):
        smtp = f"smtps://{t.ada}@localhost:{t.env.get('POSTFIX_TLS_PORT', t.env['SMTPS_PORT'])}"
        t.rc(t.imap(auth=auth, smtp=smtp), t.pop3(auth=auth))
        t.expect(0, "-d", f"{t.home}/log", "sync")
        t.expect(0, "-d", f"{t.home}/log", "send", "-s", "x", f"{t.ada}@example.org", input=b"hi\n")
        t.rc(t.imap(auth=auth, password=secret), t.pop3(auth=auth, password=secret))
        assert t.run("-d", f"{t.home}/log", "sync").status == 77
    log = open(f"{t.home}/log", encoding="utf-8").read()
    assert os.stat(f"{t.home}/log").st_mode & 0o777 == 0o600
    for word in ("UID FETCH", "RETR", "RCPT TO"):
        assert word in log, word
    for user in (t.ada, t.bob):
        for password in (PASSWORD, secret):
            whole = f"\0{user}\0{password}"
            for form in (password, base64.b64encode(password.encode()).decode(),
                         base64.b64encode(whole.encode()).decode()):
                if form == PASSWORD:
                    form = f" {PASSWORD}"
                assert form not in log, f"{form!r} is in the log"
    done = t.run("-d", f"{t.home}/no/such/log", "sync")
    assert done.status == 73 and "no/such/log" in done.err, done


def test_status(t):
    t.deliver(t.ada, message("one"), message("two"))
    t.rc(t.imap())
    assert t.expect(0, "status").out == "0\n"
    assert not os.path.exists(t.data), "status wrote something"
    t.sync()
    t.box().append(message("three"), "Archive")
    t.box().append(message("four"), "Junk")
    t.sync()
    assert t.expect(0, "status", "--format", "%u|%U|%o|%p|%%|x\\ny").out == "2|3|0|0|%|x\ny\n"
    assert t.expect(0, "status", "--format=%u", "--account", "work").out == "2\n"
    assert t.run("status", "--account", "none").status == 64


def test_search_show_and_export(t):
    t.deliver(t.bob, message("About the boat", body="We sail at noon."), message("Other\x1b[31m things"))
    t.rc(t.pop3())
    t.sync()
    done = t.expect(0, "search", "sail", "or", "nothing")
    number, date, folder, sender, subject = done.out.rstrip("\n").split("\t")
    assert (folder, subject) == ("pop/INBOX", "About the boat") and date[4] == "-", done
    found = json.loads(t.expect(0, "search", "--json", "subject:boat").out)
    assert found["id"] == int(number) and found["subject"] == "About the boat" and found["flags"] == [], found
    assert "\x1b" not in t.expect(0, "search", "~A").out
    assert t.expect(0, "search", "nosuchword").out == ""
    assert "boat" in t.expect(0, "search", "--account", "pop", "boat").out
    assert t.run("search", "--account", "none", "boat").status == 64
    assert "did you mean 'subject:'" in t.expect(64, "search", "subjct:x").err
    assert "We sail at noon." in t.expect(0, "show", number).out
    assert json.loads(t.expect(0, "show", "--json", number).out)["subject"] == "About the boat"
    assert "no message 99999" in t.expect(66, "show", "99999").err
    assert "1 message" in t.expect(0, "export", "subject:boat", "is:unread", f"{t.home}/out").out
    assert len(os.listdir(f"{t.home}/out/cur")) == 1
    t.expect(0, "export", "--mbox", "boat or things", f"{t.home}/out.mbox")
    assert open(f"{t.home}/out.mbox", encoding="utf-8").read().count("\nSubject: ") == 2
    assert "no message matches" in t.expect(66, "export", "Archvie", f"{t.home}/none").err
    assert not os.path.exists(f"{t.home}/none")


def test_status_and_sync_and_send_while_another_runs(t):
    t.deliver(t.ada, message("one"), message("two"))
    t.rc(t.imap())
    t.sync()
    with Terminal(t) as terminal:
        terminal.idle()
        assert t.expect(0, "status").out == "2\n"
        done = t.run("sync")
        assert done.status == 75 and "another Pintail is running" in done.err, done
        assert done.err.count("another Pintail") == 1, done.err
        t.expect(0, "send", "-s", "from beside", f"{t.ada}@example.org", input=b"hi\n")
        # The one with the screen sees it arrive, and replays the copy for Sent.
        until(lambda: "from beside" in t.shown_subjects(), what="the reply arrives")
        until(lambda: t.box().subjects("Sent") == ["from beside"], what="the copy arrives in Sent")
        assert t.expect(0, "status").out == "3\n"
        terminal.type("x")
        assert terminal.wait() == 0
    t.sync()
    assert t.box().subjects("Sent") == ["from beside"]
    assert t.shown_subjects() == ["from beside", "one", "two"]


def test_sync_is_interrupted(t):
    """Ctrl-C ends it at once, and nothing is half done."""
    listener = socket.create_server(("127.0.0.1", 0))
    t.rc(t.imap(imap=f"imap://x@localhost:{listener.getsockname()[1]}"))
    process = t.start("sync")
    connection, _ = listener.accept()  # and says nothing
    process.send_signal(signal.SIGINT)
    assert process.wait(3) in (-signal.SIGINT, 130)
    connection.close()


def test_open_a_path(t):
    os.makedirs(f"{t.home}/M/cur")
    os.makedirs(f"{t.home}/M/new")
    os.makedirs(f"{t.home}/M/tmp")
    with open(f"{t.home}/M/new/1.a.b", "wb") as f:
        f.write(message("in a Maildir", lines=b"\n"))
    box = b"From grace@example.org Sat Nov 21 11:00:00 2026\n" + message("in an mbox", lines=b"\n") + b"\n"
    with open(f"{t.home}/box", "wb") as f:
        f.write(box)
    for path, words in (("M", "in a Maildir"), ("box", "in an mbox")):
        with Terminal(t, "-f", f"{t.home}/{path}") as terminal:
            terminal.expect(words)
            terminal.type("x")
            assert terminal.wait() == 0, terminal.raw
    assert open(f"{t.home}/box", "rb").read() == box
    assert not os.path.exists(f"{t.data}/store.db"), "-f left a store behind"
    for path in ("none", "empty-directory"):
        os.makedirs(f"{t.home}/empty-directory", exist_ok=True)
        done = t.run("-f", f"{t.home}/{path}")
        assert done.status in (64, 66) and path in done.err, done


def test_without_a_terminal(t):
    t.rc(t.imap())
    done = t.run()
    assert done.status != 0 and "terminal" in done.err.lower(), done
