import assert from 'node:assert/strict';
import { createServer as createPlainServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { test } from 'node:test';
import tls, { type TLSSocket } from 'node:tls';
import { TokenServiceUnreachableError } from './errors.ts';
import {
  pki,
  named,
  chain,
  serverTls,
  cleanUp,
  listen,
  https,
  client,
  ask,
  refused,
  bodyOf,
} from './testdata/http-servers.ts';

test('a request goes out as it is given, and the answer comes back whole', async () => {
  const url = await https((request, response) => {
    void bodyOf(request).then((body) => {
      response.writeHead(202, [
        ...['Content-Type', 'text/xml', 'X-Twice', 'a', 'x-twice', 'b'],
        ...['X-Seen', `${request.method} ${request.url} ${String(request.headers['x-own'])} ${body}`],
        ...['X-Encoding', String(request.headers['accept-encoding'])],
      ]);
      response.end(Buffer.from([0, 255, 10]));
    });
  });
  const headers = { 'X-Own': 'mine', 'Accept-Encoding': 'gzip' };
  const { status, headers: received, body } = await client().request(ask(url, { headers }));
  assert.equal(status, 202);
  assert.deepEqual(received.get('content-type'), ['text/xml']);
  assert.deepEqual(received.get('x-twice'), ['a', 'b']);
  assert.deepEqual(received.get('x-seen'), ['POST /sts?tenant=acme mine <question/>']);
  assert.deepEqual(received.get('x-encoding'), ['identity']);
  assert.deepEqual(body, Buffer.from([0, 255, 10]));
});

test('plain HTTP and GET', async () => {
  const port = await listen(createPlainServer((request, response) => response.end(request.method)));
  const url = `http://127.0.0.1:${port}/`;
  const { body } = await client().request(ask(url, { method: 'GET', body: undefined }));
  assert.equal(body.toString(), 'GET');
});

test('a header called __proto__ is one like any other', async () => {
  const url = await https((_request, response) => {
    response.writeHead(200, ['__proto__', 'polluted', 'constructor', 'x']);
    response.end();
  });
  const { headers } = await client().request(ask(url));
  assert.deepEqual(headers.get('__proto__'), ['polluted']);
});

test('connections are kept', async () => {
  const url = await https((request, response) => response.end(String(request.socket.remotePort)));
  const http = client();
  const ports = new Set<string>();
  for (let i = 0; i < 8; i++) ports.add((await http.request(ask(url))).body.toString());
  // One may still be busy with its last answer when the next request goes out.
  assert.ok(ports.size <= 2, String(ports.size));
});

test('there are no more connections than may be', async () => {
  let open = 0;
  let most = 0;
  const url = await https((_request, response) => {
    most = Math.max(most, ++open);
    setTimeout(() => {
      open--;
      response.end();
    }, 20);
  });
  const http = client({ ca: pki.ca.certificatePem, connections: 2 });
  await Promise.all(Array.from({ length: 6 }, () => http.request(ask(url))));
  assert.equal(most, 2);
});

test('a server whose certificate is from another authority is refused', async () => {
  const url = await https((_request, response) => response.end());
  await refused(
    client({ ca: pki.untrusted.certificatePem }).request(ask(url)),
    TokenServiceUnreachableError,
    /\(UNABLE_TO|\(SELF_SIGNED/,
  );
  await refused(client({}).request(ask(url)), TokenServiceUnreachableError, /\(UNABLE_TO|\(SELF_SIGNED/);
});

test('a server with the certificate of another name is refused', async () => {
  const url = await https((_request, response) => response.end(), serverTls(named('elsewhere.example')));
  await refused(client().request(ask(url)), TokenServiceUnreachableError, /\(ERR_TLS_CERT_ALTNAME_INVALID\)/);
});

test('a Host header does not change the name that the server must prove', async () => {
  const url = await https((_request, response) => response.end(), serverTls(named('elsewhere.example')));
  const headers = { host: 'elsewhere.example' };
  await refused(client().request(ask(url, { headers })), TokenServiceUnreachableError, /ALTNAME/);

  const other = await https((request, response) => response.end(request.headers.host));
  const { body } = await client().request(ask(other, { headers }));
  assert.equal(body.toString(), 'elsewhere.example', 'though it is sent');
});

test('NODE_TLS_REJECT_UNAUTHORIZED is of no account', async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
  cleanUp.push(() => delete process.env.NODE_TLS_REJECT_UNAUTHORIZED);
  const url = await https((_request, response) => response.end());
  await refused(client({}).request(ask(url)), TokenServiceUnreachableError);
});

test('proxies that the environment names are not used', async () => {
  for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'ALL_PROXY']) {
    process.env[name] = 'http://127.0.0.1:1';
    cleanUp.push(() => delete process.env[name]);
  }
  const url = await https((_request, response) => response.end('direct'));
  assert.equal((await client().request(ask(url))).body.toString(), 'direct');
});

test('a server that speaks nothing newer than TLS 1.1 is refused, whatever else of the process takes', async () => {
  const { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS } = tls;
  cleanUp.push(() => Object.assign(tls, { DEFAULT_MIN_VERSION, DEFAULT_CIPHERS }));
  Object.assign(tls, { DEFAULT_MIN_VERSION: 'TLSv1', DEFAULT_CIPHERS: 'DEFAULT@SECLEVEL=0' });
  const url = await https((_request, response) => response.end(), { ...serverTls(), maxVersion: 'TLSv1.1' });
  await refused(client().request(ask(url)), TokenServiceUnreachableError);
});

test('HTTP/1.1 also with a server that would rather speak HTTP/2', async () => {
  const server = createSecureServer({ ...serverTls(), allowHTTP1: true }, (request, response) => {
    response.end(request.httpVersion);
  });
  const url = `https://localhost:${await listen(server)}/`;
  assert.equal((await client().request(ask(url))).body.toString(), '1.1');
});

test('we show our certificate and prove that it is ours', async () => {
  const mutual = { ...serverTls(), ca: pki.ca.certificatePem, requestCert: true, rejectUnauthorized: true };
  const url = await https((request, response) => {
    response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN);
  }, mutual);
  const certificates = chain(pki.signer);
  const withOurs = client({ ca: pki.ca.certificatePem, client: { certificates, key: pki.signer.key } });
  assert.equal((await withOurs.request(ask(url))).body.toString(), 'signer');
  await refused(client().request(ask(url)), TokenServiceUnreachableError);
});

test('a redirect is not followed', async () => {
  let asked = 0;
  const url = await https((_request, response) => {
    asked++;
    response.writeHead(307, { location: '/elsewhere' }).end();
  });
  assert.equal((await client().request(ask(url))).status, 307);
  assert.equal(asked, 1);
});
