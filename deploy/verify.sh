#!/bin/sh
# Verifies this bundle: no file is missing, changed or additional. Needs no network.
set -eu
cd "$(dirname "$0")"
sha256sum --check --quiet --strict SHA256SUMS || {
    echo "The bundle is damaged or was changed. Copy it again." >&2
    exit 1
}
listed=$(mktemp)
found=$(mktemp)
trap 'rm -f "$listed" "$found"' EXIT
sed 's/^[0-9a-f]* [ *]//' SHA256SUMS | sort >"$listed"
find . -type f ! -name SHA256SUMS | sort >"$found"
if ! diff "$listed" "$found" >&2; then
    echo "The bundle has additional files (>) or lacks files (<)." >&2
    exit 1
fi
bin/flipkart-recommender --version
echo "The bundle is complete: $(wc -l <"$listed") files."
