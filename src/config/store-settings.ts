/** Which store is used, as `BOXCAR_STORE` and the variables of its credentials say. */
export type StoreSettings = FileSettings | OssSettings | S3Settings | R2Settings;

/** A folder of this machine. */
export interface FileSettings {
  readonly driver: "file";
  /** Undefined: `media` in the data folder. */
  readonly folder: string | undefined;
}

/** What requests to a store are signed with. */
export interface StoreCredentials {
  readonly keyId: string;
  readonly secret: string;
  /** Of temporary credentials (STS). */
  readonly sessionToken: string | undefined;
  /** When temporary ones end, as far as that is known. */
  readonly expiresMs?: number | undefined;
}

/** Where credentials are read from, again and again. */
export interface CredentialsSource {
  /** What a command prints, what a file holds, or those of the role of this ECS instance. */
  readonly from: "command" | "file" | "ecs";
  /** The command, the path, or the role; of `ecs` empty for the one there is. */
  readonly name: string;
}

/** Where the bucket stands in a URL: before the host, first in the path, or nowhere: the host is the bucket's own (CNAME). */
export type BucketStyle = "virtual" | "path" | "cname";

/** Where a bucket is reached. */
export interface BucketAddress {
  /** Origin, for example `https://oss-cn-hangzhou.aliyuncs.com`. */
  readonly endpoint: string;
  readonly style: BucketStyle;
}

interface BucketSettings extends BucketAddress {
  readonly bucket: string;
  /** Of OSS without `oss-`, for example `cn-hangzhou`. */
  readonly region: string;
  /** Where clients reach the bucket with signed URLs. Default: where this server does. */
  readonly presigned?: BucketAddress | undefined;
  readonly credentials: StoreCredentials;
  /** In the place of `credentials`. */
  readonly source?: CredentialsSource | undefined;
}

export interface OssSettings extends BucketSettings {
  readonly driver: "oss";
}

/** A bucket behind the S3 API. */
export interface S3Settings extends BucketSettings {
  readonly driver: "s3";
}

/** An R2 bucket bound to a Worker. */
export interface R2Settings {
  readonly driver: "r2";
  readonly binding: string;
}

/** The text of `BOXCAR_STORE`, and of the variables of its credentials, empty where they are not set. */
export interface StoreVariables {
  readonly url: string;
  readonly keyId: string;
  readonly secret: string;
  readonly sessionToken: string;
  /** `command:…`, `file:…`, `ecs:` or `ecs:ROLE`. */
  readonly source: string;
}

/** Sentences' ends that say what is wrong with a store's variables; they show nothing of a secret. */
export interface StoreProblems {
  readonly problems: readonly string[];
}

/** Reads what names the store. */
export function parseStore(variables: StoreVariables): StoreSettings | StoreProblems {
  const match = /^([a-z0-9]+):(.*)$/s.exec(variables.url);
  const [, scheme = "", rest = ""] = match ?? [];
  if (scheme === "file") return { driver: "file", folder: rest === "" ? undefined : rest.replace(/^\/\/(?=\/)/, "") };
  if (scheme === "r2") {
    const binding = rest.replace(/^\/\//, "");
    return /^[A-Za-z_]\w{0,99}$/.test(binding)
      ? { driver: "r2", binding }
      : { problems: ["expected r2: and the name of a binding"] };
  }
  if (scheme === "oss" || scheme === "s3") return new BucketReader(scheme, variables).read();
  return { problems: ["expected file:FOLDER, oss://BUCKET?region=…, s3://BUCKET?endpoint=… or r2:BINDING"] };
}

const known = ["endpoint", "region", "style", "cname", "public"];
const unknown = (name: string): string => `unknown parameter ${name}; known are ${known.join(", ")}`;

/** Reads the URL of a bucket and remembers what is wrong with it. */
class BucketReader {
  readonly #problems: string[] = [];
  readonly #scheme: "oss" | "s3";
  readonly #variables: StoreVariables;

  constructor(scheme: "oss" | "s3", variables: StoreVariables) {
    this.#scheme = scheme;
    this.#variables = variables;
  }

  read(): StoreSettings | StoreProblems {
    const { url: text } = this.#variables;
    if (!URL.canParse(text)) return this.#wrong("expected BUCKET after ://, and parameters after a question mark");
    const url = new URL(text);
    if (url.username !== "" || url.password !== "") {
      return this.#wrong("it holds credentials; put them into BOXCAR_STORE_KEY_ID and BOXCAR_STORE_SECRET");
    }
    const query = new Map(url.searchParams);
    for (const name of query.keys()) if (!known.includes(name)) this.#problems.push(unknown(name));
    const bucket = this.#bucket(url);
    const own = this.#origin("endpoint", query);
    const cname = this.#origin("cname", query);
    const open = this.#origin("public", query);
    if (cname !== undefined && open !== undefined) this.#problems.push("expected either cname or public, not both");
    const region = this.#region(query.get("region"), own !== undefined);
    const style = this.#style(query.get("style"), own !== undefined);
    const source = this.#source();
    const credentials = source === undefined ? this.#credentials() : { keyId: "", secret: "", sessionToken: undefined };
    const named = cname === undefined ? undefined : ({ endpoint: cname, style: "cname" } as const);
    const address = own === undefined && named !== undefined ? named : { endpoint: own ?? this.#cloud(region), style };
    const presigned = named ?? (open === undefined ? undefined : { endpoint: open, style });
    for (const used of [address, presigned]) if (used !== undefined) this.#check(used, bucket);
    if (this.#problems.length > 0) return { problems: this.#problems };
    return { driver: this.#scheme, bucket, region, ...address, presigned, credentials, source };
  }

  #cloud(region: string): string {
    return this.#scheme === "oss" ? `https://oss-${region}.aliyuncs.com` : `https://s3.${region}.amazonaws.com`;
  }

  /** What names before a host cannot do: an address has none, and a certificate covers one more label only. */
  #check({ endpoint, style }: BucketAddress, bucket: string): void {
    if (!URL.canParse(endpoint)) return; // said already
    const { hostname, protocol } = new URL(endpoint);
    const isAddress = hostname.startsWith("[") || /^[\d.]+$/.test(hostname);
    if (isAddress && this.#scheme === "oss") {
      this.#problems.push(`expected the name of a host instead of ${hostname}, which ali-oss would not send as Host`);
    } else if (isAddress && style === "virtual") {
      this.#problems.push(`no bucket can stand before the address ${hostname}; add style=path`);
    } else if (style === "virtual" && protocol === "https:" && bucket.includes(".")) {
      this.#problems.push("no certificate covers a bucket with dots before the host; add style=path");
    }
  }

  #wrong(problem: string): StoreProblems {
    return { problems: [...this.#problems, problem] };
  }

  #bucket({ hostname, pathname, port, hash }: URL): string {
    const isOss = this.#scheme === "oss";
    if (!(isOss ? /^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/ : /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/).test(hostname)) {
      const signs = isOss ? "digits and dashes" : "digits, dots and dashes";
      this.#problems.push(`expected the name of a bucket after ://, of 3 to 63 lower-case letters, ${signs}`);
    }
    if (!["", "/"].includes(pathname) || port !== "" || hash !== "") {
      this.#problems.push("expected nothing between the bucket and the parameters");
    }
    return hostname;
  }

  #origin(name: string, query: ReadonlyMap<string, string>): string | undefined {
    const text = query.get(name);
    if (text === undefined) return undefined;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    const isOrigin = url !== undefined && /^https?:$/.test(url.protocol) && `${url.origin}/` === url.href;
    if (!isOrigin) this.#problems.push(`expected ${name} to be an origin such as https://oss-cn-hangzhou.aliyuncs.com`);
    return url?.origin;
  }

  #region(text: string | undefined, hasEndpoint: boolean): string {
    const region = text ?? (this.#scheme === "s3" && hasEndpoint ? "us-east-1" : "");
    if (!/^[a-z0-9-]{2,40}$/.test(region)) {
      const example = this.#scheme === "oss" ? "cn-hangzhou" : "eu-central-1";
      this.#problems.push(`expected region, for example region=${example}`);
    }
    return this.#scheme === "oss" ? region.replace(/^oss-/, "") : region;
  }

  /** Clouds want virtual hosts; a server of one's own seldom has names for them. */
  #style(text: string | undefined, hasEndpoint: boolean): BucketStyle {
    if (text === "virtual" || text === "path") return text;
    if (text !== undefined) this.#problems.push("expected style=virtual or style=path");
    return this.#scheme === "s3" && hasEndpoint ? "path" : "virtual";
  }

  #source(): CredentialsSource | undefined {
    const { source, keyId, secret, sessionToken } = this.#variables;
    if (source === "") return undefined;
    if (keyId + secret + sessionToken !== "")
      this.#problems.push("it has BOXCAR_STORE_CREDENTIALS and a key beside it");
    const [, from = "", name = ""] = /^(command|file|ecs):(.*)$/s.exec(source) ?? [];
    if (from === "ecs" && /^[\w.-]{0,64}$/.test(name)) return { from, name };
    if ((from === "command" || from === "file") && name !== "") return { from, name };
    this.#problems.push("expected BOXCAR_STORE_CREDENTIALS to be command:COMMAND, file:PATH, ecs: or ecs:ROLE");
    return undefined;
  }

  #credentials(): StoreCredentials {
    const { keyId, secret, sessionToken } = this.#variables;
    if (keyId === "") this.#problems.push("it needs BOXCAR_STORE_KEY_ID");
    if (secret === "") this.#problems.push("it needs BOXCAR_STORE_SECRET");
    return { keyId, secret, sessionToken: sessionToken === "" ? undefined : sessionToken };
  }
}
