import { BoxcarError } from "../base/errors.ts";

/** What a source may be reached by, and the protocols that ffmpeg may use for it. */
const SCHEMES: Readonly<Record<string, readonly string[]>> = {
  rtsp: ["rtsp", "rtp", "udp", "tcp"],
  rtsps: ["rtsps", "rtsp", "rtp", "udp", "tls", "tcp"],
  rtmp: ["rtmp", "tcp"],
  rtmps: ["rtmps", "rtmp", "tls", "tcp"],
  srt: ["srt"],
  http: ["http", "tcp"],
  https: ["https", "http", "tls", "tcp"],
  udp: ["udp"],
  file: ["file"],
  lavfi: [],
};

/**
 * What the query of a `udp:` URL may say, which ffmpeg reads as its own options. Others would take a port that another source
 * reads (`reuse`, `localport`), or any amount of memory.
 */
const UDP_OPTIONS =
  /^(?:(?:sources|block|localaddr)=[0-9a-f.:,]+|fifo_size=\d{1,6}|(?:buffer_size|timeout)=\d{1,9}|overrun_nonfatal=[01])$/i;

/** Characters of a source's URL. */
const LONGEST_URL = 2048;

/** A source's URL, taken apart. */
export interface SourceUrl {
  /** As it was given. */
  readonly text: string;
  readonly scheme: string;
  /** User and password, as they stand before the `@`; undefined where there is none. */
  readonly userInfo: string | undefined;
  /** Name or address, IPv6 without brackets; empty for `file` and `lavfi`. */
  readonly host: string;
  readonly port: string;
  readonly protocols: readonly string[];
  /**
   * Whether reading it connects to its host and to nothing else: servers of RTSP and HTTP can send a reader on to another host, and UDP
   * and a listening SRT open a port here.
   */
  readonly staysWithHost: boolean;
}

/** Reads the URL of a source. @throws BoxcarError `bad_source` (400), which never shows it */
export function readSourceUrl(text: string): SourceUrl {
  const [, scheme = ""] = /^([a-z]{2,8}):/.exec(text) ?? [];
  const protocols = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (protocols === undefined) throw badSource(`it must begin with ${Object.keys(SCHEMES).join(":, ")}:`);
  if (text.length > LONGEST_URL || !/^[\x21-\x7e]+$/.test(text))
    throw badSource(`it must have at most ${String(LONGEST_URL)} printable characters without spaces`);
  if (scheme === "lavfi" || scheme === "file")
    return { text, scheme, userInfo: undefined, host: "", port: "", protocols, staysWithHost: false };
  const authority = /^[a-z]+:\/\/(?:([^/?#]*)@)?(\[[0-9a-f:.]+\]|[^/?#:@]+)(?::(\d{1,5}))?(?:[/?#]|$)/i.exec(text);
  if (authority === null) throw badSource("it names no host");
  const options = /\?(.*)$/.exec(text)?.[1]?.split("&") ?? [];
  if (scheme === "udp" && !options.every((option) => UDP_OPTIONS.test(option)))
    throw badSource(
      "after the ? of a udp URL there may be sources, block, localaddr, timeout, buffer_size, overrun_nonfatal and fifo_size (up to 999999)",
    );
  const calls = scheme === "srt" && options.every((option) => !/^mode(?:=(?!caller$)|$)/.test(option));
  const [, userInfo, host = "", port = ""] = authority;
  return {
    text,
    scheme,
    userInfo,
    host: host.replace(/^\[(.*)\]$/, "$1").toLowerCase(),
    port,
    protocols,
    staysWithHost: calls || scheme === "rtmp" || scheme === "rtmps",
  };
}

/** The URL of a source without user and password. */
export function withoutUserInfo({ text, userInfo }: SourceUrl): string {
  return userInfo === undefined ? text : text.replace(`//${userInfo}@`, () => "//");
}

/** A source's URL without what is secret in it: user, password, the values of its query, and its fragment. */
export function shownUrl(text: string): string {
  return text
    .replace(/\/\/[^/?#]*@/, "//***@")
    .replace(/#.*/, "#***")
    .replace(/([?&](?:[^=&#]*=)?)[^&#]*/g, "$1***");
}

function badSource(why: string): BoxcarError {
  return new BoxcarError("bad_source", `The URL of the source cannot be taken: ${why}.`);
}
