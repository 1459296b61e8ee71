import { createClient, type Client } from "@libsql/client/sqlite3";
import { fileUrl } from "./open-catalog.ts";
import type { Reader } from "./libsql-dialect.ts";
import { clientOf } from "./open-catalog-http.ts";

/** How often a replica in a file asks its primary for what is new, in seconds. */
const SYNC_SECONDS = 1;

/** Where an embedded replica's file and its primary are. */
export interface EmbeddedReplica {
  readonly path: string;
  readonly primaryUrl: string;
  readonly token: string | undefined;
  readonly timeoutMs: number;
}

/**
 * A client that reads from a database file of this process, which libSQL keeps up to date with a primary in a thread of
 * its own. It is opened by the first read that finds the primary answering. Opening fetches what the file lacks, the
 * first time everything, and the whole process waits for that; later, the file goes on answering while the primary is
 * away.
 */
export function embeddedReplica({ path, primaryUrl, token, timeoutMs }: EmbeddedReplica): Reader {
  const primary = clientOf(primaryUrl, token, timeoutMs);
  let opening: Promise<Client> | undefined;
  const open = async (): Promise<Client> => {
    await primary.execute("select 1");
    const client = createClient({
      url: fileUrl(path),
      syncUrl: primaryUrl,
      syncInterval: SYNC_SECONDS,
      ...(token === undefined ? {} : { authToken: token }),
    });
    try {
      // The file may be from long ago.
      await client.sync();
      return client;
    } catch (error) {
      client.close();
      throw error;
    }
  };
  return {
    execute: async (statement) => {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return (await opening).execute(statement);
    },
    close: () => {
      primary.close();
      opening?.then(
        (client) => client.close(),
        () => undefined,
      );
    },
  };
}
