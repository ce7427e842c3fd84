// Bundle entries as a site would: reads a list of module texts on standard input, prints the code and gzipped size of
// each, and that of what is `ours`: without the page's own list of what it uses. Modules are found from GENERATED;
// CONDITIONS are a bundler's, separated by commas.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { gzipSync } from "node:zlib";

const { build } = createRequire(process.env.NODE_PATH + "/")("esbuild");

const bundled = [];
for (const contents of JSON.parse(readFileSync(0, "utf8"))) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.env.GENERATED },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "es2020",
    conditions: (process.env.CONDITIONS ?? "").split(",").filter(Boolean),
    logLevel: "error",
  });
  const code = outputFiles[0].text;
  const size = (text) => gzipSync(text, { level: 9 }).length;
  bundled.push({ code, size: size(code), ours: size(code.replace(/globalThis\.used=\[[^\]]*\];\s*$/, "")) });
}
process.stdout.write(JSON.stringify(bundled));
