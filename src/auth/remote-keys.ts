import { createRemoteJWKSet, customFetch, errors } from "jose";
import { elapsedMs } from "../base/elapsed.ts";
import { textWithin } from "../base/bytes.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Clock, Log } from "../base/ports.ts";
import type { PublicKeys } from "./jwt.ts";

const minuteMs = 60_000;
/** Keys are fetched again after this time, while requests go on with those that are known. */
const refreshMs = 10 * minuteMs;
/** Keys may be used this long while the provider does not answer. */
const longestMs = 24 * 60 * minuteMs;
/** A token that names an unknown key makes the keys be fetched at most this often. */
const cooldownMs = 30_000;
/** After a failure the provider is left alone for this time. */
const pauseMs = 5_000;
const timeoutMs = 5_000;
/** Bytes of a key set: some hundred keys. */
const mostBytes = 1 << 20;

/**
 * The public keys at a URL (JWKS, RFC 7517). They are fetched when first needed, every 10 minutes from then on, and when
 * a token names a key that is not among them. While the provider is down, known keys serve for up to 24 hours.
 */
export function remoteKeys(url: string, clock: Clock, log: Log): PublicKeys {
  const { origin, pathname } = new URL(url);
  const shown = origin + pathname; // what stands behind may be a secret
  let failedMs = -Infinity;
  let triedMs = -Infinity;
  const fetchKeys = async (...[input, init]: Parameters<typeof fetch>): Promise<Response> => {
    if (elapsedMs(clock(), failedMs) < pauseMs) throw new Error("the provider failed a moment ago");
    triedMs = clock();
    try {
      const response = await fetch(input, init);
      if (response.status !== 200) throw new Error(`the provider answers ${String(response.status)}`);
      const keySet = await keySetOf(response);
      failedMs = -Infinity;
      return keySet;
    } catch (error) {
      failedMs = clock();
      log("warn", "keys of JWTs cannot be fetched", { url: shown, error: String(error) });
      throw error;
    }
  };
  const keys = createRemoteJWKSet(new URL(url), {
    cacheMaxAge: longestMs,
    cooldownDuration: cooldownMs,
    timeoutDuration: timeoutMs,
    [customFetch]: fetchKeys,
  });
  return async (header, token) => {
    // Whether this succeeds shows in the log; the request goes on with what is known.
    if (keys.fresh && elapsedMs(clock(), triedMs) > refreshMs) keys.reload().catch(() => undefined);
    try {
      return await keys(header, token);
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw error;
      if (error instanceof errors.JOSENotSupported) throw error;
      const message = "The keys that sign tokens cannot be fetched at the moment. Try again later.";
      throw new BoxcarError("keys_unavailable", message, {}, error);
    }
  };
}

/** A reply that holds a key set (RFC 7517 section 5), read whole. Anything else is a failure, after which the provider has a pause. */
async function keySetOf(response: Response): Promise<Response> {
  const tooLong = (): Error => new Error(`the provider sends more than ${String(mostBytes)} bytes`);
  const text = await textWithin(response.body, mostBytes, tooLong);
  const value: unknown = JSON.parse(text);
  const isKeySet = typeof value === "object" && value !== null && "keys" in value && Array.isArray(value.keys);
  if (!isKeySet) throw new Error("the provider sends no key set (an object with an array `keys`)");
  return new Response(text);
}
