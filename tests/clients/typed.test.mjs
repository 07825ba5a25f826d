// A typed client, generated from the schema that is shipped and from its queries, compiles and is answered.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { codegen } from '@graphql-codegen/core';
import * as documents from '@graphql-codegen/typed-document-node';
import * as types from '@graphql-codegen/typescript';
import * as operations from '@graphql-codegen/typescript-operations';
import { buildSchema, parse } from 'graphql';
import ts from 'typescript';
import { ids, tokens, URL } from './served.mjs';

const HERE = import.meta.dirname;
const SHIPPED = join(HERE, '../..');
const GENERATED = join(HERE, 'generated/typed');
/** How each scalar of the schema is written in JSON; a new one without an entry fails. */
const SCALARS = {
  CurrencyCode: 'string',
  Date: 'string',
  DateTime: 'string',
  Decimal: { input: 'string | number', output: 'string' },
  JSON: 'unknown',
};
const OPTIONS = {
  strict: true,
  noUnusedLocals: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
  outDir: GENERATED,
};

async function generated() {
  rmSync(GENERATED, { recursive: true, force: true });
  mkdirSync(GENERATED, { recursive: true });
  const text = readFileSync(join(SHIPPED, 'schema.graphql'), 'utf8');
  const schema = { schema: parse(text), schemaAst: buildSchema(text) };
  const asked = [...graphql(join(SHIPPED, 'docs/queries')), ...graphql(join(HERE, 'typed'))];
  await generate('schema.ts', schema, [], { types });
  await generate('operations.ts', schema, asked, { operations, documents });
}

async function generate(filename, schema, documents, pluginMap) {
  const config = { scalars: SCALARS, strictScalars: true, enumsAsTypes: true, useTypeImports: true };
  const plugins = Object.keys(pluginMap).map((name) => ({ [name]: {} }));
  writeFileSync(join(GENERATED, filename), await codegen({ filename, ...schema, documents, config, pluginMap, plugins }));
}

function graphql(folder) {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.graphql'))
    .map((name) => join(folder, name))
    .map((location) => ({ location, document: parse(readFileSync(location, 'utf8')) }));
}

/** Compiles clients beside what was generated, and says what is wrong with each. */
function compiled(texts) {
  const files = texts.map((_, number) => join(GENERATED, `client${number}.ts`));
  files.forEach((file, number) => writeFileSync(file, texts[number]));
  const program = ts.createProgram([...files, join(GENERATED, 'schema.ts')], OPTIONS);
  program.emit();
  const wrong = ts.getPreEmitDiagnostics(program);
  assert.ok(wrong.every((each) => files.includes(each.file?.fileName)), 'what was generated compiles');
  return files.map((file) => wrong.filter((each) => each.file.fileName === file).map(said));
}

function said(diagnostic) {
  return ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
}

const client = readFileSync(join(HERE, 'typed/client.ts'), 'utf8');
const MISTAKES = [
  ['.because', '.becuase', /'becuase' does not exist/],
  ['accountIds:', 'acountIds:', /'acountIds' does not exist/],
  ["'NOT_FOUND'", "'NOT_FUOND'", /NOT_FUOND/],
  ["'DONE'", "'DNOE'", /DNOE/],
  ['until: tomorrow()', 'until: 7', /number/],
];
let complaints;

before(async () => {
  await generated();
  complaints = compiled([client, ...MISTAKES.map(([right, wrong]) => client.replace(right, wrong))]);
});

test('a client compiles', () => {
  assert.deepEqual(complaints[0], []);
});

test('a client is answered', async () => {
  const { workThrough } = await import(join(GENERATED, 'client0.js'));
  const done = await workThrough(URL, tokens.seller, ids.account0);
  assert.deepEqual(done.errors, []);
  assert.equal(done.state, 'SNOOZED');
  assert.match(done.title, /\w/);
  assert.equal(done.missing, 'NOT_FOUND');
});

for (const [number, [, wrong, complaint]] of MISTAKES.entries()) {
  test(`a client does not compile that says ${wrong}`, () => {
    const [first, ...others] = complaints[number + 1];
    assert.match(first ?? 'nothing is wrong', complaint);
    assert.deepEqual(others, []);
  });
}
