import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CLIENT,
  issueTicket,
  principal,
  service,
  typeOf,
  type TicketOptions,
} from '../../../test/support/kerberos-tickets.ts';
import {
  KerberosPrincipalError,
  KerberosTokenInvalidError,
  KerberosTokenTimeError,
  UnsupportedAlgorithmError,
  WssError,
} from '../errors.ts';
import { acceptApReq, type KerberosService } from './accept.ts';
import { TICKET_FLAGS } from './ap-req.ts';
import { createApReq } from './create.ts';
import { application } from './read-der.ts';
import * as der from './write-der.ts';

const NOW = Date.parse('2026-11-21T12:00:00.250Z');
const MINUTE = 60_000;

function accept(options: TicketOptions = {}, by: KerberosService = service, now = NOW, framed = true) {
  return acceptApReq(createApReq(issueTicket(NOW, options), framed, NOW).octets, framed, by, now);
}

test('an AP-REQ that was just made for us says who its client is, and what key both share', () => {
  for (const framed of [true, false]) {
    for (const sessionType of [17, 18, 19, 20]) {
      const { octets, key } = createApReq(issueTicket(NOW, { sessionType }), framed, NOW);
      const accepted = acceptApReq(octets, framed, service, NOW);
      assert.equal(accepted.client, 'alice@WAXSEAL.TEST');
      assert.deepEqual(accepted.key, key);
      assert.equal(accepted.acceptedUntil, NOW - 250 + 1000 + 5 * MINUTE);
    }
  }
});

test('of one ticket every AP-REQ has a key and an authenticator of its own', () => {
  const ticket = issueTicket(NOW);
  const [one, other] = [createApReq(ticket, true, NOW), createApReq(ticket, true, NOW)].map(({ octets }) =>
    acceptApReq(octets, true, service, NOW),
  );
  assert.notDeepEqual(one.authenticator, other.authenticator);
  assert.notDeepEqual(one.key, other.key);
});

test('without a sub-key the session key is what both share', () => {
  const ticket = issueTicket(NOW);
  assert.deepEqual(acceptApReq(plainApReq(ticket, {}), false, service, NOW).key, ticket.sessionKey.octets);
});

test('a frame where there must be none, and none where there must be one, are refused', () => {
  const { octets } = createApReq(issueTicket(NOW), true, NOW);
  assert.throws(() => acceptApReq(octets, false, service, NOW), KerberosTokenInvalidError);
  const { octets: bare } = createApReq(issueTicket(NOW), false, NOW);
  assert.throws(() => acceptApReq(bare, true, service, NOW), KerberosTokenInvalidError);
  const mechanism = Buffer.from(octets);
  mechanism[mechanism.indexOf(Buffer.from('2a864886f712010202', 'hex')) + 8]++;
  assert.throws(() => acceptApReq(mechanism, true, service, NOW), KerberosTokenInvalidError);
});

test('an authenticator without the checksum of GSS-API does not do in its frame', () => {
  const apReq = plainApReq(issueTicket(NOW), {});
  const framed = der.value(application(0), Buffer.from('06092a864886f7120102020100', 'hex'), apReq);
  assert.throws(() => acceptApReq(framed, true, service, NOW), /no checksum/);
});

test('a ticket for another service, of another realm or under another key is refused', () => {
  const cases: [string, TicketOptions][] = [
    ['another service', { service: principal('HTTP/other.waxseal.test@WAXSEAL.TEST') }],
    ['another realm', { service: principal('HTTP/gateway.waxseal.test@OTHER.TEST') }],
    ['one component less', { service: principal('HTTP@WAXSEAL.TEST') }],
    ['another key', { key: Buffer.alloc(32, 6) }],
    ['another type of key', { encryptionType: 18 }],
  ];
  for (const [what, options] of cases) assert.throws(() => accept(options), KerberosTokenInvalidError, what);
});

test('where no key has the version of the ticket each of its type is tried, else only those of the version', () => {
  const [entry] = service.keys;
  assert.equal(accept({ version: 9 }).client, 'alice@WAXSEAL.TEST');
  const rotated = { ...service, keys: [{ ...entry, version: 4, key: Buffer.alloc(32, 6) }, entry] };
  assert.equal(accept({ version: 3 }, rotated).client, 'alice@WAXSEAL.TEST');
  assert.throws(() => accept({ version: 4 }, rotated), KerberosTokenInvalidError);
});

test('tickets and authenticators of another time are refused', () => {
  assert.equal(accept({ end: NOW - 4 * MINUTE }).client, 'alice@WAXSEAL.TEST', 'clocks differ');
  assert.throws(() => accept({ end: NOW - 6 * MINUTE }), KerberosTokenTimeError);
  assert.throws(() => accept({ start: NOW + 6 * MINUTE }), KerberosTokenTimeError);
  for (const now of [NOW - 6 * MINUTE, NOW + 6 * MINUTE]) {
    assert.throws(() => accept({}, service, now), KerberosTokenTimeError);
  }
});

test('an authenticator of another client than the ticket is refused', () => {
  const ticket = issueTicket(NOW);
  const stolen = { ...ticket, client: principal('bob@WAXSEAL.TEST') };
  assert.throws(
    () => acceptApReq(createApReq(stolen, true, NOW).octets, true, service, NOW),
    KerberosTokenInvalidError,
  );
});

test('who has a ticket and not its session key can do nothing with it', () => {
  const ticket = issueTicket(NOW);
  const stolen = { ...ticket, sessionKey: { ...ticket.sessionKey, octets: randomBytes(32) } };
  assert.throws(
    () => acceptApReq(createApReq(stolen, true, NOW).octets, true, service, NOW),
    KerberosTokenInvalidError,
  );
});

test('only the clients that the service names are let in, and by default those of its realm', () => {
  const bob = principal('bob@WAXSEAL.TEST');
  const stranger = principal('alice@OTHER.TEST');
  const checked = TICKET_FLAGS.transitedPolicyChecked;
  assert.throws(() => accept({ client: stranger, flags: checked }), KerberosPrincipalError);
  const named = { ...service, clients: ['alice@WAXSEAL.TEST', '*@OTHER.TEST'] };
  assert.equal(accept({}, named).client, 'alice@WAXSEAL.TEST');
  assert.throws(() => accept({ client: bob }, named), KerberosPrincipalError);
  assert.equal(accept({ client: stranger, flags: checked }, named).client, 'alice@OTHER.TEST');
  assert.throws(() => accept({ client: stranger }, named), /no KDC has checked/);
  const odd = principal('al\\@ice\\/x@WAXSEAL.TEST');
  assert.equal(
    accept({ client: odd }).client,
    'al\\@ice\\/x@WAXSEAL.TEST',
    'a name is not to be taken for another one',
  );
});

test('tickets that are invalid, between users, or of RC4 are refused', () => {
  assert.throws(() => accept({ flags: TICKET_FLAGS.invalid }), /invalid/);
  assert.throws(() => acceptApReq(plainApReq(issueTicket(NOW), { options: 0x4000_0000 }), false, service, NOW), /user/);
  const rc4 = { ...issueTicket(NOW), sessionKey: { encryptionType: 23, octets: Buffer.alloc(16) } };
  assert.throws(() => createApReq(rc4, true, NOW), UnsupportedAlgorithmError);
  const weak = plainApReq(issueTicket(NOW), { subKey: { encryptionType: 23, octets: Buffer.alloc(16) } });
  assert.throws(() => acceptApReq(weak, false, service, NOW), /not supported \(23\)/);
  const short = plainApReq(issueTicket(NOW), { subKey: { encryptionType: 18, octets: Buffer.alloc(1) } });
  assert.throws(() => acceptApReq(short, false, service, NOW), KerberosTokenInvalidError);
});

test('whatever is changed, cut off or put behind, the token is refused and says nothing but that', () => {
  const { octets } = createApReq(issueTicket(NOW), true, NOW);
  const check = (changed: Buffer) => {
    try {
      const { client } = acceptApReq(changed, true, service, NOW);
      // Flags and numbers that mean nothing to us are not protected by Kerberos either.
      assert.equal(client, 'alice@WAXSEAL.TEST');
    } catch (error) {
      assert.ok(error instanceof WssError, String(error));
    }
  };
  fc.assert(
    fc.property(fc.nat(octets.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const changed = Buffer.from(octets);
      changed[at] ^= bits;
      check(changed);
    }),
    { numRuns: 2000 },
  );
  for (let end = 0; end < octets.length; end++) {
    assert.throws(() => acceptApReq(octets.subarray(0, end), true, service, NOW), KerberosTokenInvalidError);
  }
  assert.throws(() => acceptApReq(Buffer.concat([octets, octets]), true, service, NOW), KerberosTokenInvalidError);
  assert.throws(() => acceptApReq(Buffer.alloc(70_000, 0x60), true, service, NOW), KerberosTokenInvalidError);
});

test('octets at random are refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (octets, framed) => {
      assert.throws(() => acceptApReq(Buffer.from(octets), framed, service, NOW), KerberosTokenInvalidError);
    }),
    { numRuns: 1000 },
  );
});

interface PlainOptions {
  readonly options?: number;
  readonly subKey?: { readonly encryptionType: number; readonly octets: Buffer };
}

/** An AP-REQ with less or other in it than ours has. */
function plainApReq(ticket: ReturnType<typeof issueTicket>, { options = 0, subKey }: PlainOptions): Buffer {
  const authenticator = der.value(
    application(2),
    der.sequence(
      der.field(0, der.integer(5)),
      der.field(1, der.generalString(CLIENT.realm)),
      der.field(2, der.principalName(CLIENT)),
      der.field(4, der.integer(7)),
      der.field(5, der.generalizedTime(NOW)),
      ...(subKey === undefined ? [] : [der.field(6, der.encryptionKey(subKey))]),
    ),
  );
  const octets = typeOf(ticket.sessionKey.encryptionType).encrypt(ticket.sessionKey.octets, 11, authenticator);
  return der.value(
    application(14),
    der.sequence(
      der.field(0, der.integer(5)),
      der.field(1, der.integer(14)),
      der.field(2, der.flags(options)),
      der.field(3, ticket.ticket),
      der.field(4, der.encryptedData({ encryptionType: ticket.sessionKey.encryptionType, version: undefined, octets })),
    ),
  );
}
