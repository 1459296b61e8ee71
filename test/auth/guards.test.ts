import { Hono, type Context } from "hono";
import { describe, expect, it } from "vitest";
import {
  anyone,
  authorize,
  checkGuards,
  granted,
  need,
  needsNone,
  needSome,
  readable,
} from "../../src/http/middleware/access.ts";
import { statusOf } from "../../src/base/error-codes.ts";
import { BoxcarError } from "../../src/base/errors.ts";
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

describe("a route that needs some streams", () => {
  /** What a caller who may read `a` gets from a handler. */
  const answer = async (handler: (c: Context<AppEnv>) => unknown): Promise<number> => {
    const app = new Hono<AppEnv>();
    app.onError((error) => new Response("", { status: error instanceof BoxcarError ? statusOf(error) : 500 }));
    app.use((c, next) => {
      c.set("caller", { kind: "token", name: "t", id: "t", grants: [{ scope: "read", pattern: "a" }] });
      return next();
    });
    app.get("/", needSome("read"), (c) => {
      handler(c);
      return c.text("secret");
    });
    return (await app.request("/")).status;
  };

  it.each<[string, (c: Context<AppEnv>) => unknown]>([
    ["asks for each stream", (c) => authorize(c, "read", "a")],
    ["narrows a list", readable],
    ["filters what it shows", (c) => granted(c, "read")("b")],
    ["says that it shows nothing of any", needsNone],
  ])("is answered when its handler %s", async (_, handler) => {
    expect(await answer(handler)).toBe(200);
  });

  it("is a defect, and says nothing, when its handler asks for none", async () => {
    expect(await answer(() => undefined)).toBe(500);
  });

  it("is refused as its handler refuses it", async () => {
    expect(await answer((c) => authorize(c, "read", "b"))).toBe(403);
  });
});
