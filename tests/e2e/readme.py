"""The README's account and commands, as they stand there, with the servers of the test."""
import os
import re
import shlex
import subprocess
import textwrap
from support.home import message

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))


def readme():
    return open(f"{ROOT}/README.md", encoding="utf-8").read()


def account(t):
    """The account in five lines: hosts and password are replaced, nothing else."""
    block = re.search(r"\n    account work\n(?:        .*\n)+", readme()).group(0)
    text = textwrap.dedent(block.strip("\n")) + "\n"
    assert len(text.splitlines()) == 5, text
    for url, port in (("imaps://ana@imap.example.org", "IMAPS_PORT"), ("smtps://ana@smtp.example.org", "SMTPS_PORT")):
        assert url in text, text
        text = text.replace(url, f"{url.split(':')[0]}://{t.ada}@localhost:{t.env[port]}")
    assert "pass show mail/work" in text
    return text.replace("pass show mail/work", "echo secret") + f"    tls-ca {t.env['CA_FILE']}\n"


def commands():
    section = re.search(r"## Beside the screen\n(.*?)\n## ", readme(), re.S).group(1)
    return [line.split("#")[0].strip() for line in section.splitlines() if line.startswith("    pintail")]


def test_account_and_commands(t):
    t.rc(account(t))
    t.expect(0, "--check-config")
    t.deliver(t.ada, message("One"))
    with open(f"{t.home}/figures.csv", "w") as f:
        f.write("1,2\n")
    with open(f"{t.home}/text", "w") as f:
        f.write("See the figures.\n")
    with open(f"{t.home}/old.mbox", "wb") as f:
        f.write(b"From ada@example.org Sat Nov 21 12:00:00 2026\n" + message("Old", lines=b"\n"))
    with open(f"{t.home}/message.eml", "wb") as f:
        f.write(message("In a file"))
    tried = []
    os.symlink(t.program, f"{t.home}/pintail")
    for command in ["pintail sync"] + commands():
        word = shlex.split(command)[1]
        if word.startswith("mailto:") or word == "-f":
            continue  # these open the screen
        command = command.replace("bea@example.org", f"{t.bob}@example.org")
        done = subprocess.run(command, shell=True, cwd=t.home, capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL,
                              env={**t.environ, "PATH": f"{t.home}:{t.environ['PATH']}"})
        assert done.returncode == 0, (command, done)
        tried.append(word)
        if word == "status":
            assert re.fullmatch(r"\d+/0\n", done.stdout), done
    assert {"send", "sync", "status", "import", "export"} <= set(tried), tried
    assert t.box(t.bob).subjects() == ["Report"]
    assert os.path.isdir(f"{t.home}/backup/cur")
