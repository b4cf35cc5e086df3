import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, createSecureContext, type ConnectionOptions } from 'node:tls';
import { ChannelCredentials, Server, ServerCredentials, status, type ServiceError } from '@grpc/grpc-js';
import { bundleClient, bundleService, type DeliverCall, type ReplicaMessage } from '../../proto/bundle-service.ts';
import type { TlsMaterial } from '../../proto/roles.ts';
import { SPECS } from '../support/policies.ts';
import { material, newAuthority, tlsFiles } from './support/certificates.ts';
import { published, startOperator, startReplica, until } from './support/delivery.ts';

const authority = await newAuthority();
const stranger = await newAuthority();
const operatorTls = await material(authority, 'operator');
const extprocTls = await material(authority, 'extproc');
const one = published({ one: SPECS.sign });

/** A client that does as it likes. */
function dial(t: TestContext, port: number, tls: Partial<TlsMaterial>) {
  const { ca = authority.certificate, certificate, key } = tls;
  const context = createSecureContext({ ca, ...(certificate && { cert: certificate }), ...(key && { key }) });
  const credentials = ChannelCredentials.createFromSecureContext(context, { checkServerIdentity: () => undefined });
  const client = bundleClient(`ipv4:127.0.0.1:${port}`, credentials, {
    'grpc.ssl_target_name_override': 'waxseal-operator',
    'grpc.use_local_subchannel_pool': 1,
    'grpc.max_send_message_length': -1,
  });
  t.after(() => client.close());
  const call = client.Deliver();
  const messages: unknown[] = [];
  call.on('data', (message) => messages.push(message));
  const ended = new Promise<status>((resolve) => call.once('error', ({ code }: ServiceError) => resolve(code)));
  t.after(() => call.cancel());
  return { call, messages, ended };
}

const hello: ReplicaMessage = { hello: { replica: 'r', softwareVersion: '0' } };
const subscribe: ReplicaMessage = { subscribe: { subscription: 1, inventory: [] } };

const strangers: Record<string, () => Promise<Partial<TlsMaterial>>> = {
  'no certificate': () => Promise.resolve({}),
  "the operator's own certificate": () => material(authority, 'operator'),
  'an expired certificate': () => material(authority, 'extproc', 100),
  'a certificate of another authority': () => material(stranger, 'extproc', 0, [authority]),
};
for (const [name, tls] of Object.entries(strangers)) {
  test(`an operator gives nothing to a client with ${name}`, async (t) => {
    const { server, port } = await startOperator(t, { certificates: operatorTls });
    server.publish(one);
    const { call, messages, ended } = dial(t, port, await tls());
    call.write(hello);
    call.write(subscribe);
    const code = await ended;
    assert.ok(code === status.UNAVAILABLE || code === status.PERMISSION_DENIED, String(code));
    assert.deepEqual(messages, []);
    assert.equal(server.replicas().length, 0);
  });
}

test('TLS 1.3 and nothing before it', async (t) => {
  const { port } = await startOperator(t, { certificates: operatorTls });
  const handshake = async (options: ConnectionOptions): Promise<string> => {
    const { certificate, key, ca } = extprocTls;
    const socket = connect({
      ...{ port, ca, cert: certificate, key, checkServerIdentity: () => undefined, ALPNProtocols: ['h2'] },
      ...options,
    });
    t.after(() => socket.destroy());
    await once(socket, 'secureConnect');
    return socket.getProtocol() ?? '';
  };
  assert.equal(await handshake({}), 'TLSv1.3');
  await assert.rejects(handshake({ maxVersion: 'TLSv1.2' }), /alert|version/);
});

const impostors: Record<string, () => Promise<TlsMaterial>> = {
  "a replica's certificate": () => material(authority, 'extproc'),
  'an expired certificate': () => material(authority, 'operator', 100),
  'a certificate of another authority': () => material(stranger, 'operator', 0, [authority]),
};
for (const [name, tls] of Object.entries(impostors)) {
  test(`a replica takes nothing from an operator with ${name}`, async (t) => {
    const { server, port } = await startOperator(t, { certificates: await tls() });
    server.publish(one);
    const { files } = await tlsFiles(t, extprocTls);
    const replica = await startReplica(t, [port], files);
    await until(() => replica.lines.some((line) => line.includes('no connection')));
    await sleep(300);
    assert.deepEqual(replica.taken, []);
  });
}

test('certificates and authorities are exchanged while everybody is connected', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls });
  operator.server.publish(one);
  const { files, write } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => operator.states('shop/one')[0]?.startsWith('Running') ?? false);
  // Both authorities are trusted, then certificates are of the new one, then the old one is forgotten.
  const next = await newAuthority();
  for (const [issuer, trusted] of [
    [authority, [authority, next]],
    [next, [next, authority]],
    [next, [next]],
  ] as const) {
    operator.server.setCertificates(await material(issuer, 'operator', 0, [...trusted]));
    await write(await material(issuer, 'extproc', 0, [...trusted]));
    assert.equal(operator.server.replicas().length, 1, 'who is connected stays');
    const late = await startReplica(t, [operator.port], files);
    await until(() => late.running('shop/one') !== undefined, 'a new connection');
    await late.source.close();
    await until(() => operator.server.replicas().length <= 1);
  }
  const { call, ended } = dial(t, operator.port, extprocTls);
  call.write(hello);
  assert.equal(await ended, status.UNAVAILABLE, 'the old authority is not trusted any more');
  assert.equal(replica.taken.length, 1);
});

test('certificates that cannot be used change nothing', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls });
  operator.server.publish(one);
  const other = await material(authority, 'operator');
  for (const bad of [{ key: other.key }, { certificate: 'x' }, { ca: 'x' }, { key: '' }])
    assert.throws(() => operator.server.setCertificates({ ...operatorTls, ...bad }), { code: 'ERR_TLS_MATERIAL' });
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => replica.running('shop/one') !== undefined);
});

test('without certificates nobody gets in, with them everybody at once', async (t) => {
  const operator = await startOperator(t);
  operator.server.publish(one);
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => replica.lines.some((line) => line.includes('no connection')));
  operator.server.setCertificates(operatorTls);
  await until(() => replica.running('shop/one') !== undefined);
});

test('a replica that does not keep to the protocol is cut off, and nobody else notices', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls });
  operator.server.publish(one);
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [operator.port], files);
  await until(() => replica.running('shop/one') !== undefined);
  const ack = { subscription: 1, nonce: 77, states: [] };
  const wrong: [string, ReplicaMessage[]][] = [
    ['no greeting', [subscribe]],
    ['no name', [{ hello: { replica: '', softwareVersion: '' } }]],
    ['a long name', [{ hello: { replica: 'x'.repeat(300), softwareVersion: '' } }]],
    ['two greetings', [hello, hello]],
    ['nothing', [hello, {}]],
    ['an answer to nothing', [hello, subscribe, { ack }]],
    ['too much', [{ hello: { replica: 'x'.repeat(17 * 1024 * 1024), softwareVersion: '' } }]],
  ];
  for (const [name, messages] of wrong) {
    const { call, ended } = dial(t, operator.port, extprocTls);
    for (const message of messages) call.write(message);
    const code = await ended;
    assert.ok([status.INVALID_ARGUMENT, status.RESOURCE_EXHAUSTED].includes(code), `${name}: ${code}`);
  }
  const garbage = connect({
    port: operator.port,
    ...{ cert: extprocTls.certificate, key: extprocTls.key, ca: extprocTls.ca },
    checkServerIdentity: () => undefined,
    ALPNProtocols: ['h2'],
  });
  garbage.on('error', () => undefined);
  await once(garbage, 'secureConnect');
  garbage.write('GET / HTTP/1.1\r\n\r\n');
  await once(garbage.resume(), 'close');
  assert.deepEqual(
    operator.server.replicas().map(({ name }) => name),
    ['replica'],
  );
});

test('more replicas than allowed are refused', async (t) => {
  const operator = await startOperator(t, { certificates: operatorTls, maxReplicas: 2 });
  operator.server.publish(one);
  const first = [dial(t, operator.port, extprocTls), dial(t, operator.port, extprocTls)];
  for (const { call, messages } of first) {
    call.write(hello);
    await until(() => messages.length === 1);
  }
  assert.equal(await dial(t, operator.port, extprocTls).ended, status.RESOURCE_EXHAUSTED);
  first[0]?.call.cancel();
  await until(async () => (await operator.metric('waxseal_delivery_streams')) === 1);
  const { call, messages } = dial(t, operator.port, extprocTls);
  call.write(hello);
  await until(() => messages.length === 1);
});

/** An operator that says what it likes to whoever subscribes. */
async function startLiar(t: TestContext, say: (call: DeliverCall, subscription: number) => void): Promise<number> {
  const { certificate, key, ca } = operatorTls;
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  const server = new Server({ 'grpc.max_send_message_length': -1 });
  server.addService(bundleService, {
    Deliver: (call: DeliverCall) => {
      call.on('error', () => undefined);
      call.sendMetadata(call.metadata);
      call.write({ role: { leading: true, epoch: 1 } });
      call.on('data', ({ subscribe }: ReplicaMessage) => subscribe && say(call, subscribe.subscription));
    },
  });
  t.after(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createSsl(Buffer.from(ca), [pair], true), (error, port) => {
      if (error === null) resolve(port);
      else reject(error);
    });
  });
}

const lies: Record<string, (call: DeliverCall, subscription: number) => void> = {
  'a policy without a name': (call, subscription) =>
    call.write({
      update: {
        subscription,
        nonce: 1,
        upserts: [{ id: 'one', version: 'v', json: Buffer.from('{}') }],
        removals: [],
        complete: true,
      },
    }),
  'a message that is too large': (call, subscription) =>
    call.write({
      update: {
        subscription,
        nonce: 1,
        upserts: [{ id: 'a/b', version: 'v', json: Buffer.alloc(17 * 1024 * 1024) }],
        removals: [],
        complete: true,
      },
    }),
  'an update that was not asked for': (call, subscription) =>
    call.write({ update: { subscription: subscription + 1, nonce: 1, upserts: [], removals: [], complete: true } }),
  'half an update': (call, subscription) =>
    call.write({ update: { subscription, nonce: 1, upserts: [], removals: ['shop/one'], complete: false } }),
};
for (const [name, say] of Object.entries(lies)) {
  test(`a replica survives ${name}, and uses none of it`, async (t) => {
    let said = false;
    const port = await startLiar(t, (call, subscription) => {
      say(call, subscription);
      said = true;
    });
    const { files } = await tlsFiles(t, extprocTls);
    const replica = await startReplica(t, [port], files);
    await until(() => said);
    await sleep(200);
    assert.deepEqual(replica.taken, []);
  });
}

test('a policy that cannot be read is refused for itself alone, and its traffic with it', async (t) => {
  const good = one.get('shop/one') ?? assert.fail();
  const unreadable = [
    '{',
    'null',
    '[]',
    '{"namespace":"shop","name":"other"}',
    '{"namespace":"shop","name":"b0","version":"v","spec":7}',
  ];
  const port = await startLiar(t, (call, subscription) => {
    const upserts = unreadable.map((text, index) => ({ id: `shop/b${index}`, version: 'v', json: Buffer.from(text) }));
    const fine = { id: 'shop/one', version: good.version, json: Buffer.from(JSON.stringify(good)) };
    call.write({ update: { subscription, nonce: 1, upserts: [...upserts, fine], removals: [], complete: true } });
  });
  const { files } = await tlsFiles(t, extprocTls);
  const replica = await startReplica(t, [port], files);
  await until(() => replica.taken.length > 0);
  assert.equal(replica.running('shop/one'), good.version);
  for (const index of unreadable.keys()) assert.match(replica.running(`shop/b${index}`) ?? '', /can read|spec/);
});
