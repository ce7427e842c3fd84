// Reads a JSON list of diagrams from standard input and prints, as JSON, what Mermaid's own parser says of each.
import mermaid from "mermaid";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const said = [];
for (const diagram of JSON.parse(Buffer.concat(chunks).toString("utf8"))) {
  try {
    said.push((await mermaid.parse(diagram)).diagramType);
  } catch (error) {
    said.push(String(error.message ?? error));
  }
}
console.log(JSON.stringify(said));
