"""Two real replicas behind a real HAProxy: what a client's prefix cache is worth when its questions are spread over both,
and whether a rolling restart under load loses an answer. Not part of CI: make replicas.

SERVER is the binary, the dev build when unset; needs haproxy. Prints what was measured, and exits with 1 when an answer
was lost.
"""

import http.client
import json
import pathlib
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time

from server import Server, free_port

THINGS = ["headset", "mixer grinder", "running shoes", "phone", "kettle", "backpack"]
CONVERSATION = [
    "Which {thing} is the best?",
    "What do people like about it?",
    "What do people complain about?",
    "Is it worth the money?",
]

PROXY = """
global
    stats socket {folder}/haproxy.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 120s
    timeout server 120s
    option httpchk GET /readyz
    default-server check inter 200ms fall 1 rise 1
frontend spread
    bind 127.0.0.1:{spread}
    default_backend spread
frontend sticky
    bind 127.0.0.1:{sticky}
    default_backend sticky
backend spread
    balance roundrobin
    server one {one}
    server two {two}
backend sticky
    balance roundrobin
    cookie replica insert nocache
    server one {one} cookie one
    server two {two} cookie two
"""


def request(address, method, path, body=None, cookie=None):
    """One exchange: status, body, and the cookie that holds from now on."""
    connection = http.client.HTTPConnection(address, timeout=120)
    headers = {"Content-Type": "application/json"} | ({"Cookie": cookie} if cookie else {})
    connection.request(method, path, body and json.dumps(body), headers)
    reply = connection.getresponse()
    given = reply.getheader("Set-Cookie")
    text = reply.read()
    connection.close()
    return reply.status, text, given.split(";")[0] if given else cookie


def converse(address, thing):
    """One client's conversation about a thing: for each answer its final event, or what came in its place."""
    messages, cookie = [], None
    for question in CONVERSATION:
        messages.append({"role": "user", "content": question.format(thing=thing)})
        status, text, cookie = request(address, "POST", "/api/chat", {"messages": messages}, cookie)
        final = text.decode().rpartition("event: final\ndata: ")[2].split("\n")[0]
        if status != 200 or not final.startswith("{"):
            yield {"lost": f"{status}: {text[-200:]}"}
            return
        final = json.loads(final)
        messages.append({"role": "assistant", "content": final["text"]})
        yield final


def conversations(address, rounds=1):
    """All clients' conversations at the same time, `rounds` times."""
    found = []

    def client(thing):
        for _ in range(rounds):
            found.extend(converse(address, thing))

    threads = [threading.Thread(target=client, args=[thing]) for thing in THINGS]
    for thread in threads:
        thread.start()
    return threads, found


def known(answers):
    """The share of prompt tokens that need not be read, and the median milliseconds that reading the others took."""
    timings = [answer["timings"] for answer in answers if answer.get("timings", {}).get("prompt_n")]
    cached = sum(timing["cache_n"] for timing in timings)
    share = cached / (cached + sum(timing["prompt_n"] for timing in timings))
    return share, statistics.median(timing["prompt_ms"] for timing in timings)


def tell(folder, name, state):
    """Takes a replica out of the proxy's hands (maint) or gives it back (ready), as Kubernetes does with endpoints."""
    for backend in ("spread", "sticky"):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(folder / "haproxy.sock"))
            admin.sendall(f"set server {backend}/{name} state {state}\n".encode())
            admin.recv(1000)


def restart_under_load(folder, replicas, address):
    """Each replica in turn drains, ends and comes back, while clients ask: what they got, and whether they still asked."""
    threads, found = conversations(address, rounds=4)
    for replica in replicas:
        tell(folder, replica.name, "maint")
        # What preStop is for: a connection that was on its way here still arrives.
        time.sleep(1)
        replica.stop()
        replica.start()
        tell(folder, replica.name, "ready")
        # The next one only when the proxy has seen that this one is back.
        time.sleep(1)
    during = any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    return found, during


def main():
    folder = pathlib.Path(tempfile.mkdtemp())
    replicas = [Server(folder, "one"), Server(folder, "two")]
    ports = {"spread": free_port(), "sticky": free_port()}
    (folder / "haproxy.cfg").write_text(
        PROXY.format(folder=folder, one=replicas[0].address, two=replicas[1].address, **ports), "utf-8"
    )
    proxy = subprocess.Popen(["haproxy", "-f", str(folder / "haproxy.cfg"), "-q"])
    try:
        for way, port in ports.items():
            # Fresh replicas, that know no prompt yet.
            for replica in replicas:
                replica.start()
            time.sleep(1)
            threads, found = conversations(f"127.0.0.1:{port}")
            for thread in threads:
                thread.join()
            share, milliseconds = known(found)
            print(f"{way}: {share:.0%} of prompt tokens were known, the others took {milliseconds:.0f} ms a prompt.")
            if way == "spread":
                for replica in replicas:
                    replica.stop()
        found, during = restart_under_load(folder, replicas, f"127.0.0.1:{ports['spread']}")
        lost = [answer["lost"] for answer in found if "lost" in answer]
        ended = "while clients asked" if during else "but clients had ended before: this proves less"
        print(f"Both replicas were restarted {ended}: {len(found)} answers, {len(lost)} lost.")
        for fault in lost[:3]:
            print(fault)
        if lost:
            raise SystemExit(1)
    finally:
        proxy.terminate()
        Server.kill_all()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
