import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readConfig } from "../../src/config/config.ts";
import { openNodeParts } from "../../src/runtime/node/node-parts.ts";
import { add } from "../catalog/open.ts";
import { boxcar } from "./boxcar-program.ts";

const HOUR = 3_600_000;

it("doubts a clock that is far ahead of when recordings were last looked through, unless it is told not to", async () => {
  const data = await mkdtemp(join(tmpdir(), "boxcar-retain-"));
  const parts = await openNodeParts(readConfig({ BOXCAR_DATA: data }));
  await parts.migrate();
  const lastMs = Date.now() - 72 * HOUR;
  await parts.catalog.leases.takeTurn("believed time", lastMs, lastMs);
  await add(parts.catalog, "cam", lastMs - HOUR, lastMs);
  const kept = { retentionMs: 24 * HOUR, retentionBytes: null, protectedMs: null, isStopped: false, owner: "" };
  const source = { streamPath: "cam", url: "rtsp://camera/a", mode: "demand", fragmentMs: null, labels: {} } as const;
  await parts.catalog.sources.put({ ...source, ...kept });
  await parts.close();
  const env = { BOXCAR_DATA: data };
  const doubted = await boxcar(["retain"], env);
  expect(doubted).toMatchObject({ code: 0, stderr: expect.stringContaining("--trust-clock") as unknown });
  expect(doubted.stdout).toContain("0 segments of 0 bytes removed");
  const told = await boxcar(["retain", "--dry-run", "--trust-clock"], env);
  expect(told).toMatchObject({ code: 0, stderr: "" });
  expect(told.stdout).toContain("1 segments of 1000 bytes would be removed");
  await rm(data, { recursive: true });
});
