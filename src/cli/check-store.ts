import { arrived } from "../base/bytes.ts";
import { BoxcarError } from "../base/errors.ts";
import type { ByteSpan, ObjectInfo, SignedRequest, Store } from "../base/ports.ts";
import type { StoreSettings } from "../config/store-settings.ts";
import { Complaint, type Checkup } from "./checkup.ts";

const SMALL = 1000;
/** More than what drivers write by one request. */
const LARGE = 9 * 2 ** 20;
/** OSS and S3 refuse requests that are further from their own time than 15 minutes. */
const SKEW_LIMIT_S = 60;
const SIGNED_SECONDS = 300;

/**
 * Uses a store as a server does, under keys of its own that are gone afterwards.
 * @param random part of the keys
 */
export async function checkStore(
  checkup: Checkup,
  store: Store,
  settings: StoreSettings,
  random: string,
): Promise<boolean> {
  const prefix = `boxcar-doctor/${random}/`;
  if ("endpoint" in settings) await checkup.try("store: its clock and this one agree", () => skewOf(settings.endpoint));
  const small = { key: `${prefix}small`, bytes: pattern(SMALL) };
  let info: ObjectInfo | undefined;
  const isWritten = await checkup.try("store: writes an object", async () => {
    info = await store.put(small.key, arrived(small.bytes), SMALL);
    return undefined;
  });
  if (!isWritten || info === undefined) {
    checkup.skip("store: all else", "nothing can be written");
    return false;
  }
  try {
    await readingChecks(checkup, store, info, small.bytes);
    await checkup.try("store: writes an object of unknown length, in parts", async () => {
      const { size } = await store.put(`${prefix}large`, inChunks(pattern(LARGE)));
      if (size !== LARGE) throw new Complaint(`It kept ${size} of ${LARGE} bytes.`);
      return undefined;
    });
    await checkup.try("store: lists objects", async () => {
      const found: ObjectInfo[] = [];
      for await (const each of store.list(prefix)) found.push(each);
      const own = found.find(({ key }) => key === small.key);
      if (own?.size === info?.size && own?.etag === info?.etag) return undefined;
      throw new Complaint(`Its listing of ${prefix} does not tell of ${small.key} as it is.`);
    });
    await signedChecks(checkup, store, `${prefix}signed`);
  } finally {
    await checkup.try("store: deletes objects", () => removeAll(store, prefix));
  }
  return true;
}

async function readingChecks(checkup: Checkup, store: Store, info: ObjectInfo, bytes: Uint8Array): Promise<void> {
  const { key, etag } = info;
  await checkup.try("store: describes an object", async () => {
    const found = await store.head(key);
    if (found?.size === bytes.length && found.etag === etag) return undefined;
    throw new Complaint(`It describes what was written just now as ${JSON.stringify(found)}.`);
  });
  await checkup.try("store: reads a range", async () => {
    const span = { offset: 100, length: 200 };
    const found = await collect(store, key, span, etag);
    if (Buffer.compare(found, bytes.subarray(100, 300)) === 0) return undefined;
    throw new Complaint("It gave other bytes than were written. Do not use this store.");
  });
  await checkup.try("store: refuses to read an object that has changed (If-Match)", () =>
    mustRefuse("object_changed", "It gives what was not asked for", () =>
      collect(store, key, { offset: 0, length: 10 }, "0123456789abcdef"),
    ),
  );
  await checkup.try("store: refuses to overwrite an object", () =>
    mustRefuse(
      "object_exists",
      "It overwrites objects; boxcar's keys are fresh, so nothing is lost, but a mistake would go unnoticed",
      () => store.put(key, arrived(bytes), bytes.length),
    ),
  );
}

async function signedChecks(checkup: Checkup, { presign }: Store, key: string): Promise<void> {
  if (presign === undefined) {
    checkup.skip("store: signed requests", "this store makes none, so clients cannot upload to it themselves");
    return;
  }
  const bytes = pattern(SMALL);
  await checkup.try("store: takes a signed upload", async () => {
    await sendSigned(await presign.put(key, { size: SMALL, contentType: "video/mp4" }, SIGNED_SECONDS), bytes);
    return undefined;
  });
  await checkup.try("store: answers a signed download", async () => {
    const found = await sendSigned(await presign.get(key, SIGNED_SECONDS));
    if (Buffer.compare(found, bytes) === 0) return undefined;
    throw new Complaint("It gave other bytes than were uploaded.");
  });
}

async function sendSigned({ method, url, fields }: SignedRequest, body?: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const response = await fetch(url, { method, headers: fields, ...(body === undefined ? {} : { body }) });
  const found = new Uint8Array(await response.arrayBuffer());
  if (response.ok) return found;
  throw new Error(`it answered with status ${response.status}: ${new TextDecoder().decode(found.subarray(0, 500))}`);
}

/** The call must fail with this error of the store. */
async function mustRefuse(error: string, otherwise: string, call: () => Promise<unknown>): Promise<undefined> {
  try {
    await call();
  } catch (cause) {
    if (cause instanceof BoxcarError && cause.code === error) return undefined;
    throw cause;
  }
  throw new Complaint(`${otherwise}.`);
}

async function removeAll(store: Store, prefix: string): Promise<undefined> {
  for (const name of ["small", "large", "signed"]) {
    await store.delete(prefix + name);
    if ((await store.head(prefix + name)) !== undefined) throw new Complaint(`${prefix}${name} is still there.`);
  }
  return undefined;
}

/** How far the clocks are apart. Any answer tells, a refusal as well. */
async function skewOf(endpoint: string): Promise<string> {
  const response = await fetch(endpoint, { signal: AbortSignal.timeout(10_000), redirect: "manual" });
  await response.body?.cancel();
  const date = Date.parse(response.headers.get("date") ?? "");
  if (Number.isNaN(date)) return "it does not tell the time";
  const seconds = Math.round(Math.abs(Date.now() - date) / 1000);
  if (seconds <= SKEW_LIMIT_S) return `${seconds} s apart`;
  throw new Complaint(
    `They are ${seconds} s apart. Set this machine's clock (NTP): stores refuse requests signed at the wrong time, and uploads of a node that is behind are given up by others.`,
  );
}

/** What to do about a folder in which nothing can be written. */
export const FOLDER_ADVICE = "Name a folder that can be made, and that the user that runs boxcar may write to.";

/** What to do about what a failed check of a store says; undefined when that is not known. */
export function adviceOnStore(failure: string, settings: StoreSettings): string | undefined {
  if (settings.driver === "file") {
    if (/EACCES|EPERM|EROFS|ENOENT|is no folder/.test(failure)) return FOLDER_ADVICE;
    return undefined;
  }
  if (settings.driver === "r2") return undefined;
  const { bucket, endpoint } = settings;
  if (failure.includes("NoSuchBucket"))
    return `There is no bucket ${bucket} at ${endpoint}: make it, or correct BOXCAR_STORE.`;
  if (failure.includes("InvalidAccessKeyId")) return "The store does not know BOXCAR_STORE_KEY_ID.";
  if (failure.includes("SignatureDoesNotMatch"))
    return "BOXCAR_STORE_SECRET does not belong to BOXCAR_STORE_KEY_ID, or the region in BOXCAR_STORE is another.";
  if (failure.includes("RequestTimeTooSkewed")) return "Set this machine's clock (NTP).";
  if (/SecurityToken|InvalidToken|ExpiredToken/.test(failure))
    return "BOXCAR_STORE_SESSION_TOKEN is wrong or has expired.";
  if (/AccessDenied|status 403/.test(failure))
    return `Allow these credentials to read, write, list and delete objects of ${bucket}, and to upload in parts.`;
  if (/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|fetch failed|within \d+ seconds/.test(failure))
    return `Nothing answers at ${endpoint}: check endpoint and region in BOXCAR_STORE, and the way there.`;
  return undefined;
}

/** Bytes that repeat after a prime number, so that a shifted span differs. */
function pattern(length: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length }, (_, i) => i % 251);
}

async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 65_536) yield await Promise.resolve(bytes.subarray(at, at + 65_536));
}

async function collect(store: Store, key: string, span: ByteSpan, etag: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of store.get(key, span, etag)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}
