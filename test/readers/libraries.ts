/** Readers that are npm libraries. */
import { readFile, rm, writeFile } from "node:fs/promises";
import {
  BufferSource,
  BufferTarget,
  EncodedAudioPacketSource,
  EncodedPacketSink,
  EncodedVideoPacketSource,
  Input,
  MkvOutputFormat,
  MP4,
  Output,
  QTFF,
  type InputAudioTrack,
  type InputVideoTrack,
} from "mediabunny";
import { createFile, MP4BoxBuffer, type Movie, type Sample } from "mp4box";
import { readWithFfmpeg, type Given } from "./programs.ts";
import type { Reading } from "./reading.ts";

/** What mp4box.js lists: samples in presentation order, as its edits place them. */
export async function readWithMp4box({ file }: Given): Promise<Reading> {
  const parsed = createFile();
  const errors: string[] = [];
  const samples = new Map<number, Sample[]>();
  let movie: Movie | undefined;
  parsed.onError = (_module: string, message: string) => errors.push(message);
  parsed.onReady = (info: Movie) => {
    movie = info;
    for (const { id } of info.tracks) parsed.setExtractionOptions(id, undefined, { nbSamples: 1000 });
    parsed.start();
  };
  parsed.onSamples = (id: number, _user: unknown, found: Sample[]) => {
    samples.set(id, [...(samples.get(id) ?? []), ...found]);
  };
  const bytes = await readFile(file);
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  parsed.appendBuffer(MP4BoxBuffer.fromArrayBuffer(buffer, 0), true);
  parsed.flush();
  if (movie === undefined) return { complaints: [`refuses (${errors.join() || "no movie"})`] };
  const video = movie.tracks.find(({ type }) => type === "video");
  const audio = movie.tracks.find(({ type }) => type === "audio");
  const times = (track: Movie["tracks"][number] | undefined): number[] => {
    const edits = track?.edits ?? [];
    const delay = edits[0]?.media_time === -1 ? edits[0].segment_duration / (movie?.timescale ?? 1) : 0;
    const from = edits.find(({ media_time }) => media_time >= 0)?.media_time ?? 0;
    return (samples.get(track?.id ?? -1) ?? [])
      .map(({ cts, timescale }) => delay + (cts - from) / timescale)
      .sort((a, b) => a - b);
  };
  const heard = times(audio);
  const ends = (samples.get(audio?.id ?? -1) ?? []).map(({ cts, duration, timescale }) => (cts + duration) / timescale);
  const first = samples.get(audio?.id ?? -1)?.[0];
  const moved = (heard[0] ?? 0) - (first === undefined ? 0 : first.cts / first.timescale);
  return {
    pictures: fromStart(times(video).map((time) => ({ time, number: undefined }))),
    soundUntil: Math.max(0, ...ends) + moved,
    complaints: errors,
  };
}

/** Copies packet by packet to Matroska with mediabunny, at the times that it tells, and decodes that. */
export async function readWithMediabunny(given: Given): Promise<Reading> {
  const remuxed = `${given.scratch}.mkv`;
  const input = new Input({ source: new BufferSource(await readFile(given.file)), formats: [MP4, QTFF] });
  try {
    const duration = await input.computeDuration();
    const target = new BufferTarget();
    const output = new Output({ format: new MkvOutputFormat(), target });
    const video = await input.getPrimaryVideoTrack();
    const audio = await input.getPrimaryAudioTrack();
    const copies: (() => Promise<void>)[] = [];
    const videoCodec = await video?.getCodec();
    if (video && videoCodec) {
      const source = new EncodedVideoPacketSource(videoCodec);
      output.addVideoTrack(source);
      copies.push(() => copyPackets(video, source));
    }
    const audioCodec = await audio?.getCodec();
    if (audio && audioCodec) {
      const source = new EncodedAudioPacketSource(audioCodec);
      output.addAudioTrack(source);
      copies.push(() => copyPackets(audio, source));
    }
    await output.start();
    await Promise.all(copies.map((copy) => copy()));
    await output.finalize();
    await writeFile(remuxed, new Uint8Array(target.buffer ?? new ArrayBuffer(0)));
    const { pictures = [], sound = [], complaints } = await readWithFfmpeg({ ...given, file: remuxed });
    const moved = <T extends { time: number }>(list: readonly T[]): T[] =>
      list.map((item) => ({ ...item, time: item.time - LEAD_S }));
    const heard = moved(sound).filter(({ time }) => time > -0.001);
    return { duration, pictures: fromStart(moved(pictures)), sound: heard, complaints: complaints ?? [] };
  } catch (cause) {
    return { complaints: [`refuses (${cause instanceof Error ? cause.message : String(cause)})`] };
  } finally {
    input.dispose();
    await rm(remuxed, { force: true });
  }
}

/** Pictures as an edit presents them (ISO/IEC 14496-12 clause 8.6.6): the last one that comes no later than 0 from there on, none before it. */
function fromStart<T extends { readonly time: number }>(pictures: readonly T[]): T[] {
  const first = Math.max(
    0,
    pictures.findLastIndex(({ time }) => time < 1e-5),
  );
  return pictures.slice(first).map((picture) => ({ ...picture, time: Math.max(0, picture.time) }));
}

/** Matroska has no negative times: everything is written so much later. */
const LEAD_S = 10;

async function copyPackets(
  track: InputVideoTrack | InputAudioTrack,
  source: EncodedVideoPacketSource | EncodedAudioPacketSource,
): Promise<void> {
  const config = await track.getDecoderConfig();
  if (config === null) throw new Error(`no configuration of ${track.type}`);
  const meta = { decoderConfig: config } as EncodedVideoChunkMetadata & EncodedAudioChunkMetadata;
  for await (const packet of new EncodedPacketSink(track).packets()) {
    await source.add(packet.clone({ timestamp: packet.timestamp + LEAD_S }), meta);
  }
}
