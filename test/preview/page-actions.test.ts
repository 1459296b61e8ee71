/** What the page lets a viewer do, and does not offer to who may not: in a real Chromium, with tokens. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startNode, type RunningServer } from "../../src/runtime/node.ts";
import { chromiumPath, openPage } from "../browser/chromium.ts";
import { recordNumbered } from "../browser/numbered-recording.ts";

const admin = "an-administrators-token-of-32-chars";
const viewer = "a-token-that-reads-one-stream-only-00";
const headers = { Authorization: `Bearer ${admin}` };
let folder = "";
let server: RunningServer;
let page: Page;
let closePage: () => Promise<void>;
let file = "";

async function sign(token: string): Promise<void> {
  await page.locator("input[name=token]").fill(token);
  await page.locator(".sign-in button").click();
  await page.locator(".streams button").first().waitFor();
}

/** Drops the file there, as from a folder of the desk. */
async function drop(selector: string): Promise<void> {
  const bytes = (await readFile(file)).toString("base64");
  const transfer = await page.evaluateHandle((data) => {
    const all = new DataTransfer();
    const content = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
    all.items.add(new File([content], "dropped.mp4", { type: "video/mp4" }));
    return all;
  }, bytes);
  await page.dispatchEvent("body", "dragenter", { dataTransfer: transfer });
  await page.locator(".drop").waitFor();
  await page.dispatchEvent(selector, "drop", { dataTransfer: transfer });
  await page.locator(".drop").waitFor({ state: "hidden" });
}

const dataOf = async <T>(path: string): Promise<T> =>
  ((await (await fetch(server.url + path, { headers })).json()) as { data: T }).data;

beforeAll(async () => {
  if (chromiumPath === undefined) return;
  folder = await mkdtemp(join(tmpdir(), "boxcar-actions-"));
  const tokens = [{ name: "viewer", scopes: ["read:site/gate"], token: viewer }];
  const env = { PORT: "0", BOXCAR_DATA: join(folder, "data"), BOXCAR_LOG: "error", BOXCAR_SOURCES_ALLOW: "lavfi" };
  server = await startNode({ ...env, BOXCAR_TOKEN: admin, BOXCAR_TOKENS: JSON.stringify(tokens) });
  [file = ""] = await recordNumbered({ folder, name: "gate", segments: 1, seconds: 4 });
  const url = `${server.url}/mp4/api/segments/site/gate?start=2026-01-31T10:00:00Z`;
  expect((await fetch(url, { method: "PUT", headers, body: await readFile(file) })).status).toBe(201);
  const source = { url: "lavfi:testsrc2=size=160x96:rate=25", mode: "demand", fragment: "1s" };
  const put = { method: "PUT", headers: { ...headers, "content-type": "application/json" } };
  const kept = await fetch(`${server.url}/mp4/api/sources/site/gate`, { ...put, body: JSON.stringify(source) });
  expect(kept.status).toBe(200);
  ({ page, close: closePage } = await openPage(server.url, "/"));
});
afterAll(async () => {
  if (chromiumPath === undefined) return;
  await closePage();
  await server.close();
  await rm(folder, { recursive: true });
});

describe.skipIf(chromiumPath === undefined)("the page", () => {
  test("asks anew for a token that is refused, and offers nothing beside that", async () => {
    await page.locator("input[name=token]").fill("a-token-of-another-server-12345678");
    await page.locator(".sign-in button").click();
    await page.locator(".notice", { hasText: "not a token" }).waitFor();
    expect(await page.locator("header button").count()).toBe(0);
    expect(await page.getByText("Choose a stream").count()).toBe(0);
  });

  test("the description of the calls has headings for all its sections", async () => {
    await page.goto(`${server.url}/docs`);
    await page.locator(".opblock").first().waitFor();
    expect(await page.locator("h3").allTextContents()).toHaveLength(6);
    await page.goto(server.url);
  });

  test("offers nothing that a token may not do", async () => {
    await sign(viewer);
    await page.locator(".actions button small").first().waitFor(); // downloads are there
    for (const what of [".recorder", ".danger", "[data-drop=upload]"])
      expect(await page.locator(what).count(), what).toBe(0);
    expect(await page.getByText("Upload recordings").count()).toBe(0);
    expect(await page.locator(".streams strong").allTextContents()).toEqual(["site/gate"]);
    await page.getByText("Sign out").click();
    await page.locator(".sign-in").waitFor();
  });

  test("lets a guest sign in", async () => {
    const env = { PORT: "0", BOXCAR_DATA: join(folder, "guests"), BOXCAR_LOG: "error", BOXCAR_TOKEN: admin };
    const withGuests = await startNode({ ...env, BOXCAR_GUESTS: "read:public/*" });
    try {
      await page.goto(withGuests.url);
      await page.locator("header button", { hasText: "Sign in" }).click();
      await page.locator("input[name=token]").fill(admin);
      await page.locator(".sign-in button").click();
      await page.getByText("Upload recordings").waitFor();
      expect(await page.locator("header button").allTextContents()).toEqual(["Sign out"]);
    } finally {
      await page.goto(server.url);
      await withGuests.close();
    }
  });

  test("plays a file that is dropped on it, and uploads one that is dropped where it says so", async () => {
    await sign(admin);
    await drop(".drop p:first-child");
    await page.locator(".top h2", { hasText: "dropped.mp4" }).waitFor();
    await page.waitForFunction(() => (document.querySelector("boxcar-player")?.video.readyState ?? 0) >= 2);
    expect(await page.locator(".uploads").count()).toBe(0);

    await drop("[data-drop=upload]");
    await page.locator(".uploads input[name=streamPath]").fill("site/dropped");
    await page.locator(".uploads input[name=start]").fill("2026-01-31T10:00:00");
    await page.locator(".uploads .actions button.main").click();
    await page.locator(".uploads em", { hasText: "Uploaded" }).waitFor();
    const [segment] = await dataOf<{ size: number }[]>("/mp4/api/list/site/dropped");
    expect(segment?.size).toBe((await readFile(file)).length);
    await page.locator(".uploads .actions button").nth(1).click();
  });

  test("records a stream from its source, notes an event, and stops", async () => {
    await page.locator(".streams button", { hasText: "site/gate" }).click();
    await page.locator(".recorder > button", { hasText: "Record" }).click();
    await page.locator(".live").waitFor();
    await page.locator("summary").click();
    await page.locator("input[name=eventName]").fill("Doorbell");
    await page.locator("details form button").click();
    await page.locator(".notice", { hasText: "Event noted" }).waitFor();
    await page.locator(".recorder > button[aria-pressed=true]").click();
    await page.locator(".recorder > button[aria-pressed=false]").waitFor();
    const jobs = await dataOf<{ streamPath: string; state: string }[]>("/mp4/api/jobs");
    expect(jobs.map(({ streamPath, state }) => `${streamPath} ${state}`)).toEqual(["site/gate ended"]);
    const { events } = await dataOf<{ events: { eventName: string }[] }>("/mp4/api/timeline/site/gate?start=0");
    expect(events.map(({ eventName }) => eventName)).toEqual(["Doorbell"]);
  });
});
