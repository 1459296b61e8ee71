import { HandOver } from "./hand-over.ts";
import { listed, readField } from "./messages.ts";

/** One medium of a session (RFC 8866 section 5.14), as far as it can be recorded here. */
export interface Medium {
  readonly codec: "h264" | "h265" | "aac";
  readonly payloadType: number;
  /** Ticks of its RTP timestamps in a second. */
  readonly clockRate: number;
  /** Its `control` (RFC 2326 section C.1.1); undefined: it is controlled by the URL of the session. */
  readonly control: string | undefined;
  /** Parameters of its format, by name in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** What a server tells of a session. */
export interface Session {
  readonly control: string | undefined;
  readonly video: Medium | undefined;
  readonly sound: Medium | undefined;
}

interface Section {
  readonly kind: string;
  readonly protocol: string;
  readonly payloadType: number;
  readonly attributes: ReadonlyMap<string, readonly string[]>;
}

/**
 * Reads a session description: the first video and the first sound of it.
 * @throws HandOver when one of them is none that is known here
 */
export function readSdp(text: string): Session {
  const [session, ...media] = text.split(/^(?=m=)/m).map(readSection);
  const video = media.find(({ kind }) => kind === "video");
  const sound = media.find(({ kind }) => kind === "audio");
  if (video === undefined && sound === undefined) throw new HandOver("it describes neither video nor sound");
  return {
    control: session?.attributes.get("control")?.[0],
    video: video && readVideo(video),
    sound: sound && readSound(sound),
  };
}

function readSection(text: string): Section {
  const [, kind = "", protocol = "", payloadType = ""] = /^m=(\w+) [\d/]+ ([\w/]+) (\d+)/.exec(text) ?? [];
  const attributes = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    const attribute = line.startsWith("a=") ? readField(line.slice(2), ":") : undefined;
    if (attribute !== undefined) listed(attributes, attribute.name).push(attribute.value);
  }
  return { kind, protocol, payloadType: Number(payloadType), attributes };
}

function readVideo(section: Section): Medium {
  const { encoding, medium } = readMedium(section);
  if (encoding === "h264" && (medium.parameters.get("packetization-mode") ?? "0") <= "1")
    return { ...medium, codec: "h264" };
  // DON fields in packets (RFC 7798 section 4.4) are there to send units in another order than that of decoding.
  if (encoding === "h265" && (medium.parameters.get("sprop-max-don-diff") ?? "0") === "0")
    return { ...medium, codec: "h265" };
  throw new HandOver(`its video is ${encoding}`);
}

function readSound(section: Section): Medium {
  const { encoding, medium } = readMedium(section);
  const { parameters } = medium;
  // RFC 3640 section 3.3.6
  const isHighRate = /^aac-hbr$/i.test(parameters.get("mode") ?? "") && parameters.get("sizelength") === "13";
  const isPlain = parameters.get("indexlength") === "3" && parameters.get("indexdeltalength") === "3";
  if (encoding === "mpeg4-generic" && isHighRate && isPlain) return { ...medium, codec: "aac" };
  throw new HandOver(`its sound is ${encoding}`);
}

function readMedium({ kind, protocol, payloadType, attributes }: Section): {
  encoding: string;
  medium: Omit<Medium, "codec">;
} {
  if (!/^RTP\/S?AVPF?$/.test(protocol) || protocol.includes("SAVP"))
    throw new HandOver(`its ${kind} comes by ${protocol}`);
  const of = (name: string): string =>
    attributes.get(name)?.find((value) => value.startsWith(`${String(payloadType)} `)) ?? "";
  const [, encoding = "", rate = "0"] = /^\d+ +([\w-]+)\/(\d{1,9})/.exec(of("rtpmap")) ?? [];
  const parameters = new Map<string, string>();
  for (const text of of("fmtp").slice(String(payloadType).length).split(";")) {
    const parameter = readField(text, "=");
    if (parameter !== undefined) parameters.set(parameter.name, parameter.value);
  }
  if (encoding === "" || Number(rate) === 0) throw new HandOver(`its ${kind} has payload type ${String(payloadType)}`);
  const medium = { payloadType, clockRate: Number(rate), control: attributes.get("control")?.[0], parameters };
  return { encoding: encoding.toLowerCase(), medium };
}
