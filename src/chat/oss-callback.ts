import { BoxcarError } from "../errors.ts";
import type { OssCallbackKeys } from "../platform.ts";

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
/** Keys that are remembered, at most. OSS has had one so far. */
const MAX_KEYS = 8;

/** Checks that callbacks come from OSS (signature version 1.0). Keys are fetched once. */
export class OssCallbacks {
  readonly #keys: OssCallbackKeys;
  readonly #known = new Map<string, Promise<string>>();

  constructor(keys: OssCallbackKeys) {
    this.#keys = keys;
  }

  /** @throws BoxcarError `bad_signature` (403); `keys_unavailable` (503) when OSS's key cannot be fetched */
  async check({ path, query, body, authorization, keyUrl }: CallbackRequest): Promise<void> {
    const [, name] = KEY_URL.exec(decodeText(keyUrl)) ?? [];
    const signature = decodeBytes(authorization);
    if (name === undefined || signature === undefined) throw badSignature();
    const key = await this.#key(`https://gosspublic.alicdn.com/${name}`);
    const signed = new TextEncoder().encode(`${decodeURIComponent(path)}${query}\n`);
    const data = new Uint8Array(signed.length + body.length);
    data.set(signed);
    data.set(body, signed.length);
    if (!this.#keys.verify(key, data, signature)) throw badSignature();
  }

  async #key(url: string): Promise<string> {
    let key = this.#known.get(url);
    if (key === undefined) {
      if (this.#known.size >= MAX_KEYS) this.#known.clear();
      key = this.#keys.fetchKey(url);
      this.#known.set(url, key);
    }
    try {
      return await key;
    } catch (cause) {
      this.#known.delete(url);
      const message = "The public key of OSS cannot be fetched now, so the callback cannot be checked. Send it again.";
      throw new BoxcarError("keys_unavailable", 503, message, {}, cause);
    }
  }
}

function badSignature(): BoxcarError {
  const message = "The request is not signed by OSS. Only OSS itself may call this, after an upload.";
  return new BoxcarError("bad_signature", 403, message);
}

function decodeText(base64: string | undefined): string {
  const bytes = decodeBytes(base64);
  return bytes === undefined ? "" : new TextDecoder().decode(bytes);
}

function decodeBytes(base64: string | undefined): Uint8Array | undefined {
  if (base64 === undefined || base64.length > 4096) return undefined;
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
