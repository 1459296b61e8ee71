/** Where the catalog is, as `BOXCAR_CATALOG` and the variables beside it say. */
export type CatalogSettings = CatalogFileSettings | CatalogServerSettings;

/** A database file of this machine. */
export interface CatalogFileSettings {
  readonly driver: "file";
  /** Undefined: `catalog.db` in the data folder. */
  readonly path: string | undefined;
}

/** A libSQL server, and what answers wide reads in its place. */
export interface CatalogServerSettings {
  readonly driver: "server";
  /** Of the primary: `http:`, `https:`, or `libsql:`, which is HTTPS. */
  readonly url: string;
  /** A replica server's URL, or the file in which this process keeps a replica of its own. */
  readonly replica: { readonly url: string } | { readonly path: string } | undefined;
  /** Bearer token of both servers. */
  readonly token: string | undefined;
  /** How long one read or write may take, a replica's and the primary's turn together. */
  readonly timeoutMs: number;
}

/** The texts of the variables, empty where they are not set. */
export interface CatalogVariables {
  readonly url: string;
  readonly replica: string;
  readonly token: string;
  readonly timeoutMs: number;
}

/** What is wrong, each with the name of its variable. The texts themselves stay out of it. */
export interface CatalogProblems {
  readonly problems: readonly string[];
}

/** Reads where the catalog is. */
export function parseCatalog({ url, replica, token, timeoutMs }: CatalogVariables): CatalogSettings | CatalogProblems {
  const path = filePath(url);
  if (path !== undefined) {
    if (replica === "" && token === "") return { driver: "file", path: path === "" ? undefined : path };
    return { problems: ["BOXCAR_CATALOG: a file has neither a replica nor a token; name a server, or leave them out"] };
  }
  const problems: string[] = [];
  if (!isServer(url)) problems.push(`BOXCAR_CATALOG: ${expected}`);
  const replicaPath = filePath(replica);
  if (replicaPath === "") problems.push("BOXCAR_CATALOG_REPLICA: file: needs a path");
  if (replica !== "" && replicaPath === undefined && !isServer(replica)) {
    problems.push(`BOXCAR_CATALOG_REPLICA: ${expected}`);
  }
  if (problems.length > 0) return { problems };
  return {
    driver: "server",
    url,
    replica: replica === "" ? undefined : replicaPath === undefined ? { url: replica } : { path: replicaPath },
    token: token === "" ? undefined : token,
    timeoutMs,
  };
}

const expected = "expected file:PATH, or the URL of a libSQL server (libsql:, https: or http:) without a user in it";

function filePath(text: string): string | undefined {
  return text.startsWith("file:") ? text.slice("file:".length) : undefined;
}

function isServer(text: string): boolean {
  if (!/^(?:libsql|https?):\/\//.test(text) || !URL.canParse(text)) return false;
  const { username, password, search, hash } = new URL(text);
  return [username, password, search, hash].every((part) => part === "");
}
