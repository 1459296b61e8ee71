import { createRoute } from "@hono/zod-openapi";
import type { Context } from "hono";
import { BoxcarError } from "../../base/errors.ts";
import { allows } from "../../base/scopes.ts";
import { parseDuration } from "../../base/time.ts";
import type { Recorder } from "../../record/recorder.ts";
import type { App, AppContext, AppEnv, AppPlatform } from "../context.ts";
import { need, needSome, streamPathInPath } from "../middleware/access.ts";
import { json, refused, success } from "../replies/replies.ts";
import { lenient, apiPrefixes, query, streamPathInRoute, streamPathParameter, text } from "../schema/parameters.ts";
import { bodyOf } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";
import { job, jobOf } from "./job.ts";

/** Segments last at least and at most so long, milliseconds. */
const LEAST_FRAGMENT_MS = 1000;
const LONGEST_FRAGMENT_MS = 3_600_000;

const fragment = text("How long a segment should last: seconds, or with units. Default: `BOXCAR_FRAGMENT`.", "60s");

const pushRoute = createRoute({
  method: "post",
  path: `/mp4/live/${streamPathInRoute}`,
  summary: "Record a stream that the client sends",
  description:
    "The body is fragmented MP4, for as long as the client sends. Each part (`moof` and `mdat`) is safe on disk once it has " +
    "come as a whole; the answer comes when the body ends.",
  middleware: need("record", streamPathInPath),
  request: {
    params: streamPathParameter(),
    query: query({ fragment }),
    body: { content: { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } } },
  },
  responses: { 200: json("The stream has ended and is recorded.", success(job)), ...refused },
});

const stopRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    method: "post",
    path: `${prefix}/stop/${streamPathInRoute}`,
    hide: prefix !== apiPrefixes[0],
    summary: "Stop recording a stream",
    description: 'What has come by then is kept. `data` is the id of the job, `"0"` when nothing is being recorded.',
    middleware: need("record", streamPathInPath),
    request: { params: streamPathParameter(), query: lenient({}) },
    responses: { 200: json("It is stopped.", success(z.string())), ...refused },
  });

const jobsRoute = createRoute({
  method: "get",
  path: "/mp4/api/jobs",
  summary: "What is being recorded, and what was",
  description: "Recordings of this server that run, then up to 100 that have ended, newest first.",
  middleware: needSome("record"),
  request: { query: query({}) },
  responses: { 200: json("The jobs.", success(z.array(job))), ...refused },
});

/** `POST /mp4/live/{streamPath}`, `POST /mp4/api/stop/{streamPath}` and `GET /mp4/api/jobs`. */
export function addRecording(app: App, context: AppContext): void {
  const { config } = context;
  app.openapi(pushRoute, async (c) => {
    const { streamPath } = c.req.valid("param");
    const { fragment } = c.req.valid("query");
    const body = bodyOf(c.req.raw, { bytesPerSecond: 0, graceMs: 0 }); // silence is what a recording ends by
    const recording = recorderOf(context).start(streamPath, () => body, {
      fragmentMs: fragmentOf(fragment, config.recording.fragmentMs),
      folder: "",
      reconnects: false,
    });
    await recording.done;
    if (recording.reason !== undefined) throw recording.reason;
    return c.json({ code: 0 as const, message: "", data: jobOf(recording) }, 200);
  });

  for (const prefix of apiPrefixes)
    app.openapi(stopRoute(prefix), (c) => {
      const recording = recorderOf(context).running(c.req.valid("param").streamPath);
      recording?.stop();
      return c.json({ code: 0 as const, message: "", data: recording?.id ?? "0" }, 200);
    });

  app.openapi(jobsRoute, (c) => {
    const shown = recorderOf(context).recordings.filter(({ options }) => mayRecord(c, options.streamPath));
    return c.json({ code: 0 as const, message: "", data: shown.map(jobOf) }, 200);
  });
}

function recorderOf({ recorder }: AppPlatform): Recorder {
  if (recorder !== undefined) return recorder;
  const message =
    "This server records nothing: it runs where no connection lasts. Record with one on Node, Bun or Deno.";
  throw new BoxcarError("not_available", 501, message);
}

function mayRecord(c: Context<AppEnv>, streamPath: string): boolean {
  return allows(c.get("caller").grants, "record", streamPath);
}

/** @throws BoxcarError `bad_duration` (400) */
function fragmentOf(text: string | undefined, defaultMs: number): number {
  if (text === undefined) return defaultMs;
  const ms = parseDuration(text, "fragment");
  if (ms >= LEAST_FRAGMENT_MS && ms <= LONGEST_FRAGMENT_MS) return ms;
  throw new BoxcarError("bad_duration", 400, "fragment is from 1s to 1h.", { parameter: "fragment" });
}
