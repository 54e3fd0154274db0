// A real SAML provider (npm samlp) as a process of its own, on loopback.
//
//   node idp.mjs '{"port": 0, "entityId": …, "key": …, "cert": …, "accounts": {"alice": {"email": …, "groups": […]}}}'
//
// Prints one line of JSON when it listens, and ends when its standard input ends, that is, with whoever started it.
// Endpoints: /both, /assertion, /response (what is signed) and /encrypted. The question `SAMLRequest` comes by GET or POST;
// the form that answers it asks for a login name. Answers go to the address in the request, whoever asks: it is for tests.

import { createPublicKey } from 'node:crypto';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const express = require('express');
const samlp = require('samlp');

const settings = JSON.parse(process.argv[2]);

process.stdin.on('end', () => process.exit(0));
process.stdin.resume();

function escape(text) {
  return String(text ?? '').replace(/[&<>"]/g, (found) => `&#${found.charCodeAt(0)};`);
}

function Mapper(user) {
  return {
    getClaims: () => ({ email: user.email, groups: user.groups, department: user.department }),
    getNameIdentifier: () => ({ nameIdentifier: user.email }),
  };
}
Mapper.prototype.metadata = [];

const app = express();
app.use(express.urlencoded({ extended: false, limit: '1mb' }));

const ways = {
  both: { signResponse: true, signAssertion: true },
  assertion: { signResponse: false, signAssertion: true },
  response: { signResponse: true, signAssertion: false },
  encrypted: { signResponse: true, signAssertion: true, encrypted: true },
};
let encryptionCert = '';
let recipient;

app.post('/relying-party', (request, response) => {
  ({ recipient, certificate: encryptionCert } = request.body);
  response.send('ok');
});

for (const [name, way] of Object.entries(ways)) {
  app.all(`/${name}`, (request, response, next) => {
    const given = { ...request.query, ...request.body };
    if (!given.user) {
      const fields = Object.entries(given)
        .map(([key, value]) => `<input type="hidden" name="${escape(key)}" value="${escape(value)}">`)
        .join('');
      response.send(`<form method="post">${fields}<input name="user"><button>Sign in</button></form>`);
      return;
    }
    const account = settings.accounts[given.user] ?? { email: `${given.user}@example.test`, groups: [] };
    request.query = given.Signature || request.method === 'GET' ? request.query : {};
    samlp.auth({
      issuer: settings.entityId,
      recipient,
      cert: Buffer.from(settings.cert),
      key: Buffer.from(settings.key),
      ...way,
      ...(way.encrypted
        ? {
            encryptionCert: Buffer.from(encryptionCert),
            encryptionPublicKey: Buffer.from(createPublicKey(encryptionCert).export({ type: 'spki', format: 'pem' })),
            encryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm',
          }
        : {}),
      RelayState: given.RelayState,
      profileMapper: Mapper,
      getUserFromRequest: () => account,
      getPostURL: (audience, dom, _request, callback) =>
        callback(null, dom.documentElement.getAttribute('AssertionConsumerServiceURL')),
    })(request, response, next);
  });
}

app.use((error, _request, response, _next) => {
  response.status(500).type('text').send(String(error?.stack ?? error));
});

const server = app.listen(settings.port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
