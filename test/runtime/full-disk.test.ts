import { createClient } from "@libsql/client";
import { execFileSync } from "node:child_process";
import { mkdtemp, open, readdir, readFile, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { start } from "../cli/boxcar-program.ts";
import { record } from "../support/recording.ts";

/** A server of its own process over a disk of 24 MiB. */
interface Server {
  call(path: string, init?: RequestInit): Promise<{ status: number; json: Record<string, unknown> }>;
  stop(): Promise<void>;
}

let disk: string;
let mounted = false;
beforeEach(async () => {
  disk = await mkdtemp(join(tmpdir(), "boxcar-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", disk], { stdio: "pipe" });
    mounted = true;
  } catch {
    mounted = false;
  }
});
afterEach(async () => {
  if (mounted) execFileSync("umount", ["--lazy", disk]);
  await rm(disk, { recursive: true, force: true });
});

async function serve(): Promise<Server> {
  const program = start(["serve"], { BOXCAR_DATA: join(disk, "data"), PORT: "0", HOST: "127.0.0.1" });
  const { url } = JSON.parse(await program.line("listening")) as { url: string };
  return {
    call: async (path, init) => {
      const response = await fetch(url + path, init);
      return { status: response.status, json: (await response.json()) as Record<string, unknown> };
    },
    stop: async () => {
      program.interrupt();
      await program.finished;
    },
  };
}

/** Fills the disk to its last byte, whatever the server still writes or gives back meanwhile. */
async function fill(name: string): Promise<void> {
  const { bsize } = await statfs(disk);
  const filler = await open(join(disk, name), "w");
  try {
    for (;;) await filler.write(new Uint8Array(bsize));
  } catch (error) {
    expect(error).toMatchObject({ code: "ENOSPC" });
  } finally {
    await filler.close();
  }
  expect((await statfs(disk)).bavail).toBe(0);
}

it("recordings can be deleted from a full disk, also after a restart, and uploads are refused before a row", async ({
  skip,
}) => {
  if (!mounted) skip("needs the right to mount a small file system");
  const [recorded] = await record({ count: 2, seconds: 2 });
  const file = await readFile(recorded?.file ?? "");
  let server = await serve();
  const put = (hour: number): ReturnType<Server["call"]> =>
    server.call(`/mp4/api/segments/s?start=2026-01-31T1${hour}:00:00Z`, { method: "PUT", body: file });
  const remove = (hour: number): ReturnType<Server["call"]> =>
    server.call(`/mp4/api/delete/s?start=2026-01-31T1${hour}:00:00Z&duration=1m`, { method: "POST" });
  for (let hour = 0; hour < 6; hour++) expect(await put(hour)).toMatchObject({ status: 201 });

  await fill("first");
  expect(await put(6)).toMatchObject({ status: 507, json: { error: "store_full" } });
  const form = new FormData();
  form.set("img", new Blob([file]), "a.mp4");
  expect((await server.call("/api/chat/uploadAliyun", { method: "POST", body: form })).status).toBe(507);
  const tus = { "Tus-Resumable": "1.0.0", "Upload-Length": "1000" };
  expect(await server.call("/api/uploads", { method: "POST", headers: tus })).toMatchObject({ status: 507 });
  expect(await remove(0)).toMatchObject({ status: 200 });
  await server.stop();

  await fill("second");
  server = await serve();
  for (let hour = 1; hour < 4; hour++) expect(await remove(hour)).toMatchObject({ status: 200 });
  await fill("third");
  expect(await remove(4)).toMatchObject({ status: 200 });
  expect(await server.call("/mp4/api/list/s")).toMatchObject({ json: { total: 1 } });
  expect(await put(6)).toMatchObject({ status: 507 });

  for (const name of ["first", "second", "third"]) await rm(join(disk, name));
  expect(await put(6)).toMatchObject({ status: 201 });
  await server.stop();
  const client = createClient({ url: `file:${join(disk, "data/catalog.db")}` });
  const { rows } = await client.execute("select state, count(*) as n from segments group by state order by state");
  expect(rows.map(({ state, n }) => [state, n])).toEqual([
    ["ready", 2],
    ["tombstone", 5],
  ]);
  client.close();
  expect(await readdir(join(disk, "data"))).toContain("catalog.db-reserve");
});
