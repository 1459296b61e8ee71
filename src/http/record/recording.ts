import { createRoute } from "@hono/zod-openapi";
import { BoxcarError } from "../../base/errors.ts";
import { paused } from "../../base/paused.ts";
import type { RecordedSource } from "../../catalog/sources.ts";
import type { App, AppContext } from "../context.ts";
import { granted, need, needSome, sourceOwner, streamPathInPath } from "../middleware/access.ts";
import { atOnce, listedInTurn, memoryOf } from "../middleware/limits.ts";
import { listReply, shownRows } from "../replies/list-reply.ts";
import { done, json, pageHead, pageOf, refused, success } from "../replies/replies.ts";
import {
  lenient,
  largePageParameters,
  lengthOfTime,
  apiPrefixes,
  query,
  streamPathInRoute,
  streamPathParameter,
  text,
} from "../schema/parameters.ts";
import { bodyOf, bodyParameters, smallBody } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";
import { fragmentOf } from "./fragment.ts";
import { job, jobOf } from "./job.ts";
import { unknownSource } from "../../record/source.ts";
import { recordingOf } from "./recorder-of.ts";

/** How long the answer to a push waits until the store has what was recorded, milliseconds: it is safe without it. */
const LONGEST_KEPT_MS = 30_000;

const ofFragment = [
  "How long a segment should last: seconds, or with units. Default: `BOXCAR_FRAGMENT`.",
  "60s",
] as const;
const fragment = text(...ofFragment);

const pushRoute = createRoute({
  method: "post",
  path: `/mp4/live/${streamPathInRoute}`,
  summary: "Record a stream that the client sends",
  description:
    "The body is fragmented MP4, for as long as the client sends. Each part (`moof` and `mdat`) is safe on disk once it has " +
    "come as a whole; the answer comes when the body ends, and the store has it, or 30 seconds later: `keeping` says how many segments are on their way there.",
  middleware: [need("record", streamPathInPath), atOnce("uploads")] as const,
  request: {
    params: streamPathParameter(),
    query: query({ fragment }),
    body: { content: { "video/mp4": { schema: z.string().openapi({ format: "binary" }) } } },
  },
  responses: { 200: json("The stream has ended and is recorded.", success(job)), ...refused },
});

const filePath = text("Folder below `segments/` for the keys of its objects. `.`: none.", "cameras/front");
const startBody = lenient({
  ...{ fragment: lengthOfTime(...ofFragment), filePath },
  fileName: text("Taken, and of no effect: names are made by the server.", "x"),
  source: text("URL of the source, when none is set.", "rtsp://192.168.1.20/stream1"),
});

const startRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    method: "post",
    path: `${prefix}/start/${streamPathInRoute}`,
    hide: prefix !== apiPrefixes[0],
    summary: "Record a stream from its source",
    description:
      "Answers once the first part is recorded. `data` is the id of the job. `fragment` and `filePath` may stand in the query, too.",
    middleware: [need("record", streamPathInPath), smallBody] as const,
    request: {
      params: streamPathParameter(),
      query: lenient({ fragment, filePath }),
      body: { required: false, content: { "*/*": { schema: startBody } } },
    },
    responses: { 200: json("It is being recorded.", success(z.string())), ...refused },
  });

const stopRoute = (prefix: (typeof apiPrefixes)[number]) =>
  createRoute({
    method: "post",
    path: `${prefix}/stop/${streamPathInRoute}`,
    hide: prefix !== apiPrefixes[0],
    summary: "Stop recording a stream",
    description:
      'What has come by then is kept. A source of mode `auto` stays stopped until it is started, or set anew. `data` is the id of the job, `"0"` when nothing is being recorded.',
    middleware: need("record", streamPathInPath),
    request: { params: streamPathParameter(), query: lenient({}) },
    responses: { 200: json("It is stopped.", success(z.string())), ...refused },
  });

const jobsRoute = createRoute({
  method: "get",
  path: "/mp4/api/jobs",
  summary: "What is being recorded, and what was",
  description: "Recordings of this server that run, then up to 100 that have ended, newest first.",
  middleware: [needSome("record"), listedInTurn] as const,
  request: { query: query(largePageParameters) },
  responses: { 200: json("The jobs.", pageOf(job)), ...refused },
});

/** `POST /mp4/live/{streamPath}`, `POST /mp4/api/start/{streamPath}` and `stop`, and `GET /mp4/api/jobs`. */
export function addRecording(app: App, context: AppContext): void {
  const { config } = context;
  app.openapi(pushRoute, async (c) => {
    const { streamPath } = c.req.valid("param");
    const { fragment } = c.req.valid("query");
    const body = bodyOf(c.req.raw, { bytesPerSecond: 0, graceMs: 0 }); // silence is what a recording ends by
    const fragmentMs = fragment === undefined ? config.recording.fragmentMs : fragmentOf(fragment);
    const recording = await recordingOf(context).supervisor.push(streamPath, () => body, fragmentMs, memoryOf(c));
    // The store may be away, or full: nobody waits for it whose stream has failed, and others not for long.
    await recording.over;
    const kept = new AbortController();
    void recording.done.then(() => {
      kept.abort();
    });
    if (recording.reason === undefined) await paused(LONGEST_KEPT_MS, kept.signal);
    if (recording.reason !== undefined) throw recording.reason;
    return c.json(done(jobOf(recording)), 200);
  });

  for (const prefix of apiPrefixes)
    app.openapi(startRoute(prefix), async (c) => {
      const { supervisor } = recordingOf(context);
      const { streamPath } = c.req.valid("param");
      const body = bodyParameters(await c.req.text(), startBody);
      const { fragment = c.req.valid("query").fragment, filePath = c.req.valid("query").filePath, source: url } = body;
      const fragmentMs = fragment === undefined ? undefined : fragmentOf(fragment);
      const folder = folderOf(filePath);
      const known = url === undefined ? await context.catalog.sources.get(streamPath) : adHoc(streamPath, url);
      if (known === undefined) throw unknownSource(streamPath);
      const recording = await supervisor.startSource(known, { fragmentMs, folder, owner: sourceOwner(c) });
      await recording.started;
      return c.json(done(recording.id), 200);
    });

  for (const prefix of apiPrefixes)
    app.openapi(stopRoute(prefix), async (c) => {
      const recording = await recordingOf(context).supervisor.stop(c.req.valid("param").streamPath);
      return c.json(done(recording?.id ?? "0"), 200);
    });

  app.openapi(jobsRoute, async (c) => {
    const { recorder } = recordingOf(context);
    const mayRecord = granted(c, "record");
    const shown = recorder.recordings.filter(({ options }) => mayRecord(options.streamPath));
    const seconds = await recorder.secondsOfSpool();
    const { pageNum, pageSize } = c.req.valid("query");
    const page = shown.slice((pageNum - 1) * pageSize, pageNum * pageSize);
    const jobs = shownRows([page], (recording) => jobOf(recording, seconds));
    return listReply(c, context, pageHead({ total: shown.length, pageNum, pageSize }), jobs);
  });
}

/** @throws BoxcarError `bad_parameter` (400) */
function folderOf(filePath: string | undefined): string {
  const folder = (filePath ?? "").replace(/^(\.\/|\/)+|\/+$|^\.$/g, "");
  if (folder === "" || (folder.length <= 200 && folder.split("/").every((name) => /^[\w-][\w.-]*$/.test(name))))
    return folder;
  const message = "filePath: expected names of letters, digits, dots, dashes and underscores, with / between them.";
  throw new BoxcarError("bad_parameter", message, { parameters: ["filePath"] });
}

function adHoc(streamPath: string, url: string): RecordedSource {
  return {
    streamPath,
    url,
    mode: "demand",
    fragmentMs: null,
    retentionMs: null,
    retentionBytes: null,
    protectedMs: null,
    owner: "",
    isStopped: false,
  };
}
