"""A System Log polled over loopback HTTP: how much of the time is the server's, whether memory stays flat, and how long
it takes where the server sets a limit.

    run.sh live [--events 1000000] [--runs 3] [--pause 20] [--rate 20] [--only limit]

The server is a process of its own that sends prepared pages of 1,000 events, as /api/v1/logs does: one after the other by
an opaque link, and an empty one at the end. What it takes at least is what a client takes that throws every page away.
With a limit it answers so many requests a window and 429 beyond, and says so as Okta does, in X-Rate-Limit-* headers. What
that allows at least: all but the last window's worth of requests cost a whole window.
"""

import argparse
import http.client
import http.server
import json
import math
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

SELF = Path(__file__).resolve()
PAGE = 1000
# A limit holds for a window of so many seconds; its pages are small, for the limit is what is measured.
WINDOW = 10
LIMITED_PAGES, LIMITED_PAGE = 800, 10
PATH = "/api/v1/logs"
LIVE = """name = "bench"
store = "warehouse"
private = "private"
reporting_currency = "EUR"
rate_set = "spot"

[[source]]
name = "okta"
kind = "okta"
streams = ["system_log"]

[source.live]
url = "{url}"
auth = "bearer"
secret = "env:SEATLEDGER_BENCH_TOKEN"
rate_share = {share}
"""


class Pages(http.server.BaseHTTPRequestHandler):
    """What Okta documents of polling, without its limits."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    last = 0
    # Requests a window; none: any number.
    limit = 0
    # Seconds that it takes to find a page.
    pause = 0.0
    window = (0, 0)
    lock = threading.Lock()

    def room(self) -> tuple[int, int]:
        """What is left of the window after this request, below 0 when nothing was; and when it ends."""
        with Pages.lock:
            ends, used = Pages.window
            now = time.time()
            if now >= ends:
                ends, used = int(now) + WINDOW, 0
            Pages.window = (ends, used + 1)
            return self.limit - used - 1, ends

    def do_GET(self) -> None:
        left, ends = self.room() if self.limit else (0, 0)
        limits = {"x-rate-limit-limit": self.limit, "x-rate-limit-remaining": max(left, 0), "x-rate-limit-reset": ends}
        if left < 0:
            self.send_response(429)
            self.send_header("content-length", "0")
            for name, value in limits.items():
                self.send_header(name, str(value))
            return self.end_headers()
        time.sleep(self.pause)
        number = int((re.search(r"after=(\d+)", self.path) or [0, 0])[1])
        body = (self.folder / f"{number}.json").read_bytes() if number < self.last else b"[]"
        after = min(number + 1, self.last)
        self.send_response(200)
        for name, value in limits.items() if self.limit else ():
            self.send_header(name, str(value))
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("link", f'<http://{self.headers["host"]}{PATH}?after={after}>; rel="next"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


def serve(folder: Path, limit: int, pause: float) -> None:
    Pages.folder, Pages.last, Pages.limit, Pages.pause = folder, len(list(folder.glob("*.json"))), limit, pause
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    print(server.server_port, flush=True)
    server.serve_forever()


def read_and_drop(port: int) -> None:
    """The least a client can do: one connection, every page read, nothing looked at."""
    connection, path = http.client.HTTPConnection("127.0.0.1", port), PATH
    while True:
        connection.request("GET", path)
        answer = connection.getresponse()
        link = re.search(r"<http://[^/]+(/[^>]+)>", answer.headers["link"])[1]
        if len(answer.read()) <= 2:
            return
        path = link


def pages(log, count: int, target: Path, size: int = PAGE) -> int:
    """Writes so many events as pages; gives their bytes."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    page, number, written, taken = [], 0, 0, 0

    def put() -> None:
        nonlocal page, number, written
        text = b"[" + b",".join(page) + b"]"
        (target / f"{number}.json").write_bytes(text)
        page, number, written = [], number + 1, written + len(text)

    for file in log.files:
        with open(file, "rb") as lines:
            for line in lines:
                if taken == count:
                    break
                page.append(line.rstrip(b"\n"))
                taken += 1
                if len(page) == size:
                    put()
    if page:
        put()
    return written


def main() -> int:
    if sys.argv[1:2] == ["serve"]:
        return serve(Path(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
    if sys.argv[1:2] == ["drop"]:
        return read_and_drop(int(sys.argv[2]))
    from data import unit

    parser = argparse.ArgumentParser(prog="run.sh live")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--rate", type=int, default=20, help="requests a second that a server with a limit allows")
    parser.add_argument("--pause", type=int, default=20, help="milliseconds in which a page of 1,000 events is found")
    parser.add_argument("--only", choices=["speed", "limit"])
    asked = parser.parse_args()
    log = unit(asked.events / 2_000_000).log(60, "none")
    if asked.only != "limit":
        speed(log, asked)
    if asked.only != "speed":
        limit(log, asked.rate)
    return 0


def started(folder: Path, limit: int = 0, pause: float = 0.0) -> tuple[subprocess.Popen, int]:
    command = [sys.executable, SELF, "serve", folder, str(limit), str(pause)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return server, int(server.stdout.readline())


def polled(port: int, share: float, count: int):
    """One poll into a store of its own, which must land every event."""
    from harness import measure, scratch
    from ours import BINARY

    at = scratch("live")
    (at / "seatledger.toml").write_text(LIVE.format(url=f"http://127.0.0.1:{port}", share=share))
    command = [BINARY, "--quiet", "ingest", "--project", at, "--format", "json"]
    cost = measure(command, at, {"SEATLEDGER_BENCH_TOKEN": "of-the-bench"})
    landings = json.loads((at / "stdout.txt").read_text())
    fetched = sum(int(landing["fetched"]) for landing in landings)
    if fetched != count:
        sys.exit(f"{fetched:,} events landed of {count:,}: {landings}")
    return cost


def limit(log, rate: int) -> None:
    from harness import BENCH

    folder = BENCH / "scratch" / "live-pages"
    count = LIMITED_PAGES * LIMITED_PAGE
    pages(log, count, folder, LIMITED_PAGE)
    print(
        f"| {rate} requests a second, by windows of {WINDOW} s | share of it | requests | allowed in | polled, landed in "
        "| ratio |\n| --- | --- | --- | --- | --- | --- |"
    )
    for share in [1.0, 0.5]:
        server, port = started(folder, rate * WINDOW)
        try:
            cost = polled(port, share, count)
        finally:
            server.kill()
        # Beside the pages the server is asked for its time, and once more at the end.
        requests = LIMITED_PAGES + 2
        least = (math.ceil(requests / (rate * WINDOW * share)) - 1) * WINDOW
        print(f"| {count:,} events | {share} | {requests} | {least} s | {cost.wall:.1f} s | {cost.wall / least:.2f} |")
    shutil.rmtree(folder, ignore_errors=True)


def speed(log, asked) -> None:
    from harness import BENCH, measure, scratch

    print(
        "| events | a page is found in | server alone | polled, landed | ratio | CPU us an event | peak |\n"
        "| --- | --- | --- | --- | --- | --- | --- |"
    )
    for count, pause in [(asked.events // 4, 0.0), (asked.events, 0.0), (asked.events, asked.pause / 1000)]:
        folder = BENCH / "scratch" / "live-pages"
        size = pages(log, count, folder)
        count = min(count, log.facts["events"])
        server, port = started(folder, pause=pause)
        try:
            alone, ours = [], []
            for _ in range(asked.runs):
                alone.append(measure([sys.executable, SELF, "drop", port], scratch("live")))
                ours.append(polled(port, 1.0, count))
        finally:
            server.kill()
        best = min(ours, key=lambda cost: cost.wall)
        wall, least = best.wall, min(cost.wall for cost in alone)
        print(
            f"| {count:,} ({size / 1e6:.0f} MB) | {pause * 1000:.0f} ms | {least:.1f} s | {wall:.1f} s | {wall / least:.2f} "
            f"| {best.cpu / count * 1e6:.1f} | {best.peak / 1e6:.0f} MB |"
        )
    shutil.rmtree(BENCH / "scratch" / "live-pages", ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
