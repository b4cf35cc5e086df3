/** Servers that are slow, dead or wrong. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  TokenAnswerError,
  TokenBudgetError,
  TokenServiceTimeoutError,
  TokenServiceUnreachableError,
} from './errors.ts';
import { pki, listen, https, client, ask, refused } from './testdata/http-servers.ts';

test('nobody listens', async () => {
  const server = createTcpServer();
  const port = await listen(server);
  server.close();
  await once(server, 'close');
  await refused(
    client().request(ask(`https://localhost:${port}/sts`)),
    TokenServiceUnreachableError,
    /\(ECONNREFUSED\)/,
  );
});

test('a name that does not exist', async () => {
  await refused(client().request(ask('https://elsewhere.invalid/sts')), TokenServiceUnreachableError);
});

test('a server that accepts and says nothing', { timeout: 20_000 }, async () => {
  const port = await listen(createTcpServer());
  const patient = client({ ca: pki.ca.certificatePem, connectTimeout: 60_000 });
  const answer = patient.request(ask(`https://localhost:${port}/sts`, { timeout: 60 }));
  await refused(answer, TokenServiceTimeoutError);
});

test('a server that takes the request and says nothing', async () => {
  const url = await https(() => {});
  await refused(client().request(ask(url, { timeout: 100 })), TokenServiceTimeoutError);
});

test('a server that sends a byte now and then runs out of time all the same', async () => {
  const url = await https((_request, response) => {
    const timer = setInterval(() => response.write('<'), 10);
    response.on('close', () => clearInterval(timer));
  });
  await refused(client().request(ask(url, { timeout: 150 })), TokenServiceTimeoutError);
});

test('a server that sends its head a byte at a time as well', async () => {
  const port = await listen(
    createTcpServer((socket) => {
      const bytes = [...('HTTP/1.1 200 OK\r\nX-Long: ' + 'a'.repeat(1000))];
      const timer = setInterval(() => socket.write(bytes.shift() ?? 'a'), 5);
      socket.on('close', () => clearInterval(timer)).on('error', () => {});
    }),
  );
  await refused(client().request(ask(`http://127.0.0.1:${port}/`, { timeout: 150 })), TokenServiceTimeoutError);
});

test('who asked gives up', async () => {
  const url = await https(() => {});
  const control = new AbortController();
  const http = client();
  const answer = http.request(ask(url, { signal: control.signal }));
  setTimeout(() => control.abort(), 30);
  await refused(answer, TokenBudgetError);
  await refused(http.request(ask(url, { signal: control.signal })), TokenBudgetError);
});

test('a connection that breaks before the answer, in its head, and in its body', async () => {
  for (const beginning of [
    '',
    'HTTP/1.1 200 OK\r\nContent-Le',
    'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n<half',
  ]) {
    const server = createTcpServer((socket) => {
      socket.once('data', () => socket.end(beginning));
    });
    const url = `http://127.0.0.1:${await listen(server)}/sts`;
    await refused(client().request(ask(url)), TokenServiceUnreachableError);
  }
});

test('a server that answers with something else than HTTP', async () => {
  const port = await listen(
    createTcpServer((socket) => {
      socket.once('data', () => socket.end('220 elsewhere ESMTP secret\r\n'));
    }),
  );
  await refused(client().request(ask(`http://127.0.0.1:${port}/sts`)), TokenAnswerError, /none of HTTP/);
});

test('a body that is too large, whether it says so or not', async () => {
  const large = Buffer.alloc(2000, 'a');
  const url = await https((request, response) => {
    if (request.headers['x-framing'] === 'length') response.setHeader('content-length', large.length);
    response.write(large.subarray(0, 1200));
    setTimeout(() => response.end(large.subarray(1200)), 10);
  });
  const http = client();
  for (const framing of ['length', 'chunks']) {
    const headers = { 'x-framing': framing };
    await refused(http.request(ask(url, { headers, maxBytes: 1999 })), TokenAnswerError, /larger than 1999 bytes/);
    assert.equal((await http.request(ask(url, { headers, maxBytes: 2000 }))).body.length, 2000);
  }
});

test('the connection of an answer that is not read to its end is closed', { timeout: 20_000 }, async () => {
  const bad: Record<string, string>[] = [{ 'content-length': '5000000' }, { 'content-encoding': 'gzip' }];
  for (const headers of bad) {
    let closed: Promise<unknown> | undefined;
    const url = await https((_request, response) => {
      closed = once(response, 'close');
      response.writeHead(200, headers).write('beginning');
    });
    await refused(client().request(ask(url)), TokenAnswerError);
    await closed;
  }
});

test('an endless body is not read on', async () => {
  let sent = 0;
  const url = await https((_request, response) => {
    const more = () => {
      if (response.destroyed) return;
      sent += 65536;
      if (response.write(Buffer.alloc(65536))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  });
  await refused(client().request(ask(url)), TokenAnswerError, /larger than 1048576 bytes/);
  assert.ok(sent < 16 * 1024 * 1024, String(sent));
});

test('a head that is too large', async () => {
  const url = await https((_request, response) => {
    response.writeHead(200, { 'x-large': 'a'.repeat(20_000) }).end();
  });
  await refused(client().request(ask(url)), TokenAnswerError, /\(UND_ERR_HEADERS_OVERFLOW\)/);
});

test('a compressed answer is refused and not unpacked', async () => {
  const bomb = gzipSync(Buffer.alloc(1_000_000));
  const url = await https((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb);
  });
  await refused(client().request(ask(url)), TokenAnswerError, /compressed/);
  const plain = await https((_request, response) => {
    response.writeHead(200, { 'content-encoding': 'Identity' }).end('plain');
  });
  assert.equal((await client().request(ask(plain))).body.toString(), 'plain');
});

test('a request that is none of HTTP is a mistake of ours, and its text is not told', async () => {
  const url = await https((_request, response) => response.end());
  await refused(
    client().request(ask(url, { headers: { authorization: 'a\r\nsecret' } })),
    TypeError,
    /UND_ERR_INVALID_ARG/,
  );
});

test('what is under way when the client is closed fails', async () => {
  const url = await https(() => {});
  const http = client();
  const answer = http.request(ask(url));
  setTimeout(() => void http.close(), 30);
  await refused(answer, TokenServiceUnreachableError);
  await refused(http.request(ask(url)), TokenServiceUnreachableError);
});

test('what is still connecting when the client is closed ends as well', { timeout: 20_000 }, async () => {
  const server = createTcpServer();
  const port = await listen(server);
  const http = client({ ca: pki.ca.certificatePem, connectTimeout: 60_000 });
  const answer = http.request(ask(`https://localhost:${port}/sts`));
  const [socket] = (await once(server, 'connection')) as [Socket];
  const closed = once(
    socket.resume().on('error', () => undefined),
    'close',
  );
  await http.close();
  await refused(answer, TokenServiceUnreachableError);
  await closed;
});
