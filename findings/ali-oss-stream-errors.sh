#!/usr/bin/env bash
# Of one and the same refusal by the store, ali-oss tells two halves: `get` and `put` read the XML and have its `code`, but drop the
# reply, and with it `Retry-After`; `getStream` and `head` keep the reply in `res`, but no code: `getStream` does not read the body that is
# there, so a wrong signature and a missing permission look alike, as "UnknownError". `retryMax` repeats neither.
#
# Seen with ali-oss 6.23.0, a server on this machine that answers as OSS does when it is asked too often:
#   get: ServiceUnavailableError ServiceUnavailable, Retry-After: undefined, requests: 1
#   put: ServiceUnavailableError ServiceUnavailable, Retry-After: undefined, requests: 1
#   getStream: UnknownError undefined, Retry-After: 3, requests: 1
#   head: UnknownError undefined, Retry-After: 3, requests: 1
# Who waits as the store asks sends requests by a client of their own; who reads streams takes the status for the reason.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ali-oss@6.23.0
cat >refused.cjs <<'JS'
const { createServer } = require("node:http");
const OSS = require("ali-oss");
let requests = 0;
const body =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>ServiceUnavailable</Code><Message>Please reduce your request rate.</Message></Error>';
const server = createServer((request, response) => {
  requests++;
  request.resume().on("end", () => {
    response.writeHead(503, { "Content-Type": "application/xml", "Retry-After": "3", "x-oss-request-id": "1" });
    response.end(request.method === "HEAD" ? undefined : body);
  });
});
server.listen(0, "127.0.0.1", async () => {
  const options = { accessKeyId: "id", accessKeySecret: "secret", bucket: "media", cname: true, retryMax: 2 };
  const client = new OSS({ ...options, endpoint: `http://127.0.0.1:${server.address().port}` });
  for (const call of ["get", "put", "getStream", "head"]) {
    requests = 0;
    const error = await client[call]("cam/1.mp4", ...(call === "put" ? [Buffer.from("media")] : [])).catch((error) => error);
    const after = error.res?.headers["retry-after"];
    console.log(`${call}: ${error.name} ${error.code}, Retry-After: ${after}, requests: ${requests}`);
  }
  process.exit();
});
JS
node refused.cjs | tee seen
diff seen - <<'EXPECTED'
get: ServiceUnavailableError ServiceUnavailable, Retry-After: undefined, requests: 1
put: ServiceUnavailableError ServiceUnavailable, Retry-After: undefined, requests: 1
getStream: UnknownError undefined, Retry-After: 3, requests: 1
head: UnknownError undefined, Retry-After: 3, requests: 1
EXPECTED
