"""The load of clients on a server: questions, other requests, invalid requests, and clients that disconnect."""

import concurrent.futures
import contextlib
import http.client
import json
import statistics
import time

QUESTIONS = [
    "Which headset has the best battery?",
    "Is the mixer grinder noisy?",
    "Which shoes are comfortable for running?",
    "Which phone has a good camera under 20000?",
    "What do people complain about in headphones?",
    "How high is the Eiffel tower?",
]


@contextlib.contextmanager
def exchange(address, method, path, body=None, cookie=None):
    """One request, and its response to read in the block; a `body` that is not a text is sent as JSON."""
    connection = http.client.HTTPConnection(address, timeout=120)
    text = body if body is None or isinstance(body, str) else json.dumps(body)
    headers = {"Content-Type": "application/json"} | ({"Cookie": cookie} if cookie else {})
    with contextlib.closing(connection):
        connection.request(method, path, text, headers)
        yield connection.getresponse()


def user(question):
    """The body of a chat request."""
    return {"messages": [{"role": "user", "content": question}]}


class Load:
    """Asks the server at `address`, and keeps the answers as a client sees them."""

    def __init__(self, address):
        self.address = address
        self.answers = []

    def request(self, method, path, body=None):
        """One request: the status and the whole body."""
        with exchange(self.address, method, path, body) as reply:
            return reply.status, reply.read()

    def ask(self, question):
        """One question, to the end of its answer: the times of the first token and of the end, and the last event."""
        first, event, final = None, None, None
        asked = time.monotonic()
        with exchange(self.address, "POST", "/api/chat", user(question)) as reply:
            for line in iter(reply.readline, b""):
                if line.startswith(b"event:"):
                    event = line[6:].strip()
                    if event == b"token" and first is None:
                        first = time.monotonic() - asked
                elif line.startswith(b"data:") and event == b"final":
                    final = json.loads(line[5:])
            whole = time.monotonic() - asked
        return {"first": whole if first is None else first, "whole": whole, "final": final}

    def whole_answers(self):
        """Questions whose answers are read to the end, two at a time."""
        with concurrent.futures.ThreadPoolExecutor(2) as clients:
            self.answers += clients.map(self.ask, QUESTIONS * 2)
        missing = [answer for answer in self.answers if answer["final"] is None]
        if missing:
            raise SystemExit(f"{len(missing)} answers had no final event.")

    def everything_else(self):
        """One of each: the catalogue, invalid requests, and a client that disconnects."""
        expected = {
            ("GET", "/api/products", None): 200,
            ("POST", "/api/search", '{"question":"battery"}'): 200,
            ("POST", "/api/chat", "{"): 400,
            ("GET", "/nowhere", None): 404,
        }
        for (method, path, body), status in expected.items():
            found, text = self.request(method, path, body)
            if found != status:
                raise SystemExit(f"{method} {path} was answered with {found}, not {status}: {text[:200]}")
        with exchange(self.address, "POST", "/api/chat", user(QUESTIONS[0])) as reply:
            reply.readline()

    def counted(self):
        """The values that the server's counters should have, by the names of their series."""
        outcomes = [answer["final"]["outcome"] for answer in self.answers]
        usage = [answer["final"]["usage"] for answer in self.answers]
        found = {f'rag_requests_total{{outcome="{outcome}"}}': outcomes.count(outcome) for outcome in set(outcomes)}
        found["llm_generation_tokens_total"] = sum(item["completion_tokens"] for item in usage)
        found["llm_prompt_tokens_total"] = sum(item["prompt_tokens"] for item in usage)
        return found

    def median(self, time_of):
        """The median of the seconds until the `first` token, or of those of the `whole` answer."""
        return statistics.median_low(answer[time_of] for answer in self.answers)

    def summary(self):
        """The answers, in a few words."""
        counted = self.counted()
        generated, read = counted["llm_generation_tokens_total"], counted["llm_prompt_tokens_total"]
        return f"{len(self.answers)} answers of {generated} tokens from prompts of {read}"
