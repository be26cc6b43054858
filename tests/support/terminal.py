"""terminal.py - the program on a pseudo-terminal, for steps that only a person at the keys can do.

What the screen looks like is the matter of the screen tests; here the bytes are only searched."""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

SECONDS = 20
CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][0-9A-B]|\x1b[=>78M]")


class Terminal:
    def __init__(self, home, *args, env=None, wrap=()):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
        self.signal_end, write_end = os.pipe()
        self.raw, self.idles = "", 0

        def lead():
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [*wrap, home.program, *args], stdin=slave, stdout=slave, stderr=slave, cwd=home.home,
            env={**home.environ, "PINTAIL_IDLE_FD": str(write_end), **(env or {})}, pass_fds=[write_end],
            start_new_session=True, preexec_fn=lead)
        home.children.append(self.process)
        os.close(slave)
        os.close(write_end)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        os.close(self.signal_end)

    @property
    def text(self):
        return CONTROL.sub("", self.raw)

    def pump(self, seconds):
        """Reads what there is; False when both ends are closed."""
        ready, _, _ = select.select([self.master, self.signal_end], [], [], seconds)
        open_ends = True
        for fd in ready:
            try:
                data = os.read(fd, 65536)
            except OSError:
                data = b""
            if not data:
                open_ends = False
            elif fd == self.master:
                self.raw += data.decode("utf-8", "replace")
            else:
                self.idles += len(data)
        return open_ends

    def until(self, condition, what, seconds=SECONDS):
        deadline = time.monotonic() + seconds
        while not condition():
            alive = self.pump(0.05)
            assert condition() or alive, f"ended before: {what}\n{self.text[-2000:]}"
            assert time.monotonic() < deadline, f"did not become true: {what}\n{self.text[-2000:]}"

    def expect(self, words, seconds=SECONDS):
        self.until(lambda: words in self.text, f"'{words}' on the screen", seconds)

    def idle(self, seconds=SECONDS):
        """Until everything that came so far has been handled."""
        before = self.idles
        self.until(lambda: self.idles > before, "idle", seconds)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def press(self, keys):
        """One key after the other, each when the one before has been handled; False when the program ended."""
        for key in keys if isinstance(keys, (list, tuple)) else list(keys):
            before = self.idles
            self.type(key)
            while self.idles == before:
                if not self.pump(0.05) and self.process.poll() is not None:
                    return False
        return True

    def wait(self, seconds=SECONDS):
        """To its end; the exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            self.pump(0.01)
            assert time.monotonic() < deadline, f"does not end\n{self.text[-2000:]}"
        while self.pump(0) and select.select([self.master], [], [], 0)[0]:
            pass
        return self.process.returncode
