"""What clients do to the server: questions, other requests, mistakes, and leaving in the middle of an answer."""

import concurrent.futures
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


class Load:
    """Asks the server at `address`, and keeps what a client can know."""

    def __init__(self, address):
        self.address = address
        self.answers = []

    def request(self, method, path, body=None):
        """One exchange: the status and the whole body."""
        connection = http.client.HTTPConnection(self.address, timeout=120)
        text = None if body is None else body if isinstance(body, str) else json.dumps(body)
        connection.request(method, path, text, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        found = reply.status, reply.read()
        connection.close()
        return found

    def ask(self, question):
        """One question, to the end of its answer: when its first piece came, and the final event."""
        connection = http.client.HTTPConnection(self.address, timeout=120)
        body = json.dumps({"messages": [{"role": "user", "content": question}]})
        asked = time.monotonic()
        connection.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        first, event, final = None, None, None
        for line in iter(reply.readline, b""):
            if line.startswith(b"event:"):
                event = line[6:].strip()
                if event == b"token" and first is None:
                    first = time.monotonic() - asked
            elif line.startswith(b"data:") and event == b"final":
                final = json.loads(line[5:])
        whole = time.monotonic() - asked
        connection.close()
        return {"first": whole if first is None else first, "whole": whole, "final": final}

    def whole_answers(self):
        """Questions that are listened to, two at a time."""
        with concurrent.futures.ThreadPoolExecutor(2) as clients:
            self.answers += clients.map(self.ask, QUESTIONS * 2)
        missing = [answer for answer in self.answers if answer["final"] is None]
        if missing:
            raise SystemExit(f"{len(missing)} answers had no final event.")

    def everything_else(self):
        """One of each: the catalogue, mistakes, and a client that leaves."""
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
        connection = http.client.HTTPConnection(self.address, timeout=120)
        body = json.dumps({"messages": [{"role": "user", "content": QUESTIONS[0]}]})
        connection.request("POST", "/api/chat", body, {"Content-Type": "application/json"})
        connection.getresponse().readline()
        connection.close()

    def counted(self):
        """What the server should have counted, by the names of its series."""
        outcomes = [answer["final"]["outcome"] for answer in self.answers]
        usage = [answer["final"]["usage"] for answer in self.answers]
        found = {f'rag_requests_total{{outcome="{outcome}"}}': outcomes.count(outcome) for outcome in set(outcomes)}
        found["llm_generation_tokens_total"] = sum(item["completion_tokens"] for item in usage)
        found["llm_prompt_tokens_total"] = sum(item["prompt_tokens"] for item in usage)
        return found

    def median_first_token(self):
        """Half of the clients waited no longer for the first piece of their answer, in seconds."""
        return statistics.median_low(answer["first"] for answer in self.answers)

    def median_duration(self):
        """Half of the clients waited no longer for the end of their answer, in seconds."""
        return statistics.median_low(answer["whole"] for answer in self.answers)

    def summary(self):
        """What was done, in a few words."""
        counted = self.counted()
        said, read = counted["llm_generation_tokens_total"], counted["llm_prompt_tokens_total"]
        return f"{len(self.answers)} answers of {said} tokens from prompts of {read}"
