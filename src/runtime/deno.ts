/** The server on Deno: `npm run start:deno`. */
import { runServer } from "./node/server.ts";

await runServer("deno");
