/** Every kind of source that is tried. */
import { startRtspServer } from "../support/rtsp-server.ts";
import { freePort, pause, send, startNginxRtmp, startNodeMediaServer, type MediaServer } from "./servers.ts";

/** Files that are sent: each 30 s, 25 pictures a second. */
export interface Material {
  /** H.264 with B-frames, AAC. */
  readonly avc: string;
  /** H.265, AAC. */
  readonly hevc: string;
}

/** One kind of source. */
export interface Case {
  readonly name: string;
  /** Who sends it. */
  readonly sender: "ffmpeg" | "GStreamer" | "node-media-server" | "nginx-rtmp";
  readonly sent: keyof Material;
  /** Whether its sound is another one, encoded here. */
  readonly encodesSound?: true;
  /** What is known of it, beside what was found. */
  readonly known: string;
  readonly url: string;
  /** Begins to send; when it has, or (`late`) when boxcar listens. */
  readonly begin: () => Promise<void> | void;
  readonly late?: true;
}

const FLV = ["-f", "flv"];
const TS = ["-f", "mpegts"];

/** Starts the servers, and names what can be tried here. */
export async function casesOf(folder: string, material: Material): Promise<Case[]> {
  return [...(await rtsp(material)), ...(await byFfmpeg(material)), ...(await byServers(folder, material))];
}

async function rtsp({ avc, hevc }: Material): Promise<Case[]> {
  const video = "h264parse ! rtph264pay name=pay0 config-interval=-1";
  const aac = "d.audio_0 ! queue ! aacparse ! rtpmp4gpay name=pay1 pt=97";
  const g711 =
    "d.audio_0 ! queue ! aacparse ! avdec_aac ! audioconvert ! audioresample ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay1";
  const from = (file: string, rest: string): string =>
    `( filesrc location=${file} ! qtdemux name=d d.video_0 ! queue ! ${rest} )`;
  const server = await startRtspServer({
    "/own": from(avc, `${video} ${aac}`),
    "/hevc": from(hevc, `h265parse ! rtph265pay name=pay0 config-interval=-1 ${aac}`),
    "/tcp": from(avc, `${video} ${aac}`),
    "/udp": from(avc, `${video} ${aac}`),
    "/g711": from(avc, `${video} ${g711}`),
  });
  if (server === undefined) return [];
  process.once("exit", () => server.process.kill("SIGKILL"));
  const url = (path: string): string => `rtsp://127.0.0.1:${String(server.port)}${path}`;
  const common = { sender: "GStreamer", sent: "avc", begin: () => undefined } as const;
  const own = "read by boxcar's own client; each sample as it was sent; the time of capture is told";
  const byFfmpeg = "read by ffmpeg, which hides the first picture where there are B-frames";
  return [
    { ...common, name: "RTSP over TCP, H.264 and AAC", url: url("/own"), known: own },
    { ...common, name: "RTSP over TCP, H.265 and AAC", url: url("/hevc"), known: own, sent: "hevc" },
    { ...common, name: "RTSP over TCP (`?tcp`), H.264 and AAC", url: `${url("/tcp")}?tcp`, known: byFfmpeg },
    { ...common, name: "RTSP over UDP (`?udp`), H.264 and AAC", url: `${url("/udp")}?udp`, known: byFfmpeg },
    {
      ...{ ...common, name: "RTSP over TCP, H.264 and G.711", url: url("/g711"), encodesSound: true },
      known: "handed over to ffmpeg; sound becomes AAC, and was not compared",
    },
  ];
}

async function byFfmpeg({ avc, hevc }: Material): Promise<Case[]> {
  const ports = await Promise.all([0, 1, 2, 3, 4].map(freePort));
  const [rtmp = 0, flv = 0, srt = 0, srtHevc = 0, udp = 0] = ports.map(String);
  const common = { sender: "ffmpeg", sent: "avc" } as const;
  const listen = async (file: string, output: readonly string[]): Promise<void> => {
    send(file, output);
    await pause(1000); // it says nothing when it listens
  };
  const ts = "shown 1 to 4 s late, when ffmpeg has probed it";
  return [
    {
      ...{ ...common, name: "RTMP", url: `rtmp://127.0.0.1:${rtmp}/live/a` },
      begin: () => listen(avc, [...FLV, "-listen", "1", `rtmp://127.0.0.1:${rtmp}/live/a`]),
      known: "connected anew where the picture gets other parameters",
    },
    {
      ...{ ...common, name: "HTTP-FLV", url: `http://127.0.0.1:${flv}/a.flv` },
      begin: () => listen(avc, [...FLV, "-listen", "1", `http://127.0.0.1:${flv}/a.flv`]),
      known: "",
    },
    {
      ...{ ...common, name: "MPEG-TS over SRT", url: `srt://127.0.0.1:${srt}` },
      begin: () => listen(avc, [...TS, `srt://127.0.0.1:${srt}?mode=listener`]),
      known: `${ts}; what is on its way when the sender ends is lost`,
    },
    {
      ...{ ...common, name: "MPEG-TS over SRT, H.265", url: `srt://127.0.0.1:${srtHevc}`, sent: "hevc" },
      begin: () => listen(hevc, [...TS, `srt://127.0.0.1:${srtHevc}?mode=listener`]),
      known: ts,
    },
    {
      ...{ ...common, name: "MPEG-TS over UDP", url: `udp://127.0.0.1:${udp}`, late: true },
      begin: () => {
        send(avc, [...TS, `udp://127.0.0.1:${udp}?pkt_size=1316`]);
      },
      known: `${ts}; its end shows by silence`,
    },
  ];
}

async function byServers(folder: string, { avc }: Material): Promise<Case[]> {
  const cases: Case[] = [];
  const publish = async ({ rtmp }: MediaServer): Promise<void> => {
    send(avc, [...FLV, `rtmp://127.0.0.1:${String(rtmp)}/live/a`]);
    await pause(3000);
  };
  const nms = await startNodeMediaServer(folder);
  if (nms !== undefined) {
    const common = { sender: "node-media-server", sent: "avc" } as const;
    const known = "begins with the server's cached group of pictures; its end shows by silence";
    let published: Promise<void> | undefined;
    const begin = (): Promise<void> => (published ??= publish(nms));
    cases.push(
      { ...common, name: "RTMP", url: `rtmp://127.0.0.1:${String(nms.rtmp)}/live/a`, begin, known },
      { ...common, name: "HTTP-FLV", url: `http://127.0.0.1:${String(nms.http)}/live/a.flv`, begin, known },
    );
  }
  const nginx = await startNginxRtmp(folder);
  if (nginx !== undefined) {
    const common = { sender: "nginx-rtmp", sent: "avc" } as const;
    let published: Promise<void> | undefined;
    const begin = (): Promise<void> => (published ??= publish(nginx).then(() => pause(4000)));
    cases.push(
      {
        ...{ ...common, name: "HLS (MPEG-TS)", url: `http://127.0.0.1:${String(nginx.http)}/a.m3u8`, begin },
        known:
          "arrives in bursts, so that the start is right to about the length of a media segment; its end shows by silence",
      },
      {
        ...{ ...common, name: "RTMP", url: `rtmp://127.0.0.1:${String(nginx.rtmp)}/live/a`, begin },
        known: "begins with the next sync sample",
      },
    );
  }
  return cases;
}
