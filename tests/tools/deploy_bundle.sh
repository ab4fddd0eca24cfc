#!/usr/bin/env bash
# The bundle on a machine without a network: verify.sh accepts it and refuses damaged ones, and its server answers in an
# empty network namespace without trying to open a connection. SERVER is the binary, or else the dev build.
set -euo pipefail
cd "$(dirname "$0")/../.."
server=$(realpath "${SERVER:-target/debug/flipkart-recommender}")
mkdir -p target/tools
work=$(mktemp -d -p "$PWD/target/tools")
trap 'rm -rf "$work"' EXIT

deploy/bundle.sh "$server" "$work/made"
mkdir "$work/there"
(cd "$work/made" && sha256sum --check --quiet ./*.tar.sha256)
tar -C "$work/there" -xf "$work"/made/*.tar
rm -r "$work/made"
there=$(echo "$work"/there/*)
"$there/verify.sh"

# verify.sh must refuse a changed file, a missing file, and an unknown file.
refuses() {
    if "$there/verify.sh" >/dev/null 2>&1; then
        echo "verify.sh does not notice $1." >&2
        exit 1
    fi
}
cp "$there/data/README.md" "$work/kept"
printf x >>"$there/data/README.md"
refuses "a changed file"
rm "$there/data/README.md"
refuses "a missing file"
cp "$work/kept" "$there/data/README.md"
touch "$there/more"
refuses "an unknown file"
rm "$there/more"
"$there/verify.sh" >/dev/null

# This script runs in a network namespace that has only a loopback interface.
cat >"$work/inside.sh" <<'INSIDE'
set -euo pipefail
ip link set lo up
cd "$1"
strace -f -qq -e trace=connect,sendto,sendmsg,sendmmsg -o "$2/trace" \
    bin/flipkart-recommender serve --index-dir "$2/index" >"$2/log" 2>&1 &
pid=$!
until curl --fail --silent --output /dev/null http://127.0.0.1:5000/readyz; do
    kill -0 $pid || { cat "$2/log" >&2; exit 1; }
    ((SECONDS < 300)) || exit 1
    sleep 0.2
done
curl --fail --silent -H 'Content-Type: application/json' http://127.0.0.1:5000/api/chat \
    --data '{"messages":[{"role":"user","content":"Which headset has the best battery?"}]}' >"$2/answer"
kill -TERM "$(pgrep -P $pid)"
wait $pid
INSIDE
# Only root may create a network namespace without a user namespace.
namespace=(--net)
((EUID == 0)) || namespace+=(--map-root-user)
unshare "${namespace[@]}" bash "$work/inside.sh" "$there" "$work"
grep -q '^event: *final' "$work/answer"
if grep -E 'sa_family=AF_INET|connect\(' "$work/trace"; then
    echo "The server tried to open a connection: see above." >&2
    exit 1
fi
[[ -s $work/trace ]] || {
    echo "strace recorded no call at all, so this proves nothing." >&2
    exit 1
}
echo "The bundle's server answered without a network, and tried to open no connection."
