#!/usr/bin/env bash
# Runs a command beside the real server: with-server.sh COMMAND [ARGUMENT ...]
#
# The server, SERVER or the dev build, listens on a free port with the project's own reviews. When it is ready, the
# command starts, with the server's address in BASE_URL. Then the server is stopped by SIGTERM, as by an orchestrator.
# Fails, and prints the server's last log lines, if the command fails or the server does not exit with 0.
set -euo pipefail
cd "$(dirname "$0")/../.."
server=${SERVER:-target/debug/flipkart-recommender}
ready_within_s=300
mkdir -p target/tools
log=target/tools/server.log

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export RECOMMENDER_LISTEN=127.0.0.1:$port BASE_URL=http://127.0.0.1:$port

# The chat model writes, so that there are queues, progress and sentences to check.
export RECOMMENDER_ANSWERS=${RECOMMENDER_ANSWERS:-written}
# The snapshot is kept between runs, so that only the first run embeds the reviews.
"$server" serve --index-dir target/tools/index >"$log" 2>&1 &
pid=$!

# The server is killed when this script ends early.
finish() {
    kill -KILL "$pid" 2>/dev/null || true
    echo "The server's last log lines (all are in $log):" >&2
    tail -n 20 "$log" >&2
}
trap finish EXIT

until curl --fail --silent --output /dev/null "$BASE_URL/readyz"; do
    if ! kill -0 "$pid" 2>/dev/null; then
        echo "The server exited before it was ready." >&2
        exit 1
    fi
    if ((SECONDS > ready_within_s)); then
        echo "The server was not ready within $ready_within_s s." >&2
        exit 1
    fi
    sleep 0.2
done
# The command for the images' health check must agree.
"$server" health

"$@"

kill -TERM "$pid"
wait "$pid" || {
    echo "The server exited with status $? after SIGTERM." >&2
    exit 1
}
trap - EXIT
