// GraphQL over HTTP as its specification says it: each audit of the reference implementation is a test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serverAudits } from 'graphql-http';
import { authorized, URL } from './served.mjs';

const AUDITS = 61;

const audits = serverAudits({
  url: URL,
  fetchFn: (url, options) => fetch(url, { ...options, headers: { ...authorized('seller'), ...options?.headers } }),
});
assert.equal(audits.length, AUDITS, 'the audits of this release of graphql-http');

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const { status, reason } = await audit.fn();
    assert.equal(status, 'ok', reason);
  });
}
