"""A real Prometheus on a free port, with the project's configuration and rules, which scrapes every second.

Optionally with an Alertmanager, and with all durations in the rules divided by a number.
"""

import contextlib
import json
import pathlib
import re
import signal
import tempfile
import time
import urllib.parse
import urllib.request

from server import ROOT, free_port, running, wait_until

START_S = 30


class Prometheus:
    """Runs until the end of its block; `target` is the server's address. Errors have Prometheus' own messages."""

    def __init__(self, target, alertmanager=None, faster=1):
        self.address = f"127.0.0.1:{free_port()}"
        self.target = target
        self.alertmanager = alertmanager
        self.faster = faster

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            self._configure()
            program = running(
                "prometheus",
                f"--config.file={self.folder}/prometheus.yml",
                f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address={self.address}",
                "--log.level=warn",
            )
            self.process = stack.enter_context(program)
            if not wait_until(lambda: self.process.poll() is not None or self._has_scraped(), START_S):
                raise SystemExit("Prometheus did not scrape the server.")
            if self.process.poll() is not None:
                raise SystemExit("Prometheus did not start.")
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _configure(self):
        """Writes the configuration and the rules, with an interval of one second."""
        source = ROOT / "monitoring" / "prometheus"
        config = (source / "prometheus.yml").read_text("utf-8")
        config = config.replace("127.0.0.1:5000", self.target).replace("127.0.0.1:9090", self.address)
        config = re.sub(r"(interval|timeout): \d+s", r"\1: 1s", config)
        if self.alertmanager:
            config += f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{self.alertmanager}']}}]}}]}}\n"
        (self.folder / "prometheus.yml").write_text(config, "utf-8")
        (self.folder / "rules").mkdir()
        for rules in source.glob("rules/*.yml"):
            text = re.sub(r"interval: 1m", "interval: 1s", rules.read_text("utf-8"))
            if self.faster > 1:
                text = re.sub(r"(?<=\[|\s)(\d+)([mhd])(?=\]|\s)", self._shorter, text)
            (self.folder / "rules" / rules.name).write_text(text, "utf-8")

    def forget(self):
        """Takes the server out of the configuration."""
        file = self.folder / "prometheus.yml"
        file.write_text(file.read_text("utf-8").replace(f'"{self.target}"', ""), "utf-8")
        self.process.send_signal(signal.SIGHUP)

    def query(self, expr):
        """The result of an instant query, as Prometheus gives it."""
        data = urllib.parse.urlencode({"query": expr}).encode()
        try:
            with urllib.request.urlopen(f"http://{self.address}/api/v1/query", data) as reply:
                return json.load(reply)["data"]["result"]
        except urllib.error.HTTPError as refused:
            raise SystemExit(f"{expr}: {json.load(refused)['error']}") from None

    def values(self, expr):
        """The numbers of an instant query."""
        return [float(series["value"][1]) for series in self.query(expr)]

    def bounds(self, histogram):
        """The buckets of a histogram, as numbers."""
        found = self.query(f"sum by (le) ({histogram}_bucket)")
        return sorted(float(series["metric"]["le"]) for series in found)

    def next_scrape(self):
        """Waits for the end of a scrape that began after now."""
        now = time.time()
        if not wait_until(lambda: self.values('min(timestamp(up{job="recommender"}))')[0] > now, START_S):
            raise SystemExit("Prometheus does not scrape the server any more.")

    def _shorter(self, duration):
        """A duration of the rules, divided, but long enough for two scrapes."""
        seconds = int(duration[1]) * {"m": 60, "h": 3600, "d": 86400}[duration[2]]
        return f"{max(4, seconds // self.faster)}s"

    def _has_scraped(self):
        """Whether the first scrape is done."""
        with urllib.request.urlopen(f"http://{self.address}/-/ready"):
            return self.values('up{job="recommender"}') == [1.0]
