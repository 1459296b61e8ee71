import type { AccessConfig } from "../config/access-config.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Clock, Log, Sha256 } from "../base/ports.ts";
import { anyStream, everything } from "../base/scopes.ts";
import { webSha256 } from "../base/sha256.ts";
import type { Caller } from "./caller.ts";
import { JwtVerifier, looksLikeJwt } from "./jwt.ts";
import type { Links } from "./links.ts";
import { remoteKeys } from "./remote-keys.ts";
import { StaticTokens } from "./tokens.ts";

/** What of a request says who sends it. */
export interface Credentials {
  readonly method: string;
  /** Value of the `Authorization` field. */
  readonly authorization: string | undefined;
  /** What the chat front end sends instead: the field `token`, or the parameter of a picture's URL. */
  readonly token?: string | undefined;
  /** Path of the URL, percent-encoded. */
  readonly path: string;
  /** Names and values of the query, as the routes read them. */
  readonly query: () => Iterable<readonly [string, string]>;
}

const local: Caller = { kind: "local", name: "local", id: "local", grants: everything };
/** The signature covers the one request that the link is for. */
const linkHolder: Caller = { kind: "link", name: "link", id: "link", grants: [{ scope: "read", pattern: anyStream }] };

/** Finds out who sends a request: by the `Authorization` field, else by the signature of a link. */
export class Identification {
  readonly #config: AccessConfig;
  readonly #links: Links;
  readonly #tokens: StaticTokens;
  readonly #jwt: JwtVerifier | undefined;
  readonly #guest: Caller;

  constructor(config: AccessConfig, links: Links, clock: Clock, log: Log, sha256: Sha256 = webSha256) {
    const { tokens, jwt, guests } = config;
    const keys = jwt?.jwks === undefined ? undefined : remoteKeys(jwt.jwks, clock, log);
    this.#config = config;
    this.#links = links;
    this.#tokens = new StaticTokens(tokens, sha256);
    this.#jwt = jwt && new JwtVerifier(jwt, keys, clock, sha256);
    this.#guest = { kind: "guest", name: "guest", id: "guest", grants: guests };
  }

  /**
   * Who sends a request. Credentials that are presented must be right, also where none are needed.
   * @throws BoxcarError `invalid_token` (401), `keys_unavailable` (503), `bad_link` (403), `link_expired` (403)
   */
  async callerOf({ method, authorization, token, path, query }: Credentials): Promise<Caller> {
    if (authorization !== undefined && !this.#config.open) return this.#bearerOf(authorization);
    const known = token === undefined || this.#config.open ? undefined : await this.#holderOf(token);
    if (known !== undefined) return known;
    if (method === "GET" || method === "HEAD") {
      const pairs = [...query()];
      if (pairs.some(([name]) => name === "signature")) {
        await this.#links.check(path, pairs);
        return linkHolder;
      }
    }
    return this.#config.open ? local : this.#guest;
  }

  async #bearerOf(authorization: string): Promise<Caller> {
    const token = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization)?.[1];
    if (token === undefined) throw invalid("The Authorization field must have the form Bearer TOKEN.");
    const caller = await this.#holderOf(token);
    if (caller !== undefined) return caller;
    throw invalid(
      "This is not a token of the server, which has those of BOXCAR_TOKEN and BOXCAR_TOKENS. Send one of them, or no Authorization field where guests may do what you want.",
    );
  }

  /** Who holds a token; undefined when it is neither one of the server's nor a JWT that it could check. */
  async #holderOf(token: string): Promise<Caller | undefined> {
    const caller = await this.#tokens.callerOf(token);
    if (caller !== undefined) return caller;
    return this.#jwt !== undefined && looksLikeJwt(token) ? this.#jwt.callerOf(token) : undefined;
  }
}

function invalid(message: string): BoxcarError {
  return new BoxcarError("invalid_token", message);
}
