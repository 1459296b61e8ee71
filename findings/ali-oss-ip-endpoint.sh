#!/usr/bin/env bash
# ali-oss with an endpoint that is an IP address connects to that address, but names another host in its request: the public one
# of the region Hangzhou, which nobody has configured, and leaves the bucket out of the path. An emulator or a gateway that is
# given by its address sees requests for a bucket of Alibaba's, or finds none. `sldEnable` puts the bucket into the path, the
# host stays. By a name, `localhost`, `sldEnable` makes both right.
#
# Seen with ali-oss 6.23.0 (bucket `media`, object `a/b.mp4`):
#   http://127.0.0.1: PUT /a/b.mp4, Host: media.oss-cn-hangzhou.aliyuncs.com
#   http://127.0.0.1, sldEnable: PUT /media/a/b.mp4, Host: media.oss-cn-hangzhou.aliyuncs.com
#   http://localhost, sldEnable: PUT /media/a/b.mp4, Host: localhost
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund ali-oss@6.23.0
cat >put.cjs <<'JS'
const { createServer } = require("node:http");
const OSS = require("ali-oss");
const server = createServer((request, response) => {
  request.resume().on("end", () => {
    server.seen = `${request.method} ${request.url}, Host: ${request.headers.host.replace(/:\d+$/, "")}`;
    response.setHeader("etag", '"A"').end();
  });
});
async function put(host, sldEnable) {
  const endpoint = `http://${host}:${server.address().port}`;
  const client = new OSS({ endpoint, bucket: "media", accessKeyId: "id", accessKeySecret: "secret", sldEnable });
  await client.put("a/b.mp4", Buffer.from("media"));
  console.log(`http://${host}${sldEnable ? ", sldEnable" : ""}: ${server.seen}`);
}
server.listen(0, "127.0.0.1", async () => {
  await put("127.0.0.1", false);
  await put("127.0.0.1", true);
  await put("localhost", true);
  server.close();
  server.closeAllConnections();
});
JS
node put.cjs | tee seen
diff seen - <<'EXPECTED'
http://127.0.0.1: PUT /a/b.mp4, Host: media.oss-cn-hangzhou.aliyuncs.com
http://127.0.0.1, sldEnable: PUT /media/a/b.mp4, Host: media.oss-cn-hangzhou.aliyuncs.com
http://localhost, sldEnable: PUT /media/a/b.mp4, Host: localhost
EXPECTED
