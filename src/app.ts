import { OpenAPIHono } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import { requestId } from "hono/request-id";
import type { UploadParts } from "./chat/receive-file.ts";
import { BoxcarError } from "./errors.ts";
import { Pictures } from "./pictures/pictures.ts";
import { Cuts } from "./plan/cuts.ts";
import { IndexCache } from "./plan/index-cache.ts";
import { PlanCache } from "./plan/plan-cache.ts";
import { checkGuards, identify } from "./routes/access.ts";
import { addUploads } from "./routes/chat/uploads.ts";
import type { App, AppContext, AppPlatform } from "./routes/context.ts";
import { addDelete } from "./routes/delete.ts";
import { addDownload } from "./routes/download.ts";
import { addQrCodes } from "./routes/chat/qr-codes.ts";
import { addFiles } from "./routes/files.ts";
import { refuseInput } from "./routes/parameters.ts";
import { addRecords } from "./routes/records.ts";
import { refusalReply, refusedOf, unknownRoute } from "./routes/refusals.ts";
import { addSegments } from "./routes/segments.ts";
import { addService } from "./routes/service.ts";
import { addSnapshot } from "./routes/snapshot.ts";
import { addSprite } from "./routes/sprite.ts";

/** Makes the whole HTTP surface from what the runtime provides. Nothing is shared between two apps. */
export function createApp(platform: AppPlatform): App {
  const app: App = new OpenAPIHono({ defaultHook: refuseInput });
  app.onError((error, c) => refusalReply(refusalOf(error), refusedOf(c), platform.log));
  app.notFound((c) => refusalReply(unknownRoute(c), refusedOf(c), platform.log));
  app.use(requestId({ generator: () => platform.randomId() }));
  app.use(async (c, next) => {
    const startedMs = platform.clock();
    await next();
    const { method, path } = c.req;
    const fields = { method, path, status: c.res.status, ms: platform.clock() - startedMs };
    platform.log("info", "request", { ...fields, requestId: c.get("requestId") });
  });
  app.use(async (c, next) => {
    checkEncoding(c.req.path);
    c.header("X-Content-Type-Options", "nosniff");
    await next();
  });
  app.use(identify(platform.config.token));

  const pictures = new Pictures(platform.decoder, platform.config.pictureCache);
  const uploads = uploadsOf(platform);
  const context: AppContext = { ...platform, planning: planningOf(platform), pictures, uploads };
  addDownload(app, context);
  addRecords(app, context);
  addSegments(app, platform);
  addDelete(app, platform);
  addSnapshot(app, context);
  addSprite(app, context);
  addQrCodes(app);
  addUploads(app, context);
  addFiles(app, context);
  addService(app, platform);
  checkGuards(app.routes);
  return app;
}

/** Requests share what was read and found out for their plans, and the plans. */
function planningOf({ core, catalog, store, config }: AppPlatform): AppContext["planning"] {
  const indexes = new IndexCache((ids) => catalog.indexesOf(ids));
  const cuts = new Cuts(core, indexes);
  return { core, catalog, store, indexes, cuts, plans: new PlanCache(), gapToleranceMs: config.gapToleranceMs };
}

function uploadsOf({ catalog, store, publicFiles, core, clock }: AppPlatform): UploadParts {
  return { catalog, areas: { store, public: publicFiles }, core, clock };
}

function checkEncoding(path: string): void {
  try {
    decodeURIComponent(path);
  } catch (cause) {
    const message = "The path of the URL is not valid percent-encoded UTF-8. Write a percent sign in a name as %25.";
    throw new BoxcarError("bad_path", 400, message, {}, cause);
  }
}

/** What the HTTP libraries refuse by themselves, such as a body that is no JSON, in boxcar's form. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof HTTPException) || error.status >= 500) return error;
  return new BoxcarError("bad_request", error.status, `${error.message}. GET /docs shows what is expected.`, {}, error);
}
