import * as z from "zod";
import { accessConfigOf, accessProblems, accessVariables, isOpen, type AccessConfig } from "./access-config.ts";
import { parseCatalog, type CatalogSettings } from "./catalog-settings.ts";
import { BoxcarError } from "../base/errors.ts";
import { expectedOf } from "../base/expected.ts";
import { planConfigOf, planVariables, type PlanConfig } from "./plan-config.ts";
import { recordConfigOf, recordVariables, type RecordConfig } from "./record-config.ts";
import { rateConfigOf, rateVariables, type RateConfig } from "./rate-config.ts";
import { parseStore, type StoreSettings } from "./store-settings.ts";
import { isTimeZone, systemTimeZone } from "../base/time-zone.ts";
import { uploadConfigOf, uploadVariables, type UploadConfig } from "./upload-config.ts";
import { betweenCommas, bytes, duration, variable, wholeNumber, type ValuesOf } from "./variables.ts";

const timeZone = z
  .string()
  .refine(
    (zone) => zone === "" || isTimeZone(zone),
    "expected an IANA time zone such as UTC or Asia/Shanghai, or an offset such as +08:00",
  );

const hosts = z
  .string()
  .regex(
    /^(?:(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?(?:,|$))*$/,
    "expected hosts in lower case with commas between them, each with a port or without: media.internal:8080,10.0.0.5",
  )
  .transform(betweenCommas);

/** Every environment variable boxcar reads. The table in docs/configuration.md says the same. */
export const variables = {
  HOST: variable(z.string().min(1, "expected an address"), "127.0.0.1", "Address to listen on."),
  PORT: variable(wholeNumber("a port number", 0, 65_535), "8080", "TCP port; 0 takes any free one."),
  BOXCAR_PUBLIC_URL: variable(
    z
      .string()
      .refine(
        (text) => text === "" || (/^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text),
        "expected an http or https URL without a path, such as https://video.example.org",
      )
      .transform((text) => (text === "" ? undefined : text)),
    "",
    "URL under which clients reach the server, for absolute links. Default: that of the request.",
  ),
  BOXCAR_DATA: variable(z.string().min(1, "expected a folder"), "./data", "Folder of the catalog and the media."),
  BOXCAR_CATALOG: variable(
    z.string(),
    "file:",
    "Where the catalog is: `file:PATH` (`file:` alone is `catalog.db` in `BOXCAR_DATA`), or the URL of a libSQL server (`libsql:`, `https:`, `http:`). See [scaling.md](scaling.md).",
  ),
  BOXCAR_CATALOG_REPLICA: variable(
    z.string(),
    "",
    "Replica of that server for wide reads: the URL of one, or `file:PATH` for one in this process (not on Workers).",
  ),
  BOXCAR_CATALOG_TOKEN: variable(
    z.string().regex(/^[\x21-\x7e]*$/, "expected printable characters without spaces"),
    "",
    "Bearer token of the libSQL servers.",
  ),
  BOXCAR_CATALOG_TIMEOUT: variable(
    wholeNumber("milliseconds", 100, 600_000),
    "1900",
    "Milliseconds that one read or write of a libSQL server may take; then the answer is 503.",
  ),
  BOXCAR_STORE: variable(
    z.string(),
    "file:",
    "Where the media lie: `file:FOLDER` (`file:` alone is `media` in `BOXCAR_DATA`), `oss://BUCKET?region=…`, `s3://BUCKET?endpoint=…` or `r2:BINDING`. See [stores.md](stores.md).",
  ),
  BOXCAR_KEY_LAYOUT: variable(
    z.enum(["path", "hash", ""], "expected path or hash"),
    "",
    "How keys of segments begin: `path` with the stream path, `hash` with four random digits. Default: `hash` in a bucket, `path` in a folder. See [stores.md](stores.md).",
  ),
  BOXCAR_STORE_KEY_ID: variable(z.string(), "", "Key id (access key) that requests to OSS or S3 are signed with."),
  BOXCAR_STORE_SECRET: variable(z.string(), "", "Its secret."),
  BOXCAR_STORE_SESSION_TOKEN: variable(z.string(), "", "The session token of temporary credentials (STS)."),
  BOXCAR_STORE_CREDENTIALS: variable(
    z.string(),
    "",
    "Where they are fetched from instead, anew before they end: `command:COMMAND`, `file:PATH`, or `ecs:`, the role of this ECS instance. See [stores.md](stores.md).",
  ),
  ...accessVariables,
  BOXCAR_TZ: variable(
    timeZone,
    "",
    "Time zone of times written without an offset: an IANA name, or an offset such as `+08:00`. Default: the system's (`TZ`), UTC on Workers.",
  ),
  BOXCAR_MAX_UPLOAD: variable(
    bytes,
    "2G",
    "Largest segment, form or file that may be uploaded: bytes, or with K, M, G, T.",
  ),
  BOXCAR_MAX_DURATION: variable(
    duration,
    "744h",
    "How long one segment may last: seconds, or with units (`90s`, `30m`, `744h`, which is 31 days).",
  ),
  ...uploadVariables,
  BOXCAR_GAP_TOLERANCE: variable(
    wholeNumber("milliseconds", 0, 60_000),
    "500",
    "Wall-clock distance between two segments that is not yet a gap, in milliseconds.",
  ),
  BOXCAR_SETTLE: variable(
    wholeNumber("seconds", 0, 31_536_000),
    "3600",
    "Seconds after the end of a range from which on caches may keep its download for good.",
  ),
  ...rateVariables,
  ...planVariables,
  ...recordVariables,
  BOXCAR_CONNECTIONS: variable(
    wholeNumber("connections", 0, 1_000_000),
    "0",
    "Connections that may be open, half of them of one client; 0: half of the files that the system lets the process have open, at most 16384.",
  ),
  BOXCAR_IDLE_TIMEOUT: variable(
    wholeNumber("seconds", 1, 86_400),
    "300",
    "Seconds without any byte after which a connection is closed.",
  ),
  BOXCAR_STOP_TIMEOUT: variable(
    wholeNumber("seconds", 0, 86_400),
    "30",
    "Seconds that running transfers get to finish when the server is told to stop.",
  ),
  BOXCAR_DECODERS: variable(
    wholeNumber("processes", 1, 256),
    "4",
    "Pictures that are decoded at once; further ones wait, and the clients take turns.",
  ),
  BOXCAR_DECODER_MEMORY: variable(
    bytes,
    "1G",
    "Address space of each process that decodes a picture: bytes, or with K, M, G, T.",
  ),
  BOXCAR_PICTURE_CACHE: variable(
    bytes,
    "32M",
    "Memory for decoded pictures, the least recently used dropped first: bytes, or with K, M, G, T.",
  ),
  BOXCAR_FETCH_HOSTS: variable(
    hosts,
    "",
    "Hosts (`name` or `name:port`, with commas between them) whose videos may be fetched although their addresses are not public.",
  ),
  BOXCAR_LOG: variable(
    z.enum(["debug", "info", "warn", "error"], "expected debug, info, warn or error"),
    "info",
    "Least level that is logged: `debug`, `info`, `warn` or `error`.",
  ),
} as const;

type Values = ValuesOf<typeof variables>;

/** The validated configuration. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** Origin for absolute links, without a slash at the end; undefined: that of the request. */
  readonly publicUrl: string | undefined;
  readonly dataFolder: string;
  readonly catalog: CatalogSettings;
  readonly store: StoreSettings;
  readonly keyLayout: "path" | "hash";
  readonly access: AccessConfig;
  /** As `checkTimeZone` takes it. */
  readonly timeZone: string;
  /** Connections that may be open; 0: as many as the files allow that the process may have open. */
  readonly connections: number;
  /** Bytes. */
  readonly maxUpload: number;
  readonly maxDurationMs: number;
  readonly uploads: UploadConfig;
  readonly gapToleranceMs: number;
  readonly settleMs: number;
  readonly rates: RateConfig;
  readonly planning: PlanConfig;
  readonly recording: RecordConfig;
  readonly idleTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** Processes that decode pictures at once. */
  readonly decoders: number;
  /** Bytes of each one's address space. */
  readonly decoderMemory: number;
  /** Bytes of pictures that are kept. */
  readonly pictureCache: number;
  /** `name` or `name:port`. */
  readonly fetchHosts: readonly string[];
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** What else is read of the environment: where the demonstration and the tests find sqld and real recordings. */
const ELSEWHERE = ["BOXCAR_SQLD", "BOXCAR_CORPUS"];

/** Variables that are named as boxcar's are, and are not: a mistyped one would be passed over in silence. */
export function unknownVariables(env: Readonly<Record<string, unknown>>): string[] {
  const known = [...Object.keys(variables), ...ELSEWHERE];
  return Object.keys(env).filter((name) => name.startsWith("BOXCAR_") && !known.includes(name));
}

/**
 * Reads the configuration from environment variables; an empty one counts as absent.
 * @throws BoxcarError `bad_configuration` (500) with one message that lists every problem
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { schema, default: fallback }] of Object.entries(variables)) {
    const text = env[name] === undefined || env[name] === "" ? fallback : env[name];
    const result = (schema as z.ZodType).safeParse(text);
    values[name] = result.data;
    // The text itself stays out of the message: it may be a secret.
    if (!result.success) problems.push(`${name}: ${result.error.issues.map(problemOf).join(", ")}`);
  }
  const { HOST, PORT, ...rest } = values as Values;
  if (problems.length === 0) {
    problems.push(...accessProblems(rest));
    if (rest.BOXCAR_WEBHOOKS.length > 0 && rest.BOXCAR_WEBHOOK_SECRET === "")
      problems.push("BOXCAR_WEBHOOKS: webhooks are signed; set BOXCAR_WEBHOOK_SECRET");
    if (isOpen(rest) && !isLoopback(HOST))
      problems.push(`HOST: ${HOST} can be reached from other machines; set BOXCAR_TOKEN, or listen on 127.0.0.1`);
  }
  const catalog = parseCatalog({
    url: rest.BOXCAR_CATALOG,
    replica: rest.BOXCAR_CATALOG_REPLICA,
    token: rest.BOXCAR_CATALOG_TOKEN,
    timeoutMs: rest.BOXCAR_CATALOG_TIMEOUT,
  });
  if ("problems" in catalog) problems.push(...catalog.problems);
  const store = storeOf(rest);
  if ("problems" in store) problems.push(...store.problems.map((problem) => `BOXCAR_STORE: ${problem}`));
  if (problems.length > 0 || "problems" in catalog || "problems" in store) {
    const message = `The configuration cannot be used:\n${problems.map((problem) => `- ${problem}`).join("\n")}`;
    throw new BoxcarError("bad_configuration", message, { problems });
  }
  return {
    host: HOST,
    port: PORT,
    publicUrl: rest.BOXCAR_PUBLIC_URL,
    dataFolder: rest.BOXCAR_DATA,
    catalog,
    store,
    keyLayout: rest.BOXCAR_KEY_LAYOUT === "" ? (store.driver === "file" ? "path" : "hash") : rest.BOXCAR_KEY_LAYOUT,
    access: accessConfigOf(rest, rest.BOXCAR_PUBLIC_URL),
    timeZone: rest.BOXCAR_TZ === "" ? systemTimeZone(env.TZ) : rest.BOXCAR_TZ,
    maxUpload: rest.BOXCAR_MAX_UPLOAD,
    maxDurationMs: rest.BOXCAR_MAX_DURATION,
    uploads: uploadConfigOf(rest),
    gapToleranceMs: rest.BOXCAR_GAP_TOLERANCE,
    settleMs: rest.BOXCAR_SETTLE * 1000,
    rates: rateConfigOf(rest),
    planning: planConfigOf(rest),
    recording: recordConfigOf(rest),
    connections: rest.BOXCAR_CONNECTIONS,
    idleTimeoutMs: rest.BOXCAR_IDLE_TIMEOUT * 1000,
    stopTimeoutMs: rest.BOXCAR_STOP_TIMEOUT * 1000,
    decoders: rest.BOXCAR_DECODERS,
    decoderMemory: rest.BOXCAR_DECODER_MEMORY,
    pictureCache: rest.BOXCAR_PICTURE_CACHE,
    fetchHosts: rest.BOXCAR_FETCH_HOSTS,
    logLevel: rest.BOXCAR_LOG,
  };
}

/** What is wrong, behind where that stands in a variable that holds JSON. */
function problemOf(issue: z.core.$ZodIssue): string {
  return issue.path.length === 0 ? expectedOf(issue) : `${issue.path.join(".")}: ${expectedOf(issue)}`;
}

function storeOf(values: Omit<Values, "HOST" | "PORT" | "BOXCAR_TOKEN">): ReturnType<typeof parseStore> {
  return parseStore({
    url: values.BOXCAR_STORE,
    keyId: values.BOXCAR_STORE_KEY_ID,
    secret: values.BOXCAR_STORE_SECRET,
    sessionToken: values.BOXCAR_STORE_SESSION_TOKEN,
    source: values.BOXCAR_STORE_CREDENTIALS,
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
