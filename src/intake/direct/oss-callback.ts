import { bytesOfBase64 } from "../../base/base64.ts";
import { concatenated } from "../../base/bytes.ts";
import { elapsedMs } from "../../base/elapsed.ts";
import { BoxcarError } from "../../base/errors.ts";
import type { Clock, OssCallbackKeys } from "../../base/ports.ts";

/** A request that claims to come from OSS. */
export interface CallbackRequest {
  /** Path and query as they were requested, percent-encoded. */
  readonly path: string;
  readonly query: string;
  readonly body: Uint8Array;
  /** `Authorization`: the signature in base64. */
  readonly authorization: string | undefined;
  /** `x-oss-pub-key-url`: where the key is, in base64. */
  readonly keyUrl: string | undefined;
}

/** Where OSS's public keys lie; nothing else is ever fetched. */
const KEY_URL = /^https?:\/\/gosspublic\.alicdn\.com\/([\w-]{1,100}\.pem)$/;
/** The one key that OSS has had so far. */
const USUAL_KEY = "callback_pub_key_v1.pem";
/** Keys under other names that are remembered, or remembered to be missing, at most. */
const MAX_OTHERS = 64;
/** A key that could not be fetched is asked for again after this time; so long is also the time between two other names. */
const PAUSE_MS = 15_000;

/** A key, or undefined when it could not be fetched, and since when that is known. */
interface Fetched {
  readonly key: Promise<string | undefined>;
  readonly atMs: number;
}

/**
 * Checks that callbacks come from OSS (signature version 1.0). Each key is fetched once. Anyone can send a callback that names
 * a key, so the usual one never waits for another, and other names are fetched one by one with pauses between them.
 */
export class OssCallbacks {
  readonly #keys: OssCallbackKeys;
  readonly #clock: Clock;
  readonly #known = new Map<string, Fetched>();
  #otherMs = -Infinity;

  constructor(keys: OssCallbackKeys, clock: Clock) {
    this.#keys = keys;
    this.#clock = clock;
  }

  /** @throws BoxcarError `bad_signature` (403); `keys_unavailable` (503) when OSS's key cannot be fetched */
  async check({ path, query, body, authorization, keyUrl }: CallbackRequest): Promise<void> {
    const [, name] = KEY_URL.exec(decodeText(keyUrl)) ?? [];
    const signature = decodeBytes(authorization);
    if (name === undefined || signature === undefined) throw badSignature();
    const key = await this.#key(name);
    const signed = new TextEncoder().encode(`${decodeURIComponent(path)}${query}\n`);
    if (!this.#keys.verify(key, concatenated([signed, body]), signature)) throw badSignature();
  }

  async #key(name: string): Promise<string> {
    const known = this.#known.get(name);
    const key = await (known === undefined || (await this.#failed(known)) ? this.#fetch(name) : known.key);
    if (key !== undefined) return key;
    const message = "The public key of OSS cannot be fetched now, so the callback cannot be checked. Send it again.";
    throw new BoxcarError("keys_unavailable", message);
  }

  /** Whether a key could not be fetched, long enough ago to try again. */
  async #failed({ key, atMs }: Fetched): Promise<boolean> {
    return (await key) === undefined && elapsedMs(this.#clock(), atMs) >= PAUSE_MS;
  }

  #fetch(name: string): Promise<string | undefined> {
    const atMs = this.#clock();
    if (name !== USUAL_KEY) {
      if (elapsedMs(atMs, this.#otherMs) < PAUSE_MS) return Promise.resolve(undefined);
      this.#otherMs = atMs;
      const oldest = [...this.#known.keys()].find((other) => other !== USUAL_KEY);
      if (this.#known.size > MAX_OTHERS && oldest !== undefined) this.#known.delete(oldest);
    }
    const key = this.#keys.fetchKey(`https://gosspublic.alicdn.com/${name}`).catch(() => undefined);
    this.#known.set(name, { key, atMs });
    return key;
  }
}

function badSignature(): BoxcarError {
  const message = "The request is not signed by OSS. Only OSS itself may call this, after an upload.";
  return new BoxcarError("bad_signature", message);
}

function decodeText(base64: string | undefined): string {
  const bytes = decodeBytes(base64);
  return bytes === undefined ? "" : new TextDecoder().decode(bytes);
}

function decodeBytes(base64: string | undefined): Uint8Array | undefined {
  return base64 === undefined || base64.length > 4096 ? undefined : bytesOfBase64(base64);
}
