"""SAML 2.0, our side of it (the service provider; access.md 6.2, 6.3).

In the order of a login: ``config`` · ``request`` says where to send the browser · ``document`` reads what comes back, with
the only XML parser there is and within limits · ``shape`` says what may stand where · ``signature`` proves an element and
hands back that element and nothing else · ``decryption`` · ``response`` puts these in their order · ``assertion`` checks
for whom, when and in answer to what · ``claims`` makes an identity of it. ``metadata`` is what providers are told about us.
"""
