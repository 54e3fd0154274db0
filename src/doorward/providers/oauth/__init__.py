"""OAuth 2.0 (RFC 6749, 7636) for sign-in, with vendors whose word is a profile and not a signed token.

The profile is asked for with the token that the code was exchanged for, over TLS, at an address from the table: what
another client was given cannot be brought here, since no token comes through the browser.
"""
