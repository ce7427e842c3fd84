// Read generated modules back: prints what index.js imports, declares, exports and calls, and what index.d.ts declares.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.NODE_PATH + "/");
const { parse } = require("acorn");
const ts = require("typescript");

/** The value of an expression, as far as it is one: functions of the runtime by their names. */
const read = (node) => {
  switch (node.type) {
    case "Literal":
      return node.regex ? { pattern: node.regex.pattern, flags: node.regex.flags } : node.value;
    case "UnaryExpression":
      return -read(node.argument);
    case "Identifier":
      return { name: node.name };
    case "MemberExpression":
      return { name: `${node.object.name}.${node.property.name}` };
    case "ArrayExpression":
      return node.elements.map(read);
    case "ObjectExpression":
      return node.properties.map(({ key, value, computed, method, kind }) => {
        if (method || kind !== "init") throw new Error("not a plain property");
        const name = key.type === "Identifier" && !computed ? key.name : read(key);
        if (name === "__proto__" && !computed) throw new Error("sets a prototype");
        return [name, read(value)];
      });
    case "CallExpression":
      return { call: read(node.callee).name, of: node.arguments.map(read) };
    default:
      throw new Error(`unexpected ${node.type}`);
  }
};

const code = readFileSync(process.env.GENERATED + "/index.js", "utf8");
const comments = [];
const module_ = parse(code, {
  ecmaVersion: 2022,
  sourceType: "module",
  onComment: (_, text, start) => comments.push([start, text]),
});
const answer = {
  imports: [],
  constants: {},
  exports: {},
  passedOn: [],
  pure: [],
  types: [],
  functions: {},
  values: {},
  comments: [],
};

for (const statement of module_.body) {
  const { type, source, specifiers } = statement;
  if (type === "ImportDeclaration") answer.imports.push(...specifiers.map((specifier) => specifier.local.name));
  else if (type === "ExportNamedDeclaration" && source)
    answer.passedOn.push(...specifiers.map((specifier) => specifier.exported.name));
  else {
    const declaration = type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declaration.type !== "VariableDeclaration" || declaration.kind !== "const")
      throw new Error(`unexpected ${declaration.type}`);
    for (const { id, init } of declaration.declarations) {
      (type === "ExportNamedDeclaration" ? answer.exports : answer.constants)[id.name] = read(init);
      if (init.type === "CallExpression" && code.slice(0, init.start).endsWith("/*#__PURE__*/ "))
        answer.pure.push(id.name);
    }
  }
}
answer.comments = comments.map(([, text]) => text);

const declarations = ts.createSourceFile(
  "index.d.ts",
  readFileSync(process.env.GENERATED + "/index.d.ts", "utf8"),
  ts.ScriptTarget.ES2022,
  true,
);
if (declarations.parseDiagnostics.length) throw new Error(declarations.parseDiagnostics[0].messageText);
const words = (node) =>
  (ts.getJSDocCommentsAndTags(node) ?? []).map((doc) => ts.getTextOfJSDocComment(doc.comment) ?? "").join("\n");
const tags = (node) => ts.getJSDocTags(node).map((tag) => tag.tagName.text);
const nameOf = (member) => ("text" in (member.name ?? {}) ? member.name.text : undefined);

for (const statement of declarations.statements) {
  if (ts.isInterfaceDeclaration(statement))
    answer.types.push({
      name: statement.name.text,
      members: statement.members.filter(nameOf).map((member) => ({
        name: nameOf(member),
        optional: !!member.questionToken,
        type: member.type.getText(),
        words: words(member),
        tags: tags(member),
      })),
    });
  else if (ts.isTypeAliasDeclaration(statement))
    answer.types.push({ name: statement.name.text, type: statement.type.getText() });
  else if (ts.isFunctionDeclaration(statement))
    answer.functions[statement.name.text] = { words: words(statement), tags: tags(statement) };
  else if (ts.isVariableStatement(statement))
    for (const { name, type } of statement.declarationList.declarations)
      answer.values[name.text] = { type: type.getText(), words: words(statement), tags: tags(statement) };
  else if (!ts.isImportDeclaration(statement) && !ts.isExportDeclaration(statement))
    throw new Error(`unexpected ${ts.SyntaxKind[statement.kind]}`);
}
process.stdout.write(JSON.stringify(answer));
