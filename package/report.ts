import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";

/** Where the report lies. */
export const REPORT = "package/api.md";

/** An entry of `exports` in package.json that has types. */
interface Entry {
  readonly name: string;
  readonly file: string;
}

/**
 * The public face of the package, told from its declarations (`npm run build:types`): of each entry what it exports, and the
 * names of the package's types that it uses and does not export.
 */
export function apiReport(): string {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as { exports: Record<string, unknown> };
  const entries = Object.entries(exports).flatMap(([name, target]): Entry[] =>
    typeof target === "object" && target !== null && "types" in target
      ? [{ name: name.replace(/^\./, "boxcar"), file: String(target.types) }]
      : [],
  );
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler, skipLibCheck: true },
  );
  const told = new Set<ts.Symbol>();
  const parts = entries.map(({ name, file }) => `## ${name}\n\n\`\`\`ts\n${faceOf(program, file, told)}\n\`\`\`\n`);
  const head = "What the package exports, written by `npm run api`. A difference is a change of the public face.";
  return `# Public face\n\n${head}\n\n${parts.join("\n")}`;
}

function faceOf(program: ts.Program, file: string, told: Set<ts.Symbol>): string {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const entry = source && checker.getSymbolAtLocation(source);
  if (entry === undefined) throw new Error(`${file} is not there: npm run build:types writes it`);
  const meant = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  const exported = checker.getExportsOfModule(entry).toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const named = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    const found = ts.isIdentifier(node) ? checker.getSymbolAtLocation(node) : undefined;
    if (found !== undefined) named.add(meant(found));
    ts.forEachChild(node, visit);
  };
  const lines = exported.map(meant).flatMap((symbol) => {
    if (told.has(symbol)) return [`// ${symbol.name}: as above`];
    told.add(symbol);
    const own = (symbol.declarations ?? []).filter(isOwn);
    own.forEach(visit);
    return own.map(textOf);
  });
  const kept = [...named].filter((symbol) => !told.has(symbol) && isTopLevel(symbol)).map(({ name }) => name);
  return [...lines, ...(kept.length > 0 ? [`// named, not exported: ${kept.toSorted().join(", ")}`] : [])].join("\n");
}

/** Whether a declaration is the package's, and no generated one: the HTTP calls have a file of their own. */
function isOwn(declaration: ts.Node): boolean {
  const path = relative(join(process.cwd(), "dist/types"), declaration.getSourceFile().fileName);
  return !path.startsWith("..") && path !== join("client", "paths.d.ts");
}

function isTopLevel(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((each) => isOwn(each) && !ts.isImportSpecifier(each) && isOfFile(each));
}

function isOfFile(node: ts.Node): boolean {
  const holder = ts.isVariableDeclaration(node) ? node.parent.parent.parent : node.parent;
  return ts.isSourceFile(holder);
}

/** A declaration without its comments. */
function textOf(declaration: ts.Node): string {
  const node = ts.isVariableDeclaration(declaration) ? declaration.parent.parent : declaration;
  const printer = ts.createPrinter({ removeComments: true });
  return printer.printNode(ts.EmitHint.Unspecified, node, node.getSourceFile());
}
