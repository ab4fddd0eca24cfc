"""Two real replicas behind a real HAProxy: how much the prefix cache helps when a client's questions are spread over
both, and whether a rolling restart under load loses an answer. Not part of CI: make replicas.

SERVER is the binary, or else the dev build; needs haproxy. Prints the measurements, and exits with 1 when an answer was
lost.
"""

import json
import socket
import statistics
import threading
import time

from load import exchange
from server import Server, free_port, running, temporary_folder

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


def converse(address, thing):
    """One client's conversation about a thing: for each answer its last event, or the response without one."""
    messages, cookie = [], None
    for question in CONVERSATION:
        messages.append({"role": "user", "content": question.format(thing=thing)})
        with exchange(address, "POST", "/api/chat", {"messages": messages}, cookie) as reply:
            status, text = reply.status, reply.read()
            cookie = (reply.getheader("Set-Cookie") or cookie or "").split(";")[0]
        final = text.decode().rpartition("event: final\ndata: ")[2].split("\n")[0]
        if status != 200 or not final.startswith("{"):
            yield {"lost": f"{status}: {text[-200:]}"}
            return
        final = json.loads(final)
        messages.append({"role": "assistant", "content": final["text"]})
        yield final


def conversations(address, rounds=1):
    """Starts the conversations of all clients at once, `rounds` times: gives the threads, and the list of answers."""
    found = []

    def client(thing):
        for _ in range(rounds):
            found.extend(converse(address, thing))

    threads = [threading.Thread(target=client, args=[thing]) for thing in THINGS]
    for thread in threads:
        thread.start()
    return threads, found


def cached(answers):
    """The share of prompt tokens in the prefix cache, and the median milliseconds of a prefill of the others."""
    timings = [answer["timings"] for answer in answers if answer.get("timings", {}).get("prompt_n")]
    found = sum(timing["cache_n"] for timing in timings)
    share = found / (found + sum(timing["prompt_n"] for timing in timings))
    return share, statistics.median(timing["prompt_ms"] for timing in timings)


def set_state(folder, name, state):
    """Takes a replica out of the proxy's backends (maint) or puts it back (ready), like Kubernetes with endpoints."""
    for backend in ("spread", "sticky"):
        with socket.socket(socket.AF_UNIX) as admin:
            admin.connect(str(folder / "haproxy.sock"))
            admin.sendall(f"set server {backend}/{name} state {state}\n".encode())
            admin.recv(1000)


def restart_under_load(folder, replicas, address):
    """Restarts one replica after the other while clients ask: their answers, and whether they asked to the end."""
    threads, found = conversations(address, rounds=4)
    for replica in replicas:
        set_state(folder, replica.name, "maint")
        # The pause of preStop: connections that are already on their way still arrive.
        time.sleep(1)
        replica.stop()
        replica.start()
        set_state(folder, replica.name, "ready")
        # The proxy needs time to see that this replica is ready again.
        time.sleep(1)
    during = any(thread.is_alive() for thread in threads)
    for thread in threads:
        thread.join()
    return found, during


def main():
    with temporary_folder() as folder:
        replicas = [Server(folder, "one"), Server(folder, "two")]
        ports = {"spread": free_port(), "sticky": free_port()}
        config = folder / "haproxy.cfg"
        one, two = (replica.address for replica in replicas)
        config.write_text(PROXY.format(folder=folder, one=one, two=two, **ports), "utf-8")
        with running("haproxy", "-f", str(config), "-q"):
            measure(folder, replicas, ports)


def measure(folder, replicas, ports):
    """Prints the measurements; exits with 1 when an answer was lost."""
    for way, port in ports.items():
        # New replicas, with empty prefix caches.
        for replica in replicas:
            replica.start()
        time.sleep(1)
        threads, found = conversations(f"127.0.0.1:{port}")
        for thread in threads:
            thread.join()
        share, milliseconds = cached(found)
        print(f"{way}: {share:.0%} of prompt tokens were cached; the others took {milliseconds:.0f} ms a prompt.")
        if way == "spread":
            for replica in replicas:
                replica.stop()
    found, during = restart_under_load(folder, replicas, f"127.0.0.1:{ports['spread']}")
    lost = [answer["lost"] for answer in found if "lost" in answer]
    ended = "while clients asked" if during else "but the clients had ended before, so this proves less"
    print(f"Both replicas were restarted {ended}: {len(found)} answers, {len(lost)} lost.")
    for fault in lost[:3]:
        print(fault)
    if lost:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
