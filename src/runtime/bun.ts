/** The server on Bun: `npm run start:bun`. */
import { runServer } from "./server.ts";

await runServer("bun");
