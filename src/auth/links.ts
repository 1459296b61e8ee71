import { base64url } from "../base/base64.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Clock } from "../base/ports.ts";
import { sameBytes } from "./same-bytes.ts";

/**
 * Signed links: whoever has one may read what it names until it expires. The signature (HMAC-SHA-256) covers that it is
 * for reading, the path, all query parameters and the expiry; fields of the request, such as `Range`, stay free.
 */
export class Links {
  readonly #keys: Promise<readonly CryptoKey[]>;
  readonly #clock: Clock;
  /** Whether links can be signed. */
  readonly available: boolean;

  /** @param secrets the first signs, all are accepted */
  constructor(secrets: readonly string[], clock: Clock) {
    this.#keys = Promise.all(secrets.map(keyOf));
    this.#clock = clock;
    this.available = secrets.length > 0;
  }

  /**
   * Signs a link.
   * @param path of the URL, percent-encoded
   * @param expiresMs milliseconds since 1970; the second in which it lies is still valid
   * @returns path and query
   * @throws BoxcarError `not_available` (501) without a secret
   */
  async sign(path: string, query: URLSearchParams, expiresMs: number): Promise<string> {
    const [key] = await this.#keys;
    if (key === undefined) {
      const message = "Signed links need a secret. Set BOXCAR_LINK_SECRET.";
      throw new BoxcarError("not_available", message);
    }
    const signed = new URLSearchParams(query);
    signed.set("expires", String(Math.floor(expiresMs / 1000)));
    signed.set("signature", await signatureOf(key, path, signed));
    return `${path}?${signed.toString()}`;
  }

  /**
   * Checks that the server has signed a link and that it has not expired.
   * @param path of the URL, percent-encoded
   * @param query names and values as the routes read them
   * @throws BoxcarError `bad_link` (403), `link_expired` (403)
   */
  async check(path: string, query: Iterable<readonly [string, string]>): Promise<void> {
    const pairs = [...query];
    const valueOf = (wanted: string): string => pairs.find(([name]) => name === wanted)?.[1] ?? "";
    const bytes = new TextEncoder();
    let genuine = false;
    const once = pairs.filter(([name]) => name === "signature").length === 1;
    for (const key of await this.#keys) {
      const expected = await signatureOf(key, path, pairs);
      if (sameBytes(bytes.encode(expected), bytes.encode(valueOf("signature")))) genuine = true;
    }
    if (!genuine || !once) {
      const message =
        "The signature of the link does not match it. Use the link as it was given, or ask for a new one.";
      throw new BoxcarError("bad_link", message);
    }
    if (Math.floor(this.#clock() / 1000) > Number(valueOf("expires")))
      throw new BoxcarError("link_expired", "The link has expired. Ask for a new one.");
  }
}

function keyOf(secret: string): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", new TextEncoder().encode(secret), algorithm, false, ["sign"]);
}

/** In base64url, of a text in which no two different links look alike, while order and escapes of a query do not matter. */
async function signatureOf(key: CryptoKey, path: string, query: Iterable<readonly [string, string]>): Promise<string> {
  const pairs = [...query].filter(([name]) => name !== "signature").map((pair) => JSON.stringify(pair));
  const text = JSON.stringify(["boxcar link 1", "read", decodeURIComponent(path), ...pairs.toSorted()]);
  const bytes = new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text)));
  return base64url(bytes);
}
