import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CredentialCacheError,
  readCredentialCache,
  writeCredentialCache,
  type Credential,
} from './credential-cache.ts';

const plain = { noNullPrototype: true } as const;
const name = fc.record({ realm: fc.string(), components: fc.array(fc.string(), { maxLength: 5 }) }, plain);
const octets = fc.uint8Array({ maxLength: 100 }).map((array) => Buffer.from(array));
const credential: fc.Arbitrary<Credential> = fc.record(
  {
    client: name,
    service: name.filter(({ realm }) => realm !== 'X-CACHECONF:'),
    sessionKey: fc.record({ encryptionType: fc.nat(0xffff), octets }, plain),
    end: fc.nat(0xffff_ffff).map((seconds) => seconds * 1000),
    ticket: octets,
  },
  plain,
);

const EXAMPLE: Credential = {
  client: { realm: 'EXAMPLE.COM', components: ['alice'] },
  service: { realm: 'EXAMPLE.COM', components: ['HTTP', 'gateway.example'] },
  sessionKey: { encryptionType: 18, octets: Buffer.alloc(32, 7) },
  end: 1_800_000_000_000,
  ticket: Buffer.from('the ticket'),
};
const CACHE = writeCredentialCache(EXAMPLE);
/** Format, a header that is empty, and whose cache it is. */
const HEADER = 4 + 8 + (4 + 'EXAMPLE.COM'.length) + (4 + 'alice'.length);
const ENTRY = CACHE.subarray(HEADER);

const uint32 = (number: number): Buffer => {
  const four = Buffer.alloc(4);
  four.writeUInt32BE(number);
  return four;
};
const counted = (content: string): Buffer => Buffer.concat([uint32(content.length), Buffer.from(content)]);
const principal = (realm: string, ...components: string[]): Buffer =>
  Buffer.concat([uint32(1), uint32(components.length), ...[realm, ...components].map(counted)]);

/** An entry with all that one may have, as MIT Kerberos writes it. */
function entry(service: Buffer, addresses = [counted('127.0.0.1')]): Buffer {
  const list = Buffer.concat([
    uint32(addresses.length),
    ...addresses.map((one) => Buffer.concat([Buffer.from([0, 2]), one])),
  ]);
  const times = [1, 2, 1_700_000_000, 4].map(uint32);
  return Buffer.concat([
    ...[principal('EXAMPLE.COM', 'alice'), service, Buffer.from([0, 17]), counted('0123456789abcdef')],
    ...[...times, Buffer.from([1]), uint32(0x4000_0000), list, list, counted('ticket'), counted('second ticket')],
  ]);
}

test('what is written is read again', () => {
  assert.deepEqual(readCredentialCache(CACHE), [EXAMPLE]);
  fc.assert(
    fc.property(credential, (each) => {
      assert.deepEqual(readCredentialCache(writeCredentialCache(each)), [each]);
    }),
  );
});

test('a cache gives all its tickets, whatever else is in it, and none of its settings', () => {
  const settings = entry(principal('X-CACHECONF:', 'krb5_ccache_conf_data', 'proxy_impersonator'));
  const krbtgt = entry(principal('EXAMPLE.COM', 'krbtgt', 'EXAMPLE.COM'));
  // In the header: tag 1, and the offset of the KDC's clock.
  const header = Buffer.concat([Buffer.from('0504000c00010008ffffffff00000000', 'hex'), CACHE.subarray(4, HEADER)]);
  const [first, second, ...more] = readCredentialCache(Buffer.concat([header, settings, krbtgt, ENTRY]));
  assert.deepEqual(first, {
    client: { realm: 'EXAMPLE.COM', components: ['alice'] },
    service: { realm: 'EXAMPLE.COM', components: ['krbtgt', 'EXAMPLE.COM'] },
    sessionKey: { encryptionType: 17, octets: Buffer.from('0123456789abcdef') },
    end: 1_700_000_000_000,
    ticket: Buffer.from('ticket'),
  });
  assert.deepEqual(second, EXAMPLE);
  assert.deepEqual(more, []);
  assert.deepEqual(readCredentialCache(header), []);
});

test('what is no credential cache, or is cut off, is refused', () => {
  for (const bad of [Buffer.alloc(0), Buffer.from([5, 2]), Buffer.from('-----BEGIN'), Buffer.from([5, 3, 0, 0])]) {
    assert.throws(() => readCredentialCache(bad), CredentialCacheError);
  }
  for (let end = 0; end < CACHE.length; end++) {
    if (end === HEADER) continue;
    assert.throws(() => readCredentialCache(CACHE.subarray(0, end)), CredentialCacheError, `after ${end} octets`);
  }
});

test('no number in a cache makes it long to read', () => {
  const many = Buffer.concat([CACHE.subarray(0, HEADER), ...Array.from({ length: 1001 }, () => ENTRY)]);
  assert.throws(() => readCredentialCache(many), /more than 1000 tickets/);
  assert.equal(readCredentialCache(many.subarray(0, many.length - ENTRY.length)).length, 1000);
  const name = Buffer.concat([Buffer.from([5, 4, 0, 0]), uint32(1), uint32(0xffff_ffff), Buffer.alloc(2000)]);
  assert.throws(() => readCredentialCache(name), /too many components/);
  const addresses = Array.from({ length: 65 }, () => counted(''));
  const list = Buffer.concat([CACHE.subarray(0, HEADER), entry(principal('EXAMPLE.COM', 'krbtgt'), addresses)]);
  assert.throws(() => readCredentialCache(list), /too many parts/);
});

test('octets at random, and caches that were changed, are read or refused, and nothing of them is repeated', () => {
  const check = (bytes: Buffer) => {
    try {
      readCredentialCache(bytes);
    } catch (error) {
      assert.ok(error instanceof CredentialCacheError, String(error));
      assert.match(error.message, /^(is|holds) [a-z0-9. ]+$/);
    }
  };
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => check(Buffer.concat([CACHE.subarray(0, 4), bytes]))),
    { numRuns: 1000 },
  );
  fc.assert(
    fc.property(fc.nat(CACHE.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(CACHE);
      changed[at] = value;
      check(changed);
    }),
    { numRuns: 2000 },
  );
});
