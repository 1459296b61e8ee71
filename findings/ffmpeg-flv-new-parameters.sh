#!/usr/bin/env bash
# ffmpeg copies an FLV or RTMP stream whose picture changes its size midway into an MP4 of the first size alone. The publisher has begun
# anew, with a new AVC sequence header beside its samples: ffmpeg hands it on as side data of the next packet, and the MP4 muxer drops it,
# with exit code 0 and no message. What follows is decoded by the wrong parameter sets. A recorder behind a relay meets this whenever
# a publisher comes back with other settings. Decoding the FLV itself is right.
#
# Seen with ffmpeg of 2018 (@ffmpeg-installer/ffmpeg 1.1.0; the same with Debian's 5.1): one second of 160x120, then one of 320x240.
# The `framehash` muxer tells of the side data (S=1), so that a copy can be ended and begun anew there.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0
ffmpeg=$(node -p 'require("@ffmpeg-installer/ffmpeg").path')
for size in 160x120 320x240; do
  "$ffmpeg" -v error -f lavfi -i "testsrc=s=$size:r=25" -t 1 -c:v libx264 -preset ultrafast -g 25 -pix_fmt yuv420p "$size.flv"
done
# The tags of the second file behind those of the first, a second later; without the metadata in front and the end of the sequence.
cat >join.js <<'JS'
const { readFileSync, writeFileSync } = require("fs");
const tagsOf = (name, laterMs) => {
  const file = readFileSync(name);
  const tags = [];
  for (let at = 13; at + 15 <= file.length; ) {
    const tag = file.subarray(at, at + 15 + file.readUIntBE(at + 1, 3));
    tag.writeUIntBE(tag.readUIntBE(4, 3) + laterMs, 4, 3);
    if (!(tag[0] === 18 && laterMs > 0) && !(tag[0] === 9 && tag[12] === 2)) tags.push(tag);
    at += tag.length;
  }
  return tags;
};
const header = readFileSync("160x120.flv").subarray(0, 13);
writeFileSync("both.flv", Buffer.concat([header, ...tagsOf("160x120.flv", 0), ...tagsOf("320x240.flv", 1000)]));
JS
node join.js
"$ffmpeg" -v warning -i both.flv -c copy copy.mp4 2>messages
sizes() { "$ffmpeg" -v verbose -i "$1" -vf showinfo -f null - 2>&1 | grep -o ' s:[0-9x]* ' | sort | uniq -c | tr -s ' '; }
{
  echo "decoded from the FLV:"
  sizes both.flv
  echo "copied with $(grep -c . messages || true) messages; decoded from the copy:"
  sizes copy.mp4
  echo "packets with parameters beside them: $("$ffmpeg" -v error -i both.flv -c copy -f framehash -hash adler32 - | grep -c 'S=1')"
} | tee seen
diff seen - <<'EXPECTED'
decoded from the FLV:
 25 s:160x120 
 25 s:320x240 
copied with 0 messages; decoded from the copy:
 50 s:160x120 
packets with parameters beside them: 1
EXPECTED
