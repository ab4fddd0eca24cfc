#!/usr/bin/env bash
# The systemd unit is valid, has time to drain, and is hardened: by systemd's own score, of which 10 is the worst.
set -euo pipefail
cd "$(dirname "$0")/../.."
server=${SERVER:-target/debug/flipkart-recommender}
unit=deploy/flipkart-recommender.service
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The program is not installed on this machine; nothing else in the unit is changed.
sed 's|^ExecStart=[^ ]*|ExecStart=/bin/true|; /^Documentation=/d' $unit >"$work/flipkart-recommender.service"
systemd-analyze verify --man=no "$work/flipkart-recommender.service" 2>&1 | tee "$work/warnings"
[[ ! -s $work/warnings ]]

# The server's own default, from its help: in the short help, the text of a flag is on the line after it.
drain=$("$server" serve -h | grep -A 1 -e '--drain' | sed -n 's/.*\[default: \([0-9]*\)\].*/\1/p')
stop=$(sed -n 's/^TimeoutStopSec=//p' $unit)
((stop > drain)) || {
    echo "systemd kills the server after $stop s, while answers may still run for $drain s." >&2
    exit 1
}
systemd-analyze security --offline=true --no-pager --threshold=15 $unit | tail -n 1
