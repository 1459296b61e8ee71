import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { parseTimeRange } from "../../base/time-range.ts";
import { listWithGrowing } from "../../recordings/with-growing.ts";
import { authorize, needSome, readable } from "../middleware/access.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { listedInTurn } from "../middleware/limits.ts";
import {
  apiPrefixes,
  eventLevel,
  lenient,
  MOST_ROWS,
  pageParameters,
  streamPathInRoute,
  streamPathParameter,
  timeParameters,
} from "../schema/parameters.ts";
import { listReply, shownRows } from "../replies/list-reply.ts";
import { json, pageHead, pageOf, recordOf, refused, segmentRecord } from "../replies/replies.ts";
import * as z from "../schema/zod.ts";

const parameters = lenient({
  ...timeParameters,
  match: z.enum(["overlapping", "contained"], "expected overlapping or contained").default("overlapping").openapi({
    description: "Segments that reach into the time range, or only those that lie in it as a whole.",
  }),
  ...pageParameters,
  pageSize: pageParameters.pageSize.openapi({
    description: `At most ${MOST_ROWS}: the reply says how many it went by. 0 is the default.`,
  }),
  eventLevel: eventLevel.optional(),
});

const middleware = [needSome("read"), listedInTurn];
const summary = "List segments, newest first";
const responses = {
  200: json(
    "The segments that overlap the time range, or all. `*` in the path stands for any characters.",
    pageOf(segmentRecord),
  ),
  ...refused,
};

/** `GET /mp4/api/list/{streamPath}`, and without a path of all streams. */
export function addList(app: App, context: AppContext): void {
  const { catalog, clock, config } = context;
  const answer = async (c: Context<AppEnv>, streamPath: string, query: z.infer<typeof parameters>) => {
    const { pageNum, pageSize, eventLevel, match, ...times } = query;
    const range = parseTimeRange(times, config.timeZone, clock());
    if (!streamPath.includes("*")) authorize(c, "read", streamPath);
    const selection = {
      streamPath,
      within: readable(c),
      startMs: range?.startMs,
      endMs: range?.endMs,
      match,
      eventLevel,
    };
    const { total, segments } = await listWithGrowing(catalog, { ...selection, pageNum, pageSize });
    return listReply(c, context, pageHead({ total, pageNum, pageSize }), shownRows([segments], recordOf));
  };
  for (const prefix of apiPrefixes) {
    const common = { method: "get", summary, middleware, responses, hide: prefix !== apiPrefixes[0] } as const;
    const request = { params: streamPathParameter({ wildcards: true }), query: parameters };
    const ofStream = createRoute({ ...common, path: `${prefix}/list/${streamPathInRoute}`, request });
    app.openapi(ofStream, (c) => answer(c, c.req.valid("param").streamPath, c.req.valid("query")));
    for (const path of [`${prefix}/list`, `${prefix}/list/`]) {
      const hide = common.hide || path.endsWith("/");
      const ofAll = createRoute({ ...common, path, request: { query: parameters }, hide });
      app.openapi(ofAll, (c) => answer(c, "*", c.req.valid("query")));
    }
  }
}
