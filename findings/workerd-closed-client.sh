#!/usr/bin/env bash
# workerd tells a worker that its client has gone (`request.signal`) only when the connection is reset. A client that closes its
# connection in the usual way, by a FIN, may still be reading as far as TCP knows; workerd takes it so, and the work goes on to its
# end. Node's, Bun's and Deno's servers take the same close for the end of the request.
#
# Seen with workerd 1.20261117.1, flag enable_request_signal, a worker that works for two seconds:
#   /closed went on to its end
#   /reset was told
# So what a worker does for one request must be bounded by itself: most browsers and libraries leave by a FIN.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund workerd@1.20261117.1
cat >worker.js <<'JS'
export default {
  async fetch(request, _env, context) {
    const { pathname } = new URL(request.url);
    let told = false;
    request.signal.addEventListener("abort", () => (told = true));
    const work = (async () => {
      for (let i = 0; i < 20 && !told; i++) await new Promise((resolve) => setTimeout(resolve, 100));
      console.log(`${pathname} ${told ? "was told" : "went on to its end"}`);
      return new Response("done");
    })();
    context.waitUntil(work);
    return work;
  },
};
JS
port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
cat >server.capnp <<CAPNP
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [(name = "worker", esModule = embed "worker.js")],
    compatibilityDate = "2026-01-01", compatibilityFlags = ["enable_request_signal"]))],
  sockets = [(name = "http", address = "127.0.0.1:$port", http = (), service = "main")]);
CAPNP
node_modules/.bin/workerd serve server.capnp >told &
server=$!
cat >leave.mjs <<'JS'
import { connect } from "node:net";
const port = Number(process.argv[2]);
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const open = () =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket)).on("error", reject);
  });
for (;;) {
  const socket = await open().catch(() => undefined);
  socket?.destroy();
  if (socket !== undefined) break;
  await wait(100);
}
for (const path of ["closed", "reset"]) {
  const socket = await open();
  socket.write(`GET /${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await wait(500);
  if (path === "closed") socket.destroy();
  else socket.resetAndDestroy();
}
await wait(3000);
JS
node leave.mjs "$port"
sort told | tee seen
diff seen - <<'EXPECTED'
/closed went on to its end
/reset was told
EXPECTED
