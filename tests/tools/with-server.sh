#!/usr/bin/env bash
# Runs a command beside the real server: with-server.sh COMMAND [ARGUMENT ...]
#
# The server, SERVER or the dev build, listens on a free port with the project's own reviews. The command starts when
# it is ready and finds its address in BASE_URL. Then the server is stopped by SIGTERM, as an orchestrator does it.
# Fails, and shows the server's last log lines, when the command fails or the server does not leave with 0.
set -euo pipefail
cd "$(dirname "$0")/../.."
server=${SERVER:-target/debug/flipkart-recommender}
ready_within_s=300
mkdir -p target/tools
log=target/tools/server.log

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export RECOMMENDER_LISTEN=127.0.0.1:$port BASE_URL=http://127.0.0.1:$port

# The snapshot stays between runs, so that only the first one embeds the reviews.
"$server" serve --index-dir target/tools/index >"$log" 2>&1 &
pid=$!

# Whatever cuts this script short ends the server.
finish() {
    kill -KILL "$pid" 2>/dev/null || true
    echo "The server's last log lines (all are in $log):" >&2
    tail -n 20 "$log" >&2
}
trap finish EXIT

until curl --fail --silent --output /dev/null "$BASE_URL/readyz"; do
    if ! kill -0 "$pid" 2>/dev/null; then
        echo "The server ended before it was ready." >&2
        exit 1
    fi
    if ((SECONDS > ready_within_s)); then
        echo "The server was not ready within $ready_within_s s." >&2
        exit 1
    fi
    sleep 0.2
done
# What the images call as their health check has to agree.
"$server" health

"$@"

kill -TERM "$pid"
wait "$pid" || {
    echo "The server left with status $? after SIGTERM." >&2
    exit 1
}
trap - EXIT
