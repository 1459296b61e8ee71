import type { Core } from "../../core/index.ts";
import { BoxcarError } from "../../base/errors.ts";
import { readSourceUrl, withoutUserInfo, type SourceUrl } from "../../record/source-url.ts";
import type { SourceAllowance } from "../outbound/source-allowance.ts";
import { RtspConnection } from "./connection.ts";
import { HandOver, sourceFailed } from "./hand-over.ts";
import { LiveMedia } from "./live-media.ts";
import type { Answer } from "./messages.ts";
import { readSdp, type Medium } from "./sdp.ts";

const PORT = 554;
const MOST_REDIRECTS = 3;
/** Seconds after which a session ends of which nothing is heard (RFC 2326 section 12.37). */
const SESSION_SECONDS = 60;
/** Milliseconds between two signs that a stream comes of which there is no part yet. */
const SIGN_MS = 1000;

/** What this client works with. */
export interface RtspParts {
  readonly core: Core;
  readonly allowance: SourceAllowance;
  /** Told how many packets a server has left out. */
  readonly dropped: (packets: number) => void;
}

/** Whether a source is one that this client reads: not where the URL says how ffmpeg should. */
export function isRtsp({ scheme, text }: SourceUrl): boolean {
  return scheme === "rtsp" && !/[?&](?:udp|tcp|udp_multicast|http)\b/.test(text);
}

/**
 * Reads a source by RTSP over TCP as fragmented MP4, until it ends or `signal` is given. An empty chunk says that something came.
 * @throws BoxcarError `source_refused` (403), `source_failed` (502); HandOver for what is not known here
 */
export async function* readRtsp(
  parts: RtspParts,
  source: SourceUrl,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let url = source;
  for (let redirects = 0; ; redirects++) {
    const addresses = await parts.allowance.addressesOf(url);
    const connection = await RtspConnection.open(addresses, Number(url.port || PORT), credentialsOf(url), signal);
    try {
      const described = await describe(connection, url);
      if (typeof described === "string") {
        if (redirects === MOST_REDIRECTS) throw sourceFailed("it redirects too often");
        url = redirected(url, described);
        continue;
      }
      yield* play(parts, connection, described);
      return;
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    } finally {
      connection.close();
    }
  }
}

interface Described {
  readonly base: string;
  readonly sdp: string;
  /** Method by which a session is kept. */
  readonly keeps: "OPTIONS" | "GET_PARAMETER";
}

/** Asks what there is. Returns the URL that it is to be asked for at instead, when the server says so. */
async function describe(connection: RtspConnection, source: SourceUrl): Promise<Described | string> {
  const url = withoutUserInfo(source);
  const options = await connection.ask("OPTIONS", url);
  const keeps = /\bGET_PARAMETER\b/.test(options.headers.get("public")?.join() ?? "") ? "GET_PARAMETER" : "OPTIONS";
  const answer = await connection.ask("DESCRIBE", url, { Accept: "application/sdp" });
  const location = answer.headers.get("location")?.[0];
  if (answer.status >= 300 && answer.status < 400 && location !== undefined) return location;
  succeed(answer);
  const base = answer.headers.get("content-base")?.[0] ?? answer.headers.get("content-location")?.[0] ?? url;
  return { base: isUri(base) ? base : url, sdp: answer.body, keeps };
}

/** Another server is held to what holds for the first one, and gets its credentials only when it is the same. */
function redirected(from: SourceUrl, location: string): SourceUrl {
  let url: SourceUrl;
  try {
    url = readSourceUrl(location);
  } catch {
    throw sourceFailed("it redirects to what is no source");
  }
  if (url.scheme !== "rtsp") throw sourceFailed(`it redirects to ${url.scheme}`);
  const isSame = url.host === from.host && url.port === from.port;
  return isSame && url.userInfo === undefined ? { ...url, userInfo: from.userInfo } : url;
}

async function* play(
  { core, dropped }: RtspParts,
  connection: RtspConnection,
  { base, sdp, keeps }: Described,
): AsyncGenerator<Uint8Array, void, undefined> {
  const session = readSdp(sdp);
  const media = new LiveMedia(core, session, dropped);
  const used = [session.video, session.sound].filter((medium) => medium !== undefined);
  const whole = resolved(base, session.control);
  const channels = new Map<number, number>();
  const uris: string[] = [];
  let seconds = SESSION_SECONDS;
  for (const [at, medium] of used.entries()) {
    const uri = resolved(base, medium.control);
    const { channel, timeout } = await setUp(connection, uri, at);
    channels.set(channel, at);
    uris.push(uri);
    seconds = timeout ?? seconds;
  }
  // Without a range: servers that share one stream among their readers would take all of them to its start.
  const playing = await connection.ask("PLAY", whole);
  succeed(playing);
  stateStarts(media, playing, uris, used);
  const keeping = setInterval(
    () => {
      connection.send(keeps, whole);
    },
    (seconds * 1000) / 2,
  );
  try {
    let signedMs = Number.NEGATIVE_INFINITY;
    for await (const packets of connection.packets()) {
      const nowMs = performance.now();
      let leads = false;
      let isOver = false;
      for (const { channel, bytes } of packets) {
        const at = channels.get(channel & ~1);
        if (at === undefined) continue;
        if ((channel & 1) === 1) isOver = media.control(at, bytes) || isOver;
        else leads = media.packet(at, bytes, nowMs) || leads;
      }
      const out = media.take();
      yield* out;
      if (out.length > 0 || (leads && nowMs - signedMs >= SIGN_MS)) signedMs = nowMs;
      if (out.length === 0 && signedMs === nowMs) yield new Uint8Array(0);
      if (isOver) break;
    }
    media.end();
    yield* media.take();
  } finally {
    clearInterval(keeping);
    connection.send("TEARDOWN", whole);
  }
}

async function setUp(
  connection: RtspConnection,
  uri: string,
  at: number,
): Promise<{ channel: number; timeout?: number }> {
  const transport = `RTP/AVP/TCP;unicast;interleaved=${String(2 * at)}-${String(2 * at + 1)}`;
  const answer = await connection.ask("SETUP", uri, { Transport: transport });
  if (answer.status === 461) throw new HandOver("it does not send over TCP"); // Unsupported Transport
  succeed(answer);
  const [, id, timeout] =
    /^([\x21-\x3a\x3c-\x7e]{1,256})(?:;.*?timeout=[ \t]*(\d{1,5}))?/.exec(answer.headers.get("session")?.[0] ?? "") ??
    [];
  if (id === undefined) throw new HandOver("it opens no session");
  connection.session = id;
  const chosen = /interleaved=(\d{1,3})/.exec(answer.headers.get("transport")?.[0] ?? "")?.[1];
  const channel = Number(chosen ?? 2 * at);
  if (channel % 2 !== 0) throw new HandOver("its channels are odd");
  return { channel, ...(Number(timeout) >= 2 ? { timeout: Number(timeout) } : {}) };
}

/** Notes where media begin by `RTP-Info` (RFC 2326 section 12.33). */
function stateStarts(media: LiveMedia, { headers }: Answer, uris: readonly string[], used: readonly Medium[]): void {
  const infos =
    headers
      .get("rtp-info")
      ?.join()
      .split(/,\s*(?=url=)/) ?? [];
  for (const info of infos) {
    const [, uri = ""] = /url=([^;]*)/.exec(info) ?? [];
    const timestamp = /rtptime=(\d{1,10})/.exec(info)?.[1];
    const at = uris.findIndex((one, i) => one === uri || used[i]?.control === uri || one.endsWith(`/${uri}`));
    if (at >= 0 && timestamp !== undefined) media.stated(at, Number(timestamp) >>> 0);
  }
}

/** What belongs to no session here may be one for ffmpeg; refusals that it would hear, too, are told. */
function succeed({ status, reason }: Answer): void {
  if (status >= 200 && status < 300) return;
  const why = `it answers ${String(status)} ${reason}`.trim();
  if (status === 401 || status === 403 || status === 404) throw sourceFailed(why);
  throw new HandOver(why);
}

/** The URL of a medium (RFC 2326 section C.1.1), as all servers understand it: what does not stand by itself is appended. */
function resolved(base: string, control: string | undefined): string {
  if (control === undefined || control === "" || control === "*") return base;
  if (!/^[\x21-\x7e]{1,2048}$/.test(control)) throw new HandOver("its media have no URLs");
  return /^rtsp:\/\//i.test(control) ? control : `${base.replace(/\/$/, "")}/${control.replace(/^\//, "")}`;
}

function isUri(text: string): boolean {
  return /^rtsp:\/\/[\x21-\x7e]{1,2048}$/i.test(text);
}

/** User and password of a URL, whose `%` stand for bytes. @throws BoxcarError `bad_source` for what no header can hold */
function credentialsOf({ userInfo }: SourceUrl): { user: string; password: string } | undefined {
  if (userInfo === undefined) return undefined;
  const [, user = "", password = ""] = /^([^@:]*)(?::(.*))?/.exec(userInfo) ?? [];
  const credentials = { user: decoded(user), password: decoded(password) };
  if (/\p{Cc}/u.test(credentials.user + credentials.password))
    throw new BoxcarError("bad_source", "The URL of the source cannot be taken: user and password must be printable.");
  return credentials;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
