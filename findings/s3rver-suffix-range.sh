#!/usr/bin/env bash
# s3rver, an S3 server for tests, answers a suffix range (`Range: bytes=-3`, the last three bytes, RFC 9110 section 14.1.2) with
# the first four bytes: it reads the suffix length as the last position. S3 itself, Ceph's radosgw and Miniflare's R2 give the
# last three. A reader that looks for the end of a file, such as a `moov` behind the media, sees its beginning.
#
# Seen with s3rver 3.7.1, an object of "0123456789":
#   bytes=-3: 206 bytes 0-3/10 0123
#   bytes=7-: 206 bytes 7-9/10 789
# Ask for positions, not for suffixes; the size is known from HEAD. Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund s3rver@3.7.1
cat >ask.mjs <<'JS'
import S3rver from "s3rver";
const buckets = [{ name: "media" }];
const server = new S3rver({ port: 0, address: "127.0.0.1", silent: true, directory: "./objects", configureBuckets: buckets });
const { port } = await server.run();
const url = `http://127.0.0.1:${port}/media/object`;
await fetch(url, { method: "PUT", body: "0123456789" });
for (const range of ["bytes=-3", "bytes=7-"]) {
  const response = await fetch(url, { headers: { range } });
  console.log(`${range}: ${response.status} ${response.headers.get("content-range")} ${await response.text()}`);
}
await server.close();
JS
node ask.mjs | tee seen
diff seen - <<'EXPECTED'
bytes=-3: 206 bytes 0-3/10 0123
bytes=7-: 206 bytes 7-9/10 789
EXPECTED
