#!/usr/bin/env bash
# mpd-parser, the DASH parser of video.js, asks for segments that do not exist where an MPD counts ticks of 100 ns since 1970, as packagers
# that come from Smooth Streaming do: such a time has 17 digits, more than a number of JavaScript holds. `S@t` (ISO/IEC 23009-1, 5.3.9.6,
# an unsigned long of 64 bits) comes out rounded to an even one, and so does `$Time$` in the URLs. Nothing is said about it.
#
# Seen with mpd-parser 1.4.0, three segments in a row, each of 2.0000001 s:
#   listed: 17698536000000001 17698536020000002 17698536040000003
#   asked for: 17698536000000000 17698536020000002 17698536040000004
# A coarser timescale, 1,000 or that of the media, or a time that begins with the presentation, is read right.
# Needs Node and npm. Exits 0 as long as it is so.
set -euo pipefail
cd "$(mktemp -d)"
trap 'rm -rf "$PWD"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund mpd-parser@1.4.0
cat >read.cjs <<'JS'
const { parse } = require("mpd-parser");

const listed = ["17698536000000001", "17698536020000002", "17698536040000003"];
const timeline = listed.map((t) => `<S t="${t}" d="20000001"/>`).join("");
const { playlists } = parse(
  `<?xml version="1.0"?>
<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT6S" minBufferTime="PT2S"
     profiles="urn:mpeg:dash:profile:isoff-live:2011">
  <Period id="0" start="PT0S"><AdaptationSet mimeType="video/mp4">
    <SegmentTemplate timescale="10000000" presentationTimeOffset="${listed[0]}" initialization="init.mp4" media="\$Time\$.m4s">
      <SegmentTimeline>${timeline}</SegmentTimeline>
    </SegmentTemplate>
    <Representation id="v" bandwidth="100000" width="320" height="240" codecs="avc1.64001e"/>
  </AdaptationSet></Period>
</MPD>`,
  { manifestUri: "http://localhost/manifest.mpd" },
);
console.log("listed:", ...listed);
console.log("asked for:", ...playlists[0].segments.map(({ uri }) => uri.replace(".m4s", "")));
JS
node read.cjs | tee seen
diff seen - <<'EXPECTED'
listed: 17698536000000001 17698536020000002 17698536040000003
asked for: 17698536000000000 17698536020000002 17698536040000004
EXPECTED
