/** A client that leaves while a long range is planned for it, on each runtime: planning ends. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, it } from "vitest";
import { record, RECORDED_AT } from "../support/recording.ts";
import { token, upload } from "./client.ts";
import { isInstalled, servers, startEdge, type ProcessEdge } from "./edges.ts";
import { copySegments, leave } from "./left-plan.ts";

const SEGMENTS = 100_000;

describe.each(servers.filter(isInstalled))("planning on %s", (name) => {
  let folder: string;
  let edge: ProcessEdge;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "boxcar-left-"));
    edge = await startEdge(name, { BOXCAR_DATA: folder, BOXCAR_TOKEN: token });
    const [segment] = await record({ count: 1, seconds: 2 });
    await upload(edge.url, "cam", RECORDED_AT, await readFile(segment?.file ?? ""));
    await copySegments(`file:${join(folder, "catalog.db")}`, "cam", SEGMENTS);
  });
  afterAll(async () => {
    await edge.stop();
    await rm(folder, { recursive: true });
  });

  it.each(["api/timeline/cam", "download/cam.mp4", "sprite/cam.vtt"])("of %s ends when its client has gone", (path) =>
    leave(edge.url, path, SEGMENTS, "closed"),
  );
});
