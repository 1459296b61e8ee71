#!/usr/bin/env bash
# @remotion/media-parser knows H.264 by the sample entry `avc1` alone. `avc3`, which lets parameter sets come within the samples as
# well (ISO/IEC 14496-15, 5.4.2.1) and which cameras and DASH packagers write, becomes a track of type "other": no codec, no
# dimensions, no samples of a video, and no error.
#
# Seen with @remotion/media-parser 4.0.529, one file and its copy in which only the four letters differ:
#   avc1: video h264 320x180
#   avc3: other null null
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @remotion/media-parser@4.0.529 @ffmpeg-installer/ffmpeg@1.1.0
cat >read.mjs <<'JS'
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import ffmpeg from "@ffmpeg-installer/ffmpeg";
import { parseMedia } from "@remotion/media-parser";
import { nodeReader } from "@remotion/media-parser/node";
const encode = "-f lavfi -i testsrc=s=320x180:r=25 -t 2 -c:v libx264 -bf 0 -pix_fmt yuv420p";
execFileSync(ffmpeg.path, ["-v", "error", ...encode.split(" "), "recorded.mp4"]);
const recorded = readFileSync("recorded.mp4");
const fields = { tracks: true, videoCodec: true, dimensions: true };
for (const entry of ["avc1", "avc3"]) {
  recorded.write(entry, recorded.indexOf("stsd") + 16, "latin1");
  writeFileSync(`${entry}.mp4`, recorded);
  const found = await parseMedia({ src: `${entry}.mp4`, reader: nodeReader, fields, acknowledgeRemotionLicense: true });
  const { tracks, videoCodec, dimensions } = found;
  console.log(`${entry}: ${tracks[0].type} ${videoCodec} ${dimensions && `${dimensions.width}x${dimensions.height}`}`);
}
JS
node read.mjs | tee seen
diff seen - <<'EXPECTED'
avc1: video h264 320x180
avc3: other null null
EXPECTED
