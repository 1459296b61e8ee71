#!/usr/bin/env bash
# A slice of a file as the body of a response makes Bun answer 206 with a `Content-Range` of its own, although nobody asked for
# a range: the positions are those of the file behind it, its size is told as `*`, and a `Range` of the request is then left
# unheeded. `status: 200` changes nothing; a `Content-Length` field does. So a server that answers with a part of a file as a
# resource of its own (a sample, a thumbnail, a media segment) must say its length.
#
# Seen with Bun 1.4.5, a file of "0123456789" of which bytes 2 to 4 are the body:
#   no status: 206 bytes 2-4/* 234
#   no status, Range: bytes=0-0: 206 bytes 2-4/* 234
#   status 200: 206 bytes 2-4/* 234
#   status 200, Content-Length: 200 null 234
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund bun@1.4.5
node node_modules/bun/install.js 2>/dev/null || true # where install scripts are off
printf 0123456789 >file
cat >serve.mjs <<'JS'
const part = () => Bun.file("file").slice(2, 5);
const options = { "/": {}, "/200": { status: 200 }, "/length": { status: 200, headers: { "content-length": "3" } } };
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: ({ url }) => new Response(part(), options[new URL(url).pathname]),
});
async function ask(what, path, headers = {}) {
  const response = await fetch(new URL(path, server.url), { headers });
  console.log(`${what}: ${response.status} ${response.headers.get("content-range")} ${await response.text()}`);
}
await ask("no status", "/");
await ask("no status, Range: bytes=0-0", "/", { range: "bytes=0-0" });
await ask("status 200", "/200");
await ask("status 200, Content-Length", "/length");
await server.stop(true);
JS
node_modules/.bin/bun serve.mjs | tee seen
diff seen - <<'EXPECTED'
no status: 206 bytes 2-4/* 234
no status, Range: bytes=0-0: 206 bytes 2-4/* 234
status 200: 206 bytes 2-4/* 234
status 200, Content-Length: 200 null 234
EXPECTED
