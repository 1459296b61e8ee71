/** `npm run start:worker` on a machine with nothing set: the worker, over a libSQL server that it starts itself. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { record, RECORDED_AT } from "../support/recording.ts";
import { freePort, sqldPath } from "../support/sqld.ts";
import { start } from "./boxcar-program.ts";

it.skipIf(sqldPath === undefined)(
  "runs the worker without any settings, says where all is, and ends what it started",
  { timeout: 120_000 },
  async () => {
    const data = await mkdtemp(join(tmpdir(), "boxcar-worker-"));
    const port = await freePort();
    const running = start(["worker"], { BOXCAR_DATA: data, PORT: String(port), BOXCAR_CATALOG: "" });
    try {
      const [, catalog = ""] = /server \(.*\) at (http:\S+) keeps it in/.exec(await running.line("catalog: ")) ?? [];
      expect(await running.line("catalog: ")).toContain(join(data, "worker/catalog.sqld"));
      const url = `http://127.0.0.1:${port}`;
      expect(await running.line("worker: on")).toContain(url);
      await running.line("Ready on");
      const start = new Date(RECORDED_AT).toISOString();
      const [segment] = await record({ count: 1, seconds: 2 });
      const body = await readFile(segment?.file ?? "");
      const stored = await fetch(`${url}/mp4/api/segments/live/cam1?start=${start}`, { method: "PUT", body });
      expect(stored.status, await stored.text()).toBe(201);
      const cut = await fetch(`${url}/mp4/download/live/cam1.mp4?start=${start}&duration=1`);
      expect(cut.status).toBe(200);
      expect((await cut.arrayBuffer()).byteLength).toBe(Number(cut.headers.get("content-length")));
      expect(await readdir(join(data, "worker"))).toEqual(expect.arrayContaining(["catalog.sqld", "v3"]));

      running.interrupt();
      const { code, stdout } = await running.finished;
      expect(code, stdout).toBe(0);
      await expect(fetch(`${catalog}/version`), "its libSQL server").rejects.toThrow();
    } finally {
      running.interrupt();
      await running.finished;
      await rm(data, { recursive: true });
    }
  },
);
