import { hex } from "../base/bytes.ts";
import {
  errors,
  jwtVerify,
  type CryptoKey,
  type FlattenedJWSInput,
  type JWTHeaderParameters,
  type JWTPayload,
} from "jose";
import type { JwtConfig } from "../config/access-config.ts";
import { BoxcarError } from "../base/errors.ts";
import type { Clock, Sha256 } from "../base/ports.ts";
import { parseGrant, type Grant } from "../base/scopes.ts";
import type { Caller } from "./caller.ts";

/** Algorithms taken with public keys. Each is verified with a key of its own type, never with the secret of HS256. */
const publicKeyAlgorithms = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"];

/** Seconds for which a token may be valid from now on: what ends later never ends, whatever it says. */
const longestValidity = 3660 * 86_400;

/** Finds the public key that a token names. @throws BoxcarError `keys_unavailable` (503) */
export type PublicKeys = (header: JWTHeaderParameters, token: FlattenedJWSInput) => Promise<CryptoKey>;

/** Checks JSON Web Tokens (RFC 7519), as RFC 8725 recommends: pinned algorithms, expiry, issuer and audience. */
export class JwtVerifier {
  readonly #config: JwtConfig;
  readonly #keys: PublicKeys | undefined;
  readonly #clock: Clock;
  readonly #sha256: Sha256;
  readonly #secret: Uint8Array | undefined;

  /** @param keys the keys at `config.jwks` */
  constructor(config: JwtConfig, keys: PublicKeys | undefined, clock: Clock, sha256: Sha256) {
    this.#config = config;
    this.#keys = keys;
    this.#clock = clock;
    this.#sha256 = sha256;
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
    const nowMs = this.#clock();
    const options = {
      algorithms,
      requiredClaims: ["exp"],
      clockTolerance: toleranceSeconds,
      currentDate: new Date(nowMs),
      ...(issuer === undefined ? {} : { issuer }),
      ...(audience === undefined ? {} : { audience }),
    };
    const keyOf = (header: JWTHeaderParameters, input: FlattenedJWSInput): Promise<CryptoKey | Uint8Array> =>
      this.#keyOf(header, input);
    try {
      const { payload } = await jwtVerify(token, keyOf, options);
      checkClaims(payload, Math.floor(nowMs / 1000) + toleranceSeconds);
      const id = await this.#idOf(payload, token);
      return { kind: "jwt", name: nameOf(payload), id, grants: grantsIn(payload[claim]) };
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /**
   * Who the token speaks for: its subject at its issuer, else the one token that `jti` names, else the token itself, whose
   * signature counts for nothing: of some algorithms a second one can be made from the first.
   */
  async #idOf({ iss, sub, jti }: JWTPayload, token: string): Promise<string> {
    const who = sub ? { iss, sub } : jti ? { iss, jti } : { token: token.slice(0, token.lastIndexOf(".")) };
    const digest = await this.#sha256(new TextEncoder().encode(JSON.stringify(who)));
    return hex(digest);
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

/**
 * Checks what RFC 7519 section 4.1 says of the registered claims and jose leaves to its caller.
 * @param latest the moment by which a token must have been issued, seconds since 1970
 * @throws BoxcarError `invalid_token` (401)
 */
function checkClaims(payload: JWTPayload, latest: number): void {
  const claims: Readonly<Record<string, unknown>> = payload;
  const isText = (value: unknown): boolean => typeof value === "string";
  const expect = (claim: string, holds: (value: unknown) => boolean, expected: string): void => {
    if (!Object.hasOwn(claims, claim) || holds(claims[claim])) return;
    throw new BoxcarError("invalid_token", `The claim ${claim} of the token must be ${expected}. ${ANEW}`);
  };
  for (const claim of ["iss", "sub", "jti"]) expect(claim, isText, "a text");
  expect("aud", (aud) => isText(aud) || (Array.isArray(aud) && aud.every(isText)), "a text or an array of texts");
  for (const claim of ["exp", "nbf", "iat"]) expect(claim, Number.isFinite, "seconds since 1970");
  expect("iat", (iat) => Number(iat) <= latest, "in the past");
  expect("exp", (exp) => Number(exp) <= latest + longestValidity, "seconds since 1970, at most ten years from now");
}

function nameOf({ sub, jti }: JWTPayload): string {
  const name = [sub, jti].find((text) => text !== undefined && text !== "") ?? "jwt";
  return name.slice(0, 128);
}

/**
 * The grants among the scopes of a claim, which is a text with spaces between them (RFC 8693) or an array of texts. Other
 * services have scopes in it too: what is none of boxcar's is passed over.
 */
function grantsIn(claim: unknown): Grant[] {
  const words = typeof claim === "string" ? claim.split(" ") : Array.isArray(claim) ? claim : [];
  return words.flatMap((word) => (typeof word === "string" ? (parseGrant(word) ?? []) : []));
}

/** What to do about a token that will never be taken. */
const ANEW = "Have whoever issues tokens for this server make another one.";

function refusalOf(error: unknown): unknown {
  if (error instanceof BoxcarError) return error;
  // What is no JOSEError is a key of the provider that jose refuses, such as an RSA key of 1024 bits.
  const sentence =
    error instanceof errors.JOSEError ? sentenceOf(error) : `The token names a key that cannot be used. ${ANEW}`;
  return new BoxcarError("invalid_token", sentence, {}, error);
}

function sentenceOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return "The token has expired. Get a new one.";
  if (error instanceof errors.JWTClaimValidationFailed)
    return error.reason === "missing"
      ? `The token has no claim ${error.claim}, which is required here. ${ANEW}`
      : `The claim ${error.claim} of the token does not have the value that is expected here. ${ANEW}`;
  if (error instanceof errors.JOSEAlgNotAllowed)
    return `The token is signed with an algorithm that is not taken here. ${ANEW}`;
  return `The token is not valid: it is malformed, or its signature does not match any key of the server. ${ANEW}`;
}
