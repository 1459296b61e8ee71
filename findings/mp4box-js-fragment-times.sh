#!/usr/bin/env bash
# mp4box.js takes the time of a track's first fragment from its `tfdt`, and of all others from the sum of durations before: a
# recording that pauses, whose next fragment states a later time (ISO/IEC 14496-12, 8.8.12), plays on without its gap: all
# that follows is early by as much. The `tfdt` boxes themselves are parsed right.
#
# Seen with mp4box.js 2.4.1 (and mediabunny 1.61.0 beside it), four seconds, a gap of ten between the second and the third:
#   tfdt: 0 1 12 13
#   mp4box.js: 0 1 2 3
#   mediabunny: 0 1 12 13
# Whoever writes fragments for it lets the last sample before a gap last until the next fragment begins.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mp4box@2.4.1 mediabunny@1.61.0 @ffmpeg-installer/ffmpeg@1.1.0
cat >read.mjs <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import ffmpeg from "@ffmpeg-installer/ffmpeg";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";
import { createFile } from "mp4box";
const encode = "-f lavfi -i testsrc=s=320x180:r=25 -t 4 -c:v libx264 -g 25 -bf 0 -pix_fmt yuv420p";
const flags = "-movflags frag_keyframe+empty_moov+default_base_moof";
execFileSync(ffmpeg.path, ["-v", "error", ...encode.split(" "), ...flags.split(" "), "recorded.mp4"]);
const file = readFileSync("recorded.mp4");
const timescale = 12_800; // that of ffmpeg at 25 pictures a second
const stated = [];
for (let at = file.indexOf("tfdt"); at >= 0; at = file.indexOf("tfdt", at + 4)) {
  const time = Number(file.readBigUInt64BE(at + 8)) + (stated.length < 2 ? 0 : 10 * timescale);
  file.writeBigUInt64BE(BigInt(time), at + 8);
  stated.push(time / timescale);
}
console.log("tfdt:", ...stated);
const bytes = new Uint8Array(file).buffer;
const everySecond = (_, i) => i % 25 === 0;

const parsed = createFile();
const times = [];
parsed.onReady = ({ tracks: [track] }) => {
  parsed.setExtractionOptions(track.id, undefined, { nbSamples: 100 });
  parsed.start();
};
parsed.onSamples = (_id, _user, samples) => times.push(...samples.map(({ cts, timescale }) => cts / timescale));
parsed.appendBuffer(Object.assign(bytes.slice(0), { fileStart: 0 }));
parsed.flush();
console.log("mp4box.js:", ...times.filter(everySecond));

const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(bytes) });
const packets = new EncodedPacketSink(await input.getPrimaryVideoTrack()).packets();
console.log("mediabunny:", ...(await timesOf(packets)).filter(everySecond));
async function timesOf(packets) {
  const found = [];
  for await (const { timestamp } of packets) found.push(timestamp);
  return found;
}
JS
node read.mjs | tee seen
diff seen - <<'EXPECTED'
tfdt: 0 1 12 13
mp4box.js: 0 1 2 3
mediabunny: 0 1 12 13
EXPECTED
