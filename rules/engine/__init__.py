"""The engine: worker processes that load the durable-rules extension, and the pool that contains them."""
