"""Where Envoy meets us: its configuration, its questions, its health."""
