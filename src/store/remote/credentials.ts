import { BoxcarError } from "../../base/errors.ts";
import type { CredentialsSource, StoreCredentials } from "../../config/store-settings.ts";

/** Gives what requests are signed with now. */
export type CurrentCredentials = () => Promise<StoreCredentials>;

/** Temporary credentials are fetched anew so long before they end, in milliseconds. */
const EARLY_MS = 600_000;
/** Clocks may differ by so much; nothing is signed with credentials that end sooner. */
const SKEW_MS = 5000;
/** Time between two attempts while the last ones still hold. */
const PAUSE_MS = 30_000;
/** So long credentials without an end are taken for the same. */
const KEPT_MS = 300_000;

/**
 * Credentials that are read again before they end, by one reading at a time. While those that are there still hold, a reading that
 * fails is repeated later.
 */
export function renewed(read: CurrentCredentials, clock: () => number = Date.now): CurrentCredentials {
  let current: StoreCredentials | undefined;
  let holdsUntilMs = 0;
  let readMs = 0;
  let readAgainMs = 0;
  let reading: Promise<StoreCredentials> | undefined;
  const renew = async (): Promise<StoreCredentials> => {
    try {
      current = await read();
      holdsUntilMs = (current.expiresMs ?? Number.POSITIVE_INFINITY) - SKEW_MS;
    } catch (cause) {
      if (current === undefined || clock() >= holdsUntilMs) throw cause;
    } finally {
      reading = undefined;
    }
    readMs = clock();
    const dueMs = current.expiresMs === undefined ? readMs + KEPT_MS : current.expiresMs - EARLY_MS;
    readAgainMs = Math.min(Math.max(dueMs, readMs + PAUSE_MS), holdsUntilMs);
    return current;
  };
  return () => {
    const nowMs = clock();
    // Before they were read: the clock was ahead then.
    if (current !== undefined && nowMs >= readMs && nowMs < readAgainMs) return Promise.resolve(current);
    return (reading ??= renew());
  };
}

/**
 * Reads credentials as Alibaba's metadata service, and commands for AWS's `credential_process`, write them.
 * @throws BoxcarError `credentials_unavailable` (503)
 */
export function readCredentials(text: string, nowMs: number): StoreCredentials {
  const { AccessKeyId: keyId, ...found } = objectIn(text);
  const secret = found.AccessKeySecret ?? found.SecretAccessKey;
  const sessionToken = found.SecurityToken ?? found.SessionToken;
  if (typeof keyId !== "string" || typeof secret !== "string" || keyId === "" || secret === "")
    throw unavailable("expected is JSON with AccessKeyId and AccessKeySecret (or SecretAccessKey)");
  if (typeof sessionToken !== "string" || sessionToken === "") return { keyId, secret, sessionToken: undefined };
  const expiresMs = typeof found.Expiration === "string" ? Date.parse(found.Expiration) : Number.NaN;
  if (Number.isNaN(expiresMs)) throw unavailable("those with a SecurityToken must say their Expiration, as RFC 3339");
  if (expiresMs - SKEW_MS <= nowMs) throw unavailable("those that came have expired");
  return { keyId, secret, sessionToken, expiresMs };
}

/** Credentials that a store is opened with, where no source is given for what its settings name. */
export function currentCredentials(
  { credentials, source }: { readonly credentials: StoreCredentials; readonly source?: CredentialsSource | undefined },
  given: CurrentCredentials | undefined,
): CurrentCredentials {
  if (given !== undefined) return given;
  if (source === undefined) return () => Promise.resolve(credentials);
  const message = "BOXCAR_STORE_CREDENTIALS: a worker runs no commands, has no files and no role; set secrets instead.";
  throw new BoxcarError("bad_configuration", message);
}

/** As many of the asked seconds as the credentials hold: what they signed is void with them. */
export function secondsWithin({ expiresMs }: StoreCredentials, asked: number, nowMs: number): number {
  return expiresMs === undefined ? asked : Math.min(asked, Math.floor((expiresMs - nowMs) / 1000));
}

/** The store's credentials cannot be had. @param why a sentence's end without its full stop */
export function unavailable(why: string, cause?: unknown): BoxcarError {
  const message = `The credentials of the store cannot be had: ${why}. See BOXCAR_STORE_CREDENTIALS.`;
  return new BoxcarError("credentials_unavailable", message, { retryAfterSeconds: 30 }, cause);
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" && found !== null ? (found as Record<string, unknown>) : {};
  } catch {
    return {}; // the parser's message would show a part of them
  }
}
