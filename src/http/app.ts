import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { requestId } from "hono/request-id";
import { TrieRouter } from "hono/router/trie-router";
import { Identification } from "../auth/identify.ts";
import { Links } from "../auth/links.ts";
import type { UploadParts } from "../intake/files/receive-file.ts";
import { BoxcarError } from "../base/errors.ts";
import { Pictures } from "../pictures/pictures.ts";
import { Videos } from "../pictures/videos.ts";
import { Playlists } from "./streaming/playlists.ts";
import { LiveNumbers } from "../deliver/live-numbers.ts";
import { sharingParts } from "../recordings/plan-range.ts";
import { Planners } from "../recordings/planners.ts";
import { checkGuards, identify } from "./middleware/access.ts";
import { addDirectFiles, ossCallbackPath } from "./chat/direct-files.ts";
import { addScreenshot } from "./chat/screenshot.ts";
import { addUploads } from "./chat/uploads.ts";
import type { App, AppContext, AppPlatform } from "./context.ts";
import { noteClient, refuseWithoutUrl } from "./middleware/client.ts";
import { cors } from "./middleware/cors.ts";
import { addDirectSegments } from "./uploads/direct-segments.ts";
import { addDelete } from "./records/delete.ts";
import { addDownload } from "./media/download.ts";
import { addQrCodes } from "./chat/qr-codes.ts";
import { addFiles } from "./uploads/files.ts";
import { mayWait, pictureQueue, remoteQueue, slotsOf } from "./at-once.ts";
import { limitClients, limitTokens } from "./middleware/limits.ts";
import { storeWithGrowing } from "../recordings/with-growing.ts";
import { measuredStore } from "./middleware/measured-store.ts";
import { appMetrics } from "./app-metrics.ts";
import { addMetrics } from "./service/metrics.ts";
import { explained } from "./replies/not-recorded.ts";
import { refuseInput } from "./schema/parameters.ts";
import { addDash } from "./streaming/dash.ts";
import { addLive } from "./streaming/live.ts";
import { addHls } from "./streaming/hls.ts";
import { addList } from "./records/list.ts";
import { addRecords } from "./records/records.ts";
import { missingRoutes, refusalReply, refusedOf } from "./replies/refusal-reply.ts";
import { logRequests } from "./middleware/request-log.ts";
import { addRecording } from "./record/recording.ts";
import { addEvents } from "./record/events.ts";
import { addRecordingMetrics } from "./record/metrics.ts";
import { addSources } from "./record/sources.ts";
import { addTus } from "./uploads/tus.ts";
import { addSegments } from "./uploads/segments.ts";
import { addOwnAccess } from "./service/own-access.ts";
import { addService } from "./service/service.ts";
import { addSnapshot } from "./pictures/snapshot.ts";
import { addSprite } from "./pictures/sprite.ts";
import { carryFields } from "./replies/stream-reply.ts";
import { protectFromPages, resourcePolicy, setResourcePolicy } from "./middleware/web-pages.ts";

/** Makes the whole HTTP surface from what the runtime provides. Nothing is shared between two apps. */
export function createApp(given: AppPlatform): App {
  const app: App = new OpenAPIHono({ defaultHook: refuseInput, router: new TrieRouter() });
  const context = contextOf(given);
  addMiddleware(app, context);
  addDownload(app, context);
  addHls(app, context);
  addDash(app, context);
  addLive(app, context);
  addList(app, context);
  addRecords(app, context);
  addSegments(app, context);
  addDirectSegments(app, context);
  addDelete(app, context);
  addRecording(app, context);
  addSources(app, context);
  addEvents(app, context);
  addSnapshot(app, context);
  addSprite(app, context);
  addQrCodes(app, context);
  addScreenshot(app, context);
  addUploads(app, context);
  addDirectFiles(app, context);
  addTus(app, context);
  addFiles(app, context);
  addMetrics(app, context.metrics);
  addOwnAccess(app);
  addService(app, context);
  checkGuards(app.routes);
  return app;
}

function contextOf(given: AppPlatform): AppContext {
  const { access, planning } = given.config;
  const slots = slotsOf(access, planning, given);
  const metrics = appMetrics(slots);
  if (given.recording !== undefined) addRecordingMetrics(metrics.all, given.recording, given.clock);
  const platform = { ...given, store: measuredStore(storeWithGrowing(given.store, given.catalog.growing), metrics) };
  return {
    ...platform,
    planners: plannersOf(platform),
    planning: sharingParts({ ...platform, gapToleranceMs: given.config.gapToleranceMs }),
    playlists: new Playlists(),
    liveNumbers: new LiveNumbers(),
    pictures: new Pictures(
      given.core,
      given.decoder,
      given.config.pictureCache,
      pictureQueue(access, given.config.decoders),
    ),
    remotes: remoteQueue(access),
    videos: new Videos(given.core),
    uploads: uploadsOf(platform),
    links: new Links(access.linkSecrets, given.clock),
    slots,
    metrics,
  };
}

/** What happens to every request before a route has it, in this order. */
function addMiddleware(app: App, context: AppContext): void {
  const { log, clock, config } = context;
  app.onError(async (error, c) => {
    const refusal = await explained(refusalOf(error), c, context.catalog);
    return refusalReply(refusal, refusedOf(c, config.uploads.chatLanguage), log);
  });
  const missing = missingRoutes(app.routes);
  app.notFound((c) => refusalReply(missing(c), refusedOf(c, config.uploads.chatLanguage), log));
  app.use(requestId({ generator: () => context.randomId() }));
  app.use(logRequests(context));
  app.use(async (c, next) => {
    c.header("X-Content-Type-Options", "nosniff");
    c.header(resourcePolicy, "same-origin");
    c.header("Cache-Control", "no-cache"); // unless a route says otherwise: replies differ from caller to caller
    c.set("slots", context.slots);
    checkEncoding(c.req.path);
    checkBody(c.req.raw);
    await next();
  });
  app.use(cors(config.access.corsOrigins));
  app.use(noteClient(context));
  app.use(limitClients(config.access, clock));
  app.use(refuseWithoutUrl);
  app.use(protectFromPages(config.access, config.host, log));
  app.use(identify(new Identification(config.access, context.links, clock, log, context.sha256), [ossCallbackPath]));
  app.use(setResourcePolicy(config.access));
  app.use(limitTokens(config.access, clock));
  app.use(carryFields);
}

/** A server without tokens serves its own machine, where all clients have one address. */
function plannersOf(platform: AppPlatform): Planners {
  const { planning, access } = platform.config;
  const { planners } = planning;
  return new Planners(planners, access.open ? planners : Math.ceil(planners / 2), mayWait(platform));
}

function uploadsOf({ catalog, store, publicFiles, core, clock }: AppPlatform): UploadParts {
  return { catalog, areas: { store, public: publicFiles }, core, clock };
}

/** Bytes of a body that a request may have whose method gives it no meaning: they are read, and dropped. */
const MOST_IGNORED_BODY = 64 << 10;

/** GET and HEAD have no body (RFC 9110 section 9.3.1): what one brings would be read to its end before the next request. */
function checkBody({ method, headers }: Request): void {
  const length = headers.has("transfer-encoding")
    ? Number.POSITIVE_INFINITY
    : Number(headers.get("content-length") ?? 0);
  if ((method !== "GET" && method !== "HEAD") || length <= MOST_IGNORED_BODY) return;
  const message = `A ${method} request has no body. Send it without one, or use the method of the call that takes it.`;
  throw new BoxcarError("unexpected_body", message);
}

function checkEncoding(path: string): void {
  try {
    decodeURIComponent(path);
  } catch (cause) {
    const message = "The path of the URL is not valid percent-encoded UTF-8. Write a percent sign in a name as %25.";
    throw new BoxcarError("bad_path", message, {}, cause);
  }
}

/** What the HTTP libraries refuse by themselves, such as a body that is no JSON, in boxcar's form. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof HTTPException) || error.status >= 500) return error;
  return new BoxcarError("bad_request", `${error.message}. GET /docs shows what is expected.`, {}, error);
}
