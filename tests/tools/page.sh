#!/usr/bin/env bash
# The chat page in a real browser (page.mjs and page/), with pictures in target/tools/pictures. Run it by
# with-server.sh, which sets BASE_URL.
set -euo pipefail
cd "$(dirname "$0")/../.."
CHROMIUM=$(command -v chromium)
export CHROMIUM TOOLS_NODE_MODULES=target/tools/node_modules
node tests/tools/page.mjs "${BASE_URL:?run this by tests/tools/with-server.sh}" target/tools/pictures
