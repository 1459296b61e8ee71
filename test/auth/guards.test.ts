import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import { anyone, checkGuards, need, needSome } from "../../src/http/middleware/access.ts";
import type { AppEnv } from "../../src/http/context.ts";

describe("an app", () => {
  const app = (add: (app: Hono<AppEnv>) => unknown): Hono<AppEnv> => {
    const made = new Hono<AppEnv>();
    made.use((_, next) => next());
    made.get("/open", anyone, (c) => c.text(""));
    add(made);
    return made;
  };

  it.each<[string, (app: Hono<AppEnv>) => unknown]>([
    ["a route for anyone", (it) => it.post("/a", anyone, (c) => c.text(""))],
    ["a route that needs a scope", (it) => it.post("/a", need("admin"), (c) => c.text(""))],
    ["a route that needs some streams", (it) => it.put("/a/:b", needSome("read"), (c) => c.text(""))],
    [
      "other handlers ahead of a guard",
      (it) =>
        it.get(
          "/a",
          (_, next) => next(),
          anyone,
          (c) => c.text(""),
        ),
    ],
    ["a guarded route for all methods", (it) => it.all("/a", need("admin"), (c) => c.text(""))],
  ])("with %s is taken", (_, add) => {
    expect(() => checkGuards(app(add).routes)).not.toThrow();
  });

  it.each<[string, (app: Hono<AppEnv>) => unknown, string]>([
    ["a route", (it) => it.get("/a", (c) => c.text("")), "GET /a"],
    ["another method of a guarded path", (it) => it.post("/open", (c) => c.text("")), "POST /open"],
    ["a route for all methods", (it) => it.all("/a", (c) => c.text("")), "ALL /a"],
    ["a whole folder", (it) => it.use("/a/*", (c) => Promise.resolve(c.text(""))), "ALL /a/*"],
  ])("with %s that has no guard is refused by name", (_, add, name) => {
    expect(() => checkGuards(app(add).routes)).toThrow(`no guard says who may call ${name}:`);
  });
});
