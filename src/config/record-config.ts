import { betweenCommas, bytes, duration, variable, wholeNumber, type ValuesOf } from "./variables.ts";
import ipaddr from "ipaddr.js";
import * as z from "zod";

/** Settings of recordings. */
export interface RecordConfig {
  /** Milliseconds that a segment lasts where nothing else is said. */
  readonly fragmentMs: number;
  /** Milliseconds without a byte after which a source counts as lost. */
  readonly silenceMs: number;
  /** Milliseconds that other nodes wait for one that says nothing before they take over its sources. */
  readonly leaseMs: number;
  /** Sources that are read at once. */
  readonly mostSources: number;
  /** Bytes of memory of each ffmpeg that reads one. */
  readonly sourceMemory: number;
  /** Milliseconds before and after the moment of an event that belong to it where nothing else is said. */
  readonly eventBeforeMs: number;
  readonly eventAfterMs: number;
  /** Bytes of what is kept in memory of sources that are watched. */
  readonly preRollBytes: number;
  /** Percent of the disk above which the oldest recordings are removed, and down to which; `high` 0: never. */
  readonly disk: { readonly high: number; readonly low: number };
  /** Bytes of all segments above which the oldest recordings are removed, and down to which; `high` 0: never. */
  readonly storeBytes: { readonly high: number; readonly low: number };
  /** Who is told of what happens, and the key it is signed with. */
  readonly webhooks: { readonly consumers: readonly string[]; readonly secret: string };
  /** Hosts, networks and schemes of sources that may be reached although they are not public. */
  readonly allow: readonly string[];
}

/** Segments of recordings last at least so long, milliseconds. */
export const LEAST_FRAGMENT_MS = 1000;
/** And at most so long. */
export const LONGEST_FRAGMENT_MS = 3_600_000;

const ENTRY = /^(?:[a-z0-9.-]+|[0-9a-f:.]+|\[[0-9a-f:]+\])(?::\d{1,5}|\/\d{1,3})?$/;

/** Host and port are not the user of a URL. */
const CONSUMER = /^https?:\/\/[^/?#@\s]+(?:[/?#]\S*)?$/;

export const recordVariables = {
  BOXCAR_FRAGMENT: variable(
    duration.refine((ms) => ms >= LEAST_FRAGMENT_MS && ms <= LONGEST_FRAGMENT_MS, "expected 1s to 1h"),
    "60s",
    "How long a segment of a recording lasts unless a call says otherwise: seconds, or with units (`60s`, `5m`), from 1s to 1h.",
  ),
  BOXCAR_SOURCE_TIMEOUT: variable(
    wholeNumber("seconds", 1, 3600),
    "10",
    "Seconds without a byte after which a live source counts as lost.",
  ),
  BOXCAR_SOURCE_LEASE: variable(
    wholeNumber("seconds", 2, 3600),
    "30",
    "Seconds after which the nodes of a catalog take over the sources of a node that says nothing.",
  ),
  BOXCAR_SOURCES: variable(
    wholeNumber("sources", 1, 100_000),
    "256",
    "Sources that are read at once by this process; further ones wait, or another node takes them.",
  ),
  BOXCAR_SOURCE_MEMORY: variable(
    bytes,
    "512M",
    "Memory of each ffmpeg that reads a source, of its own and without what it maps of files: bytes, or with K, M, G, T.",
  ),
  BOXCAR_EVENT_BEFORE: variable(
    duration,
    "30s",
    "How much before an event belongs to it unless a call says otherwise, and how much is kept in memory of sources of mode `event`.",
  ),
  BOXCAR_EVENT_AFTER: variable(duration, "30s", "How long an event goes on unless a call says otherwise."),
  BOXCAR_PREROLL_MEMORY: variable(
    bytes,
    "64M",
    "Memory for what came before events, of all sources of mode `event` together: bytes, or with K, M, G, T. Beyond it the spool takes it.",
  ),
  BOXCAR_WEBHOOKS: variable(
    z
      .string()
      .transform(betweenCommas)
      .refine(
        (urls) => urls.length <= 10 && urls.every((url) => CONSUMER.test(url) && URL.canParse(url)),
        "expected at most ten http or https URLs without user and password, with commas between them",
      ),
    "",
    "URLs that are told of recordings, segments and events, with commas between them. See [recording.md](recording.md#webhooks).",
  ),
  BOXCAR_WEBHOOK_SECRET: variable(
    z.string().refine((secret) => secret === "" || secret.length >= 32, "expected at least 32 characters"),
    "",
    "Key that webhooks are signed with: at least 32 characters as they are, or `whsec_` and base64. Needed with `BOXCAR_WEBHOOKS`.",
  ),
  BOXCAR_DISK_HIGH: variable(
    wholeNumber("percent", 0, 99),
    "0",
    "Percent of the disk of the media folder above which the oldest recordings are removed, and uploads refused that take more than their share; 0: never. See [recording.md](recording.md#shares).",
  ),
  BOXCAR_DISK_LOW: variable(wholeNumber("percent", 0, 99), "80", "Percent of the disk down to which they are."),
  BOXCAR_STORE_HIGH: variable(
    bytes,
    "0",
    "Bytes of all recordings above which the oldest ones are removed, of who has more than its share, for buckets, which have no disk: bytes, or with K, M, G, T; 0: never. See [recording.md](recording.md#shares).",
  ),
  BOXCAR_STORE_LOW: variable(bytes, "0", "Bytes down to which they are; 0: nine tenths of `BOXCAR_STORE_HIGH`."),
  BOXCAR_SOURCES_ALLOW: variable(
    z
      .string()
      .transform(betweenCommas)
      .refine(
        (entries) => entries.every((entry) => ENTRY.test(entry) && (!entry.includes("/") || ipaddr.isValidCIDR(entry))),
        "expected hosts in lower case (each with a port or without), networks such as 192.168.0.0/16, file or lavfi, with commas between them",
      ),
    "",
    "Sources that are allowed besides public RTMP and SRT: hosts (`name` or `name:port`), networks (`192.168.0.0/16`), and the schemes `file` and `lavfi`, with commas between them. See [recording.md](recording.md).",
  ),
} as const;

const NINE_TENTHS = 0.9;

/** Puts the values of the variables in their form. */
export function recordConfigOf(values: ValuesOf<typeof recordVariables>): RecordConfig {
  return {
    fragmentMs: values.BOXCAR_FRAGMENT,
    silenceMs: values.BOXCAR_SOURCE_TIMEOUT * 1000,
    leaseMs: values.BOXCAR_SOURCE_LEASE * 1000,
    mostSources: values.BOXCAR_SOURCES,
    sourceMemory: values.BOXCAR_SOURCE_MEMORY,
    eventBeforeMs: values.BOXCAR_EVENT_BEFORE,
    eventAfterMs: values.BOXCAR_EVENT_AFTER,
    preRollBytes: values.BOXCAR_PREROLL_MEMORY,
    disk: { high: values.BOXCAR_DISK_HIGH, low: Math.min(values.BOXCAR_DISK_LOW, values.BOXCAR_DISK_HIGH) },
    storeBytes: {
      high: values.BOXCAR_STORE_HIGH,
      low: Math.min(values.BOXCAR_STORE_LOW || NINE_TENTHS * values.BOXCAR_STORE_HIGH, values.BOXCAR_STORE_HIGH),
    },
    webhooks: { consumers: values.BOXCAR_WEBHOOKS, secret: values.BOXCAR_WEBHOOK_SECRET },
    allow: values.BOXCAR_SOURCES_ALLOW,
  };
}
