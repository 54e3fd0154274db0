"""Claims, minting and verifying, signing keys and the published key set (access.md section 2).

``claims`` the frozen types; ``wire`` how they look as JSON; ``encoding`` the one accepted spelling of base64url and JSON;
``jwt`` mint and verify; ``keys`` the ring and its rotation; ``jwks`` the published document; ``custom`` a claim's budget.
"""
