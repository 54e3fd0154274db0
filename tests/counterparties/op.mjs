// A real, certified OpenID provider (npm oidc-provider) as a process of its own, on loopback.
//
//   node op.mjs '{"host": "127.0.0.1", "port": 0, "clientId": …, "clientSecret": …, "redirectUris": […], …}'
//
// Prints one line of JSON when it listens, and ends when its standard input ends, that is, with whoever started it.
// Sign in at its form with any login name and any password. Names in "accounts" have the claims given there; any
// other name gets an address made of it.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

import Provider from 'oidc-provider';

const settings = JSON.parse(process.argv[2]);

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

function signingKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomBytes(8).toString('hex');
  return { ...privateKey.export({ format: 'jwk' }), kid, use: 'sig', alg: 'RS256' };
}

function accountClaims(login) {
  const known = settings.accounts[login];
  const email = login.includes('@') ? login : `${login}@example.test`;
  return { email, email_verified: true, name: login, groups: [], ...known, sub: login };
}

const server = createServer();

server.listen(settings.port, '127.0.0.1', () => {
  const { port } = server.address();
  const issuer = `http://${settings.host}:${port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: settings.clientId,
        client_secret: settings.clientSecret,
        client_name: settings.clientName,
        redirect_uris: settings.redirectUris,
        response_types: ['code'],
        grant_types: ['authorization_code'],
        token_endpoint_auth_method: settings.authMethod,
      },
    ],
    jwks: { keys: [signingKey()] },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    // By the book these claims are at the userinfo endpoint only; most providers put them into the id_token too.
    conformIdTokenClaims: settings.claimsAtUserinfoOnly,
    pkce: { required: () => true },
    findAccount: (_ctx, login) => ({ accountId: login, claims: () => accountClaims(login) }),
    features: { devInteractions: { enabled: true } },
  });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    // The login page imports a font from far away; a browser without a network would wait for it.
    response.setHeader('content-security-policy', "style-src 'unsafe-inline'");
    answer(request, response);
  });
  process.stdout.write(`${JSON.stringify({ issuer, port })}\n`);
});
