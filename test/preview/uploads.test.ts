/** Uploads by the page, over connections that break, and going on after the page is loaded anew: in a real Chromium. */
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";
import { box } from "../support/boxes.ts";

/** A connection to a server that breaks: after so many more bytes of a client, those of the whole way. */
interface BreakingWay {
  readonly url: string;
  /** Bytes that still pass; negative: all. */
  left: number;
  close(): Promise<void>;
}

async function breakingWay(port: number): Promise<BreakingWay> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const onward = connect(port, "127.0.0.1");
    for (const socket of [client, onward]) sockets.add(socket.on("error", () => undefined));
    client.on("close", () => onward.end());
    onward.on("close", () => client.destroy()).pipe(client);
    client.on("data", (chunk: Buffer) => {
      const passing = way.left < 0 ? chunk : chunk.subarray(0, way.left);
      if (way.left >= 0) way.left -= passing.length;
      if (!onward.destroyed) onward.write(passing);
      if (way.left === 0) client.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const way: BreakingWay = {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    left: -1,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return way;
}

let folder = "";
let file = "";
let server: RunningServer;
let way: BreakingWay;
let page: Page;
let closePage: () => Promise<void>;
/** Method and offset of each request of an upload. */
const requests: string[] = [];
/** Of the upload. */
let path = "";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Bytes of the upload that the server has. */
async function received(): Promise<number> {
  const head = await fetch(server.url + path, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } });
  return Number(head.headers.get("upload-offset"));
}

async function choose(): Promise<void> {
  await page.getByRole("button", { name: "Upload recordings" }).setInputFiles(file);
  await page.locator(".uploads").waitFor();
}

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-uploads-"));
  server = await startNode({ PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error" });
  const [recorded = ""] = await recordNumbered({ folder, name: "long", segments: 1, seconds: 4 });
  file = join(folder, "long.mp4");
  await writeFile(file, Buffer.concat([await readFile(recorded), box("free", new Uint8Array(3 << 20).fill(7))]));
  way = await breakingWay(Number(new URL(server.url).port));
  ({ page, close: closePage } = await openPage(way.url, "/"));
  page.on("request", (request) => {
    if (!request.url().includes("/api/uploads")) return;
    path = new URL(request.url()).pathname;
    const offset = request.headers()["upload-offset"];
    requests.push(request.method() + (offset === undefined ? "" : ` ${offset === "0" ? "0" : "further"}`));
  });
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await way.close();
  await server.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(chromiumPath === undefined)("uploads of the page", () => {
  test("go on by themselves after a break, and after the page was loaded anew; the bytes are there once", async () => {
    await choose();
    await page.locator(".uploads input[name=streamPath]").fill("site/gate");
    await page.locator(".uploads input[name=start]").fill("2026-01-31T10:00:00");
    way.left = 1 << 20;
    await page.locator(".uploads .actions button.main").click();
    await expect.poll(received, { timeout: 10_000 }).toBeGreaterThan(0);
    // It comes again by itself, and gets a part further.
    const before = await received();
    way.left = 1 << 20;
    await expect.poll(received, { timeout: 20_000 }).toBeGreaterThan(before);
    way.left = -1;
    await page.reload();

    requests.length = 0;
    await choose();
    await page.locator(".uploads em", { hasText: "goes on where it stopped" }).waitFor();
    expect(await page.locator(".uploads input[name=streamPath]").inputValue()).toBe("site/gate");
    expect(await page.locator(".uploads input[name=start]").inputValue()).toBe("2026-01-31T10:00");
    await page.locator(".uploads .actions button.main").click();
    await page.locator(".uploads em", { hasText: "Uploaded" }).waitFor();
    expect(requests).toEqual(["HEAD", "PATCH further", "GET"]);

    // Chosen once more, it is there already.
    await page.reload();
    requests.length = 0;
    await choose();
    await page.locator(".uploads em", { hasText: "goes on where it stopped" }).waitFor();
    await page.locator(".uploads .actions button.main").click();
    await page.locator(".uploads em", { hasText: "Uploaded" }).waitFor();
    expect(requests).toEqual(["HEAD", "GET"]);

    const bytes = await readFile(file);
    const list = (await (await fetch(`${server.url}/mp4/api/list/site/gate`)).json()) as { data: { size: number }[] };
    expect(list.data.map(({ size }) => size)).toEqual([bytes.length]);
    const stored = await readdir(join(folder, "data"), { recursive: true });
    const segments = stored.filter((name) => name.endsWith(".mp4"));
    expect(segments).toHaveLength(1);
    expect(sha256(await readFile(join(folder, "data", segments[0] ?? "")))).toBe(sha256(bytes));
  });
});
