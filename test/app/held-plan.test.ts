import { Hono } from "hono";
import { expect, test } from "vitest";
import { Slots } from "../../src/auth/slots.ts";
import type { AppEnv } from "../../src/http/context.ts";
import { atOnce, holdPlan } from "../../src/http/middleware/limits.ts";

test("a request that plans again and again holds its last plan, until it is over", async () => {
  const [downloads, plans] = [new Slots(1, 1), new Slots(4 << 20, 4 << 20)];
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set("slots", { downloads, plans } as unknown as AppEnv["Variables"]["slots"]);
    c.set("caller", { kind: "guest", id: "" } as AppEnv["Variables"]["caller"]);
    c.set("client", "127.0.0.1");
    await next();
  });
  const held: number[] = [];
  app.get("/", atOnce("downloads"), (c) => {
    for (const weight of [1 << 20, 3 << 20, 2 << 20, 1]) {
      holdPlan(c, { weight });
      held.push(plans.taken);
    }
    holdPlan(c, { weight: 4 << 20 });
    return c.body(null);
  });
  for (const round of [1, 2]) {
    expect((await app.request("/")).status).toBe(200);
    expect(held).toHaveLength(4 * round);
    expect([downloads.taken, plans.taken]).toEqual([0, 0]);
  }
  expect(held.slice(4)).toEqual([1 << 20, 3 << 20, 2 << 20, 0]);
});
