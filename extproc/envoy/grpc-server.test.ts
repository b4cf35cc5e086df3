import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import { GrpcServer } from './grpc-server.ts';

const MAX_MESSAGE = 13_000_000;
const identity = (bytes: Buffer) => bytes;
const METHOD = '/test/Method';

/** Sends every message back. */
function addEcho(server: GrpcServer): void {
  const definition = {
    method: {
      path: METHOD,
      requestStream: true,
      responseStream: true,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  } as const;
  server.server.addService(definition, {
    method: (call: grpc.ServerDuplexStream<Buffer, Buffer>) => {
      call.on('data', (bytes: Buffer) => call.write(bytes));
      call.on('end', () => call.end());
    },
  });
}

async function start(t: TestContext, address = '127.0.0.1:0') {
  const overused = { count: 0 };
  const server = new GrpcServer(MAX_MESSAGE, () => overused.count++);
  addEcho(server);
  const bound = await server.listen(address);
  const client = new grpc.Client(bound, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  t.after(async () => {
    client.close();
    await server.drain(0);
  });
  return { server, bound, overused, call: () => client.makeBidiStreamRequest(METHOD, identity, identity) };
}

function statusOf(call: grpc.ClientDuplexStream<Buffer, Buffer>): Promise<grpc.StatusObject> {
  return new Promise((resolve) => {
    call.on('error', () => undefined);
    call.on('data', () => undefined);
    call.once('status', resolve);
  });
}

test('messages of every size go both ways, up to the limit', async (t) => {
  const { call } = await start(t);
  const stream = call();
  for (const size of [0, 1, 5, 16_384, 70_000, 5_000_000, 12_000_000]) {
    const message = Buffer.alloc(size, size % 251);
    stream.write(message);
    const [answer] = (await once(stream, 'data')) as [Buffer];
    assert.ok(answer.equals(message), `${size} bytes`);
  }
  const status = statusOf(stream);
  stream.end();
  assert.equal((await status).code, grpc.status.OK);
  const large = call();
  large.write(Buffer.alloc(MAX_MESSAGE + 1));
  assert.equal((await statusOf(large)).code, grpc.status.RESOURCE_EXHAUSTED);
});

test('a drain lets calls finish, and cuts off those that do not', async (t) => {
  const { call, server } = await start(t);
  const finishing = call();
  finishing.write(Buffer.from('a'));
  await once(finishing, 'data');
  const hanging = call();
  hanging.write(Buffer.from('b'));
  await once(hanging, 'data');
  const drained = server.drain(3000);
  const hangingStatus = statusOf(hanging);
  finishing.write(Buffer.from('c'));
  const [answer] = (await once(finishing, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'c');
  const status = statusOf(finishing);
  finishing.end();
  assert.equal((await status).code, grpc.status.OK);
  await drained;
  assert.notEqual((await hangingStatus).code, grpc.status.OK);
});

test('a peer that keeps its connection is told to leave before its resets close it', async (t) => {
  const { bound, overused } = await start(t);
  const headers = { ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc', te: 'trailers' };
  const session = http2.connect(`http://${bound}`);
  t.after(() => session.destroy());
  session.on('error', (error: Error) => assert.fail(error));
  let leaving = false;
  session.on('goaway', (code: number) => {
    assert.equal(code, 0);
    leaving = true;
  });
  let streams = 0;
  while (!leaving) {
    const stream = session.request(headers);
    streams++;
    stream.write(Buffer.from([0, 0, 0, 0, 1, 65]));
    await once(stream, 'data');
    stream.close(http2.constants.NGHTTP2_CANCEL);
    await once(stream, 'close');
  }
  assert.ok(streams > 900 && streams < 1000, `${streams} streams`);
  assert.equal(overused.count, 1);
});

test('a peer gets room for a large body at once', async (t) => {
  const { bound } = await start(t);
  const session = http2.connect(`http://${bound}`);
  session.on('error', () => undefined);
  t.after(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': METHOD, 'content-type': 'application/grpc' });
  stream.on('error', () => undefined);
  stream.write(Buffer.from([0, 0, 0, 0, 1, 65]));
  await once(stream, 'data');
  assert.equal(session.remoteSettings.initialWindowSize, 4 * 1024 * 1024);
  assert.ok((session.state.remoteWindowSize ?? 0) > 15 * 1024 * 1024);
});

test('a Unix socket, also where a killed process left its own behind', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'socket-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'grpc.sock');
  const { call } = await start(t, `unix:${file}`);
  const stream = call();
  stream.write(Buffer.from('x'));
  await once(stream, 'data');
  stream.end();
  const second = new GrpcServer(MAX_MESSAGE, () => undefined);
  await assert.rejects(second.listen(`unix:${file}`), /in use/);

  const stale = path.join(folder, 'stale.sock');
  const holder = net.createServer().listen(stale);
  await once(holder, 'listening');
  // A closing server removes its socket; one that is killed leaves it, as this copy by rename does.
  const left = path.join(folder, 'left.sock');
  await rename(stale, left);
  holder.close();
  assert.equal(await second.listen(`unix:${left}`), `unix:${left}`);
  await second.drain(0);

  await writeFile(path.join(folder, 'file'), '');
  await assert.rejects(second.listen(`unix:${path.join(folder, 'file')}`), /no socket/);
  for (const address of ['9002', 'host:', ':1', 'host:x', 'host:70000', 'unix:']) {
    await assert.rejects(second.listen(address), TypeError, address);
  }
});
