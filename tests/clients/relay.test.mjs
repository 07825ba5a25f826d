// The Relay compiler takes the schema as one of its kind: nodes, connections, and what is refetched by id.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

const HERE = import.meta.dirname;
const GENERATED = join(HERE, 'generated/relay');
const ARTIFACTS = join(GENERATED, 'artifacts');
const run = promisify(execFile);
const project = readFileSync(join(HERE, 'relay/portfolio.ts'), 'utf8');

/** Compiles a project, and names the artifacts. */
async function compiled(text) {
  rmSync(GENERATED, { recursive: true, force: true });
  mkdirSync(ARTIFACTS, { recursive: true });
  cpSync(join(HERE, '../../schema.graphql'), join(GENERATED, 'schema.graphql'));
  cpSync(join(HERE, 'relay/relay.config.json'), join(GENERATED, 'relay.config.json'));
  writeFileSync(join(GENERATED, 'portfolio.ts'), text);
  await run('node', [join(HERE, 'node_modules/relay-compiler/cli.js'), 'relay.config.json'], { cwd: GENERATED });
  return readdirSync(ARTIFACTS).map((name) => name.replace('.graphql.ts', '')).sort();
}

function artifact(name) {
  return readFileSync(join(ARTIFACTS, `${name}.graphql.ts`), 'utf8');
}

test('everything that a project says of the schema is compiled', async () => {
  assert.deepEqual(await compiled(project), [
    'portfolioAccountQuery',
    'portfolioChangedSubscription',
    'portfolioCreateMutation',
    'portfolioDealQuery',
    'portfolioPageQuery',
    'portfolioQuery',
    'portfolioRenameMutation',
    'portfolio_account',
    'portfolio_accounts',
    'portfolio_deal',
  ]);
  for (const field of ['pageInfo', 'endCursor', 'hasNextPage', 'cursor']) {
    assert.match(artifact('portfolioPageQuery'), new RegExp(`"name": "${field}"`));
  }
  assert.match(artifact('portfolioDealQuery'), /"name": "node"/);
});

for (const [right, wrong] of [
  ['closeOn', 'closesOn'],
  ['portfolio_account on Account', 'portfolio_account on Money'],
  ['"AccountEdge"', '"AccountsEdge"'],
]) {
  test(`a project is not compiled that says ${wrong}`, async () => {
    assert.ok(project.includes(right));
    await assert.rejects(compiled(project.replace(right, wrong)), (error) => {
      assert.match(error.stderr + error.stdout, /ERROR/);
      assert.match(error.stderr + error.stdout, new RegExp(wrong.split(' ').at(-1).replaceAll('"', '')));
      return true;
    });
  });
}
