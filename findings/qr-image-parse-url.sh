#!/usr/bin/env bash
# qr-image's option `parse_url` writes all of a URL's authority in capitals, for a smaller code. Scheme and host may be (RFC 3986,
# section 6.2.2.1), but user and password are part of the authority, too, and theirs is another value then: whoever scans the code of
# a camera's URL is refused by the camera.
#
# Seen with qr-image 3.2.0, read back with jsQR 1.4.0:
#   as it is: http://viewer:Secret@cam.example/Stream
#   parse_url: HTTP://VIEWER:SECRET@CAM.EXAMPLE/Stream
# Leave `parse_url` off where a URL may hold credentials.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund qr-image@3.2.0 jsqr@1.4.0
cat >scan.cjs <<'JS'
const qr = require("qr-image");
const read = require("jsqr");
const SCALE = 4;
const MARGIN = 4;
/** What a scanner reads in the code of a URL. */
function scanned(url, parse) {
  const modules = qr.matrix(url, "M", parse);
  const size = (modules.length + 2 * MARGIN) * SCALE;
  const pixels = new Uint8ClampedArray(size * size * 4).fill(255);
  for (let i = 0; i < size * size; i++) {
    const row = Math.floor(i / size / SCALE) - MARGIN;
    const column = Math.floor((i % size) / SCALE) - MARGIN;
    if (modules[row]?.[column]) pixels.fill(0, i * 4, i * 4 + 3);
  }
  return read(pixels, size, size).data;
}
const url = "http://viewer:Secret@cam.example/Stream";
console.log("as it is:", scanned(url, false));
console.log("parse_url:", scanned(url, true));
JS
node scan.cjs | tee seen
diff seen - <<'EXPECTED'
as it is: http://viewer:Secret@cam.example/Stream
parse_url: HTTP://VIEWER:SECRET@CAM.EXAMPLE/Stream
EXPECTED
