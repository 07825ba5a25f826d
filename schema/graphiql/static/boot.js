// Starts GraphiQL with the example queries, and sends the pasted token with every request.
"use strict";

const ENDPOINT = "/graphql";
const STORED = "bellwether-token"; // for this browser tab only: sessionStorage
const EXAMPLES = [
  "portfolio-by-manager",
  "recommendations-with-evidence",
  "weekly-forecast",
  "account-plan-health",
  "plans-to-approve",
  "trend-report",
  "discounts-to-decide",
  "risks-by-account",
  "accounts-page",
  "accept-recommendation",
  "evaluate",
];
const WHO = "{ me { name role } }";

const token = () => sessionStorage.getItem(STORED) || "";

async function ask(parameters, headers) {
  const authorization = token() ? { Authorization: `Bearer ${token()}` } : {};
  const response = await fetch(ENDPOINT, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...authorization, ...headers },
    body: JSON.stringify(parameters),
  });
  return response.json();
}

async function example(name) {
  const response = await fetch(`${ENDPOINT}/static/examples/${name}.graphql`);
  return { query: await response.text() };
}

async function showWho() {
  const status = document.getElementById("status");
  const { data, errors } = await ask({ query: WHO });
  const me = data && data.me;
  status.dataset.state = me ? "good" : "bad";
  status.textContent = me ? `${me.name}, ${me.role.toLowerCase()}` : errors[0].message;
}

function useToken(root, tabs) {
  root.render(
    React.createElement(GraphiQL, {
      key: token(), // another token starts afresh, with the schema read again
      fetcher: (parameters, options) => ask(parameters, options && options.headers),
      defaultTabs: tabs,
      defaultEditorToolsVisibility: false,
      shouldPersistHeaders: false,
    }),
  );
  return showWho();
}

async function boot() {
  const field = document.getElementById("token");
  const root = ReactDOM.createRoot(document.getElementById("graphiql"));
  const tabs = await Promise.all(EXAMPLES.map(example));
  field.value = token();
  document.getElementById("who").addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(STORED, field.value.trim());
    useToken(root, tabs);
  });
  await useToken(root, tabs);
}

boot();
