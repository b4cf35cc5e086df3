/** Every kind of Redis that there is, with every way to log in: tokens and the memory of messages are shared over it. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { RedisTlsError } from '../../extproc/redis/tls-files.ts';
import { SharedStoreUnavailableError } from '../../extproc/sts/shared-tokens.ts';
import { createAuthority } from '../../scripts/local/certificates.ts';
import { RedisServer, startCluster } from '../../scripts/local/redis.ts';
import { until } from '../../scripts/local/until.ts';
import {
  Fleet,
  heldToken,
  look,
  replayEntry,
  tokenText,
  untilThere,
  type FleetProcess,
} from './support/redis-store.ts';

let fleet: Fleet;
beforeEach(async () => {
  fleet = await Fleet.create();
});
afterEach(() => fleet.end());

/** All that two processes do over one Redis. */
async function assertShared(one: FleetProcess, two: FleetProcess): Promise<void> {
  // Keys enough for every node of a Cluster.
  for (let index = 0; index < 8; index++) {
    const key = `key-${index}`;
    const held = heldToken(key);
    const lock = await one.store.tokens.lock(key, 5000);
    assert.ok(lock);
    assert.equal(await two.store.tokens.lock(key, 5000), undefined);
    assert.equal(await one.store.tokens.write(key, held, lock.fence), true);
    await lock.release();
    assert.deepEqual(tokenText(await two.store.tokens.read(key)), tokenText(held));
    const again = await two.store.tokens.lock(key, 5000);
    assert.ok(again && again.fence > lock.fence);
    await two.store.tokens.remove(key, held);
    assert.equal(await one.store.tokens.read(key), undefined);
    const entries = [
      replayEntry(`n ${index}`, 'nonce'),
      replayEntry(`s ${index}`),
      replayEntry(`m ${index}`, 'messageId'),
    ];
    assert.equal(await one.store.replay.remember(entries, Date.now(), 'Refuse'), true);
    assert.equal(await two.store.replay.remember(entries.slice(1), Date.now(), 'Refuse'), false);
  }
}

async function assertFails(process: FleetProcess, reason: string): Promise<void> {
  await until(`it is told: ${reason}`, () => process.log.some((line) => line.includes(`"reason":"${reason}"`)));
  assert.equal(process.store.tokens.available, false);
  await assert.rejects(process.store.tokens.read('key'), SharedStoreUnavailableError);
}

describe('redis modes', () => {
  test('standalone', async () => {
    const server = fleet.keep(await RedisServer.start({ folder: fleet.folder }));
    const url = `redis://127.0.0.1:${server.port}/2`;
    await assertShared(await fleet.join(url), await fleet.join(url));
    const client = look(server);
    assert.match(await client.info('keyspace'), /db2/);
    client.disconnect();
  });

  test('a socket', async () => {
    const socket = path.join(fleet.folder, 's');
    fleet.keep(await RedisServer.start({ folder: fleet.folder, directives: [`unixsocket ${socket}`] }));
    await assertShared(await fleet.join(`unix:${socket}`), await fleet.join(`unix:${socket}`));
  });

  test('a user with no more rights than are needed, and what is said of one that has none', async () => {
    const commands = '+ping +info +select +hello +client +get +set +getrange +del +evalsha +eval';
    const inScripts = '+hget +hset +time +pttl +pexpire';
    const directives = ['user default off', `user wax on >hunter2 ~waxseal:* ${commands} ${inScripts}`];
    const server = fleet.keep(await RedisServer.start({ folder: fleet.folder, directives }));
    const url = `redis://wax:hunter2@127.0.0.1:${server.port}`;
    await assertShared(await fleet.join(url), await fleet.join(url));
    const wrong = await fleet.join(url.replace('hunter2', 'hunter3'), { connected: false });
    await assertFails(wrong, 'WRONGPASS');
    const nobody = await fleet.join(`redis://127.0.0.1:${server.port}`, { connected: false });
    await assertFails(nobody, 'NOAUTH');
    for (const { log } of [wrong, nobody]) assert.ok(!log.join('').includes('hunter'));
    assert.ok((await wrong.metric('waxseal_redis_errors_total{kind="auth"}')) >= 1);
  });

  test('TLS with a client certificate, which is read anew when it is renewed', async () => {
    const authority = createAuthority('cache authority');
    const files = Object.fromEntries(
      ['ca', 'certificate', 'key', 'clientCertificate', 'clientKey'].map((name) => [
        name,
        path.join(fleet.folder, `${name}.pem`),
      ]),
    );
    const put = async (name: string, identity: { certificate: string; key: string }) => {
      const [certificate, key] = name === 'server' ? ['certificate', 'key'] : ['clientCertificate', 'clientKey'];
      await writeFile(files[certificate], identity.certificate);
      await writeFile(files[key], identity.key);
    };
    await writeFile(files['ca'], authority.certificate);
    await put('server', authority.issue('localhost'));
    await put('client', authority.issue('waxseal', -1));
    const { ca, certificate, key } = files;
    const tls = { ca, certificate, key };
    const server = fleet.keep(await RedisServer.start({ folder: fleet.folder, tls }));
    const url = `rediss://localhost:${server.port}`;
    const ours = { ca, certificate: files['clientCertificate'], key: files['clientKey'] };
    const expired = await fleet.join(url, { tls: ours, connected: false });
    await until('the server has refused it', () => expired.log.length > 0);
    assert.equal(expired.store.tokens.available, false);
    await put('client', authority.issue('waxseal'));
    await until('the renewed certificate is used', () => expired.store.tokens.available);
    await assertShared(expired, await fleet.join(url, { tls: ours }));

    // Without trust in its authority, under another name, without a certificate of ours.
    await assertFails(await fleet.join(url, { connected: false }), 'SELF_SIGNED_CERT_IN_CHAIN');
    const byAddress = await fleet.join(url.replace('localhost', '127.0.0.1'), { tls: ours, connected: false });
    await assertFails(byAddress, 'ERR_TLS_CERT_ALTNAME_INVALID');
    const bare = await fleet.join(url, { tls: { ca }, connected: false });
    await until('the server has refused it', () => bare.log.length > 0);
    await sleep(300);
    assert.equal(bare.store.tokens.available, false);
    await assert.rejects(fleet.join(url, { tls: { ca: files['key'] } }), RedisTlsError);
    await assert.rejects(fleet.join(url, { tls: { ca: `${ca}x` } }), /ca.pemx cannot be read \(ENOENT\)/);
    await assert.rejects(
      fleet.join(url, { tls: { ca, certificate: certificate, key: files['clientKey'] } }),
      RedisTlsError,
    );
    await assert.rejects(fleet.join(url.replace('rediss', 'redis'), { tls: ours }), /begins with "rediss"/);
  });

  test('Sentinels promote a replica, and nothing that a process remembers is forgotten', async () => {
    const master = fleet.keep(await RedisServer.start({ folder: fleet.folder }));
    const replica = fleet.keep(
      await RedisServer.start({ folder: fleet.folder, directives: [`replicaof 127.0.0.1 ${master.port}`] }),
    );
    const sentinel = fleet.keep(await RedisServer.startSentinel(fleet.folder, master));
    const url = `redis-sentinel://127.0.0.1:${sentinel.port}/main`;
    const [one, two] = [await fleet.join(url), await fleet.join(url)];
    await assertShared(one, two);
    const client = look(sentinel);
    await until('the Sentinel knows the replica', async () =>
      String(await client.call('sentinel', 'replicas', 'main')).includes(String(replica.port)),
    );
    client.disconnect();
    // It stands still, so that connections stay: nobody is told that it has gone.
    master.pause();
    await until('commands fail', async () => {
      await one.store.tokens.read('key').catch(() => undefined);
      await two.store.tokens.read('key').catch(() => undefined);
      return !one.store.tokens.available && !two.store.tokens.available;
    });
    assert.equal(await one.store.replay.remember([replayEntry('alone')], Date.now(), 'LocalOnly'), true);
    await until('the replica is used', () => one.store.tokens.available && two.store.tokens.available);
    await untilThere(replica, replayEntry('alone'));
    assert.equal(await two.store.replay.remember([replayEntry('alone')], Date.now(), 'Refuse'), false);
    assert.equal(await two.store.replay.remember([replayEntry('s 1')], Date.now(), 'Refuse'), false);
  });

  test('a Cluster of three, of which one node comes back empty', async () => {
    const nodes = fleet.keep(await startCluster(fleet.folder));
    const url = `redis-cluster://127.0.0.1:${nodes[0].port},127.0.0.1:${nodes[1].port}`;
    const [one, two] = [await fleet.join(url), await fleet.join(url)];
    await assertShared(one, two);
    const sizes = await Promise.all(
      nodes.map(async (node) => {
        const client = look(node);
        const size = await client.dbsize();
        client.disconnect();
        return size;
      }),
    );
    assert.ok(
      sizes.every((size) => size > 0),
      `keys are on every node: ${sizes.join()}`,
    );
    // Moved slots and all: the node that has them is found.
    const known = Array.from({ length: 30 }, (_, index) => replayEntry(`known ${index}`));
    for (const entry of known) assert.equal(await one.store.replay.remember([entry], Date.now(), 'Refuse'), true);
    await nodes[1].kill();
    await nodes[1].start();
    await until('what the node had is there again', async () => {
      const answers = await Promise.all(
        known.map(async (entry) => {
          const client = look(nodes[1]);
          const answer = await client.exists(`waxseal:replay:${entry.kind}:${entry.key}`).catch(() => 1);
          client.disconnect();
          return answer;
        }),
      );
      return answers.every((answer) => answer === 1);
    });
    const seen = replayEntry('after the restart');
    await until('all nodes are used again', async () => {
      const answers = known.map(async (entry) => two.store.replay.remember([entry, seen], Date.now(), 'Refuse'));
      const settled = await Promise.allSettled(answers);
      assert.ok(!settled.some((answer) => answer.status === 'fulfilled' && answer.value), 'a replay was accepted');
      return settled.every(({ status }) => status === 'fulfilled');
    });
  });
});
