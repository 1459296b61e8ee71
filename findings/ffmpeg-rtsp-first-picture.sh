#!/usr/bin/env bash
# `ffmpeg -i rtsp://… -c copy camera.mp4` hides the first picture of a camera that sends B-frames. RTP tells times of presentation
# only; ffmpeg works out when pictures are decoded, has no time for the very first packet and takes one that is too early: its picture is
# presented before 0, behind the start of the edit list, so that players leave it out with what is reordered around it. All packets are there.
#
# Seen with ffmpeg of 2018 (@ffmpeg-installer/ffmpeg 1.1.0), and alike with ffmpeg 5.1.9 of Debian 12:
#   without B-frames: 50 packets, the first one shown
#   with B-frames: 50 packets, the first one hidden
# Whoever compares such a recording with what was sent does it by packets, or takes times from the second picture on.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
if [ -z "${FFMPEG:-}" ]; then
  npm init -y >/dev/null
  npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0 @ffprobe-installer/ffprobe@2.1.2
  FFMPEG="$(node -p 'require("@ffmpeg-installer/ffmpeg").path')"
  FFPROBE="$(node -p 'require("@ffprobe-installer/ffprobe").path')"
fi
"$FFMPEG" -version | head -n 1
port="$(node -p 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); }); ""' | tail -n 1)"
url="rtsp://127.0.0.1:$port/camera"

for frames in 0 2; do
  "$FFMPEG" -v error -f lavfi -i testsrc=size=96x64:rate=25 -t 2 -c:v libx264 -bf "$frames" -g 25 -pix_fmt yuv420p "sent$frames.mp4"
  timeout 30 "$FFMPEG" -v error -nostdin -rtsp_flags listen -i "$url" -c copy "got$frames.mp4" 2>/dev/null &
  reader=$!
  sleep 2
  timeout 30 "$FFMPEG" -v error -nostdin -re -i "sent$frames.mp4" -c copy -f rtsp -rtsp_transport tcp "$url" 2>/dev/null
  wait "$reader" || true
  packets="$("$FFPROBE" -v error -select_streams v -show_entries packet=flags -of csv=p=0 "got$frames.mp4")"
  # D: to be decoded and not shown.
  if head -n 1 <<<"$packets" | grep -q D; then first=hidden; else first=shown; fi
  echo "$([ "$frames" = 0 ] && echo without || echo with) B-frames: $(grep -c . <<<"$packets") packets, the first one $first"
done | tee seen
diff seen - <<'EXPECTED'
without B-frames: 50 packets, the first one shown
with B-frames: 50 packets, the first one hidden
EXPECTED
