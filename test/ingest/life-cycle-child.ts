/*
 * One segment's life in a process of its own, which kills itself at the step named on its command line. It tells what
 * it has done, one word a line, so that the test knows what must still hold. Not a test itself: bundled and started by
 * reconcile.test.ts.
 */
import { writeSync } from "node:fs";
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { reconcile } from "../../src/intake/reconcile/reconcile.ts";
import { openCatalogFile } from "../../src/runtime/libsql/open-catalog.ts";
import { FileStore } from "../../src/store/file/file.ts";

const [folder = "", step = "", name = ""] = process.argv.slice(2);

function reach(reached: string): void {
  writeSync(1, `${reached}\n`);
  if (reached === step) process.kill(process.pid, "SIGKILL");
}

/** Reports a step after each call of a file operation whose first argument ends in `suffix`. */
function watch(operation: "link" | "unlink" | "open", suffix: string, reached: string): void {
  const original = fs[operation] as (...args: unknown[]) => Promise<unknown>;
  Object.assign(fs, {
    [operation]: async (...args: unknown[]) => {
      const result = await original(...args);
      if (args.some((argument) => String(argument).includes(suffix))) reach(reached);
      return result;
    },
  });
}
watch("open", ".boxcar-tmp", "temporary-opened");
watch("link", name, "object-linked");
watch("unlink", ".boxcar-tmp", "temporary-unlinked");
watch("unlink", name, "object-unlinked");
syncBuiltinESMExports();

const { catalog } = await openCatalogFile(join(folder, "catalog.db"));
const store = new FileStore(join(folder, "media"));
const content = new Uint8Array(300_000).fill(7);

async function* body(): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(content.subarray(0, 100_000));
  reach("object-begun");
  yield content.subarray(100_000);
  reach("object-written");
}

const key = `segments/s/${name}.mp4`;
const { id } = await catalog.beginSegment({ streamPath: "s", key, nowMs: Date.now() });
reach("pending");
const { size, etag } = await store.put(key, body());
reach("object-durable");
const times = { startMs: Date.now(), endMs: Date.now() + 1000 };
const bytes = { summary: new Uint8Array(3), index: new Uint8Array(30) };
await catalog.completeSegment(id, { ...times, ...bytes, format: "mp4", codecs: "avc1", size, etag });
reach("ready");
if (step === "ready-idle") process.kill(process.pid, "SIGKILL");
await catalog.tombstone({ streamPath: "s", ids: [id] }, Date.now());
reach("tombstone");
const parts = { catalog, store, sweep: (beforeMs: number) => store.sweep(beforeMs) };
for await (const finding of reconcile(parts, { nowMs: Date.now() + 3_600_000 })) reach(finding.kind);
