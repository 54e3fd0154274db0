"""OpenID Connect (Core 1.0, Discovery 1.0; RFC 6749, 7636, 9207): authorization code flow.

``config`` is what the operator wrote, ``endpoints`` what follows from it and from discovery, ``messages`` what is sent
and read, ``key_set`` and ``id_token`` prove the answer, ``claims`` turns it into an identity. All of these are pure.
``client`` alone talks to the provider.
"""
