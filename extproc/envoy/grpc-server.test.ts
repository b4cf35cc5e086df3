import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http2 from 'node:http2';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test, type TestContext } from 'node:test';
import * as grpc from '@grpc/grpc-js';
import fc from 'fast-check';
import { GrpcFramingError, MessageReader } from './grpc-framing.ts';
import { GrpcServer, type GrpcMethod } from './grpc-server.ts';

const identity = (bytes: Buffer) => bytes;

/** Sends every message back. */
const echo: GrpcMethod = (call) => ({
  admit: () => 'collect',
  message: (bytes) => call.send([bytes]),
  skipped: (first) => call.send([Buffer.from([first])]),
  halfClosed: () => call.end(),
  closed: () => undefined,
});

async function start(t: TestContext, method: GrpcMethod, address = '127.0.0.1:0') {
  const errors: unknown[] = [];
  const server = new GrpcServer({
    methods: new Map([['/test/Method', method]]),
    onError: (error) => errors.push(error),
  });
  const bound = await server.listen(address);
  const client = new grpc.Client(bound, grpc.credentials.createInsecure(), {
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  t.after(async () => {
    client.close();
    await server.drain(0);
  });
  return {
    server,
    errors,
    bound,
    call: (name = 'Method') => client.makeBidiStreamRequest(`/test/${name}`, identity, identity),
  };
}

type Stream = grpc.ClientDuplexStream<Buffer, Buffer>;

function statusOf(call: Stream): Promise<grpc.StatusObject> {
  return new Promise((resolve) => {
    call.on('error', () => undefined);
    call.on('data', () => undefined);
    call.once('status', resolve);
  });
}

test('messages of every size go both ways, several a call', async (t) => {
  const { call } = await start(t, echo);
  const stream = call();
  for (const size of [0, 1, 4, 5, 16_000, 16_384, 70_000, 5_000_000, 12_000_000]) {
    const message = Buffer.alloc(size, size % 251);
    stream.write(message);
    const [answer] = (await once(stream, 'data')) as [Buffer];
    assert.ok(answer.equals(message), `${size} bytes`);
  }
  const status = statusOf(stream);
  stream.end();
  assert.equal((await status).code, grpc.status.OK);
});

test('an exception in a handler is an error status, never a clean end', async (t) => {
  const { call, errors } = await start(t, (call) => ({
    ...echo(call),
    message: () => {
      throw new Error('broken handler');
    },
  }));
  const stream = call();
  stream.write(Buffer.from('x'));
  const status = await statusOf(stream);
  assert.equal(status.code, grpc.status.UNKNOWN);
  assert.doesNotMatch(status.details, /broken handler/);
  assert.match(String(errors[0]), /broken handler/);
  assert.equal((await statusOf(call('Other'))).code, grpc.status.UNIMPLEMENTED);
});

test('an error status after messages were sent', async (t) => {
  const { call } = await start(t, (call) => ({
    ...echo(call),
    message: (bytes) => {
      call.send([bytes]);
      call.fail(14, 'no more: 100 %');
      call.send([bytes]);
    },
  }));
  const stream = call();
  stream.write(Buffer.from('x'));
  const status = await statusOf(stream);
  assert.equal(status.code, grpc.status.UNAVAILABLE);
  assert.equal(status.details, 'no more: 100 %');
});

test('what a handler does not admit is thrown away', async (t) => {
  const admitted: number[] = [];
  const { call } = await start(t, (call) => ({
    ...echo(call),
    admit: (length) => {
      admitted.push(length);
      if (length < 100) return 'collect';
      call.fail(3, 'too large');
      return 'refuse';
    },
  }));
  const stream = call();
  stream.write(Buffer.alloc(99));
  stream.write(Buffer.alloc(100));
  stream.write(Buffer.alloc(1));
  assert.equal((await statusOf(stream)).code, grpc.status.INVALID_ARGUMENT);
  assert.deepEqual(admitted, [99, 100]);
});

test('a drain lets calls finish, and cuts off those that do not', async (t) => {
  const { call, server } = await start(t, echo);
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

test('resets by the peer, as Envoy does after every request, do not close the connection', async (t) => {
  const { bound } = await start(t, echo);
  const session = http2.connect(`http://${bound}`);
  t.after(() => session.destroy());
  const headers = { ':method': 'POST', ':path': '/test/Method', 'content-type': 'application/grpc', te: 'trailers' };
  for (let round = 0; round < 30; round++) {
    await Promise.all(
      Array.from({ length: 100 }, async () => {
        const stream = session.request(headers);
        stream.write(Buffer.from([0, 0, 0, 0, 1, 65]));
        await once(stream, 'data');
        stream.close(http2.constants.NGHTTP2_CANCEL);
        await once(stream, 'close');
      }),
    );
  }
  assert.equal(session.closed, false);
});

test('a Unix socket, also where a killed process left its own behind', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'socket-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'grpc.sock');
  const { call } = await start(t, echo, `unix:${file}`);
  const stream = call();
  stream.write(Buffer.from('x'));
  await once(stream, 'data');
  stream.end();
  const second = new GrpcServer({ methods: new Map(), onError: () => undefined });
  await assert.rejects(second.listen(`unix:${file}`), /in use/);

  const stale = path.join(folder, 'stale.sock');
  const holder = net.createServer().listen(stale);
  await once(holder, 'listening');
  // A closing server removes its socket; one that is killed leaves it, as this copy by rename does.
  const { rename } = await import('node:fs/promises');
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

test('messages are found however the bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
      (messages, cuts) => {
        const wire = Buffer.concat(
          messages.map((message) => {
            const prefix = Buffer.alloc(5);
            prefix.writeUInt32BE(message.length, 1);
            return Buffer.concat([prefix, message]);
          }),
        );
        const received: Buffer[] = [];
        const reader = new MessageReader({
          admit: (length, first) => (length > 0 && first >= 128 ? 'skip' : 'collect'),
          message: (bytes) => received.push(bytes),
          skipped: (first) => received.push(Buffer.from([first])),
        });
        for (let position = 0, cut = 0; position < wire.length; cut++) {
          const end = Math.min(wire.length, position + (cuts[cut % cuts.length] ?? 1));
          reader.write(wire.subarray(position, end));
          position = end;
        }
        assert.deepEqual(
          received.map((bytes) => [...bytes]),
          messages.map((message) => ((message[0] ?? 0) >= 128 ? [message[0]] : [...message])),
        );
      },
    ),
  );
  const reader = new MessageReader({ admit: () => 'collect', message: () => undefined, skipped: () => undefined });
  assert.throws(() => reader.write(Buffer.from([1, 0, 0, 0, 0])), GrpcFramingError);
});
