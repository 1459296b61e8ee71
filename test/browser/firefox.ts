/** A real Firefox, driven by WebDriver BiDi: playwright drives a patched one alone. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Page } from "playwright-core";
import { WebSocket } from "ws";
import { firstExecutable, install } from "./chromium.ts";

/** What works in a page of either browser. */
export type Evaluates = Pick<Page, "evaluate">;

/** Media play without a click, and a document of JSON is one like others, from which media can be had. */
const PREFERENCES = {
  "media.autoplay.default": 0,
  "media.autoplay.blocking_policy": 0,
  "devtools.jsonview.enabled": false,
};

/** The Firefox to drive: `FIREFOX_PATH`, else where distributions install it; undefined when there is none. */
export const firefoxPath: string | undefined = firstExecutable(
  process.env.FIREFOX_PATH,
  "/usr/bin/firefox-esr",
  "/usr/bin/firefox",
);

/** A Firefox with an empty profile on a document of that server, with `window.playback` in it. */
export async function openFirefox(
  serverUrl: string,
  path = "/healthz",
): Promise<{ readonly page: Evaluates; readonly version: string; readonly close: () => Promise<void> }> {
  if (firefoxPath === undefined) throw new Error("no Firefox; guard the test with firefoxPath");
  const profile = await mkdtemp(join(tmpdir(), "boxcar-firefox-"));
  const preferences = Object.entries(PREFERENCES).map(([name, value]) => `user_pref("${name}", ${String(value)});`);
  await writeFile(join(profile, "user.js"), preferences.join("\n"));
  const args = ["--headless", "--no-remote", "--remote-debugging-port=0", "--profile", profile];
  const firefox = spawn(firefoxPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const ended = once(firefox, "exit");
  const socket = new WebSocket(`${await addressIn(firefox.stderr)}/session`);
  await once(socket, "open");
  const send = commands(socket);
  const { capabilities } = await send<{ capabilities: { browserVersion: string } }>("session.new", {
    capabilities: {},
  });
  const { contexts } = await send<{ contexts: [{ context: string }] }>("browsingContext.getTree", {});
  const [{ context }] = contexts;
  await send("browsingContext.navigate", { context, url: serverUrl + path, wait: "complete" });
  const evaluate = async (inPage: (given: never) => unknown, given: unknown): Promise<unknown> => {
    // Values go in and out as JSON: BiDi has types of its own.
    const { result, exceptionDetails } = await send<Evaluated>("script.callFunction", {
      functionDeclaration: `async (given) => JSON.stringify(await (${String(inPage)})(JSON.parse(given)))`,
      arguments: [{ type: "string", value: JSON.stringify(given ?? null) }],
      ...{ target: { context }, awaitPromise: true, userActivation: true },
    });
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.text);
    return result?.value === undefined ? undefined : JSON.parse(result.value);
  };
  const page = { evaluate } as unknown as Evaluates;
  await install(page);
  return {
    page,
    version: capabilities.browserVersion,
    close: async () => {
      socket.close();
      firefox.kill();
      await ended;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

interface Evaluated {
  readonly result?: { readonly value?: string };
  readonly exceptionDetails?: { readonly text: string };
}

/** A reply to a command, or an event, which has no `id`. */
interface Reply {
  readonly id?: number;
  readonly result?: unknown;
  readonly message?: string;
}

/** Where it says that it listens. */
async function addressIn(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
    if (address !== undefined) {
      stderr.resume(); // it goes on writing
      return address;
    }
  }
  throw new Error("Firefox ended before it listened");
}

/** Sends commands of WebDriver BiDi, whose replies come in any order. */
function commands(socket: WebSocket): <T>(method: string, params: object) => Promise<T> {
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let last = 0;
  socket.on("message", (data: Buffer) => {
    const { id = 0, result, message } = JSON.parse(data.toString()) as Reply;
    const waits = waiting.get(id);
    waiting.delete(id);
    if (result === undefined) waits?.reject(new Error(message));
    else waits?.resolve(result);
  });
  return <T>(method: string, params: object) =>
    new Promise<T>((resolve, reject) => {
      waiting.set(++last, { resolve: resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
}
