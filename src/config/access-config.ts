import * as z from "zod";
import { everything, parseGrant, type Grant } from "../base/scopes.ts";
import { bytes, variable, wholeNumber, type ValuesOf } from "./variables.ts";

/** A static token that the server knows: the token itself, or its digest. */
export interface TokenEntry {
  /** For the log. */
  readonly name: string;
  readonly secret: { readonly token: string } | { readonly sha256: string };
  readonly grants: readonly Grant[];
}

/** How JSON Web Tokens are checked. */
export interface JwtConfig {
  /** Key of HS256; undefined: HS256 is refused. */
  readonly secret: string | undefined;
  /** Where the public keys are; undefined: only HS256 is taken. */
  readonly jwks: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: string | undefined;
  /** Name of the claim that holds the scopes. */
  readonly claim: string;
  /** How far clocks may be apart, in seconds. */
  readonly toleranceSeconds: number;
}

/** Who may do what, and how much of it. */
export interface AccessConfig {
  /** Nobody has to say who they are: no tokens and no JWTs are configured. */
  readonly open: boolean;
  readonly tokens: readonly TokenEntry[];
  readonly jwt: JwtConfig | undefined;
  /** What callers without credentials may do. */
  readonly guests: readonly Grant[];
  /** Keys of signed links: the first signs, all are accepted. Empty: there are no signed links. */
  readonly linkSecrets: readonly string[];
  readonly longestLinkSeconds: number;
  /** Names of the server, besides its address, under which callers without credentials are answered. */
  readonly hosts: readonly string[];
  /** Origins whose pages may call; `*` alone: all of them. */
  readonly corsOrigins: readonly string[];
  /** Addresses and networks (CIDR) of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  /** Requests a minute from one client address; 0: no limit. */
  readonly clientRate: number;
  /** Requests a minute with one token or JWT subject; 0: no limit. */
  readonly tokenRate: number;
  readonly downloadsAtOnce: number;
  readonly uploadsAtOnce: number;
  /** Bytes that uploads keep in memory until they are whole. */
  readonly uploadMemory: number;
}

const secret = z
  .string()
  .regex(/^(?:[\x21-\x7e]{16,})?$/, "expected at least 16 printable characters without spaces")
  .transform((text) => (text === "" ? undefined : text));

const grant = z.string().transform((text, context): Grant => {
  const parsed = parseGrant(text);
  if (parsed !== undefined) return parsed;
  context.addIssue("expected scopes such as read or upload:live/*; scopes are read, upload, record, delete and admin");
  return z.NEVER;
});

const tokenEntry = z
  .strictObject({
    name: z.string().regex(/^[\w.@-]{1,64}$/, "expected a name of 1 to 64 letters, digits and .@_-"),
    scopes: z.array(grant).min(1, "expected at least one scope"),
    token: z
      .string()
      .regex(/^[\x21-\x7e]{16,}$/, "expected at least 16 printable characters without spaces")
      .optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, "expected 64 hexadecimal digits")
      .optional(),
  })
  .transform(({ name, scopes, token, sha256 }, context): TokenEntry => {
    if (token !== undefined && sha256 === undefined) return { name, secret: { token }, grants: scopes };
    if (sha256 !== undefined && token === undefined)
      return { name, secret: { sha256: sha256.toLowerCase() }, grants: scopes };
    context.addIssue("expected either token or sha256");
    return z.NEVER;
  });

const tokens = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue("expected a JSON array"); // what the parser says would quote the secrets
      return z.NEVER;
    }
  })
  .pipe(z.array(tokenEntry, "expected a JSON array"))
  .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, "expected a name only once");

const words = (separator: RegExp) => (text: string) => text.split(separator).filter((word) => word !== "");

const guests = z
  .string()
  .transform(words(/[\s,]+/))
  .pipe(z.array(grant))
  .refine(
    (list) => list.every(({ scope }) => scope === "read" || scope === "upload"),
    "guests may only be given read and upload",
  );

const isLoopbackUrl = ({ hostname }: URL): boolean => /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);

const keysUrl = z
  .string()
  .refine((text) => {
    if (text === "") return true;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    return url?.protocol === "https:" || (url?.protocol === "http:" && isLoopbackUrl(url));
  }, "expected an https URL")
  .transform((text) => (text === "" ? undefined : text));

const origins = z
  .string()
  .transform(words(/[\s,]+/))
  .refine(
    (list) =>
      (list.length === 1 && list[0] === "*") ||
      list.every((text) => URL.canParse(text) && new URL(text).origin === text && !/[*]|^null$/.test(text)),
    "expected origins such as https://app.example.org, separated by commas, or * alone",
  );

const optional = z.string().transform((text) => (text === "" ? undefined : text));

export const accessVariables = {
  BOXCAR_TOKEN: variable(
    secret,
    "",
    "Token of the administrator, who may do everything. Tokens or JWTs are required unless `HOST` is a loopback address.",
  ),
  BOXCAR_TOKENS: variable(
    tokens,
    "[]",
    "Further tokens: a JSON array of `name`, `scopes`, and `token` or its `sha256`. See [access](access.md).",
  ),
  BOXCAR_JWT_SECRET: variable(
    z
      .string()
      .refine((text) => text === "" || new TextEncoder().encode(text).length >= 32, "expected at least 32 bytes")
      .transform((text) => (text === "" ? undefined : text)),
    "",
    "Key of JWTs signed with HS256.",
  ),
  BOXCAR_JWT_JWKS: variable(
    keysUrl,
    "",
    "URL of the public keys (JWKS) of JWTs signed with RS256, PS256, ES256 or EdDSA.",
  ),
  BOXCAR_JWT_ISSUER: variable(optional, "", "Issuer (`iss`) that JWTs must name. Required with `BOXCAR_JWT_JWKS`."),
  BOXCAR_JWT_AUDIENCE: variable(optional, "", "Audience (`aud`) that JWTs must name. Required with `BOXCAR_JWT_JWKS`."),
  BOXCAR_JWT_CLAIM: variable(z.string(), "scope", "Claim of a JWT that holds its scopes."),
  BOXCAR_JWT_TOLERANCE: variable(
    wholeNumber("seconds", 0, 300),
    "30",
    "Seconds by which the clocks of this server and of the issuer of JWTs may differ.",
  ),
  BOXCAR_GUESTS: variable(
    guests,
    "",
    "What callers without credentials may do: `read` and `upload`, separated by commas, each optionally for certain streams (`read:public/*`).",
  ),
  BOXCAR_LINK_SECRET: variable(
    z
      .string()
      .transform(words(/\s+/))
      .refine(
        (list) => list.length <= 2 && list.every((word) => /^[\x21-\x7e]{32,}$/.test(word)),
        "expected one or two secrets of at least 32 printable characters, separated by a space",
      ),
    "",
    "Key of signed links. With two, separated by a space, the first signs and both are accepted.",
  ),
  BOXCAR_LINK_LIFETIME: variable(
    wholeNumber("seconds", 60, 31_536_000),
    "604800",
    "Longest time that a signed link may be valid, in seconds.",
  ),
  BOXCAR_CORS_ORIGINS: variable(
    origins,
    "",
    "Origins whose web pages may call the server, separated by commas; `*` for all.",
  ),
  BOXCAR_HOSTS: variable(
    z
      .string()
      .transform(words(/[\s,]+/))
      .refine(
        (list) => list.every((name) => /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(name)),
        "expected host names in lower case, without ports, separated by commas",
      ),
    "",
    "Names under which guests, or all callers of a server without tokens, are answered, besides addresses, `localhost` and the host of `BOXCAR_PUBLIC_URL`; separated by commas.",
  ),
  BOXCAR_TRUSTED_PROXIES: variable(
    z
      .string()
      .transform(words(/[\s,]+/))
      .refine(
        (list) => list.every((word) => z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]).safeParse(word).success),
        "expected addresses or networks such as 10.0.0.0/8, separated by commas",
      ),
    "",
    "Proxies whose `X-Forwarded-For`, `-Proto` and `-Host` are believed: addresses or networks, separated by commas.",
  ),
  BOXCAR_CLIENT_RATE: variable(
    wholeNumber("requests a minute", 0, 1_000_000),
    "1200",
    "Requests a minute from one client address; 0 for no limit.",
  ),
  BOXCAR_TOKEN_RATE: variable(
    wholeNumber("requests a minute", 0, 1_000_000),
    "6000",
    "Requests a minute with one token, or with JWTs of one subject; 0 for no limit.",
  ),
  BOXCAR_DOWNLOADS: variable(wholeNumber("downloads", 1, 100_000), "512", "Downloads that may run at once."),
  BOXCAR_UPLOADS: variable(wholeNumber("uploads", 1, 100_000), "128", "Uploads that may run at once."),
  BOXCAR_UPLOAD_MEMORY: variable(
    bytes,
    "512M",
    "Memory for the metadata of uploads that run, and for parts of pushed streams that are not whole, half of it for one client: bytes, or with K, M, G, T. The first MiB of each does not count.",
  ),
} as const;

type Values = ValuesOf<typeof accessVariables>;

/** What does not go together among valid values, a sentence each. */
export function accessProblems(values: Values): string[] {
  const problems: string[] = [];
  const jwt = values.BOXCAR_JWT_SECRET !== undefined || values.BOXCAR_JWT_JWKS !== undefined;
  for (const name of ["BOXCAR_JWT_ISSUER", "BOXCAR_JWT_AUDIENCE"] as const) {
    // The keys of a provider sign for many services: who is meant must be checked.
    if (values.BOXCAR_JWT_JWKS !== undefined && values[name] === undefined)
      problems.push(`${name}: required with BOXCAR_JWT_JWKS`);
    if (!jwt && values[name] !== undefined)
      problems.push(`${name}: means nothing without BOXCAR_JWT_SECRET or BOXCAR_JWT_JWKS`);
  }
  const plain = values.BOXCAR_TOKENS.flatMap(({ secret }) => ("token" in secret ? [secret.token] : [secret.sha256]));
  if (new Set([...plain, values.BOXCAR_TOKEN]).size <= plain.length)
    problems.push(
      "BOXCAR_TOKENS: a token may stand only once, and not be BOXCAR_TOKEN; the first would take its place",
    );
  if (values.BOXCAR_TOKENS.some(({ name }) => name === "BOXCAR_TOKEN"))
    problems.push("BOXCAR_TOKENS: the name BOXCAR_TOKEN belongs to the administrator's token; take another");
  if (values.BOXCAR_GUESTS.length > 0 && isOpen(values))
    problems.push("BOXCAR_GUESTS: without tokens or JWTs anyone may do everything; set BOXCAR_TOKEN");
  return problems;
}

/** Whether no credentials are configured. */
export function isOpen(values: Values): boolean {
  const { BOXCAR_TOKEN, BOXCAR_TOKENS, BOXCAR_JWT_SECRET, BOXCAR_JWT_JWKS } = values;
  return [BOXCAR_TOKEN, BOXCAR_JWT_SECRET, BOXCAR_JWT_JWKS].every((it) => it === undefined) && BOXCAR_TOKENS.length < 1;
}

/**
 * The configuration that the values say.
 * @param publicUrl the server's own
 */
export function accessConfigOf(values: Values, publicUrl: string | undefined): AccessConfig {
  const admin = values.BOXCAR_TOKEN;
  const secret = values.BOXCAR_JWT_SECRET;
  const jwks = values.BOXCAR_JWT_JWKS;
  return {
    open: isOpen(values),
    tokens: [
      ...(admin === undefined ? [] : [{ name: "BOXCAR_TOKEN", secret: { token: admin }, grants: everything }]),
      ...values.BOXCAR_TOKENS,
    ],
    jwt:
      secret === undefined && jwks === undefined
        ? undefined
        : {
            secret,
            jwks,
            issuer: values.BOXCAR_JWT_ISSUER,
            audience: values.BOXCAR_JWT_AUDIENCE,
            claim: values.BOXCAR_JWT_CLAIM,
            toleranceSeconds: values.BOXCAR_JWT_TOLERANCE,
          },
    guests: values.BOXCAR_GUESTS,
    linkSecrets: values.BOXCAR_LINK_SECRET,
    longestLinkSeconds: values.BOXCAR_LINK_LIFETIME,
    hosts: [...values.BOXCAR_HOSTS, ...(publicUrl === undefined ? [] : [new URL(publicUrl).hostname])],
    corsOrigins: values.BOXCAR_CORS_ORIGINS,
    trustedProxies: values.BOXCAR_TRUSTED_PROXIES,
    clientRate: values.BOXCAR_CLIENT_RATE,
    tokenRate: values.BOXCAR_TOKEN_RATE,
    downloadsAtOnce: values.BOXCAR_DOWNLOADS,
    uploadsAtOnce: values.BOXCAR_UPLOADS,
    uploadMemory: values.BOXCAR_UPLOAD_MEMORY,
  };
}
