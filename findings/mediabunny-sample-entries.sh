#!/usr/bin/env bash
# mediabunny knows one configuration a track: of several sample entries (`stsd` of ISO/IEC 14496-12, 8.5.2) it takes the last one for
# all samples, whatever `stsc` says. A camera that changes its resolution within a file, or a recorder that joins two recordings
# without encoding, writes such tracks; their first part is then decoded by the parameter sets of the last.
#
# Seen with mediabunny 1.61.0 (and ffprobe of 2023 beside it, @ffprobe-installer/ffprobe 2.1.2), a picture of 320x180 and one of 640x360:
#   ffprobe: 320 640
#   mediabunny: 640, pictures of it: 2
# For such readers let all samples have one entry, with the parameter sets in the samples (`avc3`). Needs Node and npm. Exits 0 as
# long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mediabunny@1.61.0 @ffmpeg-installer/ffmpeg@1.1.0 @ffprobe-installer/ffprobe@2.1.2
cat >read.mjs <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import ffmpeg from "@ffmpeg-installer/ffmpeg";
import ffprobe from "@ffprobe-installer/ffprobe";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";

/** A box of 32-bit numbers and bytes. */
function box(type, ...parts) {
  const body = Buffer.concat(parts.map((part) => (typeof part === "number" ? uint32(part) : part)));
  return Buffer.concat([uint32(body.length + 8), Buffer.from(type), body]);
}
const uint32 = (value) => Buffer.from(Uint32Array.of(value).buffer).swap32();
/** The first box of a type, below others. */
function find(bytes, [type, ...below]) {
  for (let at = 0; ; at += bytes.readUInt32BE(at)) {
    if (bytes.toString("latin1", at + 4, at + 8) !== type) continue;
    const found = bytes.subarray(at, at + bytes.readUInt32BE(at));
    return below.length === 0 ? found : find(found.subarray(8), below);
  }
}
/** One picture, as ffmpeg writes it. */
function record(size) {
  const encode = `-f lavfi -i testsrc=s=${size}:r=1 -frames:v 1 -c:v libx264 -pix_fmt yuv420p one.mp4`;
  execFileSync(ffmpeg.path, ["-v", "error", "-y", ...encode.split(" ")]);
  const file = readFileSync("one.mp4");
  const within = (...path) => find(file, ["moov", "trak", "mdia", ...path]);
  return { file, within, entry: within("minf", "stbl", "stsd").subarray(16), picture: find(file, ["mdat"]).subarray(8) };
}

const [small, large] = [record("320x180"), record("640x360")];
const ftyp = find(small.file, ["ftyp"]);
const mdat = box("mdat", small.picture, large.picture);
const at = ftyp.length + 8;
const stbl = box(
  "stbl",
  box("stsd", 0, 2, small.entry, large.entry),
  box("stts", 0, 1, 2, 1000),
  box("stsc", 0, 2, ...[1, 1, 1], ...[2, 1, 2]), // first chunk, samples per chunk, entry
  box("stsz", 0, 0, 2, small.picture.length, large.picture.length),
  box("stco", 0, 2, at, at + small.picture.length),
);
const minf = box("minf", small.within("minf", "vmhd"), small.within("minf", "dinf"), stbl);
const mdia = box("mdia", box("mdhd", 0, 0, 0, 1000, 2000, 0x55c40000), small.within("hdlr"), minf);
const trak = box("trak", find(small.file, ["moov", "trak", "tkhd"]), mdia);
const file = Buffer.concat([ftyp, mdat, box("moov", find(small.file, ["moov", "mvhd"]), trak)]);
writeFileSync("two.mp4", file);

const show = "-v error -show_entries frame=width -of csv=p=0 two.mp4";
console.log("ffprobe:", ...execFileSync(ffprobe.path, show.split(" "), { encoding: "utf8" }).match(/\d+/g));
const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(new Uint8Array(file).buffer) });
const track = await input.getPrimaryVideoTrack();
let pictures = 0;
for await (const _packet of new EncodedPacketSink(track).packets()) pictures++;
console.log(`mediabunny: ${(await track.getDecoderConfig()).codedWidth}, pictures of it: ${pictures}`);
JS
node read.mjs | tee seen
diff seen - <<'EXPECTED'
ffprobe: 320 640
mediabunny: 640, pictures of it: 2
EXPECTED
