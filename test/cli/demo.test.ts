import { mkdtemp, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { start } from "./boxcar-program.ts";

test("the demonstration runs, can be repeated, and leaves a server with links that work", async () => {
  const data = await mkdtemp(join(tmpdir(), "boxcar-demo-"));
  const env = { BOXCAR_DATA: data, PORT: "0" };
  const once = await start(["demo", "--once"], env).finished;
  expect(once, once.stderr).toMatchObject({ code: 0 });
  expect(once.stdout).toContain("checked: 28.5 s cut over 4 segments");
  const cut = await readFile(join(data, "cut.mp4"));
  expect((await stat(join(data, "event.mp4"))).size).toBeGreaterThan(50_000);

  const running = start(["demo"], env);
  await running.line("all calls");
  for (const holding of [
    "play the cut",
    "fragmented",
    "whole minute",
    "what there is",
    "segments  ",
    "an event of it",
    "all calls",
    "the page",
  ]) {
    const [url = ""] = /http:\S+/.exec(await running.line(holding)) ?? [];
    const response = await fetch(url);
    expect(response.status, url).toBe(200);
    const body = Buffer.from(await response.arrayBuffer());
    if (holding === "play the cut") expect(body.equals(cut)).toBe(true);
  }
  running.interrupt();
  expect((await running.finished).code).toBe(0);
});
