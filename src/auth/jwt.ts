import {
  errors,
  jwtVerify,
  type CryptoKey,
  type FlattenedJWSInput,
  type JWTHeaderParameters,
  type JWTPayload,
} from "jose";
import type { JwtConfig } from "../access-config.ts";
import { BoxcarError } from "../errors.ts";
import type { Clock } from "../platform.ts";
import { parseGrant, type Grant } from "../scopes.ts";
import type { Caller } from "./caller.ts";

/** Algorithms taken with public keys. Each is verified with a key of its own type, never with the secret of HS256. */
const publicKeyAlgorithms = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];

/** Finds the public key that a token names. @throws BoxcarError `keys_unavailable` (503) */
export type PublicKeys = (header: JWTHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/** Checks JSON Web Tokens (RFC 7519), as RFC 8725 recommends: pinned algorithms, expiry, issuer and audience. */
export class JwtVerifier {
  readonly #config: JwtConfig;
  readonly #keys: PublicKeys | undefined;
  readonly #clock: Clock;
  readonly #secret: Uint8Array | undefined;

  /** @param keys the keys at `config.jwks` */
  constructor(config: JwtConfig, keys: PublicKeys | undefined, clock: Clock) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
    this.#secret = config.secret === undefined ? undefined : new TextEncoder().encode(config.secret);
  }

  /**
   * Who a token speaks for, and what it allows.
   * @throws BoxcarError `invalid_token` (401), `keys_unavailable` (503)
   */
  async callerOf(token: string): Promise<Caller> {
    const { issuer, audience, toleranceSeconds, claim } = this.#config;
    const algorithms = [
      ...(this.#secret === undefined ? [] : ["HS256"]),
      ...(this.#keys === undefined ? [] : publicKeyAlgorithms),
    ];
    const options = {
      algorithms,
      requiredClaims: ["exp"],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(this.#clock()),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
    const keyOf = (header: JWTHeaderParameters, input: FlattenedJWSInput): Promise<CryptoKey | Uint8Array> =>
      this.#keyOf(header, input);
    try {
      const { payload } = await jwtVerify(token, keyOf, options);
      return { kind: "jwt", name: nameOf(payload), grants: grantsIn(payload[claim]) };
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /** The key for an algorithm among those that are taken: the secret for HS256 alone. */
  async #keyOf(header: JWTHeaderParameters, input: FlattenedJWSInput): Promise<CryptoKey | Uint8Array> {
    const key = header.alg === "HS256" ? this.#secret : await this.#keys?.(header, input);
    if (key === undefined) throw new errors.JOSEAlgNotAllowed();
    return key;
  }
}

/** Whether a credential has the form of a JWT: three parts in base64url. */
export function looksLikeJwt(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(token);
}

function nameOf({ sub, jti }: JWTPayload): string {
  return (sub ?? jti ?? "jwt").slice(0, 128);
}

/**
 * The grants among the scopes of a claim, which is a text with spaces between them (RFC 8693) or an array of texts. Other
 * services have scopes in it too: what is none of boxcar's is passed over.
 */
function grantsIn(claim: unknown): Grant[] {
  const words = typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return words.flatMap((word) => (typeof word === "string" ? (parseGrant(word) ?? []) : []));
}

function refusalOf(error: unknown): unknown {
  if (!(error instanceof errors.JOSEError)) return error;
  return new BoxcarError("invalid_token", 401, sentenceOf(error), {}, error);
}

function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "The token has expired. Get a new one.";
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === "missing"
      ? `The token has no claim ${error.claim}, which is required here.`
      : `The claim ${error.claim} of the token does not have the value that is expected here.`;
  if (error instanceof errors.JOSEAlgNotAllowed) return "The token is signed with an algorithm that is not taken here.";
  return "The token is not valid: it is malformed, or its signature does not match any key of the server.";
}
