// The server that is checked, and who may ask it, as `python -m tests.clients` tells.

import { createHmac } from 'node:crypto';

export const URL = told('CLIENTS_URL');
export const SOCKET_URL = URL.replace(/^http/, 'ws');
/** Tokens and ids of users, by what they are; of accounts by their number: account0. */
export const { tokens, ids, secret } = JSON.parse(told('CLIENTS_WORLD'));

export function authorized(who) {
  return { authorization: `Bearer ${tokens[who]}` };
}

/** A token as somebody has one, that expires after so many seconds. */
export function lasting(who, seconds) {
  const [header, claims] = tokens[who].split('.');
  const content = { ...JSON.parse(Buffer.from(claims, 'base64url')), exp: Math.floor(Date.now() / 1000) + seconds };
  const signed = `${header}.${Buffer.from(JSON.stringify(content)).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** The data of an answer without errors. */
export async function ask(who, query, variables = {}) {
  const response = await fetch(URL, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...authorized(who) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  return data;
}

function told(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run python -m tests.clients`);
  return value;
}
