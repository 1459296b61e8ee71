import { createRoute } from "@hono/zod-openapi";
import { parseDuration } from "../../base/time.ts";
import type { Source } from "../../catalog/sources.ts";
import { endEvent } from "../../record/end-event.ts";
import { shownUrl } from "../../record/source-url.ts";
import type { App, AppContext } from "../context.ts";
import { BoxcarError } from "../../base/errors.ts";
import { authorize, grantedPatterns, need, needSome, sourceOwner, streamPathInPath } from "../middleware/access.ts";
import { listedInTurn } from "../middleware/limits.ts";
import { listReply, shownRows } from "../replies/list-reply.ts";
import { done, json, pageHead, pageOf, refused, success } from "../replies/replies.ts";
import {
  largePageParameters,
  lengthOfTime,
  query,
  streamPathInRoute,
  streamPathParameter,
} from "../schema/parameters.ts";
import { bodyParameters, smallBody } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";
import { fragmentOf } from "./fragment.ts";
import { unknownSource } from "../../record/source.ts";
import { recordingOf } from "./recorder-of.ts";

/** Sources that a caller may have set who is no administrator: all are gone through every few seconds. */
const MOST_SET = 1000;

/** Characters of the names and values of a source's labels. */
const MOST_LABELS = 4096;

const millisecondsOf = (text: string | undefined, name: string): number | null =>
  text === undefined ? null : parseDuration(text, name);
const seconds = (ms: number | null): string | null => (ms === null ? null : `${String(ms / 1000)}s`);

const written = z.strictObject({
  url: z.string().openapi({ example: "rtsp://user:password@192.168.1.20/stream1" }),
  mode: z.enum(["auto", "demand", "event"]).default("demand").openapi({
    description: "`auto`: always recorded; `demand`: when that is asked for; `event`: when an event begins.",
  }),
  fragment: lengthOfTime("How long a segment should last.", "60s"),
  retention: z
    .strictObject({
      age: lengthOfTime("Age at which segments are removed.", "720h"),
      bytes: z.int("expected a whole number").positive("expected a number above 0").optional(),
      protected: lengthOfTime("How long events of level `high` protect their segments. Default: for ever.", "8760h"),
    })
    .optional()
    .openapi({ description: "When segments are removed, the oldest first." }),
  labels: z
    .record(z.string().max(100), z.string().max(1000))
    .refine((labels) => Object.entries(labels).flat().join("").length <= MOST_LABELS, {
      error: `labels may have ${String(MOST_LABELS)} characters together`,
    })
    .optional(),
});

const shown = z
  .object({
    streamPath: z.string(),
    url: z.string().openapi({ description: "Without user, password and the values of its query." }),
    mode: z.enum(["auto", "demand", "event"]),
    fragment: z.string().nullable(),
    retention: z.object({ age: z.string().nullable(), bytes: z.int().nullable(), protected: z.string().nullable() }),
    stopped: z.boolean().openapi({ description: "Whether one of mode `auto` was stopped." }),
    labels: z.record(z.string(), z.string()),
  })
  .openapi("Source");

const path = `/mp4/api/sources/${streamPathInRoute}`;
const common = { path, middleware: need("record", streamPathInPath) } as const;
const params = streamPathParameter();
const responses = { 200: json("The source.", success(shown)), ...refused };

const getRoute = createRoute({
  ...{ ...common, method: "get", summary: "Where a stream comes from" },
  request: { params, query: query({}) },
  responses,
});

const listRoute = createRoute({
  ...{ method: "get", path: "/mp4/api/sources", summary: "Where streams come from" },
  description:
    "The sources of all streams that the caller may record, ordered by stream path. `total` says how many there are: more than are listed need further pages.",
  middleware: [needSome("record"), listedInTurn] as const,
  request: { query: query(largePageParameters) },
  responses: { 200: json("The sources.", pageOf(shown)), ...refused },
});

const putRoute = createRoute({
  ...{ path, method: "put", summary: "Set where a stream comes from" },
  middleware: [need("record", streamPathInPath), smallBody] as const,
  description:
    "A source of mode `auto` is recorded from then on, also after a restart. `retention` removes segments: it needs the scope `delete`, too.",
  request: { params, query: query({}), body: { required: true, content: { "*/*": { schema: written } } } },
  responses,
});

const deleteRoute = createRoute({
  ...{ ...common, method: "delete", summary: "Forget where a stream comes from" },
  description: "Its recording ends; what is recorded stays.",
  request: { params, query: query({}) },
  responses,
});

/** `GET /mp4/api/sources`, and `GET, PUT, DELETE /mp4/api/sources/{streamPath}`. */
export function addSources(app: App, context: AppContext): void {
  const { catalog } = context;
  const reply = (source: Source) => done(shownOf(source));

  app.openapi(listRoute, async (c) => {
    recordingOf(context); // where nothing is recorded there is nothing to list
    const { pageNum, pageSize } = c.req.valid("query");
    const within = grantedPatterns(c, "record");
    const total = await catalog.sources.count(within);
    const sources = catalog.sources.pages(within, { limit: pageSize, offset: (pageNum - 1) * pageSize });
    return listReply(c, context, pageHead({ total, pageNum, pageSize }), shownRows(sources, shownOf));
  });

  app.openapi(getRoute, async (c) => {
    const { streamPath } = c.req.valid("param");
    return c.json(reply(await knownSource(catalog, streamPath)), 200);
  });

  app.openapi(putRoute, async (c) => {
    const { reader, supervisor } = recordingOf(context);
    const { streamPath } = c.req.valid("param");
    const { url, mode, fragment, retention, labels = {} } = bodyParameters(await c.req.text(), written);
    reader.check(url);
    if (retention !== undefined) authorize(c, "delete", streamPath);
    const owner = sourceOwner(c);
    if (owner !== "" && (await catalog.sources.countOthers(owner, streamPath)) >= MOST_SET) throw tooManySet();
    const source = {
      ...{ streamPath, url, mode, labels, owner },
      fragmentMs: fragment === undefined ? null : fragmentOf(fragment),
      retentionMs: millisecondsOf(retention?.age, "retention.age"),
      retentionBytes: retention?.bytes ?? null,
      protectedMs: millisecondsOf(retention?.protected, "retention.protected"),
      isStopped: false,
    };
    await catalog.sources.put(source);
    supervisor.lookSoon(0);
    return c.json(reply(source), 200);
  });

  app.openapi(deleteRoute, async (c) => {
    const { recorder } = recordingOf(context);
    const { streamPath } = c.req.valid("param");
    const source = await knownSource(catalog, streamPath);
    await catalog.sources.delete(streamPath);
    await endEvent({ ...context, recorder }, streamPath);
    recorder.running(streamPath)?.stop();
    return c.json(reply(source), 200);
  });
}

function shownOf({ streamPath, url, mode, fragmentMs, labels, isStopped, ...kept }: Source) {
  return {
    ...{
      streamPath,
      url: shownUrl(url),
      mode,
      fragment: seconds(fragmentMs),
      labels: { ...labels },
      stopped: isStopped,
    },
    retention: {
      age: seconds(kept.retentionMs),
      bytes: kept.retentionBytes,
      protected: seconds(kept.protectedMs),
    },
  };
}

function tooManySet(): BoxcarError {
  const message = `You have set ${String(MOST_SET)} sources, as many as one may who is no administrator. Remove some first.`;
  return new BoxcarError("too_many_sources", message);
}

/** @throws BoxcarError `unknown_source` (404) */
async function knownSource({ sources }: AppContext["catalog"], streamPath: string): Promise<Source> {
  const source = await sources.get(streamPath);
  if (source === undefined) throw unknownSource(streamPath);
  return source;
}
