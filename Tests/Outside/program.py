"""The program under test, seen from outside: a process in a folder, and connections to it."""

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT_TOKEN = "root"


class Silence(Exception):
    """A connection that ended, or gave no whole answer within its time."""


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Connection:
    """One keep-alive HTTP/1.1 connection that sends what it is told, well-formed or not."""

    def __init__(self, port, token=None, timeout=10.0):
        self.port, self.token, self.timeout = port, token, timeout
        self.socket, self.buffer = None, b""

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket, self.buffer = None, b""

    def open(self):
        self.close()
        self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=self.timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method, path, body=None, headers=(), token=...):
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        token = self.token if token is ... else token
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1"]
        if token is not None:
            lines.append(f"X-Vault-Token: {token}")
        lines += [f"{name}: {value}" for name, value in headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n"
        return self.raw(head + (body or b""), head_only=method == "HEAD")

    def raw(self, data, head_only=False):
        """Sends bytes and reads one answer."""
        if self.socket is None:
            self.open()
        try:
            try:
                self.socket.sendall(data)
            except (BrokenPipeError, ConnectionResetError):
                pass  # The answer may have been sent before the whole request was read.
            return self.answer(head_only)
        except (OSError, Silence):
            self.close()
            raise

    def fill(self):
        try:
            data = self.socket.recv(1 << 16)
        except socket.timeout:
            raise Silence("no answer in time") from None
        except OSError as error:
            raise Silence(str(error)) from None
        if not data:
            raise Silence("closed")
        self.buffer += data

    def answer(self, head_only=False):
        while True:
            while b"\r\n\r\n" not in self.buffer:
                self.fill()
            head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
            lines = head.decode("latin-1").split("\r\n")
            status = int(lines[0].split(" ")[1])
            headers = {}
            for line in lines[1:]:
                name, _, value = line.partition(":")
                headers[name.lower()] = value.strip()
            if status >= 200:
                break
        body = b""
        if not head_only and status not in (204, 304):
            if headers.get("transfer-encoding") == "chunked":
                body = self.chunks()
            elif "content-length" in headers:
                length = int(headers["content-length"])
                while len(self.buffer) < length:
                    self.fill()
                body, self.buffer = self.buffer[:length], self.buffer[length:]
            else:
                try:
                    while True:
                        self.fill()
                except Silence as silence:
                    if str(silence) != "closed":
                        raise
                body, self.buffer = self.buffer, b""
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(status, headers, body)

    def chunks(self):
        body = b""
        while True:
            while b"\r\n" not in self.buffer:
                self.fill()
            line, self.buffer = self.buffer.split(b"\r\n", 1)
            size = int(line.split(b";")[0], 16)
            while len(self.buffer) < size + 2:
                self.fill()
            body, self.buffer = body + self.buffer[:size], self.buffer[size + 2:]
            if size == 0:
                return body


class Program:
    """A server of its own in a folder of its own, in memory (`dev`) or durable."""

    def __init__(self, binary, dev=False, audit=False, folder=None, extra="", listener=""):
        self.binary = os.path.abspath(binary)
        self.dev, self.audit = dev, audit
        self.port = free_port()
        self.process = None
        self.root = ROOT_TOKEN if dev else None
        self.folder = folder or tempfile.mkdtemp(prefix="coffer-trial-")
        self.log_path = os.path.join(self.folder, "server.log")
        if not dev:
            self.configure(extra, listener)

    @property
    def store(self):
        return os.path.join(self.folder, "raft")

    def configure(self, extra="", listener=""):
        os.makedirs(self.store, mode=0o700, exist_ok=True)
        key = os.path.join(self.folder, "seal.key")
        if not os.path.exists(key):
            with open(os.open(key, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(base64.b64encode(os.urandom(32)))
        with open(os.path.join(self.folder, "server.hcl"), "w") as file:
            file.write(f'''
storage "raft" {{
  path = "{self.store}"
  node_id = "one"
}}
listener "tcp" {{
  address = "127.0.0.1:{self.port}"
  tls_disable = true
  {listener}
}}
seal "static" {{
  current_key_id = "trial"
  current_key = "file://{key}"
}}
api_addr = "http://127.0.0.1:{self.port}"
cluster_addr = "http://127.0.0.1:{self.port + 1}"
disable_mlock = true
{extra}
''')

    def start(self, wait=True, bound=10.0):
        """Starts the process; returns the seconds until it answered health as an active node."""
        arguments = [self.binary, "server"]
        if self.dev:
            arguments += ["-dev", f"-dev-root-token-id={ROOT_TOKEN}", "-dev-no-store-token",
                          f"-dev-listen-address=127.0.0.1:{self.port}"]
        else:
            arguments += ["-config=" + os.path.join(self.folder, "server.hcl")]
        began = time.monotonic()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder)
        if not wait:
            return None
        if not self.dev and self.root is None:
            self.await_health(began, bound, {501, 503, 200})
            answer = self.connection().request("PUT", "/v1/sys/init", {"recovery_shares": 1, "recovery_threshold": 1})
            if answer.status != 200:
                raise AssertionError(f"init: {answer}")
            self.root = answer.json["root_token"]
        taken = self.await_health(began, bound, {200})
        if self.audit and not self.dev:
            self.audit = False
            answer = self.connection().request(
                "PUT", "/v1/sys/audit/file", {"type": "file", "options": {"file_path": os.path.join(self.folder, "audit.log")}})
            if answer.status != 204:
                raise AssertionError(f"audit: {answer}")
        return taken

    def await_health(self, began, bound, statuses):
        while True:
            try:
                connection = Connection(self.port, timeout=bound)
                status = connection.request("GET", "/v1/sys/health").status
                connection.close()
                if status in statuses:
                    return time.monotonic() - began
            except (OSError, Silence):
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_tail()}")
            if time.monotonic() - began > bound:
                raise AssertionError(f"the server does not serve after {bound} s:\n{self.log_tail()}")
            time.sleep(0.003)

    def connection(self, token=..., timeout=10.0):
        return Connection(self.port, self.root if token is ... else token, timeout)

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()

    def stop(self, bound=40.0):
        """Asks the server to end; returns its exit status."""
        if not self.process:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(bound)
            except subprocess.TimeoutExpired:
                self.kill()
        return self.process.returncode

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def resident(self):
        """Resident memory in bytes."""
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) << 10

    def threads(self):
        with open(f"/proc/{self.process.pid}/status") as file:
            return int(re.search(r"Threads:\s+(\d+)", file.read()).group(1))

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log_tail(self, lines=15):
        with open(self.log_path, "rb") as file:
            return b"\n".join(file.read().splitlines()[-lines:]).decode("utf-8", "replace")


def free_port():
    """A port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except (OSError, OverflowError):
                continue


def binary_of(arguments, usage):
    """Takes `--bin PATH` out of the arguments; without it, the release build of this tree."""
    if "--bin" in arguments:
        place = arguments.index("--bin")
        path = arguments[place + 1]
        del arguments[place:place + 2]
    else:
        path = os.path.join(os.path.dirname(__file__), "..", "..", ".build", "release", "coffer")
    if not os.path.exists(path):
        raise SystemExit(f"{path} does not exist. {usage}")
    return path
