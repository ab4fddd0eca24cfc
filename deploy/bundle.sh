#!/usr/bin/env bash
# Makes a bundle for a machine or a cluster without a network, as a folder and as a tar file: bundle.sh BINARY [OUT]
#
# The bundle contains the program, models, reviews, manifests, monitoring, licences, and the checksums for verify.sh.
# IMAGES lists images (as in k8s/images.txt) to add to the bundle. ENGINE (podman or docker) saves them.
set -euo pipefail
binary=${1:?give the program, as in: deploy/bundle.sh target/release/flipkart-recommender}
binary=$(realpath "$binary")
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=flipkart-recommender-$version-$(uname -m)
mkdir -p "${2:-target/bundle}"
out=$(realpath "${2:-target/bundle}")
bundle=$out/$name
rm -rf "$bundle" "$bundle.tar"
mkdir -p "$bundle/bin" "$bundle/models" "$bundle/images"

cp "$binary" "$bundle/bin/flipkart-recommender"
cp models/README.md models/manifest.toml "$bundle/models/"
for role in chat embedding; do
    [[ -d models/$role ]] || {
        echo "There are no models in models/$role. Download them with: make models" >&2
        exit 1
    }
    cp -rL "models/$role" "$bundle/models/"
done
cp -r data k8s monitoring "$bundle/"
find "$bundle" -name __pycache__ -exec rm -r {} +
cp LICENSE NOTICE deploy/flipkart-recommender.service deploy/INSTALL.md deploy/verify.sh "$bundle/"
# The timestamp of the SBOM is the time of the commit.
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
deploy/licences.sh "$bundle/licences"
for image in ${IMAGES:-}; do
    "${ENGINE:-podman}" save --output "$bundle/images/$(tr '/:' '__' <<<"$image").tar" "$image"
done

(cd "$bundle" && find . -type f -print0 | sort -z | xargs -0 sha256sum) >"$out/sums"
mv "$out/sums" "$bundle/SHA256SUMS"
# The same input gives the same bytes.
tar -C "$out" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$bundle.tar" "$name"
sha256sum "$bundle.tar" | sed "s|$out/||" >"$bundle.tar.sha256"
echo "$bundle.tar holds $(wc -l <"$bundle/SHA256SUMS") files, $(du -m "$bundle.tar" | cut -f 1) MiB."
