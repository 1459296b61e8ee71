#!/usr/bin/env bash
# With a local database all calls of @libsql/client keep the thread until they are done, although they give promises: a statement
# that waits for a lock (`pragma busy_timeout`) lets nothing else run meanwhile. When the lock's holder is a transaction of the same
# process, it cannot end either: the wait lasts its whole time and fails, however short the transaction would have been.
#
# Seen with @libsql/client 0.18.0 (libsql 0.5.29); a transaction that ends after 100 ms, a timeout of 1000 ms:
#   the same process: SQLITE_BUSY, timers meanwhile: 0
#   another process: written
# So all writes of a process go through one queue, and a timeout is only for other processes; keep it short.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @libsql/client@0.18.0
cat >hold.mjs <<'JS'
import { createClient } from "@libsql/client";

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** Holds the lock for 100 ms. @returns once it has it, a promise of its end */
export async function hold() {
  const transaction = await createClient({ url: "file:catalog.db" }).transaction("write");
  await transaction.execute("insert into notes values ('held')");
  return { ended: wait(100).then(() => transaction.commit()) };
}
if (process.argv[2] === "hold") {
  const { ended } = await hold();
  console.log("held");
  await ended;
}
JS
cat >write.mjs <<'JS'
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createClient } from "@libsql/client";
import { hold } from "./hold.mjs";

const db = createClient({ url: "file:catalog.db" });
await db.execute("create table notes (text)");
await db.execute("pragma busy_timeout = 1000");
const write = () => db.execute("insert into notes values ('waited')").then(() => "written", ({ code }) => code);

const { ended } = await hold();
let timers = 0;
const timer = setInterval(() => timers++, 10);
const outcome = await write();
console.log(`the same process: ${outcome}, timers meanwhile: ${timers}`);
clearInterval(timer);
await ended;

const other = spawn(process.execPath, ["hold.mjs", "hold"], { stdio: ["ignore", "pipe", "inherit"] });
await once(other.stdout, "data");
console.log(`another process: ${await write()}`);
JS
node write.mjs | tee seen
diff seen - <<'EXPECTED'
the same process: SQLITE_BUSY, timers meanwhile: 0
another process: written
EXPECTED
