#!/usr/bin/env bash
# The server's dependency tree holds none of the HTTP and TLS clients that deny.toml bans (invariant 7), on any
# platform and with every feature. What cargo-deny does, done with cargo alone, so that it takes a second.
set -euo pipefail
cd "$(dirname "$0")/../.."

# The crates that package $1 is built from, one a line: name, version, features.
tree() {
    cargo tree --locked --package "$1" --edges normal,build --target all --all-features \
        --prefix none --no-dedupe --format '{p} {f}' | sort -u
}

# The names in the `deny` list of deny.toml's [bans].
banned=$(sed -n '/^deny = \[/,/^\]/s/.*{ crate = "\([^"]*\)".*/\1/p' deny.toml)

# The lines of standard input that name a banned crate, or a client half of hyper.
offenders() {
    awk -v banned="$banned" '
        BEGIN { n = split(banned, list); for (i = 1; i <= n; i++) bad[list[i]] = 1 }
        $1 in bad { print }
        $1 ~ /^hyper(-util)?$/ && / (.*,)?client/ { print }'
}

# A check that can find nothing proves nothing: models/fetch has an HTTP client, and must be caught here.
if [[ -z $(tree fetch-models | offenders) ]]; then
    echo "The check is blind: models/fetch downloads, and no banned crate was seen in its tree." >&2
    exit 1
fi

found=$(tree flipkart-recommender | offenders)
if [[ -n $found ]]; then
    echo "The server must not be able to call out, but these crates are in its tree:" >&2
    echo "$found" >&2
    echo "Find out what brings one in with: cargo tree -p flipkart-recommender -e normal,build -i NAME" >&2
    exit 1
fi
echo "The server's tree holds none of the $(wc -w <<<"$banned") banned crates."
