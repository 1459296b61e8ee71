import { createRoute } from "@hono/zod-openapi";
import type { Context, MiddlewareHandler } from "hono";
import { ownerOf } from "../../auth/caller.ts";
import type { AnnouncedSegment, TusUpload } from "../../catalog/tus-rows.ts";
import { inStore } from "../../intake/files/destinations.ts";
import { checkUploadSize } from "../../intake/upload-size.ts";
import { classIdOf } from "../../intake/files/receive-form.ts";
import { TusUploads, type UploadState } from "../../intake/tus/tus-upload.ts";
import { checkStreamPath } from "../../base/stream-path.ts";
import { bytesOfBase64 } from "../../base/base64.ts";
import { BoxcarError } from "../../base/errors.ts";
import { authorize, needsNone, needSome } from "../middleware/access.ts";
import { storedFile, storedFileOf } from "../files/stored-file.ts";
import type { App, AppContext, AppEnv } from "../context.ts";
import { atOnce, memoryOf } from "../middleware/limits.ts";
import { integer, isKept, query } from "../schema/parameters.ts";
import { done, json, recordOf, refused, segmentRecord, success } from "../replies/replies.ts";
import { askedStart } from "../schema/asked-start.ts";
import { bodyOf } from "../schema/request-body.ts";
import * as z from "../schema/zod.ts";

const VERSION = "1.0.0";
const EXTENSIONS = "creation,creation-with-upload,expiration,termination";
const CONTENT_TYPE = "application/offset+octet-stream";
const PATH = "/api/uploads";
const onePath = `${PATH}/{id}`;
const params = z.object({ id: z.string().regex(/^[\w-]{1,64}$/, "expected the id of an upload") });
const offsetField = z.object({ "upload-offset": integer(0) });
/** Characters of `Upload-Metadata`, at most. */
const MAX_METADATA = 8192;
const createFields = z.object({
  "upload-length": integer(1).openapi({ description: "Bytes of the whole file." }),
  "upload-metadata": z
    .string()
    .max(MAX_METADATA, `expected at most ${String(MAX_METADATA)} characters`)
    .default("")
    .transform(metadataOf)
    .openapi({
      type: "string",
      description:
        "`filename` and `imageClassId`, or, of a segment, `streamPath` and what its upload takes as parameters (`start`, " +
        "`precision`, `tz`): names and values in base64, by tus.",
    }),
});

/** Every answer states the version, refusals too. */
const tus: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  c.header("Tus-Resumable", VERSION);
  c.header("Cache-Control", "no-store");
};

const checkVersion: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.header("tus-resumable") === VERSION) return next();
  const message = `This needs the field Tus-Resumable: ${VERSION}, of the version of tus that is spoken here.`;
  throw new BoxcarError("unsupported_tus", message, { versions: [VERSION] });
};

/** A version that is stated must be this one, also where none has to be. */
const checkStatedVersion: MiddlewareHandler<AppEnv> = async (c, next) =>
  c.req.header("tus-resumable") === undefined ? next() : checkVersion(c, next);

/** What is uploaded as a part of another file would become a file by itself, and who sends a checksum believes that it was compared. */
const refuseExtensions: MiddlewareHandler<AppEnv> = async (c, next) => {
  for (const field of ["Upload-Concat", "Upload-Checksum"]) {
    if (c.req.header(field) === undefined) continue;
    const message = `There is no ${field} here: uploads are not put together, and their bytes not compared. Send the whole file in one upload, without it.`;
    throw new BoxcarError("bad_parameter", message, { parameters: [field.toLowerCase()] });
  }
  return next();
};

/** A request with the method PATCH, or with POST from clients that have no PATCH. */
const checkOverride: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (c.req.header("x-http-method-override") === "PATCH") return next();
  const message = "To send bytes use PATCH, or POST with the field X-HTTP-Method-Override: PATCH.";
  throw new BoxcarError("bad_parameter", message, { parameters: ["x-http-method-override"] });
};

const uploadState = z.object({
  offset: z.int(),
  length: z.int(),
  // Not `nullable()`, which is described as both at once.
  file: z.union([storedFile, z.null()]),
  segment: z.union([segmentRecord, z.null()]),
});

const description = `The tus protocol ${VERSION}: creation, creation-with-upload, expiration and termination.`;
const routes = {
  options: createRoute({
    method: "options",
    path: PATH,
    summary: "What resumable uploads support",
    middleware: [tus, needSome("upload")] as const,
    responses: { 204: { description: "In header fields." } },
  }),
  create: createRoute({
    method: "post",
    path: PATH,
    summary: "Begin a resumable upload",
    description,
    middleware: [tus, needSome("upload"), checkVersion, refuseExtensions, atOnce("uploads")] as const,
    request: { query: query({}), headers: createFields },
    responses: { 201: { description: "Send the bytes to `Location`." }, ...refused },
  }),
  state: createRoute({
    method: "get",
    path: onePath,
    summary: "How far a resumable upload is, and the file or the segment once it is finished",
    description,
    middleware: [tus, needSome("upload"), checkStatedVersion] as const,
    request: { params, query: query({}) },
    responses: {
      200: json("The upload.", success(uploadState)),
      ...refused,
    },
  }),
  append: createRoute({
    method: "patch",
    path: onePath,
    summary: "Send bytes of a resumable upload",
    description,
    middleware: [tus, needSome("upload"), checkVersion, refuseExtensions, atOnce("uploads")] as const,
    request: { params, query: query({}), headers: offsetField },
    responses: { 204: { description: "The bytes are kept." }, ...refused },
  }),
  appendByPost: createRoute({
    method: "post",
    path: onePath,
    summary: "The same as PATCH, from clients that have no PATCH",
    description: "With the field `X-HTTP-Method-Override: PATCH`.",
    middleware: [tus, needSome("upload"), checkVersion, checkOverride, refuseExtensions, atOnce("uploads")] as const,
    request: { params, query: query({}), headers: offsetField },
    responses: { 204: { description: "The bytes are kept." }, ...refused },
  }),
  remove: createRoute({
    method: "delete",
    path: onePath,
    summary: "Give up a resumable upload",
    description,
    middleware: [tus, needSome("upload"), checkVersion] as const,
    request: { params, query: query({}) },
    responses: { 204: { description: "It is gone." }, ...refused },
  }),
};

/** Resumable uploads by the tus protocol (https://tus.io/protocols/resumable-upload) at `/api/uploads`. */
export function addTus(app: App, context: AppContext): void {
  const { config, clock, randomId } = context;
  const files = inStore(config.uploads.prefix, { clock, timeZone: config.timeZone });
  const uploads = new TusUploads(context.uploads, randomId, { files, keyLayout: config.keyLayout });
  const calls: TusCalls = { context, uploads };

  app.openapi(routes.options, (c) => {
    needsNone(c);
    c.header("Tus-Version", VERSION);
    c.header("Tus-Extension", EXTENSIONS);
    c.header("Tus-Max-Size", String(config.maxUpload));
    return c.body(null, 204);
  });

  app.openapi(routes.create, async (c) => {
    const { "upload-length": length, "upload-metadata": metadata } = c.req.valid("header");
    const created = await create(c, calls, length, metadata);
    c.header("Location", `${PATH}/${created.id}`);
    const withBytes = c.req.header("content-type") === CONTENT_TYPE;
    tell(c, withBytes ? await append(c, calls, created.id, 0) : created);
    return c.body(null, 201);
  });

  app.openapi(routes.state, async (c) => {
    const upload = await owned(c, calls, c.req.valid("param").id);
    const { received: offset, length, file, segment } = upload;
    tell(c, upload);
    c.header("Upload-Length", String(length));
    const shown = file === undefined ? null : storedFileOf(file, context, c.get("publicOrigin"));
    return c.json(
      done({ offset, length, file: shown, segment: segment === undefined ? null : recordOf(segment) }),
      200,
    );
  });

  const appended = async (c: Context<AppEnv>, id: string, offset: number): Promise<Response> => {
    if (c.req.header("content-type") !== CONTENT_TYPE)
      throw new BoxcarError("unsupported_body", `Send the bytes with Content-Type: ${CONTENT_TYPE}.`);
    await owned(c, calls, id);
    tell(c, await append(c, calls, id, offset));
    return c.body(null, 204);
  };
  app.openapi(routes.append, (c) => appended(c, c.req.valid("param").id, c.req.valid("header")["upload-offset"]));
  app.openapi(routes.appendByPost, (c) => appended(c, c.req.valid("param").id, c.req.valid("header")["upload-offset"]));

  app.openapi(routes.remove, async (c) => {
    const { id } = await owned(c, calls, c.req.valid("param").id);
    await uploads.remove(id, ownerOf(c.get("caller")));
    return c.body(null, 204);
  });
}

/** What the calls work with. */
interface TusCalls {
  readonly context: AppContext;
  readonly uploads: TusUploads;
}

/** The caller's own upload; of a segment, it may still be written only by who may write to its stream. */
async function owned(c: Context<AppEnv>, { uploads }: TusCalls, id: string): Promise<UploadState> {
  const upload = await uploads.find(id, ownerOf(c.get("caller")));
  authorize(c, "upload", upload.announced?.streamPath);
  return upload;
}

/** @param length bytes of the whole file */
function create(
  c: Context<AppEnv>,
  { context, uploads }: TusCalls,
  length: number,
  metadata: ReadonlyMap<string, string>,
): Promise<TusUpload> {
  checkUploadSize("file", length, context.config.maxUpload);
  const announced = segmentOf(metadata, context);
  authorize(c, "upload", announced?.streamPath);
  const imageClassId = classIdOf(metadata.get("imageClassId") ?? "0");
  const fileName = metadata.get("filename") ?? "";
  return uploads.create({ owner: ownerOf(c.get("caller")), length, fileName, imageClassId, announced });
}

/** Appends the body of the request. @param offset bytes of the file before it */
function append(c: Context<AppEnv>, { context, uploads }: TusCalls, id: string, offset: number): Promise<UploadState> {
  const length = c.req.header("content-length");
  return uploads.append(id, ownerOf(c.get("caller")), {
    offset,
    body: bodyOf(c.req.raw, context.config.rates.uploads),
    size: length === undefined ? undefined : Number(length),
    hold: memoryOf(c),
  });
}

/**
 * The segment that the metadata of an upload announces.
 * @throws BoxcarError as `checkStreamPath` and `askedStart` do
 */
function segmentOf(metadata: ReadonlyMap<string, string>, context: AppContext): AnnouncedSegment | undefined {
  const streamPath = metadata.get("streamPath");
  if (streamPath === undefined) return undefined;
  const [start, precision, tz] = ["start", "precision", "tz"].map((name) => metadata.get(name));
  return { streamPath: checkStreamPath(streamPath), ...askedStart({ start, precision, tz }, context) };
}

function tell(c: Context<AppEnv>, { received, untilMs }: Pick<TusUpload, "received" | "untilMs">): void {
  c.header("Upload-Offset", String(received));
  c.header("Upload-Expires", new Date(untilMs).toUTCString());
}

/** `Upload-Metadata`: pairs of a name and a value in base64, with commas between. */
function metadataOf(field: string): Map<string, string> {
  const pairs = field.split(",").flatMap((pair): [string, string][] => {
    const [name = "", value = ""] = pair.trim().split(" ");
    if (name === "") return [];
    const bytes = bytesOfBase64(value);
    const text = bytes && new TextDecoder().decode(bytes);
    if (text !== undefined && isKept(text)) return [[name, text]];
    const message = "The field Upload-Metadata must hold names, and values in base64 without NUL.";
    throw new BoxcarError("bad_parameter", message, { parameters: ["upload-metadata"] });
  });
  return new Map(pairs);
}
