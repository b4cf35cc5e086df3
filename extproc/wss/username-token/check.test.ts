import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { scan } from '../../xml/scan.ts';
import { BASE64_BINARY, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSSE11, WSU } from '../namespaces.ts';
import type { VerifyUsernameTokenSettings } from '../settings.ts';
import { checkUsernameToken } from './check.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const CREATED = '2026-01-02T03:04:00Z';
const settings: VerifyUsernameTokenSettings = {
  users: new Map([
    ['alice', 'secret'],
    ['bob', 'émile & co'],
  ]),
  passwordTypes: ['Text', 'Digest'],
  maxAge: 300_000,
  clockSkew: 60_000,
};
const check = (content: string, changes: Partial<VerifyUsernameTokenSettings> = {}) =>
  checkUsernameToken(
    scan(Buffer.from(`<S xmlns:w="${WSSE}" xmlns:w11="${WSSE11}" xmlns:u="${WSU}">${content}</S>`)),
    0,
    { ...settings, ...changes },
    NOW,
  );
const code = (content: string, changes: Partial<VerifyUsernameTokenSettings> = {}): string => {
  try {
    check(content, changes);
    return 'accepted';
  } catch (error) {
    return error instanceof Error ? error.name : 'not an error';
  }
};

const token = (...children: string[]): string => `<w:UsernameToken>${children.join('')}</w:UsernameToken>`;
const username = (name = 'alice'): string => `<w:Username>${name}</w:Username>`;
const password = (text: string, type?: string): string =>
  `<w:Password${type === undefined ? '' : ` Type="${type}"`}>${text}</w:Password>`;
const nonce = (octets: Buffer): string =>
  `<w:Nonce EncodingType="${BASE64_BINARY}">${octets.toString('base64')}</w:Nonce>`;
const created = (text = CREATED): string => `<u:Created>${text}</u:Created>`;
const digest = (octets: Buffer, text: string, secret: string): string =>
  password(
    createHash('sha1')
      .update(Buffer.concat([octets, Buffer.from(text + secret)]))
      .digest('base64'),
    PASSWORD_DIGEST,
  );
const digested = (name = 'alice', secret = 'secret', text = CREATED): string => {
  const octets = randomBytes(16);
  return token(username(name), digest(octets, text, secret), nonce(octets), created(text));
};

test('accepts a text password, with and without its Type', () => {
  assert.deepEqual(check(token(username(), password('secret'))), {
    username: 'alice',
    password: 'secret',
    nonce: undefined,
    createdText: undefined,
    acceptedUntil: undefined,
  });
  assert.equal(check(token(username('bob'), password('émile &amp; co', PASSWORD_TEXT))).username, 'bob');
});

test('accepts a digest over the decoded nonce and Created as it stands', () => {
  assert.equal(check(digested()).acceptedUntil, NOW - 5000 + 360_000);
  assert.equal(
    check(digested('bob', 'émile & co', '2026-01-02T03:04:00.0100Z')).createdText,
    '2026-01-02T03:04:00.0100Z',
  );
});

test('an unknown user and a wrong password are refused with the same words', () => {
  const messages = [
    token(username('mallory'), password('secret')),
    token(username('mallory'), password('the password of nobody')),
    token(username(), password('Secret')),
    token(username(), password('secret ')),
    token(username(), password('')),
    digested('mallory'),
    digested('mallory', 'the password of nobody'),
    digested('alice', 'wrong'),
  ].map((xml) => {
    try {
      return check(xml);
    } catch (error) {
      return String(error);
    }
  });
  assert.deepEqual(new Set(messages), new Set(['BadCredentialsError: unknown user or wrong password']));
});

test('a digest needs nonce and Created', () => {
  const octets = randomBytes(16);
  const value = digest(octets, CREATED, 'secret');
  assert.equal(code(token(username(), value, created())), 'InvalidTokenError');
  assert.equal(code(token(username(), value, nonce(octets))), 'InvalidTokenError');
  assert.equal(code(token(username(), digest(Buffer.alloc(0), '', 'secret'))), 'InvalidTokenError');
});

test('only the password types of the policy are accepted', () => {
  assert.equal(
    code(token(username(), password('secret')), { passwordTypes: ['Digest'] }),
    'PasswordTypeNotAcceptedError',
  );
  assert.equal(code(digested(), { passwordTypes: ['Text'] }), 'PasswordTypeNotAcceptedError');
  assert.equal(code(token(username())), 'PasswordTypeNotAcceptedError');
  assert.equal(code(token(username()), { passwordTypes: ['None'] }), 'accepted');
  assert.equal(code(token(username('mallory')), { passwordTypes: ['None'] }), 'BadCredentialsError');
  assert.equal(code(token(username(), password('secret', 'urn:other'))), 'InvalidTokenError');
});

test('age and clock skew are exact to the millisecond', () => {
  const aged = (offset: number): string =>
    token(username(), password('secret'), created(new Date(NOW + offset).toISOString()));
  assert.equal(code(aged(-360_000)), 'accepted');
  assert.equal(code(aged(-360_001)), 'UsernameTokenExpiredError');
  assert.equal(code(aged(60_000)), 'accepted');
  assert.equal(code(aged(60_001)), 'UsernameTokenExpiredError');
  assert.equal(code(token(username(), password('secret'), created('yesterday'))), 'InvalidTokenError');
});

test('a token that says two things, or things we cannot check, is refused', () => {
  assert.equal(code(''), 'UsernameTokenMissingError');
  assert.equal(code(token(username(), password('secret')).repeat(2)), 'InvalidStructureError');
  assert.equal(code(token(username(), username('bob'), password('secret'))), 'InvalidStructureError');
  assert.equal(code(token(username(), password('secret'), password('x'))), 'InvalidStructureError');
  assert.equal(code(token(username('al<!-- -->ice'), password('secret'))), 'InvalidStructureError');
  assert.equal(code(token(password('secret'))), 'InvalidStructureError');
  assert.equal(code(token(username(), password('secret'), '<w11:Salt>AAAA</w11:Salt>')), 'BadCredentialsError');
  assert.equal(code(token(username(), password('secret'), '<w:Nonce>not base64!</w:Nonce>')), 'InvalidStructureError');
  assert.equal(
    code(token(username(), password('secret'), '<w:Nonce EncodingType="urn:hex">AAAA</w:Nonce>')),
    'InvalidTokenError',
  );
  assert.equal(code(token(username(), password('secret'), nonce(Buffer.alloc(257)))), 'InvalidTokenError');
});
