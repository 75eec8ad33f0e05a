// A real OpenID provider (oidc-provider) on loopback, in which whoever comes is signed in at once.
//
//   node oidc_provider.mjs NODE_MODULES REDIRECT_URI
//
// Prints its issuer. POST /control/account says who comes next, POST /control/rotate changes its keys.

import { createServer } from "node:http";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [modules, redirectUri] = process.argv.slice(2);
const { Provider } = await import(pathToFileURL(join(modules, "oidc-provider", "lib", "index.js")));

const SCOPES = "openid email profile groups";
const RESOURCE_SCOPES = "mcp mcp:use mcp:upstream.read";
let account = { sub: "ada-1" };
let handle;

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), use: "sig", alg: "RS256" };
}

function build(issuer) {
  const provider = new Provider(issuer, {
    jwks: { keys: [newKey()] },
    clients: [
      { client_id: "gatehouse", client_secret: "s3cret:with/odd&chars+", redirect_uris: [redirectUri] },
      { client_id: "agent", token_endpoint_auth_method: "none", redirect_uris: ["http://127.0.0.1/agent"], application_type: "native" },
      { client_id: "robot", client_secret: "robot-secret-robot-secret", grant_types: ["client_credentials"], redirect_uris: [], response_types: [] },
    ],
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"], groups: ["groups"] },
    conformIdTokenClaims: false,
    cookies: { keys: [randomUUID()] },
    findAccount: (ctx, id) => ({ accountId: id, claims: () => ({ ...account, sub: id }) }),
    interactions: { url: (ctx, interaction) => `/interaction/${interaction.uid}` },
    loadExistingGrant: async (ctx) => {
      const { client, session, params, provider } = ctx.oidc;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(SCOPES);
      if (params.resource) grant.addResourceScope(params.resource, RESOURCE_SCOPES);
      await grant.save();
      return grant;
    },
    extraTokenClaims: (ctx, token) => (token.accountId ? { email: account.email, email_verified: account.email_verified } : {}),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => undefined,
        useGrantedResource: () => true,
        getResourceServerInfo: (ctx, resource) => ({
          audience: resource, scope: RESOURCE_SCOPES, accessTokenFormat: "jwt", accessTokenTTL: 300, jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    ttl: { Grant: 600, Session: 600, Interaction: 600, IdToken: 300, AccessToken: 300, ClientCredentials: 300 },
  });
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith("/interaction/")) return next();
    const { prompt } = await provider.interactionDetails(ctx.req, ctx.res);
    const result = prompt.name === "login" ? { login: { accountId: account.sub } } : { consent: {} };
    await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: true });
    ctx.respond = false;
  });
  return provider.callback();
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const server = createServer(async (request, response) => {
  if (!request.url.startsWith("/control/")) return handle(request, response);
  if (request.url === "/control/account") account = JSON.parse(await read(request));
  if (request.url === "/control/rotate") handle = build(issuer);
  response.writeHead(204).end();
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const issuer = `http://127.0.0.1:${server.address().port}`;
handle = build(issuer);
console.log(issuer);
