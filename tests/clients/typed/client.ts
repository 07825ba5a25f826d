// A frontend in small: it judges an account, reads what to do next there, and puts the first of it aside.

import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import type { Client } from 'graphql-ws';
import {
  ChangesDocument,
  type ChangesSubscription,
  type ErrorCode,
  JudgeDocument,
  SnoozeDocument,
  WorklistDocument,
  type WorklistQuery,
  type WrongFragment,
} from './operations.js';

type Item = WorklistQuery['recommendations']['nodes'][number];
interface Done {
  title: string;
  state?: string;
  missing?: ErrorCode;
  errors: readonly WrongFragment[];
}

export async function workThrough(url: string, token: string, account: string): Promise<Done> {
  async function ask<Result, Variables>(
    document: TypedDocumentNode<Result, Variables>,
    variables: Variables,
  ): Promise<Result> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query: print(document), variables }),
    });
    const { data, errors } = (await response.json()) as { data: Result; errors?: unknown };
    if (errors) throw new Error(JSON.stringify(errors));
    return data;
  }

  const { evaluate } = await ask(JudgeDocument, { input: { accountIds: [account] } });
  const { recommendations } = await ask(WorklistDocument, { first: 200 });
  const item = recommendations.nodes.find((each: Item) => each.account?.id === account);
  if (!item) throw new Error('nothing is recommended');
  const { snoozeRecommendation: snoozed } = await ask(SnoozeDocument, {
    input: { id: item.id, version: item.version, until: tomorrow() },
  });
  const { snoozeRecommendation: missing } = await ask(SnoozeDocument, {
    input: { id: 'rec_none', until: tomorrow() },
  });
  return {
    title: `${item.title}: ${item.because}`,
    state: snoozed.recommendation?.state,
    missing: missing.errors.find((error) => error.code === 'NOT_FOUND')?.code,
    errors: [...evaluate.errors, ...snoozed.errors],
  };
}

export async function* finished(client: Client, account: string): AsyncGenerator<string> {
  const changes = client.iterate<ChangesSubscription>({ query: print(ChangesDocument), variables: { account } });
  for await (const { data } of changes) {
    if (data?.recommendationChanged.change === 'DONE') yield data.recommendationChanged.recommendation.id;
  }
}

function tomorrow(): string {
  return new Date(Date.now() + 24 * 3600 * 1000).toISOString().slice(0, 10);
}
