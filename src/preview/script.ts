/** For pages without a build: `<script type="module" src="https://video.example/page/player.js"></script>` makes the element known. */
import { defineBoxcarPlayer } from "./element/boxcar-player.ts";

export * from "./index.ts";
defineBoxcarPlayer();
