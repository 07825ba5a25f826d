// Subscriptions as graphql-ws follows them: when all goes well, when the network fails, and when a client does.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as passed } from 'node:timers/promises';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { ask, authorized, ids, lasting, SOCKET_URL } from './served.mjs';

const CHANGED = `subscription ($account: ID) {
  recommendationChanged(accountId: $account) { change recommendation { id state account { id } } }
}`;
const RISKS = 'subscription { riskChanged { change risk { account { id } } } }';
const PLANS = `subscription ($account: ID) {
  accountPlanHealthChanged(accountId: $account) {
    healthBefore healthAfter plan { id account { id } } health { health reasons { kind } }
  }
}`;
const PROGRESS = 'subscription ($run: ID) { evaluationProgress(runId: $run) { id state judged } }';
/** A few events of this fill what lies between the server and a client. */
const LONG = `subscription { recommendationChanged { recommendation { id ${alike(29, 'because')} } } }`;
const EVALUATE = 'mutation ($ids: [ID!]) { evaluate(input: { accountIds: $ids }) { run { id } errors { message } } }';
const UNAUTHENTICATED = 4403;
const TOO_SLOW = 4420;
const TOO_MANY = 4421;
/** As the server is set up. */
const CONNECTIONS = 4;
const PATIENCE = 6;

function alike(count, field) {
  return Array.from({ length: count }, (_, number) => `a${number}: ${field}`).join(' ');
}

/** A client of graphql-ws; `codes` are those with which its connections were closed, `socket` is its latest. */
function following(who, options = {}) {
  const found = { codes: [], connected: 0 };
  found.client = createClient({
    url: SOCKET_URL,
    webSocketImpl: WebSocket,
    connectionParams: () => authorized(who),
    retryWait: () => passed(50),
    on: {
      connected: (socket) => Object.assign(found, { socket, connected: found.connected + 1 }),
      closed: ({ code }) => found.codes.push(code),
    },
    ...options,
  });
  return found;
}

/** Follows something, and has each event as it comes; `next` waits for one, `failure` for the error at the end. */
function events(client, query, variables) {
  const heard = [];
  const waiting = [];
  const found = { heard };
  found.failure = new Promise((fail) => {
    client.subscribe({ query, variables }, {
      next: ({ data, errors }) => {
        const event = errors ?? Object.values(data)[0];
        (waiting.shift() ?? ((each) => heard.push(each)))(event);
      },
      error: fail,
      complete: () => fail('completed'),
    });
  });
  found.next = () => within(5, 'an event', heard.length ? heard.shift() : new Promise((told) => waiting.push(told)));
  return found;
}

/** What is promised, unless it takes too long. */
async function within(seconds, what, promised) {
  const limit = new AbortController();
  const late = passed(seconds * 1000, undefined, limit).then(() => assert.fail(`${what} did not come`));
  late.catch(() => {});
  try {
    return await Promise.race([promised, late]);
  } finally {
    limit.abort();
  }
}

async function until(condition, what, seconds = 5) {
  const end = Date.now() + seconds * 1000;
  while (!condition()) {
    assert.ok(Date.now() < end, what);
    await passed(20);
  }
}

async function evaluate(who, ...accounts) {
  const { evaluate: done } = await ask(who, EVALUATE, { ids: accounts.length ? accounts : null });
  assert.deepEqual(done.errors, []);
  return done.run.id;
}

/** Answers a recommendation by one of the mutations that do. */
async function answer(name, id, more = '') {
  const data = await ask('seller', `mutation ($id: ID!) { ${name}(input: { id: $id ${more} }) { errors { message } } }`, { id });
  assert.deepEqual(data[name].errors, []);
}

/** A plan of an account with one objective, handed in by the seller and approved by the manager; its id. */
async function planned(account) {
  const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
  const created = await ask('seller', `mutation ($input: CreateAccountPlanInput!) {
    createAccountPlan(input: $input) { plan { id } errors { message } }
  }`, { input: { accountId: account, name: 'Grow', firstOn: day(-2), lastOn: day(300) } });
  const id = created.createAccountPlan.plan.id;
  for (const [who, act] of [
    ['seller', `putObjective(input: { planId: $id, title: "Ten", dueOn: "${day(200)}" })`],
    ['seller', 'submitAccountPlan(input: { id: $id, version: 2 })'],
    ['manager', 'approveAccountPlan(input: { id: $id })'],
  ]) {
    const data = await ask(who, `mutation ($id: ID!) { done: ${act} { errors { message } } }`, { id });
    assert.deepEqual(data.done.errors, [], act);
  }
  return id;
}

/** Waits until a client's subscriptions are taken up: the protocol does not tell of it. */
const takenUp = () => passed(300);

test('a change is heard by those who may see it, and by nobody else', async () => {
  const seller = following('seller');
  const manager = following('manager');
  const others = ['neighbour', 'otherManager', 'stranger'].map((who) => following(who));
  const toManager = events(manager.client, CHANGED);
  const toSeller = events(seller.client, CHANGED, { account: ids.account1 });
  const risks = events(manager.client, RISKS);
  const toOthers = others.map(({ client }) => [events(client, CHANGED), events(client, RISKS)]);
  await takenUp();
  await evaluate('seller', ids.account1, ids.account2);
  const opened = [await toManager.next(), await toManager.next()];
  assert.deepEqual(opened.map(({ change }) => change), ['OPENED', 'OPENED']);
  const first = await toSeller.next();
  assert.equal(first.recommendation.account.id, ids.account1);
  assert.deepEqual([(await risks.next()).change, (await risks.next()).change], ['OPENED', 'OPENED']);
  await answer('dismissRecommendation', first.recommendation.id, 'reason: "another one is open"');
  for (const told of [await toManager.next(), await toSeller.next()]) {
    assert.equal(told.change, 'DISMISSED');
    assert.deepEqual(told.recommendation, { ...first.recommendation, state: 'DISMISSED' });
  }
  await evaluate('neighbour');
  const [[neighbour], [head], [stranger]] = toOthers;
  const own = await neighbour.next();
  assert.equal(own.change, 'OPENED');
  assert.deepEqual(await head.next(), own);
  await passed(200);
  assert.deepEqual(stranger.heard, []);
  assert.deepEqual([toManager, toSeller, neighbour, head].flatMap(({ heard }) => heard), []);
  for (const { client } of [seller, manager, ...others]) await client.dispose();
});

test('that a plan has begun is heard by those who own or manage its account', async () => {
  const [seller, manager, neighbour] = ['seller', 'manager', 'neighbour'].map((who) => following(who));
  const toSeller = events(seller.client, PLANS, { account: ids.account4 });
  const toManager = events(manager.client, PLANS);
  const toNeighbour = events(neighbour.client, PLANS);
  await takenUp();
  const plan = await planned(ids.account4);
  for (const told of [await toSeller.next(), await toManager.next()]) {
    assert.deepEqual([told.healthBefore, told.healthAfter], ['NOT_BEGUN', 'ON_TRACK']);
    assert.deepEqual(told.plan, { id: plan, account: { id: ids.account4 } });
    assert.deepEqual(told.health, { health: 'ON_TRACK', reasons: [{ kind: 'OBJECTIVE_WITHOUT_ACTION' }] });
  }
  await passed(200);
  assert.deepEqual([toSeller, toManager, toNeighbour].flatMap(({ heard }) => heard), []);
  for (const { client } of [seller, manager, neighbour]) await client.dispose();
});

test('an evaluation is followed from its beginning to its end, one that has ended completes', async () => {
  const seller = following('seller');
  const all = events(seller.client, PROGRESS);
  await takenUp();
  const run = await evaluate('seller', ids.account3);
  const states = [];
  while (states.at(-1) !== 'COMPLETE') {
    const event = await all.next();
    assert.equal(event.id, run);
    states.push(event.state);
  }
  assert.equal(states[0], 'RUNNING');
  const ended = events(seller.client, PROGRESS, { run });
  assert.equal((await ended.next()).state, 'COMPLETE');
  assert.equal(await within(5, 'the end', ended.failure), 'completed');
  await seller.client.dispose();
});

test('what somebody may not see is not followed, and the connection goes on', async () => {
  const run = await evaluate('seller', ids.account3);
  const stranger = following('stranger', { lazy: false });
  for (const [query, variables, code] of [
    [PROGRESS, { run }, 'NOT_FOUND'],
    [CHANGED, { account: ids.account3 }, 'NOT_FOUND'],
    ['subscription { nothing }', {}, 'GRAPHQL_INVALID'],
    ['subscription {', {}, 'GRAPHQL_INVALID'],
    ['query { me { id } }', {}, 'BAD_REQUEST'],
  ]) {
    const [error] = await within(5, 'an error', events(stranger.client, query, variables).failure);
    assert.equal(error.extensions.code, code, query);
  }
  assert.deepEqual([stranger.connected, stranger.codes], [1, []]);
  await stranger.client.dispose();
});

test('a dropped connection is taken up again, and the server forgets the first', async () => {
  const manager = following('manager', { retryAttempts: 5 });
  const changes = events(manager.client, CHANGED);
  for (let drops = 0; drops <= CONNECTIONS + 1; drops += 1) {
    await until(() => manager.connected === drops + 1, 'it is connected again');
    await takenUp();
    await evaluate('seller', ids[`account${4 + drops}`]);
    assert.equal((await changes.next()).recommendation.account.id, ids[`account${4 + drops}`]);
    manager.socket.terminate();
  }
  await manager.client.dispose();
  assert.ok(!manager.codes.includes(TOO_MANY));
});

test('a token that expires ends what is followed, and the client is let in with another one', async () => {
  const tokens = [lasting('seller', 2), lasting('seller', 60)];
  const seller = following('seller', { connectionParams: () => ({ authorization: `Bearer ${tokens.shift()}` }) });
  const [error] = await within(5, 'the end', events(seller.client, CHANGED).failure);
  assert.equal(error.extensions.code, 'UNAUTHENTICATED');
  await until(() => seller.codes.length, 'the connection is closed');
  assert.deepEqual([seller.codes, seller.connected], [[UNAUTHENTICATED], 1]);
  await passed(300);
  assert.equal(seller.connected, 1, 'it is not tried again by itself');
  const again = events(seller.client, CHANGED, { account: ids.account12 });
  await until(() => seller.connected === 2, 'it is let in');
  await takenUp();
  await evaluate('seller', ids.account12);
  assert.equal((await again.next()).change, 'OPENED');
  await seller.client.dispose();
});

test('a bad token is refused as often as it is tried, and that ends', async () => {
  for (const authorization of ['Bearer nonsense', 'Basic YTpi', `Bearer ${lasting('seller', -1)}`, 7]) {
    const stranger = following('', { connectionParams: { authorization }, retryAttempts: 2 });
    const closed = await within(10, 'the end', events(stranger.client, CHANGED).failure);
    assert.equal(closed.code, UNAUTHENTICATED);
    assert.deepEqual(stranger.codes, Array(3).fill(UNAUTHENTICATED));
  }
});

const INIT = { type: 'connection_init', payload: authorized('seller') };
const SUBSCRIBE = { id: '1', type: 'subscribe', payload: { query: CHANGED } };
for (const [what, code, ...said] of [
  ['an unknown type', 4400, INIT, { type: 'nonsense' }],
  ['no type', 4400, INIT, {}],
  ['no object', 4400, INIT, []],
  ['no JSON', 4400, INIT, '{'],
  ['a NUL', 4400, INIT, '{"type": "ping", "payload": {"a": "\\u0000"}}'],
  ['bytes', 4400, Buffer.from([0xff, 0xfe])],
  ['no id', 4400, INIT, { ...SUBSCRIBE, id: undefined }],
  ['a query that is none', 4400, INIT, { ...SUBSCRIBE, payload: { query: 7 } }],
  ['to subscribe before who it is', 4401, SUBSCRIBE],
  ['who it is twice', 4429, INIT, INIT],
  ['an id twice', 4409, INIT, SUBSCRIBE, SUBSCRIBE],
]) {
  test(`a client that says ${what} is disconnected with ${code}`, async () => {
    const socket = new WebSocket(SOCKET_URL, 'graphql-transport-ws');
    await once(socket, 'open');
    const closed = once(socket, 'close');
    for (const each of said) socket.send(typeof each === 'string' || Buffer.isBuffer(each) ? each : JSON.stringify(each));
    assert.equal((await within(5, 'the end', closed))[0], code);
  });
}

test('a client of another protocol is not let in', async () => {
  const socket = new WebSocket(SOCKET_URL, 'graphql-ws');
  const [end] = await within(5, 'the end', Promise.race([once(socket, 'error'), once(socket, 'close')]));
  assert.match(String(end?.message ?? end), /4406|subprotocol/);
});

/** Recommendations for all accounts that nothing was said of so far. */
async function recommended() {
  const accounts = Array.from({ length: 26 }, (_, number) => ids[`account${14 + number}`]);
  await evaluate('seller', ...accounts);
  const { recommendations } = await ask(
    'seller',
    'query ($ids: [ID!]) { recommendations(first: 200, filter: { accountId: { in: $ids } }) { nodes { id } } }',
    { ids: accounts },
  );
  assert.equal(recommendations.nodes.length, accounts.length);
  return recommendations.nodes.map(({ id }) => id);
}

test('who reads too slowly is told and disconnected, who reads nothing is cut off, and others miss nothing', async () => {
  const worked = await recommended();
  const quick = following('seller');
  const toQuick = events(quick.client, CHANGED);
  const slow = following('manager', { shouldRetry: () => false });
  const toSlow = Array.from({ length: 40 }, () => events(slow.client, LONG));
  const dead = Array.from({ length: CONNECTIONS - 1 }, () => following('manager', { retryAttempts: 0 }));
  for (const { client } of dead) for (let count = 0; count < 20; count += 1) events(client, LONG);
  await takenUp();
  for (const { socket } of [slow, ...dead]) socket._socket.pause();
  const refused = following('manager', { retryAttempts: 0 });
  const { code } = await within(5, 'a refusal', events(refused.client, CHANGED).failure);
  assert.equal(code, TOO_MANY);

  for (const [step, more] of [['acceptRecommendation', ''], ['completeRecommendation', 'outcome: WORKED']]) {
    for (const id of worked) {
      await answer(step, id, more);
      assert.equal((await toQuick.next()).recommendation.id, id);
    }
  }
  slow.socket._socket.resume();
  const [error] = await within(10, 'an error', toSlow[0].failure);
  assert.equal(error.extensions.code, 'TOO_SLOW');
  await until(() => slow.codes.length, 'the connection is closed', 10);
  assert.deepEqual(slow.codes, [TOO_SLOW]);
  assert.ok(toSlow[0].heard.length < worked.length);

  await passed((2 * PATIENCE + 1) * 1000);
  const again = Array.from({ length: CONNECTIONS }, () => following('manager', { lazy: false, retryAttempts: 0 }));
  await until(() => again.every(({ connected }) => connected === 1), 'there is room for others again');
  for (const { client } of [quick, ...again]) await client.dispose();
  for (const { socket } of dead) socket.terminate();
});
