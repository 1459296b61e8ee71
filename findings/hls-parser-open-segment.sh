#!/usr/bin/env bash
# hls-parser takes the init segment for a key where a Low-Latency HLS playlist ends with parts of a segment that is not whole yet, as each does
# while its stream goes on: `parse` gives that last segment a `key` that is the `map` before it (EXT-X-MAP, RFC 8216, 4.3.2.5),
# and `stringify` writes it as `EXT-X-KEY` with `METHOD=undefined`, of an encryption that nobody has declared. Segments that are
# whole have none.
#
# Seen with hls-parser 0.16.1, a playlist without any key:
#   first segment: key none, map init.mp4
#   open segment: key init.mp4, map none
#   written: #EXT-X-KEY:METHOD=undefined,URI="init.mp4"
# A proxy that rewrites live playlists with it drops the key of a last segment without a `method` first.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund hls-parser@0.16.1
cat >read.mjs <<'JS'
import HLS from "hls-parser";

const playlist = HLS.parse(`#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:6
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6.00000,
0.m4s
#EXT-X-PART:DURATION=0.5,URI="1.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1.1.m4s"
`);
const [first, open] = playlist.segments;
const told = ({ key, map }) => `key ${key?.uri ?? "none"}, map ${map?.uri ?? "none"}`;
console.log("first segment:", told(first));
console.log("open segment:", told(open));
console.log("written:", ...HLS.stringify(playlist).split("\n").filter((line) => line.startsWith("#EXT-X-KEY")));
JS
node read.mjs | tee seen
diff seen - <<'EXPECTED'
first segment: key none, map init.mp4
open segment: key init.mp4, map none
written: #EXT-X-KEY:METHOD=undefined,URI="init.mp4"
EXPECTED
