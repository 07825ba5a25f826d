"""Subscriptions over WebSockets, by the protocol graphql-transport-ws."""
