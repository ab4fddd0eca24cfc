#!/bin/sh
# Says whether this bundle is whole: every file is there and as it was made, and there is no other. Needs no network.
set -eu
cd "$(dirname "$0")"
sha256sum --check --quiet --strict SHA256SUMS || {
    echo "The bundle is not what was made; carry it here again." >&2
    exit 1
}
listed=$(mktemp)
found=$(mktemp)
trap 'rm -f "$listed" "$found"' EXIT
sed 's/^[0-9a-f]* [ *]//' SHA256SUMS | sort >"$listed"
find . -type f ! -name SHA256SUMS | sort >"$found"
if ! diff "$listed" "$found" >&2; then
    echo "The bundle holds files that were not made with it (>), or lacks some (<)." >&2
    exit 1
fi
bin/flipkart-recommender --version
echo "The bundle is whole: $(wc -l <"$listed") files."
