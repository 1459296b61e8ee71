/** The server on Deno: `npm run start:deno`. */
import { runServer } from "./server.ts";

await runServer("deno");
