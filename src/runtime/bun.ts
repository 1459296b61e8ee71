/** The server on Bun: `npm run start:bun`. */
import { runServer } from "./node/server.ts";

await runServer("bun");
