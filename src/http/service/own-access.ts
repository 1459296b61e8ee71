import { createRoute } from "@hono/zod-openapi";
import { anyStream } from "../../base/scopes.ts";
import type { App } from "../context.ts";
import { anyone } from "../middleware/access.ts";
import { done, json, refused, success } from "../replies/replies.ts";
import { query } from "../schema/parameters.ts";
import * as z from "../schema/zod.ts";

const route = createRoute({
  method: "get",
  path: "/mp4/api/access",
  summary: "What the caller may do",
  description: "For pages that offer no more than that. `admin` includes all other scopes.",
  middleware: anyone,
  request: { query: query({}) },
  responses: {
    200: json(
      "Scopes, as a token has them: `read`, or for certain streams, `upload:live/*`.",
      success(z.object({ scopes: z.array(z.string()) })),
    ),
    ...refused,
  },
});

/** `GET /mp4/api/access`. */
export function addOwnAccess(app: App): void {
  app.openapi(route, (c) => {
    const scopes = c.get("caller").grants.map(({ scope, pattern }) => {
      return pattern === anyStream ? scope : `${scope}:${pattern}`;
    });
    return c.json(done({ scopes }), 200);
  });
}
