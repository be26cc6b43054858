"""`pintail import` and `export`: Maildir and mbox, into local and IMAP folders, and back."""
import mailbox
import os
from support.home import message, until

SUBJECTS = ["plain", "From here", "flagged and read", "8-bit", "no line end"]


def contents():
    def m(n, body):
        return message(SUBJECTS[n], body, mid=f"<{n}@transfer.example>", lines=b"\n")
    return [m(0, "Hello.\n"), m(1, "From me to you.\n>From quoted.\n>>From twice.\n"), m(2, "x\n"),
            m(3, "Grüße, 山田\n"), m(4, "end").rstrip(b"\n")]


def source_maildir(t, name="source"):
    box = mailbox.Maildir(f"{t.home}/{name}", create=True)
    for n, content in enumerate(contents()):
        m = mailbox.MaildirMessage(content)
        m.set_subdir("cur")
        m.set_flags("FS" if n == 2 else "")
        box.add(m)
    with open(f"{t.home}/{name}/new/broken", "wb") as f:
        f.write(b"\x00\xff no header at all\n")
    return f"{t.home}/{name}"


def source_mbox(t, name="source.mbox"):
    path = f"{t.home}/{name}"
    with open(path, "wb") as f:
        for n, content in enumerate(contents()):
            f.write(b"From grace@example.org Sat Nov 21 11:00:00 2026\n")
            if n == 2:
                head, _, body = content.partition(b"\n\n")
                content = head + b"\nStatus: RO\nX-Status: F\n\n" + body
            lines = content.split(b"\n")
            quoted = [b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in lines]
            f.write(b"\n".join(quoted).rstrip(b"\n") + b"\n\n")
    return path


def read_maildir(path):
    out = {}
    for sub in ("new", "cur"):
        for name in os.listdir(f"{path}/{sub}"):
            content = open(f"{path}/{sub}/{name}", "rb").read().replace(b"\r\n", b"\n").rstrip(b"\n")
            out[content] = name.partition(":2,")[2]
    return out


def read_mbox(path):
    text = open(path, "rb").read().replace(b"\r\n", b"\n")
    out, current = [], None
    for line in text.split(b"\n"):
        if line.startswith(b"From ") and (current is None or current[-1:] == [b""]):
            current = []
            out.append(current)
        else:
            current.append(line[1:] if line.startswith(b">") and line.lstrip(b">").startswith(b"From ") else line)
    return [b"\n".join(lines).rstrip(b"\n") for lines in out]


def wanted():
    return sorted(c.rstrip(b"\n") for c in contents())


def without_status(content):
    return b"\n".join(line for line in content.split(b"\n") if not line.startswith((b"Status:", b"X-Status:")))


def test_local_folder_round_trip(t):
    t.rc(t.pop3())
    source = source_maildir(t)
    before = sorted(os.listdir(source + "/cur") + os.listdir(source + "/new"))
    assert "6 messages imported" in t.expect(0, "import", source, "Archive").out
    assert "0 messages imported, 6 were there already" in t.expect(0, "import", source, "pop/Archive").out
    assert sorted(os.listdir(source + "/cur") + os.listdir(source + "/new")) == before
    assert len(t.files("pop", "Archive")) == 6
    assert dict(t.shown("pop", "Archive"))["flagged and read"] == 3
    assert "6 messages exported" in t.expect(0, "export", "Archive", f"{t.home}/out").out
    back = read_maildir(f"{t.home}/out")
    assert back == read_maildir(source), back
    assert "FS" in back.values()
    assert "6 messages exported" in t.expect(0, "export", "--mbox", "Archive", f"{t.home}/out.mbox").out
    assert sorted(without_status(m) for m in read_mbox(f"{t.home}/out.mbox")) == sorted(read_maildir(source))
    done = t.run("export", "Archive", f"{t.home}/out")
    assert done.status == 69 and "exists" in done.err, done
    # What we wrote, we read: the mbox comes back whole, with its flags.
    assert "6 messages imported" in t.expect(0, "import", f"{t.home}/out.mbox", "Sent").out
    assert dict(t.shown("pop", "Sent"))["flagged and read"] == 3
    t.expect(0, "export", "Sent", f"{t.home}/again")
    assert sorted(without_status(m) for m in read_maildir(f"{t.home}/again")) == sorted(read_maildir(source))


def test_mbox_to_imap(t):
    t.rc(t.imap(download="all"))
    t.sync()
    source = source_mbox(t)
    done = t.expect(0, "import", source, "work/Archive")
    assert "5 messages imported" in done.out, done
    t.sync()
    assert t.box().subjects("Archive") == sorted(SUBJECTS)
    assert t.box().flags("flagged and read", "Archive") == {"\\Seen", "\\Flagged"}
    assert "0 messages imported, 5 were there already" in t.expect(0, "import", source, "Archive").out
    t.sync()
    assert len(t.box().uids("Archive")) == 5, "imported twice"
    assert sorted(without_status(c.replace(b"\r\n", b"\n")).rstrip(b"\n")
                  for c in t.box().content("Archive")) == wanted()
    t.expect(0, "export", "Archive", f"{t.home}/out")
    assert sorted(without_status(m) for m in read_maildir(f"{t.home}/out")) == wanted()
    # A fresh store, filled from the server alone, gives the same.
    os.rename(t.data, t.data + ".old")
    t.sync()
    t.expect(0, "export", "--mbox", "Archive", f"{t.home}/out.mbox")
    assert sorted(without_status(m) for m in read_mbox(f"{t.home}/out.mbox")) == wanted()


def test_maildir_to_imap_before_the_first_sync(t):
    t.rc(t.imap())
    source = source_maildir(t)
    assert "6 messages imported" in t.expect(0, "import", source, "INBOX").out
    t.box().append(message("there already"))
    t.sync()
    assert len(t.box().uids()) == 7 and t.box().flags("flagged and read") == {"\\Seen", "\\Flagged"}
    assert len(t.shown()) == 7
    assert "0 messages imported" in t.expect(0, "import", source, "INBOX").out


def test_mistakes(t):
    t.rc(t.pop3())
    done = t.run("import", f"{t.home}/none", "INBOX")
    assert done.status == 66 and "none" in done.err, done
    done = t.run("import", t.home, "INBOX")
    assert done.status == 64 and "Maildir" in done.err, done
    done = t.run("import", source_mbox(t), "No Such")
    assert done.status == 66 and "No Such" in done.err, done
    done = t.run("export", "INBOX", f"{t.home}/source.mbox/directory")
    assert done.status in (66, 74) and "source.mbox" in done.err, done
    with open(f"{t.home}/text", "w", encoding="utf-8") as f:
        f.write("this is no mbox\n")
    done = t.run("import", f"{t.home}/text", "INBOX")
    assert done.status == 64 and "text" in done.err, done
    assert t.shown("pop", "INBOX") == []


def test_import_is_interrupted(t):
    """Killed anywhere, a second run completes it without a double."""
    t.rc(t.pop3())
    box = mailbox.Maildir(f"{t.home}/many", create=True)
    for n in range(400):
        box.add(message(f"number {n}", lines=b"\n"))
    process = t.start("import", f"{t.home}/many", "INBOX")
    inbox = f"{t.data}/mail/pop/INBOX/cur"
    until(lambda: os.path.exists(inbox) and len(os.listdir(inbox) + os.listdir(inbox[:-3] + "new")) > 20, what="some are in")
    process.kill()
    process.wait()
    t.expect(0, "import", f"{t.home}/many", "INBOX")
    assert t.shown_subjects("pop") == sorted(f"number {n}" for n in range(400))
    t.sync()
    assert len(t.files()) == 400
