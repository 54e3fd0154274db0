"""The identity providers that have a type of their own in the Access API (access.md 6.2, 6.3).

One protocol module speaks to all of them; what is peculiar to each stands in a table: ``openid`` for those that speak
OpenID Connect, ``plain`` for those with OAuth 2.0 and a profile. ``directories`` reads the groups that are not in a token.
"""
