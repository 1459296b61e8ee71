#!/usr/bin/env bash
# `ffmpeg -v error -i FILE -f null -`, the usual judge of whether a file decodes, complains of a file whose times are right: it
# counts pictures at the nominal frame rate before its null output, and two that are closer than that fall on one time. Pictures that a
# camera sent late and close together, or that an edit list leaves a tick each, look like damage; the exit code is 0.
#
# Seen with ffmpeg of 2018 (@ffmpeg-installer 1.1.0), and with 5.1.9, 25 pictures a second, one of them a tick behind the one before:
#   times: 3584 4096 4608 4609 5632 6144
#   -f null: Application provided invalid, non monotonically increasing dts to muxer in stream 0: 9 >= 9
#   -enc_time_base -1 -f null: nothing
# A judge wants `-enc_time_base -1`, which counts as the file does.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0 @ffprobe-installer/ffprobe@2.1.2
ffmpeg() { "$(node -p 'require("@ffmpeg-installer/ffmpeg").path')" -nostdin -v error "$@"; }
ffprobe() { "$(node -p 'require("@ffprobe-installer/ffprobe").path')" -v error "$@"; }
judged() { ffmpeg -i close.mp4 "$@" -f null - 2>&1 | sed 's/^\[[^]]*\] //' | grep . || echo nothing; }

late="settb=1/12800,setpts='if(eq(N,10),9*512+1,N*512)'"
ffmpeg -f lavfi -i testsrc=s=160x96:r=25 -t 1 -vf "$late" -vsync passthrough -enc_time_base 1/12800 \
  -video_track_timescale 12800 -c:v libx264 -bf 0 -preset ultrafast close.mp4
{
  echo "times: $(ffprobe -show_entries packet=pts -of csv=p=0 close.mp4 | sed -n 8,13p | xargs)"
  echo "-f null: $(judged)"
  echo "-enc_time_base -1 -f null: $(judged -enc_time_base -1)"
} | tee seen
diff seen - <<'EXPECTED'
times: 3584 4096 4608 4609 5632 6144
-f null: Application provided invalid, non monotonically increasing dts to muxer in stream 0: 9 >= 9
-enc_time_base -1 -f null: nothing
EXPECTED
