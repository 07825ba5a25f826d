// What a frontend with Relay has: fragments on nodes, a connection that is paged through, and what is refetched.

declare function graphql(text: TemplateStringsArray): unknown;

export const query = graphql`
  query portfolioQuery($count: Int!, $id: ID!) {
    ...portfolio_accounts @arguments(count: $count)
    node(id: $id) {
      __typename
      ...portfolio_deal @alias(as: "deal")
    }
  }
`;

export const accounts = graphql`
  fragment portfolio_accounts on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 50 }, cursor: { type: "String" })
  @refetchable(queryName: "portfolioPageQuery") {
    accounts(first: $count, after: $cursor, orderBy: [{ field: NAME }]) @connection(key: "portfolio_accounts") {
      edges {
        node {
          id
          ...portfolio_account
        }
      }
    }
  }
`;

export const account = graphql`
  fragment portfolio_account on Account
  @argumentDefinitions(deals: { type: "Int", defaultValue: 20 }, cursor: { type: "String" })
  @refetchable(queryName: "portfolioAccountQuery") {
    name
    tier
    overdue {
      amount
      currency
    }
    deals(first: $deals, after: $cursor) @connection(key: "portfolio_account_deals", filters: []) {
      totalCount
      edges {
        node {
          ...portfolio_deal
        }
      }
    }
  }
`;

export const deal = graphql`
  fragment portfolio_deal on Deal @refetchable(queryName: "portfolioDealQuery") {
    id
    name
    stage
    closeOn
    account {
      name
    }
  }
`;

export const renamed = graphql`
  mutation portfolioRenameMutation($input: UpdateAccountInput!) @raw_response_type {
    updateAccount(input: $input) {
      account {
        id
        version
        ...portfolio_account
      }
      errors {
        code
        message
        path
      }
    }
  }
`;

export const opened = graphql`
  mutation portfolioCreateMutation($input: CreateAccountInput!, $connections: [ID!]!) {
    createAccount(input: $input) {
      account @prependNode(connections: $connections, edgeTypeName: "AccountEdge") {
        id
        ...portfolio_account
      }
      errors {
        code
      }
    }
  }
`;

export const changed = graphql`
  subscription portfolioChangedSubscription($account: ID) {
    recommendationChanged(accountId: $account) {
      change
      recommendation {
        id
        state
        account {
          ...portfolio_account
        }
      }
    }
  }
`;
