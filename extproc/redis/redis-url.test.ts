import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRedisUrl, RedisUrlError } from './redis-url.ts';

const ONE = { mode: 'standalone', tls: false, db: 0 };

test('one Redis, by name or address, with and without the rest', () => {
  const host = (name: string, port = 6379) => ({ address: { host: name, port } });
  assert.deepEqual(parseRedisUrl('redis://cache'), { ...ONE, ...host('cache') });
  assert.deepEqual(parseRedisUrl('redis://cache:6380/'), { ...ONE, ...host('cache', 6380) });
  assert.deepEqual(parseRedisUrl('rediss://cache/7'), { ...ONE, ...host('cache'), tls: true, db: 7 });
  assert.deepEqual(parseRedisUrl('redis://[::1]:7000'), { ...ONE, ...host('::1', 7000) });
  assert.deepEqual(parseRedisUrl('redis://:p%40ss@cache'), { ...ONE, ...host('cache'), password: 'p@ss' });
  const user = { username: 'wax', password: 'a@b:c' };
  assert.deepEqual(parseRedisUrl('redis://wax:a@b:c@cache'), { ...ONE, ...host('cache'), ...user });
});

test('a socket', () => {
  assert.deepEqual(parseRedisUrl('unix:/run/redis.sock'), { ...ONE, address: { path: '/run/redis.sock' } });
  assert.deepEqual(parseRedisUrl('unix:///run/redis.sock?database=3'), {
    ...{ ...ONE, db: 3, address: { path: '/run/redis.sock' } },
  });
  assert.deepEqual(parseRedisUrl('unix://wax:pw@/run/redis.sock'), {
    ...{ ...ONE, username: 'wax', password: 'pw', address: { path: '/run/redis.sock' } },
  });
});

test('Sentinels', () => {
  assert.deepEqual(
    parseRedisUrl('rediss-sentinel://wax:pw@one,two:5000/main/2?sentinelUsername=s&sentinelPassword=q%26'),
    {
      ...{ mode: 'sentinel', tls: true, username: 'wax', password: 'pw', db: 2, name: 'main' },
      addresses: [
        { host: 'one', port: 26_379 },
        { host: 'two', port: 5000 },
      ],
      ...{ sentinelUsername: 's', sentinelPassword: 'q&' },
    },
  );
});

test('a Cluster', () => {
  assert.deepEqual(parseRedisUrl('redis-cluster://:pw@one:1,two:2'), {
    ...{ mode: 'cluster', tls: false, password: 'pw', db: 0 },
    addresses: [
      { host: 'one', port: 1 },
      { host: 'two', port: 2 },
    ],
  });
});

test('what cannot be used is told apart, and the address is never repeated', () => {
  const bad: readonly (readonly [string, RegExp])[] = [
    ['', /begin as one of these/],
    ['http://u:hunter2@cache', /begin as one of these/],
    ['redis://u:hun/ter2@cache', /port|begin as one|name or address/],
    ['redis://u:hun#ter2@cache', /must be written with %/],
    ['redis://u:hun%ter2@cache', /no two hexadecimal digits/],
    ['redis://hunter2@cache', /a user name but no password/],
    ['redis://u:hunter2@', /host 1 is not/],
    ['redis://u:hunter2@cache:0', /port of host 1/],
    ['redis://u:hunter2@cache:65536', /port of host 1/],
    ['redis://u:hunter2@one,two', /several hosts/],
    ['redis://u:hunter2@cache/x', /database is not a number/],
    ['redis://u:hunter2@cache/16384', /database is not a number/],
    ['redis://u:hunter2@cache/1/2', /more after the database/],
    ['redis://u:hunter2@cache?tls=1', /unknown parameter .*known here: none/],
    ['redis-sentinel://u:hunter2@one', /name under which the Sentinels/],
    ['redis-sentinel://u:hunter2@one/main/1/2', /more after the database/],
    ['redis-sentinel://u:hunter2@one/main?hunter2', /known here: sentinelUsername and sentinelPassword/],
    ['redis-cluster://u:hunter2@one/1', /no databases/],
    ['redis-cluster://u:hunter2@one,,two', /host 2 is not/],
    ['unix:run/redis.sock', /begin as one of these/],
  ];
  for (const [url, reason] of bad) {
    assert.throws(
      () => parseRedisUrl(url),
      (error) =>
        error instanceof RedisUrlError && reason.test(error.message) && !/hunter2|hun\/ter2|ter2/.test(error.message),
      url,
    );
  }
});

test('any text is parsed or refused as an address, and a user and a password are found again', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      for (const url of [text, `redis://${text}`, `redis-sentinel://a/${text}`, `unix:/${text}`]) {
        try {
          parseRedisUrl(url);
        } catch (error) {
          assert.ok(error instanceof RedisUrlError);
        }
      }
    }),
  );
  const word = fc.string({ minLength: 1, unit: 'grapheme' });
  fc.assert(
    fc.property(word, word, (username, password) => {
      const target = parseRedisUrl(`redis://${encodeURIComponent(username)}:${encodeURIComponent(password)}@cache`);
      assert.deepEqual([target.username, target.password], [username, password]);
    }),
  );
});
