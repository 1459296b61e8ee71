#!/usr/bin/env bash
# m3u8-parser, the parser of video.js, does not know EXT-X-GAP (RFC 8216bis, 4.4.4.7): a segment whose media is missing comes out
# as any other, without a mark or a warning. A player asks for it and meets the 404 that the tag is there to spare it. Its sibling
# hls-parser knows the tag.
#
# Seen with m3u8-parser 7.2.0 and hls-parser 0.16.1:
#   m3u8-parser: a.m4s b.m4s c.m4s, marked: none, warnings: none
#   hls-parser: a.m4s b.m4s c.m4s, marked: b.m4s
# For such players leave what is missing out, behind an EXT-X-DISCONTINUITY. Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund m3u8-parser@7.2.0 hls-parser@0.16.1
cat >parse.mjs <<'JS'
import hls from "hls-parser";
import { Parser } from "m3u8-parser";
const playlist = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:6
#EXT-X-MAP:URI="init.mp4"
#EXTINF:6,
a.m4s
#EXT-X-GAP
#EXTINF:6,
b.m4s
#EXTINF:6,
c.m4s
#EXT-X-ENDLIST
`;
const list = (texts) => (texts.length === 0 ? "none" : texts.join(" "));
const parser = new Parser();
const warnings = [];
parser.on("warn", ({ message }) => warnings.push(message));
parser.push(playlist);
parser.end();
const { segments } = parser.manifest;
const marked = segments.filter((segment) => JSON.stringify(segment).toLowerCase().includes("gap"));
console.log(`m3u8-parser: ${list(segments.map(({ uri }) => uri))}, marked: ${list(marked.map(({ uri }) => uri))}, warnings: ${list(warnings)}`);
const parsed = hls.parse(playlist).segments;
console.log(`hls-parser: ${list(parsed.map(({ uri }) => uri))}, marked: ${list(parsed.filter(({ gap }) => gap).map(({ uri }) => uri))}`);
JS
node parse.mjs | tee seen
diff seen - <<'EXPECTED'
m3u8-parser: a.m4s b.m4s c.m4s, marked: none, warnings: none
hls-parser: a.m4s b.m4s c.m4s, marked: b.m4s
EXPECTED
