#!/usr/bin/env bash
# With `-movflags frag_keyframe+empty_moov`, the usual flags of live recording, ffmpeg writes no edit list: a recording with
# B-frames does not start at 0 but as late as its first picture waits for reordering, 0.08 s at 25 pictures a second. With
# `delay_moov` in place of `empty_moov` the edit list is there and the recording starts at 0; its `moov` comes with the first
# fragment.
#
# Seen with ffmpeg of 2018 (@ffmpeg-installer/ffmpeg 1.1.0), and alike with ffmpeg 5.1.9 of Debian 12:
#   empty_moov: starts at 0.080000, edit lists: 0
#   delay_moov: starts at 0.000000, edit lists: 1
# Whoever joins recordings by their length takes the start from the first presented picture, not from time 0.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0 @ffprobe-installer/ffprobe@2.1.2
ffmpeg="$(node -p 'require("@ffmpeg-installer/ffmpeg").path')"
ffprobe="$(node -p 'require("@ffprobe-installer/ffprobe").path')"
"$ffmpeg" -version | head -n 1

for flag in empty_moov delay_moov; do
  "$ffmpeg" -v error -f lavfi -i testsrc=size=96x64:rate=25 -t 2 -c:v libx264 -bf 2 -g 25 -pix_fmt yuv420p \
    -movflags "frag_keyframe+$flag" "$flag.mp4"
  start="$("$ffprobe" -v error -show_entries stream=start_time -of csv=p=0 "$flag.mp4")"
  echo "$flag: starts at $start, edit lists: $(grep -c elst "$flag.mp4" || true)"
done | tee seen
diff seen - <<'EXPECTED'
empty_moov: starts at 0.080000, edit lists: 0
delay_moov: starts at 0.000000, edit lists: 1
EXPECTED
