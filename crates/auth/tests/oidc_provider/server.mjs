// npm's oidc-provider with accounts and a client of the tests. `node server.mjs <folder with node_modules>`; prints its issuer.
//
// POST /control changes how it behaves, GET /control tells what it was asked for:
//   rotate: true            another key signs, and the former one is no longer published
//   down: true|false        503 for everything
//   forge: {...}|null       id tokens are made anew: `claims` over the real ones (null takes one out), `kid`, and `sign` =
//                           none | foreign (another key under the same kid) | public (HS256 with the public key as secret)
//   userinfo: {...}|null    over what the user-info endpoint tells
//   discovery: {...}|null   over what the provider tells of itself
import { createServer } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = resolve(process.argv[2], 'node_modules');
const load = (file) => import(pathToFileURL(join(modules, file)));
const { Provider } = await load('oidc-provider/lib/index.js');
const jose = await load('jose/dist/node/esm/index.js');

const CLIENT = {
  client_id: 'our-client',
  client_secret: 'our-secret-of-many-characters-000',
  redirect_uris: ['http://localhost:3000/oauth/callback'],
  response_types: ['code'],
  grant_types: ['authorization_code'],
  token_endpoint_auth_method: process.env.AUTH_METHOD ?? 'client_secret_basic',
};

const behaviour = { down: false, forge: null, userinfo: null, discovery: null };
const asked = { discovery: 0, jwks: 0, token: 0, userinfo: 0 };
let issuer;
let key;
let handle;

async function newKey() {
  const { privateKey } = await jose.generateKeyPair('RS256', { extractable: true });
  const jwk = await jose.exportJWK(privateKey);
  const kid = await jose.calculateJwkThumbprint(jwk);
  return { ...jwk, kid, alg: 'RS256', use: 'sig' };
}

// An account is its address: `unconfirmed.…` is said to be so, of `silent.…` nothing is said.
function findAccount(ctx, id) {
  const name = id.split('@')[0].split('.').map((part) => part[0].toUpperCase() + part.slice(1)).join(' ');
  const claims = { sub: id, email: id, name, given_name: name.split(' ')[0], locale: 'en' };
  if (!id.startsWith('silent.')) claims.email_verified = !id.startsWith('unconfirmed.');
  return { accountId: id, claims: async () => claims };
}

function provider() {
  const made = new Provider(issuer, {
    clients: [CLIENT],
    clientAuthMethods: [CLIENT.token_endpoint_auth_method],
    jwks: { keys: [key] },
    findAccount,
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'locale'] },
    cookies: { keys: ['of the tests'] },
    pkce: { required: () => true },
  });
  made.use(async (ctx, next) => {
    await next();
    if (ctx.path === '/token' && behaviour.forge && ctx.body?.id_token) {
      ctx.body.id_token = await forged(ctx.body.id_token, behaviour.forge);
    } else if (ctx.path === '/me' && behaviour.userinfo) {
      ctx.body = { ...ctx.body, ...behaviour.userinfo };
    } else if (ctx.path === '/.well-known/openid-configuration' && behaviour.discovery) {
      ctx.body = { ...ctx.body, ...behaviour.discovery };
    }
  });
  return made.callback();
}

async function forged(token, { claims = {}, kid = key.kid, sign }) {
  const payload = Object.fromEntries(
    Object.entries({ ...jose.decodeJwt(token), ...claims }).filter(([, value]) => value !== null),
  );
  const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  if (sign === 'none') return `${encoded({ alg: 'none', typ: 'JWT' })}.${encoded(payload)}.`;
  if (sign === 'public') {
    const { n, e, kty } = key;
    const pem = await jose.exportSPKI(await jose.importJWK({ n, e, kty }, 'RS256'));
    return new jose.SignJWT(payload).setProtectedHeader({ alg: 'HS256', kid }).sign(Buffer.from(pem));
  }
  const signing = sign === 'foreign' ? await newKey() : key;
  const imported = await jose.importJWK({ ...signing, kid }, 'RS256');
  return new jose.SignJWT(payload).setProtectedHeader({ alg: 'RS256', kid }).sign(imported);
}

async function control(request, response) {
  if (request.method === 'POST') {
    let text = '';
    for await (const part of request) text += part;
    const { rotate, ...change } = JSON.parse(text);
    Object.assign(behaviour, change);
    if (rotate) {
      key = await newKey();
      handle = provider();
    }
  }
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(asked));
}

const COUNTED = {
  '/.well-known/openid-configuration': 'discovery', '/jwks': 'jwks', '/token': 'token', '/me': 'userinfo',
};

const server = createServer((request, response) => {
  const path = request.url.split('?')[0];
  if (path === '/control') return control(request, response);
  if (COUNTED[path]) asked[COUNTED[path]] += 1;
  if (behaviour.down) {
    response.statusCode = 503;
    return response.end('down');
  }
  return handle(request, response);
});

server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', async () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  key = await newKey();
  handle = provider();
  console.log(issuer);
});
// Ends with the test that started it, however that ends.
process.stdin.on('end', () => process.exit(0)).resume();
