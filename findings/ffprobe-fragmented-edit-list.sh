#!/usr/bin/env bash
# ffmpeg and ffprobe honour an edit list that begins within the media only in progressive MP4. In fragmented MP4 they take it for
# a shift of the start: what lies before it gets negative times and is decoded and shown like all the rest.
#
# Seen with ffprobe N-66595 of 2023 (@ffprobe-installer/ffprobe 2.1.2), and alike with ffprobe 5.1.9 of Debian 12. The same 125
# coded pictures, the edit list starting at the 26th one:
#   progressive: 25 packets before the start, 25 of them marked to be discarded, 100 pictures decoded
#   fragmented:  25 packets before the start, 0 of them marked to be discarded, 125 pictures decoded
# So what a fragmented file hides must look well when it is shown: its pictures a frame apart, as ffmpeg's own muxer wants them.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0 @ffprobe-installer/ffprobe@2.1.2
ffmpeg="$(node -p 'require("@ffmpeg-installer/ffmpeg").path')"
ffprobe="$(node -p 'require("@ffprobe-installer/ffprobe").path')"
"$ffprobe" -version | head -n 1

"$ffmpeg" -v error -f lavfi -i testsrc=size=96x64:rate=25 -t 6 -c:v libx264 -bf 2 -g 100 -pix_fmt yuv420p whole.mp4
# A copied cut begins at the sync sample before it, and hides what lies between them by an edit list.
"$ffmpeg" -v error -ss 2 -i whole.mp4 -c copy progressive.mp4
"$ffmpeg" -v error -ss 2 -i whole.mp4 -c copy -movflags frag_keyframe+delay_moov fragmented.mp4

told() {
  "$ffprobe" -v error -show_entries packet=pts_time,flags -of csv=p=0 "$1.mp4" |
    awk -F, '$1 < 0 { before++; if ($2 ~ /D/) discarded++ } END { printf "%d packets before the start, %d of them marked to be discarded, ", before, discarded }'
  echo "$("$ffprobe" -v error -count_frames -show_entries stream=nb_read_frames -of csv=p=0 "$1.mp4") pictures decoded"
}
for kind in progressive fragmented; do echo "$kind: $(told "$kind")"; done | tee seen
diff seen - <<'EXPECTED'
progressive: 25 packets before the start, 25 of them marked to be discarded, 100 pictures decoded
fragmented: 25 packets before the start, 0 of them marked to be discarded, 125 pictures decoded
EXPECTED
