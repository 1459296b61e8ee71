import { createHash, randomBytes } from "node:crypto";

/** User and password of a source. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Algorithms of Digest, by their names in challenges, the better ones first (RFC 7616 section 6.1). */
const HASHES = [
  ["sha-256", "sha256"],
  ["md5", "md5"],
] as const;

/** A request that is to be authorized. */
export interface Asked {
  readonly method: string;
  readonly uri: string;
}

/** Answers the challenges of one server. */
export class Authorization {
  readonly #credentials: Credentials;
  #fields: ReadonlyMap<string, string> | undefined;
  #hash: (typeof HASHES)[number] | undefined;
  #count = 0;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  /**
   * Takes the challenges of an answer 401: the values of its `WWW-Authenticate` headers.
   * @returns whether one of them is known
   */
  challenge(values: readonly string[]): boolean {
    const challenges = values.map(readChallenge);
    this.#count = 0;
    for (const hash of HASHES) {
      const found = challenges.find(
        ({ scheme, fields }) => scheme === "digest" && (fields.get("algorithm") ?? "md5").toLowerCase() === hash[0],
      );
      if (found === undefined) continue;
      const qop = found.fields.get("qop");
      if (qop !== undefined && !/(?:^|[ ,])auth(?:$|[ ,])/i.test(qop)) continue;
      this.#hash = hash;
      this.#fields = found.fields;
      return true;
    }
    this.#hash = undefined;
    this.#fields = challenges.find(({ scheme }) => scheme === "basic")?.fields;
    return this.#fields !== undefined;
  }

  /** The header's value; undefined as long as nothing was asked for. */
  header({ method, uri }: Asked): string | undefined {
    const { user, password } = this.#credentials;
    const fields = this.#fields;
    if (fields === undefined) return undefined;
    if (this.#hash === undefined) return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
    const [name, algorithm] = this.#hash;
    const digest = (text: string): string => createHash(algorithm).update(text).digest("hex");
    const [realm, nonce] = [fields.get("realm") ?? "", fields.get("nonce") ?? ""];
    const secret = digest(`${user}:${realm}:${password}`);
    const asked = digest(`${method}:${uri}`);
    const quoted: [string, string][] = [
      ["username", user],
      ["realm", realm],
      ["nonce", nonce],
      ["uri", uri],
    ];
    const plain: string[] = fields.has("algorithm") ? [`algorithm=${name.toUpperCase()}`] : [];
    if (fields.has("qop")) {
      // RFC 7616 section 3.4
      const count = (++this.#count).toString(16).padStart(8, "0");
      const cnonce = randomBytes(8).toString("hex");
      quoted.push(["response", digest(`${secret}:${nonce}:${count}:${cnonce}:auth:${asked}`)], ["cnonce", cnonce]);
      plain.push("qop=auth", `nc=${count}`);
    } else quoted.push(["response", digest(`${secret}:${nonce}:${asked}`)]); // RFC 2069
    const opaque = fields.get("opaque");
    if (opaque !== undefined) quoted.push(["opaque", opaque]);
    const values = quoted.map(([key, value]) => `${key}="${value.replaceAll(/["\\]/g, String.raw`\$&`)}"`);
    return `Digest ${[...values, ...plain].join(", ")}`;
  }
}

/** Scheme and parameters of a challenge (RFC 9110 section 11.3). */
function readChallenge(value: string): { scheme: string; fields: Map<string, string> } {
  const [, scheme = "", rest = ""] = /^([\w-]+)[ \t]*(.*)$/.exec(value) ?? [];
  const fields = new Map<string, string>();
  for (const [, key = "", quoted, plain = ""] of rest.matchAll(
    // From the start of a name only: from each of its characters on, a long one would be looked at again.
    /(?<![\w-])([\w-]+)[ \t]*=[ \t]*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/g,
  ))
    fields.set(key.toLowerCase(), quoted?.replaceAll(/\\(.)/g, "$1") ?? plain);
  return { scheme: scheme.toLowerCase(), fields };
}
