/** The server on Cloudflare Workers: `npm run start:worker` on this machine, `npx wrangler deploy` on theirs. */
import wasm from "../../build/boxcar.wasm";
import { createWorker } from "./worker/create-worker.ts";
import { workerAsset } from "./worker/worker-assets.ts";

// eslint-disable-next-line import-x/no-default-export -- what workerd calls is the default export
export default createWorker({ wasm, asset: workerAsset });
