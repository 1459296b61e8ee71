import type { TokenEntry } from "../config/access-config.ts";
import type { Sha256 } from "../base/ports.ts";
import type { Caller } from "./caller.ts";
import { sameBytes } from "./same-bytes.ts";

const utf8 = new TextEncoder();

interface Known {
  readonly digest: Uint8Array;
  readonly caller: Caller;
}

/**
 * The static tokens of the server. Only digests (SHA-256) are kept and compared: tokens are long and random, so a digest
 * gives nothing away, and comparing takes equally long whatever was presented.
 */
export class StaticTokens {
  readonly #sha256: Sha256;
  readonly #known: Promise<readonly Known[]>;

  constructor(entries: readonly TokenEntry[], sha256: Sha256) {
    this.#sha256 = sha256;
    this.#known = Promise.all(
      entries.map(async ({ name, secret, grants }) => ({
        digest: "token" in secret ? await sha256(utf8.encode(secret.token)) : bytesOfHex(secret.sha256),
        caller: { kind: "token" as const, name, id: name, grants },
      })),
    );
  }

  /** Who a token belongs to; undefined when it is none of the server's. */
  async callerOf(token: string): Promise<Caller | undefined> {
    const digest = await this.#sha256(utf8.encode(token));
    let found: Caller | undefined;
    for (const known of await this.#known) if (sameBytes(known.digest, digest)) found ??= known.caller;
    return found;
  }
}

function bytesOfHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
