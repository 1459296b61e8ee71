import { BoxcarError } from "../../base/errors.ts";
import type { ByteSpan } from "../../base/ports.ts";
import { objectChanged, objectMissing, objectShort, storeFailed } from "../object-errors.ts";
import { remoteFailure } from "./remote-failure.ts";
import { RemoteError, type OpenedObject, type RemoteObjects } from "./remote-objects.ts";
import { withRetries, type RetryPolicy } from "./retry.ts";

export interface RemoteRead {
  readonly key: string;
  readonly span: ByteSpan;
  readonly ifMatch: string | undefined;
}

/**
 * Yields exactly the span, of one object: a body that breaks off is continued by a request for the rest of the same
 * ETag. An answer that is about other bytes than were asked for is never used.
 * @returns the object's ETag
 * @throws BoxcarError as `Store.get` does
 */
export async function* readResuming(
  remote: RemoteObjects,
  policy: RetryPolicy,
  { key, span, ifMatch }: RemoteRead,
): AsyncGenerator<Uint8Array, string, undefined> {
  let pinned = ifMatch;
  let rest = span;
  for (let resumes = 0; ; resumes++) {
    const opened = await open(remote, policy, { key, span: rest, ifMatch: pinned });
    pinned = opened.etag;
    let broken: unknown;
    try {
      for await (const chunk of untilIdle(opened, policy.idleMs)) {
        if (chunk.length > rest.length) throw storeFailed(key, "it sent more bytes than it had announced");
        rest = { offset: rest.offset + chunk.length, length: rest.length - chunk.length };
        yield chunk;
      }
    } catch (cause) {
      if (cause instanceof BoxcarError) throw cause;
      broken = cause;
    }
    if (rest.length === 0) return opened.etag;
    if (resumes < policy.resumes) continue;
    const times = `${resumes + 1} times, the last time ${rest.length} bytes before the end`;
    throw storeFailed(key, `the connection broke off ${times}`, broken);
  }
}

/** An opened object, and how to give it up. */
interface Opened extends OpenedObject {
  readonly controller: AbortController;
}

async function open(remote: RemoteObjects, policy: RetryPolicy, read: RemoteRead): Promise<Opened> {
  const { key, span, ifMatch } = read;
  let opened: Opened;
  try {
    opened = await withRetries(policy, policy.answerMs, async (signal) => {
      // The body outlives the attempt, whose limit is for the answer's head alone.
      const controller = new AbortController();
      signal.addEventListener("abort", () => controller.abort(signal.reason), { once: true });
      return { ...(await remote.open(key, span, ifMatch, controller.signal)), controller };
    });
  } catch (cause) {
    if (cause instanceof RemoteError && cause.kind === "short") throw objectShort(key, span, cause);
    if (cause instanceof RemoteError && cause.kind === "changed") throw await changed(remote, policy, read, cause);
    throw remoteFailure(key, cause);
  }
  const fault = faultOf(read, opened);
  if (fault === undefined) return opened;
  opened.controller.abort();
  throw fault;
}

/** Why an answer must not be used. */
function faultOf({ key, span, ifMatch }: RemoteRead, opened: OpenedObject): BoxcarError | undefined {
  const { offset, length } = opened.span;
  if (ifMatch !== undefined && opened.etag !== ifMatch) return objectChanged(key, ifMatch, opened.etag);
  if (offset === span.offset && length === span.length) return undefined;
  if (offset === span.offset && length < span.length) return objectShort(key, span);
  return storeFailed(
    key,
    `asked for ${span.length} bytes from ${span.offset}, it answered with ${length} bytes from ${offset}`,
  );
}

/** A refused condition says that the object is another one, or that it is gone. */
async function changed(
  remote: RemoteObjects,
  policy: RetryPolicy,
  { key, ifMatch = "" }: RemoteRead,
  cause: RemoteError,
): Promise<BoxcarError> {
  try {
    const found = await withRetries(policy, policy.answerMs, (signal) => remote.head(key, signal));
    return found === undefined ? objectMissing(key, cause) : objectChanged(key, ifMatch, found.etag, cause);
  } catch (failure) {
    return remoteFailure(key, failure);
  }
}

/** The chunks of a body, which is given up when none comes for `idleMs`. Time the consumer takes does not count. */
async function* untilIdle({ body, controller }: Opened, idleMs: number): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = body[Symbol.asyncIterator]();
  let isOpen = true;
  try {
    for (;;) {
      const timer = setTimeout(() => {
        controller.abort(new RemoteError("again", `no byte came within ${idleMs / 1000} seconds`));
      }, idleMs);
      const result = await chunks.next().finally(() => clearTimeout(timer));
      isOpen = result.done !== true;
      if (result.done === true) return;
      yield result.value;
    }
  } finally {
    if (isOpen) controller.abort();
    await chunks.return?.();
  }
}
