"""A System Log polled over loopback HTTP: how much of the time is the server's, and whether memory stays flat.

    run.sh live [--events 1000000] [--runs 3]

The server is a process of its own that sends prepared pages of 1,000 events, as /api/v1/logs does: one after the other by
an opaque link, and an empty one at the end. What it takes at least is what a client takes that throws every page away.
"""

import argparse
import http.client
import http.server
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

SELF = Path(__file__).resolve()
PAGE = 1000
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
rate_share = 1.0
"""


class Pages(http.server.BaseHTTPRequestHandler):
    """What Okta documents of polling, without its limits."""

    protocol_version = "HTTP/1.1"
    folder = Path()
    last = 0

    def do_GET(self) -> None:
        number = int((re.search(r"after=(\d+)", self.path) or [0, 0])[1])
        body = (self.folder / f"{number}.json").read_bytes() if number < self.last else b"[]"
        after = min(number + 1, self.last)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.send_header("link", f'<http://{self.headers["host"]}{PATH}?after={after}>; rel="next"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_) -> None:
        pass


def serve(folder: Path) -> None:
    Pages.folder, Pages.last = folder, len(list(folder.glob("*.json")))
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


def pages(log, count: int, target: Path) -> int:
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
                if len(page) == PAGE:
                    put()
    if page:
        put()
    return written


def main() -> int:
    if sys.argv[1:2] == ["serve"]:
        return serve(Path(sys.argv[2]))
    if sys.argv[1:2] == ["drop"]:
        return read_and_drop(int(sys.argv[2]))
    from data import unit
    from harness import BENCH, measure, scratch
    from ours import BINARY

    parser = argparse.ArgumentParser(prog="run.sh live")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    asked = parser.parse_args()
    log = unit(asked.events / 2_000_000).log(60, "none")
    print("| events | server alone | polled, landed | ratio | CPU us an event | peak |\n| --- | --- | --- | --- | --- | --- |")
    for count in [asked.events // 4, asked.events]:
        folder = BENCH / "scratch" / "live-pages"
        size = pages(log, count, folder)
        count = min(count, log.facts["events"])
        server = subprocess.Popen([sys.executable, SELF, "serve", folder], stdout=subprocess.PIPE, text=True)
        try:
            port = int(server.stdout.readline())
            alone, ours = [], []
            for _ in range(asked.runs):
                alone.append(measure([sys.executable, SELF, "drop", port], scratch("live")))
                at = scratch("live")
                (at / "seatledger.toml").write_text(LIVE.format(url=f"http://127.0.0.1:{port}"))
                command = [BINARY, "--quiet", "ingest", "--project", at, "--format", "json"]
                ours.append(measure(command, at, {"SEATLEDGER_BENCH_TOKEN": "of-the-bench"}))
                landings = json.loads((at / "stdout.txt").read_text())
                fetched = sum(int(landing["fetched"]) for landing in landings)
                if fetched != count:
                    sys.exit(f"{fetched:,} events landed of {count:,}: {landings}")
        finally:
            server.kill()
        best = min(ours, key=lambda cost: cost.wall)
        wall, least = best.wall, min(cost.wall for cost in alone)
        print(
            f"| {count:,} ({size / 1e6:.0f} MB) | {least:.1f} s | {wall:.1f} s | {wall / least:.2f} "
            f"| {best.cpu / count * 1e6:.1f} | {best.peak / 1e6:.0f} MB |"
        )
    shutil.rmtree(BENCH / "scratch" / "live-pages", ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
