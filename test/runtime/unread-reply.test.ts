import { Hono } from "hono";
import { connect, type AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { Slots } from "../../src/auth/slots.ts";
import { appMetrics } from "../../src/http/app-metrics.ts";
import type { AtOnce } from "../../src/http/at-once.ts";
import type { AppContext, AppEnv } from "../../src/http/context.ts";
import { atOnce } from "../../src/http/middleware/limits.ts";
import { logRequests } from "../../src/http/middleware/request-log.ts";
import { carryFields, streamReply } from "../../src/http/replies/stream-reply.ts";
import { httpServer } from "../../src/runtime/node/http-server.ts";
import { nodeSendStream } from "../../src/runtime/node/node-send.ts";
import { PatternedMedia } from "../serve/patterned-media.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

it("nothing keeps what was known of a request while its body is sent, and then it is logged and gives back its slot", async () => {
  const lines: Record<string, unknown>[] = [];
  const log = (_: string, message: string, fields?: object): void => void lines.push({ message, ...fields });
  const one = new Slots(1, 1);
  const slots = { downloads: one, uploads: one, uploadBytes: one, plans: one } as unknown as AtOnce;
  const sendStream = nodeSendStream(log, { bytesPerSecond: 0, graceMs: 0 });
  const context = { log, clock: Date.now, metrics: appMetrics(slots), sendStream } as unknown as AppContext;
  let request: WeakRef<object> | undefined;
  const app = new Hono<AppEnv>();
  app.use(logRequests(context), async (c, next) => {
    request = new WeakRef(c);
    c.set("slots", slots);
    c.set("caller", { kind: "guest", id: "", name: "guest", grants: [] });
    await next();
  });
  app.use(carryFields, atOnce("downloads"));
  const media = new PatternedMedia(64 << 20, 64 << 10);
  app.get("/", (c) => {
    const headers = new Headers({ "Content-Length": String(media.size) });
    return streamReply(c, context)(c.env, 200, headers, media.read({ offset: 0, length: media.size }));
  });
  const server = httpServer(app.fetch, { idleTimeoutMs: 0 });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").pause();
  client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const isForgotten = (): boolean => {
    collect();
    return request !== undefined && request.deref() === undefined;
  };
  await expect.poll(isForgotten, { timeout: 5000 }).toBe(true);
  expect([media.open, one.taken, lines]).toEqual([1, 1, []]);
  client.destroy();
  await expect.poll(() => lines.length).toBe(1);
  expect(lines).toMatchObject([{ message: "request", path: "/", status: 200, bytes: media.handedOut }]);
  await expect.poll(() => [media.open, one.taken]).toEqual([0, 0]);
  server.close();
});
